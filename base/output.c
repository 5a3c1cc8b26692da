#include "base/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int op_output_end(const char *program, int code, int failed)
{
    bool lost = ferror(stdout) != 0; /* of an earlier write: errno is of something else by now */
    errno = 0;
    lost |= fclose(stdout) != 0;
    if (!lost)
        return code;
    fprintf(stderr, "%s: cannot write the output%s%s\n", program, errno ? ": " : "",
            errno ? strerror(errno) : "");
    return code ? code : failed;
}
