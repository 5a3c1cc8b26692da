#include "http/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct op_transfer {
    const op_transfer_rules_t *rules;
    char *url, *body;
    size_t body_size;
    char endpoint[OP_TARGET_ENDPOINT_SIZE];
    bool host_allowed; /* by name: any address will do */
    struct curl_slist *headers;

    CURL *easy; /* NULL before the start */
    int64_t start_ms;
    int status;                  /* of the final head, once it is complete */
    size_t head_read, body_read; /* octets so far */
    bool address_refused, head_too_long;
    char answer[OP_ANSWER_MAX];
    char curl_error[CURL_ERROR_SIZE];
};

/*  ---- libcurl's callbacks ---- */

static curl_socket_t s_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    op_transfer_t *self = arg;
    op_ip_t address;
    (void)purpose;
    if (!op_ip_from(&to->addr, &address) ||
        (!self->host_allowed && !op_target_address_allowed(&address, &self->rules->rules))) {
        self->address_refused = true;
        /* libcurl goes on to the name's next address, but only when something wakes it: without a
           socket that may be the time-out. Going on after a pause wakes it. */
        curl_easy_pause(self->easy, CURLPAUSE_RECV);
        curl_easy_pause(self->easy, CURLPAUSE_CONT);
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/*  A head ends with an empty line; one of 1xx is not the last. libcurl keeps every line that it
    shows here, so that heads without an end would take memory without end. */
static size_t s_on_header(char *line, size_t size, size_t count, void *arg)
{
    op_transfer_t *self = arg;
    long status = 0;
    size *= count;
    self->head_read += size;
    if (self->head_read > OP_TRANSFER_HEAD_MAX) {
        self->head_too_long = true;
        return 0; /* ends the transfer */
    }
    if (size <= 2 && (line[0] == '\r' || line[0] == '\n') &&
        curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200)
        self->status = (int)status;
    return size;
}

static size_t s_on_body(char *octets, size_t size, size_t count, void *arg)
{
    op_transfer_t *self = arg;
    size *= count;
    if (self->body_read < sizeof self->answer) {
        size_t room = sizeof self->answer - self->body_read;
        memcpy(self->answer + self->body_read, octets, size < room ? size : room);
    }
    self->body_read += size;
    return self->body_read > OP_TRANSFER_BODY_MAX ? 0 : size; /* 0 ends the transfer */
}

/*  ---- Before ---- */

/*  False: a header that must not be sent. */
static bool s_add_headers(op_transfer_t *self, const op_post_line_t *headers, size_t count)
{
    bool typed = false;
    op_buf_t line = {0};
    bool good = count <= OP_TRANSFER_HEADERS;
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
            self->headers = curl_slist_append(self->headers, line.at);
        typed = typed || strncasecmp(line.at, "Content-Type:", 13) == 0;
    }
    op_buf_free(&line);
    self->headers = curl_slist_append(self->headers, "Expect:");
    if (!typed)
        self->headers = curl_slist_append(self->headers, "Content-Type: application/json");
    return good;
}

op_transfer_t *op_transfer_new(const op_transfer_rules_t *rules, op_str_t url,
                               const op_post_line_t *headers, size_t header_count, op_str_t body,
                               op_posted_result_t *result)
{
    char host[OP_TARGET_HOST_MAX + 1];
    op_transfer_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->rules = rules;
    op_target_t verdict = op_target_check(url, &rules->rules);
    const char *error = op_target_sentence(verdict);
    if (verdict == OP_TARGET_OK && op_target_host(url, host) &&
        op_target_endpoint(url, self->endpoint))
        error = s_add_headers(self, headers, header_count) ? NULL : "A header cannot be sent.";
    if (error) {
        (void)op_str_copy(op_str(error), result->error, sizeof result->error);
        op_transfer_destroy(&self);
        return NULL;
    }
    self->host_allowed = op_target_host_allowed(host, &rules->rules);
    self->url = op_strdup(url);
    self->body = op_alloc(body.size);
    if (body.size)
        memcpy(self->body, body.at, body.size);
    self->body_size = body.size;
    return self;
}

void op_transfer_destroy(op_transfer_t **self_p)
{
    OP_ASSERT(self_p);
    op_transfer_t *self = *self_p;
    if (!self)
        return;
    curl_easy_cleanup(self->easy);
    curl_slist_free_all(self->headers);
    free(self->url);
    free(self->body);
    free(self);
    *self_p = NULL;
}

