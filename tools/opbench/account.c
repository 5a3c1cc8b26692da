#include "tools/opbench/account.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_CODE_DIGITS = 6, S_POLL_US = 5000 };

json_t *op_bench_json(op_bench_client_t *client, const char *method, const char *path,
                      const char *token, const json_t *json, int status)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    const op_bench_ask_t ask = {method, path, op_str(token), op_str(text)};
    op_str_t body = OP_STR("");
    int answered = op_bench_call(client, &ask, &body);
    free(text);
    json_error_t error;
    json_t *value = body.size == 0 ? NULL : json_loadb(body.at, body.size, 0, &error);
    if (answered == status && value != NULL)
        return value;
    json_t *code = json_object_get(json_object_get(value, "error"), "code");
    fprintf(stderr, "opbench: %s %.*s: answered %d %s, not %d\n", method, (int)strcspn(path, "+?"),
            path, answered, json_is_string(code) ? json_string_value(code) : "", status);
    json_decref(value);
    return NULL;
}

/*  ---------------------------------------------------------------- the code on the phone */

typedef struct {
    char code[S_CODE_DIGITS + 1]; /* "": none yet */
    char received_at[40];
    size_t texts;
} s_inbox_t;

/*  The first run of exactly six digits. */
static bool s_code_in(const char *body, char code[S_CODE_DIGITS + 1])
{
    while (*body != '\0') {
        size_t digits = strspn(body, "0123456789");
        if (digits == S_CODE_DIGITS)
            return op_str_copy(op_str_of(body, digits), code, S_CODE_DIGITS + 1);
        body += digits > 0 ? digits : 1;
    }
    return false;
}

/*  The newest text with a code. */
static int s_look(op_bench_client_t *client, const char *phone, s_inbox_t *inbox)
{
    char path[80];
    snprintf(path, sizeof path, "/sim/phones/%s/messages", phone);
    json_t *answer = op_bench_json(client, "GET", path, NULL, NULL, 200);
    if (answer == NULL)
        return -1;
    *inbox = (s_inbox_t){.texts = json_array_size(json_object_get(answer, "data"))};
    size_t at;
    json_t *text;
    json_array_foreach(json_object_get(answer, "data"), at, text)
    {
        const char *body = json_string_value(json_object_get(text, "body"));
        const char *when = json_string_value(json_object_get(text, "received_at"));
        if (body == NULL || strcmp(when == NULL ? "" : when, inbox->received_at) < 0)
            continue;
        if (s_code_in(body, inbox->code))
            (void)op_str_copy(op_str(when), inbox->received_at, sizeof inbox->received_at);
    }
    json_decref(answer);
    return 0;
}

/*  Waits for a text that was not there `before`. */
static int s_wait_code(op_bench_client_t *client, const char *phone, const s_inbox_t *before,
                       s_inbox_t *now)
{
    int64_t end_ns = op_bench_now_ns() + (int64_t)OP_BENCH_CODE_MS * 1000000;
    while (op_bench_now_ns() < end_ns) {
        if (s_look(client, phone, now) != 0)
            return -1;
        if (now->code[0] != '\0' &&
            (now->texts > before->texts || strcmp(now->received_at, before->received_at) != 0))
            return 0;
        op_bench_pause_us(S_POLL_US);
    }
    fprintf(stderr, "opbench: no code arrived within %d s\n", OP_BENCH_CODE_MS / 1000);
    return -1;
}

/*  ---------------------------------------------------------------- the quick start */

/*  Copies a string member, then lets go of the value (which may be NULL). */
static int s_member(json_t *value, const char *name, char *text, size_t size)
{
    const char *found = json_string_value(json_object_get(value, name));
    bool fits = found != NULL && op_str_copy(op_str(found), text, size);
    if (value != NULL && !fits)
        fprintf(stderr, "opbench: an answer has no usable \"%s\"\n", name);
    json_decref(value);
    return fits ? 0 : -1;
}

static int s_sign_in(op_bench_client_t *client, const char *phone, char *session, size_t size)
{
    s_inbox_t before, now;
    char verification[OP_BENCH_KEY_SIZE];
    if (s_look(client, phone, &before) != 0)
        return -1;
    json_t *ask = json_pack("{s:s}", "phone", phone);
    json_t *answer = op_bench_json(client, "POST", "/auth/start", NULL, ask, 200);
    json_decref(ask);
    if (s_member(answer, "verification_id", verification, sizeof verification) != 0 ||
        s_wait_code(client, phone, &before, &now) != 0)
        return -1;
    ask = json_pack("{s:s, s:s}", "verification_id", verification, "code", now.code);
    answer = op_bench_json(client, "POST", "/auth/verify", NULL, ask, 200);
    json_decref(ask);
    return s_member(answer, "session_token", session, size);
}

/*  The shared number. */
static int s_number(op_bench_client_t *client, op_bench_account_t *account)
{
    json_t *answer =
        op_bench_json(client, "GET", "/console/numbers/available", account->session, NULL, 200);
    if (answer == NULL)
        return -1;
    json_t *numbers = json_object_get(answer, "numbers"), *number, *chosen = NULL;
    size_t at;
    json_array_foreach(numbers, at, number)
    {
        if (chosen == NULL || json_is_true(json_object_get(number, "shared")))
            chosen = number;
    }
    json_incref(chosen);
    json_incref(chosen);
    json_decref(answer);
    if (chosen == NULL)
        fprintf(stderr, "opbench: the pool has no number\n");
    int failed = s_member(chosen, "id", account->number, sizeof account->number);
    return s_member(chosen, "e164", account->e164, sizeof account->e164) != 0 ? -1 : failed;
}

int op_bench_sign_up(op_bench_client_t *client, const char *phone, op_bench_account_t *account)
{
    return s_sign_in(client, phone, account->session, sizeof account->session) == 0
               ? s_number(client, account)
               : -1;
}

int op_bench_mint(op_bench_client_t *client, const op_bench_account_t *account, op_bench_key_t *key)
{
    json_t *ask = json_pack("{s:s, s:s}", "number_id", account->number, "name", "opbench");
    json_t *answer = op_bench_json(client, "POST", "/console/api-keys", account->session, ask, 201);
    json_decref(ask);
    return s_member(answer, "key", key->text, sizeof key->text);
}

static int s_account(op_bench_client_t *client, const char *phone, size_t keys_each,
                     op_bench_key_t *keys)
{
    op_bench_account_t account;
    if (op_bench_sign_up(client, phone, &account) != 0)
        return -1;
    for (size_t at = 0; at < keys_each; at++)
        if (op_bench_mint(client, &account, &keys[at]) != 0)
            return -1;
    return 0;
}

int op_bench_accounts(op_bench_client_t *client, size_t accounts, size_t keys_each,
                      op_bench_key_t *keys)
{
    OP_ASSERT(accounts <= OP_BENCH_ACCOUNTS_MAX && keys_each <= OP_BENCH_KEYS_MAX);
    for (size_t at = 0; at < accounts; at++) {
        char phone[20];
        snprintf(phone, sizeof phone, "+1415555%04u", (unsigned)(at % 10000));
        if (s_account(client, phone, keys_each, keys + at * keys_each) != 0) {
            fprintf(stderr, "opbench: setting up account %zu of %zu failed\n", at + 1, accounts);
            return -1;
        }
    }
    return 0;
}
