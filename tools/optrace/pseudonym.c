#include "tools/optrace/pseudonym.h"

#include "base/phone.h"
#include "base/utf8.h"
#include "modem/gsm7.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct op_learned {
    op_str_t old, now; /* old.at NULL: free */
};

void op_pseudonym_init(op_pseudonym_t *self, const uint8_t key[OP_PSEUDONYM_KEY])
{
    *self = (op_pseudonym_t){.learned_count = 0};
    memcpy(self->key, key, sizeof self->key);
}

void op_pseudonym_free(op_pseudonym_t *self)
{
    sodium_memzero(self->key, sizeof self->key);
    free(self->learned);
    op_arena_free(&self->arena);
    *self = (op_pseudonym_t){.learned_count = 0};
}

op_random_t op_pseudonym_stream(const op_pseudonym_t *self, op_str_t bytes)
{
    uint8_t seed[OP_ENTROPY_SIZE];
    op_random_t random;
    crypto_generichash(seed, sizeof seed, (const uint8_t *)bytes.at, bytes.size, self->key,
                       sizeof self->key);
    op_random_seed(&random, seed);
    return random;
}

/*  ---- Forms ---- */

static char *s_copy(op_str_t text, op_arena_t *arena)
{
    char *copy = op_arena_alloc(arena, text.size + 1);
    if (text.size)
        memcpy(copy, text.at, text.size);
    return copy;
}

/*  ITU-T E.164; behind +1 the area code and the exchange do not begin with 0 or 1. */
op_str_t op_pseudonym_phone(const op_pseudonym_t *self, op_str_t phone, op_arena_t *arena)
{
    op_random_t random = op_pseudonym_stream(self, phone);
    char *text = s_copy(phone, arena);
    bool american = phone.size == 12 && phone.at[1] == '1';
    for (size_t i = american ? 2 : 3; i < phone.size; i++) {
        bool leads = american && (i == 2 || i == 5);
        text[i] =
            (char)('0' + (leads ? 2 + op_random_below(&random, 8) : op_random_below(&random, 10)));
    }
    return op_str_of(text, phone.size);
}

static uint32_t s_other_point(uint32_t point, size_t octets, op_random_t *random)
{
    /* One septet and two octets each, as what they stand for. */
    static const uint16_t accented[] = {0xe9, 0xf9, 0xec, 0xf2, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0};
    uint8_t septets[2];
    if (point >= 'a' && point <= 'z')
        return 'a' + op_random_below(random, 26);
    if (point >= 'A' && point <= 'Z')
        return 'A' + op_random_below(random, 26);
    if (point >= '0' && point <= '9')
        return '0' + op_random_below(random, 10);
    if (octets == 1)
        return point;
    if (op_gsm7_from_point(point, septets) > 0)
        return octets == 2 ? accented[op_random_below(random, OP_COUNT(accented))] : point;
    if (octets == 2)
        return 0x430 + op_random_below(random, 32);
    if (octets == 3)
        return 0x4e00 + op_random_below(random, 2000);
    return 0x1f600 + op_random_below(random, 64);
}

static void s_words(op_str_t text, op_random_t *random, op_buf_t *out)
{
    size_t at = 0, before;
    uint32_t point;
    while (at < text.size) {
        before = at;
        if (op_utf8_next(text, &at, &point))
            op_utf8_add(out, s_other_point(point, at - before, random));
        else
            op_buf_add_byte(out, (uint8_t)text.at[at++]);
    }
    OP_ASSERT(out->size == text.size);
}

op_str_t op_pseudonym_words(const op_pseudonym_t *self, op_str_t text, op_arena_t *arena)
{
    op_random_t random = op_pseudonym_stream(self, text);
    op_buf_t out = {0};
    s_words(text, &random, &out);
    op_str_t copy = op_arena_copy(arena, op_buf_str(&out));
    op_buf_free(&out);
    return copy;
}

op_str_t op_pseudonym_peer(const op_pseudonym_t *self, op_str_t peer, op_arena_t *arena)
{
    return op_phone_valid(peer) ? op_pseudonym_phone(self, peer, arena)
                                : op_pseudonym_words(self, peer, arena);
}

