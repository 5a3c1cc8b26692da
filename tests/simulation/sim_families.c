/*  sim_families.c - the makers' modems of tests/modems/, whose files are in the program: a world reads
    none. The build says where they are: OP_MODEMS_FOLDER. */

#include "tests/simulation/sim_private.h"

#define S_FAMILIES(FAMILY)                                                                         \
    FAMILY(cinterion)                                                                              \
    FAMILY(huawei) FAMILY(quectel) FAMILY(sierra) FAMILY(simcom) FAMILY(telit) FAMILY(zte)

#define S_FILE(name)                                                                               \
    extern const char sim_family_##name[], sim_family_##name##_end[];                              \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global sim_family_" #name "\n"                                                       \
            ".global sim_family_" #name "_end\n"                                                   \
            "sim_family_" #name ": .incbin \"" OP_MODEMS_FOLDER "/" #name ".txt\"\n"               \
            "sim_family_" #name "_end: .byte 0\n"                                                  \
            ".popsection\n");
S_FAMILIES(S_FILE)

void sim_family(size_t place, op_sim_family_t *family)
{
#define S_TEXT(name) {sim_family_##name, sim_family_##name##_end},
    static const struct {
        const char *at, *end;
    } texts[] = {S_FAMILIES(S_TEXT)};
    _Static_assert(OP_COUNT(texts) == SIM_FAMILIES, "as many as the header says");
    char error[OP_SIM_FAMILY_ERROR];
    op_str_t text = op_str_of(texts[place].at, (size_t)(texts[place].end - texts[place].at));
    int rc = op_sim_family_read(text, family, error);
    OP_ASSERT(rc == 0);
}
