/*  path.h - the folder that a path leads into */

#ifndef OP_BASE_PATH_H
#define OP_BASE_PATH_H

#include "base/bytes.h"

enum { OP_PATH_MAX = 1024 };

/*  "/a" of "/a/b" and of "/a/b/", "/" of "/a", "." of "a", and "/" of "/". Cut at OP_PATH_MAX. */
void op_path_folder(const char *path, char folder[OP_PATH_MAX]);

/*  Nothing could be made at this path: what is this errno about? The folder, where that is missing;
    else the path itself. */
const char *op_path_blame(const char *path, int error, char folder[OP_PATH_MAX]);

#endif
