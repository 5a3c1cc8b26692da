/*  Request bodies. Property: each message that a route takes is read or refused with a fault that
    names an error and no field but a declared one; what was read holds only valid UTF-8 within
    bounds, prints as JSON that a parser takes, and when that is read again, it is the same
    value. */

#include "tests/fuzz/fuzz.h"
#include "tests/value_fixture.h"

#include "base/utf8.h"
#include "http/routes.h"
#include "transport/json.h"

#include <jansson.h>

static void s_check_fault(const op_type_t *type, const op_json_fault_t *fault)
{
    FUZZ_CHECK(fault->error > OP_OK && fault->error < OP_ERROR_END);
    bool known = fault->field == NULL;
    for (size_t i = 0; i < type->field_count; i++)
        known |= fault->field && strcmp(type->fields[i].name, fault->field) == 0;
    FUZZ_CHECK(known);
}

static void s_check_strings(const op_type_t *type, const char *value)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        if (field->kind < OP_KIND_TEXT || field->kind > OP_KIND_SECRET)
            continue;
        op_str_t text;
        memcpy(&text, value + field->offset, sizeof text);
        FUZZ_CHECK(text.size <= field->max && op_utf8_count(text) >= 0);
        FUZZ_CHECK(text.size == 0 || !memchr(text.at, 0, text.size));
    }
}

static void s_again(const op_type_t *type, const void *value)
{
    op_arena_t arena = {0};
    op_buf_t text = {0};
    op_json_fault_t fault;
    json_error_t error;
    op_json_print(type, value, &text);
    json_t *json = json_loadb(text.at, text.size, JSON_REJECT_DUPLICATES, &error);
    FUZZ_CHECK(json && json_is_object(json));
    json_decref(json);
    void *again = op_arena_alloc(&arena, type->size);
    if (op_json_read(type, op_buf_str(&text), NULL, &arena, again, &fault) == 0)
        FUZZ_CHECK(value_equal(type, value, again));
    else /* an id of zeros is none, and printed as null */
        s_check_fault(type, &fault);
    op_buf_free(&text);
    op_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int name = 0; name < OP_ROUTE_END; name++) {
        const op_type_t *type = op_route((op_route_name_t)name)->request;
        op_arena_t arena = {0};
        op_json_fault_t fault = {0};
        void *value = op_arena_alloc(&arena, type->size);
        if (op_json_read(type, op_str_of(data, size), NULL, &arena, value, &fault) == 0) {
            s_check_strings(type, value);
            s_again(type, value);
        } else {
            s_check_fault(type, &fault);
        }
        op_arena_free(&arena);
    }
    return 0;
}
