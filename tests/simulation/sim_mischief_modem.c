/*  sim_mischief_modem.c - what befalls modems, their memories, their SIMs and their network */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

void sim_set(sim_t *self, size_t line, op_knob_t knob, int64_t value)
{
    if (op_carrier_set(self->carrier, line, knob, value) != 0)
        model_wrong(&self->model, "simulation: a knob refused its value");
}

static void s_hurt_air(sim_t *self, sim_fault_t fault)
{
    static const int codes[] = {38, 42, 17, 22, 331, 21, 1, 30, 500, 332, 8, 50};
    static const int cme_codes[] = {3, 10, 13, 14, 20, 30, 100};
    size_t line = sim_once_in(&self->random, 2) ? 0 : sim_pick(self, self->line_count);
    sim_line_t *of = &self->lines[line];
    int64_t n = 1 + sim_pick(self, 3);
    if (fault == SIM_FAULT_AIR_DELAY)
        sim_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, sim_between(&self->random, 100, 30000));
    else if (fault == SIM_FAULT_AIR_LATE)
        sim_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, sim_between(&self->random, 180001, 400000));
    else if (fault == SIM_FAULT_AIR_SILENCE)
        sim_set(self, line, OP_KNOB_NO_ANSWER_NEXT, of->silences = n);
    else if (fault == SIM_FAULT_AIR_REFUSAL || fault == SIM_FAULT_AIR_LATE_ERROR) {
        if (fault == SIM_FAULT_AIR_LATE_ERROR)
            sim_set(self, line, OP_KNOB_SUBMIT_DELAY_MS,
                    sim_between(&self->random, 180001, 186000));
        sim_set(self, line, OP_KNOB_CMS_ERROR_CODE, codes[sim_pick(self, OP_COUNT(codes))]);
        sim_set(self, line, OP_KNOB_CMS_ERROR_NEXT, sim_once_in(&self->random, 5) ? 8 : n);
    } else if (fault == SIM_FAULT_AIR_CME) {
        sim_set(self, line, OP_KNOB_CME_ERROR_CODE, cme_codes[sim_pick(self, OP_COUNT(cme_codes))]);
        sim_set(self, line, OP_KNOB_CME_ERROR_NEXT, of->cmes = n);
    } else if (fault == SIM_FAULT_AIR_DOUBLE_ANSWER)
        sim_set(self, line, OP_KNOB_DOUBLE_ANSWER_NEXT, of->doubles = n);
    else if (fault == SIM_FAULT_NOTICE_LOST)
        sim_set(self, line, OP_KNOB_NOTICE_LOST_NEXT, of->lost = n);
    else
        sim_set(self, line, OP_KNOB_NOTICE_DOUBLE_NEXT, of->twice = n);
}

/*  A knob that counts down. */
static void s_count_down(sim_t *self, size_t line, op_knob_t knob, int64_t n)
{
    for (size_t i = 0; i < SIM_COUNTED; i++)
        if (sim_counted[i].knob == knob)
            self->lines[line].counted[i] = n;
    sim_set(self, line, knob, n);
}

static void s_hurt_reports(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_pick(self, self->line_count);
    if (fault == SIM_FAULT_REPORT_LATE)
        sim_set(self, line, OP_KNOB_REPORT_DELAY_MS, sim_between(&self->random, 1000, 1800000));
    else if (fault == SIM_FAULT_REPORT_NATIONAL)
        sim_set(self, line, OP_KNOB_REPORT_RECIPIENT, 1);
    else if (fault == SIM_FAULT_REPORT_OTHER) { /* never delivered what was not */
        static const int states[] = {0x20, 0x30, 0x46, 0x63};
        sim_set(self, line, OP_KNOB_REPORT_MEMORY, sim_pick(self, 2));
        if (sim_once_in(&self->random, 2))
            sim_set(self, line, OP_KNOB_REPORT_STATUS, states[sim_pick(self, OP_COUNT(states))]);
    } else {
        op_knob_t knob = fault == SIM_FAULT_REPORT_LOST     ? OP_KNOB_REPORT_LOST_NEXT
                         : fault == SIM_FAULT_REPORT_DOUBLE ? OP_KNOB_REPORT_DOUBLE_NEXT
                                                            : OP_KNOB_REPORT_EARLY_NEXT;
        s_count_down(self, line, knob, 1 + sim_pick(self, 4));
        return;
    }
    sim_fired(self, fault);
}

