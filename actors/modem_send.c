/*  modem_send.c - parts on their way to the network: the journal of outbound texts, see modem.h

    Before AT+CMGS leaves, the row says "in the air"; when the network has the part, the row counts
    it and its message reference is kept for the status report (modem_report.c). */

#include "actors/failure.h"
#include "actors/modem_private.h"
#include "base/instant.h"
#include "base/plant.h"
#include "modem/at_line.h"
#include "modem/cms_error.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <stdio.h>
#include <string.h>

enum { NO_REFERENCE = -1, BURST_MS = 1000, MINUTES = 2 /* the place of a pause */ };

/*  ---- Submitting ---- */

/*  Until when the service centre need not try: the text's time to live. */
static void s_set_validity(op_pdu_t *pdu, const op_queue_row_t *row, int64_t now)
{
    pdu->has_validity = !row->plain && row->expires > now;
    if (pdu->has_validity)
        pdu->validity = op_validity_of(row->expires - now);
}

/*  The PDU of the row's next part and, in *parts, how many there are. False: there is no such part.
    */
static bool s_encode(const op_queue_row_t *row, int64_t now, op_pdu_t *pdu, op_buf_t *hex,
                     size_t *count)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    op_sms_result_t split =
        row->wide ? op_sms_split_wide(row->body, (uint16_t)row->reference, &arena, &parts)
                  : op_sms_split(row->body, (uint8_t)row->reference, &arena, &parts);
    bool can =
        split == OP_SMS_OK && row->sent < parts.count && op_address_from(row->to, &pdu->peer) == 0;
    if (can) {
        *count = parts.count;
        pdu->user = parts.at[row->sent];
        pdu->report = row->asked;
        s_set_validity(pdu, row, now);
        can = op_pdu_encode(pdu, hex) == OP_PDU_OK;
    }
    op_arena_free(&arena);
    return can;
}

/*  Asks for the radio link to stay open between the parts of one text (TS 27.005 3.5.6): once a
    burst, and never again after an error. True: the question is out. */
static bool s_open_burst(op_line_t *line, const op_event_t *event, bool more)
{
    bool open = line->burst_at && event->now - line->burst_at <= BURST_MS;
    if (!more || line->no_burst || open)
        return false;
    op_line_command(line, OP_JOB_BURST, OP_STR("AT+CMMS=1"), "", (op_str_t){0},
                    event->now + OP_COMMAND_MS);
    return true;
}

void op_send_burst_done(op_line_t *line, const op_event_t *event, const op_at_action_t *done)
{
    line->no_burst = done->result != OP_AT_OK;
    line->burst_at = event->now;
}

/*  Starts the next part: the row says so before the command leaves. False: there is no such part.
    */
static bool s_submit(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_key_t *key, op_queue_row_t *row)
{
    op_buf_t hex = {0};
    op_pdu_t pdu = {.kind = OP_PDU_SUBMIT};
    size_t count = 0;
    row->asked = self->reports;
    bool can = s_encode(row, event->now, &pdu, &hex, &count);
    if (can && !s_open_burst(line, event, row->sent + 1 < count)) {
        char command[32];
        snprintf(command, sizeof command, "AT+CMGS=%u", pdu.size);
        if (row->sent == 0 && row->tries == 0)
            op_queue_tell(turn, row, OP_TEXT_SENDING, OP_FAILURE_NONE);
        row->in_air = true;
        row->submitted = event->now;
        row->device = op_str(line->device);
        row->imei = op_str(line->is.imei);
        op_turn_put(turn, key, &op_queue_row_type, row);
        line->flying = true;
        op_send_remember(line, key, row);
        op_line_command(line, OP_JOB_SUBMIT, op_str(command), "+CMGS:", op_buf_str(&hex),
                        event->now + (int64_t)self->send_timeout_ms);
    }
    op_buf_free(&hex);
    return can;
}

/*  A SIM that may not send is asked again now and then, and receives all the while. */
static bool s_is_barred(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (line->barred_until > event->now)
        return true;
    if (line->barred_until) {
        line->barred_until = 0;
        op_line_tell_state(line, turn, true);
    }
    return false;
}

bool op_send_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    bool nothing_due = line->queue_empty && (!line->idle_until || line->idle_until > event->now);
    if (self->draining || s_is_barred(line, event, turn) || nothing_due)
        return false;
    op_key_t key;
    op_queue_row_t row;
    while (op_queue_pick(line, event, turn, &key, &row)) {
        if (row.expires <= event->now) {
            bool doubt = row.sent || !op_id_is_none(row.doubt);
            op_queue_settle(line, turn, &key, &row, OP_TEXT_FAILED,
                            doubt ? OP_FAILURE_UNKNOWN_OUTCOME : OP_FAILURE_EXPIRED);
            continue;
        }
        if (s_submit(self, line, event, turn, &key, &row))
            return true;
        op_queue_settle(line, turn, &key, &row, OP_TEXT_FAILED, OP_FAILURE_NOT_SENDABLE);
    }
    return false;
}

