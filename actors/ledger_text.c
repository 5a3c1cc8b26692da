/*  ledger_text.c - texts on their way: accepted, handed over, settled, received */

#include "actors/failure.h"
#include "actors/ledger_private.h"
#include "base/instant.h"
#include "base/plant.h"

#include <string.h>

enum {
    QUEUE_FULL_RETRY_S = 30,
    GIVE_UP_DAYS = 7, /* behind a text's time to live */
    GIVE_UP_SLICE = 100
};

uint64_t op_ledger_count(op_turn_t *turn, const op_key_t *key)
{
    op_counter_row_t row;
    return op_turn_get(turn, key, &op_counter_row_type, &row) ? row.value : 0;
}

static void s_set_count(op_turn_t *turn, const op_key_t *key, uint64_t value)
{
    op_counter_row_t row = {value};
    op_turn_put(turn, key, &op_counter_row_type, &row);
}

/*  What the account has sent from the number today. */
typedef struct {
    op_key_t key;
    uint64_t limit, used;
    int64_t ends;
} s_day_t;

/*  Shows it too: whatever becomes of the call, this window is one of those that it has. */
static s_day_t s_day(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn, bool shared)
{
    uint64_t today = (uint64_t)op_instant_day(event->now);
    s_day_t day = {.key = op_key('d'),
                   .limit = shared ? self->setup.day_free : self->setup.day_paid,
                   .ends = (int64_t)(today + 1) * OP_DAY_MS};
    op_key_number(&day.key, today);
    op_key_id(&day.key, event->context->account);
    op_key_id(&day.key, event->context->number);
    day.used = op_ledger_count(turn, &day.key);
    op_context_window(event->context, day.limit, day.used < day.limit ? day.limit - day.used : 0,
                      day.ends);
    return day;
}

static op_key_t s_peer_key(op_id_t number, op_str_t peer)
{
    op_key_t key = op_key_of_id('p', number);
    peer.size -= OP_PLANTED(FAN_OUT);
    op_key_text(&key, peer);
    return key;
}

/*  Tells the webhook actor what happened; it knows whether anybody wants to hear it. */
static void s_tell_event(const op_event_t *event, op_turn_t *turn, const char *type, op_id_t lease,
                         op_id_t id, char direction, op_str_t number, const op_text_row_t *row)
{
    op_number_event_t tell = {.account = row->account,
                              .number = row->number,
                              .type = op_str(type),
                              .event = op_turn_new_id(turn),
                              .at = event->now,
                              .message = op_ledger_view(turn, id, direction, number, row),
                              .lease = lease};
    op_turn_tell(turn, "webhook", &op_number_event_type, &tell);
}

/*  ---- Accepting ---- */

/*  Everything that can be wrong with a text before the counts are looked at. OP_OK: accept. *inside
    is the lease of the number it is handed over to, none for a text that goes out by radio. */
static op_error_t s_check(op_ledger_t *self, op_turn_t *turn, const op_message_send_t *send,
                          const op_number_row_t *number, op_id_t *inside)
{
    op_id_t target;
    op_number_row_t row;
    *inside = (op_id_t){{0}};
    if (op_str_equal(send->to, number->e164))
        return OP_ERROR_SELF_SEND;
    if (op_ledger_number_at(turn, send->to, &target, &row)) {
        *inside = row.lease;
        return op_id_is_none(row.lease) ? OP_ERROR_TARGET_IS_POOL : OP_OK;
    }
    return op_phone_allowed(send->to, self->setup.prefixes) ? OP_OK : OP_ERROR_INVALID_PHONE;
}

/*  The daily cap is the last of the windows: when it refuses, the others get their call back. Since
    the note to rate must leave, this refusal is answered as a reply. */
static void s_refuse_day(const op_event_t *event, op_turn_t *turn, const s_day_t *day)
{
    event->context->limit = 0;
    op_context_window(event->context, day->limit, 0, day->ends);
    op_rate_return_t give_back = {event->context->key, event->context->counted};
    op_turn_note(turn, "rate", &op_rate_return_type, &give_back);
    op_refusal_t refusal = {.error = OP_ERROR_RATE_LIMITED,
                            .retry_after = (uint64_t)(day->ends - event->now + OP_SECOND_MS - 1) /
                                           OP_SECOND_MS};
    op_turn_reply(turn, &op_refusal_type, &refusal);
}

