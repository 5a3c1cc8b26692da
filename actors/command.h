/*  command.h - what the owner of actors' threads tells them all, in rounds; private to the
    runtime

    A command is a word and the number of its round, over the actor's pipe; its answer repeats the
    number. An answer that comes after its round was given up is passed over in the next one, so it
    is never taken for an answer to it. */

#ifndef OP_ACTORS_COMMAND_H
#define OP_ACTORS_COMMAND_H

#include "base/bytes.h"

#include <czmq.h>

enum { OP_COMMAND_MAX = 16 };

typedef struct {
    const char *word;   /* fewer octets than OP_COMMAND_MAX */
    const char *answer; /* what is said when it was done */
    uint64_t round;     /* from 1 on, and new for each */
} op_command_t;

/*  ---- The owner ---- */

/*  Waits for any message on an actor's pipe, up to this instant of the steady clock. The caller
    frees both texts, by zstr_free. False: it has come, or the pipe is gone. */
bool op_command_wait(zactor_t *actor, int64_t deadline, char **word, char **detail) OP_MUST_CHECK;

/*  Does not wait: for an actor that reads none of its commands, one too many is dropped. */
void op_command_tell(const op_command_t *self, zactor_t *const *actors, size_t count);

/*  Waits until all have answered. `count` when they have as they should; else the first that has
    failed, or whose answer has not come in time. */
size_t op_command_await(const op_command_t *self, zactor_t *const *actors, size_t count,
                        int64_t deadline_ms) OP_MUST_CHECK;

/*  ---- The thread ---- */

/*  The next command, waited for: its word ("" when the pipe is gone) and its round (0: none). */
uint64_t op_command_receive(zsock_t *pipe, char word[OP_COMMAND_MAX]);
void op_command_answer(zsock_t *pipe, const char *word, uint64_t round);

/*  Answers FAILED to `round`, unless it is 0, and to all commands until $TERM: a thread that has
    failed does nothing more, but one that is gone reads no pipe, and whoever writes to it would
    wait for ever. */
void op_command_refuse(zsock_t *pipe, uint64_t round);

#endif
