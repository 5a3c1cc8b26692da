/*  The group of commands about the SIM and the network. */

#include "carrier/sim_command.h"

#include "modem/at_lexer.h"

#include <stdio.h>

/*  ---- The SIM ---- */

/*  27.007 8.3. The tries are the SIM's and outlive a restart. */
static int s_unlock(op_sim_modem_t *modem, op_str_t code, op_str_t fresh)
{
    int trouble = op_sim_modem_sim_trouble(modem);
    bool puk = trouble == 12;
    int64_t *tries = &modem->knobs[puk ? OP_KNOB_PUK_TRIES : OP_KNOB_PIN_TRIES];
    char want[16];
    uint64_t pin;
    if (trouble == 10 || trouble == 13)
        return -trouble;
    if (trouble == 0)
        return -3; /* operation not allowed: it is open */
    if (puk && (fresh.size < 4 || !op_str_to_u64(fresh, 99999999, &pin)))
        return -16;
    snprintf(want, sizeof(want), puk ? "%08u" : "%04u",
             (unsigned)modem->knobs[puk ? OP_KNOB_PUK : OP_KNOB_PIN]);
    if (!op_str_is(code, want)) {
        --*tries;
        trouble = op_sim_modem_sim_trouble(modem);
        return trouble == 12 && !puk ? -12 : trouble == 13 ? -13 : -16;
    }
    if (puk)
        modem->knobs[OP_KNOB_PIN] = (int64_t)pin;
    modem->knobs[OP_KNOB_PIN_TRIES] = 3;
    modem->knobs[OP_KNOB_PUK_TRIES] = 10;
    modem->pin_given = true;
    modem->late = "+CPIN: READY";
    return OP_SIM_END_OK;
}

static int s_cpin(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_str_t code = {0}, fresh = {0};
    int trouble = op_sim_modem_sim_trouble(modem);
    if (form == OP_SIM_TEST)
        return OP_SIM_END_OK;
    if (form == OP_SIM_RUN)
        return OP_SIM_END_UNKNOWN;
    if (form == OP_SIM_SET) {
        (void)op_at_field(&values, &code);
        (void)op_at_field(&values, &fresh);
        return s_unlock(modem, code, fresh);
    }
    if (op_sim_modem_next(modem, OP_KNOB_SIM_BUSY_NEXT))
        return -14;
    if (trouble == 10 || trouble == 13)
        return -trouble;
    op_sim_modem_say(modem, "+CPIN: %s",
                     trouble == 12   ? "SIM PUK"
                     : trouble == 11 ? "SIM PIN"
                                     : "READY");
    return OP_SIM_END_OK;
}

static int s_cimi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form == OP_SIM_RUN && op_sim_modem_next(modem, OP_KNOB_SIM_BUSY_NEXT))
        return -14;
    if (form == OP_SIM_RUN)
        op_sim_modem_say(modem, "%s", modem->card->imsi);
    return form == OP_SIM_RUN || form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
}

static int s_iccid(op_sim_modem_t *modem, op_sim_form_t form, const char *name)
{
    if (form == OP_SIM_SET)
        return OP_SIM_END_ERROR;
    if (form != OP_SIM_TEST && modem->knobs[OP_KNOB_SIM_OUT])
        return -10;
    if (form != OP_SIM_TEST && op_sim_modem_next(modem, OP_KNOB_SIM_BUSY_NEXT))
        return -14;
    if (form != OP_SIM_TEST) /* a locked SIM tells it, too */
        op_sim_modem_say(modem, "%s: %s", name, modem->card->iccid);
    return OP_SIM_END_OK;
}

static int s_ccid(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_iccid(modem, form, "+CCID");
}

static int s_iccid_plain(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_iccid(modem, form, "+ICCID");
}

static int s_qccid(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_iccid(modem, form, "+QCCID");
}

static int s_cnum(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form != OP_SIM_RUN)
        return form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
    op_sim_modem_say(modem, "+CNUM: \"\",\"%s\",145", modem->card->number);
    return OP_SIM_END_OK;
}

/*  ---- The network ---- */

static int s_cfun(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {4, 1};
    unsigned numbers[] = {modem->settings.cfun, 0}; /* <fun>, <rst> */
    unsigned shown = modem->knobs[OP_KNOB_RADIO_OFF] ? 4 : modem->settings.cfun;
    if (form != OP_SIM_SET)
        return op_sim_number(modem, form, values, "+CFUN", 4, &shown);
    if (op_sim_numbers(values, limits, numbers, 2) != 0)
        return OP_SIM_END_ERROR;
    modem->settings.cfun = numbers[0];
    modem->reboot = numbers[1] == 1;
    return OP_SIM_END_OK;
}

