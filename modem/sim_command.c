/*  A table of names with their four forms, ITU-T V.250 5.4.4 and 27.007 4: AT+X runs, AT+X? reads,
    AT+X=? tests, AT+X=values sets. Answers that never change are columns of the table; the rest are
    handlers. A handler says its information lines and returns how it ended; the one final result
    of the line is said in one place. */

#include "modem/sim_command.h"

#include "modem/at_lexer.h"
#include "modem/sim_message.h"

#include <stdio.h>
#include <string.h>

typedef int (*s_handler_t)(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);

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

/*  ---- Identity ---- */

/*  ISO/IEC 7812: the digit that makes the whole a Luhn number. */
static char s_luhn(const char *digits)
{
    unsigned sum = 0;
    size_t size = strlen(digits);
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)(digits[size - 1 - i] - '0') * (i % 2 == 0 ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static int s_cgsn(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    char digits[32];
    (void)values;
    if (form != OP_SIM_RUN)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    snprintf(digits, sizeof(digits), "35693803%06zu", modem->index);
    op_sim_modem_say(modem, "%s%c", digits, s_luhn(digits));
    return OP_SIM_END_OK;
}

static int s_cimi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form != OP_SIM_RUN)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    op_sim_modem_say(modem, "310170%09zu", 845160000 + modem->index);
    return OP_SIM_END_OK;
}

static int s_iccid(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name)
{
    char digits[32];
    (void)values;
    if (form == OP_SIM_SET)
        return OP_SIM_END_ERROR;
    snprintf(digits, sizeof(digits), "89014103%010zu", 2711806000 + modem->index);
    if (form != OP_SIM_TEST)
        op_sim_modem_say(modem, "%s: %s%c", name, digits, s_luhn(digits));
    return OP_SIM_END_OK;
}

static int s_ccid(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_iccid(modem, form, values, "+CCID");
}

static int s_iccid_plain(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_iccid(modem, form, values, "+ICCID");
}

static int s_qccid(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_iccid(modem, form, values, "+QCCID");
}

static int s_cnum(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form != OP_SIM_RUN)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    op_sim_modem_say(modem, "+CNUM: \"\",\"%s\",145", modem->number);
    return OP_SIM_END_OK;
}

/*  ---- Settings ---- */

/*  AT+X=n, AT+X?, AT+X=? of one number. */
static int s_number(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name,
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

static int s_cmee(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_number(modem, form, values, "+CMEE", 2, &modem->settings.cmee);
}

static int s_cfun(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {4, 1};
    unsigned numbers[] = {modem->settings.cfun, 0}; /* <fun>, <rst> */
    if (form != OP_SIM_SET)
        return s_number(modem, form, values, "+CFUN", 4, &modem->settings.cfun);
    if (op_sim_numbers(values, limits, numbers, 2) != 0)
        return OP_SIM_END_ERROR;
    modem->settings.cfun = numbers[0];
    return OP_SIM_END_OK;
}

static int s_csms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limit = 1;
    unsigned *csms = &modem->settings.csms;
    if (form == OP_SIM_RUN || (form == OP_SIM_SET && op_sim_numbers(values, &limit, csms, 1) != 0))
        return OP_SIM_END_ERROR;
    if (form == OP_SIM_SET)
        op_sim_modem_say(modem, "+CSMS: 1,1,1");
    else if (form == OP_SIM_READ)
        op_sim_modem_say(modem, "+CSMS: %u,1,1,1", *csms);
    else
        op_sim_modem_say(modem, "+CSMS: (0,1)");
    return OP_SIM_END_OK;
}

/*  Registration (27.007 7.2, 10.1.20, 10.1.22): at home while the radio is on. */
static int s_reg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name,
                 unsigned *mode)
{
    if (form != OP_SIM_READ)
        return s_number(modem, form, values, name, 2, mode);
    unsigned status = modem->settings.cfun == 1 ? 1 : 0;
    if (*mode == 2 && status)
        op_sim_modem_say(modem, "%s: 2,%u,\"1A2B\",\"00C0FFEE\",7", name, status);
    else
        op_sim_modem_say(modem, "%s: %u,%u", name, *mode, status);
    return OP_SIM_END_OK;
}

static int s_creg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CREG", &modem->settings.reg[OP_SIM_CREG]);
}

static int s_cgreg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CGREG", &modem->settings.reg[OP_SIM_CGREG]);
}

static int s_cereg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CEREG", &modem->settings.reg[OP_SIM_CEREG]);
}

static int s_cops(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {4, 2};
    unsigned numbers[] = {0, modem->settings.cops};
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+COPS: (2,\"OP Test\",\"OP\",\"310170\",7)");
    } else if (form == OP_SIM_READ) {
        bool numeric = modem->settings.cops == 2;
        op_sim_modem_say(modem, "+COPS: 0,%u,\"%s\",7", modem->settings.cops,
                         numeric ? "310170" : "OP Test");
    } else if (form == OP_SIM_RUN || op_sim_numbers(values, limits, numbers, 2) != 0) {
        return OP_SIM_END_ERROR;
    }
    modem->settings.cops = numbers[1];
    return OP_SIM_END_OK;
}

