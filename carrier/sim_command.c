/*  A command line, one command after the other. The one final result of the line is said in one
    place. */

#include "carrier/sim_command.h"

#include "modem/at_lexer.h"
#include "modem/error_words.h"

#include <string.h>

int op_sim_numbers(op_str_t values, const unsigned *limits, unsigned *numbers, size_t count)
{
    op_str_t field;
    for (size_t i = 0; op_at_field(&values, &field); i++) {
        uint64_t number;
        if (i == count)
            return -1;
        if (field.size == 0)
            continue;
        if (!op_str_to_u64(field, limits[i], &number))
            return -1;
        numbers[i] = (unsigned)number;
    }
    return 0;
}

int op_sim_number(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name,
                  unsigned max, unsigned *number)
{
    if (form == OP_SIM_RUN)
        return OP_SIM_END_ERROR;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "%s: (0-%u)", name, max);
    else if (form == OP_SIM_READ)
        op_sim_modem_say(modem, "%s: %u", name, *number);
    else if (op_sim_numbers(values, &max, number, 1) != 0)
        return OP_SIM_END_ERROR;
    return OP_SIM_END_OK;
}

/*  ---- Extended commands ---- */

static int s_column(op_sim_modem_t *modem, const char *answer)
{
    if (answer == NULL)
        return OP_SIM_END_UNKNOWN;
    if (*answer)
        op_sim_modem_say(modem, "%s", answer);
    return OP_SIM_END_OK;
}

/*  The error for a command that wants the SIM; OP_SIM_END_OK: the SIM is fine. 27.005 3.2.5 has
    numbers of its own. */
static int s_sim(const op_sim_modem_t *modem, op_sim_needs_t needs)
{
    int trouble = op_sim_modem_sim_trouble(modem);
    if (trouble == 0 || needs == OP_SIM_NO_SIM)
        return OP_SIM_END_OK;
    if (needs == OP_SIM_CME)
        return -trouble;
    return trouble == 10 ? 310 : trouble == 11 ? 311 : trouble == 12 ? 316 : 313;
}

static int s_row(op_sim_modem_t *modem, const op_sim_command_t *row, op_sim_form_t form,
                 op_str_t values)
{
    int trouble = form == OP_SIM_TEST ? OP_SIM_END_OK : s_sim(modem, row->needs);
    if (trouble != OP_SIM_END_OK)
        return trouble;
    if (row->handler)
        return row->handler(modem, form, values);
    if (form == OP_SIM_SET)
        return row->set ? OP_SIM_END_OK : OP_SIM_END_UNKNOWN;
    return s_column(modem, form == OP_SIM_RUN    ? row->run
                           : form == OP_SIM_READ ? row->read
                                                 : row->test);
}

static const op_sim_own_t *s_own(const op_sim_family_t *family, op_str_t name, op_sim_form_t form)
{
    for (size_t i = 0; i < family->owns; i++)
        if (op_str_is(name, family->own[i].name) &&
            (family->own[i].refused || family->own[i].form == form))
            return &family->own[i];
    return NULL;
}

static int s_extended(op_sim_modem_t *modem, op_str_t name, op_sim_form_t form, op_str_t values)
{
    const op_sim_group_t groups[] = {op_sim_commands_modem(), op_sim_commands_network(),
                                     op_sim_commands_message()};
    const op_sim_own_t *own = s_own(modem->family, name, form);
    if (own && own->refused)
        return OP_SIM_END_UNKNOWN;
    if (own && *own->answer)
        op_sim_modem_say_text(modem, own->answer, NULL);
    if (own)
        return OP_SIM_END_OK;
    for (size_t group = 0; group < OP_COUNT(groups); group++)
        for (size_t i = 0; i < groups[group].count; i++)
            if (op_str_is(name, groups[group].at[i].name))
                return s_row(modem, &groups[group].at[i], form, values);
    return OP_SIM_END_UNKNOWN;
}

/*  Takes one extended command, up to `;` outside quotes, off the line. */
static int s_take_extended(op_sim_modem_t *modem, op_str_t *line)
{
    bool quoted = false;
    char name[16];
    size_t size = 0;
    op_str_t values;
    while (size < line->size && (quoted || line->at[size] != ';')) {
        quoted ^= line->at[size] == '"';
        size++;
    }
    op_str_t command = op_str_of(line->at, size);
    size_t taken = size < line->size ? size + 1 : size;
    *line = op_str_of(line->at + taken, line->size - taken);

    op_str_t whole = command;
    op_sim_form_t form = op_sim_form(&command, &values);
    bool junk = form == OP_SIM_SET && whole.at[command.size] != '='; /* +X?y */
    if (command.size >= sizeof(name) || junk)
        return OP_SIM_END_UNKNOWN;
    for (size_t i = 0; i < command.size; i++) {
        bool lower = command.at[i] >= 'a' && command.at[i] <= 'z';
        name[i] = (char)(lower ? command.at[i] - 0x20 : command.at[i]);
    }
    return s_extended(modem, op_str_of(name, command.size), form, values);
}

/*  ---- Basic commands ---- */

