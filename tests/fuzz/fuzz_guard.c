/*  The guard of HTTP heads. Property: a head that passes is one that RFC 9112 knows, read from the
    octets as they came and not as a lenient parser left them: the request line, whole header lines,
    the empty line, CR LF behind each; one Host or none, at most one Content-Length and its value.

    The input is a head as it comes from the wire. s_parse does to it what guard.h says that
    civetweb does: it finds where the head ends, puts NUL over separators, and hands out
    pointers. */

#include "tests/fuzz/fuzz.h"

#include "http/guard.h"

#include <civetweb.h>
#include <stdlib.h>
#include <strings.h>

/*  Octets of the head, which ends with CR LF CR LF or LF LF; 0: nothing for the guard. */
static size_t s_head_size(op_str_t input)
{
    for (size_t i = 0; i < input.size; i++) {
        uint8_t c = (uint8_t)input.at[i];
        if (c == 127 || (c < ' ' && c != '\r' && c != '\n'))
            return 0;
        if (i >= 1 && c == '\n' && input.at[i - 1] == '\n')
            return i + 1;
        if (i >= 3 && memcmp(input.at + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    }
    return 0;
}

/*  Ends a word of the request line: wipes the blanks behind it, line ends among them. */
static char *s_word(char **at, bool last)
{
    char *word = *at;
    while ((uint8_t) * *at > ' ')
        ++*at;
    if (last ? **at != '\r' && **at != '\n' : **at != ' ')
        return NULL;
    while (**at && strchr(" \r\n", **at))
        *(*at)++ = 0;
    return word;
}

/*  -1: civetweb would answer this itself. */
static int s_headers(char *at, struct mg_request_info *info)
{
    while (info->num_headers<MG_MAX_HEADERS && * at> ' ' && *at < 127 && *at != ':') {
        struct mg_header *header = &info->http_headers[info->num_headers++];
        header->name = at;
        while (*at > ' ' && *at < 127 && *at != ':')
            at++;
        while (*at == ' ')
            *at++ = 0;
        if (*at != ':')
            return -1;
        *at++ = 0;
        while (*at == ' ')
            at++;
        header->value = at;
        at += strcspn(at, "\r\n");
        if (*at == '\r') {
            *at++ = 0;
            if (*at != '\n')
                return -1;
        }
        if (!*at)
            return 0;
        *at++ = 0;
        if (*at == '\r' || *at == '\n')
            return 0;
    }
    return 0;
}

static int s_parse(char *head, size_t size, struct mg_request_info *info)
{
    char *at = head;
    memset(info, 0, sizeof *info);
    head[size - 1] = 0;
    if ((uint8_t)*at <= ' ')
        return -1;
    info->request_method = s_word(&at, false);
    char *target = info->request_method ? s_word(&at, false) : NULL;
    info->request_uri = target;
    char *version = target ? s_word(&at, true) : NULL;
    if (!version || strncmp(version, "HTTP/", 5) != 0)
        return -1;
    info->http_version = version + 5;
    char *query = strchr(target, '?');
    if (query) {
        *query = 0;
        info->query_string = query + 1;
    }
    return s_headers(at, info);
}

/*  ---- The head read anew, strictly ---- */

static bool s_next_line(op_str_t *text, op_str_t *line)
{
    const char *end = memmem(text->at, text->size, "\r\n", 2);
    if (!end)
        return false;
    *line = fuzz_take(text, (size_t)(end - text->at));
    fuzz_take(text, 2);
    return !memchr(line->at, '\n', line->size) && !memchr(line->at, '\r', line->size);
}

static bool s_is(op_str_t name, const char *word)
{
    return name.size == strlen(word) && strncasecmp(name.at, word, name.size) == 0;
}

/*  "METHOD /target HTTP/1.x", and its line end: two octets that the parser has wiped, so that the
    guard cannot know more than that there were two (guard.h). */
static void s_check_request_line(op_str_t *text, const op_guard_t *guard)
{
    FUZZ_CHECK(op_str_equal(fuzz_take(text, guard->method.size), guard->method));
    FUZZ_CHECK(fuzz_octet(text) == ' ');
    FUZZ_CHECK(op_str_equal(fuzz_take(text, guard->raw_path.size), guard->raw_path));
    if (fuzz_octet(text) == '?') {
        FUZZ_CHECK(op_str_equal(fuzz_take(text, guard->query.size), guard->query));
        FUZZ_CHECK(fuzz_octet(text) == ' ');
    }
    op_str_t version = fuzz_take(text, 8);
    FUZZ_CHECK(op_str_is(version, "HTTP/1.1") || op_str_is(version, "HTTP/1.0"));
    op_str_t end = fuzz_take(text, 2);
    FUZZ_CHECK(end.size == 2 && strchr("\r\n ", end.at[0]) && strchr("\r\n ", end.at[1]));
}

/*  The header lines and the empty line. Where the parser found no header, what stands there instead
    may be hidden under the blanks that it wiped: that is for HTTP/1.0 alone, which ends its
    connection. */
static void s_check_headers(op_str_t text, const op_guard_t *guard)
{
    if (guard->header_count == 0) {
        FUZZ_CHECK(!guard->keep_alive && guard->body_size == 0);
        return;
    }
    op_str_t line;
    uint64_t body_size = 0;
    size_t hosts = 0, lengths = 0, count = 0;
    while (s_next_line(&text, &line) && line.size) {
        const char *colon = memchr(line.at, ':', line.size);
        FUZZ_CHECK(colon && colon > line.at);
        op_str_t name = op_str_of(line.at, (size_t)(colon - line.at));
        op_str_t value = op_str_of(colon + 1, line.size - name.size - 1);
        FUZZ_CHECK(!memchr(name.at, ' ', name.size));
        while (value.size && value.at[0] == ' ')
            fuzz_take(&value, 1);
        while (value.size && value.at[value.size - 1] == ' ')
            value.size--;
        FUZZ_CHECK(count < guard->header_count);
        FUZZ_CHECK(op_str_equal(guard->headers[count].name, name));
        FUZZ_CHECK(op_str_equal(guard->headers[count].value, value));
        count++;
        hosts += s_is(name, "Host");
        FUZZ_CHECK(!s_is(name, "Transfer-Encoding"));
        if (s_is(name, "Content-Length")) {
            lengths++;
            FUZZ_CHECK(op_str_to_u64(value, UINT64_C(9999999999), &body_size));
        }
    }
    FUZZ_CHECK(text.size == 0 && count == guard->header_count);
    FUZZ_CHECK(hosts <= 1 && lengths <= 1 && body_size == guard->body_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t input = op_str_of(data, size);
    size_t head_size = s_head_size(input);
    if (!head_size)
        return 0;
    op_str_t head = fuzz_take(&input, head_size);
    /* civetweb's buffer goes on behind a head of legal size, and the guard looks there for the
       empty line that a bare LF stands for. */
    char *copy = op_alloc(size + 2);
    memcpy(copy, data, size);
    memset(copy + size, 0, 2);
    struct mg_request_info info;
    op_guard_t guard;
    if (s_parse(copy, head_size, &info) == 0) {
        if (!op_guard_check(&guard, &info)) {
            FUZZ_CHECK(guard.status >= 400 && guard.status < 600);
        } else if (op_guard_body(&guard, input)) {
            s_check_request_line(&head, &guard);
            s_check_headers(head, &guard);
        }
    }
    free(copy);
    return 0;
}
