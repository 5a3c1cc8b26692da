/*  The modem actor: the life of a line */

#include "tests/modem_fixture.h"

/*  The state of the line that was told to the ledger since the event began: "up", "down" or "". */
static void s_expect_state(const char *expected)
{
    assert_true(CORE_COUNT(&s_core, "ledger", line_state) <= 1);
    const op_line_state_t *state = CORE_FIND(&s_core, "ledger", line_state, 0);
    assert_string_equal(!state ? "" : state->up ? "up" : "down", expected);
    if (state) {
        assert_true(op_str_is(state->line, LINE));
        assert_true(state->shared);
    }
}

static void s_expect_open(bool wanted)
{
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_open), wanted);
    const op_serial_open_t *open = CORE_FIND(&s_core, "serial", serial_open, 0);
    if (wanted) {
        assert_int_equal(open->line, 0);
        assert_true(op_str_is(open->device, "/dev/one"));
    }
}

static void s_opened(void)
{
    op_serial_opened_t opened = {0};
    core_note(&s_core, "serial", &op_serial_opened_type, &opened);
}

static void s_closed(const char *reason)
{
    op_serial_closed_t closed = {0, op_str(reason)};
    core_note(&s_core, "serial", &op_serial_closed_type, &closed);
}

/*  ---- setup ---- */

