/*  What the outside calls: modems by their place, phones by their number. The service centre
    between them is centre.c. */

#include "carrier/carrier.h"

#include "carrier/carrier_private.h"
#include "carrier/sim_receive.h"
#include "modem/sms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/*  ---- From a phone ---- */

static op_carrier_result_t s_split(op_str_t body, uint8_t reference, op_arena_t *arena,
                                   op_sms_parts_t *parts)
{
    switch (op_sms_split(body, reference, arena, parts)) {
    case OP_SMS_OK:
        return OP_CARRIER_OK;
    case OP_SMS_BAD_UTF8:
    case OP_SMS_NOT_TEXT:
        return OP_CARRIER_BAD_TEXT;
    case OP_SMS_TOO_LONG:
        return OP_CARRIER_TOO_LONG;
    }
    return OP_CARRIER_BAD_TEXT;
}

static op_carrier_result_t s_text(op_carrier_t *self, op_str_t from, op_sim_modem_t *to,
                                  op_str_t body, int64_t now, op_arena_t *arena)
{
    op_sms_parts_t parts;
    op_phone_t *phone = op_phones_find(&self->centre.phones, from);
    op_carrier_result_t result = s_split(body, phone ? phone->reference : 0, arena, &parts);
    if (result != OP_CARRIER_OK)
        return result;
    phone = op_phones_make(&self->centre.phones, from);
    if (phone == NULL || parts.count > op_sim_receive_room(to))
        return OP_CARRIER_FULL;
    phone->reference = (uint8_t)(phone->reference + (parts.count > 1));
    uint64_t what = op_phones_hash(OP_PHONES_HASH, to->card->number, strlen(to->card->number));
    what = op_phones_hash(what, body.at, body.size);
    int64_t stamp = op_phones_stamp(phone, what, now);
    to->now = now;
    op_sim_modem_log(to, OP_CARRIER_TEXTED, parts.count);
    size_t late = parts.count > 1 && op_sim_modem_next(to, OP_KNOB_PART_LATE_NEXT) &&
                  op_centre_deliver_late(self, to, from, &parts.at[parts.count - 1], stamp,
                                         now + to->knobs[OP_KNOB_PART_LATE_MS]);
    for (size_t i = 0; i + late < parts.count; i++) {
        bool taken = op_centre_deliver(to, from, &parts.at[i], stamp, now);
        OP_ASSERT(taken); /* there is room, and what op_sms_split makes can be encoded */
    }
    return OP_CARRIER_OK;
}

op_carrier_result_t op_carrier_text(op_carrier_t *self, op_str_t from, op_str_t to, op_str_t body,
                                    int64_t now)
{
    op_sim_modem_t *modem = op_centre_modem_of(self, to);
    op_arena_t arena = {0};
    if (modem == NULL)
        return OP_CARRIER_NO_NUMBER;
    if (!op_phone_valid(from) || op_centre_modem_of(self, from))
        return OP_CARRIER_BAD_PHONE;
    if (body.size == 0)
        return OP_CARRIER_EMPTY;
    op_carrier_result_t result = s_text(self, from, modem, body, now, &arena);
    op_arena_free(&arena);
    return result;
}

/*  ---- The rest ---- */

void op_carrier_number(size_t modem, char number[OP_PHONE_MAX + 1])
{
    snprintf(number, OP_PHONE_MAX + 1, "+%zu", 16176088932 + modem);
}

op_carrier_t *op_carrier_new_of(size_t modems, const op_sim_family_t *families, size_t count)
{
    OP_ASSERT(modems >= 1 && modems <= OP_CARRIER_MODEMS_MAX);
    op_carrier_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->events = op_alloc(OP_CARRIER_EVENTS_MAX * sizeof(*self->events));
    self->modem_count = modems;
    self->families = op_alloc((count ? count : 1) * sizeof(*self->families));
    if (count)
        memcpy(self->families, families, count * sizeof(*self->families));
    else
        op_sim_family_init(self->families);
    for (size_t i = 0; i < modems; i++) {
        char number[OP_PHONE_MAX + 1];
        op_carrier_number(i, number);
        self->cards[i] = op_sim_card_new(i, op_str(number));
        self->modems[i] =
            op_sim_modem_new(i, &self->families[count ? i % count : 0], self->cards[i],
                             (op_sim_network_t){self, op_centre_submit, s_log});
    }
    return self;
}

