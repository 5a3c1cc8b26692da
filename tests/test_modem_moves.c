/*  The modem actor and simulated modems that are unplugged, change SIMs, are found by what they are,
    and are many. Virtual time */

#include "tests/modem_air.h"

#include <stdio.h>

static air_t s_air;

static int s_teardown(void **state)
{
    (void)state;
    air_free(&s_air);
    return 0;
}

static void s_plain(size_t modems)
{
    air_init(&s_air, modems, NULL, 0);
}

/*  Asks a modem itself, as an operator would: the digits that begin like that. Until the next call. */
static const char *s_digits(size_t modem, const char *command, const char *like)
{
    static char digits[24];
    op_carrier_feed(s_air.carrier, modem, op_str(command), DRIVE_NOW);
    op_buf_t *out = op_carrier_take(s_air.carrier, modem);
    op_buf_add_byte(out, 0);
    const char *at = strstr(out->at, like);
    assert_non_null(at);
    snprintf(digits, sizeof digits, "%s", at + 1);
    digits[strspn(digits, "0123456789")] = 0;
    op_buf_clear(out);
    return digits;
}

static const char *s_imei(size_t modem)
{
    return s_digits(modem, "AT+CGSN\r", "\n3");
}

static const char *s_iccid(size_t modem)
{
    return s_digits(modem, "AT+CCID\r", " 89");
}

static void test_unplugged_and_back(void **state)
{
    (void)state;
    s_plain(2);
    s_air.setup.devices = OP_STR("/sim/*");
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_until(&s_air, 1, "up", 10000);
    for (char id = 'a'; id < 'd'; id++) {
        air_plug(&s_air, 1, false);
        assert_false(op_str_is(air_health(&s_air, 1)->state, "up"));
        air_run(&s_air, 5000);
        air_plug(&s_air, 1, true); /* under another name */
        air_until(&s_air, 1, "up", 15000);
        air_expect_service(&s_air, 1, id);
    }
    assert_true(op_str_is(air_health(&s_air, 0)->state, "up")); /* all the time */
    assert_int_equal(air_health(&s_air, 0)->opens, 1);
    air_restart(&s_air, false); /* the name it has now is known */
    air_until(&s_air, 1, "up", 60000);
}

static void test_sims_change_places(void **state)
{
    (void)state;
    s_plain(2);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_until(&s_air, 1, "up", 10000);
    op_carrier_swap_sims(s_air.carrier, 0, 1, s_air.core.now);
    air_run(&s_air, 35000);
    air_until(&s_air, 0, "up", 30000);
    air_until(&s_air, 1, "up", 30000);
    assert_true(op_str_is(air_health(&s_air, 0)->device, "/sim/1-0"));
    assert_true(op_str_is(air_health(&s_air, 1)->device, "/sim/0-0"));
    air_expect_service(&s_air, 0, 'a');
    air_expect_service(&s_air, 1, 'b');
}

/*  Which tty takes texts is asked with a prompt. That one was lost is no reason to leave a modem
    alone. */
static void test_a_prompt_is_lost(void **state)
{
    (void)state;
    s_plain(2);
    air_start(&s_air);
    for (size_t i = 0; i < 2; i++) {
        air_until(&s_air, i, "up", 10000);
        air_set(&s_air, i, OP_KNOB_PROMPT_LOST_NEXT, 1);
    }
    op_carrier_swap_sims(s_air.carrier, 0, 1, s_air.core.now);
    air_run(&s_air, 35000);
    for (size_t i = 0; i < 2; i++) {
        air_until(&s_air, i, "up", OP_MINUTE_MS);
        assert_int_equal(op_carrier_get(s_air.carrier, i, OP_KNOB_PROMPT_LOST_NEXT), 0);
        air_expect_service(&s_air, i, (char)('a' + i));
    }
}

/*  The modem is dead; its SIM goes on in the other one. */
static void test_a_sim_moves(void **state)
{
    (void)state;
    s_plain(2);
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    air_until(&s_air, 1, "up", 10000);
    air_plug(&s_air, 0, false);
    op_carrier_swap_sims(s_air.carrier, 0, 1, s_air.core.now);
    air_run(&s_air, 40000);
    air_until(&s_air, 0, "up", 30000);
    assert_true(op_str_is(air_health(&s_air, 0)->device, "/sim/1-0"));
    assert_true(op_str_is(air_health(&s_air, 1)->state, "absent"));
    air_expect_service(&s_air, 0, 'a');
}

static void test_a_sim_is_replaced(void **state)
{
    (void)state;
    s_plain(2);
    s_air.setup.lines.count = 1; /* the second SIM is nobody's */
    s_air.modems = 1;
    air_start(&s_air);
    air_until(&s_air, 0, "up", 10000);
    op_carrier_swap_sims(s_air.carrier, 0, 1, s_air.core.now);
    air_run(&s_air, 35000);
    air_until(&s_air, 0, "up", 30000);
}

