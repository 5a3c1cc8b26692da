/*  ingress_fixture.h - the ingress of a process that runs the ledger, and a host with modem and rate
    that comes to it */

#ifndef OP_TESTS_INGRESS_FIXTURE_H
#define OP_TESTS_INGRESS_FIXTURE_H

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

static inline zcert_t *s_cert(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s/host.cert", s_root, name);
    zcert_t *cert = zcert_load(path);
    assert_non_null(cert);
    return cert;
}

static inline int s_open(void **state)
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

static inline int s_shut(void **state)
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

static inline zsock_t *s_connect(zcert_t *cert)
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

static inline zsock_t *s_connect_as(const char *name)
{
    zcert_t *cert = s_cert(name);
    zsock_t *socket = s_connect(cert);
    zcert_destroy(&cert);
    return socket;
}

static inline void s_say(zsock_t *socket, const op_envelope_t *envelope, const op_type_t *type,
                         const void *body)
{
    op_buf_clear(&s_frame);
    op_frame_encode(envelope, type, body, &s_frame);
    assert_true(zmq_send(zsock_resolve(socket), s_frame.at, s_frame.size, 0) >= 0);
}

static inline void s_tell(zsock_t *socket, const char *from, const char *to, uint64_t sequence)
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
static inline void s_greet_as(zsock_t *socket, const char *actors, op_id_t hears, uint64_t protocol)
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

static inline void s_greet(zsock_t *socket, op_id_t hears, uint64_t protocol)
{
    s_greet_as(socket, "modem", hears, protocol);
}

/*  The ingress's next hello. */
static inline const op_hello_t *s_hello(void)
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
static inline void s_come_up(zsock_t *socket)
{
    const op_hello_t *hello;
    do {
        hello = s_hello();
        s_greet(socket, hello->incarnation, OP_PROTOCOL);
    } while (!op_id_equal(hello->hears, s_me) || !op_links_up(s_links, 0));
}

/*  ---- what the ingress makes of it ---- */

static inline uint64_t s_got(size_t offset)
{
    op_ingress_counts_t counts = op_ingress_counts(s_ingress);
    return *(const uint64_t *)(const void *)((const char *)&counts + offset);
}
#define GOT(count) s_got(offsetof(op_ingress_counts_t, count))

static inline void s_wait_for(size_t offset, uint64_t wanted)
{
    int64_t until = op_clock_steady() + DEADLINE_MS;
    while (s_got(offset) < wanted) {
        assert_true(op_clock_steady() < until);
        zmq_poll(NULL, 0, 1);
    }
}
#define WAIT_FOR(count, wanted) s_wait_for(offsetof(op_ingress_counts_t, count), wanted)

static inline uint64_t s_next_tell(void)
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

static inline void s_nothing_came(void)
{
    op_buf_t frame = {0};
    assert_false(op_mailbox_take(s_ledger, &frame));
    op_buf_free(&frame);
}

#endif