static void s_remember_peer(op_turn_t *turn, const op_context_t *context, op_str_t peer)
{
    op_key_t key = s_peer_key(context->number, peer);
    op_key_id(&key, context->account);
    if (op_ledger_count(turn, &key) == 0)
        s_set_count(turn, &key, 1);
}

static void s_accept(op_ledger_t *self, const op_event_t *event, op_turn_t *turn,
                     const op_number_row_t *number, op_id_t scope, op_id_t inside)
{
    const op_message_send_t *send = OP_BODY(event, message_send);
    const op_context_t *context = event->context;
    op_id_t id = op_turn_new_id(turn);
    op_text_row_t row = {.account = context->account,
                         .number = context->number,
                         .peer = send->to,
                         .body = send->body,
                         .state = OP_TEXT_QUEUED,
                         .created = event->now};
    op_key_t key = op_ledger_text_key(scope, 'o', id);
    op_turn_put(turn, &key, &op_text_row_type, &row);
    op_ledger_idempotency_remember(event, turn, scope, id);
    if (number->shared)
        s_remember_peer(turn, context, send->to);

    op_text_send_t text = {.text = id,
                           .scope = scope,
                           .line = number->e164,
                           .to = send->to,
                           .body = send->body,
                           .expires = event->now + (int64_t)self->setup.text_ttl_ms,
                           .lease = inside};
    char carrier[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(op_id_is_none(inside) ? number->modem : OP_STR("ledger"), carrier, sizeof carrier);
    op_turn_tell(turn, carrier, &op_text_send_type, &text);
    if (op_id_is_none(inside)) {
        op_open_row_t open = {scope, event->now};
        key = op_key_of_id('o', id);
        op_turn_put(turn, &key, &op_open_row_type, &open);
    }

    op_message_view_t view = op_ledger_view(turn, id, 'o', number->e164, &row);
    op_turn_reply(turn, &op_message_view_type, &view);
}

/*  Has its carrier, or the webhook actor that hears what becomes of it, too much waiting? */
static bool s_is_full(op_turn_t *turn, op_str_t carrier)
{
    char name[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(carrier, name, sizeof name);
    return op_turn_is_full(turn, name) || op_turn_is_full(turn, "webhook");
}

void op_ledger_on_submit(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_message_send_t *send = OP_BODY(event, message_send);
    op_context_t *context = event->context;
    op_number_row_t number;
    op_id_t inside;
    if (!op_ledger_own_number(event, turn, &number))
        return;
    s_day_t day = s_day(self, event, turn, number.shared);
    op_id_t scope = op_ledger_scope(context->account, context->number, context->lease);
    if (op_ledger_idempotency_repeats(event, turn, scope, number.e164))
        return;
    op_error_t error = s_check(self, turn, send, &number, &inside);
    if (error != OP_OK) {
        const char *sentence = error == OP_ERROR_INVALID_PHONE
                                   ? "This server does not text numbers with this prefix."
                                   : NULL;
        op_turn_refuse_with(turn, error, "to", sentence, 0);
        return;
    }
    if (s_is_full(turn, op_id_is_none(inside) ? number.modem : OP_STR("ledger"))) {
        op_turn_refuse_with(turn, OP_ERROR_UNAVAILABLE, NULL, NULL, OP_FULL_RETRY_S);
        return;
    }
    op_key_t queue_key = op_key_of_id('q', context->number);
    uint64_t waiting = op_ledger_count(turn, &queue_key);
    if (day.used >= day.limit + OP_PLANTED(CAP_OFF_BY_ONE)) {
        s_refuse_day(event, turn, &day);
        return;
    }
    bool radio = op_id_is_none(inside);
    if (radio && waiting >= self->setup.queue_max) {
        op_turn_refuse_with(turn, OP_ERROR_UNAVAILABLE, NULL,
                            "Too many texts wait for this number's line.", QUEUE_FULL_RETRY_S);
        return;
    }
    s_set_count(turn, &day.key, day.used + 1);
    if (radio)
        s_set_count(turn, &queue_key, waiting + 1);
    op_context_window(context, day.limit, day.limit - day.used - 1, day.ends);
    s_accept(self, event, turn, &number, scope, inside);
}

/*  ---- Settling ---- */

/*  May a text go from one state to the other? Outcomes may repeat or overtake each other only
    across a restart of the modem's actor; a settled text stays as it is. */
static bool s_may_become(uint64_t from, uint64_t to)
{
    bool open = from == OP_TEXT_QUEUED || from == OP_TEXT_SENDING;
    return open && to > from && to <= OP_TEXT_FAILED;
}

/*  A scope is a lease, or stands for account and number without one. */
static op_id_t s_lease_of(const op_text_row_t *row, op_id_t scope)
{
    op_id_t none = {{0}};
    return op_id_equal(scope, op_ledger_scope(row->account, row->number, none)) ? none : scope;
}

static bool s_settle(const op_event_t *event, op_turn_t *turn, op_id_t scope, op_id_t id,
                     op_text_state_t state, op_str_t failure)
{
    op_key_t key = op_ledger_text_key(scope, 'o', id);
    op_text_row_t row;
    op_number_row_t number;
    if (!op_turn_get(turn, &key, &op_text_row_type, &row) || !s_may_become(row.state, state) ||
        !op_ledger_number(turn, row.number, &number))
        return false;
    row.state = state;
    if (state != OP_TEXT_SENDING)
        row.settled = event->now;
    row.failure = failure;
    op_turn_put(turn, &key, &op_text_row_type, &row);
    if (state != OP_TEXT_SENDING)
        s_tell_event(event, turn, state == OP_TEXT_SENT ? "message.sent" : "message.failed",
                     s_lease_of(&row, scope), id, 'o', number.e164, &row);
    return true;
}

void op_ledger_count_down(op_turn_t *turn, op_id_t number)
{
    op_key_t key = op_key_of_id('q', number);
    uint64_t waiting = op_ledger_count(turn, &key);
    if (waiting) /* none: the row could not be read, and this turn ends there */
        s_set_count(turn, &key, waiting - !OP_PLANTED(QUEUE_COUNT));
}

void op_ledger_on_outcome(const op_event_t *event, op_turn_t *turn)
{
    const op_text_outcome_t *outcome = OP_BODY(event, text_outcome);
    op_key_t key = op_ledger_text_key(outcome->scope, 'o', outcome->text);
    op_text_row_t row;
    if (!op_turn_get(turn, &key, &op_text_row_type, &row))
        return;
    if (!s_settle(event, turn, outcome->scope, outcome->text, (op_text_state_t)outcome->state,
                  outcome->code) ||
        outcome->state == OP_TEXT_SENDING)
        return;
    op_ledger_count_down(turn, row.number);
    key = op_key_of_id('o', outcome->text);
    op_turn_delete(turn, &key);
}

typedef struct {
    op_id_t id, scope;
} open_t;

/*  The oldest of the open texts that are so old that no outcome will come. */
static size_t s_forgotten(const op_ledger_t *self, int64_t now, op_turn_t *turn,
                          open_t texts[GIVE_UP_SLICE])
{
    int64_t horizon = now - (int64_t)self->setup.text_ttl_ms - GIVE_UP_DAYS * OP_DAY_MS;
    op_key_t low = op_key('o'), high = op_key_end(&low);
    op_open_row_t row;
    op_str_t key;
    size_t count = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < GIVE_UP_SLICE && op_turn_walk_next(walk, &op_open_row_type, &key, &row) &&
           row.created < horizon) {
        key = op_str_of(key.at + 1, key.size - 1);
        texts[count].scope = row.scope;
        if (op_key_take_id(&key, &texts[count].id))
            count++;
    }
    op_turn_walk_end(&walk);
    return count;
}

bool op_ledger_give_up(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    open_t texts[GIVE_UP_SLICE];
    size_t count = s_forgotten(self, event->now, turn, texts);
    op_str_t why = op_str(op_failure_code(OP_FAILURE_UNKNOWN_OUTCOME));
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        op_key_t key = op_ledger_text_key(texts[i].scope, 'o', texts[i].id);
        op_text_row_t row; /* none: its account was erased */
        if (op_turn_get(turn, &key, &op_text_row_type, &row) &&
            s_settle(event, turn, texts[i].scope, texts[i].id, OP_TEXT_FAILED, why)) {
            op_ledger_count_down(turn, row.number);
            failed++;
        }
        key = op_key_of_id('o', texts[i].id);
        op_turn_delete(turn, &key);
    }
    if (failed)
        op_turn_warn(turn, "texts were given up whose modem's host has lost them count=%zu",
                     failed);
    return count < GIVE_UP_SLICE;
}