static void test_by_iccid_and_imei(void **state)
{
    (void)state;
    s_plain(3);
    s_air.setup.devices = OP_STR(" /sim/*");
    char imei[24];
    snprintf(imei, sizeof imei, "%s", s_imei(1));
    const char *iccid = s_iccid(2);
    s_air.lines[1].device = s_air.lines[2].device = (op_str_t){0};
    s_air.lines[1].imei = op_str(imei);
    s_air.lines[2].iccid = op_str(iccid);
    air_start(&s_air);
    for (size_t i = 0; i < 3; i++)
        air_until(&s_air, i, "up", 30000);
    air_expect_service(&s_air, 1, 'b');
    air_expect_service(&s_air, 2, 'c');
    air_plug(&s_air, 2, false);
    air_run(&s_air, 3000);
    air_plug(&s_air, 2, true);
    air_until(&s_air, 2, "up", 20000);
    air_expect_service(&s_air, 2, 'd');
}

/*  Nobody can say whose SIM it is while it starts: then it is waited for. */
static void test_sims_that_are_busy_change_places(void **state)
{
    (void)state;
    s_plain(2);
    air_start(&s_air);
    for (size_t i = 0; i < 2; i++)
        air_until(&s_air, i, "up", 10000);
    air_restart(&s_air, false);
    op_carrier_swap_sims(s_air.carrier, 0, 1, s_air.core.now);
    for (size_t i = 0; i < 2; i++)
        air_set(&s_air, i, OP_KNOB_SIM_BUSY_NEXT, 5);
    air_run(&s_air, 65000);
    for (size_t i = 0; i < 2; i++)
        air_until(&s_air, i, "up", 60000);
    assert_true(op_str_is(air_health(&s_air, 0)->device, "/sim/1-0"));
    assert_true(op_str_is(air_health(&s_air, 1)->device, "/sim/0-0"));
    air_expect_service(&s_air, 0, 'a');
    air_expect_service(&s_air, 1, 'b');
}

/*  A modem is looked at while its SIM starts: it is looked at again. And so when the SIM is put in
    later. */
static void test_a_sim_that_is_not_ready_when_its_modem_is_found(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        s_plain(2);
        s_air.setup.devices = OP_STR("/sim/*");
        const char *iccid = s_iccid(1);
        s_air.lines[1].device = (op_str_t){0};
        s_air.lines[1].iccid = op_str(iccid);
        if (later)
            air_set(&s_air, 1, OP_KNOB_SIM_OUT, 1);
        else
            air_set(&s_air, 1, OP_KNOB_SIM_BUSY_NEXT, 12);
        air_start(&s_air);
        air_until(&s_air, 0, "up", 10000);
        air_run(&s_air, 20000 + 100000 * later);
        if (later) {
            assert_true(op_str_is(air_health(&s_air, 1)->state, "absent"));
            air_set(&s_air, 1, OP_KNOB_SIM_OUT, 0);
        }
        air_until(&s_air, 1, "up", 90000);
        air_expect_service(&s_air, 1, 'a');
        air_free(&s_air);
    }
    s_plain(1); /* for the teardown */
}

/*  ... and comes anew each time that it is restarted, which is no reason to begin all over again. */
static void test_a_modem_in_a_port_that_is_restarted_in_vain(void **state)
{
    (void)state;
    s_plain(1);
    s_air.setup.devices = OP_STR("/sim/*");
    s_air.lines[0].imei = op_str(s_imei(0));
    s_air.lines[0].device = (op_str_t){0};
    air_set(&s_air, 0, OP_KNOB_SIM_OUT, 1);
    air_start(&s_air);
    int64_t begin = s_air.core.now;
    uint64_t restarts = 0;
    while (air_health(&s_air, 0)->stops == 0) {
        air_run(&s_air, 1000);
        assert_in_range(s_air.core.now - begin, 0, 20 * OP_MINUTE_MS);
        if (air_health(&s_air, 0)->resets == restarts)
            continue;
        restarts++;
        air_plug(&s_air, 0, false);
        air_run(&s_air, 3000);
        air_plug(&s_air, 0, true);
    }
    assert_in_range(restarts, 2, 3);
    air_set(&s_air, 0, OP_KNOB_SIM_OUT, 0);
    air_plug(&s_air, 0, false); /* by hand, as somebody who puts a SIM in does */
    air_run(&s_air, 1000);
    air_plug(&s_air, 0, true);
    air_until(&s_air, 0, "up", 30000);
    air_expect_service(&s_air, 0, 'a');
}

/*  ---- Many ---- */

static void test_sixty_four(void **state)
{
    (void)state;
    s_plain(64);
    air_start(&s_air);
    for (size_t i = 0; i < 64; i++)
        air_until(&s_air, i, "up", 10000);
    for (size_t i = 0; i < 64; i++)
        air_text(&s_air, i, (char)(i + 1), "+14155550100", "one of many");
    air_run(&s_air, 10000);
    assert_int_equal(air_inbox(&s_air, "+14155550100"), 64);
    assert_int_equal(s_air.outcomes[OP_TEXT_SENT], 64);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_unplugged_and_back),
        TEST(test_sims_change_places),
        TEST(test_a_prompt_is_lost),
        TEST(test_a_sim_moves),
        TEST(test_a_sim_is_replaced),
        TEST(test_by_iccid_and_imei),
        TEST(test_sims_that_are_busy_change_places),
        TEST(test_a_sim_that_is_not_ready_when_its_modem_is_found),
        TEST(test_a_modem_in_a_port_that_is_restarted_in_vain),
        TEST(test_sixty_four),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
