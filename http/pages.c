/*  Texts are filled in per request, because what the client calls this server may differ from one
    to the next; that is some hundred microseconds for pages that are read seldom. Everything is
    revalidated (no-cache and an ETag): a new version of the program shows at once, and a file that
    has not changed costs a 304. */

#include "http/pages.h"

#include "http/openapi.h"
#include "http/pages_files.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define S_FRONT "/docs" /* where "/" leads */

typedef struct {
    const char *name;
    char *value;
} s_fact_t;

struct op_pages {
    op_buf_t openapi; /* with {{base_url}} in it */
    char *base_url, *fallback;
    bool behind_tls;
    pthread_rwlock_t lock; /* of what follows */
    s_fact_t facts[OP_PAGES_FACTS_MAX];
    size_t fact_count;
};

static void s_forget(op_pages_t *self)
{
    while (self->fact_count)
        free(self->facts[--self->fact_count].value);
}

void op_pages_learn(op_pages_t *self, const op_pages_fact_t *facts, size_t count)
{
    OP_ASSERT(count <= OP_PAGES_FACTS_MAX);
    pthread_rwlock_wrlock(&self->lock);
    s_forget(self);
    for (; self->fact_count < count; self->fact_count++)
        self->facts[self->fact_count] = (s_fact_t){
            facts[self->fact_count].name, op_strdup(op_str(facts[self->fact_count].value))};
    pthread_rwlock_unlock(&self->lock);
}

op_pages_t *op_pages_new(const op_pages_options_t *options)
{
    op_pages_t *self = op_alloc(sizeof *self);
    *self = (op_pages_t){.behind_tls = options->behind_tls};
    self->base_url = op_strdup(op_str(options->base_url ? options->base_url : ""));
    self->fallback = op_strdup(op_str(options->fallback));
    pthread_rwlock_init(&self->lock, NULL);
    op_pages_learn(self, options->facts, options->fact_count);
    op_openapi_print("{{base_url}}", &self->openapi);
    return self;
}

void op_pages_destroy(op_pages_t **self_p)
{
    OP_ASSERT(self_p);
    op_pages_t *self = *self_p;
    if (!self)
        return;
    op_buf_free(&self->openapi);
    free(self->base_url);
    free(self->fallback);
    s_forget(self);
    pthread_rwlock_destroy(&self->lock);
    free(self);
    *self_p = NULL;
}

static const op_page_t *s_find(op_str_t path)
{
    size_t count;
    const op_page_t *pages = op_pages_table(&count);
    for (size_t i = 0; i < count; i++)
        if (op_str_is(path, pages[i].path))
            return &pages[i];
    return NULL;
}

/*  Whoever opens the address alone, in a browser most likely, is sent to the pages for people. */
static bool s_is_front(op_str_t path)
{
    return op_str_is(path, "/");
}

bool op_pages_has(const op_pages_t *self, op_str_t path)
{
    return self && (s_is_front(path) || s_find(path));
}

static op_str_t s_text(const op_pages_t *self, const op_page_t *page)
{
    return page->at ? op_str_of(page->at, (size_t)(page->end - page->at))
                    : op_buf_str(&self->openapi);
}

static bool s_is_filled(const op_page_t *page)
{
    return page->form == OP_PAGE_OPENAPI || page->form == OP_PAGE_DOCUMENT;
}

bool op_pages_holds(const op_pages_t *self, op_str_t path, const char *fact)
{
    char braced[64];
    const op_page_t *page = self ? s_find(path) : NULL;
    if (!page || !s_is_filled(page))
        return false;
    int size = snprintf(braced, sizeof braced, "{{%s}}", fact);
    op_str_t text = s_text(self, page);
    return memmem(text.at, text.size, braced, (size_t)size) != NULL;
}

/*  ---- Texts ---- */

/*  A host as a URL holds it (RFC 3986 3.2), with a port perhaps: nothing that could end it, or
    stand for something else in JSON or a shell. */
