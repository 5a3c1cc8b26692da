/*  modem_queue.c - the texts that wait for a line: queued, picked, expired, cancelled

    Codes and other texts are two queues, one after the other. What waits for its next try is paused,
    what is in doubt and waits for a status report is held: both are out of the queue, so that they
    block nobody however many they are, and come back to their own place in it when their time, or
    the report, has come. */

#include "actors/failure.h"
#include "actors/modem_private.h"
#include "base/instant.h"
#include "base/plant.h"
#include "modem/sms.h"

#include <string.h>

enum { LOOK_AT_MOST = 100 }; /* texts in one go */

static op_key_t s_queue_of(const op_line_t *line)
{
    return op_key_of_text('Q', op_str(line->number));
}

void op_queue_tell(op_turn_t *turn, const op_queue_row_t *row, op_text_state_t state,
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

static void s_count(op_line_t *line, op_turn_t *turn)
{
    op_line_count(line, turn, OP_METRIC_MODEM_WAITING, (int64_t)line->waiting, NULL);
}

void op_queue_settle(op_line_t *line, op_turn_t *turn, const op_key_t *key,
                     const op_queue_row_t *row, op_text_state_t state, op_failure_t failure)
{
    op_turn_delete(turn, key);
    if (line) {
        line->waiting--;
        s_count(line, turn);
    }
    op_queue_tell(turn, row, state, failure);
}

/*  ---- The queue ---- */

static op_line_t *s_line_of(op_modem_t *self, op_str_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (op_str_is(number, self->lines[i].number))
            return &self->lines[i];
    return NULL;
}

static op_key_t s_class_of(const op_line_t *line, size_t class)
{
    op_key_t key = s_queue_of(line);
    op_key_hash(&key, class == 0 ? "0" : "1", 1);
    return key;
}

/*  A row was put that may lie before all others: its text was held, or the clock went back before
    this start. */
static void s_is_there(op_line_t *line, const op_key_t *key)
{
    op_key_t others = s_class_of(line, 1);
    size_t class = op_str_compare(op_key_str(key), op_key_str(&others)) < 0 ? 0 : 1;
    if (op_str_compare(op_key_str(key), op_key_str(&line->first[class])) < 0)
        line->first[class] = *key;
    line->none[class] = false;
    line->queue_empty = false;
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
    if (!line || op_sms_count(send->body, self->wide_references) == 0) {
        op_queue_tell(turn, &row, OP_TEXT_FAILED,
                      line ? OP_FAILURE_NOT_SENDABLE : OP_FAILURE_NO_SERVICE);
        return;
    }
    row.wide = self->wide_references;
    row.reference = ++line->reference & (self->wide_references ? 0xffff : 0xff);
    op_key_t key = s_class_of(line, send->code ? 0 : 1);
    op_key_id(&key, op_turn_new_id(turn));
    op_turn_put(turn, &key, &op_queue_row_type, &row);
    line->waiting++;
    s_count(line, turn);
    s_is_there(line, &key);
    op_line_pump(self, line, event, turn);
}

op_key_t op_key_copy(op_str_t bytes)
{
    op_key_t key = {.size = 0};
    op_key_hash(&key, bytes.at, bytes.size);
    return key;
}

/*  ---- Paused ---- */

static const int64_t s_pauses[OP_RETRIES_MAX] = {
    5 * OP_SECOND_MS, 30 * OP_SECOND_MS, 2 * OP_MINUTE_MS, 5 * OP_MINUTE_MS, 10 * OP_MINUTE_MS};

int64_t op_queue_pause(uint64_t tries)
{
    OP_ASSERT(tries < OP_RETRIES_MAX);
    return s_pauses[tries];
}

static op_key_t s_paused_until(const op_line_t *line, int64_t instant)
{
    op_key_t key = op_key_of_text('D', op_str(line->number));
    op_key_number(&key, (uint64_t)instant);
    return key;
}

/*  What stands behind the line in its key in the queue: class and id. */
static op_str_t s_place_of(const op_line_t *line, op_str_t key)
{
    op_key_t base = s_queue_of(line);
    return op_str_of(key.at + base.size, key.size - base.size);
}

void op_queue_postpone(op_line_t *line, op_turn_t *turn, const op_key_t *key, op_queue_row_t *row,
                       int64_t until)
{
    op_key_t paused = s_paused_until(line, until);
    op_str_t place = s_place_of(line, op_key_str(key));
    op_key_hash(&paused, place.at, place.size);
    row->not_before = until;
    op_turn_delete(turn, key);
    op_turn_put(turn, &paused, &op_queue_row_type, row);
    if (until < line->paused_until)
        line->paused_until = until;
}

/*  Its own place in the queue. */
static op_key_t s_place_again(const op_line_t *line, op_str_t paused)
{
    op_key_t key = s_queue_of(line), base = s_paused_until(line, 0);
    op_key_hash(&key, paused.at + base.size, paused.size - base.size);
    return key;
}

static void s_return(op_line_t *line, op_turn_t *turn, op_str_t paused, op_queue_row_t *row)
{
    op_key_t old = op_key_copy(paused), key = s_place_again(line, paused);
    row->not_before = 0;
    op_turn_delete(turn, &old);
    op_turn_put(turn, &key, &op_queue_row_type, row);
    s_is_there(line, &key);
}

/*  The texts that are paused until an instant in [from, to) are in the queue again, some at a time.
    Until when the first one is paused that stays; INT64_MAX: none does. */
static int64_t s_return_some(op_line_t *line, op_turn_t *turn, int64_t from, int64_t to)
{
    op_key_t low = s_paused_until(line, from), all = op_key_of_text('D', op_str(line->number));
    op_key_t high = op_key_end(&all);
    op_queue_row_t *rows = op_turn_alloc(turn, (LOOK_AT_MOST + 1) * sizeof *rows);
    op_str_t keys[LOOK_AT_MOST + 1];
    size_t count = 0;
    int64_t next = INT64_MAX;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (next == INT64_MAX &&
           op_turn_walk_next(walk, &op_queue_row_type, &keys[count], &rows[count]))
        if (rows[count].not_before >= to || count == LOOK_AT_MOST)
            next = rows[count].not_before;
        else
            count++;
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < count; i++)
        s_return(line, turn, keys[i], &rows[i]);
    return next;
}

