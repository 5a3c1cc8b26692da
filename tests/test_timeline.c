/*  A simulated time in several processes: who moves it, who follows, and when all are there */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"
#include "transport/clock.h"
#include "transport/timeline.h"

#include <poll.h>
#include <pthread.h>

enum { DEADLINE_MS = 60000 };

static op_topology_t s_topology = {.process_count = 2};
static op_links_t *s_links;
static op_timeline_t *s_timeline;

static int s_open(void **state)
{
    (void)state;
    s_links = op_links_new(&s_topology, NULL);
    op_links_set_up(s_links, 0, true);
    op_links_set_up(s_links, 1, true);
    s_timeline = op_timeline_new(s_links);
    return 0;
}

static int s_close(void **state)
{
    (void)state;
    op_timeline_destroy(&s_timeline);
    op_timeline_destroy(&s_timeline);
    op_links_destroy(&s_links);
    return 0;
}

static bool s_rings(int fd)
{
    struct pollfd bell = {fd, POLLIN, 0};
    return poll(&bell, 1, 0) == 1;
}

/*  The clock is the process's, and only goes forward: each test goes on from where it is. */
static void test_a_peer_is_ahead(void **state)
{
    (void)state;
    int64_t to = op_clock_ahead() + OP_HOUR_MS;
    assert_true(op_timeline_hear(s_timeline, 0, 0));
    assert_false(s_rings(op_timeline_moved(s_timeline)));
    int64_t before = op_clock_now();
    assert_true(op_timeline_hear(s_timeline, 0, (uint64_t)to));
    assert_true(op_clock_now() >= before + OP_HOUR_MS); /* at once, before anything was looked at */
    assert_true(s_rings(op_timeline_moved(s_timeline)));
    assert_int_equal(op_timeline_say(s_timeline), 0); /* nothing has been begun yet */
    assert_int_equal(op_timeline_due(s_timeline), to);
    assert_false(s_rings(op_timeline_moved(s_timeline)));
    op_timeline_begun(s_timeline, to);
    assert_true(s_rings(op_timeline_news(s_timeline)));
    assert_int_equal(op_timeline_say(s_timeline), to);
    assert_false(s_rings(op_timeline_news(s_timeline)));
    assert_true(op_timeline_hear(s_timeline, 1, (uint64_t)to)); /* it is no news */
    assert_false(s_rings(op_timeline_moved(s_timeline)));
}

static void test_it_never_goes_back(void **state)
{
    (void)state;
    assert_true(op_clock_advance(OP_HOUR_MS));
    int64_t here = op_clock_ahead();
    assert_true(op_timeline_hear(s_timeline, 0, 0)); /* it has started anew */
    assert_int_equal(op_clock_ahead(), here);
    op_timeline_begun(s_timeline, here);
    op_timeline_begun(s_timeline, here - OP_HOUR_MS); /* a slower look */
    assert_int_equal(op_timeline_say(s_timeline), here);
}

static void test_no_clock_can_be_so_far(void **state)
{
    (void)state;
    int64_t here = op_clock_ahead();
    assert_false(op_timeline_hear(s_timeline, 0, (uint64_t)OP_CLOCK_AHEAD_MAX_MS + 1));
    assert_false(op_timeline_hear(s_timeline, 0, UINT64_MAX));
    assert_int_equal(op_clock_ahead(), here);
    assert_false(s_rings(op_timeline_moved(s_timeline)));
}

static void test_a_machines_clock_stays(void **state)
{
    (void)state;
    int64_t machine = op_clock_machine();
    assert_true(op_clock_advance(OP_DAY_MS));
    assert_true(op_clock_machine() < machine + OP_DAY_MS); /* so that offsets can be measured */
}

static void *s_hear_both(void *ahead)
{
    assert_true(op_timeline_hear(s_timeline, 0, *(uint64_t *)ahead));
    assert_true(op_timeline_hear(s_timeline, 1, *(uint64_t *)ahead));
    return NULL;
}

static void test_waiting_for_all(void **state)
{
    (void)state;
    assert_true(op_clock_advance(OP_HOUR_MS));
    int64_t here = op_clock_ahead();
    uint64_t there = (uint64_t)here;
    assert_false(op_timeline_wait(s_timeline, here, 0));
    assert_true(op_timeline_hear(s_timeline, 0, there));
    assert_false(op_timeline_wait(s_timeline, here, 1)); /* one is not all */
    op_links_set_up(s_links, 1, false); /* but who cannot be reached is not waited for */
    assert_true(op_timeline_wait(s_timeline, here, 0));
    op_links_set_up(s_links, 1, true);
    assert_true(op_timeline_hear(s_timeline, 0, 0));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, s_hear_both, &there), 0);
    assert_true(op_timeline_wait(s_timeline, here, DEADLINE_MS));
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_peer_is_ahead, s_open, s_close),
        cmocka_unit_test_setup_teardown(test_it_never_goes_back, s_open, s_close),
        cmocka_unit_test_setup_teardown(test_no_clock_can_be_so_far, s_open, s_close),
        cmocka_unit_test_setup_teardown(test_a_machines_clock_stays, s_open, s_close),
        cmocka_unit_test_setup_teardown(test_waiting_for_all, s_open, s_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
