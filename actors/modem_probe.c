/*  modem_probe.c - devices that nobody holds are asked who they are

    A few at a time, each under a number of the port's behind those of the lines: drain, then the
    IMEI and every known way to ask for the ICCID. One that is silent is asked again after a
    back-off: a modem that starts is deaf for seconds, a port for diagnosis always. One that has said
    who it is, too: a SIM that starts is not there for seconds, and may be changed. Nothing is set.
    A late answer to a text that was in the air is not lost: the line that gets the device gets it,
    too. */

#include "actors/modem_private.h"

#include <stdlib.h>
#include <string.h>

enum { IMEI = 1, ICCID = 2 }; /* rows of the script; then the other ways to ask for an ICCID */

/*  NULL: that was all. */
static const char *s_script(size_t row)
{
    static const char *const front[] = {"ATE0", "AT+CGSN"};
    return row < ICCID ? front[row] : op_family_iccid(op_family_of(""), row - ICCID);
}

static uint64_t s_number(const op_modem_t *self, const op_probe_t *probe)
{
    return self->count + (uint64_t)(probe - self->probes);
}

bool op_probe_is_at_work(const op_modem_t *self, const char *path)
{
    for (size_t i = 0; i < self->probe_count; i++)
        if (strcmp(self->probes[i].path, path) == 0)
            return true;
    return false;
}

static void s_end(op_modem_t *self, op_probe_t *probe, op_turn_t *turn)
{
    op_serial_close_t close = {s_number(self, probe)};
    op_turn_note(turn, "serial", &op_serial_close_type, &close);
    op_at_free(&probe->at);
    probe->path[0] = 0;
}

void op_device_later(op_device_t *device, int64_t now)
{
    device->probe_at = now + device->probe_ms;
    device->probe_ms =
        2 * device->probe_ms < OP_PROBE_AGAIN_MAX_MS ? 2 * device->probe_ms : OP_PROBE_AGAIN_MAX_MS;
}

/*  It has said nothing of use. */
static void s_again(op_modem_t *self, op_probe_t *probe, const op_event_t *event, op_turn_t *turn)
{
    op_device_t *device = op_device_of(self, op_str(probe->path));
    if (device) {
        device->known = false;
        op_device_later(device, event->now);
    }
    s_end(self, probe, turn);
}

static void s_known(op_modem_t *self, op_probe_t *probe, const op_event_t *event, op_turn_t *turn)
{
    char path[OP_DEVICE_MAX + 1];
    char late[sizeof probe->late], imei[sizeof probe->imei];
    memcpy(imei, probe->imei, sizeof imei);
    memcpy(path, probe->path, sizeof path);
    memcpy(late, probe->late, sizeof late);
    op_device_known(self, event, op_str(path), probe->imei, probe->iccid);
    s_end(self, probe, turn);
    op_device_match(self, event, turn);
    for (size_t i = 0; i < self->count; i++)
        if (*late && strcmp(self->lines[i].device, path) == 0)
            op_send_late(&self->lines[i], imei, op_str(late));
}

void op_probe_cancel(op_modem_t *self, op_str_t path, op_turn_t *turn)
{
    for (size_t i = 0; i < self->probe_count; i++)
        if (op_str_is(path, self->probes[i].path))
            s_end(self, &self->probes[i], turn);
}

/*  ---- The script ---- */

static void s_next(op_modem_t *self, op_probe_t *probe, const op_event_t *event, op_turn_t *turn)
{
    const char *command = *probe->iccid ? NULL : s_script(probe->row);
    if (command) {
        op_at_start(&probe->at, op_str(command), (op_str_t){0}, (op_str_t){0},
                    event->now + OP_PROBE_MS);
        return;
    }
    if (*probe->imei || *probe->iccid)
        s_known(self, probe, event, turn);
    else
        s_again(self, probe, event, turn);
}

static void s_done(op_modem_t *self, op_probe_t *probe, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    if (done->result == OP_AT_TIMEOUT || done->result == OP_AT_LOST) {
        s_again(self, probe, event, turn);
        return;
    }
    if (!done->drain && done->result == OP_AT_OK) {
        if (probe->row == IMEI)
            (void)op_at_digits(done->lines, done->line_count, 14, OP_IMEI_MAX, probe->imei);
        else
            (void)op_at_iccid(done->lines, done->line_count, probe->iccid);
    }
    probe->row += !done->drain;
    s_next(self, probe, event, turn);
}

