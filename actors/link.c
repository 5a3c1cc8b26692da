/*  Tells, both directions of each peer in one op_link_t (actor.h has the protocol).

    Sending, erased <= acked <= sent <= last. On the disk are `last` and the rows of the outbox;
    what was acknowledged is read from which rows are left, and all others are sent again after a
    restart. Receiving, durable <= cursor: the peer hears only of a cursor that is on the disk.

    Of the tells that wait only those of this turn are in memory; older ones are read when the
    window moves. So a peer that is away for days costs disk, some OP_OUTBOX_MAX rows, but neither
    memory nor time. A link is never removed: there are at most OP_PEERS_MAX. */

#include "actors/actor_private.h"

#include "base/plant.h"

#include <string.h>

/*  The rows of a link: '!', a letter, the peer, and for the outbox the tell's number. 's': the
    series, a row that is only written when one begins. */
static op_str_t s_key(op_actor_t *actor, char letter, const op_link_t *link, uint64_t number)
{
    op_key_t key = op_key_of_text(letter, op_str(link->name));
    if (letter == 'o')
        op_key_number(&key, number);
    return op_turn_full_key(&actor->turn, '!', op_key_str(&key));
}

op_link_t *op_link_find(op_actor_t *actor, op_str_t peer)
{
    for (size_t i = 0; i < actor->link_count; i++)
        if (op_str_is(peer, actor->links[i].name))
            return &actor->links[i];
    return NULL;
}

op_link_t *op_link_of(op_actor_t *actor, op_str_t peer)
{
    op_link_t *known = op_link_find(actor, peer);
    if (known)
        return known;
    if (actor->link_count == OP_PEERS_MAX || peer.size == 0 || peer.size > OP_ACTOR_NAME_MAX)
        return NULL;
    op_link_t *link = &actor->links[actor->link_count++];
    *link = (op_link_t){0};
    link->fresh_end = &link->fresh;
    op_str_copy(peer, link->name, sizeof link->name);
    return link;
}

/*  ---- Series ---- */

static void s_put_series(op_actor_t *actor, const op_link_t *link)
{
    op_link_row_t row = {.series = link->series,
                         .first = link->first,
                         .former = link->former,
                         .taken = link->taken,
                         .left = link->left};
    op_turn_write(&actor->turn, s_key(actor, 's', link, 0), &op_link_row_type, &row);
    actor->turn.must_sync = true;
}

/*  What is told from now on is counted in this series; where all of the former one is not taken yet,
    the latest one's tells join it. */
static void s_begin_series(op_actor_t *actor, op_link_t *link, op_id_t series)
{
    if (link->acked + 1 >= link->first) {
        link->former = link->series;
        link->first = link->last + 1;
    }
    link->series = series;
    s_put_series(actor, link);
}

static op_id_t s_series_of(const op_link_t *link, uint64_t number)
{
    return number < link->first ? link->former : link->series;
}

/*  A backup that is a store again (store/restore.h): numbers may have been given out since it was
    taken, and are not to be given to other tells. */
static void s_note_restored(op_actor_t *actor)
{
    op_str_t key = op_turn_full_key(&actor->turn, '!', OP_STR("r"));
    op_link_row_t mark;
    if (op_turn_read(&actor->turn, key, &op_link_row_type, &mark) <= 0)
        return;
    for (size_t i = 0; i < actor->link_count; i++)
        if (actor->links[i].last)
            s_begin_series(actor, &actor->links[i], mark.series);
    op_overlay_delete(&actor->turn.overlay, key);
    actor->turn.must_sync = true;
}

/*  ---- Loading ----

    The rows of all links lie together: the counters "n..." and "c...", the series "s...", and the
    outboxes. */

static void s_load_row(op_actor_t *actor, op_str_t key, op_str_t value)
{
    op_str_t rest = op_str_of(key.at + 1, key.size - 1), peer;
    op_link_t *link = op_key_take_text(&rest, &peer) ? op_link_of(actor, peer) : NULL;
    op_counter_row_t counter = {0};
    op_link_row_t series = {0};
    const op_type_t *type = key.at[0] == 's' ? &op_link_row_type : &op_counter_row_type;
    void *row = key.at[0] == 's' ? (void *)&series : (void *)&counter;
    const char *damage = link ? op_record_open(type, value, &actor->turn.arena, row) : "its key";
    if (damage)
        op_turn_break(&actor->turn, "a damaged link row in the store (%s); restore a backup",
                      damage);
    else if (key.at[0] == 'n')
        link->last = counter.value;
    else if (key.at[0] == 'c')
        link->cursor = counter.value;
    else {
        link->series = series.series;
        link->first = series.first;
        link->former = series.former;
        link->taken = series.taken;
        link->left = series.left;
    }
}

