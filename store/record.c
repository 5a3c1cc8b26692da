#include "store/record.h"

#include <sodium.h>
#include <string.h>

/*  The checksum finds accidents, not forgers: its key is no secret. */
static const uint8_t s_key[crypto_shorthash_KEYBYTES] = "OP record sum 1";

static void s_sum(op_str_t bytes, uint8_t sum[crypto_shorthash_BYTES])
{
    crypto_shorthash(sum, (const uint8_t *)bytes.at, bytes.size, s_key);
}

void op_record_seal(const op_type_t *type, const void *value, op_buf_t *out)
{
    size_t start = out->size;
    uint8_t head[OP_RECORD_HEAD] = {0};
    head[8] = (uint8_t)(type->number >> 8);
    head[9] = (uint8_t)type->number;
    head[10] = OP_RECORD_FORM;
    op_buf_add(out, head, sizeof head);
    op_encode(type, value, out);
    uint8_t sum[crypto_shorthash_BYTES];
    s_sum(op_str_of(out->at + start + 8, out->size - start - 8), sum);
    memcpy(out->at + start, sum, sizeof sum);
}

const char *op_record_verify(op_str_t bytes)
{
    if (bytes.size < OP_RECORD_HEAD)
        return "too short";
    uint8_t sum[crypto_shorthash_BYTES];
    s_sum(op_str_of(bytes.at + 8, bytes.size - 8), sum);
    return memcmp(sum, bytes.at, sizeof sum) == 0 ? NULL : "checksum mismatch";
}

const char *op_record_read(const op_type_t *type, op_str_t bytes, op_arena_t *arena, void *value)
{
    if (bytes.size < OP_RECORD_HEAD)
        return "too short";
    const uint8_t *head = (const uint8_t *)bytes.at;
    if ((head[8] << 8 | head[9]) != type->number)
        return "another kind of record";
    if (head[10] != OP_RECORD_FORM)
        return "written by another version";
    op_str_t rest = op_str_skip(bytes, OP_RECORD_HEAD);
    op_decode_t result = op_decode(type, &rest, arena, value);
    if (result != OP_DECODE_OK)
        return op_decode_text(result);
    return rest.size ? "bytes behind the record" : NULL;
}

const char *op_record_open(const op_type_t *type, op_str_t bytes, op_arena_t *arena, void *value)
{
    const char *damage = op_record_verify(bytes);
    return damage ? damage : op_record_read(type, bytes, arena, value);
}
