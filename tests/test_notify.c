/*  What a service manager hears of opd, and when: the test is the manager */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opd/notify.h"
#include "transport/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WITHIN_MS = 20000 };

static int s_manager = -1;

/*  The look: what it says, and what it was asked. */
static bool s_well;
static int s_looks;
static int64_t s_deadline;

static bool s_look(void *arg, int64_t deadline_ms)
{
    assert_ptr_equal(arg, &s_looks);
    s_looks++;
    s_deadline = deadline_ms;
    return s_well;
}

static int s_setup(void **state)
{
    (void)state;
    char name[sizeof((struct sockaddr_un *)0)->sun_path];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(name, sizeof name, "@op-test-notify-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)size - 1); /* its first octet is 0: abstract */
    s_manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size);
    assert_int_equal(bind(s_manager, (struct sockaddr *)&address, length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    snprintf(name, sizeof name, "%d", WITHIN_MS * 1000);
    setenv("WATCHDOG_USEC", name, 1);
    snprintf(name, sizeof name, "%d", (int)getpid());
    setenv("WATCHDOG_PID", name, 1);
    s_looks = 0;
    s_well = true;
    op_log_threshold(OP_LOG_ERROR);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    close(s_manager);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return 0;
}

/*  What was said, which has been said by now; "" for nothing. */
static const char *s_heard(void)
{
    static char text[512];
    ssize_t size = recv(s_manager, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    return text;
}

static void test_a_life(void **state)
{
    (void)state;
    op_notify_t self = op_notify_new(s_look, &s_looks, 1000);
    op_notify_reloading(&self); /* it does not serve yet: READY=1 would be a lie */
    op_notify_reloaded(&self);
    assert_string_equal(s_heard(), "");
    op_notify_serving(&self, "on http://127.0.0.1:1");
    assert_string_equal(s_heard(), "READY=1\nSTATUS=on http://127.0.0.1:1");
    op_notify_reloading(&self);
    assert_non_null(strstr(s_heard(), "RELOADING=1\nMONOTONIC_USEC="));
    op_notify_reloaded(&self);
    assert_string_equal(s_heard(), "READY=1\nSTATUS=on http://127.0.0.1:1");
    op_notify_stopping();
    assert_non_null(strstr(s_heard(), "STOPPING=1\n"));
    assert_string_equal(s_heard(), "");
}

/*  Fed at every half of the manager's time, after a look that may last the other half. */
static void test_the_watchdog(void **state)
{
    (void)state;
    op_notify_t self = op_notify_new(s_look, &s_looks, 1000);
    int64_t now = 1000;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(op_notify_wait_ms(&self, now), WITHIN_MS / 2);
        op_notify_work(&self, now + WITHIN_MS / 2 - 1); /* a signal has ended the wait, say */
        assert_int_equal(s_looks, i);
        assert_string_equal(s_heard(), "");
        now += WITHIN_MS / 2;
        op_notify_work(&self, now);
        assert_int_equal(s_looks, i + 1);
        assert_int_equal(s_deadline, WITHIN_MS / 2);
        assert_string_equal(s_heard(), "WATCHDOG=1");
    }
    assert_int_equal(op_notify_wait_ms(&self, now + WITHIN_MS), 0); /* it is late */
}

static void test_an_actor_that_hangs(void **state)
{
    (void)state;
    op_notify_t self = op_notify_new(s_look, &s_looks, 0);
    op_notify_serving(&self, "all is well");
    s_heard();
    s_well = false;
    op_log_threshold(OP_LOG_ERROR + 1);
    for (int64_t now = WITHIN_MS; now < 10 * WITHIN_MS; now += WITHIN_MS) {
        op_notify_work(&self, now);
        assert_non_null(strstr(s_heard(), "STATUS=An actor hangs"));
        assert_string_equal(s_heard(), "");
    }
    s_well = true; /* it goes on after all */
    op_notify_work(&self, 10 * WITHIN_MS);
    assert_string_equal(s_heard(), "WATCHDOG=1\nSTATUS=all is well");
}

/*  Started by hand, or with another process's variables, which are inherited. */
static void test_nobody_watches(void **state)
{
    (void)state;
    setenv("WATCHDOG_PID", "1", 1);
    op_notify_t self = op_notify_new(s_look, &s_looks, 0);
    assert_int_equal(op_notify_wait_ms(&self, 0), -1);
    op_notify_work(&self, INT64_MAX);
    assert_int_equal(s_looks, 0);
    assert_string_equal(s_heard(), "");
    unsetenv("NOTIFY_SOCKET");
    op_notify_serving(&self, "nobody hears it");
    assert_string_equal(s_heard(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_life, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_the_watchdog, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_an_actor_that_hangs, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_watches, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