/*  ---- What came of it ---- */

/*  The network has the part: on to the next one, or done. */
static void s_part_taken(op_line_t *line, op_turn_t *turn, const op_key_t *key, op_queue_row_t *row)
{
    row->sent += OP_PLANTED(DROP_PART) && row->sent == 1 ? 2 : 1;
    row->in_air = false;
    row->tries = 0;
    row->error = (op_str_t){0};
    row->doubt = (op_id_t){{0}};
    if (row->sent >= op_sms_count(row->body, row->wide))
        op_queue_settle(line, turn, key, row, OP_TEXT_SENT, OP_FAILURE_NONE);
    else
        op_turn_put(turn, key, &op_queue_row_type, row);
}

/*  The same, with the message reference that the modem gave; NO_REFERENCE: it gave none. */
static void s_answered(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_key_t *key, op_queue_row_t *row, int reference)
{
    op_queue_row_t taken = *row;
    s_part_taken(line, turn, key, row);
    if (taken.asked && reference != NO_REFERENCE)
        op_report_expect(line, event, turn, key, &taken, (uint64_t)reference);
}

/*  The part was not taken, and may be tried again, after that pause at least. */
static void s_try_after(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                        const op_key_t *key, op_queue_row_t *row, op_failure_t failure,
                        uint64_t pause)
{
    row->in_air = false;
    if (row->tries >= OP_RETRIES_MAX) {
        bool doubt = !op_id_is_none(row->doubt);
        op_queue_settle(line, turn, key, row, OP_TEXT_FAILED,
                        doubt ? OP_FAILURE_UNKNOWN_OUTCOME : failure);
        return;
    }
    if (OP_PLANTED(RESEND_CONFIRMED))
        row->sent = 0;
    int64_t by = op_queue_pause(row->tries > pause ? row->tries : pause);
    row->tries++;
    op_queue_postpone(line, turn, key, row, event->now + by);
    line->queue_empty = false;
}

static void s_try_later(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                        const op_key_t *key, op_queue_row_t *row, op_failure_t failure)
{
    s_try_after(line, event, turn, key, row, failure, 0);
}

/*  Nobody knows whether the part was taken. A status report may settle it, within a time; a login
    code does not wait for it. */
static void s_unknown(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_key_t *key, op_queue_row_t *row)
{
    bool resend = row->code || self->resend_unknown || OP_PLANTED(RESEND_UNKNOWN);
    op_queue_row_t lost = *row;
    if (row->asked)
        row->doubt = op_turn_new_id(turn);
    if (resend)
        s_try_later(line, event, turn, key, row, OP_FAILURE_UNKNOWN_OUTCOME);
    else if (row->asked)
        op_queue_hold(self, event, turn, key, row);
    else
        op_queue_settle(line, turn, key, row, OP_TEXT_FAILED,
                        OP_PLANTED(WRONG_REASON) ? OP_FAILURE_REJECTED
                                                 : OP_FAILURE_UNKNOWN_OUTCOME);
    if (lost.asked) {
        lost.doubt = row->doubt;
        op_report_expect(line, event, turn, key, &lost, OP_REFERENCE_UNKNOWN);
    }
}

void op_send_proven(op_line_t *line, op_turn_t *turn, const op_report_row_t *report, op_id_t doubt)
{
    op_key_t key;
    op_queue_row_t row;
    if (op_queue_find(line, turn, report->code, report->queued, &key, &row) && !row.in_air &&
        row.sent == report->part && op_id_equal(row.doubt, doubt))
        s_part_taken(line, turn, &key, &row);
}

/*  What a try was answered with, as it is shown to whoever operates it. */
static op_str_t s_error(op_turn_t *turn, op_at_result_t result, int code)
{
    return code < 0 ? op_str(op_at_result_name(result))
                    : op_turn_text(turn, "%s %d", op_at_result_name(result), code);
}

static void s_log_refusal(const op_line_t *line, op_turn_t *turn, const op_queue_row_t *row,
                          const char *class)
{
    op_str_t other = op_turn_request(turn);
    op_turn_on_behalf(turn, row->request);
    op_turn_log(turn, "line=%zu error=\"%.*s\" class=%s a text was refused", line->index,
                (int)row->error.size, row->error.size ? row->error.at : "", class);
    op_turn_on_behalf(turn, other);
}

