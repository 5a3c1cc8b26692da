/*  What an ingress and a host say to each other before anything else: hellos */

#include "tests/ingress_fixture.h"

static void test_first_a_handshake(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_tell(radio, "modem", "ledger", 1);
    WAIT_FOR(misunderstood, 1);
    s_greet(radio, (op_id_t){{0}}, OP_PROTOCOL + 1);
    s_tell(radio, "modem", "ledger", 1);
    WAIT_FOR(misunderstood, 2);
    assert_false(op_links_up(s_links, 0));
    s_nothing_came();
    s_come_up(radio);
    s_tell(radio, "modem", "ledger", 1);
    assert_int_equal(s_next_tell(), 1);
    WAIT_FOR(taken, 1);
    assert_int_equal(GOT(taken), 1);
    zsock_destroy(&radio);
}

/*  One of the other host's actors is a peer here, whichever; but as what its key does not permit it
    is not heard. */
static void test_whose_hello_it_is(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    uint64_t foreign = GOT(foreign);
    op_id_t ingress = s_hello()->incarnation;
    s_greet_as(radio, "", ingress, OP_PROTOCOL + 1);
    s_greet_as(radio, "http-2,modem-2", ingress, OP_PROTOCOL + 1);
    s_greet_as(radio, ",modem-,,", ingress, OP_PROTOCOL + 1);
    s_greet_as(radio, "ledger,auth", ingress, OP_PROTOCOL + 1); /* the ingress's own */
    WAIT_FOR(foreign, foreign + 4);
    assert_true(op_links_up(s_links, 0));
    s_greet_as(radio, "http-2,modem", ingress, OP_PROTOCOL + 1);
    const op_hello_t *hello;
    do {
        hello = s_hello();
        assert_true(op_str_is(hello->actors, "http,auth,webhook,ledger"));
    } while (hello->refusal.size == 0);
    assert_int_equal(GOT(foreign), foreign + 4);
    zsock_destroy(&radio);
}

/*  Where time is not simulated, no host can move it. */
static void test_time_is_nobodys_to_move(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    uint64_t out = GOT(out_of_role);
    s_ahead = 86400000;
    s_greet(radio, s_hello()->incarnation, OP_PROTOCOL);
    WAIT_FOR(out_of_role, out + 1);
    s_ahead = 0;
    assert_int_equal(op_clock_ahead(), 0);
    assert_true(op_links_up(s_links, 0)); /* its other frames are taken */
    assert_int_equal(s_hello()->ahead_ms, 0);
    zsock_destroy(&radio);
}

/*  A clock that can be none: the hello counts for nothing, and the link is as before. */
static void test_a_clock_a_century_away(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    uint64_t out = GOT(out_of_role), unreadable = GOT(unreadable);
    op_id_t ingress = s_hello()->incarnation;
    s_hello_me.bytes[1] = 1; /* if it counted, it would be of one that has started */
    s_apart = OP_LINK_CLOCK_APART_MS + OP_DAY_MS;
    s_greet(radio, ingress, OP_PROTOCOL);
    WAIT_FOR(out_of_role, out + 1);
    s_apart = OP_INSTANT_MAX;
    s_greet(radio, ingress, OP_PROTOCOL);
    WAIT_FOR(unreadable, unreadable + 1);
    s_apart = 0;
    s_hello_me = s_me;
    s_tell(radio, "modem", "ledger", 1);
    assert_int_equal(s_next_tell(), 1);
    assert_true(op_id_equal(s_hello()->hears, s_me));
    zsock_destroy(&radio);
}

/*  How much is logged is not in the hand of a host that starts again and again. */
static void test_no_end_of_news(void **state)
{
    enum { STARTS = 2000 };
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    FILE *log = tmpfile();
    int was = dup(STDERR_FILENO), lines = 0;
    assert_true(log && was >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
    op_id_t ingress = s_hello()->incarnation;
    for (unsigned i = 0; i < STARTS; i++) {
        s_hello_me.bytes[1] = (uint8_t)(1 + i % 2);
        s_greet(radio, ingress, OP_PROTOCOL);
    }
    s_hello_me = s_me;
    s_come_up(radio);
    assert_true(dup2(was, STDERR_FILENO) >= 0);
    rewind(log);
    for (int c; (c = getc(log)) != EOF;)
        lines += c == '\n';
    assert_in_range(lines, 1, STARTS / 2); /* however long that has taken */
    fclose(log);
    close(was);
    zsock_destroy(&radio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_a_handshake),
        cmocka_unit_test(test_whose_hello_it_is),
        cmocka_unit_test(test_time_is_nobodys_to_move),
        cmocka_unit_test(test_a_clock_a_century_away),
        cmocka_unit_test(test_no_end_of_news),
    };
    return cmocka_run_group_tests(tests, s_open, s_shut);
}
