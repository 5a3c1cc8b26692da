/*  The serial port over real ptys: open, raw bytes both ways, hang-up, refusals, bounds */

#include "modem/serial.h"

#include "base/limits.h"
#include "transport/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 }; /* of a wait that is over at once unless something is broken */

static op_port_t s_port;

/*  A pty pair; the port opens the device. */
typedef struct {
    int master;
    char device[64];
} pty_t;

static pty_t s_pty(void)
{
    pty_t pty = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(pty.master >= 0);
    assert_int_equal(grantpt(pty.master), 0);
    assert_int_equal(unlockpt(pty.master), 0);
    assert_int_equal(ptsname_r(pty.master, pty.device, sizeof pty.device), 0);
    return pty;
}

static int s_setup(void **state)
{
    (void)state;
    s_port = op_serial_port();
    assert_string_equal(s_port.name, "serial");
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    s_port.destroy(s_port.self);
    return 0;
}

/*  ---- what the runtime does ---- */

static void s_open(uint64_t line, const char *device)
{
    op_serial_open_t open = {line, op_str(device)};
    s_port.take(s_port.self, &op_serial_open_type, &open);
}

static void s_write(uint64_t line, op_str_t bytes)
{
    op_serial_bytes_t write = {line, bytes};
    s_port.take(s_port.self, &op_serial_bytes_type, &write);
}

/*  One wait, as the runtime waits, but at most for `patience`. */
static void s_wait(int64_t patience)
{
    struct pollfd fds[OP_PORT_FDS_MAX];
    int64_t timeout = patience;
    size_t count = s_port.fds(s_port.self, fds, OP_PORT_FDS_MAX, &timeout);
    assert_true(poll(fds, count, (int)timeout) >= 0);
    s_port.work(s_port.self, fds, count);
}

/*  The next note, waiting for it; NULL when none comes. */
static const void *s_note(const op_type_t **type)
{
    const void *body;
    for (int tries = 0; tries < 100; tries++) {
        if (s_port.next(s_port.self, type, &body))
            return body;
        s_wait(PATIENCE_MS / 100);
    }
    fail_msg("no note came");
    abort(); /* fail_msg does not return */
}

static void s_expect_opened(uint64_t line)
{
    const op_type_t *type = NULL;
    const op_serial_opened_t *opened = s_note(&type);
    assert_non_null(opened);
    if (type == &op_serial_closed_type)
        fail_msg("closed: %s", ((const op_serial_closed_t *)(const void *)opened)->reason.at);
    assert_ptr_equal(type, &op_serial_opened_type);
    assert_int_equal(opened->line, line);
}

static void s_expect_closed(uint64_t line, const char *reason)
{
    const op_type_t *type = NULL;
    const op_serial_closed_t *closed = s_note(&type);
    assert_ptr_equal(type, &op_serial_closed_type);
    assert_int_equal(closed->line, line);
    if (!strstr(closed->reason.at, reason))
        fail_msg("\"%s\" says nothing of \"%s\"", closed->reason.at, reason);
}

static void s_expect_bytes(uint64_t line, op_str_t bytes)
{
    op_buf_t got = {0};
    while (got.size < bytes.size) {
        const op_type_t *type = NULL;
        const op_serial_bytes_t *read = s_note(&type);
        assert_ptr_equal(type, &op_serial_bytes_type);
        assert_int_equal(read->line, line);
        op_buf_add_str(&got, read->bytes);
    }
    assert_true(op_str_equal(op_buf_str(&got), bytes));
    op_buf_free(&got);
}

static void s_expect_silence(void)
{
    const op_type_t *type;
    const void *body;
    s_wait(0);
    assert_false(s_port.next(s_port.self, &type, &body));
}

/*  The other end reads exactly this. */
static void s_expect_at_master(const pty_t *pty, op_str_t bytes)
{
    op_buf_t got = {0};
    char piece[4096];
    while (got.size < bytes.size) {
        struct pollfd fd = {.fd = pty->master, .events = POLLIN};
        s_wait(0); /* the port writes on what did not fit before */
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
        ssize_t size = read(pty->master, piece, sizeof piece);
        assert_true(size > 0);
        op_buf_add(&got, piece, (size_t)size);
    }
    assert_true(op_str_equal(op_buf_str(&got), bytes));
    op_buf_free(&got);
}

