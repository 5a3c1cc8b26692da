/*  checker.c - compares a store with what was promised

    Per thread, with the cursor at C:
    - C is at least the last acknowledged number: nothing acknowledged is lost;
    - each batch from 1 to C is there whole, with the right bytes: no holes, no halves;
    - the rows counted in the whole store are those, so that nothing else is there: no half of
      batch C + 1, no row that a removal left over;
    - the two outbox rows of a batch are there both, or not at all, as its state allows;
    - the scratch row is that of a removal that is there. */

#include "tests/powerloss/checker.h"

#include <stdio.h>
#include <string.h>

static void s_written(checker_t *self, unsigned thread, unsigned number)
{
    self->written[thread] = number;
    for (unsigned i = 0; i < PLAN_NUMBERS; i++)
        if (self->outbox[thread][i] == CHECKER_REMOVED)
            self->outbox[thread][i] = CHECKER_GONE;
}

unsigned checker_listen(checker_t *self, op_str_t lines)
{
    unsigned written = 0;
    for (const char *end; lines.size && (end = memchr(lines.at, '\n', lines.size));) {
        char line[32], kind;
        unsigned thread, number;
        size_t size = (size_t)(end - lines.at);
        OP_ASSERT(op_str_copy(op_str_of(lines.at, size), line, sizeof line));
        OP_ASSERT(sscanf(line, "%c %u %u", &kind, &thread, &number) == 3);
        OP_ASSERT(thread < PLAN_THREADS && number < PLAN_NUMBERS);
        if (kind == PLAN_WRITTEN) {
            s_written(self, thread, number);
            written++;
        } else {
            OP_ASSERT(kind == PLAN_REMOVING || kind == PLAN_REMOVED);
            checker_outbox_t *outbox = &self->outbox[thread][number];
            if (*outbox != CHECKER_GONE)
                *outbox = kind == PLAN_REMOVING ? CHECKER_REMOVING : CHECKER_REMOVED;
        }
        lines = op_str_of(end + 1, lines.size - size - 1);
    }
    return written;
}

void checker_cut(checker_t *self)
{
    for (unsigned thread = 0; thread < PLAN_THREADS; thread++)
        for (unsigned i = 0; i < PLAN_NUMBERS; i++)
            if (self->outbox[thread][i] == CHECKER_REMOVED)
                self->outbox[thread][i] = CHECKER_REMOVING;
}

/*  What is being compared, and the first thing found wrong. */
typedef struct {
    op_store_t *store;
    unsigned thread;
    unsigned cursor;
    size_t rows; /* found so far, in all threads */
    op_buf_t found, expected;
    char *problem;
} s_look_t;

static int s_wrong(s_look_t *look, const char *what, unsigned number)
{
    snprintf(look->problem, OP_STORE_ERROR_SIZE, "thread %u, batch %u, cursor %u: %s", look->thread,
             number, look->cursor, what);
    return -1;
}

/*  1: there with the right bytes; 0: not there; -1: wrong. */
static int s_row(s_look_t *look, plan_kind_t kind, unsigned number, unsigned row)
{
    char key[PLAN_KEY_SIZE];
    op_str_t at = plan_key(key, kind, look->thread, number, row);
    int found = op_store_get(look->store, at, &look->found);
    if (found < 0)
        return s_wrong(look, op_store_error(look->store), number);
    if (!found)
        return 0;
    plan_value(&look->expected, kind, look->thread, number, row);
    if (!op_str_equal(op_buf_str(&look->found), op_buf_str(&look->expected)))
        return s_wrong(look, "other bytes than were written", number);
    look->rows++;
    return 1;
}

static int s_outbox(s_look_t *look, checker_outbox_t state, unsigned number)
{
    int first = s_row(look, PLAN_OUTBOX, number, 0);
    if (first < 0)
        return -1;
    for (unsigned row = 1; row < PLAN_OUTBOX_ROWS; row++) {
        int found = s_row(look, PLAN_OUTBOX, number, row);
        if (found < 0)
            return -1;
        if (found != first)
            return s_wrong(look, "half of its outbox rows", number);
    }
    if (first == 0 && state == CHECKER_KEPT)
        return s_wrong(look, "its outbox rows are lost", number);
    if (first == 1 && state == CHECKER_GONE)
        return s_wrong(look, "its removal is lost, and a synced write came after it", number);
    return 0;
}

