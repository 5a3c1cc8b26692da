#include "modem/pdu_field.h"

#include "base/instant.h"

#include <string.h>

/*  ---- Addresses ---- */

/*  The semi-octets 0 to 14 (9.1.2.3); 15 fills an odd last octet and ends the digits. */
static const char s_digits[] = "0123456789*#abc";

enum { S_FILL = 15, S_SEPTETS_MAX = OP_ADDRESS_DIGITS * 4 / 7 };

/*  The type-of-number, bits 4 to 6 (9.1.2.5). */
static bool s_is_international(uint8_t type)
{
    return (type >> 4 & 7) == 1;
}

static bool s_is_alphanumeric(uint8_t type)
{
    return (type >> 4 & 7) == 5;
}

int op_address_from(op_str_t text, op_address_t *address)
{
    op_address_t made = {.type = OP_ADDRESS_UNKNOWN};
    uint8_t octets[OP_ADDRESS_OCTETS];
    if (text.size == 0 || memchr(text.at, 0, text.size) ||
        !op_str_copy(text, made.text, sizeof made.text))
        return -1;
    if (made.text[0] == '+') {
        made.type = OP_ADDRESS_INTERNATIONAL;
        if (text.size == 1 || strspn(made.text + 1, "0123456789") != text.size - 1)
            return -1;
    } else if (strspn(made.text, "0123456789*#") != text.size) {
        made.type = OP_ADDRESS_ALPHANUMERIC;
    }
    if (op_address_write(&made, false, octets) < 0)
        return -1;
    *address = made;
    return 0;
}

/*  Both return the semi-octets used, or -1. */
static int s_write_digits(const char *text, uint8_t *octets)
{
    int count = 0;
    for (; text[count]; count++) {
        const char *digit = strchr(s_digits, text[count]);
        if (!digit || count == OP_ADDRESS_DIGITS)
            return -1;
        unsigned value = (unsigned)(digit - s_digits);
        if (count % 2)
            octets[count / 2] = (uint8_t)((octets[count / 2] & 0x0f) | value << 4);
        else
            octets[count / 2] = (uint8_t)(S_FILL << 4 | value);
    }
    return count;
}

static int s_write_name(const char *text, uint8_t *octets)
{
    uint8_t septets[S_SEPTETS_MAX];
    ptrdiff_t count = op_gsm7_encode(op_str(text), septets, sizeof septets);
    if (count < 0)
        return -1;
    op_gsm7_pack(septets, (size_t)count, 0, octets);
    return (int)(count * 7 + 3) / 4;
}

int op_address_write(const op_address_t *address, bool smsc, uint8_t octets[OP_ADDRESS_OCTETS])
{
    const char *text = address->text;
    if (smsc && !text[0]) {
        octets[0] = 0;
        return 1;
    }
    int digits;
    if (s_is_alphanumeric(address->type))
        digits = s_write_name(text, octets + 2);
    else
        digits =
            s_write_digits(text + (s_is_international(address->type) && *text == '+'), octets + 2);
    if (digits < 0)
        return -1;
    int size = (digits + 1) / 2;
    octets[0] = (uint8_t)(smsc ? size + 1 : digits);
    octets[1] = address->type | 0x80;
    return 2 + size;
}

static void s_read_digits(const uint8_t *octets, size_t digits, op_address_t *address)
{
    size_t size = 0;
    if (s_is_international(address->type))
        address->text[size++] = '+';
    for (size_t i = 0; i < digits; i++) {
        unsigned value = i % 2 ? octets[i / 2] >> 4 : octets[i / 2] & 0x0f;
        if (value == S_FILL)
            break;
        address->text[size++] = s_digits[value];
    }
    if (size == 1 && address->text[0] == '+') /* neither a number nor "no number" */
        size = 0;
    address->text[size] = 0;
}

