/*  sim_memory.h - a simulated modem's memories by the numbers that drivers use

    SM is on the SIM, ME and SR are the modem's, MT is ME and SM in one: the slots of ME, then those
    of SM. Numbers begin with the knob FIRST_SLOT. */

#ifndef OP_CARRIER_SIM_MEMORY_H
#define OP_CARRIER_SIM_MEMORY_H

#include "carrier/sim_modem.h"

const char *op_sim_memory_name(op_sim_memory_t memory);
/*  OP_SIM_MEMORIES: there is none of that name. */
op_sim_memory_t op_sim_memory_named(op_str_t name);

/*  After the knobs of their sizes have moved, or the SIM. */
void op_sim_memory_resize(op_sim_modem_t *modem);

size_t op_sim_memory_used(op_sim_modem_t *modem, op_sim_memory_t memory);
size_t op_sim_memory_capacity(op_sim_modem_t *modem, op_sim_memory_t memory);
/*  The numbers of the slots that exist: from *first up to, without, the one returned. */
size_t op_sim_memory_numbers(op_sim_modem_t *modem, op_sim_memory_t memory, size_t *first);

/*  False when it is full. */
bool op_sim_memory_add(op_sim_modem_t *modem, op_sim_memory_t memory, op_str_t pdu,
                       op_sim_stat_t stat, size_t *number);
/*  The taken slot of that number, or NULL. */
op_sim_slot_t *op_sim_memory_at(op_sim_modem_t *modem, op_sim_memory_t memory, size_t number);
void op_sim_memory_remove(op_sim_modem_t *modem, op_sim_memory_t memory, size_t number);

/*  Octets of a stored PDU without the service centre's address, as 27.005 counts. */
unsigned op_sim_pdu_length(const char *pdu);

#endif
