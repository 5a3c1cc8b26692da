/*  Scrubbed traces still replay, and hold nothing of what was said and of who said it. */

#include "tests/optrace_fixture.h"

#include "actors/ledger.h"
#include "base/token.h"
#include "modem/pdu.h"
#include "tools/optrace/scrub.h"

/*  ---- Scrubbing ---- */

/*  Every secret that an actor gave out, and every code. */
static void s_secrets_gone(const op_tape_t *old, const op_buf_t *now, size_t *secrets)
{
    for (size_t i = 0; i < old->event_count; i++) {
        op_arena_t arena = {0};
        op_leaves_t leaves = {0};
        op_frame_t frame;
        if (op_frame_decode(old->events[i].bytes, &arena, &frame))
            op_leaves_add(&leaves, frame.type, frame.body);
        for (size_t l = 0; l < leaves.count; l++) {
            op_str_t text = {0};
            if (leaves.at[l].field->kind == OP_KIND_SECRET ||
                leaves.at[l].field->kind == OP_KIND_BODY)
                text = op_leaf_text(&leaves.at[l]);
            if (text.size == 0)
                continue;
            assert_false(s_holds(now, text));
            ++*secrets;
        }
        free(leaves.at);
        op_arena_free(&arena);
    }
}

/*  Windows and pages go on as they did: what rate and ledger know by a hash is still known. */
static void s_same_numbers(const op_tape_event_t *old, const op_tape_event_t *now)
{
    op_arena_t arena = {0};
    op_frame_t a, b;
    if (op_frame_decode(old->bytes, &arena, &a)) {
        assert_true(op_frame_decode(now->bytes, &arena, &b));
        assert_int_equal(a.envelope.context.remaining, b.envelope.context.remaining);
        assert_int_equal(a.envelope.context.reset, b.envelope.context.reset);
        assert_ptr_equal(a.type, b.type);
        if (a.type == &op_refusal_type)
            assert_int_equal(((const op_refusal_t *)a.body)->error,
                             ((const op_refusal_t *)b.body)->error);
    }
    op_arena_free(&arena);
}

/*  What anybody could find by trying: the hash of a text to a phone, of a key, of a phone. */
static void s_guesses_gone(const op_buf_t *now)
{
    const op_hash_t hashes[] = {op_ledger_request(OP_STR("+14155550777"), OP_STR("Ordered.")),
                                op_token_hash(OP_STR("order 4711")),
                                op_token_hash(OP_STR("+14155550101"))};
    for (size_t i = 0; i < OP_COUNT(hashes); i++)
        assert_false(s_holds(now, op_str_of(hashes[i].bytes, sizeof hashes[i].bytes)));
}

static void test_scrub(void **state)
{
    (void)state;
    static const char *const people[] = {
        "4155550101",           "4155550102",       "4155550103",   "4155550777",
        "6176088932",           "6176088933",       "4151550577F7", "Ordered",
        "C477790E4AD341F3701E", "493A88FC2ECF59A0", "sent.",        "my agent",
        "agent.example",        "abc123",           "127.0.0.1",    "Anybody"};
    size_t secrets = 0;
    for (size_t n = 0; trace_flow_name(n); n++) {
        op_optrace_t trace = {.file_count = 0};
        s_open_flow(trace_flow_name(n), &trace);
        uint8_t key[OP_PSEUDONYM_KEY] = {(uint8_t)n};
        char error[OP_TRACE_ERROR] = "";
        op_tape_t first, again, other;
        op_buf_t bytes = {0}, bytes_again = {0}, bytes_other = {0};
        if (op_optrace_scrubbed(&trace, key, &first, error) != 0)
            fail_msg("%s: %s", trace_flow_name(n), error);
        s_replays(&first);
        op_tape_write(&first, &bytes);
        for (size_t i = 0; i < OP_COUNT(people); i++)
            if (s_holds(&bytes, op_str(people[i])))
                fail_msg("%s: \"%s\" is still there", trace_flow_name(n), people[i]);
        s_secrets_gone(&trace.tape, &bytes, &secrets);
        s_guesses_gone(&bytes);
        assert_int_equal(first.event_count, trace.tape.event_count);
        for (size_t i = 0; i < first.event_count; i++) {
            const op_tape_event_t *old = &trace.tape.events[trace.order[i]];
            assert_int_equal(first.events[i].what, old->what);
            assert_int_equal(first.events[i].at, old->at);
            s_same_numbers(old, &first.events[i]);
        }
        /* The key decides, and nothing else. */
        assert_int_equal(op_optrace_scrubbed(&trace, key, &again, error), 0);
        op_tape_write(&again, &bytes_again);
        assert_true(op_str_equal(op_buf_str(&bytes), op_buf_str(&bytes_again)));
        key[31] = 1;
        assert_int_equal(op_optrace_scrubbed(&trace, key, &other, error), 0);
        op_tape_write(&other, &bytes_other);
        assert_false(op_str_equal(op_buf_str(&bytes), op_buf_str(&bytes_other)));
        op_tape_free(&first);
        op_tape_free(&again);
        op_tape_free(&other);
        op_buf_free(&bytes);
        op_buf_free(&bytes_again);
        op_buf_free(&bytes_other);
        op_optrace_close(&trace);
    }
    assert_true(secrets > 20);
}

