/*  partial.h - a store in the making beside the one that it is to become

    Used by restore.c and repair.c alone. `dir` loses its trailing slashes. Every function answers
    0, or -1 and one line in `error`. */

#ifndef OP_STORE_PARTIAL_H
#define OP_STORE_PARTIAL_H

#include "base/check.h"

enum { OP_PARTIAL_PATH = 600 };

typedef struct {
    char dir[OP_PARTIAL_PATH];
    char path[OP_PARTIAL_PATH + 16]; /* "DIR.partial" */
} op_partial_t;

/*  Clears away what an earlier run left, and makes the folder anew, mode 0700. */
int op_partial_begin(op_partial_t *self, const char *dir, char error[256]) OP_MUST_CHECK;
/*  Removes it again. */
void op_partial_drop(op_partial_t *self);
/*  Makes it durable under the name `dir`, in whose place there is nothing or an empty folder. */
int op_partial_place(op_partial_t *self, char error[256]) OP_MUST_CHECK;
/*  Lets it and `dir` change places at once, and names what was there "DIR" and `suffix`. What is in
    `dir` and no file of a store goes along into the new one, just before. */
int op_partial_exchange(op_partial_t *self, const char *suffix, char error[256]) OP_MUST_CHECK;
/*  Before op_partial_begin: brings back into `dir` what an exchange that was cut off has taken. */
int op_partial_take_back(const char *dir, char error[256]) OP_MUST_CHECK;

/*  Does LevelDB call a file of its own so? */
bool op_partial_is_store(const char *name);

#endif
