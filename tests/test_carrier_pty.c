/*  A driver over a real tty: the AT engine on one side, the carrier simulator on the other. Nothing
    sleeps: poll and condition variables, with a deadline that only a failure reaches. */

#include "modem/at_engine.h"
#include "modem/carrier_pty.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PHONE "+14155550100"

enum { S_PATIENCE_MS = 60000 };

typedef struct {
    int tty;
    op_at_t at;
    size_t notices;    /* +CMTI seen */
    char answer[1024]; /* the lines of the last response, each with LF */
} s_driver_t;

static int64_t s_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void s_write(int tty, op_str_t bytes)
{
    while (bytes.size) {
        struct pollfd room = {.fd = tty, .events = POLLOUT};
        assert_true(poll(&room, 1, S_PATIENCE_MS) == 1);
        ssize_t size = write(tty, bytes.at, bytes.size);
        assert_true(size > 0);
        bytes = op_str_of(bytes.at + size, bytes.size - (size_t)size);
    }
}

static void s_open(s_driver_t *driver, const char *path)
{
    driver->tty = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(driver->tty >= 0);
    driver->notices = 0;
    op_at_init(&driver->at);
}

static void s_close(s_driver_t *driver)
{
    close(driver->tty);
    op_at_free(&driver->at);
}

static void s_answer(s_driver_t *driver, const op_at_action_t *action)
{
    op_buf_t lines = {0};
    for (size_t i = 0; i < action->line_count; i++)
        op_buf_printf(&lines, "%.*s\n", (int)action->lines[i].size, action->lines[i].at);
    assert_true(op_str_copy(op_buf_str(&lines), driver->answer, sizeof(driver->answer)));
    op_buf_free(&lines);
}

/*  Runs the engine until the command is done, or, when none is in flight, until a notice came. */
static op_at_action_t s_run(s_driver_t *driver, bool notice)
{
    op_at_action_t action;
    char bytes[512];
    int64_t until = s_now() + S_PATIENCE_MS;
    for (;;) {
        while (op_at_next(&driver->at, s_now(), &action)) {
            if (action.kind == OP_AT_WRITE)
                s_write(driver->tty, action.bytes);
            driver->notices += action.kind == OP_AT_NOTICE && action.notice == OP_AT_NOTICE_CMTI;
            if (action.kind == OP_AT_DONE)
                s_answer(driver, &action);
            if (action.kind == OP_AT_DONE || (notice && action.kind == OP_AT_NOTICE))
                return action;
        }
        int64_t wake = op_at_deadline(&driver->at);
        int64_t left = (wake && wake < until ? wake : until) - s_now();
        struct pollfd input = {.fd = driver->tty, .events = POLLIN};
        assert_true(s_now() < until);
        if (poll(&input, 1, left > 0 ? (int)left : 0) == 1) {
            ssize_t size = read(driver->tty, bytes, sizeof(bytes));
            assert_true(size > 0);
            op_at_feed(&driver->at, op_str_of(bytes, (size_t)size));
        }
    }
}

static op_at_action_t s_command(s_driver_t *driver, const char *command, const char *expect,
                                op_str_t payload)
{
    op_at_start(&driver->at, op_str(command), op_str(expect), payload, s_now() + S_PATIENCE_MS);
    return s_run(driver, false);
}

static void s_setup(s_driver_t *driver)
{
    static const char *const commands[] = {"ATE0", "AT+CMEE=1;+CMGF=0",
                                           "AT+CPMS=\"SM\",\"SM\",\"SM\"", "AT+CNMI=2,1,0,2,0"};
    for (size_t i = 0; i < OP_COUNT(commands); i++)
        assert_int_equal(s_command(driver, commands[i], "", op_str("")).result, OP_AT_OK);
}

static void s_send(s_driver_t *driver, const char *to, const char *body)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    assert_int_equal(op_sms_split(op_str(body), 3, &arena, &parts), OP_SMS_OK);
    for (size_t i = 0; i < parts.count; i++) {
        op_pdu_t pdu = {.kind = OP_PDU_SUBMIT, .user = parts.at[i]};
        op_buf_t hex = {0};
        char command[32];
        assert_int_equal(op_address_from(op_str(to), &pdu.peer), 0);
        assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
        snprintf(command, sizeof(command), "AT+CMGS=%u", pdu.size);
        op_at_action_t done = s_command(driver, command, "+CMGS:", op_buf_str(&hex));
        assert_int_equal(done.result, OP_AT_OK);
        assert_true(done.payload_sent);
        assert_int_equal(strncmp(driver->answer, "+CMGS: ", 7), 0);
        op_buf_free(&hex);
    }
    op_arena_free(&arena);
}

