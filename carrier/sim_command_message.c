/*  The group of message commands (3GPP TS 27.005): where messages are stored, listed, read,
    deleted, sent and announced. */

#include "carrier/sim_command.h"

#include "carrier/sim_memory.h"
#include "carrier/sim_receive.h"
#include "carrier/sim_send.h"
#include "modem/at_lexer.h"

#include <stdio.h>
#include <string.h>

/*  ---- Settings ---- */

static int s_csms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    unsigned csms = modem->settings.csms, limit = 128;
    if (form == OP_SIM_RUN ||
        (form == OP_SIM_SET && (op_sim_numbers(values, &limit, &csms, 1) != 0 ||
                                !op_sim_takes(modem->family->csms, 0, csms))))
        return OP_SIM_END_ERROR;
    if (form == OP_SIM_SET)
        op_sim_modem_say(modem, "+CSMS: 1,1,1");
    else if (form == OP_SIM_READ)
        op_sim_modem_say(modem, "+CSMS: %u,1,1,1", csms);
    else
        op_sim_modem_say(modem, "+CSMS: %s", modem->family->csms);
    modem->settings.csms = csms;
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
    return op_sim_number(modem, form, values, "+CMGF", 0, &zero);
}

static int s_cmms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return op_sim_number(modem, form, values, "+CMMS", 2, &modem->settings.cmms);
}

static int s_cnmi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[OP_SIM_CNMI] = {9, 9, 9, 9, 9};
    const op_sim_family_t *family = modem->family;
    const char *takes = *family->cnmi_takes ? family->cnmi_takes : family->cnmi;
    unsigned numbers[OP_SIM_CNMI];
    unsigned *now = modem->settings.cnmi;
    memcpy(numbers, now, sizeof(numbers));
    switch (form) {
    case OP_SIM_TEST:
        op_sim_modem_say(modem, "+CNMI: %s", family->cnmi);
        return OP_SIM_END_OK;
    case OP_SIM_READ:
        op_sim_modem_say(modem, "+CNMI: %u,%u,%u,%u,%u", now[0], now[1], now[2], now[3], now[4]);
        return OP_SIM_END_OK;
    case OP_SIM_RUN:
        memset(now, 0, sizeof(numbers)); /* 27.005 3.4.1: without values, the defaults */
        return OP_SIM_END_OK;
    case OP_SIM_SET:
        break;
    }
    if (op_sim_numbers(values, limits, numbers, OP_SIM_CNMI) != 0)
        return 302;
    for (size_t i = 0; i < OP_SIM_CNMI; i++)
        if (!op_sim_takes(takes, i, numbers[i]))
            return 302;
    memcpy(now, numbers, sizeof(numbers));
    return OP_SIM_END_OK;
}

/*  ---- Memories ---- */

static void s_say_memories(op_sim_modem_t *modem, bool names)
{
    op_buf_t text = {0};
    for (size_t i = 0; i < 3; i++) {
        op_sim_memory_t memory = modem->settings.memory[i];
        op_buf_printf(&text, "%s", i ? "," : "");
        if (names)
            op_buf_printf(&text, "\"%s\",", op_sim_memory_name(memory));
        op_buf_printf(&text, "%zu,%zu", op_sim_memory_used(modem, memory),
                      op_sim_memory_capacity(modem, memory));
    }
    op_sim_modem_say(modem, "+CPMS: %.*s", (int)text.size, text.at);
    op_buf_free(&text);
}

static int s_cpms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    const op_sim_family_t *family = modem->family;
    const char *takes = *family->cpms_takes ? family->cpms_takes : family->cpms;
    op_sim_memory_t memory[3];
    op_str_t field;
    size_t count = 0;
    if (form == OP_SIM_READ)
        s_say_memories(modem, true);
    else if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CPMS: %s", family->cpms);
    if (form != OP_SIM_SET)
        return form == OP_SIM_RUN ? OP_SIM_END_ERROR : OP_SIM_END_OK;
    for (; op_at_field(&values, &field); count++) {
        if (count == 3 || !op_sim_takes_word(takes, count, field) ||
            op_sim_memory_named(field) == OP_SIM_MEMORIES)
            return 302;
        memory[count] = op_sim_memory_named(field);
    }
    for (size_t i = 0; i < count; i++)
        modem->settings.memory[i] = memory[i];
    s_say_memories(modem, false);
    return OP_SIM_END_OK;
}

