/*  The records of a trace: there and back, cut anywhere, changed anywhere, behind garbage. */

#include "transport/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const op_trace_event_t s_receive = {.actor = 3,
                                           .what = OP_TRACE_RECEIVE,
                                           .at = 1779304492000,
                                           .entropy = {{1, 2, 3}},
                                           .bytes = {"a frame", 7}};

/*  One of each type, and the events that differ. */
static void s_fill(op_buf_t *out)
{
    op_trace_header_t header = {
        .format = OP_TRACE_FORMAT, .build = OP_STR("opd 1"), .started = 1779304490000};
    op_catalogue_hash(&header.catalogue);
    op_trace_actor_t actor = {3, OP_STR("ledger"), OP_STR("ledger"), 0};
    op_trace_row_t row = {3, OP_STR("ledger/a\0b"), OP_STR("\x01\x02")};
    op_trace_event_t start = {.actor = 3,
                              .what = OP_TRACE_START,
                              .at = 1779304490000,
                              .type = 0x402,
                              .bytes = OP_STR("\x90")};
    op_trace_event_t commit = {.actor = 3, .what = OP_TRACE_COMMIT, .at = 1779304492000};
    op_trace_digest_t digest = {3, 1, {{9, 8, 7}}};
    op_trace_add(&op_trace_header_type, &header, out);
    op_trace_add(&op_trace_actor_type, &actor, out);
    op_trace_add(&op_trace_row_type, &row, out);
    op_trace_add(&op_trace_event_type, &start, out);
    op_trace_add(&op_trace_event_type, &s_receive, out);
    op_trace_add(&op_trace_event_type, &commit, out);
    op_trace_add(&op_trace_digest_type, &digest, out);
}

enum { RECORDS = 7 };

/*  A copy with nothing behind it, so that a sanitizer sees one octet too many. */
static char *s_exact(const char *at, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, at, size);
    return copy;
}

static void test_there_and_back(void **state)
{
    (void)state;
    op_buf_t out = {0}, again = {0};
    op_arena_t arena = {0};
    s_fill(&out);
    const op_type_t *const types[RECORDS] = {
        &op_trace_header_type, &op_trace_actor_type, &op_trace_row_type,   &op_trace_event_type,
        &op_trace_event_type,  &op_trace_event_type, &op_trace_digest_type};
    op_str_t rest = op_buf_str(&out);
    op_trace_record_t record;
    const char *reason = NULL;
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_RECORD);
        assert_ptr_equal(record.type, types[i]);
        size_t before = again.size;
        op_trace_add(record.type, record.value, &again);
        assert_true(op_str_equal(record.framed, op_str_of(again.at + before, again.size - before)));
        if (i == 4) {
            const op_trace_event_t *event = record.value;
            assert_int_equal(event->actor, s_receive.actor);
            assert_int_equal(event->what, s_receive.what);
            assert_int_equal(event->at, s_receive.at);
            assert_memory_equal(&event->entropy, &s_receive.entropy, sizeof event->entropy);
            assert_true(op_str_equal(event->bytes, s_receive.bytes));
        }
    }
    assert_int_equal(rest.size, 0);
    assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_MORE);
    assert_null(reason);
    assert_true(op_str_equal(op_buf_str(&out), op_buf_str(&again)));
    op_buf_free(&out);
    op_buf_free(&again);
    op_arena_free(&arena);
}

/*  The longest record that there can be. */
static void test_longest(void **state)
{
    (void)state;
    op_buf_t out = {0};
    op_arena_t arena = {0};
    char *bytes = op_alloc(OP_TRACE_BYTES_MAX);
    memset(bytes, 'x', OP_TRACE_BYTES_MAX);
    op_str_t longest = op_str_of(bytes, OP_TRACE_BYTES_MAX);
    op_trace_row_t row = {UINT64_MAX, longest, longest};
    op_trace_add(&op_trace_row_type, &row, &out);
    op_str_t rest = op_buf_str(&out);
    op_trace_record_t record;
    const char *reason;
    assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_RECORD);
    assert_true(op_str_equal(((const op_trace_row_t *)record.value)->value, longest));
    assert_int_equal(record.framed.size, out.size);
    free(bytes);
    op_buf_free(&out);
    op_arena_free(&arena);
}

