#include "http/request.h"

#include "base/phone.h"
#include "base/token.h"

#include <string.h>
#include <strings.h>

op_str_t op_http_request_header(const op_http_request_t *self, const char *name, size_t *count)
{
    op_str_t found = {0};
    size_t n = 0;
    for (size_t i = 0; i < self->header_count; i++) {
        const op_http_header_t *header = &self->headers[i];
        if (op_str_is_nocase(header->name, name))
            if (n++ == 0)
                found = header->value;
    }
    if (count)
        *count = n;
    return found;
}

/*  Ids are logged, so what must not be is none: a credential, a phone number. */
static bool s_is_secret(op_str_t id)
{
    static const char *const marks[] = {OP_TOKEN_KEY, OP_TOKEN_SESSION, "whs_"};
    for (size_t i = 0; i < OP_COUNT(marks); i++)
        if (memmem(id.at, id.size, marks[i], strlen(marks[i])))
            return true;
    size_t digits = 0;
    while (digits < id.size && id.at[digits] >= '0' && id.at[digits] <= '9')
        digits++;
    return digits == id.size && digits >= 7 && digits <= OP_PHONE_MAX - 1;
}

op_str_t op_http_request_id(const op_http_request_t *self)
{
    size_t count;
    op_str_t id = op_http_request_header(self, "X-Request-Id", &count);
    if (count != 1 || id.size == 0 || id.size > OP_REQUEST_ID_MAX)
        return (op_str_t){0};
    for (size_t i = 0; i < id.size; i++) {
        char c = id.at[i];
        if (!op_is_alnum(c) && c != '.' && c != '_' && c != '-')
            return (op_str_t){0};
    }
    return s_is_secret(id) ? (op_str_t){0} : id;
}

static int s_decode(op_str_t raw, bool path, char *decoded)
{
    size_t size = 0;
    OP_ASSERT(raw.size <= INT32_MAX);
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t octet = (uint8_t)raw.at[i];
        bool escaped = octet == '%';
        if (escaped && (raw.size - i < 3 || op_unhex(op_str_of(raw.at + i + 1, 2), &octet, 1) != 1))
            return -1;
        if (op_is_control((char)octet))
            return -1;
        size_t taken = escaped ? 3 : 1;
        if (escaped && path && octet == '/') {
            memcpy(decoded + size, raw.at + i, taken);
            size += taken;
        } else {
            decoded[size++] = (char)octet;
        }
        i += taken - 1;
    }
    decoded[size] = 0;
    return (int)size;
}

int op_http_path_decode(op_str_t raw, char *decoded)
{
    return s_decode(raw, true, decoded);
}

int op_http_query_decode(op_str_t raw, char *decoded)
{
    return s_decode(raw, false, decoded);
}
