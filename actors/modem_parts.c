/*  modem_parts.c - the parts of long texts: kept raw, joined when all are there, shown before where
    some are late

    A part belongs to a text of its line, sender, reference and number of parts that lacks it and was
    stamped within a day of it: senders use references again. A text that was stamped more than a day
    apart is over, and shown as far as it goes. Else there may be a few such texts at a time, whose
    parts come mixed: a part goes to the one that was stamped nearest. Where two were stamped nearly
    as near, that is a guess, and all that it concerns are shown as partial: nobody is to take a
    mixture for what was written. So it is where the nearest was stamped more than an hour apart. A
    stamp says when the centre had the part, not when it came: parts that come days late are stamped
    minutes apart all the same, and a sender that was held up for hours between two parts is as
    likely as one that has begun to use its references again.

    A text of which parts have been missing for ten minutes is shown with a mark for each gap, and
    completed, under the same id (`group`), when they come within a week. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"
#include "modem/sms.h"

#include <string.h>

static const int64_t s_patience_ms = 10 * OP_MINUTE_MS;
static const int64_t s_keep_ms = 7 * OP_DAY_MS;
static const int64_t s_apart_ms = OP_DAY_MS;
static const int64_t s_clear_ms = OP_MINUTE_MS; /* one text is so much nearer than any other */
static const int64_t s_near_ms = OP_HOUR_MS;    /* parts that were sent as one text, most likely */
enum { ALIKE_MAX = 4 };                         /* texts whose parts may come mixed */
#define S_GAP (OP_PLANTED(GAP_UNMARKED) ? "" : "[...]")

typedef struct {
    op_key_t low; /* of its parts */
    op_key_t keys[OP_SMS_PARTS_MAX];
    op_part_row_t rows[OP_SMS_PARTS_MAX];
    op_pdu_t pdus[OP_SMS_PARTS_MAX];
    size_t count;
} text_t;

static text_t *s_load(op_turn_t *turn, const op_key_t *low)
{
    text_t *text = op_turn_alloc(turn, sizeof *text);
    op_key_t high = op_key_end(low);
    op_str_t bytes;
    text->low = *low;
    text->count = 0;
    op_walk_t *walk = op_turn_walk(turn, low, &high, false);
    while (text->count < OP_SMS_PARTS_MAX &&
           op_turn_walk_next(walk, &op_part_row_type, &bytes, &text->rows[text->count])) {
        if (op_pdu_decode(text->rows[text->count].pdu, &text->pdus[text->count]) != OP_PDU_OK)
            continue; /* it did when it was kept */
        text->keys[text->count++] = op_key_copy(bytes);
    }
    op_turn_walk_end(&walk);
    return text;
}

static void s_forget(op_turn_t *turn, const text_t *text)
{
    for (size_t i = 0; i < text->count; i++)
        op_turn_delete(turn, &text->keys[i]);
}

/*  Appends the pieces from..to, which follow each other. */
static op_sms_result_t s_join_run(const text_t *text, size_t from, size_t to, op_turn_t *turn,
                                  op_buf_t *body)
{
    op_sms_piece_t *pieces = op_turn_alloc(turn, (to - from) * sizeof *pieces);
    for (size_t i = from; i < to; i++)
        pieces[i - from] = op_sms_piece(&text->pdus[i].user);
    return op_sms_join(pieces, to - from, body);
}

/*  The body as far as it is there. */
static op_sms_result_t s_join(const text_t *text, op_turn_t *turn, op_buf_t *body)
{
    op_sms_result_t result = OP_SMS_OK;
    unsigned next = 1;
    for (size_t from = 0, to; from < text->count && result == OP_SMS_OK; from = to) {
        unsigned sequence = text->pdus[from].user.concat.sequence;
        if (sequence != next)
            op_buf_add_str(body, op_str(S_GAP));
        for (to = from + 1;
             to < text->count && text->pdus[to].user.concat.sequence == sequence + (to - from);)
            to++;
        result = s_join_run(text, from, to, turn, body);
        next = sequence + (unsigned)(to - from);
    }
    if (text->count && next <= text->pdus[0].user.concat.total)
        op_buf_add_str(body, op_str(S_GAP));
    return result;
}

