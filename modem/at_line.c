/*  Final results and notices as modems of many makers send them. A name is asked for when the
    command holds it as a question (AT+CREG?, AT+CREG=?, AT^HCSQ), not when it sets it: the notice
    that follows AT+CREG=2 at once is a notice. */

#include "modem/at_line.h"

#include "modem/error_words.h"

#include <string.h>

typedef enum { S_WHOLE, S_START } s_match_t;

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

static const struct {
    op_str_t text;
    s_match_t match;
    op_at_result_t result;
} s_finals[] = {
    {TEXT("OK"), S_WHOLE, OP_AT_OK},
    {TEXT("ERROR"), S_WHOLE, OP_AT_ERROR},
    {TEXT("+CME ERROR"), S_START, OP_AT_CME_ERROR},
    {TEXT("+CMS ERROR"), S_START, OP_AT_CMS_ERROR},
    {TEXT("+EXT ERROR"), S_START, OP_AT_ERROR},
    {TEXT("MODEM ERROR"), S_START, OP_AT_ERROR},
    {TEXT("COMMAND NOT SUPPORT"), S_WHOLE, OP_AT_ERROR},
    {TEXT("COMMAND NOT SUPPORTED"), S_WHOLE, OP_AT_ERROR},
    {TEXT("TOO MANY PARAMETERS"), S_WHOLE, OP_AT_ERROR},
    {TEXT("NA"), S_WHOLE, OP_AT_ERROR},
};

static const char *const s_call_finals[] = {"NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE",
                                            "CONNECT"};
static const char *const s_call_commands[] = {"ATD", "ATA", "ATH", "ATO"};

static const struct {
    op_str_t text;
    s_match_t match;
    op_at_notice_t kind;
    bool pdu;
} s_notices[] = {
    {TEXT("+CMTI:"), S_START, OP_AT_NOTICE_CMTI, false},
    {TEXT("+CMT:"), S_START, OP_AT_NOTICE_CMT, true},
    {TEXT("+CDSI:"), S_START, OP_AT_NOTICE_CDSI, false},
    {TEXT("+CDS:"), S_START, OP_AT_NOTICE_CDS, true},
    {TEXT("+CBM:"), S_START, OP_AT_NOTICE_CBM, true},
    {TEXT("+CREG:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+CGREG:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+CEREG:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("^MODE:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("^SRVST:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+ZPAS:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+PSBEARER:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+SPNWNAME:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("^RSSI:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("^HCSQ:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("^CSNR:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("+CSQ:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("+CESQ:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("_OSIGQ:"), S_START, OP_AT_NOTICE_SIGNAL, false},
    {TEXT("RING"), S_WHOLE, OP_AT_NOTICE_CALL, false},
    {TEXT("+CRING:"), S_START, OP_AT_NOTICE_CALL, false},
    {TEXT("+CLIP:"), S_START, OP_AT_NOTICE_CALL, false},
    {TEXT("+CCWA:"), S_START, OP_AT_NOTICE_CALL, false},
    {TEXT("+ZEND"), S_START, OP_AT_NOTICE_CALL, false},
    {TEXT("RDY"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("Call Ready"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("SMS Ready"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("SMS DONE"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("PB DONE"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("START"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("NORMAL POWER DOWN"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("UNDER-VOLTAGE POWER DOWN"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("OVER-VOLTAGE POWER DOWN"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("UNDER-VOLTAGE"), S_START, OP_AT_NOTICE_POWER, false}, /* a warning, again and again */
    {TEXT("OVER-VOLTAGE"), S_START, OP_AT_NOTICE_POWER, false},
    {TEXT("+CPIN:"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("+QIND: SMS DONE"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("+QIND: PB DONE"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("+QIND:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+QUSIM:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CFUN:"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("^SYSSTART"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("+PBREADY"), S_WHOLE, OP_AT_NOTICE_BOOT, false},
    {TEXT("^BOOT:"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("^SIMST:"), S_START, OP_AT_NOTICE_BOOT, false},
    {TEXT("+ZUSIMR:"), S_START, OP_AT_NOTICE_OTHER,
     false}, /* again and again, not only at a start */
    {TEXT("+ZPASR:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("+ZPSTM:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+STIN:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CIREGU:"), S_START, OP_AT_NOTICE_NET, false},
    {TEXT("^SMMEMFULL:"), S_START, OP_AT_NOTICE_FULL, false},
    {TEXT("+CUSD:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CIEV:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CGEV:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CTZV:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CTZE:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CSSI:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+CSSU:"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("+MBAN:"), S_START, OP_AT_NOTICE_OTHER, false},
    /*  Makers' own names that are not above; standard ones begin with "+". */
    {TEXT("^"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("#"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("*"), S_START, OP_AT_NOTICE_OTHER, false},
    {TEXT("_"), S_START, OP_AT_NOTICE_OTHER, false},
};

/*  Each line is held against all the texts above: where the last octet differs, which it nearly
    always does, nothing more is looked at. */
static bool s_matches(op_str_t line, op_str_t text, s_match_t match)
{
    return (match == S_WHOLE ? line.size == text.size : line.size >= text.size) &&
           line.at[text.size - 1] == text.at[text.size - 1] &&
           memcmp(line.at, text.at, text.size) == 0;
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

bool op_at_line_may_be_pdu(op_str_t line, op_str_t command)
{
    static const char names[] = {'+', '^', '#', '*', '_', '$'};
    op_at_result_t result;
    int code;
    return !memchr(names, line.at[0], sizeof names) && !op_str_starts(line, "AT") &&
           !op_at_line_final(line, command, &result, &code);
}

bool op_at_line_echo(op_str_t line, op_str_t sent)
{
    if (line.size < 2 || line.size > sent.size)
        return false;
    return memcmp(line.at, sent.at, line.size) == 0 ||
           (line.size >= 4 && memcmp(line.at, sent.at + sent.size - line.size, line.size) == 0);
}
