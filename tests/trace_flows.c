#include "tests/trace_flows.h"

#include "actors/rate.h"
#include "base/instant.h"
#include "base/token.h"
#include "tests/world.h"

#include <string.h>

#define STEPS(...) ((const op_step_t[]){__VA_ARGS__, OP_STEP_NONE})

#define SHARED "+16176088932"
#define LEASED "+16176088933"
#define OTHER  "+16176088934"
#define PHONE  "+14155550777"

/*  ---- A sink in memory ---- */

typedef struct {
    op_buf_t *bytes;
    uint64_t actors;
} s_memory_t;

static uint64_t s_sink_actor(void *at, const char *name, const char *class)
{
    s_memory_t *self = at;
    op_trace_actor_t actor = {++self->actors, op_str(name), op_str(class), 0};
    op_trace_add(&op_trace_actor_type, &actor, self->bytes);
    return actor.actor;
}

static void s_sink_write(void *at, op_str_t records, bool state)
{
    (void)state;
    op_buf_add_str(((s_memory_t *)at)->bytes, records);
}

static void s_sink_stop(void *at, const char *reason)
{
    (void)reason;
    OP_ASSERT(at == NULL && "a memory store can be read");
}

static bool s_sink_stopped(void *at)
{
    (void)at;
    return false;
}

static op_recording_sink_t s_sink(s_memory_t *self, int64_t now)
{
    op_trace_header_t header = {
        .format = OP_TRACE_FORMAT, .build = OP_STR("the world of the tests"), .started = now};
    op_catalogue_hash(&header.catalogue);
    op_trace_add(&op_trace_header_type, &header, self->bytes);
    return (op_recording_sink_t){self, s_sink_actor, s_sink_write, s_sink_stop, s_sink_stopped};
}

/*  ---- What people do ---- */

static const void *s_ask(world_t *world, const op_context_t *context, const op_type_t *type,
                         const void *body, const op_type_t *answer, const op_step_t *steps)
{
    const void *reply = world_ask(world, context, type, body, steps);
    OP_ASSERT(reply && world->reply_type == answer);
    return reply;
}

static bool s_find_code(void *at, const op_carrier_text_t *text)
{
    op_str_copy(text->body, at, 7);
    return true;
}

static op_context_t s_sign_up(world_t *world, const char *phone)
{
    op_auth_start_t start = {op_str(phone)};
    const op_auth_started_t *started =
        s_ask(world, NULL, &op_auth_start_type, &start, &op_auth_started_type,
              STEPS(OP_STEP_LEDGER_CODE_LINE, OP_STEP_AUTH_GUESSES, OP_STEP_RATE_START,
                    OP_STEP_AUTH_START));
    char id[OP_ID_TEXT + 1], code[7] = "";
    op_id_print(started->verification_id, id);
    world_run(world, 5000);
    op_carrier_inbox(world->carrier, op_str(phone), 0, s_find_code, code);
    op_auth_verify_t verify = {op_str(id), op_str(code)};
    const op_session_opened_t *opened =
        s_ask(world, NULL, &op_auth_verify_type, &verify, &op_session_opened_type,
              STEPS(OP_STEP_RATE_ADDRESS, OP_STEP_AUTH_VERIFY));
    return (op_context_t){.credential = op_token_hash(opened->session_token)};
}

static op_id_t s_number(world_t *world, const op_context_t *session, const char *e164)
{
    const op_numbers_view_t *list =
        s_ask(world, session, &op_nothing_type, &(op_nothing_t){0}, &op_numbers_view_type,
              STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_AVAILABLE));
    for (size_t i = 0; i < list->numbers.count; i++)
        if (op_str_is(list->numbers.at[i].e164, e164))
            return list->numbers.at[i].id;
    OP_ASSERT(list->numbers.count == 0 && "the number is there");
    return (op_id_t){{0}};
}

static op_context_t s_key(world_t *world, const op_context_t *session, op_id_t number)
{
    op_key_create_t create = {number, OP_STR("my agent")};
    const op_key_created_t *created =
        s_ask(world, session, &op_key_create_type, &create, &op_key_created_type,
              STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_ENTITLED,
                    OP_STEP_AUTH_KEY_CREATE));
    return (op_context_t){.credential = op_token_hash(created->key)};
}

