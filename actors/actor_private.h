/*  actor_private.h - what actor.c, turn.c and link.c share; nobody else includes it */

#ifndef OP_ACTORS_ACTOR_PRIVATE_H
#define OP_ACTORS_ACTOR_PRIVATE_H

#include "actors/actor.h"
#include "actors/overlay.h"
#include "actors/row_cache.h"
#include "store/record.h"
#include "store/records.h"

/*  A tell of this turn: numbered when its step has succeeded. */
typedef struct op_tell {
    struct op_tell *next;
    uint64_t number;
    op_str_t frame;
} op_tell_t;

typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1];
    uint64_t last;     /* number of the latest tell to the peer */
    op_id_t series;    /* in which it is counted; none in stores from before there were any */
    uint64_t first;    /* the first number of that series */
    op_id_t former;    /* what came before `first` is counted in this one */
    uint64_t acked;    /* the peer has taken all up to this one */
    uint64_t erased;   /* the outbox has none up to this one; at most `acked` */
    int64_t erase_at;  /* when the rows between the two go, if nothing is written before; 0: none */
    uint64_t sent;     /* all up to this one are on their way or taken */
    int64_t resend_at; /* 0: nothing in flight */
    bool resume;       /* the peer is to hear from where it goes on */
    bool ahead;        /* the peer has taken what was never told, and it was logged */
    uint64_t cursor;   /* the latest tell taken from the peer */
    op_id_t taken;     /* the series in which the peer counts */
    op_id_t left;      /* the one in which it did before */
    uint64_t durable;  /* the cursor that a power cut leaves: the only one that the peer hears */
    int64_t hold_until; /* when the cursor becomes durable if nothing is synced before; 0: it is */
    bool ack_due;       /* the peer waits to hear the cursor */
    bool stuck;         /* an undecodable tell was logged already */
    op_tell_t *fresh;   /* tells of this turn, oldest first */
    op_tell_t **fresh_end;
} op_link_t;

/*  Something that a step said, before it is known whether the step stands. */
typedef struct {
    enum { OP_SAID_FRAME, OP_SAID_TELL, OP_SAID_LOG, OP_SAID_COUNT, OP_SAID_COMPACT } what;
    op_str_t to; /* of a frame or tell; of a count: its first label */
    const op_type_t *type;
    op_str_t bytes;      /* a whole frame; of a tell: the encoded message; of a log: the line; of a
                            count: its second label */
    op_str_t request_id; /* of a tell */
    op_metric_t metric;  /* of a count */
    int64_t value;       /* of a count; of a log: it is a warning */
} op_said_t;

typedef struct {
    op_said_t *at;
    size_t count, capacity;
} op_said_list_t;

struct op_turn {
    op_actor_t *actor;
    op_arena_t arena;
    op_overlay_t overlay;
    op_batch_t batch;
    bool must_sync;
    bool hurry;         /* it says something else than tells */
    bool committed;     /* what it says may leave */
    const char *broken; /* NULL, or why this turn must not be committed */

    /* The current step. */
    const op_event_t *event;
    const op_envelope_t *envelope; /* NULL for START, TIMER and DRAIN */
    op_str_t body;                 /* encoded, to be forwarded as it came */
    op_str_t request_id;           /* on whose behalf it speaks */
    op_random_t random;
    op_said_list_t said;
    bool step_sync;
    bool step_said; /* a frame or a tell */
    bool answered;
    bool refused;
    size_t walks; /* open ones */

    /* What the turn will say once it is committed. */
    op_said_list_t out;
    size_t out_next, log_next, count_next;
};

struct op_actor {
    const op_core_class_t *class;
    char name[OP_ACTOR_NAME_MAX + 1];
    void *core;
    op_store_t *store;
    op_row_cache_t rows; /* of the store */
    op_turn_t turn;
    int64_t now; /* of the latest event */
    bool clock_went_back;
    op_id_clock_t ids;
    op_link_t links[OP_PEERS_MAX];
    size_t link_count;
    uint64_t outbox_max; /* tells to one peer: then it is full */
    int64_t wake_at;
    op_actor_counts_t counts;
    op_actor_observer_t observer; /* its `event` is NULL: none */
    op_buf_t scratch;             /* of encoding */
    op_buf_t value;               /* of reading */
};

/*  turn.c */
void op_said_add(op_said_list_t *list, op_said_t said);
void op_turn_break(op_turn_t *self, const char *format, ...) OP_PRINTF(2, 3);
/*  A full key of the store: the actor's name, '/' or '!', and the rest, in the arena. */
op_str_t op_turn_full_key(op_turn_t *self, char space, op_str_t key);
int op_turn_read(op_turn_t *self, op_str_t full_key, const op_type_t *record, void *value);
void op_turn_write(op_turn_t *self, op_str_t full_key, const op_type_t *record, const void *value);
/*  A warning of what is between the steps, of a link: form and end as op_turn_warn's. */
void op_turn_warn_between(op_turn_t *self, const char *format, ...) OP_PRINTF(2, 3);
op_str_t op_turn_encode(op_turn_t *self, const op_envelope_t *envelope, const op_type_t *type,
                        const void *body);

/*  link.c */
op_link_t *op_link_of(op_actor_t *actor, op_str_t peer);   /* NULL: too many peers */
op_link_t *op_link_find(op_actor_t *actor, op_str_t peer); /* NULL: none yet */
void op_link_load(op_actor_t *actor);
void op_link_tell(op_actor_t *actor, op_link_t *link, const op_said_t *said);
void op_link_acknowledged(op_actor_t *actor, op_link_t *link, const op_envelope_t *ack);
/*  Is this tell the next one to be taken? If not it is counted, as a repeat or as early. */
bool op_link_expects(op_actor_t *actor, op_link_t *link, const op_envelope_t *tell);
/*  The peer goes on from this number of this series: all before it was acknowledged. */
void op_link_resumed(op_actor_t *actor, op_link_t *link, const op_envelope_t *resume);
/*  `effect`: the tell has changed something, so its number is worth a sync. */
void op_link_taken(op_actor_t *actor, op_link_t *link, uint64_t number, bool effect);
void op_link_tick(op_actor_t *actor);
/*  Before the commit: what can wait joins a turn that writes, or is due by itself. */
void op_link_settle(op_actor_t *actor);
int64_t op_link_wake_at(const op_actor_t *actor);
/*  After the commit: queues acks, and tells as far as the window allows. */
void op_link_release(op_actor_t *actor, bool synced);

#endif