static bool s_keep(void *context, const op_carrier_text_t *text)
{
    op_buf_add_str(context, text->body);
    op_buf_printf(context, "|");
    return true;
}

static void test_both_ways(void **state)
{
    static s_driver_t driver;
    op_carrier_pty_options_t options = {.modems = 2};
    op_buf_t inbox = {0};
    (void)state;
    op_carrier_pty_t *carrier = op_carrier_pty_new(&options);
    assert_non_null(carrier);
    assert_int_equal(op_carrier_pty_modems(carrier), 2);
    assert_string_equal(op_carrier_pty_number(carrier, 1), "+16176088933");
    s_open(&driver, op_carrier_pty_path(carrier, 1));
    s_setup(&driver);

    s_send(&driver, PHONE, "hello");
    op_carrier_pty_inbox(carrier, op_str(PHONE), 0, s_keep, &inbox);
    assert_true(op_str_is(op_buf_str(&inbox), "hello|"));

    assert_int_equal(
        op_carrier_pty_text(carrier, op_str(PHONE), op_str("+16176088933"), op_str("hi there")),
        OP_CARRIER_OK);
    if (driver.notices == 0)
        (void)s_run(&driver, true);
    assert_int_equal(driver.notices, 1);
    assert_int_equal(s_command(&driver, "AT+CMGR=1", "+CMGR:", op_str("")).result, OP_AT_OK);
    const char *hex = strchr(driver.answer, '\n');
    assert_non_null(hex);
    op_pdu_t pdu;
    assert_int_equal(op_pdu_decode(op_str_of(hex + 1, strcspn(hex + 1, "\n")), &pdu), OP_PDU_OK);
    assert_string_equal(pdu.peer.text, PHONE);
    assert_int_equal(s_command(&driver, "AT+CMGD=1", "", op_str("")).result, OP_AT_OK);
    op_carrier_counts_t counts = op_carrier_pty_counts(carrier, 1);
    assert_int_equal(counts.stored, 0);
    assert_int_equal(counts.accepted, 1);
    assert_true(op_carrier_pty_events(carrier) > 0);

    s_close(&driver);
    op_buf_free(&inbox);
    op_carrier_pty_destroy(&carrier);
    assert_null(carrier);
}

/*  A driver that is killed takes its claim (TIOCEXCL) along, as with a device. */
static void test_exclusive(void **state)
{
    static s_driver_t driver;
    op_carrier_pty_options_t options = {.modems = 1};
    int exclusive = 0;
    (void)state;
    op_carrier_pty_t *carrier = op_carrier_pty_new(&options);
    assert_non_null(carrier);
    s_open(&driver, op_carrier_pty_path(carrier, 0));
    assert_int_equal(ioctl(driver.tty, TIOCEXCL), 0);
    s_setup(&driver);
    s_close(&driver);
    s_open(&driver, op_carrier_pty_path(carrier, 0)); /* root may, even if it is still claimed */
    assert_int_equal(ioctl(driver.tty, TIOCGEXCL, &exclusive), 0);
    assert_int_equal(exclusive, 0);
    s_close(&driver);
    op_carrier_pty_destroy(&carrier);
}

/*  A driver that dies behind Ctrl-Z: the answer it never read does not fool its successor, and what
    arrived while nobody was there is there. */
static void test_restart(void **state)
{
    static s_driver_t driver;
    char directory[] = "/tmp/op-carrier-XXXXXX";
    char path[PATH_MAX];
    op_buf_t inbox = {0};
    struct stat found;
    (void)state;
    assert_non_null(mkdtemp(directory));
    op_carrier_pty_options_t options = {.modems = 1, .directory = directory};
    op_carrier_pty_t *carrier = op_carrier_pty_new(&options);
    assert_non_null(carrier);
    snprintf(path, sizeof(path), "%s/modem0", directory);
    s_open(&driver, path);
    s_setup(&driver);
    s_write(driver.tty, op_str("AT+CMGS=4\r0000\x1b"
                               "AT+CPIN?\r"));
    s_close(&driver);
    assert_int_equal(
        op_carrier_pty_text(carrier, op_str(PHONE), op_str("+16176088932"), op_str("meanwhile")),
        OP_CARRIER_OK);

    s_open(&driver, path);
    assert_true(op_at_dirty(&driver.at));
    assert_int_equal(s_command(&driver, "AT+CNUM", "+CNUM:", op_str("")).result, OP_AT_OK);
    assert_string_equal(driver.answer, "+CNUM: \"\",\"+16176088932\",145\n");
    assert_int_equal(s_command(&driver, "AT+CMGL=4", "+CMGL:", op_str("")).result, OP_AT_OK);
    assert_int_equal(strncmp(driver.answer, "+CMGL: 1,0,,", 12), 0);
    s_send(&driver, PHONE, "still here");
    op_carrier_pty_inbox(carrier, op_str(PHONE), 0, s_keep, &inbox);
    assert_true(op_str_is(op_buf_str(&inbox), "still here|"));
    op_buf_free(&inbox);

    /*  A delayed answer arrives by itself, by the thread's clock. */
    assert_int_equal(op_carrier_pty_set(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS, 20), 0);
    assert_int_equal(op_carrier_pty_get(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS), 20);
    s_send(&driver, PHONE, "late");
    s_close(&driver);
    op_carrier_pty_destroy(&carrier);
    assert_int_equal(lstat(path, &found), -1);
    assert_int_equal(rmdir(directory), 0);
}

