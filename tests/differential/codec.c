/*  The SMS codec as a filter, for tests/differential: a command a line on stdin, an answer a line.

        decode HEX                        fields as name=value, or error=...
        split TO REFERENCE WIDE TEXT      the SUBMITs of a text (in hexadecimal UTF-8), or error=...
        deliver FROM INSTANT QUARTERS DCS UNITS   one DELIVER (seconds; units in hexadecimal)

    and its pieces; texts, octets and lines are in hexadecimal:

        septets TEXT                      of the default alphabet; nothing: it cannot be said so
        text LOCKING SINGLE SEPTETS       the text, with these national tables (0: the default)
        pack FILL SEPTETS, unpack FILL COUNT OCTETS
        address SMSC TEXT, readaddress SMSC OCTETS     the latter: octets read, and the text
        period VALIDITY (ms), validity MS, stamp OCTETS, header OCTETS
        final LINE                        a final result's name, or none
        registration ASKED LINE, memories LINE, cnmi LINE   see modem/at_answer.h */

#include "modem/at_answer.h"
#include "modem/at_line.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_LINE_MAX = 1 << 18, S_OCTETS_MAX = 4096 };

static void s_print_hex(const char *name, const void *octets, size_t size)
{
    char *hex = op_alloc(2 * size + 1);
    op_hex(octets, size, hex);
    printf(" %s%s%s", name, *name ? "=" : "", hex);
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

/*  ---- Pieces ---- */

static op_str_t s_octets(const char *hex, char octets[S_OCTETS_MAX])
{
    int size = op_unhex(op_str(hex), octets, S_OCTETS_MAX);
    return op_str_of(octets, size < 0 ? 0 : (size_t)size);
}

static void s_alphabet(const char *command, const char *const words[])
{
    char octets[S_OCTETS_MAX];
    uint8_t out[S_OCTETS_MAX];
    op_buf_t text = {0};
    if (strcmp(command, "septets") == 0) {
        ptrdiff_t count = op_gsm7_encode(s_octets(words[1], octets), out, sizeof out);
        s_print_hex("", out, count < 0 ? 0 : (size_t)count);
    } else if (strcmp(command, "text") == 0) {
        op_str_t septets = s_octets(words[3], octets);
        op_gsm7_shift_t shift = {.locking = (uint8_t)atoi(words[1]),
                                 .single = (uint8_t)atoi(words[2])};
        op_gsm7_decode((const uint8_t *)septets.at, septets.size, shift, &text);
        s_print_hex("", text.at, text.size);
    } else if (strcmp(command, "pack") == 0) {
        op_str_t septets = s_octets(words[2], octets);
        s_print_hex(
            "", out,
            op_gsm7_pack((const uint8_t *)septets.at, septets.size, (unsigned)atoi(words[1]), out));
    } else {
        op_str_t packed = s_octets(words[3], octets);
        s_print_hex("", out,
                    op_gsm7_unpack((const uint8_t *)packed.at, packed.size,
                                   (unsigned)atoi(words[1]), out, (size_t)atoi(words[2])));
    }
    op_buf_free(&text);
}

static void s_address(const char *const words[])
{
    char octets[S_OCTETS_MAX];
    uint8_t out[OP_ADDRESS_OCTETS];
    op_address_t address;
    int size = op_address_from(s_octets(words[2], octets), &address) == 0
                   ? op_address_write(&address, *words[1] == '1', out)
                   : -1;
    s_print_hex("", out, size < 0 ? 0 : (size_t)size);
}

static void s_read_address(const char *const words[])
{
    char octets[S_OCTETS_MAX];
    op_address_t address;
    op_str_t in = s_octets(words[2], octets);
    printf("%d", op_address_read((const uint8_t *)in.at, in.size, *words[1] == '1', &address));
    s_print_hex("", address.text, strlen(address.text));
}

static void s_header(const char *hex)
{
    char octets[S_OCTETS_MAX];
    op_str_t in = s_octets(hex, octets);
    op_header_t says = op_header_read((const uint8_t *)in.at, in.size);
    if (says.concat.present)
        printf(" concat=%u/%u/%u", says.concat.reference, says.concat.total, says.concat.sequence);
    if (says.ports.present)
        printf(" ports=%u/%u", says.ports.destination, says.ports.origin);
}

static void s_stamp(const char *hex)
{
    char octets[S_OCTETS_MAX];
    op_str_t in = s_octets(hex, octets);
    if (in.size == OP_STAMP_OCTETS)
        s_print_stamp("stamp", op_stamp_read((const uint8_t *)in.at));
}

static void s_line(const char *command, const char *const words[])
{
    char octets[S_OCTETS_MAX], memory[3][OP_MEMORY_MAX + 1];
    op_at_result_t result;
    int code;
    unsigned cnmi[OP_CNMI];
    if (strcmp(command, "registration") == 0)
        printf("%d", op_at_registration(s_octets(words[2], octets), *words[1] == '1'));
    else if (strcmp(command, "final") == 0)
        printf("%s", op_at_line_final(s_octets(words[1], octets), OP_STR("AT"), &result, &code)
                         ? op_at_result_name(result)
                         : "none");
    else if (strcmp(command, "memories") == 0) {
        op_at_memories(s_octets(words[1], octets), memory);
        printf("%s %s %s", memory[0], memory[1], memory[2]);
    } else if (op_at_cnmi(s_octets(words[1], octets), 2, 0, cnmi))
        for (size_t i = 0; i < OP_CNMI; i++)
            printf(" %u", cnmi[i]);
}

static bool s_is_one_of(const char *word, const char *const *names)
{
    while (*names && strcmp(word, *names) != 0)
        names++;
    return *names != NULL;
}

static void s_piece(const char *const words[])
{
    static const char *const alphabet[] = {"septets", "text", "pack", "unpack", NULL};
    static const char *const lines[] = {"registration", "final", "memories", "cnmi", NULL};
    if (s_is_one_of(words[0], alphabet))
        s_alphabet(words[0], words);
    else if (s_is_one_of(words[0], lines))
        s_line(words[0], words);
    else if (strcmp(words[0], "address") == 0)
        s_address(words);
    else if (strcmp(words[0], "readaddress") == 0)
        s_read_address(words);
    else if (strcmp(words[0], "header") == 0)
        s_header(words[1]);
    else if (strcmp(words[0], "stamp") == 0)
        s_stamp(words[1]);
    else if (strcmp(words[0], "period") == 0)
        printf("%lld", (long long)op_validity_ms((uint8_t)atoi(words[1])));
    else if (strcmp(words[0], "validity") == 0)
        printf("%u", op_validity_of(strtoll(words[1], NULL, 10)));
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
    else
        s_piece(words);
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
