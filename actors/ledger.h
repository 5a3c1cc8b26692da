/*  ledger.h - the actor that owns the numbers, the leases and the messages

    Requests, by step (the context carries account, number and lease):
    ledger.code_line   auth_start: refuses invalid_phone (prefix not allowed), phone_is_pool_number,
                       and otp_delivery_failed when no line is up; adds the line, forwards.
    ledger.available   numbers_view of the shared and the free numbers.
    ledger.mine        numbers_view of the account's leases.
    ledger.lease       by_id: number_view, number_unavailable or not_found.
    ledger.release     by_id: number_view or not_found.
    ledger.entitled    key_create, webhook_create: may the account use number_id? Adds number and
                       lease, forwards.
    ledger.number      line_view of the API key's number.
    ledger.submit      message_send: message_view of a queued text; or self_send, target_is_pool,
                       invalid_phone, rate_limited (daily cap), unavailable (queue full).
    ledger.message     by_id: message_view or not_found.
    ledger.messages    message_list: messages_view, newest first.
    ledger.ready       nothing, or unavailable while no line can carry a login code; its sentence is
                       what is missing: "modem: no line is up", "modem-berlin: no link".
    ledger.shared      line_view of the first shared number, or not_found.

    The operator's:
    ledger.pool        pool_view of all numbers.
    ledger.change      number_change: pool_number; not_found, number_unavailable. An assignment lets
                       a modem actor serve a number, which joins the pool if it is new; a wish to
                       share or unshare outweighs the line's configuration; a retired number is no
                       longer listed, leased or used for codes, and what comes in on it is nobody's;
                       a move gives a number to an account that the caller has found to exist.
    ledger.unclaimed   page_find: unclaimed_page.
    ledger.unclaimed_delete  by_id: nothing, or not_found.
    ledger.find        text_find: text_found; search_on where the slice did not hold it; not_found.

    Tells in:  line_state, text_received, text_outcome from modem; account_erased from auth;
               text_send, text_received and account_erased from itself.
    Tells out: text_send, text_cancel and lines_ask to modem, lease_ended to auth and webhook, number_event to
               webhook, text_send, text_received and account_erased to itself.
    Notes in:  link_state from the port "links", where modem actors run in other processes.
    Notes out: rate_return to rate.

    Who serves a number is sent its texts and login codes, and is heard of what comes in on it. A
    modem actor that the setup names as trusted takes a number by saying that its line is up, and
    says whether it is shared. Any other has the numbers that the operator has assigned to it: what
    it says of others is logged, and what it hands in for them is kept as nobody's. (Outcomes name
    texts by ids that only the actor knows which was sent the text.)

    A number whose line is configured no more is not listed, used for codes, or leased again, and no
    new key is minted for it; a lease of it that there is stays, and so does the number's row: with
    the line the number comes back as it was.

    A scope is what a message belongs to and an API key may see: the lease, or, on a shared number,
    account and number together (op_ledger_scope). Ownership is checked by looking into the caller's
    scope and nowhere else.

    A text to a leased number is handed over inside OP: the ledger tells it to itself, as it would
    tell it to a modem, and takes it in as inbound for the lessee and as sent for the sender in one
    commit.

    An inbound text on a shared number goes to every account that has texted its sender from there,
    a slice of accounts per turn: what is left is a tell to itself.

    Erasing an account likewise goes through all messages a slice per turn. The account is marked
    first, and for a day: a call of it that was under way finds nothing, and is given nothing. */

#ifndef OP_ACTORS_LEDGER_H
#define OP_ACTORS_LEDGER_H

#include "actors/turn.h"

extern const op_core_class_t op_ledger_class;

/*  The scope of an account on a number: the lease if there is one, else a hash of both ids. */
op_id_t op_ledger_scope(op_id_t account, op_id_t number, op_id_t lease);

/*  By which a text that is submitted again, with its Idempotency-Key, is known for the same. */
op_hash_t op_ledger_request(op_str_t to, op_str_t body);

#endif