static int s_cscs(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_str_t name;
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+CSCS: (\"GSM\",\"UCS2\")");
    } else if (form == OP_SIM_READ) {
        op_sim_modem_say(modem, "+CSCS: \"%s\"", modem->settings.ucs2 ? "UCS2" : "GSM");
    } else {
        bool given = form == OP_SIM_SET && op_at_field(&values, &name);
        if (!given || (!op_str_is(name, "GSM") && !op_str_is(name, "UCS2")))
            return OP_SIM_END_ERROR;
        modem->settings.ucs2 = op_str_is(name, "UCS2");
    }
    return OP_SIM_END_OK;
}

static int s_csca(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_str_t number;
    op_address_t address;
    if (form == OP_SIM_READ)
        op_sim_modem_say(modem, "+CSCA: \"%s\",145", modem->settings.csca);
    if (form != OP_SIM_SET)
        return form == OP_SIM_RUN ? OP_SIM_END_ERROR : OP_SIM_END_OK;
    if (!op_at_field(&values, &number) || op_address_from(number, &address) != 0 ||
        address.type == OP_ADDRESS_ALPHANUMERIC)
        return 304;
    snprintf(modem->settings.csca, sizeof(modem->settings.csca), "%s", address.text);
    return OP_SIM_END_OK;
}

static int s_cmgf(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    unsigned zero = 0;
    return s_number(modem, form, values, "+CMGF", 0, &zero);
}

/*  ---- The table ---- */

/*  An absent column is an error; an empty one says nothing but OK. */
static const struct {
    const char *name;
    s_handler_t handler; /* or the columns: */
    const char *run, *read, *test;
    bool set; /* any values are accepted, and forgotten */
} s_commands[] = {
    {"+CCID", s_ccid, NULL, NULL, NULL, false},
    {"+CEREG", s_cereg, NULL, NULL, NULL, false},
    {"+CFUN", s_cfun, NULL, NULL, NULL, false},
    {"+CGREG", s_cgreg, NULL, NULL, NULL, false},
    {"+CGSN", s_cgsn, NULL, NULL, NULL, false},
    {"+GSN", s_cgsn, NULL, NULL, NULL, false},
    {"+CIMI", s_cimi, NULL, NULL, NULL, false},
    {"+CMEE", s_cmee, NULL, NULL, NULL, false},
    {"+CMGD", op_sim_cmgd, NULL, NULL, NULL, false},
    {"+CMGF", s_cmgf, NULL, NULL, NULL, false},
    {"+CMGL", op_sim_cmgl, NULL, NULL, NULL, false},
    {"+CMGR", op_sim_cmgr, NULL, NULL, NULL, false},
    {"+CMGS", op_sim_cmgs, NULL, NULL, NULL, false},
    {"+CNMA", op_sim_cnma, NULL, NULL, NULL, false},
    {"+CNMI", op_sim_cnmi, NULL, NULL, NULL, false},
    {"+CNUM", s_cnum, NULL, NULL, NULL, false},
    {"+COPS", s_cops, NULL, NULL, NULL, false},
    {"+CPMS", op_sim_cpms, NULL, NULL, NULL, false},
    {"+CREG", s_creg, NULL, NULL, NULL, false},
    {"+CSCA", s_csca, NULL, NULL, NULL, false},
    {"+CSCS", s_cscs, NULL, NULL, NULL, false},
    {"+CSMS", s_csms, NULL, NULL, NULL, false},
    {"+ICCID", s_iccid_plain, NULL, NULL, NULL, false},
    {"+QCCID", s_qccid, NULL, NULL, NULL, false},
    {"+CBC", NULL, "+CBC: 0,100", NULL, "", false},
    {"+CGEREP", NULL, NULL, "+CGEREP: 0,0", "+CGEREP: (0-2),(0,1)", true},
    {"+CGMI", NULL, "OP Simulator", NULL, "", false},
    {"+GMI", NULL, "OP Simulator", NULL, "", false},
    {"+CGMM", NULL, "OP SIM-1", NULL, "", false},
    {"+GMM", NULL, "OP SIM-1", NULL, "", false},
    {"+CGMR", NULL, "1.0", NULL, "", false},
    {"+GMR", NULL, "1.0", NULL, "", false},
    {"+CLIP", NULL, NULL, "+CLIP: 0,1", "+CLIP: (0,1)", true},
    {"+CMMS", NULL, NULL, "+CMMS: 0", "+CMMS: (0-2)", true},
    {"+CPBS", NULL, NULL, "+CPBS: \"SM\",0,250", "+CPBS: (\"SM\",\"ME\")", true},
    {"+CPIN", NULL, NULL, "+CPIN: READY", "", false},
    {"+CRC", NULL, NULL, "+CRC: 0", "+CRC: (0,1)", true},
    {"+CSCB", NULL, NULL, "+CSCB: 0,\"\",\"\"", "+CSCB: (0,1)", true},
    {"+CSMP", NULL, NULL, "+CSMP: 17,167,0,0", "", true},
    {"+CSQ", NULL, "+CSQ: 23,99", NULL, "+CSQ: (0-31,99),(0-7,99)", false},
    {"+CUSD", NULL, NULL, "+CUSD: 0", "+CUSD: (0-2)", true},
    {"+GCAP", NULL, "+GCAP: +CGSM,+CLTE", NULL, "", false},
    {"+WS46", NULL, NULL, "28", "(28)", true},
};

