/*  A cursor over octets reads fields in the standard's order; the first field that is missing makes
    it fail for good, so that the layouts below read like the tables of 9.2.2 and check once. */

#include "modem/pdu.h"

#include <string.h>

/*  The first octet (9.2.3.1 to 9.2.3.25); MMS and RD share a bit, and so do SRR, SRI and SRQ. */
enum {
    S_MTI = 0x03,
    S_NO_MORE = 0x04,
    S_REJECT_DUPLICATES = 0x04,
    S_VALIDITY = 0x18,
    S_VALIDITY_RELATIVE = 0x10,
    S_REPORT = 0x20,
    S_HEADER = 0x40,
    S_REPLY_PATH = 0x80
};

/*  TP-PI (9.2.3.27): which optional fields follow. */
enum { S_PI_PID = 0x01, S_PI_DCS = 0x02, S_PI_USER = 0x04, S_PI_MORE = 0x80 };

enum { S_VALIDITY_LONG = 7 }; /* octets of the absolute and enhanced forms */

const char *op_pdu_result_text(op_pdu_result_t result)
{
    switch (result) {
    case OP_PDU_OK:
        return "ok";
    case OP_PDU_BAD_HEX:
        return "not hexadecimal";
    case OP_PDU_TOO_LONG:
        return "too long";
    case OP_PDU_TRUNCATED:
        return "truncated";
    case OP_PDU_BAD_ADDRESS:
        return "bad address";
    case OP_PDU_BAD_HEADER:
        return "user data header longer than the user data";
    case OP_PDU_BAD_DATA:
        return "too much user data";
    }
    return "unknown result";
}

op_pdu_outcome_t op_pdu_outcome(uint8_t status)
{
    uint8_t value = status & 0x1f;
    bool own = value & 0x10;
    switch (status >> 5) {
    case 0:
        return own || value <= 0x02 ? OP_PDU_OUTCOME_DELIVERED : OP_PDU_OUTCOME_GIVEN_UP;
    case 1:
        return own || value <= 0x05 ? OP_PDU_OUTCOME_TRYING : OP_PDU_OUTCOME_GIVEN_UP;
    case 2:
        return own || value <= 0x09 ? OP_PDU_OUTCOME_FAILED : OP_PDU_OUTCOME_GIVEN_UP;
    default:
        return OP_PDU_OUTCOME_GIVEN_UP;
    }
}

/*  ---- Decoding ---- */

typedef struct {
    const uint8_t *at;
    size_t left;
    op_pdu_result_t result;
} s_cursor_t;

static const uint8_t *s_take(s_cursor_t *self, size_t size)
{
    if (self->result != OP_PDU_OK)
        return NULL;
    if (size > self->left) {
        self->result = OP_PDU_TRUNCATED;
        return NULL;
    }
    const uint8_t *at = self->at;
    self->at += size;
    self->left -= size;
    return at;
}

static uint8_t s_octet(s_cursor_t *self)
{
    const uint8_t *at = s_take(self, 1);
    return at ? *at : 0;
}

static op_stamp_t s_stamp(s_cursor_t *self)
{
    const uint8_t *at = s_take(self, OP_STAMP_OCTETS);
    return at ? op_stamp_read(at) : (op_stamp_t){0};
}

static void s_address(s_cursor_t *self, bool smsc, op_address_t *address)
{
    if (self->result != OP_PDU_OK)
        return;
    int size = op_address_read(self->at, self->left, smsc, address);
    if (size < 0 && smsc && self->at[0] < self->left)
        size =
            1 + self->at[0]; /* longer than any, and of no use: its own length says what follows */
    if (size > 0)
        s_take(self, (size_t)size);
    else
        self->result = size < 0 ? OP_PDU_BAD_ADDRESS : OP_PDU_TRUNCATED;
}

static void s_user(s_cursor_t *self, uint8_t dcs, bool has_header, op_user_data_t *user)
{
    if (self->result != OP_PDU_OK)
        return;
    switch (op_user_data_read(self->at, self->left, dcs, has_header, user)) {
    case OP_USER_DATA_OK:
        break;
    case OP_USER_DATA_TRUNCATED:
        self->result = OP_PDU_TRUNCATED;
        break;
    case OP_USER_DATA_HEADER:
        self->result = OP_PDU_BAD_HEADER;
        break;
    }
}

