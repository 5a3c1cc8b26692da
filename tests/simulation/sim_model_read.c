/*  sim_model_read.c - what somebody read, page by page, and whether it was all there is */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <stdlib.h>
#include <string.h>

void model_read_begin(model_reading_t *reading, int key, int64_t asked)
{
    reading->key = key;
    reading->asked = asked;
    reading->count = 0;
    reading->incomplete = false;
}

void model_reading_free(model_reading_t *reading)
{
    free(reading->ids);
    free(reading->texts);
    free(reading->inbound);
    *reading = (model_reading_t){0};
}

void model_read(model_t *self, model_reading_t *reading, const model_shown_t *shown)
{
    bool inbound = op_str_is(shown->direction, "inbound");
    int text = shown->partial ? MODEL_NONE : model_text_of(self, shown->body);
    model_shown(self, reading->key, shown);
    for (int i = 0; i < reading->count; i++)
        if (op_id_equal(reading->ids[i], shown->id))
            model_wrong(self, "reading: a message is on two pages");
        else if (text != MODEL_NONE && reading->texts[i] == text && reading->inbound[i] == inbound)
            model_wrong(self, "exactly once: #k%d# is listed twice", text);
    if (reading->count &&
        memcmp(reading->ids[reading->count - 1].bytes, shown->id.bytes, sizeof shown->id.bytes) < 0)
        model_wrong(self, "reading: the pages are not newest first");
    MODEL_ROOM(reading->ids, reading->count);
    MODEL_ROOM(reading->texts, reading->count);
    MODEL_ROOM(reading->inbound, reading->count);
    reading->ids[reading->count] = shown->id;
    reading->texts[reading->count] = text;
    reading->incomplete |=
        shown->partial && !model_is_part(self, self->keys[reading->key].number, shown, true);
    reading->inbound[reading->count++] = inbound;
}

static bool s_read(const model_reading_t *reading, int text, bool inbound)
{
    for (int i = 0; i < reading->count; i++)
        if (reading->texts[i] == text && reading->inbound[i] == inbound)
            return true;
    return false;
}

/*  Had the user surely texted the phone from the shared number before? */
static bool s_had_texted(const model_t *self, int user, const char *phone, int64_t before)
{
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *text = &self->texts[i];
        if (text->user == user && text->number == 0 && text->answer == MODEL_ACCEPTED &&
            text->answered <= before && strcmp(text->peer, phone) == 0)
            return true;
    }
    return false;
}

/*  Must the key's holder see this text as inbound? */
static bool s_must(const model_t *self, const model_key_t *key, const model_text_t *text)
{
    /* Two hosts' clocks, up to some seconds apart, decide whether a text came after a lease began. */
    bool clock = model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
    if (text->user != MODEL_NONE) /* handed over: if it is said to be */
        return text->target == key->number && text->status == MODEL_SENT && key->lease >= 0 &&
               model_lease_sure(self, key->lease, text->asked, self->now);
    if (text->number != key->number || text->answer == MODEL_REFUSED || text->broken)
        return false;
    if (key->lease < 0)
        return s_had_texted(self, key->user, text->peer, text->asked);
    return !clock && model_lease_sure(self, key->lease, text->asked, self->now);
}

void model_read_all(model_t *self, const model_reading_t *reading)
{
    const model_key_t *key = &self->keys[reading->key];
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *text = &self->texts[i];
        bool own = text->user == key->user && text->number == key->number &&
                   text->lease == key->lease && text->user != MODEL_NONE;
        if (own && text->answer == MODEL_ACCEPTED && !s_read(reading, i, false))
            model_wrong(self, "texts: #k%d# was accepted and is not listed", i);
        if (s_must(self, key, text) && !s_read(reading, i, true))
            model_wrong(self, "inbound: #k%d# is not listed by user %d, who is entitled to it", i,
                        key->user);
    }
    if (reading->incomplete)
        model_wrong(self, "inbound: a text is there in part, long after all faults");
    for (int i = 0; i < reading->count; i++) {
        if (reading->texts[i] == MODEL_NONE)
            continue;
        const model_text_t *text = &self->texts[reading->texts[i]];
        if (!reading->inbound[i] && text->status != MODEL_SENT && text->status != MODEL_FAILED)
            model_wrong(self, "rest: #k%d# is still under way, long after all faults",
                        reading->texts[i]);
    }
}

void model_judge_texts(model_t *self)
{
    for (int i = 0; i < self->text_count; i++) {
        const model_text_t *text = &self->texts[i];
        if (text->answer == MODEL_ASKED)
            model_wrong(self, "answers: #k%d# was neither answered nor given up", i);
        if (text->status == MODEL_SENT && text->target == MODEL_NONE && text->arrivals != 1)
            model_wrong(self, "exactly once: #k%d# is sent, and came %zu times", i, text->arrivals);
    }
}
