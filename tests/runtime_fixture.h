/*  runtime_fixture.h - two small cores as actors in threads, each on its own store; the test plays
    http

    Included by each test once. */

#ifndef OP_TESTS_RUNTIME_FIXTURE_H
#define OP_TESTS_RUNTIME_FIXTURE_H

#include "actors/runtime.h"
#include "base/instant.h"
#include "store/memory.h"
#include "store/records.h"
#include "transport/clock.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <czmq.h>

enum { PATIENCE_MS = 20000, TELLS = 1500, BUSY_MS = 50 };

/*  ---- Two cores ----

    A request that is not at its last step goes on. At the last one its id is an order:
      "count"   answer how many tells were taken, in the order in which they were numbered
      "tell"    tell the other TELLS numbers; the other tells each of them back
      "flood"   tell somebody who is nowhere until the outbox is full
      "write"   write a row
      "busy"    be busy from now on
      "later"   wake me in an hour */

static atomic_int s_disorder; /* tells out of order */
static atomic_int s_timers;
static atomic_bool s_write_at_start, s_end_busy_when_drained;

typedef struct {
    bool busy;
} state_t;

static inline void *s_create(void)
{
    state_t *self = op_alloc(sizeof *self);
    *self = (state_t){.busy = false};
    return self;
}

static inline void s_destroy(void **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static inline bool s_busy(const void *self)
{
    return ((const state_t *)self)->busy;
}

static inline uint64_t s_count(op_turn_t *turn)
{
    op_key_t key = op_key('c');
    op_counter_row_t row = {0};
    return op_turn_get(turn, &key, &op_counter_row_type, &row) ? row.value : 0;
}

static inline void s_write(op_turn_t *turn, uint64_t value)
{
    op_key_t key = op_key('c');
    op_turn_put(turn, &key, &op_counter_row_type, &(op_counter_row_t){value});
}

static inline void s_tell(op_turn_t *turn, const char *to, uint64_t count)
{
    for (uint64_t i = 1; i <= count; i++)
        op_turn_tell(turn, to, &op_serial_opened_type, &(op_serial_opened_t){i});
}

static inline void s_order(state_t *self, const op_event_t *event, op_turn_t *turn,
                           const char *other)
{
    op_str_t order = OP_BODY(event, by_id)->id;
    op_auth_started_t answer = {.expires_in = s_count(turn)};
    if (op_str_is(order, "tell"))
        s_tell(turn, other, TELLS);
    else if (op_str_is(order, "flood"))
        s_tell(turn, "modem", OP_OUTBOX_MAX);
    else if (op_str_is(order, "write"))
        s_write(turn, 1);
    else if (op_str_is(order, "busy"))
        self->busy = true;
    else if (op_str_is(order, "later"))
        op_turn_wake_at(turn, event->now + OP_HOUR_MS);
    op_turn_reply(turn, &op_auth_started_type, &answer);
}

static inline void s_take_number(const op_event_t *event, op_turn_t *turn)
{
    uint64_t number = OP_BODY(event, serial_opened)->line, count = s_count(turn) + 1;
    if (number != count)
        atomic_fetch_add(&s_disorder, 1);
    s_write(turn, count);
}

static inline void s_step(state_t *self, const op_event_t *event, op_turn_t *turn,
                          const char *other, bool tells_back)
{
    switch (event->kind) {
    case OP_EVENT_START:
        if (s_write_at_start)
            s_write(turn, 0);
        op_turn_note(turn, "serial", &op_serial_open_type, &(op_serial_open_t){.line = 7});
        return;
    case OP_EVENT_REQUEST:
        if (op_turn_is_last(turn))
            s_order(self, event, turn, other);
        else
            op_turn_forward(turn);
        return;
    case OP_EVENT_TELL:
        s_take_number(event, turn);
        if (tells_back)
            op_turn_tell(turn, other, &op_serial_opened_type, OP_BODY(event, serial_opened));
        return;
    case OP_EVENT_NOTE:
        s_write(turn, OP_BODY(event, serial_opened)->line);
        return;
    case OP_EVENT_TIMER:
        atomic_fetch_add(&s_timers, 1);
        self->busy = false;
        return;
    case OP_EVENT_DRAIN:
        if (s_end_busy_when_drained)
            op_turn_wake_at(turn, event->now + BUSY_MS);
        return;
    }
}

static inline void s_auth_step(void *self, const op_event_t *event, op_turn_t *turn)
{
    s_step(self, event, turn, "ledger", false);
}

static inline void s_ledger_step(void *self, const op_event_t *event, op_turn_t *turn)
{
    s_step(self, event, turn, "auth", true);
}

static const op_core_class_t s_auth = {"auth", s_create, s_destroy, s_auth_step, s_busy, false};
static const op_core_class_t s_ledger = {"ledger",      s_create, s_destroy,
                                         s_ledger_step, s_busy,   false};

/*  ---- The test as http ---- */

static op_runtime_t *s_runtime;
static op_store_t *s_stores[2];
static op_mailbox_t *s_mailbox;
static op_postbox_t *s_postbox;
static op_buf_t s_frame;
static op_arena_t s_arena;
static const op_nothing_t s_nothing;

static inline int s_setup(void **state)
{
    (void)state;
    char error[256] = "";
    op_log_threshold(OP_LOG_ERROR);
    atomic_store(&s_disorder, 0);
    atomic_store(&s_timers, 0);
    atomic_store(&s_write_at_start, false);
    atomic_store(&s_end_busy_when_drained, false);
    s_runtime = op_runtime_new();
    s_mailbox = op_mailbox_new("http", error);
    assert_non_null(s_mailbox);
    s_postbox = op_postbox_new();
    for (size_t i = 0; i < OP_COUNT(s_stores); i++)
        s_stores[i] = op_store_memory_new();
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    op_runtime_destroy(&s_runtime);
    op_runtime_destroy(&s_runtime);
    op_postbox_destroy(&s_postbox);
    op_mailbox_destroy(&s_mailbox);
    for (size_t i = 0; i < OP_COUNT(s_stores); i++)
        op_store_destroy(&s_stores[i]);
    op_buf_free(&s_frame);
    op_arena_free(&s_arena);
    return 0;
}

static inline void s_start(const op_core_class_t *class, size_t store, const op_port_t *port)
{
    char error[256] = "";
    if (op_runtime_start(s_runtime, class, class->name, s_stores[store], &op_nothing_type,
                         &s_nothing, port, error) != 0)
        fail_msg("%s", error);
}

static inline bool s_ask(const char *to, op_str_t slip, uint64_t correlation, const char *order)
{
    op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                             .from = OP_STR("http"),
                             .to = op_str(to),
                             .origin = OP_STR("http"),
                             .correlation = correlation,
                             .deadline = op_clock_now() + OP_HOUR_MS,
                             .slip = slip};
    op_by_id_t body = {op_str(order)};
    op_buf_t frame = {0};
    op_frame_encode(&request, &op_by_id_type, &body, &frame);
    bool sent = op_postbox_send(s_postbox, request.to, op_buf_str(&frame));
    op_buf_free(&frame);
    return sent;
}