static void s_read_name(const uint8_t *octets, size_t digits, op_address_t *address)
{
    uint8_t septets[S_SEPTETS_MAX];
    op_buf_t text = {0};
    size_t count = op_gsm7_unpack(octets, (digits + 1) / 2, 0, septets, digits * 4 / 7);
    /* Who rounds the length up to whole octets makes an @ out of the last seven spare bits. */
    if (count == 8 && digits == 14 && septets[7] == 0)
        count = 7;
    op_gsm7_decode(septets, count, (op_gsm7_shift_t){0}, &text);
    bool whole = op_str_copy(op_buf_str(&text), address->text, sizeof address->text);
    OP_ASSERT(whole);
    op_buf_free(&text);
}

int op_address_read(const uint8_t *octets, size_t size, bool smsc, op_address_t *address)
{
    *address = (op_address_t){0};
    if (size == 0)
        return 0;
    size_t digits = octets[0];
    if (smsc) {
        if (digits == 0)
            return 1;
        digits = (digits - 1) * 2;
    }
    if (digits > OP_ADDRESS_DIGITS)
        return -1;
    size_t total = 2 + (digits + 1) / 2;
    if (size < total)
        return 0;
    address->type = octets[1];
    if (s_is_alphanumeric(address->type))
        s_read_name(octets + 2, digits, address);
    else
        s_read_digits(octets + 2, digits, address);
    return (int)total;
}

/*  ---- Time stamps ---- */

#define S_YEAR_1990_MS INT64_C(631152000000)
#define S_YEAR_2090_MS INT64_C(3786912000000)

enum { S_QUARTERS_MAX = 79 };

static uint8_t s_swapped(int value)
{
    return (uint8_t)(value % 10 << 4 | value / 10 % 10);
}

/*  -1 when it is not two decimal digits. */
static int s_unswapped(uint8_t octet)
{
    int tens = octet & 0x0f;
    int ones = octet >> 4;
    return tens > 9 || ones > 9 ? -1 : tens * 10 + ones;
}

void op_stamp_write(op_stamp_t stamp, uint8_t octets[OP_STAMP_OCTETS])
{
    memset(octets, 0, OP_STAMP_OCTETS);
    int quarters = stamp.quarters;
    if (stamp.instant < S_YEAR_1990_MS - OP_DAY_MS || stamp.instant > S_YEAR_2090_MS + OP_DAY_MS ||
        quarters < -S_QUARTERS_MAX || quarters > S_QUARTERS_MAX)
        return;
    int64_t local = stamp.instant + quarters * 15 * OP_MINUTE_MS;
    if (local < S_YEAR_1990_MS || local >= S_YEAR_2090_MS)
        return;
    op_civil_t civil = op_civil_from(local);
    octets[0] = s_swapped(civil.year % 100);
    octets[1] = s_swapped(civil.month);
    octets[2] = s_swapped(civil.day);
    octets[3] = s_swapped(civil.hour);
    octets[4] = s_swapped(civil.minute);
    octets[5] = s_swapped(civil.second);
    octets[6] = s_swapped(quarters < 0 ? -quarters : quarters);
    if (quarters < 0)
        octets[6] |= 0x08; /* the sign: bit 3, in the digit of the tens */
}

op_stamp_t op_stamp_read(const uint8_t octets[OP_STAMP_OCTETS])
{
    int value[OP_STAMP_OCTETS];
    for (int i = 0; i < OP_STAMP_OCTETS; i++) {
        value[i] = s_unswapped(i == 6 ? octets[i] & 0xf7 : octets[i]);
        if (value[i] < 0)
            return (op_stamp_t){0};
    }
    op_civil_t civil = {.year = value[0] + (value[0] < 90 ? 2000 : 1900),
                        .month = value[1],
                        .day = value[2],
                        .hour = value[3],
                        .minute = value[4],
                        .second = value[5]};
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.hour > 23 ||
        civil.minute > 59 || civil.second > 59)
        return (op_stamp_t){0};
    int64_t local = op_civil_to(civil);
    if (op_civil_from(local).day != civil.day) /* such as the 31st of April */
        return (op_stamp_t){0};
    int quarters = octets[6] & 0x08 ? -value[6] : value[6];
    return (op_stamp_t){.instant = local - quarters * 15 * OP_MINUTE_MS,
                        .quarters = (int8_t)quarters};
}

