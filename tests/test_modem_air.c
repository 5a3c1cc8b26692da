/*  The modem actor and simulated modems: makers, PINs, networks, failures. Virtual time */

#include "tests/modem_air.h"

#include <stdio.h>
#include <stdlib.h>

static air_t s_air;

static int s_teardown(void **state)
{
    (void)state;
    air_free(&s_air);
    return 0;
}

static op_sim_family_t s_family(const char *name)
{
    static char text[65536], error[OP_SIM_FAMILY_ERROR];
    op_sim_family_t family;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.txt", OP_MODEMS_FOLDER, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_int_equal(op_sim_family_read(op_str_of(text, size), &family, error), 0);
    return family;
}

static void s_plain(size_t modems)
{
    air_init(&s_air, modems, NULL, 0);
}

/*  ---- Makers ---- */

static const char *const s_makers[] = {"huawei", "simcom", "quectel",  "telit",
                                       "sierra", "zte",    "cinterion"};

static void test_makers(void **state)
{
    (void)state;
    op_sim_family_t families[OP_COUNT(s_makers)];
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        families[i] = s_family(s_makers[i]);
    air_init(&s_air, OP_COUNT(s_makers), families, OP_COUNT(s_makers));
    air_start(&s_air);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++) {
        air_until(&s_air, i, "up", 60000);
        const op_line_health_t *health = air_health(&s_air, i);
        assert_true(op_str_is(health->maker, families[i].manufacturer));
        assert_true(op_str_is(health->model, families[i].model));
        assert_in_range(health->imei.size, 14, OP_IMEI_MAX);
        assert_in_range(health->iccid.size, 18, OP_ICCID_MAX);
        assert_true(health->registered);
        assert_true(health->service_centre);
        assert_true(op_str_is(health->operator, "OP Test"));
        assert_int_equal(health->signal, 23);
        assert_true(health->total > 0);
        assert_true(health->last_ok > 0);
        assert_int_equal(health->failures, 0);
        air_expect_service(&s_air, i, (char)('a' + i));
    }
}

/*  It cannot store and announce: what it hands out is acknowledged, or it would hand out no more.
    */
static void test_a_modem_that_hands_out(void **state)
{
    (void)state;
    op_sim_family_t family = s_family("telit");
    snprintf(family.cnmi, sizeof family.cnmi, "(1,2),(0,2),(0,2),(0,1),(0,1)");
    family.cnmi_takes[0] = 0;
    air_init(&s_air, 1, &family, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 60000);
    air_set(&s_air, 0, OP_KNOB_CNMA_TIMEOUT_MS, 1000);
    for (char id = 'a'; id < 'd'; id++) {
        size_t received = s_air.received;
        op_carrier_result_t result = op_carrier_text(
            s_air.carrier, OP_STR("+14155550100"),
            op_str(op_carrier_modem_number(s_air.carrier, 0)), OP_STR("hello"), s_air.core.now);
        assert_int_equal(result, OP_CARRIER_OK);
        air_run(&s_air, 3000); /* no sweep is due: it was handed out */
        assert_int_equal(s_air.received, received + 1);
    }
}

/*  An acknowledgement that waits for a text on its way comes too late: the modem stops handing out,
    and is told to go on. */
static void test_an_acknowledgement_after_a_send(void **state)
{
    (void)state;
    op_sim_family_t family = s_family("telit");
    snprintf(family.cnmi, sizeof family.cnmi, "(1,2),(0,2),(0,2),(0,1),(0,1)");
    family.cnmi_takes[0] = 0;
    air_init(&s_air, 1, &family, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 60000);
    air_set(&s_air, 0, OP_KNOB_CNMA_TIMEOUT_MS, 1000);
    air_set(&s_air, 0, OP_KNOB_SUBMIT_DELAY_MS, 5000);
    air_text(&s_air, 0, 'a', "+14155560001", "on its way");
    air_run(&s_air, 1000);
    for (size_t i = 0; i < 2; i++) {
        op_carrier_result_t result = op_carrier_text(
            s_air.carrier, OP_STR("+14155550100"),
            op_str(op_carrier_modem_number(s_air.carrier, 0)), OP_STR("hello"), s_air.core.now);
        assert_int_equal(result, OP_CARRIER_OK);
        air_run(&s_air, 10000);
        assert_int_equal(s_air.received, i + 1);
    }
    assert_int_equal(s_air.outcomes[OP_TEXT_SENT], 1);
}

