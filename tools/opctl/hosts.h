/*  hosts.h - opctl's sub-commands for the keys of links (transport/curve.h)

    They work on folders and need no running server. `argv[0]` is the sub-command's own name; what
    they print goes to stdout, errors as one line to stderr. They return the exit status: 0, 1 for
    an error, 2 for a command line that is not understood. */

#ifndef OP_TOOLS_OPCTL_HOSTS_H
#define OP_TOOLS_OPCTL_HOSTS_H

/*  keygen DIR: a new key pair for this host, in place of the one there. Prints the public key. The
    old one stays beside it as host.cert.old until the next time. */
int op_ctl_keygen(int argc, char **argv);

/*  host add NAME --actors A,B --key FILE [--dir DIR]: lets in the host whose public certificate
    FILE is (its DIR/host.cert), to speak as these actors; prints what the other side needs. A host
    of that name is replaced: so its key is rotated. host remove NAME [--dir DIR], host list [--dir
    DIR]. DIR is ./keys by default.

    A running opd takes changes at SIGHUP. */
int op_ctl_host(int argc, char **argv);

#endif
