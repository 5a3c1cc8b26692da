#include "carrier/phones.h"

#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

/*  In two lists at once: of its phone and of all. */
struct op_phone_text {
    op_phone_text_t *older, *newer;
    op_phone_text_t *older_of_all, *newer_of_all;
    op_phone_t *phone;
    uint64_t sequence;
    const char *from;
    op_buf_t body;
    int64_t received_at;
};

uint64_t op_phones_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *octets = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/*  The table's entry with this number, or the free one where it belongs. */
static uint32_t *s_entry(const op_phones_t *self, op_str_t number)
{
    size_t at = (size_t)op_phones_hash(OP_PHONES_HASH, number.at, number.size) % self->table_size;
    while (self->table[at] && !op_str_is(number, self->phones[self->table[at] - 1]->number))
        at = (at + 1) % self->table_size;
    return &self->table[at];
}

op_phone_t *op_phones_find(const op_phones_t *self, op_str_t number)
{
    if (self->table_size == 0)
        return NULL;
    uint32_t entry = *s_entry(self, number);
    return entry ? self->phones[entry - 1] : NULL;
}

/*  Doubles, so that the table stays at most half full. */
static void s_grow(op_phones_t *self)
{
    self->capacity = self->capacity ? 2 * self->capacity : 64;
    self->phones = op_realloc(self->phones, self->capacity * sizeof(op_phone_t *));
    self->table_size = 2 * self->capacity;
    free(self->table);
    self->table = op_alloc(self->table_size * sizeof(*self->table));
    memset(self->table, 0, self->table_size * sizeof(*self->table));
    for (size_t i = 0; i < self->count; i++)
        *s_entry(self, op_str(self->phones[i]->number)) = (uint32_t)(i + 1);
}

op_phone_t *op_phones_make(op_phones_t *self, op_str_t number)
{
    op_phone_t *phone = op_phones_find(self, number);
    if (phone || self->count == OP_CARRIER_PHONES_MAX)
        return phone;
    if (self->count == self->capacity)
        s_grow(self);
    phone = op_alloc(sizeof(*phone));
    memset(phone, 0, sizeof(*phone));
    bool whole = op_str_copy(number, phone->number, sizeof(phone->number));
    OP_ASSERT(whole);
    *s_entry(self, number) = (uint32_t)(self->count + 1);
    self->phones[self->count++] = phone;
    return phone;
}

static void s_drop(op_phones_t *self, op_phone_text_t *text)
{
    op_phone_t *phone = text->phone;
    OP_ASSERT(text == phone->oldest);
    phone->oldest = text->newer;
    if (text->newer)
        text->newer->older = NULL;
    else
        phone->newest = NULL;
    phone->texts--;
    if (text->older_of_all)
        text->older_of_all->newer_of_all = text->newer_of_all;
    else
        self->oldest = text->newer_of_all;
    if (text->newer_of_all)
        text->newer_of_all->older_of_all = text->older_of_all;
    else
        self->newest = text->older_of_all;
    self->texts--;
    op_buf_free(&text->body);
    free(text);
}

void op_phones_free(op_phones_t *self)
{
    while (self->oldest)
        s_drop(self, self->oldest);
    for (size_t i = 0; i < self->count; i++) {
        free(self->phones[i]->stamps);
        free(self->phones[i]);
    }
    free(self->phones);
    free(self->table);
    memset(self, 0, sizeof(*self));
}

void op_phones_receive(op_phones_t *self, op_phone_t *phone, const char *from, op_buf_t *body,
                       int64_t now)
{
    if (phone->texts == OP_CARRIER_INBOX_MAX)
        s_drop(self, phone->oldest);
    if (self->texts == OP_CARRIER_TEXTS_MAX)
        s_drop(self, self->oldest);
    op_phone_text_t *text = op_alloc(sizeof(*text));
    *text = (op_phone_text_t){.older = phone->newest,
                              .older_of_all = self->newest,
                              .phone = phone,
                              .sequence = ++self->sequence,
                              .from = from,
                              .body = *body,
                              .received_at = now};
    *body = (op_buf_t){0};
    if (phone->newest)
        phone->newest->newer = text;
    else
        phone->oldest = text;
    phone->newest = text;
    phone->texts++;
    if (self->newest)
        self->newest->newer_of_all = text;
    else
        self->oldest = text;
    self->newest = text;
    self->texts++;
}

void op_phones_each(const op_phone_t *phone, uint64_t after, op_carrier_each_t each, void *context)
{
    /*  Who polls wants the newest few: look for the start from the end. */
    const op_phone_text_t *text = phone->newest;
    while (text && text->older && text->older->sequence > after)
        text = text->older;
    for (; text; text = text->newer) {
        op_carrier_text_t view = {text->sequence, op_str(text->from), op_buf_str(&text->body),
                                  text->received_at};
        if (text->sequence > after && !each(context, &view))
            return;
    }
}

int64_t op_phones_stamp(op_phone_t *phone, uint64_t what, int64_t now)
{
    int64_t second = now / OP_SECOND_MS;
    size_t kept = 0;
    op_phone_stamp_t *own = NULL;
    for (size_t i = 0; i < phone->stamp_count; i++) {
        if (phone->stamps[i].second < now / OP_SECOND_MS)
            continue;
        phone->stamps[kept] = phone->stamps[i];
        if (phone->stamps[kept].what == what) {
            own = &phone->stamps[kept];
            second = own->second + 1;
        }
        kept++;
    }
    phone->stamp_count = kept;
    if (own) {
        own->second = second;
    } else {
        if (kept == phone->stamp_capacity) {
            phone->stamp_capacity = kept ? 2 * kept : 4;
            phone->stamps =
                op_realloc(phone->stamps, phone->stamp_capacity * sizeof(*phone->stamps));
        }
        phone->stamps[phone->stamp_count++] = (op_phone_stamp_t){what, second};
    }
    return second == now / OP_SECOND_MS ? now : second * OP_SECOND_MS;
}