/*  27.007 7.2, 10.1.20, 10.1.22. */
static int s_reg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name,
                 unsigned *mode)
{
    if (form != OP_SIM_READ)
        return op_sim_number(modem, form, values, name, 2, mode);
    unsigned status = op_sim_modem_registration(modem);
    if (*mode == 2 && op_sim_modem_in_service(modem))
        op_sim_modem_say(modem, "%s: 2,%u,\"1A2B\",\"00C0FFEE\",7", name, status);
    else
        op_sim_modem_say(modem, "%s: %u,%u", name, *mode, status);
    return OP_SIM_END_OK;
}

static int s_creg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CREG", &modem->settings.reg[OP_SIM_CREG]);
}

static int s_cgreg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CGREG", &modem->settings.reg[OP_SIM_CGREG]);
}

static int s_cereg(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return s_reg(modem, form, values, "+CEREG", &modem->settings.reg[OP_SIM_CEREG]);
}

/*  27.007 10.1.9: attached for packets as soon as there is service; a detach is not modelled. */
static int s_cgatt(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    unsigned attached = op_sim_modem_in_service(modem);
    return op_sim_number(modem, form, values, "+CGATT", 1, &attached);
}

static int s_cops(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    static const unsigned limits[] = {4, 2};
    unsigned numbers[] = {0, modem->settings.cops};
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+COPS: (2,\"OP Test\",\"OP\",\"310170\",7)");
    } else if (form == OP_SIM_READ && !op_sim_modem_in_service(modem)) {
        op_sim_modem_say(modem, "+COPS: 0");
    } else if (form == OP_SIM_READ) {
        bool numeric = modem->settings.cops == 2;
        op_sim_modem_say(modem, "+COPS: 0,%u,\"%s\",7", modem->settings.cops,
                         numeric ? "310170" : "OP Test");
    } else if (form == OP_SIM_RUN || op_sim_numbers(values, limits, numbers, 2) != 0) {
        return OP_SIM_END_ERROR;
    }
    modem->settings.cops = numbers[1];
    return OP_SIM_END_OK;
}

static int s_csq(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CSQ: (0-31,99),(0-7,99)");
    if (form == OP_SIM_RUN)
        op_sim_modem_say(modem, "+CSQ: %u,99",
                         op_sim_modem_in_service(modem) ? (unsigned)modem->knobs[OP_KNOB_SIGNAL]
                                                        : 99);
    return form == OP_SIM_RUN || form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_UNKNOWN;
}

/*  27.007 8.69: of LTE only, as here; RSRP in dB steps from -140 dBm, 255 unknown. */
static int s_cesq(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    unsigned signal = (unsigned)modem->knobs[OP_KNOB_SIGNAL];
    bool known = signal <= 31 && op_sim_modem_in_service(modem);
    (void)values;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem,
                         "+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)");
    if (form == OP_SIM_RUN)
        op_sim_modem_say(modem, "+CESQ: 99,99,255,255,%u,%u", known ? 20U : 255U,
                         known ? 20 + 2 * signal : 255U);
    return form == OP_SIM_RUN || form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_UNKNOWN;
}

/*  27.007 7.15: a code that is dialled gets <m> 4 from the network, not supported. */
static int s_cusd(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_str_t mode, code;
    if (form == OP_SIM_RUN)
        return OP_SIM_END_UNKNOWN;
    if (form == OP_SIM_TEST)
        op_sim_modem_say(modem, "+CUSD: (0-2)");
    if (form == OP_SIM_READ)
        op_sim_modem_say(modem, "+CUSD: 0");
    if (form == OP_SIM_SET && op_at_field(&values, &mode) && op_at_field(&values, &code) &&
        code.size) {
        if (!op_sim_modem_in_service(modem))
            return -30;
        modem->late = "+CUSD: 4";
    }
    return OP_SIM_END_OK;
}

op_sim_group_t op_sim_commands_network(void)
{
    static const op_sim_command_t rows[] = {
        {"+CPIN", s_cpin, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CIMI", s_cimi, NULL, NULL, NULL, false, OP_SIM_CME},
        {"+CCID", s_ccid, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+ICCID", s_iccid_plain, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+QCCID", s_qccid, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CNUM", s_cnum, NULL, NULL, NULL, false, OP_SIM_CME},
        {"+CFUN", s_cfun, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CREG", s_creg, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CGREG", s_cgreg, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CEREG", s_cereg, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CGATT", s_cgatt, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+COPS", s_cops, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CSQ", s_csq, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CESQ", s_cesq, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CUSD", s_cusd, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
    };
    return (op_sim_group_t){rows, OP_COUNT(rows)};
}
