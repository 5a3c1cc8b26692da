/*  trace_folder.h - which files a trace consists of: FILE, and those that continue it */

#ifndef OP_TRANSPORT_TRACE_FOLDER_H
#define OP_TRANSPORT_TRACE_FOLDER_H

#include "transport/trace.h"

enum { OP_TRACE_SEGMENTS_MAX = 1000 };

/*  The numbers of the files that continue PATH (PATH.1 is 1), sorted: any of them may have been
    dropped. */
typedef struct {
    uint64_t at[OP_TRACE_SEGMENTS_MAX];
    size_t count;
} op_trace_numbers_t;
/*  -1, and why in `error`: the folder cannot be listed, or there are more than can be. */
int op_trace_file_numbers(const char *path, op_trace_numbers_t *numbers,
                          char error[OP_TRACE_ERROR]) OP_MUST_CHECK;

#endif
