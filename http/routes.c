#include "http/routes.h"

#include <string.h>

/*  The steps of a line as a list of their enums: one to five of them, more is an error to
    compile. */
#define S_STEPS_1(a)                 OP_STEP_##a
#define S_STEPS_2(a, ...)            OP_STEP_##a, S_STEPS_1(__VA_ARGS__)
#define S_STEPS_3(a, ...)            OP_STEP_##a, S_STEPS_2(__VA_ARGS__)
#define S_STEPS_4(a, ...)            OP_STEP_##a, S_STEPS_3(__VA_ARGS__)
#define S_STEPS_5(a, ...)            OP_STEP_##a, S_STEPS_4(__VA_ARGS__)
#define S_NTH(a, b, c, d, e, f, ...) f
#define S_STEP_COUNT(...)            S_NTH(__VA_ARGS__, 5, 4, 3, 2, 1, 0)
#define S_PASTE(a, b)                a##b
#define S_STEPS_N(n)                 S_PASTE(S_STEPS_, n)
#define S_STEPS(...)                 S_STEPS_N(S_STEP_COUNT(__VA_ARGS__))(__VA_ARGS__)

static const op_route_t s_routes[] = {
#define ROUTE(NAME, method, path, source, request, response, status, ...)                          \
    {OP_ROUTE_##NAME,                                                                              \
     #method,                                                                                      \
     path,                                                                                         \
     OP_FROM_##source,                                                                             \
     &op_##request##_type,                                                                         \
     &op_##response##_type,                                                                        \
     status,                                                                                       \
     S_STEP_COUNT(__VA_ARGS__),                                                                    \
     {S_STEPS(__VA_ARGS__)}},
#include "http/routes.def"
#undef ROUTE
};

_Static_assert(OP_COUNT(s_routes) == OP_ROUTE_END, "one row per route");

const op_route_t *op_route(op_route_name_t name)
{
    OP_ASSERT(name < OP_ROUTE_END);
    return &s_routes[name];
}

/*  Takes the next segment, behind a slash, off the front of *rest. */
static op_str_t s_segment(op_str_t *rest)
{
    const char *start = rest->at + 1;
    size_t left = rest->size - 1;
    const char *slash = memchr(start, '/', left);
    size_t size = slash ? (size_t)(slash - start) : left;
    *rest = op_str_of(start + size, left - size);
    return op_str_of(start, size);
}

static bool s_matches(const op_route_t *route, op_str_t path, op_str_t ids[OP_ROUTE_IDS_MAX])
{
    op_str_t pattern = op_str(route->path), found[OP_ROUTE_IDS_MAX] = {{0}};
    size_t count = 0;
    while (pattern.size && path.size) {
        if (path.at[0] != '/')
            return false;
        op_str_t wanted = s_segment(&pattern), segment = s_segment(&path);
        if (op_str_starts(wanted, "{") && segment.size) {
            OP_ASSERT(count < OP_ROUTE_IDS_MAX);
            found[count++] = segment;
        } else if (!op_str_equal(wanted, segment))
            return false;
    }
    if (pattern.size || path.size)
        return false;
    memcpy(ids, found, sizeof found);
    return true;
}

const op_route_t *op_route_find(op_str_t method, op_str_t path, op_str_t ids[OP_ROUTE_IDS_MAX])
{
    if (op_str_is(method, "HEAD"))
        method = OP_STR("GET");
    for (size_t i = 0; i < OP_COUNT(s_routes); i++)
        if (op_str_is(method, s_routes[i].method) && s_matches(&s_routes[i], path, ids))
            return &s_routes[i];
    return NULL;
}

bool op_route_allow(op_str_t path, op_buf_t *out)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    bool any = false;
    op_str_t ids[OP_ROUTE_IDS_MAX];
    for (size_t i = 0; i < OP_COUNT(methods); i++)
        if (op_route_find(op_str(methods[i]), path, ids)) {
            op_buf_printf(out, "%s, ", methods[i]);
            any = true;
        }
    if (any)
        op_buf_add_str(out, OP_STR("OPTIONS"));
    return any;
}

bool op_route_itinerary(size_t index, op_str_t *steps)
{
    /* What the gateway asks besides routes (gateway.h, ready.h, shared_number.h): a step each. */
    static const uint8_t besides[] = {OP_STEP_RATE_ADDRESS, OP_STEP_RATE_LOOK,
                                      OP_STEP_AUTH_SESSION, OP_STEP_WEBHOOK_LIST,
                                      OP_STEP_LEDGER_READY, OP_STEP_LEDGER_SHARED};
    if (index < OP_ROUTE_END)
        *steps = op_str_of(s_routes[index].steps, s_routes[index].step_count);
    else if (index < OP_ROUTE_END + OP_COUNT(besides))
        *steps = op_str_of(&besides[index - OP_ROUTE_END], 1);
    return index < OP_ROUTE_END + OP_COUNT(besides);
}

op_credential_t op_route_credential(const op_route_t *self)
{
    if (self->steps[0] == OP_STEP_AUTH_SESSION)
        return OP_CREDENTIAL_SESSION;
    return self->steps[0] == OP_STEP_AUTH_KEY ? OP_CREDENTIAL_KEY : OP_CREDENTIAL_NONE;
}

size_t op_route_entry(const op_route_t *self)
{
    return op_route_credential(self) == OP_CREDENTIAL_NONE ? 0 : 2;
}
