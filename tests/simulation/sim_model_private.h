/*  sim_model_private.h - the dictionaries that only the model's own files look into */

#ifndef OP_SIMULATION_MODEL_PRIVATE_H
#define OP_SIMULATION_MODEL_PRIVATE_H

#include "tests/simulation/sim_model.h"

/*  A login code that came to a phone. */
typedef struct model_code {
    int user;
    char digits[7];
    int64_t came;
} model_code_t;

/*  A window that calls are counted in. */
typedef struct model_window {
    char kind;
    int subject;
    int64_t length;
    int64_t opened; /* by the counting host's clock; 0: not open */
    int64_t latest; /* call in it */
    uint64_t used;
    bool unsure; /* it may have been opened before, by a call that nobody saw pass */
} model_window_t;

/*  Something that can make a text fail. */
typedef struct model_why {
    int line;
    model_cause_t cause;
    int64_t at;
} model_why_t;

/*  One event of a webhook, as first posted. */
typedef struct model_post {
    int hook;
    char delivery[OP_ID_TEXT + 1];
    char event[OP_ID_TEXT + 1];
    char message[OP_ID_TEXT + 1];
    char type[MODEL_WORD_MAX + 1];
    uint64_t body; /* a hash of it */
    /* The last post. */
    int64_t began, ended;
    uint64_t status, retry_after_s, life;
    bool answered, again; /* ... is a grace's second one */
    size_t tries;         /* failed attempts before it */
    bool loose;           /* ... nobody knows how many */
    int64_t replayed;     /* asked for once more */
} model_post_t;

/*  sim_model_schedule.c: a delivery is posted once more. */
void model_post_again(model_t *self, model_post_t *known, const model_post_t *post,
                      bool by_previous);

/*  A part of several that the network has. */
typedef struct model_part {
    uint64_t hash; /* of line, recipient, header and content */
} model_part_t;

/*  model_surely_gone for what a lease (MODEL_NONE: none) takes along. The end of one reaches the others by a
    tell: they may show its things for a while. `life`: its own, or NULL. */
bool model_long_gone(const model_t *self, const model_life_t *life, int lease, int64_t at);
/*  FNV-1a; start with 0. */
uint64_t model_hash(uint64_t hash, op_str_t bytes);
/*  Did these six digits stand in a log line, or in what http was told? */
bool model_logged(const model_t *self, const char *digits);
/*  Did this happen to the line (MODEL_NONE: to any) within the span? */
bool model_because(const model_t *self, int line, model_cause_t cause, int64_t from, int64_t to);
/*  Finds the text that a body belongs to, by its tag; MODEL_NONE: there is none with this very
    body. */
int model_text_of(const model_t *self, op_str_t body);
/*  May it be a part of a text that came to the number? `broken`: of one that cannot be read
    whole. */
bool model_is_part(const model_t *self, int number, const model_shown_t *shown, bool broken);
/*  Which text is shown, MODEL_NONE: a part of one. Judges who sees it, its body, people and id, but
    not its status. */
int model_seen(model_t *self, const model_holder_t *holder, const model_shown_t *shown);
/*  Each body is said to be a message once: the index of the text with this id, or MODEL_NONE. */
int model_text_by_id(const model_t *self, op_id_t id);

#endif
