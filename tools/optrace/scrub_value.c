#include "tools/optrace/scrub.h"

#include "actors/ledger.h"
#include "base/utf8.h"
#include "store/records.h"

#include <stdlib.h>
#include <string.h>

/*  ---- A field ---- */

static bool s_named(const op_leaf_t *leaf, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(leaf->field->name, *names) == 0)
            return true;
    return false;
}

/*  An id within a text ("msg_..."): the one that it has become. */
static op_str_t s_text_with_id(const op_pseudonym_t *names, op_str_t text, op_arena_t *arena)
{
    op_id_t id;
    size_t at;
    op_str_t now;
    if (!op_text_has_id(text, &id, &at) ||
        !op_pseudonym_known(names, op_str_of(id.bytes, sizeof id.bytes), &now))
        return text;
    memcpy(&id, now.at, sizeof id);
    char *copy = op_arena_alloc(arena, text.size + 1);
    memcpy(copy, text.at, at);
    op_id_print(id, copy + at);
    return op_str_of(copy, text.size);
}

static op_str_t s_text(const op_pseudonym_t *names, const op_leaf_t *leaf, op_arena_t *arena)
{
    static const char *const peers[] = {"from", "to", "peer", NULL};
    static const char *const prefixes[] = {"key_prefix", "prefix", NULL};
    static const char *const words[] = {"name", "error", NULL};
    op_str_t text = op_leaf_text(leaf);
    bool envelope = leaf->type == &op_envelope_type;
    if (strcmp(leaf->field->name, "address") == 0)
        return op_pseudonym_address(names, text, arena);
    if (op_phone_valid(text) || (!envelope && s_named(leaf, peers)))
        return op_pseudonym_peer(names, text, arena);
    if (s_named(leaf, prefixes))
        return op_pseudonym_secret(names, text, arena);
    if (s_named(leaf, words))
        return op_pseudonym_words(names, text, arena);
    return s_text_with_id(names, text, arena);
}

/*  The body of a delivery is JSON, made by an actor: its members with people and texts in them. */
static op_str_t s_payload(const op_pseudonym_t *names, op_str_t json, op_arena_t *arena)
{
    static const char *const members[] = {"\"body\":\"", "\"to\":\"", "\"from\":\""};
    char *copy = op_arena_alloc(arena, json.size + 1);
    memcpy(copy, json.at, json.size);
    for (size_t m = 0; m < OP_COUNT(members); m++) {
        size_t name = strlen(members[m]);
        for (size_t at = 0; at + name < json.size; at++) {
            if (memcmp(json.at + at, members[m], name) != 0)
                continue;
            size_t end = at += name;
            while (end < json.size && json.at[end] != '"')
                end += json.at[end] == '\\' && end + 1 < json.size ? 2 : 1;
            op_str_t value = op_str_of(json.at + at, end - at);
            if (memchr(value.at, '\\', value.size)) /* escapes must stay whole */
                memset(copy + at, 'x', value.size);
            else
                memcpy(copy + at, op_pseudonym_peer(names, value, arena).at, value.size);
        }
    }
    return op_str_of(copy, json.size);
}

/*  A text, whose last character may be cut off? */
static bool s_is_text(op_str_t bytes)
{
    enum { CUT_MAX = 3 };
    uint32_t point;
    size_t at = 0;
    while (at < bytes.size && op_utf8_next(bytes, &at, &point))
        continue;
    return at + CUT_MAX >= bytes.size;
}

/*  What a webhook's receiver said: it may repeat what was posted, in any encoding. */
static op_str_t s_answer(const op_pseudonym_t *names, op_str_t bytes, op_arena_t *arena)
{
    if (s_is_text(bytes))
        return op_pseudonym_words(names, bytes, arena);
    op_random_t random = op_pseudonym_stream(names, bytes);
    char *other = op_arena_alloc(arena, bytes.size);
    for (size_t i = 0; i < bytes.size; i++)
        other[i] = (char)('a' + op_random_below(&random, 26));
    return op_str_of(other, bytes.size);
}