/*  Acknowledged rows were deleted in order, but unsynced: a power cut may have taken back any of
    these deletions and not a later one. So whatever lies before a gap, or before the end of the
    numbers given out, had been acknowledged; it is deleted once more. */
static void s_acknowledge_up_to(op_actor_t *actor, op_link_t *link, uint64_t first, uint64_t number)
{
    for (uint64_t n = first; n <= number; n++)
        op_overlay_delete(&actor->turn.overlay, s_key(actor, 'o', link, n));
}

static void s_load_outbox(op_actor_t *actor, op_link_t *link)
{
    op_key_t low = op_key_of_text('o', op_str(link->name)), high = op_key_end(&low);
    op_str_t from = op_turn_full_key(&actor->turn, '!', op_key_str(&low));
    op_str_t to = op_turn_full_key(&actor->turn, '!', op_key_str(&high));
    op_store_range_t *range = op_store_range(actor->store, from, to, false);
    op_str_t key, value;
    uint64_t first = 0, previous = 0, number; /* of the rows without a gap so far; 0: none */
    int rc;
    while ((rc = op_store_range_next(range, &key, &value)) > 0) {
        op_str_t tail = op_str_of(key.at + from.size, key.size - from.size);
        if (!op_key_take_number(&tail, &number) || number == 0 || number > link->last) {
            op_turn_break(&actor->turn, "a damaged outbox row in the store; restore a backup");
            break;
        }
        if (first && number != previous + 1)
            s_acknowledge_up_to(actor, link, first, previous);
        if (!first || number != previous + 1)
            first = number;
        previous = number;
    }
    if (rc < 0)
        op_turn_break(&actor->turn, "cannot read the store: %s", op_store_error(actor->store));
    op_store_range_destroy(&range);
    bool waiting = first && previous == link->last && !OP_PLANTED(FORGET_OUTBOX);
    link->acked = waiting ? first - 1 : link->last;
    if (first && link->acked == link->last)
        s_acknowledge_up_to(actor, link, first, previous);
    link->sent = link->erased = link->acked;
    link->resume = link->last > 0;
}

void op_link_load(op_actor_t *actor)
{
    static const char letters[] = {'c', 'n', 's'};
    for (size_t i = 0; i < sizeof letters; i++) {
        op_key_t low = op_key(letters[i]), high = op_key_end(&low);
        op_str_t from = op_turn_full_key(&actor->turn, '!', op_key_str(&low));
        op_str_t to = op_turn_full_key(&actor->turn, '!', op_key_str(&high));
        op_store_range_t *range = op_store_range(actor->store, from, to, false);
        op_str_t key, value;
        int rc;
        while ((rc = op_store_range_next(range, &key, &value)) > 0)
            s_load_row(actor, op_str_of(key.at + from.size - 1, key.size - from.size + 1), value);
        if (rc < 0)
            op_turn_break(&actor->turn, "cannot read the store: %s", op_store_error(actor->store));
        op_store_range_destroy(&range);
    }
    for (size_t i = 0; i < actor->link_count; i++) {
        actor->links[i].durable = actor->links[i].cursor;
        s_load_outbox(actor, &actor->links[i]);
    }
    s_note_restored(actor);
}

/*  ---- Sending ---- */

void op_link_tell(op_actor_t *actor, op_link_t *link, const op_said_t *said)
{
    op_turn_t *turn = &actor->turn;
    op_tell_t *tell = op_arena_alloc(&turn->arena, sizeof *tell);
    if (!link->last)
        s_begin_series(actor, link, op_turn_new_id(turn));
    tell->number = ++link->last;
    op_envelope_t envelope = {.kind = OP_FRAME_TELL,
                              .type = said->type->number,
                              .from = op_str(actor->name),
                              .to = op_str(link->name),
                              .sequence = tell->number,
                              .series = link->series,
                              .request_id = said->request_id};
    op_buf_clear(&actor->scratch);
    op_encode(&op_envelope_type, &envelope, &actor->scratch);
    op_buf_add_str(&actor->scratch, said->bytes);
    tell->frame = op_arena_copy(&turn->arena, op_buf_str(&actor->scratch));

    op_outbox_row_t row = {tell->frame};
    op_turn_write(turn, s_key(actor, 'o', link, tell->number), &op_outbox_row_type, &row);
    op_counter_row_t last = {link->last};
    op_turn_write(turn, s_key(actor, 'n', link, 0), &op_counter_row_type, &last);
    turn->must_sync = true;
    *link->fresh_end = tell;
    link->fresh_end = &tell->next;
}

static void s_emit(op_actor_t *actor, op_link_t *link, op_str_t frame)
{
    op_said_add(&actor->turn.out,
                (op_said_t){.what = OP_SAID_FRAME, .to = op_str(link->name), .bytes = frame});
}