/*  What a command that nobody knows says: 27.007 9.2, "unknown". */
static int s_unknown(void)
{
    return -100;
}

static int s_column(op_sim_modem_t *modem, const char *answer)
{
    if (answer == NULL)
        return s_unknown();
    if (*answer)
        op_sim_modem_say(modem, "%s", answer);
    return OP_SIM_END_OK;
}

static int s_extended(op_sim_modem_t *modem, op_str_t name, op_sim_form_t form, op_str_t values)
{
    for (size_t i = 0; i < OP_COUNT(s_commands); i++) {
        if (!op_str_is(name, s_commands[i].name))
            continue;
        if (s_commands[i].handler)
            return s_commands[i].handler(modem, form, values);
        if (form == OP_SIM_SET)
            return s_commands[i].set ? OP_SIM_END_OK : s_unknown();
        return s_column(modem, form == OP_SIM_RUN    ? s_commands[i].run
                               : form == OP_SIM_READ ? s_commands[i].read
                                                     : s_commands[i].test);
    }
    return s_unknown();
}

/*  Takes one extended command, up to `;` outside quotes, off the line. */
static int s_take_extended(op_sim_modem_t *modem, op_str_t *line)
{
    bool quoted = false;
    char name[16];
    size_t size = 0;
    while (size < line->size && (quoted || line->at[size] != ';')) {
        quoted ^= line->at[size] == '"';
        size++;
    }
    op_str_t command = op_str_of(line->at, size);
    size_t taken = size < line->size ? size + 1 : size;
    *line = op_str_of(line->at + taken, line->size - taken);

    size_t end = 0;
    while (end < command.size && command.at[end] != '=' && command.at[end] != '?')
        end++;
    if (end >= sizeof(name))
        return s_unknown();
    for (size_t i = 0; i < end; i++) {
        bool lower = command.at[i] >= 'a' && command.at[i] <= 'z';
        name[i] = (char)(lower ? command.at[i] - 0x20 : command.at[i]);
    }
    op_str_t rest = op_str_of(command.at + end, command.size - end);
    op_sim_form_t form = OP_SIM_SET;
    if (rest.size == 0)
        form = OP_SIM_RUN;
    else if (op_str_is(rest, "?"))
        form = OP_SIM_READ;
    else if (op_str_is(rest, "=?"))
        form = OP_SIM_TEST;
    else if (rest.at[0] != '=')
        return s_unknown();
    op_str_t values =
        form == OP_SIM_SET ? op_str_of(rest.at + 1, rest.size - 1) : op_str_of(NULL, 0);
    return s_extended(modem, op_str_of(name, end), form, values);
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
    if (ampersand && letter == 'F')
        op_sim_modem_defaults(modem);
    else if (ampersand)
        return letter == 'C' || letter == 'D' || letter == 'K' || letter == 'W' ? OP_SIM_END_OK
                                                                                : OP_SIM_END_ERROR;
    else if (letter == 'Z')
        op_sim_modem_defaults(modem);
    else if (letter == 'E' && number <= 1)
        modem->settings.echo = number == 1;
    else if (letter == 'I')
        op_sim_modem_say(modem, "OP Simulator\r\nOP SIM-1\r\nRevision: 1.0");
    else if (!(letter == 'V' && number == 1) && !(letter == 'Q' && number == 0) && letter != 'X' &&
             letter != 'H' && letter != 'S' && letter != ';')
        return OP_SIM_END_ERROR;
    return OP_SIM_END_OK;
}

static void s_say_final(op_sim_modem_t *modem, int end)
{
    if (end == OP_SIM_END_PROMPT)
        return;
    if (end == OP_SIM_END_OK)
        op_sim_modem_say(modem, "OK");
    else if (end > 0)
        op_sim_modem_say(modem, "+CMS ERROR: %d", end);
    else if (end == OP_SIM_END_ERROR || modem->settings.cmee == 0)
        op_sim_modem_say(modem, "ERROR");
    else if (modem->settings.cmee == 1)
        op_sim_modem_say(modem, "+CME ERROR: %d", -end);
    else
        op_sim_modem_say(modem, "+CME ERROR: unknown");
}

void op_sim_command_run(op_sim_modem_t *modem, op_str_t line)
{
    int end = OP_SIM_END_OK;
    op_str_t rest = op_str_of(line.at + 2, line.size - 2); /* behind AT */
    while (rest.size && end == OP_SIM_END_OK) {
        if (strchr("+^$#*%", rest.at[0]))
            end = s_take_extended(modem, &rest);
        else if (rest.at[0] == ' ')
            rest = op_str_of(rest.at + 1, rest.size - 1);
        else
            end = s_take_basic(modem, &rest);
    }
    s_say_final(modem, end);
}
