/*  The service centre. A SUBMIT ends in a phone's inbox or in another modem; a phone's text ends
    in a modem. Parts on their way to a phone are held until all are there, because others cut
    characters in two: only the joined units can be decoded.

    What a number sent "in this second" is kept with the number (carrier_phones.h), so that
    identical messages get different time stamps; a modem that sends to a modem is a number like
    any other. */

#include "modem/carrier.h"

#include "base/instant.h"
#include "modem/carrier_phones.h"
#include "modem/sim_modem.h"
#include "modem/sms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Parts of one text from a modem to a phone. */
typedef struct {
    size_t modem; /* the sender */
    op_phone_t *to;
    op_concat_t concat; /* reference, width and total; of the first part */
    uint64_t age;       /* when it was begun, in parts: the oldest makes room */
    size_t have;
    op_user_data_t **parts; /* by sequence - 1, NULL: not there yet */
} s_join_t;

struct op_carrier {
    op_sim_modem_t *modems[OP_CARRIER_MODEMS_MAX];
    size_t modem_count;
    op_phones_t phones;
    s_join_t joins[OP_CARRIER_JOINS_MAX];
    size_t join_count;
    uint64_t join_age;
    uint8_t reference; /* for the next text of several parts */
    op_carrier_event_t *events;
    uint64_t event_count;
};

static const struct {
    const char *name;
    int64_t max, value;
} s_knobs[] = {
#define KNOB(NAME, name, max, value) {name, max, value},
    OP_CARRIER_KNOBS(KNOB)
#undef KNOB
};

op_knob_t op_knob_named(op_str_t name)
{
    int knob = 0;
    while (knob < OP_KNOB_END && !op_str_is(name, s_knobs[knob].name))
        knob++;
    return (op_knob_t)knob;
}

const char *op_knob_name(op_knob_t knob)
{
    OP_ASSERT(knob < OP_KNOB_END);
    return s_knobs[knob].name;
}

const char *op_carrier_result_text(op_carrier_result_t result)
{
    switch (result) {
    case OP_CARRIER_OK:
        return "ok";
    case OP_CARRIER_NO_NUMBER:
        return "no modem has that number";
    case OP_CARRIER_BAD_PHONE:
        return "not the number of a phone";
    case OP_CARRIER_EMPTY:
        return "empty text";
    case OP_CARRIER_BAD_TEXT:
        return "the text is not UTF-8";
    case OP_CARRIER_TOO_LONG:
        return "the text is too long";
    case OP_CARRIER_FULL:
        return "too many phones or waiting texts";
    }
    return "unknown";
}

static void s_log(void *context, op_carrier_event_t event)
{
    op_carrier_t *self = context;
    self->events[self->event_count++ % OP_CARRIER_EVENTS_MAX] = event;
}

static op_sim_modem_t *s_modem(const op_carrier_t *self, size_t modem)
{
    OP_ASSERT(modem < self->modem_count);
    return self->modems[modem];
}

static op_sim_modem_t *s_modem_of(const op_carrier_t *self, op_str_t number)
{
    for (size_t i = 0; i < self->modem_count; i++)
        if (op_str_is(number, self->modems[i]->number))
            return self->modems[i];
    return NULL;
}

/*  ---- To a modem ---- */

static bool s_deliver(op_sim_modem_t *to, op_pdu_t *pdu, bool report, int64_t now)
{
    op_buf_t hex = {0};
    int smsc = op_address_from(OP_STR("+12063130004"), &pdu->smsc);
    bool taken = smsc == 0 && op_pdu_encode(pdu, &hex) == OP_PDU_OK &&
                 op_sim_modem_deliver(to, op_buf_str(&hex), report, now);
    op_buf_free(&hex);
    return taken;
}

static bool s_deliver_part(op_sim_modem_t *to, op_str_t from, const op_user_data_t *data,
                           int64_t stamp, int64_t now)
{
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .stamp = {.instant = stamp}, .user = *data};
    return op_address_from(from, &pdu.peer) == 0 && s_deliver(to, &pdu, false, now);
}