/*  A frame without content: an ack, or a resume. */
static void s_signal(op_actor_t *actor, op_link_t *link, op_frame_kind_t kind, op_id_t series,
                     uint64_t sequence)
{
    op_envelope_t signal = {.kind = kind,
                            .from = op_str(actor->name),
                            .to = op_str(link->name),
                            .sequence = sequence,
                            .series = series};
    s_emit(actor, link,
           op_turn_encode(&actor->turn, &signal, &op_nothing_type, &(op_nothing_t){0}));
}

/*  May the next tell leave? One of a new series waits until all of the former one are taken, so
    that the peer, which hears of the series first, cannot miss any. */
static bool s_may_send(op_link_t *link)
{
    if (link->sent == link->last || link->sent - link->acked >= OP_TELL_WINDOW)
        return false;
    if (link->sent + 1 != link->first || link->first == 1)
        return true;
    link->resume |= link->acked == link->sent;
    return link->acked == link->sent;
}

/*  A tell from the outbox, as one of this series. */
static op_str_t s_in_series(op_actor_t *actor, op_str_t frame, op_id_t series)
{
    op_envelope_t envelope;
    op_str_t body;
    op_decode_t result = op_frame_open(frame, &actor->turn.arena, &envelope, &body);
    if (result != OP_DECODE_OK || op_id_equal(envelope.series, series))
        return frame;
    envelope.series = series;
    op_buf_clear(&actor->scratch);
    op_encode(&op_envelope_type, &envelope, &actor->scratch);
    op_buf_add_str(&actor->scratch, body);
    return op_arena_copy(&actor->turn.arena, op_buf_str(&actor->scratch));
}

/*  Sends on, as far as the window allows: older tells from the store, this turn's from memory. */
static void s_pump(op_actor_t *actor, op_link_t *link)
{
    op_tell_t *fresh = link->fresh;
    while (s_may_send(link)) {
        uint64_t number = link->sent + 1;
        if (link->resume)
            s_signal(actor, link, OP_FRAME_RESUME, s_series_of(link, number), number);
        link->resume = false;
        while (fresh && fresh->number < number)
            fresh = fresh->next;
        if (fresh && fresh->number == number)
            s_emit(actor, link, fresh->frame);
        else {
            op_outbox_row_t row;
            if (op_turn_read(&actor->turn, s_key(actor, 'o', link, number), &op_outbox_row_type,
                             &row) <= 0) {
                op_turn_break(&actor->turn, "tell %llu to %s is missing in the store",
                              (unsigned long long)number, link->name);
                return;
            }
            s_emit(actor, link, s_in_series(actor, row.frame, s_series_of(link, number)));
        }
        link->sent = number;
        if (!link->resend_at)
            link->resend_at = actor->now + OP_TELL_RESEND_MS;
    }
    link->fresh = NULL;
    link->fresh_end = &link->fresh;
}

void op_link_acknowledged(op_actor_t *actor, op_link_t *link, const op_envelope_t *ack)
{
    uint64_t number = ack->sequence;
    if (!op_id_equal(ack->series, s_series_of(link, link->acked + 1)))
        return;
    /* A peer may have taken more of a former series than a restored store knows of. */
    if (link->acked + 1 < link->first && number >= link->first)
        number = link->first - 1;
    if (number > link->last && !link->ahead) {
        op_turn_warn_between(
            &actor->turn,
            "this store is older than what a peer has taken: a copy of files is no backup "
            "peer=%s",
            link->name);
        link->ahead = true;
    }
    if (number <= link->acked || number > link->last)
        return;
    link->acked = number;
    if (!link->erase_at)
        link->erase_at = actor->now + OP_TELL_ERASE_MS;
    if (link->sent < number)
        link->sent = number;
    link->resend_at = link->sent > link->acked ? actor->now + OP_TELL_RESEND_MS : 0;
}

/*  ---- Receiving ---- */

/*  The peer counts in another series from now on; all up to `cursor` is taken or lost. What still
    comes of the series before is stale. */
static void s_take_series(op_actor_t *actor, op_link_t *link, op_id_t series, uint64_t cursor)
{
    if (link->cursor)
        op_turn_warn_between(&actor->turn, "a peer's store is a new or a restored one peer=%s",
                             link->name);
    link->left = link->taken;
    link->taken = series;
    s_put_series(actor, link);
    op_link_taken(actor, link, cursor, true);
}

bool op_link_expects(op_actor_t *actor, op_link_t *link, const op_envelope_t *tell)
{
    bool stale = op_id_equal(tell->series, link->left);
    if (!op_id_equal(tell->series, link->taken) && !stale && tell->sequence == 1)
        s_take_series(actor, link, tell->series, 0);
    bool known = op_id_equal(tell->series, link->taken);
    if (known && tell->sequence == link->cursor + 1)
        return true;
    if (known ? tell->sequence <= link->cursor : stale)
        actor->counts.repeats++;
    else
        actor->counts.early++;
    return false;
}

