#include "actors/replay.h"

#include "actors/auth.h"
#include "actors/ledger.h"
#include "actors/modem.h"
#include "actors/rate.h"
#include "actors/recording.h"
#include "actors/webhook.h"
#include "base/instant.h"
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

struct op_replay {
    op_store_t *store;
    op_actor_t *actor;
    const op_core_class_t *class;
    op_arena_t arena; /* of the setup */
    const char *error;
};

/*  The class of a core by its name, NULL: this build has none such. */
static const op_core_class_t *s_class(const char *name)
{
    static const op_core_class_t *const classes[] = {
        &op_rate_class, &op_auth_class, &op_webhook_class, &op_ledger_class, &op_modem_class};
    for (size_t i = 0; i < OP_COUNT(classes); i++)
        if (strcmp(name, classes[i]->name) == 0)
            return classes[i];
    return NULL;
}

op_replay_t *op_replay_new(const op_tape_actor_t *like)
{
    const op_core_class_t *class = s_class(like->class);
    if (!class)
        return NULL;
    op_replay_t *self = op_alloc(sizeof *self);
    *self = (op_replay_t){.store = op_store_memory_plain(), .class = class, .error = ""};
    self->actor = op_actor_new(class, like->name, self->store);
    if (like->outbox_max)
        op_actor_limit_outbox(self->actor, like->outbox_max);
    return self;
}

void op_replay_destroy(op_replay_t **self_p)
{
    op_replay_t *self = *self_p;
    if (!self)
        return;
    op_actor_destroy(&self->actor);
    op_store_destroy(&self->store);
    op_arena_free(&self->arena);
    free(self);
    *self_p = NULL;
}

void op_replay_row(op_replay_t *self, op_str_t key, op_str_t value)
{
    op_batch_t batch = {0};
    op_batch_put(&batch, key, value);
    int rc = op_store_write(self->store, &batch, true);
    OP_ASSERT(rc == 0); /* in memory */
    op_batch_free(&batch);
}

op_store_t *op_replay_store(op_replay_t *self)
{
    return self->store;
}

/*  ---- Giving ---- */

/*  A setup is named after its class. */
static const void *s_setup(op_replay_t *self, const op_tape_event_t *event, const op_type_t **type)
{
    *type = op_message_type(event->type);
    size_t name = strlen(self->class->name);
    if (!*type || strncmp((*type)->name, self->class->name, name) != 0 ||
        strcmp((*type)->name + name, "_setup") != 0) {
        self->error = "the setup is not one of this class";
        return NULL;
    }
    op_decode_t result;
    const void *setup = op_frame_body(*type, event->bytes, &self->arena, &result);
    if (!setup)
        self->error = "the setup does not decode";
    return setup;
}

static int s_commit(op_replay_t *self)
{
    if (op_actor_commit(self->actor) == 0)
        return 0;
    self->error = op_actor_error(self->actor);
    return -1;
}

int op_replay_give(op_replay_t *self, const op_tape_event_t *event)
{
    const uint8_t *entropy = event->entropy.bytes;
    const op_type_t *type;
    const void *setup;
    op_str_t frame;
    while (op_replay_say(self, &frame)) /* what nobody has taken is forgotten */
        continue;
    switch (event->what) {
    case OP_TRACE_START:
        setup = s_setup(self, event, &type);
        if (!setup)
            return -1;
        op_actor_start(self->actor, type, setup, event->at, entropy);
        return 0;
    case OP_TRACE_RECEIVE:
        op_actor_receive(self->actor, event->bytes, event->at, entropy);
        return 0;
    case OP_TRACE_TICK:
        op_actor_tick(self->actor, event->at, entropy);
        return 0;
    case OP_TRACE_DRAIN:
        op_actor_drain(self->actor, event->at, entropy);
        return 0;
    case OP_TRACE_COMMIT:
        return s_commit(self);
    case OP_TRACE_SEND:
        break;
    }
    OP_ASSERT(event->what != OP_TRACE_SEND);
    return -1;
}

bool op_replay_say(op_replay_t *self, op_str_t *frame)
{
    op_str_t to;
    return op_actor_next(self->actor, &to, frame);
}

void op_replay_digest(op_replay_t *self, uint64_t *rows, op_hash_t *digest)
{
    int rc = op_recording_digest(self->store, op_actor_name(self->actor), rows, digest);
    OP_ASSERT(rc == 0); /* in memory */
}

/*  ---- Comparing ---- */

struct op_comparison {
    const op_tape_t *tape;
    size_t actor;
    op_replay_t *replay; /* NULL: it cannot be replayed */
    size_t at;           /* in the tape: the next event */
    size_t events;       /* compared */
    /* The first difference. */
    const char *differs;       /* NULL: none so far */
    bool cannot;               /* it cannot go on */
    op_str_t expected, actual; /* at NULL: nothing */
};

op_comparison_t *op_comparison_new(const op_tape_t *tape, size_t index)
{
    const op_tape_actor_t *actor = &tape->actors[index];
    op_comparison_t *self = op_alloc(sizeof *self);
    *self = (op_comparison_t){.tape = tape, .actor = index};
    if (!actor->middle)
        self->replay = op_replay_new(actor);
    for (size_t i = 0; self->replay && i < actor->row_count; i++)
        op_replay_row(self->replay, actor->rows[i].key, actor->rows[i].value);
    return self;
}

static bool s_differ(op_comparison_t *self, const char *what, op_str_t expected, op_str_t actual)
{
    self->differs = what;
    self->expected = expected;
    self->actual = actual;
    return false;
}