/*  What lies in a slot 0 is not to be seen by a modem that counts from 1, so that stays as it is. */
static void s_form_slots(sim_t *self, size_t line)
{
    static const op_knob_t knobs[] = {OP_KNOB_SLOT_ORDER, OP_KNOB_LIST_ORDER, OP_KNOB_EMPTY_SLOT};
    for (size_t i = 0; i < OP_COUNT(knobs); i++)
        sim_set(self, line, knobs[i], sim_pick(self, (size_t)op_knob_row(knobs[i])->max + 1));
    if (!sim_has(self, SIM_FAULT_SIM_MOVED))
        sim_set(self, line, OP_KNOB_FIRST_SLOT, 0);
    self->lines[line].deletions = 0; /* other slots may be the stuck ones */
}

static void s_hurt_memory(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_once_in(&self->random, 2) ? 0 : sim_pick(self, self->line_count);
    int64_t n = 1 + sim_pick(self, 3);
    if (fault == SIM_FAULT_STORE_FULL) {
        sim_set(self, line, OP_KNOB_SM_SLOTS, n);
        sim_fired(self, fault);
    } else if (fault == SIM_FAULT_SLOT_STUCK) {
        sim_set(self, line, OP_KNOB_UNDELETABLE_SLOTS, n);
        sim_set(self, line, OP_KNOB_UNDELETABLE_ANSWER, sim_pick(self, 2));
        self->lines[line].deletions = 0;
        sim_fired(self, fault);
    } else if (fault == SIM_FAULT_SLOT_FORM) {
        s_form_slots(self, line);
        sim_fired(self, fault);
    } else if (fault == SIM_FAULT_PDU_SURPLUS || fault == SIM_FAULT_PDU_BROKEN) {
        bool surplus = fault == SIM_FAULT_PDU_SURPLUS;
        sim_set(self, line, OP_KNOB_MALFORMED_FORM, surplus ? 0 : 1 + sim_pick(self, 4));
        s_count_down(self, line, OP_KNOB_MALFORMED_NEXT, n);
    } else if (fault == SIM_FAULT_PART_LATE) {
        if (sim_has(self, SIM_FAULT_PDU_BROKEN))
            return; /* of a late part that is broken nobody could tell whose it is */
        sim_set(self, line, OP_KNOB_PART_LATE_MS, sim_between(&self->random, 1000, 2400000));
        s_count_down(self, line, OP_KNOB_PART_LATE_NEXT, n);
    } else
        s_count_down(self, line,
                     fault == SIM_FAULT_STORE_OTHER      ? OP_KNOB_STORE_OTHER_NEXT
                     : fault == SIM_FAULT_NOTICE_OTHER   ? OP_KNOB_NOTICE_OTHER_NEXT
                     : fault == SIM_FAULT_DELIVER_DOUBLE ? OP_KNOB_DELIVER_DOUBLE_NEXT
                                                         : OP_KNOB_COMMAND_ERROR_NEXT,
                     n);
}

static void s_in_trouble(sim_t *self, size_t line, sim_fault_t fault)
{
    sim_air_cause(self, line, MODEL_CAUSE_DOUBT);
    sim_air_cause(self, line, MODEL_CAUSE_TROUBLE);
    sim_fired(self, fault);
}

static void s_reset_modem(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_pick(self, self->line_count);
    s_in_trouble(self, line, fault);
    op_carrier_reset(self->carrier, line, self->now);
    sim_air_look(self);
}

/*  What is lost, once or a few times; or a restart. */
static void s_hurt_commands(sim_t *self, sim_fault_t fault)
{
    op_knob_t knob = fault == SIM_FAULT_SUBMIT_RESET ? OP_KNOB_SUBMIT_RESET_NEXT
                     : sim_once_in(&self->random, 2) ? OP_KNOB_COMMAND_LOST_NEXT
                                                     : OP_KNOB_PROMPT_LOST_NEXT;
    s_count_down(self, sim_pick(self, self->line_count), knob, 1 + sim_pick(self, 2));
}

