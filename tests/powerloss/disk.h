/*  disk.h - a model of a disk behind a page cache: what is left of it after a power cut

    Fed with a journal (journal.h), it knows of every file and directory below the root both what
    a process sees and what is durable. The rules, which are strict POSIX and a little less than
    what Linux file systems promise:

    - A file's bytes are durable up to its last fsync or fdatasync, whichever descriptor it came by.
    - A directory's entries (creations, renames, removals) are durable up to the directory's last
      fsync. Syncing a file does not make its name durable.
    - A cut may leave more than that: of the later changes of names, in their order and a rename as
      one change, the first few; of each file's later writes some, as the style says.
    - DISK_JOURNALED: changes of names and of sizes reach the disk in one order, as they do where a
      file system has a journal (ext4, XFS) or a tree (Btrfs): a file has no unsynced size that is
      younger than a change of names that was lost. DISK_LOOSE: no order but that of one
      directory's changes.

    Pure: the same journal, seed and style give the same disk. Bugs in the journal are asserted. */

#ifndef OP_TESTS_POWERLOSS_DISK_H
#define OP_TESTS_POWERLOSS_DISK_H

#include "base/bytes.h"
#include "base/random.h"

/*  What happened to bytes that were written and never synced. */
typedef enum {
    DISK_NONE,    /* none of them reached the disk, and no unsynced name either */
    DISK_ALL,     /* all of them did, and all names */
    DISK_ORDERED, /* per file those of the first writes, the last of them torn at a sector (512
                     bytes) or a page (4096) */
    DISK_ZEROS,   /* per file the size did, the bytes did not: zeros */
    DISK_SCATTER, /* per file the size did, and each sector or page did or did not by itself */
} disk_style_t;

enum { DISK_STYLES = DISK_SCATTER + 1 };

/*  What the disk pretends not to have heard, so that a test can show that it would find that. */
typedef enum {
    DISK_HEARS_ALL,
    DISK_DEAF_TO_NAMES, /* fsync of a directory that was opened with O_DIRECTORY: OP's own, since
                           LevelDB opens its directory without */
    DISK_DEAF_TO_LOGS,  /* sync of a file that was opened for reading: OP's sync of the old logs */
} disk_hearing_t;

typedef enum { DISK_JOURNALED, DISK_LOOSE } disk_order_t;

typedef struct disk disk_t;

/*  An empty root directory. */
disk_t *disk_new(disk_order_t order, disk_hearing_t hearing);
void disk_destroy(disk_t **self_p);

/*  Applies a whole journal; a record that is cut short at its end is dropped. Handles are those of
    one journal: a new one may be fed after a cut, and after a process has merely died. */
void disk_play(disk_t *self, op_str_t journal);

/*  The power goes, and comes back: what is left is durable, and all that a process sees. True when
    a file has zeros where bytes had been written: damage that is no program's fault. */
bool disk_cut(disk_t *self, op_random_t *random, disk_style_t style);

/*  Calls `each` for every file and directory that a process sees, a directory before what is in
    it; `bytes` is NULL for a directory. */
void disk_walk(const disk_t *self,
               void (*each)(const char *name, const op_buf_t *bytes, void *context), void *context);

#endif
