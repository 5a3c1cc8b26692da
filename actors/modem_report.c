/*  modem_report.c - status reports: which part a report is about, and what it proves

    A part that the network has is remembered under its message reference (TP-MR) and the end of its
    recipient's digits, one that it may have under no reference. A report is for the part there and,
    of several, the submission nearest to its time stamp: references wrap after 256. Where none has
    its reference, or none of about then, it is for a part in doubt that was submitted about when the
    centre says, if there is only one text of which that can be: to call a text sent that is not
    would be worse than to doubt. Within those minutes the reference says more than the clocks, which
    may differ: it does not wrap so soon.

    Any report proves that the service centre has had the part, whatever became of it then.

    A report may come before the answer to its submission, or before that is in doubt: what fits
    nothing is kept for a while, and looked at again when a part is remembered. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"
#include "modem/sms.h"

#include <string.h>

enum {
    TAIL_DIGITS = 7,   /* what national and international forms of a number have in common */
    LOOK_AT_MOST = 200 /* rows of one kind */
};

/*  Centres try for two days as a rule, and say so at the end. */
static const int64_t s_keep_ms = 4 * OP_DAY_MS;
static const int64_t s_early_ms = OP_HOUR_MS;
/*  How far the centre's clock and ours may be apart for a part in doubt: less than it is held for,
    so that a report for an earlier text to the same phone does not fit. */
static const int64_t s_apart_ms = 5 * OP_MINUTE_MS;

bool op_report_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_report_row_t *)row)->submitted + s_keep_ms < *(const int64_t *)arg;
}

bool op_early_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_early_row_t *)row)->received + s_early_ms < *(const int64_t *)arg;
}

/*  The end of a number, which its forms have in common. */
static op_str_t s_tail(op_str_t number)
{
    size_t size = number.size < TAIL_DIGITS ? number.size : TAIL_DIGITS;
    return op_str_of(number.at + number.size - size, size);
}

static op_key_t s_reports_of(const op_line_t *line, uint64_t reference, op_str_t to)
{
    op_key_t key = op_key_of_text('R', op_str(line->number));
    op_key_number(&key, reference);
    op_key_text(&key, s_tail(to));
    return key;
}

static int64_t s_distance(const op_pdu_t *pdu, const op_report_row_t *row)
{
    int64_t by = pdu->stamp.instant - row->submitted;
    return by < 0 ? -by : by;
}

static bool s_is_stamped(const op_line_t *line, const op_pdu_t *pdu)
{
    return line->trust_stamps && pdu->stamp.instant;
}

/*  Was the part submitted about when the centre says, as far as that is known? */
static bool s_is_near(const op_line_t *line, const op_pdu_t *pdu, const op_report_row_t *row)
{
    return !s_is_stamped(line, pdu) || s_distance(pdu, row) <= s_apart_ms;
}

/*  It has had its last report. One with the same stamp is that again, another is another part's. */
static bool s_is_over(const op_line_t *line, const op_pdu_t *pdu, const op_report_row_t *row)
{
    return row->done && s_is_stamped(line, pdu) && row->stamped &&
           row->stamped != pdu->stamp.instant;
}

/*  The part under this reference that the report fits best. */
static bool s_match(const op_line_t *line, op_turn_t *turn, const op_pdu_t *pdu, uint64_t reference,
                    int64_t arrived, op_key_t *key, op_report_row_t *found)
{
    op_key_t low = s_reports_of(line, reference, op_str(pdu->peer.text)), high = op_key_end(&low);
    bool stamped = s_is_stamped(line, pdu), any = false;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, true); /* newest first */
    op_report_row_t row;
    op_str_t bytes;
    for (size_t i = 0;
         i < LOOK_AT_MOST && op_turn_walk_next(walk, &op_report_row_type, &bytes, &row); i++) {
        if (reference == OP_REFERENCE_UNKNOWN && row.submitted >= arrived)
            continue; /* no report comes before its part */
        if (reference == OP_REFERENCE_UNKNOWN && !s_is_near(line, pdu, &row))
            break; /* the newest does not fit: a clock is wrong, or it is for nobody */
        if (any && reference == OP_REFERENCE_UNKNOWN && !op_id_equal(row.text, found->text)) {
            any = false; /* two texts in doubt to one phone: nobody can tell them apart */
            break;
        }
        if (s_is_over(line, pdu, &row))
            continue;
        if (!any || (stamped && s_distance(pdu, &row) < s_distance(pdu, found))) {
            any = true;
            *found = row;
            *key = op_key_copy(bytes);
        }
        if (reference != OP_REFERENCE_UNKNOWN && (!stamped || row.submitted <= pdu->stamp.instant))
            break; /* what is older is farther off */
    }
    op_turn_walk_end(&walk);
    return any;
}

/*  The part that the report is for: under its reference, or in doubt (*doubt). */
static bool s_find(const op_line_t *line, op_turn_t *turn, const op_pdu_t *pdu, int64_t arrived,
                   op_key_t *key, op_report_row_t *row, bool *doubt)
{
    bool known = s_match(line, turn, pdu, pdu->reference, arrived, key, row);
    *doubt = false;
    if (known && s_is_near(line, pdu, row))
        return true;
    op_key_t other;
    op_report_row_t doubtful;
    *doubt = s_match(line, turn, pdu, OP_REFERENCE_UNKNOWN, arrived, &other, &doubtful);
    if (*doubt) {
        *key = other;
        *row = doubtful;
    }
    return known || *doubt;
}

