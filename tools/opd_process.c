#include "tools/opd_process.h"

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
#include "store/leveldb.h"
#include "store/schema.h"
#include "tools/opd_pages.h"
#include "tools/opd_trace.h"
#include "tools/sim_api.h"
#include "tools/sim_families.h"
#include "transport/clock.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <czmq.h>
#include <poll.h>
#include <sodium.h>
#include <sys/signalfd.h>

enum { ALLOW_MAX = 64, READY_WAIT_MS = 10000, READY_ASK_MS = 20 };

typedef struct {
    const op_config_t *config;
    op_carrier_pty_t *carrier;
    op_store_t *store;
    op_trace_file_t *trace;
    op_runtime_t *runtime;
    op_pages_t *pages;
    op_sim_t sim;
    pthread_mutex_t looking; /* one caller of op_runtime_look at a time */
    op_gateway_t *gateway;
    op_http_server_t *server;
    op_metrics_t *metrics;
    op_observer_t observer;
    op_http_server_t *observing; /* or NULL */
    op_target_rules_t rules;
    op_network_t proxies[OP_PROXIES_MAX];
    const char *allow[ALLOW_MAX];
    char allow_text[sizeof((op_config_t *)0)->webhook_allow];
    int signals;
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
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread is made, so that all have it */
    self->signals = signalfd(-1, &signals, SFD_CLOEXEC);
    if (self->signals >= 0)
        return 0;
    snprintf(self->error, sizeof self->error, "signalfd: %s", strerror(errno));
    return -1;
}

static int s_open_store(process_t *self)
{
    op_leveldb_options_t options = {.cache_bytes = (size_t)self->config->store_cache_mb << 20};
    self->store = op_store_leveldb_open(self->config->store_path, &options, self->error);
    return self->store ? op_schema_check(self->store, self->error) : -1;
}

static int s_open_trace(process_t *self, const char *path)
{
    if (!path)
        return 0;
    self->trace = op_opd_trace_new(path, self->config, self->error);
    return self->trace ? 0 : -1;
}

static int s_simulate(process_t *self)
{
    size_t modems = (size_t)self->config->simulate_modems;
    if (modems == 0)
        return 0;
    const char *ttys = self->config->simulate_ttys;
    op_sim_families_t families;
    if (op_sim_families_load(self->config->simulate_scenario, &families, self->error,
                             sizeof self->error) != 0)
        return -1;
    self->carrier =
        op_carrier_pty_new(&(op_carrier_pty_options_t){.families = families.at,
                                                       .family_count = families.count,
                                                       .modems = modems,
                                                       .directory = *ttys ? ttys : NULL});
    op_sim_families_free(&families);
    if (self->carrier)
        return 0;
    snprintf(self->error, sizeof self->error, "cannot simulate %zu modems: %s", modems,
             strerror(errno));
    return -1;
}

/*  The operator's allow-list, cut at its commas. */
static void s_rules(process_t *self)
{
    const op_config_t *config = self->config;
    bool simulated = config->simulate_modems > 0; /* an agent under test is on this machine */
    snprintf(self->allow_text, sizeof self->allow_text, "%s", config->webhook_allow);
    size_t count = 0;
    char *rest = NULL;
    for (char *entry = strtok_r(self->allow_text, ", ", &rest); entry && count < ALLOW_MAX;
         entry = strtok_r(NULL, ", ", &rest))
        self->allow[count++] = entry;
    self->rules = (op_target_rules_t){.allow_http = config->webhook_allow_http || simulated,
                                      .allow_loopback = simulated,
                                      .allow = self->allow,
                                      .allow_count = count};
}

/*  The simulated carrier's numbers are not in the configuration, so this is not its to check. */
static bool s_number_twice(process_t *self, const op_line_setup_t *lines, size_t count)
{
    char masked[OP_PHONE_MAX + 1];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (op_str_equal(lines[i].number, lines[j].number)) {
                snprintf(self->error, sizeof self->error,
                         "%.*s: its number %s is that of %.*s already", (int)lines[i].device.size,
                         lines[i].device.at, op_phone_mask(lines[i].number, masked),
                         (int)lines[j].device.size, lines[j].device.at);
                return true;
            }
    return false;
}

