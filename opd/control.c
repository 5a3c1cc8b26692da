#include "opd/control.h"

#include "http/calls.h"
#include "store/backup.h"
#include "transport/clock.h"
#include "transport/control_wire.h"
#include "transport/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    op_control_t *control;
    pthread_t thread;
    int fd;    /* -1: the place is free */
    bool done; /* with the mutex held */
    struct ucred peer;
    op_buf_t in, out;
    op_arena_t arena;
} connection_t;

struct op_control {
    char path[600];
    op_store_t *store;
    op_runtime_t *runtime;
    const op_opd_links_t *links;
    op_calls_t *calls;
    int64_t started;
    int listener, stop_fd;
    pthread_t acceptor;
    bool running;
    pthread_mutex_t mutex;
    connection_t connections[OP_CONTROL_CONNECTIONS];
};

/*  ---- answering ---- */

static bool s_reply(connection_t *self, const op_envelope_t *request, const op_type_t *type,
                    const void *body)
{
    op_envelope_t reply = {.kind = OP_FRAME_REPLY,
                           .from = OP_STR("control"),
                           .to = request->from,
                           .correlation = request->correlation};
    op_buf_clear(&self->out);
    op_frame_encode(&reply, type, body, &self->out);
    return op_wire_send(self->fd, op_buf_str(&self->out));
}

static bool s_refuse(connection_t *self, const op_envelope_t *request, op_error_t error,
                     const char *sentence)
{
    char text[OP_SENTENCE_MAX + 1];
    op_str_copy(op_str(sentence), text, sizeof text);
    op_refusal_t refusal = {.error = error, .sentence = op_str(text)};
    return s_reply(self, request, &op_refusal_type, &refusal);
}

/*  ---- its own steps ---- */

static void s_look_at_links(op_control_t *control, op_arena_t *arena, op_status_view_t *status)
{
    enum { RESULTS_MAX = 16 };
    op_peer_view_t *peers = op_arena_alloc(arena, OP_PEERS_MAX * sizeof *peers);
    op_ingress_view_t *ingress = op_arena_alloc(arena, RESULTS_MAX * sizeof *ingress);
    op_opd_peer_t peer;
    const char *result;
    uint64_t count;
    status->peers.at = peers;
    status->ingress.at = ingress;
    while (op_opd_links_peer(control->links, control->runtime, status->peers.count, &peer))
        peers[status->peers.count++] =
            (op_peer_view_t){op_arena_copy(arena, op_str(peer.actors)), op_str(peer.endpoint),
                             peer.up, peer.connected, peer.unacknowledged};
    while (status->ingress.count < RESULTS_MAX &&
           (result = op_opd_links_ingress(control->links, status->ingress.count, &count)) != NULL)
        ingress[status->ingress.count++] = (op_ingress_view_t){op_str(result), count};
}

static void s_look(op_control_t *control, op_arena_t *arena, op_status_view_t *status)
{
    op_runtime_view_t *view = op_arena_alloc(arena, sizeof *view);
    op_actor_view_t *actors = op_arena_alloc(arena, OP_RUNTIME_ACTORS_MAX * sizeof *actors);
    op_link_view_t *links = op_arena_alloc(arena, OP_LIST_MAX * sizeof *links);
    size_t link_count = 0, count = 0;
    for (; op_runtime_view(control->runtime, count, view); count++) {
        op_str_t name = op_arena_copy(arena, op_str(view->name));
        actors[count] =
            (op_actor_view_t){.name = name,
                              .failed = view->failed,
                              .uptime_s = (uint64_t)(op_clock_steady() - view->started) / 1000,
                              .turns = view->counts.turns,
                              .steps = view->counts.steps,
                              .syncs = view->counts.syncs,
                              .bad = view->counts.bad,
                              .late = view->counts.late,
                              .resent = view->counts.resent};
        for (size_t i = 0; i < view->link_count && link_count < OP_LIST_MAX; i++) {
            const op_actor_link_t *link = &view->links[i];
            actors[count].outbox += link->unacknowledged;
            if (link->told)
                links[link_count++] =
                    (op_link_view_t){name, op_arena_copy(arena, op_str(link->peer)), link->told,
                                     link->unacknowledged};
        }
    }
    *status = (op_status_view_t){.version = OP_STR(OP_VERSION),
                                 .pid = (uint64_t)getpid(),
                                 .started_at = control->started,
                                 .actors = {actors, count},
                                 .links = {links, link_count}};
    s_look_at_links(control, arena, status);
}

