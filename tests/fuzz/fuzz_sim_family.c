/*  A modem's family of any octets. Property: it is read, or refused with a reason that names a
    line; and a modem of it that is plugged in and has booted answers AT. */

#include "tests/fuzz/fuzz.h"

#include "carrier/carrier.h"

enum { S_TICKS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static op_sim_family_t family;
    char error[OP_SIM_FAMILY_ERROR] = "";
    int64_t now = INT64_C(1770000000000);
    if (op_sim_family_read(op_str_of(data, size), &family, error) != 0) {
        FUZZ_CHECK(strncmp(error, "line ", 5) == 0);
        return 0;
    }
    op_carrier_t *carrier = op_carrier_new_of(1, &family, 1);
    op_carrier_reset(carrier, 0, now);
    for (int knob = 0; knob < OP_KNOB_END; knob++)
        FUZZ_CHECK(
            op_carrier_set(carrier, 0, (op_knob_t)knob, op_knob_row((op_knob_t)knob)->value) == 0);
    for (unsigned ticks = 0; op_carrier_wake_at(carrier); ticks++) {
        FUZZ_CHECK(ticks < S_TICKS_MAX);
        now = op_carrier_wake_at(carrier) > now ? op_carrier_wake_at(carrier) : now;
        op_carrier_tick(carrier, now);
    }
    op_carrier_feed(carrier, 0, OP_STR("ATI;+CGMM;+CPMS?;+CNMI=?\rAT\r"), now);
    op_buf_t *out = op_carrier_take(carrier, 0);
    op_buf_add_byte(out, 0);
    FUZZ_CHECK(out->size > 6 && strcmp(out->at + out->size - 7, "\r\nOK\r\n") == 0);
    op_carrier_destroy(&carrier);
    return 0;
}
