/*  The document against the tables: neither may have what the other has not. */

#include "http/openapi.h"
#include "http/ready.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static json_t *s_document(void)
{
    op_buf_t text = {0};
    op_openapi_print("http://op.test", &text);
    json_t *document = json_loadb(text.at, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    op_buf_free(&text);
    return document;
}

static void s_method(const op_route_t *route, char method[16])
{
    size_t size = 0;
    for (; route->method[size]; size++)
        method[size] = (char)(route->method[size] - 'A' + 'a');
    method[size] = 0;
}

/*  What `paths` has and the table has not, or the other way round: how many, and one of them. */
static size_t s_differences(json_t *paths, char which[200])
{
    size_t wrong = 0;
    const char *path, *method;
    json_t *item, *operation;
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        char name[16];
        s_method(route, name);
        operation = json_object_get(json_object_get(paths, route->path), name);
        bool same = operation != NULL;
        char status[8];
        snprintf(status, sizeof status, "%d", route->status);
        same = same && json_object_get(json_object_get(operation, "responses"), status);
        same = same && (route->source == OP_FROM_BODY) ==
                           (json_object_get(operation, "requestBody") != NULL);
        if (!same && ++wrong)
            snprintf(which, 200, "%s %s", route->method, route->path);
    }
    json_object_foreach(paths, path, item) json_object_foreach(item, method, operation)
    {
        json_t *tags = json_object_get(operation, "tags");
        bool found = strcmp(json_string_value(json_array_get(tags, 0)), "Documents") == 0;
        for (unsigned i = 0; !found && i < OP_ROUTE_END; i++) {
            const op_route_t *route = op_route((op_route_name_t)i);
            char name[16];
            s_method(route, name);
            found = strcmp(route->path, path) == 0 && strcmp(name, method) == 0;
        }
        found = found || strcmp(path, OP_READY_PATH) == 0;
        if (!found && ++wrong)
            snprintf(which, 200, "%s %s", method, path);
    }
    return wrong;
}

static void s_routes_and_document_are_one(void **state)
{
    (void)state;
    char which[200] = "";
    json_t *document = s_document(), *paths = json_object_get(document, "paths");
    if (s_differences(paths, which))
        fail_msg("%s", which);

    /* The comparison notices: a call that is missing, one too many, another status, a lost body. */
    json_t *item = json_object_get(paths, "/v1/messages");
    json_t *post = json_incref(json_object_get(item, "post"));
    json_object_del(item, "post");
    assert_int_equal(s_differences(paths, which), 1);
    json_object_set(item, "put", post);
    assert_int_equal(s_differences(paths, which), 2);
    json_object_del(item, "put");
    json_object_set(item, "post", post);
    json_t *responses = json_object_get(post, "responses");
    json_object_set(responses, "200", json_object_get(responses, "201"));
    json_object_del(responses, "201");
    assert_int_equal(s_differences(paths, which), 1);
    json_object_set(responses, "201", json_object_get(responses, "200"));
    json_object_del(post, "requestBody");
    assert_int_equal(s_differences(paths, which), 1);
    json_object_set_new(paths, "/v1/extra", json_pack("{s:O}", "get", post));
    assert_int_equal(s_differences(paths, which), 2);
    json_decref(post);
    json_decref(document);
}

static void s_every_route_is_described(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_operation_t *operation = op_operation((op_route_name_t)i);
        const op_route_t *route = op_route((op_route_name_t)i);
        if (!operation->name || !operation->summary[0] || !operation->description[0])
            fail_msg("operations.def lacks %s %s", route->method, route->path);
    }
}

/*  Members of both: a, in b. */
static void s_assert_same_members(json_t *properties, const op_type_t *type, size_t skip)
{
    for (size_t i = skip; i < type->field_count; i++)
        if (!json_object_get(properties, type->fields[i].name))
            fail_msg("%s.%s", type->name, type->fields[i].name);
    assert_int_equal(json_object_size(properties), type->field_count - skip);
}

static json_t *s_follow(json_t *document, json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    assert_non_null(ref);
    assert_int_equal(strncmp(ref, "#/components/schemas/", 21), 0);
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    json_t *found = json_object_get(schemas, ref + 21);
    assert_non_null(found);
    return found;
}

static json_t *s_media(json_t *holder)
{
    json_t *content = json_object_get(holder, "content");
    return json_object_get(json_object_get(content, "application/json"), "schema");
}

