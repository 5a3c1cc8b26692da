/*  leveldb.c - LevelDB behind store.h

    Writes. All of them go through one queue (store/commit.c): it joins concurrent ones, and
    refuses those that come after a failed one. A synced one is told only after the log file's
    name is durable too (store/dirsync.c).

    Reads. LevelDB's iterators step over a damaged block and are valid again behind it, with an
    error noted at the side; so a range asks for the error at every step, not only at the end.

    Opening. Where CURRENT is missing, LevelDB makes a new database and deletes the tables of
    the old one as unknown files; s_check_current refuses that.

    Limits of what LevelDB notices: a log record whose length field is damaged within the last
    32 KiB of the log reads as a write that was cut short, and it and what follows is dropped; a
    header of zeros makes it pass over the rest of that 32 KiB block. Neither is told.

    Whatever LevelDB hands out with malloc (values, error texts) is freed here with
    leveldb_free. */

#include "store/leveldb.h"
#include "store/commit.h"
#include "store/dirsync.h"

#include <dirent.h>
#include <errno.h>
#include <leveldb/c.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_BLOOM_BITS = 10, S_CACHE_BYTES = 8 << 20, S_WRITE_BUFFER_BYTES = 16 << 20 };

/*  The database itself; a snapshot is a view of one. Fields of a view: read, snapshot. */
typedef struct s_leveldb {
    op_store_t base;
    struct s_leveldb *origin; /* of a snapshot; else NULL */
    uint64_t serial;
    leveldb_t *db; /* borrowed in a snapshot, as is `dir` */
    char *dir;
    leveldb_readoptions_t *read;
    const leveldb_snapshot_t *snapshot;
    atomic_size_t views;     /* ranges and snapshots not yet destroyed */
    atomic_size_t snapshots; /* those of them that are snapshots */

    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *bloom;
    leveldb_writeoptions_t *write_synced;
    leveldb_writeoptions_t *write_unsynced;
    op_dirsync_t *dirsync; /* used in s_commit alone */
    op_commit_t *commit;
} s_leveldb_t;

typedef struct {
    op_store_range_t base;
    s_leveldb_t *store;
    leveldb_iterator_t *at;
    op_buf_t low;
    op_buf_t high;
    bool reverse;
    bool started;
    bool ended;
    int result; /* once ended */
} s_range_t;

static const op_store_engine_t s_engine;

/*  The calling thread's last error, and whose it is. */
static _Thread_local struct {
    uint64_t store; /* its serial number: an address may come back */
    char text[OP_STORE_ERROR_SIZE];
} s_last_error;

static s_leveldb_t *s_leveldb(op_store_t *store)
{
    OP_ASSERT(store && store->engine == &s_engine);
    return (s_leveldb_t *)store;
}

static const s_leveldb_t *s_leveldb_const(const op_store_t *store)
{
    OP_ASSERT(store && store->engine == &s_engine);
    return (const s_leveldb_t *)store;
}

static s_leveldb_t *s_new(s_leveldb_t *origin)
{
    static _Atomic uint64_t serial;
    s_leveldb_t *self = op_alloc(sizeof *self);
    *self = (s_leveldb_t){.base.engine = &s_engine, .origin = origin};
    self->serial = atomic_fetch_add(&serial, 1) + 1; /* 0 is nobody's */
    self->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(self->read, 1);
    return self;
}

static int s_refuse(const s_leveldb_t *self, const char *text)
{
    s_last_error.store = self->serial;
    op_str_copy(op_str(text), s_last_error.text, sizeof s_last_error.text);
    return -1;
}