/*  When it happened, as far as the centre's clock can be believed. */
static int64_t s_when(const op_line_t *line, const op_event_t *event, const op_pdu_t *pdu)
{
    int64_t at = pdu->discharge.instant;
    return line->trust_stamps && at && at < event->now ? at : event->now;
}

/*  The part was in doubt: now it has a reference, and its text may go on. */
static void s_prove(op_line_t *line, op_turn_t *turn, const op_pdu_t *pdu, op_key_t *key,
                    const op_report_row_t *row)
{
    op_str_t bytes = op_key_str(key);
    op_key_t base = s_reports_of(line, OP_REFERENCE_UNKNOWN, row->to);
    op_id_t id;
    bytes = op_str_of(bytes.at + base.size, bytes.size - base.size);
    OP_ASSERT(op_key_take_id(&bytes, &id));
    op_turn_delete(turn, key);
    *key = s_reports_of(line, pdu->reference, row->to);
    op_key_id(key, id);
    op_send_proven(line, turn, row, id);
}

static bool s_apply(op_line_t *line, const op_event_t *event, op_turn_t *turn, const op_pdu_t *pdu,
                    int64_t arrived)
{
    op_key_t key;
    op_report_row_t row;
    bool doubt;
    if (!s_find(line, turn, pdu, arrived, &key, &row, &doubt))
        return false;
    if (doubt)
        s_prove(line, turn, pdu, &key, &row);
    op_pdu_outcome_t outcome = op_pdu_outcome(pdu->status);
    bool last = outcome != OP_PDU_OUTCOME_TRYING;
    if (last && !row.done && op_str_is(row.owner, "ledger")) {
        op_text_reported_t told = {.text = row.text,
                                   .scope = row.scope,
                                   .parts = row.parts,
                                   .delivered = outcome == OP_PDU_OUTCOME_DELIVERED,
                                   .at = s_when(line, event, pdu)};
        op_turn_tell(turn, "ledger", &op_text_reported_type, &told);
    }
    row.stamped = last ? pdu->stamp.instant : row.stamped;
    row.done |= last;
    op_turn_put(turn, &key, &op_report_row_type, &row);
    return true;
}

/*  Reports that came before there was a part that they fit. */
static void s_look_at_early(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (line->no_early)
        return;
    op_key_t low = op_key_of_text('E', op_str(line->number)), high = op_key_end(&low);
    op_key_t *keys = op_turn_alloc(turn, LOOK_AT_MOST * sizeof *keys);
    op_early_row_t *rows = op_turn_alloc(turn, LOOK_AT_MOST * sizeof *rows);
    op_str_t bytes;
    size_t count = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < LOOK_AT_MOST &&
           op_turn_walk_next(walk, &op_early_row_type, &bytes, &rows[count]))
        keys[count++] = op_key_copy(bytes);
    op_turn_walk_end(&walk);
    line->no_early = count == 0;
    for (size_t i = 0; i < count; i++) {
        op_pdu_t pdu;
        if (op_pdu_decode(rows[i].pdu, &pdu) != OP_PDU_OK ||
            s_apply(line, event, turn, &pdu, rows[i].received))
            op_turn_delete(turn, &keys[i]);
    }
}

void op_report_expect(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_key_t *queued, const op_queue_row_t *row, uint64_t reference)
{
    op_key_t base = op_key_of_text('Q', op_str(line->number));
    op_str_t bytes = op_key_str(queued); /* tag, line, class, id */
    bytes = op_str_of(bytes.at + base.size + 1, bytes.size - base.size - 1);
    op_report_row_t report = {.text = row->text,
                              .scope = row->scope,
                              .owner = row->owner,
                              .to = row->to,
                              .parts = op_sms_count(row->body, row->wide),
                              .submitted = row->submitted,
                              .part = row->sent,
                              .code = row->code};
    OP_ASSERT(op_key_take_id(&bytes, &report.queued));
    op_key_t key = s_reports_of(line, reference, row->to);
    op_key_id(&key, reference == OP_REFERENCE_UNKNOWN ? row->doubt : op_turn_new_id(turn));
    op_turn_put(turn, &key, &op_report_row_type, &report);
    s_look_at_early(line, event, turn);
}

/*  The report may be about the part that is in the air, whose reference nobody knows yet, unless
    another one has its reference. */
static bool s_may_be_flying(const op_line_t *line, const op_event_t *event, op_turn_t *turn,
                            const op_pdu_t *pdu)
{
    op_queue_row_t row;
    op_key_t key;
    op_report_row_t known;
    bool flies = (line->flying || line->doubt) &&
                 op_turn_get(turn, &line->flight, &op_queue_row_type, &row) &&
                 op_str_equal(s_tail(row.to), s_tail(op_str(pdu->peer.text)));
    return flies && !(s_match(line, turn, pdu, pdu->reference, event->now, &key, &known) &&
                      s_is_near(line, pdu, &known));
}

void op_report_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                    const op_pdu_t *pdu)
{
    if (!s_may_be_flying(line, event, turn, pdu) && s_apply(line, event, turn, pdu, event->now))
        return;
    op_key_t key = op_key_of_text('E', op_str(line->number));
    op_key_id(&key, op_turn_new_id(turn));
    op_early_row_t early = {hex, event->now};
    line->no_early = false;
    op_turn_put(turn, &key, &op_early_row_type, &early);
}
