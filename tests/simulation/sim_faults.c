#include "tests/simulation/sim_faults.h"

#include <string.h>

static const struct {
    const char *name, *sentence;
} s_faults[] = {
#define SIM_FAULT_ROW(NAME, name, sentence) {name, sentence},
    SIM_FAULTS(SIM_FAULT_ROW)
#undef SIM_FAULT_ROW
};

_Static_assert(SIM_FAULT_END <= 64, "a set of faults is one word");

const char *sim_fault_name(sim_fault_t fault)
{
    OP_ASSERT(fault < SIM_FAULT_END);
    return s_faults[fault].name;
}

const char *sim_fault_sentence(sim_fault_t fault)
{
    OP_ASSERT(fault < SIM_FAULT_END);
    return s_faults[fault].sentence;
}

static bool s_add(op_str_t name, sim_fault_set_t *set)
{
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        if (op_str_is(name, s_faults[i].name)) {
            *set |= UINT64_C(1) << i;
            return true;
        }
    return false;
}

bool sim_faults_parse(const char *text, sim_fault_set_t *set)
{
    *set = 0;
    if (strcmp(text, "none") == 0)
        return true;
    if (strcmp(text, "all") == 0) {
        *set = SIM_FAULTS_ALL;
        return true;
    }
    while (*text) {
        size_t size = strcspn(text, ",");
        if (!s_add(op_str_of(text, size), set))
            return false;
        text += size + (text[size] == ',');
    }
    return true;
}