/*  A driver that reads nothing holds nobody up, and loses nothing once it reads. */
static void test_slow_reader(void **state)
{
    static s_driver_t driver;
    op_carrier_pty_options_t options = {.modems = 1};
    enum { COMMANDS = 4000 };
    static const char answer[] = "\r\n+CSQ: 23,99\r\n\r\nOK\r\n";
    size_t left = COMMANDS * (sizeof(answer) - 1);
    char bytes[4096];
    (void)state;
    op_carrier_pty_t *carrier = op_carrier_pty_new(&options);
    assert_non_null(carrier);
    s_open(&driver, op_carrier_pty_path(carrier, 0));
    s_setup(&driver);
    for (int i = 0; i < COMMANDS; i++)
        s_write(driver.tty, op_str("AT+CSQ\r"));
    while (left) {
        struct pollfd input = {.fd = driver.tty, .events = POLLIN};
        assert_true(poll(&input, 1, S_PATIENCE_MS) == 1);
        ssize_t size = read(driver.tty, bytes, sizeof(bytes));
        assert_true(size > 0 && (size_t)size <= left);
        left -= (size_t)size;
    }
    s_close(&driver);
    op_carrier_pty_destroy(&carrier);
}

/*  Unplugged, the driver sees a hangup and the link is gone; plugged in, the link leads elsewhere,
    and every tty of the family has one. */
static void test_replug(void **state)
{
    static s_driver_t driver;
    static op_sim_family_t family;
    char directory[] = "/tmp/op-carrier-XXXXXX", error[OP_SIM_FAMILY_ERROR];
    char link[PATH_MAX], before[OP_CARRIER_TTY_PATH], after[OP_CARRIER_TTY_PATH], bytes[64];
    struct stat found;
    (void)state;
    assert_int_equal(op_sim_family_read(OP_STR("ttys = diag at data"), &family, error), 0);
    assert_non_null(mkdtemp(directory));
    op_carrier_pty_options_t options = {
        .families = &family, .family_count = 1, .modems = 1, .directory = directory};
    op_carrier_pty_t *carrier = op_carrier_pty_new(&options);
    assert_non_null(carrier);
    assert_int_equal(op_carrier_pty_ttys(carrier, 0), 3);
    assert_int_equal(op_carrier_pty_main(carrier, 0), 1);
    snprintf(link, sizeof(link), "%s/modem0", directory);
    assert_string_equal(op_carrier_pty_path(carrier, 0), link);
    for (int round = 0; round < 3; round++) {
        assert_true(op_carrier_pty_tty(carrier, 0, 1, before));
        s_open(&driver, link);
        s_setup(&driver);
        assert_int_equal(op_carrier_pty_plug(carrier, 0, false), 0);
        assert_false(op_carrier_pty_tty(carrier, 0, 1, after));
        assert_int_equal(lstat(link, &found), -1);
        struct pollfd hangup = {.fd = driver.tty, .events = POLLIN};
        assert_true(poll(&hangup, 1, S_PATIENCE_MS) == 1 && (hangup.revents & POLLHUP));
        s_close(&driver);
        assert_int_equal(op_carrier_pty_plug(carrier, 0, true), 0);
        assert_true(op_carrier_pty_tty(carrier, 0, 1, after));
        assert_string_not_equal(before, after);
        ssize_t size = readlink(link, bytes, sizeof(bytes) - 1);
        assert_true(size > 0 && op_str_equal(op_str_of(bytes, (size_t)size), op_str(after)));
    }
    op_carrier_pty_destroy(&carrier);
    assert_int_equal(rmdir(directory), 0); /* the links are gone, those of all ttys */
}

static void test_cannot_start(void **state)
{
    op_carrier_pty_options_t options = {.modems = 1, .directory = "/nonexistent/directory"};
    (void)state;
    assert_null(op_carrier_pty_new(&options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),    cmocka_unit_test(test_restart),
        cmocka_unit_test(test_slow_reader),  cmocka_unit_test(test_replug),
        cmocka_unit_test(test_cannot_start), cmocka_unit_test(test_exclusive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
