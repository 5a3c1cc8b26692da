/*  sim_disk.h - a store that fails on demand: the memory engine behind a layer that can refuse

    It is an op_store_t like any other (store/store.h). */

#ifndef OP_SIMULATION_DISK_H
#define OP_SIMULATION_DISK_H

#include "store/memory.h"

op_store_t *sim_disk_new(void);
/*  The next `n` writes that hold anything fail; 0 heals. */
void sim_disk_fail_writes(op_store_t *self, uint64_t n);
/*  The (n + 1)th read from now on fails, once. */
void sim_disk_fail_read(op_store_t *self, uint64_t n);
void sim_disk_heal(op_store_t *self);
/*  How many reads and writes were made to fail so far. */
uint64_t sim_disk_failures(const op_store_t *self);
/*  Another memory store in the place of the one inside; it is taken over. */
void sim_disk_replace(op_store_t *self, op_store_t *memory);
/*  The memory store inside. */
op_store_t *sim_disk_memory(op_store_t *self);

#endif
