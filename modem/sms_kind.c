#include "modem/sms_kind.h"

#include <string.h>

enum {
    S_PID_TYPE_0 = 0x40, /* 9.2.3.9 */
    S_PID_CARD = 0x7c,   /* ANSI-136 R-DATA; 7D to 7F: ME download, ME, (U)SIM download */
    S_PID_CARD_LAST = 0x7f,
    S_PORT_WAP_PUSH = 2948, /* registered with IANA: connectionless WAP push */
    S_WSP_PUSH = 0x06,      /* WAP-230-WSP 8.2.4.1: transaction, type, header length, headers */
    S_WSP_MMS = 0xbe,       /* application/vnd.wap.mms-message, as a well-known media type */
    S_WSP_LENGTH_MAX = 30   /* 8.4.2.2: a value's length in one octet; 31: a uintvar follows */
};

static const char s_mms_type[] = "application/vnd.wap.mms-message";

/*  Moves *at behind a uintvar: octets with bit 7 set, and one without. */
static void s_skip_uintvar(op_str_t octets, size_t *at)
{
    while (*at < octets.size && octets.at[*at] & 0x80)
        ++*at;
    ++*at;
}

/*  The content type comes first among a push's headers. */
static bool s_is_mms(const op_user_data_t *user)
{
    op_str_t octets = op_str_of((const char *)user->units, user->count);
    if (octets.size < 3 || octets.at[1] != S_WSP_PUSH)
        return false;
    size_t at = 2;
    s_skip_uintvar(octets, &at);
    uint8_t length = at < octets.size ? (uint8_t)octets.at[at] : 0xff;
    if (length <= S_WSP_LENGTH_MAX + 1)
        at++;
    if (length == S_WSP_LENGTH_MAX + 1)
        s_skip_uintvar(octets, &at);
    if (at >= octets.size)
        return false;
    return (uint8_t)octets.at[at] == S_WSP_MMS ||
           op_str_starts(op_str_of(octets.at + at, octets.size - at), s_mms_type);
}

static op_sms_kind_t s_port_kind(const op_user_data_t *user)
{
    if (user->ports.destination != S_PORT_WAP_PUSH)
        return OP_SMS_KIND_PORT;
    bool first = !user->concat.present || user->concat.sequence == 1;
    return first && s_is_mms(user) ? OP_SMS_KIND_MMS : OP_SMS_KIND_WAP_PUSH;
}

op_sms_kind_t op_sms_kind(const op_pdu_t *pdu)
{
    const op_user_data_t *user = &pdu->user;
    op_dcs_t dcs = op_dcs_read(user->dcs);
    if (pdu->pid == S_PID_TYPE_0)
        return OP_SMS_KIND_SILENT;
    if (pdu->pid >= S_PID_CARD && pdu->pid <= S_PID_CARD_LAST)
        return OP_SMS_KIND_CARD;
    if (dcs.compressed)
        return OP_SMS_KIND_COMPRESSED;
    if (user->ports.present)
        return s_port_kind(user);
    bool alone = !user->concat.present || user->concat.total == 1;
    bool empty = user->count == 0 && alone;
    if (dcs.alphabet == OP_ALPHABET_8BIT)
        return OP_SMS_KIND_BINARY;
    if (dcs.waiting == OP_WAITING_DISCARD || (dcs.waiting == OP_WAITING_STORE && empty))
        return OP_SMS_KIND_WAITING;
    if (empty)
        return OP_SMS_KIND_EMPTY;
    return dcs.message_class == 0 ? OP_SMS_KIND_FLASH : OP_SMS_KIND_TEXT;
}

const char *op_sms_kind_text(op_sms_kind_t kind)
{
    switch (kind) {
    case OP_SMS_KIND_TEXT:
        return "a text";
    case OP_SMS_KIND_SILENT:
        return "a silent message";
    case OP_SMS_KIND_CARD:
        return "for the SIM or the equipment";
    case OP_SMS_KIND_COMPRESSED:
        return "compressed";
    case OP_SMS_KIND_MMS:
        return "the notice of an MMS";
    case OP_SMS_KIND_WAP_PUSH:
        return "a WAP push";
    case OP_SMS_KIND_PORT:
        return "for an application port";
    case OP_SMS_KIND_BINARY:
        return "8-bit data";
    case OP_SMS_KIND_WAITING:
        return "a message waiting indication";
    case OP_SMS_KIND_EMPTY:
        return "without text";
    case OP_SMS_KIND_FLASH:
        return "a flash text";
    }
    return "unknown kind";
}

bool op_sms_kind_is_text(op_sms_kind_t kind)
{
    return kind == OP_SMS_KIND_TEXT || kind == OP_SMS_KIND_FLASH;
}