/*  Frames between actors stay one thing at both ends. */
static void test_scrub_keeps_causes(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    s_open_flow("webhook", &trace);
    uint8_t key[OP_PSEUDONYM_KEY] = {9};
    char error[OP_TRACE_ERROR];
    op_tape_t out;
    assert_int_equal(op_optrace_scrubbed(&trace, key, &out, error), 0);
    size_t count = out.event_count, caused = 0;
    size_t *order = op_alloc(count * sizeof *order), *cause = op_alloc(count * sizeof *cause);
    op_tape_order(&out, order, cause);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cause[i] == OP_TAPE_NONE, trace.cause[trace.order[i]] == OP_TAPE_NONE);
        caused += cause[i] != OP_TAPE_NONE;
    }
    assert_true(caused > 10);
    free(order);
    free(cause);
    op_tape_free(&out);
    op_optrace_close(&trace);
}

/*  A trace that does not replay cannot be scrubbed. */
static void test_scrub_refuses(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    s_open_flow("send", &trace);
    for (size_t i = 0; i < trace.tape.event_count; i++)
        if (trace.tape.events[i].what == OP_TRACE_SEND)
            trace.tape.events[i].bytes.size--;
    uint8_t key[OP_PSEUDONYM_KEY] = {9};
    char error[OP_TRACE_ERROR];
    op_tape_t out;
    assert_int_equal(op_optrace_scrubbed(&trace, key, &out, error), -1);
    assert_non_null(strstr(error, "does not replay"));
    op_tape_free(&out);
    op_optrace_close(&trace);
}

/*  ---- Pseudonyms ---- */

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        op_str_t (*make)(const op_pseudonym_t *, op_str_t, op_arena_t *);
        const char *text;
        const char *form; /* d digit, a and A letters, x digit or letter, ? anything else */
    } cases[] = {{op_pseudonym_phone, "+14155550101", "+1dddddddddd"},
                 {op_pseudonym_phone, "+4915112345678", "+49ddddddddddd"},
                 {op_pseudonym_peer, "72345", "ddddd"},
                 {op_pseudonym_peer, "MyBank", "AaAaaa"},
                 {op_pseudonym_words, "Dinner at 8? [x]", "Aaaaaa aa d? [a]"},
                 {op_pseudonym_words, "5 \xe2\x82\xac", "d \xe2\x82\xac"},
                 {op_pseudonym_words, "\xff!", "\xff!"},
                 {op_pseudonym_address, "127.0.0.1", "ddd.d.d.d"},
                 {op_pseudonym_address, "2001:db8::1", "xxxx:xxx::x"},
                 {op_pseudonym_url, "https://a.b/c?d=1", "https://a.a/a?a=d"},
                 {op_pseudonym_secret, "op_live_Ab1", "op_live_Aad"},
                 {op_pseudonym_secret, "123456", "dddddd"},
                 {op_pseudonym_words, "", ""}};
    uint8_t key[OP_PSEUDONYM_KEY] = {5};
    op_pseudonym_t names;
    op_arena_t arena = {0};
    op_pseudonym_init(&names, key);
    for (size_t c = 0; c < OP_COUNT(cases); c++) {
        op_str_t made = cases[c].make(&names, op_str(cases[c].text), &arena);
        op_str_t same = cases[c].make(&names, op_str(cases[c].text), &arena);
        assert_true(op_str_equal(made, same));
        assert_int_equal(made.size, strlen(cases[c].text));
        for (size_t i = 0; i < made.size; i++) {
            char form = cases[c].form[i], one = made.at[i];
            bool digit = one >= '0' && one <= '9', small = one >= 'a' && one <= 'z';
            bool big = one >= 'A' && one <= 'Z';
            bool literal = i < strcspn(cases[c].form, ":/_") && strchr(cases[c].form, '/');
            if (strchr(cases[c].form, '_') && i < 8)
                literal = true;
            bool good = literal       ? one == form
                        : form == 'd' ? digit
                        : form == 'a' ? small
                        : form == 'A' ? big
                        : form == 'x' ? digit || small
                                      : one == form;
            if (!good)
                fail_msg("%s became %.*s", cases[c].text, (int)made.size, made.at);
        }
    }
    op_str_t phone = op_pseudonym_phone(&names, OP_STR("+14155550101"), &arena);
    assert_true(op_phone_valid(phone));
    op_arena_free(&arena);
    op_pseudonym_free(&names);
}

