#include "transport/log.h"

#include "base/fields.h"
#include "base/instant.h"
#include "transport/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_int s_threshold = OP_LOG_INFO;
static op_log_form_t s_form = OP_LOG_TEXT;

void op_log_threshold(op_log_level_t level)
{
    atomic_store_explicit(&s_threshold, (int)level, memory_order_relaxed);
}

bool op_log_wants(op_log_level_t level)
{
    return (int)level >= atomic_load_explicit(&s_threshold, memory_order_relaxed);
}

void op_log_form(op_log_form_t form)
{
    s_form = form;
}

/*  In quotes, with those and backslashes escaped: both forms take this; values are clean. */
static void s_quote(op_buf_t *to, op_str_t value)
{
    op_buf_add_byte(to, '"');
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            op_buf_add_byte(to, '\\');
        op_buf_add_byte(to, (uint8_t)value.at[i]);
    }
    op_buf_add_byte(to, '"');
}

static bool s_is_plain(op_str_t value)
{
    for (size_t i = 0; i < value.size; i++)
        if (strchr(" \"=\\", value.at[i]))
            return false;
    return value.size > 0;
}

static void s_member(op_buf_t *to, op_log_form_t form, op_str_t name, op_str_t value, bool number)
{
    switch (form) {
    case OP_LOG_TEXT:
        op_buf_add_str(to, name);
        op_buf_add_byte(to, '=');
        if (s_is_plain(value) && !op_str_is(name, "event"))
            op_buf_add_str(to, value);
        else
            s_quote(to, value);
        op_buf_add_byte(to, ' ');
        return;
    case OP_LOG_JSON:
        s_quote(to, name);
        op_buf_add_byte(to, ':');
        if (number)
            op_buf_add_str(to, value);
        else
            s_quote(to, value);
        op_buf_add_byte(to, ',');
        return;
    }
}

void op_log_print(op_buf_t *to, op_log_form_t form, int64_t now, op_log_level_t level,
                  const char *source, op_str_t fields)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    char when[OP_INSTANT_TEXT + 1], exact[OP_INSTANT_TEXT + 16];
    op_instant_print(now, when);
    when[OP_INSTANT_TEXT - 1] = 0; /* its Z */
    snprintf(exact, sizeof exact, "%s.%03dZ", when, (int)(now % OP_SECOND_MS));
    if (form == OP_LOG_JSON)
        op_buf_add_byte(to, '{');
    s_member(to, form, OP_STR("time"), op_str(exact), false);
    s_member(to, form, OP_STR("level"), op_str(names[level]), false);
    s_member(to, form, OP_STR("source"), op_str(source), false);
    op_str_t name = {0}, value;
    bool number;
    op_buf_t clean = {0};
    while (op_fields_next(&fields, &name, &value, &number)) {
        op_buf_clear(&clean);
        op_fields_clean(&clean, value);
        s_member(to, form, name.size ? name : OP_STR("event"), op_buf_str(&clean), number);
    }
    op_buf_free(&clean);
    to->size--; /* what separates members */
    if (form == OP_LOG_JSON)
        op_buf_add_byte(to, '}');
    op_buf_add_byte(to, '\n');
}

void op_log_fields(op_log_level_t level, const char *source, op_str_t fields)
{
    if (!op_log_wants(level))
        return;
    op_buf_t line = {0};
    op_log_print(&line, s_form, op_clock_now(), level, source, fields);
    /* One write: lines of several threads do not mix. */
    ssize_t written = write(STDERR_FILENO, line.at, line.size);
    (void)written;
    op_buf_free(&line);
}

void op_log(op_log_level_t level, const char *source, const char *format, ...)
{
    if (!op_log_wants(level))
        return;
    op_buf_t fields = {0};
    va_list arguments;
    va_start(arguments, format);
    op_fields_print(&fields, format, arguments);
    va_end(arguments);
    op_log_fields(level, source, op_buf_str(&fields));
    op_buf_free(&fields);
}
