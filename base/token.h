/*  token.h - the credentials that clients present: their form, and the form in which they travel

    A token is a prefix that says what it is for, then OP_TOKEN_CHARACTERS of [A-Za-z0-9]: 190 bits
    of entropy, so that a plain hash, without salt, is safe to keep. The port that reads a token
    hashes it there and then: no mailbox, trace or store holds a token that a client has
    presented. */

#ifndef OP_BASE_TOKEN_H
#define OP_BASE_TOKEN_H

#include "base/bytes.h"

#define OP_TOKEN_SESSION "ses_live_"
#define OP_TOKEN_KEY     "op_live_"

enum { OP_TOKEN_CHARACTERS = 32 }; /* behind the prefix */

typedef struct {
    uint8_t bytes[32];
} op_hash_t;

/*  Is it this prefix and then exactly 32 of [A-Za-z0-9]? Whether anybody knows it is another
    matter. */
bool op_token_shaped(op_str_t token, const char *prefix);

/*  BLAKE2b-256 of the token as presented by a client, prefix included. */
op_hash_t op_token_hash(op_str_t token);

#endif