/*  Tells the text as far as it is there. What came first says when it came: a lessee sees nothing
    that began before the lease. */
static void s_tell(op_line_t *line, const op_event_t *event, op_turn_t *turn, const text_t *text,
                   bool partial)
{
    op_buf_t body = {0};
    op_sms_result_t result = s_join(text, turn, &body);
    if (result == OP_SMS_OK && body.size && body.size <= OP_INBOUND_MAX) {
        op_text_received_t told = {.line = op_str(line->number),
                                   .from = op_inbound_sender(line, turn, &text->pdus[0].peer),
                                   .body = op_buf_str(&body),
                                   .received = text->rows[0].received,
                                   .partial = partial};
        if (partial || text->rows[0].shown)
            told.group = OP_PLANTED(PARTIAL_AGAIN) ? op_turn_new_id(turn) : text->rows[0].group;
        for (size_t i = 0; i < text->count; i++) {
            int64_t stamp = text->pdus[i].stamp.instant;
            if (text->rows[i].received < told.received)
                told.received = text->rows[i].received;
            if (line->trust_stamps && stamp && (!told.stamped || stamp < told.stamped))
                told.stamped = stamp;
        }
        op_turn_tell(turn, "ledger", &op_text_received_type, &told);
    } else
        for (size_t i = 0; i < text->count; i++)
            op_quarantine_put(line, event, turn, text->rows[i].pdu,
                              result != OP_SMS_OK ? op_sms_result_text(result)
                              : body.size         ? "longer than can be"
                                                  : "without text");
    op_buf_free(&body);
}

typedef enum { LACKS_IT, HAS_IT, HAS_ANOTHER, IS_OVER } fit_t;

/*  Does the part belong to the text? *apart: between its stamp and the text's nearest, as far as
    they are known. */
static fit_t s_fit(const text_t *text, const op_pdu_t *pdu, int64_t *apart)
{
    fit_t fit = LACKS_IT;
    *apart = INT64_MAX;
    for (size_t i = 0; i < text->count; i++) {
        const op_pdu_t *other = &text->pdus[i];
        bool stamped = pdu->stamp.instant && other->stamp.instant;
        int64_t by = stamped ? pdu->stamp.instant - other->stamp.instant : 0;
        by = by < 0 ? -by : by;
        if (by > s_apart_ms)
            return IS_OVER;
        *apart = by < *apart ? by : *apart;
        if (other->user.concat.sequence != pdu->user.concat.sequence)
            continue;
        fit = other->user.count == pdu->user.count &&
                      memcmp(other->user.units, pdu->user.units, pdu->user.count) == 0
                  ? HAS_IT
                  : HAS_ANOTHER;
    }
    return fit;
}

static op_key_t s_text_of(const op_line_t *line, const op_pdu_t *pdu, uint64_t which)
{
    const op_concat_t *concat = &pdu->user.concat;
    op_key_t low = op_key_of_text('P', op_str(line->number));
    op_key_text(&low, op_str(pdu->peer.text));
    op_key_number(&low, which << 32 | (uint64_t)concat->reference << 16 |
                            (uint64_t)concat->wide << 8 | concat->total);
    return low;
}

static bool s_is_there(op_turn_t *turn, const op_key_t *low)
{
    op_key_t high = op_key_end(low);
    op_part_row_t row;
    op_str_t bytes;
    op_walk_t *walk = op_turn_walk(turn, low, &high, false);
    bool there = op_turn_walk_next(walk, &op_part_row_type, &bytes, &row);
    op_turn_walk_end(&walk);
    return there;
}

static void s_end(op_line_t *line, const op_event_t *event, op_turn_t *turn, text_t *text)
{
    if (!text->rows[0].shown)
        s_tell(line, event, turn, text, true);
    s_forget(turn, text);
    text->count = 0;
}

/*  It may have what is another's. */
static void s_doubt(op_turn_t *turn, text_t *text)
{
    text->rows[0].guessed = true;
    op_turn_put(turn, &text->keys[0], &op_part_row_type, &text->rows[0]);
}

