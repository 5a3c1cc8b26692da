#include "transport/print.h"

#include "base/instant.h"
#include "base/phone.h"

#include <sodium.h>
#include <string.h>

static void s_size(op_str_t bytes, op_buf_t *out)
{
    op_buf_printf(out, "#(%zu)", bytes.size);
}

/*  32 bits of a hash: enough to follow a secret through a trace, useless to recover it. What a
    person could guess (a six-digit code, the text around it, a PDU of that) is not told even by a
    hash: its fingerprint could be looked up. */
static void s_fingerprint(op_str_t bytes, op_buf_t *out)
{
    enum { UNGUESSABLE = 20 };
    uint8_t hash[crypto_generichash_BYTES_MIN];
    char text[9];
    if (bytes.size < UNGUESSABLE) {
        s_size(bytes, out);
        return;
    }
    crypto_generichash(hash, sizeof hash, (const uint8_t *)bytes.at, bytes.size, NULL, 0);
    op_hex(hash, 4, text);
    op_buf_printf(out, "#%s(%zu)", text, bytes.size);
}

static void s_clean(op_str_t text, op_buf_t *out)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (op_is_control(c) || c == '"' || c == '\\')
            op_buf_printf(out, "\\x%02x", (uint8_t)c);
        else
            op_buf_add_byte(out, (uint8_t)c);
    }
}

/*  What a tty said, mostly: ASCII, CR and LF. */
static void s_octets(op_str_t octets, op_buf_t *out)
{
    for (size_t i = 0; i < octets.size; i++) {
        char c = octets.at[i];
        if (c == '\r' || c == '\n')
            op_buf_add_str(out, c == '\r' ? OP_STR("\\r") : OP_STR("\\n"));
        else if ((uint8_t)c >= 0x7f)
            op_buf_printf(out, "\\x%02x", (uint8_t)c);
        else
            s_clean(op_str_of(&c, 1), out);
    }
}

static void s_phone(op_str_t phone, op_buf_t *out)
{
    char text[OP_PHONE_MAX + 1];
    s_clean(op_str(op_phone_mask(phone, text)), out);
}

/*  Path and query of a webhook's URL often hold its key. */
static void s_url(op_str_t url, size_t origin, op_buf_t *out)
{
    s_clean(op_str_of(url.at, origin), out);
    if (origin < url.size)
        s_fingerprint(op_str_of(url.at + origin, url.size - origin), out);
}

/*  The size of "scheme://host:port" that the text begins with; 0: it is no URL. A user's name in it
    counts to the rest. */
static size_t s_origin(op_str_t text)
{
    const char *at = text.size ? memmem(text.at, text.size, "://", 3) : NULL;
    if (!at)
        return 0;
    size_t scheme = (size_t)(at - text.at) + 3, end = scheme;
    while (end < text.size && !strchr("/?#\\", text.at[end]))
        end++;
    return memchr(text.at + scheme, '@', end - scheme) ? scheme : end;
}

/*  Peers are texts, because not every sender is a phone; and rows have URLs as texts. */
static void s_quoted(op_str_t text, op_print_t how, op_buf_t *out)
{
    size_t origin = how == OP_PRINT_FULL ? 0 : s_origin(text);
    op_buf_add_byte(out, '"');
    if (how == OP_PRINT_MASKED && op_phone_valid(text))
        s_phone(text, out);
    else if (origin)
        s_url(text, origin, out);
    else
        s_clean(text, out);
    op_buf_add_byte(out, '"');
}

static void s_instant(uint64_t instant, op_buf_t *out)
{
    char text[OP_INSTANT_TEXT + 1];
    if (instant > OP_INSTANT_MAX) {
        op_buf_printf(out, "%llums", (unsigned long long)instant);
        return;
    }
    op_instant_print((int64_t)instant, text);
    op_buf_printf(out, "%.19s.%03uZ", text, (unsigned)(instant % 1000));
}

static void s_number(op_kind_t kind, uint64_t number, op_buf_t *out)
{
    if (kind == OP_KIND_INSTANT)
        s_instant(number, out);
    else if (kind == OP_KIND_FLAG)
        op_buf_printf(out, "%s", op_said_or(number, 0) ? "true" : "false");
    else if (kind == OP_KIND_COUNT)
        op_buf_printf(out, "%llu", (unsigned long long)op_said_or(number, 0));
    else
        op_buf_printf(out, "%llu", (unsigned long long)number);
}

static void s_text(op_kind_t kind, op_str_t text, op_print_t how, op_buf_t *out)
{
    op_shown_t shown = op_kinds[kind].shown;
    if (how == OP_PRINT_FULL && kind == OP_KIND_BYTES) {
        op_buf_add_byte(out, '"');
        s_octets(text, out);
        op_buf_add_byte(out, '"');
        return;
    }
    if (how == OP_PRINT_FULL && kind != OP_KIND_SECRET)
        shown = OP_SHOWN_CLEAR;
    switch (shown) {
    case OP_SHOWN_CLEAR:
        s_quoted(text, how, out);
        return;
    case OP_SHOWN_MASKED:
        s_phone(text, out);
        return;
    case OP_SHOWN_TAIL:
        op_buf_add_str(out, OP_STR("..."));
        s_clean(op_serial_tail(text), out);
        return;
    case OP_SHOWN_FINGERPRINT:
        s_fingerprint(text, out);
        return;
    case OP_SHOWN_SIZE:
        s_size(text, out);
        return;
    }
}

static void s_list(const op_field_t *field, op_list_t list, op_print_t how, op_buf_t *out)
{
    op_buf_add_byte(out, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (i)
            op_buf_add_byte(out, ' ');
        op_print(field->item, op_list_item(&list, field, i), how, out);
    }
    op_buf_add_byte(out, ']');
}

static void s_field(const op_field_t *field, const void *value, op_print_t how, op_buf_t *out)
{
    const op_kind_facts_t *kind = &op_kinds[field->kind];
    char id[OP_ID_TEXT + 1];
    switch (kind->stored) {
    case OP_STORED_NUMBER:
        s_number(field->kind, op_field_number(field, value), out);
        return;
    case OP_STORED_BOOL:
        op_buf_printf(out, "%s", op_field_bool(field, value) ? "true" : "false");
        return;
    case OP_STORED_ID:
        op_id_print(op_field_id(field, value), id);
        op_buf_printf(out, "%s", id);
        return;
    case OP_STORED_HASH:
        s_fingerprint(op_str_of(op_field_at(field, value), sizeof(op_hash_t)), out);
        return;
    case OP_STORED_TEXT:
        s_text(field->kind, op_field_text(field, value), how, out);
        return;
    case OP_STORED_NESTED:
    case OP_STORED_MAYBE:
        op_print(field->item, op_field_item(field, value), how, out);
        return;
    case OP_STORED_LIST:
        s_list(field, op_field_list(field, value), how, out);
        return;
    }
}

void op_print(const op_type_t *type, const void *value, op_print_t how, op_buf_t *out)
{
    op_buf_printf(out, "%s{", type->name);
    bool first = true;
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        if (op_field_is_default(field, value))
            continue;
        op_buf_printf(out, first ? "%s=" : " %s=", field->name);
        first = false;
        s_field(field, value, how, out);
    }
    op_buf_add_byte(out, '}');
}