/*  Nothing pauses longer than the last of the pauses: else the clock went back meanwhile. */
static void s_return_due(op_line_t *line, int64_t now, op_turn_t *turn)
{
    (void)s_return_some(line, turn, now + s_pauses[OP_RETRIES_MAX - 1] + 1, INT64_MAX);
    line->paused_until = s_return_some(line, turn, 0, now + 1);
}

/*  ---- Picked ---- */

/*  The walk begins where the last one found the first row: a queue in LevelDB leaves a trail of
    deletions before its head, and stepping over them again for each text would cost more than all
    else. New rows come behind all others, because ids increase (see op_send_queue). What is in the
    air is passed over: there is at most one. */
static bool s_pick_class(op_line_t *line, size_t class, op_turn_t *turn, op_key_t *key,
                         op_queue_row_t *row)
{
    if (line->none[class])
        return false;
    op_key_t all = s_class_of(line, class), high = op_key_end(&all);
    op_key_t *first = &line->first[class];
    op_walk_t *walk = op_turn_walk(turn, first->size ? first : &all, &high, false);
    op_str_t bytes;
    bool found = false, any = false;
    while (!found && op_turn_walk_next(walk, &op_queue_row_type, &bytes, row)) {
        *key = op_key_copy(bytes);
        if (!any)
            *first = *key;
        any = true;
        found = !row->in_air || OP_PLANTED(FORGET_AIR);
    }
    line->none[class] = !any;
    op_turn_walk_end(&walk);
    return found;
}

bool op_queue_pick(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_key_t *key,
                   op_queue_row_t *row)
{
    if (line->paused_until <= event->now)
        s_return_due(line, event->now, turn);
    line->idle_until = line->paused_until < INT64_MAX ? line->paused_until : 0;
    bool found = s_pick_class(line, 0, turn, key, row) || s_pick_class(line, 1, turn, key, row);
    line->queue_empty = !found;
    return found;
}

/*  ---- Expired ---- */

