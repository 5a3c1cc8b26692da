#include "base/random.h"

#include <sodium.h>
#include <string.h>

_Static_assert(OP_ENTROPY_SIZE == randombytes_SEEDBYTES, "the event's entropy seeds libsodium");

void op_random_seed(op_random_t *self, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    memcpy(self->seed, entropy, OP_ENTROPY_SIZE);
    self->drawn = 0;
}

void op_random_bytes(op_random_t *self, void *bytes, size_t size)
{
    /* A stream per draw: the seed with the draw's number mixed into it, which keeps draws apart. */
    uint8_t seed[OP_ENTROPY_SIZE];
    memcpy(seed, self->seed, sizeof seed);
    for (size_t i = 0; i < sizeof self->drawn; i++)
        seed[i] ^= (uint8_t)(self->drawn >> (8 * i));
    self->drawn++;
    randombytes_buf_deterministic(bytes, size, seed);
    sodium_memzero(seed, sizeof seed);
}

uint32_t op_random_below(op_random_t *self, uint32_t bound)
{
    OP_ASSERT(bound > 0);
    uint32_t unfair = (uint32_t)(-(int64_t)bound & UINT32_MAX) % bound; /* 2^32 mod bound */
    uint32_t value;
    do
        op_random_bytes(self, &value, sizeof value);
    while (value < unfair);
    return value % bound;
}

void op_random_token(op_random_t *self, char *text, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < size; i++)
        text[i] = alphabet[op_random_below(self, sizeof alphabet - 1)];
    text[size] = 0;
}
