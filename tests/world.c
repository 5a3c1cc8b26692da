#include "tests/world.h"

#include "actors/auth.h"
#include "actors/ledger.h"
#include "actors/modem.h"
#include "actors/rate.h"
#include "actors/webhook.h"
#include "base/instant.h"
#include "http/routes.h"
#include "store/schema.h"
#include "transport/roles.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const op_core_class_t *class;
    const char *name;
} s_actors[WORLD_ACTORS] = {{&op_rate_class, "rate"},
                            {&op_auth_class, "auth"},
                            {&op_webhook_class, "webhook"},
                            {&op_ledger_class, "ledger"},
                            {&op_modem_class, "modem"}};

static const uint8_t *s_entropy(world_t *self)
{
    static uint8_t entropy[OP_ENTROPY_SIZE];
    op_random_bytes(&self->random, entropy, sizeof entropy);
    return entropy;
}

static op_actor_t *s_actor(world_t *self, op_str_t name)
{
    for (size_t i = 0; i < WORLD_ACTORS; i++)
        if (op_str_is(name, s_actors[i].name))
            return self->actors[i];
    return NULL;
}

/*  ---- Life and death ---- */

void world_init(world_t *self, uint64_t seed)
{
    uint8_t bytes[OP_ENTROPY_SIZE] = {0};
    memcpy(bytes, &seed, sizeof seed);
    *self = (world_t){.now = INT64_C(1779304490000), .store = op_store_memory_new()};
    op_random_seed(&self->random, bytes);
    self->carrier = op_carrier_new(WORLD_MODEMS);
    char error[256];
    OP_ASSERT(op_schema_check(self->store, error) == 0);
}

static void s_end(world_t *self)
{
    self->alive = false;
    for (size_t i = 0; i < WORLD_ACTORS; i++) {
        op_actor_destroy(&self->actors[i]);
        op_recording_destroy(&self->recordings[i]);
    }
    op_buf_clear(&self->wire);
    self->wire_at = 0;
    memset(self->opened, 0, sizeof self->opened);
}

static void s_die(world_t *self)
{
    s_end(self);
    op_store_memory_crash(self->store);
}

void world_stop(world_t *self)
{
    for (size_t i = 0; i < WORLD_ACTORS; i++)
        if (self->recordings[i])
            op_recording_end(self->recordings[i]);
    s_end(self);
}

void world_free(world_t *self)
{
    if (self->alive)
        s_die(self);
    op_store_destroy(&self->store);
    op_carrier_destroy(&self->carrier);
    for (size_t i = 0; i < self->post_count; i++)
        op_buf_free(&self->posts[i].body);
    op_buf_free(&self->webhook_secret);
    op_buf_free(&self->wire);
    op_arena_free(&self->reply_arena);
}

/*  ---- The wire ---- */

static void s_put_on_wire(world_t *self, op_str_t to, op_str_t frame)
{
    op_buf_add(&self->wire, &to.size, sizeof to.size);
    op_buf_add(&self->wire, &frame.size, sizeof frame.size);
    op_buf_add_str(&self->wire, to);
    op_buf_add_str(&self->wire, frame);
}

static void s_note_to_actor(world_t *self, const char *from, const char *to, const op_type_t *type,
                            const void *body)
{
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = op_str(from), .to = op_str(to)};
    op_buf_t frame = {0};
    op_frame_encode(&note, type, body, &frame);
    s_put_on_wire(self, op_str(to), op_buf_str(&frame));
    op_buf_free(&frame);
}

/*  Another process would take it. (What world_ask says for http a test may make up.) */
static bool s_is_allowed(op_str_t frame)
{
    op_arena_t arena = {0};
    op_envelope_t envelope;
    op_str_t body;
    bool allowed = op_frame_open(frame, &arena, &envelope, &body) == OP_DECODE_OK &&
                   (!op_roles_apply(&envelope) || op_roles_allow(&envelope, op_route_itinerary));
    op_arena_free(&arena);
    return allowed;
}

/*  Commits an actor's turn, or dies there. */
static void s_commit(world_t *self, op_actor_t *actor)
{
    uint64_t next = op_store_memory_commits(self->store) + 1;
    if (self->die_at == next && !self->die_after)
        op_store_memory_fail_after(self->store, 0);
    if (op_actor_commit(actor) != 0) {
        OP_ASSERT(self->die_at == next && !self->die_after);
        self->die_at = 0;
        s_die(self);
        return;
    }
    self->commits = op_store_memory_commits(self->store);
    if (self->die_at && self->commits == self->die_at) {
        OP_ASSERT(self->die_after);
        self->die_at = 0;
        s_die(self);
        return;
    }
    /* A turn that wrote nothing leaves the injected failure armed for the next one that does. */
    op_str_t to, frame, line;
    while (op_actor_next_log(actor, &line))
        continue;
    while (op_actor_next(actor, &to, &frame)) {
        OP_ASSERT(s_is_allowed(frame));
        s_put_on_wire(self, to, frame);
    }
}

/*  ---- Those who are not actors ---- */