static void s_bodies_are_the_messages(void **state)
{
    (void)state;
    json_t *document = s_document(), *paths = json_object_get(document, "paths");
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        char name[16], status[8];
        s_method(route, name);
        snprintf(status, sizeof status, "%d", route->status);
        json_t *operation = json_object_get(json_object_get(paths, route->path), name);
        json_t *answer = json_object_get(json_object_get(operation, "responses"), status);
        if (route->source == OP_FROM_BODY) {
            json_t *body = s_follow(document, s_media(json_object_get(operation, "requestBody")));
            s_assert_same_members(json_object_get(body, "properties"), route->request,
                                  strchr(route->path, '{') ? 1 : 0);
            assert_null(json_object_get(body, "additionalProperties"));
        }
        if (route->status != 204) {
            json_t *body = s_follow(document, s_media(answer));
            s_assert_same_members(json_object_get(body, "properties"), route->response, 0);
            assert_true(json_is_false(json_object_get(body, "additionalProperties")));
        }
        json_t *headers = json_object_get(answer, "headers");
        assert_int_equal(json_object_get(headers, "Location") != NULL, route->status == 201);
        assert_non_null(json_object_get(headers, "X-RateLimit-Reset"));
    }
    json_decref(document);
}

/*  Every error of error.def is one that some call can give, but for those that no call leads to. */
static void s_every_error_is_somewhere(void **state)
{
    (void)state;
    static const op_error_t elsewhere[] = {OP_ERROR_METHOD_NOT_ALLOWED};
    op_buf_t text = {0};
    op_openapi_print("", &text);
    op_buf_add_byte(&text, 0);
    const char *paths = strstr(text.at, "\"paths\":");
    assert_non_null(paths);
    for (unsigned i = OP_OK + 1; i < OP_ERROR_END; i++) {
        bool wanted = true;
        char member[64];
        for (size_t j = 0; j < OP_COUNT(elsewhere); j++)
            wanted = wanted && i != (unsigned)elsewhere[j];
        snprintf(member, sizeof member, "\"code\":\"%s\"", op_error_code((op_error_t)i));
        if (wanted && !strstr(paths, member))
            fail_msg("%s", member);
    }
    op_buf_free(&text);
}

static void s_events_are_there(void **state)
{
    (void)state;
    static const char *const names[] = {"message.received", "message.sent", "message.failed"};
    json_t *document = s_document(), *webhooks = json_object_get(document, "webhooks");
    assert_int_equal(json_object_size(webhooks), OP_COUNT(names));
    for (size_t i = 0; i < OP_COUNT(names); i++) {
        json_t *post = json_object_get(json_object_get(webhooks, names[i]), "post");
        assert_int_equal(json_array_size(json_object_get(post, "parameters")), 3);
        s_follow(document, s_media(json_object_get(post, "requestBody")));
    }
    json_decref(document);
}

/*  ---- Examples ---- */

static bool s_is_null(json_t *object, const char *member)
{
    return json_is_null(json_object_get(object, member));
}

static bool s_says(json_t *object, const char *member, const char *value)
{
    json_t *text = json_object_get(object, member);
    return json_is_string(text) && strcmp(json_string_value(text), value) == 0;
}

static bool s_same(json_t *object, const char *one, const char *other)
{
    json_t *value = json_object_get(object, one);
    return value && json_equal(value, json_object_get(object, other));
}

/*  What is untrue of an object, whatever it is; NULL: nothing. */
static const char *s_untrue(json_t *object)
{
    bool message = json_object_get(object, "direction") && json_object_get(object, "status");
    bool posted = json_object_get(object, "duration_ms");
    if (s_same(object, "to", "from"))
        return "it texts itself";
    if (message && s_says(object, "status", "sent") == s_is_null(object, "sent_at"))
        return "sent without an instant, or the other way round";
    if (message && s_says(object, "status", "failed") == s_is_null(object, "error"))
        return "failed without a reason, or the other way round";
    if (posted && s_is_null(object, "status") == s_is_null(object, "error"))
        return "neither answered nor failed, or both";
    if (json_is_true(json_object_get(object, "shared")) && json_object_get(object, "leased_at"))
        return "both shared and leased";
    if (s_same(object, "id", "number_id"))
        return "it is its own number";
    if (s_says(object, "expires_at", "2026-05-20T19:14:52Z")) /* when all things are made */
        return "it has expired when it is made";
    if (json_object_get(object, "attempts") && !s_says(object, "state", "pending") &&
        !s_is_null(object, "next_attempt_at"))
        return "a delivery that has ended goes on";
    return NULL;
}

