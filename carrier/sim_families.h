/*  sim_families.h - the families of simulated modems that a scenario names

    A scenario is a comma-separated list of files (carrier/sim_family.h), as in
    "tests/modems/huawei.txt,tests/modems/telit.txt": the first modem is of the first, and so on,
    and from the first again when there are more modems. */

#ifndef OP_CARRIER_SIM_FAMILIES_H
#define OP_CARRIER_SIM_FAMILIES_H

#include "carrier/sim_family.h"

enum { OP_SIM_FAMILIES_MAX = 64, OP_SIM_FAMILY_FILE_MAX = 64 * 1024 };

typedef struct {
    op_sim_family_t *at; /* owned; NULL: none */
    size_t count;
} op_sim_families_t;

/*  Reads the files; an empty scenario has none. -1 with one line in `error`. */
int op_sim_families_load(const char *scenario, op_sim_families_t *families, char *error,
                         size_t error_size) OP_MUST_CHECK;
void op_sim_families_free(op_sim_families_t *families);

#endif