static void test_the_script(void **state)
{
    (void)state;
    s_expect_open(true); /* since the start */
    s_expect_state("down");
    s_opened();
    tty_expect(&s_core, "\x1b"
                        "AT\r");
    core_advance(&s_core, 1000);
    tty_expect(&s_core, "AT\r"); /* again, until it answers */
    tty_dialogue(&s_core, OK, "");
    core_advance(&s_core, 299);
    tty_expect(&s_core, "");
    core_advance(&s_core, 1);
    tty_expect(&s_core, "ATE0\r");
    static const struct {
        const char *answer, *command;
    } table[] = {
        {"ATE0\r" OK, "AT+CMEE=1\r"},   /* with its echo */
        {"\r\nERROR\r\n", "AT+CGMI\r"}, /* may fail, as most may */
        {"\r\nTelit\r\n" OK, "AT+CGMM\r"},
        {"\r\nERROR\r\n", "AT+CGMR\r"},
        {"\r\nERROR\r\n", "AT+CGSN\r"},
        {"\r\n356938035643809\r\n" OK, "AT#CCID\r"}, /* the maker's own way first */
        {"\r\nERROR\r\n", "AT+CCID\r"},
        {"\r\nERROR\r\n", "AT+ICCID\r"},
        {"\r\n+ICCID: 89014103211118510720\r\n" OK, "AT+CPIN?\r"},
        {"\r\n+CPIN: READY\r\n" OK, "AT+CIMI\r"},
        {"\r\n310260123456789\r\n" OK, "AT+CFUN?\r"},
        {"\r\n+CFUN: 4\r\n" OK, "AT+CFUN=1\r"},
        {OK, "AT+CMGF=0\r"},
        {OK, "AT+CPMS=?\r"},
        {"\r\n+CPMS: (\"ME\",\"MT\"),(\"ME\",\"SM\"),(\"SM\")\r\n" OK,
         "AT+CPMS=\"MT\",\"SM\",\"SM\"\r"},
        {"\r\n+CMS ERROR: 302\r\n", "AT+CPMS=\"SM\",\"SM\",\"SM\"\r"},
        {"\r\n+CPMS: 0,10,0,10,0,10\r\n" OK, "AT+CNMI=?\r"},
        {"\r\n+CNMI: (0-2),(0,1),(0,2),(0-2),(1)\r\n" OK, "AT+CSMS=0\r"},
        {"\r\nERROR\r\n", "AT+CNMI=2,1,0,1,1\r"},
        {"\r\n+CMS ERROR: 303\r\n", "AT+CNMI=1,1,0,1,1\r"}, /* Qualcomm's offer 2 and take 1 */
        {"\r\n+CMS ERROR: 303\r\n", "AT+CNMI=2,1,0,2,1\r"},
        {OK, "AT+CREG=1\r"},
        {OK, "AT+CREG?\r"},
        {"\r\n+CREG: 1,0\r\n" OK, "AT+CGREG?\r"},
        {"\r\nERROR\r\n", "AT+CEREG?\r"},
        {"\r\n+CEREG: 0,5\r\n" OK, "AT+CSCA?\r"},
        {"\r\n+CSCA: \"+12063130004\",145\r\n" OK, "AT+COPS?\r"},
        {"\r\n+COPS: 0,0,\"Test\",7\r\n" OK, "AT+CSQ\r"},
        {"\r\n+CSQ: 20,99\r\n" OK, "AT+CIREG?\r"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        tty_dialogue(&s_core, table[i].answer, table[i].command);
    s_expect_state("");
    tty_dialogue(&s_core, "\r\n+CIREG: 0,1,5\r\n" OK, "AT+CPMS=\"SM\"\r");
    s_expect_state("up");
    tty_dialogue(&s_core, "\r\n+CPMS: 0,10,0,10,0,10\r\n" OK, "AT+CMGL=4\r");
    tty_dialogue(&s_core, OK, "AT+CPMS=\"ME\"\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CPMS=\"SR\"\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "");
    core_advance(&s_core, OP_MINUTE_MS);
    s_expect_state("");
}

static void test_bytes_come_in_pieces(void **state)
{
    (void)state;
    s_opened();
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    uint64_t syncs = op_actor_counts(s_core.actor).syncs;
    static const char *const pieces[] = {"\r", "\n", "O", "K"};
    for (size_t i = 0; i < OP_COUNT(pieces); i++)
        tty_dialogue(&s_core, pieces[i], "");
    tty_dialogue(&s_core, "\r", "AT+CMEE=1\r");
    tty_dialogue(&s_core, "\n\r\nOK\r\n", "AT+CGMI\r");
    assert_int_equal(op_actor_counts(s_core.actor).syncs, syncs); /* such bytes cost no disk */
}

static void test_rows_that_must_pass(void **state)
{
    (void)state;
    static const struct {
        const char *command, *answer;
    } table[] = {
        {"ATE0", "\r\nERROR\r\n"},
        {"AT+CPIN?", "\r\n+CME ERROR: 10\r\n"},
        {"AT+CPIN?", "\r\n+CME ERROR: 13\r\n"},
        {"AT+CPIN?", "\r\nERROR\r\n"},
        {"AT+CIMI", OK}, /* no identity */
        {"AT+CIMI", "\r\n+CME ERROR: 13\r\n"},
        {"AT+CMGF", "\r\nERROR\r\n"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup(NULL);
        tty_open(&s_core, 0);
        tty_set_up_until(&s_core, 0, table[i].command);
        tty_dialogue(&s_core, table[i].answer, "");
        s_expect_state(""); /* it was never up */
        assert_true(s_core.out.log_count > 0);
        core_advance(&s_core, 999);
        s_expect_open(false);
        core_advance(&s_core, 1);
        s_expect_open(true);
    }
}

/*  A setting that is refused in every form. */
static void test_settings_that_are_refused(void **state)
{
    (void)state;
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CPMS=\"SM\",\"SM\",\"SM\"\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CPMS=\"ME\",\"ME\",\"ME\"\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CPMS=\"SM\",\"SM\"\r"); /* some know of two */
    tty_set_up_until(&s_core, 0, "AT+CNMI=2");
    for (size_t i = 0; i < 5; i++)
        tty_say(&s_core, "\r\n+CMS ERROR: 303\r\n");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CREG=1\r"); /* texts are found without notices */
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SM\"");
    s_expect_state("up");
    assert_true(op_str_starts(s_health()->reason, "the modem announces nothing"));
}

/*  Then there is one memory, and nobody can say which: it is read as it is. */
static void test_no_memory_can_be_chosen(void **state)
{
    (void)state;
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"");
    for (size_t i = 0; i < 6; i++)
        tty_say(&s_core, "\r\nERROR\r\n");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CNMI=?\r");
    tty_set_up_until(&s_core, 0, "AT+CMGL=4");
    assert_true(op_str_is(s_health()->reason, "the modem does not say where it stores texts"));
    tty_dialogue(&s_core, OK, "");
    tty_dialogue(&s_core, "\r\n+CMTI: \"ME\",3\r\n", "AT+CMGR=3\r");
}

/*  Some say READY, and no OK after it. */
static void test_an_answer_of_the_sim_without_its_end(void **state)
{
    (void)state;
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPIN?");
    tty_dialogue(&s_core, "\r\n+CPIN: READY\r\n", "");
    core_advance(&s_core, 10000);
    tty_expect(&s_core, "\x1b"
                        "AT\r");
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    tty_expect(&s_core, "AT+CIMI\r");
}

/*  A warning is none of a restart; the operator sees it while it is said. */
static void test_the_supply_voltage(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_modem_setup.check_ms = 30000;
    s_setup_up(NULL);
    s_modem_setup.check_ms = 0;
    for (size_t i = 0; i < 3; i++)
        tty_dialogue(&s_core, "\r\nUNDER-VOLTAGE WARNNING\r\n", "");
    assert_true(op_str_is(s_health()->state, "up"));
    assert_true(op_str_starts(s_health()->reason, "the modem's supply voltage"));
    for (size_t i = 0; i < 2; i++) {
        core_advance(&s_core, 30000);
        tty_set_up_until(&s_core, 0, "AT+CPMS?");
        tty_say(&s_core, OK);
        assert_int_equal(s_health()->reason.size > 0, i == 0);
    }
    tty_dialogue(&s_core, "\r\nUNDER-VOLTAGE POWER DOWN\r\n", "ATE0\r");
}

static void test_waiting_for_the_network(void **state)
{
    (void)state;
    static const char *const answers[] = {"0,2", "0,0", "0,3", "0", "", "2,4,\"1A2B\",\"00C3\""};
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CREG?");
    for (size_t i = 0; i < OP_COUNT(answers); i++) {
        char answer[80];
        snprintf(answer, sizeof answer, "\r\n+CREG: %s\r\n" OK, answers[i]);
        tty_dialogue(&s_core, answer, "AT+CGREG?\r");
        tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CEREG?\r");
        tty_dialogue(&s_core, "\r\n+CEREG: 0,2\r\n" OK, "");
        core_advance(&s_core, 1999);
        tty_expect(&s_core, "");
        core_advance(&s_core, 1);
        tty_expect(&s_core, "AT+CREG?\r");
        s_expect_state("");
    }
    tty_dialogue(&s_core, "\r\n+CREG: 0,5\r\n" OK, "AT+CSCA?\r"); /* roaming will do */
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SM\"");
    s_expect_state("up");
}