/*  The actor of this process that takes the step; NULL: it runs elsewhere. */
static const char *s_here(const op_control_t *self, uint8_t step)
{
    return op_topology_here(&self->links->topology, op_step_actor(step));
}

static void s_look_at_lines(connection_t *self, op_status_view_t *status)
{
    op_call_t *call = op_calls_take(self->control->calls);
    const uint8_t step = OP_STEP_MODEM_LINES;
    const char *modem = s_here(self->control, step);
    op_decode_t result;
    if (call && modem &&
        op_calls_ask(self->control->calls, call, op_str(modem), &step, 1, &op_nothing_type,
                     &(op_nothing_t){0}, &(op_context_t){0}, OP_STR("status"),
                     OP_REQUEST_DEADLINE_MS) == OP_ASK_ANSWERED &&
        call->reply.type == op_lines_health_type.number) {
        const op_lines_health_t *health = op_frame_body(
            &op_lines_health_type, op_arena_copy(&self->arena, call->body), &self->arena, &result);
        size_t count = health ? health->lines.count : 0;
        op_line_brief_t *lines = op_arena_alloc(&self->arena, (count + 1) * sizeof *lines);
        for (size_t i = 0; i < count; i++) {
            const op_line_health_t *line = &health->lines.at[i];
            lines[i] = (op_line_brief_t){.number = line->number,
                                         .state = line->state,
                                         .since = line->since,
                                         .signal = line->signal,
                                         .device = line->device,
                                         .reason = line->reason};
        }
        status->lines.at = lines;
        status->lines.count = count;
    }
    op_calls_give(self->control->calls, &call);
}

static bool s_send_parts(connection_t *self, const op_envelope_t *request, op_str_t bytes)
{
    while (bytes.size) {
        size_t size = bytes.size < OP_BACKUP_PART_MAX ? bytes.size : OP_BACKUP_PART_MAX;
        op_backup_part_t part = {op_str_of(bytes.at, size)};
        if (!s_reply(self, request, &op_backup_part_type, &part))
            return false;
        bytes = op_str_of(bytes.at + size, bytes.size - size);
    }
    return true;
}

static bool s_back_up(connection_t *self, const op_envelope_t *request)
{
    op_store_t *frozen = op_store_snapshot(self->control->store);
    if (!frozen)
        return s_refuse(self, request, OP_ERROR_INTERNAL, op_store_error(self->control->store));
    op_backup_t *backup = op_backup_new(frozen, op_clock_now());
    op_buf_t bytes = {0};
    bool sent = true;
    int rc;
    while ((rc = op_backup_next(backup, &bytes)) > 0 && sent)
        sent = s_send_parts(self, request, op_buf_str(&bytes));
    if (sent && rc == 0)
        sent = s_reply(self, request, &op_backup_part_type, &(op_backup_part_t){0});
    else if (sent)
        sent = s_refuse(self, request, OP_ERROR_INTERNAL, op_store_error(frozen));
    op_buf_free(&bytes);
    op_backup_destroy(&backup);
    op_store_destroy(&frozen);
    return sent;
}

static bool s_own_step(connection_t *self, const op_envelope_t *request, op_step_t step)
{
    op_status_view_t status;
    bool sent;
    if (step == OP_STEP_CONTROL_BACKUP)
        return s_back_up(self, request);
    if (step == OP_STEP_CONTROL_STATUS) {
        s_look(self->control, &self->arena, &status);
        s_look_at_lines(self, &status);
        return s_reply(self, request, &op_status_view_type, &status);
    }
    sent = s_reply(self, request, &op_nothing_type, &(op_nothing_t){0});
    kill(getpid(), SIGTERM); /* as the operator's service manager would */
    return sent;
}

/*  ---- others' steps ---- */

static bool s_hand_back(connection_t *self, const op_envelope_t *request, const op_call_t *call)
{
    op_decode_t result;
    const op_type_t *type = op_message_type(call->reply.type);
    const void *body = op_frame_body(type, call->body, &self->arena, &result);
    if (!body)
        return s_refuse(self, request, OP_ERROR_INTERNAL, op_decode_text(result));
    return s_reply(self, request, type, body);
}

