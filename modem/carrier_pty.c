#include "modem/carrier_pty.h"

#include "base/instant.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { S_READ_MAX = 4096, S_PATH_MAX = 64 };

typedef struct {
    int master, slave; /* -1: not open */
    char path[S_PATH_MAX];
    char *link; /* NULL: none was made */
} s_tty_t;

struct op_carrier_pty {
    pthread_mutex_t lock; /* of core and stop */
    pthread_cond_t moved; /* bytes from a driver have gone through the core */
    pthread_t thread;
    bool running; /* the thread is to be joined */
    bool stop;
    int wake; /* eventfd: there is something to write, or to stop for */
    op_carrier_t *core;
    size_t modems;
    s_tty_t ttys[OP_CARRIER_MODEMS_MAX];
};

static int64_t s_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * OP_SECOND_MS + now.tv_nsec / 1000000;
}

static void s_lock(op_carrier_pty_t *self)
{
    int failed = pthread_mutex_lock(&self->lock);
    OP_ASSERT(failed == 0);
}

static void s_unlock(op_carrier_pty_t *self)
{
    int failed = pthread_mutex_unlock(&self->lock);
    OP_ASSERT(failed == 0);
}

/*  The counter is full only when the thread has long been woken. */
static void s_wake(op_carrier_pty_t *self)
{
    uint64_t one = 1;
    ssize_t written = write(self->wake, &one, sizeof(one));
    OP_ASSERT(written == (ssize_t)sizeof(one) || errno == EAGAIN);
}

/*  What the driver wrote, once per turn: poll says so when there is more. */
static void s_read(op_carrier_pty_t *self, size_t modem)
{
    char bytes[S_READ_MAX];
    ssize_t size = read(self->ttys[modem].master, bytes, sizeof(bytes));
    if (size > 0)
        op_carrier_feed(self->core, modem, op_str_of(bytes, (size_t)size), s_now(CLOCK_REALTIME));
}

/*  What fits; the rest when poll says there is room. */
static void s_write(op_carrier_pty_t *self, size_t modem)
{
    op_buf_t *out = op_carrier_take(self->core, modem);
    if (out->size == 0)
        return;
    ssize_t size = write(self->ttys[modem].master, out->at, out->size);
    if (size > 0)
        op_buf_consume(out, (size_t)size);
}

/*  The core's next instant as a timeout for poll. */
static int s_timeout(op_carrier_pty_t *self)
{
    int64_t at = op_carrier_wake_at(self->core);
    if (at == 0)
        return -1;
    int64_t left = at - s_now(CLOCK_REALTIME);
    if (left <= 0)
        return 0;
    return left < OP_MINUTE_MS ? (int)left : (int)OP_MINUTE_MS;
}

/*  Fills in what to wait for. False when it is time to stop. */
static bool s_prepare(op_carrier_pty_t *self, struct pollfd *polls, int *timeout)
{
    s_lock(self);
    op_carrier_tick(self->core, s_now(CLOCK_REALTIME));
    for (size_t i = 0; i < self->modems; i++) {
        s_write(self, i);
        bool more = op_carrier_take(self->core, i)->size > 0;
        polls[i] = (struct pollfd){.fd = self->ttys[i].master,
                                   .events = (short)(POLLIN | (more ? POLLOUT : 0))};
    }
    polls[self->modems] = (struct pollfd){.fd = self->wake, .events = POLLIN};
    *timeout = s_timeout(self);
    bool stop = self->stop;
    s_unlock(self);
    return !stop;
}

static void *s_run(void *context)
{
    op_carrier_pty_t *self = context;
    struct pollfd polls[OP_CARRIER_MODEMS_MAX + 1];
    int timeout;
    while (s_prepare(self, polls, &timeout)) {
        if (poll(polls, (nfds_t)(self->modems + 1), timeout) <= 0)
            continue;
        if (polls[self->modems].revents) {
            uint64_t woken;
            ssize_t size = read(self->wake, &woken, sizeof(woken));
            (void)size; /* a wake-up that was already taken is none */
        }
        s_lock(self);
        for (size_t i = 0; i < self->modems; i++)
            if (polls[i].revents & POLLIN)
                s_read(self, i);
        pthread_cond_broadcast(&self->moved);
        s_unlock(self);
    }
    return NULL;
}

/*  ---- Opening and closing ---- */

static int s_open(s_tty_t *tty)
{
    struct termios settings;
    tty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty->master < 0 || grantpt(tty->master) != 0 || unlockpt(tty->master) != 0)
        return -1;
    int failed = ptsname_r(tty->master, tty->path, sizeof(tty->path));
    if (failed) {
        errno = failed;
        return -1;
    }
    /*  While no slave is open, the master reads EIO and what is written is lost: hold one. */
    tty->slave = open(tty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty->slave < 0 || tcgetattr(tty->slave, &settings) != 0)
        return -1;
    cfmakeraw(&settings);
    return tcsetattr(tty->slave, TCSANOW, &settings);
}

