/*  gateway_fixture.h - actors that answer the gateway by script

    One thread owns the mailboxes of all actors, answers each request for its whole itinerary, and
    does what s_script says. Included by each test once. */

#ifndef OP_TESTS_GATEWAY_FIXTURE_H
#define OP_TESTS_GATEWAY_FIXTURE_H

#include "tests/http_fixture.h"

#include "http/gateway.h"
#include "http/routes.h"
#include "transport/clock.h"
#include "transport/mailbox.h"

#include <sys/eventfd.h>
#include <zmq.h>

#define TOKEN   "abcdefghijklmnopqrstuvwxyz012345"
#define KEY     "Authorization: Bearer op_live_" TOKEN "\r\n"
#define SESSION "Authorization: Bearer ses_live_" TOKEN "\r\n"
#define COOKIE  "Cookie: op_session=ses_live_" TOKEN "\r\n"
#define UUID    "01930000-0000-7000-8000-0000000000ab"

typedef enum {
    ANSWER,  /* what the route promises, with a window of 60 */
    REFUSE,  /* s_script.refusal, with that window */
    EARLY,   /* s_script.refusal, before anything was counted */
    SILENT,  /* nothing */
    HOLD,    /* not yet: just before the next one that is not SILENT, or at release_fd */
    STRANGE, /* a message that is no answer to this */
    NOISE,   /* rubbish and stray replies first, then as ANSWER */
} s_mode_t;

enum { AUTH, RATE, LEDGER, WEBHOOK, ACTORS };
static const char *const s_names[ACTORS] = {"auth", "rate", "ledger", "webhook"};

static struct {
    pthread_mutex_t mutex;
    s_mode_t mode, count_mode; /* the second one: for rate.address alone */
    op_refusal_t refusal;
    size_t seen[ACTORS], counted; /* requests; those for rate.address alone */
    op_envelope_t last;           /* of the last other one; slices into `frame` */
    op_buf_t frame;
    op_arena_t arena;
    sem_t arrived; /* posted for each request that is held */
} s_script;

static struct {
    pthread_t thread;
    op_mailbox_t *mailboxes[ACTORS];
    op_postbox_t *postbox; /* these two with the script's mutex held */
    op_buf_t held;         /* an answer to be sent later */
    int stop_fd, release_fd;
} s_actors;

/*  ---- The actors ---- */

static inline void s_reply(const op_envelope_t *request, const op_type_t *type, const void *body,
                           bool counted, op_buf_t *frame)
{
    op_envelope_t reply = {.kind = OP_FRAME_REPLY,
                           .from = request->to,
                           .to = request->origin,
                           .correlation = request->correlation,
                           .context = request->context};
    if (counted) {
        reply.context.limit = 60;
        reply.context.remaining = 59;
        reply.context.reset = 1779304492001;
    }
    op_buf_clear(frame);
    op_frame_encode(&reply, type, body, frame);
}

/*  What the route with these steps promises; `nothing` where they are the first ones of many. */
static inline void s_promise(const op_envelope_t *request, op_buf_t *frame)
{
    s_reply(request, &op_nothing_type, &(op_nothing_t){0}, true, frame);
    static const op_id_t id = {{0x01, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xab}};
    const op_session_opened_t opened = {.session_token = OP_STR("ses_live_" TOKEN),
                                        .expires_at = INT64_C(1781906092999)};
    const op_message_view_t message = {.id = id, .status = OP_STR("queued")};
    const op_key_created_t key = {.id = id, .key = OP_STR("op_live_" TOKEN)};
    const op_webhook_created_t webhook = {.id = id, .events = OP_STR("message.sent")};
    op_arena_t arena = {0};
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        if (!op_str_equal(op_str_of(route->steps, route->step_count), request->slip))
            continue;
        const op_type_t *type = route->response;
        const void *body = type == &op_session_opened_type    ? (const void *)&opened
                           : type == &op_message_view_type    ? (const void *)&message
                           : type == &op_key_created_type     ? (const void *)&key
                           : type == &op_webhook_created_type ? (const void *)&webhook
                                                              : op_arena_alloc(&arena, type->size);
        if (type == &op_health_view_type) /* rate.address alone answers `nothing` */
            s_reply(request, &op_nothing_type, &(op_nothing_t){0}, true, frame);
        else
            s_reply(request, type, body, true, frame);
    }
    op_arena_free(&arena);
}

