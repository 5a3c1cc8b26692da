#include "transport/trace.h"

#include <string.h>
#include <xxhash.h>

#define OP_DECLARE_TABLES
#include "transport/declare.h"

#include "transport/trace.def"

#include "transport/undeclare.h"

static const op_type_t *const s_types[] = {
#define OP_DECLARE_LIST
#include "transport/declare.h"

#include "transport/trace.def"

#include "transport/undeclare.h"
};

enum { MAGIC_SIZE = 4, SIZE_AT = 4, SIZE_SIZE = 4, SUM_AT = 8, SUM_SIZE = 8, TYPE_SIZE = 2 };

_Static_assert(sizeof OP_TRACE_MAGIC == MAGIC_SIZE + 1, "the magic has four octets");
_Static_assert(OP_TRACE_HEAD == SUM_AT + SUM_SIZE, "the checksum ends the head");

const char *op_trace_what_name(uint64_t what)
{
    static const char *const names[] = {NULL,    "start",  "receive", "tick",
                                        "drain", "commit", "send"};
    return what < OP_COUNT(names) ? names[what] : NULL;
}

const op_type_t *op_trace_type(uint64_t number)
{
    return op_type_numbered(s_types, OP_COUNT(s_types), number);
}

const op_type_t *const *op_trace_types(size_t *count)
{
    *count = OP_COUNT(s_types);
    return s_types;
}

/*  ---- Framing ---- */

static uint64_t s_sum(op_str_t payload)
{
    return XXH3_64bits(payload.at, payload.size);
}

static void s_put(char *at, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (char)(uint8_t)(number >> (8 * (size - 1 - i)));
}

static uint64_t s_number(const char *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | (uint8_t)at[i];
    return number;
}

/*  The payload is encoded where it stays; its size and sum are filled in behind it. */
void op_trace_add(const op_type_t *type, const void *value, op_buf_t *out)
{
    static const char head[OP_TRACE_HEAD + 1] = OP_TRACE_MAGIC;
    size_t start = out->size;
    op_buf_add(out, head, OP_TRACE_HEAD);
    op_buf_add_byte(out, (uint8_t)(type->number >> 8));
    op_buf_add_byte(out, (uint8_t)type->number);
    op_encode(type, value, out);
    op_str_t payload =
        op_str_of(out->at + start + OP_TRACE_HEAD, out->size - start - OP_TRACE_HEAD);
    OP_ASSERT(payload.size <= OP_TRACE_PAYLOAD_MAX);
    s_put(out->at + start + SIZE_AT, payload.size, SIZE_SIZE);
    s_put(out->at + start + SUM_AT, s_sum(payload), SUM_SIZE);
}

/*  ---- Reading ---- */

static op_trace_read_t s_bad(const char **reason, const char *why)
{
    *reason = why;
    return OP_TRACE_BAD;
}

static op_trace_read_t s_open(op_str_t payload, op_arena_t *arena, op_trace_record_t *record,
                              const char **reason)
{
    record->type = op_trace_type((uint64_t)(uint8_t)payload.at[0] << 8 | (uint8_t)payload.at[1]);
    if (!record->type)
        return s_bad(reason, "a record of a type that this build does not know");
    op_str_t rest = op_str_of(payload.at + TYPE_SIZE, payload.size - TYPE_SIZE);
    void *value = op_arena_room(arena, record->type->size);
    if (op_decode(record->type, &rest, arena, value) != OP_DECODE_OK || rest.size)
        return s_bad(reason, "a record that does not decode");
    record->value = value;
    return OP_TRACE_RECORD;
}

op_trace_read_t op_trace_read(op_str_t *bytes, op_arena_t *arena, op_trace_record_t *record,
                              const char **reason)
{
    size_t begun = bytes->size < MAGIC_SIZE ? bytes->size : MAGIC_SIZE;
    if (begun && memcmp(bytes->at, OP_TRACE_MAGIC, begun) != 0)
        return s_bad(reason, "no record begins here");
    if (bytes->size < OP_TRACE_HEAD)
        return OP_TRACE_MORE;
    size_t size = (size_t)s_number(bytes->at + SIZE_AT, SIZE_SIZE);
    if (size < TYPE_SIZE || size > OP_TRACE_PAYLOAD_MAX)
        return s_bad(reason, "a record of an impossible size");
    if (bytes->size - OP_TRACE_HEAD < size)
        return OP_TRACE_MORE;
    op_str_t payload = op_str_of(bytes->at + OP_TRACE_HEAD, size);
    if (s_sum(payload) != s_number(bytes->at + SUM_AT, SUM_SIZE))
        return s_bad(reason, "a damaged record: its checksum is wrong");
    op_trace_read_t result = s_open(payload, arena, record, reason);
    if (result != OP_TRACE_RECORD)
        return result;
    record->framed = op_str_of(bytes->at, OP_TRACE_HEAD + size);
    *bytes = op_str_of(bytes->at + record->framed.size, bytes->size - record->framed.size);
    return OP_TRACE_RECORD;
}

size_t op_trace_count(op_str_t bytes)
{
    size_t count = 0, size;
    while (bytes.size >= OP_TRACE_HEAD) {
        size = OP_TRACE_HEAD + (size_t)s_number(bytes.at + SIZE_AT, SIZE_SIZE);
        if (size > bytes.size)
            break;
        bytes = op_str_skip(bytes, size);
        count++;
    }
    return count;
}

size_t op_trace_skip(op_str_t bytes)
{
    for (size_t i = 1; i < bytes.size; i++) {
        size_t left = bytes.size - i;
        if (memcmp(bytes.at + i, OP_TRACE_MAGIC, left < MAGIC_SIZE ? left : MAGIC_SIZE) == 0)
            return i;
    }
    return bytes.size;
}

/*  ---- The header ---- */

int op_trace_header_check(const op_trace_header_t *header, char error[OP_TRACE_ERROR])
{
    op_buf_t text = {0};
    op_hash_t ours;
    op_catalogue_hash(&ours);
    if (header->format != OP_TRACE_FORMAT)
        op_buf_printf(&text, "the trace has format %llu, this build reads format %d",
                      (unsigned long long)header->format, OP_TRACE_FORMAT);
    else if (memcmp(&ours, &header->catalogue, sizeof ours) != 0)
        op_buf_printf(&text,
                      "the trace was recorded by a build with other messages (%.*s): "
                      "it can only be read by a build with the same ones",
                      (int)header->build.size, header->build.at);
    bool good = text.size == 0;
    op_str_copy(op_buf_str(&text), error, OP_TRACE_ERROR);
    op_buf_free(&text);
    return good ? 0 : -1;
}
