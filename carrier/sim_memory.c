#include "carrier/sim_memory.h"

#include <string.h>

static const char *const s_names[OP_SIM_MEMORIES] = {"SM", "ME", "SR", "MT"};

const char *op_sim_memory_name(op_sim_memory_t memory)
{
    OP_ASSERT(memory < OP_SIM_MEMORIES);
    return s_names[memory];
}

op_sim_memory_t op_sim_memory_named(op_str_t name)
{
    int memory = 0;
    while (memory < OP_SIM_MEMORIES && !op_str_is(name, s_names[memory]))
        memory++;
    return (op_sim_memory_t)memory;
}

void op_sim_memory_resize(op_sim_modem_t *modem)
{
    op_sim_store_resize(&modem->card->store, (size_t)modem->knobs[OP_KNOB_SM_SLOTS]);
    op_sim_store_resize(&modem->me, (size_t)modem->knobs[OP_KNOB_ME_SLOTS]);
    op_sim_store_resize(&modem->sr, (size_t)modem->knobs[OP_KNOB_SR_SLOTS]);
}

/*  The stores of a memory in their order; returns how many. */
static size_t s_stores(op_sim_modem_t *modem, op_sim_memory_t memory, op_sim_store_t *stores[2])
{
    op_sim_store_t *sm = &modem->card->store;
    bool both = memory == OP_SIM_MT;
    stores[0] = memory == OP_SIM_SM ? sm : memory == OP_SIM_SR ? &modem->sr : &modem->me;
    stores[1] = sm;
    return both ? 2 : 1;
}

size_t op_sim_memory_used(op_sim_modem_t *modem, op_sim_memory_t memory)
{
    op_sim_store_t *stores[2];
    size_t count = s_stores(modem, memory, stores), used = 0;
    for (size_t i = 0; i < count; i++)
        used += stores[i]->used;
    return used;
}

size_t op_sim_memory_capacity(op_sim_modem_t *modem, op_sim_memory_t memory)
{
    op_sim_store_t *stores[2];
    size_t count = s_stores(modem, memory, stores), capacity = 0;
    for (size_t i = 0; i < count; i++) {
        bool over = stores[i]->used > stores[i]->capacity; /* the knob came down on what is there */
        capacity += over ? stores[i]->used : stores[i]->capacity;
    }
    return capacity;
}

size_t op_sim_memory_numbers(op_sim_modem_t *modem, op_sim_memory_t memory, size_t *first)
{
    op_sim_store_t *stores[2];
    size_t count = s_stores(modem, memory, stores);
    *first = (size_t)modem->knobs[OP_KNOB_FIRST_SLOT];
    return *first + stores[0]->made + (count == 2 ? stores[1]->made : 0);
}

bool op_sim_memory_add(op_sim_modem_t *modem, op_sim_memory_t memory, op_str_t pdu,
                       op_sim_stat_t stat, size_t *number)
{
    op_sim_store_t *stores[2];
    size_t count = s_stores(modem, memory, stores);
    size_t before = (size_t)modem->knobs[OP_KNOB_FIRST_SLOT];
    for (size_t i = 0; i < count; i++) {
        size_t slot = op_sim_store_add(stores[i], pdu, stat,
                                       (op_sim_order_t)modem->knobs[OP_KNOB_SLOT_ORDER]);
        if (slot) {
            *number = before + slot - 1;
            return true;
        }
        before += stores[i]->made;
    }
    return false;
}

/*  The store that a number falls into, and the slot's number there; NULL: none. */
static op_sim_store_t *s_find(op_sim_modem_t *modem, op_sim_memory_t memory, size_t *number)
{
    op_sim_store_t *stores[2];
    size_t count = s_stores(modem, memory, stores);
    size_t before = (size_t)modem->knobs[OP_KNOB_FIRST_SLOT];
    for (size_t i = 0; i < count && *number >= before; i++) {
        if (*number < before + stores[i]->made) {
            *number = *number - before + 1;
            return stores[i];
        }
        before += stores[i]->made;
    }
    return NULL;
}

op_sim_slot_t *op_sim_memory_at(op_sim_modem_t *modem, op_sim_memory_t memory, size_t number)
{
    op_sim_store_t *store = s_find(modem, memory, &number);
    return store ? op_sim_store_at(store, number) : NULL;
}

void op_sim_memory_remove(op_sim_modem_t *modem, op_sim_memory_t memory, size_t number)
{
    op_sim_store_t *store = s_find(modem, memory, &number);
    if (store)
        (void)op_sim_store_remove(store, number);
}

unsigned op_sim_pdu_length(const char *pdu)
{
    uint8_t smsc = 0;
    if (strlen(pdu) < 2 || op_unhex(op_str_of(pdu, 2), &smsc, 1) != 1)
        return 0;
    size_t octets = strlen(pdu) / 2;
    return octets > (size_t)smsc + 1 ? (unsigned)(octets - smsc - 1) : 0;
}
