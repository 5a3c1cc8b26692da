/*  inbound_fixture.h - what the modem fixture needs for texts that come in */

#ifndef OP_TESTS_INBOUND_FIXTURE_H
#define OP_TESTS_INBOUND_FIXTURE_H

#include "tests/modem_fixture.h"

/*  ---- The network ---- */

/*  A DELIVER in hexadecimal, in memory that lasts as long as the test. */
static inline const char *s_deliver(const char *from, const op_user_data_t *user, int64_t second)
{
    static op_buf_t made[64];
    static size_t next;
    op_buf_t *hex = &made[next++ % OP_COUNT(made)];
    op_buf_clear(hex);
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .stamp = {DRIVE_NOW + second * 1000, 0}, .user = *user};
    assert_int_equal(op_address_from(op_str(from), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, hex), OP_PDU_OK);
    op_buf_add_byte(hex, 0);
    return hex->at;
}

/*  The i-th part of a text that takes `count`. */
static inline const char *s_part(const char *from, const char *body, uint8_t reference, size_t i,
                                 size_t count, int64_t second)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    assert_int_equal(op_sms_split(op_str(body), reference, &arena, &parts), OP_SMS_OK);
    assert_int_equal(parts.count, count);
    const char *hex = s_deliver(from, &parts.at[i], second);
    op_arena_free(&arena);
    return hex;
}

static inline const char *s_pdu(const char *body, int64_t second)
{
    return s_part(PEER, body, 0, 0, 1, second);
}

static inline const char *s_long(char salt)
{
    static char body[401];
    for (size_t i = 0; i < sizeof body - 1; i++)
        body[i] = (char)('a' + (i + (size_t)salt) % 26);
    return body;
}

/*  Texts that were told to the ledger since the event began, joined by blanks. */
static inline void s_expect_texts(const char *expected)
{
    op_buf_t told = {0};
    const op_text_received_t *text;
    for (size_t i = 0; (text = CORE_FIND(&s_core, "ledger", text_received, i)) != NULL; i++) {
        op_buf_printf(&told, "%s%.*s", i ? " " : "", (int)text->body.size, text->body.at);
        assert_true(op_str_is(text->line, LINE));
        assert_true(op_id_is_none(text->after));
    }
    op_buf_add_byte(&told, 0);
    assert_string_equal(told.at, expected);
    op_buf_free(&told);
}

static inline size_t s_quarantined(void)
{
    return drive_rows(s_core.store, "modem/X");
}

/*  The modem announces a message, is asked for it, and hands it out; the core then deletes it. */
static inline void s_announce(unsigned slot)
{
    char text[40], command[20];
    snprintf(text, sizeof text, "\r\n+CMTI: \"SM\",%u\r\n", slot);
    snprintf(command, sizeof command, "AT+CMGR=%u\r", slot);
    tty_dialogue(&s_core, text, command);
}

static inline void s_read(const char *hex)
{
    op_buf_t answer = {0};
    op_buf_printf(&answer, "\r\n+CMGR: 0,,24\r\n%s\r\n\r\nOK\r\n", hex);
    op_buf_add_byte(&answer, 0);
    tty_say(&s_core, answer.at);
    op_buf_free(&answer);
}

static inline void s_arrive(unsigned slot, const char *hex, const char *expected)
{
    char command[20];
    s_announce(slot);
    s_read(hex);
    s_expect_texts(expected);
    snprintf(command, sizeof command, "AT+CMGD=%u\r", slot);
    tty_expect(&s_core, command);
    tty_dialogue(&s_core, OK, "");
}

/*  The modem has the memory SM alone: what a sweep asks for behind it. */
static inline void s_no_more(void)
{
    tty_expect(&s_core, "AT+CPMS=\"ME\"\r");
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "AT+CPMS=\"SR\"\r");
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "");
}

/*  The list of the storage: slots from 1 on; NULL: a header without a PDU. */
static inline void s_list(const char *const *pdus, size_t count)
{
    op_buf_t answer = {0};
    for (size_t i = 0; i < count; i++) {
        op_buf_printf(&answer, "\r\n+CMGL: %zu,1,,24\r\n", i + 1);
        if (pdus[i])
            op_buf_printf(&answer, "%s\r\n", pdus[i]);
    }
    op_buf_printf(&answer, OK);
    op_buf_add_byte(&answer, 0);
    tty_say(&s_core, answer.at);
    op_buf_free(&answer);
}

static inline void s_list_one(unsigned slot, const char *hex)
{
    char answer[600];
    snprintf(answer, sizeof answer, "\r\n+CMGL: %u,1,,24\r\n%s\r\n" OK, slot, hex);
    tty_say(&s_core, answer);
}

/*  How many lines of the log say so. */
static inline size_t s_said(const char *what)
{
    size_t said = 0;
    for (size_t i = 0; i < s_core.out.log_count; i++)
        said += memmem(s_core.out.logs[i].at, s_core.out.logs[i].size, what, strlen(what)) != NULL;
    return said;
}

#endif
