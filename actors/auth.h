/*  auth.h - the actor that knows who is calling: verifications, accounts, sessions, API keys

    Requests, by step:
    auth.session       credential: the hash of a session token. Adds account and session to the
                       context, forwards; unauthenticated when there is none, or it has expired.
    auth.key           the same for an API key; adds account, key, number and lease.
    auth.guesses       auth_start{phone}: forwards it; rate_limited for a phone that has had its
                       wrong codes of the day, so that no code is texted which could not be tried.
    auth.start         auth_start{phone}, context.line set by ledger.code_line. Opens a
                       verification, ends the phone's earlier one, has `modem` text the code:
                       auth_started.
    auth.verification  by_id: how far the code has come: verification_view, or not_found.
    auth.verify        auth_verify{verification_id, code}: session_opened; the account is made at
                       the first success. Wrong, locked, unknown: verification_invalid. Expired,
                       used or replaced: verification_expired.
    auth.logout        ends the session in the context: nothing.
    auth.key_create    key_create{name}, number and lease in the context: key_created.
    auth.keys          by_number: keys_view.
    auth.key_show      by_id: key_view, or not_found.
    auth.key_revoke    by_id: nothing, or not_found.

    The operator's, with the account in the context:
    auth.find          account_find: account_view, or not_found.
    auth.suspend       from now on its sessions and keys are unauthenticated: account_view.
    auth.resume        ... and are taken again: account_view.
    auth.erase         deletes all that auth knows of it, and has the others do the same: nothing.
    auth.sessions      sessions_view.
    auth.session_revoke  by_id: nothing, or not_found.

    Tells in:  text_outcome from modem (a code's way), lease_ended from ledger (its keys die).
    Tells out: text_send to modem, account_erased to ledger and webhook.

    Secrets: tokens and keys are kept as BLAKE2b-256 of themselves (they have 190 bits of entropy,
    so no salt is needed), codes as BLAKE2b-256 of verification id and code. */

#ifndef OP_ACTORS_AUTH_H
#define OP_ACTORS_AUTH_H

#include "actors/turn.h"

extern const op_core_class_t op_auth_class;

#endif
