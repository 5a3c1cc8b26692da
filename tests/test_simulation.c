/*  test_simulation.c - many seeded worlds are good, one seed is one world, and the parts of the
    world do what they say

    OP_SIMULATION_SEEDS comes from the build: fewer under sanitizers, where a world takes longer. */

#include "actors/replay.h"
#include "base/instant.h"
#include "store/store.h"
#include "tests/simulation/sim.h"
#include "tests/simulation/sim_clock.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_model.h"
#include "tests/simulation/sim_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static sim_verdict_t s_run(uint64_t seed, sim_fault_set_t faults)
{
    sim_options_t options = {.seed = seed, .span = OP_HOUR_MS, .faults = faults};
    sim_verdict_t verdict;
    sim_run(&options, &verdict);
    if (!verdict.good)
        fail_msg("seed %llu: %s\n%.*s", (unsigned long long)seed, verdict.wrong,
                 (int)verdict.context.size, verdict.context.size ? verdict.context.at : "");
    sim_verdict_free(&verdict);
    return verdict;
}

/*  ---- Worlds ---- */

typedef struct {
    uint64_t fired[SIM_FAULT_END], operated[SIM_VERB_END], accepted, inbound;
} totals_t;

/*  Every step-th seed, in a process of its own; it exits with 1 at a bad one, which it names. */
static void s_live(uint64_t first, uint64_t step, int to)
{
    totals_t totals = {.accepted = 0};
    for (uint64_t seed = first; seed <= OP_SIMULATION_SEEDS; seed += step) {
        sim_options_t options = {.seed = seed, .span = OP_HOUR_MS, .faults = sim_faults_all()};
        sim_verdict_t verdict;
        sim_run(&options, &verdict);
        if (!verdict.good) {
            fprintf(stderr, "seed %llu: %s\n%.*s\n", (unsigned long long)seed, verdict.wrong,
                    (int)verdict.context.size, verdict.context.size ? verdict.context.at : "");
            _exit(1);
        }
        totals.accepted += verdict.accepted;
        totals.inbound += verdict.inbound;
        for (size_t i = 0; i < SIM_FAULT_END; i++)
            totals.fired[i] += verdict.fired[i];
        for (size_t i = 0; i < SIM_VERB_END; i++)
            totals.operated[i] += verdict.operated[i];
        sim_verdict_free(&verdict);
    }
    _exit(write(to, &totals, sizeof totals) == sizeof totals ? 0 : 1);
}

/*  Lives all seeds, with a process for each processor, and adds up what happened in them. */
static void s_live_all(totals_t *sum)
{
    enum { PROCESSES_MAX = 16 };
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t count = processors < 1               ? 1
                     : processors > PROCESSES_MAX ? PROCESSES_MAX
                                                  : (uint64_t)processors;
    struct {
        pid_t pid;
        int from;
    } children[PROCESSES_MAX];
    for (uint64_t i = 0; i < count; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        children[i].pid = fork();
        assert_true(children[i].pid >= 0);
        if (children[i].pid == 0)
            s_live(i + 1, count, ends[1]);
        close(ends[1]);
        children[i].from = ends[0];
    }
    for (uint64_t i = 0; i < count; i++) {
        totals_t totals;
        int status;
        ssize_t size = read(children[i].from, &totals, sizeof totals);
        assert_int_equal(waitpid(children[i].pid, &status, 0), children[i].pid);
        close(children[i].from);
        assert_true(size == sizeof totals && status == 0);
        sum->accepted += totals.accepted;
        sum->inbound += totals.inbound;
        for (size_t k = 0; k < SIM_FAULT_END; k++)
            sum->fired[k] += totals.fired[k];
        for (size_t k = 0; k < SIM_VERB_END; k++)
            sum->operated[k] += totals.operated[k];
    }
}

