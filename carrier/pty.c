/*  What a thread changes in the core, the loop sees: whoever changes it does so under the lock and
    writes to `wake` afterwards; the loop empties `wake` before it takes the lock and looks. A
    change is thus either seen by the look before a poll, or ends that poll. Bytes that a driver
    does not take are asked for with POLLOUT, and bytes that one turn left unread end the next poll
    at once. */

#include "carrier/pty.h"

#include "base/instant.h"
#include "transport/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

enum { S_READ_MAX = 4096, S_POLLS = OP_CARRIER_MODEMS_MAX * OP_SIM_TTYS + 1 };

typedef struct {
    op_carrier_tty_t ttys[OP_SIM_TTYS];
    size_t count, main; /* of them; the one for commands */
    char *path;         /* what op_carrier_pty_path says */
    bool plugged, wanted;
    int error; /* errno of the last time it could not be plugged in */
} s_modem_t;

struct op_carrier_pty {
    pthread_mutex_t lock;     /* of core and stop */
    pthread_cond_t replugged; /* a modem was plugged in or unplugged, or could not be */
    pthread_t thread;
    bool running; /* the thread is to be joined */
    bool stop;
    int wake; /* eventfd: there is something to write, or to stop for */
    op_carrier_t *core;
    size_t modems;
    char *directory; /* of the links, or NULL */
    int lock_fd;     /* of the directory, or -1 */
    s_modem_t all[OP_CARRIER_MODEMS_MAX];
};

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
static void s_read(op_carrier_pty_t *self, size_t modem, size_t tty)
{
    char bytes[S_READ_MAX];
    ssize_t size = op_carrier_tty_read(&self->all[modem].ttys[tty], bytes, sizeof(bytes));
    if (size > 0)
        op_carrier_feed_tty(self->core, modem, tty, op_str_of(bytes, (size_t)size), op_clock_now());
}

/*  What fits; the rest when poll says there is room. Says whether there is a rest. */
static bool s_write(op_carrier_pty_t *self, size_t modem, size_t tty)
{
    op_buf_t *out = op_carrier_take_tty(self->core, modem, tty);
    if (out->size == 0)
        return false;
    ssize_t size = write(self->all[modem].ttys[tty].master, out->at, out->size);
    if (size > 0)
        op_buf_consume(out, (size_t)size);
    return out->size > 0;
}

/*  ---- Plugging ---- */

static int s_link(op_carrier_pty_t *self, size_t modem, size_t tty)
{
    char name[32];
    s_modem_t *of = &self->all[modem];
    if (self->directory == NULL)
        return 0;
    snprintf(name, sizeof(name), "modem%zu", modem);
    if (tty == of->main && op_carrier_tty_link(&of->ttys[tty], self->directory, name) != 0)
        return -1;
    if (of->count == 1)
        return 0;
    snprintf(name, sizeof(name), "modem%zu-if%02zu", modem, tty);
    return op_carrier_tty_link(&of->ttys[tty], self->directory, name);
}

static void s_unplug(s_modem_t *of)
{
    for (size_t i = 0; i < of->count; i++)
        op_carrier_tty_close(&of->ttys[i]);
    of->plugged = false;
}

static int s_plug(op_carrier_pty_t *self, size_t modem)
{
    s_modem_t *of = &self->all[modem];
    of->plugged = true;
    for (size_t i = 0; i < of->count; i++)
        if (op_carrier_tty_open(&of->ttys[i]) != 0 || s_link(self, modem, i) != 0) {
            of->error = errno;
            s_unplug(of);
            return -1;
        }
    return 0;
}

/*  What op_carrier_pty_plug asked for: here, where nobody polls what is closed. */
static void s_replug(op_carrier_pty_t *self)
{
    for (size_t i = 0; i < self->modems; i++) {
        s_modem_t *of = &self->all[i];
        if (of->wanted == of->plugged)
            continue;
        of->error = 0;
        if (of->wanted)
            of->wanted = s_plug(self, i) == 0;
        else
            s_unplug(of);
        op_carrier_plug(self->core, i, of->plugged, op_clock_now());
        pthread_cond_broadcast(&self->replugged);
    }
}

/*  ---- The thread ---- */

