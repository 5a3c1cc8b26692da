/*  An endpoint is in the tree while it has items or is remembered as silent, and in one list at a
    time: `waiting` while one of its items waits, `silent` while it has none at all. */

#include "http/post_slots.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { S_PARTS = 64 }; /* of the slots; with k of them in hand, k parts must be free */

typedef struct op_post_slots_endpoint {
    char *name;
    TAILQ_ENTRY(op_post_slots_endpoint) place;
    op_post_slots_item_t *first, **end; /* that wait */
    size_t running;
    bool is_silent;
} s_endpoint_t;

TAILQ_HEAD(s_endpoints, op_post_slots_endpoint);

struct op_post_slots {
    size_t slots, each;
    void *tree;
    struct s_endpoints waiting, silent;
    size_t silent_count;   /* of the list */
    size_t items, running; /* that wait; that have a slot */
    size_t silent_running; /* slots of silent endpoints */
};

static int s_compare(const void *a, const void *b)
{
    return strcmp(((const s_endpoint_t *)a)->name, ((const s_endpoint_t *)b)->name);
}

static s_endpoint_t *s_endpoint(op_post_slots_t *self, const char *name)
{
    s_endpoint_t *fresh = op_alloc(sizeof *fresh);
    *fresh = (s_endpoint_t){.name = op_strdup(op_str(name))};
    s_endpoint_t **found = tsearch(fresh, &self->tree, s_compare);
    OP_ASSERT(found && "out of memory");
    if (*found != fresh) {
        free(fresh->name);
        free(fresh);
    } else {
        fresh->end = &fresh->first;
    }
    return *found;
}

static void s_forget(op_post_slots_t *self, s_endpoint_t *endpoint)
{
    tdelete(endpoint, &self->tree, s_compare);
    free(endpoint->name);
    free(endpoint);
}

/*  An endpoint without items. */
static void s_rest(op_post_slots_t *self, s_endpoint_t *endpoint)
{
    if (!endpoint->is_silent) {
        s_forget(self, endpoint);
        return;
    }
    TAILQ_INSERT_TAIL(&self->silent, endpoint, place);
    if (++self->silent_count > OP_POST_SLOTS_SILENT) {
        s_endpoint_t *oldest = TAILQ_FIRST(&self->silent);
        TAILQ_REMOVE(&self->silent, oldest, place);
        self->silent_count--;
        s_forget(self, oldest);
    }
}

static op_post_slots_item_t *s_take(op_post_slots_t *self, s_endpoint_t *endpoint)
{
    op_post_slots_item_t *item = endpoint->first;
    endpoint->first = item->next;
    TAILQ_REMOVE(&self->waiting, endpoint, place);
    if (endpoint->first)
        TAILQ_INSERT_TAIL(&self->waiting, endpoint, place); /* behind the others */
    else
        endpoint->end = &endpoint->first;
    self->items--;
    return item;
}

static bool s_may_start(const op_post_slots_t *self, const s_endpoint_t *endpoint)
{
    size_t left = self->slots - self->running;
    if (left == 0 || endpoint->running >= self->each)
        return false;
    if (endpoint->is_silent)
        return endpoint->running == 0 && self->silent_running < (self->slots + 1) / 2;
    return endpoint->running * (self->slots / S_PARTS) < left;
}

op_post_slots_t *op_post_slots_new(size_t slots, size_t each)
{
    OP_ASSERT(slots > 0 && each > 0);
    op_post_slots_t *self = op_alloc(sizeof *self);
    *self = (op_post_slots_t){.slots = slots, .each = each};
    TAILQ_INIT(&self->waiting);
    TAILQ_INIT(&self->silent);
    return self;
}

void op_post_slots_destroy(op_post_slots_t **self_p)
{
    OP_ASSERT(self_p);
    op_post_slots_t *self = *self_p;
    if (!self)
        return;
    OP_ASSERT(self->items == 0 && self->running == 0);
    for (s_endpoint_t *endpoint; (endpoint = TAILQ_FIRST(&self->silent));) {
        TAILQ_REMOVE(&self->silent, endpoint, place);
        s_forget(self, endpoint);
    }
    free(self);
    *self_p = NULL;
}

void op_post_slots_wait(op_post_slots_t *self, const char *name, op_post_slots_item_t *item)
{
    s_endpoint_t *endpoint = s_endpoint(self, name);
    if (endpoint->is_silent && !endpoint->first && endpoint->running == 0) {
        TAILQ_REMOVE(&self->silent, endpoint, place);
        self->silent_count--;
    }
    if (!endpoint->first)
        TAILQ_INSERT_TAIL(&self->waiting, endpoint, place);
    *item = (op_post_slots_item_t){.endpoint = endpoint};
    *endpoint->end = item;
    endpoint->end = &item->next;
    self->items++;
}

op_post_slots_item_t *op_post_slots_start(op_post_slots_t *self)
{
    s_endpoint_t *endpoint = TAILQ_FIRST(&self->waiting);
    while (endpoint && !s_may_start(self, endpoint))
        endpoint = self->running < self->slots ? TAILQ_NEXT(endpoint, place) : NULL;
    if (!endpoint)
        return NULL;
    endpoint->running++;
    self->running++;
    self->silent_running += endpoint->is_silent;
    return s_take(self, endpoint);
}

void op_post_slots_end(op_post_slots_t *self, op_post_slots_item_t *item, bool answered)
{
    s_endpoint_t *endpoint = item->endpoint;
    OP_ASSERT(endpoint->running > 0);
    self->silent_running -= endpoint->is_silent ? endpoint->running : 0;
    endpoint->running--;
    self->running--;
    endpoint->is_silent = !answered;
    self->silent_running += endpoint->is_silent ? endpoint->running : 0;
    if (endpoint->running == 0 && !endpoint->first)
        s_rest(self, endpoint);
}

op_post_slots_item_t *op_post_slots_drop(op_post_slots_t *self)
{
    s_endpoint_t *endpoint = TAILQ_FIRST(&self->waiting);
    if (!endpoint)
        return NULL;
    op_post_slots_item_t *item = s_take(self, endpoint);
    if (endpoint->running == 0 && !endpoint->first)
        s_rest(self, endpoint);
    return item;
}

size_t op_post_slots_waiting(const op_post_slots_t *self)
{
    return self->items;
}

size_t op_post_slots_running(const op_post_slots_t *self)
{
    return self->running;
}