static void test_many_seeds(void **state)
{
    (void)state;
    totals_t sum = {.accepted = 0};
    s_live_all(&sum);
    assert_true(sum.accepted > OP_SIMULATION_SEEDS * 10);
    assert_true(sum.inbound > OP_SIMULATION_SEEDS * 10);
    for (size_t i = 0; OP_SIMULATION_SEEDS >= 200 && i < SIM_FAULT_END; i++) {
        print_message("%-18s %8llu\n", sim_fault_name((sim_fault_t)i),
                      (unsigned long long)sum.fired[i]);
        assert_true(sum.fired[i] > 0);
    }
    for (size_t i = 0; OP_SIMULATION_SEEDS >= 200 && i < SIM_VERB_END; i++) {
        print_message("%-18s %8llu\n", sim_verb_name((sim_verb_t)i),
                      (unsigned long long)sum.operated[i]);
        assert_true(sum.operated[i] > 0);
    }
}

static void test_no_faults_no_silence(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        sim_verdict_t verdict = s_run(seed, (sim_fault_set_t){.listed = false});
        assert_int_equal(verdict.silences, 0);
        assert_int_equal(verdict.deaths, 0);
        for (size_t i = 0; i < SIM_FAULT_END; i++)
            assert_int_equal(verdict.fired[i], 0);
    }
}

static void test_one_seed_is_one_world(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed <= 5; seed++) {
        sim_verdict_t first = s_run(seed, sim_faults_all()), second = s_run(seed, sim_faults_all());
        assert_string_equal(first.hash, second.hash);
        assert_int_equal(first.frames, second.frames);
        sim_verdict_t other = s_run(seed + 10, sim_faults_all());
        assert_string_not_equal(first.hash, other.hash);
    }
}

/*  The trace of a run replays, life by life, whatever ended them. */
static void test_a_run_replays(void **state)
{
    (void)state;
    op_buf_t bytes = {0}, report = {0};
    sim_options_t options = {
        .seed = 3, .span = OP_HOUR_MS, .faults = sim_faults_all(), .trace = &bytes};
    sim_verdict_t recorded, plain = s_run(3, sim_faults_all());
    sim_run(&options, &recorded);
    assert_string_equal(recorded.hash, plain.hash); /* being watched changes nothing */
    op_tape_t tape = {.actor_count = 0};
    char error[OP_TRACE_ERROR];
    assert_int_equal(op_tape_read(&tape, op_buf_str(&bytes), 0, error), 0);
    assert_in_range(tape.actor_count, 5, 200);
    for (size_t i = 0; i < tape.actor_count; i++) {
        op_replay_result_t result = op_replay_actor(&tape, i, OP_PRINT_MASKED, &report);
        if (!result.same)
            fail_msg("%.*s", (int)report.size, report.at);
        assert_true(result.events > 0);
    }
    sim_verdict_free(&recorded);
    op_tape_free(&tape);
    op_buf_free(&bytes);
    op_buf_free(&report);
}

/*  What is listed is in every world, not in half of them. */
static void test_listed_faults(void **state)
{
    (void)state;
    sim_fault_set_t set;
    op_str_t unknown;
    assert_true(sim_faults_parse("kill,hook_error", &set, &unknown));
    for (uint64_t seed = 1; seed <= 4; seed++) {
        sim_verdict_t verdict = s_run(seed, set);
        for (size_t i = 0; i < SIM_FAULT_END; i++)
            assert_int_equal(verdict.fired[i] > 0, set.has[i]);
    }
}

/*  ---- Parts ---- */

static void test_names_of_faults(void **state)
{
    (void)state;
    sim_fault_set_t set;
    op_str_t unknown;
    assert_true(sim_faults_parse("all", &set, &unknown));
    assert_false(set.listed);
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        assert_true(set.has[i]);
    assert_true(sim_faults_parse("none", &set, &unknown));
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        assert_false(set.has[i]);
    assert_true(sim_faults_parse("kill,air_late", &set, &unknown));
    assert_true(set.listed);
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        assert_int_equal(set.has[i], i == SIM_FAULT_KILL || i == SIM_FAULT_AIR_LATE);
    assert_false(sim_faults_parse("kill,nothing", &set, &unknown));
    assert_true(op_str_is(unknown, "nothing"));
    assert_false(sim_faults_parse("", &set, &unknown));
    assert_false(sim_faults_parse("kill,", &set, &unknown));
    for (size_t i = 0; i < SIM_FAULT_END; i++) {
        assert_true(sim_faults_parse(sim_fault_name((sim_fault_t)i), &set, &unknown));
        for (size_t other = 0; other < SIM_FAULT_END; other++)
            assert_int_equal(set.has[other], other == i);
        assert_true(strlen(sim_fault_sentence((sim_fault_t)i)) > 3);
    }
}