static int s_start_modem(process_t *self)
{
    const op_config_t *config = self->config;
    op_line_setup_t lines[OP_LINES_MAX];
    size_t count = 0;
    for (size_t i = 0; self->carrier && i < op_carrier_pty_modems(self->carrier); i++)
        lines[count++] =
            (op_line_setup_t){.device = op_str(op_carrier_pty_path(self->carrier, i)),
                              .number = op_str(op_carrier_pty_number(self->carrier, i)),
                              .shared = i == 0};
    for (size_t i = 0; i < config->modem_count && count < OP_LINES_MAX; i++)
        lines[count++] = (op_line_setup_t){.device = op_str(config->modems[i].device),
                                           .number = op_str(config->modems[i].phone),
                                           .shared = config->modems[i].shared,
                                           .imei = op_str(config->modems[i].imei),
                                           .iccid = op_str(config->modems[i].iccid),
                                           .pin = op_str(config->modems[i].pin)};
    if (s_number_twice(self, lines, count))
        return -1;
    op_modem_setup_t setup = {.lines = {lines, count},
                              .send_timeout_ms = config->modem_send_timeout_s * 1000,
                              .sweep_ms = config->modem_sweep_s * 1000,
                              .resend_unknown = strcmp(config->modem_on_unknown, "resend") == 0,
                              .trust_stamps = config->modem_trust_stamps,
                              .check_ms = config->modem_check_s * 1000,
                              .devices = op_str(config->modem_devices)};
    op_port_t port = op_serial_port();
    return op_runtime_start(self->runtime, &op_modem_class, "modem", self->store,
                            &op_modem_setup_type, &setup, &port, self->error);
}

static int s_start_webhook(process_t *self)
{
    op_webhook_setup_t setup = {.timeout_ms = self->config->webhook_timeout_ms};
    op_poster_options_t options = {.transfer = {.timeout_ms = (int)setup.timeout_ms,
                                                .ca_file = self->config->webhook_ca_file[0]
                                                               ? self->config->webhook_ca_file
                                                               : NULL,
                                                .rules = self->rules}};
    op_port_t port;
    if (op_poster_port(&options, &port, self->error) != 0)
        return -1;
    return op_runtime_start(self->runtime, &op_webhook_class, "webhook", self->store,
                            &op_webhook_setup_type, &setup, &port, self->error);
}

static int s_start_actors(process_t *self)
{
    const op_config_t *c = self->config;
    op_rate_setup_t rate = {.start_phone_30s = c->limits_start_phone_30s,
                            .start_phone_hour = c->limits_start_phone_hour,
                            .start_phone_day = c->limits_start_phone_day,
                            .start_address_hour = c->limits_start_address_hour,
                            .console_minute = c->limits_console_minute,
                            .send_second = c->limits_send_second,
                            .send_minute = c->limits_send_minute,
                            .read_minute = c->limits_read_minute,
                            .address_minute = c->limits_address_minute};
    op_auth_setup_t auth = {.code_ttl_ms = c->auth_code_ttl_s * 1000,
                            .session_ttl_ms = c->auth_session_ttl_s * 1000,
                            .tries = c->limits_wrong_codes,
                            .wrong_per_day = c->limits_wrong_codes_day,
                            .keys_max = c->limits_keys};
    op_ledger_setup_t ledger = {.prefixes = op_str(c->texts_prefixes),
                                .region = op_str(c->texts_region),
                                .day_free = c->limits_day_free,
                                .day_paid = c->limits_day_paid,
                                .queue_max = c->limits_queue,
                                .text_ttl_ms = c->texts_ttl_s * 1000};
    self->runtime = op_runtime_new();
    op_runtime_record(self->runtime, self->trace);
    op_runtime_measure(self->runtime, self->metrics);
    /* Those who are told before those who tell, so that no tell waits for its receiver. */
    if (op_runtime_start(self->runtime, &op_rate_class, "rate", self->store, &op_rate_setup_type,
                         &rate, NULL, self->error) != 0 ||
        op_runtime_start(self->runtime, &op_auth_class, "auth", self->store, &op_auth_setup_type,
                         &auth, NULL, self->error) != 0 ||
        s_start_webhook(self) != 0 ||
        op_runtime_start(self->runtime, &op_ledger_class, "ledger", self->store,
                         &op_ledger_setup_type, &ledger, NULL, self->error) != 0)
        return -1;
    return s_start_modem(self);
}