static inline void s_post(op_str_t frame)
{
    OP_ASSERT(op_postbox_send(s_actors.postbox, OP_STR("http"), frame));
}

static inline void s_let_go(void)
{
    if (s_actors.held.size)
        s_post(op_buf_str(&s_actors.held));
    op_buf_clear(&s_actors.held);
}

static inline void s_let_go_now(void)
{
    pthread_mutex_lock(&s_script.mutex);
    s_let_go();
    pthread_mutex_unlock(&s_script.mutex);
}

static inline void s_noise(const op_envelope_t *request, op_buf_t *frame)
{
    op_envelope_t stray = *request;
    s_post(OP_STR("rubbish"));
    s_post(OP_STR(""));
    op_buf_clear(frame);
    op_frame_encode(request, &op_nothing_type, &(op_nothing_t){0}, frame);
    s_post(op_buf_str(frame)); /* a request is no reply */
    stray.correlation += UINT64_C(1) << 16;
    s_reply(&stray, &op_nothing_type, &(op_nothing_t){0}, true, frame);
    s_post(op_buf_str(frame)); /* a generation that is not yet */
    stray.correlation = UINT64_MAX;
    s_reply(&stray, &op_nothing_type, &(op_nothing_t){0}, true, frame);
    s_post(op_buf_str(frame)); /* no such slot */
}

static inline void s_perform(s_mode_t mode, const op_envelope_t *request)
{
    op_buf_t frame = {0};
    if (mode != SILENT)
        s_let_go();
    switch (mode) {
    case NOISE:
        s_noise(request, &frame);
        s_promise(request, &frame);
        s_post(op_buf_str(&frame));
        break;
    case ANSWER:
        s_promise(request, &frame);
        s_post(op_buf_str(&frame));
        break;
    case REFUSE:
    case EARLY:
        s_reply(request, &op_refusal_type, &s_script.refusal, mode == REFUSE, &frame);
        s_post(op_buf_str(&frame));
        break;
    case STRANGE:
        s_reply(request, &op_auth_setup_type, &(op_auth_setup_t){0}, true, &frame);
        s_post(op_buf_str(&frame));
        break;
    case HOLD:
        s_promise(request, &s_actors.held);
        sem_post(&s_script.arrived);
        break;
    case SILENT:
        break;
    }
    op_buf_free(&frame);
}

static inline void s_take_in(int actor, const op_buf_t *frame)
{
    op_envelope_t request;
    op_arena_t arena = {0};
    op_str_t body;
    OP_ASSERT(op_frame_open(op_buf_str(frame), &arena, &request, &body) == OP_DECODE_OK);
    OP_ASSERT(request.kind == OP_FRAME_REQUEST);
    OP_ASSERT(op_str_is(request.to, s_names[actor]));
    op_decode_t result;
    OP_ASSERT(op_frame_body(op_message_type(request.type), body, &arena, &result));

    pthread_mutex_lock(&s_script.mutex);
    if (request.slip.size == 1 && request.slip.at[0] == OP_STEP_RATE_LOOK) {
        op_buf_t shown = {0};
        s_reply(&request, &op_nothing_type, &(op_nothing_t){0}, true, &shown);
        s_post(op_buf_str(&shown));
        op_buf_free(&shown);
        pthread_mutex_unlock(&s_script.mutex);
        op_arena_free(&arena);
        return;
    }
    s_script.seen[actor]++;
    bool count = request.slip.size == 1 && request.type == op_nothing_type.number;
    s_mode_t mode = count ? s_script.count_mode : s_script.mode;
    if (count) {
        s_script.counted++;
    } else {
        op_buf_clear(&s_script.frame);
        op_arena_clear(&s_script.arena);
        op_buf_add(&s_script.frame, frame->at, frame->size);
        result = op_frame_open(op_buf_str(&s_script.frame), &s_script.arena, &s_script.last, &body);
        OP_ASSERT(result == OP_DECODE_OK);
    }
    s_perform(mode, &request);
    pthread_mutex_unlock(&s_script.mutex);
    op_arena_free(&arena);
}

