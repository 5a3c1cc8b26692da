#include "modem/error_words.h"

typedef struct {
    int code;
    const char *text;
} s_row_t;

static const s_row_t s_cms[] = {
    {1, "Unassigned (unallocated) number"},
    {1, "Unassigned number"},
    {8, "Operator determined barring"},
    {10, "Call barred"},
    {21, "Short message transfer rejected"},
    {27, "Destination out of service"},
    {28, "Unidentified subscriber"},
    {29, "Facility rejected"},
    {30, "Unknown subscriber"},
    {38, "Network out of order"},
    {41, "Temporary failure"},
    {42, "Congestion"},
    {47, "Resources unavailable, unspecified"},
    {47, "Resources unavailable"},
    {50, "Requested facility not subscribed"},
    {69, "Requested facility not implemented"},
    {111, "Protocol error, unspecified"},
    {127, "Interworking, unspecified"},
    {300, "ME failure"},
    {301, "SMS service of ME reserved"},
    {302, "operation not allowed"},
    {303, "operation not supported"},
    {304, "invalid PDU mode parameter"},
    {305, "invalid text mode parameter"},
    {310, "SIM not inserted"},
    {311, "SIM PIN required"},
    {312, "PH-SIM PIN required"},
    {313, "SIM failure"},
    {314, "SIM busy"},
    {315, "SIM wrong"},
    {316, "SIM PUK required"},
    {320, "memory failure"},
    {321, "invalid memory index"},
    {322, "memory full"},
    {330, "SMSC address unknown"},
    {331, "no network service"},
    {332, "network timeout"},
    {340, "no +CNMA acknowledgement expected"},
    {500, "unknown error"},
};

static const s_row_t s_cme[] = {
    {3, "operation not allowed"},
    {4, "operation not supported"},
    {10, "SIM not inserted"},
    {11, "SIM PIN required"},
    {12, "SIM PUK required"},
    {13, "SIM failure"},
    {14, "SIM busy"},
    {15, "SIM wrong"},
    {16, "incorrect password"},
    {20, "memory full"},
    {21, "invalid index"},
    {30, "no network service"},
    {31, "network timeout"},
    {50, "incorrect parameters"},
    {100, "unknown"},
};

static const char *s_words(const s_row_t *rows, size_t count, int code)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].code == code)
            return rows[i].text;
    return NULL;
}

/*  The next letter or digit, in lower case; 0 at the end. */
static char s_next(op_str_t *words)
{
    while (words->size) {
        char byte = *words->at;
        *words = op_str_of(words->at + 1, words->size - 1);
        if (byte >= 'A' && byte <= 'Z')
            return (char)(byte - 'A' + 'a');
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
            return byte;
    }
    return 0;
}

static bool s_are_same(op_str_t a, op_str_t b)
{
    char byte;
    while ((byte = s_next(&a)) == s_next(&b))
        if (byte == 0)
            return true;
    return false;
}

static int s_code(const s_row_t *rows, size_t count, op_str_t words)
{
    for (size_t i = 0; i < count; i++)
        if (s_are_same(op_str(rows[i].text), words))
            return rows[i].code;
    return -1;
}

const char *op_cms_words(int code)
{
    return s_words(s_cms, OP_COUNT(s_cms), code);
}

const char *op_cme_words(int code)
{
    return s_words(s_cme, OP_COUNT(s_cme), code);
}

int op_cms_of_words(op_str_t words)
{
    return s_code(s_cms, OP_COUNT(s_cms), words);
}

int op_cme_of_words(op_str_t words)
{
    return s_code(s_cme, OP_COUNT(s_cme), words);
}
