/*  The service centre. A SUBMIT ends in a phone's inbox or in another modem. Parts on their way to
    a phone are held until all are there, because others cut characters in two: only the joined
    units can be decoded.

    What a number sent "in this second" is kept with the number (phones.h), so that
    identical messages get different time stamps; a modem that sends to a modem is a number like
    any other. */

#include "carrier/carrier_private.h"

#include "base/instant.h"
#include "carrier/sim_receive.h"
#include "modem/sms.h"

#include <stdlib.h>
#include <string.h>

/*  TP-ST (TS 23.040 9.2.3.15): received by the recipient; not obtainable; validity expired. */
enum { S_RECEIVED = 0x00, S_NOT_OBTAINABLE = 0x43, S_EXPIRED = 0x46 };

op_sim_modem_t *op_centre_modem_of(const op_carrier_t *self, op_str_t number)
{
    for (size_t i = 0; i < self->modem_count; i++)
        if (op_str_is(number, self->modems[i]->card->number))
            return self->modems[i];
    return NULL;
}

static op_sim_modem_t *s_holder(const op_carrier_t *self, const op_sim_card_t *card)
{
    size_t i = 0;
    while (self->modems[i]->card != card) {
        i++;
        OP_ASSERT(i < self->modem_count); /* SIMs only change places */
    }
    return self->modems[i];
}

/*  ---- To a modem ---- */

static bool s_deliver(op_sim_modem_t *to, op_pdu_t *pdu, bool report, int64_t now)
{
    op_buf_t hex = {0};
    int smsc = op_address_from(OP_STR("+12063130004"), &pdu->smsc);
    bool taken = smsc == 0 && op_pdu_encode(pdu, &hex) == OP_PDU_OK &&
                 op_sim_receive(to, op_buf_str(&hex), report, now);
    op_buf_free(&hex);
    return taken;
}

bool op_centre_deliver(op_sim_modem_t *to, op_str_t from, const op_user_data_t *data, int64_t stamp,
                       int64_t now)
{
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .stamp = {.instant = stamp}, .user = *data};
    return op_address_from(from, &pdu.peer) == 0 && s_deliver(to, &pdu, false, now);
}

static bool s_modem_to_modem(op_carrier_t *self, op_str_t from, op_sim_modem_t *to,
                             const op_user_data_t *data, int64_t now)
{
    op_phone_t *sender = op_phones_make(&self->centre.phones, from);
    if (sender == NULL)
        return false;
    const char *number = to->card->number;
    uint64_t what = op_phones_hash(OP_PHONES_HASH, number, strlen(number));
    what = op_phones_hash(what, data->header, data->header_size);
    what = op_phones_hash(what, data->units, data->count);
    return op_centre_deliver(to, from, data, op_phones_stamp(sender, what, now), now);
}

/*  ---- To a phone ---- */

static void s_join_drop(op_centre_t *self, op_centre_join_t *join)
{
    for (size_t i = 0; i < join->concat.total; i++)
        free(join->parts[i]);
    free(join->parts);
    *join = self->joins[--self->join_count];
}

/*  The join this part belongs to, begun when there is none. */
static op_centre_join_t *s_join_of(op_centre_t *self, const op_sim_card_t *from, op_phone_t *to,
                                   op_concat_t concat)
{
    op_centre_join_t *oldest = &self->joins[0];
    for (size_t i = 0; i < self->join_count; i++) {
        op_centre_join_t *join = &self->joins[i];
        if (join->from == from && join->to == to && join->concat.wide == concat.wide &&
            join->concat.reference == concat.reference && join->concat.total == concat.total)
            return join;
        if (join->age < oldest->age)
            oldest = join;
    }
    if (self->join_count == OP_CARRIER_JOINS_MAX)
        s_join_drop(self, oldest);
    op_centre_join_t *join = &self->joins[self->join_count++];
    *join = (op_centre_join_t){.from = from, .to = to, .concat = concat, .age = self->join_age++};
    join->parts = op_alloc(concat.total * sizeof(*join->parts));
    memset(join->parts, 0, concat.total * sizeof(*join->parts));
    return join;
}

