/*  config_private.h - what config.c, config_check.c, config_form.c and config_file.c share */

#ifndef OP_TRANSPORT_CONFIG_PRIVATE_H
#define OP_TRANSPORT_CONFIG_PRIVATE_H

#include "transport/config.h"

enum { OP_CONFIG_WHY = 160 };

typedef enum { OP_CONFIG_U64, OP_CONFIG_BOOL, OP_CONFIG_TEXT } op_config_kind_t;

/*  How a TEXT is checked (config.def). */
typedef enum {
    OP_CONFIG_FORM_ANY,
    OP_CONFIG_FORM_WORDS,
    OP_CONFIG_FORM_LISTEN,
    OP_CONFIG_FORM_ENDPOINT,
    OP_CONFIG_FORM_ORIGIN,
    OP_CONFIG_FORM_ACTORS,
    OP_CONFIG_FORM_HOSTS,
    OP_CONFIG_FORM_NETWORKS,
    OP_CONFIG_FORM_PREFIXES,
    OP_CONFIG_FORM_REGION
} op_config_form_t;

/*  A line of config.def. */
typedef struct {
    const char *path;
    op_config_kind_t kind;
    op_config_form_t form;
    size_t offset; /* in op_config_t */
    const char *standard;
    uint64_t min, max;
    const char *unit;
    const char *sentence;
} op_config_key_t;

extern const op_config_key_t op_config_keys[];
extern const size_t op_config_key_count;

/*  NULL when there is no such key. */
const op_config_key_t *op_config_key(op_str_t path);
bool op_config_section(op_str_t name);

/*  Check and set. On -1, `why` continues "section/key: ". */
int op_config_assign(op_config_t *self, const op_config_key_t *key, op_str_t value,
                     char why[OP_CONFIG_WHY]) OP_MUST_CHECK;
int op_config_assign_modem(op_config_t *self, op_str_t modem,
                           char why[OP_CONFIG_WHY]) OP_MUST_CHECK;

/*  `actor` and `endpoint` are checked and set; an earlier one of the same actor is replaced. */
int op_config_assign_peer(op_config_t *self, op_str_t actor, op_str_t endpoint, uint16_t line,
                          char why[OP_CONFIG_WHY]) OP_MUST_CHECK;

/*  Writes one line into `error`, whatever the values hold: control characters become '?'. Returns
    -1 for the caller to return. */
int op_config_say(char error[OP_CONFIG_ERROR], const char *format, ...) OP_PRINTF(2, 3);

/*  config_form.c: is the text, which has the length that its key asks for, of the key's form? */
bool op_config_form_ok(const op_config_key_t *key, op_str_t text);
/*  What of a text that is not is at fault: the first wrong name of a list of actors, else all. */
op_str_t op_config_form_culprit(const op_config_key_t *key, op_str_t text);
/*  "tcp://IP:PORT" (a port that is not 0) or "ipc://PATH". */
bool op_config_endpoint_ok(op_str_t endpoint);
/*  Of a valid http/listen: does only this machine reach it? */
bool op_config_listen_is_local(op_str_t listen);

#endif
