#include "carrier/sim_families.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int s_load(const char *path, op_sim_family_t *family, char *error, size_t error_size)
{
    static const char too_long[] = "it is too long";
    char why[OP_SIM_FAMILY_ERROR] = {0};
    char *text = op_alloc(OP_SIM_FAMILY_FILE_MAX + 1);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, OP_SIM_FAMILY_FILE_MAX + 1, file) : 0;
    int result = 0;
    if (!file || ferror(file))
        result = snprintf(why, sizeof why, "%s", strerror(errno));
    else if (size > OP_SIM_FAMILY_FILE_MAX)
        result = snprintf(why, sizeof why, "%s", too_long);
    else
        result = op_sim_family_read(op_str_of(text, size), family, why);
    if (file)
        fclose(file);
    free(text);
    if (result != 0)
        snprintf(error, error_size, "%s: %s", path, why);
    return result != 0 ? -1 : 0;
}

int op_sim_families_load(const char *scenario, op_sim_families_t *families, char *error,
                         size_t error_size)
{
    *families = (op_sim_families_t){0};
    int result = 0;
    for (op_str_t rest = op_str(scenario); rest.size && result == 0;) {
        char *path = op_strdup(op_str_next(&rest, ','));
        if (families->count == OP_SIM_FAMILIES_MAX) {
            snprintf(error, error_size, "a scenario has at most %d files", OP_SIM_FAMILIES_MAX);
            result = -1;
        } else {
            families->at = op_realloc(families->at, (families->count + 1) * sizeof *families->at);
            result = s_load(path, &families->at[families->count++], error, error_size);
        }
        free(path);
    }
    if (result != 0)
        op_sim_families_free(families);
    return result;
}

void op_sim_families_free(op_sim_families_t *families)
{
    free(families->at);
    *families = (op_sim_families_t){0};
}