static int s_link(s_tty_t *tty, const char *directory, size_t modem)
{
    char link[PATH_MAX];
    struct stat old;
    int size = snprintf(link, sizeof(link), "%s/modem%zu", directory, modem);
    if (size < 0 || (size_t)size >= sizeof(link)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (lstat(link, &old) == 0 && S_ISLNK(old.st_mode) && unlink(link) != 0)
        return -1;
    if (symlink(tty->path, link) != 0)
        return -1;
    tty->link = op_strdup(op_str(link));
    return 0;
}

static void s_close(s_tty_t *tty)
{
    char target[S_PATH_MAX] = {0};
    /*  Not when another process has put its own link there meanwhile. */
    if (tty->link && readlink(tty->link, target, sizeof(target) - 1) > 0 &&
        strcmp(target, tty->path) == 0)
        (void)unlink(tty->link);
    free(tty->link);
    if (tty->slave >= 0)
        close(tty->slave);
    if (tty->master >= 0)
        close(tty->master);
}

static int s_start(op_carrier_pty_t *self, const char *directory)
{
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return -1;
    for (size_t i = 0; i < self->modems; i++)
        if (s_open(&self->ttys[i]) != 0 || (directory && s_link(&self->ttys[i], directory, i) != 0))
            return -1;
    int failed = pthread_create(&self->thread, NULL, s_run, self);
    if (failed) {
        errno = failed;
        return -1;
    }
    self->running = true;
    return 0;
}

op_carrier_pty_t *op_carrier_pty_new(const op_carrier_pty_options_t *options)
{
    pthread_condattr_t monotonic;
    op_carrier_pty_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->modems = options->modems;
    self->wake = -1;
    self->core = op_carrier_new(options->modems);
    for (size_t i = 0; i < self->modems; i++)
        self->ttys[i].master = self->ttys[i].slave = -1;
    int failed = pthread_mutex_init(&self->lock, NULL);
    failed |= pthread_condattr_init(&monotonic);
    failed |= pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&self->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    OP_ASSERT(failed == 0);
    if (s_start(self, options->directory) != 0) {
        int saved = errno;
        op_carrier_pty_destroy(&self);
        errno = saved;
    }
    return self;
}

void op_carrier_pty_destroy(op_carrier_pty_t **self_p)
{
    op_carrier_pty_t *self = *self_p;
    if (self == NULL)
        return;
    if (self->running) {
        s_lock(self);
        self->stop = true;
        s_unlock(self);
        s_wake(self);
        pthread_join(self->thread, NULL);
    }
    for (size_t i = 0; i < self->modems; i++)
        s_close(&self->ttys[i]);
    if (self->wake >= 0)
        close(self->wake);
    op_carrier_destroy(&self->core);
    pthread_cond_destroy(&self->moved);
    pthread_mutex_destroy(&self->lock);
    free(self);
    *self_p = NULL;
}

/*  ---- What anybody may call ---- */

size_t op_carrier_pty_modems(const op_carrier_pty_t *self)
{
    return self->modems;
}

const char *op_carrier_pty_number(const op_carrier_pty_t *self, size_t modem)
{
    return op_carrier_modem_number(self->core, modem); /* never changes: no lock */
}

const char *op_carrier_pty_path(const op_carrier_pty_t *self, size_t modem)
{
    OP_ASSERT(modem < self->modems);
    return self->ttys[modem].path;
}

op_carrier_result_t op_carrier_pty_text(op_carrier_pty_t *self, op_str_t from, op_str_t to,
                                        op_str_t body)
{
    s_lock(self);
    op_carrier_result_t result = op_carrier_text(self->core, from, to, body, s_now(CLOCK_REALTIME));
    s_unlock(self);
    s_wake(self);
    return result;
}

void op_carrier_pty_inbox(op_carrier_pty_t *self, op_str_t phone, uint64_t after,
                          op_carrier_each_t each, void *context)
{
    s_lock(self);
    op_carrier_inbox(self->core, phone, after, each, context);
    s_unlock(self);
}

int op_carrier_pty_set(op_carrier_pty_t *self, size_t modem, op_knob_t knob, int64_t value)
{
    s_lock(self);
    int result = op_carrier_set(self->core, modem, knob, value);
    s_unlock(self);
    return result;
}

int64_t op_carrier_pty_get(op_carrier_pty_t *self, size_t modem, op_knob_t knob)
{
    s_lock(self);
    int64_t value = op_carrier_get(self->core, modem, knob);
    s_unlock(self);
    return value;
}

op_carrier_counts_t op_carrier_pty_counts(op_carrier_pty_t *self, size_t modem)
{
    s_lock(self);
    op_carrier_counts_t counts = op_carrier_counts(self->core, modem);
    s_unlock(self);
    return counts;
}

uint64_t op_carrier_pty_events(op_carrier_pty_t *self)
{
    s_lock(self);
    uint64_t events = op_carrier_events(self->core);
    s_unlock(self);
    return events;
}

bool op_carrier_pty_event(op_carrier_pty_t *self, uint64_t number, op_carrier_event_t *event)
{
    s_lock(self);
    bool there = op_carrier_event(self->core, number, event);
    s_unlock(self);
    return there;
}

int op_carrier_pty_wait(op_carrier_pty_t *self, op_str_t phone, size_t count, int timeout_ms)
{
    int64_t until = s_now(CLOCK_MONOTONIC) + timeout_ms;
    struct timespec at = {.tv_sec = until / OP_SECOND_MS,
                          .tv_nsec = until % OP_SECOND_MS * 1000000};
    int failed = 0;
    s_lock(self);
    while (failed == 0 && op_carrier_inbox_size(self->core, phone) < count)
        failed = pthread_cond_timedwait(&self->moved, &self->lock, &at);
    int result = op_carrier_inbox_size(self->core, phone) < count ? -1 : 0;
    s_unlock(self);
    return result;
}
