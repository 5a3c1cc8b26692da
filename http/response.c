#include "http/response.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void op_http_response_reset(op_http_response_t *self)
{
    self->status = 200;
    self->content_type = "application/json";
    self->header_count = 0;
    self->close = false;
    op_buf_clear(&self->body);
    op_buf_clear(&self->headers);
}

void op_http_response_free(op_http_response_t *self)
{
    op_buf_free(&self->body);
    op_buf_free(&self->headers);
    *self = (op_http_response_t){0};
}

bool op_http_response_header(op_http_response_t *self, const char *name, op_str_t value)
{
    static const char *const framing[] = {"Content-Length", "Content-Type", "Connection",
                                          "Keep-Alive", "Transfer-Encoding"};
    size_t size = strlen(name);
    OP_ASSERT(size > 0 && !strpbrk(name, "\r\n: \t"));
    for (size_t i = 0; i < OP_COUNT(framing); i++)
        OP_ASSERT(!op_str_is_nocase(op_str(name), framing[i]));
    if (op_str_has_control(value) || self->header_count >= OP_HTTP_RESPONSE_HEADERS_MAX ||
        value.size > OP_HTTP_RESPONSE_HEAD_MAX ||
        self->headers.size + size + value.size + 4 > OP_HTTP_RESPONSE_HEAD_MAX)
        return false;
    op_buf_add(&self->headers, name, size);
    op_buf_add(&self->headers, ": ", 2);
    op_buf_add_str(&self->headers, value);
    op_buf_add(&self->headers, "\r\n", 2);
    self->header_count++;
    return true;
}

void op_http_json_string(op_buf_t *to, op_str_t text)
{
    char *copy = op_strdup(text);
    json_t *string = json_stringn(copy, text.size);
    if (!string) { /* not UTF-8 */
        for (size_t i = 0; i < text.size; i++)
            if ((unsigned char)copy[i] >= 128)
                copy[i] = '?';
        string = json_stringn(copy, text.size);
    }
    char *json = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    OP_ASSERT(json && "out of memory");
    op_buf_add(to, json, strlen(json));
    free(json);
    json_decref(string);
    free(copy);
}

static void s_error(op_http_response_t *self, int status, op_error_t error, const char *message,
                    const char *field)
{
    OP_ASSERT(error != OP_OK);
    self->status = status;
    self->content_type = "application/json";
    op_buf_clear(&self->body);
    op_buf_printf(&self->body, "{\"error\":{\"code\":\"%s\",\"message\":", op_error_code(error));
    op_http_json_string(&self->body, op_str(message ? message : op_error_sentence(error)));
    if (field) {
        op_buf_add_str(&self->body, OP_STR(",\"field\":"));
        op_http_json_string(&self->body, op_str(field));
    }
    op_buf_add_str(&self->body, OP_STR("}}"));
}

void op_http_response_error(op_http_response_t *self, op_error_t error, const char *message,
                            const char *field)
{
    s_error(self, op_error_status(error), error, message, field);
}

void op_http_response_error_as(op_http_response_t *self, int status, op_error_t error,
                               const char *message)
{
    s_error(self, status, error, message, NULL);
}

const char *op_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < OP_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}
