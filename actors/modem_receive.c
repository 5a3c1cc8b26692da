/*  modem_receive.c - inbound texts: read, made durable, deleted, joined */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*  How long a part waits for the others: a service centre that has them delivers within a day, and
    then the reference is soon used again. */
static const int64_t s_part_ms = OP_DAY_MS;

/*  How long a message's identity is remembered: networks deliver again for days at most. */
static const int64_t s_seen_ms = 30 * OP_DAY_MS;

bool op_seen_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_seen_row_t *)row)->taken + s_seen_ms < *(const int64_t *)arg;
}

/*  Long enough for an operator to look, and an end all the same. */
static const int64_t s_quarantine_ms = 90 * OP_DAY_MS;

bool op_quarantine_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_quarantine_row_t *)row)->received + s_quarantine_ms < *(const int64_t *)arg;
}

static bool s_slots_add(op_slots_t *slots, uint16_t slot)
{
    for (size_t i = 0; i < slots->count; i++)
        if (slots->at[i] == slot)
            return true;
    if (slots->count == OP_SLOTS_MAX)
        return false;
    slots->at[slots->count++] = slot;
    return true;
}

static uint16_t s_slots_take(op_slots_t *slots)
{
    uint16_t slot = slots->at[0];
    memmove(slots->at, slots->at + 1, --slots->count * sizeof slots->at[0]);
    return slot;
}

/*  ---- One PDU ---- */

static void s_quarantine(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                         const char *reason)
{
    char masked[OP_PHONE_MAX + 1];
    op_key_t key = op_key_of_id('X', op_turn_new_id(turn));
    if (hex.size > OP_PDU_HEX_MAX)
        hex.size = OP_PDU_HEX_MAX;
    op_quarantine_row_t row = {op_str(line->number), hex, op_str(reason), event->now};
    op_turn_put(turn, &key, &op_quarantine_row_type, &row);
    op_turn_log(turn, "line=%s an inbound PDU was put into quarantine: %s",
                op_phone_mask(op_str(line->number), masked), reason);
}

/*  The identity of what lies behind `hex`: of a message that decodes its meaning, else its
    digits. */
static op_key_t s_identity(const op_line_t *line, op_str_t hex, const op_pdu_t *pdu)
{
    uint8_t hash[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)line->sim, strlen(line->sim) + 1);
    if (pdu) {
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

static void s_tell_text(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                        const op_pdu_t *pdu, op_str_t body)
{
    op_text_received_t text = {.line = op_str(line->number),
                               .from = op_turn_copy(turn, op_str(pdu->peer.text)),
                               .body = body,
                               .received = event->now,
                               .stamped = line->trust_stamps ? pdu->stamp.instant : 0};
    op_turn_tell(turn, "ledger", &op_text_received_type, &text);
}

/*  `pdus` are the raw parts: what cannot be joined goes into quarantine whole. */
static void s_join(op_line_t *line, const op_event_t *event, op_turn_t *turn, const op_str_t *pdus,
                   const op_pdu_t *first, const op_user_data_t *users, size_t count)
{
    op_sms_piece_t *pieces = op_turn_alloc(turn, count * sizeof *pieces);
    for (size_t i = 0; i < count; i++)
        pieces[i] = op_sms_piece(&users[i]);
    op_buf_t text = {0};
    op_sms_result_t result = op_sms_join(pieces, count, &text);
    if (result == OP_SMS_OK && text.size && text.size <= OP_INBOUND_MAX)
        s_tell_text(line, event, turn, first, op_buf_str(&text));
    else
        for (size_t i = 0; i < count; i++)
            s_quarantine(line, event, turn, pdus[i],
                         result != OP_SMS_OK ? op_sms_result_text(result)
                         : text.size         ? "longer than can be"
                                             : "without text");
    op_buf_free(&text);
}

/*  Keeps a part; when all are there, joins them and forgets them. */
static void s_take_part(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                        const op_pdu_t *pdu)
{
    const op_concat_t *concat = &pdu->user.concat;
    op_key_t low = op_key_of_text('P', op_str(line->number));
    op_key_text(&low, op_str(pdu->peer.text));
    op_key_number(&low,
                  (uint64_t)concat->reference << 16 | (uint64_t)concat->wide << 8 | concat->total);
    op_key_t high = op_key_end(&low), key = low;
    op_key_hash(&key, &concat->sequence, 1);
    op_part_row_t row = {hex, event->now};
    (OP_PLANTED(LAZY_PART) ? op_turn_put_lazy : op_turn_put)(turn, &key, &op_part_row_type, &row);

    op_key_t keys[OP_SMS_PARTS_MAX];
    op_str_t pdus[OP_SMS_PARTS_MAX];
    op_user_data_t *users = op_turn_alloc(turn, OP_SMS_PARTS_MAX * sizeof *users);
    size_t count = 0;
    op_str_t bytes;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < OP_SMS_PARTS_MAX && op_turn_walk_next(walk, &op_part_row_type, &bytes, &row)) {
        op_pdu_t part;
        if (op_pdu_decode(row.pdu, &part) != OP_PDU_OK)
            continue; /* it did when it was kept */
        keys[count] = (op_key_t){.size = 0};
        op_key_hash(&keys[count], bytes.at, bytes.size);
        pdus[count] = row.pdu;
        users[count++] = part.user;
    }
    op_turn_walk_end(&walk);
    if (count < concat->total)
        return;
    s_join(line, event, turn, pdus, pdu, users, count);
    for (size_t i = 0; i < count; i++)
        op_turn_delete(turn, &keys[i]);
}

