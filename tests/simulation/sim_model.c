/*  sim_model.c - beginnings, numbers, quotas */

#include "tests/simulation/sim_model.h"

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_wrong(model_t *self, const char *format, ...)
{
    if (self->wrong[0])
        return;
    va_list values;
    va_start(values, format);
    vsnprintf(self->wrong, sizeof self->wrong, format, values);
    va_end(values);
}

bool model_surely_there(const model_life_t *life, int64_t from, int64_t to)
{
    return life->made && life->made <= from && (!life->ending || life->ending > to);
}

bool model_surely_gone(const model_life_t *life, int64_t at)
{
    return life->ended && life->ended <= at;
}

void model_init(model_t *self, const model_limits_t *limits)
{
    *self = (model_t){.limits = *limits};
}

void model_free(model_t *self)
{
    for (int i = 0; i < self->text_count; i++)
        free(self->texts[i].body);
    free(self->leases);
    free(self->verifications);
    free(self->sessions);
    free(self->keys);
    free(self->hooks);
    free(self->texts);
    free(self->codes);
    free(self->logged);
    free(self->windows);
    free(self->whys);
    free(self->posts);
    free(self->parts);
    *self = (model_t){0};
}

int model_add_number(model_t *self, const char *e164)
{
    OP_ASSERT(self->number_count < MODEL_NUMBERS_MAX);
    op_str_copy(op_str(e164), self->numbers[self->number_count].e164, sizeof self->numbers[0].e164);
    return self->number_count++;
}

int model_number_of(const model_t *self, op_str_t e164)
{
    for (int i = 0; i < self->number_count; i++)
        if (op_str_is(e164, self->numbers[i].e164))
            return i;
    return MODEL_NONE;
}

int model_add_user(model_t *self, const char *phone)
{
    OP_ASSERT(self->user_count < MODEL_USERS_MAX);
    op_str_copy(op_str(phone), self->phones[self->user_count], sizeof self->phones[0]);
    return self->user_count++;
}

/*  ---- Quotas ---- */

static uint64_t s_limit(const model_t *self, char kind, int64_t length)
{
    const model_limits_t *limits = &self->limits;
    switch (kind) {
    case 'p':
        return length == OP_DAY_MS    ? limits->start_day
               : length == OP_HOUR_MS ? limits->start_hour
                                      : limits->start_30s;
    case 'A':
        return limits->address_hour;
    case 's':
        return limits->console_minute;
    case 'k':
        return length == OP_SECOND_MS ? limits->send_second : limits->send_minute;
    default:
        return limits->read_minute;
    }
}

/*  By what a kind of call is counted. Sign-ups are by phone: whoever has it after somebody was erased
    goes on with that one's windows. */
static int s_subject(const model_t *self, char kind, int subject)
{
    for (int i = 0; kind == 'p' && i < subject; i++)
        if (strcmp(self->phones[i], self->phones[subject]) == 0)
            return i;
    return subject;
}

static model_window_t *s_window(model_t *self, char kind, int of, int64_t length)
{
    int subject = s_subject(self, kind, of);
    for (int i = 0; i < self->window_count; i++) {
        model_window_t *window = &self->windows[i];
        if (window->kind == kind && window->subject == subject && window->length == length)
            return window;
    }
    MODEL_ROOM(self->windows, self->window_count);
    model_window_t *window = &self->windows[self->window_count++];
    *window = (model_window_t){.kind = kind, .subject = subject, .length = length};
    return window;
}

/*  The lengths of the windows that a kind of call is counted in, ended by 0. */
static const int64_t *s_lengths(char kind)
{
    static const int64_t phone[] = {30000, OP_HOUR_MS, OP_DAY_MS, 0}, hour[] = {OP_HOUR_MS, 0},
                         minute[] = {OP_MINUTE_MS, 0}, send[] = {OP_SECOND_MS, OP_MINUTE_MS, 0};
    return kind == 'p' ? phone : kind == 'A' ? hour : kind == 'k' ? send : minute;
}

/*  Windows open with the first call in them. A call that was counted in a turn that never spoke is
    not seen here, so a window that seems to open soon after a death may have been open already, and
    then another one follows it sooner than it seems: twice the limit is what is sure. */
void model_counted(model_t *self, char kind, int subject, int64_t clock)
{
    for (const int64_t *length = s_lengths(kind); *length; length++) {
        model_window_t *window = s_window(self, kind, subject, *length);
        bool open = window->opened && clock >= window->opened && clock < window->opened + *length;
        if (!open) {
            window->opened = *length == OP_DAY_MS ? op_instant_day(clock) * OP_DAY_MS : clock;
            window->used = 0;
            /* Only a pause as long as a window makes an unsure one sure again. */
            bool paused = self->now > window->latest + 2 * *length;
            window->unsure = (window->unsure && !paused) ||
                             (self->rate_died && self->now < self->rate_died + 2 * *length);
        }
        window->latest = self->now;
        uint64_t limit = s_limit(self, kind, *length) * (window->unsure ? 2 : 1);
        bool anything =
            window->unsure && model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
        if (++window->used > limit && !anything)
            model_wrong(self, "quota: %llu calls of kind %c passed within %lld ms, %llu may",
                        (unsigned long long)window->used, kind, (long long)*length,
                        (unsigned long long)limit);
    }
}

/*  May rate know of more calls in this window than were seen to pass? */
static bool s_unseen(const model_t *self, const model_window_t *window)
{
    return window->unsure ||
           (self->rate_died && self->now < self->rate_died + 2 * window->length) ||
           model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
}

/*  Some window must be full. A refusal is seen a moment after it was decided: hence the second. */
void model_limited(model_t *self, const char *kinds, int subject, int64_t clock)
{
    for (const char *kind = kinds; *kind; kind++)
        for (const int64_t *length = s_lengths(*kind); *length; length++) {
            const model_window_t *window = s_window(self, *kind, subject, *length);
            bool full = window->opened && window->used >= s_limit(self, *kind, *length) &&
                        clock < window->opened + *length + OP_SECOND_MS;
            if (full || s_unseen(self, window))
                return;
        }
    model_wrong(self, "quota: a call of kind %s was refused, and no window was full", kinds);
}

void model_given_back(model_t *self, int subject)
{
    for (const int64_t *length = s_lengths('k'); *length; length++) {
        model_window_t *window = s_window(self, 'k', subject, *length);
        if (window->used)
            window->used--;
        window->unsure = true; /* the note may be lost or late: then windows begin at other times */
    }
}

/*  A call that nobody saw pass, made while the clock had gone back, has opened all windows anew. */
void model_rate_died(model_t *self, bool power)
{
    bool clock = model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
    self->rate_died = self->now;
    for (int i = 0; i < self->window_count; i++) {
        model_window_t *window = &self->windows[i];
        window->unsure |= clock;
        if (power && window->length < OP_HOUR_MS && window->kind != 'p')
            window->opened = 0;
    }
}

void model_rate_confused(model_t *self)
{
    for (int i = 0; i < self->window_count; i++)
        self->windows[i].unsure = true;
}
