/*  webhook_private.h - shared by the webhook actor's files

    Keys: 'w' account, number        webhook_row
          'v' lease                  webhook_row: what an ended lease has left of it
          'h' webhook                webhook_id_row
          'd' delivery               delivery_row
          'l' webhook, delivery      fate_row: the log
          'q' webhook, delivery      due_row: to be posted now, being posted, or held
          'r' queue, time, delivery  waiting_row: for the next attempt's time
          's'                        of cursors (cursor.h)
          'x' account                erased_row (erase.h)
    A pending delivery has a row in 'q' or in 'r', never in both; any other has one in neither. So
    nothing that waits is ever looked at before its time, and an endpoint's due deliveries are found
    without passing by another's. */

#ifndef OP_ACTORS_WEBHOOK_PRIVATE_H
#define OP_ACTORS_WEBHOOK_PRIVATE_H

#include "actors/sweep.h"
#include "actors/webhook.h"
#include "store/records.h"

enum { OP_WEBHOOK_SWEEPS = 6 };

typedef enum {
    OP_DELIVERY_PENDING,
    OP_DELIVERY_DELIVERED,
    OP_DELIVERY_FAILED,
    OP_DELIVERY_ABANDONED
} op_delivery_state_t;

/*  A post that the poster has. */
typedef struct {
    op_id_t webhook, delivery;
    int64_t began;
    bool again; /* it is the try's second one, signed with the secret before */
    struct {    /* the first one then, which was refused */
        int64_t began;
        uint64_t status, duration_ms;
        size_t answer_size;
        char answer[OP_ANSWER_MAX];
    } refused;
} op_flight_t;

/*  A test whose asker waits. */
typedef struct {
    op_id_t delivery;
    op_promise_t promise;
} op_webhook_test_t;

typedef struct {
    op_hash_t secret;   /* of cursors */
    int64_t now;        /* of the latest event */
    bool clock_is_back; /* what waits may be too far away */
    op_flight_t flights[OP_POSTS_MAX];
    size_t flight_count;
    op_webhook_test_t tests[OP_TESTS_MAX];
    size_t test_count;
    bool starved; /* something is due that found no place at the poster */
    /* All webhooks with due deliveries are looked at, in order of their ids, up to round_at so far,
       until the end of the order has been met so often; 0: they are not. */
    int laps;
    op_id_t round_at;
    int64_t sweep_at;
    op_sweep_t sweeps[OP_WEBHOOK_SWEEPS];
} op_webhook_t;

typedef void op_webhook_step_fn(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);

/*  ---- webhook_row.c: a webhook, found and written ---- */

typedef struct {
    op_id_t account, number;
    op_key_t key;
    op_webhook_row_t row;
} op_hook_t;

op_key_t op_webhook_key(op_id_t account, op_id_t number);
/*  Of this id, its lease ended or not. */
bool op_hook_find(op_turn_t *turn, op_id_t id, op_hook_t *hook);
/*  The one that an event of this account, number and lease is for. */
bool op_hook_for(op_turn_t *turn, op_id_t account, op_id_t number, op_id_t lease, op_hook_t *hook);
/*  The calling account's, by the id in the path; false: refused with not_found. */
bool op_hook_own(const op_event_t *event, op_turn_t *turn, op_str_t id, op_hook_t *hook);
void op_hook_put(op_turn_t *turn, const op_hook_t *hook);
/*  The secret before, if it may still be tried; else empty. */
op_str_t op_hook_previous(const op_hook_t *hook, int64_t now);
/*  Switches it off by itself. */
void op_hook_switch_off(op_turn_t *turn, op_hook_t *hook, const char *reason);

/*  ---- webhook_request.c ---- */

op_webhook_step_fn op_webhook_on_create, op_webhook_on_list, op_webhook_on_show,
    op_webhook_on_update, op_webhook_on_rotate, op_webhook_on_delete, op_webhook_on_lease_ended;

/*  ---- webhook_deliver.c: from an event to a post, and what came of it ---- */

op_webhook_step_fn op_webhook_on_event, op_webhook_on_posted;
/*  Attempts begin at 0, so that the first is seen as one. */
void op_webhook_count_none(op_turn_t *turn);
op_key_t op_fate_key(op_id_t webhook, op_id_t delivery);
op_key_t op_due_key(op_id_t webhook, op_id_t delivery);
/*  Gives the poster what is due at this webhook, as far as there are places; what is due at one
    that is gone is abandoned. */
void op_webhook_pump(op_webhook_t *self, const op_event_t *event, op_turn_t *turn, op_id_t webhook);
bool op_webhook_flies(const op_webhook_t *self, op_id_t delivery);
/*  One post; `secret` signs it. */
void op_webhook_post(const op_event_t *event, op_turn_t *turn, op_id_t delivery, op_str_t type,
                     op_str_t body, op_str_t url, op_str_t secret);
/*  May an answer with this status mean that the receiver knows only the secret before? */
bool op_webhook_is_refusal(uint64_t status);

/*  ---- webhook_retry.c: waiting, and its end ---- */

/*  The failed attempt fate->tries is over: puts the delivery into its queue. False: it was the
    last one. */
bool op_retry_wait(const op_event_t *event, op_turn_t *turn, op_id_t webhook, op_id_t delivery,
                   op_fate_row_t *fate, uint64_t retry_after_s);
/*  Takes it out of its queue, if it is in one. */
void op_retry_forget(op_turn_t *turn, op_id_t delivery, op_fate_row_t *fate);
/*  Starts to look at all webhooks with due deliveries. */
void op_round_begin(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);
/*  What is to be done by now, a slice of it, and the wish to be woken for the rest. */
void op_webhook_work(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);

/*  ---- webhook_erase.c ---- */

op_webhook_step_fn op_webhook_on_erased;

/*  ---- webhook_log.c, webhook_test.c ---- */

op_webhook_step_fn op_webhook_on_deliveries, op_webhook_on_find, op_webhook_on_replay,
    op_webhook_on_test;
/*  True: the post was a test's. */
bool op_webhook_on_test_posted(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);

#endif
