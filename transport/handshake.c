#include "transport/handshake.h"

#include "base/plant.h"

#include <sodium.h>
#include <string.h>

enum { ENTRY = 8 };

/*  ---- the catalogue ---- */

static void s_add_field(crypto_generichash_state *state, const op_field_t *field)
{
    uint8_t bytes[3] = {(uint8_t)field->kind, 0, 0};
    if (field->item) {
        bytes[1] = (uint8_t)(field->item->number >> 8);
        bytes[2] = (uint8_t)field->item->number;
    }
    crypto_generichash_update(state, bytes, sizeof bytes);
}

/*  Of the first fields of a type, as they are on the wire: names and bounds are not. */
static uint32_t s_hash(const op_type_t *type, size_t fields)
{
    crypto_generichash_state state;
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < fields; i++)
        s_add_field(&state, &type->fields[i]);
    crypto_generichash_final(&state, hash, sizeof hash);
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

static void s_put(op_buf_t *out, uint32_t value, int octets)
{
    while (octets--)
        op_buf_add_byte(out, (uint8_t)(value >> (8 * octets)));
}

static uint32_t s_get(const char *at, int octets)
{
    uint32_t value = 0;
    for (int i = 0; i < octets; i++)
        value = value << 8 | (uint8_t)at[i];
    return value;
}

void op_catalogue_describe(op_buf_t *out)
{
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++) {
        s_put(out, types[i]->number, 2);
        s_put(out, (uint32_t)types[i]->field_count, 2);
        s_put(out, s_hash(types[i], types[i]->field_count), 4);
    }
}

/*  Can a process with that description be understood? False: `why` says what contradicts. */
static bool s_agrees(op_str_t theirs, char why[200])
{
    if (theirs.size % ENTRY != 0) {
        snprintf(why, 200, "its catalogue cannot be read");
        return false;
    }
    for (size_t i = 0; i < theirs.size; i += ENTRY) {
        const op_type_t *type = op_message_type(s_get(theirs.at + i, 2));
        size_t fields = s_get(theirs.at + i + 2, 2);
        /* With more fields than ours it is for the other side to check. */
        if (!type || fields > type->field_count ||
            s_get(theirs.at + i + 4, 4) == s_hash(type, fields))
            continue;
        snprintf(why, 200, "its message %s is not ours: fields were changed, not appended",
                 type->name);
        return false;
    }
    return true;
}

/*  ---- hellos ---- */

static bool s_silent(const op_handshake_t *self, int64_t steady)
{
    return op_id_is_none(self->incarnation) || steady - self->heard_at > OP_LINK_SILENCE_MS;
}

op_hello_t op_handshake_say(const op_handshake_t *self, op_id_t own_incarnation, op_str_t catalogue,
                            int64_t wall, int64_t steady)
{
    op_hello_t hello = {.incarnation = own_incarnation,
                        .protocol = OP_PROTOCOL,
                        .catalogue = catalogue,
                        .clock = wall,
                        .refusal = op_str(self->refusal)};
    if (s_silent(self, steady) || *self->refusal)
        return hello;
    hello.hears = self->incarnation;
    hello.echo = self->clock;
    hello.held_ms = (uint64_t)(steady - self->heard_at);
    return hello;
}

/*  t0 we spoke, t1 it heard, t2 it spoke, t3 we heard. A slow exchange says little, so what is
    within its error of what was believed before, at first that clocks agree, changes nothing. */
static void s_measure(op_handshake_t *self, const op_hello_t *hello, int64_t t3)
{
    int64_t t0 = hello->echo, t2 = hello->clock, t1 = t2 - (int64_t)hello->held_ms;
    int64_t round = (t3 - t0) - (t2 - t1);
    if (hello->held_ms > OP_LINK_SILENCE_MS || round < 0 || round > OP_LINK_SILENCE_MS)
        return;
    int64_t offset = ((t1 - t0) + (t2 - t3)) / 2, off = offset - self->offset;
    /* As near as this exchange can tell to what is known: nothing new. */
    if ((off < 0 ? -off : off) > round / 2 + OP_LINK_CLOCK_SLACK_MS && !OP_PLANTED(OWN_CLOCK))
        self->offset = offset;
}

op_heard_t op_handshake_hear(op_handshake_t *self, op_id_t own_incarnation, const op_hello_t *hello,
                             int64_t wall, int64_t steady)
{
    bool news = !op_id_equal(self->incarnation, hello->incarnation);
    if (news) {
        *self = (op_handshake_t){.incarnation = hello->incarnation, .offset = self->offset};
        if (hello->protocol != OP_PROTOCOL)
            snprintf(self->refusal, sizeof self->refusal,
                     "it speaks protocol %llu, this process %d",
                     (unsigned long long)hello->protocol, OP_PROTOCOL);
        else
            (void)s_agrees(hello->catalogue, self->refusal);
    }
    self->heard_at = steady;
    self->clock = hello->clock;
    self->hears = op_id_equal(hello->hears, own_incarnation);
    op_str_copy(hello->refusal, self->refused, sizeof self->refused);
    if (self->hears)
        s_measure(self, hello, wall);
    return !news ? OP_HEARD_AGAIN : *self->refusal ? OP_HEARD_REFUSED : OP_HEARD_NEW;
}

bool op_handshake_understood(const op_handshake_t *self)
{
    return !op_id_is_none(self->incarnation) && !*self->refusal;
}

bool op_handshake_up(const op_handshake_t *self, int64_t steady)
{
    return !s_silent(self, steady) && self->hears && op_handshake_understood(self);
}
