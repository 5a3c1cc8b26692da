#include "store/restore.h"

#include "store/leveldb.h"
#include "store/partial.h"

#include <dirent.h>
#include <errno.h>
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
        rc = op_partial_place(&partial, error);
    if (rc != 0)
        op_partial_drop(&partial);
    return rc;
}
