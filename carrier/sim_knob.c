#include "carrier/sim_knob.h"

#include <string.h>

static const op_knob_row_t s_rows[] = {
#define KNOB(NAME, name, kind, max, value, words, sentence)                                        \
    {name, OP_KNOB_IS_##kind, max, value, words, sentence},
    OP_CARRIER_KNOBS(KNOB)
#undef KNOB
};

const op_knob_row_t *op_knob_row(op_knob_t knob)
{
    OP_ASSERT(knob < OP_KNOB_END);
    return &s_rows[knob];
}

const char *op_knob_name(op_knob_t knob)
{
    return op_knob_row(knob)->name;
}

op_knob_t op_knob_named(op_str_t name)
{
    int knob = 0;
    while (knob < OP_KNOB_END && !op_str_is(name, s_rows[knob].name))
        knob++;
    return (op_knob_t)knob;
}

op_str_t op_knob_word(op_knob_t knob, int64_t value)
{
    op_str_t rest = op_str(op_knob_row(knob)->words);
    for (; value > 0 && rest.size; value--)
        (void)op_str_next(&rest, '|');
    return op_str_next(&rest, '|');
}

int64_t op_knob_read(op_knob_t knob, op_str_t text)
{
    const op_knob_row_t *row = op_knob_row(knob);
    uint64_t number;
    if (op_str_to_u64(text, (uint64_t)row->max, &number))
        return (int64_t)number;
    for (int64_t value = 0; row->kind == OP_KNOB_IS_CHOICE && value <= row->max; value++)
        if (op_str_equal(text, op_knob_word(knob, value)))
            return value;
    return -1;
}
