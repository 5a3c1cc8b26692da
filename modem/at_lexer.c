#include "modem/at_lexer.h"

#include <string.h>

/*  A whole line is in self->line: trimmed, and the next one begins. */
static op_at_token_t s_end_line(op_at_lexer_t *self, bool prompt, op_str_t *line)
{
    size_t size = self->skipping ? 0 : self->size;
    bool fresh = !self->old;
    if (self->skipping)
        self->too_long++;
    op_at_lexer_reset(self);
    while (size && (self->line[size - 1] == ' ' || self->line[size - 1] == '\t'))
        size--;
    if (size == 0)
        return OP_AT_TOKEN_NONE;
    if (prompt && fresh && size == 1 && self->line[0] == '>')
        return OP_AT_TOKEN_PROMPT;
    *line = op_str_of(self->line, size);
    return OP_AT_TOKEN_LINE;
}

op_at_token_t op_at_lex(op_at_lexer_t *self, op_str_t *bytes, bool prompt, op_str_t *line)
{
    op_at_token_t token = OP_AT_TOKEN_NONE;
    while (bytes->size && token == OP_AT_TOKEN_NONE) {
        char byte = *bytes->at;
        bytes->at++;
        bytes->size--;
        if (byte == '\r' || byte == '\n') {
            token = s_end_line(self, prompt, line);
        } else if ((unsigned char)byte < 0x20 && byte != '\t') {
            continue; /* NUL of a waking UART, echoed ESC and Ctrl-Z */
        } else if (prompt && !self->old && byte == ' ' && self->size == 1 && self->line[0] == '>') {
            self->size = 0;
            token = OP_AT_TOKEN_PROMPT;
        } else if (self->size == sizeof(self->line)) {
            self->skipping = true;
        } else {
            self->line[self->size++] = byte;
        }
    }
    return token;
}

void op_at_lexer_reset(op_at_lexer_t *self)
{
    self->size = 0;
    self->skipping = false;
    self->old = false;
}

void op_at_lexer_age(op_at_lexer_t *self)
{
    self->old = self->size > 0;
}

bool op_at_lexer_is_within(const op_at_lexer_t *self)
{
    for (size_t i = 0; i < self->size; i++)
        if (self->line[i] != ' ' && self->line[i] != '\t')
            return true;
    return false;
}

/*  Cuts blanks at both ends, then one pair of quotes. */
static op_str_t s_bare(op_str_t field)
{
    while (field.size && field.at[0] == ' ') {
        field.at++;
        field.size--;
    }
    while (field.size && field.at[field.size - 1] == ' ')
        field.size--;
    if (field.size >= 2 && field.at[0] == '"' && field.at[field.size - 1] == '"')
        return op_str_of(field.at + 1, field.size - 2);
    return field;
}

bool op_at_field(op_str_t *rest, op_str_t *field)
{
    if (rest->at == NULL)
        return false;
    bool quoted = false;
    int depth = 0;
    size_t i = 0;
    for (; i < rest->size; i++) {
        char byte = rest->at[i];
        if (byte == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (byte == '(')
            depth++;
        else if (byte == ')')
            depth--;
        else if (byte == ',' && depth <= 0)
            break;
    }
    *field = s_bare(op_str_of(rest->at, i));
    /*  A comma at the very end starts one more, empty, field: hence NULL, not size 0, as the
     end. */
    if (i < rest->size)
        *rest = op_str_of(rest->at + i + 1, rest->size - i - 1);
    else
        *rest = op_str_of(NULL, 0);
    return true;
}

bool op_at_field_number(op_str_t *rest, uint64_t max, uint64_t *number)
{
    op_str_t field;
    return op_at_field(rest, &field) && op_str_to_u64(field, max, number);
}

op_str_t op_at_after(op_str_t line, const char *prefix)
{
    if (!op_str_starts(line, prefix))
        return op_str_of(NULL, 0);
    size_t size = strlen(prefix);
    return op_str_of(line.at + size, line.size - size);
}
