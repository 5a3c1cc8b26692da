/*  sim_air.c - the port of the ttys, the carrier behind them, the phones

    Everything that the carrier did is noticed right after the call in which it did it, by its
    counters: the part in the modem's hands is the last PDU that was written to its tty. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"
#include "modem/pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Half of the modems are of some maker. A quarter of the others cannot announce what they store:
    they hand it out (TS 27.005 3.4.1). */
void sim_air_begin(sim_t *self)
{
    op_sim_family_t *families = op_alloc(self->line_count * sizeof *families);
    for (size_t i = 0; i < self->line_count; i++) {
        op_sim_family_init(&families[i]);
        if (sim_once_in(&self->random, 2))
            sim_family(sim_pick(self, SIM_FAMILIES), &families[i]);
        else if (sim_once_in(&self->random, 4))
            snprintf(families[i].cnmi, sizeof families[i].cnmi, "(0-2),(0,2),(0),(0-2),(0,1)");
    }
    self->carrier = op_carrier_new_of(self->line_count, families, self->line_count);
    free(families);
}

static void s_note(sim_t *self, const op_type_t *type, const void *body, int64_t delay)
{
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = OP_STR("serial"), .to = OP_STR("modem")};
    op_buf_t frame = {0};
    op_frame_encode(&note, type, body, &frame);
    if (delay)
        sim_queue_put(&self->queue, self->now + delay, SIM_EVENT_NOTE, SIM_MODEM,
                      self->processes[self->actors[SIM_MODEM].process].life, op_buf_str(&frame));
    else if (self->actors[SIM_MODEM].actor)
        sim_actor_mail(self, SIM_MODEM, op_buf_str(&frame));
    op_buf_free(&frame);
}

/*  ---- What the carrier did ---- */

typedef struct {
    sim_t *sim;
    const char *phone;
    uint64_t highest;
} inbox_t;

static bool s_received(void *inbox_at, const op_carrier_text_t *text)
{
    inbox_t *inbox = inbox_at;
    if (text->sequence > inbox->highest)
        inbox->highest = text->sequence;
    inbox->sim->verdict->arrived++;
    model_arrived(&inbox->sim->model, op_str(inbox->phone), text->from, text->body);
    return true;
}

static void s_look_at_phones(sim_t *self)
{
    inbox_t inbox = {self, NULL, self->phones_seen};
    for (size_t i = 0; i < SIM_PHONES + self->user_count; i++) {
        if (i >= SIM_PHONES && self->users[i - SIM_PHONES].replaced)
            continue;
        inbox.phone = i < SIM_PHONES ? self->phones[i] : self->model.phones[i - SIM_PHONES];
        op_carrier_inbox(self->carrier, op_str(inbox.phone), self->phones_seen, s_received, &inbox);
    }
    self->phones_seen = inbox.highest;
}

/*  The number that a modem's SIM has, or had when it was taken out. */
static int s_number(const sim_t *self, size_t line)
{
    const char *sim = op_carrier_modem_sim(self->carrier, line);
    return sim ? model_number_of(&self->model, op_str(sim)) : self->lines[line].taken_out;
}

void sim_air_take_out(sim_t *self, size_t line)
{
    self->lines[line].taken_out = s_number(self, line);
    sim_set(self, line, OP_KNOB_SIM_OUT, 1);
}

static size_t s_modem_of(const sim_t *self, int number)
{
    size_t line = 0;
    while (s_number(self, line) != number)
        line++;
    return line;
}

void sim_air_cause(sim_t *self, size_t line, model_cause_t cause)
{
    int number = s_number(self, line);
    uint64_t holder = self->lines[line].holder;
    model_cause(&self->model, number, cause);
    if (self->lines[line].open && holder < self->line_count && (int)holder != number)
        model_cause(&self->model, (int)holder, cause);
}

/*  The network has answered, perhaps too late for the host to hear it in time. */
static void s_answered(sim_t *self, size_t line, bool refused)
{
    int64_t delay = op_carrier_get(self->carrier, line, OP_KNOB_SUBMIT_DELAY_MS);
    if (delay)
        sim_fired(self, refused && delay > 3 * OP_MINUTE_MS ? SIM_FAULT_AIR_LATE_ERROR
                        : delay > 3 * OP_MINUTE_MS          ? SIM_FAULT_AIR_LATE
                                                            : SIM_FAULT_AIR_DELAY);
    if (delay > OP_MINUTE_MS)
        sim_air_cause(self, line, MODEL_CAUSE_DOUBT);
}

