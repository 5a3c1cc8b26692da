/*  libcurl's multi interface in its "socket action" form: libcurl tells through two callbacks which
    descriptors it waits for and when it wants to be called, and never blocks. Names are resolved in
    libcurl's own helper threads, whose socket pairs come through the same callback.

    Posts wait in one list, oldest first. The next to start is the oldest whose host has a free
    slot, so that a dead host's backlog holds up nobody else's post. */

#include "http/poster.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct s_job {
    struct s_job *next;
    op_poster_t *poster;
    uint64_t id;
    char *url, *body;
    size_t body_size;
    char host[OP_TARGET_HOST_MAX + 1];
    struct curl_slist *headers;
    CURL *easy;
    int64_t start_ms;
    int head_status;    /* of the final head, once it is complete */
    size_t answer_size; /* octets of its body so far */
    bool host_allowed;  /* by name: any address will do */
    bool address_refused;
    op_poster_result_t result;
    char curl_error[CURL_ERROR_SIZE];
} s_job_t;

typedef struct {
    s_job_t *first, **end;
    size_t count;
} s_list_t;

struct op_poster {
    op_poster_options_t options;
    char **allow;
    CURLM *multi;
    bool global;
    int64_t due_ms; /* when libcurl wants to be called; -1: not */
    s_list_t queued, running, done;
    struct pollfd *sockets;
    size_t socket_count, socket_capacity;
};

/*  ---------------------------------------------------------------- jobs and lists */

static int64_t s_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void s_push(s_list_t *list, s_job_t *job)
{
    job->next = NULL;
    if (!list->end)
        list->end = &list->first;
    *list->end = job;
    list->end = &job->next;
    list->count++;
}

static s_job_t *s_take(s_list_t *list, s_job_t **at)
{
    s_job_t *job = *at;
    *at = job->next;
    if (list->end == &job->next)
        list->end = at;
    list->count--;
    job->next = NULL;
    return job;
}

static void s_job_destroy(s_job_t **job_p)
{
    s_job_t *job = *job_p;
    if (job->easy) {
        curl_multi_remove_handle(job->poster->multi, job->easy);
        curl_easy_cleanup(job->easy);
    }
    curl_slist_free_all(job->headers);
    free(job->url);
    free(job->body);
    free(job);
    *job_p = NULL;
}

static void s_clear(s_list_t *list)
{
    while (list->first) {
        s_job_t *job = s_take(list, &list->first);
        s_job_destroy(&job);
    }
}

static void s_finish(s_job_t *job, const char *error)
{
    job->result.id = job->id;
    job->result.duration_ms = job->start_ms ? s_now_ms() - job->start_ms : 0;
    if (!job->head_status) {
        snprintf(job->result.error, sizeof job->result.error, "%s", error);
        for (char *at = job->result.error; *at; at++)
            if ((unsigned char)*at < 32 || *at == 127)
                *at = ' ';
    }
    job->result.status = job->head_status;
    s_push(&job->poster->done, job);
}

/*  ---------------------------------------------------------------- libcurl's callbacks */

static curl_socket_t s_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    s_job_t *job = arg;
    op_ip_t address;
    (void)purpose;
    if (!op_ip_from(&to->addr, &address) ||
        (!job->host_allowed && !op_target_address_allowed(&address, &job->poster->options.rules))) {
        job->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/*  A head ends with an empty line; one of 1xx is not the last. */
static size_t s_on_header(char *line, size_t size, size_t count, void *arg)
{
    s_job_t *job = arg;
    long status = 0;
    if (size * count <= 2 && (line[0] == '\r' || line[0] == '\n') &&
        curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200)
        job->head_status = (int)status;
    return size * count;
}

static size_t s_on_body(char *octets, size_t size, size_t count, void *arg)
{
    s_job_t *job = arg;
    (void)octets;
    job->answer_size += size * count;
    return job->answer_size > OP_POSTER_ANSWER_MAX ? 0 : size * count; /* 0 ends the transfer */
}

static int s_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    op_poster_t *self = arg;
    (void)easy;
    (void)unused;
    size_t at = 0;
    while (at < self->socket_count && self->sockets[at].fd != fd)
        at++;
    if (what == CURL_POLL_REMOVE) {
        if (at < self->socket_count)
            self->sockets[at] = self->sockets[--self->socket_count];
        return 0;
    }
    if (at == self->socket_count) {
        if (at == self->socket_capacity) {
            self->socket_capacity = at ? at * 2 : 16;
            self->sockets =
                op_realloc(self->sockets, self->socket_capacity * sizeof *self->sockets);
        }
        self->socket_count++;
    }
    int events = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
    self->sockets[at] = (struct pollfd){.fd = fd, .events = (short)events};
    return 0;
}

static int s_on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    op_poster_t *self = arg;
    (void)multi;
    self->due_ms = timeout_ms < 0 ? -1 : s_now_ms() + timeout_ms;
    return 0;
}

/*  ---------------------------------------------------------------- transfers */

