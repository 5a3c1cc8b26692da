#include "actors/overlay.h"

#include <stdlib.h>
#include <string.h>

size_t op_overlay_find(const op_overlay_t *self, op_str_t key)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (op_str_compare(self->rows[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool s_holds(const op_overlay_t *self, size_t place, op_str_t key)
{
    return place < self->count && op_str_equal(self->rows[place].key, key);
}

int op_overlay_get(const op_overlay_t *self, op_str_t key, op_str_t *value)
{
    size_t place = op_overlay_find(self, key);
    if (!s_holds(self, place, key))
        return 0;
    *value = self->rows[place].value;
    return 1;
}

static void s_remember(op_overlay_t *self, op_overlay_undo_t undo)
{
    if (self->undo_count == self->undo_capacity) {
        self->undo_capacity = self->undo_capacity ? 2 * self->undo_capacity : 64;
        self->undo = op_realloc(self->undo, self->undo_capacity * sizeof *self->undo);
    }
    self->undo[self->undo_count++] = undo;
}

static void s_insert(op_overlay_t *self, size_t place, op_overlay_row_t row)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 64;
        self->rows = op_realloc(self->rows, self->capacity * sizeof *self->rows);
    }
    memmove(self->rows + place + 1, self->rows + place, (self->count - place) * sizeof *self->rows);
    self->rows[place] = row;
    self->count++;
}

static void s_write(op_overlay_t *self, op_str_t key, op_str_t value)
{
    size_t place = op_overlay_find(self, key);
    if (s_holds(self, place, key)) {
        s_remember(self, (op_overlay_undo_t){self->rows[place].key, self->rows[place].value, true});
        self->rows[place].value = value;
        return;
    }
    op_overlay_row_t row = {op_arena_copy(self->arena, key), value};
    s_remember(self, (op_overlay_undo_t){row.key, {0}, false});
    s_insert(self, place, row);
}

void op_overlay_put(op_overlay_t *self, op_str_t key, op_str_t value)
{
    op_str_t copy = op_arena_copy(self->arena, value);
    if (!copy.at)
        copy.at = "";
    s_write(self, key, copy);
}

void op_overlay_delete(op_overlay_t *self, op_str_t key)
{
    s_write(self, key, (op_str_t){0});
}

void op_overlay_mark(op_overlay_t *self)
{
    self->undo_count = 0;
}

void op_overlay_rollback(op_overlay_t *self)
{
    while (self->undo_count) {
        op_overlay_undo_t undo = self->undo[--self->undo_count];
        size_t place = op_overlay_find(self, undo.key);
        OP_ASSERT(s_holds(self, place, undo.key));
        if (undo.existed)
            self->rows[place].value = undo.before;
        else {
            self->count--;
            memmove(self->rows + place, self->rows + place + 1,
                    (self->count - place) * sizeof *self->rows);
        }
    }
}

void op_overlay_batch(const op_overlay_t *self, op_batch_t *batch)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->rows[i].value.at)
            op_batch_put(batch, self->rows[i].key, self->rows[i].value);
        else
            op_batch_delete(batch, self->rows[i].key);
}

void op_overlay_clear(op_overlay_t *self)
{
    self->count = 0;
    self->undo_count = 0;
}

void op_overlay_free(op_overlay_t *self)
{
    free(self->rows);
    free(self->undo);
    *self = (op_overlay_t){0};
}
