/*  libcurl's multi interface in its "socket action" form: libcurl tells through two callbacks which
    descriptors it waits for and when it wants to be called, and never blocks. The descriptors are
    in an epoll set of the poster's own, so that the owner waits for one, however many there are.
    Names are resolved in libcurl's own threads, whose socket pairs come through the same
    callback. */

#include "http/poster.h"

#include "http/post_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { S_EVENTS = 256 }; /* taken by one op_poster_work */

typedef struct s_job {
    op_post_slots_item_t item; /* first: an item is its job */
    TAILQ_ENTRY(s_job) place;
    op_transfer_t *transfer;
    CURL *easy; /* while it runs */
    op_posted_result_t result;
} s_job_t;

TAILQ_HEAD(s_jobs, s_job);

struct op_poster {
    op_transfer_rules_t rules;
    char **allow, *ca_file;
    size_t max_queued;
    op_post_slots_t *slots;
    CURLM *multi;
    bool global;
    int epoll;
    int64_t due_ms; /* when libcurl wants to be called; -1: not */
    struct s_jobs running, done;
};

static int64_t s_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*  ---- libcurl's callbacks ---- */

static int s_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    op_poster_t *self = arg;
    (void)easy;
    (void)unused;
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL); /* when closed it is gone already */
    } else if (epoll_ctl(self->epoll, EPOLL_CTL_MOD, fd, &event) != 0) {
        int added = epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event);
        OP_ASSERT(added == 0);
    }
    return 0;
}

static int s_on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    op_poster_t *self = arg;
    (void)multi;
    self->due_ms = timeout_ms < 0 ? -1 : s_now_ms() + timeout_ms;
    return 0;
}

/*  ---- Jobs ---- */

static void s_job_destroy(s_job_t **job_p)
{
    op_transfer_destroy(&(*job_p)->transfer);
    free(*job_p);
    *job_p = NULL;
}

static void s_start_waiting(op_poster_t *self)
{
    for (op_post_slots_item_t *item; (item = op_post_slots_start(self->slots));) {
        s_job_t *job = (s_job_t *)item;
        job->easy = op_transfer_start(job->transfer, job, s_now_ms());
        TAILQ_INSERT_TAIL(&self->running, job, place);
        CURLMcode added = curl_multi_add_handle(self->multi, job->easy);
        OP_ASSERT(added == CURLM_OK);
    }
}

static void s_ended(op_poster_t *self, s_job_t *job, CURLcode code)
{
    op_transfer_end(job->transfer, code, s_now_ms(), &job->result);
    curl_multi_remove_handle(self->multi, job->easy);
    op_transfer_destroy(&job->transfer);
    TAILQ_REMOVE(&self->running, job, place);
    op_post_slots_end(self->slots, &job->item, job->result.status != 0);
    TAILQ_INSERT_TAIL(&self->done, job, place);
}

static void s_collect(op_poster_t *self)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));) {
        s_job_t *job = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode got = curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
        OP_ASSERT(got == CURLE_OK && job);
        s_ended(self, job, message->data.result);
    }
    s_start_waiting(self);
}

/*  ---- The public face ---- */

static size_t s_default(int value, int standard)
{
    return (size_t)(value > 0 ? value : standard);
}

static bool s_copy_rules(op_poster_t *self, const op_transfer_rules_t *from, char *error,
                         size_t size)
{
    self->rules = *from;
    self->rules.timeout_ms = (int)s_default(from->timeout_ms, OP_POSTER_TIMEOUT_MS);
    op_target_rules_t *rules = &self->rules.rules;
    self->allow = op_alloc(rules->allow_count * sizeof *self->allow);
    for (size_t i = 0; i < rules->allow_count; i++)
        self->allow[i] = op_strdup(op_str(rules->allow[i]));
    rules->allow = (const char *const *)self->allow;
    for (size_t i = 0; i < rules->allow_count; i++)
        if (!op_target_entry_ok(rules->allow[i])) {
            snprintf(error, size, "no network, address or host name: %.60s", rules->allow[i]);
            return false;
        }
    if (!from->ca_file)
        return true;
    self->rules.ca_file = self->ca_file = op_strdup(op_str(from->ca_file));
    if (access(self->ca_file, R_OK) == 0)
        return true;
    snprintf(error, size, "no readable file of certificates: %.100s", self->ca_file);
    return false;
}

/*  The HTTP server raises the soft limit of descriptors to the hard one. */
static size_t s_slots(int wanted)
{
    size_t slots = s_default(wanted, OP_POSTER_SLOTS);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max / 4 < slots)
        slots = limit.rlim_max / 4;
    return slots > 0 ? slots : 1;
}

