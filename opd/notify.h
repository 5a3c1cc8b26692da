/*  notify.h - what opd tells the service manager, and its watchdog: sd_notify(3)

    Whoever starts opd with $NOTIFY_SOCKET hears READY=1 once it serves, RELOADING=1 and READY=1
    around a reload, STOPPING=1 when it begins to end, and a STATUS for people with each. Without
    that variable nothing is said, and a manager that does not listen is none of opd's concern.

    Where $WATCHDOG_USEC says that the manager watches, WATCHDOG=1 follows every look at all actors
    that all have answered. A look begins every half of the manager's time, and is given the other
    half: a single actor that hangs for so long gets the process restarted, and its name is in the
    log. */

#ifndef OP_OPD_NOTIFY_H
#define OP_OPD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool (*look)(void *arg, int64_t deadline_ms); /* true: all have answered by then */
    void *arg;
    int64_t every_ms; /* 0: nobody watches */
    int64_t next;     /* of the steady clock */
    bool hangs;       /* the last look was in vain */
    char status[128];
} op_notify_t;

/*  What the environment wants; the first look is due half the manager's time from `now`. */
op_notify_t op_notify_new(bool (*look)(void *arg, int64_t deadline_ms), void *arg, int64_t now);

/*  `status` is a sentence for `systemctl status`, copied. */
void op_notify_serving(op_notify_t *self, const char *status);
/*  Before and after; nothing is said of a reload before it serves. */
void op_notify_reloading(const op_notify_t *self);
void op_notify_reloaded(const op_notify_t *self);
void op_notify_stopping(void);

/*  How long to wait before op_notify_work at the most: -1, for ever. */
int op_notify_wait_ms(const op_notify_t *self, int64_t now);

/*  Looks, if it is time to, and says so if all is well. */
void op_notify_work(op_notify_t *self, int64_t now);

#endif