/*  All parts are there: decoded together, into the inbox. */
static bool s_inbox(op_centre_t *self, const op_sim_card_t *from, op_phone_t *to,
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

static bool s_modem_to_phone(op_centre_t *self, const op_sim_card_t *from, op_phone_t *to,
                             const op_user_data_t *data, int64_t now)
{
    const op_user_data_t *single = data;
    if (!data->concat.present)
        return s_inbox(self, from, to, &single, 1, now);
    op_centre_join_t *join = s_join_of(self, from, to, data->concat);
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

/*  ---- What waits ---- */

static bool s_hold(op_centre_t *self, op_centre_held_t held, const op_pdu_t *pdu)
{
    if (self->held_count == OP_CARRIER_HELD_MAX)
        return false;
    if (self->held_count == self->held_capacity) {
        self->held_capacity = self->held_capacity ? 2 * self->held_capacity : 16;
        self->held = op_realloc(self->held, self->held_capacity * sizeof(*self->held));
    }
    held.pdu = op_alloc(sizeof(*held.pdu));
    *held.pdu = *pdu;
    self->held[self->held_count++] = held;
    return true;
}

bool op_centre_deliver_late(op_carrier_t *self, op_sim_modem_t *to, op_str_t from,
                            const op_user_data_t *data, int64_t stamp, int64_t at)
{
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .stamp = {.instant = stamp}, .user = *data};
    return op_address_from(from, &pdu.peer) == 0 &&
           s_hold(&self->centre, (op_centre_held_t){.card = to->card, .at = at}, &pdu);
}

/*  TS 23.040 9.2.3.12.1; two days where there is none, or none of that form. */
static int64_t s_validity(const op_pdu_t *submit)
{
    int64_t v = submit->validity;
    if (!submit->has_validity)
        return 48 * OP_HOUR_MS;
    if (v < 144)
        return (v + 1) * 5 * OP_MINUTE_MS;
    if (v < 168)
        return 12 * OP_HOUR_MS + (v - 143) * 30 * OP_MINUTE_MS;
    return (v < 197 ? v - 166 : (v - 192) * 7) * 24 * OP_HOUR_MS;
}

/*  ---- Reports ---- */

/*  The recipient as some networks write it: without country code; or somebody else. */
static void s_recipient(const op_sim_modem_t *modem, op_pdu_t *report)
{
    int64_t form = modem->knobs[OP_KNOB_REPORT_RECIPIENT];
    char *text = report->peer.text;
    size_t size = strlen(text), drop = text[0] == '+' && text[1] == '1' ? 2 : 1;
    if (form == 1 && text[0] == '+' && size > drop) {
        memmove(text, text + drop, size - drop + 1);
        report->peer.type = OP_ADDRESS_UNKNOWN;
    }
    if (form == 2 && size && text[size - 1] >= '0' && text[size - 1] <= '9')
        text[size - 1] = text[size - 1] == '9' ? '0' : (char)(text[size - 1] + 1);
}

static void s_report_now(op_sim_modem_t *modem, const op_pdu_t *report, int64_t now)
{
    op_pdu_t pdu = *report;
    size_t times = op_sim_modem_next(modem, OP_KNOB_REPORT_DOUBLE_NEXT) ? 2 : 1;
    s_recipient(modem, &pdu);
    if (modem->knobs[OP_KNOB_REPORT_STATUS] < 256)
        pdu.status = (uint8_t)modem->knobs[OP_KNOB_REPORT_STATUS];
    if (op_sim_modem_next(modem, OP_KNOB_REPORT_LOST_NEXT))
        return;
    for (size_t i = 0; i < times; i++)
        (void)s_deliver(modem, &pdu, true, now); /* as the network does: lost when too many wait */
}

/*  The status report a SUBMIT asked for, now or later. */
static void s_report(op_carrier_t *self, op_sim_card_t *card, const op_pdu_t *submit,
                     uint8_t reference, uint8_t status, int64_t now)
{
    op_sim_modem_t *modem = s_holder(self, card);
    op_pdu_t pdu = {.kind = OP_PDU_REPORT,
                    .peer = submit->peer,
                    .reference = reference,
                    .stamp = {.instant = now},
                    .discharge = {.instant = now},
                    .status = status};
    int64_t delay = modem->knobs[OP_KNOB_REPORT_DELAY_MS];
    if (!submit->report || !modem->knobs[OP_KNOB_REPORTS])
        return;
    if (delay)
        (void)s_hold(&self->centre, (op_centre_held_t){.card = card, .at = now + delay}, &pdu);
    else
        s_report_now(modem, &pdu, now);
}

static void s_ended(op_carrier_t *self, op_sim_card_t *card, const op_pdu_t *submit,
                    uint8_t reference, uint8_t status, int64_t now)
{
    if (status != S_RECEIVED)
        s_holder(self, card)->counts.undelivered++;
    s_report(self, card, submit, reference, status, now);
}

/*  ---- A SUBMIT's way ---- */

void op_centre_submit(void *context, size_t modem, const op_pdu_t *pdu, uint8_t reference,
                      int64_t now)
{
    op_carrier_t *self = context;
    op_sim_card_t *card = self->modems[modem]->card;
    op_str_t number = op_str(pdu->peer.text);
    op_sim_modem_t *to = op_centre_modem_of(self, number);
    bool taken = false;
    if (to) {
        taken = s_modem_to_modem(self, op_str(card->number), to, &pdu->user, now);
    } else if (op_phone_valid(number)) {
        op_phone_t *phone = op_phones_make(&self->centre.phones, number);
        op_centre_held_t held = {card, phone, NULL, reference, now + s_validity(pdu)};
        if (phone && phone->off && s_hold(&self->centre, held, pdu))
            return;
        taken =
            phone && !phone->off && s_modem_to_phone(&self->centre, card, phone, &pdu->user, now);
    }
    s_ended(self, card, pdu, reference, taken ? S_RECEIVED : S_NOT_OBTAINABLE, now);
}

/*  What is to end now, taken off the list first: what it says may add to the list. */
static void s_release(op_carrier_t *self, const op_phone_t *phone, int64_t now)
{
    op_centre_t *centre = &self->centre;
    op_centre_held_t *held = centre->held;
    size_t count = centre->held_count;
    centre->held = NULL;
    centre->held_count = centre->held_capacity = 0;
    for (size_t i = 0; i < count; i++) {
        op_centre_held_t *of = &held[i];
        bool reached = phone && of->to == phone;
        if (!reached && of->at > now) {
            (void)s_hold(centre, *of, of->pdu);
        } else if (of->to == NULL && of->pdu->kind == OP_PDU_DELIVER) {
            (void)s_deliver(s_holder(self, of->card), of->pdu, false, now);
        } else if (of->to == NULL) {
            s_report_now(s_holder(self, of->card), of->pdu, now);
        } else {
            bool taken = reached && s_modem_to_phone(centre, of->card, of->to, &of->pdu->user, now);
            uint8_t status = taken ? S_RECEIVED : reached ? S_NOT_OBTAINABLE : S_EXPIRED;
            s_ended(self, of->card, of->pdu, of->reference, status, now);
        }
        free(of->pdu);
    }
    free(held);
}

void op_centre_phone_on(op_carrier_t *self, const op_phone_t *phone, int64_t now)
{
    s_release(self, phone, now);
}

int64_t op_centre_wake_at(const op_carrier_t *self)
{
    int64_t first = 0;
    for (size_t i = 0; i < self->centre.held_count; i++)
        if (first == 0 || self->centre.held[i].at < first)
            first = self->centre.held[i].at;
    return first;
}

void op_centre_tick(op_carrier_t *self, int64_t now)
{
    int64_t at = op_centre_wake_at(self);
    if (at && at <= now)
        s_release(self, NULL, now);
}

void op_centre_free(op_carrier_t *self)
{
    op_centre_t *centre = &self->centre;
    while (centre->join_count)
        s_join_drop(centre, &centre->joins[0]);
    for (size_t i = 0; i < centre->held_count; i++)
        free(centre->held[i].pdu);
    free(centre->held);
    op_phones_free(&centre->phones);
}
