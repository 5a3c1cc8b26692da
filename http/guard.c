#include "http/guard.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

static bool s_refuse(op_guard_t *self, int status, op_error_t error, const char *message)
{
    self->status = status;
    self->error = error;
    self->message = message;
    return false;
}

static bool s_malformed(op_guard_t *self, const char *message)
{
    return s_refuse(self, 400, OP_ERROR_VALIDATION_ERROR, message);
}

bool op_guard_is_token(op_str_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (!op_is_alnum(c) && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.size > 0;
}

/*  The request line: one blank after the method, one after the target, two octets of line end, all
    of them NUL by now; `*next` is then where the first header must begin. */
static bool s_request_line(op_guard_t *self, const struct mg_request_info *info, const char **next)
{
    if (!info->request_method || !info->request_uri || !info->http_version)
        return s_malformed(self, "The request line is malformed.");
    self->method = op_str(info->request_method);
    self->raw_path = op_str(info->request_uri);
    self->query = op_str(info->query_string);
    const char *target_end = info->query_string ? self->query.at + self->query.size
                                                : self->raw_path.at + self->raw_path.size;
    if (target_end < self->raw_path.at ||
        (size_t)(target_end - self->raw_path.at) > (size_t)OP_HTTP_TARGET_MAX)
        return s_refuse(self, 414, OP_ERROR_URI_TOO_LONG, NULL);
    bool one = strcmp(info->http_version, "1.1") == 0;
    if (!one && strcmp(info->http_version, "1.0") != 0)
        return s_refuse(self, 505, OP_ERROR_VALIDATION_ERROR, "Speak HTTP/1.1.");
    /* civetweb points behind "HTTP/". */
    if (self->method.at + self->method.size + 1 != self->raw_path.at ||
        target_end + 1 != info->http_version - 5)
        return s_malformed(self, "The request line must have single blanks.");
    if (self->raw_path.size == 0 || self->raw_path.at[0] != '/' || !op_guard_is_token(self->method))
        return s_malformed(self, "The request target must be a path.");
    const char *end = info->http_version + 3;
    if (end[0] != 0 || end[1] != 0)
        return s_malformed(self, "The request line must end with CR LF.");
    *next = end + 2;
    return true;
}

/*  Each line: name, NUL over the colon, blanks, value, two NULs over CR and LF; then the next
    name, or the empty line. */
static bool s_header_lines(op_guard_t *self, const struct mg_request_info *info, const char *next)
{
    if (info->num_headers < 0 || info->num_headers > OP_HTTP_HEADERS_MAX)
        return s_refuse(self, 431, OP_ERROR_VALIDATION_ERROR, "Too many header lines.");
    for (int i = 0; i < info->num_headers; i++) {
        op_str_t name = op_str(info->http_headers[i].name);
        op_str_t value = op_str(info->http_headers[i].value);
        if (name.at != next)
            return s_malformed(self, "Header lines must end with CR LF and nothing may fold.");
        if (!op_guard_is_token(name))
            return s_malformed(self, "A header name is not a token.");
        for (const char *at = name.at + name.size + 1; at < value.at; at++)
            if (*at != ' ')
                return s_malformed(self, "No blank may stand before a header's colon.");
        if (op_str_has_control(value))
            return s_malformed(self, "A header value holds a control character.");
        const char *end = value.at + value.size;
        if (end[1] != 0)
            return s_malformed(self, "Header lines must end with CR LF.");
        next = end + 2;
        while (value.size && value.at[value.size - 1] == ' ')
            value.size--;
        self->headers[i] = (op_http_header_t){name, value};
        self->header_count++;
    }
    if (next - info->request_method > OP_HTTP_HEAD_MAX)
        return s_refuse(self, 431, OP_ERROR_VALIDATION_ERROR, "The request head is too large.");
    /* Without headers the empty line's CR has been wiped too. Only HTTP/1.0 comes this far so, and
       its connection is closed anyway. */
    char first = info->num_headers ? '\r' : 0;
    if (next[0] != first || next[1] != 0)
        return s_malformed(self, "The request head must end with an empty line.");
    self->head_size = (size_t)(next + 2 - info->request_method);
    return true;
}

static bool s_framing(op_guard_t *self, bool one_one)
{
    size_t hosts = 0, lengths = 0, connections = 0;
    bool kept = true;
    for (size_t i = 0; i < self->header_count; i++) {
        op_str_t name = self->headers[i].name, value = self->headers[i].value;
        if (op_str_is_nocase(name, "Host")) {
            hosts++;
            if (value.size == 0 || memchr(value.at, ' ', value.size) ||
                memchr(value.at, ',', value.size))
                return s_malformed(self, "The Host header is malformed.");
        } else if (op_str_is_nocase(name, "Transfer-Encoding")) {
            return s_refuse(self, 411, OP_ERROR_VALIDATION_ERROR,
                            "Send bodies with Content-Length, not with Transfer-Encoding.");
        } else if (op_str_is_nocase(name, "Content-Length")) {
            if (lengths++ || value.size > 10 ||
                !op_str_to_u64(value, UINT64_C(9999999999), &self->body_size))
                return s_malformed(self, "Content-Length must be one plain number.");
        } else if (op_str_is_nocase(name, "Connection")) {
            /* civetweb looks at the first line only, so only the plain cases are kept alive. */
            connections++;
            kept = kept && op_str_is_nocase(value, "keep-alive");
        } else if (op_str_is_nocase(name, "Expect")) {
            if (!op_str_is_nocase(value, "100-continue"))
                return s_refuse(self, 417, OP_ERROR_VALIDATION_ERROR, "Unknown expectation.");
            self->expects = one_one;
        }
    }
    if (hosts > 1 || (one_one && hosts == 0))
        return s_malformed(self, "There must be exactly one Host header.");
    self->keep_alive = one_one && kept && connections <= 1;
    return true;
}

bool op_guard_check(op_guard_t *self, const struct mg_request_info *info)
{
    self->status = 0;
    self->error = OP_OK;
    self->message = NULL;
    self->body_size = 0;
    self->keep_alive = false;
    self->expects = false;
    self->header_count = 0;
    self->method = self->raw_path = self->query = (op_str_t){0};

    const char *next = NULL;
    if (!s_request_line(self, info, &next) || !s_header_lines(self, info, next))
        return false;
    return s_framing(self, strcmp(info->http_version, "1.1") == 0);
}

bool op_guard_body(op_guard_t *self, op_str_t body)
{
    /* "...value LF LF": the octets behind were taken for the empty line in op_guard_check. */
    if (body.size && body.at[0] == '\r' && (body.size == 1 || body.at[1] == 0))
        return s_malformed(self, "The request head must end with an empty line.");
    return true;
}
