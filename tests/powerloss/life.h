/*  life.h - one life of the writer, from its start to its death, in a scratch directory

    The scratch directory holds `live/`, the root that the shim watches, `check/`, where a
    surviving disk is laid out for the checker, and the journal. */

#ifndef OP_TESTS_POWERLOSS_LIFE_H
#define OP_TESTS_POWERLOSS_LIFE_H

#include "tests/powerloss/disk.h"

enum { LIFE_PATH_SIZE = 512 };

typedef struct {
    const char *shim; /* absolute paths; borrowed */
    const char *writer;
    const char *plant; /* a planted bug of the writer's, or NULL */
    char scratch[LIFE_PATH_SIZE / 2];
} life_t;

/*  Makes the scratch directory below $TMPDIR or /tmp; 0 or -1. */
int life_init(life_t *self) OP_MUST_CHECK;
/*  Removes it with all that is in it. */
void life_clear(life_t *self);

/*  Lays the disk out anew in the scratch directory's `name`, which had better be one of the two. */
void life_lay_out(const life_t *self, const disk_t *disk, const char *name);

/*  The path of the database in there. */
void life_database(const life_t *self, const char *name, char path[LIFE_PATH_SIZE]);

typedef struct {
    op_buf_t lines;   /* what it said; the caller frees both */
    op_buf_t journal; /* what it did */
    bool crashed;     /* at the operation, not at its natural end */
} life_end_t;

/*  Where the process dies, or nearly: journal.h. */
typedef struct {
    unsigned logs;
    unsigned operation;
    bool after;
} life_crash_t;

/*  Runs the writer on `live` as it is there. Returns 0, or -1 when it ended in a way that is
    neither the crash nor its natural end (it has said so on stderr). */
int life_run(const life_t *self, life_crash_t crash, life_end_t *end) OP_MUST_CHECK;

#endif
