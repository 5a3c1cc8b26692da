/*  commit.c - group commit in front of LevelDB

    LevelDB joins concurrent writers by itself. But when an append to its log fails half-way (disk
    full), it goes on: the next writer's record lands behind the torn one, is acknowledged, and is
    dropped when the log is read again. A writer that was refused cannot stop one that already waits
    inside LevelDB. So the queue, and the refusal after a failure, are here under one lock.

    The writer at the front takes what waits behind it into its own LevelDB batch (s_join), up to
    S_JOIN_BYTES so that nobody waits for too much of others, writes that without the lock, and then
    wakes those it wrote for. An unsynced write may ride along with a synced one, not the other way
    round. LevelDB never sees two writers. */

#include "store/commit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { S_JOIN_BYTES = 1 << 20 };

/*  A write that waits, on the stack of its thread. The fields below `next` are the queue's. */
typedef struct s_writer {
    leveldb_writebatch_t *batch;
    size_t size;
    bool sync;
    struct s_writer *next;
    pthread_cond_t turn;
    bool done;
    int result;
    char error[OP_STORE_ERROR_SIZE];
} s_writer_t;

struct op_commit {
    op_commit_write_fn *write;
    void *context;
    pthread_mutex_t lock; /* guards what follows, and the queue's fields of the writers */
    s_writer_t *first;
    s_writer_t *last;
    char broken[OP_STORE_ERROR_SIZE]; /* why no more writes are taken; "": they are */
};

op_commit_t *op_commit_new(op_commit_write_fn *write, void *context)
{
    op_commit_t *self = op_alloc(sizeof *self);
    *self = (op_commit_t){.write = write, .context = context};
    OP_ASSERT(pthread_mutex_init(&self->lock, NULL) == 0);
    return self;
}

void op_commit_destroy(op_commit_t **self_p)
{
    op_commit_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    OP_ASSERT(!self->first);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static leveldb_writebatch_t *s_convert(const op_batch_t *batch)
{
    leveldb_writebatch_t *self = leveldb_writebatch_create();
    size_t offset = 0;
    op_str_t key, value;
    while (op_batch_next(batch, &offset, &key, &value)) {
        if (value.at)
            leveldb_writebatch_put(self, key.at, key.size, value.at, value.size);
        else
            leveldb_writebatch_delete(self, key.at, key.size);
    }
    return self;
}

/*  Takes the batches that wait behind `first` into its own, and returns the last writer it took.
    Called with the lock. */
static s_writer_t *s_join(s_writer_t *first)
{
    s_writer_t *last = first;
    size_t size = first->size;
    for (s_writer_t *next = first->next; next; next = next->next) {
        if ((next->sync && !first->sync) || size + next->size > S_JOIN_BYTES)
            break;
        leveldb_writebatch_append(first->batch, next->batch);
        size += next->size;
        last = next;
    }
    return last;
}

/*  Removes the writers up to `last` from the queue, tells them, and gives the next one its turn.
    A writer's memory is gone once the lock is given up after `done`. */
static void s_release(op_commit_t *self, const s_writer_t *last, int result)
{
    bool more = true;
    while (more) {
        s_writer_t *writer = self->first;
        more = writer != last;
        self->first = writer->next;
        writer->result = result;
        op_str_copy(op_str(self->broken), writer->error, sizeof writer->error);
        writer->done = true;
        pthread_cond_signal(&writer->turn);
    }
    if (self->first)
        pthread_cond_signal(&self->first->turn);
    else
        self->last = NULL;
}

/*  The writer is at the front of the queue and stays there while the lock is given up. */
static void s_lead(op_commit_t *self, s_writer_t *writer)
{
    if (self->broken[0]) {
        s_release(self, writer, -1);
        return;
    }
    const s_writer_t *last = s_join(writer);
    pthread_mutex_unlock(&self->lock);
    char error[OP_STORE_ERROR_SIZE] = "";
    int result = self->write(self->context, writer->batch, writer->sync, error);
    pthread_mutex_lock(&self->lock);
    if (result != 0)
        op_str_copy(op_str(error), self->broken, sizeof self->broken);
    s_release(self, last, result);
}

int op_commit_write(op_commit_t *self, const op_batch_t *batch, bool sync,
                    char error[OP_STORE_ERROR_SIZE])
{
    s_writer_t writer = {.batch = s_convert(batch), .size = batch->rows.size, .sync = sync};
    pthread_cond_init(&writer.turn, NULL);
    pthread_mutex_lock(&self->lock);
    if (self->last)
        self->last->next = &writer;
    else
        self->first = &writer;
    self->last = &writer;
    while (!writer.done && self->first != &writer)
        pthread_cond_wait(&writer.turn, &self->lock);
    if (!writer.done)
        s_lead(self, &writer);
    pthread_mutex_unlock(&self->lock);
    pthread_cond_destroy(&writer.turn);
    leveldb_writebatch_destroy(writer.batch);
    if (writer.result != 0)
        memcpy(error, writer.error, sizeof writer.error);
    return writer.result;
}
