/*  sim_model_text.c - texts: exactly once, or an end with a true reason */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t model_hash(uint64_t hash, op_str_t bytes)
{
    hash = hash ? hash : UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (uint8_t)bytes.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/*  ---- Finding texts ---- */

void model_tag(const model_t *self, char tag[16])
{
    snprintf(tag, 16, "#k%d#", self->text_count);
}

int model_text_of(const model_t *self, op_str_t body)
{
    const char *at = body.size ? memmem(body.at, body.size, "#k", 2) : NULL;
    int number = 0, digits = 0;
    if (!at)
        return MODEL_NONE;
    for (at += 2; at < body.at + body.size && *at >= '0' && *at <= '9' && digits < 8;
         at++, digits++)
        number = 10 * number + (*at - '0');
    bool known = digits && number < self->text_count;
    return known && op_str_is(body, self->texts[number].body) ? number : MODEL_NONE;
}

/*  Do the pieces between the gaps stand in the text in this order, the outer ones at its ends? */
static bool s_has_pieces(const char *text, op_str_t shown)
{
    static const char gap[] = "[...]";
    const char *at = shown.at, *end = shown.at + shown.size;
    for (bool first = true; at <= end; first = false) {
        const char *next = memmem(at, (size_t)(end - at), gap, strlen(gap));
        size_t size = (size_t)((next ? next : end) - at), left = strlen(text);
        const char *found = size <= left ? memmem(text, left, at, size) : NULL;
        if (first && size)
            found = size <= left && memcmp(text, at, size) == 0 ? text : NULL;
        if (!next && size)
            found = size <= left && memcmp(text + left - size, at, size) == 0 ? text + left - size
                                                                              : NULL;
        if (!found)
            return false;
        text = found + size;
        at = next ? next + strlen(gap) : end + 1;
    }
    return true;
}

bool model_is_part(const model_t *self, int number, const model_shown_t *shown, bool broken)
{
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *text = &self->texts[i];
        if (text->number == number && text->user == MODEL_NONE &&
            op_str_is(shown->from, text->peer) && (text->broken || !broken) &&
            s_has_pieces(text->body, shown->body))
            return true;
    }
    return false;
}

int model_text_by_id(const model_t *self, op_id_t id)
{
    for (int i = self->text_count - 1; i >= 0; i--)
        if (self->texts[i].answer == MODEL_ACCEPTED && op_id_equal(self->texts[i].id, id))
            return i;
    return MODEL_NONE;
}

/*  ---- Sending ---- */

static int s_new(model_t *self, model_text_t text, const char *body)
{
    text.body = op_strdup(op_str(body));
    text.asked = self->now;
    MODEL_ROOM(self->texts, self->text_count);
    self->texts[self->text_count] = text;
    return self->text_count++;
}

int model_send(model_t *self, int key, const char *to, const char *body)
{
    const model_key_t *by = &self->keys[key];
    model_text_t text = {.user = by->user,
                         .number = by->number,
                         .lease = by->lease,
                         .key = key,
                         .target = model_number_of(self, op_str(to))};
    op_str_copy(op_str(to), text.peer, sizeof text.peer);
    return s_new(self, text, body);
}

/*  How many texts of this user and number count on that day: those surely accepted, and those that
    may have been. */
static uint64_t s_day_count(const model_t *self, const model_text_t *like, int64_t day, bool may)
{
    uint64_t count = 0;
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *text = &self->texts[i];
        if (text->user != like->user || text->number != like->number)
            continue;
        count += text->answer == MODEL_ACCEPTED && op_instant_day(text->clock) == day;
        count += may && (text->answer == MODEL_SILENT || text->answer == MODEL_ASKED);
    }
    return count;
}

static uint64_t s_day_limit(const model_t *self, const model_text_t *text)
{
    return text->number == 0 ? self->limits.day_free : self->limits.day_paid;
}

