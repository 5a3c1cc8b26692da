/*  modem_inbound.c - one inbound PDU: seen before, a text, a part, a report, or for the quarantine
    */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"
#include "modem/sms.h"
#include "modem/sms_kind.h"

#include <sodium.h>
#include <string.h>

/*  How long a message's identity is remembered: networks deliver again for days at most. One that
    was handed out without a readable time stamp has nothing that tells it from the same words said
    again: it is taken for a repetition for a short while only. */
static const int64_t s_seen_ms = 30 * OP_DAY_MS;
static const int64_t s_seen_unstamped_ms = 10 * OP_MINUTE_MS;

bool op_seen_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_seen_row_t *)row)->taken + s_seen_ms < *(const int64_t *)arg;
}

/*  What was read in a slot, of messages without a readable time stamp: the same bytes there are the
    same message until the slot is seen empty or with others, or announced anew. That the modem says
    that it has deleted it is not enough: some say so and do not. */
static op_key_t s_identities_in(const op_line_t *line)
{
    return op_key_of_text('I', op_str(line->sim));
}

static op_key_t s_identity_in(const op_line_t *line, const op_slot_t *slot)
{
    op_key_t key = s_identities_in(line);
    op_key_number(&key, slot->memory);
    op_key_number(&key, slot->index);
    op_key_number(&key, slot->hash);
    return key;
}

typedef struct {
    op_key_t key;
    op_slot_t slot;
} kept_t;

/*  The identities that are kept of what is in slots; the line remembers that there are none. Beyond
    so many they are forgotten when their time is over. */
static size_t s_kept_in_slots(op_line_t *line, op_turn_t *turn, kept_t **kept)
{
    op_key_t low = s_identities_in(line), high = op_key_end(&low);
    op_seen_row_t row;
    op_str_t bytes;
    size_t count = 0;
    if (line->none_in_slots)
        return 0;
    *kept = op_turn_alloc(turn, OP_SLOTS_MAX * sizeof **kept);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < OP_SLOTS_MAX && op_turn_walk_next(walk, &op_seen_row_type, &bytes, &row)) {
        kept_t *one = &(*kept)[count];
        uint64_t memory, index;
        one->key = op_key_copy(bytes);
        bytes = op_str_of(bytes.at + low.size, bytes.size - low.size);
        if (!op_key_take_number(&bytes, &memory) || !op_key_take_number(&bytes, &index) ||
            !op_key_take_number(&bytes, &one->slot.hash))
            continue; /* an identity of the other kind, by an unlikely chance */
        one->slot.memory = (op_memory_t)memory;
        one->slot.index = (uint16_t)index;
        count++;
    }
    op_turn_walk_end(&walk);
    line->none_in_slots = count == 0;
    return count;
}

void op_inbound_anew(op_line_t *line, op_turn_t *turn, const op_slot_t *slot)
{
    kept_t *kept;
    size_t count = s_kept_in_slots(line, turn, &kept);
    for (size_t i = 0; i < count; i++)
        if (op_slot_is(&kept[i].slot, slot))
            op_turn_delete(turn, &kept[i].key);
}

void op_inbound_listed(op_line_t *line, op_turn_t *turn, op_memory_t memory,
                       const op_slots_t *shown)
{
    kept_t *kept;
    size_t count = s_kept_in_slots(line, turn, &kept);
    for (size_t i = 0; i < count; i++)
        if (kept[i].slot.memory == memory && !op_slots_have(shown, &kept[i].slot))
            op_turn_delete(turn, &kept[i].key);
}

/*  It holds these bytes now, and no others. */
static void s_fill(op_line_t *line, op_turn_t *turn, const op_slot_t *slot)
{
    kept_t *kept;
    size_t count = s_kept_in_slots(line, turn, &kept);
    for (size_t i = 0; i < count; i++)
        if (op_slot_is(&kept[i].slot, slot) && kept[i].slot.hash != slot->hash)
            op_turn_delete(turn, &kept[i].key);
}

/*  The identity of what lies behind `hex`: of a message that decodes its meaning, else its digits.
    The service centre's address is no part of it: a network that delivers again may use another. */
static op_key_t s_identity(const op_line_t *line, op_str_t hex, const op_pdu_t *pdu)
{
    uint8_t hash[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)line->sim, strlen(line->sim) + 1);
    if (pdu && pdu->stamp.instant) {
        const op_user_data_t *user = &pdu->user;
        crypto_generichash_update(&state, (const uint8_t *)pdu->peer.text,
                                  strlen(pdu->peer.text) + 1);
        crypto_generichash_update(&state, (const uint8_t *)&pdu->stamp.instant,
                                  sizeof pdu->stamp.instant);
        crypto_generichash_update(&state, &user->dcs, 1);
        crypto_generichash_update(&state, user->header, user->header_size);
        crypto_generichash_update(&state, user->units, user->count);
    } else
        crypto_generichash_update(&state, (const uint8_t *)hex.at, hex.size);
    crypto_generichash_final(&state, hash, sizeof hash);
    op_key_t key = op_key('I');
    op_key_hash(&key, hash, sizeof hash);
    return key;
}

