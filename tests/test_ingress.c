/*  The ingress of a process that runs the ledger, and those who come to it: a host with modem and
    rate that is what it says, one that is not, strangers, and bytes */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/routes.h"
#include "tests/keys_fixture.h"
#include "transport/clock.h"
#include "transport/handshake.h"
#include "transport/ingress.h"
#include "transport/mailbox.h"

#include <arpa/inet.h>
#include <string.h>

enum { DEADLINE_MS = 60000 };

static char s_root[] = "/tmp/op_ingress_XXXXXX";
static char s_error[256];
static op_config_t s_config;
static op_topology_t s_topology;
static op_curve_t *s_curve;
static op_links_t *s_links;
static op_ingress_t *s_ingress;
static op_mailbox_t *s_ledger;
static zsock_t *s_ear; /* of the modem's host: the ingress says hello there */
static op_buf_t s_frame, s_catalogue;
static op_arena_t s_arena;
static const op_id_t s_me = {{7}};
static int s_port;

static zcert_t *s_cert(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s/host.cert", s_root, name);
    zcert_t *cert = zcert_load(path);
    assert_non_null(cert);
    return cert;
}

static int s_open(void **state)
{
    (void)state;
    zsys_handler_set(NULL);
    char folder[64], peer[64];
    op_topology_fault_t fault;
    if (!mkdtemp(s_root))
        return -1;
    s_keys_make(s_root, "core");
    s_keys_make(s_root, "radio");
    s_keys_let_in(s_root, "core", "radio", "modem,rate");
    op_catalogue_describe(&s_catalogue);
    s_ear = zsock_new(ZMQ_PULL);
    zcert_t *radio = s_cert("radio");
    zcert_apply(radio, s_ear);
    zcert_destroy(&radio);
    zsock_set_curve_server(s_ear, 1);
    /* Enforced without a domain, so that the ingress's handler is not asked about itself. */
    assert_int_equal(zmq_setsockopt(zsock_resolve(s_ear), 93, &(int){1}, sizeof(int)), 0);
    int ear = zsock_bind(s_ear, "tcp://127.0.0.1:*");
    s_port = 20000 + getpid() % 20000;
    op_config_init(&s_config);
    snprintf(s_config.actors_run, sizeof s_config.actors_run, "http,auth,webhook,ledger");
    snprintf(s_config.link_listen, sizeof s_config.link_listen, "tcp://127.0.0.1:%d", s_port);
    snprintf(s_config.link_keys, sizeof s_config.link_keys, "%s/core", s_root);
    snprintf(folder, sizeof folder, "%s/core", s_root);
    for (int i = 0; i < 2; i++) {
        snprintf(peer, sizeof peer, "%s=tcp://127.0.0.1:%d", i ? "rate" : "modem", ear);
        assert_int_equal(op_config_add_peer(&s_config, peer, s_error), 0);
    }
    assert_int_equal(op_topology_read(&s_topology, &s_config, op_route_itinerary, &fault), 0);
    s_curve = op_curve_new(folder, s_error);
    assert_non_null(s_curve);
    s_links = op_links_new(&s_topology, s_curve);
    s_ledger = op_mailbox_new("ledger", s_error);
    op_postbox_use(s_links);
    s_ingress = op_ingress_new(s_links, op_route_itinerary, NULL, s_error);
    if (!s_ingress)
        fail_msg("%s", s_error);
    return 0;
}

static int s_shut(void **state)
{
    (void)state;
    op_ingress_destroy(&s_ingress);
    op_mailbox_destroy(&s_ledger);
    op_postbox_use(NULL);
    op_links_destroy(&s_links);
    op_curve_destroy(&s_curve);
    zsock_destroy(&s_ear);
    op_buf_free(&s_frame);
    op_buf_free(&s_catalogue);
    op_arena_free(&s_arena);
    s_keys_remove(s_root);
    return 0;
}

/*  ---- the modem's host ---- */

static zsock_t *s_connect(zcert_t *cert)
{
    zcert_t *core = s_cert("core");
    zsock_t *socket = zsock_new(ZMQ_PUSH);
    zcert_apply(cert, socket);
    zsock_set_curve_serverkey(socket, zcert_public_txt(core));
    zsock_set_linger(socket, 0);
    zsock_set_sndtimeo(socket, DEADLINE_MS);
    assert_int_equal(zsock_connect(socket, "%s", s_config.link_listen), 0);
    zcert_destroy(&core);
    return socket;
}

static zsock_t *s_connect_as(const char *name)
{
    zcert_t *cert = s_cert(name);
    zsock_t *socket = s_connect(cert);
    zcert_destroy(&cert);
    return socket;
}