/*  One may be the recipient's fault, several in a row are the SIM's. */
static void s_barred(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (++line->barred < OP_BARRED_MAX)
        return;
    op_line_trouble(line, turn, OP_TROUBLE_BARRED);
    line->barred_until = event->now + OP_STOP_MS;
    op_line_tell_state(line, turn, false);
}

/*  Refused behind the PDU, with an error of this class. */
static void s_refused(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      op_queue_row_t *row, op_cms_class_t class)
{
    const op_key_t key = line->flight;
    s_log_refusal(line, turn, row, op_cms_class_name(class));
    switch (class) {
    case OP_CMS_FULL:
        line->sweep_at = event->now;
        s_try_later(line, event, turn, &key, row, OP_FAILURE_NO_SERVICE);
        return;
    case OP_CMS_VALIDITY:
        row->plain = true;
        s_try_later(line, event, turn, &key, row, OP_FAILURE_REJECTED);
        return;
    case OP_CMS_SIM:
        s_try_later(line, event, turn, &key, row, OP_FAILURE_NO_SERVICE);
        line->fail_because = "the SIM is missing, locked or broken";
        return;
    case OP_CMS_TEMPORARY:
        s_try_later(line, event, turn, &key, row, OP_FAILURE_NO_SERVICE);
        return;
    case OP_CMS_LASTING:
        s_try_after(line, event, turn, &key, row, OP_FAILURE_NO_SERVICE, MINUTES);
        return;
    case OP_CMS_ONCE:
        if (row->tries == 0)
            s_try_after(line, event, turn, &key, row, OP_FAILURE_REJECTED, MINUTES);
        else
            op_queue_settle(line, turn, &key, row, OP_TEXT_FAILED, OP_FAILURE_REJECTED);
        return;
    case OP_CMS_BARRED:
        op_queue_settle(line, turn, &key, row, OP_TEXT_FAILED, OP_FAILURE_NO_SERVICE);
        s_barred(line, event, turn);
        return;
    case OP_CMS_REJECTED:
        op_queue_settle(line, turn, &key, row, OP_TEXT_FAILED, OP_FAILURE_REJECTED);
        return;
    case OP_CMS_UNREACHABLE:
        op_queue_settle(line, turn, &key, row, OP_TEXT_FAILED, OP_FAILURE_UNREACHABLE);
        return;
    case OP_CMS_ACCEPTED:
        s_answered(line, event, turn, &key, row, NO_REFERENCE);
        return;
    case OP_CMS_IN_DOUBT:
        s_unknown(self, line, event, turn, &key, row);
        return;
    }
}

/*  "+CMGS: <mr>[,...]" */
static int s_reference(op_str_t line)
{
    char text[32];
    unsigned reference;
    op_str_copy(op_str_of(line.at, line.size < sizeof text ? line.size : sizeof text - 1), text,
                sizeof text);
    return sscanf(text, "+CMGS: %u", &reference) == 1 && reference <= UINT8_MAX ? (int)reference
                                                                                : NO_REFERENCE;
}

/*  +CMGS proves that the network has the part, whatever became of the OK behind it. False: it did
    not come. */
static bool s_accepted(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       op_queue_row_t *row, const op_at_action_t *done)
{
    for (size_t i = 0; i < done->line_count; i++)
        if (op_str_starts(done->lines[i], "+CMGS:")) {
            op_key_t key = line->flight;
            s_answered(line, event, turn, &key, row, s_reference(done->lines[i]));
            return true;
        }
    return false;
}

/*  A modem that answers everything but texts is restarted, and at last left alone, like one that
    answers nothing: each time it counts as all the failures that a restart takes. */
static void s_is_silent(op_line_t *line)
{
    if (line->silent < OP_SILENT_MAX)
        return;
    line->failures = (line->failures / OP_RESET_EVERY + 1) * OP_RESET_EVERY - 1;
    line->fail_because = "the modem takes commands, but says nothing of texts";
}

static void s_is_heard(op_line_t *line)
{
    if (line->silent)
        line->failures = 0;
    line->silent = 0;
}

/*  Where the PDU has left, what follows is decided behind the drain, when nothing can come any
    more. */
static void s_note_silence(op_line_t *line, const op_at_action_t *done)
{
    bool silent = done->result == OP_AT_TIMEOUT || done->result == OP_AT_NO_PROMPT;
    if (silent)
        line->silent++;
    else if (done->result != OP_AT_LOST)
        s_is_heard(line);
    if (silent && !done->payload_sent)
        s_is_silent(line);
}

