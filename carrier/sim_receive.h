/*  sim_receive.h - texts and status reports on their way from the network to the driver's side

    They wait with the SIM (carrier/sim_card.h) until the modem is in service, no prompt is open,
    and there is a free slot or AT+CNMI wants them said. After AT+CSMS=1 what was said whole waits
    for AT+CNMA (27.005 3.4.4): no other follows before it, and without it in time it goes back to
    the network and AT+CNMI is set to store. */

#ifndef OP_CARRIER_SIM_RECEIVE_H
#define OP_CARRIER_SIM_RECEIVE_H

#include "carrier/sim_modem.h"

/*  Hands over what can be handed over now. */
void op_sim_receive_flush(op_sim_modem_t *modem);

/*  The network delivers a DELIVER or a STATUS-REPORT, as hexadecimal digits; false when too many
    wait. A report that AT+CNMI does not ask for is dropped. */
bool op_sim_receive(op_sim_modem_t *modem, op_str_t pdu, bool report, int64_t now);
/*  How many more DELIVERs may wait. */
size_t op_sim_receive_room(const op_sim_modem_t *modem);

/*  AT+CNMA: false when nothing waits for it. */
bool op_sim_receive_acknowledge(op_sim_modem_t *modem);

#endif