static bool s_plain_host(op_str_t host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (!op_is_alnum(host.at[i]) && !memchr(".-:[]", host.at[i], 5))
            return false;
    }
    return host.size > 0 && host.size < OP_PAGES_URL_MAX - 16;
}

static void s_base_url(const op_pages_t *self, const op_http_request_t *request,
                       char url[OP_PAGES_URL_MAX])
{
    size_t count;
    op_str_t host = op_http_request_header(request, "Host", &count);
    if (*self->base_url || count != 1 || !s_plain_host(host))
        snprintf(url, OP_PAGES_URL_MAX, "%s", *self->base_url ? self->base_url : self->fallback);
    else
        snprintf(url, OP_PAGES_URL_MAX, "http%s://%.*s", self->behind_tls ? "s" : "",
                 (int)host.size, host.at);
}

/*  What only the moment of serving knows. */
typedef struct {
    const char *base_url;
    const op_pages_fact_t *now; /* or NULL */
} s_moment_t;

/*  The value of a fact, NULL when there is none of that name. */
static const char *s_value(const op_pages_t *self, const s_moment_t *moment, op_str_t name)
{
    if (op_str_is(name, "base_url"))
        return moment->base_url;
    if (moment->now && op_str_is(name, moment->now->name))
        return moment->now->value;
    for (size_t i = 0; i < self->fact_count; i++)
        if (op_str_is(name, self->facts[i].name))
            return self->facts[i].value;
    return NULL;
}

/*  Appends the text with its facts filled in. Braces around anything else are left as they are. */
static void s_fill(const op_pages_t *self, op_str_t text, const s_moment_t *moment, op_buf_t *out)
{
    while (text.size) {
        const char *open = memmem(text.at, text.size, "{{", 2);
        size_t front = open ? (size_t)(open - text.at) : text.size;
        op_buf_add(out, text.at, front);
        text = op_str_of(text.at + front, text.size - front);
        if (!text.size)
            return;
        const char *close = memmem(text.at, text.size, "}}", 2);
        size_t size = close ? (size_t)(close - text.at) : 0;
        const char *value = close ? s_value(self, moment, op_str_of(text.at + 2, size - 2)) : NULL;
        op_buf_add_str(out, value ? op_str(value) : op_str_of(text.at, 2));
        size_t taken = value ? size + 2 : 2;
        text = op_str_of(text.at + taken, text.size - taken);
    }
}

/*  ---- Answers ---- */

/*  A browser may load what is listed from this server, and nothing else from anywhere. ReDoc puts
    two <style> into the page, an empty one that it fills by script and a fixed one, which their
    hashes allow; its search is a worker. */
#define S_POLICY_BASE                                                                              \
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "            \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "

static const char *s_policy(op_page_form_t form)
{
    switch (form) {
    case OP_PAGE_SWAGGER:
        return S_POLICY_BASE "style-src 'self'";
    case OP_PAGE_REDOC:
        return S_POLICY_BASE
            "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
            "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; worker-src blob:";
    case OP_PAGE_OPENAPI:
    case OP_PAGE_DOCUMENT:
    case OP_PAGE_ASSET:
        break;
    }
    return "default-src 'none'; frame-ancestors 'none'";
}

static void s_header(op_http_response_t *response, const char *name, const char *value)
{
    OP_ASSERT(op_http_response_header(response, name, op_str(value)));
}

static void s_etag(op_str_t body, char etag[40])
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)body.at, body.size, NULL, 0);
    etag[0] = '"';
    op_hex(hash, sizeof hash, etag + 1);
    snprintf(etag + 1 + 2 * sizeof hash, 2, "\"");
}

/*  If-None-Match (RFC 9110 13.1.2) names this tag: in a list, or as a weak one, which a proxy that
    compresses makes of it. */