static void s_lease(world_t *world, const op_context_t *session, op_id_t number, bool begin)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(number, id);
    op_by_id_t by_id = {op_str(id)};
    s_ask(world, session, &op_by_id_type, &by_id, &op_number_view_type,
          STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE,
                begin ? OP_STEP_LEDGER_LEASE : OP_STEP_LEDGER_RELEASE));
}

static op_id_t s_send(world_t *world, const op_context_t *key, const char *to, const char *body)
{
    op_message_send_t send = {op_str(to), op_str(body)};
    const op_message_view_t *view =
        s_ask(world, key, &op_message_send_type, &send, &op_message_view_type,
              STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT));
    return view->id;
}

static void s_read(world_t *world, const op_context_t *key)
{
    op_message_list_t list = {.limit = 20};
    s_ask(world, key, &op_message_list_type, &list, &op_messages_view_type,
          STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_MESSAGES));
}

static op_id_t s_hook(world_t *world, const op_context_t *session, op_id_t number)
{
    op_webhook_create_t create = {number, OP_STR("https://agent.example/hook?token=abc123"),
                                  OP_STR("message.received,message.sent,message.failed")};
    const op_webhook_created_t *created =
        s_ask(world, session, &op_webhook_create_type, &create, &op_webhook_created_type,
              STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_ENTITLED,
                    OP_STEP_WEBHOOK_CREATE));
    op_buf_clear(&world->webhook_secret);
    op_buf_add_str(&world->webhook_secret, created->secret);
    return created->id;
}

/*  What has been posted, and what was answered. */
static void s_deliveries(world_t *world, const op_context_t *session, op_id_t hook)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(hook, id);
    op_delivery_list_t list = {.id = op_str(id), .limit = 20};
    s_ask(world, session, &op_delivery_list_type, &list, &op_deliveries_view_type,
          STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_WEBHOOK_DELIVERIES));
}

static void s_text_in(world_t *world, const char *to, const char *body)
{
    op_carrier_result_t result =
        op_carrier_text(world->carrier, OP_STR(PHONE), op_str(to), op_str(body), world->now);
    OP_ASSERT(result == OP_CARRIER_OK);
    world_run(world, 3000);
}

/*  ---- The flows: `before` is not recorded ---- */

typedef struct {
    op_context_t alice, bob, alice_key, bob_key;
    op_id_t shared, leased;
} s_people_t;

static void s_two_people(world_t *world, s_people_t *people)
{
    people->alice = s_sign_up(world, "+14155550101");
    people->bob = s_sign_up(world, "+14155550102");
    people->shared = s_number(world, &people->alice, SHARED);
    people->leased = s_number(world, &people->bob, LEASED);
    people->alice_key = s_key(world, &people->alice, people->shared);
    people->bob_key = s_key(world, &people->bob, people->shared);
}

static void s_both_texted(world_t *world, s_people_t *people)
{
    s_two_people(world, people);
    s_send(world, &people->alice_key, PHONE, "Are you there?");
    s_send(world, &people->bob_key, PHONE, "Anybody there?");
    world_run(world, 20000);
}

static void s_two_leases(world_t *world, s_people_t *people)
{
    s_two_people(world, people);
    s_lease(world, &people->bob, people->leased, true);
    people->bob_key = s_key(world, &people->bob, people->leased);
    op_id_t other = s_number(world, &people->alice, OTHER);
    s_lease(world, &people->alice, other, true);
    people->alice_key = s_key(world, &people->alice, other);
}

static void s_flow_sign_up(world_t *world, s_people_t *people)
{
    (void)people;
    op_context_t session = s_sign_up(world, "+14155550103");
    s_key(world, &session, s_number(world, &session, SHARED));
}

static void s_flow_send(world_t *world, s_people_t *people)
{
    s_send(world, &people->alice_key, PHONE, "Dinner at 8?");
    world_run(world, 10000);
    s_send(world, &people->alice_key, PHONE,
           "A text that is too long for one part: it costs 5 \xe2\x82\xac at the door, and whoever "
           "comes late finds the best seats taken, so let us meet in front of the theatre at ten "
           "to eight, and bring the tickets, please.");
    world_run(world, 20000);
    s_read(world, &people->alice_key);
}

