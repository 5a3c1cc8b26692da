/*  modem_send.c - the queue and the journal of outbound texts: see modem.h */

#include "actors/failure.h"
#include "actors/modem_private.h"
#include "base/instant.h"
#include "base/plant.h"
#include "modem/cms_error.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_AHEAD = 100 }; /* texts looked at for one whose time has come */

static op_key_t s_queue_of(const op_line_t *line)
{
    return op_key_of_text('Q', op_str(line->number));
}

static void s_tell(op_turn_t *turn, const op_queue_row_t *row, op_text_state_t state,
                   op_failure_t failure)
{
    op_text_outcome_t outcome = {row->text, row->scope, state, op_str(op_failure_code(failure))};
    char owner[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(row->owner, owner, sizeof owner);
    op_str_t other = op_turn_request(turn);
    op_turn_on_behalf(turn, row->request);
    op_turn_tell(turn, owner, &op_text_outcome_type, &outcome);
    op_turn_on_behalf(turn, other);
}

static void s_settle(op_turn_t *turn, const op_key_t *key, const op_queue_row_t *row,
                     op_text_state_t state, op_failure_t failure)
{
    op_turn_delete(turn, key);
    s_tell(turn, row, state, failure);
}

/*  ---- The queue ---- */

static op_line_t *s_line_of(op_modem_t *self, op_str_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (op_str_is(number, self->lines[i].number))
            return &self->lines[i];
    return NULL;
}

/*  Codes and other texts are two queues, one behind the other. */
static op_key_t s_class_of(const op_line_t *line, size_t class)
{
    op_key_t key = s_queue_of(line);
    op_key_hash(&key, class == 0 ? "0" : "1", 1);
    return key;
}

void op_send_queue(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_text_send_t *send = OP_BODY(event, text_send);
    op_line_t *line = s_line_of(self, send->line);
    op_queue_row_t row = {.text = send->text,
                          .scope = send->scope,
                          .owner = event->from,
                          .to = send->to,
                          .body = send->body,
                          .code = send->code,
                          .expires = send->expires,
                          .request = op_turn_request(turn)};
    if (!line || op_sms_count(send->body) == 0) {
        s_tell(turn, &row, OP_TEXT_FAILED, line ? OP_FAILURE_NOT_SENDABLE : OP_FAILURE_NO_SERVICE);
        return;
    }
    row.reference = ++line->reference;
    op_key_t key = s_class_of(line, send->code ? 0 : 1);
    op_key_id(&key, op_turn_new_id(turn));
    op_turn_put(turn, &key, &op_queue_row_type, &row);
    op_key_t *first = &line->first[send->code ? 0 : 1];
    if (op_str_compare(op_key_str(&key), op_key_str(first)) < 0)
        *first = key; /* the clock went back before this start: the id is not behind all others */
    line->queue_empty = false;
    op_line_pump(self, line, event, turn);
}

static op_key_t s_key_copy(op_str_t bytes)
{
    op_key_t key = {.size = 0};
    op_key_hash(&key, bytes.at, bytes.size);
    return key;
}

static const int64_t s_pauses[OP_RETRIES_MAX] = {
    5 * OP_SECOND_MS, 30 * OP_SECOND_MS, 2 * OP_MINUTE_MS, 5 * OP_MINUTE_MS, 10 * OP_MINUTE_MS};

/*  Nothing pauses longer than the last of the pauses: else the clock went back meanwhile. */
static bool s_is_due(const op_queue_row_t *row, int64_t now)
{
    return row->not_before <= now || row->not_before > now + s_pauses[OP_RETRIES_MAX - 1];
}

/*  The walk begins where the last one found the first row: a queue in LevelDB leaves a trail of
    deletions before its head, and stepping over them again for each text would cost more than all
    else. New rows come behind all others, because ids increase (see op_send_queue). */
static bool s_pick_class(op_line_t *line, size_t class, const op_event_t *event, op_turn_t *turn,
                         op_key_t *key, op_queue_row_t *row)
{
    op_key_t all = s_class_of(line, class), high = op_key_end(&all);
    op_key_t *first = &line->first[class];
    op_walk_t *walk = op_turn_walk(turn, first->size ? first : &all, &high, false);
    op_str_t bytes;
    bool found = false;
    for (size_t i = 0; i < LOOK_AHEAD && !found; i++) {
        if (!op_turn_walk_next(walk, &op_queue_row_type, &bytes, row))
            break;
        *key = s_key_copy(bytes);
        if (i == 0)
            *first = *key;
        found = s_is_due(row, event->now) && (!row->in_air || OP_PLANTED(FORGET_AIR));
        if (!found && (!line->idle_until || row->not_before < line->idle_until))
            line->idle_until = row->not_before;
    }
    op_turn_walk_end(&walk);
    return found;
}

/*  The first text whose time has come. False: none; line->idle_until says when to look again. */
static bool s_pick(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_key_t *key,
                   op_queue_row_t *row)
{
    line->idle_until = 0;
    bool found = s_pick_class(line, 0, event, turn, key, row) ||
                 s_pick_class(line, 1, event, turn, key, row);
    line->queue_empty = !found;
    return found;
}

static void s_expire_class(op_line_t *line, size_t class, const op_event_t *event, op_turn_t *turn)
{
    op_key_t all = s_class_of(line, class), high = op_key_end(&all), dead[LOOK_AHEAD];
    op_key_t low = line->first[class].size ? line->first[class] : all;
    op_queue_row_t *rows = op_turn_alloc(turn, LOOK_AHEAD * sizeof *rows);
    size_t deaths = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_str_t bytes;
    for (size_t i = 0; i < LOOK_AHEAD; i++) {
        op_queue_row_t *row = &rows[deaths];
        if (!op_turn_walk_next(walk, &op_queue_row_type, &bytes, row))
            break;
        op_key_t key = s_key_copy(bytes);
        bool flying = line->flying && op_str_equal(bytes, op_key_str(&line->flight));
        if (row->expires <= event->now && !flying)
            dead[deaths++] = key;
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < deaths; i++) {
        bool doubt = rows[i].in_air || rows[i].sent;
        if (line->doubt && op_str_equal(op_key_str(&dead[i]), op_key_str(&line->flight)))
            line->doubt = false;
        s_settle(turn, &dead[i], &rows[i], OP_TEXT_FAILED,
                 doubt ? OP_FAILURE_UNKNOWN_OUTCOME : OP_FAILURE_EXPIRED);
    }
}

void op_send_expire(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    for (size_t class = 0; class < 2; class ++)
        s_expire_class(line, class, event, turn);
}

/*  The keys and rows of a line's whole queue, of one scope or (NULL) of all; how many. They live in
    the turn's arena; the queue's bound bounds them. */
static size_t s_collect(op_turn_t *turn, op_str_t number, const op_id_t *scope, op_key_t **keys,
                        op_queue_row_t **rows)
{
    op_key_t low = op_key_of_text('Q', number), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    size_t count = 0, capacity = 0;
    op_queue_row_t row;
    op_str_t bytes;
    *keys = NULL;
    *rows = NULL;
    while (op_turn_walk_next(walk, &op_queue_row_type, &bytes, &row)) {
        if (scope && !op_id_equal(row.scope, *scope))
            continue;
        if (count == capacity) {
            capacity = 2 * capacity + 64;
            op_key_t *more_keys = op_turn_alloc(turn, capacity * sizeof *more_keys);
            op_queue_row_t *more_rows = op_turn_alloc(turn, capacity * sizeof *more_rows);
            if (count) {
                memcpy(more_keys, *keys, count * sizeof *more_keys);
                memcpy(more_rows, *rows, count * sizeof *more_rows);
            }
            *keys = more_keys;
            *rows = more_rows;
        }
        (*keys)[count] = s_key_copy(bytes);
        (*rows)[count++] = row;
    }
    op_turn_walk_end(&walk);
    return count;
}

void op_send_cancel(const op_event_t *event, op_turn_t *turn)
{
    const op_text_cancel_t *cancel = OP_BODY(event, text_cancel);
    op_key_t *keys;
    op_queue_row_t *rows;
    size_t count = s_collect(turn, cancel->line, &cancel->scope, &keys, &rows);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].in_air && !rows[i].sent)
            s_settle(turn, &keys[i], &rows[i], OP_TEXT_FAILED, OP_FAILURE_RELEASED);
}

