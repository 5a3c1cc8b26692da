/*  Final results and notices as modems of many makers send them. A name is asked for when the
    command holds it as a question (AT+CREG?, AT+CREG=?, AT^HCSQ), not when it sets it: the notice
    that follows AT+CREG=2 at once is a notice. */

#include "modem/at_line.h"

#include "modem/error_words.h"

#include <string.h>

typedef enum { S_WHOLE, S_START } s_match_t;

static const struct {
    const char *text;
    s_match_t match;
    op_at_result_t result;
} s_finals[] = {
    {"OK", S_WHOLE, OP_AT_OK},
    {"ERROR", S_WHOLE, OP_AT_ERROR},
    {"+CME ERROR", S_START, OP_AT_CME_ERROR},
    {"+CMS ERROR", S_START, OP_AT_CMS_ERROR},
    {"+EXT ERROR", S_START, OP_AT_ERROR},
    {"MODEM ERROR", S_START, OP_AT_ERROR},
    {"COMMAND NOT SUPPORT", S_WHOLE, OP_AT_ERROR},
    {"COMMAND NOT SUPPORTED", S_WHOLE, OP_AT_ERROR},
    {"TOO MANY PARAMETERS", S_WHOLE, OP_AT_ERROR},
    {"NA", S_WHOLE, OP_AT_ERROR},
};

static const char *const s_call_finals[] = {"NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE",
                                            "CONNECT"};
static const char *const s_call_commands[] = {"ATD", "ATA", "ATH", "ATO"};