static void s_flow_inbound(world_t *world, s_people_t *people)
{
    s_lease(world, &people->bob, people->leased, true);
    op_context_t key = s_key(world, &people->bob, people->leased);
    s_text_in(world, LEASED, "See you at 8!");
    s_text_in(world, LEASED,
              "\xd0\x94\xd0\xbe \xd0\xb2\xd1\x81\xd1\x82\xd1\x80\xd0\xb5\xd1\x87"
              "\xd0\xb8 \xf0\x9f\x98\x80");
    s_read(world, &key);
}

static void s_flow_fan_out(world_t *world, s_people_t *people)
{
    s_text_in(world, SHARED, "Yes, I am.");
    s_read(world, &people->alice_key);
    s_read(world, &people->bob_key);
}

static void s_flow_lease(world_t *world, s_people_t *people)
{
    s_lease(world, &people->alice, people->leased, true);
    op_context_t key = s_key(world, &people->alice, people->leased);
    s_send(world, &key, PHONE, "My own number.");
    world_run(world, 10000);
    s_lease(world, &people->alice, people->leased, false);
    world_run(world, 3000);
}

static void s_flow_hand_over(world_t *world, s_people_t *people)
{
    s_send(world, &people->alice_key, LEASED, "From one lease to the other.");
    world_run(world, 3000);
    s_read(world, &people->bob_key);
}

static void s_flow_webhook(world_t *world, s_people_t *people)
{
    op_id_t hook = s_hook(world, &people->alice, people->shared);
    s_send(world, &people->alice_key, PHONE, "Tell me when it is sent.");
    world_run(world, 10000);
    s_text_in(world, SHARED, "It was.");
    s_deliveries(world, &people->alice, hook);
}

static void s_send_once(world_t *world, s_people_t *people)
{
    s_two_people(world, people);
    people->alice_key.once = op_token_hash(OP_STR("order 4711"));
    s_send(world, &people->alice_key, PHONE, "Ordered.");
    world_run(world, 10000);
}

/*  What was asked before the recording is known by its hash only: the same text with its
    Idempotency-Key, another one with it, and a phone's windows. */
static void s_flow_again(world_t *world, s_people_t *people)
{
    s_send(world, &people->alice_key, PHONE, "Ordered.");
    op_message_send_t other = {OP_STR(PHONE), OP_STR("Cancelled.")};
    s_ask(world, &people->alice_key, &op_message_send_type, &other, &op_refusal_type,
          STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT));
    s_sign_up(world, "+14155550101");
}

/*  Dies when the ledger has committed a tell that then never leaves, and once more with a text in
    the air, whose outcome nobody will know. */
static void s_flow_crash(world_t *world, s_people_t *people)
{
    world->die_at = op_store_memory_commits(world->store) + 8;
    world->die_after = true;
    s_send(world, &people->alice_key, PHONE, "This one meets a crash.");
    world_run(world, 10000);
    OP_ASSERT(!world->alive);
    world_start(world);
    world_run(world, 10000);
    world->die_at = op_store_memory_commits(world->store) + 4;
    world->die_after = false;
    op_message_send_t send = {OP_STR(PHONE), OP_STR("And so does this.")};
    if (!world_ask(world, &people->alice_key, &op_message_send_type, &send,
                   STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT)))
        OP_ASSERT(!world->alive);
    world_run(world, 10000);
    OP_ASSERT(!world->alive);
    world_start(world);
    world_run(world, 20000);
    s_read(world, &people->alice_key);
}

/*  All within one millisecond: what asks by an id stands after what told it. */
static void s_flow_burst(world_t *world, s_people_t *people)
{
    char id[4 + OP_ID_TEXT + 1] = "msg_";
    op_by_id_t by_id = {op_str_of(id, 4 + OP_ID_TEXT)};
    for (int i = 0; i < 3; i++) {
        op_id_print(s_send(world, &people->alice_key, PHONE, "One after the other."), id + 4);
        s_ask(world, &people->alice_key, &op_by_id_type, &by_id, &op_message_view_type,
              STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_MESSAGE));
    }
    world_run(world, 20000);
}

static void s_knob(world_t *world, op_knob_t knob, int64_t value)
{
    for (size_t i = 0; i < WORLD_MODEMS; i++) {
        int rc = op_carrier_set(world->carrier, i, knob, value);
        OP_ASSERT(rc == 0);
    }
}