/*  Reads `bytes` to their end over whatever is bad. How many whole records, and gaps. */
static size_t s_read_on(op_str_t bytes, size_t *gaps, op_trace_read_t *end)
{
    op_arena_t arena = {0};
    op_trace_record_t record;
    const char *reason;
    size_t records = 0;
    *gaps = 0;
    while ((*end = op_trace_read(&bytes, &arena, &record, &reason)) != OP_TRACE_MORE) {
        if (*end == OP_TRACE_RECORD) {
            records++;
        } else {
            assert_true(strlen(reason) > 0);
            ++*gaps;
            size_t size = op_trace_skip(bytes);
            assert_true(size >= 1 && size <= bytes.size);
            bytes = op_str_of(bytes.at + size, bytes.size - size);
        }
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
    return records;
}

/*  Where each record ends. */
static void s_ends(op_str_t bytes, size_t ends[RECORDS])
{
    op_arena_t arena = {0};
    op_trace_record_t record;
    const char *reason;
    size_t all = bytes.size;
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(op_trace_read(&bytes, &arena, &record, &reason), OP_TRACE_RECORD);
        ends[i] = all - bytes.size;
    }
    op_arena_free(&arena);
}

static void test_every_prefix(void **state)
{
    (void)state;
    op_buf_t out = {0};
    s_fill(&out);
    size_t ends[RECORDS];
    s_ends(op_buf_str(&out), ends);
    for (size_t size = 0; size <= out.size; size++) {
        char *exact = s_exact(out.at, size);
        size_t gaps, whole = 0;
        op_trace_read_t end;
        while (whole < RECORDS && ends[whole] <= size)
            whole++;
        assert_int_equal(s_read_on(op_str_of(exact, size), &gaps, &end), whole);
        assert_int_equal(gaps, 0);
        free(exact);
    }
    op_buf_free(&out);
}

/*  Every octet changed, in several ways: its record is never taken for a good one. All the others
    are found behind the gap, unless a size was changed so that the record seems to go on. */
static void test_every_flip(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x10, 0x80, 0xff};
    op_buf_t out = {0};
    s_fill(&out);
    size_t ends[RECORDS];
    s_ends(op_buf_str(&out), ends);
    char *exact = s_exact(out.at, out.size);
    for (size_t i = 0; i < out.size; i++)
        for (size_t m = 0; m < OP_COUNT(masks); m++) {
            exact[i] = (char)((uint8_t)out.at[i] ^ masks[m]);
            size_t in = 0, gaps;
            while (ends[in] <= i)
                in++;
            op_trace_read_t end;
            size_t records = s_read_on(op_str_of(exact, out.size), &gaps, &end);
            size_t at = i - (in ? ends[in - 1] : 0);
            if (at >= 4 && at < 8 && gaps == 0)
                assert_int_equal(records, in); /* waits for the rest of it */
            else
                assert_int_equal(records, RECORDS - 1);
            exact[i] = out.at[i];
        }
    free(exact);
    op_buf_free(&out);
}

static void s_refused(op_str_t bytes, const char *wanted)
{
    op_arena_t arena = {0};
    op_trace_record_t record;
    const char *reason = NULL;
    op_str_t rest = bytes;
    assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_BAD);
    assert_non_null(reason);
    if (!strstr(reason, wanted))
        fail_msg("%s", reason);
    assert_ptr_equal(rest.at, bytes.at);
    assert_int_equal(rest.size, bytes.size);
    op_arena_free(&arena);
}