void op_send_abandon(op_str_t number, op_turn_t *turn)
{
    op_key_t *keys;
    op_queue_row_t *rows;
    size_t count = s_collect(turn, number, NULL, &keys, &rows);
    for (size_t i = 0; i < count; i++)
        s_settle(turn, &keys[i], &rows[i], OP_TEXT_FAILED,
                 rows[i].in_air || rows[i].sent ? OP_FAILURE_UNKNOWN_OUTCOME
                                                : OP_FAILURE_NO_SERVICE);
}

/*  ---- Submitting ---- */

/*  Starts the next part: the row says so before the command leaves. False: there is no such
    part. */
static bool s_submit(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_key_t *key, op_queue_row_t *row)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    op_buf_t hex = {0};
    op_pdu_t pdu = {.kind = OP_PDU_SUBMIT};
    bool can = op_sms_split(row->body, (uint8_t)row->reference, &arena, &parts) == OP_SMS_OK &&
               row->sent < parts.count && op_address_from(row->to, &pdu.peer) == 0;
    if (can) {
        pdu.user = parts.at[row->sent];
        can = op_pdu_encode(&pdu, &hex) == OP_PDU_OK;
    }
    if (can) {
        char command[32];
        snprintf(command, sizeof command, "AT+CMGS=%u", pdu.size);
        row->in_air = true;
        op_turn_put(turn, key, &op_queue_row_type, row);
        line->flying = true;
        line->flight = *key;
        line->late_answer &= OP_PLANTED(LATE_TO_NEXT);
        op_line_command(line, OP_JOB_SUBMIT, op_str(command), "+CMGS:", op_buf_str(&hex),
                        event->now + (int64_t)self->send_timeout_ms);
    }
    op_buf_free(&hex);
    op_arena_free(&arena);
    return can;
}

