/*  curve.h - the keys of links: who this process is, and whom it lets in

    Links between hosts are encrypted and authenticated by CurveZMQ (ZeroMQ RFC 26), asked by ZAP
    (RFC 27). The folder `link/keys` holds ZPL certificates:

        host.cert           this process's public key, to be given to the others
        host.cert_secret    both keys, for its owner's eyes only (else it is refused)
        peers/NAME.cert     a permitted peer's public key, with `name` and `actors`: as whom it may speak

    `opctl keygen DIR` makes the first two, `opctl host add` the others. The same certificate is
    used both ways: a peer is known by its key when it connects here, and must show it when we
    connect there. No two certificates name the same actor or have the same key.

    libzmq lets anybody in when no ZAP handler answers, or when there is no domain. So: CZMQ's
    zauth, a domain, ZMQ_ZAP_ENFORCE_DOMAIN, and op_curve_self_test at the start: a random key must
    be refused.

    Safe from any thread. */

#ifndef OP_TRANSPORT_CURVE_H
#define OP_TRANSPORT_CURVE_H

#include "base/limits.h"

#include <czmq.h>

enum { OP_CURVE_NAME_MAX = 64, OP_CURVE_KEY = 40 /* characters of Z85 */ };

typedef struct op_curve op_curve_t;

/*  Reads the folder and starts zauth, of which a process has one. NULL: `error` says why. */
op_curve_t *op_curve_new(const char *folder, char error[256]) OP_MUST_CHECK;
void op_curve_destroy(op_curve_t **self_p);

/*  Can the folder be read? 0, or -1 and `error` says what is wrong. */
int op_curve_check(const char *folder, char error[256]) OP_MUST_CHECK;

/*  Reads the folder anew. -1: `error` says why, and all is as before. */
int op_curve_reload(op_curve_t *self, char error[256]) OP_MUST_CHECK;
/*  Changes when a socket that speaks to this actor's process would get other keys than before; for
    no actor (""): one that serves. */
uint64_t op_curve_mark(op_curve_t *self, op_str_t actor);

/*  Before binding: only permitted peers come in. */
void op_curve_serve(op_curve_t *self, zsock_t *socket);
/*  Before connecting: only the peer that may speak as this actor is spoken to. False: none may. */
bool op_curve_join(op_curve_t *self, zsock_t *socket, op_str_t actor) OP_MUST_CHECK;

/*  `key` (Z85, as zmq_msg_gets(message, "User-Id") says; NULL: none) may speak as the actor. */
bool op_curve_may_speak(op_curve_t *self, const char *key, op_str_t actor);

/*  Connects to a bound socket with a random key: 0 when it was refused, -1 and `error` when it was
    not, or when nothing happened within OP_LINK_HANDSHAKE_MS. */
int op_curve_self_test(op_curve_t *self, const char *endpoint, char error[256]) OP_MUST_CHECK;

#endif
