#include "modem/pdu_header.h"

#include "base/random.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static op_header_t s_read(const char *hex)
{
    uint8_t octets[64];
    int size = op_unhex(op_str(hex), octets, sizeof octets);
    assert_true(size >= 0);
    uint8_t *exact = page_new(octets, (size_t)size);
    op_header_t header = op_header_read(exact, (size_t)size);
    page_free(exact, (size_t)size);
    return header;
}

static void s_concatenations(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int reference; /* -1: none */
        int total, sequence;
        bool wide;
    } table[] = {
        {"050003420302", 0x42, 3, 2, false},
        {"06080412340302", 0x1234, 3, 2, true},
        {"00", -1, 0, 0, false},
        {"050003420002", -1, 0, 0, false},   /* total 0 */
        {"050003420300", -1, 0, 0, false},   /* sequence 0 */
        {"050003420304", -1, 0, 0, false},   /* past the total */
        {"0500034203", -1, 0, 0, false},     /* cut */
        {"050004420302", -1, 0, 0, false},   /* over the end */
        {"0400024203", -1, 0, 0, false},     /* another length */
        {"06000342030205", -1, 0, 0, false}, /* half an element behind it */
        {"08240101000342"
         "0302",
         0x42, 3, 2, false}, /* a single shift before it */
        {"08000342030225"
         "0101",
         0x42, 3, 2, false}, /* a locking shift behind it */
        {"0a0003010201000302"
         "0201",
         2, 2, 1, false}, /* the last counts */
        {"0a0003010201000302"
         "0203",
         1, 2, 1, false}, /* the last valid one */
        {"0b05041583158200034203"
         "02",
         0x42, 3, 2, false}, /* ports */
        {"0b000342030208040102"
         "0504",
         0x0102, 5, 4, true},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_concat_t concat = s_read(table[i].hex).concat;
        assert_int_equal(concat.present, table[i].reference >= 0);
        if (concat.present) {
            assert_int_equal(concat.reference, table[i].reference);
            assert_int_equal(concat.total, table[i].total);
            assert_int_equal(concat.sequence, table[i].sequence);
            assert_int_equal(concat.wide, table[i].wide);
        }
    }
}

static void s_written(void **state)
{
    (void)state;
    for (unsigned total = 1; total <= 255; total += 2) {
        for (int wide = 0; wide < 2; wide++) {
            uint8_t octets[OP_HEADER_CONCAT_OCTETS];
            op_concat_t made = {.wide = wide,
                                .reference = wide ? 0xfedc : 0xfe,
                                .total = (uint8_t)total,
                                .sequence = (uint8_t)((total + 1) / 2)};
            size_t size = op_header_write_concat(made, octets);
            assert_int_equal(size, wide ? 7 : 6);
            op_concat_t found = op_header_read(octets, size).concat;
            assert_true(found.present && found.wide == made.wide);
            assert_int_equal(found.reference, made.reference);
            assert_int_equal(found.total, made.total);
            assert_int_equal(found.sequence, made.sequence);
        }
    }
}

static void s_ports(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool present, wide;
        uint16_t destination, origin;
    } table[] = {
        {"", false, false, 0, 0},
        {"0404020102", true, false, 1, 2},
        {"0605040b8423f0", true, true, 2948, 9200},
        {"0a05040b8423f004020304", true, false, 3, 4}, /* of two that exclude each other the last */
        {"0a040203040504158223f0", true, true, 5506, 9200},
        {"0c050415811582050415831584", true, true, 0x1583, 0x1584},
        {"0504030b8423", false, false, 0, 0}, /* another length */
        {"0505030b8423", false, false, 0, 0},
        {"0605040b84", false, false, 0, 0},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_ports_t ports = s_read(table[i].hex).ports;
        assert_int_equal(ports.present, table[i].present);
        assert_int_equal(ports.wide, table[i].wide);
        assert_int_equal(ports.destination, table[i].destination);
        assert_int_equal(ports.origin, table[i].origin);
    }
}

static void s_shifts(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        uint8_t locking, single;
        bool ill;
    } table[] = {
        {"00", 0, 0, false},
        {"03240101", 0, 1, false},
        {"03250103", 3, 0, false},
        {"0624010125010d", 13, 1, false},
        {"06240101240102", 0, 2, false},             /* the last counts */
        {"0424020101", 0, 0, false},                 /* another length */
        {"0724010125010100", 0, 0, true},            /* an octet left over */
        {"06240101250201", 0, 0, true},              /* the last element runs over the end */
        {"0b00034203022401012501ff", 255, 1, false}, /* beside a concatenation */
        {"0a70057001020304240102", 0, 2, false},
        {"09700401020304240102", 0, 2, false}, /* behind one nobody knows */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_header_t header = s_read(table[i].hex);
        assert_int_equal(header.shift.locking, table[i].locking);
        assert_int_equal(header.shift.single, table[i].single);
        assert_int_equal(header.ill, table[i].ill);
    }
}

/*  Any octets, at the end of a page: what is read is in range, and ill is empty. */
static void s_anything(void **state)
{
    (void)state;
    static const uint8_t likely[] = {0, 1, 2, 3, 4, 5, 8, 0x24, 0x25, 0xff};
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {21};
    op_random_seed(&random, seed);
    for (int round = 0; round < 5000; round++) {
        uint8_t octets[24];
        size_t size = op_random_below(&random, sizeof octets + 1);
        op_random_bytes(&random, octets, size);
        for (size_t i = 0; i < size; i++)
            if (octets[i] & 0x80)
                octets[i] = likely[octets[i] % sizeof likely];
        uint8_t *exact = page_new(octets, size);
        op_header_t header = op_header_read(exact, size);
        page_free(exact, size);
        const op_concat_t *concat = &header.concat;
        assert_true(!concat->present || (concat->sequence && concat->sequence <= concat->total));
        if (header.ill)
            assert_false(concat->present || header.ports.present || header.shift.locking ||
                         header.shift.single);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_concatenations), cmocka_unit_test(s_written),  cmocka_unit_test(s_ports),
        cmocka_unit_test(s_shifts),         cmocka_unit_test(s_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
