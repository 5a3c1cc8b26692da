/*  ledger_private.h - shared by the ledger's files

    Keys: 'n' number id                number_row          'e' E.164                  number_id_row
          'm' scope, 'i' or 'o', id    text_row            'p' number, peer, account  counter_row
          'd' day, account, number     counter_row         'q' number                 counter_row
          'u' id                       unclaimed_row      's'                         secret_row
          'y' scope, hash              once_row           'x' account                erased_row
          'g' group, account           partial_row            'o' text id                open_row
    'p' says that the account has texted the peer from the shared number; 'd' counts accepted texts
    of a UTC day; 'q' counts the texts that wait for the number's line. */

#ifndef OP_ACTORS_LEDGER_PRIVATE_H
#define OP_ACTORS_LEDGER_PRIVATE_H

#include "actors/erase.h"
#include "actors/ledger.h"
#include "store/records.h"

enum { OP_FAN_OUT_SLICE = 200 };

typedef struct {
    op_ledger_setup_t setup; /* its strings point to the four arrays */
    char prefixes[200];
    char region[9];
    char modems[OP_PEERS_MAX * (OP_ACTOR_NAME_MAX + 1) + 1];
    char trusted[OP_PEERS_MAX * (OP_ACTOR_NAME_MAX + 1) + 1];
    char cut[OP_PEERS_MAX][OP_ACTOR_NAME_MAX + 1]; /* modem actors whose link is down */
    size_t cut_count;
    op_hash_t secret; /* of cursors */
    op_sweep_t days, unclaimed, once, erased, partial;
} op_ledger_t;

typedef void op_ledger_step_fn(op_ledger_t *self, const op_event_t *event, op_turn_t *turn);

/*  ledger_line.c */
op_ledger_step_fn op_ledger_on_line_state, op_ledger_on_link_state, op_ledger_on_code_line,
    op_ledger_on_ready;
/*  Numbers of modem actors that are not among these are configured no more. */
void op_ledger_check_modems(op_turn_t *turn, op_str_t modems);
/*  The modem actor is to say how each of its lines is. */
void op_ledger_ask_lines(op_turn_t *turn, op_str_t modem);
/*  May the actor say what has come in on the number? */
bool op_ledger_is_heard(const op_ledger_t *self, const op_number_row_t *row, op_str_t actor);

/*  ledger_number.c */
op_ledger_step_fn op_ledger_on_available, op_ledger_on_mine, op_ledger_on_lease,
    op_ledger_on_release, op_ledger_on_entitled, op_ledger_on_number, op_ledger_on_shared;
bool op_ledger_number(op_turn_t *turn, op_id_t id, op_number_row_t *row);
bool op_ledger_number_at(op_turn_t *turn, op_str_t e164, op_id_t *id, op_number_row_t *row);
void op_ledger_put_number(op_turn_t *turn, op_id_t id, const op_number_row_t *row);
/*  An id for a number that is not in the pool yet: now it is, once its row has been put. */
op_id_t op_ledger_join(op_turn_t *turn, op_str_t e164);
bool op_ledger_leased(const op_number_row_t *row);
/*  By the operator's wish, or else as its line is configured. */
bool op_ledger_is_shared(const op_number_row_t *row);
/*  Begins a lease, and ends the one there is, in *row and for all who must know. */
void op_ledger_begin_lease(op_turn_t *turn, op_number_row_t *row, op_id_t account, int64_t now);
void op_ledger_end_lease(op_turn_t *turn, op_id_t id, op_number_row_t *row);
/*  A walk through the pool; true and the next number, false at the end. */
op_walk_t *op_ledger_walk_pool(op_turn_t *turn);
bool op_ledger_next_number(op_walk_t *walk, op_id_t *id, op_number_row_t *row);
/*  The number behind the calling API key; false, and the request refused, when the key's right to
 * it has ended. */
bool op_ledger_own_number(const op_event_t *event, op_turn_t *turn, op_number_row_t *row);

/*  ledger_text.c */
op_ledger_step_fn op_ledger_on_submit;
uint64_t op_ledger_count(op_turn_t *turn, const op_key_t *key);
/*  An outbound text is settled, or gone: one less waits for the number's line. */
void op_ledger_count_down(op_turn_t *turn, op_id_t number);
void op_ledger_on_handover(const op_event_t *event, op_turn_t *turn);
void op_ledger_on_outcome(const op_event_t *event, op_turn_t *turn);
/*  Texts that are still open long after their time have failed as unknown_outcome: their modem's
    host has lost its store. A slice of them; true: there are no more. */
bool op_ledger_give_up(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn);
void op_ledger_on_reported(const op_event_t *event, op_turn_t *turn);
void op_ledger_on_received(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn);

/*  ledger_idempotency.c: Idempotency-Key. The first is true when the call was made before under its
    key: it has been answered. The second remembers the call's text. */
bool op_ledger_idempotency_repeats(const op_event_t *event, op_turn_t *turn, op_id_t scope,
                                   op_str_t number);
void op_ledger_idempotency_remember(const op_event_t *event, op_turn_t *turn, op_id_t scope,
                                    op_id_t text);
bool op_ledger_idempotency_is_dead(const void *now, op_str_t key, const void *row);

/*  ledger_admin.c */
op_ledger_step_fn op_ledger_on_pool, op_ledger_on_change, op_ledger_on_unclaimed,
    op_ledger_on_unclaimed_delete, op_ledger_on_find;

/*  ledger_erase.c */
void op_ledger_on_erased(const op_event_t *event, op_turn_t *turn);

/*  ledger_list.c */
op_ledger_step_fn op_ledger_on_message, op_ledger_on_messages;
op_key_t op_ledger_text_key(op_id_t scope, char direction, op_id_t id);
/*  A message as clients see it; what it points to lives as long as the turn. */
op_message_view_t op_ledger_view(op_turn_t *turn, op_id_t id, char direction, op_str_t number,
                                 const op_text_row_t *row);

#endif