/*  Each question takes one; some take a setup beyond the time that it waits for a SIM. */
static void s_busy_sim(sim_t *self, sim_fault_t fault)
{
    (void)fault;
    s_count_down(self, sim_pick(self, self->line_count), OP_KNOB_SIM_BUSY_NEXT,
                 1 + sim_pick(self, 40));
}

static void s_ring(sim_t *self, sim_fault_t fault)
{
    (void)fault;
    s_count_down(self, sim_pick(self, self->line_count), OP_KNOB_RING_NEXT, 1 + sim_pick(self, 8));
}

/*  What a modem is like, until sim_heal_memory. */
static void s_be_otherwise(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_pick(self, self->line_count);
    bool slow = fault == SIM_FAULT_MODEM_SLOW;
    s_in_trouble(self, line, fault);
    if (slow) {
        sim_set(self, line, OP_KNOB_BOOT_MS, sim_between(&self->random, 0, 40000));
        sim_set(self, line, OP_KNOB_REGISTER_MS, sim_between(&self->random, 0, 100000));
        sim_set(self, line, OP_KNOB_COMMAND_DELAY_MS, sim_between(&self->random, 0, 3000));
        op_carrier_reset(self->carrier, line, self->now);
        sim_air_look(self);
    } else {
        sim_set(self, line, OP_KNOB_PROMPT_FORM, sim_pick(self, 4));
        sim_set(self, line, OP_KNOB_ERROR_WORDS, sim_pick(self, 2));
        sim_set(self, line, OP_KNOB_REFERENCE, 250 + sim_pick(self, 6));
    }
}

static void s_make_noise(sim_t *self, sim_fault_t fault)
{
    static const op_knob_t knobs[] = {OP_KNOB_ECHO,         OP_KNOB_NOISE_COMMAND,
                                      OP_KNOB_NOISE_PROMPT, OP_KNOB_NOISE_LIST,
                                      OP_KNOB_NOISE_DIRECT, OP_KNOB_NOTICE_AT_PROMPT};
    size_t line = sim_pick(self, self->line_count);
    for (size_t i = 0; i < OP_COUNT(knobs); i++)
        sim_set(self, line, knobs[i], sim_pick(self, 2));
    if (sim_once_in(&self->random, 2))
        sim_set(self, line, OP_KNOB_NOISE_EVERY_MS,
                sim_between(&self->random, OP_SECOND_MS, OP_MINUTE_MS));
    s_in_trouble(self, line, fault);
}

/*  Both are without power meanwhile. A number whose SIM was never seen, or is forgotten with a
    number that is configured no more or a store that is an older one, belongs to the tty that was
    named, and to whatever SIM is there; texts in ME stay behind, and nobody can know whose they
    are. */
static void s_move_sims(sim_t *self, sim_fault_t fault)
{
    size_t lines[] = {sim_pick(self, self->line_count), sim_pick(self, self->line_count)};
    bool forgets = sim_has(self, SIM_FAULT_CONFIG) || sim_has(self, SIM_FAULT_RESTORED);
    if (lines[0] == lines[1] || forgets)
        return;
    for (size_t i = 0; i < 2; i++) {
        int number =
            model_number_of(&self->model, op_str(op_carrier_modem_sim(self->carrier, lines[i])));
        bool stays = op_carrier_counts(self->carrier, lines[i]).stored > 0;
        if (!self->served[number] || (stays && sim_has(self, SIM_FAULT_STORE_OTHER)))
            return;
    }
    for (size_t i = 0; i < 2; i++) {
        s_in_trouble(self, lines[i], fault);
        sim_help_modem(self, lines[i]);
        sim_air_close(self, lines[i], sim_between(&self->random, 1, 20 * OP_SECOND_MS));
    }
    op_carrier_swap_sims(self->carrier, lines[0], lines[1], self->now);
    for (size_t i = 0; i < 2; i++)
        op_carrier_reset(self->carrier, lines[i], self->now);
    sim_air_look(self);
}

static void s_close_tty(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_pick(self, self->line_count);
    sim_fired(self, fault);
    if (sim_once_in(&self->random, 2))
        op_carrier_reset(self->carrier, line, self->now);
    sim_air_close(self, line, sim_wait(&self->random, 5 * OP_SECOND_MS));
}

