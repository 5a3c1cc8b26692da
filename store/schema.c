#include "store/schema.h"

#include "store/record.h"
#include "store/records.h"

#include <stdio.h>

/*  '!' sorts before every actor's name, so the version is the store's first row. */
static const op_str_t s_key = {"!schema", 7};

static int s_write_version(op_store_t *store)
{
    op_buf_t value = {0};
    op_batch_t batch = {0};
    op_record_seal(&op_schema_row_type, &(op_schema_row_t){OP_SCHEMA_VERSION}, &value);
    op_batch_put(&batch, s_key, op_buf_str(&value));
    int rc = op_store_write(store, &batch, true);
    op_batch_free(&batch);
    op_buf_free(&value);
    return rc;
}

/*  1: no row at all, 0: some, -1: error. */
static int s_is_empty(op_store_t *store)
{
    op_str_t key, value;
    op_store_range_t *range = op_store_range(store, (op_str_t){0}, (op_str_t){0}, false);
    int rc = op_store_range_next(range, &key, &value);
    op_store_range_destroy(&range);
    return rc < 0 ? -1 : !rc;
}

static int s_compare(op_str_t value, char error[256])
{
    op_arena_t arena = {0};
    op_schema_row_t row;
    const char *damage = op_record_open(&op_schema_row_type, value, &arena, &row);
    op_arena_free(&arena);
    if (damage) {
        snprintf(error, 256, "the store's version row is damaged (%s); restore a backup", damage);
        return -1;
    }
    if (row.version != OP_SCHEMA_VERSION) {
        snprintf(error, 256, "the store has version %llu, this program reads version %d",
                 (unsigned long long)row.version, OP_SCHEMA_VERSION);
        return -1;
    }
    return 0;
}

int op_schema_check(op_store_t *store, char error[256])
{
    op_buf_t value = {0};
    int found = op_store_get(store, s_key, &value);
    int rc = -1;
    if (found > 0)
        rc = s_compare(op_buf_str(&value), error);
    else {
        int empty = found < 0 ? -1 : s_is_empty(store);
        if (empty == 0)
            snprintf(error, 256, "the store holds data, but not OP's");
        else if (empty < 0 || s_write_version(store) != 0)
            snprintf(error, 256, "%s", op_store_error(store));
        else
            rc = 0;
    }
    op_buf_free(&value);
    return rc;
}