/*  The network has the part that was written last. */
static void s_part_accepted(sim_t *self, size_t line)
{
    op_pdu_t pdu;
    op_str_t hex = op_buf_str(&self->lines[line].payload);
    if (op_pdu_decode(hex, &pdu) != OP_PDU_OK) {
        model_wrong(&self->model, "texts: the network took what is no PDU");
        return;
    }
    op_str_t units = op_str_of(pdu.user.units, pdu.user.count);
    self->served[s_number(self, line)] = true;
    model_part_whole(&self->model, pdu.user.alphabet == OP_ALPHABET_UCS2, units);
    if (pdu.user.header_size)
        model_part(&self->model, s_number(self, line), op_str(pdu.peer.text),
                   op_str_of(pdu.user.header, pdu.user.header_size), units);
    s_answered(self, line, false);
}

static model_cause_t s_cause_of(int64_t code)
{
    return code == 21                   ? MODEL_CAUSE_REJECTED
           : code == 1 || code == 30    ? MODEL_CAUSE_UNREACHED
           : code == 500 || code == 332 ? MODEL_CAUSE_DOUBT
                                        : MODEL_CAUSE_TROUBLE;
}

const struct sim_counted sim_counted[SIM_COUNTED] = {
    {OP_KNOB_REPORT_LOST_NEXT, SIM_FAULT_REPORT_LOST},
    {OP_KNOB_REPORT_DOUBLE_NEXT, SIM_FAULT_REPORT_DOUBLE},
    {OP_KNOB_REPORT_EARLY_NEXT, SIM_FAULT_REPORT_EARLY},
    {OP_KNOB_NOTICE_OTHER_NEXT, SIM_FAULT_NOTICE_OTHER},
    {OP_KNOB_STORE_OTHER_NEXT, SIM_FAULT_STORE_OTHER},
    {OP_KNOB_DELIVER_DOUBLE_NEXT, SIM_FAULT_DELIVER_DOUBLE},
    {OP_KNOB_PART_LATE_NEXT, SIM_FAULT_PART_LATE},
    {OP_KNOB_COMMAND_ERROR_NEXT, SIM_FAULT_COMMAND_ERROR},
    {OP_KNOB_COMMAND_LOST_NEXT, SIM_FAULT_COMMAND_LOST},
    {OP_KNOB_PROMPT_LOST_NEXT, SIM_FAULT_COMMAND_LOST},
    {OP_KNOB_SUBMIT_RESET_NEXT, SIM_FAULT_SUBMIT_RESET},
    {OP_KNOB_SIM_BUSY_NEXT, SIM_FAULT_SIM_BUSY},
    {OP_KNOB_RING_NEXT, SIM_FAULT_CALLS},
    {OP_KNOB_MALFORMED_NEXT, SIM_FAULT_PDU_SURPLUS}, /* or PDU_BROKEN: by its form */
};

/*  A knob that counts down has moved: its fault has happened. */
static bool s_knob_moved(sim_t *self, size_t line, op_knob_t knob, int64_t *seen, sim_fault_t fault)
{
    int64_t value = op_carrier_get(self->carrier, line, knob);
    bool moved = value < *seen;
    *seen = value;
    if (moved)
        sim_fired(self, fault);
    return moved;
}

static void s_look_at_line(sim_t *self, size_t number)
{
    sim_line_t *line = &self->lines[number];
    op_carrier_counts_t counts = op_carrier_counts(self->carrier, number);
    bool cme = s_knob_moved(self, number, OP_KNOB_CME_ERROR_NEXT, &line->cmes, SIM_FAULT_AIR_CME);
    if (cme)
        sim_air_cause(self, number, MODEL_CAUSE_DOUBT);
    if (cme)
        sim_air_cause(self, number, MODEL_CAUSE_TROUBLE);
    if (!cme && counts.refused > line->refused) {
        int64_t code = op_carrier_get(self->carrier, number, OP_KNOB_CMS_ERROR_CODE);
        sim_fired(self, SIM_FAULT_AIR_REFUSAL);
        sim_air_cause(self, number, s_cause_of(code));
        s_answered(self, number, true);
    }
    line->refused = counts.refused;
    bool accepted = counts.accepted > line->accepted;
    line->accepted = counts.accepted;
    if (accepted)
        s_part_accepted(self, number);
    if (s_knob_moved(self, number, OP_KNOB_NO_ANSWER_NEXT, &line->silences, SIM_FAULT_AIR_SILENCE))
        sim_air_cause(self, number, MODEL_CAUSE_DOUBT);
    if (s_knob_moved(self, number, OP_KNOB_DOUBLE_ANSWER_NEXT, &line->doubles,
                     SIM_FAULT_AIR_DOUBLE_ANSWER))
        sim_air_cause(self, number, MODEL_CAUSE_TROUBLE);
    if (op_carrier_get(self->carrier, number, OP_KNOB_PIN_TRIES) < 2)
        model_wrong(&self->model, "lines: a PIN that the SIM did not take was given to it again");
    (void)s_knob_moved(self, number, OP_KNOB_NOTICE_LOST_NEXT, &line->lost, SIM_FAULT_NOTICE_LOST);
    (void)s_knob_moved(self, number, OP_KNOB_NOTICE_DOUBLE_NEXT, &line->twice,
                       SIM_FAULT_NOTICE_DOUBLE);
    for (size_t i = 0; i < SIM_COUNTED; i++) {
        sim_fault_t fault = sim_counted[i].fault;
        bool broken = fault == SIM_FAULT_PDU_SURPLUS &&
                      op_carrier_get(self->carrier, number, OP_KNOB_MALFORMED_FORM) > 0;
        bool moved = s_knob_moved(self, number, sim_counted[i].knob, &line->counted[i],
                                  broken ? SIM_FAULT_PDU_BROKEN : fault);
        if (moved && (fault == SIM_FAULT_COMMAND_ERROR || fault == SIM_FAULT_COMMAND_LOST ||
                      fault == SIM_FAULT_SUBMIT_RESET || fault == SIM_FAULT_SIM_BUSY))
            sim_air_cause(self, number, MODEL_CAUSE_TROUBLE);
        if (moved && fault == SIM_FAULT_SUBMIT_RESET)
            sim_air_cause(self, number, MODEL_CAUSE_DOUBT);
    }
    if (accepted)
        s_look_at_phones(self);
}

