/*  random.h - random bytes that replay

    Cores take no randomness from the machine. Each event carries OP_ENTROPY_SIZE bytes of it; a
    generator seeded from them gives any number of bytes, the same ones on every replay
    (libsodium's randombytes_buf_deterministic, which is ChaCha20). */

#ifndef OP_BASE_RANDOM_H
#define OP_BASE_RANDOM_H

#include "base/check.h"

enum { OP_ENTROPY_SIZE = 32 };

typedef struct {
    uint8_t seed[OP_ENTROPY_SIZE];
    uint64_t drawn; /* how often bytes were taken: each draw has its own stream */
} op_random_t;

void op_random_seed(op_random_t *self, const uint8_t entropy[OP_ENTROPY_SIZE]);
void op_random_bytes(op_random_t *self, void *bytes, size_t size);
/*  Uniform in [0, bound), bound > 0, without modulo bias. */
uint32_t op_random_below(op_random_t *self, uint32_t bound);
/*  `size` characters of [A-Za-z0-9], uniform, and a NUL: text takes size + 1 bytes. */
void op_random_token(op_random_t *self, char *text, size_t size);

#endif
