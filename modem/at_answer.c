#include "modem/at_answer.h"

#include "modem/at_lexer.h"

#include <string.h>

static bool s_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*  What stands behind "+NAME:", or all of it. */
static op_str_t s_values(op_str_t line)
{
    const char *colon = line.size ? memchr(line.at, ':', line.size) : NULL;
    if (!colon)
        return line;
    return op_str_of(colon + 1, line.size - (size_t)(colon + 1 - line.at));
}

/*  ---- The network ---- */

int op_at_registration(op_str_t line, bool asked)
{
    enum { STAT_MAX = 20 };
    op_str_t rest = s_values(line);
    uint64_t stat;
    op_str_t mode;
    if (rest.size == line.size || (asked && !op_at_field(&rest, &mode)))
        return -1;
    return op_at_field_number(&rest, STAT_MAX, &stat) ? (int)stat : -1;
}

bool op_at_registered(int stat)
{
    return stat == 1 || stat == 5 || stat == 6 || stat == 7;
}

/*  ---- Identities ---- */

/*  The first run of digits in `line` that has `least` to `most`. */
static op_str_t s_run(op_str_t line, size_t least, size_t most)
{
    for (size_t at = 0; at < line.size;) {
        size_t end = at;
        while (end < line.size && s_is_digit(line.at[end]))
            end++;
        if (end - at >= least && end - at <= most)
            return op_str_of(line.at + at, end - at);
        at = end + 1;
    }
    return op_str_of(NULL, 0);
}

bool op_at_digits(const op_str_t *lines, size_t count, size_t least, size_t most, char *to)
{
    for (size_t i = 0; i < count; i++) {
        op_str_t run = s_run(s_values(lines[i]), least, most);
        if (run.size)
            return op_str_copy(run, to, most + 1);
    }
    return false;
}

bool op_at_iccid(const op_str_t *lines, size_t count, char to[OP_ICCID_MAX + 1])
{
    for (size_t i = 0; i < count; i++) {
        op_str_t run = s_run(s_values(lines[i]), 18, OP_ICCID_MAX);
        if (run.size)
            return op_str_copy(run, to, OP_ICCID_MAX + 1);
    }
    return false;
}

void op_at_words(op_str_t line, const char *name, char *to, size_t size)
{
    size_t used = 0;
    if (op_str_starts(line, name))
        line = op_at_after(line, name);
    for (size_t i = 0; i < line.size && used + 1 < size; i++) {
        char c = line.at[i];
        bool blank = c == ' ' && used == 0;
        if (c >= ' ' && c <= '~' && c != '"' && !blank)
            to[used++] = c;
    }
    to[used] = 0;
}

/*  ---- Storages ---- */

static const char *const s_memories[] = {"SM", "ME", "MT"};

/*  Which of them the innermost brackets of a place name, as bits. One list without brackets, or one
    place, holds for all three. */
static void s_offered(op_str_t line, unsigned offered[3])
{
    size_t place = 0;
    unsigned found = 0;
    for (size_t i = 0; i < line.size; i++) {
        op_str_t rest = op_str_of(line.at + i, line.size - i);
        if (*rest.at == '(')
            found = 0;
        if (*rest.at == ')' && found && place < 3) {
            offered[place++] = found;
            found = 0;
        }
        for (size_t m = 0; m < OP_COUNT(s_memories); m++)
            found |= op_str_starts(rest, s_memories[m]) ? 1U << m : 0;
    }
    if (place == 0 && found)
        offered[place++] = found;
    for (; place && place < 3; place++)
        offered[place] = offered[place - 1];
}

static size_t s_best(unsigned offered)
{
    size_t m = 0;
    while (m + 1 < OP_COUNT(s_memories) && !(offered >> m & 1))
        m++;
    return offered ? m : 0;
}