static void s_deafen(sim_t *self, sim_fault_t fault)
{
    (void)fault; /* it has happened when something was written */
    self->lines[sim_pick(self, self->line_count)].deaf_until =
        self->now + sim_between(&self->random, OP_SECOND_MS, OP_MINUTE_MS);
}

/*  For a while; healing ends it. */
static void s_befall(sim_t *self, sim_fault_t fault)
{
    enum { HOME = 1, SEARCHING = 2 };
    size_t line = sim_pick(self, self->line_count);
    s_in_trouble(self, line, fault);
    sim_help_modem(self, line); /* what was wrong with it before */
    if (fault == SIM_FAULT_NO_NETWORK)
        sim_set(self, line, OP_KNOB_REGISTRATION, SEARCHING);
    else if (fault == SIM_FAULT_SIM_OUT)
        sim_air_take_out(self, line);
    else if (fault == SIM_FAULT_RADIO_OFF)
        sim_set(self, line, OP_KNOB_RADIO_OFF, 1);
    else if (fault == SIM_FAULT_MODEM_HANG)
        sim_set(self, line, OP_KNOB_HANG, 1);
    else {
        sim_set(self, line, OP_KNOB_PIN, fault == SIM_FAULT_WRONG_PIN ? 9999 : 1234);
        sim_set(self, line, OP_KNOB_PIN_LOCK, 1);
        op_carrier_reset(self->carrier, line, self->now);
    }
    self->lines[line].help_at =
        self->now + sim_between(&self->random, OP_SECOND_MS, 10 * OP_MINUTE_MS);
    sim_air_look(self);
}

/*  Slots that were stuck, a SIM that was small, a noisy tty, as they should be. */
void sim_heal_memory(sim_t *self, size_t line)
{
    static const op_knob_t knobs[] = {
        OP_KNOB_SM_SLOTS,         OP_KNOB_UNDELETABLE_SLOTS, OP_KNOB_REPORT_DELAY_MS,
        OP_KNOB_REPORT_RECIPIENT, OP_KNOB_REPORT_MEMORY,     OP_KNOB_REPORT_STATUS,
        OP_KNOB_SLOT_ORDER,       OP_KNOB_LIST_ORDER,        OP_KNOB_EMPTY_SLOT,
        OP_KNOB_BOOT_MS,          OP_KNOB_REGISTER_MS,       OP_KNOB_COMMAND_DELAY_MS,
        OP_KNOB_PROMPT_FORM,      OP_KNOB_ERROR_WORDS,       OP_KNOB_ECHO,
        OP_KNOB_NOISE_DIRECT,     OP_KNOB_NOISE_EVERY_MS,    OP_KNOB_NOTICE_AT_PROMPT,
        OP_KNOB_NOISE_COMMAND,    OP_KNOB_NOISE_PROMPT,      OP_KNOB_NOISE_LIST};
    for (size_t i = 0; i < OP_COUNT(knobs); i++)
        sim_set(self, line, knobs[i], op_knob_row(knobs[i])->value);
}

/*  Somebody comes and sees to the modem. */
void sim_help_modem(sim_t *self, size_t line)
{
    bool hung = op_carrier_get(self->carrier, line, OP_KNOB_HANG) != 0;
    self->lines[line].help_at = 0;
    sim_set(self, line, OP_KNOB_REGISTRATION, 1);
    sim_set(self, line, OP_KNOB_HANG, 0);
    sim_set(self, line, OP_KNOB_SIM_OUT, 0);
    sim_set(self, line, OP_KNOB_RADIO_OFF, 0);
    sim_set(self, line, OP_KNOB_PIN_LOCK, 0);
    sim_set(self, line, OP_KNOB_PIN, 1234);
    sim_set(self, line, OP_KNOB_PIN_TRIES, 3);
    if (hung)
        op_carrier_reset(self->carrier, line, self->now);
}