/*  Of one kind of row, some at a time: the next look goes on where this one ends. */
static void s_expire_some(op_line_t *line, const op_key_t *all, op_key_t *next,
                          const op_event_t *event, op_turn_t *turn)
{
    op_key_t high = op_key_end(all), low = next->size ? *next : *all, dead[LOOK_AT_MOST];
    op_queue_row_t *rows = op_turn_alloc(turn, LOOK_AT_MOST * sizeof *rows);
    size_t deaths = 0, looked = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_str_t bytes;
    next->size = 0;
    while (looked++ < LOOK_AT_MOST &&
           op_turn_walk_next(walk, &op_queue_row_type, &bytes, &rows[deaths])) {
        op_key_t key = op_key_copy(bytes);
        bool flying = line->flying && op_str_equal(bytes, op_key_str(&line->flight));
        if (looked == LOOK_AT_MOST)
            *next = key;
        if (rows[deaths].expires <= event->now && !flying)
            dead[deaths++] = key;
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < deaths; i++) {
        bool doubt = rows[i].in_air || rows[i].sent || !op_id_is_none(rows[i].doubt);
        if (line->doubt && op_str_equal(op_key_str(&dead[i]), op_key_str(&line->flight)))
            line->doubt = false;
        op_queue_settle(line, turn, &dead[i], &rows[i], OP_TEXT_FAILED,
                        doubt ? OP_FAILURE_UNKNOWN_OUTCOME : OP_FAILURE_EXPIRED);
        if (!rows[i].in_air || !rows[i].asked)
            continue;
        rows[i].doubt = op_turn_new_id(turn); /* else its report would be taken for another's */
        op_report_expect(line, event, turn, &dead[i], &rows[i], OP_REFERENCE_UNKNOWN);
    }
}

/*  ---- Held ---- */

static op_key_t s_held_key(const op_key_t *key)
{
    op_key_t held = *key;
    held.bytes[0] = 'H';
    return held;
}

void op_queue_hold(const op_modem_t *self, const op_event_t *event, op_turn_t *turn,
                   const op_key_t *key, op_queue_row_t *row)
{
    op_key_t held = s_held_key(key);
    row->in_air = false;
    row->not_before = event->now + self->doubt_ms;
    op_turn_delete(turn, key);
    op_turn_put(turn, &held, &op_queue_row_type, row);
}

/*  Paused texts are ordered by time: all are looked at, for a report that proves a part which was
    to be sent again. */
static bool s_find_paused(op_line_t *line, op_turn_t *turn, const op_key_t *key,
                          op_queue_row_t *row)
{
    op_key_t low = op_key_of_text('D', op_str(line->number)), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_str_t bytes;
    bool found = false;
    while (!found && op_turn_walk_next(walk, &op_queue_row_type, &bytes, row)) {
        op_key_t place = s_place_again(line, bytes);
        found = op_str_equal(op_key_str(&place), op_key_str(key));
    }
    op_turn_walk_end(&walk);
    if (found)
        s_return(line, turn, bytes, row);
    return found;
}

bool op_queue_find(op_line_t *line, op_turn_t *turn, bool code, op_id_t id, op_key_t *key,
                   op_queue_row_t *row)
{
    *key = s_class_of(line, code ? 0 : 1);
    op_key_id(key, id);
    op_key_t held = s_held_key(key);
    if (op_turn_get(turn, &held, &op_queue_row_type, row)) {
        op_turn_delete(turn, &held);
        s_is_there(line, key);
        row->not_before = 0;
        op_turn_put(turn, key, &op_queue_row_type, row);
        return true;
    }
    return op_turn_get(turn, key, &op_queue_row_type, row) || s_find_paused(line, turn, key, row);
}

/*  No report has come in time. */
static void s_expire_held(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                          op_turn_t *turn)
{
    op_key_t all = op_key_of_text('H', op_str(line->number)), high = op_key_end(&all);
    op_key_t dead[LOOK_AT_MOST];
    op_queue_row_t *rows = op_turn_alloc(turn, LOOK_AT_MOST * sizeof *rows);
    size_t deaths = 0;
    op_str_t bytes;
    op_walk_t *walk = op_turn_walk(turn, &all, &high, false);
    while (deaths < LOOK_AT_MOST &&
           op_turn_walk_next(walk, &op_queue_row_type, &bytes, &rows[deaths])) {
        int64_t until = rows[deaths].not_before;
        if (until <= event->now || until > event->now + self->doubt_ms)
            dead[deaths++] = op_key_copy(bytes);
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < deaths && !OP_PLANTED(HELD_FOREVER); i++)
        op_queue_settle(line, turn, &dead[i], &rows[i],
                        OP_PLANTED(HELD_IS_SENT) ? OP_TEXT_SENT : OP_TEXT_FAILED,
                        OP_PLANTED(WRONG_REASON) ? OP_FAILURE_REJECTED
                                                 : OP_FAILURE_UNKNOWN_OUTCOME);
}