void op_inbound_put(const op_line_t *line, op_turn_t *turn, const op_key_t *key,
                    const op_type_t *record, const void *row)
{
    bool lazy = OP_PLANTED(LAZY_PART) || (OP_PLANTED(EARLY_CNMA) && line->acknowledges);
    (lazy ? op_turn_put_lazy : op_turn_put)(turn, key, record, row);
}

op_str_t op_inbound_sender(const op_line_t *line, op_turn_t *turn, const op_address_t *peer)
{
    char text[OP_PHONE_MAX + 1];
    bool national = peer->type == OP_ADDRESS_NATIONAL;
    if (!*peer->text)
        return OP_STR(OP_SENDER_UNKNOWN);
    if ((national || peer->type == OP_ADDRESS_UNKNOWN) &&
        op_phone_complete(op_str(line->number), op_str(peer->text), national, text))
        return op_turn_copy(turn, op_str(text));
    return op_turn_copy(turn, op_str(peer->text));
}

/*  A text that came whole. */
static void s_take_text(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                        const op_pdu_t *pdu, int64_t found)
{
    op_sms_piece_t piece = op_sms_piece(&pdu->user);
    op_buf_t body = {0};
    op_sms_result_t result = op_sms_join(&piece, 1, &body);
    if (result == OP_SMS_OK && body.size) {
        op_text_received_t text = {.line = op_str(line->number),
                                   .from = op_inbound_sender(line, turn, &pdu->peer),
                                   .body = op_buf_str(&body),
                                   .received = found,
                                   .stamped = line->trust_stamps ? pdu->stamp.instant : 0};
        op_turn_tell(turn, "ledger", &op_text_received_type, &text);
    } else
        op_quarantine_put(line, event, turn, hex,
                          result == OP_SMS_OK ? op_sms_kind_text(OP_SMS_KIND_EMPTY)
                                              : op_sms_result_text(result));
    op_buf_free(&body);
}

static void s_take_message(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                           const op_pdu_t *pdu, int64_t found)
{
    op_sms_kind_t kind = op_sms_kind(pdu);
    if (!op_sms_kind_is_text(kind))
        op_quarantine_put(line, event, turn, hex, op_sms_kind_text(kind));
    else if (pdu->user.concat.present && pdu->user.concat.total > 1)
        op_parts_take(line, event, turn, hex, pdu, found);
    else
        s_take_text(line, event, turn, hex, pdu, found);
}

static void s_say_repeated(const op_line_t *line, op_turn_t *turn)
{
    char masked[OP_PHONE_MAX + 1];
    op_line_count(line, turn, OP_METRIC_MODEM_REPEATED, 1, NULL);
    op_turn_log(turn, "line=%s a message that was received before has come again",
                op_phone_mask(op_str(line->number), masked));
}

void op_inbound_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                     int64_t found, const op_slot_t *slot)
{
    op_pdu_t pdu;
    op_pdu_result_t result = op_pdu_decode(hex, &pdu);
    bool decoded = result == OP_PDU_OK;
    if (slot)
        s_fill(line, turn, slot);
    if (decoded && pdu.kind == OP_PDU_REPORT) { /* a report that comes twice says the same twice */
        op_report_take(line, event, turn, hex, &pdu);
        return;
    }
    bool unstamped = decoded && !pdu.stamp.instant;
    op_key_t identity = unstamped && slot ? s_identity_in(line, slot)
                                          : s_identity(line, hex, decoded ? &pdu : NULL);
    int64_t keep = unstamped && !slot ? s_seen_unstamped_ms : s_seen_ms;
    op_seen_row_t seen;
    if (op_turn_get(turn, &identity, &op_seen_row_type, &seen) && seen.taken + keep > event->now &&
        !OP_PLANTED(SEEN_IGNORED)) {
        s_say_repeated(line, turn);
        return;
    }
    op_line_count(line, turn, OP_METRIC_MODEM_RECEIVED, 1, NULL);
    seen.taken = event->now;
    line->none_in_slots &= !(unstamped && slot);
    op_inbound_put(line, turn, &identity, &op_seen_row_type, &seen);
    if (!decoded)
        op_quarantine_put(line, event, turn, hex, op_pdu_result_text(result));
    else if (pdu.kind != OP_PDU_DELIVER)
        op_quarantine_put(line, event, turn, hex, "not a received message");
    else
        s_take_message(line, event, turn, hex, &pdu, found);
}