#define S_SET(option, value)                                                                       \
    do {                                                                                           \
        CURLcode set = curl_easy_setopt(easy, option, value);                                      \
        OP_ASSERT(set == CURLE_OK);                                                                \
    } while (0)

static void s_configure(op_poster_t *self, s_job_t *job)
{
    CURL *easy = job->easy;
    S_SET(CURLOPT_URL, job->url);
    S_SET(CURLOPT_POST, 1L);
    S_SET(CURLOPT_POSTFIELDS, job->body);
    S_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body_size);
    S_SET(CURLOPT_HTTPHEADER, job->headers);
    S_SET(CURLOPT_USERAGENT, "OP");
    S_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    S_SET(CURLOPT_PROTOCOLS_STR, self->options.rules.allow_http ? "https,http" : "https");
    S_SET(CURLOPT_FOLLOWLOCATION, 0L);
    S_SET(CURLOPT_PROXY, "");
    S_SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    S_SET(CURLOPT_SSL_VERIFYPEER, 1L);
    S_SET(CURLOPT_SSL_VERIFYHOST, 2L);
    S_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    S_SET(CURLOPT_TIMEOUT_MS, (long)self->options.timeout_ms);
    S_SET(CURLOPT_CONNECTTIMEOUT_MS, (long)self->options.timeout_ms);
    S_SET(CURLOPT_NOSIGNAL, 1L);
    S_SET(CURLOPT_OPENSOCKETFUNCTION, s_open_socket);
    S_SET(CURLOPT_OPENSOCKETDATA, job);
    S_SET(CURLOPT_HEADERFUNCTION, s_on_header);
    S_SET(CURLOPT_HEADERDATA, job);
    S_SET(CURLOPT_WRITEFUNCTION, s_on_body);
    S_SET(CURLOPT_WRITEDATA, job);
    S_SET(CURLOPT_ERRORBUFFER, job->curl_error);
    S_SET(CURLOPT_PRIVATE, job);
}

static void s_start(op_poster_t *self, s_job_t *job)
{
    job->start_ms = s_now_ms();
    job->easy = curl_easy_init();
    OP_ASSERT(job->easy && "out of memory");
    s_configure(self, job);
    s_push(&self->running, job);
    CURLMcode added = curl_multi_add_handle(self->multi, job->easy);
    OP_ASSERT(added == CURLM_OK);
}

static size_t s_running_to(const op_poster_t *self, const char *host)
{
    size_t count = 0;
    for (const s_job_t *job = self->running.first; job; job = job->next)
        count += strcmp(job->host, host) == 0;
    return count;
}

static void s_start_queued(op_poster_t *self)
{
    size_t slots = (size_t)self->options.max_concurrent;
    for (s_job_t **at = &self->queued.first; *at && self->running.count < slots;) {
        if (s_running_to(self, (*at)->host) < (size_t)self->options.max_per_host)
            s_start(self, s_take(&self->queued, at));
        else
            at = &(*at)->next;
    }
}

static void s_ended(op_poster_t *self, CURL *easy, CURLcode code)
{
    s_job_t **at = &self->running.first;
    while (*at && (*at)->easy != easy)
        at = &(*at)->next;
    OP_ASSERT(*at);
    s_job_t *job = s_take(&self->running, at);
    curl_off_t wait = 0;
    if (job->head_status && curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
        job->result.retry_after_s = wait > 0 ? (int64_t)wait : 0;
    curl_multi_remove_handle(self->multi, easy);
    curl_easy_cleanup(easy);
    job->easy = NULL;
    const char *why = job->curl_error[0] ? job->curl_error : curl_easy_strerror(code);
    if (code == CURLE_COULDNT_CONNECT && job->address_refused)
        why = op_target_sentence(OP_TARGET_ADDRESS);
    s_finish(job, why);
}

static void s_collect(op_poster_t *self)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));)
        if (message->msg == CURLMSG_DONE)
            s_ended(self, message->easy_handle, message->data.result);
    s_start_queued(self);
}

/*  ---------------------------------------------------------------- the public face */

static int s_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

static bool s_copy_rules(op_poster_t *self, char *error, size_t size)
{
    op_target_rules_t *rules = &self->options.rules;
    self->allow = op_alloc(rules->allow_count * sizeof *self->allow);
    for (size_t i = 0; i < rules->allow_count; i++)
        self->allow[i] = op_strdup(op_str(rules->allow[i]));
    rules->allow = (const char *const *)self->allow;
    for (size_t i = 0; i < rules->allow_count; i++)
        if (!op_target_entry_ok(rules->allow[i])) {
            snprintf(error, size, "no network, address or host name: %.60s", rules->allow[i]);
            return false;
        }
    return true;
}