/*  The core's next instant as a timeout for poll. */
static int s_timeout(op_carrier_pty_t *self)
{
    int64_t at = op_carrier_wake_at(self->core);
    if (at == 0)
        return -1;
    int64_t left = at - op_clock_now();
    if (left <= 0)
        return 0;
    return left < OP_MINUTE_MS ? (int)left : (int)OP_MINUTE_MS;
}

/*  Fills in what to wait for: all ttys in order, then the wake-up. False when it is time to
    stop. */
static bool s_prepare(op_carrier_pty_t *self, struct pollfd *polls, int *timeout)
{
    size_t count = 0;
    s_lock(self);
    s_replug(self);
    op_carrier_tick(self->core, op_clock_now());
    for (size_t i = 0; i < self->modems; i++)
        for (size_t tty = 0; tty < self->all[i].count; tty++) {
            bool more = self->all[i].plugged && s_write(self, i, tty);
            polls[count++] =
                (struct pollfd){.fd = self->all[i].ttys[tty].master, /* poll skips -1 */
                                .events = (short)(POLLIN | (more ? POLLOUT : 0))};
        }
    polls[count] = (struct pollfd){.fd = self->wake, .events = POLLIN};
    *timeout = s_timeout(self);
    bool stop = self->stop;
    s_unlock(self);
    return !stop;
}

static void s_read_all(op_carrier_pty_t *self, const struct pollfd *polls)
{
    s_lock(self);
    for (size_t i = 0; i < self->modems; i++)
        for (size_t tty = 0; tty < self->all[i].count; tty++)
            if (polls++->revents & POLLIN)
                s_read(self, i, tty);
    s_unlock(self);
}

static void *s_run(void *context)
{
    op_carrier_pty_t *self = context;
    struct pollfd polls[S_POLLS];
    size_t count = 0;
    int timeout;
    for (size_t i = 0; i < self->modems; i++)
        count += self->all[i].count;
    while (s_prepare(self, polls, &timeout)) {
        if (poll(polls, (nfds_t)(count + 1), timeout) <= 0)
            continue;
        if (polls[count].revents) {
            uint64_t woken;
            ssize_t size = read(self->wake, &woken, sizeof(woken));
            (void)size; /* a wake-up that was already taken is none */
        }
        s_read_all(self, polls);
    }
    return NULL;
}

/*  ---- Opening and closing ---- */

/*  The ttys that the modem's family has. */
static void s_layout(op_carrier_pty_t *self, size_t modem)
{
    s_modem_t *of = &self->all[modem];
    const op_sim_family_t *family = op_carrier_modem_family(self->core, modem);
    of->count = family->tty_count ? family->tty_count : 1;
    while (of->main < family->tty_count && family->ttys[of->main] != OP_SIM_TTY_AT)
        of->main++;
    for (size_t i = 0; i < OP_SIM_TTYS; i++)
        of->ttys[i] = OP_CARRIER_TTY_NONE;
}

/*  Whose links are in the directory: the lock goes with the process, however that ends. */
static int s_lock_directory(op_carrier_pty_t *self)
{
    if (!self->directory)
        return 0;
    self->lock_fd = open(self->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->lock_fd < 0)
        return -1;
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    errno = errno == EWOULDBLOCK ? EBUSY : errno;
    return -1;
}

static int s_start(op_carrier_pty_t *self)
{
    char link[PATH_MAX];
    if (s_lock_directory(self) != 0)
        return -1;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return -1;
    for (size_t i = 0; i < self->modems; i++) {
        s_modem_t *of = &self->all[i];
        if (s_plug(self, i) != 0) {
            errno = of->error;
            return -1;
        }
        of->wanted = true;
        if (self->directory)
            snprintf(link, sizeof(link), "%s/modem%zu", self->directory, i);
        of->path = op_strdup(op_str(self->directory ? link : of->ttys[of->main].path));
    }
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
    op_carrier_pty_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->modems = options->modems;
    self->wake = self->lock_fd = -1;
    self->directory = options->directory ? op_strdup(op_str(options->directory)) : NULL;
    self->core = op_carrier_new_of(options->modems, options->families, options->family_count);
    for (size_t i = 0; i < self->modems; i++)
        s_layout(self, i);
    int failed = pthread_mutex_init(&self->lock, NULL);
    failed |= pthread_cond_init(&self->replugged, NULL);
    OP_ASSERT(failed == 0);
    if (s_start(self) != 0) {
        int saved = errno;
        op_carrier_pty_destroy(&self);
        errno = saved;
    }
    return self;
}