/*  It says its errors in words, whatever it was told: they mean the same. */
static void test_errors_in_words(void **state)
{
    (void)state;
    s_plain(1);
    air_set(&s_air, 0, OP_KNOB_ERROR_WORDS, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 60000);
    air_set(&s_air, 0, OP_KNOB_CMS_ERROR_CODE, 331);
    air_set(&s_air, 0, OP_KNOB_CMS_ERROR_NEXT, 1);
    air_text(&s_air, 0, 'a', "+14155560001", "hello");
    air_run(&s_air, 4000);
    assert_int_equal(air_inbox(&s_air, "+14155560001"), 0);
    air_run(&s_air, 2000);
    assert_int_equal(air_inbox(&s_air, "+14155560001"), 1);
    assert_int_equal(s_air.outcomes[OP_TEXT_SENT], 1);
    assert_int_equal(s_air.outcomes[OP_TEXT_FAILED], 0);
}

/*  Found by looking: each maker's tty for commands among its others. */
static void test_the_right_tty(void **state)
{
    (void)state;
    op_sim_family_t families[OP_COUNT(s_makers)];
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        families[i] = s_family(s_makers[i]);
    air_init(&s_air, OP_COUNT(s_makers), families, OP_COUNT(s_makers));
    s_air.setup.devices = OP_STR("/sim/*");
    /* What a line knows of itself is in the store, from when it had a path. */
    air_start(&s_air);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        air_until(&s_air, i, "up", 60000);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        air_plug(&s_air, i, false);
    air_run(&s_air, 5000);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        air_plug(&s_air, i, true);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        air_until(&s_air, i, "up", 120000);
    for (size_t i = 0; i < OP_COUNT(s_makers); i++)
        air_expect_service(&s_air, i, (char)('a' + i));
}

/*  ---- PINs ---- */

