/*  webhook_private.h - shared by webhook.c and webhook_deliver.c

    Keys: 'w' account, number    webhook_row        'h' webhook id    webhook_id_row
          'd' delivery id        delivery_row: not yet answered
          'o' delivery id        delivery_row: answered, or given up */

#ifndef OP_ACTORS_WEBHOOK_PRIVATE_H
#define OP_ACTORS_WEBHOOK_PRIVATE_H

#include "actors/sweep.h"
#include "actors/webhook.h"
#include "store/records.h"

enum { OP_POSTS_MAX = 1000 }; /* posts at the poster; more wait in the store */

typedef struct {
    op_sweep_t done;
    op_id_t posted;   /* deliveries up to this one have been given to the poster */
    size_t in_flight; /* and so many of them are not answered */
} op_webhook_t;

op_key_t op_webhook_key(op_id_t account, op_id_t number);
/*  Is `word` one of the comma-separated `words`? */
bool op_words_have(op_str_t words, op_str_t word);

/*  webhook_deliver.c */
void op_webhook_on_event(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);
void op_webhook_on_posted(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);
/*  Posts what waits, in order, as far as OP_POSTS_MAX allows. */
void op_webhook_pump(op_webhook_t *self, const op_event_t *event, op_turn_t *turn);
bool op_delivery_is_dead(const void *arg, op_str_t key, const void *row);

#endif
