/*  auth_private.h - shared by the auth actor's files

    Keys: 'v' verification id    verification_row       'p' phone         phone_row
          'a' account id         account_row            's' token hash    session_row
          'k' account, key id    key_row                'h' key hash      key_hash_row
          'i' account, session id  session_id_row         'x' account id    erased_row (erase.h) */

#ifndef OP_ACTORS_AUTH_PRIVATE_H
#define OP_ACTORS_AUTH_PRIVATE_H

#include "actors/auth.h"
#include "actors/sweep.h"
#include "store/records.h"

enum { OP_KEY_PREFIX = 12 };

typedef struct {
    op_auth_setup_t setup;
    op_sweep_t verifications, sessions, session_ids, erased;
} op_auth_t;

typedef void op_auth_step_fn(op_auth_t *self, const op_event_t *event, op_turn_t *turn);

/*  "ses_live_" or "op_live_" and 32 random characters. The text lives as long as the turn. */
op_str_t op_auth_new_token(op_turn_t *turn, const char *prefix);

/*  auth.c */
op_key_t op_auth_session_key(const op_hash_t *hash);
/*  Is there this account, and may it call? False: the request has been refused. */
bool op_auth_admits(op_turn_t *turn, op_id_t account) OP_MUST_CHECK;

/*  auth_code.c */
op_auth_step_fn op_auth_on_guesses, op_auth_on_start, op_auth_on_verification, op_auth_on_verify;
void op_auth_on_outcome(const op_event_t *event, op_turn_t *turn);

/*  auth_key.c */
op_auth_step_fn op_auth_on_key, op_auth_on_key_create, op_auth_on_keys, op_auth_on_key_show,
    op_auth_on_key_revoke;
/*  Deletes all of the account's keys. */
void op_auth_drop_keys(op_turn_t *turn, op_id_t account);
size_t op_auth_count_keys(op_turn_t *turn, op_id_t account);
void op_auth_on_lease_ended(const op_event_t *event, op_turn_t *turn);

/*  auth_admin.c: the operator's calls */
op_auth_step_fn op_auth_on_find, op_auth_on_suspend, op_auth_on_resume, op_auth_on_erase,
    op_auth_on_sessions, op_auth_on_session_revoke;
op_key_t op_auth_session_id_key(op_id_t account, op_id_t session);

#endif