static void test_a_pin(void **state)
{
    (void)state;
    s_plain(1);
    s_air.lines[0].pin = OP_STR("1234");
    air_set(&s_air, 0, OP_KNOB_PIN_LOCK, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    assert_int_equal(op_carrier_get(s_air.carrier, 0, OP_KNOB_PIN_TRIES), 3);
    assert_int_equal(drive_rows(s_air.core.store, "modem/W"), 0);
    air_expect_service(&s_air, 0, 'a');
    op_carrier_reset(s_air.carrier, 0, s_air.core.now); /* it wants it again */
    air_run(&s_air, 100);
    air_until(&s_air, 0, "up", 10000);
}

static void test_a_wrong_pin_is_tried_once(void **state)
{
    (void)state;
    s_plain(1);
    s_air.lines[0].pin = OP_STR("9999");
    air_set(&s_air, 0, OP_KNOB_PIN_LOCK, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "stopped", 10000);
    assert_int_equal(op_carrier_get(s_air.carrier, 0, OP_KNOB_PIN_TRIES), 2);
    for (int i = 0; i < 3; i++) { /* neither after a restart, nor when the modem is another */
        air_restart(&s_air, true);
        air_run(&s_air, OP_HOUR_MS);
        assert_int_equal(op_carrier_get(s_air.carrier, 0, OP_KNOB_PIN_TRIES), 2);
        op_carrier_reset(s_air.carrier, 0, s_air.core.now);
    }
    const op_line_health_t *health = air_health(&s_air, 0);
    assert_true(op_str_is(health->reason,
                          "the SIM did not take the configured PIN; it is not tried again"));
    s_air.lines[0].pin = OP_STR("1234"); /* another one is */
    air_restart(&s_air, false);
    air_until(&s_air, 0, "up", 20000);
    assert_int_equal(op_carrier_get(s_air.carrier, 0, OP_KNOB_PIN_TRIES), 3);
}

static void test_no_pin_and_puk(void **state)
{
    (void)state;
    s_plain(2);
    air_set(&s_air, 0, OP_KNOB_PIN_LOCK, 1);
    air_set(&s_air, 1, OP_KNOB_PIN_TRIES, 0);
    air_start(&s_air);
    air_until(&s_air, 0, "stopped", 10000);
    air_until(&s_air, 1, "stopped", 10000);
    assert_true(op_str_is(air_health(&s_air, 0)->reason,
                          "the SIM asks for its PIN, and none is configured"));
    assert_true(op_str_is(air_health(&s_air, 1)->reason, "the SIM is locked and asks for its PUK"));
    uint64_t opens = s_air.opens;
    air_run(&s_air, OP_HOUR_MS);
    assert_in_range(s_air.opens - opens, 10, 26);      /* six an hour each: never a busy loop */
    assert_int_equal(air_health(&s_air, 1)->stops, 1); /* said once */
    air_set(&s_air, 1, OP_KNOB_PIN_TRIES, 3);          /* by the operator's hand */
    air_until(&s_air, 1, "up", 11 * OP_MINUTE_MS);
}

static void test_a_busy_sim_and_none(void **state)
{
    (void)state;
    s_plain(2);
    air_set(&s_air, 0, OP_KNOB_SIM_BUSY_NEXT, 5);
    air_set(&s_air, 1, OP_KNOB_SIM_OUT, 1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 15000);
    assert_true(op_str_is(air_health(&s_air, 1)->reason, "there is no SIM"));
    air_run(&s_air, OP_MINUTE_MS);
    air_set(&s_air, 1, OP_KNOB_SIM_OUT, 0);
    air_until(&s_air, 1, "up", 2 * OP_MINUTE_MS);
}

/*  ---- Networks ---- */

static void test_registration(void **state)
{
    (void)state;
    enum { IDLE, HOME, SEARCHING, DENIED, UNKNOWN, ROAMING, HOME_SMS, ROAMING_SMS };
    s_plain(1);
    air_set(&s_air, 0, OP_KNOB_REGISTRATION, SEARCHING);
    air_start(&s_air);
    air_run(&s_air, 5000);
    assert_true(op_str_is(air_health(&s_air, 0)->state, "starting"));
    assert_true(op_str_is(air_health(&s_air, 0)->reason, "the modem searches for a network"));
    static const int good[] = {HOME, ROAMING, HOME_SMS, ROAMING_SMS};
    for (size_t i = 0; i < OP_COUNT(good); i++) {
        air_set(&s_air, 0, OP_KNOB_REGISTRATION, good[i]);
        air_until(&s_air, 0, "up", 3000);
        air_expect_service(&s_air, 0, (char)('a' + i));
        air_set(&s_air, 0, OP_KNOB_REGISTRATION, DENIED);
        air_until(&s_air, 0, "starting", 31000);
        assert_true(op_str_is(air_health(&s_air, 0)->reason, "the network refuses the SIM"));
    }
    air_run(&s_air, 30 * OP_MINUTE_MS); /* the modem is restarted, and then left alone */
    const op_line_health_t *health = air_health(&s_air, 0);
    assert_in_range(health->resets, 1, 6);
    assert_true(op_str_is(health->reason, "the network refuses the SIM"));
    air_set(&s_air, 0, OP_KNOB_REGISTRATION, HOME);
    air_until(&s_air, 0, "up", 11 * OP_MINUTE_MS);
    air_expect_service(&s_air, 0, 'x');
}

/*  ---- The ladder ---- */

static void test_a_modem_that_hangs(void **state)
{
    (void)state;
    s_plain(1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_set(&s_air, 0, OP_KNOB_HANG, 1);
    air_text(&s_air, 0, 'a', "+14155550100", "waits");
    air_run(&s_air, 30 * OP_MINUTE_MS);
    const op_line_health_t *health = air_health(&s_air, 0);
    assert_true(op_str_is(health->state, "stopped"));
    assert_true(op_str_is(health->reason, "the modem does not answer"));
    assert_in_range(health->resets, 2, 5);
    assert_int_equal(health->stops, 1);
    assert_in_range(s_air.opens, 10, 20);
    air_set(&s_air, 0, OP_KNOB_HANG, 0);
    int64_t took = air_until(&s_air, 0, "up", OP_MINUTE_MS * 11);
    assert_true(took <= 11 * OP_MINUTE_MS);
    air_run(&s_air, OP_MINUTE_MS);
    assert_int_equal(air_inbox(&s_air, "+14155550100"), 1);
    assert_int_equal(air_health(&s_air, 0)->failures, 0);
}

static void test_a_modem_that_is_restarted(void **state)
{
    (void)state;
    s_plain(1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_set(&s_air, 0, OP_KNOB_COMMAND_ERROR_NEXT, OP_KNOB_TIMES); /* it says ERROR to everything */
    op_carrier_reset(s_air.carrier, 0, s_air.core.now);
    air_until(&s_air, 0, "waiting", 12000);
    assert_true(air_health(&s_air, 0)->reason.size > 0);
    air_run(&s_air, 20000);
    air_set(&s_air, 0, OP_KNOB_COMMAND_ERROR_NEXT, 0);
    air_until(&s_air, 0, "up", 2 * OP_MINUTE_MS);
}

static void test_calls_are_hung_up(void **state)
{
    (void)state;
    s_plain(1);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_set(&s_air, 0, OP_KNOB_RING_NEXT, 20);
    air_run(&s_air, 7000);
    assert_int_equal(op_carrier_get(s_air.carrier, 0, OP_KNOB_RING_NEXT), 0);
    air_expect_service(&s_air, 0, 'a');
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_makers),
        TEST(test_a_modem_that_hands_out),
        TEST(test_an_acknowledgement_after_a_send),
        TEST(test_errors_in_words),
        TEST(test_the_right_tty),
        TEST(test_a_pin),
        TEST(test_a_wrong_pin_is_tried_once),
        TEST(test_no_pin_and_puk),
        TEST(test_a_busy_sim_and_none),
        TEST(test_registration),
        TEST(test_a_modem_that_hangs),
        TEST(test_a_modem_that_is_restarted),
        TEST(test_calls_are_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