static void s_check_example(const char *where, json_t *example)
{
    const char *name, *wrong = json_is_object(example) ? s_untrue(example) : NULL;
    json_t *value;
    size_t i;
    if (wrong)
        fail_msg("%s: %s", where, wrong);
    json_object_foreach(example, name, value) s_check_example(where, value);
    json_array_foreach(example, i, value) s_check_example(where, value);
}

/*  Checks every example below; returns how many there are. */
static size_t s_check_examples(const char *where, json_t *json)
{
    const char *name;
    json_t *value;
    size_t i, count = 0;
    json_object_foreach(json, name, value)
    {
        const char *id = json_string_value(json_object_get(value, "operationId"));
        if (strcmp(name, "example") == 0) {
            s_check_example(where, value);
            count++;
        } else {
            count += s_check_examples(id ? id : where, value);
        }
    }
    json_array_foreach(json, i, value) count += s_check_examples(where, value);
    return count;
}

static json_t *s_success_of(json_t *document, const char *path, const char *method)
{
    json_t *operation =
        json_object_get(json_object_get(json_object_get(document, "paths"), path), method);
    json_t *answer = json_object_get(json_object_get(operation, "responses"), "200");
    json_t *media = json_object_get(json_object_get(answer, "content"), "application/json");
    return json_object_get(media, "example");
}

static void s_examples_are_true(void **state)
{
    (void)state;
    json_t *document = s_document();
    assert_true(s_check_examples("", document) > OP_ROUTE_END);
    json_t *lease = s_success_of(document, "/console/numbers/{id}/lease", "post");
    json_t *mine = s_success_of(document, "/console/numbers/mine", "get");
    json_t *own = json_array_get(json_object_get(mine, "numbers"), 0);
    assert_true(json_is_false(json_object_get(lease, "shared")));
    assert_true(json_is_string(json_object_get(lease, "leased_at")));
    assert_true(json_equal(lease, own));
    static const char *const ends[] = {"sent", "failed"};
    for (size_t i = 0; i < OP_COUNT(ends); i++) {
        char name[32];
        snprintf(name, sizeof name, "message.%s", ends[i]);
        json_t *post =
            json_object_get(json_object_get(json_object_get(document, "webhooks"), name), "post");
        json_t *content = json_object_get(json_object_get(post, "requestBody"), "content");
        json_t *event = json_object_get(json_object_get(content, "application/json"), "example");
        assert_true(s_says(event, "type", name));
        assert_true(s_says(json_object_get(event, "data"), "status", ends[i]));
    }
    json_decref(document);
}

/*  A page is answered as routes are where the server refuses by itself, and with 304. */
static void s_pages_have_all_their_answers(void **state)
{
    (void)state;
    static const char *const pages[] = {"/openapi.json", "/skill.md", "/llms.txt", "/docs",
                                        "/redoc",        "/readyz",   "/healthz"};
    static const char *const statuses[] = {"200", "400", "408", "411", "413", "414",
                                           "417", "429", "431", "500", "503", "505"};
    json_t *document = s_document(), *paths = json_object_get(document, "paths");
    for (size_t i = 0; i < OP_COUNT(pages); i++) {
        json_t *operation = json_object_get(json_object_get(paths, pages[i]), "get");
        json_t *responses = json_object_get(operation, "responses");
        bool page = i < 5;
        assert_non_null(json_object_get(operation, "description"));
        for (size_t j = 0; j < OP_COUNT(statuses); j++)
            if (!json_object_get(responses, statuses[j]))
                fail_msg("%s: no %s", pages[i], statuses[j]);
        json_t *same = json_object_get(responses, "304");
        assert_int_equal(page, same != NULL);
        assert_int_equal(page, json_object_get(json_object_get(same, "headers"), "ETag") != NULL);
    }
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_routes_and_document_are_one),
        cmocka_unit_test(s_every_route_is_described),
        cmocka_unit_test(s_bodies_are_the_messages),
        cmocka_unit_test(s_every_error_is_somewhere),
        cmocka_unit_test(s_events_are_there),
        cmocka_unit_test(s_examples_are_true),
        cmocka_unit_test(s_pages_have_all_their_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