const char *op_transfer_endpoint(const op_transfer_t *self)
{
    return self->endpoint;
}

/*  ---- Under way ---- */

#define S_SET(option, value)                                                                       \
    do {                                                                                           \
        CURLcode set = curl_easy_setopt(self->easy, option, value);                                \
        OP_ASSERT(set == CURLE_OK);                                                                \
    } while (0)

static void s_configure_request(op_transfer_t *self)
{
    const op_transfer_rules_t *rules = self->rules;
    S_SET(CURLOPT_URL, self->url);
    S_SET(CURLOPT_POST, 1L);
    S_SET(CURLOPT_POSTFIELDS, self->body);
    S_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->body_size);
    S_SET(CURLOPT_HTTPHEADER, self->headers);
    S_SET(CURLOPT_USERAGENT, "OP");
    S_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    S_SET(CURLOPT_PROTOCOLS_STR, rules->rules.allow_http ? "https,http" : "https");
    S_SET(CURLOPT_FOLLOWLOCATION, 0L);
    S_SET(CURLOPT_PROXY, "");
    S_SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    S_SET(CURLOPT_TIMEOUT_MS, (long)rules->timeout_ms);
    S_SET(CURLOPT_CONNECTTIMEOUT_MS, (long)rules->timeout_ms);
}

static void s_configure_tls(op_transfer_t *self)
{
    S_SET(CURLOPT_SSL_VERIFYPEER, 1L);
    S_SET(CURLOPT_SSL_VERIFYHOST, 2L);
    S_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (self->rules->ca_file)
        S_SET(CURLOPT_CAINFO, self->rules->ca_file);
    /* With a folder of certificates libcurl would not share what it has read of the file: each
       connection would read all authorities anew, 17 ms and 0.9 MB. */
    S_SET(CURLOPT_CAPATH, NULL);
}

static void s_configure_process(op_transfer_t *self)
{
    S_SET(CURLOPT_NOSIGNAL, 1L);
    /* Else a time-out during name lookup blocks until the resolver gives up. The thread that looks
       up ends by itself and frees what it has. */
    S_SET(CURLOPT_QUICK_EXIT, 1L);
    S_SET(CURLOPT_BUFFERSIZE, (long)OP_TRANSFER_BODY_MAX);
    S_SET(CURLOPT_OPENSOCKETFUNCTION, s_open_socket);
    S_SET(CURLOPT_OPENSOCKETDATA, self);
    S_SET(CURLOPT_HEADERFUNCTION, s_on_header);
    S_SET(CURLOPT_HEADERDATA, self);
    S_SET(CURLOPT_WRITEFUNCTION, s_on_body);
    S_SET(CURLOPT_WRITEDATA, self);
    S_SET(CURLOPT_ERRORBUFFER, self->curl_error);
}

CURL *op_transfer_start(op_transfer_t *self, void *owner, int64_t now_ms)
{
    OP_ASSERT(!self->easy);
    self->start_ms = now_ms;
    self->easy = curl_easy_init();
    OP_ASSERT(self->easy && "out of memory");
    s_configure_request(self);
    s_configure_tls(self);
    s_configure_process(self);
    S_SET(CURLOPT_PRIVATE, owner);
    return self->easy;
}

/*  ---- After ---- */

static const char *s_why(const op_transfer_t *self, CURLcode code)
{
    if (self->head_too_long)
        return "The answer's head is too long.";
    if (code == CURLE_COULDNT_CONNECT && self->address_refused)
        return op_target_sentence(OP_TARGET_ADDRESS);
    return self->curl_error[0] ? self->curl_error : curl_easy_strerror(code);
}

void op_transfer_end(op_transfer_t *self, CURLcode code, int64_t now_ms, op_posted_result_t *result)
{
    curl_off_t wait = 0;
    result->duration_ms = now_ms - self->start_ms;
    result->status = self->status;
    if (!self->status) {
        (void)op_str_copy(op_str(s_why(self, code)), result->error, sizeof result->error);
        for (char *at = result->error; *at; at++)
            if ((unsigned char)*at < 32 || (unsigned char)*at > 126)
                *at = ' ';
        return;
    }
    if (curl_easy_getinfo(self->easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
        result->retry_after_s = wait > 0 ? (int64_t)wait : 0;
    result->answer_size =
        self->body_read < sizeof self->answer ? self->body_read : sizeof self->answer;
    memcpy(result->answer, self->answer, result->answer_size);
}