static void s_say(zsock_t *socket, const op_envelope_t *envelope, const op_type_t *type,
                  const void *body)
{
    op_buf_clear(&s_frame);
    op_frame_encode(envelope, type, body, &s_frame);
    assert_true(zmq_send(zsock_resolve(socket), s_frame.at, s_frame.size, 0) >= 0);
}

static void s_tell(zsock_t *socket, const char *from, const char *to, uint64_t sequence)
{
    op_text_received_t text = {.line = OP_STR("+14155550100"), .from = OP_STR("+14155550101")};
    op_envelope_t tell = {
        .kind = OP_FRAME_TELL, .from = op_str(from), .to = op_str(to), .sequence = sequence};
    s_say(socket, &tell, &op_text_received_type, &text);
}

static uint64_t s_ahead; /* what the modem's host says of its time */
static int64_t s_apart;  /* how far its clock is from the ingress's */
static op_id_t s_hello_me = {{7}};

/*  As the first of these actors. */
static void s_greet_as(zsock_t *socket, const char *actors, op_id_t hears, uint64_t protocol)
{
    op_hello_t hello = {.incarnation = protocol == OP_PROTOCOL ? s_hello_me : (op_id_t){{9}},
                        .protocol = protocol,
                        .catalogue = op_buf_str(&s_catalogue),
                        .clock = op_clock_machine() + s_apart,
                        .hears = hears,
                        .ahead_ms = s_ahead,
                        .actors = op_str(actors)};
    op_envelope_t note = {.kind = OP_FRAME_NOTE,
                          .from = op_str_of(actors, strcspn(actors, ",")),
                          .to = OP_STR("ingress")};
    s_say(socket, &note, &op_hello_type, &hello);
}

static void s_greet(zsock_t *socket, op_id_t hears, uint64_t protocol)
{
    s_greet_as(socket, "modem", hears, protocol);
}

/*  The ingress's next hello. */
static const op_hello_t *s_hello(void)
{
    op_envelope_t envelope;
    op_str_t body;
    op_decode_t result;
    char bytes[8192];
    zsock_set_rcvtimeo(s_ear, DEADLINE_MS);
    int size = zmq_recv(zsock_resolve(s_ear), bytes, sizeof bytes, 0);
    assert_true(size > 0 && size < (int)sizeof bytes);
    op_str_t frame = op_arena_copy(&s_arena, op_str_of(bytes, (size_t)size));
    assert_int_equal(op_frame_open(frame, &s_arena, &envelope, &body), OP_DECODE_OK);
    const op_hello_t *hello = op_frame_body(&op_hello_type, body, &s_arena, &result);
    assert_non_null(hello);
    return hello;
}

/*  Greets until the ingress says that it hears us, and is up. */
static void s_come_up(zsock_t *socket)
{
    const op_hello_t *hello;
    do {
        hello = s_hello();
        s_greet(socket, hello->incarnation, OP_PROTOCOL);
    } while (!op_id_equal(hello->hears, s_me) || !op_links_up(s_links, 0));
}

/*  ---- what the ingress makes of it ---- */

static uint64_t s_got(size_t offset)
{
    op_ingress_counts_t counts = op_ingress_counts(s_ingress);
    return *(const uint64_t *)(const void *)((const char *)&counts + offset);
}
#define GOT(count) s_got(offsetof(op_ingress_counts_t, count))

static void s_wait_for(size_t offset, uint64_t wanted)
{
    int64_t until = op_clock_steady() + DEADLINE_MS;
    while (s_got(offset) < wanted) {
        assert_true(op_clock_steady() < until);
        zmq_poll(NULL, 0, 1);
    }
}
#define WAIT_FOR(count, wanted) s_wait_for(offsetof(op_ingress_counts_t, count), wanted)

static uint64_t s_next_tell(void)
{
    op_envelope_t envelope;
    op_str_t body;
    op_buf_t frame = {0};
    zmq_pollitem_t item = {.socket = op_mailbox_socket(s_ledger), .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1);
    assert_true(op_mailbox_take(s_ledger, &frame));
    assert_int_equal(op_frame_open(op_buf_str(&frame), &s_arena, &envelope, &body), OP_DECODE_OK);
    op_buf_free(&frame);
    return envelope.sequence;
}

static void s_nothing_came(void)
{
    op_buf_t frame = {0};
    assert_false(op_mailbox_take(s_ledger, &frame));
    op_buf_free(&frame);
}

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
        cmocka_unit_test(test_first_a_handshake),
        cmocka_unit_test(test_time_is_nobodys_to_move),
        cmocka_unit_test(test_whose_hello_it_is),
        cmocka_unit_test(test_a_clock_a_century_away),
        cmocka_unit_test(test_no_end_of_news),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_only_as_itself_and_in_its_role),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_a_flood_of_what_cannot_be_read),
        cmocka_unit_test(test_a_full_mailbox),
    };
    return cmocka_run_group_tests(tests, s_open, s_shut);
}