/*  The text that the part goes to, with parts or without; NULL: it is there already. */
static text_t *s_choose(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                        const op_pdu_t *pdu)
{
    text_t *fits[ALIKE_MAX], *empty = NULL, *oldest = NULL;
    size_t count = 0, best = 0;
    int64_t aparts[ALIKE_MAX];
    for (uint64_t which = 0; which < ALIKE_MAX; which++) {
        op_key_t low = s_text_of(line, pdu, which);
        if (empty && !s_is_there(turn, &low))
            continue;
        text_t *text = s_load(turn, &low);
        fit_t fit = text->count ? s_fit(text, pdu, &aparts[count]) : IS_OVER;
        if (fit == HAS_IT)
            return NULL;
        if (fit == IS_OVER && text->count)
            s_end(line, event, turn, text);
        if (fit == IS_OVER && !empty)
            empty = text;
        if (fit == HAS_ANOTHER && (!oldest || text->rows[0].received < oldest->rows[0].received))
            oldest = text;
        if (fit == LACKS_IT) {
            best = aparts[count] < aparts[best] ? count : best;
            fits[count++] = text;
        }
    }
    if (!count && !empty)
        s_end(line, event, turn, empty = oldest);
    if (!count)
        return empty;
    bool guess = aparts[best] > s_near_ms;
    for (size_t i = 0; i < count; i++)
        guess |= i != best && aparts[i] - aparts[best] < s_clear_ms;
    for (size_t i = 0; guess && i < count; i++)
        if (aparts[i] - aparts[best] < s_clear_ms)
            s_doubt(turn, fits[i]);
    return fits[best];
}

static bool s_is_guessed(const text_t *text)
{
    bool guessed = false;
    for (size_t i = 0; i < text->count; i++)
        guessed |= text->rows[i].guessed;
    return guessed;
}

void op_parts_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                   const op_pdu_t *pdu, int64_t found)
{
    const op_concat_t *concat = &pdu->user.concat;
    text_t *text = s_choose(line, event, turn, pdu);
    if (!text)
        return;
    op_key_t low = text->low, key = low;
    op_part_row_t row = {.pdu = hex, .received = found};
    row.group = text->count ? text->rows[0].group : op_turn_new_id(turn);
    row.shown = text->count && text->rows[0].shown;
    op_key_hash(&key, &concat->sequence, 1);
    op_inbound_put(line, turn, &key, &op_part_row_type, &row);
    if (text->count + 1 < concat->total)
        return;
    text = s_load(turn, &low);
    s_tell(line, event, turn, text, s_is_guessed(text));
    s_forget(turn, text);
}

/*  ---- Late parts ---- */

static void s_show(op_line_t *line, const op_event_t *event, op_turn_t *turn, const op_key_t *low)
{
    text_t *text = s_load(turn, low);
    s_tell(line, event, turn, text, true);
    for (size_t i = 0; i < text->count; i++) {
        text->rows[i].shown = true;
        op_turn_put(turn, &text->keys[i], &op_part_row_type, &text->rows[i]);
    }
    if (OP_PLANTED(PARTIAL_FINAL))
        s_forget(turn, text);
}

void op_parts_expire(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    enum { SHOWN_AT_ONCE = 8, FORGOTTEN_AT_ONCE = 100 };
    op_key_t low = op_key_of_text('P', op_str(line->number)), high = op_key_end(&low);
    op_key_t show[SHOWN_AT_ONCE], forget[FORGOTTEN_AT_ONCE];
    size_t shows = 0, forgets = 0;
    op_part_row_t row;
    op_str_t bytes;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (shows < SHOWN_AT_ONCE && forgets < FORGOTTEN_AT_ONCE &&
           op_turn_walk_next(walk, &op_part_row_type, &bytes, &row)) {
        op_key_t key = op_key_copy(bytes);
        if (row.shown && row.received + s_keep_ms <= event->now)
            forget[forgets++] = key;
        if (row.shown || row.received + s_patience_ms > event->now)
            continue;
        key.size--; /* the sequence: all parts of the text */
        bool known = shows && op_str_equal(op_key_str(&show[shows - 1]), op_key_str(&key));
        if (!known)
            show[shows++] = key;
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < shows; i++)
        s_show(line, event, turn, &show[i]);
    for (size_t i = 0; i < forgets; i++)
        op_turn_delete(turn, &forget[i]);
}