static const char *s_check_url(void *rules, op_str_t url)
{
    op_target_t verdict = op_target_check(url, rules);
    return verdict == OP_TARGET_OK ? NULL : op_target_sentence(verdict);
}

static const char *s_shared_number(const process_t *self)
{
    if (self->carrier)
        return op_carrier_pty_number(self->carrier, 0);
    for (size_t i = 0; i < self->config->modem_count; i++)
        if (self->config->modems[i].shared)
            return self->config->modems[i].phone;
    return "";
}

/*  A simulated hour has passed, say: what has waited for it happens now. */
static bool s_clock_moved(void *process)
{
    process_t *self = process;
    pthread_mutex_lock(&self->looking);
    bool looked = op_runtime_look(self->runtime, OP_REQUEST_DEADLINE_MS);
    pthread_mutex_unlock(&self->looking);
    return looked;
}

static op_log_level_t s_level(const char *name)
{
    return strcmp(name, "debug") == 0     ? OP_LOG_DEBUG
           : strcmp(name, "warning") == 0 ? OP_LOG_WARNING
           : strcmp(name, "error") == 0   ? OP_LOG_ERROR
                                          : OP_LOG_INFO;
}

static int s_serve(process_t *self)
{
    const op_config_t *config = self->config;
    self->pages = op_opd_pages_new(config, s_shared_number(self));
    op_gateway_options_t options = {.workers = (size_t)config->http_threads,
                                    .post_ms = 2 * (int)config->webhook_timeout_ms,
                                    .behind_tls = config->http_tls_in_front,
                                    .check_url = s_check_url,
                                    .url_arg = &self->rules,
                                    .served = {.metrics = self->metrics,
                                               .logs = strcmp(config->log_access, "off") != 0,
                                               .level = s_level(config->log_access)},
                                    .pages = self->pages};
    if (self->carrier) {
        self->sim = (op_sim_t){self->carrier, s_clock_moved, self};
        options.side.prefix = "/sim";
        options.side.serve = op_sim_serve;
        options.side.arg = &self->sim;
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
        return -1;
    int threads = op_http_server_threads(self->server);
    if (threads < (int)config->http_threads)
        op_log(OP_LOG_WARNING, "opd",
               "only %d connections at a time: too few open files are allowed", threads);
    return 0;
}

/*  The operator's own listener. There are metrics only where somebody can read them. */
static int s_observe(process_t *self)
{
    if (!self->metrics)
        return 0;
    self->observer = (op_observer_t){.metrics = self->metrics, .gateway = self->gateway};
    self->observing =
        op_http_server_new(&(op_http_server_options_t){.listen = self->config->metrics_listen,
                                                       .threads = OP_OBSERVER_THREADS,
                                                       .handle = op_observer_handle,
                                                       .arg = &self->observer},
                           self->error, sizeof self->error);
    if (!self->observing)
        return -1;
    op_log(OP_LOG_INFO, "opd", "metrics are served address=%s",
           op_http_server_address(self->observing));
    return 0;
}

/*  ---- Ready: the ledger knows a line that can text a code ---- */

static bool s_ask_ledger(op_mailbox_t *mailbox, op_postbox_t *postbox, uint64_t number)
{
    uint8_t slip = OP_STEP_LEDGER_READY;
    op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                             .from = OP_STR("opd"),
                             .to = OP_STR("ledger"),
                             .correlation = number,
                             .deadline = op_clock_now() + OP_REQUEST_DEADLINE_MS,
                             .origin = OP_STR("opd"),
                             .slip = op_str_of(&slip, 1)};
    op_buf_t frame = {0};
    op_arena_t arena = {0};
    bool ready = false;
    op_frame_encode(&request, &op_nothing_type, &(op_nothing_t){0}, &frame);
    zmq_pollitem_t item = {.socket = op_mailbox_socket(mailbox), .events = ZMQ_POLLIN};
    if (op_postbox_send(postbox, OP_STR("ledger"), op_buf_str(&frame)) &&
        zmq_poll(&item, 1, 1000) > 0 && op_mailbox_take(mailbox, &frame)) {
        op_envelope_t reply;
        op_str_t body;
        ready = op_frame_open(op_buf_str(&frame), &arena, &reply, &body) == OP_DECODE_OK &&
                reply.type == op_nothing_type.number;
    }
    op_arena_free(&arena);
    op_buf_free(&frame);
    return ready;
}

