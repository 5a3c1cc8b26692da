#include "tools/opbench/webhook.h"

#include "tools/opbench/account.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { S_CONNECTIONS = 64, S_REQUEST_MAX = 64 * 1024 };

static const char S_ALL[] = "+14155570001", S_LIVE[] = "+14155570002";

/*  ---------------------------------------------------------------- the live receiver */

typedef struct {
    int listener, stop[2]; /* a pipe: its writing end closes, the thread ends */
    pthread_t thread;
    pthread_mutex_t mutex;
    size_t count, received;
    double *receipts; /* by text, wall ms; 0: not yet */
    struct pollfd fds[2 + S_CONNECTIONS];
    op_buf_t in[2 + S_CONNECTIONS];
    size_t open;
} s_receiver_t;

/*  A listener on a free port of loopback, or -1. */
static int s_listen(char url[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        perror("opbench: a listener");
        return -1;
    }
    snprintf(url, 64, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    return fd;
}

static void s_note(s_receiver_t *self, op_str_t body)
{
    static const char word[] = "opbench webhook ";
    const char *found = memmem(body.at, body.size, word, sizeof word - 1);
    if (found == NULL)
        return;
    found += sizeof word - 1;
    size_t digits = 0, left = (size_t)(body.at + body.size - found);
    while (digits < left && found[digits] >= '0' && found[digits] <= '9')
        digits++;
    uint64_t text;
    pthread_mutex_lock(&self->mutex);
    if (op_str_to_u64(op_str_of(found, digits), self->count - 1, &text) &&
        self->receipts[text] == 0) {
        self->receipts[text] = op_bench_wall_ms();
        self->received++;
    }
    pthread_mutex_unlock(&self->mutex);
}

/*  Answers the posts that are whole. False: no more of this connection. */
static bool s_answer(s_receiver_t *self, int fd, op_buf_t *in)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char name[] = "Content-Length: ";
    for (;;) {
        const char *end = in->size ? memmem(in->at, in->size, "\r\n\r\n", 4) : NULL;
        if (end == NULL)
            return in->size < S_REQUEST_MAX;
        size_t head = (size_t)(end - in->at) + 4;
        const char *length = memmem(in->at, head, name, sizeof name - 1);
        size_t body = length == NULL ? 0 : strtoul(length + sizeof name - 1, NULL, 10);
        if (body > S_REQUEST_MAX)
            return false;
        if (in->size < head + body)
            return true;
        s_note(self, op_str_of(in->at + head, body));
        op_buf_consume(in, head + body);
        if (send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL) != (ssize_t)sizeof ok - 1)
            return false;
    }
}

static void s_drop(s_receiver_t *self, size_t at)
{
    close(self->fds[at].fd);
    op_buf_free(&self->in[at]);
    self->open--;
    self->fds[at] = self->fds[self->open];
    self->in[at] = self->in[self->open];
    self->in[self->open] = (op_buf_t){.size = 0};
}

static void *s_receive(void *arg)
{
    s_receiver_t *self = arg;
    self->fds[0] = (struct pollfd){.fd = self->stop[0], .events = POLLIN};
    self->fds[1] = (struct pollfd){.fd = self->listener, .events = POLLIN};
    self->open = 2;
    while (poll(self->fds, self->open, -1) >= 0 && self->fds[0].revents == 0) {
        for (size_t at = self->open; at-- > 2;) {
            char piece[16384];
            if (self->fds[at].revents == 0)
                continue;
            ssize_t got = recv(self->fds[at].fd, piece, sizeof piece, 0);
            op_buf_add(&self->in[at], piece, got > 0 ? (size_t)got : 0);
            if (got <= 0 || !s_answer(self, self->fds[at].fd, &self->in[at]))
                s_drop(self, at);
        }
        if (self->fds[1].revents != 0 && self->open < OP_COUNT(self->fds)) {
            int fd = accept(self->listener, NULL, NULL);
            if (fd >= 0)
                self->fds[self->open++] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
    }
    while (self->open > 2)
        s_drop(self, self->open - 1);
    return NULL;
}

static s_receiver_t *s_receiver_new(size_t count, char url[64])
{
    s_receiver_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->mutex, NULL);
    self->count = count;
    self->receipts = op_alloc(count * sizeof *self->receipts);
    memset(self->receipts, 0, count * sizeof *self->receipts);
    self->listener = s_listen(url);
    OP_ASSERT(self->listener >= 0 && pipe(self->stop) == 0);
    OP_ASSERT(pthread_create(&self->thread, NULL, s_receive, self) == 0);
    return self;
}

static void s_receiver_destroy(s_receiver_t **self_p)
{
    s_receiver_t *self = *self_p;
    close(self->stop[1]);
    pthread_join(self->thread, NULL);
    close(self->stop[0]);
    close(self->listener);
    pthread_mutex_destroy(&self->mutex);
    free(self->receipts);
    free(self);
    *self_p = NULL;
}

