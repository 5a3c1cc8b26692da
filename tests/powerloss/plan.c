#include "tests/powerloss/plan.h"

#include "base/random.h"

#include <stdio.h>

unsigned plan_rows(unsigned number)
{
    return 2 + number % 4;
}

op_str_t plan_key(char text[PLAN_KEY_SIZE], plan_kind_t kind, unsigned thread, unsigned number,
                  unsigned row)
{
    snprintf(text, PLAN_KEY_SIZE, "%c%u.%05u.%u", (char)kind, thread % 10, number % 100000,
             row % 10);
    return op_str(text);
}

static size_t s_size(plan_kind_t kind, op_random_t *random)
{
    if (kind == PLAN_OUTBOX)
        return 8 + op_random_below(random, 200);
    if (op_random_below(random, 100) == 0)
        return 33000 + op_random_below(random, 8000);
    return 8 + op_random_below(random, op_random_below(random, 4) ? 400 : 2040);
}

void plan_value(op_buf_t *value, plan_kind_t kind, unsigned thread, unsigned number, unsigned row)
{
    op_buf_clear(value);
    if (kind == PLAN_CURSOR) {
        op_buf_printf(value, "%u", number);
        return;
    }
    uint8_t entropy[OP_ENTROPY_SIZE] = {(uint8_t)kind, (uint8_t)thread, (uint8_t)number,
                                        (uint8_t)(number >> 8), (uint8_t)row};
    op_random_t random;
    op_random_seed(&random, entropy);
    if (kind == PLAN_SCRATCH)
        op_buf_printf(value, "%u ", number);
    static const char zeros[1024];
    for (size_t left = s_size(kind, &random), part; left > 0; left -= part) {
        part = left < sizeof zeros ? left : sizeof zeros;
        op_buf_add(value, zeros, part);
        op_random_bytes(&random, value->at + value->size - part, part);
    }
}
