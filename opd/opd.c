/*  opd - the server: options, then the parts in the order in which they need each other */

#include "base/output.h"
#include "opd/options.h"
#include "opd/process.h"

#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
    op_options_t options;
    umask(0077); /* the store holds phones, texts and credentials */
    switch (op_options_read(argc, argv, &options)) {
    case OP_OPTIONS_RUN:
        return op_process_run(&options);
    case OP_OPTIONS_DONE:
        return op_output_end("opd", 0, 1);
    case OP_OPTIONS_WRONG:
        return 1;
    }
    return 1;
}
