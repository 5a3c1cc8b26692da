/*  trace_file.h - the file of a trace, while it is written

    PATH, then PATH.1, PATH.2 ...: when a file would grow past its size, the next one begins with
    the header and the actors' names. The first files hold the keyspaces at the start: once those
    are complete these files are kept for good, and of the others the latest, at most `segments` in
    all. So a trace is bounded, its beginning can always be replayed, and its end be looked at.

    Every write is whole records in one write(2), appended: a process that is killed leaves whole
    records, but for the last one perhaps. Nothing is synced: a trace is for looking at, the store
    is what must survive a power cut.

    A trace holds codes, texts and phone numbers: its files are created with mode 0600, and never
    over a file that is there: one that exists is an error, whatever it holds.

    A full disk, or any other error while writing, ends the recording and nothing else: what was
    written only in part is taken back, one line goes to the log, and later writes do nothing.

    Any thread may call, each call by itself. */

#ifndef OP_TRANSPORT_TRACE_FILE_H
#define OP_TRANSPORT_TRACE_FILE_H

#include "transport/trace.h"
#include "transport/trace_folder.h"

enum { OP_TRACE_ACTORS_MAX = 64, OP_TRACE_PATH_MAX = 512 };

typedef struct op_trace_file op_trace_file_t;

typedef struct {
    const char *path;       /* at most OP_TRACE_PATH_MAX bytes */
    uint64_t segment_bytes; /* of a file; one write more may be in it */
    uint64_t segments;      /* files; 2 to OP_TRACE_SEGMENTS_MAX */
} op_trace_file_options_t;

/*  Creates PATH and writes the header; of `header`, `build` is copied and `segment` not looked at.
    NULL, and a sentence in `error`: "FILE: exists ...", also of one left over that would continue it
    (FILE.3), or why it cannot be created. */
op_trace_file_t *op_trace_file_new(const op_trace_file_options_t *options,
                                   const op_trace_header_t *header,
                                   char error[OP_TRACE_ERROR]) OP_MUST_CHECK;
/*  Closes the file; what was written stays. */
void op_trace_file_destroy(op_trace_file_t **self_p);

/*  Gives the next actor its number, from 1, and writes its record. */
uint64_t op_trace_file_actor(op_trace_file_t *self, const char *name, const char *class);

/*  Appends whole records, made by op_trace_add, in one write. `state`: they are rows of a keyspace,
    so the file that they go to is kept. */
void op_trace_file_write(op_trace_file_t *self, op_str_t records, bool state);

/*  Ends the recording with this reason in the log. Only the first reason counts. */
void op_trace_file_stop(op_trace_file_t *self, const char *reason);
/*  Has it ended? Then there is no use in encoding. Costs next to nothing. */
bool op_trace_file_stopped(const op_trace_file_t *self);

#endif