/*  The status stays as it is: `sent` and `failed` are for good. That the text has arrived, or will
    not, is said beside it; so a text in doubt that has failed and then shows up is not hidden. */
void op_ledger_on_reported(const op_event_t *event, op_turn_t *turn)
{
    const op_text_reported_t *report = OP_BODY(event, text_reported);
    op_key_t key = op_ledger_text_key(report->scope, 'o', report->text);
    op_text_row_t row;
    if (!op_turn_get(turn, &key, &op_text_row_type, &row))
        return;
    if (report->delivered)
        row.arrived++;
    else if (!row.undelivered)
        row.undelivered = report->at;
    if (report->delivered && row.arrived == report->parts)
        row.delivered = report->at;
    op_turn_put(turn, &key, &op_text_row_type, &row);
}

/*  ---- Receiving ---- */

/*  A long text that this account was shown in part: completed where it stands, without a second
    event. */
static bool s_complete(op_turn_t *turn, const op_key_t *key, const op_text_received_t *text)
{
    op_partial_row_t partial;
    op_text_row_t row;
    if (!op_turn_get(turn, key, &op_partial_row_type, &partial))
        return false;
    op_key_t at = op_ledger_text_key(partial.scope, 'i', partial.text);
    if (!text->partial && op_turn_get(turn, &at, &op_text_row_type, &row) && row.partial) {
        row.body = text->body;
        row.partial = false;
        op_turn_put(turn, &at, &op_text_row_type, &row);
    }
    return true;
}

