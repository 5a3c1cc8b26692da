/*  One pass over the lines. Texts with one value each are a table of keys; what repeats or has a
    form of its own is a function. */

#include "carrier/sim_family.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define TEXT(key)                                                                                  \
    {                                                                                              \
#key, offsetof(op_sim_family_t, key), sizeof(((op_sim_family_t *)0)->key)                  \
    }

static const struct {
    const char *key;
    size_t offset, size;
} s_texts[] = {
    TEXT(name), TEXT(manufacturer), TEXT(model), TEXT(revision), TEXT(identity),
    TEXT(tac),  TEXT(unknown),      TEXT(full),  TEXT(cnmi),     TEXT(cnmi_takes),
    TEXT(cpms), TEXT(cpms_takes),   TEXT(csms),
};

void op_sim_family_init(op_sim_family_t *self)
{
    memset(self, 0, sizeof(*self));
    snprintf(self->name, sizeof(self->name), "plain");
    snprintf(self->manufacturer, sizeof(self->manufacturer), "OP Simulator");
    snprintf(self->model, sizeof(self->model), "OP SIM-1");
    snprintf(self->revision, sizeof(self->revision), "1.0");
    snprintf(self->identity, sizeof(self->identity), "OP Simulator\r\nOP SIM-1\r\nRevision: 1.0");
    snprintf(self->tac, sizeof(self->tac), "35693803");
    snprintf(self->cnmi, sizeof(self->cnmi), "(0-3),(0-3),(0-3),(0-2),(0,1)");
    snprintf(self->cpms, sizeof(self->cpms),
             "(\"SM\",\"ME\",\"MT\",\"SR\"),(\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\",\"MT\")");
    snprintf(self->csms, sizeof(self->csms), "(0,1)");
    for (int knob = 0; knob < OP_KNOB_END; knob++)
        self->knobs[knob] = op_knob_row((op_knob_t)knob)->value;
}

/*  ---- Lists ---- */

/*  What is between the parentheses of that place; the empty slice when there are fewer. */
static op_str_t s_list(const char *lists, size_t place)
{
    const char *at = lists;
    for (;; place--) {
        at = strchr(at, '(');
        if (at == NULL)
            return (op_str_t){0};
        at++;
        if (place == 0)
            return op_str_of(at, strcspn(at, ")"));
    }
}

/*  Takes the next item, between commas, without its quotes. */
static bool s_item(op_str_t *list, op_str_t *item)
{
    if (list->size == 0)
        return false;
    *item = op_str_next(list, ',');
    if (item->size >= 2 && item->at[0] == '"' && item->at[item->size - 1] == '"')
        *item = op_str_of(item->at + 1, item->size - 2);
    return true;
}

bool op_sim_takes(const char *lists, size_t place, unsigned value)
{
    op_str_t list = s_list(lists, place), item;
    while (s_item(&list, &item)) {
        uint64_t first = 0, last = 0;
        if (!op_str_to_u64(op_str_next(&item, '-'), UINT32_MAX, &first))
            continue;
        last = first;
        if (item.at && !op_str_to_u64(item, UINT32_MAX, &last))
            continue;
        if (value >= first && value <= last)
            return true;
    }
    return false;
}

bool op_sim_takes_word(const char *lists, size_t place, op_str_t word)
{
    op_str_t list = s_list(lists, place), item;
    while (s_item(&list, &item))
        if (op_str_equal(item, word))
            return true;
    return false;
}

op_sim_form_t op_sim_form(op_str_t *command, op_str_t *values)
{
    size_t end = 0;
    while (end < command->size && command->at[end] != '=' && command->at[end] != '?')
        end++;
    op_str_t rest = op_str_of(command->at + end, command->size - end);
    *command = op_str_of(command->at, end);
    *values = op_str_of(NULL, 0);
    if (rest.size == 0)
        return OP_SIM_RUN;
    if (op_str_is(rest, "?"))
        return OP_SIM_READ;
    if (op_str_is(rest, "=?"))
        return OP_SIM_TEST;
    *values = op_str_of(rest.at + 1, rest.size - 1);
    return OP_SIM_SET;
}

/*  ---- Reading ---- */

/*  Copies a value and undoes its escapes; NULL, or what is wrong. */
static const char *s_value(op_str_t value, char *to, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.at[i];
        if (byte == '\\') {
            char next = i + 1 < value.size ? value.at[i + 1] : 0;
            if (next == 0 || !strchr("rn\\", next))
                return "after \\ comes r, n or \\";
            byte = next == 'r' ? '\r' : next == 'n' ? '\n' : '\\';
            i++;
        }
        if (used + 1 >= size)
            return "the value is too long";
        to[used++] = byte;
    }
    to[used] = 0;
    return NULL;
}