static bool s_open(op_poster_t *self, size_t slots)
{
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->global = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    self->multi = self->global ? curl_multi_init() : NULL;
    if (self->epoll < 0 || !self->multi)
        return false;
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, s_on_socket);
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, s_on_timer);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)slots);
    return true;
}

op_poster_t *op_poster_new(const op_poster_options_t *options, char *error, size_t size)
{
    OP_ASSERT(options && error && size > 0);
    *error = 0;
    op_poster_t *self = op_alloc(sizeof *self);
    size_t slots = s_slots(options->max_slots);
    *self = (op_poster_t){.max_queued = s_default(options->max_queued, OP_POSTER_QUEUE),
                          .slots = op_post_slots_new(
                              slots, s_default(options->max_per_endpoint, OP_POSTER_PER_ENDPOINT)),
                          .epoll = -1,
                          .due_ms = -1};
    TAILQ_INIT(&self->running);
    TAILQ_INIT(&self->done);
    bool good = s_copy_rules(self, &options->transfer, error, size);
    if (good && !s_open(self, slots)) {
        snprintf(error, size, "libcurl did not start");
        good = false;
    }
    if (!good)
        op_poster_destroy(&self);
    return self;
}

void op_poster_destroy(op_poster_t **self_p)
{
    OP_ASSERT(self_p);
    op_poster_t *self = *self_p;
    if (!self)
        return;
    for (s_job_t *job; (job = TAILQ_FIRST(&self->running));)
        s_ended(self, job, CURLE_ABORTED_BY_CALLBACK);
    for (s_job_t *job; (job = (s_job_t *)op_post_slots_drop(self->slots));)
        s_job_destroy(&job);
    op_posted_result_t result;
    while (op_poster_next(self, &result))
        ;
    op_post_slots_destroy(&self->slots);
    curl_multi_cleanup(self->multi);
    if (self->global)
        curl_global_cleanup();
    if (self->epoll >= 0)
        close(self->epoll);
    for (size_t i = 0; i < self->rules.rules.allow_count; i++)
        free(self->allow[i]);
    free(self->allow);
    free(self->ca_file);
    free(self);
    *self_p = NULL;
}

void op_poster_post(op_poster_t *self, op_id_t id, op_str_t url, const op_post_line_t *headers,
                    size_t header_count, op_str_t body)
{
    s_job_t *job = op_alloc(sizeof *job);
    memset(job, 0, sizeof *job);
    job->result.id = id;
    if (op_post_slots_waiting(self->slots) >= self->max_queued)
        snprintf(job->result.error, sizeof job->result.error, "Too many posts wait already.");
    else
        job->transfer =
            op_transfer_new(&self->rules, url, headers, header_count, body, &job->result);
    if (!job->transfer) {
        TAILQ_INSERT_TAIL(&self->done, job, place);
        return;
    }
    op_post_slots_wait(self->slots, op_transfer_endpoint(job->transfer), &job->item);
    s_start_waiting(self);
}

int op_poster_fd(const op_poster_t *self)
{
    return self->epoll;
}

int64_t op_poster_wait_ms(const op_poster_t *self)
{
    if (!TAILQ_EMPTY(&self->done))
        return 0;
    int64_t left = self->due_ms - s_now_ms();
    return self->due_ms < 0 ? -1 : left > 0 ? left : 0;
}

void op_poster_work(op_poster_t *self)
{
    struct epoll_event events[S_EVENTS];
    int running, count = epoll_wait(self->epoll, events, S_EVENTS, 0);
    for (int i = 0; i < count; i++) {
        uint32_t got = events[i].events;
        int what = (got & EPOLLIN ? CURL_CSELECT_IN : 0) | (got & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (got & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(self->multi, events[i].data.fd, what, &running);
    }
    if (self->due_ms >= 0 && s_now_ms() >= self->due_ms) {
        self->due_ms = -1; /* libcurl sets the next one, when it wants one */
        curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    s_collect(self);
}

bool op_poster_next(op_poster_t *self, op_posted_result_t *result)
{
    s_job_t *job = TAILQ_FIRST(&self->done);
    if (!job)
        return false;
    TAILQ_REMOVE(&self->done, job, place);
    *result = job->result;
    s_job_destroy(&job);
    return true;
}

size_t op_poster_busy(const op_poster_t *self)
{
    return op_post_slots_waiting(self->slots) + op_post_slots_running(self->slots);
}
