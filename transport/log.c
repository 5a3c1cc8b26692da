#include "transport/log.h"

#include "base/instant.h"
#include "transport/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static op_log_level_t s_threshold = OP_LOG_INFO;

void op_log_threshold(op_log_level_t level)
{
    s_threshold = level;
}

void op_log(op_log_level_t level, const char *source, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if (level < s_threshold)
        return;
    char line[1400], when[OP_INSTANT_TEXT + 1];
    op_instant_print(op_clock_now(), when);
    int head = snprintf(line, sizeof line, "%s %s %s ", when, names[level], source);
    va_list arguments;
    va_start(arguments, format);
    int size = head + vsnprintf(line + head, sizeof line - (size_t)head - 1, format, arguments);
    va_end(arguments);
    if (size > (int)sizeof line - 2)
        size = (int)sizeof line - 2;
    line[size++] = '\n';
    /* One write: lines of several threads do not mix. A log that cannot be written is no reason to
       stop. */
    if (write(STDERR_FILENO, line, (size_t)size) < 0)
        return;
}
