#include "tools/optrace/optrace.h"

#include "base/instant.h"
#include "tools/optrace/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const op_type_t *type;
    op_frame_kind_t kind;
    uint64_t received, sent, octets;
} s_message_t;

typedef struct {
    uint64_t what[OP_TRACE_SEND + 1];
    uint64_t inputs, turn_most; /* of the turn under way; of the largest one */
    uint64_t octets;
} s_actor_t;

/*  A request from outside, until its reply. */
typedef struct {
    uint64_t correlation;
    char origin[OP_ACTOR_NAME_MAX + 1];
    int64_t at;
} s_open_t;

enum { S_MESSAGES_MAX = 512 };

typedef struct {
    const op_optrace_t *trace;
    s_actor_t actors[OP_TAPE_ACTORS_MAX];
    s_message_t messages[S_MESSAGES_MAX];
    size_t message_count;
    s_open_t *open;
    size_t open_count, open_capacity;
    int64_t *took;
    size_t took_count, took_capacity;
    uint64_t bad;
} s_stats_t;

static s_message_t *s_message(s_stats_t *self, const op_type_t *type, op_frame_kind_t kind)
{
    for (size_t i = 0; i < self->message_count; i++)
        if (self->messages[i].type == type && self->messages[i].kind == kind)
            return &self->messages[i];
    if (self->message_count == S_MESSAGES_MAX)
        return NULL;
    s_message_t *message = &self->messages[self->message_count++];
    *message = (s_message_t){.type = type, .kind = kind};
    return message;
}

static void s_request_begins(s_stats_t *self, const op_envelope_t *envelope, int64_t at)
{
    if (self->open_count == self->open_capacity) {
        self->open_capacity = self->open_capacity ? 2 * self->open_capacity : 256;
        self->open = op_realloc(self->open, self->open_capacity * sizeof *self->open);
    }
    s_open_t *open = &self->open[self->open_count++];
    *open = (s_open_t){.correlation = envelope->correlation, .at = at};
    op_str_copy(envelope->origin, open->origin, sizeof open->origin);
}

static void s_request_ends(s_stats_t *self, const op_envelope_t *envelope, int64_t at)
{
    for (size_t i = self->open_count; i-- > 0;) {
        s_open_t *open = &self->open[i];
        if (open->correlation != envelope->correlation || !op_str_is(envelope->to, open->origin))
            continue;
        if (self->took_count == self->took_capacity) {
            self->took_capacity = self->took_capacity ? 2 * self->took_capacity : 256;
            self->took = op_realloc(self->took, self->took_capacity * sizeof *self->took);
        }
        self->took[self->took_count++] = at - open->at;
        *open = self->open[--self->open_count];
        return;
    }
}

static void s_frame(s_stats_t *self, const op_tape_event_t *event, size_t cause)
{
    op_arena_t arena = {0};
    op_frame_t frame;
    if (!op_frame_decode(event->bytes, &arena, &frame)) {
        self->bad++;
        op_arena_free(&arena);
        return;
    }
    op_frame_kind_t kind = (op_frame_kind_t)frame.envelope.kind;
    bool received = event->what == OP_TRACE_RECEIVE;
    s_message_t *message = s_message(self, frame.type, kind);
    if (message) {
        message->received += received;
        message->sent += !received;
        message->octets += event->bytes.size;
    }
    if (received && kind == OP_FRAME_REQUEST && cause == OP_TAPE_NONE)
        s_request_begins(self, &frame.envelope, event->at);
    if (!received && kind == OP_FRAME_REPLY)
        s_request_ends(self, &frame.envelope, event->at);
    op_arena_free(&arena);
}

static void s_event(s_stats_t *self, size_t index)
{
    const op_tape_event_t *event = &self->trace->tape.events[index];
    s_actor_t *actor = &self->actors[event->actor];
    actor->what[event->what]++;
    actor->octets += event->bytes.size;
    if (event->what == OP_TRACE_COMMIT) {
        if (actor->inputs > actor->turn_most)
            actor->turn_most = actor->inputs;
        actor->inputs = 0;
    } else if (event->what != OP_TRACE_SEND)
        actor->inputs++;
    if (event->what == OP_TRACE_RECEIVE || event->what == OP_TRACE_SEND)
        s_frame(self, event, self->trace->cause[index]);
}

static int s_compare(const void *a_at, const void *b_at)
{
    int64_t a = *(const int64_t *)a_at, b = *(const int64_t *)b_at;
    return a < b ? -1 : a > b;
}

static void s_show(s_stats_t *self)
{
    const op_tape_t *tape = &self->trace->tape;
    printf("%-12s %8s %8s %8s %8s %8s %8s %10s\n", "actor", "rows", "received", "ticks", "turns",
           "sent", "largest", "octets");
    for (size_t i = 0; i < tape->actor_count; i++) {
        const s_actor_t *actor = &self->actors[i];
        printf("%-12s %8zu %8llu %8llu %8llu %8llu %8llu %10llu\n", tape->actors[i].name,
               tape->actors[i].row_count, (unsigned long long)actor->what[OP_TRACE_RECEIVE],
               (unsigned long long)actor->what[OP_TRACE_TICK],
               (unsigned long long)actor->what[OP_TRACE_COMMIT],
               (unsigned long long)actor->what[OP_TRACE_SEND], (unsigned long long)actor->turn_most,
               (unsigned long long)actor->octets);
    }
    printf("\n%-8s %-20s %8s %8s %10s\n", "kind", "message", "received", "sent", "octets");
    for (size_t i = 0; i < self->message_count; i++) {
        const s_message_t *message = &self->messages[i];
        printf("%-8s %-20s %8llu %8llu %10llu\n", op_frame_kind_name(message->kind),
               message->type->name, (unsigned long long)message->received,
               (unsigned long long)message->sent, (unsigned long long)message->octets);
    }
    if (self->bad)
        printf("%llu frames do not decode\n", (unsigned long long)self->bad);
    if (self->took_count) {
        qsort(self->took, self->took_count, sizeof *self->took, s_compare);
        printf("\nrequests answered %zu, open %zu; took ms: half within %lld, 99%% within %lld, "
               "most %lld\n",
               self->took_count, self->open_count,
               (long long)self->took[(self->took_count - 1) / 2],
               (long long)self->took[(self->took_count - 1) * 99 / 100],
               (long long)self->took[self->took_count - 1]);
    }
}

op_optrace_exit_t op_optrace_stats(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    if (op_optrace_open(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    s_stats_t *stats = op_alloc(sizeof *stats);
    *stats = (s_stats_t){.trace = &trace};
    for (size_t i = 0; i < trace.tape.event_count; i++)
        s_event(stats, trace.order[i]);
    s_show(stats);
    free(stats->open);
    free(stats->took);
    free(stats);
    op_optrace_close(&trace);
    return OP_OPTRACE_OK;
}