static op_str_t s_bytes(const op_pseudonym_t *names, const op_leaf_t *leaf, op_arena_t *arena)
{
    op_str_t bytes = op_leaf_text(leaf);
    if (leaf->type == &op_outbox_row_type)
        return op_scrub_frame(names, bytes, arena);
    if (strcmp(leaf->field->name, "answer") == 0)
        return s_answer(names, bytes, arena);
    if (strcmp(leaf->field->name, "pdu") == 0)
        return op_scrub_pdu(names, bytes, arena);
    if (strcmp(leaf->field->name, "payload") == 0 || leaf->type == &op_post_type)
        return s_payload(names, bytes, arena);
    if (leaf->type == &op_serial_bytes_type) {
        char *copy = op_arena_alloc(arena, bytes.size + 1);
        memcpy(copy, bytes.at, bytes.size);
        op_scrub_serial(names, copy, bytes.size);
        return op_str_of(copy, bytes.size);
    }
    return bytes; /* the slip */
}

static void s_scrub_string(const op_pseudonym_t *names, op_leaf_t *leaf, op_arena_t *arena)
{
    op_str_t text = op_leaf_text(leaf), now;
    op_kind_t kind = leaf->field->kind;
    if (text.size == 0)
        return;
    if (kind != OP_KIND_WORDS && leaf->type != &op_envelope_type &&
        op_pseudonym_known(names, text, &now) && now.size == text.size) {
        op_leaf_set_text(leaf, op_arena_copy(arena, now));
        return;
    }
    if (kind == OP_KIND_PHONE)
        text = op_pseudonym_peer(names, text, arena);
    else if (kind == OP_KIND_BODY || kind == OP_KIND_SERIAL)
        text = op_pseudonym_words(names, text, arena);
    else if (kind == OP_KIND_URL || strcmp(leaf->field->name, "url") == 0)
        text = op_pseudonym_url(names, text, arena);
    else if (kind == OP_KIND_SECRET)
        text = op_pseudonym_secret(names, text, arena);
    else if (kind == OP_KIND_BYTES)
        text = s_bytes(names, leaf, arena);
    else if (kind == OP_KIND_TEXT)
        text = s_text(names, leaf, arena);
    op_leaf_set_text(leaf, text);
}

/*  An id or a hash: what it has become. Hashes of what can be guessed are replaced in any case: of a
    login code, an Idempotency-Key, a text and its recipient. */
static void s_scrub_octets(const op_pseudonym_t *names, op_leaf_t *leaf)
{
    static const char *const guessable[] = {"code_hash", "once", "request", NULL};
    op_str_t octets = op_leaf_octets(leaf), now;
    op_hash_t hash;
    if (op_pseudonym_known(names, octets, &now)) {
        op_field_set(leaf->field, leaf->value, now.at, octets.size);
    } else if (s_named(leaf, guessable) && !op_field_is_default(leaf->field, leaf->value)) {
        op_pseudonym_octets(names, octets.at, sizeof hash, hash.bytes);
        op_field_set(leaf->field, leaf->value, &hash, sizeof hash);
    }
}

static void s_scrub_leaf(const op_pseudonym_t *names, op_leaf_t *leaf, op_arena_t *arena)
{
    op_stored_t stored = op_leaf_stored(leaf);
    if (stored == OP_STORED_ID || stored == OP_STORED_HASH)
        s_scrub_octets(names, leaf);
    else if (stored == OP_STORED_TEXT)
        s_scrub_string(names, leaf, arena);
}

void op_scrub_value(const op_pseudonym_t *names, const op_type_t *type, void *value,
                    op_arena_t *arena)
{
    op_leaves_t leaves = {0};
    op_leaves_add(&leaves, type, value);
    for (size_t i = 0; i < leaves.count; i++)
        s_scrub_leaf(names, &leaves.at[i], arena);
    free(leaves.at);
}

/*  ---- A frame ---- */

op_str_t op_scrub_frame(const op_pseudonym_t *names, op_str_t bytes, op_arena_t *arena)
{
    op_frame_t frame;
    if (!op_frame_decode(bytes, arena, &frame)) {
        char *other = op_arena_alloc(arena, bytes.size + 1);
        memset(other, 0xc1, bytes.size); /* never used in msgpack */
        return op_str_of(other, bytes.size);
    }
    op_scrub_value(names, &op_envelope_type, &frame.envelope, arena);
    op_scrub_value(names, frame.type, frame.body, arena);
    op_buf_t out = {0};
    op_frame_encode(&frame.envelope, frame.type, frame.body, &out);
    op_str_t copy = op_arena_copy(arena, op_buf_str(&out));
    op_buf_free(&out);
    return copy;
}

