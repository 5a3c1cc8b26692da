/*  modem_device.c - which device is which line's

    A number belongs to its SIM. The first time that a number's modem is up, the SIM's ICCID and the
    modem's IMEI are kept; later the modem with that SIM is that number's, whatever its device node
    is called now and whichever modem it is. An operator who names an ICCID or an IMEI instead of a
    path has said so from the beginning. Where a path is named, a SIM that is nobody else's is taken
    as the number's new one: SIMs are replaced, and the operator has named the place.

    Devices are what the port has found by the configured patterns and paths. Those that no line
    holds are asked who they are (modem_probe.c) while some line is without its modem. Several ttys
    of one modem say the same; a line tries one after the other until one takes texts. */

#include "actors/modem_private.h"

#include "base/plant.h"

#include <stdlib.h>
#include <string.h>

/*  ---- Durable: what a number was last used with ---- */

void op_device_load(op_line_t *line, op_turn_t *turn)
{
    op_key_t key = op_key_of_text('B', op_str(line->number));
    op_bound_row_t row;
    if (!op_turn_get(turn, &key, &op_bound_row_type, &row))
        return;
    op_str_copy(row.imei, line->bound_imei, sizeof line->bound_imei);
    op_str_copy(row.iccid, line->bound_iccid, sizeof line->bound_iccid);
    op_str_copy(row.device, line->bound_device, sizeof line->bound_device);
    op_str_copy(row.imsi, line->bound_imsi, sizeof line->bound_imsi);
    if (!*line->device)
        memcpy(line->device, line->bound_device, sizeof line->device);
}

void op_device_bind(op_line_t *line, op_turn_t *turn)
{
    const op_vitals_t *is = &line->is;
    const char *iccid = *is->iccid ? is->iccid : line->bound_iccid;
    if (!*iccid && !*is->imei)
        return;
    if (strcmp(iccid, line->bound_iccid) == 0 && strcmp(is->imei, line->bound_imei) == 0 &&
        strcmp(line->device, line->bound_device) == 0 && strcmp(line->sim, line->bound_imsi) == 0)
        return;
    if (iccid != line->bound_iccid)
        memcpy(line->bound_iccid, iccid, sizeof line->bound_iccid);
    memcpy(line->bound_imei, is->imei, sizeof line->bound_imei);
    memcpy(line->bound_device, line->device, sizeof line->bound_device);
    memcpy(line->bound_imsi, line->sim, sizeof line->bound_imsi);
    op_key_t key = op_key_of_text('B', op_str(line->number));
    op_bound_row_t row = {op_str(line->bound_imei), op_str(line->bound_iccid),
                          op_str(line->bound_device), op_str(line->bound_imsi)};
    op_turn_put(turn, &key, &op_bound_row_type, &row);
}

/*  ---- Whose ---- */

static bool s_same(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

/*  Is this SIM, or without one known this modem, the line's by what is configured or was learned?
    */
static bool s_is_of(const op_line_t *line, const char *imei, const char *iccid)
{
    if (*line->want_iccid)
        return s_same(line->want_iccid, iccid);
    if (*line->want_imei)
        return s_same(line->want_imei, imei);
    if (*line->bound_iccid && *iccid)
        return s_same(line->bound_iccid, iccid);
    return s_same(line->bound_imei, imei);
}

const char *op_device_judge(op_modem_t *self, op_line_t *line, const op_event_t *event)
{
    const char *imei = line->is.imei, *iccid = line->is.iccid;
    if (*line->want_iccid && !s_same(line->want_iccid, iccid))
        return "its SIM is not the configured one";
    if (*line->want_imei && !s_same(line->want_imei, imei))
        return "it is not the configured modem";
    if (s_is_of(line, imei, iccid) || OP_PLANTED(SIM_IGNORED))
        return NULL;
    for (size_t i = 0; i < self->count; i++) {
        op_line_t *other = &self->lines[i];
        if (other == line || !*iccid ||
            !(s_same(other->want_iccid, iccid) || s_same(other->bound_iccid, iccid)))
            continue;
        if (other->phase == OP_LINE_READY && other->check_at)
            other->check_at = event->now; /* it will see that its SIM has gone */
        return "its SIM is that of another number";
    }
    if (*line->home || *line->want_imei || !*line->bound_iccid)
        return NULL;
    return *iccid ? "its SIM is another one" : NULL;
}

const char *op_device_judge_imsi(const op_modem_t *self, const op_line_t *line, const char *imsi)
{
    if (*line->is.iccid || s_same(line->bound_imsi, imsi) || OP_PLANTED(SIM_IGNORED))
        return NULL;
    for (size_t i = 0; i < self->count; i++)
        if (&self->lines[i] != line && s_same(self->lines[i].bound_imsi, imsi))
            return "its SIM is that of another number";
    return NULL;
}

/*  ---- The table ---- */

op_device_t *op_device_of(op_modem_t *self, op_str_t path)
{
    for (size_t i = 0; i < self->device_count; i++)
        if (op_str_is(path, self->devices[i].path))
            return &self->devices[i];
    return NULL;
}

static op_device_t *s_add(op_modem_t *self, op_str_t path)
{
    if (self->device_count == OP_DEVICES_MAX || path.size == 0 || path.size > OP_DEVICE_MAX)
        return NULL;
    if (!self->devices)
        self->devices = op_alloc(OP_DEVICES_MAX * sizeof *self->devices);
    op_device_t *device = &self->devices[self->device_count++];
    memset(device, 0, sizeof *device);
    op_str_copy(path, device->path, sizeof device->path);
    device->probe_ms = OP_PROBE_AGAIN_MIN_MS;
    return device;
}

static op_line_t *s_holder(const op_modem_t *self, const char *path)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->lines[i].device, path) == 0)
            return &self->lines[i];
    return NULL;
}