static void s_read_deliver(s_cursor_t *self, uint8_t first, op_pdu_t *pdu)
{
    pdu->reply_path = first & S_REPLY_PATH;
    pdu->more = !(first & S_NO_MORE);
    s_address(self, false, &pdu->peer);
    pdu->pid = s_octet(self);
    uint8_t dcs = s_octet(self);
    pdu->stamp = s_stamp(self);
    s_user(self, dcs, first & S_HEADER, &pdu->user);
}

static void s_read_submit(s_cursor_t *self, uint8_t first, op_pdu_t *pdu)
{
    pdu->reply_path = first & S_REPLY_PATH;
    pdu->reject_duplicates = first & S_REJECT_DUPLICATES;
    pdu->reference = s_octet(self);
    s_address(self, false, &pdu->peer);
    pdu->pid = s_octet(self);
    uint8_t dcs = s_octet(self);
    if ((first & S_VALIDITY) == S_VALIDITY_RELATIVE) {
        pdu->has_validity = true;
        pdu->validity = s_octet(self);
    } else if (first & S_VALIDITY) {
        s_take(self, S_VALIDITY_LONG);
    }
    s_user(self, dcs, first & S_HEADER, &pdu->user);
}

/*  The optional fields of a report add nothing that matters: where they make no sense the report
    still counts, without them. */
static void s_read_report_options(s_cursor_t self, uint8_t first, op_pdu_t *pdu)
{
    if (self.left == 0)
        return;
    uint8_t present = s_octet(&self);
    for (uint8_t more = present; more & S_PI_MORE && self.result == OP_PDU_OK;)
        more = s_octet(&self);
    uint8_t pid = present & S_PI_PID ? s_octet(&self) : 0;
    uint8_t dcs = present & S_PI_DCS ? s_octet(&self) : 0;
    op_user_data_t user = {.dcs = dcs, .alphabet = op_dcs_read(dcs).alphabet};
    if (present & S_PI_USER)
        s_user(&self, dcs, first & S_HEADER, &user);
    if (self.result != OP_PDU_OK)
        return;
    pdu->pid = pid;
    pdu->user = user;
}

static void s_read_report(s_cursor_t *self, uint8_t first, op_pdu_t *pdu)
{
    pdu->more = !(first & S_NO_MORE);
    pdu->reference = s_octet(self);
    s_address(self, false, &pdu->peer);
    pdu->stamp = s_stamp(self);
    pdu->discharge = s_stamp(self);
    pdu->status = s_octet(self);
    if (self->result == OP_PDU_OK)
        s_read_report_options(*self, first, pdu);
}

op_pdu_result_t op_pdu_decode(op_str_t hex, op_pdu_t *pdu)
{
    uint8_t octets[OP_PDU_OCTETS_MAX];
    *pdu = (op_pdu_t){0};
    if (hex.size > OP_PDU_HEX_MAX)
        return OP_PDU_TOO_LONG;
    int size = op_unhex(hex, octets, sizeof octets);
    if (size < 0)
        return OP_PDU_BAD_HEX;
    s_cursor_t cursor = {.at = octets, .left = (size_t)size};
    s_address(&cursor, true, &pdu->smsc);
    pdu->size = (uint16_t)cursor.left;
    uint8_t first = s_octet(&cursor);
    pdu->report = first & S_REPORT;
    switch (first & S_MTI) {
    case OP_PDU_SUBMIT:
        pdu->kind = OP_PDU_SUBMIT;
        s_read_submit(&cursor, first, pdu);
        break;
    case OP_PDU_REPORT:
        pdu->kind = OP_PDU_REPORT;
        s_read_report(&cursor, first, pdu);
        break;
    case OP_PDU_DELIVER:
    case S_MTI: /* reserved, to be processed as a DELIVER (9.2.3.1) */
        pdu->kind = OP_PDU_DELIVER;
        s_read_deliver(&cursor, first, pdu);
        break;
    }
    return cursor.result;
}

/*  ---- Encoding ---- */

enum { S_TPDU_MAX = 4 + OP_ADDRESS_OCTETS + 2 * OP_STAMP_OCTETS + 3 + 1 + OP_USER_DATA_OCTETS };

typedef struct {
    uint8_t at[OP_ADDRESS_OCTETS + S_TPDU_MAX];
    size_t size;
    op_pdu_result_t result;
} s_writer_t;