static int s_cursor(s_look_t *look)
{
    char key[PLAN_KEY_SIZE];
    op_str_t at = plan_key(key, PLAN_CURSOR, look->thread, 0, 0);
    int found = op_store_get(look->store, at, &look->found);
    uint64_t number = 0;
    if (found < 0)
        return s_wrong(look, op_store_error(look->store), 0);
    if (found && !op_str_to_u64(op_buf_str(&look->found), PLAN_NUMBERS - 1, &number))
        return s_wrong(look, "a cursor that is no number", 0);
    look->rows += found != 0;
    look->cursor = (unsigned)number;
    return 0;
}

/*  The scratch row came with the removal of a batch's outbox rows: they are not there. */
static int s_scratch(s_look_t *look, const checker_t *expected)
{
    char key[PLAN_KEY_SIZE];
    op_str_t at = plan_key(key, PLAN_SCRATCH, look->thread, 0, 0);
    int found = op_store_get(look->store, at, &look->found);
    if (found < 0)
        return s_wrong(look, op_store_error(look->store), 0);
    if (!found)
        return 0;
    op_str_t value = op_buf_str(&look->found);
    const char *space = value.size ? memchr(value.at, ' ', value.size) : NULL;
    uint64_t large = 0;
    if (!space ||
        !op_str_to_u64(op_str_of(value.at, (size_t)(space - value.at)), PLAN_NUMBERS - 1, &large))
        return s_wrong(look, "a scratch row without a number", 0);
    unsigned number = (unsigned)large;
    plan_value(&look->expected, PLAN_SCRATCH, look->thread, number, 0);
    if (!op_str_equal(value, op_buf_str(&look->expected)))
        return s_wrong(look, "other bytes in its scratch row than were written", number);
    if (expected->outbox[look->thread][number] == CHECKER_KEPT)
        return s_wrong(look, "a scratch row that nobody wrote", number);
    look->rows++;
    at = plan_key(key, PLAN_OUTBOX, look->thread, number, 0);
    if (op_store_get(look->store, at, &look->found) != 0)
        return s_wrong(look, "half of its removal", number);
    return 0;
}

static int s_thread(s_look_t *look, const checker_t *expected)
{
    if (s_cursor(look) != 0)
        return -1;
    unsigned written = expected->written[look->thread];
    if (look->cursor < written)
        return s_wrong(look, "acknowledged and lost", written);
    for (unsigned number = 1; number <= look->cursor; number++) {
        for (unsigned row = 0; row < plan_rows(number); row++) {
            int found = s_row(look, PLAN_DATA, number, row);
            if (found < 0)
                return -1;
            if (!found)
                return s_wrong(look, "a hole: rows are lost below the cursor", number);
        }
        if (s_outbox(look, expected->outbox[look->thread][number], number) != 0)
            return -1;
    }
    return s_scratch(look, expected);
}

/*  Nothing but what the threads' batches account for. */
static int s_count(s_look_t *look)
{
    op_store_range_t *range = op_store_range(look->store, OP_STR(""), OP_STR(""), false);
    op_str_t key, value;
    size_t rows = 0;
    int result;
    while ((result = op_store_range_next(range, &key, &value)) > 0)
        rows++;
    op_store_range_destroy(&range);
    if (result < 0)
        return s_wrong(look, op_store_error(look->store), 0);
    if (rows != look->rows)
        return s_wrong(look, "rows of a batch that is not there whole", 0);
    return 0;
}

int checker_check(const checker_t *self, op_store_t *store, char problem[OP_STORE_ERROR_SIZE])
{
    s_look_t look = {.store = store, .problem = problem};
    int result = 0;
    for (look.thread = 0; look.thread < PLAN_THREADS && result == 0; look.thread++)
        result = s_thread(&look, self);
    if (result == 0)
        result = s_count(&look);
    op_buf_free(&look.found);
    op_buf_free(&look.expected);
    return result;
}
