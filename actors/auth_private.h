/*  auth_private.h - shared by auth.c, auth_code.c and auth_key.c

    Keys: 'v' verification id    verification_row       'p' phone         phone_row
          'a' account id         account_row            's' token hash    session_row
          'k' account, key id    key_row                'h' key hash      key_hash_row
          'e' expiry, letter, id: what is to be deleted then */

#ifndef OP_ACTORS_AUTH_PRIVATE_H
#define OP_ACTORS_AUTH_PRIVATE_H

#include "actors/auth.h"
#include "actors/sweep.h"
#include "store/records.h"

enum { OP_KEY_PREFIX = 12 };

typedef struct {
    op_auth_setup_t setup;
    op_sweep_t verifications, sessions;
} op_auth_t;

typedef void op_auth_step_fn(op_auth_t *self, const op_event_t *event, op_turn_t *turn);

/*  "ses_live_" or "op_live_" and 32 random characters. The text lives as long as the turn. */
op_str_t op_auth_new_token(op_turn_t *turn, const char *prefix);

/*  auth_code.c */
op_auth_step_fn op_auth_on_start, op_auth_on_verification, op_auth_on_verify;
void op_auth_on_outcome(const op_event_t *event, op_turn_t *turn);

/*  auth_key.c */
op_auth_step_fn op_auth_on_key, op_auth_on_key_create, op_auth_on_keys, op_auth_on_key_revoke;
void op_auth_on_lease_ended(const op_event_t *event, op_turn_t *turn);

#endif