static void s_put(s_writer_t *self, uint8_t octet)
{
    OP_ASSERT(self->size < sizeof self->at);
    self->at[self->size++] = octet;
}

static void s_put_address(s_writer_t *self, const op_address_t *address, bool smsc)
{
    uint8_t octets[OP_ADDRESS_OCTETS];
    int size = op_address_write(address, smsc, octets);
    if (size < 0)
        self->result = OP_PDU_BAD_ADDRESS;
    for (int i = 0; i < size; i++)
        s_put(self, octets[i]);
}

static void s_put_stamp(s_writer_t *self, op_stamp_t stamp)
{
    OP_ASSERT(self->size + OP_STAMP_OCTETS <= sizeof self->at);
    op_stamp_write(stamp, self->at + self->size);
    self->size += OP_STAMP_OCTETS;
}

static void s_put_user(s_writer_t *self, const op_user_data_t *user)
{
    OP_ASSERT(self->size + 1 + OP_USER_DATA_OCTETS <= sizeof self->at);
    int size = op_user_data_write(user, self->at + self->size);
    if (size < 0)
        self->result = OP_PDU_BAD_DATA;
    else
        self->size += (size_t)size;
}

static void s_put_deliver(s_writer_t *self, const op_pdu_t *pdu, uint8_t first)
{
    first |= (uint8_t)((pdu->more ? 0 : S_NO_MORE) | (pdu->reply_path ? S_REPLY_PATH : 0));
    s_put(self, first);
    s_put_address(self, &pdu->peer, false);
    s_put(self, pdu->pid);
    s_put(self, pdu->user.dcs);
    s_put_stamp(self, pdu->stamp);
    s_put_user(self, &pdu->user);
}

static void s_put_submit(s_writer_t *self, const op_pdu_t *pdu, uint8_t first)
{
    first |= (uint8_t)((pdu->reply_path ? S_REPLY_PATH : 0) |
                       (pdu->reject_duplicates ? S_REJECT_DUPLICATES : 0) |
                       (pdu->has_validity ? S_VALIDITY_RELATIVE : 0));
    s_put(self, first);
    s_put(self, pdu->reference);
    s_put_address(self, &pdu->peer, false);
    s_put(self, pdu->pid);
    s_put(self, pdu->user.dcs);
    if (pdu->has_validity)
        s_put(self, pdu->validity);
    s_put_user(self, &pdu->user);
}

static void s_put_report(s_writer_t *self, const op_pdu_t *pdu, uint8_t first)
{
    s_put(self, (uint8_t)(first | (pdu->more ? 0 : S_NO_MORE)));
    s_put(self, pdu->reference);
    s_put_address(self, &pdu->peer, false);
    s_put_stamp(self, pdu->stamp);
    s_put_stamp(self, pdu->discharge);
    s_put(self, pdu->status);
    if (pdu->user.header_size == 0 && pdu->user.count == 0 && pdu->user.dcs == 0)
        return;
    s_put(self, S_PI_PID | S_PI_DCS | S_PI_USER);
    s_put(self, pdu->pid);
    s_put(self, pdu->user.dcs);
    s_put_user(self, &pdu->user);
}

op_pdu_result_t op_pdu_encode(op_pdu_t *pdu, op_buf_t *hex)
{
    s_writer_t writer = {.result = OP_PDU_OK};
    s_put_address(&writer, &pdu->smsc, true);
    size_t before = writer.size;
    uint8_t first = (uint8_t)pdu->kind;
    if (pdu->report)
        first |= S_REPORT;
    if (pdu->user.header_size)
        first |= S_HEADER;
    switch (pdu->kind) {
    case OP_PDU_DELIVER:
        s_put_deliver(&writer, pdu, first);
        break;
    case OP_PDU_SUBMIT:
        s_put_submit(&writer, pdu, first);
        break;
    case OP_PDU_REPORT:
        s_put_report(&writer, pdu, first);
        break;
    }
    if (writer.result != OP_PDU_OK)
        return writer.result;
    pdu->size = (uint16_t)(writer.size - before);
    for (size_t i = 0; i < writer.size; i++) {
        static const char digits[] = "0123456789ABCDEF"; /* some modems take no lower case */
        op_buf_add_byte(hex, (uint8_t)digits[writer.at[i] >> 4]);
        op_buf_add_byte(hex, (uint8_t)digits[writer.at[i] & 15]);
    }
    return OP_PDU_OK;
}
