/*  The ledger actor: showing messages, one and by the page. The test plays all others. */

#include "tests/ledger_fixture.h"

enum { MANY = 60 };

/*  Ids of messages, in the order in which they came about. */
typedef struct {
    op_id_t at[2 * MANY];
    size_t count;
} ids_t;

/*  The inbound message that the last tell made. */
static op_id_t s_received(const char *body)
{
    s_receive(FIRST, PEER, body);
    const op_number_event_t *event = CORE_FIND(&s_core, "webhook", number_event, 0);
    assert_non_null(event);
    return event->message.id;
}

/*  Fills a scope with messages, one in three outbound. */
static ids_t s_fill(const op_context_t *key, size_t count)
{
    ids_t ids = {.count = 0};
    while (ids.count < count) {
        core_advance(&s_core, ids.count % 5 ? 10 : 0); /* some in one millisecond */
        if (ids.count % 3 == 0 && ids.count < 3 * QUEUE_MAX) {
            sent_t sent = s_send(key, PEER);
            ids.at[ids.count++] = sent.id;
        } else {
            ids.at[ids.count] = s_received("in");
            ids.count++;
        }
    }
    return ids;
}

static op_context_t s_key;

static const op_messages_view_t *s_page(const char *direction, const char *cursor, uint64_t limit)
{
    op_message_list_t list = {op_str(direction), op_str(cursor), limit};
    return CORE_ASK(&s_core, &s_key, message_list, &list, messages_view, OP_STEP_LEDGER_MESSAGES);
}

/*  Walks all pages and expects exactly `wanted`, newest first; `meanwhile` new ones arrive per
    page. */
static void s_expect_pages(const char *direction, uint64_t limit, const ids_t *wanted,
                           size_t meanwhile)
{
    char cursor[OP_CURSOR_MAX + 1] = "";
    size_t seen = 0;
    do {
        const op_messages_view_t *page = s_page(direction, cursor, limit);
        assert_true(page->data.count <= (limit ? limit : 20));
        for (size_t i = 0; i < page->data.count; i++, seen++) {
            assert_true(seen < wanted->count);
            assert_true(op_id_equal(page->data.at[i].id, wanted->at[wanted->count - 1 - seen]));
        }
        if (page->next_cursor.size)
            assert_int_equal(page->data.count, limit ? limit : 20);
        op_str_copy(page->next_cursor, cursor, sizeof cursor);
        for (size_t i = 0; i < meanwhile; i++)
            s_received("meanwhile");
    } while (cursor[0]);
    assert_int_equal(seen, wanted->count);
}

static void test_pages_are_walked(void **state)
{
    (void)state;
    s_key = s_lease('a', s_first);
    ids_t ids = s_fill(&s_key, MANY);
    static const uint64_t limits[] = {0, 1, 7, 20, 59, 60, 61, 100};
    for (size_t i = 0; i < OP_COUNT(limits); i++)
        s_expect_pages("", limits[i], &ids, 0);
    core_restart(&s_core, true);
    s_expect_pages("", 7, &ids, 0);
}

static void test_pages_while_new_messages_arrive(void **state)
{
    (void)state;
    s_key = s_lease('a', s_first);
    ids_t ids = s_fill(&s_key, MANY);
    s_expect_pages("", 7, &ids, 3);
}

static void test_one_direction(void **state)
{
    (void)state;
    s_key = s_lease('a', s_first);
    ids_t ids = s_fill(&s_key, MANY), in = {.count = 0}, out = {.count = 0};
    for (size_t i = 0; i < ids.count; i++) {
        ids_t *of = i % 3 == 0 && i < 3 * QUEUE_MAX ? &out : &in;
        of->at[of->count++] = ids.at[i];
    }
    static const uint64_t limits[] = {0, 1, 3, 4, 5, 100};
    for (size_t i = 0; i < OP_COUNT(limits); i++) {
        s_expect_pages("inbound", limits[i], &in, 0);
        s_expect_pages("outbound", limits[i], &out, 0);
    }
}

static void test_an_empty_list(void **state)
{
    (void)state;
    s_key = s_lease('a', s_first);
    ids_t none = {.count = 0};
    s_expect_pages("", 0, &none, 0);
    s_expect_pages("inbound", 1, &none, 0);
}

/*  A cursor is good for the key and the direction that it was made for, and no octet of it may
    change. */