static void test_learned(void **state)
{
    (void)state;
    uint8_t key[OP_PSEUDONYM_KEY] = {5};
    op_pseudonym_t names;
    op_pseudonym_init(&names, key);
    op_str_t now;
    assert_false(op_pseudonym_known(&names, OP_STR("x"), &now));
    char old[16], later[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(old, sizeof old, "old %d", i);
        snprintf(later, sizeof later, "new %d", i);
        op_pseudonym_learn(&names, op_str(old), op_str(later));
    }
    op_pseudonym_learn(&names, OP_STR("old 7"), OP_STR("another"));
    for (int i = 0; i < 1000; i++) {
        snprintf(old, sizeof old, "old %d", i);
        snprintf(later, sizeof later, "new %d", i);
        assert_true(op_pseudonym_known(&names, op_str(old), &now));
        assert_true(op_str_is(now, later));
    }
    assert_false(op_pseudonym_known(&names, OP_STR("old 1000"), &now));
    op_pseudonym_free(&names);
}

/*  A message from a tty, in every alphabet: another sender and text, the same form. */
static void test_pdus(void **state)
{
    (void)state;
    static const op_alphabet_t alphabets[] = {OP_ALPHABET_GSM7, OP_ALPHABET_8BIT, OP_ALPHABET_UCS2};
    static const char text[] = "Hi 5 [\x1b(";
    uint8_t key[OP_PSEUDONYM_KEY] = {6};
    op_pseudonym_t names;
    op_arena_t arena = {0};
    op_pseudonym_init(&names, key);
    for (size_t a = 0; a < OP_COUNT(alphabets); a++) {
        op_pdu_t pdu = {.kind = OP_PDU_DELIVER,
                        .user = {.dcs = op_dcs_of(alphabets[a]), .alphabet = alphabets[a]}};
        assert_int_equal(op_address_from(OP_STR("+14155550777"), &pdu.peer), 0);
        pdu.stamp.instant = INT64_C(1779304492000);
        pdu.user.count = 8;
        memcpy(pdu.user.units, text, 8);
        op_buf_t hex = {0}, stream = {0};
        assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
        op_str_t other = op_scrub_pdu(&names, op_buf_str(&hex), &arena);
        op_pdu_t now;
        assert_int_equal(op_pdu_decode(other, &now), OP_PDU_OK);
        assert_int_equal(other.size, hex.size);
        assert_int_equal(now.user.count, 8);
        assert_int_equal(now.stamp.instant, pdu.stamp.instant);
        assert_true(op_phone_valid(op_str(now.peer.text)));
        assert_string_not_equal(now.peer.text, pdu.peer.text);
        assert_memory_not_equal(now.user.units, pdu.user.units, 8);
        /* The same in a stream, between what stays; a number and an IMEI. */
        op_buf_printf(&stream,
                      "\r\n+CMGR: 0,,33\r\n%.*s\r\n\r\nOK\r\n+CNUM: ,\"+14155550777\",145"
                      "\r\n867530901234567\r\n+CMS ERROR: 500\r\n",
                      (int)hex.size, hex.at);
        size_t size = stream.size;
        op_scrub_serial(&names, stream.at, stream.size);
        assert_int_equal(stream.size, size);
        assert_true(s_holds(&stream, other));
        assert_true(s_holds(&stream, OP_STR("\r\n+CMGR: 0,,33\r\n")));
        assert_true(s_holds(&stream, OP_STR("\",145\r\n")));
        assert_true(s_holds(&stream, OP_STR("\r\n+CMS ERROR: 500\r\n")));
        assert_true(s_holds(&stream, op_str(now.peer.text))); /* the same person */
        assert_false(s_holds(&stream, OP_STR("4155550777")));
        assert_false(s_holds(&stream, OP_STR("8675309")));
        op_buf_free(&hex);
        op_buf_free(&stream);
    }
    op_arena_free(&arena);
    op_pseudonym_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrub),         cmocka_unit_test(test_scrub_keeps_causes),
        cmocka_unit_test(test_scrub_refuses), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_learned),       cmocka_unit_test(test_pdus),
    };
    return cmocka_run_group_tests(tests, s_make_folder, s_remove_folder);
}