bool op_device_is_held(const op_modem_t *self, const char *path)
{
    return s_holder(self, path) != NULL;
}

static bool s_is_without(const op_line_t *line)
{
    return line->phase == OP_LINE_CLOSED && (!*line->device || line->absent || line->failures > 1);
}

bool op_device_is_wanted(const op_modem_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (s_is_without(&self->lines[i]))
            return true;
    return false;
}

bool op_device_is_found(op_modem_t *self, const op_line_t *line)
{
    return strcmp(line->home, line->device) != 0 && op_device_of(self, op_str(line->device));
}

/*  It is asked again while it is nobody's: its SIM may not have been ready, and be changed. */
void op_device_known(op_modem_t *self, const op_event_t *event, op_str_t path, const char *imei,
                     const char *iccid)
{
    op_device_t *device = op_device_of(self, path);
    if (!device)
        device = s_add(self, path);
    if (!device)
        return;
    op_str_copy(op_str(imei), device->imei, sizeof device->imei);
    op_str_copy(op_str(iccid), device->iccid, sizeof device->iccid);
    device->known = !device->mute;
    if (device->known && *iccid)
        device->probe_at = event->now + OP_PROBE_AGAIN_MAX_MS;
    else if (device->known)
        op_device_later(device, event->now);
    device->mute = false;
}

/*  ---- Matching ---- */

/*  First whose SIM or modem it is; then who has it as home and whose SIM is nowhere else to be
    seen. */
static op_line_t *s_line_for(op_modem_t *self, const op_device_t *device)
{
    op_line_t *at_home = NULL;
    for (size_t i = 0; i < self->count; i++) {
        op_line_t *line = &self->lines[i];
        if (s_is_of(line, device->imei, device->iccid))
            return line;
        if (strcmp(line->home, device->path) == 0)
            at_home = line;
    }
    if (!at_home || !*device->iccid)
        return at_home;
    for (size_t i = 0; i < self->count; i++)
        if (s_same(self->lines[i].want_iccid, device->iccid) ||
            s_same(self->lines[i].bound_iccid, device->iccid))
            return NULL;
    return at_home;
}

void op_device_match(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    for (size_t i = 0; i < self->device_count; i++) {
        const op_device_t *device = &self->devices[i];
        if (!device->known || op_device_is_held(self, device->path) ||
            op_probe_is_at_work(self, device->path))
            continue;
        op_line_t *line = s_line_for(self, device);
        if (!line || !s_is_without(line))
            continue;
        memcpy(line->device, device->path, sizeof line->device);
        op_line_try_now(line, event);
        op_line_log(line, turn, "its modem is found", "");
        op_line_open(line, turn);
    }
}

/*  ---- What the port finds ---- */

static void s_found(op_modem_t *self, const op_event_t *event, op_turn_t *turn, op_str_t path)
{
    op_device_t *device = op_device_of(self, path);
    if (device)
        op_probe_cancel(self, path, turn);
    else
        device = s_add(self, path);
    if (!device)
        return;
    device->known = false;
    device->probe_at = event->now;
    device->probe_ms = OP_PROBE_AGAIN_MIN_MS;
    op_line_t *line = s_holder(self, device->path);
    if (line && line->phase == OP_LINE_CLOSED && (line->absent || line->stopped)) {
        op_line_try_now(line, event);
        op_line_open(line, turn);
    }
}

static void s_gone(op_modem_t *self, op_turn_t *turn, op_str_t path)
{
    op_device_t *device = op_device_of(self, path);
    if (!device)
        return;
    op_probe_cancel(self, path, turn);
    op_line_t *line = s_holder(self, device->path);
    if (line && line->phase == OP_LINE_CLOSED)
        line->absent = true;
    *device = self->devices[--self->device_count];
}

void op_device_note(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    if (OP_IS(event, serial_found))
        s_found(self, event, turn, OP_BODY(event, serial_found)->device);
    else if (OP_IS(event, serial_gone))
        s_gone(self, turn, OP_BODY(event, serial_gone)->device);
}

static void s_watch(op_str_t pattern, op_turn_t *turn)
{
    op_serial_watch_t watch = {pattern};
    op_turn_note(turn, "serial", &op_serial_watch_type, &watch);
}

void op_device_start(op_modem_t *self, op_str_t patterns, op_turn_t *turn)
{
    for (size_t i = 0; i < self->count; i++)
        if (*self->lines[i].home)
            s_watch(op_str(self->lines[i].home), turn);
    while (patterns.size) {
        op_str_t pattern = op_str_trim(op_str_next(&patterns, ','));
        if (pattern.size && pattern.size <= OP_DEVICE_MAX)
            s_watch(pattern, turn);
    }
}