static void test_a_cursor_is_bound(void **state)
{
    (void)state;
    char cursor[OP_CURSOR_MAX + 1];
    s_key = s_lease('a', s_first);
    for (int i = 0; i < 5; i++)
        s_received("hello");
    op_str_copy(s_page("inbound", "", 2)->next_cursor, cursor, sizeof cursor);
    assert_int_equal(s_page("inbound", cursor, 5)->data.count, 3); /* the limit may change */
    op_context_t other = s_key;
    other.key = core_id('z'); /* another key for the same number */
    op_message_list_t both = {OP_STR(""), op_str(cursor), 2},
                      outbound = {OP_STR("outbound"), op_str(cursor), 2},
                      inbound = {OP_STR("inbound"), op_str(cursor), 2};
    const struct {
        const op_context_t *key;
        const op_message_list_t *list;
    } table[] = {{&s_key, &both}, {&s_key, &outbound}, {&other, &inbound}};
    for (size_t i = 0; i < OP_COUNT(table); i++)
        CORE_REFUSED(&s_core, table[i].key, message_list, table[i].list, OP_ERROR_VALIDATION_ERROR,
                     OP_STEP_LEDGER_MESSAGES);
    for (size_t i = 0; i < strlen(cursor); i++) {
        char was = cursor[i];
        cursor[i] = was == '0' ? '1' : '0';
        CORE_REFUSED(&s_core, &s_key, message_list, &inbound, OP_ERROR_VALIDATION_ERROR,
                     OP_STEP_LEDGER_MESSAGES);
        cursor[i] = was;
    }
    core_restart(&s_core, true);
    assert_int_equal(s_page("inbound", cursor, 5)->data.count, 3);
}

static void test_what_is_no_list(void **state)
{
    (void)state;
    static const struct {
        const char *direction, *cursor, *field;
    } table[] = {
        {"", "x", "cursor"},
        {"", "0123456789abcdef0123456789abcde", "cursor"},
        {"", "0123456789abcdef0123456789abcdef0", "cursor"},
        {"", "0123456789abcdef0123456789abcdeg", "cursor"},
        {"", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "cursor"},
        {"", "msg_01939999-0000-7000-8000-000000000000", "cursor"},
    };
    s_key = s_lease('a', s_first);
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_message_list_t list = {op_str(table[i].direction), op_str(table[i].cursor), 5};
        assert_true(op_str_is(CORE_REFUSED(&s_core, &s_key, message_list, &list,
                                           OP_ERROR_VALIDATION_ERROR, OP_STEP_LEDGER_MESSAGES)
                                  ->field,
                              table[i].field));
    }
}

static void test_a_page_of_long_texts_fits_a_frame(void **state)
{
    (void)state;
    enum { TEXTS = 12 };
    s_key = s_lease('a', s_first);
    char *body = op_alloc(OP_INBOUND_MAX + 1);
    memset(body, 'x', OP_INBOUND_MAX);
    body[OP_INBOUND_MAX] = 0;
    ids_t ids = {.count = 0};
    while (ids.count < TEXTS) {
        ids.at[ids.count] = s_received(body);
        ids.count++;
    }
    free(body);
    char cursor[OP_CURSOR_MAX + 1] = "";
    size_t seen = 0, pages = 0;
    do {
        const op_messages_view_t *page = s_page("", cursor, 100);
        assert_true(page->data.count > 0);
        for (size_t i = 0; i < page->data.count; i++, seen++)
            assert_true(op_id_equal(page->data.at[i].id, ids.at[TEXTS - 1 - seen]));
        op_str_copy(page->next_cursor, cursor, sizeof cursor);
        for (size_t i = 0; i < s_core.out.count; i++)
            assert_true(s_core.out.at[i].frame.size < OP_FRAME_MAX);
        pages++;
    } while (cursor[0]);
    assert_int_equal(seen, TEXTS);
    assert_true(pages > 1);
}

static void s_expect_no_message(const op_context_t *key, const char *id)
{
    op_by_id_t by_id = {op_str(id)};
    CORE_REFUSED(&s_core, key, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_MESSAGE);
}

static void test_messages_of_others(void **state)
{
    (void)state;
    op_context_t a = s_lease('a', s_first), b = s_lease('b', s_second), free_a = s_free_key('a'),
                 free_b = s_free_key('b');
    sent_t leased = s_send(&a, PEER), shared = s_send(&free_a, PEER);
    op_id_t inbound = s_received("in");
    char id[OP_ID_TEXT + 5] = "msg_";
    const struct {
        op_id_t id;
        const op_context_t *owner, *others[3];
    } table[] = {
        {leased.id, &a, {&b, &free_a, &free_b}},
        {inbound, &a, {&b, &free_a, &free_b}},
        {shared.id, &free_a, {&free_b, &a, &b}},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_id_print(table[i].id, id + 4);
        assert_true(op_id_equal(s_get(table[i].owner, table[i].id)->id, table[i].id));
        for (size_t o = 0; o < OP_COUNT(table[i].others); o++)
            s_expect_no_message(table[i].others[o], id);
        s_expect_no_message(table[i].owner, id + 4); /* without msg_ */
    }
    s_expect_no_message(&a, "msg_01939999-0000-7000-8000-000000000000");
    s_expect_no_message(&a, "msg_");
    s_expect_no_message(&a, "");
    s_key = free_b;
    assert_int_equal(s_page("", "", 100)->data.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pages_are_walked),
        TEST(test_pages_while_new_messages_arrive),
        TEST(test_one_direction),
        TEST(test_an_empty_list),
        TEST(test_a_cursor_is_bound),
        TEST(test_what_is_no_list),
        TEST(test_a_page_of_long_texts_fits_a_frame),
        TEST(test_messages_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