static bool s_modem_to_modem(op_carrier_t *self, op_sim_modem_t *from, op_sim_modem_t *to,
                             const op_user_data_t *data, int64_t now)
{
    op_phone_t *sender = op_phones_make(&self->phones, op_str(from->number));
    if (sender == NULL)
        return false;
    uint64_t what = op_phones_hash(OP_PHONES_HASH, to->number, strlen(to->number));
    what = op_phones_hash(what, data->header, data->header_size);
    what = op_phones_hash(what, data->units, data->count);
    return s_deliver_part(to, op_str(from->number), data, op_phones_stamp(sender, what, now), now);
}

/*  ---- To a phone ---- */

static void s_join_drop(op_carrier_t *self, s_join_t *join)
{
    for (size_t i = 0; i < join->concat.total; i++)
        free(join->parts[i]);
    free(join->parts);
    *join = self->joins[--self->join_count];
}

/*  The join this part belongs to, begun when there is none. */
static s_join_t *s_join_of(op_carrier_t *self, size_t modem, op_phone_t *to, op_concat_t concat)
{
    s_join_t *oldest = &self->joins[0];
    for (size_t i = 0; i < self->join_count; i++) {
        s_join_t *join = &self->joins[i];
        if (join->modem == modem && join->to == to && join->concat.wide == concat.wide &&
            join->concat.reference == concat.reference && join->concat.total == concat.total)
            return join;
        if (join->age < oldest->age)
            oldest = join;
    }
    if (self->join_count == OP_CARRIER_JOINS_MAX)
        s_join_drop(self, oldest);
    s_join_t *join = &self->joins[self->join_count++];
    *join = (s_join_t){.modem = modem, .to = to, .concat = concat, .age = self->join_age++};
    join->parts = op_alloc(concat.total * sizeof(*join->parts));
    memset(join->parts, 0, concat.total * sizeof(*join->parts));
    return join;
}

/*  All parts are there: decoded together, into the inbox. */
static bool s_inbox(op_carrier_t *self, op_sim_modem_t *from, op_phone_t *to,
                    const op_user_data_t *const *parts, size_t count, int64_t now)
{
    op_sms_piece_t pieces[OP_SMS_PARTS_MAX];
    op_buf_t body = {0};
    for (size_t i = 0; i < count; i++)
        pieces[i] = op_sms_piece(parts[i]);
    if (op_sms_join(pieces, count, &body) != OP_SMS_OK) {
        op_buf_free(&body);
        return false;
    }
    op_phones_receive(&self->phones, to, from->number, &body, now);
    return true;
}

static bool s_modem_to_phone(op_carrier_t *self, op_sim_modem_t *from, op_phone_t *to,
                             const op_user_data_t *data, int64_t now)
{
    const op_user_data_t *single = data;
    if (!data->concat.present)
        return s_inbox(self, from, to, &single, 1, now);
    s_join_t *join = s_join_of(self, from->index, to, data->concat);
    op_user_data_t **slot = &join->parts[data->concat.sequence - 1];
    if (*slot == NULL) {
        *slot = op_alloc(sizeof(**slot));
        join->have++;
    }
    **slot = *data;
    if (join->have < join->concat.total)
        return true;
    bool taken = s_inbox(self, from, to, (const op_user_data_t *const *)join->parts,
                         join->concat.total, now);
    s_join_drop(self, join);
    return taken;
}

/*  The status report a SUBMIT asked for: delivered, or 43, not obtainable (TS 23.040 9.2.3.15). */
static void s_report(op_sim_modem_t *modem, const op_pdu_t *submit, uint8_t reference, bool taken,
                     int64_t now)
{
    op_pdu_t pdu = {.kind = OP_PDU_REPORT,
                    .peer = submit->peer,
                    .reference = reference,
                    .stamp = {.instant = now},
                    .discharge = {.instant = now},
                    .status = taken ? 0x00 : 0x43};
    (void)s_deliver(modem, &pdu, true, now); /* as the network does: lost when too many wait */
}

