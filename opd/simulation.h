/*  simulation.h - what is simulated in opd: the carrier, and the time

    With simulate/modems the process has a carrier. Its /sim (carrier/sim_api.h) is served beside
    the API where the process runs http, and at simulate/listen where that is set. In an OP of
    several processes each is told that it is a part of a simulation (simulate/part, or by modems of
    its own); then the time that passes at one passes at all (transport/timeline.h). */

#ifndef OP_OPD_SIMULATION_H
#define OP_OPD_SIMULATION_H

#include "actors/runtime.h"
#include "carrier/sim_api.h"
#include "http/server.h"
#include "transport/timeline.h"

#include <pthread.h>

typedef struct {
    op_carrier_pty_t *carrier; /* or NULL */
    op_sim_t sim;              /* for op_sim_serve, where there is a carrier */
    op_runtime_t *runtime;     /* borrowed */
    op_timeline_t *timeline;   /* borrowed; NULL: time is this process's own */
    pthread_mutex_t looking;   /* one caller of op_runtime_look at a time */
    op_http_server_t *server;  /* or NULL */
} op_opd_simulation_t;

/*  Is the process on a simulated carrier, be it here or elsewhere? */
bool op_opd_simulated(const op_config_t *config);

/*  The carrier, if there is to be one, before any actor starts. 0, or -1 and `error`. */
int op_opd_simulation_open(op_opd_simulation_t *self, const op_config_t *config,
                           char error[256]) OP_MUST_CHECK;
/*  Once the actors run: both are borrowed, `timeline` may be NULL. Listens where it shall. */
int op_opd_simulation_serve(op_opd_simulation_t *self, const op_config_t *config,
                            op_runtime_t *runtime, op_timeline_t *timeline,
                            char error[256]) OP_MUST_CHECK;

/*  Have all actors looked at the clock by then? `simulation` is the op_opd_simulation_t. Here,
    because one may ask at a time; any thread. */
bool op_opd_simulation_ask(void *simulation, int64_t deadline_ms);

/*  Readable when another process has moved the time, then op_opd_simulation_look; -1: never. */
int op_opd_simulation_fd(const op_opd_simulation_t *self);
void op_opd_simulation_look(op_opd_simulation_t *self);

/*  Serves no more: before the actors end. */
void op_opd_simulation_stop(op_opd_simulation_t *self);
/*  After them. */
void op_opd_simulation_close(op_opd_simulation_t *self);

#endif
