/*  error_words.h - the errors of modems in words

    +CMS ERROR and +CME ERROR say a number or, with AT+CMEE=2, words; some modems say words whatever
    they were told. 3GPP TS 27.005 3.2.5, 27.007 9.2, TS 24.011 E-2. Pure. */

#ifndef OP_MODEM_ERROR_WORDS_H
#define OP_MODEM_ERROR_WORDS_H

#include "base/bytes.h"

/*  NULL for a number that has no words here. */
const char *op_cms_words(int code);
const char *op_cme_words(int code);

/*  The number for these words, of which letters and digits count, in either case; -1: there is
    none. */
int op_cms_of_words(op_str_t words);
int op_cme_of_words(op_str_t words);

#endif