void sim_heal_modem(sim_t *self, size_t line)
{
    self->lines[line].deaf_until = 0;
    sim_help_modem(self, line);
    sim_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, 0);
    sim_set(self, line, OP_KNOB_NO_ANSWER_NEXT, self->lines[line].silences = 0);
    sim_set(self, line, OP_KNOB_CMS_ERROR_NEXT, 0);
    sim_set(self, line, OP_KNOB_CME_ERROR_NEXT, self->lines[line].cmes = 0);
    sim_set(self, line, OP_KNOB_DOUBLE_ANSWER_NEXT, self->lines[line].doubles = 0);
    sim_set(self, line, OP_KNOB_NOTICE_LOST_NEXT, self->lines[line].lost = 0);
    sim_set(self, line, OP_KNOB_NOTICE_DOUBLE_NEXT, self->lines[line].twice = 0);
    for (size_t k = 0; k < SIM_COUNTED; k++)
        s_count_down(self, line, sim_counted[k].knob, 0);
    sim_heal_memory(self, line);
}

void sim_hurt_modem(sim_t *self, sim_fault_t fault)
{
    static const struct {
        sim_fault_t fault;
        void (*hurt)(sim_t *self, sim_fault_t fault);
    } rows[] = {
        {SIM_FAULT_AIR_DELAY, s_hurt_air},
        {SIM_FAULT_AIR_LATE, s_hurt_air},
        {SIM_FAULT_AIR_SILENCE, s_hurt_air},
        {SIM_FAULT_AIR_REFUSAL, s_hurt_air},
        {SIM_FAULT_AIR_LATE_ERROR, s_hurt_air},
        {SIM_FAULT_AIR_DOUBLE_ANSWER, s_hurt_air},
        {SIM_FAULT_AIR_CME, s_hurt_air},
        {SIM_FAULT_NOTICE_LOST, s_hurt_air},
        {SIM_FAULT_NOTICE_DOUBLE, s_hurt_air},
        {SIM_FAULT_NOTICE_OTHER, s_hurt_memory},
        {SIM_FAULT_REPORT_LOST, s_hurt_reports},
        {SIM_FAULT_REPORT_DOUBLE, s_hurt_reports},
        {SIM_FAULT_REPORT_EARLY, s_hurt_reports},
        {SIM_FAULT_REPORT_LATE, s_hurt_reports},
        {SIM_FAULT_REPORT_NATIONAL, s_hurt_reports},
        {SIM_FAULT_REPORT_OTHER, s_hurt_reports},
        {SIM_FAULT_STORE_OTHER, s_hurt_memory},
        {SIM_FAULT_STORE_FULL, s_hurt_memory},
        {SIM_FAULT_SLOT_STUCK, s_hurt_memory},
        {SIM_FAULT_SLOT_FORM, s_hurt_memory},
        {SIM_FAULT_PDU_SURPLUS, s_hurt_memory},
        {SIM_FAULT_PDU_BROKEN, s_hurt_memory},
        {SIM_FAULT_DELIVER_DOUBLE, s_hurt_memory},
        {SIM_FAULT_PART_LATE, s_hurt_memory},
        {SIM_FAULT_COMMAND_ERROR, s_hurt_memory},
        {SIM_FAULT_MODEM_RESET, s_reset_modem},
        {SIM_FAULT_TTY_CLOSED, s_close_tty},
        {SIM_FAULT_COMMAND_LOST, s_hurt_commands},
        {SIM_FAULT_SUBMIT_RESET, s_hurt_commands},
        {SIM_FAULT_TTY_NOISE, s_make_noise},
        {SIM_FAULT_SIM_MOVED, s_move_sims},
        {SIM_FAULT_TTY_DEAF, s_deafen},
        {SIM_FAULT_SIM_BUSY, s_busy_sim},
        {SIM_FAULT_CALLS, s_ring},
        {SIM_FAULT_MODEM_SLOW, s_be_otherwise},
        {SIM_FAULT_MODEM_MANNERS, s_be_otherwise},
        {SIM_FAULT_SIM_OUT, s_befall},
        {SIM_FAULT_RADIO_OFF, s_befall},
        {SIM_FAULT_SIM_PIN, s_befall},
        {SIM_FAULT_WRONG_PIN, s_befall},
        {SIM_FAULT_NO_NETWORK, s_befall},
        {SIM_FAULT_MODEM_HANG, s_befall},
    };
    for (size_t i = 0; i < OP_COUNT(rows); i++)
        if (rows[i].fault == fault)
            rows[i].hurt(self, fault);
}
