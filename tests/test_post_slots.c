#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/post_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  An item with the number of its endpoint, and which of that endpoint's it is. */
typedef struct {
    op_post_slots_item_t item;
    size_t endpoint, turn;
} s_post_t;

static void s_wait(op_post_slots_t *slots, size_t endpoint, size_t turn)
{
    char name[40];
    s_post_t *post = op_alloc(sizeof *post);
    *post = (s_post_t){.endpoint = endpoint, .turn = turn};
    snprintf(name, sizeof name, "https://host%zu:443", endpoint);
    op_post_slots_wait(slots, name, &post->item);
}

static s_post_t *s_start(op_post_slots_t *slots)
{
    return (s_post_t *)op_post_slots_start(slots);
}

static void s_end(op_post_slots_t *slots, s_post_t *post, bool answered)
{
    op_post_slots_end(slots, &post->item, answered);
    free(post);
}

/*  Starts all that may and keeps them in `posts`; how many they are. */
static size_t s_start_all(op_post_slots_t *slots, s_post_t **posts, size_t max)
{
    size_t count = 0;
    for (s_post_t *post; (post = s_start(slots)); posts[count++] = post)
        assert_true(count < max);
    return count;
}

static void s_end_all(op_post_slots_t *slots, s_post_t **posts, size_t count, bool answered)
{
    for (size_t i = 0; i < count; i++)
        s_end(slots, posts[i], answered);
}

static void s_destroy(op_post_slots_t **slots_p)
{
    for (op_post_slots_item_t *item; (item = op_post_slots_drop(*slots_p));)
        free(item);
    op_post_slots_destroy(slots_p);
    assert_null(*slots_p);
    op_post_slots_destroy(slots_p);
}

static void test_turns(void **state)
{
    (void)state;
    op_post_slots_t *slots = op_post_slots_new(8, 3);
    assert_null(op_post_slots_start(slots));
    for (size_t turn = 0; turn < 5; turn++)
        s_wait(slots, 1, turn);
    s_wait(slots, 2, 0);
    s_wait(slots, 3, 0);
    static const size_t order[][2] = {{1, 0}, {2, 0}, {3, 0}, {1, 1}, {1, 2}};
    s_post_t *posts[5];
    for (size_t i = 0; i < OP_COUNT(order); i++) {
        posts[i] = s_start(slots);
        assert_non_null(posts[i]);
        assert_int_equal(posts[i]->endpoint, order[i][0]);
        assert_int_equal(posts[i]->turn, order[i][1]);
    }
    assert_null(op_post_slots_start(slots)); /* the first endpoint has its three */
    assert_int_equal(op_post_slots_running(slots), 5);
    assert_int_equal(op_post_slots_waiting(slots), 2);
    s_end(slots, posts[1], true);
    assert_null(op_post_slots_start(slots));
    s_end(slots, posts[0], true);
    posts[0] = s_start(slots);
    assert_int_equal(posts[0]->turn, 3);
    s_end(slots, posts[0], true);
    s_end_all(slots, posts + 2, 3, true);
    s_destroy(&slots);
}

static void test_all_slots(void **state)
{
    (void)state;
    op_post_slots_t *slots = op_post_slots_new(2, 2);
    for (size_t i = 0; i < 3; i++)
        s_wait(slots, i, 0);
    s_post_t *posts[2];
    assert_int_equal(s_start_all(slots, posts, 2), 2);
    s_end(slots, posts[0], true);
    posts[0] = s_start(slots);
    assert_int_equal(posts[0]->endpoint, 2);
    s_end_all(slots, posts, 2, true);
    s_destroy(&slots);
}

/*  However many endpoints hang with however much, the next one gets its post away. */
static void test_hanging(void **state)
{
    (void)state;
    enum { SLOTS = 1024, EACH = 8 };
    static const size_t counts[] = {1, 99, 127, 200, 500, 1000};
    s_post_t **posts = op_alloc(SLOTS * sizeof *posts);
    for (size_t k = 0; k < OP_COUNT(counts); k++) {
        op_post_slots_t *slots = op_post_slots_new(SLOTS, EACH);
        for (size_t turn = 0; turn < 20; turn++)
            for (size_t i = 0; i < counts[k]; i++)
                s_wait(slots, i, turn);
        size_t held = s_start_all(slots, posts, SLOTS);
        assert_true(held >= counts[k] && held <= counts[k] * EACH && held < SLOTS);
        if (counts[k] <= 99)
            assert_int_equal(held, counts[k] * EACH);
        s_wait(slots, 5000, 0);
        s_post_t *live = s_start(slots);
        assert_non_null(live);
        assert_int_equal(live->endpoint, 5000);
        s_end(slots, live, true);

        /* They have timed out: now each gets one slot, and all together half of them. */
        s_end_all(slots, posts, held, false);
        held = s_start_all(slots, posts, SLOTS);
        assert_int_equal(held, counts[k] < SLOTS / 2 ? counts[k] : SLOTS / 2);
        for (size_t turn = 0; turn < EACH; turn++)
            s_wait(slots, 5000, turn);
        s_post_t *lives[EACH];
        assert_int_equal(s_start_all(slots, lives, EACH), EACH);
        s_end_all(slots, lives, EACH, true);
        s_end_all(slots, posts, held, true);
        s_destroy(&slots);
    }
    free(posts);
}

static void test_silent(void **state)
{
    (void)state;
    op_post_slots_t *slots = op_post_slots_new(64, 4);
    s_post_t *posts[4];
    s_wait(slots, 1, 0);
    s_end(slots, s_start(slots), false);
    for (size_t turn = 0; turn < 8; turn++) /* still remembered */
        s_wait(slots, 1, turn);
    assert_int_equal(s_start_all(slots, posts, 4), 1);
    s_end(slots, posts[0], false);
    assert_int_equal(s_start_all(slots, posts, 4), 1);
    s_end(slots, posts[0], true); /* it answers again */
    assert_int_equal(s_start_all(slots, posts, 4), 4);
    s_end(slots, posts[3], false); /* and falls silent with three under way */
    assert_int_equal(s_start_all(slots, posts + 3, 1), 0);
    s_end_all(slots, posts, 3, true);
    assert_int_equal(s_start_all(slots, posts, 4), 2); /* the last of the eight */
    s_end_all(slots, posts, 2, true);
    s_destroy(&slots);
}

/*  What is remembered of the silent has a bound: the oldest are forgotten. */
static void test_memory(void **state)
{
    (void)state;
    op_post_slots_t *slots = op_post_slots_new(64, 4);
    for (size_t i = 0; i <= OP_POST_SLOTS_SILENT; i++) {
        s_wait(slots, i, 0);
        s_end(slots, s_start(slots), false);
    }
    s_post_t *posts[8];
    for (size_t turn = 0; turn < 2; turn++) {
        s_wait(slots, 0, turn);
        s_wait(slots, OP_POST_SLOTS_SILENT, turn);
    }
    size_t count = s_start_all(slots, posts, 8);
    assert_int_equal(count, 3); /* two of the forgotten one */
    s_end_all(slots, posts, count, true);
    s_destroy(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),   cmocka_unit_test(test_all_slots),
        cmocka_unit_test(test_hanging), cmocka_unit_test(test_silent),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
