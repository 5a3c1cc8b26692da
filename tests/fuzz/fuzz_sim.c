/*  The carrier simulator, with a driver that types anything. Property: what it holds for a driver
    that does not read stays bounded; time always gets it further; and whatever was typed, once its
    line and its prompt are ended each modem answers AT with OK.

    The input is a script of pieces: an octet (bit 0: the modem, bit 1: read what it said, bit 2: a
    phone texts the piece instead, bit 3: time passes, as far as something waits for it, bit 4: the
    piece turns a knob instead, bit 5: or unplugs and plugs, or swaps the SIMs, or switches the
    phone), a size, octets. In the end all knobs stand where they stood. */

#include "tests/fuzz/fuzz.h"

#include "carrier/carrier.h"

enum {
    S_READ = 2,
    S_TEXT = 4,
    S_TIME = 8,
    S_KNOB = 16,
    S_ACT = 32,
    S_MODEMS = 2,
    S_TICKS_MAX = 1000,
    S_STORED_MAX = 3 * 255
};

static const op_str_t s_phone = {"+14155550100", 12};

/*  A driver's line may be as long as what it typed once more: an echo, and answers to it. */
enum { S_SLACK = 256 * 1024 };

static int64_t s_pass(op_carrier_t *carrier, int64_t now)
{
    int64_t due = op_carrier_wake_at(carrier);
    now = due > now ? due : now;
    op_carrier_tick(carrier, now);
    return now;
}

/*  Types, and lets time pass until the modem waits for nothing. */
static int64_t s_type(op_carrier_t *carrier, size_t modem, op_str_t bytes, int64_t now)
{
    unsigned ticks = 0;
    op_carrier_feed(carrier, modem, bytes, now);
    while (op_carrier_wake_at(carrier)) {
        FUZZ_CHECK(++ticks < S_TICKS_MAX);
        now = s_pass(carrier, now);
    }
    op_buf_clear(op_carrier_take(carrier, modem));
    return now;
}

static void s_knob(op_carrier_t *carrier, size_t modem, op_str_t piece)
{
    op_knob_t knob = (op_knob_t)(fuzz_octet(&piece) % OP_KNOB_END);
    int64_t value = fuzz_octet(&piece) << 8;
    value |= fuzz_octet(&piece);
    FUZZ_CHECK(op_carrier_set(carrier, modem, knob, value % (op_knob_row(knob)->max + 1)) == 0);
}

static void s_act(op_carrier_t *carrier, size_t modem, op_str_t piece, int64_t now)
{
    uint8_t act = fuzz_octet(&piece);
    if (act & 1)
        op_carrier_plug(carrier, modem, act & 2, now);
    else if (act & 2)
        op_carrier_swap_sims(carrier, 0, 1, now);
    else if (op_carrier_phone(carrier, s_phone, act & 4, now) != OP_CARRIER_OK)
        FUZZ_CHECK(false);
}

/*  All as it was: knobs, SIMs as far as they matter, ttys; what waits ends or arrives. */
static void s_heal(op_carrier_t *carrier, int64_t now)
{
    for (size_t modem = 0; modem < S_MODEMS; modem++) {
        for (int knob = 0; knob < OP_KNOB_END; knob++)
            FUZZ_CHECK(op_carrier_set(carrier, modem, (op_knob_t)knob,
                                      op_knob_row((op_knob_t)knob)->value) == 0);
        if (!op_carrier_plugged(carrier, modem))
            op_carrier_plug(carrier, modem, true, now);
    }
    FUZZ_CHECK(op_carrier_phone(carrier, s_phone, true, now) == OP_CARRIER_OK);
}

/*  ESC ends an open prompt, the line end a half-typed command, and that may open a prompt again;
    then the results in words. */
static void s_check_answers(op_carrier_t *carrier, size_t modem, int64_t now)
{
    now = s_type(carrier, modem, OP_STR("\x1b"), now);
    now = s_type(carrier, modem, OP_STR("\r"), now);
    now = s_type(carrier, modem, OP_STR("\x1b"), now);
    now = s_type(carrier, modem, OP_STR("ATV1\r"), now);
    op_carrier_feed(carrier, modem, OP_STR("AT\r"), now);
    op_buf_t *out = op_carrier_take(carrier, modem);
    FUZZ_CHECK(out->size > 0 && out->size < 64);
    op_buf_add_byte(out, 0);
    FUZZ_CHECK(strstr(out->at, "\r\nOK\r\n"));
    op_buf_clear(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t input = op_str_of(data, size);
    op_carrier_t *carrier = op_carrier_new(S_MODEMS);
    int64_t now = INT64_C(1770000000000);
    while (input.size) {
        uint8_t how = fuzz_octet(&input);
        size_t modem = how & 1;
        op_str_t piece = fuzz_short(&input);
        if (how & S_TEXT) {
            op_carrier_result_t result = op_carrier_text(
                carrier, s_phone, op_str(op_carrier_modem_number(carrier, modem)), piece, now);
            FUZZ_CHECK(op_carrier_result_text(result)[0]);
        } else if (how & S_KNOB) {
            s_knob(carrier, modem, piece);
        } else if (how & S_ACT) {
            s_act(carrier, modem, piece, now);
        } else {
            op_carrier_feed(carrier, modem, piece, now);
        }
        op_buf_t *out = op_carrier_take(carrier, modem);
        FUZZ_CHECK(out->size <= (size_t)OP_CARRIER_OUT_MAX + S_SLACK);
        if (how & S_READ)
            op_buf_clear(out);
        if (how & S_TIME)
            now = s_pass(carrier, now);
    }
    s_heal(carrier, now);
    for (size_t modem = 0; modem < S_MODEMS; modem++) {
        op_carrier_counts_t counts = op_carrier_counts(carrier, modem);
        FUZZ_CHECK(counts.waiting <= OP_CARRIER_WAITING_MAX && counts.stored <= S_STORED_MAX);
        s_check_answers(carrier, modem, now);
    }
    op_carrier_destroy(&carrier);
    return 0;
}
