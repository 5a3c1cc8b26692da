/*  sim_rest.c - when faults have stopped, everything comes to rest: no tell without its
    acknowledgement, no text in a queue, no event without its post, no count that says otherwise */

#include "tests/simulation/sim_private.h"

#include "store/record.h"
#include "store/records.h"

#include <string.h>

/*  Rows that must not be there, by the beginning of their key. */
static const struct {
    const char *prefix;
    const char *what;
} s_work[] = {{"rate!o", "rate"},
              {"auth!o", "auth"},
              {"webhook!o", "webhook"},
              {"ledger!o", "ledger"},
              {"modem!o", "modem"},
              {"modem/Q", "the modem's queue"},
              {"modem/D", "the texts paused"},
              {"modem/H", "the texts held"},
              {"webhook/q", "due deliveries"},
              {"webhook/r", "waiting deliveries"}};

static bool s_is(op_str_t key, const char *prefix)
{
    size_t size = strlen(prefix);
    return key.size >= size && memcmp(key.at, prefix, size) == 0;
}

static void s_judge_row(sim_t *self, op_str_t key, op_str_t value)
{
    bool held = self->model.silent_off;
    for (int i = 0; i < self->model.hook_count; i++)
        held |= self->model.hooks[i].on_since == 0;
    for (size_t i = 0; i < OP_COUNT(s_work); i++) {
        bool retried = s_is(key, "webhook/r") && self->model.failed_posts; /* for days */
        if (s_is(key, s_work[i].prefix) && !retried && !(held && s_is(key, "webhook/q")))
            model_wrong(&self->model, "rest: something is left in %s", s_work[i].what);
    }
    op_arena_t arena = {0};
    op_counter_row_t count;
    if (s_is(key, "ledger/q") &&
        (op_record_open(&op_counter_row_type, value, &arena, &count) || count.value != 0))
        model_wrong(&self->model, "rest: %llu texts are counted as waiting, and none waits",
                    (unsigned long long)count.value);
    op_arena_free(&arena);
    model_row(&self->model, value);
    model_row_of_nobody(&self->model, key, value);
}

void sim_count_rows(sim_t *self, op_buf_t *out)
{
    char kind[OP_ACTOR_NAME_MAX + 3], latest[sizeof kind] = "";
    for (size_t i = 0; i < self->process_count; i++) {
        op_store_range_t *range = op_store_range(sim_disk_memory(self->processes[i].disk),
                                                 (op_str_t){0}, (op_str_t){0}, false);
        op_str_t key, value;
        size_t count = 0;
        while (op_store_range_next(range, &key, &value) > 0) {
            size_t name = 0;
            while (name < key.size && key.at[name] >= 'a' && key.at[name] <= 'z')
                name++;
            op_str_copy(op_str_of(key.at, name + 2 < key.size ? name + 2 : key.size), kind,
                        sizeof kind);
            if (count && strcmp(kind, latest) != 0) {
                op_buf_printf(out, "  %s: %zu", latest, count);
                count = 0;
            }
            memcpy(latest, kind, sizeof latest);
            count++;
        }
        op_buf_printf(out, "  %s: %zu\n", latest, count);
        op_store_range_destroy(&range);
    }
}

void sim_judge_rest(sim_t *self)
{
    for (size_t i = 0; i < self->process_count; i++) {
        if (!self->processes[i].alive)
            model_wrong(&self->model, "rest: a process is not running");
        op_store_range_t *range =
            op_store_range(self->processes[i].disk, (op_str_t){0}, (op_str_t){0}, false);
        op_str_t key, value;
        int rc;
        while ((rc = op_store_range_next(range, &key, &value)) > 0)
            s_judge_row(self, key, value);
        if (rc < 0)
            model_wrong(&self->model, "rest: a store cannot be read");
        op_store_range_destroy(&range);
    }
    for (size_t i = 0; i < self->line_count; i++) {
        op_carrier_counts_t counts = op_carrier_counts(self->carrier, i);
        if (counts.stored || counts.waiting)
            model_wrong(&self->model, "rest: texts are left: %llu in modem %zu, %llu on their way",
                        (unsigned long long)counts.stored, i, (unsigned long long)counts.waiting);
    }
    for (int i = 0; i < self->request_count; i++)
        if (self->requests[i].open && self->requests[i].asked + OP_REQUEST_DEADLINE_MS < self->now)
            model_wrong(&self->model, "answers: a call was neither answered nor given up");
}
