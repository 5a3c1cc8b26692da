#include "store/check.h"

#include "store/record.h"
#include "store/records.h"
#include "store/schema.h"

#include <stdio.h>

static const op_type_t *s_type(op_str_t value)
{
    size_t count;
    const op_type_t *const *types = op_record_types(&count);
    unsigned number = (unsigned)((uint8_t)value.at[8] << 8 | (uint8_t)value.at[9]);
    for (size_t i = 0; i < count; i++)
        if (types[i]->number == number)
            return types[i];
    return NULL;
}

const char *op_check_row(op_str_t value)
{
    if (value.size < OP_RECORD_HEAD)
        return "too short";
    const op_type_t *type = s_type(value);
    if (!type)
        return "no record that this program knows";
    op_arena_t arena = {0};
    void *row = op_arena_alloc(&arena, type->size);
    const char *wrong = op_record_open(type, value, &arena, row);
    op_arena_free(&arena);
    return wrong;
}

/*  Keys hold phones and hashes: the operator gets to know which actor's row it is, no more. */
static int s_wrong(op_str_t key, const char *what, uint64_t row, char error[256])
{
    int name = 0;
    while ((size_t)name < key.size && key.at[name] >= 'a' && key.at[name] <= 'z')
        name++;
    snprintf(error, 256, "row %llu (%.*s): %s", (unsigned long long)row, name, name ? key.at : "",
             what);
    return -1;
}

int op_check_store(op_store_t *store, op_check_facts_t *facts, char error[256])
{
    *facts = (op_check_facts_t){0};
    op_str_t key, value;
    int rc = 0;
    op_store_range_t *range = op_store_range(store, (op_str_t){0}, (op_str_t){0}, false);
    const char *wrong = NULL;
    while (!wrong && (rc = op_store_range_next(range, &key, &value)) > 0) {
        facts->rows++;
        facts->bytes += key.size + value.size;
        wrong = op_check_row(value);
        if (wrong)
            rc = s_wrong(key, wrong, facts->rows, error);
    }
    if (rc < 0 && !wrong)
        snprintf(error, 256, "%s", op_store_error(store));
    op_store_range_destroy(&range);
    if (rc == 0 && facts->rows)
        rc = op_schema_check(store, error);
    return rc;
}