/*  ---- Validity periods ---- */

int64_t op_validity_ms(uint8_t validity)
{
    if (validity <= 143)
        return (validity + 1) * 5 * OP_MINUTE_MS;
    if (validity <= 167)
        return 12 * OP_HOUR_MS + (validity - 143) * 30 * OP_MINUTE_MS;
    if (validity <= 196)
        return (validity - 166) * OP_DAY_MS;
    return (validity - 192) * 7 * OP_DAY_MS;
}

uint8_t op_validity_of(int64_t ms)
{
    uint8_t validity = 0;
    while (validity < 255 && op_validity_ms(validity) < ms)
        validity++;
    return validity;
}

/*  ---- User data ---- */

enum { S_SEPTETS_LIMIT = 160 };

void op_user_data_concat(op_user_data_t *data, op_concat_t concat)
{
    data->header_size = (uint8_t)op_header_write_concat(concat, data->header);
    data->concat = concat;
    data->concat.present = true;
}

/*  Septets that the header takes, its padding included, and the bits of that padding. */
static size_t s_header_septets(size_t header_size, unsigned *fill)
{
    size_t septets = (header_size * 8 + 6) / 7;
    *fill = (unsigned)(septets * 7 - header_size * 8);
    return septets;
}

int op_user_data_write(const op_user_data_t *data, uint8_t octets[1 + OP_USER_DATA_OCTETS])
{
    size_t header = data->header_size;
    if (header > OP_USER_DATA_OCTETS || (header && header != data->header[0] + 1U))
        return -1;
    uint8_t *body = octets + 1 + header;
    if (op_dcs_read(data->dcs).alphabet == OP_ALPHABET_GSM7) {
        unsigned fill;
        size_t length = s_header_septets(header, &fill) + data->count;
        if (length > S_SEPTETS_LIMIT)
            return -1;
        octets[0] = (uint8_t)length;
        body += op_gsm7_pack(data->units, data->count, fill, body);
    } else {
        if (header + data->count > OP_USER_DATA_OCTETS)
            return -1;
        octets[0] = (uint8_t)(header + data->count);
        memcpy(body, data->units, data->count);
        body += data->count;
    }
    memcpy(octets + 1, data->header, header);
    return (int)(body - octets);
}

op_user_data_result_t op_user_data_read(const uint8_t *octets, size_t size, uint8_t dcs,
                                        bool has_header, op_user_data_t *data)
{
    *data = (op_user_data_t){.dcs = dcs, .alphabet = op_dcs_read(dcs).alphabet};
    if (size == 0)
        return OP_USER_DATA_TRUNCATED;
    bool gsm7 = data->alphabet == OP_ALPHABET_GSM7;
    size_t length = *octets++;
    size_t there = gsm7 ? op_gsm7_packed_size(length, 0) : length;
    if (there > size - 1) {
        if (length <= (gsm7 ? S_SEPTETS_LIMIT : OP_USER_DATA_OCTETS))
            return OP_USER_DATA_TRUNCATED;
        there = size - 1;
    }
    size_t header = 0;
    if (has_header) {
        if (there == 0 || octets[0] + 1U > there)
            return OP_USER_DATA_HEADER;
        header = octets[0] + 1U;
        memcpy(data->header, octets, header);
        data->header_size = (uint8_t)header;
        op_header_t says = op_header_read(octets, header);
        data->header_ill = says.ill;
        data->concat = says.concat;
        data->ports = says.ports;
        data->shift = says.shift;
    }
    if (!gsm7) {
        data->count = (uint8_t)(there - header);
        memcpy(data->units, octets + header, data->count);
        return OP_USER_DATA_OK;
    }
    unsigned fill;
    size_t before = s_header_septets(header, &fill);
    size_t count = length > before ? length - before : 0;
    data->count =
        (uint8_t)op_gsm7_unpack(octets + header, there - header, fill, data->units, count);
    return OP_USER_DATA_OK;
}
