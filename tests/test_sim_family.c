/*  Families of modems: the format's errors, and every file in tests/modems, spoken to. */

#include "tests/carrier_kit.h"

#include <dirent.h>

static void test_format(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: it is fine */
    } cases[] = {
        {"", NULL},
        {"# words\r\n\n  name = x  \nunknown = NO\n", NULL},
        {"name", "line 1: a line is: key = value"},
        {"\nnme = x", "line 2: unknown key"},
        {"name = a\\x", "line 1: after \\ comes r, n or \\"},
        {"tac = 1234567", "line 1: tac has eight digits"},
        {"cnmi = (0),(0),(0),(0)", "line 1: cnmi has five lists, or else cnmi_takes does"},
        {"cnmi = 0\ncnmi_takes = (0),(0),(0),(0),(0)", NULL},
        {"ttys = data diag", "line 1: a modem has exactly one tty at"},
        {"ttys = at at", "line 1: a modem has exactly one tty at"},
        {"ttys = at usb", "line 1: ttys are at most 8 of at, data and diag"},
        {"knob hang = 1", NULL},
        {"knob hang = 2", "line 1: the knob takes no such value"},
        {"knob registration = roaming", NULL},
        {"knob nonsense = 1", "line 1: there is no such knob"},
        {"command ^X? = ^X: 1", NULL},
        {"command ^X=1 = ^X: 1", "line 1: a command is +NAME, +NAME?, +NAME=? or +NAME="},
        {"refuse +CNMA? = yes", "line 1: refuse +NAME = yes"},
    };
    static op_sim_family_t family;
    char error[OP_SIM_FAMILY_ERROR];
    (void)state;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        int result = op_sim_family_read(op_str(cases[i].text), &family, error);
        assert_int_equal(result, cases[i].want ? -1 : 0);
        if (cases[i].want)
            assert_string_equal(error, cases[i].want);
    }
    char line[OP_SIM_TEXT + 16];
    memset(line, 'x', sizeof(line));
    memcpy(line, "model = ", 8);
    assert_int_equal(op_sim_family_read(op_str_of(line, 8 + OP_SIM_TEXT), &family, error), -1);
    assert_int_equal(op_sim_family_read(op_str_of(line, 8 + OP_SIM_TEXT - 1), &family, error), 0);
}

static void test_lists(void **state)
{
    static const char lists[] = "(0-2),(1,3),(\"SM\",\"ME\"),()";
    (void)state;
    assert_true(op_sim_takes(lists, 0, 2) && !op_sim_takes(lists, 0, 3));
    assert_true(op_sim_takes(lists, 1, 3) && !op_sim_takes(lists, 1, 2));
    assert_false(op_sim_takes(lists, 3, 0) || op_sim_takes(lists, 4, 0));
    assert_true(op_sim_takes_word(lists, 2, OP_STR("ME")));
    assert_false(op_sim_takes_word(lists, 2, OP_STR("SR")));
    assert_false(op_sim_takes_word(lists, 0, OP_STR("ME")));
}

static void s_load(const char *name, op_sim_family_t *family)
{
    char path[512], text[16384], error[OP_SIM_FAMILY_ERROR] = "";
    snprintf(path, sizeof(path), "%s/%s", OP_MODEMS_FOLDER, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    assert_true(size < sizeof(text));
    if (op_sim_family_read(op_str_of(text, size), family, error) != 0)
        fail_msg("%s: %s", name, error);
}

/*  Notices and all: is this line among what was said? */
static bool s_has_line(const char *said, const char *line)
{
    char framed[OP_SIM_FAMILY_LINE + 8];
    snprintf(framed, sizeof(framed), "\r\n%s\r\n", line);
    return strstr(said, framed) != NULL;
}

/*  What OP needs of every modem in the world: to be known, to send, and to say that a text came. */
static void s_speak_to(const op_sim_family_t *family)
{
    char want[OP_SIM_FAMILY_LINE];
    op_carrier_t *carrier = op_carrier_new_of(1, family, 1);
    assert_non_null(strstr(s_say(carrier, "ATE0\r"), "OK\r\n"));
    assert_true(s_has_line(s_say(carrier, "AT+CGMI\r"), family->manufacturer));
    assert_true(s_has_line(s_say(carrier, "AT+CGMM\r"), family->model));
    assert_non_null(strstr(s_say(carrier, "ATI\r"), "\r\nOK\r\n"));
    const char *imei = s_say(carrier, "AT+CGSN\r");
    assert_int_equal(strncmp(imei + 2, family->tac, 8), 0);
    assert_int_equal(strcspn(imei + 2, "\r"), 15);
    for (size_t i = 0; i < family->owns; i++) {
        static const char *const forms[] = {"", "?", "=?", "=1"};
        const op_sim_own_t *own = &family->own[i];
        snprintf(want, sizeof(want), "AT%s%s\r", own->name, forms[own->form]);
        bool fine = s_has_line(s_say(carrier, want), "OK");
        assert_true(fine == !own->refused);
    }
    snprintf(want, sizeof(want), "+CNMI: %s", family->cnmi);
    assert_true(s_has_line(s_say(carrier, "AT+CNMI=?\r"), want));
    snprintf(want, sizeof(want), "+CPMS: %s", family->cpms);
    assert_true(s_has_line(s_say(carrier, "AT+CPMS=?\r"), want));
    assert_true(
        s_has_line(s_say(carrier, "AT+NOSUCH\r"), *family->unknown ? family->unknown : "ERROR"));
    assert_true(s_has_line(s_say(carrier, "AT+CNMI=1,1,0,0,1\r"), "OK"));
    assert_non_null(strstr(s_send_text(carrier, 0, PHONE, "hello", false, NOW), "+CMGS: 0\r\n"));
    s_inbox_is(carrier, PHONE, SHARED ":hello|");
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("hi"), NOW),
                     OP_CARRIER_OK);
    assert_non_null(strstr(s_say(carrier, ""), "+CMTI: \"SM\","));
    op_carrier_destroy(&carrier);
}

