/*  The lexer alone: each case whole, octet by octet, in pieces, and always at the end of a page. */

#include "modem/at_lexer.h"

#include "base/random.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/*  What comes of `bytes`, fed in pieces: lines in brackets, a prompt as >. */
static void s_lex(op_str_t bytes, size_t piece, bool prompt, op_buf_t *got)
{
    static op_at_lexer_t lexer;
    lexer = (op_at_lexer_t){.size = 0};
    for (size_t at = 0; at < bytes.size; at += piece) {
        size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        uint8_t *exact = page_new(bytes.at + at, size);
        op_str_t rest = op_str_of(exact, size), line;
        while (rest.size) {
            op_at_token_t token = op_at_lex(&lexer, &rest, prompt, &line);
            if (token == OP_AT_TOKEN_PROMPT)
                op_buf_printf(got, ">");
            if (token == OP_AT_TOKEN_LINE)
                op_buf_printf(got, "[%.*s]", (int)line.size, line.at);
        }
        page_free(exact, size);
    }
}

static const size_t s_pieces[] = {SIZE_MAX / 2, 1, 2, 3, 8};

static void s_cases(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *plain, *prompted; /* without and with a prompt awaited */
    } table[] = {
        {"", "", ""},
        {"OK", "", ""},
        {"\r\nOK\r\n", "[OK]", "[OK]"},
        {"AT\r\r\nOK\r\n", "[AT][OK]", "[AT][OK]"},
        {"\nOK\nERROR\n", "[OK][ERROR]", "[OK][ERROR]"},
        {"\r\n> ", "", ">"},
        {"\r\n>\r\n", "[>]", ">"},
        {"\r\n>  \r\n", "[>]", ">"},
        {"\r\n> > \r\n", "[> >]", ">>"},
        {"a> \r\n", "[a>]", "[a>]"},
        {">a\r", "[>a]", "[>a]"},
        {"\r\n  text  \t\r\n", "[  text]", "[  text]"},
        {" \t \r\n\r\r\n", "", ""},
        {"a\x1a\x1b"
         "b\r",
         "[ab]", "[ab]"},
        {"\xff\x80\r", "[\xff\x80]", "[\xff\x80]"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        for (size_t j = 0; j < OP_COUNT(s_pieces); j++) {
            for (int prompt = 0; prompt < 2; prompt++) {
                op_buf_t got = {0};
                s_lex(op_str(table[i].bytes), s_pieces[j], prompt, &got);
                assert_true(
                    op_str_is(op_buf_str(&got), prompt ? table[i].prompted : table[i].plain));
                op_buf_free(&got);
            }
        }
    }
}

/*  A line of the greatest length passes, a longer one is dropped whole and the next is not hurt. */
static void s_length(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        op_buf_t bytes = {0}, got = {0};
        for (size_t i = 0; i < OP_AT_LINE_MAX + over; i++)
            op_buf_add_byte(&bytes, 'x');
        op_buf_add_str(&bytes, OP_STR("\r\nOK\r\n"));
        s_lex(op_buf_str(&bytes), 100, false, &got);
        assert_int_equal(got.size, over ? 4 : OP_AT_LINE_MAX + 6);
        op_buf_free(&bytes);
        op_buf_free(&got);
    }
}

/*  However a stream is cut, the same tokens come of it. */
static void s_random_cuts(void **state)
{
    (void)state;
    static const char likely[] = "\r\n\r\n> >\"+,A1\t\x1a";
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {31};
    op_random_seed(&random, seed);
    for (int round = 0; round < 400; round++) {
        char bytes[60];
        size_t size = op_random_below(&random, sizeof bytes + 1);
        for (size_t i = 0; i < size; i++)
            bytes[i] = likely[op_random_below(&random, sizeof likely)]; /* NUL among them */
        op_buf_t whole = {0};
        bool prompt = round % 2;
        s_lex(op_str_of(bytes, size), SIZE_MAX / 2, prompt, &whole);
        for (size_t j = 1; j < OP_COUNT(s_pieces); j++) {
            op_buf_t got = {0};
            s_lex(op_str_of(bytes, size), s_pieces[j], prompt, &got);
            assert_true(op_str_equal(op_buf_str(&got), op_buf_str(&whole)));
            op_buf_free(&got);
        }
        op_buf_free(&whole);
    }
}

/*  Every beginning of a line of fields, at the end of a page: fields lie inside of it, and there
    are as many as commas that separate, and one. */
static void s_fields(void **state)
{
    (void)state;
    static const char line[] = " \"SM\",3,(1,\"a,b\"),, x ,\"open, ";
    for (size_t size = 1; size < sizeof line; size++) {
        uint8_t *exact = page_new(line, size);
        op_str_t rest = op_str_of(exact, size), field;
        const char *end = rest.at + size;
        while (op_at_field(&rest, &field))
            assert_true(field.size == 0 || field.at + field.size <= end);
        uint64_t number;
        rest = op_str_of(exact, size);
        while (op_at_field_number(&rest, 9, &number))
            assert_true(number <= 9);
        page_free(exact, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_cases),
        cmocka_unit_test(s_length),
        cmocka_unit_test(s_random_cuts),
        cmocka_unit_test(s_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