static size_t s_received(s_receiver_t *self)
{
    pthread_mutex_lock(&self->mutex);
    size_t received = self->received;
    pthread_mutex_unlock(&self->mutex);
    return received;
}

/*  ---------------------------------------------------------------- accounts and texts */

/*  A call whose answer's body does not matter. */
static int s_call(op_bench_client_t *client, const char *path, const char *token, json_t *ask,
                  int status)
{
    char *text = json_dumps(ask, JSON_COMPACT);
    json_decref(ask);
    const op_bench_ask_t call = {"POST", path, op_str(token), op_str(text)};
    int answered = op_bench_call(client, &call, NULL);
    free(text);
    if (answered == status)
        return 0;
    fprintf(stderr, "opbench: POST %.*s: answered %d, not %d\n", (int)strcspn(path, "+?"), path,
            answered, status);
    return -1;
}

/*  An account with a webhook at `url`, whom texts from `peers` reach. */
static int s_account(op_bench_client_t *client, size_t index, const char *url,
                     const char *const *peers, size_t peer_count, op_bench_account_t *account)
{
    char phone[20];
    op_bench_key_t key;
    snprintf(phone, sizeof phone, "+1415555%04u", (unsigned)(index % 10000));
    if (op_bench_sign_up(client, phone, account) != 0 ||
        op_bench_mint(client, account, &key) != 0 ||
        s_call(client, "/console/webhooks", account->session,
               json_pack("{s:s, s:s, s:[s]}", "number_id", account->number, "url", url, "events",
                         "message.received"),
               201) != 0)
        return -1;
    for (size_t at = 0; at < peer_count; at++)
        if (s_call(client, "/v1/messages", key.text,
                   json_pack("{s:s, s:s}", "to", peers[at], "body", "opbench says hello"),
                   201) != 0)
            return -1;
    return 0;
}

static int s_text(op_bench_client_t *client, const char *e164, size_t number, double *sent)
{
    const size_t step = OP_BENCH_ALL_MS / OP_BENCH_TEXT_MS;
    bool all = number < OP_BENCH_FIRST || number % step == 0;
    char path[80], body[40];
    snprintf(path, sizeof path, "/sim/phones/%s/messages", all ? S_ALL : S_LIVE);
    snprintf(body, sizeof body, "opbench webhook %zu", number);
    *sent = op_bench_wall_ms();
    return s_call(client, path, NULL, json_pack("{s:s, s:s}", "to", e164, "body", body), 202);
}

static int s_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int s_measure(op_bench_client_t *client, const char *e164, s_receiver_t *live,
                     op_bench_times_t *times)
{
    double *sent = op_alloc(live->count * sizeof *sent);
    int64_t next_ns = op_bench_now_ns();
    int failed = 0;
    for (size_t at = 0; at < live->count && failed == 0; at++) {
        failed = s_text(client, e164, at, &sent[at]);
        next_ns += (int64_t)OP_BENCH_TEXT_MS * 1000000;
        while (op_bench_now_ns() < next_ns)
            op_bench_pause_us(1000);
    }
    int64_t end_ns = op_bench_now_ns() + (int64_t)OP_BENCH_RECEIPT_MS * 1000000;
    while (failed == 0 && s_received(live) < live->count && op_bench_now_ns() < end_ns)
        op_bench_pause_us(10000);
    pthread_mutex_lock(&live->mutex);
    times->at = op_alloc(live->count * sizeof *times->at);
    for (size_t at = 0; at < live->count && failed == 0; at++)
        if (live->receipts[at] > 0)
            times->at[times->count++] = live->receipts[at] - sent[at];
    pthread_mutex_unlock(&live->mutex);
    free(sent);
    qsort(times->at, times->count, sizeof *times->at, s_compare);
    if (failed == 0 && times->count < live->count)
        fprintf(stderr, "opbench: %zu of %zu events did not arrive\n", live->count - times->count,
                live->count);
    return failed == 0 && times->count == live->count ? 0 : -1;
}

int op_bench_webhooks(op_bench_client_t *client, size_t hanging, size_t count,
                      op_bench_times_t *times)
{
    OP_ASSERT(hanging <= OP_BENCH_HANGING_MAX && count > 0 && count <= OP_BENCH_LATENCY_MAX);
    static const char *const peers[] = {S_ALL, S_LIVE};
    int *silent = op_alloc((hanging + 1) * sizeof *silent);
    char url[64];
    op_bench_account_t account;
    int failed = 0;
    size_t open = 0;
    *times = (op_bench_times_t){.count = 0};
    while (open < hanging && failed == 0 && (silent[open] = s_listen(url)) >= 0) {
        failed = s_account(client, open, url, peers, 1, &account);
        open++;
    }
    s_receiver_t *live = s_receiver_new(count, url);
    if (failed != 0 || open < hanging ||
        s_account(client, hanging, url, peers, OP_COUNT(peers), &account) != 0 ||
        s_measure(client, account.e164, live, times) != 0)
        failed = -1;
    s_receiver_destroy(&live);
    while (open-- > 0)
        close(silent[open]);
    free(silent);
    return failed;
}