/*  One line, in OP's words where LevelDB's do not say it. Takes and frees `text`. */
static void s_explain(const char *dir, char *text, char error[OP_STORE_ERROR_SIZE])
{
    if (strncmp(text, "IO error: lock ", 15) == 0)
        snprintf(error, OP_STORE_ERROR_SIZE, "%s: in use by %s process", dir,
                 strstr(text, "already held") ? "this" : "another");
    else
        snprintf(error, OP_STORE_ERROR_SIZE, "%s: %s", dir, text);
    for (char *at = error; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    leveldb_free(text);
}

static int s_fail(const s_leveldb_t *self, char *text)
{
    char error[OP_STORE_ERROR_SIZE];
    s_explain(self->dir, text, error);
    return s_refuse(self, error);
}

static int s_get(op_store_t *store, op_str_t key, op_buf_t *value)
{
    s_leveldb_t *self = s_leveldb(store);
    char *text = NULL;
    size_t size = 0;
    const char *at = key.size ? key.at : "";
    char *found = leveldb_get(self->db, self->read, at, key.size, &size, &text);
    if (text) {
        leveldb_free(found);
        return s_fail(self, text);
    }
    if (!found)
        return 0;
    op_buf_clear(value);
    op_buf_add(value, found, size);
    leveldb_free(found);
    return 1;
}

static op_store_range_t *s_range(op_store_t *store, op_str_t low, op_str_t high, bool reverse)
{
    s_leveldb_t *leveldb = s_leveldb(store);
    s_range_t *self = op_alloc(sizeof *self);
    *self = (s_range_t){.base.engine = &s_engine, .store = leveldb, .reverse = reverse};
    self->at = leveldb_create_iterator(leveldb->db, leveldb->read); /* frozen from here on */
    op_buf_add_str(&self->low, low);
    op_buf_add_str(&self->high, high);
    atomic_fetch_add(&leveldb->views, 1);
    return &self->base;
}

static op_str_t s_range_key(const s_range_t *self)
{
    size_t size;
    const char *at = leveldb_iter_key(self->at, &size);
    return op_str_of(at, size);
}

/*  The first position: at or above `low`, or below `high`. After a failed seek the iterator may
    be not valid for the failure's sake; the caller looks at the error before it believes the
    position. */
static void s_range_start(s_range_t *self)
{
    if (!self->reverse) {
        leveldb_iter_seek(self->at, self->low.size ? self->low.at : "", self->low.size);
        return;
    }
    if (self->high.size == 0) {
        leveldb_iter_seek_to_last(self->at);
        return;
    }
    leveldb_iter_seek(self->at, self->high.at, self->high.size);
    if (leveldb_iter_valid(self->at))
        leveldb_iter_prev(self->at);
    else
        leveldb_iter_seek_to_last(self->at);
}

static void s_range_step(s_range_t *self)
{
    if (!self->started)
        s_range_start(self);
    else if (self->reverse)
        leveldb_iter_prev(self->at);
    else
        leveldb_iter_next(self->at);
    self->started = true;
}

static bool s_range_within(const s_range_t *self)
{
    if (!leveldb_iter_valid(self->at))
        return false;
    op_str_t key = s_range_key(self), high = op_buf_str(&self->high);
    if (self->reverse)
        return op_str_compare(key, op_buf_str(&self->low)) >= 0;
    return high.size == 0 || op_str_compare(key, high) < 0;
}

static int s_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value)
{
    s_range_t *self = (s_range_t *)range;
    if (self->ended)
        return self->result;
    s_range_step(self);
    char *text = NULL;
    leveldb_iter_get_error(self->at, &text);
    if (text) {
        self->ended = true;
        self->result = s_fail(self->store, text);
        return self->result;
    }
    if (!s_range_within(self)) {
        self->ended = true;
        return 0;
    }
    *key = s_range_key(self);
    value->at = leveldb_iter_value(self->at, &value->size);
    return 1;
}

static void s_range_destroy(op_store_range_t *range)
{
    s_range_t *self = (s_range_t *)range;
    leveldb_iter_destroy(self->at);
    op_buf_free(&self->low);
    op_buf_free(&self->high);
    atomic_fetch_sub(&self->store->views, 1);
    free(self);
}