/*  The recorded event `event` happens. False: here is the first difference. */
static bool s_event(op_comparison_t *self, const op_tape_event_t *event)
{
    op_str_t said = {0};
    bool has = op_replay_say(self->replay, &said);
    if (event->what == OP_TRACE_SEND)
        return (has && op_str_equal(said, event->bytes)) ||
               s_differ(self, "it says something else", event->bytes, said);
    if (has)
        return s_differ(self, "it says more", (op_str_t){0}, said);
    if (op_replay_give(self->replay, event) == 0)
        return true;
    self->cannot = true;
    return s_differ(self, "it cannot go on", (op_str_t){0}, (op_str_t){0});
}

op_replay_result_t op_comparison_go(op_comparison_t *self, size_t upto)
{
    const uint8_t *owners = self->tape->owners, *own;
    while (self->replay && !self->differs && self->at < upto) {
        own = memchr(owners + self->at, (int)self->actor, upto - self->at);
        self->at = own ? (size_t)(own - owners) : upto;
        if (!own || !s_event(self, &self->tape->events[self->at]))
            break;
        self->events++;
        self->at++;
    }
    return (op_replay_result_t){self->replay && !self->differs, self->events, self->at};
}

/*  ---- What was found out ---- */

/*  Where the comparison stands, as the first line of an account. */
static void s_where(const op_comparison_t *self, const char *what, op_buf_t *report)
{
    const op_tape_actor_t *actor = &self->tape->actors[self->actor];
    op_buf_printf(report, "%s: %s, at its event %zu of %zu", actor->name, what, self->events + 1,
                  actor->event_count);
    if (self->at < self->tape->event_count) {
        char text[OP_INSTANT_TEXT + 1];
        int64_t at = self->tape->events[self->at].at;
        op_instant_print(at, text);
        op_buf_printf(report, ", %.19s.%03dZ", text, (int)(at % OP_SECOND_MS));
    }
    op_buf_add_byte(report, '\n');
}

static void s_side(const char *side, op_str_t frame, op_print_t how, op_buf_t *report)
{
    op_buf_printf(report, "  %s: ", side);
    if (frame.at)
        op_frame_print(frame, how, report);
    else
        op_buf_add_str(report, OP_STR("nothing"));
    op_buf_add_byte(report, '\n');
}

static void s_report(const op_comparison_t *self, op_print_t how, op_buf_t *report)
{
    op_str_t expected = self->expected, actual = self->actual;
    s_where(self, self->differs, report);
    if (self->cannot) {
        op_buf_printf(report, "  %s\n", self->replay->error);
        return;
    }
    s_side("expected", expected, how, report);
    s_side("actual  ", actual, how, report);
    if (!expected.at || !actual.at)
        return;
    size_t at = 0;
    while (at < expected.size && at < actual.size && expected.at[at] == actual.at[at])
        at++;
    op_buf_printf(report, "  they differ from octet %zu on (%zu and %zu octets)\n", at,
                  expected.size, actual.size);
}

/*  Are the rows at the end the same? */
static bool s_rows_are_the_same(const op_comparison_t *self, op_buf_t *report)
{
    const op_tape_actor_t *actor = &self->tape->actors[self->actor];
    uint64_t rows;
    op_hash_t digest;
    op_replay_digest(self->replay, &rows, &digest);
    if (rows == actor->rows_at_end && memcmp(&digest, &actor->digest, sizeof digest) == 0)
        return true;
    char expected[9], actual[9];
    op_hex(actor->digest.bytes, 4, expected);
    op_hex(digest.bytes, 4, actual);
    s_where(self, "it said the same, but its rows at the end differ", report);
    op_buf_printf(report, "  expected: %llu rows, #%s\n  actual  : %llu rows, #%s\n",
                  (unsigned long long)actor->rows_at_end, expected, (unsigned long long)rows,
                  actual);
    return false;
}

static bool s_is_same(op_comparison_t *self, op_print_t how, op_buf_t *report)
{
    const op_tape_actor_t *actor = &self->tape->actors[self->actor];
    if (actor->middle) {
        op_buf_printf(report, "%s: it begins in the middle, files of the trace are missing\n",
                      actor->name);
        return false;
    }
    if (!self->replay) {
        op_buf_printf(report, "%s: this build has no class \"%s\"\n", actor->name, actor->class);
        return false;
    }
    op_comparison_go(self, self->tape->event_count);
    op_str_t said;
    if (!self->differs && actor->ended && op_replay_say(self->replay, &said))
        s_differ(self, "it says more", (op_str_t){0}, said);
    if (self->differs)
        s_report(self, how, report);
    return !self->differs && (!actor->ended || s_rows_are_the_same(self, report));
}

void op_comparison_destroy(op_comparison_t **self_p)
{
    op_comparison_t *self = *self_p;
    if (!self)
        return;
    op_replay_destroy(&self->replay);
    free(self);
    *self_p = NULL;
}

op_replay_result_t op_comparison_end(op_comparison_t **self_p, op_print_t how, op_buf_t *report)
{
    op_comparison_t *self = *self_p;
    op_replay_result_t result = {.same = s_is_same(self, how, report)};
    result.events = self->events;
    result.event = self->at;
    op_comparison_destroy(self_p);
    return result;
}

op_replay_result_t op_replay_actor(const op_tape_t *tape, size_t actor, op_print_t how,
                                   op_buf_t *report)
{
    op_comparison_t *comparison = op_comparison_new(tape, actor);
    return op_comparison_end(&comparison, how, report);
}
