/*  serial_watch.h - which device nodes there are: part of modem/serial.h

    Not thread-safe: the port's thread calls it. */

#ifndef OP_MODEM_SERIAL_WATCH_H
#define OP_MODEM_SERIAL_WATCH_H

#include "base/bytes.h"

typedef struct op_serial_watcher op_serial_watcher_t;

op_serial_watcher_t *op_serial_watcher_new(void);
void op_serial_watcher_destroy(op_serial_watcher_t **self_p);

/*  Adds a pattern; the next look is due. False: there are too many. */
bool op_serial_watcher_add(op_serial_watcher_t *self, op_str_t pattern);

/*  When the next look is due, in ms from `now` (of any clock that does not jump); -1: never. */
int64_t op_serial_watcher_due_in(const op_serial_watcher_t *self, int64_t now);
/*  Looks, when it is due. */
void op_serial_watcher_look(op_serial_watcher_t *self, int64_t now);

/*  The next piece of news: a path, valid until the next call, and whether it is found or gone. */
bool op_serial_watcher_next(op_serial_watcher_t *self, op_str_t *path, bool *found);

#endif
