/*  Values of the store. Property: octets are a record of one type or of none, and are refused with
    a word otherwise; what opens is the same record after it has been sealed and opened once more.

    The checksum would keep random octets out for ever, so the input, whose first octet chooses the
    type, is also tried with a head and a checksum that are right. */

#include "tests/fuzz/fuzz.h"
#include "tests/value_fixture.h"

#include "store/record.h"

#include <sodium.h>

/*  The same as in store/record.c; s_frame checks that it is. */
static const uint8_t s_key[crypto_shorthash_KEYBYTES] = "OP record sum 1";

static void s_frame(const op_type_t *type, op_str_t content, op_buf_t *out)
{
    char head[] = {(char)(type->number >> 8), (char)type->number, OP_RECORD_FORM};
    op_buf_t rest = {0};
    op_buf_add(&rest, head, sizeof head);
    op_buf_add_str(&rest, content);
    uint8_t sum[crypto_shorthash_BYTES];
    crypto_shorthash(sum, (const uint8_t *)rest.at, rest.size, s_key);
    op_buf_add(out, sum, sizeof sum);
    op_buf_add(out, rest.at, rest.size);
    op_buf_free(&rest);
}

static void s_check_frame(const op_type_t *type)
{
    uint64_t seed = 1;
    op_arena_t arena = {0};
    op_buf_t sealed = {0}, framed = {0};
    op_record_seal(type, value_make(type, VALUE_TYPICAL, &seed, &arena), &sealed);
    s_frame(type, op_str_of(sealed.at + OP_RECORD_HEAD, sealed.size - OP_RECORD_HEAD), &framed);
    FUZZ_CHECK(op_str_equal(op_buf_str(&sealed), op_buf_str(&framed)));
    op_buf_free(&sealed);
    op_buf_free(&framed);
    op_arena_free(&arena);
}

static void s_again(const op_type_t *type, const void *value)
{
    op_arena_t arena = {0};
    op_buf_t sealed = {0};
    void *again = op_arena_alloc(&arena, type->size);
    op_record_seal(type, value, &sealed);
    FUZZ_CHECK(op_record_open(type, op_buf_str(&sealed), &arena, again) == NULL);
    FUZZ_CHECK(value_equal(type, value, again));
    op_buf_free(&sealed);
    op_arena_free(&arena);
}

/*  How many types take these octets. */
static size_t s_open(op_str_t bytes)
{
    size_t count, opened = 0;
    const op_type_t *const *types = op_record_types(&count);
    for (size_t i = 0; i < count; i++) {
        op_arena_t arena = {0};
        void *value = op_arena_alloc(&arena, types[i]->size);
        const char *wrong = op_record_open(types[i], bytes, &arena, value);
        FUZZ_CHECK(!wrong || *wrong);
        if (!wrong) {
            opened++;
            s_again(types[i], value);
        }
        op_arena_free(&arena);
    }
    return opened;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool checked;
    size_t count;
    op_str_t input = op_str_of(data, size);
    const op_type_t *const *types = op_record_types(&count);
    if (!checked) {
        s_check_frame(types[0]);
        checked = true;
    }
    FUZZ_CHECK(s_open(input) <= 1);
    const op_type_t *type = types[fuzz_octet(&input) % count];
    op_buf_t framed = {0};
    s_frame(type, input, &framed);
    FUZZ_CHECK(s_open(op_buf_str(&framed)) <= 1);
    framed.at[framed.size - 1] ^= 1; /* damage */
    FUZZ_CHECK(s_open(op_buf_str(&framed)) == 0);
    op_buf_free(&framed);
    return 0;
}