/*  Modems whose echo does not go off, and that show a text with an octet too many, and one cut off. */
static void s_flow_odd(world_t *world, s_people_t *people)
{
    enum { SURPLUS, TRUNCATED };
    s_knob(world, OP_KNOB_ECHO, 1);
    s_send(world, &people->alice_key, PHONE, "Does it say so twice?");
    world_run(world, 10000);
    for (int form = SURPLUS; form <= TRUNCATED; form++) {
        s_knob(world, OP_KNOB_MALFORMED_FORM, form);
        s_knob(world, OP_KNOB_MALFORMED_NEXT, 1);
        s_text_in(world, SHARED, "It does, and not only that.");
        s_knob(world, OP_KNOB_MALFORMED_NEXT, 0);
    }
    s_read(world, &people->alice_key);
}

static const struct {
    const char *name;
    void (*before)(world_t *world, s_people_t *people);
    void (*flow)(world_t *world, s_people_t *people);
} s_flows[] = {
    {"sign_up", NULL, s_flow_sign_up},         {"send", s_two_people, s_flow_send},
    {"inbound", s_two_people, s_flow_inbound}, {"fan_out", s_both_texted, s_flow_fan_out},
    {"lease", s_two_people, s_flow_lease},     {"hand_over", s_two_leases, s_flow_hand_over},
    {"webhook", s_two_people, s_flow_webhook}, {"crash", s_two_people, s_flow_crash},
    {"burst", s_two_people, s_flow_burst},     {"again", s_send_once, s_flow_again},
    {"odd", s_two_people, s_flow_odd}};

const char *trace_flow_name(size_t n)
{
    return n < OP_COUNT(s_flows) ? s_flows[n].name : NULL;
}

void trace_flow_record(size_t n, op_buf_t *out)
{
    world_t world;
    s_people_t people = {.shared = {{0}}};
    s_memory_t memory = {.bytes = out};
    world_init(&world, 100 + n);
    world_start(&world);
    world_run(&world, 3000);
    if (s_flows[n].before)
        s_flows[n].before(&world, &people);
    world_stop(&world);
    world.now += 60000;
    world.request_id = s_flows[n].name;
    op_recording_sink_t sink = s_sink(&memory, world.now);
    world.sink = &sink;
    world_start(&world);
    world_run(&world, 3000);
    s_flows[n].flow(&world, &people);
    world_stop(&world);
    world_free(&world);
}

/*  ---- A tiny one ---- */

void trace_flow_tiny(op_buf_t *out)
{
    const int64_t now = INT64_C(1779304492000);
    const op_rate_setup_t setup = {1, 5, 10, 20, 3, 1, 3, 3, 2};
    uint8_t entropy[OP_ENTROPY_SIZE] = {1};
    s_memory_t memory = {.bytes = out};
    op_recording_sink_t sink = s_sink(&memory, now);
    op_store_t *store = op_store_memory_new();
    op_recording_t *recording = op_recording_new(&sink, store, "rate", "rate");
    op_actor_t *actor = op_actor_new(&op_rate_class, "rate", store);
    op_actor_observe(actor, op_recording_observer(recording));
    op_actor_start(actor, &op_rate_setup_type, &setup, now, entropy);
    static const uint8_t slip[] = {OP_STEP_RATE_ADDRESS};
    op_str_t to, frame;
    for (uint64_t i = 1; i <= 3; i++) {
        op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                                 .from = OP_STR("http"),
                                 .to = OP_STR("rate"),
                                 .correlation = i,
                                 .origin = OP_STR("http"),
                                 .deadline = now + OP_REQUEST_DEADLINE_MS,
                                 .slip = op_str_of(slip, sizeof slip),
                                 .context = {.address = OP_STR("192.0.2.1")}};
        op_buf_t bytes = {0};
        op_frame_encode(&request, &op_nothing_type, &(op_nothing_t){0}, &bytes);
        op_actor_receive(actor, op_buf_str(&bytes), now + (int64_t)i, entropy);
        op_buf_free(&bytes);
        int rc = op_actor_commit(actor);
        OP_ASSERT(rc == 0);
        while (op_actor_next(actor, &to, &frame))
            continue;
    }
    op_recording_end(recording);
    op_actor_destroy(&actor);
    op_recording_destroy(&recording);
    op_store_destroy(&store);
}
