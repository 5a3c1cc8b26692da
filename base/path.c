#include "base/path.h"

#include <errno.h>

void op_path_folder(const char *path, char folder[OP_PATH_MAX])
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    op_str_copy(size ? op_str_of(path, size) : OP_STR("."), folder, OP_PATH_MAX);
}

const char *op_path_blame(const char *path, int error, char folder[OP_PATH_MAX])
{
    if (error != ENOENT)
        return path;
    op_path_folder(path, folder);
    return folder;
}
