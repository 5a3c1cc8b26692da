/*  A row has a few places, together a set, chosen by its key's hash. The most recently used of a set
    stands first, and the last one gives way. */

#include "actors/row_cache.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { WAYS = 4, SETS = OP_ROW_CACHE_ROWS / WAYS };

typedef struct op_cached_row {
    uint64_t hash;
    size_t key_size;
    size_t value_size;
    bool absent;
    size_t capacity; /* of `bytes` */
    char bytes[];    /* the key, then the value */
} s_row_t;

static s_row_t **s_set(const op_row_cache_t *self, uint64_t hash)
{
    return self->rows + hash % SETS * WAYS;
}

static uint64_t s_hash(op_str_t key)
{
    return XXH3_64bits(key.at, key.size);
}

/*  The key's place in its set, WAYS: it has none. */
static size_t s_find(s_row_t *const *set, uint64_t hash, op_str_t key)
{
    size_t way = 0;
    while (way < WAYS && !(set[way] && set[way]->hash == hash &&
                           op_str_equal(op_str_of(set[way]->bytes, set[way]->key_size), key)))
        way++;
    return way;
}

static void s_to_front(s_row_t **set, size_t way)
{
    s_row_t *row = set[way];
    memmove(set + 1, set, way * sizeof(s_row_t *));
    set[0] = row;
}

/*  Into that place of the set, over what is in it. */
static void s_fill(s_row_t **set, size_t way, uint64_t hash, op_str_t key, op_str_t value)
{
    size_t size = key.size + value.size;
    s_row_t *row = set[way];
    if (size > OP_ROW_CACHE_BYTES) {
        free(row);
        set[way] = NULL;
        return;
    }
    if (!row || row->capacity < size) {
        free(row);
        row = set[way] = op_alloc(sizeof *row + size);
        row->capacity = size;
    }
    row->hash = hash;
    row->key_size = key.size;
    row->value_size = value.size;
    row->absent = !value.at;
    memcpy(row->bytes, key.at, key.size);
    if (value.size)
        memcpy(row->bytes + key.size, value.at, value.size);
}

bool op_row_cache_get(op_row_cache_t *self, op_str_t key, op_str_t *value)
{
    if (!self->rows)
        return false;
    uint64_t hash = s_hash(key);
    s_row_t **set = s_set(self, hash);
    size_t way = s_find(set, hash, key);
    if (way == WAYS)
        return false;
    s_to_front(set, way);
    *value = set[0]->absent ? (op_str_t){0}
                            : op_str_of(set[0]->bytes + set[0]->key_size, set[0]->value_size);
    return true;
}

void op_row_cache_put(op_row_cache_t *self, op_str_t key, op_str_t value)
{
    if (!self->rows) {
        self->rows = op_alloc(OP_ROW_CACHE_ROWS * sizeof *self->rows);
        memset(self->rows, 0, OP_ROW_CACHE_ROWS * sizeof *self->rows);
    }
    uint64_t hash = s_hash(key);
    s_row_t **set = s_set(self, hash);
    size_t way = s_find(set, hash, key);
    if (way == WAYS)
        way = WAYS - 1;
    s_fill(set, way, hash, key, value);
    s_to_front(set, way);
}

void op_row_cache_update(op_row_cache_t *self, op_str_t key, op_str_t value)
{
    if (!self->rows)
        return;
    uint64_t hash = s_hash(key);
    s_row_t **set = s_set(self, hash);
    size_t way = s_find(set, hash, key);
    if (way < WAYS)
        s_fill(set, way, hash, key, value);
}

void op_row_cache_free(op_row_cache_t *self)
{
    for (size_t i = 0; self->rows && i < OP_ROW_CACHE_ROWS; i++)
        free(self->rows[i]);
    free(self->rows);
    *self = (op_row_cache_t){0};
}
