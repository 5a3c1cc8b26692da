#include "opd/process.h"

#include "actors/auth.h"
#include "actors/ledger.h"
#include "actors/modem.h"
#include "actors/rate.h"
#include "actors/runtime.h"
#include "actors/webhook.h"
#include "http/gateway.h"
#include "http/observer.h"
#include "http/poster_port.h"
#include "http/server.h"
#include "modem/serial.h"
#include "opd/check.h"
#include "opd/control.h"
#include "opd/links.h"
#include "opd/notify.h"
#include "opd/pages.h"
#include "opd/ready.h"
#include "opd/reload.h"
#include "opd/setups.h"
#include "opd/simulation.h"
#include "opd/trace.h"
#include "store/leveldb.h"
#include "store/schema.h"
#include "transport/clock.h"
#include "transport/control_wire.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <czmq.h>
#include <poll.h>
#include <sodium.h>
#include <sys/signalfd.h>

enum { READY_ASK_MS = 20 };

typedef struct {
    const op_options_t *options;
    op_config_t config; /* as it is in force: SIGHUP may change it */
    op_opd_simulation_t simulation;
    op_store_t *store;
    op_trace_file_t *trace;
    op_opd_links_t links;
    op_runtime_t *runtime;
    op_postbox_t *postbox; /* to tell actors of a changed configuration */
    op_pages_t *pages;
    op_gateway_t *gateway;
    op_http_server_t *server;
    op_metrics_t *metrics;
    op_calls_t *calls; /* the observer's, where there is no gateway */
    op_observer_t observer;
    op_http_server_t *observing; /* or NULL */
    op_control_t *control;
    op_notify_t notify;
    op_target_rules_t rules;
    op_network_t proxies[OP_PROXIES_MAX];
    int signals;
    bool failed; /* an actor has */
    char error[256];
} process_t;

/*  ---- Each part, in the order of the start. 0, or -1 and self->error. ---- */

static int s_catch_signals(process_t *self)
{
    zsys_handler_set(NULL); /* CZMQ would take SIGTERM and SIGINT for itself */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file as large as it may be is an error of the write */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread is made, so that all have it */
    self->signals = signalfd(-1, &signals, SFD_CLOEXEC);
    if (self->signals >= 0)
        return 0;
    snprintf(self->error, sizeof self->error, "signalfd: %s", strerror(errno));
    return -1;
}

static int s_open_store(process_t *self)
{
    op_leveldb_options_t options = {.cache_bytes = (size_t)self->config.store_cache_mb << 20};
    self->store = op_store_leveldb_open(self->config.store_path, &options, self->error);
    return self->store ? op_schema_check(self->store, self->error) : -1;
}

/*  Before any actor does anything: an address that cannot be had ends the start. Without a path of
    its own the socket is in the store's folder, so the store comes first. */
static int s_bind_control(process_t *self)
{
    char path[sizeof self->config.control_socket + sizeof self->config.store_path];
    op_control_path(self->config.control_socket, self->config.store_path, path, sizeof path);
    self->control = op_control_new(path, self->error);
    return self->control ? 0 : -1;
}

static int s_open_trace(process_t *self, const char *path)
{
    if (!path)
        return 0;
    self->trace = op_opd_trace_new(path, &self->config, self->error);
    return self->trace ? 0 : -1;
}

static void s_rules(process_t *self)
{
    const op_config_t *config = &self->config;
    bool simulated = op_opd_simulated(config); /* an agent under test is on this machine */
    self->rules = (op_target_rules_t){.allow_http = config->webhook_allow_http || simulated,
                                      .allow_loopback = simulated,
                                      .allow = op_str(config->webhook_allow)};
}

static int s_start_one(process_t *self, const op_core_class_t *class, const op_type_t *setup_type,
                       const void *setup, const op_port_t *port)
{
    const char *name = op_topology_here(&self->links.topology, class->name);
    return op_runtime_start(self->runtime, class, name, self->store, setup_type, setup, port,
                            self->error);
}

