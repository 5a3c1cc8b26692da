/*  modem_slots.h - where messages lie in a modem, and lists of such places. Pure */

#ifndef OP_ACTORS_MODEM_SLOTS_H
#define OP_ACTORS_MODEM_SLOTS_H

#include "base/bytes.h"

enum { OP_SLOTS_MAX = 256 /* slots that wait to be read or deleted; beyond: the next sweep */ };

/*  Where messages lie in a modem (TS 27.005 3.1). All but MT are searched. */
typedef enum {
    OP_MEMORY_SM, /* the SIM */
    OP_MEMORY_ME, /* the modem itself */
    OP_MEMORY_SR, /* status reports */
    OP_MEMORY_MT, /* all of them, as some announce it */
    OP_MEMORIES
} op_memory_t;

typedef struct {
    op_memory_t memory;
    uint16_t index;
    bool checked;  /* it was read a second time */
    bool listed;   /* a list that was to show it was asked for */
    uint64_t hash; /* of the PDU that was read in it */
    int64_t found; /* when it was announced or listed */
} op_slot_t;

typedef struct {
    op_slot_t at[OP_SLOTS_MAX];
    size_t count;
} op_slots_t;

bool op_slot_is(const op_slot_t *a, const op_slot_t *b);
bool op_slots_have(const op_slots_t *slots, const op_slot_t *slot);
/*  Once, with the latest hash; false: there is no room. */
bool op_slots_add(op_slots_t *slots, op_slot_t slot);
void op_slots_drop(op_slots_t *slots, size_t at);
/*  The slot is read: it is not to be any more. When it was found. */
int64_t op_slots_take(op_slots_t *slots, const op_slot_t *slot);
void op_slots_forget(op_slots_t *slots, op_memory_t memory);

#endif