op_carrier_t *op_carrier_new(size_t modems)
{
    return op_carrier_new_of(modems, NULL, 0);
}

void op_carrier_destroy(op_carrier_t **self_p)
{
    op_carrier_t *self = *self_p;
    if (self == NULL)
        return;
    op_centre_free(self);
    for (size_t i = 0; i < self->modem_count; i++) {
        op_sim_modem_destroy(&self->modems[i]);
        op_sim_card_destroy(&self->cards[i]);
    }
    free(self->families);
    free(self->events);
    free(self);
    *self_p = NULL;
}

const char *op_carrier_modem_number(const op_carrier_t *self, size_t modem)
{
    return s_modem(self, modem)->number;
}

const char *op_carrier_modem_sim(const op_carrier_t *self, size_t modem)
{
    const op_sim_modem_t *of = s_modem(self, modem);
    return of->knobs[OP_KNOB_SIM_OUT] ? NULL : of->card->number;
}

const op_sim_family_t *op_carrier_modem_family(const op_carrier_t *self, size_t modem)
{
    return s_modem(self, modem)->family;
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

void op_carrier_feed_tty(op_carrier_t *self, size_t modem, size_t tty, op_str_t bytes, int64_t now)
{
    op_carrier_tick(self, now);
    op_sim_modem_feed_tty(s_modem(self, modem), tty, bytes, now);
}

op_buf_t *op_carrier_take_tty(op_carrier_t *self, size_t modem, size_t tty)
{
    return op_sim_modem_out(s_modem(self, modem), tty);
}

void op_carrier_plug(op_carrier_t *self, size_t modem, bool in, int64_t now)
{
    op_sim_modem_plug(s_modem(self, modem), in, now);
}

bool op_carrier_plugged(const op_carrier_t *self, size_t modem)
{
    return !s_modem(self, modem)->unplugged;
}

void op_carrier_swap_sims(op_carrier_t *self, size_t one, size_t other, int64_t now)
{
    op_sim_modem_t *a = s_modem(self, one), *b = s_modem(self, other);
    op_sim_card_t *card = a->card;
    if (a == b)
        return;
    for (int knob = OP_KNOB_OF_SIM; knob < OP_KNOB_OF_SIM_END; knob++) {
        int64_t value = a->knobs[knob];
        a->knobs[knob] = b->knobs[knob];
        b->knobs[knob] = value;
    }
    op_sim_modem_card(a, b->card, now);
    op_sim_modem_card(b, card, now);
}

op_carrier_result_t op_carrier_phone(op_carrier_t *self, op_str_t number, bool on, int64_t now)
{
    if (!op_phone_valid(number) || op_centre_modem_of(self, number))
        return OP_CARRIER_BAD_PHONE;
    op_phone_t *phone = op_phones_make(&self->centre.phones, number);
    if (phone == NULL)
        return OP_CARRIER_FULL;
    phone->off = !on;
    if (on)
        op_centre_phone_on(self, phone, now);
    return OP_CARRIER_OK;
}

bool op_carrier_phone_on(const op_carrier_t *self, op_str_t number)
{
    const op_phone_t *phone = op_phones_find(&self->centre.phones, number);
    return phone == NULL || !phone->off;
}

void op_carrier_reset(op_carrier_t *self, size_t modem, int64_t now)
{
    op_sim_modem_reset(s_modem(self, modem), now);
}

int64_t op_carrier_wake_at(const op_carrier_t *self)
{
    int64_t first = op_centre_wake_at(self);
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
    op_centre_tick(self, now);
}

void op_carrier_inbox(const op_carrier_t *self, op_str_t phone, uint64_t after,
                      op_carrier_each_t each, void *context)
{
    const op_phone_t *found = op_phones_find(&self->centre.phones, phone);
    if (found)
        op_phones_each(found, after, each, context);
}

size_t op_carrier_inbox_size(const op_carrier_t *self, op_str_t phone)
{
    const op_phone_t *found = op_phones_find(&self->centre.phones, phone);
    return found ? found->texts : 0;
}

int op_carrier_set(op_carrier_t *self, size_t modem, op_knob_t knob, int64_t value)
{
    if (value < 0 || value > op_knob_row(knob)->max)
        return -1;
    op_sim_modem_set(s_modem(self, modem), knob, value);
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
    counts.waiting = of->card->delivers.count;
    counts.stored = of->card->store.used + of->me.used + of->sr.used;
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
