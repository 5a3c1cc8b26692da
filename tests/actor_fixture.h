/*  actor_fixture.h - drives an actor by hand: frames in, a commit, frames out

    What the tests of turns, links and cores share. Time is a number, entropy a counter. */

#ifndef OP_TESTS_ACTOR_FIXTURE_H
#define OP_TESTS_ACTOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/actor.h"
#include "base/instant.h"
#include "store/memory.h"
#include "store/record.h"
#include "store/records.h"

#include <stdlib.h>
#include <string.h>

#define DRIVE_NOW INT64_C(1779304492000) /* 2026-05-20T19:14:52Z */

/*  Frames that left an actor, decoded. Zero-initialise; drive_forget empties it. */
typedef struct {
    op_arena_t arena;
    struct {
        op_str_t to, frame;
        op_envelope_t envelope;
        const op_type_t *type;
        const void *body;
    } at[2048];
    size_t count;
    op_str_t logs[256];
    bool warns[256];
    size_t log_count;
    bool compacts; /* the store is to be compacted */
} drive_out_t;

static inline void drive_forget(drive_out_t *out)
{
    op_arena_free(&out->arena);
    out->count = out->log_count = 0;
    out->compacts = false;
}

static inline const uint8_t *drive_entropy(void)
{
    static uint8_t entropy[OP_ENTROPY_SIZE];
    for (size_t i = 0; i < sizeof entropy && ++entropy[i] == 0; i++)
        ;
    return entropy;
}

/*  Takes everything that may leave. */
static inline void drive_take(op_actor_t *actor, drive_out_t *out)
{
    op_str_t to, frame, line, body;
    drive_forget(out);
    while (op_actor_next_log(actor, &line)) {
        assert_true(out->log_count < OP_COUNT(out->logs));
        out->warns[out->log_count] = op_actor_log_warns(actor);
        out->logs[out->log_count++] = op_arena_copy(&out->arena, line);
    }
    while (op_actor_next(actor, &to, &frame)) {
        assert_true(out->count < OP_COUNT(out->at));
        size_t i = out->count++;
        op_decode_t result;
        out->at[i].to = op_arena_copy(&out->arena, to);
        out->at[i].frame = op_arena_copy(&out->arena, frame);
        assert_int_equal(op_frame_open(out->at[i].frame, &out->arena, &out->at[i].envelope, &body),
                         OP_DECODE_OK);
        assert_true(op_str_equal(out->at[i].envelope.to, out->at[i].to));
        out->at[i].type = op_message_type(out->at[i].envelope.type);
        out->at[i].body = op_frame_body(out->at[i].type, body, &out->arena, &result);
        assert_non_null(out->at[i].body);
    }
}

static inline void drive_commit(op_actor_t *actor, drive_out_t *out)
{
    if (op_actor_commit(actor) != 0)
        fail_msg("commit: %s", op_actor_error(actor));
    drive_take(actor, out);
}

/*  The i-th frame's body as a struct of the named message. */
#define DRIVE_BODY(out, i, name)                                                                   \
    (assert_ptr_equal((out)->at[i].type, &op_##name##_type),                                       \
     (const op_##name##_t *)(out)->at[i].body)

static inline void drive_receive(op_actor_t *actor, const op_envelope_t *envelope,
                                 const op_type_t *type, const void *body, int64_t now)
{
    op_buf_t frame = {0};
    op_frame_encode(envelope, type, body, &frame);
    op_actor_receive(actor, op_buf_str(&frame), now, drive_entropy());
    op_buf_free(&frame);
}

/*  A request as http sends it, with a deadline far away. */
static inline void drive_request(op_actor_t *actor, op_str_t slip, const op_context_t *context,
                                 const op_type_t *type, const void *body, int64_t now)
{
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = OP_STR("http"),
                              .to = op_str(op_actor_name(actor)),
                              .origin = OP_STR("http"),
                              .correlation = 77,
                              .request_id = OP_STR("req-77"),
                              .deadline = now + OP_REQUEST_DEADLINE_MS,
                              .slip = slip};
    if (context)
        envelope.context = *context;
    drive_receive(actor, &envelope, type, body, now);
}

static inline void drive_note(op_actor_t *actor, const char *from, const op_type_t *type,
                              const void *body, int64_t now)
{
    drive_receive(actor,
                  &(op_envelope_t){.kind = OP_FRAME_NOTE,
                                   .from = op_str(from),
                                   .to = op_str(op_actor_name(actor))},
                  type, body, now);
}

static inline op_actor_t *drive_start(const op_core_class_t *class, const char *name,
                                      op_store_t *store, const op_type_t *setup_type,
                                      const void *setup, int64_t now, drive_out_t *out)
{
    op_actor_t *actor = op_actor_new(class, name, store);
    op_actor_start(actor, setup_type, setup, now, drive_entropy());
    drive_commit(actor, out);
    return actor;
}

/*  A step as a slip. */
#define DRIVE_SLIP(...) op_str_of((const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__}))

/*  Rows of the store with this beginning. */
static inline size_t drive_rows(op_store_t *store, const char *prefix)
{
    op_str_t key, value;
    size_t rows = 0;
    op_store_range_t *range = op_store_range(store, op_str(prefix), (op_str_t){0}, false);
    while (op_store_range_next(range, &key, &value) > 0 && op_str_starts(key, prefix))
        rows++;
    op_store_range_destroy(&range);
    return rows;
}

static inline void drive_put_raw(op_store_t *store, op_str_t key, op_str_t value)
{
    op_batch_t batch = {0};
    op_batch_put(&batch, key, value);
    assert_int_equal(op_store_write(store, &batch, true), 0);
    op_batch_free(&batch);
}

#endif
