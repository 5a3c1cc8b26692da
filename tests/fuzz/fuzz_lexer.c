/*  The AT lexer. Property: however the octets of a line come, whole or in pieces, the same tokens
    come of them; lines are not empty, hold no line end and end in no blank; and a line's fields lie
    inside of it, in order.

    The input: an octet (bit 0: a prompt is awaited; the rest: the pieces' size), then octets. */

#include "tests/fuzz/fuzz.h"

#include "modem/at_lexer.h"

static void s_check_fields(op_str_t line)
{
    op_str_t rest = line, field;
    const char *from = line.at;
    size_t count = 0;
    while (op_at_field(&rest, &field)) {
        FUZZ_CHECK(field.at >= from && field.at + field.size <= line.at + line.size);
        from = field.at + field.size;
        FUZZ_CHECK(++count <= line.size + 1);
    }
    uint64_t number = 0;
    rest = line;
    if (op_at_field_number(&rest, 255, &number))
        FUZZ_CHECK(number <= 255);
}

static void s_check_line(op_str_t line)
{
    FUZZ_CHECK(line.size > 0 && line.size <= OP_AT_LINE_MAX);
    FUZZ_CHECK(line.at[line.size - 1] != ' ' && line.at[line.size - 1] != '\t');
    FUZZ_CHECK(!memchr(line.at, '\r', line.size) && !memchr(line.at, '\n', line.size));
    s_check_fields(line);
}

/*  The tokens, each behind an octet that says its kind. */
static void s_lex(op_str_t bytes, size_t piece, bool prompt, op_buf_t *tokens)
{
    static op_at_lexer_t lexer;
    memset(&lexer, 0, sizeof lexer);
    while (bytes.size) {
        op_str_t rest = fuzz_take(&bytes, piece), line;
        while (rest.size) {
            op_at_token_t token = op_at_lex(&lexer, &rest, prompt, &line);
            if (token == OP_AT_TOKEN_NONE)
                continue;
            op_buf_add_byte(tokens, (uint8_t)token);
            if (token == OP_AT_TOKEN_LINE) {
                s_check_line(line);
                op_buf_add_str(tokens, line);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t input = op_str_of(data, size);
    op_buf_t whole = {0}, pieces = {0};
    uint8_t how = fuzz_octet(&input);
    s_lex(input, input.size, how & 1, &whole);
    s_lex(input, 1 + (size_t)(how >> 1), how & 1, &pieces);
    FUZZ_CHECK(op_str_equal(op_buf_str(&whole), op_buf_str(&pieces)));
    op_buf_free(&whole);
    op_buf_free(&pieces);
    return 0;
}