/*  What is read is no longer unread. */
static void s_seen(op_sim_modem_t *modem, op_sim_slot_t *slot, size_t number)
{
    op_sim_modem_log(modem, OP_CARRIER_READ, number);
    if (slot->stat == OP_SIM_UNREAD)
        slot->stat = OP_SIM_SEEN;
}

static int s_cmgl(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limit = OP_SIM_ALL;
    op_sim_memory_t memory = modem->settings.memory[0];
    unsigned stat = OP_SIM_UNREAD;
    size_t first, said = 0;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CMGL: (0-4)");
    if (form == OP_SIM_TEST || form == OP_SIM_READ)
        return form == OP_SIM_READ ? OP_SIM_END_ERROR : OP_SIM_END_OK;
    if (form == OP_SIM_SET && op_sim_numbers(values, &limit, &stat, 1) != 0)
        return 304;
    size_t end = op_sim_memory_numbers(modem, memory, &first);
    for (size_t i = first; i < end; i++) {
        size_t number = modem->knobs[OP_KNOB_LIST_ORDER] ? end - 1 - (i - first) : i;
        op_sim_slot_t *slot = op_sim_memory_at(modem, memory, number);
        if (slot == NULL || (stat != OP_SIM_ALL && stat != slot->stat))
            continue;
        if (said++)
            op_sim_modem_noise(modem, OP_KNOB_NOISE_LIST);
        op_sim_modem_say(modem, "+CMGL: %zu,%u,,%u\r\n%s", number, (unsigned)slot->stat,
                         op_sim_pdu_length(slot->pdu), slot->pdu);
        s_seen(modem, slot, number);
    }
    return OP_SIM_END_OK;
}

static int s_empty(const op_sim_modem_t *modem)
{
    static const int ends[] = {321, OP_SIM_END_OK, OP_SIM_END_ERROR, OP_SIM_END_ERROR_OK};
    return ends[modem->knobs[OP_KNOB_EMPTY_SLOT]];
}

static int s_cmgr(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    uint64_t number;
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (!op_at_field_number(&values, UINT16_MAX, &number))
        return 321; /* invalid memory index */
    op_sim_slot_t *slot = op_sim_memory_at(modem, modem->settings.memory[0], (size_t)number);
    if (slot == NULL)
        return s_empty(modem);
    op_sim_modem_say(modem, "+CMGR: %u,,%u\r\n%s", (unsigned)slot->stat,
                     op_sim_pdu_length(slot->pdu), slot->pdu);
    s_seen(modem, slot, (size_t)number);
    return OP_SIM_END_OK;
}

/*  Does that slot stay whatever is said? */
static bool s_stuck(const op_sim_modem_t *modem, size_t number)
{
    size_t stuck = (size_t)modem->knobs[OP_KNOB_UNDELETABLE_SLOTS];
    return number < stuck + (size_t)modem->knobs[OP_KNOB_FIRST_SLOT];
}

static void s_remove(op_sim_modem_t *modem, size_t number)
{
    op_sim_memory_t memory = modem->settings.memory[0];
    if (op_sim_memory_at(modem, memory, number) == NULL || s_stuck(modem, number))
        return;
    op_sim_memory_remove(modem, memory, number);
    op_sim_modem_log(modem, OP_CARRIER_DELETED, number);
}

static void s_say_used(op_sim_modem_t *modem, size_t first, size_t end)
{
    op_buf_t used = {0};
    for (size_t number = first; number < end; number++)
        if (op_sim_memory_at(modem, modem->settings.memory[0], number))
            op_buf_printf(&used, "%s%zu", used.size ? "," : "", number);
    op_sim_modem_say(modem, "+CMGD: (%.*s),(0-4)", (int)used.size, used.size ? used.at : "");
    op_buf_free(&used);
}

/*  <delflag> (27.005 3.5.4): 1 takes what was read, 2 the sent ones too, 3 the unsent ones too, 4
    all. */
