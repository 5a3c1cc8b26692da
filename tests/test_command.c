/*  Commands to threads that answer, answer too late, fail, or read nothing any more */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/command.h"

#include <pthread.h>
#include <string.h>

enum { ACTORS = 3, PATIENCE_MS = 60000, FLOOD = 5000 };

/*  Who holds it holds up every thread that is told "WAIT". */
static pthread_mutex_t s_gate = PTHREAD_MUTEX_INITIALIZER;

/*  Answers "DONE", and to "FAIL" "FAILED". */
static void s_thread(zsock_t *pipe, void *argument)
{
    (void)argument;
    char word[OP_COMMAND_MAX];
    zsock_signal(pipe, 0);
    for (;;) {
        uint64_t round = op_command_receive(pipe, word);
        if (!*word || strcmp(word, "$TERM") == 0)
            return;
        if (strcmp(word, "WAIT") == 0) {
            pthread_mutex_lock(&s_gate);
            pthread_mutex_unlock(&s_gate);
        }
        op_command_answer(pipe, strcmp(word, "FAIL") == 0 ? "FAILED" : "DONE", round);
    }
}

static zactor_t *s_actors[ACTORS];
static uint64_t s_round;

static int s_setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACTORS; i++)
        s_actors[i] = zactor_new(s_thread, NULL);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACTORS; i++)
        zactor_destroy(&s_actors[i]);
    return 0;
}

static op_command_t s_command(const char *word)
{
    return (op_command_t){.word = word, .answer = "DONE", .round = ++s_round};
}

/*  The first that has not done it; ACTORS: all have. */
static size_t s_tell_all(const char *word, int64_t patience)
{
    op_command_t command = s_command(word);
    op_command_tell(&command, s_actors, ACTORS);
    return op_command_await(&command, s_actors, ACTORS, patience);
}

static void test_all_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(s_tell_all("GO", PATIENCE_MS), ACTORS);
}

static void test_one_fails(void **state)
{
    (void)state;
    op_command_t command = s_command("GO"), failing = {"FAIL", "DONE", command.round};
    op_command_tell(&command, s_actors, 1);
    op_command_tell(&failing, s_actors + 1, 2);
    assert_int_equal(op_command_await(&command, s_actors, ACTORS, PATIENCE_MS), 1);
    assert_int_equal(s_tell_all("GO", PATIENCE_MS), ACTORS);
}

/*  Its answer to the round that was given up is not taken for one to the next. */
static void test_one_is_late(void **state)
{
    (void)state;
    op_command_t waiting = s_command("WAIT"), next = s_command("GO");
    pthread_mutex_lock(&s_gate);
    op_command_tell(&waiting, s_actors + 1, 1);
    size_t missing = op_command_await(&waiting, s_actors + 1, 1, 10);
    op_command_tell(&next, s_actors, ACTORS); /* it reads no more, the others do */
    size_t others = op_command_await(&next, s_actors, 1, PATIENCE_MS) +
                    op_command_await(&next, s_actors + 2, 1, PATIENCE_MS);
    size_t late = op_command_await(&next, s_actors + 1, 1, 10);
    pthread_mutex_unlock(&s_gate); /* before anything fails: who holds it up is waited for then */
    assert_int_equal(missing, 0);
    assert_int_equal(others, 2);
    assert_int_equal(late, 0);
    next = s_command("FAIL");
    op_command_tell(&next, s_actors + 1, 1);
    /* Before the answer FAILED to this one come two that say DONE. */
    assert_int_equal(op_command_await(&next, s_actors + 1, 1, PATIENCE_MS), 0);
    assert_int_equal(s_tell_all("GO", PATIENCE_MS), ACTORS);
}

static void test_one_reads_nothing(void **state)
{
    (void)state;
    op_command_t waiting = s_command("WAIT");
    pthread_mutex_lock(&s_gate);
    op_command_tell(&waiting, s_actors, 1);
    for (int i = 0; i < FLOOD; i++) /* and none of these waits */
        op_command_tell(&waiting, s_actors, 1);
    pthread_mutex_unlock(&s_gate);
    assert_int_equal(op_command_await(&waiting, s_actors, 1, PATIENCE_MS), 1);
    /* A command may still find the pipe full; then it is not heard, and another one is. */
    int tries = 0;
    while (s_tell_all("GO", 100) != ACTORS)
        assert_true(++tries < PATIENCE_MS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_answer, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_one_fails, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_one_is_late, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_one_reads_nothing, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