void op_receive_give_up(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    enum { AT_A_TIME = 100 };
    op_key_t low = op_key_of_text('P', op_str(line->number)), high = op_key_end(&low);
    op_key_t keys[AT_A_TIME];
    op_str_t pdus[AT_A_TIME], bytes;
    op_part_row_t row;
    size_t count = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < AT_A_TIME && op_turn_walk_next(walk, &op_part_row_type, &bytes, &row)) {
        if (row.received + s_part_ms > event->now)
            continue;
        keys[count] = (op_key_t){.size = 0};
        op_key_hash(&keys[count], bytes.at, bytes.size);
        pdus[count++] = row.pdu;
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < count; i++) {
        s_quarantine(line, event, turn, pdus[i], "a part whose others never came");
        op_turn_delete(turn, &keys[i]);
    }
}

static void s_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex)
{
    op_pdu_t pdu;
    op_pdu_result_t result = op_pdu_decode(hex, &pdu);
    bool decoded = result == OP_PDU_OK;
    op_key_t identity = s_identity(line, hex, decoded ? &pdu : NULL);
    op_seen_row_t seen;
    if (op_turn_get(turn, &identity, &op_seen_row_type, &seen) && !OP_PLANTED(SEEN_IGNORED))
        return;
    seen.taken = event->now;
    (OP_PLANTED(LAZY_PART) ? op_turn_put_lazy : op_turn_put)(turn, &identity, &op_seen_row_type,
                                                             &seen);
    if (!decoded)
        s_quarantine(line, event, turn, hex, op_pdu_result_text(result));
    else if (pdu.kind != OP_PDU_DELIVER)
        s_quarantine(line, event, turn, hex, "not a received message");
    else if (pdu.user.concat.present && pdu.user.concat.total > 1)
        s_take_part(line, event, turn, hex, &pdu);
    else
        s_join(line, event, turn, &hex, &pdu, &pdu.user, 1);
}

/*  ---- Commands ---- */

/*  "+CMTI: <mem>,<index>". What lies in a storage that is not ours is found by the sweep. */
static void s_announced(op_line_t *line, const op_event_t *event, op_str_t notice)
{
    char text[64], memory[8];
    unsigned slot;
    op_str_copy(notice, text, sizeof text);
    bool ours = sscanf(text, "+CMTI: \"%7[^\"]\",%u", memory, &slot) == 2 &&
                strcmp(memory, "SM") == 0 && slot <= UINT16_MAX;
    if (!ours ||
        !s_slots_add(OP_PLANTED(DELETE_UNREAD) ? &line->to_delete : &line->to_read, (uint16_t)slot))
        line->sweep_at = event->now;
}

