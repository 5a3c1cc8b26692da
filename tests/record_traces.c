/*  record_traces - writes the recordings of tests/traces anew

        record_traces DIR

    Meant for an intended change of what actors say; OP_UPDATE_TRACES=1 with test_traces does the
    same and writes the listings too. */

#include "tests/trace_flows.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    int status = 0;
    for (size_t i = 0; trace_flow_name(i); i++) {
        op_buf_t bytes = {0};
        char path[1024];
        trace_flow_record(i, &bytes);
        int size = snprintf(path, sizeof path, "%s/%s.trace", argv[1], trace_flow_name(i));
        FILE *file = size < (int)sizeof path ? fopen(path, "wb") : NULL;
        bool good = file && fwrite(bytes.at, 1, bytes.size, file) == bytes.size;
        good = file && fclose(file) == 0 && good;
        if (!good) {
            fprintf(stderr, "%s: not written\n", path);
            status = 1;
        }
        op_buf_free(&bytes);
    }
    return status;
}
