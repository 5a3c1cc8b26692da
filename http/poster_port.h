/*  poster_port.h - the poster (poster.h) as the port of the webhook actor

    Takes the notes post, gives the notes posted (transport/messages.def). */

#ifndef OP_HTTP_POSTER_PORT_H
#define OP_HTTP_POSTER_PORT_H

#include "actors/port.h"
#include "http/poster.h"

/*  A port named "poster". 0, or -1 and one line in `error` when an option is
    wrong. */
int op_poster_port(const op_poster_options_t *options, op_port_t *port,
                   char error[256]) OP_MUST_CHECK;

#endif