void op_send_expire(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                    op_turn_t *turn)
{
    const op_key_t all[] = {op_key_of_text('D', op_str(line->number)), s_class_of(line, 0),
                            s_class_of(line, 1)};
    for (size_t i = 0; i < OP_COUNT(all); i++) {
        if (i && !line->expire_from[i].size) /* see s_pick_class */
            line->expire_from[i] = line->first[i - 1];
        s_expire_some(line, &all[i], &line->expire_from[i], event, turn);
    }
    s_expire_held(self, line, event, turn);
}

/*  ---- Whole queues ---- */

/*  The keys and rows of a line's whole queue, of one scope or (NULL) of all; how many. They live in
    the turn's arena; the queue's bound bounds them. */
static size_t s_collect(op_turn_t *turn, char tag, op_str_t number, const op_id_t *scope,
                        op_key_t **keys, op_queue_row_t **rows)
{
    op_key_t low = op_key_of_text(tag, number), high = op_key_end(&low);
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
        (*keys)[count] = op_key_copy(bytes);
        (*rows)[count++] = row;
    }
    op_turn_walk_end(&walk);
    return count;
}

void op_send_cancel(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_text_cancel_t *cancel = OP_BODY(event, text_cancel);
    op_line_t *line = s_line_of(self, cancel->line);
    static const char tags[] = {'Q', 'D'};
    for (size_t t = 0; t < sizeof tags; t++) {
        op_key_t *keys;
        op_queue_row_t *rows;
        size_t count = s_collect(turn, tags[t], cancel->line, &cancel->scope, &keys, &rows);
        for (size_t i = 0; i < count; i++)
            if (!rows[i].in_air && !rows[i].sent && op_id_is_none(rows[i].doubt))
                op_queue_settle(line, turn, &keys[i], &rows[i], OP_TEXT_FAILED,
                                OP_FAILURE_RELEASED);
    }
    op_turn_compact(turn); /* the account may have been erased; what went out before is here, too */
}

void op_send_abandon(op_str_t number, op_turn_t *turn)
{
    static const char tags[] = {'Q', 'D', 'H'};
    for (size_t t = 0; t < sizeof tags; t++) {
        op_key_t *keys;
        op_queue_row_t *rows;
        size_t count = s_collect(turn, tags[t], number, NULL, &keys, &rows);
        for (size_t i = 0; i < count; i++) {
            bool doubt = rows[i].in_air || rows[i].sent || !op_id_is_none(rows[i].doubt);
            op_queue_settle(NULL, turn, &keys[i], &rows[i], OP_TEXT_FAILED,
                            doubt ? OP_FAILURE_UNKNOWN_OUTCOME : OP_FAILURE_NO_SERVICE);
        }
    }
}

static size_t s_count_all(const op_line_t *line, char tag, op_turn_t *turn, op_key_t *in_air)
{
    op_key_t low = op_key_of_text(tag, op_str(line->number)), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_queue_row_t row;
    op_str_t bytes;
    size_t count = 0;
    for (; op_turn_walk_next(walk, &op_queue_row_type, &bytes, &row); count++)
        if (row.in_air) /* a line has one command in flight: there is at most one */
            *in_air = op_key_copy(bytes);
    op_turn_walk_end(&walk);
    return count;
}

void op_send_begin(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                   op_turn_t *turn)
{
    static const char tags[] = {'H', 'D', 'Q'};
    op_key_t in_air = {.size = 0};
    line->waiting = 0;
    for (size_t t = 0; t < sizeof tags; t++)
        line->waiting += s_count_all(line, tags[t], turn, &in_air);
    s_count(line, turn);
    line->doubt = in_air.size && !OP_PLANTED(FORGET_AIR);
    op_queue_row_t row = {.sent = 0};
    if (line->doubt && op_turn_get(turn, &in_air, &op_queue_row_type, &row)) {
        line->doubt_until = event->now + (int64_t)self->send_timeout_ms;
        op_send_remember(line, &in_air, &row);
    }
}