static int s_start_modem(process_t *self)
{
    const op_config_t *config = &self->config;
    op_line_setup_t lines[OP_LINES_MAX];
    size_t count = 0;
    op_carrier_pty_t *carrier = self->simulation.carrier;
    for (size_t i = 0; carrier && i < op_carrier_pty_modems(carrier); i++)
        lines[count++] = (op_line_setup_t){.device = op_str(op_carrier_pty_path(carrier, i)),
                                           .number = op_str(op_carrier_pty_number(carrier, i)),
                                           .shared = i == 0};
    for (size_t i = 0; i < config->modem_count && count < OP_LINES_MAX; i++)
        lines[count++] = (op_line_setup_t){.device = op_str(config->modems[i].device),
                                           .number = op_str(config->modems[i].phone),
                                           .shared = config->modems[i].shared,
                                           .imei = op_str(config->modems[i].imei),
                                           .iccid = op_str(config->modems[i].iccid),
                                           .pin = op_str(config->modems[i].pin)};
    op_modem_setup_t setup = {.lines = {lines, count},
                              .send_timeout_ms = config->modem_send_timeout_s * 1000,
                              .sweep_ms = config->modem_sweep_s * 1000,
                              .resend_unknown = strcmp(config->modem_on_unknown, "resend") == 0,
                              .trust_stamps = config->modem_trust_stamps,
                              .reports = config->modem_reports,
                              .doubt_ms = config->modem_doubt_s * 1000,
                              .wide_references = config->modem_wide_references,
                              .check_ms = config->modem_check_s * 1000,
                              .devices = op_str(config->modem_devices)};
    op_port_t port = op_serial_port();
    return s_start_one(self, &op_modem_class, &op_modem_setup_type, &setup, &port);
}

static int s_start_webhook(process_t *self)
{
    op_webhook_setup_t setup = {.timeout_ms = self->config.webhook_timeout_ms};
    op_poster_options_t options = {.transfer = {.timeout_ms = (int)setup.timeout_ms,
                                                .ca_file = self->config.webhook_ca_file[0]
                                                               ? self->config.webhook_ca_file
                                                               : NULL,
                                                .rules = self->rules}};
    op_port_t port;
    if (op_poster_port(&options, &port, self->error) != 0)
        return -1;
    return s_start_one(self, &op_webhook_class, &op_webhook_setup_type, &setup, &port);
}

/*  Does an actor of this class run in this process? */
static bool s_runs(const process_t *self, const char *class_name)
{
    return op_topology_here(&self->links.topology, class_name) != NULL;
}

static int s_start_rate(process_t *self)
{
    op_rate_setup_t setup = op_opd_rate_setup(&self->config);
    return s_start_one(self, &op_rate_class, &op_rate_setup_type, &setup, NULL);
}

static int s_start_auth(process_t *self)
{
    op_auth_setup_t setup = op_opd_auth_setup(&self->config);
    return s_start_one(self, &op_auth_class, &op_auth_setup_type, &setup, NULL);
}

static int s_start_ledger(process_t *self)
{
    op_ledger_setup_t setup = op_opd_ledger_setup(&self->config, &self->links);
    op_port_t port;
    bool far = op_opd_links_port(&self->links, &port);
    return s_start_one(self, &op_ledger_class, &op_ledger_setup_type, &setup, far ? &port : NULL);
}

static int s_start_actors(process_t *self)
{
    /* Those who are told before those who tell, so that no tell waits for its receiver. */
    static const struct {
        const char *class_name;
        int (*start)(process_t *self);
    } actors[] = {{"rate", s_start_rate},
                  {"auth", s_start_auth},
                  {"webhook", s_start_webhook},
                  {"ledger", s_start_ledger},
                  {"modem", s_start_modem}};
    for (size_t i = 0; i < OP_COUNT(actors); i++)
        if (s_runs(self, actors[i].class_name) && actors[i].start(self) != 0)
            return -1;
    return 0;
}

static const char *s_check_url(void *rules, op_str_t url)
{
    op_target_t verdict = op_target_check(url, rules);
    return verdict == OP_TARGET_OK ? NULL : op_target_sentence(verdict);
}

/*  An address was free when it was tried, and is not any more. */
static int s_name_key(process_t *self, const char *key)
{
    char why[sizeof self->error];
    memcpy(why, self->error, sizeof why);
    return op_config_wrong(&self->config, key, why, self->error);
}