/*  One thread at a time: op_commit_write_fn. */
static int s_commit(void *context, leveldb_writebatch_t *batch, bool sync,
                    char error[OP_STORE_ERROR_SIZE])
{
    s_leveldb_t *self = context;
    char *text = NULL;
    leveldb_write(self->db, sync ? self->write_synced : self->write_unsynced, batch, &text);
    if (text) {
        s_explain(self->dir, text, error);
        return -1;
    }
    return sync ? op_dirsync_settle(self->dirsync, error) : 0;
}

static int s_write(op_store_t *store, const op_batch_t *batch, bool sync)
{
    s_leveldb_t *self = s_leveldb(store);
    if (self->origin)
        return s_refuse(self, "a snapshot is read-only");
    char error[OP_STORE_ERROR_SIZE];
    return op_commit_write(self->commit, batch, sync, error) == 0 ? 0 : s_refuse(self, error);
}

/*  The whole log goes into a table, and tables of upper levels go down. */
static void s_push_down(s_leveldb_t *self, op_str_t low, op_str_t high)
{
    leveldb_compact_range(self->db, low.at, low.size, high.at, high.size);
}

/*  LevelDB merges level by level, but never the lowest one with itself; and what goes from the log
    into an empty store lies there at once, deleted rows and all. Two deletions of nothing, one at
    each bound, make a table that overlaps all between them; so the second time all is merged. Files
    that a range still read are only removed after the next merge: the last one, of next to
    nothing. */
static int s_compact(op_store_t *store, op_str_t low, op_str_t high)
{
    s_leveldb_t *self = s_leveldb(store);
    if (self->origin)
        return s_refuse(self, "a snapshot is read-only");
    if (atomic_load(&self->snapshots))
        return 1;
    op_buf_t value = {0};
    int result = s_get(store, low, &value) | s_get(store, high, &value);
    OP_ASSERT(result <= 0);
    op_buf_free(&value);
    op_batch_t bounds = {0};
    op_batch_delete(&bounds, low);
    op_batch_delete(&bounds, high);
    for (int round = 0; result == 0 && round < 2; round++) {
        result = s_write(store, &bounds, false);
        if (result == 0)
            s_push_down(self, low, high);
    }
    if (result == 0)
        s_push_down(self, high, high);
    op_batch_free(&bounds);
    return result;
}

static op_store_t *s_snapshot(op_store_t *store)
{
    s_leveldb_t *origin = s_leveldb(store);
    if (origin->origin) {
        s_refuse(origin, "a snapshot of a snapshot is not to be had");
        return NULL;
    }
    s_leveldb_t *self = s_new(origin);
    self->db = origin->db;
    self->dir = origin->dir;
    self->snapshot = leveldb_create_snapshot(self->db);
    leveldb_readoptions_set_snapshot(self->read, self->snapshot);
    atomic_fetch_add(&origin->views, 1);
    atomic_fetch_add(&origin->snapshots, 1);
    return &self->base;
}

static const char *s_error(const op_store_t *store)
{
    return s_last_error.store == s_leveldb_const(store)->serial ? s_last_error.text : "";
}

/*  Also takes a store that was opened in part. */
static void s_destroy_database(s_leveldb_t *self)
{
    op_commit_destroy(&self->commit);
    if (self->db)
        leveldb_close(self->db);
    leveldb_options_destroy(self->options); /* this and the next two are used until the close */
    leveldb_filterpolicy_destroy(self->bloom);
    leveldb_cache_destroy(self->cache);
    leveldb_writeoptions_destroy(self->write_synced);
    leveldb_writeoptions_destroy(self->write_unsynced);
    op_dirsync_destroy(&self->dirsync);
    free(self->dir);
}

static void s_destroy(op_store_t *store)
{
    s_leveldb_t *self = s_leveldb(store);
    OP_ASSERT(atomic_load(&self->views) == 0);
    leveldb_readoptions_destroy(self->read);
    if (self->origin) {
        leveldb_release_snapshot(self->db, self->snapshot);
        atomic_fetch_sub(&self->origin->snapshots, 1);
        atomic_fetch_sub(&self->origin->views, 1);
    } else {
        s_destroy_database(self);
    }
    free(self);
}

