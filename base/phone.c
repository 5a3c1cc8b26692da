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

const char *op_phone_mask(op_str_t phone, char text[OP_PHONE_MAX + 1])
{
    op_str_copy(phone, text, OP_PHONE_MAX + 1);
    size_t size = strlen(text);
    size_t from = size && text[0] == '+' ? 2 : 0;
    for (size_t i = from; i + 2 < size; i++)
        text[i] = '*';
    return text;
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
