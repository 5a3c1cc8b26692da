/*  writer.c - writes batches into OP's engine from several threads until it is killed

    writer DIR ACK_FD [--plant syncs|halves]

    Each thread goes on from its cursor in the store. After op_store_write returned 0 for a
    synced batch it says so on ACK_FD (plan.h), and only then goes on. Planted bugs, which the
    checker must find: `syncs` writes without a sync what it says is synced, `halves` writes a
    batch in two halves. */

#include "store/leveldb.h"
#include "tests/powerloss/plan.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    op_store_t *store;
    int ack;
    unsigned thread;
    bool no_sync;
    bool halves;
    unsigned removed; /* outbox rows up to this number were removed, or are so by now */
} s_writer_t;

_Noreturn static void s_die(const char *what, const char *why)
{
    fprintf(stderr, "writer: %s: %s\n", what, why);
    _exit(1);
}

static void s_say(const s_writer_t *self, char kind, unsigned number)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%c %u %u\n", kind, self->thread, number);
    if (write(self->ack, line, (size_t)size) != size)
        s_die("pipe", "cannot be written");
}

static void s_commit(const s_writer_t *self, const op_batch_t *batch, bool sync)
{
    if (op_store_write(self->store, batch, sync && !self->no_sync) != 0)
        s_die("write", op_store_error(self->store));
}

static void s_put(op_batch_t *batch, plan_kind_t kind, unsigned thread, unsigned number,
                  unsigned row)
{
    char key[PLAN_KEY_SIZE];
    op_buf_t value = {0};
    plan_value(&value, kind, thread, number, row);
    bool one = kind == PLAN_CURSOR || kind == PLAN_SCRATCH;
    op_batch_put(batch, plan_key(key, kind, thread, one ? 0 : number, row), op_buf_str(&value));
    op_buf_free(&value);
}

static void s_write(const s_writer_t *self, unsigned number)
{
    op_batch_t batch = {0};
    for (unsigned row = 0; row < plan_rows(number); row++)
        s_put(&batch, PLAN_DATA, self->thread, number, row);
    if (self->halves) {
        s_commit(self, &batch, false);
        op_batch_clear(&batch);
    }
    for (unsigned row = 0; row < PLAN_OUTBOX_ROWS; row++)
        s_put(&batch, PLAN_OUTBOX, self->thread, number, row);
    s_put(&batch, PLAN_CURSOR, self->thread, number, 0);
    s_commit(self, &batch, true);
    op_batch_free(&batch);
    s_say(self, PLAN_WRITTEN, number);
}

static void s_remove(s_writer_t *self, unsigned number)
{
    op_batch_t batch = {0};
    for (unsigned row = 0; row < PLAN_OUTBOX_ROWS; row++) {
        char key[PLAN_KEY_SIZE];
        op_batch_delete(&batch, plan_key(key, PLAN_OUTBOX, self->thread, number, row));
    }
    s_put(&batch, PLAN_SCRATCH, self->thread, number, 0);
    s_say(self, PLAN_REMOVING, number);
    s_commit(self, &batch, false);
    s_say(self, PLAN_REMOVED, number);
    op_batch_free(&batch);
    self->removed = number;
}

static unsigned s_cursor(const s_writer_t *self)
{
    char key[PLAN_KEY_SIZE];
    op_buf_t value = {0};
    int found = op_store_get(self->store, plan_key(key, PLAN_CURSOR, self->thread, 0, 0), &value);
    if (found < 0)
        s_die("cursor", op_store_error(self->store));
    uint64_t number = 0;
    if (found && !op_str_to_u64(op_buf_str(&value), PLAN_NUMBERS, &number))
        s_die("cursor", "not a number");
    op_buf_free(&value);
    return (unsigned)number;
}

/*  The last number below the first outbox row that is still there. */
static unsigned s_first_kept(const s_writer_t *self, unsigned cursor)
{
    op_buf_t value = {0};
    unsigned number = 1;
    for (int found = 0; number <= cursor; number++) {
        char key[PLAN_KEY_SIZE];
        op_str_t row = plan_key(key, PLAN_OUTBOX, self->thread, number, 0);
        found = op_store_get(self->store, row, &value);
        if (found < 0)
            s_die("outbox", op_store_error(self->store));
        if (found)
            break;
    }
    op_buf_free(&value);
    return number - 1;
}

static void *s_run(void *argument)
{
    s_writer_t *self = argument;
    unsigned start = s_cursor(self);
    self->removed = s_first_kept(self, start);
    for (unsigned number = start + 1; number <= start + PLAN_BATCHES; number++) {
        if (number >= PLAN_NUMBERS)
            s_die("plan", "no numbers left");
        s_write(self, number);
        for (unsigned i = 0; i < number % 3 && self->removed < number; i++)
            s_remove(self, self->removed + 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 5)
        s_die("usage", "writer DIR ACK_FD [--plant syncs|halves]");
    const char *plant = argc == 5 ? argv[4] : "";
    char error[OP_STORE_ERROR_SIZE];
    op_leveldb_options_t options = {.write_buffer_bytes = PLAN_WRITE_BUFFER};
    op_store_t *store = op_store_leveldb_open(argv[1], &options, error);
    if (!store)
        s_die("open", error);
    s_writer_t writers[PLAN_THREADS];
    pthread_t threads[PLAN_THREADS];
    for (unsigned i = 0; i < PLAN_THREADS; i++) {
        writers[i] = (s_writer_t){.store = store, .ack = atoi(argv[2]), .thread = i};
        writers[i].no_sync = strcmp(plant, "syncs") == 0;
        writers[i].halves = strcmp(plant, "halves") == 0;
        if (pthread_create(&threads[i], NULL, s_run, &writers[i]) != 0)
            s_die("thread", "cannot be made");
    }
    for (unsigned i = 0; i < PLAN_THREADS; i++)
        pthread_join(threads[i], NULL);
    op_store_destroy(&store);
    return 0;
}
