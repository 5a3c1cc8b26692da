/*  What an ingress makes of what comes: a host that is what it says, one that is not, strangers, and
    bytes */

#include "tests/ingress_fixture.h"

/*  A request whose answer would be for nobody gets nowhere. */
static void test_origins(void **state)
{
    static const char *const origins[] = {"http-9", "http", "http-8"};
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    uint64_t unreadable = GOT(unreadable), taken = GOT(taken);
    uint8_t slip = OP_STEP_LEDGER_NUMBER;
    for (size_t i = 0; i < OP_COUNT(origins); i++) {
        op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                                 .from = OP_STR("rate"),
                                 .to = OP_STR("ledger"),
                                 .sequence = i,
                                 .origin = op_str(origins[i]),
                                 .deadline = op_clock_now() + 5000,
                                 .slip = op_str_of(&slip, 1)};
        s_say(radio, &request, &op_nothing_type, &(op_nothing_t){0});
    }
    WAIT_FOR(unreadable, unreadable + 2);
    assert_int_equal(s_next_tell(), 1);
    s_nothing_came();
    assert_int_equal(GOT(taken), taken + 1);
    zsock_destroy(&radio);
}

static void test_only_as_itself_and_in_its_role(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    uint64_t foreign = GOT(foreign), out = GOT(out_of_role), lost = GOT(unreadable);
    s_tell(radio, "auth", "ledger", 1);    /* runs at the ingress's own */
    s_tell(radio, "modem-2", "ledger", 1); /* nobody */
    s_tell(radio, "", "ledger", 1);
    WAIT_FOR(foreign, foreign + 3);
    uint8_t slip = OP_STEP_AUTH_KEY_CREATE;
    op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                             .from = OP_STR("modem"),
                             .to = OP_STR("auth"),
                             .origin = OP_STR("http"),
                             .deadline = op_clock_now() + 5000,
                             .slip = op_str_of(&slip, 1)};
    s_say(radio, &request, &op_key_create_type, &(op_key_create_t){.name = OP_STR("x")});
    op_envelope_t reply = {.kind = OP_FRAME_REPLY, .from = OP_STR("modem"), .to = OP_STR("http")};
    s_say(radio, &reply, &op_nothing_type, &(op_nothing_t){0});
    s_tell(radio, "modem", "webhook", 1);
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = OP_STR("modem"), .to = OP_STR("rate")};
    s_say(radio, &note, &op_rate_setup_type, &(op_rate_setup_t){.send_second = 1000000});
    WAIT_FOR(out_of_role, out + 4);
    op_envelope_t away = {.kind = OP_FRAME_ACK, .from = OP_STR("modem"), .to = OP_STR("auth")};
    s_say(radio, &away, &op_nothing_type, &(op_nothing_t){0}); /* a name that nobody has bound */
    s_tell(radio, "modem", "ledger", 2);
    assert_int_equal(s_next_tell(), 2);
    s_nothing_came();
    assert_int_equal(GOT(unreadable), lost);
    zsock_destroy(&radio);
}

static void test_strangers(void **state)
{
    (void)state;
    uint64_t refused = GOT(refused);
    zcert_t *cert = zcert_new();
    zsock_t *stranger = s_connect(cert);
    WAIT_FOR(refused, refused + 1);
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio); /* meanwhile */
    zsock_destroy(&radio);
    zsock_destroy(&stranger);
    zcert_destroy(&cert);
}

/*  A plain TCP connection that sends these bytes. */
static int s_raw(const void *bytes, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)!send(fd, bytes, size, MSG_NOSIGNAL);
    return fd;
}

static void test_bytes(void **state)
{
    (void)state;
    static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char plain[] = "\xff\0\0\0\0\0\0\0\x01\x7f\3\0NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static char noise[65536];
    int fds[40];
    uint64_t refused = GOT(refused);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < OP_COUNT(fds); i++)
        fds[i] = i % 4 == 0   ? s_raw(http, sizeof http - 1)
                 : i % 4 == 1 ? s_raw(plain, 64)
                 : i % 4 == 2 ? s_raw(noise, sizeof noise)
                              : s_raw("", 0);
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    s_tell(radio, "modem", "ledger", 3);
    assert_int_equal(s_next_tell(), 3);
    for (size_t i = 0; i < OP_COUNT(fds); i++)
        close(fds[i]);
    WAIT_FOR(refused, refused + OP_COUNT(fds)); /* the permitted one's end is none */
    zsock_destroy(&radio);
}

static void test_a_flood_of_what_cannot_be_read(void **state)
{
    (void)state;
    enum { FRAMES = 20000 };
    uint64_t before = GOT(unreadable);
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio);
    for (int i = 0; i < FRAMES; i++)
        assert_true(zmq_send(zsock_resolve(radio), "\xdd\x10\0\0\0", 5, 0) == 5);
    WAIT_FOR(unreadable, before + FRAMES);
    s_come_up(radio);
    s_tell(radio, "modem", "ledger", 4);
    assert_int_equal(s_next_tell(), 4);
    zsock_destroy(&radio);
}

/*  A mailbox that nobody empties: what does not fit is dropped, and the ingress goes on. */
static void test_a_full_mailbox(void **state)
{
    (void)state;
    zsock_t *radio = s_connect_as("radio");
    s_come_up(radio); /* behind it, all frames of the tests before are counted */
    uint64_t full = GOT(full), taken = GOT(taken);
    for (uint64_t i = 0; i < 4 * OP_MAILBOX_HWM; i++)
        s_tell(radio, "modem", "ledger", i + 1);
    WAIT_FOR(full, full + 1);
    int64_t until = op_clock_steady() + DEADLINE_MS;
    while (GOT(full) - full + GOT(taken) - taken < 4 * OP_MAILBOX_HWM)
        assert_true(op_clock_steady() < until && zmq_poll(NULL, 0, 1) == 0);
    for (uint64_t i = 1; i <= GOT(taken) - taken; i++)
        assert_int_equal(s_next_tell(), i); /* in order */
    zsock_destroy(&radio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_only_as_itself_and_in_its_role),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_a_flood_of_what_cannot_be_read),
        cmocka_unit_test(test_a_full_mailbox),
    };
    return cmocka_run_group_tests(tests, s_open, s_shut);
}