static void s_serial(world_t *self, const op_type_t *type, const void *body)
{
    if (type == &op_serial_open_type) {
        const op_serial_open_t *open = body;
        OP_ASSERT(open->line < WORLD_MODEMS);
        self->opened[open->line] = true;
        op_serial_opened_t opened = {open->line};
        s_note_to_actor(self, "serial", "modem", &op_serial_opened_type, &opened);
    } else if (type == &op_serial_bytes_type) {
        const op_serial_bytes_t *write = body;
        op_carrier_feed(self->carrier, write->line, write->bytes, self->now);
    }
}

static void s_read_ttys(world_t *self)
{
    for (size_t i = 0; i < WORLD_MODEMS; i++) {
        op_buf_t *out = op_carrier_take(self->carrier, i);
        if (!self->opened[i] || out->size == 0)
            continue;
        size_t size = out->size < 4096 ? out->size : 4096;
        op_serial_bytes_t read = {i, op_str_of(out->at, size)};
        s_note_to_actor(self, "serial", "modem", &op_serial_bytes_type, &read);
        op_buf_consume(out, size);
    }
}

/*  Checks the signature as a receiver would, by computing it. */
static bool s_signed_right(const world_t *self, const op_post_t *post)
{
    char expected[OP_SIGNATURE_TEXT];
    op_webhook_sign(op_buf_str(&self->webhook_secret), self->now, post->body, expected);
    for (size_t i = 0; i < post->headers.count; i++)
        if (op_str_is(post->headers.at[i].name, "op-signature"))
            return op_str_is(post->headers.at[i].value, expected);
    return false;
}

static void s_poster(world_t *self, const op_post_t *post)
{
    OP_ASSERT(self->post_count < WORLD_POSTS_MAX);
    world_post_t *kept = &self->posts[self->post_count++];
    *kept = (world_post_t){.delivery = post->delivery, .signed_right = s_signed_right(self, post)};
    for (size_t i = 0; i < post->headers.count; i++)
        if (op_str_is(post->headers.at[i].name, "op-event"))
            op_str_copy(post->headers.at[i].value, kept->type, sizeof kept->type);
    op_buf_add_str(&kept->body, post->body);
    /* It repeats the end of what it was told, as some receivers do. */
    size_t said = post->body.size < OP_ANSWER_MAX ? post->body.size : OP_ANSWER_MAX;
    op_posted_t posted = {.delivery = post->delivery,
                          .status = 200,
                          .duration_ms = 3,
                          .answer = op_str_of(post->body.at + post->body.size - said, said)};
    s_note_to_actor(self, "poster", "webhook", &op_posted_type, &posted);
}

static void s_http(world_t *self, const op_envelope_t *envelope, const op_type_t *type,
                   const void *body)
{
    if (envelope->correlation != self->asked)
        return;
    self->replied = true;
    self->reply = *envelope;
    self->reply_type = type;
    self->reply_body = body;
}

static void s_deliver(world_t *self, op_str_t to, op_str_t frame)
{
    op_actor_t *actor = s_actor(self, to);
    if (actor) {
        op_actor_receive(actor, frame, self->now, s_entropy(self));
        s_commit(self, actor);
        return;
    }
    op_envelope_t envelope;
    op_decode_t result;
    op_str_t bytes;
    frame = op_arena_copy(&self->reply_arena, frame);
    result = op_frame_open(frame, &self->reply_arena, &envelope, &bytes);
    OP_ASSERT(result == OP_DECODE_OK);
    const op_type_t *type = op_message_type(envelope.type);
    const void *body = op_frame_body(type, bytes, &self->reply_arena, &result);
    OP_ASSERT(body);
    if (op_str_is(to, "serial"))
        s_serial(self, type, body);
    else if (op_str_is(to, "poster"))
        s_poster(self, body);
    else if (op_str_is(to, "http"))
        s_http(self, &envelope, type, body);
}

/*  ---- Running ---- */

/*  Delivers what is on the wire and in the ttys, until both are silent. */
static void s_settle(world_t *self)
{
    while (self->alive) {
        if (self->wire_at == self->wire.size) {
            op_buf_clear(&self->wire);
            self->wire_at = 0;
            s_read_ttys(self);
            if (self->wire.size == 0)
                return;
        }
        size_t sizes[2];
        memcpy(sizes, self->wire.at + self->wire_at, sizeof sizes);
        op_str_t both =
            op_str_of(self->wire.at + self->wire_at + sizeof sizes, sizes[0] + sizes[1]);
        self->wire_at += sizeof sizes + both.size;
        op_arena_t arena = {0}; /* the wire grows while the frame is being delivered */
        both = op_arena_copy(&arena, both);
        s_deliver(self, op_str_of(both.at, sizes[0]), op_str_of(both.at + sizes[0], sizes[1]));
        op_arena_free(&arena);
    }
}

static int64_t s_wake_at(const world_t *self)
{
    int64_t wake = op_carrier_wake_at(self->carrier);
    for (size_t i = 0; i < WORLD_ACTORS; i++) {
        int64_t at = op_actor_wake_at(self->actors[i]);
        if (at && (!wake || at < wake))
            wake = at;
    }
    return wake;
}

