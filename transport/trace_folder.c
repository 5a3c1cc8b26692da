#include "transport/trace_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int s_by_number(const void *a_at, const void *b_at)
{
    uint64_t a = *(const uint64_t *)a_at, b = *(const uint64_t *)b_at;
    return a < b ? -1 : a > b;
}

int op_trace_file_numbers(const char *path, op_trace_numbers_t *numbers, char error[OP_TRACE_ERROR])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char folder[4096] = ".";
    size_t size = strlen(name);
    numbers->count = 0;
    bool fits =
        !slash || op_str_copy(op_str_of(path, (size_t)(slash - path) + 1), folder, sizeof folder);
    DIR *list = fits ? opendir(folder) : NULL;
    if (!list) {
        snprintf(error, OP_TRACE_ERROR, "%s", strerror(fits ? errno : ENAMETOOLONG));
        return -1;
    }
    struct dirent *entry;
    int rc = 0;
    while (rc == 0 && (entry = readdir(list))) {
        uint64_t number;
        if (strncmp(entry->d_name, name, size) != 0 || entry->d_name[size] != '.' ||
            entry->d_name[size + 1] == '0' ||
            !op_str_to_u64(op_str(entry->d_name + size + 1), UINT64_MAX, &number))
            continue;
        if (numbers->count == OP_TRACE_SEGMENTS_MAX)
            rc = -1;
        else
            numbers->at[numbers->count++] = number;
    }
    closedir(list);
    if (rc != 0)
        snprintf(error, OP_TRACE_ERROR, "more files continue it than opd leaves");
    qsort(numbers->at, numbers->count, sizeof numbers->at[0], s_by_number);
    return rc;
}