/*  The step is another process's, and its operator's. */
static bool s_refer(connection_t *self, const op_envelope_t *request, uint8_t step)
{
    char sentence[OP_SENTENCE_MAX + 1];
    const op_topology_t *topology = &self->control->links->topology;
    for (size_t i = 0; i < topology->peer_count; i++) {
        const op_topology_peer_t *peer = &topology->peers[i];
        if (!op_str_is(op_roles_class(op_str(peer->actor)), op_step_actor(step)))
            continue;
        snprintf(sentence, sizeof sentence, "%s runs in another process, %s: ask there.",
                 peer->actor, topology->endpoints[peer->process]);
        return s_refuse(self, request, OP_ERROR_UNAVAILABLE, sentence);
    }
    snprintf(sentence, sizeof sentence, "No %s runs in this process.", op_step_actor(step));
    return s_refuse(self, request, OP_ERROR_UNAVAILABLE, sentence);
}

static bool s_ask(connection_t *self, const op_envelope_t *request, const op_type_t *type,
                  const void *body)
{
    char id[OP_REQUEST_ID_MAX + 1];
    const char *actor = s_here(self->control, (uint8_t)request->slip.at[0]);
    if (!actor)
        return s_refer(self, request, (uint8_t)request->slip.at[0]);
    op_call_t *call = op_calls_take(self->control->calls);
    if (!call)
        return s_refuse(self, request, OP_ERROR_UNAVAILABLE, "The server is stopping.");
    snprintf(id, sizeof id, "control-%lld-%llu", (long long)self->peer.pid,
             (unsigned long long)request->correlation);
    bool sent = false;
    switch (op_calls_ask(self->control->calls, call, op_str(actor),
                         (const uint8_t *)request->slip.at, request->slip.size, type, body,
                         &request->context, op_str(id), OP_REQUEST_DEADLINE_MS)) {
    case OP_ASK_ANSWERED:
        sent = s_hand_back(self, request, call);
        break;
    case OP_ASK_SILENT:
        sent = s_refuse(self, request, OP_ERROR_UNAVAILABLE, "The actor does not answer.");
        break;
    case OP_ASK_FULL:
        sent = s_refuse(self, request, OP_ERROR_UNAVAILABLE, "The actor's mailbox is full.");
        break;
    }
    op_calls_give(self->control->calls, &call);
    return sent;
}

/*  ---- a connection ---- */

/*  What is done, to whose account, and who does it; nothing of the message. */
static void s_log(const connection_t *self, const op_envelope_t *request)
{
    char account[OP_ID_TEXT + 1] = "-";
    if (!op_id_is_none(request->context.account))
        op_id_print(request->context.account, account);
    op_log(OP_LOG_INFO, "control", "an operator asks uid=%u pid=%d step=%s account=%s",
           self->peer.uid, (int)self->peer.pid, op_step_name((uint8_t)request->slip.at[0]),
           account);
}

/*  False: the connection is of no more use. */
static bool s_serve_frame(connection_t *self)
{
    op_envelope_t request;
    op_str_t bytes;
    op_decode_t result = op_frame_open(op_buf_str(&self->in), &self->arena, &request, &bytes);
    if (result != OP_DECODE_OK || request.kind != OP_FRAME_REQUEST)
        return false;
    const op_type_t *type = op_message_type(request.type);
    const void *body = op_frame_body(type, bytes, &self->arena, &result);
    uint8_t step = request.slip.size ? (uint8_t)request.slip.at[0] : OP_STEP_NONE;
    if (!body || !op_step_takes(step, type))
        return s_refuse(self, &request, OP_ERROR_VALIDATION_ERROR,
                        "opctl and opd are of different builds.");
    s_log(self, &request);
    if (strcmp(op_step_actor(step), "control") == 0)
        return s_own_step(self, &request, (op_step_t)step);
    return s_ask(self, &request, type, body);
}