/*  Decimal parts keep their number of digits and stay below 200; hexadecimal digits are replaced
    one by one. */
op_str_t op_pseudonym_address(const op_pseudonym_t *self, op_str_t address, op_arena_t *arena)
{
    op_random_t random = op_pseudonym_stream(self, address);
    char *text = s_copy(address, arena);
    bool six = address.size && memchr(address.at, ':', address.size);
    for (size_t i = 0, part = 0; i < address.size; i++) {
        if (text[i] == '.' || text[i] == ':') {
            part = i + 1;
            continue;
        }
        size_t end = part;
        while (end < address.size && address.at[end] != '.' && address.at[end] != ':')
            end++;
        if (six)
            text[i] = "123456789abcdef"[op_random_below(&random, 15)];
        else if (i == part && end - part == 3)
            text[i] = '1';
        else
            text[i] = (char)('1' + op_random_below(&random, 9));
    }
    return op_str_of(text, address.size);
}

/*  Leaves `kept` octets at the front as they are. */
static op_str_t s_behind(const op_pseudonym_t *self, op_str_t text, size_t kept, op_arena_t *arena)
{
    op_str_t rest = op_pseudonym_words(self, op_str_of(text.at + kept, text.size - kept), arena);
    char *copy = s_copy(text, arena);
    if (rest.size)
        memcpy(copy + kept, rest.at, rest.size);
    return op_str_of(copy, text.size);
}

op_str_t op_pseudonym_url(const op_pseudonym_t *self, op_str_t url, op_arena_t *arena)
{
    for (size_t i = 0; i + 3 <= url.size; i++)
        if (memcmp(url.at + i, "://", 3) == 0)
            return s_behind(self, url, i + 3, arena);
    return op_pseudonym_words(self, url, arena);
}

op_str_t op_pseudonym_secret(const op_pseudonym_t *self, op_str_t secret, op_arena_t *arena)
{
    size_t kept = secret.size;
    while (kept && secret.at[kept - 1] != '_')
        kept--;
    return kept == 0 ? op_pseudonym_words(self, secret, arena)
                     : s_behind(self, secret, kept, arena);
}

void op_pseudonym_octets(const op_pseudonym_t *self, const void *from, size_t size, void *to)
{
    op_random_t random = op_pseudonym_stream(self, op_str_of(from, size));
    op_random_bytes(&random, to, size);
}

/*  ---- What was learned ---- */

static size_t s_place(const op_pseudonym_t *self, op_str_t old)
{
    uint64_t hash;
    uint8_t key[crypto_shorthash_KEYBYTES];
    memcpy(key, self->key, sizeof key);
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)old.at, old.size, key);
    size_t place = (size_t)(hash & (self->learned_capacity - 1));
    while (self->learned[place].old.at && !op_str_equal(self->learned[place].old, old))
        place = (place + 1) & (self->learned_capacity - 1);
    return place;
}

static void s_grow(op_pseudonym_t *self)
{
    struct op_learned *before = self->learned;
    size_t count = self->learned_capacity;
    self->learned_capacity = count ? 2 * count : 256;
    self->learned = op_alloc(self->learned_capacity * sizeof *self->learned);
    memset(self->learned, 0, self->learned_capacity * sizeof *self->learned);
    for (size_t i = 0; i < count; i++)
        if (before[i].old.at)
            self->learned[s_place(self, before[i].old)] = before[i];
    free(before);
}

void op_pseudonym_learn(op_pseudonym_t *self, op_str_t old, op_str_t now)
{
    if (old.size == 0)
        return;
    if (2 * (self->learned_count + 1) > self->learned_capacity)
        s_grow(self);
    size_t place = s_place(self, old);
    if (self->learned[place].old.at)
        return;
    self->learned[place] =
        (struct op_learned){op_arena_copy(&self->arena, old), op_arena_copy(&self->arena, now)};
    self->learned_count++;
}

bool op_pseudonym_known(const op_pseudonym_t *self, op_str_t old, op_str_t *now)
{
    if (self->learned_count == 0 || old.size == 0)
        return false;
    size_t place = s_place(self, old);
    if (!self->learned[place].old.at)
        return false;
    *now = self->learned[place].now;
    return true;
}
