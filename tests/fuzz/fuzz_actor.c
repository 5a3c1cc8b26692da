/*  Real actors. Property: whatever frames come, none breaks an assertion and every commit succeeds;
    each frame is counted under exactly one heading (an ack may go uncounted); each request that
    became a step is answered once, by a forward or a reply; and all that leaves is a whole frame to
    the one it names.

    The input: an octet that chooses the core, then a script. For each frame the seconds since the
    last one (0 to 63; bit 6: commit first; bit 7: the actor's timer comes before it), its size in
    two octets, the frame. */

#include "tests/fuzz/fuzz.h"

#include "actors/actor.h"
#include "actors/auth.h"
#include "actors/ledger.h"
#include "actors/modem.h"
#include "actors/rate.h"
#include "actors/webhook.h"
#include "base/instant.h"
#include "store/memory.h"

enum { S_COMMIT = 0x40, S_TICK = 0x80 };

/*  Small limits, so that scripts reach them. */
static const op_rate_setup_t s_rate = {.start_phone_30s = 1,
                                       .start_phone_hour = 5,
                                       .start_phone_day = 10,
                                       .start_address_hour = 20,
                                       .console_minute = 3,
                                       .send_second = 1,
                                       .send_minute = 3,
                                       .read_minute = 3,
                                       .address_minute = 3};
static const op_auth_setup_t s_auth = {.code_ttl_ms = 10 * OP_MINUTE_MS,
                                       .session_ttl_ms = OP_DAY_MS,
                                       .tries = 2,
                                       .wrong_per_day = 3,
                                       .keys_max = 2};
static const op_ledger_setup_t s_ledger = {.prefixes = {"+1", 2},
                                           .region = {"US", 2},
                                           .day_free = 2,
                                           .day_paid = 3,
                                           .queue_max = 2,
                                           .text_ttl_ms = 10 * OP_MINUTE_MS,
                                           .modems = {"modem,modem-2", 13},
                                           .trusted = {"modem", 5}};
static const op_line_setup_t s_lines[] = {
    {.device = {"/dev/a", 6}, .number = {"+14155550100", 12}, .shared = true, .pin = {"1234", 4}},
    {.number = {"+14155550101", 12}, .iccid = {"89014103211118510720", 20}}};
static const op_modem_setup_t s_modem = {.lines = {s_lines, OP_COUNT(s_lines)},
                                         .send_timeout_ms = OP_MINUTE_MS,
                                         .sweep_ms = OP_MINUTE_MS,
                                         .check_ms = OP_MINUTE_MS,
                                         .devices = {"/dev/tty*", 9}};
static const op_webhook_setup_t s_webhook = {.timeout_ms = 5 * OP_SECOND_MS};

static const struct {
    const op_core_class_t *class;
    const op_type_t *type;
    const void *setup;
} s_cores[] = {
    {&op_rate_class, &op_rate_setup_type, &s_rate},
    {&op_auth_class, &op_auth_setup_type, &s_auth},
    {&op_ledger_class, &op_ledger_setup_type, &s_ledger},
    {&op_modem_class, &op_modem_setup_type, &s_modem},
    {&op_webhook_class, &op_webhook_setup_type, &s_webhook},
};

typedef struct {
    op_actor_t *actor;
    int64_t now;
    uint8_t entropy[OP_ENTROPY_SIZE];
    size_t asked; /* requests that became steps in this turn */
} s_drive_t;

static void s_commit(s_drive_t *self)
{
    op_str_t to, frame, line, body;
    op_envelope_t envelope;
    op_decode_t result;
    size_t answers = 0;
    FUZZ_CHECK(op_actor_commit(self->actor) == 0);
    while (op_actor_next_log(self->actor, &line))
        FUZZ_CHECK(line.size > 0);
    while (op_actor_next(self->actor, &to, &frame)) {
        op_arena_t arena = {0};
        FUZZ_CHECK(op_frame_open(frame, &arena, &envelope, &body) == OP_DECODE_OK);
        FUZZ_CHECK(op_str_equal(to, envelope.to) &&
                   op_str_is(envelope.from, op_actor_name(self->actor)));
        FUZZ_CHECK(op_frame_body(op_message_type(envelope.type), body, &arena, &result));
        answers += envelope.kind == OP_FRAME_REQUEST || envelope.kind == OP_FRAME_REPLY;
        op_arena_free(&arena);
    }
    FUZZ_CHECK(answers == self->asked);
    self->asked = 0;
}

static uint64_t s_sum(op_actor_counts_t counts)
{
    return counts.steps + counts.bad + counts.late + counts.repeats + counts.early;
}

static void s_receive(s_drive_t *self, op_str_t frame)
{
    op_arena_t arena = {0};
    op_envelope_t envelope = {0};
    op_str_t body;
    bool open = op_frame_open(frame, &arena, &envelope, &body) == OP_DECODE_OK;
    op_actor_counts_t before = op_actor_counts(self->actor);
    op_actor_receive(self->actor, frame, self->now, self->entropy);
    op_actor_counts_t after = op_actor_counts(self->actor);
    uint64_t counted = s_sum(after) - s_sum(before);
    FUZZ_CHECK(counted == 1 || (counted == 0 && open && envelope.kind == OP_FRAME_ACK));
    FUZZ_CHECK(open || after.bad == before.bad + 1);
    if (open && envelope.kind == OP_FRAME_REQUEST)
        self->asked += after.steps - before.steps;
    op_arena_free(&arena);
}

static void s_tick(s_drive_t *self)
{
    int64_t due = op_actor_wake_at(self->actor);
    self->now = due > self->now ? due : self->now;
    op_actor_tick(self->actor, self->now, self->entropy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t input = op_str_of(data, size);
    size_t core = fuzz_octet(&input) % OP_COUNT(s_cores);
    const op_core_class_t *class = s_cores[core].class;
    op_store_t *store = op_store_memory_new();
    s_drive_t drive = {.actor = op_actor_new(class, class->name, store),
                       .now = INT64_C(1779304492000)};
    op_actor_start(drive.actor, s_cores[core].type, s_cores[core].setup, drive.now, drive.entropy);
    s_commit(&drive);
    for (size_t frames = 1; input.size && frames < OP_TURN_MESSAGES_MAX; frames++) {
        uint8_t how = fuzz_octet(&input);
        if (how & S_COMMIT)
            s_commit(&drive);
        drive.now += (how & 63) * OP_SECOND_MS;
        drive.entropy[0]++;
        if (how & S_TICK)
            s_tick(&drive);
        s_receive(&drive, fuzz_long(&input));
    }
    s_commit(&drive);
    op_actor_destroy(&drive.actor);
    op_store_destroy(&store);
    return 0;
}