static int s_identity(op_sim_modem_t *modem)
{
    const op_sim_family_t *family = modem->family;
    if (*family->identity)
        op_sim_modem_say_text(modem, family->identity, NULL);
    else
        op_sim_modem_say(modem, "%s\r\n%s\r\n%s", family->manufacturer, family->model,
                         family->revision);
    return OP_SIM_END_OK;
}

static int s_ampersand(op_sim_modem_t *modem, char letter)
{
    if (letter == 'F')
        op_sim_modem_defaults(modem);
    return strchr("FCDKW", letter) ? OP_SIM_END_OK : OP_SIM_END_ERROR;
}

/*  V.250 6.1, 6.2, 6.3; what has no effect here is OK. */
static int s_basic(op_sim_modem_t *modem, char letter, unsigned number)
{
    switch (letter) {
    case 'Z':
        op_sim_modem_defaults(modem);
        return OP_SIM_END_OK;
    case 'E':
        if (number > 1)
            return OP_SIM_END_ERROR;
        modem->settings.echo = number == 1;
        return OP_SIM_END_OK;
    case 'V':
        if (number > 1)
            return OP_SIM_END_ERROR;
        modem->settings.short_results = number == 0;
        return OP_SIM_END_OK;
    case 'I':
        return s_identity(modem);
    case 'H':
    case 'A': /* no voice here: a call that is taken ends */
        modem->knobs[OP_KNOB_RING_NEXT] = 0;
        return OP_SIM_END_OK;
    case 'Q':
        return number == 0 ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    }
    return letter == 'X' || letter == 'S' || letter == ';' ? OP_SIM_END_OK : OP_SIM_END_ERROR;
}

/*  Takes one basic command (V.250 5.3.1: a letter, or & and a letter, and a number) off the
    line. */
static int s_take_basic(op_sim_modem_t *modem, op_str_t *line)
{
    char letter = line->at[0];
    bool ampersand = letter == '&';
    size_t size = ampersand ? 2 : 1;
    unsigned number = 0;
    if (ampersand && line->size < 2)
        return OP_SIM_END_ERROR;
    letter = line->at[size - 1];
    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - 0x20);
    for (; size < line->size && line->at[size] >= '0' && line->at[size] <= '9'; size++)
        number = number < 1000 ? number * 10 + (unsigned)(line->at[size] - '0') : number;
    if (letter == 'S' && size < line->size && line->at[size] == '=') /* a register: ATS0=0 */
        for (size++; size < line->size && line->at[size] >= '0' && line->at[size] <= '9';)
            size++;
    *line = op_str_of(line->at + size, line->size - size);
    return ampersand ? s_ampersand(modem, letter) : s_basic(modem, letter, number);
}

/*  ---- The line ---- */

/*  V.250 5.7.1: ATV0 says a number and CR instead. */
static void s_result(op_sim_modem_t *modem, const char *text, const char *number)
{
    if (!modem->settings.short_results) {
        op_sim_modem_say(modem, "%s", text);
        return;
    }
    op_sim_modem_put(modem, op_str(number));
    op_sim_modem_put(modem, OP_STR("\r"));
}

static void s_numbered(op_sim_modem_t *modem, const char *name, int code, const char *text)
{
    if ((modem->settings.cmee == 2 || modem->knobs[OP_KNOB_ERROR_WORDS]) && text)
        op_sim_modem_say(modem, "%s: %s", name, text);
    else
        op_sim_modem_say(modem, "%s: %d", name, code);
}

void op_sim_command_end(op_sim_modem_t *modem, int end)
{
    if (end == OP_SIM_END_UNKNOWN && *modem->family->unknown) {
        op_sim_modem_say_text(modem, modem->family->unknown, NULL);
        return;
    }
    if (end == OP_SIM_END_UNKNOWN)
        end = -100; /* 27.007 9.2: unknown */
    if (end == OP_SIM_END_PROMPT || end == OP_SIM_END_LATER)
        return;
    if (end == OP_SIM_END_OK)
        s_result(modem, "OK", "0");
    else if (end > 0)
        s_numbered(modem, "+CMS ERROR", end, op_cms_words(end));
    else if (end <= OP_SIM_END_ERROR || modem->settings.cmee == 0)
        s_result(modem, "ERROR", "4");
    else
        s_numbered(modem, "+CME ERROR", -end, op_cme_words(-end));
    if (end == OP_SIM_END_ERROR_OK)
        s_result(modem, "OK", "0");
}

void op_sim_command_run(op_sim_modem_t *modem, op_str_t line)
{
    int end = OP_SIM_END_OK;
    op_str_t rest = op_str_of(line.at + 2, line.size - 2); /* behind AT */
    modem->late = NULL;
    while (rest.size && end == OP_SIM_END_OK) {
        if (strchr("+^$#*%!", rest.at[0]))
            end = s_take_extended(modem, &rest);
        else if (rest.at[0] == ' ')
            rest = op_str_of(rest.at + 1, rest.size - 1);
        else
            end = s_take_basic(modem, &rest);
    }
    op_sim_command_end(modem, end);
    if (modem->late)
        op_sim_modem_say(modem, "%s", modem->late);
    modem->late = NULL;
}
