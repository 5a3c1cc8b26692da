/*  tell_fixture.h - a core that counts: on a note it tells its peer the next number, and it keeps
    every number that it is told */

#ifndef OP_TESTS_TELL_FIXTURE_H
#define OP_TESTS_TELL_FIXTURE_H

#include "tests/actor_fixture.h"

static uint64_t s_more_tells; /* per note */

static inline uint64_t s_count(op_turn_t *turn, char tag)
{
    op_key_t key = op_key(tag);
    op_counter_row_t row = {0};
    return op_turn_get(turn, &key, &op_counter_row_type, &row) ? row.value : 0;
}

static inline void s_set(op_turn_t *turn, op_key_t key, uint64_t value)
{
    op_turn_put(turn, &key, &op_counter_row_type, &(op_counter_row_t){value});
}

static inline void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    (void)core;
    if (event->kind == OP_EVENT_NOTE) {
        op_by_id_t note = *OP_BODY(event, by_id);
        char *peer = op_strdup(note.id);
        for (uint64_t i = 0; i < s_more_tells; i++) {
            uint64_t next = s_count(turn, 's') + 1;
            s_set(turn, op_key('s'), next);
            op_turn_tell(turn, peer, &op_serial_opened_type, &(op_serial_opened_t){next});
        }
        free(peer);
    } else if (event->kind == OP_EVENT_TELL) {
        uint64_t count = s_count(turn, 'c') + 1;
        op_key_t key = op_key('r');
        op_key_number(&key, count);
        s_set(turn, op_key('c'), count);
        s_set(turn, key, OP_BODY(event, serial_opened)->line);
    }
}

static inline void *s_create(void)
{
    return op_alloc(1);
}

static inline void s_destroy(void **core_p)
{
    free(*core_p);
    *core_p = NULL;
}

static const op_core_class_t s_class = {"peer", s_create, s_destroy, s_step, NULL, true};

/*  A counter of a core, as the store has it. */
static inline uint64_t s_stored(op_store_t *store, const char *actor, op_key_t tail)
{
    op_buf_t key = {0}, value = {0};
    op_arena_t arena = {0};
    op_counter_row_t row = {0};
    op_buf_printf(&key, "%s/", actor);
    op_buf_add_str(&key, op_key_str(&tail));
    if (op_store_get(store, op_buf_str(&key), &value) == 1)
        assert_null(op_record_open(&op_counter_row_type, op_buf_str(&value), &arena, &row));
    op_buf_free(&key);
    op_buf_free(&value);
    op_arena_free(&arena);
    return row.value;
}

/*  Did this actor take 1, 2, 3 ... up to `count`, and nothing else? */
static inline void s_expect_taken(op_store_t *store, const char *actor, uint64_t count)
{
    assert_true(s_stored(store, actor, op_key('c')) == count);
    for (uint64_t i = 1; i <= count; i++) {
        op_key_t key = op_key('r');
        op_key_number(&key, i);
        assert_true(s_stored(store, actor, key) == i);
    }
}

#endif