void model_accepted(model_t *self, int number, op_id_t id, int64_t clock)
{
    model_text_t *text = &self->texts[number];
    int twin = model_text_by_id(self, id);
    if (twin != MODEL_NONE)
        model_wrong(self, "texts: two messages have one id");
    text->answer = MODEL_ACCEPTED;
    text->answered = self->now;
    text->clock = clock;
    text->id = id;
    uint64_t today = s_day_count(self, text, op_instant_day(clock), false);
    if (today > s_day_limit(self, text))
        model_wrong(self, "quota: %llu texts of one account and number on a day, %llu may",
                    (unsigned long long)today, (unsigned long long)s_day_limit(self, text));
    if (text->target == text->number)
        model_wrong(self, "texts: a text to its own sender was accepted");
    else if (text->target != MODEL_NONE &&
             model_surely_free(self, text->target, text->asked, self->now))
        model_wrong(self, "texts: a text to a free number of the pool was accepted");
    if (strncmp(text->peer, "+1", 2) != 0)
        model_wrong(self, "texts: a text to a forbidden prefix was accepted");
}

void model_send_refused(model_t *self, int number, const char *error, bool day, int64_t clock)
{
    model_text_t *text = &self->texts[number];
    text->answer = MODEL_REFUSED;
    text->answered = self->now;
    if (day && s_day_count(self, text, op_instant_day(clock), true) < s_day_limit(self, text))
        model_wrong(self, "quota: the daily cap refused a text before it was reached");
    if (strcmp(error, "target_is_pool") == 0 &&
        (text->target == MODEL_NONE ||
         model_surely_leased(self, text->target, text->asked, self->now)))
        model_wrong(self, "texts: target_is_pool for a number that is not in the pool");
    if (strcmp(error, "self_send") == 0 && text->target != text->number)
        model_wrong(self, "texts: self_send for another number");
    if (strcmp(error, "invalid_phone") == 0 && strncmp(text->peer, "+1", 2) == 0)
        model_wrong(self, "texts: invalid_phone for a good one");
}

int model_text_in(model_t *self, const char *from, int number, const char *body)
{
    model_text_t text = {.user = MODEL_NONE,
                         .number = number,
                         .lease = MODEL_NONE,
                         .key = MODEL_NONE,
                         .target = MODEL_NONE,
                         .answer = MODEL_ACCEPTED};
    op_str_copy(op_str(from), text.peer, sizeof text.peer);
    return s_new(self, text, body);
}

/*  ---- On the air ---- */

void model_arrived(model_t *self, op_str_t phone, op_str_t from, op_str_t body)
{
    if (body.size > 6 && memmem(body.at, body.size, " is your OP code", 16)) {
        for (int i = self->user_count - 1; i >= 0; i--) /* the latest who has it */
            if (op_str_is(phone, self->phones[i])) {
                model_code_came(self, i, body);
                return;
            }
        model_wrong(self, "texts: a login code came to a phone that is nobody's");
        return;
    }
    int number = model_text_of(self, body);
    if (number == MODEL_NONE) {
        model_wrong(self, "texts: a phone got %zu bytes that nobody sent in this form", body.size);
        return;
    }
    model_text_t *text = &self->texts[number];
    text->arrivals++;
    if (text->user == MODEL_NONE || text->target != MODEL_NONE || !op_str_is(phone, text->peer))
        model_wrong(self, "texts: #k%d# came to a phone that it was not for", number);
    else if (!op_str_is(from, self->numbers[text->number].e164))
        model_wrong(self, "texts: #k%d# came from another number", number);
    else if (text->answer == MODEL_REFUSED)
        model_wrong(self, "texts: #k%d# was refused and sent", number);
    else if (text->arrivals > 1)
        model_wrong(self, "exactly once: #k%d# came twice", number);
    else if (text->status == MODEL_FAILED && strcmp(text->error, "unknown_outcome") != 0)
        model_wrong(self, "texts: #k%d# came after it had failed as %s", number, text->error);
}

void model_part_whole(model_t *self, bool ucs2, op_str_t units)
{
    if (units.size == 0)
        return;
    const uint8_t *at = (const uint8_t *)units.at;
    bool low_first = ucs2 && (at[0] & 0xfc) == 0xdc;
    bool high_last = ucs2 && units.size >= 2 && (at[units.size - 2] & 0xfc) == 0xd8;
    bool escape_last = !ucs2 && at[units.size - 1] == 0x1b;
    if (low_first || high_last || escape_last)
        model_wrong(self, "texts: a part is cut in the middle of a character");
}