bool op_send_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    bool nothing_due = line->queue_empty && (!line->idle_until || line->idle_until > event->now);
    if (self->draining || nothing_due)
        return false;
    op_key_t key;
    op_queue_row_t row;
    while (s_pick(line, event, turn, &key, &row)) {
        if (row.expires <= event->now) {
            s_settle(turn, &key, &row, OP_TEXT_FAILED,
                     row.sent ? OP_FAILURE_UNKNOWN_OUTCOME : OP_FAILURE_EXPIRED);
            continue;
        }
        bool first = row.sent == 0 && row.tries == 0;
        if (s_submit(self, line, event, turn, &key, &row)) {
            if (first)
                s_tell(turn, &row, OP_TEXT_SENDING, OP_FAILURE_NONE);
            return true;
        }
        s_settle(turn, &key, &row, OP_TEXT_FAILED, OP_FAILURE_NOT_SENDABLE);
    }
    return false;
}

/*  The network has the part: on to the next one, or done. */
static void s_part_taken(op_turn_t *turn, const op_key_t *key, op_queue_row_t *row)
{
    row->sent += OP_PLANTED(DROP_PART) && row->sent == 1 ? 2 : 1;
    row->in_air = false;
    row->tries = 0;
    if (row->sent >= op_sms_count(row->body))
        s_settle(turn, key, row, OP_TEXT_SENT, OP_FAILURE_NONE);
    else
        op_turn_put(turn, key, &op_queue_row_type, row);
}

/*  The part was not taken, and may be tried again. */
static void s_try_later(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                        const op_key_t *key, op_queue_row_t *row, op_failure_t failure)
{
    row->in_air = false;
    if (row->tries >= OP_RETRIES_MAX) {
        s_settle(turn, key, row, OP_TEXT_FAILED, failure);
        return;
    }
    if (OP_PLANTED(RESEND_CONFIRMED))
        row->sent = 0;
    row->not_before = event->now + s_pauses[row->tries++];
    op_turn_put(turn, key, &op_queue_row_type, row);
    line->queue_empty = false;
}