/*  What a tty has to read comes in pieces of any size. */
static void s_read(sim_t *self, size_t number)
{
    op_buf_t *out = op_carrier_take(self->carrier, number);
    while (self->lines[number].open && out->size) {
        size_t most = sim_once_in(&self->random, 8) ? 16 : 4096;
        size_t size = out->size < most ? out->size : most;
        op_serial_bytes_t read = {self->lines[number].holder, op_str_of(out->at, size)};
        s_note(self, &op_serial_bytes_type, &read, 0);
        op_buf_consume(out, size);
    }
}

/*  The name of a modem's tty. */
static op_str_t s_device(size_t line)
{
    static const char *const names[SIM_LINES_MAX] = {"tty0", "tty1", "tty2", "tty3"};
    return op_str(names[line]);
}

static void s_tell_watcher(sim_t *self, size_t number)
{
    sim_line_t *line = &self->lines[number];
    bool there = line->gone_until <= self->now;
    if (!line->watched || line->told == there)
        return;
    line->told = there;
    op_serial_found_t found = {s_device(number)};
    op_serial_gone_t gone = {s_device(number)};
    if (there)
        s_note(self, &op_serial_found_type, &found, 5);
    else
        s_note(self, &op_serial_gone_type, &gone, 5);
}

void sim_air_look(sim_t *self)
{
    for (size_t i = 0; i < self->line_count; i++) {
        s_tell_watcher(self, i);
        s_look_at_line(self, i);
        s_read(self, i);
    }
}

/*  ---- The port ---- */

/*  What the modem actor has open under this number; NULL: nothing. */
static sim_line_t *s_held(sim_t *self, uint64_t holder, size_t *number)
{
    for (*number = 0; *number < self->line_count; ++*number)
        if (self->lines[*number].open && self->lines[*number].holder == holder)
            return &self->lines[*number];
    return NULL;
}

static void s_let_go(sim_t *self, uint64_t holder)
{
    size_t number;
    sim_line_t *line = s_held(self, holder, &number);
    if (line)
        line->open = false;
}

static void s_open(sim_t *self, const op_serial_open_t *open)
{
    size_t number = 0;
    s_let_go(self, open->line);
    while (number < self->line_count && !op_str_equal(open->device, s_device(number)))
        number++;
    sim_line_t *line = &self->lines[number];
    bool there = number < self->line_count && line->gone_until <= self->now;
    if (!there || line->open) {
        op_serial_closed_t closed = {open->line,
                                     op_str(there ? "Device or resource busy" : "No such device")};
        s_note(self, &op_serial_closed_type, &closed, 5);
        return;
    }
    line->open = true;
    line->holder = open->line;
    if (sim_once_in(&self->random, 2)) /* what nobody read is lost, or not */
        op_buf_clear(op_carrier_take(self->carrier, number));
    op_serial_opened_t opened = {open->line};
    s_note(self, &op_serial_opened_type, &opened, 0);
}

static void s_trouble(sim_t *self, size_t line)
{
    sim_air_cause(self, line, MODEL_CAUSE_DOUBT);
    sim_air_cause(self, line, MODEL_CAUSE_TROUBLE);
}

