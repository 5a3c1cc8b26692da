#include "tools/optrace/optrace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Appends a trace's actors and events, unordered. */
static int s_join(op_tape_t *all, const op_tape_t *one, const char *path)
{
    size_t first = all->actor_count;
    for (size_t i = 0; i < one->actor_count; i++) {
        const op_tape_actor_t *from = &one->actors[i];
        size_t added =
            op_tape_add_actor(all, op_str(from->name), op_str(from->class), from->outbox_max);
        if (added == OP_TAPE_ACTORS_MAX) {
            fprintf(stderr, "optrace: %s: more than %d actors together\n", path,
                    OP_TAPE_ACTORS_MAX);
            return -1;
        }
        for (size_t r = 0; r < from->row_count; r++)
            op_tape_add_row(all, added, from->rows[r].key, from->rows[r].value);
        all->actors[added].middle = from->middle;
        all->actors[added].ended = from->ended;
        all->actors[added].rows_at_end = from->rows_at_end;
        all->actors[added].digest = from->digest;
    }
    for (size_t i = 0; i < one->event_count; i++) {
        op_tape_event_t event = one->events[i];
        event.actor += first;
        op_tape_add_event(all, &event);
    }
    return 0;
}

/*  Puts the events into causal order. */
static void s_sort(op_tape_t *tape)
{
    size_t count = tape->event_count + 1;
    size_t *order = op_alloc(count * sizeof *order), *cause = op_alloc(count * sizeof *cause);
    op_tape_event_t *sorted = op_alloc(count * sizeof *sorted);
    op_tape_order(tape, order, cause);
    for (size_t i = 0; i < tape->event_count; i++)
        sorted[i] = tape->events[order[i]];
    for (size_t i = 0; i < tape->event_count; i++) {
        tape->events[i] = sorted[i];
        tape->owners[i] = (uint8_t)sorted[i].actor;
    }
    free(order);
    free(cause);
    free(sorted);
}

op_optrace_exit_t op_optrace_merge(const op_optrace_options_t *options)
{
    size_t count = options->file_count - 1;
    op_optrace_t *traces = op_alloc(count * sizeof *traces);
    memset(traces, 0, count * sizeof *traces);
    op_tape_t all = {.actor_count = 0};
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        const char *path = options->files[i + 1];
        rc = op_optrace_open(&traces[i], path, options->lenient);
        if (rc != 0)
            break;
        const op_trace_header_t *header = &traces[i].tape.header;
        if (i == 0 || header->started < all.header.started)
            all.header = *header;
        rc = s_join(&all, &traces[i].tape, path);
    }
    if (rc == 0) {
        s_sort(&all);
        rc = op_optrace_save(&all, options->files[0]);
    }
    if (rc == 0)
        printf("%zu actors, %zu events\n", all.actor_count, all.event_count);
    op_tape_free(&all);
    for (size_t i = 0; i < count; i++)
        op_optrace_close(&traces[i]);
    free(traces);
    return rc == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
}
