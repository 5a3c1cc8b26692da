#include "tests/simulation/sim_queue.h"

#include <stdlib.h>
#include <string.h>

static bool s_before(const sim_event_t *a, const sim_event_t *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void sim_queue_put(sim_queue_t *self, int64_t at, int kind, uint64_t a, uint64_t b, op_str_t bytes)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 256;
        self->heap = op_realloc(self->heap, self->capacity * sizeof *self->heap);
    }
    sim_event_t event = {.at = at, .order = self->order++, .kind = kind, .a = a, .b = b};
    if (bytes.size) {
        event.bytes = op_alloc(bytes.size);
        memcpy(event.bytes, bytes.at, bytes.size);
        event.size = bytes.size;
    }
    size_t place = self->count++;
    while (place && s_before(&event, &self->heap[(place - 1) / 2])) {
        self->heap[place] = self->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    self->heap[place] = event;
}

int64_t sim_queue_next(const sim_queue_t *self)
{
    return self->count ? self->heap[0].at : 0;
}

sim_event_t sim_queue_take(sim_queue_t *self)
{
    OP_ASSERT(self->count);
    sim_event_t first = self->heap[0], last = self->heap[--self->count];
    size_t place = 0, child;
    while ((child = 2 * place + 1) < self->count) {
        if (child + 1 < self->count && s_before(&self->heap[child + 1], &self->heap[child]))
            child++;
        if (!s_before(&self->heap[child], &last))
            break;
        self->heap[place] = self->heap[child];
        place = child;
    }
    self->heap[place] = last;
    return first;
}

void sim_queue_free(sim_queue_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->heap[i].bytes);
    free(self->heap);
    *self = (sim_queue_t){0};
}
