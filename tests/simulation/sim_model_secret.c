/*  sim_model_secret.c - secrets show where they belong and nowhere else

    A token is looked for by its form: a prefix and 32 letters and digits. The twelve characters
    that a list shows are no token. Login codes travel to the modem and to the phone, bodies too;
    logs hold neither, and no full phone number. */

#include "tests/simulation/sim_model_private.h"

#include "base/fields.h"

#include <stdlib.h>
#include <string.h>

static bool s_letter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool s_has_token(op_str_t text, const char *prefix)
{
    size_t size = strlen(prefix);
    const char *at = text.at, *end = text.at + text.size;
    while (at && (at = memmem(at, (size_t)(end - at), prefix, size)) != NULL) {
        size_t run = 0;
        at += size;
        while (at + run < end && s_letter(at[run]))
            run++;
        if (run >= OP_TOKEN_CHARACTERS)
            return true;
    }
    return false;
}

static bool s_has(op_str_t text, const char *what)
{
    return text.size && memmem(text.at, text.size, what, strlen(what)) != NULL;
}

/*  The digits, with no letter or digit on either side. */
static bool s_has_digits(op_str_t text, const char *digits)
{
    size_t size = strlen(digits);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.at + i, digits, size) == 0 && (i == 0 || !s_letter(text.at[i - 1])) &&
            (i + size == text.size || !s_letter(text.at[i + size])))
            return true;
    return false;
}

static bool s_has_code(const model_t *self, op_str_t text)
{
    for (int i = 0; i < self->code_count; i++)
        if (s_has_digits(text, self->codes[i].digits))
            return true;
    return false;
}

/*  A code may be told before it comes to its phone: see model_logged. */
static void s_remember_digits(model_t *self, op_str_t line)
{
    for (size_t i = 0, run = 0; i <= line.size; i++) {
        bool digit = i < line.size && line.at[i] >= '0' && line.at[i] <= '9';
        bool letter = i < line.size && s_letter(line.at[i]);
        bool fresh = i == run || !s_letter(line.at[i - run - 1]);
        if (run == 6 && !letter && fresh) {
            char text[7];
            op_str_copy(op_str_of(line.at + i - 6, 6), text, sizeof text);
            MODEL_ROOM(self->logged, self->logged_count);
            self->logged[self->logged_count++] = atoi(text);
        }
        run = digit ? run + 1 : 0;
    }
}

bool model_logged(const model_t *self, const char *digits)
{
    for (int i = 0; i < self->logged_count; i++)
        if (self->logged[i] == atoi(digits))
            return true;
    return false;
}

/*  Every host keeps its store here, so no actor may find that another has told or taken what the
    stores do not know of (actors/actor.h). */
static void s_judge_links(model_t *self, op_str_t line)
{
    if (!s_has(line, "store is a new or a restored one") &&
        !s_has(line, "older than what a peer has"))
        return;
    op_buf_t text = {0};
    op_str_t name = {0}, value;
    bool number;
    while (op_fields_next(&line, &name, &value, &number))
        op_buf_printf(&text, "%s%.*s%s%.*s", name.size ? " " : "", (int)name.size, name.at,
                      name.size ? "=" : "", (int)value.size, value.at);
    model_wrong(self, "links: %.*s", (int)text.size, text.at);
    op_buf_free(&text);
}

void model_log(model_t *self, op_str_t line)
{
    s_judge_links(self, line);
    static const char *const words[] = {OP_TOKEN_SESSION, OP_TOKEN_KEY, "whs_", "#k", "OP code"};
    for (size_t i = 0; i < OP_COUNT(words); i++)
        if (s_has(line, words[i]))
            model_wrong(self, "secret: a log line holds %s...", words[i]);
    for (int i = 0; i < self->user_count; i++)
        if (s_has(line, self->phones[i]))
            model_wrong(self, "secret: a log line holds a whole phone number");
    for (int i = 0; i < self->number_count; i++)
        if (s_has(line, self->numbers[i].e164))
            model_wrong(self, "secret: a log line holds a whole number");
    if (s_has_code(self, line))
        model_wrong(self, "secret: a log line holds a login code");
    s_remember_digits(self, line);
}

void model_frame(model_t *self, const char *message, op_str_t to, op_str_t frame)
{
    bool session = strcmp(message, "session_opened") == 0 && op_str_is(to, "http");
    bool key = strcmp(message, "key_created") == 0 && op_str_is(to, "http");
    bool hook =
        (strcmp(message, "webhook_created") == 0 || strcmp(message, "webhook_rotated") == 0) &&
        op_str_is(to, "http");
    bool code = strcmp(message, "text_send") == 0 && op_str_is(to, "modem");
    if (!session && s_has_token(frame, OP_TOKEN_SESSION))
        model_wrong(self, "secret: a session token in a %s", message);
    if (!key && s_has_token(frame, OP_TOKEN_KEY))
        model_wrong(self, "secret: an API key in a %s", message);
    if (!hook && s_has_token(frame, "whs_"))
        model_wrong(self, "secret: a webhook's secret in a %s", message);
    if (!code && s_has(frame, " is your OP code"))
        model_wrong(self, "secret: a login code in a %s", message);
    if (!op_str_is(to, "http"))
        return;
    if (s_has_code(self, frame))
        model_wrong(self, "secret: a login code in a %s", message);
    s_remember_digits(self, frame);
}

void model_post_secrets(model_t *self, op_str_t body)
{
    if (s_has_code(self, body))
        model_wrong(self, "secret: a login code is posted");
    if (s_has_token(body, OP_TOKEN_SESSION) || s_has_token(body, OP_TOKEN_KEY) ||
        s_has_token(body, "whs_"))
        model_wrong(self, "secret: a token is posted");
}

void model_row(model_t *self, op_str_t value)
{
    if (s_has_token(value, OP_TOKEN_SESSION) || s_has_token(value, OP_TOKEN_KEY))
        model_wrong(self, "secret: a token in clear in the store");
    if (s_has(value, " is your OP code") || s_has_code(self, value))
        model_wrong(self, "secret: a login code in clear in the store");
}