static bool s_has_it(const op_http_request_t *request, const char *etag)
{
    size_t count;
    op_str_t tags = op_http_request_header(request, "If-None-Match", &count);
    return op_str_is(tags, "*") || (tags.size && memmem(tags.at, tags.size, etag, strlen(etag)));
}

/*  One coding of Accept-Encoding, without its end: "gzip", or "gzip;q=0.5". */
static bool s_is_gzip(op_str_t coding)
{
    static const char name[] = "gzip", never[] = "q=0";
    size_t size = 0;
    while (size < coding.size && coding.at[size] != ';' && coding.at[size] != ' ')
        size++;
    if (size != sizeof name - 1 || strncasecmp(coding.at, name, size) != 0)
        return false;
    const char *weight = memmem(coding.at, coding.size, never, sizeof never - 1);
    if (!weight)
        return true;
    op_str_t digits = op_str_of(weight + 3, (size_t)(coding.at + coding.size - weight) - 3);
    for (size_t i = 0; i < digits.size; i++)
        if (digits.at[i] >= '1' && digits.at[i] <= '9')
            return true;
    return false;
}

/*  Does the client take gzip (RFC 9110 12.5.3)? One that does not name it is sent none, though it
    may say "*". */
static bool s_takes_gzip(const op_http_request_t *request)
{
    size_t count;
    op_str_t codings = op_http_request_header(request, "Accept-Encoding", &count);
    while (codings.size) {
        const char *comma = memchr(codings.at, ',', codings.size);
        size_t size = comma ? (size_t)(comma - codings.at) : codings.size, front = 0;
        while (front < size && (codings.at[front] == ' ' || codings.at[front] == '\t'))
            front++;
        if (s_is_gzip(op_str_of(codings.at + front, size - front)))
            return true;
        size_t taken = size + (comma ? 1 : 0);
        codings = op_str_of(codings.at + taken, codings.size - taken);
    }
    return false;
}

static void s_serve_front(op_http_response_t *response)
{
    op_buf_clear(&response->body);
    response->status = 302;
    response->content_type = NULL;
    s_header(response, "Location", S_FRONT);
    s_header(response, "Cache-Control", "no-cache");
}

void op_pages_serve(op_pages_t *self, const op_http_request_t *request, const op_pages_fact_t *now,
                    op_http_response_t *response)
{
    const op_page_t *page = s_find(request->path);
    char base_url[OP_PAGES_URL_MAX], etag[40];
    bool front = s_is_front(request->path);
    OP_ASSERT((page || front) &&
              (op_str_is(request->method, "GET") || op_str_is(request->method, "HEAD")));
    if (front) {
        s_serve_front(response);
        return;
    }
    op_str_t text = s_text(self, page), gzip = op_page_gzip(page);
    bool filled = s_is_filled(page), packed = gzip.size && s_takes_gzip(request);
    op_buf_clear(&response->body);
    if (filled) {
        s_base_url(self, request, base_url);
        pthread_rwlock_rdlock(&self->lock);
        s_fill(self, text, &(s_moment_t){base_url, now}, &response->body);
        pthread_rwlock_unlock(&self->lock);
    } else {
        op_buf_add_str(&response->body, packed ? gzip : text);
    }
    s_etag(op_buf_str(&response->body), etag);
    response->status = s_has_it(request, etag) ? 304 : 200;
    response->content_type = page->type;
    s_header(response, "ETag", etag);
    s_header(response, "Cache-Control", "no-cache");
    if (filled && !*self->base_url)
        s_header(response, "Vary", "Host");
    if (gzip.size)
        s_header(response, "Vary", "Accept-Encoding");
    if (packed)
        s_header(response, "Content-Encoding", "gzip");
    s_header(response, "Content-Security-Policy", s_policy(page->form));
    s_header(response, "X-Content-Type-Options", "nosniff");
    s_header(response, "Referrer-Policy", "no-referrer");
}