/*  The next reply, waiting for it at most `wait_ms`; NULL: none. */
static inline const op_envelope_t *s_reply(long wait_ms, const op_type_t **type, const void **body)
{
    zmq_pollitem_t item = {.socket = op_mailbox_socket(s_mailbox), .events = ZMQ_POLLIN};
    op_envelope_t *envelope = op_arena_alloc(&s_arena, sizeof *envelope);
    op_decode_t result;
    op_str_t bytes;
    if (!op_mailbox_take(s_mailbox, &s_frame) &&
        (zmq_poll(&item, 1, wait_ms) <= 0 || !op_mailbox_take(s_mailbox, &s_frame)))
        return NULL;
    op_str_t frame = op_arena_copy(&s_arena, op_buf_str(&s_frame));
    assert_int_equal(op_frame_open(frame, &s_arena, envelope, &bytes), OP_DECODE_OK);
    assert_int_equal(envelope->kind, OP_FRAME_REPLY);
    *type = op_message_type(envelope->type);
    *body = op_frame_body(*type, bytes, &s_arena, &result);
    assert_non_null(*body);
    return envelope;
}

#define SLIP(...) op_str_of((const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__}))
#define TO_AUTH   "auth", SLIP(OP_STEP_AUTH_VERIFICATION)
#define TO_LEDGER "ledger", SLIP(OP_STEP_LEDGER_MESSAGE)

/*  Gives an order and returns the number that answers it. */
static inline uint64_t s_obeyed(const char *to, op_str_t slip, const char *order, const char *by)
{
    static uint64_t last;
    const op_type_t *type = NULL;
    const void *body = NULL;
    assert_true(s_ask(to, slip, ++last, order));
    const op_envelope_t *reply = s_reply(PATIENCE_MS, &type, &body);
    if (!reply || !body) {
        fail_msg("no answer to %s", order);
        return 0;
    }
    assert_ptr_equal(type, &op_auth_started_type);
    assert_int_equal(reply->correlation, last);
    assert_true(op_str_is(reply->from, by));
    uint64_t number = ((const op_auth_started_t *)body)->expires_in;
    op_arena_clear(&s_arena);
    return number;
}

static inline void s_wait_for_count(const char *to, op_str_t slip, uint64_t count)
{
    int64_t deadline = op_clock_steady() + PATIENCE_MS;
    while (s_obeyed(to, slip, "count", to) != count)
        assert_true(op_clock_steady() < deadline);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

#endif