const char *op_carrier_pty_error(int error)
{
    return error == EBUSY ? "another program has its modems there" : strerror(error);
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
    for (size_t i = 0; i < self->modems; i++) {
        s_unplug(&self->all[i]);
        free(self->all[i].path);
    }
    free(self->directory);
    if (self->wake >= 0)
        close(self->wake);
    if (self->lock_fd >= 0)
        close(self->lock_fd);
    op_carrier_destroy(&self->core);
    pthread_cond_destroy(&self->replugged);
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
    return self->all[modem].path;
}

const op_sim_family_t *op_carrier_pty_family(const op_carrier_pty_t *self, size_t modem)
{
    return op_carrier_modem_family(self->core, modem); /* nor does this */
}

size_t op_carrier_pty_ttys(const op_carrier_pty_t *self, size_t modem)
{
    OP_ASSERT(modem < self->modems);
    return self->all[modem].count;
}

size_t op_carrier_pty_main(const op_carrier_pty_t *self, size_t modem)
{
    OP_ASSERT(modem < self->modems);
    return self->all[modem].main;
}

bool op_carrier_pty_tty(op_carrier_pty_t *self, size_t modem, size_t tty,
                        char path[OP_CARRIER_TTY_PATH])
{
    OP_ASSERT(modem < self->modems && tty < self->all[modem].count);
    s_lock(self);
    bool plugged = self->all[modem].plugged;
    if (plugged)
        memcpy(path, self->all[modem].ttys[tty].path, OP_CARRIER_TTY_PATH);
    s_unlock(self);
    return plugged;
}

int op_carrier_pty_plug(op_carrier_pty_t *self, size_t modem, bool in)
{
    OP_ASSERT(modem < self->modems);
    s_modem_t *of = &self->all[modem];
    s_lock(self);
    of->wanted = in;
    s_wake(self);
    while (of->wanted != of->plugged)
        pthread_cond_wait(&self->replugged, &self->lock);
    int error = in && !of->plugged ? of->error : 0;
    s_unlock(self);
    errno = error;
    return error ? -1 : 0;
}

void op_carrier_pty_reset(op_carrier_pty_t *self, size_t modem)
{
    s_lock(self);
    op_carrier_reset(self->core, modem, op_clock_now());
    s_unlock(self);
    s_wake(self);
}

void op_carrier_pty_swap_sims(op_carrier_pty_t *self, size_t one, size_t other)
{
    s_lock(self);
    op_carrier_swap_sims(self->core, one, other, op_clock_now());
    s_unlock(self);
    s_wake(self);
}

bool op_carrier_pty_sim(op_carrier_pty_t *self, size_t modem, char number[OP_PHONE_MAX + 1])
{
    s_lock(self);
    const char *sim = op_carrier_modem_sim(self->core, modem);
    if (sim)
        snprintf(number, OP_PHONE_MAX + 1, "%s", sim);
    s_unlock(self);
    return sim != NULL;
}

op_carrier_result_t op_carrier_pty_phone(op_carrier_pty_t *self, op_str_t phone, bool on)
{
    s_lock(self);
    op_carrier_result_t result = op_carrier_phone(self->core, phone, on, op_clock_now());
    s_unlock(self);
    s_wake(self);
    return result;
}

bool op_carrier_pty_phone_on(op_carrier_pty_t *self, op_str_t phone)
{
    s_lock(self);
    bool on = op_carrier_phone_on(self->core, phone);
    s_unlock(self);
    return on;
}

op_carrier_result_t op_carrier_pty_text(op_carrier_pty_t *self, op_str_t from, op_str_t to,
                                        op_str_t body)
{
    s_lock(self);
    op_carrier_result_t result = op_carrier_text(self->core, from, to, body, op_clock_now());
    s_unlock(self);
    s_wake(self);
    return result;
}

void op_carrier_pty_look(op_carrier_pty_t *self)
{
    s_wake(self);
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
    s_wake(self);
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
