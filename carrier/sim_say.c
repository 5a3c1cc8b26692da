/*  What a simulated modem says, octet for octet. */

#include "carrier/sim_modem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void op_sim_modem_imei(const op_sim_modem_t *self, char digits[16])
{
    char text[32];
    snprintf(text, sizeof(text), "%.8s%06u", self->family->tac, (unsigned)self->index % 1000000);
    snprintf(digits, 16, "%.14s%c", text, op_sim_luhn(text));
}

/*  What nobody reads is lost once the limit is reached. */
void op_sim_modem_put(op_sim_modem_t *self, op_str_t bytes)
{
    if (self->knobs[OP_KNOB_HANG] || self->unplugged)
        return;
    if (bytes.size <= OP_CARRIER_OUT_MAX && self->to->size <= OP_CARRIER_OUT_MAX - bytes.size)
        op_buf_add_str(self->to, bytes);
}

/*  ATV0 leaves the CR LF in front out: V.250 5.7.1. */
static void s_line(op_sim_modem_t *self, op_str_t text)
{
    if (!self->settings.short_results)
        op_sim_modem_put(self, OP_STR("\r\n"));
    op_sim_modem_put(self, text);
    op_sim_modem_put(self, OP_STR("\r\n"));
}

void op_sim_modem_say(op_sim_modem_t *self, const char *format, ...)
{
    char text[OP_SIM_LINE_MAX + 64];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    OP_ASSERT(size >= 0 && (size_t)size < sizeof(text));
    s_line(self, op_str_of(text, (size_t)size));
}

void op_sim_modem_say_text(op_sim_modem_t *self, const char *text, const char *memory)
{
    char imei[16];
    op_buf_t said = {0};
    op_sim_modem_imei(self, imei);
    const struct {
        const char *word, *value;
    } words[] = {{"$IMEI", imei},
                 {"$IMSI", self->card->imsi},
                 {"$ICCID", self->card->iccid},
                 {"$NUMBER", self->card->number},
                 {"$MEMORY", memory ? memory : ""}};
    while (*text) {
        size_t i = 0;
        while (i < OP_COUNT(words) && strncmp(text, words[i].word, strlen(words[i].word)) != 0)
            i++;
        if (i < OP_COUNT(words))
            op_buf_printf(&said, "%s", words[i].value);
        else
            op_buf_add_byte(&said, (uint8_t)*text);
        text += i < OP_COUNT(words) ? strlen(words[i].word) : 1;
    }
    s_line(self, op_buf_str(&said));
    op_buf_free(&said);
}

bool op_sim_modem_next(op_sim_modem_t *self, op_knob_t knob)
{
    if (self->knobs[knob] == 0)
        return false;
    self->knobs[knob]--;
    return true;
}

void op_sim_modem_noise(op_sim_modem_t *self, op_knob_t knob)
{
    const op_sim_family_t *family = self->family;
    if (self->knobs[knob] == 0)
        return;
    if (family->noises)
        op_sim_modem_say_text(self, family->noise[self->noise++ % family->noises], NULL);
    else
        op_sim_modem_say(self, "^RSSI: %zu", self->noise++ % 32);
}
