/*  The document against the tables: neither may have what the other has not. */

#include "http/openapi.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_routes_and_document_are_one),
        cmocka_unit_test(s_every_route_is_described),
        cmocka_unit_test(s_bodies_are_the_messages),
        cmocka_unit_test(s_every_error_is_somewhere),
        cmocka_unit_test(s_events_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
