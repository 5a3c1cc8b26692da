/*  account.h - accounts and API keys by the real quick start, on a simulated carrier

    POST /auth/start, the code from the simulated phone, POST /auth/verify, the shared number from
    GET /console/numbers/available, POST /console/api-keys. The phones are +14155550000 and up, so
    the server's limits on starts must allow as many from one address. Failures are told on stderr,
    without codes, tokens or keys. */

#ifndef OP_TOOLS_OPBENCH_ACCOUNT_H
#define OP_TOOLS_OPBENCH_ACCOUNT_H

#include "tools/opbench/client.h"

#include <jansson.h>

enum {
    OP_BENCH_ACCOUNTS_MAX = 1000,
    OP_BENCH_KEYS_MAX = 64,       /* per account */
    OP_BENCH_CODE_MS = 30 * 1000, /* until a code must have arrived */
    OP_BENCH_KEY_SIZE = 128       /* octets, the NUL included */
};

typedef struct {
    char text[OP_BENCH_KEY_SIZE];
} op_bench_key_t;

/*  A signed-up human and the shared number. */
typedef struct {
    char session[OP_BENCH_KEY_SIZE], number[OP_BENCH_KEY_SIZE], e164[20];
} op_bench_account_t;

/*  -1: some step failed. */
int op_bench_sign_up(op_bench_client_t *client, const char *phone,
                     op_bench_account_t *account) OP_MUST_CHECK;
int op_bench_mint(op_bench_client_t *client, const op_bench_account_t *account,
                  op_bench_key_t *key) OP_MUST_CHECK;

/*  Fills keys[0 .. accounts * keys_each), account after account. -1: some step failed. */
int op_bench_accounts(op_bench_client_t *client, size_t accounts, size_t keys_each,
                      op_bench_key_t *keys) OP_MUST_CHECK;

/*  A call whose answer is JSON and must have this status. The new value is the caller's
    (json_decref); NULL, and a line on stderr, when it is anything else. `json` is borrowed and may
    be NULL. */
json_t *op_bench_json(op_bench_client_t *client, const char *method, const char *path,
                      const char *token, const json_t *json, int status) OP_MUST_CHECK;

#endif
