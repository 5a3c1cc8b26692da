/*  The SMS codec as a filter, for tests/differential: a command a line on stdin, an answer a line.

        decode HEX                        fields as name=value, or error=...
        split TO REFERENCE WIDE TEXT      the SUBMITs of a text (in hexadecimal UTF-8), or error=...
        deliver FROM INSTANT QUARTERS DCS UNITS   one DELIVER (seconds; units in hexadecimal) */

#include "modem/pdu.h"
#include "modem/sms.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_LINE_MAX = 1 << 16 };

static void s_print_hex(const char *name, const void *octets, size_t size)
{
    char *hex = op_alloc(2 * size + 1);
    op_hex(octets, size, hex);
    printf(" %s=%s", name, hex);
    free(hex);
}

static void s_print_stamp(const char *name, op_stamp_t stamp)
{
    if (stamp.instant == 0)
        return;
    op_civil_t civil = op_civil_from(stamp.instant + stamp.quarters * 15 * OP_MINUTE_MS);
    printf(" %s=%04d-%02d-%02dT%02d:%02d:%02d/%d", name, civil.year, civil.month, civil.day,
           civil.hour, civil.minute, civil.second, stamp.quarters);
}

static void s_print_user(const op_user_data_t *user)
{
    printf(" dcs=%u class=%d", user->dcs, op_dcs_read(user->dcs).message_class);
    if (user->concat.present)
        printf(" concat=%u/%u/%u", user->concat.reference, user->concat.total,
               user->concat.sequence);
    if (user->ports.present)
        printf(" ports=%u/%u", user->ports.destination, user->ports.origin);
    op_sms_piece_t piece = op_sms_piece(user);
    op_buf_t text = {0};
    if (op_sms_join(&piece, 1, &text) == OP_SMS_OK)
        s_print_hex("text", text.at, text.size);
    else
        s_print_hex("data", user->units, user->count);
    op_buf_free(&text);
}

static void s_decode(const char *hex)
{
    static const char *const kinds[] = {"deliver", "submit", "report"};
    op_pdu_t pdu;
    op_pdu_result_t result = op_pdu_decode(op_str(hex), &pdu);
    if (result != OP_PDU_OK) {
        printf("error=%d", result);
        return;
    }
    printf("kind=%s pid=%u", kinds[pdu.kind], pdu.pid);
    s_print_hex("smsc", pdu.smsc.text, strlen(pdu.smsc.text));
    s_print_hex("peer", pdu.peer.text, strlen(pdu.peer.text));
    if (pdu.kind != OP_PDU_DELIVER)
        printf(" reference=%u", pdu.reference);
    if (pdu.kind == OP_PDU_REPORT)
        printf(" status=%u outcome=%u", pdu.status, op_pdu_outcome(pdu.status));
    if (pdu.has_validity)
        printf(" validity=%u", pdu.validity);
    s_print_stamp("stamp", pdu.stamp);
    s_print_stamp("discharge", pdu.discharge);
    s_print_user(&pdu.user);
}

static void s_print_pdu(op_pdu_t *pdu)
{
    op_buf_t line = {0};
    op_pdu_result_t result = op_pdu_encode(pdu, &line);
    if (result != OP_PDU_OK)
        printf("error=%d ", result);
    else
        printf("%.*s ", (int)line.size, line.at);
    op_buf_free(&line);
}

static void s_split(const char *to, unsigned long reference, bool wide, const char *hex)
{
    op_arena_t arena = {0};
    char *body = op_arena_alloc(&arena, strlen(hex) + 1);
    int size = op_unhex(op_str(hex), body, strlen(hex));
    op_str_t text = op_str_of(body, size < 0 ? 0 : (size_t)size);
    op_sms_parts_t parts = {0};
    op_sms_result_t result =
        wide ? op_sms_split_wide(text, (uint16_t)(reference & 0xffff), &arena, &parts)
             : op_sms_split(text, (uint8_t)(reference & 0xff), &arena, &parts);
    if (result != OP_SMS_OK)
        printf("error=%d", result);
    for (size_t i = 0; i < parts.count; i++) {
        op_pdu_t pdu = {.kind = OP_PDU_SUBMIT, .user = parts.at[i], .report = true};
        pdu.has_validity = true;
        pdu.validity = op_validity_of(OP_DAY_MS);
        if (op_address_from(op_str(to), &pdu.peer) == 0)
            s_print_pdu(&pdu);
    }
    op_arena_free(&arena);
}

static void s_deliver(const char *from, int64_t instant, long quarters, unsigned long dcs,
                      const char *hex)
{
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER,
                    .stamp = {instant * OP_SECOND_MS, (int8_t)quarters},
                    .user = {.dcs = (uint8_t)(dcs & 0xff)}};
    int size = op_unhex(op_str(hex), pdu.user.units, sizeof pdu.user.units);
    pdu.user.count = (uint8_t)(size < 0 ? 0 : size);
    if (op_address_from(op_str(from), &pdu.peer) == 0)
        s_print_pdu(&pdu);
}

/*  The words of a line; missing ones are empty. */
static void s_answer(char *line)
{
    const char *words[6];
    char *rest = NULL;
    for (size_t i = 0; i < OP_COUNT(words); i++) {
        words[i] = strtok_r(i ? NULL : line, " \n", &rest);
        if (!words[i])
            words[i] = "";
    }
    if (strcmp(words[0], "decode") == 0)
        s_decode(words[1]);
    else if (strcmp(words[0], "split") == 0)
        s_split(words[1], strtoul(words[2], NULL, 10), *words[3] == '1', words[4]);
    else if (strcmp(words[0], "deliver") == 0)
        s_deliver(words[1], strtoll(words[2], NULL, 10), strtol(words[3], NULL, 10),
                  strtoul(words[4], NULL, 10), words[5]);
    printf("\n");
    fflush(stdout);
}

int main(void)
{
    char *line = op_alloc(S_LINE_MAX);
    while (fgets(line, S_LINE_MAX, stdin))
        s_answer(line);
    free(line);
    return 0;
}
