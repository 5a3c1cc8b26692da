/*  carrier_kit.h - what the tests of the carrier simulator share: to speak to a simulated modem as
    a driver does, octets in and octets out */

#ifndef OP_TESTS_CARRIER_KIT_H
#define OP_TESTS_CARRIER_KIT_H

#include "carrier/carrier.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1770000000000)
#define SHARED "+16176088932"
#define SECOND "+16176088933"
#define PHONE  "+14155550100"

/*  What the modem said to `text`, until the next call. */
static inline const char *s_say_at(op_carrier_t *carrier, size_t modem, const char *text,
                                   int64_t now)
{
    static char said[256 * 1024];
    op_carrier_feed(carrier, modem, op_str(text), now);
    op_buf_t *out = op_carrier_take(carrier, modem);
    assert_true(out->size < sizeof(said));
    if (out->size)
        memcpy(said, out->at, out->size);
    said[out->size] = 0;
    op_buf_clear(out);
    return said;
}

static inline const char *s_say(op_carrier_t *carrier, const char *text)
{
    return s_say_at(carrier, 0, text, NOW);
}

static inline op_carrier_t *s_new(const char *setup)
{
    op_carrier_t *carrier = op_carrier_new(2);
    assert_string_equal(s_say(carrier, "ATE0\r"), "ATE0\r\r\nOK\r\n");
    if (setup) {
        char typed[64];
        snprintf(typed, sizeof(typed), "%s\r", setup);
        assert_string_equal(s_say(carrier, typed), "\r\nOK\r\n");
    }
    return carrier;
}

static inline bool s_print(void *context, const op_carrier_text_t *text)
{
    op_buf_printf(context, "%.*s:%.*s|", (int)text->from.size, text->from.at, (int)text->body.size,
                  text->body.at);
    return true;
}

static inline void s_inbox_is(op_carrier_t *carrier, const char *phone, const char *want)
{
    op_buf_t got = {0};
    op_carrier_inbox(carrier, op_str(phone), 0, s_print, &got);
    op_buf_add_byte(&got, 0);
    assert_string_equal(got.at, want);
    op_buf_free(&got);
}

/*  Sends one part as a driver does; returns the modem's answer to the payload. */
static inline const char *s_send(op_carrier_t *carrier, size_t modem, const char *to,
                                 const op_user_data_t *part, bool report, int64_t now)
{
    op_pdu_t pdu = {.kind = OP_PDU_SUBMIT, .report = report, .user = *part};
    op_buf_t hex = {0};
    char command[32];
    assert_int_equal(op_address_from(op_str(to), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
    snprintf(command, sizeof(command), "AT+CMGS=%u\r", pdu.size);
    const char *prompt = s_say_at(carrier, modem, command, now);
    assert_non_null(strstr(prompt, "\r\n>")); /* whichever form it has */
    op_buf_printf(&hex, "\x1a");
    op_buf_add_byte(&hex, 0);
    const char *answer = s_say_at(carrier, modem, hex.at, now);
    op_buf_free(&hex);
    return answer;
}

static inline const char *s_send_text(op_carrier_t *carrier, size_t modem, const char *to,
                                      const char *body, bool report, int64_t now)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    const char *answer = "";
    assert_int_equal(op_sms_split(op_str(body), 7, &arena, &parts), OP_SMS_OK);
    for (size_t i = 0; i < parts.count; i++)
        answer = s_send(carrier, modem, to, &parts.at[i], report, now);
    op_arena_free(&arena);
    return answer;
}

/*  The PDU behind `head` in what was said. */
static inline op_pdu_t s_pdu_behind(const char *said, const char *head)
{
    op_pdu_t pdu;
    const char *at = strstr(said, head);
    assert_non_null(at);
    at = strstr(at + 2, "\r\n");
    assert_non_null(at);
    at += 2;
    assert_int_equal(op_pdu_decode(op_str_of(at, strcspn(at, "\r")), &pdu), OP_PDU_OK);
    return pdu;
}

static inline void s_body_is(const op_pdu_t *pdu, const char *want)
{
    op_sms_piece_t piece = op_sms_piece(&pdu->user);
    op_buf_t text = {0};
    assert_int_equal(op_sms_join(&piece, 1, &text), OP_SMS_OK);
    op_buf_add_byte(&text, 0);
    assert_string_equal(text.at, want);
    op_buf_free(&text);
}

#endif