static void test_queue_by_time_then_by_order(void **state)
{
    (void)state;
    static const int64_t times[] = {5, 3, 5, 1, 3, 5, 2};
    static const uint64_t expected[] = {3, 6, 1, 4, 0, 2, 5};
    sim_queue_t queue = {0};
    for (size_t i = 0; i < OP_COUNT(times); i++)
        sim_queue_put(&queue, times[i], 1, i, 0, OP_STR("bytes"));
    for (size_t i = 0; i < OP_COUNT(times); i++) {
        assert_int_equal(sim_queue_next(&queue), times[expected[i]]);
        sim_event_t event = sim_queue_take(&queue);
        assert_int_equal(event.a, expected[i]);
        assert_int_equal(event.size, 5);
        free(event.bytes);
    }
    assert_int_equal(sim_queue_next(&queue), 0);
    sim_queue_put(&queue, 1, 1, 0, 0, OP_STR("left over"));
    sim_queue_free(&queue);
}

static void test_clock_there_and_back(void **state)
{
    (void)state;
    static const int64_t ppms[] = {0, 20000, -20000};
    for (size_t i = 0; i < OP_COUNT(ppms); i++) {
        sim_clock_t clock = {.since = 1000};
        sim_clock_set(&clock, 5000, -3000, ppms[i]);
        assert_int_equal(sim_clock_local(&clock, 5000), 2000);
        for (int64_t now = 5000; now < 5000000; now += 777) {
            int64_t local = sim_clock_local(&clock, now), first = sim_clock_true(&clock, local);
            assert_true(first <= now);
            assert_true(sim_clock_local(&clock, first) >= local);
            assert_true(sim_clock_local(&clock, first - 1) < local);
        }
        sim_clock_heal(&clock, 6000);
        assert_int_equal(sim_clock_local(&clock, 7000), 7000);
    }
}

static void test_disk_fails_on_demand(void **state)
{
    (void)state;
    op_store_t *disk = sim_disk_new();
    op_batch_t batch = {0};
    op_buf_t value = {0};
    op_batch_put(&batch, OP_STR("key"), OP_STR("value"));
    sim_disk_fail_writes(disk, 2);
    assert_int_equal(op_store_write(disk, &batch, true), -1);
    assert_int_equal(op_store_write(disk, &batch, true), -1);
    assert_int_equal(op_store_get(disk, OP_STR("key"), &value), 0);
    assert_int_equal(op_store_write(disk, &batch, true), 0);
    sim_disk_fail_read(disk, 1);
    assert_int_equal(op_store_get(disk, OP_STR("key"), &value), 1);
    assert_int_equal(op_store_get(disk, OP_STR("key"), &value), -1);
    assert_int_equal(op_store_get(disk, OP_STR("key"), &value), 1);
    assert_int_equal(sim_disk_failures(disk), 3);
    op_batch_free(&batch);
    op_buf_free(&value);
    op_store_destroy(&disk);
}