static const struct {
    const char *text;
    s_match_t match;
    op_at_notice_t kind;
    bool pdu;
} s_notices[] = {
    {"+CMTI:", S_START, OP_AT_NOTICE_CMTI, false},
    {"+CMT:", S_START, OP_AT_NOTICE_CMT, true},
    {"+CDSI:", S_START, OP_AT_NOTICE_CDSI, false},
    {"+CDS:", S_START, OP_AT_NOTICE_CDS, true},
    {"+CBM:", S_START, OP_AT_NOTICE_CBM, true},
    {"+CREG:", S_START, OP_AT_NOTICE_NET, false},
    {"+CGREG:", S_START, OP_AT_NOTICE_NET, false},
    {"+CEREG:", S_START, OP_AT_NOTICE_NET, false},
    {"^MODE:", S_START, OP_AT_NOTICE_NET, false},
    {"^SRVST:", S_START, OP_AT_NOTICE_NET, false},
    {"+ZPAS:", S_START, OP_AT_NOTICE_NET, false},
    {"+PSBEARER:", S_START, OP_AT_NOTICE_NET, false},
    {"+SPNWNAME:", S_START, OP_AT_NOTICE_NET, false},
    {"^RSSI:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"^HCSQ:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"^CSNR:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"+CSQ:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"+CESQ:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"_OSIGQ:", S_START, OP_AT_NOTICE_SIGNAL, false},
    {"RING", S_WHOLE, OP_AT_NOTICE_CALL, false},
    {"+CRING:", S_START, OP_AT_NOTICE_CALL, false},
    {"+CLIP:", S_START, OP_AT_NOTICE_CALL, false},
    {"+CCWA:", S_START, OP_AT_NOTICE_CALL, false},
    {"+ZEND", S_START, OP_AT_NOTICE_CALL, false},
    {"RDY", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"Call Ready", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"SMS Ready", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"SMS DONE", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"PB DONE", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"START", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"NORMAL POWER DOWN", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"UNDER-VOLTAGE POWER DOWN", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"OVER-VOLTAGE POWER DOWN", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"UNDER-VOLTAGE", S_START, OP_AT_NOTICE_POWER, false}, /* a warning, again and again */
    {"OVER-VOLTAGE", S_START, OP_AT_NOTICE_POWER, false},
    {"+CPIN:", S_START, OP_AT_NOTICE_BOOT, false},
    {"+QIND: SMS DONE", S_START, OP_AT_NOTICE_BOOT, false},
    {"+QIND: PB DONE", S_START, OP_AT_NOTICE_BOOT, false},
    {"+QIND:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+QUSIM:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CFUN:", S_START, OP_AT_NOTICE_BOOT, false},
    {"^SYSSTART", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"+PBREADY", S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {"^BOOT:", S_START, OP_AT_NOTICE_BOOT, false},
    {"^SIMST:", S_START, OP_AT_NOTICE_BOOT, false},
    {"+ZUSIMR:", S_START, OP_AT_NOTICE_OTHER, false}, /* again and again, not only at a start */
    {"+ZPASR:", S_START, OP_AT_NOTICE_NET, false},
    {"+ZPSTM:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+STIN:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CIREGU:", S_START, OP_AT_NOTICE_NET, false},
    {"^SMMEMFULL:", S_START, OP_AT_NOTICE_FULL, false},
    {"+CUSD:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CIEV:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CGEV:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CTZV:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CTZE:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CSSI:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+CSSU:", S_START, OP_AT_NOTICE_OTHER, false},
    {"+MBAN:", S_START, OP_AT_NOTICE_OTHER, false},
    /*  Makers' own names that are not above; standard ones begin with "+". */
    {"^", S_START, OP_AT_NOTICE_OTHER, false},
    {"#", S_START, OP_AT_NOTICE_OTHER, false},
    {"*", S_START, OP_AT_NOTICE_OTHER, false},
    {"_", S_START, OP_AT_NOTICE_OTHER, false},
};

static bool s_matches(op_str_t line, const char *text, s_match_t match)
{
    return match == S_WHOLE ? op_str_is(line, text) : op_str_starts(line, text);
}

/*  Its number, or the one for its words. */
static int s_error_code(op_str_t line, op_at_result_t result)
{
    const char *colon = memchr(line.at, ':', line.size);
    uint64_t code;
    if (colon == NULL)
        return -1;
    op_str_t words = op_str_of(colon + 1, line.size - (size_t)(colon + 1 - line.at)), rest = words;
    if (op_at_field_number(&rest, UINT16_MAX, &code))
        return (int)code;
    return result == OP_AT_CMS_ERROR ? op_cms_of_words(words) : op_cme_of_words(words);
}

static bool s_call_final(op_str_t line)
{
    for (size_t i = 0; i < OP_COUNT(s_call_finals); i++)
        if (op_str_starts(line, s_call_finals[i]))
            return true;
    return false;
}

bool op_at_line_final(op_str_t line, op_str_t command, op_at_result_t *result, int *code)
{
    *code = -1;
    for (size_t i = 0; i < OP_COUNT(s_finals); i++) {
        if (!s_matches(line, s_finals[i].text, s_finals[i].match))
            continue;
        *result = s_finals[i].result;
        if (*result == OP_AT_CME_ERROR || *result == OP_AT_CMS_ERROR)
            *code = s_error_code(line, *result);
        return true;
    }
    if (!s_call_final(line))
        return false;
    for (size_t i = 0; i < OP_COUNT(s_call_commands); i++) {
        if (op_str_starts(command, s_call_commands[i])) {
            *result = OP_AT_ERROR;
            return true;
        }
    }
    return false;
}

static bool s_name_byte(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

/*  Does the command ask for the line's name? */
static bool s_asked(op_str_t line, op_str_t command, op_str_t expect)
{
    if (expect.size && line.size >= expect.size && memcmp(line.at, expect.at, expect.size) == 0)
        return true;
    size_t name = 1;
    while (name < line.size && s_name_byte(line.at[name]))
        name++;
    for (size_t i = 0; name > 1 && i + name <= command.size; i++) {
        if (memcmp(command.at + i, line.at, name) != 0)
            continue;
        op_str_t tail = op_str_of(command.at + i + name, command.size - i - name);
        if (tail.size == 0 || tail.at[0] == '?' || tail.at[0] == ';' || op_str_starts(tail, "=?"))
            return true;
    }
    return false;
}

bool op_at_line_notice(op_str_t line, op_str_t command, op_str_t expect, op_at_notice_t *kind,
                       bool *pdu)
{
    for (size_t i = 0; i < OP_COUNT(s_notices); i++) {
        if (!s_matches(line, s_notices[i].text, s_notices[i].match))
            continue;
        if (s_asked(line, command, expect))
            return false;
        *kind = s_notices[i].kind;
        *pdu = s_notices[i].pdu;
        return true;
    }
    /*  As the result of a call: only when no command for calls is in flight. */
    op_at_result_t result;
    int code;
    *kind = OP_AT_NOTICE_CALL;
    *pdu = false;
    return s_call_final(line) && !op_at_line_final(line, command, &result, &code);
}

const char *op_at_result_name(op_at_result_t result)
{
    switch (result) {
    case OP_AT_OK:
        return "ok";
    case OP_AT_ERROR:
        return "error";
    case OP_AT_CME_ERROR:
        return "cme_error";
    case OP_AT_CMS_ERROR:
        return "cms_error";
    case OP_AT_TIMEOUT:
        return "timeout";
    case OP_AT_NO_PROMPT:
        return "no_prompt";
    case OP_AT_LOST:
        return "lost";
    }
    return "unknown";
}

bool op_at_line_rings(op_str_t line)
{
    return op_str_is(line, "RING") || op_str_starts(line, "+CRING:");
}

bool op_at_line_hex(op_str_t line)
{
    for (size_t i = 0; i < line.size; i++) {
        char byte = line.at[i];
        bool digit = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F') ||
                     (byte >= 'a' && byte <= 'f');
        if (!digit)
            return false;
    }
    return line.size >= 2 && line.size % 2 == 0;
}

bool op_at_line_echo(op_str_t line, op_str_t sent)
{
    if (line.size < 2 || line.size > sent.size)
        return false;
    return memcmp(line.at, sent.at, line.size) == 0 ||
           (line.size >= 4 && memcmp(line.at, sent.at + sent.size - line.size, line.size) == 0);
}
