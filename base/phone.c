#include "base/phone.h"

#include <string.h>

bool op_phone_valid(op_str_t phone)
{
    if (phone.size < 8 || phone.size > OP_PHONE_MAX || phone.at[0] != '+' || phone.at[1] == '0')
        return false;
    for (size_t i = 1; i < phone.size; i++)
        if (!op_is_digit(phone.at[i]))
            return false;
    return phone.at[1] != '1' || phone.size == 12;
}

/*  The digits of the country code (ITU-T E.164, list of assigned codes): one in zones 1 and 7, two
    where listed, else three. */
static size_t s_country_size(op_str_t phone)
{
    static const char *const seconds[10] = {"",         "",        "07", "0123469", "013456789",
                                            "12345678", "0123456", "",   "1246",    "0123458"};
    char zone = phone.at[1];
    if (zone == '1' || zone == '7')
        return 1;
    return strchr(seconds[zone - '0'], phone.at[2]) ? 2 : 3;
}

bool op_phone_complete(op_str_t home, op_str_t digits, bool national, char text[OP_PHONE_MAX + 1])
{
    for (size_t i = 0; i < digits.size; i++)
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
    if (!op_phone_valid(home))
        return false;
    size_t country = s_country_size(home);
    if (op_str_starts(home, "+1")) {
        if (digits.size == 11 && digits.at[0] == '1')
            digits = op_str_of(digits.at + 1, 10);
        if (digits.size != 10 || digits.at[0] < '2')
            return false;
    } else if (!national || digits.size < 7 || digits.at[0] == '0')
        return false;
    if (1 + country + digits.size > OP_PHONE_MAX)
        return false;
    memcpy(text, home.at, 1 + country);
    memcpy(text + 1 + country, digits.at, digits.size);
    text[1 + country + digits.size] = 0;
    return op_phone_valid(op_str(text));
}

const char *op_phone_mask(op_str_t phone, char text[OP_PHONE_MAX + 1])
{
    op_str_copy(phone, text, OP_PHONE_MAX + 1);
    size_t size = strlen(text);
    size_t from = size && text[0] == '+' ? 2 : 0;
    for (size_t i = from; i + 2 < size; i++)
        text[i] = '*';
    return text;
}

op_str_t op_serial_tail(op_str_t digits)
{
    return digits.size > 4 ? op_str_skip(digits, digits.size - 4) : digits;
}

bool op_phone_allowed(op_str_t phone, op_str_t prefixes)
{
    if (prefixes.size == 0)
        return true;
    while (prefixes.size) {
        op_str_t prefix = op_str_next(&prefixes, ',');
        if (prefix.size && phone.size >= prefix.size &&
            op_str_equal(op_str_of(phone.at, prefix.size), prefix))
            return true;
    }
    return false;
}