/*  ---- Learning ---- */

static void s_learn_hash(op_pseudonym_t *names, op_hash_t old, op_hash_t now)
{
    op_pseudonym_learn(names, op_str_of(old.bytes, sizeof old.bytes),
                       op_str_of(now.bytes, sizeof now.bytes));
}

void op_scrub_learn_asked(op_pseudonym_t *names, op_str_t bytes)
{
    op_arena_t arena = {0};
    op_frame_t frame;
    bool whole = op_frame_decode(bytes, &arena, &frame);
    if (whole && frame.type == &op_auth_start_type) { /* rate counts by it */
        op_str_t phone = ((const op_auth_start_t *)frame.body)->phone;
        s_learn_hash(names, op_token_hash(phone),
                     op_token_hash(op_pseudonym_peer(names, phone, &arena)));
    } else if (whole && frame.type == &op_message_send_type) {
        const op_message_send_t *send = frame.body;
        s_learn_hash(names, op_ledger_request(send->to, send->body),
                     op_ledger_request(op_pseudonym_peer(names, send->to, &arena),
                                       op_pseudonym_words(names, send->body, &arena)));
    }
    op_arena_free(&arena);
}

/*  The code in the text that carries it: the first digits in which the two differ. */
static void s_learn_code(op_pseudonym_t *names, op_str_t old, op_str_t now)
{
    enum { CODE_LEAST = 4, CODE_MOST = 8 };
    size_t at = 0, end;
    while (at < old.size && at < now.size && (old.at[at] < '0' || old.at[at] > '9'))
        at++;
    for (end = at; end < old.size && end < now.size; end++)
        if (old.at[end] < '0' || old.at[end] > '9')
            break;
    if (end - at >= CODE_LEAST && end - at <= CODE_MOST)
        op_pseudonym_learn(names, op_str_of(old.at + at, end - at),
                           op_str_of(now.at + at, end - at));
}

static void s_learn_leaf(op_pseudonym_t *names, const op_leaf_t *old, const op_leaf_t *now)
{
    op_stored_t stored = op_leaf_stored(old);
    if (stored == OP_STORED_ID || stored == OP_STORED_HASH)
        op_pseudonym_learn(names, op_leaf_octets(old), op_leaf_octets(now));
    else if (old->field->kind == OP_KIND_SECRET) {
        op_hash_t before = op_token_hash(op_leaf_text(old));
        op_hash_t after = op_token_hash(op_leaf_text(now));
        op_pseudonym_learn(names, op_leaf_text(old), op_leaf_text(now));
        s_learn_hash(names, before, after);
    } else if (strcmp(old->field->name, "key_prefix") == 0 ||
               strcmp(old->field->name, "next_cursor") == 0)
        op_pseudonym_learn(names, op_leaf_text(old), op_leaf_text(now));
}

static void s_learn_values(op_pseudonym_t *names, const op_type_t *type, void *old, void *now)
{
    op_leaves_t a = {0}, b = {0};
    op_leaves_add(&a, type, old);
    op_leaves_add(&b, type, now);
    for (size_t i = 0; a.count == b.count && i < a.count; i++)
        if (a.at[i].field == b.at[i].field && !op_field_is_default(a.at[i].field, a.at[i].value))
            s_learn_leaf(names, &a.at[i], &b.at[i]);
    free(a.at);
    free(b.at);
    if (type == &op_text_send_type && ((const op_text_send_t *)old)->code)
        s_learn_code(names, ((const op_text_send_t *)old)->body,
                     ((const op_text_send_t *)now)->body);
}

bool op_scrub_learn(op_pseudonym_t *names, op_str_t old, op_str_t now)
{
    op_arena_t arena = {0};
    op_frame_t a, b;
    bool same = op_frame_decode(old, &arena, &a) && op_frame_decode(now, &arena, &b) &&
                a.type == b.type && a.envelope.kind == b.envelope.kind &&
                a.envelope.sequence == b.envelope.sequence &&
                a.envelope.correlation == b.envelope.correlation &&
                op_str_equal(a.envelope.from, b.envelope.from) &&
                op_str_equal(a.envelope.to, b.envelope.to);
    if (same) {
        s_learn_values(names, &op_envelope_type, &a.envelope, &b.envelope);
        s_learn_values(names, a.type, a.body, b.body);
    }
    op_arena_free(&arena);
    return same;
}
