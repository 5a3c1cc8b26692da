#include "store/restore.h"

#include "store/leveldb.h"
#include "store/partial.h"
#include "store/record.h"
#include "store/records.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 20 };

/*  ---- Reading a file ---- */

typedef struct {
    FILE *file;
    op_store_t *store; /* NULL: the rows are only looked at */
    op_batch_t batch;
} reading_t;

static long s_source(void *arg, void *bytes, size_t size)
{
    reading_t *self = arg;
    size_t got = fread(bytes, 1, size, self->file);
    return got == 0 && ferror(self->file) ? -1 : (long)got;
}

static int s_write(reading_t *self, bool sync, char error[256])
{
    int rc = op_store_write(self->store, &self->batch, sync);
    if (rc != 0)
        snprintf(error, 256, "%s", op_store_error(self->store));
    op_batch_clear(&self->batch);
    return rc;
}

static int s_row(void *arg, op_str_t key, op_str_t value, char error[256])
{
    reading_t *self = arg;
    const char *wrong = op_check_row(value);
    if (wrong) {
        snprintf(error, 256, "the backup holds a row that is no good: %s", wrong);
        return -1;
    }
    if (!self->store)
        return 0;
    op_batch_put(&self->batch, key, value);
    return self->batch.rows.size < BATCH_BYTES ? 0 : s_write(self, false, error);
}

static int s_read(const char *file, op_store_t *store, op_backup_facts_t *facts, char error[256])
{
    reading_t self = {.file = fopen(file, "rbe"), .store = store};
    if (!self.file) {
        snprintf(error, 256, "%.200s: %s", file, strerror(errno));
        return -1;
    }
    op_backup_reader_t reader = {s_source, s_row, &self};
    int rc = op_backup_read(&reader, facts, error);
    if (rc == 0 && store) /* the sync makes all that was written before durable as well */
        rc = s_write(&self, true, error);
    op_batch_free(&self.batch);
    fclose(self.file);
    return rc;
}

int op_restore_check(const char *file, op_backup_facts_t *facts, char error[256])
{
    return s_read(file, NULL, facts, error);
}

/*  ---- A folder of it ---- */

/*  Empty, or not there. */
static int s_demand_empty(const char *dir, char error[256])
{
    DIR *list = opendir(dir);
    if (!list) {
        if (errno == ENOENT)
            return 0;
        snprintf(error, 256, "%.200s: %s", dir, strerror(errno));
        return -1;
    }
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(list));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(error, 256, "%.200s is not empty", dir);
            rc = -1;
        }
    closedir(list);
    return rc;
}

static int s_fill(const char *file, const char *dir, op_backup_facts_t *facts, char error[256])
{
    op_store_t *store = op_store_leveldb_open(dir, NULL, error);
    int rc = store ? s_read(file, store, facts, error) : -1;
    op_store_destroy(&store);
    return rc;
}

/*  Of a key of an actor's links, "<actor>!"; empty for any other key. */
static op_str_t s_space(op_str_t key)
{
    size_t size = 0;
    while (size < key.size && key.at[size] != '/' && key.at[size] != '!')
        size++;
    bool links = size > 0 && size < key.size && key.at[size] == '!';
    return op_str_of(key.at, links ? size + 1 : 0);
}

/*  Adds a mark for each actor that has links. */
static int s_add_marks(op_store_t *store, op_batch_t *batch)
{
    op_link_row_t mark = {.first = 0};
    randombytes_buf(&mark.series, sizeof mark.series);
    op_buf_t place = {0}, value = {0};
    op_record_seal(&op_link_row_type, &mark, &value);
    op_store_range_t *range = op_store_range(store, (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, row;
    int rc;
    while ((rc = op_store_range_next(range, &key, &row)) > 0) {
        op_str_t space = s_space(key);
        if (space.size == 0 ||
            (place.size && op_str_equal(space, op_str_of(place.at, place.size - 1))))
            continue;
        op_buf_clear(&place);
        op_buf_add_str(&place, space);
        op_buf_add_byte(&place, 'r');
        op_batch_put(batch, op_buf_str(&place), op_buf_str(&value));
    }
    op_store_range_destroy(&range);
    op_buf_free(&place);
    op_buf_free(&value);
    return rc;
}

/*  A restored store may be older than what its actors' peers have seen (actors/actor.h): each actor
    that has links finds a mark, "<actor>!r", that no other restored store has. */
static int s_mark(const char *dir, char error[256])
{
    op_store_t *store = op_store_leveldb_open(dir, NULL, error);
    if (!store)
        return -1;
    op_batch_t batch = {0};
    int rc = s_add_marks(store, &batch) == 0 ? op_store_write(store, &batch, true) : -1;
    if (rc != 0)
        snprintf(error, 256, "%s", op_store_error(store));
    op_batch_free(&batch);
    op_store_destroy(&store);
    return rc;
}

/*  What a server will find: the store as its own open reads it back. */
static int s_prove(const char *dir, const op_backup_facts_t *wanted, char error[256])
{
    op_check_facts_t found;
    op_store_t *store = op_store_leveldb_open(dir, NULL, error);
    int rc = store ? op_check_store(store, &found, error) : -1;
    op_store_destroy(&store);
    if (rc == 0 && (found.rows != wanted->rows || found.bytes != wanted->bytes)) {
        snprintf(error, 256, "what was written does not read back whole");
        rc = -1;
    }
    return rc;
}

int op_restore(const char *file, const char *dir, op_backup_facts_t *facts, char error[256])
{
    op_partial_t partial;
    if (op_restore_check(file, facts, error) != 0 || s_demand_empty(dir, error) != 0 ||
        op_partial_begin(&partial, dir, error) != 0)
        return -1;
    int rc = s_fill(file, partial.path, facts, error);
    if (rc == 0)
        rc = s_prove(partial.path, facts, error);
    if (rc == 0)
        rc = s_mark(partial.path, error);
    if (rc == 0)
        rc = op_partial_place(&partial, error);
    if (rc != 0)
        op_partial_drop(&partial);
    return rc;
}
