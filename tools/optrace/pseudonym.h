/*  pseudonym.h - other values of the same length and form, under a key

    Equal values become equal ones, and without the key there is no way back but to try values, for
    which one needs the key. The form is kept where code looks at it: the country code +1 and E.164,
    letters as letters of the same case, digits as digits, octets of UTF-8 and septets of the GSM
    alphabet as many as before, so that a text takes as many parts. Blanks and punctuation stay.

    Besides, a memory of what has become what: values that came out of entropy (ids, tokens, codes)
    are learned from what an actor said before and says now. */

#ifndef OP_TOOLS_OPTRACE_PSEUDONYM_H
#define OP_TOOLS_OPTRACE_PSEUDONYM_H

#include "base/bytes.h"
#include "base/random.h"

enum { OP_PSEUDONYM_KEY = 32 };

typedef struct {
    uint8_t key[OP_PSEUDONYM_KEY];
    struct op_learned *learned; /* open addressing */
    size_t learned_count, learned_capacity;
    op_arena_t arena; /* what was learned */
} op_pseudonym_t;

void op_pseudonym_init(op_pseudonym_t *self, const uint8_t key[OP_PSEUDONYM_KEY]);
void op_pseudonym_free(op_pseudonym_t *self);

/*  The stream of random numbers that belongs to these bytes. */
op_random_t op_pseudonym_stream(const op_pseudonym_t *self, op_str_t bytes);

/*  All into the arena, of the same size as `text`. */
op_str_t op_pseudonym_phone(const op_pseudonym_t *self, op_str_t phone, op_arena_t *arena);
op_str_t op_pseudonym_words(const op_pseudonym_t *self, op_str_t text, op_arena_t *arena);
/*  A phone, or else words: senders may be either. */
op_str_t op_pseudonym_peer(const op_pseudonym_t *self, op_str_t peer, op_arena_t *arena);
/*  An IP address, as one. */
op_str_t op_pseudonym_address(const op_pseudonym_t *self, op_str_t address, op_arena_t *arena);
/*  What stands behind "://"; else words. */
op_str_t op_pseudonym_url(const op_pseudonym_t *self, op_str_t url, op_arena_t *arena);
/*  What stands behind the last '_', such as in op_live_... */
op_str_t op_pseudonym_secret(const op_pseudonym_t *self, op_str_t secret, op_arena_t *arena);
/*  `size` octets, at most 64. */
void op_pseudonym_octets(const op_pseudonym_t *self, const void *from, size_t size, void *to);

/*  `old` has become `now`, of any size. The first word counts. Both are copied. */
void op_pseudonym_learn(op_pseudonym_t *self, op_str_t old, op_str_t now);
/*  True, and *now, when it was learned. */
bool op_pseudonym_known(const op_pseudonym_t *self, op_str_t old, op_str_t *now);

#endif