void op_link_resumed(op_actor_t *actor, op_link_t *link, const op_envelope_t *resume)
{
    uint64_t before = resume->sequence - 1;
    bool known = op_id_equal(resume->series, link->taken);
    if (known ? before <= link->cursor : op_id_equal(resume->series, link->left))
        return;
    uint64_t unknown = known || !link->cursor ? before - link->cursor : 0;
    if (unknown)
        op_turn_warn_between(
            &actor->turn,
            "this store is a new or a restored one: it does not know what a peer has told "
            "it peer=%s tells=%llu",
            link->name, (unsigned long long)unknown);
    if (known)
        op_link_taken(actor, link, before, true);
    else
        s_take_series(actor, link, resume->series, before);
}

void op_link_taken(op_actor_t *actor, op_link_t *link, uint64_t number, bool effect)
{
    link->cursor = number;
    actor->turn.must_sync |= effect;
    if (!link->hold_until)
        link->hold_until = actor->now + OP_TELL_HOLD_MS;
}

/*  ---- What can wait ----

    Rows that were acknowledged: should they come back, they are told again, and the receiver knows
    their numbers. The number of a tell without effect: should it be forgotten, the tell comes
    again, for it is acknowledged only behind a sync. Neither is a reason to write. */

static bool s_is_due(int64_t at, uint64_t waiting, int64_t now)
{
    return (at && at <= now) || waiting >= OP_TELL_WINDOW / 4;
}

static bool s_is_time_to_write(op_actor_t *actor)
{
    op_turn_t *turn = &actor->turn;
    bool must = turn->overlay.count > 0;
    for (size_t i = 0; i < actor->link_count; i++) {
        const op_link_t *link = &actor->links[i];
        must |= s_is_due(link->erase_at, link->acked - link->erased, actor->now);
        turn->must_sync |= s_is_due(link->hold_until, link->cursor - link->durable, actor->now);
    }
    return must || turn->must_sync;
}

void op_link_settle(op_actor_t *actor)
{
    if (!s_is_time_to_write(actor))
        return;
    for (size_t i = 0; i < actor->link_count; i++) {
        op_link_t *link = &actor->links[i];
        while (link->erased < link->acked)
            op_overlay_delete(&actor->turn.overlay, s_key(actor, 'o', link, ++link->erased));
        link->erase_at = 0;
        op_counter_row_t row = {link->cursor};
        if (link->cursor != link->durable && !OP_PLANTED(FORGET_CURSOR))
            op_turn_write(&actor->turn, s_key(actor, 'c', link, 0), &op_counter_row_type, &row);
    }
}

/*  ---- Time ---- */

void op_link_tick(op_actor_t *actor)
{
    for (size_t i = 0; i < actor->link_count; i++) {
        op_link_t *link = &actor->links[i];
        if (link->erase_at > actor->now + OP_TELL_ERASE_MS)
            link->erase_at = actor->now + OP_TELL_ERASE_MS;
        if (link->hold_until > actor->now + OP_TELL_HOLD_MS)
            link->hold_until = actor->now + OP_TELL_HOLD_MS;
        if (!link->resend_at)
            continue;
        if (link->resend_at > actor->now + OP_TELL_RESEND_MS) /* the clock went back */
            link->resend_at = actor->now + OP_TELL_RESEND_MS;
        if (link->resend_at > actor->now)
            continue;
        link->sent = link->acked;
        link->resume = true;
        link->resend_at = 0;
        actor->counts.resent++;
    }
}

int64_t op_link_wake_at(const op_actor_t *actor)
{
    int64_t wake = 0;
    for (size_t i = 0; i < actor->link_count; i++) {
        const op_link_t *link = &actor->links[i];
        const int64_t wishes[] = {link->resend_at, link->erase_at, link->hold_until};
        for (size_t k = 0; k < OP_COUNT(wishes); k++)
            if (wishes[k] && (!wake || wishes[k] < wake))
                wake = wishes[k];
    }
    return wake;
}

void op_link_release(op_actor_t *actor, bool synced)
{
    for (size_t i = 0; i < actor->link_count; i++) {
        op_link_t *link = &actor->links[i];
        if (synced) {
            link->durable = link->cursor;
            link->hold_until = 0;
        }
        if (link->ack_due && (link->durable == link->cursor || OP_PLANTED(ACK_UNSYNCED))) {
            s_signal(actor, link, OP_FRAME_ACK, link->taken, link->cursor + OP_PLANTED(ACK_AHEAD));
            link->ack_due = false;
        }
        s_pump(actor, link);
    }
}