static void s_pump(op_modem_t *self, op_probe_t *probe, const op_event_t *event, op_turn_t *turn)
{
    op_at_action_t action;
    while (*probe->path && probe->open && op_at_next(&probe->at, event->now, &action))
        switch (action.kind) {
        case OP_AT_WRITE: {
            op_serial_bytes_t write = {s_number(self, probe), action.bytes};
            op_turn_note(turn, "serial", &op_serial_bytes_type, &write);
            break;
        }
        case OP_AT_NOTICE:
            if (action.notice == OP_AT_NOTICE_LATE && op_str_starts(action.line, "+CMGS:") &&
                !op_str_copy(action.line, probe->late, sizeof probe->late))
                probe->late[0] = 0;
            break;
        case OP_AT_DONE:
            s_done(self, probe, event, turn, &action);
            break;
        }
}

/*  ---- Beginning ---- */

static void s_begin(op_modem_t *self, const op_device_t *device, op_turn_t *turn)
{
    size_t i = 0;
    while (i < self->probe_count && *self->probes[i].path)
        i++;
    if (i == self->probe_count)
        return;
    op_probe_t *probe = &self->probes[i];
    memset(probe, 0, sizeof *probe);
    memcpy(probe->path, device->path, sizeof probe->path);
    op_at_init(&probe->at);
    op_serial_open_t open = {s_number(self, probe), op_str(probe->path)};
    op_turn_note(turn, "serial", &op_serial_open_type, &open);
}

static bool s_is_due(const op_modem_t *self, const op_device_t *device)
{
    return !op_device_is_held(self, device->path) && !op_probe_is_at_work(self, device->path);
}

static bool s_has_free(const op_modem_t *self)
{
    for (size_t i = 0; i < self->probe_count; i++)
        if (!*self->probes[i].path)
            return true;
    return false;
}

static void s_allocate(op_modem_t *self)
{
    size_t room = OP_LINES_MAX - self->count;
    self->probe_count = room < OP_PROBES_MAX ? room : OP_PROBES_MAX;
    self->probes = op_alloc((self->probe_count + 1) * sizeof *self->probes);
    memset(self->probes, 0, (self->probe_count + 1) * sizeof *self->probes);
}

void op_probe_pump(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    for (size_t i = 0; i < self->probe_count; i++)
        if (*self->probes[i].path)
            s_pump(self, &self->probes[i], event, turn);
    if (!op_device_is_wanted(self) || self->draining)
        return;
    for (size_t i = 0; i < self->device_count; i++) {
        op_device_t *device = &self->devices[i];
        if (device->probe_at > event->now + OP_PROBE_AGAIN_MAX_MS)
            device->probe_at = event->now; /* the clock went back */
        if (!s_is_due(self, device) || device->probe_at > event->now)
            continue;
        if (!self->probes)
            s_allocate(self);
        s_begin(self, device, turn);
    }
}

void op_probe_note(op_modem_t *self, const op_event_t *event, op_turn_t *turn, uint64_t place)
{
    if (place >= self->probe_count || !*self->probes[place].path)
        return;
    op_probe_t *probe = &self->probes[place];
    if (OP_IS(event, serial_opened)) {
        probe->open = true;
        op_at_drain(&probe->at, event->now + OP_PROBE_MS);
    } else if (OP_IS(event, serial_closed)) {
        s_again(self, probe, event, turn);
        return;
    } else if (OP_IS(event, serial_bytes) && probe->open)
        op_at_feed(&probe->at, OP_BODY(event, serial_bytes)->bytes);
    s_pump(self, probe, event, turn);
}

int64_t op_probe_wake_at(const op_modem_t *self)
{
    int64_t wake = 0;
    for (size_t i = 0; i < self->probe_count; i++) {
        int64_t at = *self->probes[i].path ? op_at_deadline(&self->probes[i].at) : 0;
        if (at && (!wake || at < wake))
            wake = at;
    }
    if (!op_device_is_wanted(self) || (self->probes && !s_has_free(self)))
        return wake;
    for (size_t i = 0; i < self->device_count; i++) {
        const op_device_t *device = &self->devices[i];
        if (s_is_due(self, device) && (!wake || device->probe_at < wake))
            wake = device->probe_at;
    }
    return wake;
}