/*  Records with a right checksum and a payload that no writer makes. */
static void test_well_framed_nonsense(void **state)
{
    (void)state;
    static const op_type_t no_fields = {.name = "none", .number = 0x5ff};
    static const op_field_t text = {"x", OP_KIND_U64, OP_REQUIRED, 0, 0, NULL, "", NULL};
    static const op_type_t wrong = {"wrong", 0x502, sizeof(uint64_t[3]), &text, 1, ""};
    op_buf_t out = {0};
    op_trace_add(&no_fields, "", &out);
    s_refused(op_buf_str(&out), "does not know");
    op_buf_clear(&out);
    uint64_t value[3] = {7, 7, 7};
    const op_field_t fields[] = {text, {"y", OP_KIND_U64, OP_REQUIRED, 8, 0, NULL, "", NULL}};
    const op_type_t keyless = {"keyless", 0x502, sizeof value, fields, 2, ""};
    op_trace_add(&keyless, value, &out); /* a number for a row's key */
    s_refused(op_buf_str(&out), "does not decode");
    op_buf_clear(&out);
    op_trace_add(&wrong, value, &out); /* fields that are missing have their defaults */
    op_str_t rest = op_buf_str(&out);
    op_arena_t arena = {0};
    op_trace_record_t record;
    const char *reason;
    assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_RECORD);
    assert_int_equal(((const op_trace_row_t *)record.value)->actor, 7);
    op_arena_free(&arena);
    op_buf_free(&out);
}

static void test_garbage(void **state)
{
    (void)state;
    static const char empty[OP_TRACE_HEAD + 1] = OP_TRACE_MAGIC;
    static const char huge[OP_TRACE_HEAD + 1] = OP_TRACE_MAGIC "\xff\xff\xff\xff";
    s_refused(OP_STR("\x00"), "no record begins here");
    s_refused(OP_STR("plain text, and some of it"), "no record begins here");
    s_refused(OP_STR("\xf0OPp"), "no record begins here");
    s_refused(op_str_of(empty, OP_TRACE_HEAD), "impossible size");
    s_refused(op_str_of(huge, OP_TRACE_HEAD), "impossible size");

    /* In front of records, between them, and a beginning of the magic at the end. */
    op_buf_t out = {0};
    op_buf_add_str(&out, OP_STR("garbage \xf0O"));
    s_fill(&out);
    op_buf_add_str(&out, OP_STR("\xf0\xf0OP"));
    s_fill(&out);
    op_buf_add_str(&out, OP_STR("\xf0O"));
    size_t gaps;
    op_trace_read_t end;
    assert_int_equal(s_read_on(op_buf_str(&out), &gaps, &end), 2 * RECORDS);
    assert_true(gaps >= 2);
    op_buf_free(&out);

    assert_int_equal(op_trace_skip(OP_STR("x")), 1);
    assert_int_equal(op_trace_skip(OP_STR("xyz\xf0O")), 3);
    assert_int_equal(op_trace_skip(OP_STR(OP_TRACE_MAGIC OP_TRACE_MAGIC)), 4);
}

static void test_header_check(void **state)
{
    (void)state;
    char error[OP_TRACE_ERROR];
    op_trace_header_t header = {.format = OP_TRACE_FORMAT, .build = OP_STR("opd 0.0.7")};
    op_catalogue_hash(&header.catalogue);
    assert_int_equal(op_trace_header_check(&header, error), 0);
    assert_string_equal(error, "");
    header.catalogue.bytes[31] ^= 1;
    assert_int_equal(op_trace_header_check(&header, error), -1);
    assert_non_null(strstr(error, "other messages (opd 0.0.7)"));
    header.format++;
    assert_int_equal(op_trace_header_check(&header, error), -1);
    assert_non_null(strstr(error, "has format 3, this build reads format 2"));
}

static void test_names(void **state)
{
    (void)state;
    size_t count;
    const op_type_t *const *types = op_trace_types(&count);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(op_trace_type(types[i]->number), types[i]);
        assert_null(op_message_type(types[i]->number)); /* they do not travel */
    }
    assert_null(op_trace_type(0));
    assert_null(op_trace_type(0x101));
    assert_null(op_trace_what_name(0));
    assert_string_equal(op_trace_what_name(OP_TRACE_START), "start");
    assert_string_equal(op_trace_what_name(OP_TRACE_SEND), "send");
    assert_null(op_trace_what_name(OP_TRACE_SEND + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_every_prefix),   cmocka_unit_test(test_every_flip),
        cmocka_unit_test(test_garbage),        cmocka_unit_test(test_well_framed_nonsense),
        cmocka_unit_test(test_header_check),   cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
