#include "opd/simulation.h"

#include "carrier/sim_families.h"
#include "transport/clock.h"
#include "transport/log.h"

#include <errno.h>
#include <string.h>

enum {
    THREADS = 8,    /* of a listener for /sim alone */
    LOOK_MS = 30000 /* for all that was due to begin, here, and then at the peers */
};

bool op_opd_simulated(const op_config_t *config)
{
    return config->simulate_modems > 0 || config->simulate_part;
}

int op_opd_simulation_open(op_opd_simulation_t *self, const op_config_t *config, char error[256])
{
    pthread_mutex_init(&self->looking, NULL);
    size_t modems = (size_t)config->simulate_modems;
    if (modems == 0)
        return 0;
    const char *ttys = config->simulate_ttys;
    op_sim_families_t families;
    if (op_sim_families_load(config->simulate_scenario, &families, error, 256) != 0)
        return -1; /* op_opd_check has read them, a moment ago */
    self->carrier =
        op_carrier_pty_new(&(op_carrier_pty_options_t){.families = families.at,
                                                       .family_count = families.count,
                                                       .modems = modems,
                                                       .directory = *ttys ? ttys : NULL});
    op_sim_families_free(&families);
    if (self->carrier)
        return 0;
    snprintf(error, 256, "cannot simulate %zu modems%s%s: %s", modems, *ttys ? " in " : "", ttys,
             op_carrier_pty_error(errno));
    return -1;
}

bool op_opd_simulation_ask(void *simulation, int64_t deadline_ms)
{
    op_opd_simulation_t *self = simulation;
    pthread_mutex_lock(&self->looking);
    bool looked = op_runtime_look(self->runtime, deadline_ms);
    pthread_mutex_unlock(&self->looking);
    return looked;
}

/*  What has waited for the hour that has just passed happens now, here. */
static bool s_look(op_opd_simulation_t *self)
{
    bool looked = op_opd_simulation_ask(self, LOOK_MS);
    if (!looked)
        op_log(OP_LOG_ERROR, "opd", "the time was moved, and not all actors have looked at it");
    return looked;
}

/*  ... and at all peers. */
static bool s_moved(void *simulation)
{
    op_opd_simulation_t *self = simulation;
    int64_t ahead = op_clock_ahead();
    if (!s_look(self))
        return false;
    if (!self->timeline)
        return true;
    op_timeline_begun(self->timeline, ahead);
    if (op_timeline_wait(self->timeline, ahead, LOOK_MS))
        return true;
    op_log(OP_LOG_ERROR, "opd", "the time was moved, and not all peers are there");
    return false;
}

int op_opd_simulation_fd(const op_opd_simulation_t *self)
{
    return self->timeline ? op_timeline_moved(self->timeline) : -1;
}

void op_opd_simulation_look(op_opd_simulation_t *self)
{
    int64_t ahead = op_timeline_due(self->timeline);
    if (self->carrier)
        op_carrier_pty_look(self->carrier);
    if (s_look(self))
        op_timeline_begun(self->timeline, ahead);
}

static void s_handle(void *sim, const op_http_request_t *request, op_http_response_t *response)
{
    op_sim_serve(sim, request->method, request->path, request->query, request->body, response);
}

int op_opd_simulation_serve(op_opd_simulation_t *self, const op_config_t *config,
                            op_runtime_t *runtime, op_timeline_t *timeline, char error[256])
{
    self->runtime = runtime;
    self->timeline = timeline;
    self->sim = (op_sim_t){self->carrier, s_moved, self};
    if (!self->carrier || !*config->simulate_listen)
        return 0;
    self->server = op_http_server_new(&(op_http_server_options_t){.listen = config->simulate_listen,
                                                                  .threads = THREADS,
                                                                  .handle = s_handle,
                                                                  .arg = &self->sim},
                                      error, 256);
    if (!self->server)
        return -1;
    op_log(OP_LOG_INFO, "opd", "the simulated carrier is served address=%s",
           op_http_server_address(self->server));
    return 0;
}

void op_opd_simulation_stop(op_opd_simulation_t *self)
{
    op_http_server_destroy(&self->server);
}

void op_opd_simulation_close(op_opd_simulation_t *self)
{
    op_carrier_pty_destroy(&self->carrier);
    pthread_mutex_destroy(&self->looking);
}