/*  Three times an hour are enough, in each of the memories and for each slot
    (actors/modem_private.h). */
static void s_judge_deletion(sim_t *self, size_t number, op_str_t bytes)
{
    enum { MEMORIES = 3, TRIES = 3 };
    int64_t stuck = op_carrier_get(self->carrier, number, OP_KNOB_UNDELETABLE_SLOTS);
    int64_t first = op_carrier_get(self->carrier, number, OP_KNOB_FIRST_SLOT);
    uint64_t slot;
    if (!op_str_starts(bytes, "AT+CMGD=") || bytes.at[bytes.size - 1] != '\r' ||
        !op_str_to_u64(op_str_of(bytes.at + 8, bytes.size - 9), 255, &slot) ||
        (int64_t)slot >= first + stuck)
        return;
    const uint64_t *fired = self->verdict->fired;
    bool hours = fired[SIM_FAULT_CLOCK_FORWARD] || fired[SIM_FAULT_CLOCK_BACK];
    if (++self->lines[number].deletions > MEMORIES * TRIES * (unsigned)stuck && !hours)
        model_wrong(&self->model, "lines: a slot that cannot be emptied is tried again and again");
}

static void s_write(sim_t *self, const op_serial_bytes_t *write)
{
    size_t number;
    sim_line_t *line = s_held(self, write->line, &number);
    op_str_t bytes = write->bytes;
    if (!line || bytes.size == 0)
        return;
    if (line->deaf_until > self->now) {
        sim_fired(self, SIM_FAULT_TTY_DEAF);
        s_trouble(self, number);
        return;
    }
    if (bytes.at[bytes.size - 1] == 0x1a) {
        op_buf_clear(&line->payload);
        op_buf_add(&line->payload, bytes.at, bytes.size - 1);
    }
    s_judge_deletion(self, number, bytes);
    op_carrier_feed(self->carrier, number, bytes, self->now);
}

void sim_air_note(sim_t *self, const op_type_t *type, const void *body)
{
    if (type == &op_serial_open_type)
        s_open(self, body);
    else if (type == &op_serial_close_type)
        s_let_go(self, ((const op_serial_close_t *)body)->line);
    else if (type == &op_serial_bytes_type)
        s_write(self, body);
    else if (type == &op_serial_watch_type)
        for (size_t i = 0; i < self->line_count; i++)
            self->lines[i].watched |=
                op_str_equal(((const op_serial_watch_t *)body)->pattern, s_device(i));
    sim_air_look(self);
}

void sim_air_host_died(sim_t *self)
{
    for (size_t i = 0; i < self->line_count; i++) {
        sim_line_t *line = &self->lines[i];
        line->open = line->watched = line->told = false;
        line->deletions = 0;
    }
    model_cause(&self->model, MODEL_NONE, MODEL_CAUSE_DOUBT);
    model_cause(&self->model, MODEL_NONE, MODEL_CAUSE_TROUBLE);
}

void sim_air_close(sim_t *self, size_t number, int64_t gone)
{
    sim_line_t *line = &self->lines[number];
    line->gone_until = self->now + gone;
    s_trouble(self, number);
    if (!line->open)
        return;
    line->open = false;
    op_serial_closed_t closed = {line->holder, OP_STR("Input/output error")};
    s_note(self, &op_serial_closed_type, &closed, 0);
}

/*  ---- Phones ---- */

void sim_phone_acts(sim_t *self)
{
    char tag[16];
    bool stranger = !sim_once_in(&self->random, 4);
    const char *from = stranger ? self->phones[sim_pick(self, SIM_PHONES)]
                                : self->model.phones[sim_pick(self, self->user_count)];
    int number = (int)sim_pick(self, self->line_count);
    if (sim_once_in(&self->random, 2))
        number = 0;
    model_tag(&self->model, tag);
    char *body = sim_some_text(self, tag);
    int text = model_text_in(&self->model, from, number, body);
    size_t line = s_modem_of(self, number);
    int64_t malformed = op_carrier_get(self->carrier, line, OP_KNOB_MALFORMED_NEXT);
    op_carrier_result_t result =
        op_carrier_text(self->carrier, op_str(from), op_str(self->model.numbers[number].e164),
                        op_str(body), self->now);
    if (result != OP_CARRIER_OK)
        self->model.texts[text].answer = MODEL_REFUSED;
    else
        self->verdict->inbound++;
    self->model.texts[text].broken =
        op_carrier_get(self->carrier, line, OP_KNOB_MALFORMED_NEXT) < malformed &&
        op_carrier_get(self->carrier, line, OP_KNOB_MALFORMED_FORM) > 0;
    free(body);
    sim_air_look(self);
}
