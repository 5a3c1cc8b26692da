/*  The group of commands about the modem itself: identity, settings, and what is always the
    same. */

#include "carrier/sim_command.h"

#include "modem/at_lexer.h"

#include <stdio.h>

/*  ---- Identity ---- */

static int s_said(op_sim_modem_t *modem, op_sim_form_t form, const char *text)
{
    if (form == OP_SIM_RUN)
        op_sim_modem_say_text(modem, text, NULL);
    return form == OP_SIM_RUN || form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
}

static int s_cgsn(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_said(modem, form, "$IMEI");
}

static int s_cgmi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_said(modem, form, modem->family->manufacturer);
}

static int s_cgmm(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_said(modem, form, modem->family->model);
}

static int s_cgmr(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    return s_said(modem, form, modem->family->revision);
}

/*  ---- Settings ---- */

static int s_cmee(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return op_sim_number(modem, form, values, "+CMEE", 2, &modem->settings.cmee);
}

static int s_cscs(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    op_str_t name;
    if (form == OP_SIM_TEST) {
        op_sim_modem_say(modem, "+CSCS: (\"GSM\",\"UCS2\")");
    } else if (form == OP_SIM_READ) {
        op_sim_modem_say(modem, "+CSCS: \"%s\"", modem->settings.ucs2 ? "UCS2" : "GSM");
    } else {
        bool given = form == OP_SIM_SET && op_at_field(&values, &name);
        if (!given || (!op_str_is(name, "GSM") && !op_str_is(name, "UCS2")))
            return OP_SIM_END_ERROR;
        modem->settings.ucs2 = op_str_is(name, "UCS2");
    }
    return OP_SIM_END_OK;
}

static int s_clip(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    if (form == OP_SIM_READ) {
        op_sim_modem_say(modem, "+CLIP: %u,1", modem->settings.clip);
        return OP_SIM_END_OK;
    }
    return op_sim_number(modem, form, values, "+CLIP", 1, &modem->settings.clip);
}

static int s_crc(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    return op_sim_number(modem, form, values, "+CRC", 1, &modem->settings.crc);
}

static int s_chup(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values)
{
    (void)values;
    if (form == OP_SIM_RUN)
        modem->knobs[OP_KNOB_RING_NEXT] = 0;
    return form == OP_SIM_RUN || form == OP_SIM_TEST ? OP_SIM_END_OK : OP_SIM_END_ERROR;
}

op_sim_group_t op_sim_commands_modem(void)
{
    static const op_sim_command_t rows[] = {
        {"+CGSN", s_cgsn, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+GSN", s_cgsn, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CGMI", s_cgmi, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+GMI", s_cgmi, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CGMM", s_cgmm, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+GMM", s_cgmm, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CGMR", s_cgmr, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+GMR", s_cgmr, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CMEE", s_cmee, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CSCS", s_cscs, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CLIP", s_clip, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CRC", s_crc, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CHUP", s_chup, NULL, NULL, NULL, false, OP_SIM_NO_SIM},
        {"+CBC", NULL, "+CBC: 0,100", NULL, "", false, OP_SIM_NO_SIM},
        {"+CGEREP", NULL, NULL, "+CGEREP: 0,0", "+CGEREP: (0-2),(0,1)", true, OP_SIM_NO_SIM},
        {"+CPBS", NULL, NULL, "+CPBS: \"SM\",0,250", "+CPBS: (\"SM\",\"ME\")", true, OP_SIM_NO_SIM},
        {"+GCAP", NULL, "+GCAP: +CGSM,+CLTE", NULL, "", false, OP_SIM_NO_SIM},
        {"+WS46", NULL, NULL, "28", "(28)", true, OP_SIM_NO_SIM},
    };
    return (op_sim_group_t){rows, OP_COUNT(rows)};
}