/*  ---- closing and opening ---- */

static void test_the_back_off(void **state)
{
    (void)state;
    static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    for (size_t i = 0; i < OP_COUNT(pauses); i++) {
        s_closed("cannot open it: No such file or directory");
        core_advance(&s_core, pauses[i] - 1);
        s_expect_open(false);
        core_advance(&s_core, 1);
        s_expect_open(true);
    }
    tty_bring_up(&s_core, 0);
    s_closed("it went away"); /* once it was up, from the start */
    s_expect_state("down");
    core_advance(&s_core, 1000);
    s_expect_open(true);
}

static void test_a_modem_that_does_not_answer(void **state)
{
    (void)state;
    s_opened();
    core_advance(&s_core, 9999);
    s_expect_open(false);
    core_advance(&s_core, 1);
    assert_true(s_core.out.log_count > 0);
    core_advance(&s_core, 1000);
    s_expect_open(true);
    s_opened();
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    tty_expect(&s_core, "ATE0\r");
    core_advance(&s_core, 10000); /* nor the script's first row */
    core_advance(&s_core, 2000);
    s_expect_open(true);
}

static void test_line_state_is_told_only_on_change(void **state)
{
    (void)state;
    s_expect_state("down");
    s_closed("x");
    s_expect_state("");
    core_restart(&s_core, false); /* the ledger knows */
    s_expect_state("");
    tty_bring_up(&s_core, 0);
    s_closed("x");
    s_expect_state("down");
    core_advance(&s_core, 1000);
    tty_bring_up(&s_core, 0);
    core_restart(&s_core, false); /* after a restart it is down until it is up again */
    s_expect_state("down");
}

/*  The tty goes away at each point of the setup and of a submission, with a command in flight
    or not. */
static void test_hang_up_anywhere(void **state)
{
    (void)state;
    static const char *const rows[] = {"ATE0",    "AT+CGMI",  "AT+CCID",   "AT+CPIN?", "AT+CIMI",
                                       "AT+CMGF", "AT+CPMS=", "AT+CNMI=?", "AT+CREG?", "AT+CIREG?"};
    for (size_t at = 0; at < OP_COUNT(rows); at++) {
        tty_open(&s_core, 0);
        tty_set_up_until(&s_core, 0, rows[at]);
        for (size_t up = 0; up < 2; up++) { /* and once more when it is up: then it counts anew */
            s_closed("it went away");
            core_advance(&s_core, OP_MINUTE_MS);
            s_expect_open(true);
            if (!up)
                tty_bring_up(&s_core, 0);
        }
    }
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, "");
}

