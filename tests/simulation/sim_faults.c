#include "tests/simulation/sim_faults.h"

#include <string.h>

static const struct {
    const char *name, *sentence;
} s_faults[] = {
#define SIM_FAULT_ROW(NAME, name, sentence) {name, sentence},
    SIM_FAULTS(SIM_FAULT_ROW)
#undef SIM_FAULT_ROW
};

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

sim_fault_set_t sim_faults_all(void)
{
    sim_fault_set_t all = {.listed = false};
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        all.has[i] = true;
    return all;
}

static bool s_add(op_str_t name, sim_fault_set_t *set)
{
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        if (op_str_is(name, s_faults[i].name))
            return set->has[i] = true;
    return false;
}

bool sim_faults_parse(const char *text, sim_fault_set_t *set, op_str_t *unknown)
{
    *set = (sim_fault_set_t){.listed = false};
    if (strcmp(text, "none") == 0)
        return true;
    if (strcmp(text, "all") == 0) {
        *set = sim_faults_all();
        return true;
    }
    set->listed = true;
    for (;; text++) {
        size_t size = strcspn(text, ",");
        *unknown = op_str_of(text, size);
        if (!s_add(*unknown, set))
            return false;
        text += size;
        if (!*text)
            return true;
    }
}
