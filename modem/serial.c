#include "modem/serial.h"

#include "base/limits.h"
#include "modem/serial_watch.h"
#include "transport/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { READ_MAX = 4096 };

/*  What the core has yet to hear of a line, besides the bytes read. */
typedef enum { NEWS_NONE, NEWS_OPENED, NEWS_CLOSED } news_t;

typedef struct {
    int fd; /* -1: closed */
    news_t news;
    char reason[OP_SENTENCE_MAX + 1];
    op_buf_t out; /* not yet written */
    char in[READ_MAX];
    size_t in_size; /* read, and not yet given to the core */
} tty_t;

typedef struct {
    tty_t *ttys[OP_LINES_MAX]; /* NULL: never opened */
    size_t next;               /* where op_port_t.next goes on, so that all lines get their turn */
    op_serial_opened_t opened;
    op_serial_closed_t closed;
    op_serial_bytes_t bytes;
    char given[READ_MAX];
    op_serial_watcher_t *watcher;
    op_serial_found_t found;
    op_serial_gone_t gone;
} serial_t;

static int64_t s_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*  What the modem has not taken is dropped: else closing waits for it, half a minute by default,
    and all other lines with it. A driver that has no such setting has no such wait. */
static void s_close_fd(tty_t *tty)
{
    if (tty->fd < 0)
        return;
    struct serial_struct settings;
    (void)tcflush(tty->fd, TCIOFLUSH);
    if (ioctl(tty->fd, TIOCGSERIAL, &settings) == 0 &&
        settings.closing_wait != ASYNC_CLOSING_WAIT_NONE) {
        settings.closing_wait = ASYNC_CLOSING_WAIT_NONE;
        (void)ioctl(tty->fd, TIOCSSERIAL, &settings);
    }
    close(tty->fd);
    tty->fd = -1;
}

static void s_close(tty_t *tty, const char *what, int error)
{
    s_close_fd(tty);
    tty->in_size = 0;
    op_buf_clear(&tty->out);
    tty->news = NEWS_CLOSED;
    snprintf(tty->reason, sizeof tty->reason, "%s: %s", what, strerror(error));
}

static int s_make_raw(int fd)
{
    struct termios options;
    if (tcgetattr(fd, &options) != 0)
        return -1;
    cfmakeraw(&options);
    options.c_cflag |= CLOCAL | CREAD;
    options.c_cflag &= ~(tcflag_t)CRTSCTS; /* many have no such wires */
    options.c_cc[VMIN] = 1;
    options.c_cc[VTIME] = 0;
    cfsetspeed(&options, B115200);
    return tcsetattr(fd, TCSANOW, &options);
}

static void s_open(tty_t *tty, op_str_t device)
{
    s_close_fd(tty);
    tty->in_size = 0;
    op_buf_clear(&tty->out);
    char path[257];
    op_str_copy(device, path, sizeof path);
    tty->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty->fd < 0) {
        s_close(tty, "cannot open it", errno);
        return;
    }
    if (!isatty(tty->fd))
        s_close(tty, "not a tty", ENOTTY);
    else if (flock(tty->fd, LOCK_EX | LOCK_NB) != 0 || ioctl(tty->fd, TIOCEXCL) != 0)
        s_close(tty, "another program holds it", errno);
    else if (s_make_raw(tty->fd) != 0)
        s_close(tty, "cannot set it raw", errno);
    else
        tty->news = NEWS_OPENED;
}

static void s_write(tty_t *tty)
{
    while (tty->out.size) {
        ssize_t size = write(tty->fd, tty->out.at, tty->out.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size < 0) {
            s_close(tty, "cannot write", errno);
            return;
        }
        op_buf_consume(&tty->out, (size_t)size);
    }
}

static void s_read(tty_t *tty)
{
    if (tty->in_size == READ_MAX)
        return;
    ssize_t size = read(tty->fd, tty->in + tty->in_size, READ_MAX - tty->in_size);
    if (size > 0)
        tty->in_size += (size_t)size;
    else if (size == 0)
        s_close(tty, "it went away", EIO);
    else if (errno != EAGAIN && errno != EINTR)
        s_close(tty, "it went away", errno);
}

/*  ---- The port ---- */

static size_t s_fds(void *self_at, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    serial_t *self = self_at;
    size_t count = 0;
    int64_t look = op_serial_watcher_due_in(self->watcher, s_now());
    if (look >= 0 && (*timeout_ms < 0 || look < *timeout_ms))
        *timeout_ms = look;
    for (size_t i = 0; i < OP_LINES_MAX && count < max; i++) {
        tty_t *tty = self->ttys[i];
        if (!tty)
            continue;
        if (tty->news != NEWS_NONE || tty->in_size)
            *timeout_ms = 0;
        if (tty->fd >= 0)
            fds[count++] = (struct pollfd){
                .fd = tty->fd, .events = (short)(POLLIN | (tty->out.size ? POLLOUT : 0))};
    }
    return count;
}