static const char *s_read_ttys(op_sim_family_t *self, op_str_t value)
{
    static const char *const words[] = {"at", "data", "diag"};
    size_t ats = 0;
    self->tty_count = 0;
    while ((value = op_str_trim(value)).size) {
        size_t kind = 0;
        op_str_t word = op_str_next(&value, ' ');
        while (kind < OP_COUNT(words) && !op_str_is(word, words[kind]))
            kind++;
        if (kind == OP_COUNT(words) || self->tty_count == OP_SIM_TTYS)
            return "ttys are at most 8 of at, data and diag";
        ats += kind == OP_SIM_TTY_AT;
        self->ttys[self->tty_count++] = (op_sim_tty_t)kind;
    }
    return ats == 1 ? NULL : "a modem has exactly one tty at";
}

static const char *s_read_own(op_sim_family_t *self, op_str_t command, op_str_t value, bool refused)
{
    op_str_t values;
    if (self->owns == OP_SIM_OWN_COMMANDS)
        return "too many commands";
    op_sim_own_t *own = &self->own[self->owns++];
    own->form = op_sim_form(&command, &values);
    own->refused = refused;
    if (values.size || !op_str_copy(command, own->name, sizeof(own->name)))
        return "a command is +NAME, +NAME?, +NAME=? or +NAME=";
    if (refused && (own->form != OP_SIM_RUN || !op_str_is(value, "yes")))
        return "refuse +NAME = yes";
    return s_value(value, own->answer, sizeof(own->answer));
}

static const char *s_read_knob(op_sim_family_t *self, op_str_t name, op_str_t value)
{
    op_knob_t knob = op_knob_named(name);
    if (knob == OP_KNOB_END)
        return "there is no such knob";
    self->knobs[knob] = op_knob_read(knob, value);
    return self->knobs[knob] < 0 ? "the knob takes no such value" : NULL;
}

static const char *s_read_line(op_sim_family_t *self, op_str_t key, op_str_t value)
{
    for (size_t i = 0; i < OP_COUNT(s_texts); i++)
        if (op_str_is(key, s_texts[i].key))
            return s_value(value, (char *)self + s_texts[i].offset, s_texts[i].size);
    if (op_str_is(key, "ttys"))
        return s_read_ttys(self, value);
    if (op_str_is(key, "banner"))
        return self->banners == OP_SIM_BANNERS
                   ? "too many banners"
                   : s_value(value, self->banner[self->banners++], sizeof(self->banner[0]));
    if (op_str_is(key, "noise"))
        return self->noises == OP_SIM_NOISES
                   ? "too many noises"
                   : s_value(value, self->noise[self->noises++], sizeof(self->noise[0]));
    op_str_t rest = key, word = op_str_next(&rest, ' ');
    rest = op_str_trim(rest);
    if (op_str_is(word, "command") || op_str_is(word, "refuse"))
        return s_read_own(self, rest, value, op_str_is(word, "refuse"));
    if (op_str_is(word, "knob"))
        return s_read_knob(self, rest, value);
    return "unknown key";
}

/*  A command's form has a = of its own, so what separates key and value has blanks around it, or
    ends the line. */
static bool s_cut(op_str_t line, op_str_t *key, op_str_t *value)
{
    for (size_t i = 1; i < line.size; i++)
        if (line.at[i] == '=' && line.at[i - 1] == ' ' &&
            (i + 1 == line.size || line.at[i + 1] == ' ')) {
            *key = op_str_trim(op_str_of(line.at, i));
            *value = op_str_trim(op_str_of(line.at + i + 1, line.size - i - 1));
            return true;
        }
    return false;
}

static const char *s_read(op_str_t line, op_sim_family_t *self)
{
    op_str_t key, value;
    line = op_str_trim(line);
    if (line.size == 0 || line.at[0] == '#')
        return NULL;
    if (line.size > OP_SIM_FAMILY_LINE)
        return "the line is too long";
    if (!s_cut(line, &key, &value))
        return "a line is: key = value";
    return s_read_line(self, key, value);
}

static const char *s_whole(const op_sim_family_t *self)
{
    uint64_t tac;
    if (strlen(self->tac) != 8 || !op_str_to_u64(op_str(self->tac), UINT32_MAX, &tac))
        return "tac has eight digits";
    bool five = s_list(*self->cnmi_takes ? self->cnmi_takes : self->cnmi, OP_SIM_CNMI - 1).at;
    return five ? NULL : "cnmi has five lists, or else cnmi_takes does";
}

int op_sim_family_read(op_str_t text, op_sim_family_t *self, char error[OP_SIM_FAMILY_ERROR])
{
    op_sim_family_init(self);
    self->identity[0] = 0;
    size_t number = 1;
    const char *wrong = NULL;
    for (; text.size && !wrong; number++) {
        size_t size = 0;
        while (size < text.size && text.at[size] != '\n')
            size++;
        wrong = s_read(op_str_of(text.at, size), self);
        size_t taken = size < text.size ? size + 1 : size;
        text = op_str_of(text.at + taken, text.size - taken);
    }
    if (!wrong)
        wrong = s_whole(self);
    if (wrong)
        snprintf(error, OP_SIM_FAMILY_ERROR, "line %zu: %s", number - 1, wrong);
    return wrong ? -1 : 0;
}