static op_key_t s_partial_key(op_id_t group, op_id_t account)
{
    op_key_t key = op_key_of_id('g', group);
    op_key_id(&key, account);
    return key;
}

static void s_take_in(const op_event_t *event, op_turn_t *turn, op_id_t account, op_id_t number_id,
                      const op_number_row_t *number, const op_text_received_t *text)
{
    bool grouped = !op_id_is_none(text->group);
    op_key_t partial_key = s_partial_key(text->group, account);
    if (grouped && s_complete(turn, &partial_key, text))
        return;
    op_id_t id = op_turn_new_id(turn);
    op_text_row_t row = {.account = account,
                         .number = number_id,
                         .peer = text->from,
                         .body = text->body,
                         .created = event->now,
                         .settled = text->received,
                         .partial = text->partial};
    op_id_t scope = op_ledger_scope(account, number_id, number->lease);
    op_key_t key = op_ledger_text_key(scope, 'i', id);
    op_turn_put(turn, &key, &op_text_row_type, &row);
    if (grouped) {
        op_partial_row_t partial = {scope, id, event->now};
        op_turn_put(turn, &partial_key, &op_partial_row_type, &partial);
    }
    s_tell_event(event, turn, "message.received", number->lease, id, 'i', number->e164, &row);
}

/*  A text between two numbers of the pool: both sides in one commit. */
void op_ledger_on_handover(const op_event_t *event, op_turn_t *turn)
{
    const op_text_send_t *text = OP_BODY(event, text_send);
    op_id_t target;
    op_number_row_t number;
    bool reachable = op_ledger_number_at(turn, text->to, &target, &number) &&
                     op_id_equal(number.lease, text->lease);
    if (!reachable) { /* the lease has ended since the text was accepted */
        s_settle(event, turn, text->scope, text->text, OP_TEXT_FAILED,
                 op_str(op_failure_code(OP_FAILURE_UNREACHABLE)));
        return;
    }
    op_text_received_t received = {.from = text->line, .body = text->body, .received = event->now};
    s_take_in(event, turn, number.account, target, &number, &received);
    op_id_t scope = OP_PLANTED(WRONG_SCOPE) ? number.lease : text->scope;
    s_settle(event, turn, scope, text->text, OP_TEXT_SENT, (op_str_t){0});
}

