/*  sms.h - a text of any length as short messages, and back

    Splitting chooses GSM-7 when the default alphabet has every character, else UCS-2 (as UTF-16BE),
    and never cuts an escape pair or a surrogate pair. Parts (3GPP TS 23.040 9.2.3.24.1, .8):

                    one message     each of several     with a 16-bit reference
        GSM-7       160 septets     153                 152
        UCS-2       70 units        67                  66

    Joining decodes only after the units of all parts are back together, because others do cut
    pairs. Pure. */

#ifndef OP_MODEM_SMS_H
#define OP_MODEM_SMS_H

#include "modem/pdu_field.h"

enum {
    OP_SMS_PARTS_MAX = 255 /* what the header's octet can count */
};

typedef enum {
    OP_SMS_OK,
    OP_SMS_BAD_UTF8, /* split: the body is not UTF-8 */
    OP_SMS_TOO_LONG, /* split: more than OP_SMS_PARTS_MAX parts */
    OP_SMS_NOT_TEXT  /* join: a part holds 8-bit data */
} op_sms_result_t;

/*  A short English phrase. */
const char *op_sms_result_text(op_sms_result_t result);

/*  Each part goes into op_pdu_t.user as it is. A body that fits one message has one part without a
    header; so has an empty body, with no units. */
typedef struct {
    op_user_data_t *at; /* in the arena */
    size_t count;       /* 1 to OP_SMS_PARTS_MAX */
} op_sms_parts_t;

/*  `reference` goes into the header of each of several parts: the caller chooses one that differs
    between messages to one recipient. *parts is set on OP_SMS_OK only. */
op_sms_result_t op_sms_split(op_str_t body, uint8_t reference, op_arena_t *arena,
                             op_sms_parts_t *parts) OP_MUST_CHECK;

/*  The same with a 16-bit reference, where many messages to one recipient are under way. */
op_sms_result_t op_sms_split_wide(op_str_t body, uint16_t reference, op_arena_t *arena,
                                  op_sms_parts_t *parts) OP_MUST_CHECK;

/*  How many parts op_sms_split makes, or op_sms_split_wide, without making them; 0 when it would
    refuse the body. The longer header leaves less room: there may be one part more. */
size_t op_sms_count(op_str_t body, bool wide);

/*  One received part: units as in op_user_data_t, borrowed. */
typedef struct {
    op_alphabet_t alphabet;
    op_gsm7_shift_t shift;
    const uint8_t *units;
    size_t count;
} op_sms_piece_t;

op_sms_piece_t op_sms_piece(const op_user_data_t *user);

/*  Appends the text of all pieces, which come in sequence order, to `text` as valid UTF-8. Lone
    surrogates become U+FFFD; an odd last octet of a UCS-2 piece is dropped. Pieces in different
    alphabets or national tables are decoded by runs. On OP_SMS_NOT_TEXT nothing is appended. */
op_sms_result_t op_sms_join(const op_sms_piece_t *pieces, size_t count,
                            op_buf_t *text) OP_MUST_CHECK;

#endif
