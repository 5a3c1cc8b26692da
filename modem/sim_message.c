#include "modem/sim_message.h"

#include "modem/at_lexer.h"

#include <stdio.h>
#include <string.h>

int op_sim_cnmi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[OP_SIM_CNMI] = {3, 3, 3, 2, 1};
    unsigned numbers[OP_SIM_CNMI];
    unsigned *now = modem->settings.cnmi;
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)");
    } else if (form == OP_SIM_READ) {
        op_sim_modem_say(modem, "+CNMI: %u,%u,%u,%u,%u", now[0], now[1], now[2], now[3], now[4]);
    } else if (form == OP_SIM_SET) {
        memcpy(numbers, now, sizeof(numbers));
        if (op_sim_numbers(values, limits, numbers, OP_SIM_CNMI) != 0)
            return 302;
        memcpy(now, numbers, sizeof(numbers));
    } else {
        memset(now, 0, sizeof(numbers)); /* 27.005 3.4.1: without values, the defaults */
    }
    return OP_SIM_END_OK;
}

/*  ---- Messages ---- */

static const char *const s_memories[OP_SIM_STORES] = {"SM", "ME"};

static void s_say_memories(op_sim_modem_t *modem, bool names)
{
    char text[128];
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        op_sim_memory_t memory = modem->settings.memory[i];
        const op_sim_store_t *store = &modem->stores[memory];
        const char *comma = i ? "," : "";
        int more = names ? snprintf(text + size, sizeof(text) - size, "%s\"%s\",%zu,%zu", comma,
                                    s_memories[memory], store->used, store->capacity)
                         : snprintf(text + size, sizeof(text) - size, "%s%zu,%zu", comma,
                                    store->used, store->capacity);
        OP_ASSERT(more > 0 && (size_t)more < sizeof(text) - size);
        size += (size_t)more;
    }
    op_sim_modem_say(modem, "+CPMS: %s", text);
}

int op_sim_cpms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_sim_memory_t memory[3];
    op_str_t field;
    size_t count = 0;
    if (form == OP_SIM_READ)
        s_say_memories(modem, true);
    else if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")");
    if (form != OP_SIM_SET)
        return form == OP_SIM_RUN ? OP_SIM_END_ERROR : OP_SIM_END_OK;
    for (; op_at_field(&values, &field); count++) {
        if (count == 3 || (!op_str_is(field, "SM") && !op_str_is(field, "ME")))
            return 302;
        memory[count] = op_str_is(field, "SM") ? OP_SIM_SM : OP_SIM_ME;
    }
    for (size_t i = 0; i < count; i++)
        modem->settings.memory[i] = memory[i];
    s_say_memories(modem, false);
    return OP_SIM_END_OK;
}

static op_sim_store_t *s_store(op_sim_modem_t *modem)
{
    return &modem->stores[modem->settings.memory[0]];
}

/*  Only the receiving half of <stat> exists here: 0 unread, 1 read, 4 all (27.005 3.1). */
int op_sim_cmgl(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_sim_store_t *store = s_store(modem);
    static const unsigned limit = 4;
    unsigned stat = 0;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CMGL: (0-4)");
    if (form == OP_SIM_TEST || form == OP_SIM_READ)
        return form == OP_SIM_READ ? OP_SIM_END_ERROR : OP_SIM_END_OK;
    if (form == OP_SIM_SET && op_sim_numbers(values, &limit, &stat, 1) != 0)
        return 304;
    for (size_t number = 1; number <= store->capacity; number++) {
        op_sim_slot_t *slot = op_sim_store_at(store, number);
        if (slot == NULL || (stat != 4 && stat != (slot->unread ? 0U : 1U)))
            continue;
        op_sim_modem_say(modem, "+CMGL: %zu,%u,,%u\r\n%s", number, slot->unread ? 0U : 1U,
                         op_sim_pdu_length(slot->pdu), slot->pdu);
        op_sim_modem_log(modem, OP_CARRIER_READ, number);
        slot->unread = false;
    }
    return OP_SIM_END_OK;
}

int op_sim_cmgr(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    uint64_t number;
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (!op_at_field_number(&values, UINT16_MAX, &number))
        return 321;
    op_sim_slot_t *slot = op_sim_store_at(s_store(modem), (size_t)number);
    if (slot == NULL)
        return 321; /* invalid memory index */
    op_sim_modem_say(modem, "+CMGR: %u,,%u\r\n%s", slot->unread ? 0U : 1U,
                     op_sim_pdu_length(slot->pdu), slot->pdu);
    op_sim_modem_log(modem, OP_CARRIER_READ, (size_t)number);
    slot->unread = false;
    return OP_SIM_END_OK;
}

static void s_remove(op_sim_modem_t *modem, size_t number)
{
    if (op_sim_store_at(s_store(modem), number) == NULL)
        return;
    (void)op_sim_store_remove(s_store(modem), number);
    op_sim_modem_log(modem, OP_CARRIER_DELETED, number);
}

/*  <delflag> 1 to 3 take what was read (with what was sent, which is never stored here), 4 all. */
int op_sim_cmgd(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {UINT16_MAX, 4};
    op_sim_store_t *store = s_store(modem);
    unsigned numbers[] = {0, 0};
    op_buf_t used = {0};
    if (form == OP_SIM_TEST) {
        for (size_t number = 1; number <= store->capacity; number++)
            if (op_sim_store_at(store, number))
                op_buf_printf(&used, "%s%zu", used.size ? "," : "", number);
        op_sim_modem_say(modem, "+CMGD: (%.*s),(0-4)", (int)used.size, used.size ? used.at : "");
        op_buf_free(&used);
        return OP_SIM_END_OK;
    }
    if (form != OP_SIM_SET || op_sim_numbers(values, limits, numbers, 2) != 0)
        return OP_SIM_END_ERROR;
    for (size_t number = 1; numbers[1] && number <= store->capacity; number++) {
        op_sim_slot_t *slot = op_sim_store_at(store, number);
        if (slot && (numbers[1] == 4 || !slot->unread))
            s_remove(modem, number);
    }
    if (numbers[1] == 0 && (numbers[0] < 1 || numbers[0] > store->capacity))
        return 321;
    if (numbers[1] == 0)
        s_remove(modem, numbers[0]);
    return OP_SIM_END_OK;
}

int op_sim_cmgs(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    uint64_t length;
    if (form != OP_SIM_SET)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    if (!op_at_field_number(&values, 255, &length))
        return 304;
    op_sim_modem_log(modem, OP_CARRIER_SUBMITTING, (size_t)length);
    op_sim_modem_prompt(modem, true, (unsigned)length);
    return OP_SIM_END_PROMPT;
}

/*  AT+CNMA=n,length takes an acknowledgement PDU behind a prompt (27.005 4.7); it is not looked
    at. */
int op_sim_cnma(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {2, 255};
    unsigned numbers[] = {0, 0};
    if (form == OP_SIM_READ ||
        (form == OP_SIM_SET && op_sim_numbers(values, limits, numbers, 2) != 0))
        return OP_SIM_END_ERROR;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CNMA: (0-2)");
    if (numbers[1] == 0)
        return OP_SIM_END_OK;
    op_sim_modem_prompt(modem, false, numbers[1]);
    return OP_SIM_END_PROMPT;
}