static const op_store_engine_t s_engine = {
    .name = "leveldb",
    .get = s_get,
    .range = s_range,
    .range_next = s_range_next,
    .range_destroy = s_range_destroy,
    .write = s_write,
    .compact = s_compact,
    .snapshot = s_snapshot,
    .error = s_error,
    .destroy = s_destroy,
};

static bool s_ends(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);
    return size > tail && strcmp(name + size - tail, end) == 0;
}

/*  A directory with logs or tables and without CURRENT was a database once. (A crash while a
    new one is made leaves a MANIFEST only: that one may start again.) A directory that cannot
    be listed is LevelDB's to complain about. */
static int s_check_current(const char *dir, char error[OP_STORE_ERROR_SIZE])
{
    DIR *list = opendir(dir);
    bool current = false, data = false;
    for (struct dirent *entry; list && (entry = readdir(list));) {
        const char *name = entry->d_name;
        current = current || strcmp(name, "CURRENT") == 0;
        data = data || s_ends(name, ".log") || s_ends(name, ".ldb") || s_ends(name, ".sst");
    }
    if (list)
        closedir(list);
    if (current || !data)
        return 0;
    snprintf(error, OP_STORE_ERROR_SIZE, "%s: Corruption: the file CURRENT is missing", dir);
    return -1;
}

static void s_configure(s_leveldb_t *self, const op_leveldb_options_t *options)
{
    self->cache =
        leveldb_cache_create_lru(options->cache_bytes ? options->cache_bytes : S_CACHE_BYTES);
    self->bloom = leveldb_filterpolicy_create_bloom(S_BLOOM_BITS);
    self->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(self->options, 1);
    leveldb_options_set_paranoid_checks(self->options, !options->lenient);
    leveldb_options_set_cache(self->options, self->cache);
    leveldb_options_set_filter_policy(self->options, self->bloom);
    leveldb_options_set_write_buffer_size(self->options, options->write_buffer_bytes
                                                             ? options->write_buffer_bytes
                                                             : S_WRITE_BUFFER_BYTES);
    self->write_synced = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(self->write_synced, 1);
    self->write_unsynced = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(self->write_unsynced, 0);
}

/*  The watch begins before LevelDB makes its first file. The first settling covers what the open
    itself left unsynced: the new log file's name, and CURRENT's. */
static int s_open(s_leveldb_t *self, bool sync_dir_always, char error[OP_STORE_ERROR_SIZE])
{
    if (op_dirsync_make(self->dir, error) != 0 || s_check_current(self->dir, error) != 0)
        return -1;
    self->dirsync = op_dirsync_new(self->dir, sync_dir_always, error);
    if (!self->dirsync)
        return -1;
    char *text = NULL;
    self->db = leveldb_open(self->options, self->dir, &text);
    if (text) {
        s_explain(self->dir, text, error);
        return -1;
    }
    return op_dirsync_settle(self->dirsync, error);
}

op_store_t *op_store_leveldb_open(const char *dir, const op_leveldb_options_t *options,
                                  char error[OP_STORE_ERROR_SIZE])
{
    OP_ASSERT(dir && error);
    op_leveldb_options_t defaults = {0};
    if (!options)
        options = &defaults;
    s_leveldb_t *self = s_new(NULL);
    self->dir = op_strdup(op_str(dir));
    self->commit = op_commit_new(s_commit, self);
    s_configure(self, options);
    op_store_t *store = &self->base;
    if (s_open(self, options->sync_dir_always, error) != 0)
        op_store_destroy(&store);
    return store;
}

uint64_t op_store_leveldb_dir_syncs(const op_store_t *store)
{
    const s_leveldb_t *self = s_leveldb_const(store);
    OP_ASSERT(!self->origin);
    return op_dirsync_count(self->dirsync);
}