static void s_keep_unclaimed(op_turn_t *turn, const op_text_received_t *text)
{
    char line[OP_PHONE_MAX + 1];
    op_key_t key = op_key_of_id('u', op_turn_new_id(turn));
    op_unclaimed_row_t row = {text->line, text->from, text->body, text->received};
    op_turn_put(turn, &key, &op_unclaimed_row_type, &row);
    op_turn_log(turn, "number=%s an inbound text that no account is entitled to was kept",
                op_phone_mask(text->line, line));
}

/*  The accounts, behind `after`, that have texted the sender from this shared number. */
static size_t s_entitled(op_turn_t *turn, op_id_t number, op_str_t peer, op_id_t after,
                         op_id_t *accounts)
{
    op_key_t base = s_peer_key(number, peer), low = base, high = op_key_end(&base);
    if (!op_id_is_none(after)) {
        op_key_id(&low, after);
        low = op_key_end(&low);
    }
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_counter_row_t row;
    op_str_t key;
    size_t count = 0;
    while (count < OP_FAN_OUT_SLICE && op_turn_walk_next(walk, &op_counter_row_type, &key, &row)) {
        key = op_str_of(key.at + base.size, key.size - base.size);
        if (op_key_take_id(&key, &accounts[count]))
            count++;
    }
    op_turn_walk_end(&walk);
    return count;
}

static void s_fan_out(const op_event_t *event, op_turn_t *turn, op_id_t number_id,
                      const op_number_row_t *number)
{
    const op_text_received_t *text = OP_BODY(event, text_received);
    op_id_t accounts[OP_FAN_OUT_SLICE];
    size_t count = s_entitled(turn, number_id, text->from, text->after, accounts);
    for (size_t i = 0; i < count; i++)
        if (!op_erase_has(turn, accounts[i]))
            s_take_in(event, turn, accounts[i], number_id, number, text);
    if (count == OP_FAN_OUT_SLICE) {
        op_text_received_t rest = *text;
        rest.after = accounts[count - 1];
        op_turn_tell(turn, "ledger", &op_text_received_type, &rest);
    } else if (count == 0 && op_id_is_none(text->after))
        s_keep_unclaimed(turn, text);
}

/*  When the network had a text: it may have waited, in the modem while its host was down, or at the
    service centre while the SIM was full. The stamp is in whole seconds. */
static int64_t s_arrived(const op_text_received_t *text)
{
    int64_t stamped = text->stamped + OP_SECOND_MS - 1;
    bool waited = text->stamped && stamped < text->received && !OP_PLANTED(LATE_IS_NEW);
    return waited ? stamped : text->received;
}

void op_ledger_on_received(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_text_received_t *text = OP_BODY(event, text_received);
    op_id_t id;
    op_number_row_t number;
    bool ours = op_ledger_number_at(turn, text->line, &id, &number) &&
                op_ledger_is_heard(self, &number, event->from);
    bool leased = ours && !op_id_is_none(number.lease);
    op_key_t partial_key = s_partial_key(text->group, number.account);
    if (leased && !op_id_is_none(text->group) && s_complete(turn, &partial_key, text))
        return; /* he has been shown its beginning, whatever a clock says of its end */
    /* What came in before this lease is not the lessee's, however late it is told. */
    if (leased && s_arrived(text) >= number.leased)
        s_take_in(event, turn, number.account, id, &number, text);
    else if (ours && !leased && number.shared)
        s_fan_out(event, turn, id, &number);
    else
        s_keep_unclaimed(turn, text);
}
