/*  runtime_thread.h - an actor's thread, from its start to $TERM; private to runtime.c

    It waits for its mailbox, its port, its time and its owner's commands (command.h), drives the
    turn machine, and sends what a committed turn has said. It says READY or FAILED and a reason on
    its pipe when it has started. */

#ifndef OP_ACTORS_RUNTIME_THREAD_H
#define OP_ACTORS_RUNTIME_THREAD_H

#include "actors/compactor.h"
#include "actors/port.h"
#include "actors/views.h"
#include "transport/metrics.h"
#include "transport/trace_file.h"

#include <czmq.h>
#include <stdatomic.h>

/*  What a thread is given: its own until it has added itself to `ended`, but for what is borrowed.
    The setup and the port it frees. */
typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1];
    const op_core_class_t *class;
    op_store_t *store; /* borrowed, as are all pointers below */
    const op_type_t *setup_type;
    op_buf_t setup; /* encoded: a thread of its own reads it when it will */
    bool has_port;
    op_port_t port;
    op_trace_file_t *trace; /* or NULL, as at the start */
    op_metrics_t *metrics;  /* likewise */
    op_views_t *views;
    op_compactor_t *compactor;
    size_t which;   /* of the views */
    int failure_fd; /* the reason of a failure is written here, once */
    atomic_size_t *ended;
} op_runtime_thread_t;

/*  For zactor_new; `given` is an op_runtime_thread_t. */
void op_runtime_thread(zsock_t *pipe, void *given);

#endif
