/*  script_fixture.h - an actor "ledger" on a memory store, whose core is a function of the test */

#ifndef OP_TESTS_SCRIPT_FIXTURE_H
#define OP_TESTS_SCRIPT_FIXTURE_H

#include "tests/actor_fixture.h"

/*  A core that does what the test at hand wants. */
static void (*s_script)(const op_event_t *event, op_turn_t *turn);

static inline void *s_create(void)
{
    return op_alloc(1);
}

static inline void s_destroy(void **core_p)
{
    free(*core_p);
    *core_p = NULL;
}

static inline void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    (void)core;
    if (s_script)
        s_script(event, turn);
}

static bool s_is_busy;

static inline bool s_busy(const void *core)
{
    (void)core;
    return s_is_busy;
}

static const op_core_class_t s_auth = {"auth", s_create, s_destroy, s_step, NULL, false};
static const op_core_class_t s_ledger = {"ledger", s_create, s_destroy, s_step, s_busy, false};

static op_store_t *s_store;
static op_actor_t *s_actor;
static drive_out_t s_out;

static inline int s_setup(void **state)
{
    (void)state;
    s_script = NULL;
    s_store = op_store_memory_new();
    s_actor = drive_start(&s_ledger, "ledger", s_store, &op_nothing_type, &(op_nothing_t){0},
                          DRIVE_NOW, &s_out);
    assert_int_equal(s_out.count, 0);
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    drive_forget(&s_out);
    op_actor_destroy(&s_actor);
    op_actor_destroy(&s_actor);
    op_store_destroy(&s_store);
    return 0;
}

static inline void s_restart(void)
{
    op_actor_destroy(&s_actor);
    s_script = NULL;
    s_actor = drive_start(&s_ledger, "ledger", s_store, &op_nothing_type, &(op_nothing_t){0},
                          DRIVE_NOW, &s_out);
}

static inline void s_submit(uint64_t error)
{
    drive_request(s_actor, DRIVE_SLIP(OP_STEP_LEDGER_NUMBER), NULL, &op_refusal_type,
                  &(op_refusal_t){.error = error}, DRIVE_NOW);
}

static inline op_key_t s_key(uint64_t number)
{
    op_key_t key = op_key('x');
    op_key_number(&key, number);
    return key;
}

static inline void s_put(op_turn_t *turn, uint64_t number, uint64_t value)
{
    op_key_t key = s_key(number);
    op_turn_put(turn, &key, &op_counter_row_type, &(op_counter_row_t){value});
}

/*  0: no such row. */
static inline uint64_t s_get(op_turn_t *turn, uint64_t number)
{
    op_key_t key = s_key(number);
    op_counter_row_t row;
    return op_turn_get(turn, &key, &op_counter_row_type, &row) ? row.value : 0;
}

/*  A note with a number in it. */
static inline void s_give(uint64_t line)
{
    drive_note(s_actor, "serial", &op_serial_opened_type, &(op_serial_opened_t){line}, DRIVE_NOW);
}

/*  error 0: writes and is granted; else does as much as a step can, and refuses. */
static inline void s_refusing(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_REQUEST)
        return;
    uint64_t error = OP_BODY(event, refusal)->error;
    if (error == 0) {
        s_put(turn, 1, s_get(turn, 1) + 1);
        op_turn_tell(turn, "modem", &op_serial_opened_type, &(op_serial_opened_t){s_get(turn, 1)});
        op_turn_log(turn, "granted %d", (int)s_get(turn, 1));
        op_turn_count(turn, OP_METRIC_MODEM_SENDS, (int64_t)s_get(turn, 1), "7", NULL);
        op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
        return;
    }
    s_put(turn, 1, 1000);
    s_put(turn, 2, 2000);
    s_put(turn, 1, 1001);
    op_key_t key = s_key(1);
    op_turn_delete(turn, &key);
    op_turn_tell(turn, "modem", &op_serial_opened_type, &(op_serial_opened_t){99});
    op_turn_note(turn, "serial", &op_serial_opened_type, &(op_serial_opened_t){99});
    op_turn_log(turn, "never to be read");
    op_turn_count(turn, OP_METRIC_MODEM_ERRORS, 1, "7", "never");
    op_turn_refuse_with(turn, op_error_from(error), "to", "Not that one.", 30);
}

/*  Writes a note's number, but asks for no sync. */
static inline void s_lazy(const op_event_t *event, op_turn_t *turn)
{
    op_key_t key = s_key(1);
    if (event->kind == OP_EVENT_NOTE)
        op_turn_put_lazy(turn, &key, &op_counter_row_type,
                         &(op_counter_row_t){OP_BODY(event, serial_opened)->line});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

#endif