static int s_serve(process_t *self)
{
    if (!s_runs(self, "http"))
        return 0;
    const op_config_t *config = &self->config;
    self->pages = op_opd_pages_new(config);
    op_gateway_options_t options = {.name = op_topology_here(&self->links.topology, "http"),
                                    .workers = (size_t)config->http_threads,
                                    .post_ms = 2 * (int)config->webhook_timeout_ms,
                                    .behind_tls = config->http_tls_in_front,
                                    .check_url = s_check_url,
                                    .url_arg = &self->rules,
                                    .access_log = {.metrics = self->metrics,
                                                   .logs = strcmp(config->log_access, "off") != 0,
                                                   .level = op_opd_log_level(config->log_access)},
                                    .pages = self->pages};
    if (self->simulation.carrier) {
        options.side.prefix = "/sim";
        options.side.serve = op_sim_serve;
        options.side.arg = &self->simulation.sim;
    }
    int proxies = op_networks_parse(op_str(config->http_proxies), self->proxies, OP_PROXIES_MAX);
    OP_ASSERT(proxies >= 0 && "the configuration has checked them");
    self->gateway = op_gateway_new(&options, self->error);
    if (!self->gateway)
        return -1;
    self->server =
        op_http_server_new(&(op_http_server_options_t){.listen = config->http_listen,
                                                       .threads = (int)config->http_threads,
                                                       .proxies = self->proxies,
                                                       .proxy_count = (size_t)proxies,
                                                       .handle = op_gateway_handle,
                                                       .prepare = op_gateway_prepare,
                                                       .arg = self->gateway},
                           self->error, sizeof self->error);
    if (!self->server)
        return s_name_key(self, "http/listen");
    int threads = op_http_server_threads(self->server);
    if (threads < (int)config->http_threads)
        op_log(OP_LOG_WARNING, "opd",
               "only %d connections at a time: too few open files are allowed", threads);
    return 0;
}

static void s_look_at_links(void *process)
{
    process_t *self = process;
    op_opd_links_measure(&self->links, self->runtime, self->metrics);
}

/*  The operator's own listener. There are metrics only where somebody can read them. */
static int s_observe(process_t *self)
{
    if (!self->metrics)
        return 0;
    if (!self->gateway)
        self->calls = op_calls_new("observer", OP_OBSERVER_THREADS, self->error);
    if (!self->gateway && !self->calls)
        return -1;
    self->observer = (op_observer_t){.metrics = self->metrics,
                                     .gateway = self->gateway,
                                     .calls = self->calls,
                                     .look = s_look_at_links,
                                     .arg = self};
    self->observing =
        op_http_server_new(&(op_http_server_options_t){.listen = self->config.metrics_listen,
                                                       .threads = OP_OBSERVER_THREADS,
                                                       .handle = op_observer_handle,
                                                       .arg = &self->observer},
                           self->error, sizeof self->error);
    if (!self->observing)
        return s_name_key(self, "metrics/listen");
    op_log(OP_LOG_INFO, "opd", "metrics are served address=%s",
           op_http_server_address(self->observing));
    return 0;
}

/*  ---- Signals ---- */

static void s_take(process_t *self, const op_config_t *next)
{
    op_opd_reload(&self->config, next, &self->links, self->postbox);
    if (self->pages)
        op_opd_pages_reload(self->pages, &self->config);
}

/*  The options are read as they were at the start, so a flag still wins over the file. */
static void s_reload(process_t *self)
{
    op_config_t next;
    char error[OP_CONFIG_ERROR];
    op_notify_reloading(&self->notify);
    if (!self->postbox)
        self->postbox = op_postbox_new();
    if (op_options_reload(self->options, &next, error) == 0)
        s_take(self, &next);
    else
        op_log(OP_LOG_ERROR, "opd", "the configuration stays as it was reason=%s", error);
    op_notify_reloaded(&self->notify);
}

/*  True: a signal to end. */
static bool s_on_signal(process_t *self)
{
    struct signalfd_siginfo info;
    if (read(self->signals, &info, sizeof info) != sizeof info || info.ssi_signo != SIGHUP)
        return true;
    s_reload(self);
    return false;
}

/*  Waits, at most so long (-1: for ever), for what concerns the whole process, and sees to it.
    True: the process shall end, by a signal or a failure. */
static bool s_wait(process_t *self, int timeout_ms)
{
    struct pollfd events[] = {{self->signals, POLLIN, 0},
                              {op_runtime_failure_fd(self->runtime), POLLIN, 0},
                              {op_opd_simulation_fd(&self->simulation), POLLIN, 0}};
    int count = poll(events, 3, timeout_ms);
    OP_ASSERT(count >= 0 || errno == EINTR);
    if (count <= 0)
        return false;
    self->failed = events[1].revents;
    if (!self->failed && events[2].revents)
        op_opd_simulation_look(&self->simulation);
    return self->failed || (events[0].revents && s_on_signal(self));
}

static bool s_pause(void *process)
{
    return s_wait(process, READY_ASK_MS);
}

/*  ---- Ready ---- */

/*  Waits for what it needs to serve, but not for ever. False: a signal came first. */
static bool s_wait_to_serve(process_t *self)
{
    bool lines =
        (self->simulation.carrier || self->config.modem_count > 0) && s_runs(self, "ledger");
    op_pause_t pause = {s_pause, self};
    return op_opd_wait_for_links(&self->links, pause) && (!lines || op_opd_wait_for_line(pause));
}