void op_receive_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *notice)
{
    if (line->phase != OP_LINE_READY)
        return; /* the sweep at the end of the setup finds it */
    if (notice->notice == OP_AT_NOTICE_CMTI)
        s_announced(line, event, notice->line);
    else if (notice->notice == OP_AT_NOTICE_CMT && notice->pdu.size)
        s_take(line, event, turn, op_turn_copy(turn, notice->pdu));
    else if (notice->notice == OP_AT_NOTICE_FULL)
        line->sweep_at = event->now;
}

bool op_receive_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    char command[32];
    int64_t deadline = event->now + OP_COMMAND_MS;
    if (line->to_delete.count) {
        line->slot = s_slots_take(&line->to_delete);
        snprintf(command, sizeof command, "AT+CMGD=%u", line->slot);
        op_line_command(line, OP_JOB_DELETE, op_str(command), "", (op_str_t){0}, deadline);
        return true;
    }
    /* What cannot be told is safer in the SIM than here. */
    if (op_turn_is_full(turn, "ledger")) {
        line->sweep_at = event->now + (int64_t)self->sweep_ms;
        return false;
    }
    if (line->to_read.count) {
        line->slot = s_slots_take(&line->to_read);
        snprintf(command, sizeof command, "AT+CMGR=%u", line->slot);
        op_line_command(line, OP_JOB_READ, op_str(command), "+CMGR:", (op_str_t){0}, deadline);
        return true;
    }
    bool clock_went_back = line->sweep_at > event->now + (int64_t)self->sweep_ms;
    if (line->sweep_at <= event->now || clock_went_back) {
        line->sweep_at = event->now + (int64_t)self->sweep_ms;
        op_line_command(line, OP_JOB_LIST, OP_STR("AT+CMGL=4"), "+CMGL:", (op_str_t){0},
                        event->now + OP_LIST_MS);
        return true;
    }
    return false;
}

/*  "+CMGL: <index>,<stat>,[<alpha>],<length>" and the PDU, again and again. */
static void s_listed(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done)
{
    for (size_t i = 0; i + 1 < done->line_count; i++) {
        char head[64];
        unsigned slot;
        op_str_copy(done->lines[i], head, sizeof head);
        if (sscanf(head, "+CMGL: %u", &slot) != 1 || slot > UINT16_MAX)
            continue;
        if (op_str_starts(done->lines[i + 1], "+CMGL:"))
            continue; /* a header without its PDU: the next sweep */
        s_take(line, event, turn, op_turn_copy(turn, done->lines[++i]));
        if (!s_slots_add(&line->to_delete, (uint16_t)slot))
            line->sweep_at = event->now + OP_SECOND_MS;
    }
    if (done->cut)
        line->sweep_at = event->now + OP_SECOND_MS; /* when these are deleted, it is shorter */
}

static void s_read(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    s_take(line, event, turn, op_turn_copy(turn, done->lines[1]));
    if (!s_slots_add(&line->to_delete, line->slot))
        line->sweep_at = event->now;
}

void op_receive_done(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done)
{
    bool ok = done->result == OP_AT_OK;
    /* An empty slot answers OK alone: somebody deleted it, or it was read by a sweep. But that OK may
       as well be another command's: taking the next answer for this slot's would delete a text that
       nobody has read. */
    if (ok && job == OP_JOB_READ && done->line_count < 2)
        op_at_distrust(&line->at);
    /* What failed is found again by the next sweep: nothing was deleted that was not taken. */
    if (ok && line->phase == OP_LINE_READY) {
        op_at_action_t answer = *done;
        if (answer.line_count && op_str_starts(answer.lines[0], "+CMGL:"))
            s_listed(line, event, turn, &answer);
        else if (answer.line_count > 1 && op_str_starts(answer.lines[0], "+CMGR:"))
            s_read(line, event, turn, &answer);
    }
}