/*  All 256 octets, among them those that a tty that is not raw would take for itself. */
static op_str_t s_octets(void)
{
    static char octets[256];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (char)i;
    return op_str_of(octets, sizeof octets);
}

/*  ---- tests ---- */

static void test_bytes_both_ways(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    s_open(3, pty.device);
    s_expect_opened(3);
    s_expect_silence();
    s_write(3, s_octets());
    s_expect_at_master(&pty, s_octets());
    s_expect_silence(); /* no echo */
    assert_int_equal(write(pty.master, s_octets().at, 256), 256);
    s_expect_bytes(3, s_octets());
    s_write(3, OP_STR("AT\r"));
    s_expect_at_master(&pty, OP_STR("AT\r")); /* and not "\n" */
    close(pty.master);
}

static void test_what_waits_is_not_flushed(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    /* The answer to a text that was in the air when the process before died. */
    int slave = open(pty.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    assert_int_equal(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    assert_int_equal(write(pty.master, "+CMGS: 5\r\n", 10), 10);
    s_open(0, pty.device);
    close(slave);
    s_expect_opened(0);
    s_expect_bytes(0, OP_STR("+CMGS: 5\r\n"));
    close(pty.master);
}

static void test_hang_up(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    s_open(0, pty.device);
    s_expect_opened(0);
    close(pty.master);
    s_expect_closed(0, "went away");
    s_expect_silence();         /* told once */
    s_write(0, OP_STR("AT\r")); /* what the core says before it has heard of it is dropped */
    s_expect_silence();
    s_open(0, pty.device);
    s_expect_closed(0, "cannot open");
    pty = s_pty();
    s_open(0, pty.device); /* the line can be used again */
    s_expect_opened(0);
    s_write(0, OP_STR("AT\r"));
    s_expect_at_master(&pty, OP_STR("AT\r"));
    close(pty.master);
}

static void test_bytes_before_the_hang_up(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    s_open(0, pty.device);
    s_expect_opened(0);
    assert_int_equal(write(pty.master, "+CMGS: 5\r\n", 10), 10);
    s_wait(PATIENCE_MS);
    close(pty.master);
    s_expect_bytes(0, OP_STR("+CMGS: 5\r\n"));
    s_expect_closed(0, "went away");
}

static void test_what_cannot_be_opened(void **state)
{
    (void)state;
    s_open(0, "/dev/there-is-no-such-tty");
    s_expect_closed(0, "cannot open");
    s_open(1, "/dev/null");
    s_expect_closed(1, "not a tty");
    s_open(2, "");
    s_expect_closed(2, "cannot open");
    s_open(OP_LINES_MAX - 1, "/");
    s_expect_closed(OP_LINES_MAX - 1, "");
    s_expect_silence();
}

static void test_a_tty_has_one_holder(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    s_open(0, pty.device);
    s_expect_opened(0);
    op_port_t first = s_port;
    s_port = op_serial_port();
    s_open(0, pty.device);
    s_expect_closed(0, ""); /* by the lock; by TIOCEXCL, where the user is not root */
    s_port.destroy(s_port.self);
    s_port = first;
    s_write(0, OP_STR("AT\r")); /* the holder is not disturbed */
    s_expect_at_master(&pty, OP_STR("AT\r"));
    s_open(0, pty.device); /* and may open it anew */
    s_expect_opened(0);
    s_write(0, OP_STR("AT\r"));
    s_expect_at_master(&pty, OP_STR("AT\r"));
    close(pty.master);
}

static void test_writes_that_do_not_fit_wait(void **state)
{
    (void)state;
    enum { SIZE = 48 << 10, PIECE = 8192 };
    pty_t pty = s_pty();
    op_buf_t all = {0};
    while (all.size < SIZE)
        op_buf_printf(&all, "%zu,", all.size);
    s_open(0, pty.device);
    s_expect_opened(0);
    for (size_t at = 0; at < all.size; at += PIECE)
        s_write(0, op_str_of(all.at + at, all.size - at < PIECE ? all.size - at : PIECE));
    s_expect_at_master(&pty, op_buf_str(&all));
    s_expect_silence();
    op_buf_free(&all);
    close(pty.master);
}

static void test_a_modem_that_takes_no_bytes(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    char piece[8192];
    memset(piece, 'x', sizeof piece);
    s_open(0, pty.device);
    s_expect_opened(0);
    /* The pty itself holds some KiB, whatever the kernel; four times the bound is past both. */
    for (size_t sent = 0; sent < 4 * (size_t)OP_SERIAL_WRITE_MAX; sent += sizeof piece)
        s_write(0, op_str_of(piece, sizeof piece));
    s_expect_closed(0, "takes no bytes");
    s_expect_silence();
    close(pty.master);
}

static void test_many_lines_take_turns(void **state)
{
    (void)state;
    enum { LINES = 8 };
    pty_t ptys[LINES];
    char text[16];
    for (size_t i = 0; i < LINES; i++) {
        ptys[i] = s_pty();
        s_open(i, ptys[i].device);
        s_expect_opened(i);
    }
    for (size_t i = 0; i < LINES; i++) {
        snprintf(text, sizeof text, "line %zu", i);
        assert_int_equal(write(ptys[i].master, text, strlen(text)), strlen(text));
    }
    bool heard[LINES] = {false};
    for (size_t i = 0; i < LINES; i++) {
        const op_type_t *type = NULL;
        const op_serial_bytes_t *read = s_note(&type);
        assert_ptr_equal(type, &op_serial_bytes_type);
        assert_true(read->line < LINES && !heard[read->line]);
        heard[read->line] = true;
        snprintf(text, sizeof text, "line %zu", (size_t)read->line);
        assert_true(op_str_is(read->bytes, text));
    }
    close(ptys[4].master); /* one goes away, the others stay */
    s_expect_closed(4, "went away");
    s_write(5, OP_STR("AT\r"));
    s_expect_at_master(&ptys[5], OP_STR("AT\r"));
    for (size_t i = 0; i < LINES; i++)
        if (i != 4)
            close(ptys[i].master);
}

/*  ---- watching ---- */

static void s_watch(const char *pattern)
{
    op_serial_watch_t watch = {op_str(pattern)};
    s_port.take(s_port.self, &op_serial_watch_type, &watch);
}

static void s_expect_seen(const op_type_t *wanted, const char *path)
{
    const op_type_t *type = NULL;
    const void *body = s_note(&type);
    assert_ptr_equal(type, wanted);
    op_str_t device = wanted == &op_serial_found_type ? ((const op_serial_found_t *)body)->device
                                                      : ((const op_serial_gone_t *)body)->device;
    assert_true(op_str_is(device, path));
}

/*  Links in a folder, as udev makes them: found, replaced under the same name, gone. */
static void test_devices_come_and_go(void **state)
{
    (void)state;
    char folder[] = "/tmp/op-serial-XXXXXX", pattern[64], path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(pattern, sizeof pattern, "%s/tty*", folder);
    snprintf(path, sizeof path, "%s/tty1", folder);
    pty_t one = s_pty(), two = s_pty();
    s_watch(pattern);
    s_watch(pattern); /* the same again is one */
    s_expect_silence();
    assert_int_equal(symlink(one.device, path), 0);
    s_expect_seen(&op_serial_found_type, path);
    s_expect_silence();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(two.device, path), 0);
    s_expect_seen(&op_serial_gone_type, path);
    s_expect_seen(&op_serial_found_type, path);
    assert_int_equal(unlink(path), 0);
    s_expect_seen(&op_serial_gone_type, path);
    s_expect_silence();
    close(one.master);
    close(two.master);
    assert_int_equal(rmdir(folder), 0);
}

static void test_what_is_closed_says_nothing(void **state)
{
    (void)state;
    pty_t pty = s_pty();
    s_open(0, pty.device);
    s_expect_opened(0);
    op_serial_close_t it = {0};
    s_port.take(s_port.self, &op_serial_close_type, &it);
    s_expect_silence();
    op_port_t first = s_port;
    s_port = op_serial_port(); /* others can have it */
    s_open(0, pty.device);
    s_expect_opened(0);
    s_port.destroy(s_port.self);
    s_port = first;
    it.line = 7; /* never opened */
    s_port.take(s_port.self, &op_serial_close_type, &it);
    s_expect_silence();
    close(pty.master);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_bytes_both_ways),
        TEST(test_what_waits_is_not_flushed),
        TEST(test_hang_up),
        TEST(test_bytes_before_the_hang_up),
        TEST(test_what_cannot_be_opened),
        TEST(test_a_tty_has_one_holder),
        TEST(test_writes_that_do_not_fit_wait),
        TEST(test_a_modem_that_takes_no_bytes),
        TEST(test_many_lines_take_turns),
        TEST(test_devices_come_and_go),
        TEST(test_what_is_closed_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
