/*  dirsync.h - makes the log files of a LevelDB directory durable by name

    LevelDB 1.23 syncs what it writes into a log file, but not the directory entry of the file,
    nor the end of the log file before it. This watches one directory, and on demand makes both
    durable. The why and how: dirsync.c. Linux only. One thread at a time, except
    op_dirsync_count. */

#ifndef OP_STORE_DIRSYNC_H
#define OP_STORE_DIRSYNC_H

#include "store/store.h"

/*  Makes the directory with mode 0700 if it is missing (not its parents), and makes its entry in
    its parent durable, also of one that exists: who made it may have died before that. (Where it
    exists and the parent may not be read, that is left out.) 0, or -1 with one line in `error`. */
int op_dirsync_make(const char *dir, char error[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;

typedef struct op_dirsync op_dirsync_t;

/*  Starts to watch `dir`, which must exist. `always`: do not watch, take the directory for changed
    every time; so it also is where the kernel has no watch to give. NULL: one line in `error`. */
op_dirsync_t *op_dirsync_new(const char *dir, bool always,
                             char error[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;
void op_dirsync_destroy(op_dirsync_t **self_p);

/*  To be called after a synced write has returned and before anybody is told. When a log file
    appeared since the last settling (or this is the first): syncs all log files, then the
    directory. Cheap otherwise. 0, or -1 with one line in `error`; what was not synced is then
    still owed. */
int op_dirsync_settle(op_dirsync_t *self, char error[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;

/*  How often the directory was synced. Any thread. */
uint64_t op_dirsync_count(const op_dirsync_t *self);

#endif