void op_send_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const op_at_action_t *done)
{
    op_queue_row_t row;
    line->flying = false;
    if (done->result == OP_AT_OK) {
        op_line_count(line, turn, OP_METRIC_MODEM_SENDS, 1, NULL);
        line->troubles &= ~(1U << OP_TROUBLE_BARRED);
        line->troubles_said &= ~(1U << OP_TROUBLE_BARRED);
        line->barred = 0;
    } else
        op_line_count(line, turn, OP_METRIC_MODEM_ERRORS, 1, op_at_result_name(done->result));
    s_note_silence(line, done);
    if (line->burst_at)
        line->burst_at = event->now;
    if (!op_turn_get(turn, &line->flight, &op_queue_row_type, &row))
        return;
    if (done->result != OP_AT_OK)
        row.error = s_error(turn, done->result, done->code);
    if (!done->payload_sent) { /* the PDU never left */
        s_log_refusal(line, turn, &row, "not_submitted");
        s_try_later(line, event, turn, &line->flight, &row, OP_FAILURE_NO_SERVICE);
        return;
    }
    switch (done->result) {
    case OP_AT_OK: /* without +CMGS it may be another command's */
        if (!s_accepted(line, event, turn, &row, done))
            s_refused(self, line, event, turn, &row, OP_CMS_IN_DOUBT);
        return;
    case OP_AT_ERROR:
    case OP_AT_CMS_ERROR:
        s_refused(self, line, event, turn, &row, op_cms_class(done->code));
        return;
    case OP_AT_CME_ERROR:
        s_refused(self, line, event, turn, &row, op_cme_class(done->code));
        return;
    case OP_AT_TIMEOUT:
    case OP_AT_NO_PROMPT:
    case OP_AT_LOST:
        if (s_accepted(line, event, turn, &row, done)) {
            s_is_heard(line);
            return;
        }
        line->doubt = true; /* the drain that follows settles it */
        line->doubt_until = event->now + (int64_t)self->send_timeout_ms;
        line->late_answer &= OP_PLANTED(LATE_TO_NEXT);
        line->late_error = false;
        return;
    }
}

/*  ---- In doubt ---- */

void op_send_remember(op_line_t *line, const op_key_t *key, const op_queue_row_t *row)
{
    line->flight = *key;
    op_str_copy(row->device, line->flight_device, sizeof line->flight_device);
    op_str_copy(row->imei, line->flight_imei, sizeof line->flight_imei);
}

/*  Is that the modem that has the part? The one that the line has now may be another, whose answer
    is to what another line has written. */
static bool s_is_asked(const op_line_t *line, const char *imei)
{
    bool unknown = !*line->flight_device; /* of a row from before */
    return unknown || strcmp(line->device, line->flight_device) == 0 ||
           (*imei && strcmp(imei, line->flight_imei) == 0);
}

void op_send_late(op_line_t *line, const char *imei, op_str_t answer)
{
    bool settled = !line->doubt && !OP_PLANTED(LATE_TO_NEXT); /* its outcome has been told */
    if (settled || !s_is_asked(line, imei))
        return;
    if (op_str_starts(answer, "+CMGS:")) {
        line->late_answer = true;
        line->late_reference = s_reference(answer);
        return;
    }
    op_at_result_t result;
    int code;
    if (line->doubt && op_at_line_final(answer, OP_STR(""), &result, &code) &&
        result == OP_AT_CMS_ERROR && code >= 0) {
        line->late_error = true;
        line->late_code = code;
    }
}

void op_send_settle_doubt(op_modem_t *self, op_line_t *line, const op_event_t *event,
                          op_turn_t *turn)
{
    if (!line->doubt)
        return;
    line->doubt = false;
    op_queue_row_t row;
    if (!op_turn_get(turn, &line->flight, &op_queue_row_type, &row))
        return;
    /* Nothing was submitted since, so a late answer can only be the answer to this part. */
    op_key_t key = line->flight;
    if (line->late_answer || line->late_error)
        s_is_heard(line);
    if (line->late_answer || (line->late_error && OP_PLANTED(LATE_ERROR_TAKEN)))
        s_answered(line, event, turn, &key, &row, line->late_reference);
    else if (line->late_error) {
        row.error = s_error(turn, OP_AT_CMS_ERROR, line->late_code);
        s_refused(self, line, event, turn, &row, op_cms_class(line->late_code));
    } else {
        s_unknown(self, line, event, turn, &key, &row);
        s_is_silent(line);
    }
    line->late_error = false;
}