static void *s_serve(void *arg)
{
    connection_t *self = arg;
    socklen_t size = sizeof self->peer;
    op_wire_patience(self->fd, OP_CONTROL_PATIENCE_S);
    bool good = getsockopt(self->fd, SOL_SOCKET, SO_PEERCRED, &self->peer, &size) == 0;
    while (good && op_wire_receive(self->fd, &self->in) == 1) {
        good = s_serve_frame(self);
        op_arena_clear(&self->arena);
    }
    shutdown(self->fd, SHUT_RDWR); /* the descriptor is closed when the thread is joined */
    op_buf_free(&self->in);
    op_buf_free(&self->out);
    op_arena_free(&self->arena);
    pthread_mutex_lock(&self->control->mutex);
    self->done = true;
    pthread_mutex_unlock(&self->control->mutex);
    return NULL;
}

/*  ---- the listener; connections are begun and ended by its thread ---- */

static void s_join(connection_t *self)
{
    OP_ASSERT(pthread_join(self->thread, NULL) == 0);
    close(self->fd);
    self->fd = -1;
}

static bool s_is_done(op_control_t *self, const connection_t *connection)
{
    pthread_mutex_lock(&self->mutex);
    bool done = connection->done;
    pthread_mutex_unlock(&self->mutex);
    return done;
}

static void s_accept(op_control_t *self)
{
    int fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    connection_t *free_one = NULL;
    for (size_t i = 0; i < OP_CONTROL_CONNECTIONS; i++) {
        connection_t *one = &self->connections[i];
        if (one->fd >= 0 && s_is_done(self, one))
            s_join(one);
        if (one->fd < 0)
            free_one = one;
    }
    if (!free_one) {
        op_log(OP_LOG_WARNING, "control", "too many connections at a time, one was closed");
        close(fd);
        return;
    }
    *free_one = (connection_t){.control = self, .fd = fd};
    if (pthread_create(&free_one->thread, NULL, s_serve, free_one) != 0) {
        close(fd);
        free_one->fd = -1;
    }
}

static void *s_listen(void *arg)
{
    op_control_t *self = arg;
    struct pollfd fds[] = {{self->listener, POLLIN, 0}, {self->stop_fd, POLLIN, 0}};
    while (!fds[1].revents) {
        if (poll(fds, OP_COUNT(fds), -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            s_accept(self);
    }
    for (size_t i = 0; i < OP_CONTROL_CONNECTIONS; i++)
        if (self->connections[i].fd >= 0) {
            shutdown(self->connections[i].fd, SHUT_RDWR);
            s_join(&self->connections[i]);
        }
    return NULL;
}

op_control_t *op_control_new(const char *path, char error[256])
{
    int listener = op_wire_bind(path);
    if (listener < 0) {
        snprintf(error, 256, "control/socket: %.180s: %s", path, strerror(errno));
        return NULL;
    }
    op_control_t *self = op_alloc(sizeof *self);
    *self = (op_control_t){.started = op_clock_now(), .listener = listener, .stop_fd = -1};
    for (size_t i = 0; i < OP_CONTROL_CONNECTIONS; i++)
        self->connections[i].fd = -1;
    pthread_mutex_init(&self->mutex, NULL);
    op_str_copy(op_str(path), self->path, sizeof self->path);
    return self;
}

int op_control_serve(op_control_t *self, op_store_t *store, op_runtime_t *runtime,
                     const op_opd_links_t *links, char error[256])
{
    self->store = store;
    self->runtime = runtime;
    self->links = links;
    self->calls = op_calls_new("control", OP_CONTROL_CONNECTIONS, error);
    if (!self->calls)
        return -1;
    self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->running =
        self->stop_fd >= 0 && pthread_create(&self->acceptor, NULL, s_listen, self) == 0;
    if (!self->running)
        snprintf(error, 256, "no descriptor or thread for the control socket");
    return self->running ? 0 : -1;
}

void op_control_destroy(op_control_t **self_p)
{
    OP_ASSERT(self_p);
    op_control_t *self = *self_p;
    if (!self)
        return;
    if (self->running) {
        OP_ASSERT(eventfd_write(self->stop_fd, 1) == 0);
        OP_ASSERT(pthread_join(self->acceptor, NULL) == 0);
    }
    close(self->listener);
    unlink(self->path);
    if (self->stop_fd >= 0)
        close(self->stop_fd);
    op_calls_destroy(&self->calls);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}