/*  Nobody knows whether the part was taken: policy decides. */
static void s_unknown(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_key_t *key, op_queue_row_t *row)
{
    if (row->code || self->resend_unknown || OP_PLANTED(RESEND_UNKNOWN))
        s_try_later(line, event, turn, key, row, OP_FAILURE_UNKNOWN_OUTCOME);
    else
        s_settle(turn, key, row, OP_TEXT_FAILED,
                 OP_PLANTED(WRONG_REASON) ? OP_FAILURE_REJECTED : OP_FAILURE_UNKNOWN_OUTCOME);
}

static void s_refused(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      op_queue_row_t *row, const op_at_action_t *done)
{
    const op_key_t *key = &line->flight;
    if (!done->payload_sent) { /* the PDU never left */
        s_try_later(line, event, turn, key, row, OP_FAILURE_NO_SERVICE);
        return;
    }
    if (done->result == OP_AT_CME_ERROR) { /* the modem's own trouble: TS 27.007 9.2 */
        bool unknown = done->code == 100 || done->code < 0;
        if (unknown)
            s_unknown(self, line, event, turn, key, row);
        else
            s_try_later(line, event, turn, key, row, OP_FAILURE_NO_SERVICE);
        return;
    }
    switch (op_cms_class(done->code)) {
    case OP_CMS_TEMPORARY:
        s_try_later(line, event, turn, key, row, OP_FAILURE_NO_SERVICE);
        return;
    case OP_CMS_REJECTED:
        s_settle(turn, key, row, OP_TEXT_FAILED, OP_FAILURE_REJECTED);
        return;
    case OP_CMS_UNREACHABLE:
        s_settle(turn, key, row, OP_TEXT_FAILED, OP_FAILURE_UNREACHABLE);
        return;
    case OP_CMS_ACCEPTED:
        s_part_taken(turn, key, row);
        return;
    case OP_CMS_IN_DOUBT:
        s_unknown(self, line, event, turn, key, row);
        return;
    }
}

void op_send_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const op_at_action_t *done)
{
    op_queue_row_t row;
    line->flying = false;
    if (done->result == OP_AT_OK)
        op_line_count(self, line, turn, OP_METRIC_MODEM_SENDS, 1, NULL);
    else
        op_line_count(self, line, turn, OP_METRIC_MODEM_ERRORS, 1, op_at_result_name(done->result));
    if (!op_turn_get(turn, &line->flight, &op_queue_row_type, &row))
        return;
    switch (done->result) {
    case OP_AT_OK:
        s_part_taken(turn, &line->flight, &row);
        return;
    case OP_AT_ERROR:
    case OP_AT_CME_ERROR:
    case OP_AT_CMS_ERROR:
        s_refused(self, line, event, turn, &row, done);
        return;
    case OP_AT_TIMEOUT:
    case OP_AT_NO_PROMPT:
    case OP_AT_LOST:
        if (done->payload_sent)
            line->doubt = true; /* the drain that follows settles it */
        else
            s_try_later(line, event, turn, &line->flight, &row, OP_FAILURE_NO_SERVICE);
        return;
    }
}

/*  ---- In doubt ---- */

void op_send_find_doubt(op_line_t *line, op_turn_t *turn)
{
    op_key_t low = s_queue_of(line), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_queue_row_t row;
    op_str_t bytes;
    while (!line->doubt && op_turn_walk_next(walk, &op_queue_row_type, &bytes, &row))
        if (row.in_air &&
            !OP_PLANTED(
                FORGET_AIR)) { /* a line has one command in flight, so there is at most one */
            line->doubt = true;
            line->flight = s_key_copy(bytes);
        }
    op_turn_walk_end(&walk);
}

void op_send_settle_doubt(op_modem_t *self, op_line_t *line, const op_event_t *event,
                          op_turn_t *turn)
{
    if (!line->doubt)
        return;
    line->doubt = false;
    op_queue_row_t row;
    if (!op_turn_get(turn, &line->flight, &op_queue_row_type, &row))
        return;
    /* Nothing was submitted since, so a late answer can only be the answer to this part. */
    if (line->late_answer)
        s_part_taken(turn, &line->flight, &row);
    else
        s_unknown(self, line, event, turn, &line->flight, &row);
}