static void s_say_ready(process_t *self)
{
    char where[256];
    if (self->server)
        snprintf(where, sizeof where, " on http://%s", op_http_server_address(self->server));
    else
        snprintf(where, sizeof where, ": %s", self->config.actors_run);
    printf("OP is ready%s\n", where);
    fflush(stdout);
    self->notify = op_notify_new(op_opd_simulation_ask, &self->simulation, op_clock_steady());
    op_notify_serving(&self->notify, where[0] == ':' ? where + 2 : where + 1);
}

/*  ---- The run ---- */

/*  Until a signal (0) or the failure of an actor (-1 and self->error). */
static int s_wait_for_end(process_t *self)
{
    while (!s_wait(self, op_notify_wait_ms(&self->notify, op_clock_steady())))
        op_notify_work(&self->notify, op_clock_steady());
    if (!self->failed)
        return 0;
    op_runtime_failure(self->runtime, self->error);
    return -1;
}

static void s_stop(process_t *self, bool drain)
{
    op_http_server_destroy(&self->observing);
    op_calls_destroy(&self->calls);
    op_opd_simulation_stop(&self->simulation);
    if (self->server)
        op_http_server_stop(self->server);
    if (self->gateway)
        op_gateway_stop(self->gateway);
    if (drain && !op_runtime_drain(self->runtime, OP_DRAIN_DEADLINE_MS))
        op_log(OP_LOG_WARNING, "opd", "a text was still in the air: the next start settles it");
    op_control_destroy(&self->control);
    op_http_server_destroy(&self->server);
    op_gateway_destroy(&self->gateway);
    op_pages_destroy(&self->pages);
    op_postbox_destroy(&self->postbox);
    op_runtime_destroy(&self->runtime);
    op_opd_links_close(&self->links);
    op_metrics_destroy(&self->metrics);
    op_trace_file_destroy(&self->trace);
    op_opd_simulation_close(&self->simulation);
    op_store_destroy(&self->store);
    if (self->signals >= 0)
        close(self->signals);
}

/*  The links before the actors: these begin in the ledger's time. */
static int s_open_links(process_t *self)
{
    if (op_opd_links_prepare(&self->links, &self->config, self->error) != 0)
        return -1;
    self->runtime = op_runtime_new();
    op_runtime_record(self->runtime, self->trace);
    op_runtime_measure(self->runtime, self->metrics);
    return op_opd_links_open(&self->links, self->error);
}

static int s_start(process_t *self)
{
    int rc = s_start_actors(self);
    if (rc == 0)
        rc = op_opd_simulation_serve(&self->simulation, &self->config, self->runtime,
                                     self->links.timeline, self->error);
    if (rc == 0)
        rc = s_serve(self);
    if (rc == 0)
        rc = s_observe(self);
    return rc == 0 ? op_control_serve(self->control, self->store, self->runtime, &self->links,
                                      self->error)
                   : rc;
}

int op_process_run(const op_options_t *options)
{
    process_t self = {.options = options, .config = options->config, .signals = -1};
    op_log_threshold(op_opd_log_level(self.config.log_level));
    op_log_form(strcmp(options->config.log_format, "json") == 0 ? OP_LOG_JSON : OP_LOG_TEXT);
    if (*options->config.metrics_listen) {
        self.metrics = op_metrics_new();
        op_metrics_put(self.metrics, OP_METRIC_BUILD_INFO, 1, OP_STR(OP_VERSION), (op_str_t){0});
    }
    OP_ASSERT(sodium_init() >= 0);
    s_rules(&self);
    int rc = s_catch_signals(&self);
    if (rc == 0)
        rc = op_opd_check_free(&self.config, self.error);
    if (rc == 0)
        rc = s_open_store(&self);
    if (rc == 0)
        rc = s_bind_control(&self);
    if (rc == 0)
        rc = s_open_trace(&self, options->trace);
    if (rc == 0)
        rc = op_opd_simulation_open(&self.simulation, &self.config, self.error);
    if (rc == 0)
        rc = s_open_links(&self);
    bool started = rc == 0 && op_opd_wait_for_time(&self.links, (op_pause_t){s_pause, &self});
    if (started)
        rc = s_start(&self);
    started &= rc == 0;
    if (started && s_wait_to_serve(&self)) {
        s_say_ready(&self);
        rc = s_wait_for_end(&self);
    }
    op_notify_stopping();
    s_stop(&self, started && rc == 0);
    if (rc != 0)
        fprintf(stderr, "opd: %s\n", self.error);
    return rc == 0 ? 0 : 1;
}