/*  After a restart: deaf, then the banner, then searching, then there. */
static void s_restart(const op_sim_family_t *family)
{
    op_carrier_t *carrier = op_carrier_new_of(1, family, 1);
    int64_t now = NOW + family->knobs[OP_KNOB_BOOT_MS];
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_NOISE_EVERY_MS, 0), 0);
    op_carrier_reset(carrier, 0, NOW);
    if (now > NOW)
        assert_string_equal(s_say(carrier, "AT\r"), "");
    op_carrier_tick(carrier, now);
    const char *said = s_say_at(carrier, 0, "AT+CREG?\r", now);
    for (size_t i = 0; i < family->banners; i++)
        assert_true(*family->banner[i] == 0 || s_has_line(said, family->banner[i]));
    assert_true(s_has_line(said, family->knobs[OP_KNOB_REGISTER_MS] ? "+CREG: 0,2" : "+CREG: 0,1"));
    now += family->knobs[OP_KNOB_REGISTER_MS];
    assert_true(s_has_line(s_say_at(carrier, 0, "AT+CREG?\r", now), "+CREG: 0,1"));
    op_carrier_destroy(&carrier);
}

/*  One tty answers, those for data answer too but open no prompt, the others are deaf. */
static void s_ttys(const op_sim_family_t *family)
{
    op_carrier_t *carrier = op_carrier_new_of(1, family, 1);
    for (size_t i = 0; i < family->tty_count; i++) {
        op_buf_t *out = op_carrier_take_tty(carrier, 0, i);
        op_carrier_feed_tty(carrier, 0, i, OP_STR("AT\r"), NOW);
        op_carrier_feed_tty(carrier, 0, i, OP_STR("AT+CMGS=14\r"), NOW);
        op_buf_add_byte(out, 0);
        assert_true((strstr(out->at, "OK") == NULL) == (family->ttys[i] == OP_SIM_TTY_DIAG));
        assert_true((strchr(out->at, '>') != NULL) == (family->ttys[i] == OP_SIM_TTY_AT));
        assert_true((strstr(out->at, "302") != NULL) == (family->ttys[i] == OP_SIM_TTY_DATA));
    }
    op_carrier_destroy(&carrier);
}

static void test_files(void **state)
{
    static op_sim_family_t family;
    size_t files = 0;
    (void)state;
    DIR *folder = opendir(OP_MODEMS_FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".txt") == NULL)
            continue;
        s_load(entry->d_name, &family);
        assert_true(family.tty_count > 0);
        s_speak_to(&family);
        s_restart(&family);
        s_ttys(&family);
        files++;
    }
    closedir(folder);
    assert_true(files >= 6);
}

/*  Some of what makes them different. */
static void test_quirks(void **state)
{
    static op_sim_family_t family;
    (void)state;
    s_load("huawei.txt", &family);
    op_carrier_t *carrier = op_carrier_new_of(1, &family, 1);
    (void)s_say(carrier, "ATE0\r");
    assert_string_equal(s_say(carrier, "AT+CNMI=2,2,0,0,0\r"), "\r\n+CMS ERROR: 302\r\n");
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_SM_SLOTS, 1), 0);
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("hi"), NOW),
                     OP_CARRIER_OK);
    assert_true(s_has_line(s_say(carrier, ""), "^SMMEMFULL: \"SM\""));
    op_carrier_tick(carrier, NOW + 2000);
    assert_non_null(strstr(s_say_at(carrier, 0, "", NOW + 2000), "\r\n^RSSI:19\r\n"));
    op_carrier_destroy(&carrier);

    s_load("sierra.txt", &family);
    carrier = op_carrier_new_of(1, &family, 1);
    (void)s_say(carrier, "ATE0;+CNMI=2,1,0,2\r");
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("hi"), NOW),
                     OP_CARRIER_OK);
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",0\r\n");
    assert_non_null(strstr(s_say(carrier, "AT+CMGR=0\r"), "+CMGR: 0,,"));
    assert_string_equal(s_say(carrier, "AT+CMGD=0\r"), "\r\nOK\r\n");
    assert_non_null(strstr(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDSI: \"SR\",0\r\n"));
    op_carrier_destroy(&carrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_quirks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