static void s_tick(world_t *self)
{
    op_carrier_tick(self->carrier, self->now);
    for (size_t i = 0; i < WORLD_ACTORS && self->alive; i++) {
        int64_t at = op_actor_wake_at(self->actors[i]);
        if (!at || at > self->now)
            continue;
        op_actor_tick(self->actors[i], self->now, s_entropy(self));
        s_commit(self, self->actors[i]);
    }
}

void world_run(world_t *self, int64_t ms)
{
    int64_t end = self->now + ms;
    s_settle(self);
    while (self->alive && !(self->asked && self->replied)) {
        int64_t wake = s_wake_at(self);
        if (!wake || wake > end)
            break;
        if (wake > self->now)
            self->now = wake;
        s_tick(self);
        s_settle(self);
    }
    if (self->alive && !self->asked)
        self->now = end;
}

void world_start(world_t *self)
{
    static const op_line_setup_t lines[WORLD_MODEMS] = {
        {.device = {"tty0", 4}, .number = {"+16176088932", 12}, .shared = true},
        {.device = {"tty1", 4}, .number = {"+16176088933", 12}},
        {.device = {"tty2", 4}, .number = {"+16176088934", 12}}};
    op_rate_setup_t rate = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    op_auth_setup_t auth = {600000, 30 * OP_DAY_MS, 5, 20, 100};
    op_webhook_setup_t webhook = {10000};
    op_ledger_setup_t ledger = {.prefixes = OP_STR("+1"),
                                .region = OP_STR("US"),
                                .day_free = 50,
                                .day_paid = 1000,
                                .queue_max = 10000,
                                .text_ttl_ms = OP_HOUR_MS,
                                .trusted = OP_STR("modem")};
    op_modem_setup_t modem = {.lines = {lines, WORLD_MODEMS},
                              .send_timeout_ms = 180000,
                              .sweep_ms = 60000,
                              .trust_stamps = true,
                              .reports = true,
                              .doubt_ms = 600000};
    const struct {
        const op_type_t *type;
        const void *body;
    } setups[WORLD_ACTORS] = {{&op_rate_setup_type, &rate},
                              {&op_auth_setup_type, &auth},
                              {&op_webhook_setup_type, &webhook},
                              {&op_ledger_setup_type, &ledger},
                              {&op_modem_setup_type, &modem}};
    self->alive = true;
    for (size_t i = 0; i < WORLD_ACTORS && self->alive; i++) {
        self->actors[i] = op_actor_new(s_actors[i].class, s_actors[i].name, self->store);
        if (self->sink) {
            self->recordings[i] = op_recording_new(self->sink, self->store, s_actors[i].name,
                                                   s_actors[i].class->name);
            op_actor_observe(self->actors[i], op_recording_observer(self->recordings[i]));
        }
        op_actor_start(self->actors[i], setups[i].type, setups[i].body, self->now, s_entropy(self));
        s_commit(self, self->actors[i]);
    }
}

const void *world_ask(world_t *self, const op_context_t *context, const op_type_t *type,
                      const void *body, const op_step_t *steps)
{
    uint8_t slip[OP_SLIP_MAX];
    size_t count = 0;
    for (; steps[count]; count++)
        slip[count] = (uint8_t)steps[count];
    op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                             .from = OP_STR("http"),
                             .to = op_str(op_step_actor(steps[0])),
                             .correlation = ++self->asks,
                             .origin = OP_STR("http"),
                             .deadline = self->now + OP_REQUEST_DEADLINE_MS,
                             .slip = op_str_of(slip, count)};
    char request_id[OP_REQUEST_ID_MAX];
    if (self->request_id) {
        snprintf(request_id, sizeof request_id, "%.40s-%llu", self->request_id,
                 (unsigned long long)self->asks);
        request.request_id = op_str(request_id);
    }
    if (context)
        request.context = *context;
    if (!request.context.address.size)
        request.context.address = OP_STR("127.0.0.1");
    op_arena_clear(&self->reply_arena);
    self->replied = false;
    self->asked = self->asks;
    op_buf_t frame = {0};
    op_frame_encode(&request, type, body, &frame);
    if (self->alive)
        s_put_on_wire(self, request.to, op_buf_str(&frame));
    op_buf_free(&frame);
    world_run(self, OP_REQUEST_DEADLINE_MS);
    self->asked = 0;
    return self->replied ? self->reply_body : NULL;
}

typedef struct {
    op_str_t body;
    size_t count;
} wanted_t;

static bool s_count(void *wanted_at, const op_carrier_text_t *text)
{
    wanted_t *wanted = wanted_at;
    wanted->count += op_str_equal(wanted->body, text->body);
    return true;
}

size_t world_inbox(const world_t *self, const char *phone, const char *body)
{
    wanted_t wanted = {op_str(body), 0};
    op_carrier_inbox(self->carrier, op_str(phone), 0, s_count, &wanted);
    return wanted.count;
}