/*  The judge of the judge: what is right passes, what is not does not. */
static void test_model_judges(void **state)
{
    (void)state;
    model_limits_t limits = {.send_second = 1, .send_minute = 6, .day_free = 2, .code_tries = 5};
    op_id_t id = {{1}}, second = {{2}}, third = {{3}};
    char tag[16];
    model_t model;
    model_init(&model, &limits);
    model.now = 1000000;
    (void)model_add_number(&model, "+16176088932");
    int user = model_add_user(&model, "+14155550100");
    int key = model_key_created(&model, user, 0, id, (op_hash_t){{0}}, 999000);
    op_id_t *ids[] = {&id, &second, &third};
    for (size_t i = 0; i < 2; i++) {
        model_tag(&model, tag);
        model_accepted(&model, model_send(&model, key, "+14155550777", tag), *ids[i], 1000000);
        model_arrived(&model, OP_STR("+14155550777"), OP_STR("+16176088932"), op_str(tag));
        assert_string_equal(model.wrong, "");
    }
    model_arrived(&model, OP_STR("+14155550777"), OP_STR("+16176088932"), op_str(tag));
    assert_non_null(strstr(model.wrong, "exactly once"));
    model.wrong[0] = 0;
    model_tag(&model, tag);
    model_accepted(&model, model_send(&model, key, "+14155550777", tag), third, 1000001);
    assert_non_null(strstr(model.wrong, "quota"));
    model.wrong[0] = 0;
    model_log(&model, OP_STR("to=+14155550100"));
    assert_non_null(strstr(model.wrong, "secret"));
    model.wrong[0] = 0;
    model_counted(&model, 'k', key, 1000000);
    model_counted(&model, 'k', key, 1001000);
    assert_string_equal(model.wrong, "");
    model_limited(&model, "k", key, 1001999);
    assert_string_equal(model.wrong, "");
    model_limited(&model, "k", key, 1003000);
    assert_non_null(strstr(model.wrong, "quota"));
    model.wrong[0] = 0;
    model_counted(&model, 'k', key, 1001999);
    assert_non_null(strstr(model.wrong, "quota"));
    model.wrong[0] = 0;
    model_code_came(&model, user, OP_STR("371946 is your OP code"));
    model_frame(&model, "message_view", OP_STR("http"), OP_STR("x 371946 y"));
    assert_non_null(strstr(model.wrong, "secret: a login code in a message_view"));
    model.wrong[0] = 0;
    model_row(&model, OP_STR("371946"));
    assert_non_null(strstr(model.wrong, "secret: a login code in clear"));
    model.wrong[0] = 0;
    model_post_secrets(&model, OP_STR("\"371946\""));
    assert_non_null(strstr(model.wrong, "secret: a login code is posted"));
    model_free(&model);
}

/*  Who gets the phone of somebody who was erased goes on with that one's windows. */
static void test_model_counts_by_phone(void **state)
{
    (void)state;
    model_limits_t limits = {.start_30s = 6, .start_hour = 2, .start_day = 15};
    model_t model;
    model_init(&model, &limits);
    model.now = OP_DAY_MS;
    int before = model_add_user(&model, "+14155550100"),
        after = model_add_user(&model, "+14155550100");
    int other = model_add_user(&model, "+14155550101");
    model_counted(&model, 'p', before, model.now);
    model.now += OP_HOUR_MS - OP_MINUTE_MS;
    model_counted(&model, 'p', after, model.now);
    model_limited(&model, "p", after, model.now);
    assert_string_equal(model.wrong, "");
    model.now += OP_MINUTE_MS;
    model_counted(&model, 'p', after, model.now);
    model_counted(&model, 'p', after, model.now);
    assert_string_equal(model.wrong, "");
    model_counted(&model, 'p', before, model.now);
    assert_non_null(strstr(model.wrong, "quota"));
    model.wrong[0] = 0;
    model_counted(&model, 'p', other, model.now);
    model_limited(&model, "p", other, model.now);
    assert_non_null(strstr(model.wrong, "quota"));
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_faults),
        cmocka_unit_test(test_queue_by_time_then_by_order),
        cmocka_unit_test(test_clock_there_and_back),
        cmocka_unit_test(test_disk_fails_on_demand),
        cmocka_unit_test(test_model_judges),
        cmocka_unit_test(test_model_counts_by_phone),
        cmocka_unit_test(test_no_faults_no_silence),
        cmocka_unit_test(test_one_seed_is_one_world),
        cmocka_unit_test(test_listed_faults),
        cmocka_unit_test(test_a_run_replays),
        cmocka_unit_test(test_many_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