void op_at_memories(op_str_t line, char memory[3][OP_MEMORY_MAX + 1])
{
    enum { READ, WRITE, RECEIVE, ME_AND_SM = 2 };
    unsigned offered[3] = {0};
    s_offered(s_values(line), offered);
    size_t receive = s_best(offered[RECEIVE]), read = receive, write = receive;
    if (offered[READ] && !(offered[READ] >> receive & 1))
        read = offered[READ] >> ME_AND_SM & 1 ? ME_AND_SM : s_best(offered[READ]);
    if (offered[WRITE] && !(offered[WRITE] >> receive & 1))
        write = s_best(offered[WRITE]);
    memcpy(memory[READ], s_memories[read], sizeof memory[READ]);
    memcpy(memory[WRITE], s_memories[write], sizeof memory[WRITE]);
    memcpy(memory[RECEIVE], s_memories[receive], sizeof memory[RECEIVE]);
}

bool op_at_usage(op_str_t line, uint64_t *used, uint64_t *total)
{
    op_str_t rest = s_values(line), field;
    uint64_t numbers[6];
    size_t count = 0;
    while (count < OP_COUNT(numbers) && op_at_field(&rest, &field))
        count += op_str_to_u64(field, UINT16_MAX, &numbers[count]);
    if (count < 2)
        return false;
    *used = numbers[count / 2 * 2 - 2];
    *total = numbers[count / 2 * 2 - 1];
    return true;
}

/*  ---- Notices ---- */

/*  Is `value` in the list of that place: numbers and ranges as in (0-2),(1,3)? With no list at that
    place anything may be tried. */
static bool s_offers(op_str_t lists, size_t place, unsigned value)
{
    size_t at = 0, seen = 0;
    while (at < lists.size && (lists.at[at] != '(' || seen++ != place))
        at++;
    if (at == lists.size)
        return true;
    unsigned number = 0, first = 0;
    bool range = false, any = false;
    for (at++; at < lists.size; at++) {
        char c = lists.at[at];
        if (s_is_digit(c)) {
            number = (number * 10 + (unsigned)(c - '0')) % 1000;
            any = true;
            continue;
        }
        if (any && c != ' ' && (range ? value >= first && value <= number : value == number) &&
            c != '-')
            return true;
        if (c == ' ')
            continue;
        range = c == '-';
        first = number;
        number = 0;
        if (c == ')')
            break;
        any = any && range;
    }
    return false;
}

static bool s_offers_any(op_str_t lists, size_t place, const unsigned *values, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= s_offers(lists, place, values[i]);
    return any;
}

/*  The first of the values that is offered, or the first. */
static unsigned s_first(op_str_t lists, size_t place, const unsigned *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (s_offers(lists, place, values[i]))
            return values[i];
    return values[0];
}

bool op_at_cnmi(op_str_t line, unsigned reports, size_t place, unsigned cnmi[OP_CNMI])
{
    static const unsigned modes[] = {2, 1, 3}, texts[] = {1, 2}, buffers[] = {0, 1},
                          none[] = {0, 2, 3};
    const unsigned ds[] = {reports, reports == 2 ? 1 : 2, 0};
    op_str_t lists = s_values(line);
    bool some = s_offers_any(lists, 0, modes, OP_COUNT(modes));
    cnmi[1] = s_first(lists, 1, texts, OP_COUNT(texts));
    cnmi[2] = s_first(lists, 2, none, OP_COUNT(none));
    cnmi[4] = s_first(lists, 4, buffers, OP_COUNT(buffers));
    for (size_t i = 0; i < OP_COUNT(ds) * OP_COUNT(modes); i++) {
        cnmi[0] = modes[i % OP_COUNT(modes)];
        cnmi[3] = ds[i / OP_COUNT(modes)];
        bool mode = some ? s_offers(lists, 0, cnmi[0]) : cnmi[0] == modes[0];
        if (mode && s_offers(lists, 3, cnmi[3]) && place-- == 0)
            return true;
    }
    /* The last resort, where it was not among them: what is offered is not always what is taken. */
    cnmi[0] = 1;
    cnmi[3] = 0;
    return place == 0 && !(s_offers(lists, 0, 1) && s_offers(lists, 3, 0));
}
