/*  The carrier simulator, with a driver that types anything. Property: what it holds for a driver
    that does not read stays bounded; time always gets it further; and whatever was typed, once its
    line and its prompt are ended each modem answers AT with OK.

    The input is a script of pieces: an octet (bit 0: the modem, bit 1: read what it said, bit 2: a
    phone texts the piece instead, bit 3: time passes, as far as something waits for it), a size,
    octets. */

#include "tests/fuzz/fuzz.h"

#include "modem/carrier.h"

enum { S_READ = 2, S_TEXT = 4, S_TIME = 8, S_MODEMS = 2, S_TICKS_MAX = 1000 };

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

/*  ESC ends an open prompt, the line end a half-typed command, and that may open a prompt again. */
static void s_check_answers(op_carrier_t *carrier, size_t modem, int64_t now)
{
    now = s_type(carrier, modem, OP_STR("\x1b"), now);
    now = s_type(carrier, modem, OP_STR("\r"), now);
    now = s_type(carrier, modem, OP_STR("\x1b"), now);
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
    for (size_t modem = 0; modem < S_MODEMS; modem++) {
        op_carrier_counts_t counts = op_carrier_counts(carrier, modem);
        FUZZ_CHECK(counts.waiting <= OP_CARRIER_WAITING_MAX && counts.stored <= 200);
        s_check_answers(carrier, modem, now);
    }
    op_carrier_destroy(&carrier);
    return 0;
}