op_poster_t *op_poster_new(const op_poster_options_t *options, char *error, size_t size)
{
    OP_ASSERT(options && error && size > 0);
    *error = 0;
    op_poster_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->options = *options;
    self->options.timeout_ms = s_default(options->timeout_ms, OP_POSTER_TIMEOUT_MS);
    self->options.max_concurrent = s_default(options->max_concurrent, OP_POSTER_CONCURRENT);
    self->options.max_per_host = s_default(options->max_per_host, OP_POSTER_PER_HOST);
    self->options.max_queued = s_default(options->max_queued, OP_POSTER_QUEUE);
    self->due_ms = -1;
    if (!s_copy_rules(self, error, size)) {
        op_poster_destroy(&self);
        return NULL;
    }
    self->global = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    self->multi = self->global ? curl_multi_init() : NULL;
    if (!self->multi) {
        snprintf(error, size, "libcurl did not start");
        op_poster_destroy(&self);
        return NULL;
    }
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, s_on_socket);
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, s_on_timer);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)self->options.max_concurrent);
    return self;
}

void op_poster_destroy(op_poster_t **self_p)
{
    OP_ASSERT(self_p);
    op_poster_t *self = *self_p;
    if (!self)
        return;
    s_clear(&self->queued);
    s_clear(&self->running);
    s_clear(&self->done);
    if (self->multi)
        curl_multi_cleanup(self->multi);
    if (self->global)
        curl_global_cleanup();
    for (size_t i = 0; i < self->options.rules.allow_count; i++)
        free(self->allow[i]);
    free(self->allow);
    free(self->sockets);
    free(self);
    *self_p = NULL;
}

/*  False: a header that must not be sent. */
static bool s_add_headers(s_job_t *job, const op_poster_header_t *headers, size_t count)
{
    bool typed = false;
    op_buf_t line = {0};
    bool good = count <= OP_POSTER_HEADERS;
    for (size_t i = 0; good && i < count; i++) {
        op_buf_clear(&line);
        op_buf_add_str(&line, headers[i].name);
        op_buf_add(&line, ": ", 2);
        op_buf_add_str(&line, headers[i].value);
        for (size_t k = 0; k < line.size; k++)
            good = good && (unsigned char)line.at[k] >= 32 && line.at[k] != 127;
        /* libcurl takes "Name:" for "leave this header out". */
        good = good && headers[i].name.size > 0 && headers[i].value.size > 0 &&
               !memchr(headers[i].name.at, ':', headers[i].name.size);
        op_buf_add_byte(&line, 0);
        if (good)
            job->headers = curl_slist_append(job->headers, line.at);
        typed = typed || strncasecmp(line.at, "Content-Type:", 13) == 0;
    }
    op_buf_free(&line);
    job->headers = curl_slist_append(job->headers, "Expect:");
    if (!typed)
        job->headers = curl_slist_append(job->headers, "Content-Type: application/json");
    return good;
}

bool op_poster_post(op_poster_t *self, uint64_t id, op_str_t url, const op_poster_header_t *headers,
                    size_t header_count, op_str_t body)
{
    if (self->queued.count >= (size_t)self->options.max_queued)
        return false;
    s_job_t *job = op_alloc(sizeof *job);
    memset(job, 0, sizeof *job);
    job->poster = self;
    job->id = id;
    op_target_t verdict = op_target_check(url, &self->options.rules);
    if (verdict != OP_TARGET_OK || !op_target_host(url, job->host)) {
        s_finish(job, op_target_sentence(verdict));
        return true;
    }
    if (!s_add_headers(job, headers, header_count)) {
        s_finish(job, "A header cannot be sent.");
        return true;
    }
    job->host_allowed = op_target_host_allowed(job->host, &self->options.rules);
    job->url = op_strdup(url);
    job->body = op_alloc(body.size);
    if (body.size)
        memcpy(job->body, body.at, body.size);
    job->body_size = body.size;
    s_push(&self->queued, job);
    s_start_queued(self);
    return true;
}

size_t op_poster_fds(op_poster_t *self, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    for (size_t i = 0; i < self->socket_count && i < max; i++)
        fds[i] = self->sockets[i];
    if (timeout_ms) {
        int64_t left = self->due_ms - s_now_ms();
        *timeout_ms = self->due_ms < 0 ? -1 : left > 0 ? left : 0;
        if (self->done.count)
            *timeout_ms = 0;
    }
    return self->socket_count;
}

void op_poster_ready(op_poster_t *self, int fd, int revents)
{
    int running;
    int what = (revents & POLLIN ? CURL_CSELECT_IN : 0) |
               (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
               (revents & (POLLERR | POLLHUP | POLLNVAL) ? CURL_CSELECT_ERR : 0);
    if (fd < 0) {
        if (self->due_ms >= 0 && s_now_ms() >= self->due_ms) {
            self->due_ms = -1; /* libcurl sets the next one, when it wants one */
            curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
    } else {
        curl_multi_socket_action(self->multi, fd, what, &running);
    }
    s_collect(self);
}

bool op_poster_next(op_poster_t *self, op_poster_result_t *result)
{
    if (!self->done.first)
        return false;
    s_job_t *job = s_take(&self->done, &self->done.first);
    *result = job->result;
    s_job_destroy(&job);
    return true;
}

size_t op_poster_busy(const op_poster_t *self)
{
    return self->queued.count + self->running.count;
}
