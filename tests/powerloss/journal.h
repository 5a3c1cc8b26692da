/*  journal.h - what the shim writes down and the disk model reads: the file operations of a
    process, in the order in which they happened

    A journal is a plain file of records: this header, then `size` bytes. It is written with the
    machine's byte order and read by a program of the same build. Names are relative to the root
    that is watched: "" is the root itself, "db/000003.log" a file two levels down. */

#ifndef OP_TESTS_POWERLOSS_JOURNAL_H
#define OP_TESTS_POWERLOSS_JOURNAL_H

#include <stdint.h>

typedef enum {
    JOURNAL_OPEN = 1, /* handle, flags: as open(2) takes them; bytes: the name */
    JOURNAL_CREATE,   /* the same, and the file was not there before */
    JOURNAL_WRITE,    /* handle, offset; bytes: the data */
    JOURNAL_TRUNCATE, /* handle; offset: the new size */
    JOURNAL_SYNC,     /* handle; of a file or of a directory: fsync or fdatasync has returned */
    JOURNAL_MKDIR,    /* bytes: the name */
    JOURNAL_UNLINK,   /* bytes: the name */
    JOURNAL_RENAME,   /* offset: the size of the old name; bytes: the old name, then the new one */
} journal_kind_t;

typedef struct {
    uint32_t kind;  /* journal_kind_t */
    uint32_t flags; /* of OPEN and CREATE */
    uint64_t handle;
    uint64_t offset;
    uint64_t size; /* of the bytes that follow */
} journal_record_t;

/*  How the driver talks to the shim. */
#define JOURNAL_ENV_ROOT  "OP_POWERLOSS_ROOT"  /* the absolute path that is watched */
#define JOURNAL_ENV_FILE  "OP_POWERLOSS_FILE"  /* the journal, appended to; not below the root */
#define JOURNAL_ENV_CRASH "OP_POWERLOSS_CRASH" /* "LOGS OPERATION AFTER", see below */

/*  The process dies at the OPERATIONth operation (from 1) after the LOGSth creation (0: from the
    start) of a file NAME.log; AFTER it when that is 1, before it when 0. */

enum {
    JOURNAL_EXIT_CRASH = 77, /* the process died where it was told to */
    JOURNAL_EXIT_ALIEN = 78, /* it did something that the shim has no model of; see stderr */
    JOURNAL_NAME_SIZE = 64,  /* a relative name and its NUL */
};

#endif