static inline void *s_act(void *arg)
{
    (void)arg;
    op_buf_t frame = {0};
    zmq_pollitem_t items[ACTORS + 2] = {{0}};
    for (int i = 0; i < ACTORS; i++)
        items[i] = (zmq_pollitem_t){.socket = op_mailbox_socket(s_actors.mailboxes[i]),
                                    .events = ZMQ_POLLIN};
    items[ACTORS] = (zmq_pollitem_t){.fd = s_actors.stop_fd, .events = ZMQ_POLLIN};
    items[ACTORS + 1] = (zmq_pollitem_t){.fd = s_actors.release_fd, .events = ZMQ_POLLIN};
    while (!items[ACTORS].revents) {
        OP_ASSERT(zmq_poll(items, ACTORS + 2, -1) > 0);
        eventfd_t value;
        if (items[ACTORS + 1].revents && eventfd_read(s_actors.release_fd, &value) == 0)
            s_let_go_now();
        for (int i = 0; i < ACTORS; i++)
            while (op_mailbox_take(s_actors.mailboxes[i], &frame))
                s_take_in(i, &frame);
    }
    op_buf_free(&frame);
    return NULL;
}

static inline void s_actors_start(void)
{
    char error[256];
    for (int i = 0; i < ACTORS; i++) {
        s_actors.mailboxes[i] = op_mailbox_new(s_names[i], error);
        assert_non_null(s_actors.mailboxes[i]);
    }
    s_actors.postbox = op_postbox_new();
    s_actors.stop_fd = eventfd(0, EFD_CLOEXEC);
    s_actors.release_fd = eventfd(0, EFD_CLOEXEC);
    sem_init(&s_script.arrived, 0, 0);
    pthread_mutex_init(&s_script.mutex, NULL);
    assert_int_equal(pthread_create(&s_actors.thread, NULL, s_act, NULL), 0);
}

/*  They stop reading; their mailboxes stay. */
static inline void s_actors_halt(void)
{
    assert_int_equal(eventfd_write(s_actors.stop_fd, 1), 0);
    assert_int_equal(pthread_join(s_actors.thread, NULL), 0);
}

static inline void s_actors_unbind(void)
{
    for (int i = 0; i < ACTORS; i++)
        op_mailbox_destroy(&s_actors.mailboxes[i]);
    op_postbox_destroy(&s_actors.postbox);
    op_buf_free(&s_actors.held);
    op_buf_free(&s_script.frame);
    op_arena_free(&s_script.arena);
    close(s_actors.stop_fd);
    close(s_actors.release_fd);
    sem_destroy(&s_script.arrived);
    pthread_mutex_destroy(&s_script.mutex);
}

static inline void s_play_both(s_mode_t mode, s_mode_t count_mode)
{
    pthread_mutex_lock(&s_script.mutex);
    s_script.mode = mode;
    s_script.count_mode = count_mode;
    s_script.refusal = (op_refusal_t){0};
    memset(s_script.seen, 0, sizeof s_script.seen);
    s_script.counted = 0;
    pthread_mutex_unlock(&s_script.mutex);
}

static inline void s_play(s_mode_t mode)
{
    s_play_both(mode, ANSWER);
}

static inline void s_refusing(s_mode_t mode, op_refusal_t refusal)
{
    s_play_both(mode, mode == ANSWER ? REFUSE : ANSWER);
    pthread_mutex_lock(&s_script.mutex);
    s_script.refusal = refusal;
    pthread_mutex_unlock(&s_script.mutex);
}

static inline size_t s_seen(int actor)
{
    pthread_mutex_lock(&s_script.mutex);
    size_t seen = actor < 0 ? s_script.counted : s_script.seen[actor];
    pthread_mutex_unlock(&s_script.mutex);
    return seen;
}

static op_gateway_t *s_gateway;

#endif
