/*  hosts_cli.c - op_ctl_keygen and op_ctl_host as a program, for tests that need keys */

#include "tools/opctl_hosts.h"

#include <czmq.h>

int main(int argc, char **argv)
{
    zsys_handler_set(NULL);
    if (argc > 1 && strcmp(argv[1], "keygen") == 0)
        return op_ctl_keygen(argc - 1, argv + 1);
    return argc > 1 && strcmp(argv[1], "host") == 0 ? op_ctl_host(argc - 1, argv + 1) : 2;
}