void model_part(model_t *self, int line, op_str_t to, op_str_t header, op_str_t units)
{
    uint64_t hash = model_hash(0, op_str_of(&line, sizeof line));
    hash = model_hash(model_hash(model_hash(hash, to), header), units);
    for (int i = 0; i < self->part_count; i++)
        if (self->parts[i].hash == hash)
            model_wrong(self, "exactly once: a part that the network had was sent again");
    MODEL_ROOM(self->parts, self->part_count);
    self->parts[self->part_count++] = (model_part_t){hash};
}

void model_cause(model_t *self, int line, model_cause_t cause)
{
    MODEL_ROOM(self->whys, self->why_count);
    self->whys[self->why_count++] = (model_why_t){line, cause, self->now};
}

bool model_because(const model_t *self, int line, model_cause_t cause, int64_t from, int64_t to)
{
    for (int i = 0; i < self->why_count; i++) {
        const model_why_t *why = &self->whys[i];
        bool here = line == MODEL_NONE || why->line == MODEL_NONE || why->line == line;
        if (here && why->cause == cause && why->at >= from && why->at <= to)
            return true;
    }
    return cause == MODEL_CAUSE_TROUBLE && line >= 0 && self->numbers[line].absent_until >= from;
}

/*  ---- As shown ---- */

static bool s_happened(const model_t *self, const model_text_t *text, model_cause_t cause)
{
    return model_because(self, text->number, cause, text->asked, self->now);
}

/*  Can a text have failed for this reason? */
static bool s_true_reason(const model_t *self, const model_text_t *text, const char *error)
{
    bool late = self->now >= text->asked + self->limits.text_ttl - OP_MINUTE_MS ||
                model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, text->asked - 15 * OP_MINUTE_MS,
                              self->now);
    bool refused = s_happened(self, text, MODEL_CAUSE_TROUBLE);
    bool inside = text->target != MODEL_NONE;
    if (strcmp(error, "unreachable") == 0 && inside)
        return !model_surely_leased(self, text->target, text->asked, self->now);
    if (strcmp(error, "released") == 0)
        return text->lease >= 0 && self->leases[text->lease].life.ending;
    if (inside)
        return false;
    if (strcmp(error, "unknown_outcome") == 0) /* or half of it was sent when its time was up */
        return s_happened(self, text, MODEL_CAUSE_DOUBT) || late;
    if (strcmp(error, "no_service") == 0)
        return refused || s_happened(self, text, MODEL_CAUSE_DOUBT);
    if (strcmp(error, "rejected_by_network") == 0)
        return s_happened(self, text, MODEL_CAUSE_REJECTED);
    if (strcmp(error, "unreachable") == 0)
        return s_happened(self, text, MODEL_CAUSE_UNREACHED);
    return strcmp(error, "expired") == 0 && late;
}

static model_status_t s_status(op_str_t word)
{
    static const char *const words[] = {"", "queued", "sending", "sent", "failed"};
    for (int i = MODEL_QUEUED; i <= MODEL_FAILED; i++)
        if (op_str_is(word, words[i]))
            return (model_status_t)i;
    return MODEL_UNSEEN;
}

static void s_shown_outbound(model_t *self, int number, const model_shown_t *shown)
{
    model_text_t *text = &self->texts[number];
    model_status_t status = s_status(shown->status);
    bool was_settled = text->status >= MODEL_SENT;
    char error[MODEL_WORD_MAX + 1];
    op_str_copy(shown->error, error, sizeof error);
    if (status == MODEL_UNSEEN || status < text->status || (was_settled && status != text->status))
        model_wrong(self, "texts: #k%d# went from status %d to %d", number, text->status, status);
    else if (was_settled && strcmp(error, text->error) != 0)
        model_wrong(self, "texts: the error of #k%d# changed from %s to %s", number, text->error,
                    error);
    else if ((status == MODEL_FAILED) != (error[0] != 0))
        model_wrong(self, "texts: #k%d# has status %d with error '%s'", number, status, error);
    else if (status == MODEL_FAILED && !was_settled && !s_true_reason(self, text, error))
        model_wrong(self, "texts: #k%d# failed as %s, and nothing of that kind happened", number,
                    error);
    else if (status == MODEL_FAILED && text->arrivals && strcmp(error, "unknown_outcome") != 0)
        model_wrong(self, "texts: #k%d# failed as %s, and came to its phone", number, error);
    else if (status == MODEL_SENT && text->target == MODEL_NONE && text->arrivals != 1)
        model_wrong(self, "exactly once: #k%d# is sent, and came %zu times", number,
                    text->arrivals);
    else if (shown->delivered_at && text->arrivals == 0 &&
             !model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now))
        model_wrong(self, "reports: #k%d# is delivered, and never came", number);
    if (status >= MODEL_SENT && !was_settled)
        text->settled = self->now;
    text->status = status;
    memcpy(text->error, error, sizeof error);
}