static void s_submit(void *context, size_t modem, const op_pdu_t *pdu, uint8_t reference,
                     int64_t now)
{
    op_carrier_t *self = context;
    op_sim_modem_t *from = s_modem(self, modem);
    op_str_t number = op_str(pdu->peer.text);
    op_sim_modem_t *to = s_modem_of(self, number);
    bool taken = false;
    if (to) {
        taken = s_modem_to_modem(self, from, to, &pdu->user, now);
    } else if (op_phone_valid(number)) {
        op_phone_t *phone = op_phones_make(&self->phones, number);
        taken = phone && s_modem_to_phone(self, from, phone, &pdu->user, now);
    }
    if (!taken)
        from->counts.undelivered++;
    if (pdu->report)
        s_report(from, pdu, reference, taken, now);
}

/*  ---- From a phone ---- */

static op_carrier_result_t s_split(op_carrier_t *self, op_str_t body, op_arena_t *arena,
                                   op_sms_parts_t *parts)
{
    switch (op_sms_split(body, self->reference, arena, parts)) {
    case OP_SMS_OK:
        break;
    case OP_SMS_BAD_UTF8:
    case OP_SMS_NOT_TEXT:
        return OP_CARRIER_BAD_TEXT;
    case OP_SMS_TOO_LONG:
        return OP_CARRIER_TOO_LONG;
    }
    if (parts->count > 1)
        self->reference++;
    return OP_CARRIER_OK;
}

static op_carrier_result_t s_text(op_carrier_t *self, op_str_t from, op_sim_modem_t *to,
                                  op_str_t body, int64_t now, op_arena_t *arena)
{
    op_sms_parts_t parts;
    op_carrier_result_t result = s_split(self, body, arena, &parts);
    if (result != OP_CARRIER_OK)
        return result;
    op_phone_t *phone = op_phones_make(&self->phones, from);
    if (phone == NULL || parts.count > op_sim_modem_room(to))
        return OP_CARRIER_FULL;
    uint64_t what = op_phones_hash(OP_PHONES_HASH, to->number, strlen(to->number));
    what = op_phones_hash(what, body.at, body.size);
    int64_t stamp = op_phones_stamp(phone, what, now);
    to->now = now;
    op_sim_modem_log(to, OP_CARRIER_TEXTED, parts.count);
    for (size_t i = 0; i < parts.count; i++) {
        bool taken = s_deliver_part(to, from, &parts.at[i], stamp, now);
        OP_ASSERT(taken); /* there is room, and what op_sms_split makes can be encoded */
    }
    return OP_CARRIER_OK;
}

op_carrier_result_t op_carrier_text(op_carrier_t *self, op_str_t from, op_str_t to, op_str_t body,
                                    int64_t now)
{
    op_sim_modem_t *modem = s_modem_of(self, to);
    op_arena_t arena = {0};
    if (modem == NULL)
        return OP_CARRIER_NO_NUMBER;
    if (!op_phone_valid(from) || s_modem_of(self, from))
        return OP_CARRIER_BAD_PHONE;
    if (body.size == 0)
        return OP_CARRIER_EMPTY;
    op_carrier_result_t result = s_text(self, from, modem, body, now, &arena);
    op_arena_free(&arena);
    return result;
}

/*  ---- The rest ---- */

op_carrier_t *op_carrier_new(size_t modems)
{
    OP_ASSERT(modems >= 1 && modems <= OP_CARRIER_MODEMS_MAX);
    op_carrier_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->events = op_alloc(OP_CARRIER_EVENTS_MAX * sizeof(*self->events));
    self->modem_count = modems;
    for (size_t i = 0; i < modems; i++) {
        char number[OP_PHONE_MAX + 1];
        snprintf(number, sizeof(number), "+%zu", 16176088932 + i);
        self->modems[i] =
            op_sim_modem_new(i, op_str(number), (op_sim_network_t){self, s_submit, s_log});
        for (int knob = 0; knob < OP_KNOB_END; knob++)
            self->modems[i]->knobs[knob] = s_knobs[knob].value;
    }
    return self;
}