static void s_work(void *self_at, const struct pollfd *fds, size_t count)
{
    serial_t *self = self_at;
    size_t at = 0;
    /* The descriptors come back in the order in which s_fds listed the lines. */
    for (size_t i = 0; i < OP_LINES_MAX && at < count; i++) {
        tty_t *tty = self->ttys[i];
        if (!tty || tty->fd != fds[at].fd)
            continue;
        short events = fds[at++].revents;
        if (events & (POLLIN | POLLHUP | POLLERR))
            s_read(tty);
        if (tty->fd >= 0 && (events & POLLOUT))
            s_write(tty);
    }
    op_serial_watcher_look(self->watcher, s_now());
}

static bool s_next_of(serial_t *self, size_t line, const op_type_t **type, const void **body)
{
    tty_t *tty = self->ttys[line];
    if (!tty)
        return false;
    if (tty->news == NEWS_OPENED) {
        tty->news = NEWS_NONE;
        self->opened = (op_serial_opened_t){line};
        *type = &op_serial_opened_type;
        *body = &self->opened;
        return true;
    }
    if (tty->news == NEWS_CLOSED) {
        tty->news = NEWS_NONE;
        self->closed = (op_serial_closed_t){line, op_str(tty->reason)};
        *type = &op_serial_closed_type;
        *body = &self->closed;
        return true;
    }
    if (tty->in_size == 0)
        return false;
    memcpy(self->given, tty->in, tty->in_size);
    self->bytes = (op_serial_bytes_t){line, op_str_of(self->given, tty->in_size)};
    tty->in_size = 0;
    *type = &op_serial_bytes_type;
    *body = &self->bytes;
    return true;
}

static bool s_next_seen(serial_t *self, const op_type_t **type, const void **body)
{
    bool found;
    op_str_t path;
    if (!op_serial_watcher_next(self->watcher, &path, &found))
        return false;
    self->found = (op_serial_found_t){path};
    self->gone = (op_serial_gone_t){path};
    *type = found ? &op_serial_found_type : &op_serial_gone_type;
    *body = found ? (const void *)&self->found : &self->gone;
    return true;
}

static bool s_next(void *self_at, const op_type_t **type, const void **body)
{
    serial_t *self = self_at;
    for (size_t i = 0; i < OP_LINES_MAX; i++) {
        size_t line = (self->next + i) % OP_LINES_MAX;
        if (s_next_of(self, line, type, body)) {
            self->next = line + 1;
            return true;
        }
    }
    return s_next_seen(self, type, body);
}

/*  The core knows: no news of it. */
static void s_let_go(tty_t *tty)
{
    s_close_fd(tty);
    tty->in_size = 0;
    tty->news = NEWS_NONE;
    op_buf_clear(&tty->out);
}

static void s_take(void *self_at, const op_type_t *type, const void *body)
{
    serial_t *self = self_at;
    if (type == &op_serial_open_type) {
        const op_serial_open_t *open = body;
        OP_ASSERT(open->line < OP_LINES_MAX);
        if (!self->ttys[open->line]) {
            self->ttys[open->line] = op_alloc(sizeof(tty_t));
            *self->ttys[open->line] = (tty_t){.fd = -1};
        }
        s_open(self->ttys[open->line], open->device);
    } else if (type == &op_serial_close_type) {
        const op_serial_close_t *close = body;
        OP_ASSERT(close->line < OP_LINES_MAX);
        if (self->ttys[close->line])
            s_let_go(self->ttys[close->line]);
    } else if (type == &op_serial_watch_type) {
        const op_serial_watch_t *watch = body;
        (void)op_serial_watcher_add(self->watcher, watch->pattern);
    } else if (type == &op_serial_bytes_type) {
        const op_serial_bytes_t *write = body;
        OP_ASSERT(write->line < OP_LINES_MAX);
        tty_t *tty = self->ttys[write->line];
        if (!tty || tty->fd < 0)
            return; /* it went away, and the core is about to hear of it */
        op_buf_add_str(&tty->out, write->bytes);
        s_write(tty);
        if (tty->out.size > OP_SERIAL_WRITE_MAX)
            s_close(tty, "it takes no bytes", EIO);
    }
}

static void s_destroy(void *self_at)
{
    serial_t *self = self_at;
    for (size_t i = 0; i < OP_LINES_MAX; i++) {
        tty_t *tty = self->ttys[i];
        if (!tty)
            continue;
        s_close_fd(tty);
        op_buf_free(&tty->out);
        free(tty);
    }
    op_serial_watcher_destroy(&self->watcher);
    free(self);
}

op_port_t op_serial_port(void)
{
    serial_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->watcher = op_serial_watcher_new();
    return (op_port_t){.name = "serial",
                       .self = self,
                       .fds = s_fds,
                       .work = s_work,
                       .next = s_next,
                       .take = s_take,
                       .destroy = s_destroy};
}