static void test_what_comes_when_it_is_closed(void **state)
{
    (void)state;
    tty_bring_up(&s_core, 0);
    s_closed("x");
    s_closed("x again");
    s_expect_state("");
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",3\r\n", "");
    s_opened(); /* nobody asked for it */
    tty_expect(&s_core, "");
    core_advance(&s_core, 1000);
    s_expect_open(true);
    /* Notes about lines that do not exist. */
    op_serial_opened_t opened = {7};
    op_serial_closed_t closed = {UINT64_MAX, OP_STR("x")};
    core_note(&s_core, "serial", &op_serial_opened_type, &opened);
    core_note(&s_core, "serial", &op_serial_closed_type, &closed);
    tty_say_on(&s_core, 1, OK);
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, "");
}

static void test_a_modem_that_restarts(void **state)
{
    (void)state;
    tty_bring_up(&s_core, 0);
    tty_dialogue(&s_core, "\r\nRDY\r\n", "ATE0\r"); /* what it was told is forgotten */
    s_expect_state("down");
}

/*  What answers the question that was out is no answer to the script. */
static void test_a_modem_that_restarts_while_it_is_looked_at(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_modem_setup.check_ms = OP_MINUTE_MS;
    s_setup(NULL);
    s_modem_setup.check_ms = 0;
    tty_bring_up(&s_core, 0);
    core_advance(&s_core, OP_MINUTE_MS);
    tty_expect(&s_core, "AT+CIMI\r");
    tty_dialogue(&s_core, "\r\nRDY\r\n", "");
    s_expect_state("down");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "ATE0\r");
    tty_set_up_until(&s_core, 0, "AT+CMGL");
    assert_true(op_str_is(s_health()->state, "up"));
}

static void test_the_ledger_asks(void **state)
{
    (void)state;
    core_tell(&s_core, "ledger", &op_lines_ask_type, &(op_lines_ask_t){0});
    s_expect_state("down");
    tty_bring_up(&s_core, 0);
    core_tell(&s_core, "ledger", &op_lines_ask_type, &(op_lines_ask_t){0});
    s_expect_state("up");
    core_tell(&s_core, "ledger", &op_lines_ask_type, &(op_lines_ask_t){0}); /* unchanged */
    s_expect_state("up");
}

static void test_two_lines(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_modem_setup.lines.count = 2;
    core_open(&s_core, &op_modem_class, &op_modem_setup_type, &s_modem_setup);
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_open), 2);
    assert_int_equal(CORE_COUNT(&s_core, "ledger", line_state), 2);
    tty_bring_up(&s_core, 1);
    const op_line_state_t *told = CORE_FIND(&s_core, "ledger", line_state, 0);
    assert_null(told); /* it was told when the list was asked for */
    s_queue("ledger", OTHER, 'b', PEER, "on the other");
    s_expect_submit();
    tty_expect_on(&s_core, 0, "");
    s_queue("ledger", LINE, 'a', PEER, "waits");
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_bytes), 0);
    /* A line that is not configured any more goes down, and what waited for it fails. */
    s_modem_setup.lines.count = 1;
    core_restart(&s_core, false);
    told = CORE_FIND(&s_core, "ledger", line_state, 0);
    assert_non_null(told);
    assert_true(op_str_is(told->line, OTHER));
    assert_true(told->gone && !told->up);
    s_expect_outcomes("b4:unknown_outcome"); /* it was in the air */
    core_restart(&s_core, false);
    assert_int_equal(CORE_COUNT(&s_core, "ledger", line_state), 0);
    s_queue("ledger", OTHER, 'c', PEER, "too late");
    s_expect_outcomes("c4:no_service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_script),
        TEST(test_bytes_come_in_pieces),
        TEST(test_rows_that_must_pass),
        TEST(test_settings_that_are_refused),
        TEST(test_no_memory_can_be_chosen),
        TEST(test_an_answer_of_the_sim_without_its_end),
        TEST(test_the_supply_voltage),
        TEST(test_waiting_for_the_network),
        TEST(test_the_back_off),
        TEST(test_a_modem_that_does_not_answer),
        TEST(test_line_state_is_told_only_on_change),
        TEST(test_hang_up_anywhere),
        TEST(test_what_comes_when_it_is_closed),
        TEST(test_a_modem_that_restarts),
        TEST(test_a_modem_that_restarts_while_it_is_looked_at),
        TEST(test_the_ledger_asks),
        TEST(test_two_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