/*  May this user see this text, inbound, under that lease? */
static bool s_entitled(const model_t *self, const model_holder_t *holder, const model_text_t *text)
{
    if (text->user != MODEL_NONE) /* handed over inside OP */
        return text->target == holder->number && holder->lease >= 0;
    if (text->number != holder->number)
        return false;
    if (holder->lease >= 0)
        return true; /* when: s_seen_inbound */
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *own = &self->texts[i];
        if (own->user == holder->user && own->number == 0 && own->answer != MODEL_REFUSED &&
            strcmp(own->peer, text->peer) == 0)
            return true;
    }
    return false;
}

static void s_seen_inbound(model_t *self, const model_holder_t *holder, int number,
                           const model_shown_t *shown)
{
    const model_text_t *text = &self->texts[number];
    if (!s_entitled(self, holder, text)) {
        model_wrong(self, "inbound: #k%d# is shown to user %d, who is not entitled to it", number,
                    holder->user);
        return;
    }
    const char *from = text->user == MODEL_NONE ? text->peer : self->numbers[text->number].e164;
    if (!op_str_is(shown->from, from) || !op_str_is(shown->to, self->numbers[holder->number].e164))
        model_wrong(self, "inbound: #k%d# is shown with other people", number);
    if (text->user != MODEL_NONE && text->answer == MODEL_REFUSED)
        model_wrong(self, "inbound: #k%d# was refused and handed over", number);
    if (holder->lease < 0 || holder->unsure)
        return;
    const model_lease_t *lease = &self->leases[holder->lease];
    bool clock = model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
    if (!clock && lease->leased_at && shown->received_at &&
        shown->received_at + OP_SECOND_MS < lease->leased_at)
        model_wrong(self, "inbound: a lessee sees #k%d#, received before the lease", number);
    if (!clock && text->user == MODEL_NONE && text->asked + OP_SECOND_MS < lease->life.asked)
        model_wrong(self, "inbound: a lessee sees #k%d#, sent before the lease", number);
}

static void s_seen_outbound(model_t *self, const model_holder_t *holder, int number,
                            const model_shown_t *shown)
{
    const model_text_t *text = &self->texts[number];
    if (text->user != holder->user || text->number != holder->number ||
        (text->lease != holder->lease && !holder->unsure))
        model_wrong(self, "texts: #k%d# is shown to user %d, whose it is not", number,
                    holder->user);
    else if (!op_str_is(shown->to, text->peer) ||
             !op_str_is(shown->from, self->numbers[text->number].e164))
        model_wrong(self, "texts: #k%d# is shown with other people", number);
    else if (text->answer == MODEL_REFUSED)
        model_wrong(self, "texts: #k%d# was refused and is shown", number);
    else if (text->answer == MODEL_ACCEPTED && !op_id_equal(text->id, shown->id))
        model_wrong(self, "texts: #k%d# is shown under another id", number);
}

int model_seen(model_t *self, const model_holder_t *holder, const model_shown_t *shown)
{
    int number = model_text_of(self, shown->body);
    bool inbound = op_str_is(shown->direction, "inbound");
    if (shown->partial) {
        if (!inbound || !model_is_part(self, holder->number, shown, false))
            model_wrong(self, "inbound: a text is shown in part, and nobody wrote it");
        return MODEL_NONE;
    }
    if (number == MODEL_NONE)
        model_wrong(self, "texts: a message is shown whose body nobody wrote");
    else if (inbound)
        s_seen_inbound(self, holder, number, shown);
    else
        s_seen_outbound(self, holder, number, shown);
    return number;
}

void model_shown(model_t *self, int by, const model_shown_t *shown)
{
    const model_key_t *key = &self->keys[by];
    model_holder_t holder = {key->user, key->number, key->lease, false};
    int number = model_seen(self, &holder, shown);
    if (number != MODEL_NONE && !self->wrong[0] && !op_str_is(shown->direction, "inbound"))
        s_shown_outbound(self, number, shown);
}
