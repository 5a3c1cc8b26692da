/*  leveldb.h - the store engine on LevelDB 1.23: one directory, one process

    Threads: any number may call one store at once; concurrent writes are joined into one log
    write and one sync. op_store_error is per thread: it tells of the calling thread's own last
    error. A range or a snapshot belongs to one thread at a time.

    Damage: checksums are verified on open and on every read. A damaged database is refused or
    the read answers -1 ("DIR: Corruption: ..."); nothing is repaired and no file is rescued by
    force.

    Compacting: LevelDB names keys at the bounds of its files in MANIFEST and LOG; those are written
    anew when the store is opened, and LOG is kept once more as LOG.old.

    After a write that failed (disk full, I/O error) every later write is refused with the same
    error until the store is opened anew; reads go on. */

#ifndef OP_STORE_LEVELDB_H
#define OP_STORE_LEVELDB_H

#include "store/store.h"

/*  0 takes the default. */
typedef struct {
    size_t cache_bytes; /* LRU cache of uncompressed blocks; 8 MiB */
    size_t
        write_buffer_bytes; /* what a log file and its memtable grow to; 16 MiB, 64 KiB at least */
    bool sync_dir_always;   /* sync the directory at every synced write (see store/dirsync.h) */
    bool lenient; /* drop what cannot be read of the logs: for store/restore.h, on a copy alone */
} op_leveldb_options_t;

/*  Opens the database in `dir`, making both when missing (the directory with mode 0700, its parent
    must exist). `options` is borrowed, NULL for the defaults. NULL: one line in `error`, such as
    "DIR: in use by another process" or "DIR: Corruption: ...". */
op_store_t *op_store_leveldb_open(const char *dir, const op_leveldb_options_t *options,
                                  char error[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;

/*  How often the directory was synced since the open, for tests and statistics. Any thread. */
uint64_t op_store_leveldb_dir_syncs(const op_store_t *self);

#endif