static int s_cmgd(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {UINT16_MAX, 4};
    static const unsigned flags[] = {
        [OP_SIM_SEEN] = 1, [OP_SIM_SENT] = 2, [OP_SIM_UNSENT] = 3, [OP_SIM_UNREAD] = 4};
    op_sim_memory_t memory = modem->settings.memory[0];
    unsigned numbers[] = {0, 0};
    size_t first, end = op_sim_memory_numbers(modem, memory, &first);
    if (form == OP_SIM_TEST) {
        s_say_used(modem, first, end);
        return OP_SIM_END_OK;
    }
    if (form != OP_SIM_SET || op_sim_numbers(values, limits, numbers, 2) != 0)
        return OP_SIM_END_ERROR;
    for (size_t number = first; numbers[1] && number < end; number++) {
        op_sim_slot_t *slot = op_sim_memory_at(modem, memory, number);
        if (slot && flags[slot->stat] <= numbers[1])
            s_remove(modem, number);
    }
    if (numbers[1])
        return OP_SIM_END_OK;
    if (numbers[0] < first || numbers[0] >= end)
        return 321;
    s_remove(modem, numbers[0]);
    bool refused = s_stuck(modem, numbers[0]) && !modem->knobs[OP_KNOB_UNDELETABLE_ANSWER];
    return refused ? 320 : OP_SIM_END_OK;
}

/*  ---- Sending ---- */

static int s_prompt(op_sim_modem_t *modem, op_sim_payload_t payload, unsigned length)
{
    return op_sim_modem_prompt(modem, payload, length) ? OP_SIM_END_PROMPT : 302;
}

static int s_cmgs(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    uint64_t length;
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (!op_at_field_number(&values, 255, &length))
        return 304;
    op_sim_modem_log(modem, OP_CARRIER_SUBMITTING, (size_t)length);
    return s_prompt(modem, OP_SIM_TO_SEND, (unsigned)length);
}

static int s_cmgw(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {255, OP_SIM_SENT};
    unsigned numbers[] = {0, OP_SIM_UNSENT};
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (op_sim_numbers(values, limits, numbers, 2) != 0)
        return 304;
    modem->stat = (op_sim_stat_t)numbers[1];
    return s_prompt(modem, OP_SIM_TO_WRITE, numbers[0]);
}

static int s_cmss(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    uint64_t number;
    op_str_t recipient = {0};
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (!op_at_field_number(&values, UINT16_MAX, &number))
        return 321;
    (void)op_at_field(&values, &recipient);
    return op_sim_send_stored(modem, (size_t)number, recipient);
}

/*  AT+CNMA=n,length takes an acknowledgement PDU behind a prompt (27.005 4.7). */
static int s_cnma(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {2, 255};
    unsigned numbers[] = {0, 0};
    if (form == OP_SIM_READ ||
        (form == OP_SIM_SET && op_sim_numbers(values, limits, numbers, 2) != 0))
        return OP_SIM_END_ERROR;
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+CNMA: (0-2)");
        return OP_SIM_END_OK;
    }
    if (numbers[1])
        return s_prompt(modem, OP_SIM_TO_ACKNOWLEDGE, numbers[1]);
    return modem->settings.csms && !op_sim_receive_acknowledge(modem) ? 340 : OP_SIM_END_OK;
}

op_sim_group_t op_sim_commands_message(void)
{
    static const op_sim_command_t rows[] = {
        {"+CMGD", s_cmgd, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMGF", s_cmgf, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CMGL", s_cmgl, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMGR", s_cmgr, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMGS", s_cmgs, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMGW", s_cmgw, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMSS", s_cmss, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CMMS", s_cmms, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CNMA", s_cnma, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CNMI", s_cnmi, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CPMS", s_cpms, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CSCA", s_csca, NULL, NULL, NULL, false, OP_SIM_CMS},
        {"+CSMS", s_csms, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CSCB", NULL, NULL, "+CSCB: 0,\"\",\"\"", "+CSCB: (0,1)", true, OP_SIM_NO_SIM},
        {"+CSMP", NULL, NULL, "+CSMP: 17,167,0,0", "", true, OP_SIM_NO_SIM},
    };
    return (op_sim_group_t){rows, OP_COUNT(rows)};
}