/*  Waits until a text can be sent, at most READY_WAIT_MS; a server without modems serves at once.
    False: a signal came first. */
static bool s_wait_for_line(process_t *self)
{
    if (!self->carrier && self->config->modem_count == 0)
        return true;
    op_mailbox_t *mailbox = op_mailbox_new("opd", self->error);
    OP_ASSERT(mailbox);
    op_postbox_t *postbox = op_postbox_new();
    int64_t until = op_clock_steady() + READY_WAIT_MS;
    bool ready = false, stopped = false;
    for (uint64_t n = 1; !ready && !stopped && op_clock_steady() < until; n++) {
        ready = s_ask_ledger(mailbox, postbox, n);
        struct pollfd stop[] = {{self->signals, POLLIN, 0},
                                {op_runtime_failure_fd(self->runtime), POLLIN, 0}};
        stopped = !ready && poll(stop, 2, READY_ASK_MS) > 0;
    }
    if (!ready && !stopped)
        op_log(OP_LOG_WARNING, "opd", "no line is up yet: nobody can sign up until one is");
    op_postbox_destroy(&postbox);
    op_mailbox_destroy(&mailbox);
    return !stopped;
}

/*  ---- The run ---- */

/*  Until a signal (0) or the failure of an actor (-1 and self->error). */
static int s_wait_for_end(process_t *self)
{
    struct pollfd ends[] = {{self->signals, POLLIN, 0},
                            {op_runtime_failure_fd(self->runtime), POLLIN, 0}};
    while (poll(ends, 2, -1) < 0)
        OP_ASSERT(errno == EINTR);
    if (!ends[1].revents)
        return 0;
    op_runtime_failure(self->runtime, self->error);
    return -1;
}

static void s_stop(process_t *self, bool drain)
{
    op_http_server_destroy(&self->observing);
    if (self->server)
        op_http_server_stop(self->server);
    if (self->gateway)
        op_gateway_stop(self->gateway);
    if (drain && !op_runtime_drain(self->runtime, OP_DRAIN_DEADLINE_MS))
        op_log(OP_LOG_WARNING, "opd", "a text was still in the air: the next start settles it");
    op_http_server_destroy(&self->server);
    op_gateway_destroy(&self->gateway);
    op_pages_destroy(&self->pages);
    op_runtime_destroy(&self->runtime);
    op_metrics_destroy(&self->metrics);
    op_trace_file_destroy(&self->trace);
    op_carrier_pty_destroy(&self->carrier);
    op_store_destroy(&self->store);
    if (self->signals >= 0)
        close(self->signals);
}

int op_process_run(const op_config_t *config, const char *trace)
{
    process_t self = {.config = config, .signals = -1, .looking = PTHREAD_MUTEX_INITIALIZER};
    op_log_threshold(s_level(config->log_level));
    op_log_form(strcmp(config->log_format, "json") == 0 ? OP_LOG_JSON : OP_LOG_TEXT);
    if (*config->metrics_listen) {
        self.metrics = op_metrics_new();
        op_metrics_put(self.metrics, OP_METRIC_BUILD_INFO, 1, OP_STR(OP_VERSION), (op_str_t){0});
    }
    OP_ASSERT(sodium_init() >= 0);
    s_rules(&self);
    int rc = s_catch_signals(&self);
    if (rc == 0)
        rc = s_open_store(&self);
    if (rc == 0)
        rc = s_open_trace(&self, trace);
    if (rc == 0)
        rc = s_simulate(&self);
    if (rc == 0)
        rc = s_start_actors(&self);
    if (rc == 0)
        rc = s_serve(&self);
    if (rc == 0)
        rc = s_observe(&self);
    bool started = rc == 0;
    if (started && s_wait_for_line(&self)) {
        printf("OP is ready on http://%s\n", op_http_server_address(self.server));
        fflush(stdout);
        rc = s_wait_for_end(&self);
    }
    s_stop(&self, started && rc == 0);
    if (rc != 0)
        fprintf(stderr, "opd: %s\n", self.error);
    return rc == 0 ? 0 : 1;
}