void op_carrier_destroy(op_carrier_t **self_p)
{
    op_carrier_t *self = *self_p;
    if (self == NULL)
        return;
    while (self->join_count)
        s_join_drop(self, &self->joins[0]);
    for (size_t i = 0; i < self->modem_count; i++)
        op_sim_modem_destroy(&self->modems[i]);
    op_phones_free(&self->phones);
    free(self->events);
    free(self);
    *self_p = NULL;
}

size_t op_carrier_modems(const op_carrier_t *self)
{
    return self->modem_count;
}

const char *op_carrier_modem_number(const op_carrier_t *self, size_t modem)
{
    return s_modem(self, modem)->number;
}

void op_carrier_feed(op_carrier_t *self, size_t modem, op_str_t bytes, int64_t now)
{
    op_carrier_tick(self, now); /* what was due before comes first */
    op_sim_modem_feed(s_modem(self, modem), bytes, now);
}

op_buf_t *op_carrier_take(op_carrier_t *self, size_t modem)
{
    return &s_modem(self, modem)->out;
}

void op_carrier_reset(op_carrier_t *self, size_t modem, int64_t now)
{
    op_sim_modem_reset(s_modem(self, modem), now);
}

int64_t op_carrier_wake_at(const op_carrier_t *self)
{
    int64_t first = 0;
    for (size_t i = 0; i < self->modem_count; i++) {
        int64_t at = op_sim_modem_wake_at(self->modems[i]);
        if (at && (first == 0 || at < first))
            first = at;
    }
    return first;
}

void op_carrier_tick(op_carrier_t *self, int64_t now)
{
    for (size_t i = 0; i < self->modem_count; i++)
        op_sim_modem_tick(self->modems[i], now);
}

void op_carrier_inbox(const op_carrier_t *self, op_str_t phone, uint64_t after,
                      op_carrier_each_t each, void *context)
{
    const op_phone_t *found = op_phones_find(&self->phones, phone);
    if (found)
        op_phones_each(found, after, each, context);
}

size_t op_carrier_inbox_size(const op_carrier_t *self, op_str_t phone)
{
    const op_phone_t *found = op_phones_find(&self->phones, phone);
    return found ? found->texts : 0;
}

int op_carrier_set(op_carrier_t *self, size_t modem, op_knob_t knob, int64_t value)
{
    OP_ASSERT(knob < OP_KNOB_END);
    if (value < 0 || value > s_knobs[knob].max)
        return -1;
    s_modem(self, modem)->knobs[knob] = value;
    return 0;
}

int64_t op_carrier_get(const op_carrier_t *self, size_t modem, op_knob_t knob)
{
    OP_ASSERT(knob < OP_KNOB_END);
    return s_modem(self, modem)->knobs[knob];
}

op_carrier_counts_t op_carrier_counts(const op_carrier_t *self, size_t modem)
{
    const op_sim_modem_t *of = s_modem(self, modem);
    op_carrier_counts_t counts = of->counts;
    counts.waiting = of->delivers.count;
    for (size_t i = 0; i < OP_SIM_STORES; i++)
        counts.stored += of->stores[i].used;
    return counts;
}

uint64_t op_carrier_events(const op_carrier_t *self)
{
    return self->event_count;
}

bool op_carrier_event(const op_carrier_t *self, uint64_t number, op_carrier_event_t *event)
{
    if (number >= self->event_count || self->event_count - number > OP_CARRIER_EVENTS_MAX)
        return false;
    *event = self->events[number % OP_CARRIER_EVENTS_MAX];
    return true;
}
