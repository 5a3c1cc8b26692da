/*  The table of keys, made from config.def, and plain loops over it. Nothing here knows a key by
    name, but for the checks that involve two of them.

    Defaults are kept as text and go through the same checks as everybody's values: a default out of
    its own bounds is a bug that the first test finds. */

#include "transport/config_private.h"
#include "transport/topology.h"

#include <stdarg.h>
#include <string.h>

/*  A default as text: TEXT is a literal already. */
#define S_DEFAULT_U64(standard)  #standard
#define S_DEFAULT_BOOL(standard) ((standard) ? "true" : "false")
#define S_DEFAULT_TEXT(standard) standard

const op_config_key_t op_config_keys[] = {
#define S_ROW(NAME, path, TYPE, FORM, standard, min, max, unit, sentence)                          \
    {path,                                                                                         \
     OP_CONFIG_##TYPE,                                                                             \
     OP_CONFIG_FORM_##FORM,                                                                        \
     offsetof(op_config_t, NAME),                                                                  \
     S_DEFAULT_##TYPE(standard),                                                                   \
     min,                                                                                          \
     max,                                                                                          \
     unit,                                                                                         \
     sentence},
#define KEY(NAME, path, TYPE, standard, min, max, unit, sentence)                                  \
    S_ROW(NAME, path, TYPE, ANY, standard, min, max, unit, sentence)
#define TEXT(NAME, path, FORM, standard, min, max, unit, sentence)                                 \
    S_ROW(NAME, path, TEXT, FORM, standard, min, max, unit, sentence)
#include "transport/config.def"
};

const size_t op_config_key_count = OP_COUNT(op_config_keys);
_Static_assert(OP_COUNT(op_config_keys) <= OP_CONFIG_KEYS_MAX, "a file's line per key has room");

const op_config_key_t *op_config_key(op_str_t path)
{
    for (size_t i = 0; i < op_config_key_count; i++)
        if (op_str_is(path, op_config_keys[i].path))
            return &op_config_keys[i];
    return NULL;
}

static op_str_t s_section_of(const op_config_key_t *key)
{
    return op_str_of(key->path, strcspn(key->path, "/"));
}

bool op_config_section(op_str_t name)
{
    for (size_t i = 0; i < op_config_key_count; i++)
        if (op_str_equal(name, s_section_of(&op_config_keys[i])))
            return true;
    return op_str_is(name, "modems") || op_str_is(name, "peers");
}

/*  ---- Errors ---- */

#define S_EXAMPLE "+14155550123" /* of the numbers that are kept free for fiction */

/*  Hides all but the last two digits of whatever may be a phone number, under whichever key
    somebody has put it; not those of the example, which is nobody's. */
static void s_hide_numbers(char *text)
{
    for (char *at = strchr(text, '+'); at; at = strchr(at, '+')) {
        size_t digits = strspn(++at, "0123456789");
        if (digits < 7 || digits > 15 || strncmp(at - 1, S_EXAMPLE, strlen(S_EXAMPLE)) == 0)
            continue;
        memset(at, '*', digits - 2);
    }
}

int op_config_say(char error[OP_CONFIG_ERROR], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, OP_CONFIG_ERROR, format, arguments);
    va_end(arguments);
    for (char *at = error; *at; at++)
        if (op_is_control(*at))
            *at = '?';
    s_hide_numbers(error);
    return -1;
}

/*  What a value must be: "1 to 64 modems", "true or false", "hold or resend". */
static void s_describe(const op_config_key_t *key, char *text, size_t size)
{
    switch (key->kind) {
    case OP_CONFIG_U64:
        snprintf(text, size, "%llu to %llu%s%s", (unsigned long long)key->min,
                 (unsigned long long)key->max, *key->unit ? " " : "", key->unit);
        break;
    case OP_CONFIG_BOOL:
        snprintf(text, size, "true or false");
        break;
    case OP_CONFIG_TEXT:
        snprintf(text, size, "%s", key->unit);
        break;
    }
}

/*  "must be ..., not "VALUE"", with a long value cut, at a whole character. */
static int s_must_be(const op_config_key_t *key, op_str_t value, char why[OP_CONFIG_WHY])
{
    enum { SHOWN = 40 };
    char wanted[80];
    s_describe(key, wanted, sizeof wanted);
    value = op_config_form_culprit(key, value);
    size_t shown = value.size;
    if (shown > SHOWN) {
        shown = SHOWN;
        while (shown && ((unsigned char)value.at[shown] & 0xc0) == 0x80)
            shown--;
    }
    snprintf(why, OP_CONFIG_WHY, "must be %s, not \"%.*s%s\"", wanted, (int)shown,
             shown ? value.at : "", shown < value.size ? "..." : "");
    return -1;
}

/*  ---- Values ---- */

static int s_assign_text(const op_config_key_t *key, char *member, op_str_t value,
                         char why[OP_CONFIG_WHY])
{
    if (value.size < key->min || op_str_has_control(value) || !op_config_form_ok(key, value))
        return s_must_be(key, value, why);
    if (value.size > key->max) {
        snprintf(why, OP_CONFIG_WHY, "must have at most %llu bytes, not %zu",
                 (unsigned long long)key->max, value.size);
        return -1;
    }
    memset(member, 0, (size_t)key->max + 1); /* so that equal texts are equal octets */
    op_str_copy(value, member, (size_t)key->max + 1);
    return 0;
}

int op_config_assign(op_config_t *self, const op_config_key_t *key, op_str_t value,
                     char why[OP_CONFIG_WHY])
{
    void *member = (char *)self + key->offset;
    uint64_t number;
    bool yes;
    switch (key->kind) {
    case OP_CONFIG_U64:
        if (!op_str_to_u64(value, key->max, &number) || number < key->min)
            return s_must_be(key, value, why);
        memcpy(member, &number, sizeof number);
        return 0;
    case OP_CONFIG_BOOL:
        yes = op_str_is(value, "true");
        if (!yes && !op_str_is(value, "false"))
            return s_must_be(key, value, why);
        memcpy(member, &yes, sizeof yes);
        return 0;
    case OP_CONFIG_TEXT:
        return s_assign_text(key, member, value, why);
    }
    OP_ASSERT(false); /* every kind has its case */
    return -1;
}

static bool s_is_digits(op_str_t text, size_t least, size_t most)
{
    size_t digits = 0;
    while (digits < text.size && op_is_digit(text.at[digits]))
        digits++;
    return digits == text.size && digits >= least && digits <= most;
}

/*  "shared" and "pin=PIN", each at most once. */
static bool s_split_options(op_str_t options, op_config_modem_t *modem)
{
    while (options.at) {
        op_str_t option = op_str_next(&options, ',');
        if (op_str_is(option, "shared") && !modem->shared)
            modem->shared = true;
        else if (op_str_starts(option, "pin=") && !*modem->pin &&
                 s_is_digits(op_str_skip(option, 4), 4, OP_PIN_MAX))
            op_str_copy(op_str_skip(option, 4), modem->pin, sizeof modem->pin);
        else
            return false;
    }
    return true;
}

/*  The number begins behind the last "=+": paths may hold a '=', options have none before a '+'. */
static bool s_split_modem(op_str_t text, op_str_t *device, op_str_t *phone,
                          op_config_modem_t *modem)
{
    size_t at = text.size;
    while (at > 0 && !(text.at[at - 1] == '=' && at < text.size && text.at[at] == '+'))
        at--;
    if (at == 0) { /* no number at all: what is there instead is said to be wrong */
        const char *equals = text.size ? memrchr(text.at, '=', text.size) : NULL;
        if (!equals)
            return false;
        at = (size_t)(equals - text.at) + 1;
    }
    *device = op_str_of(text.at, at - 1);
    op_str_t options = op_str_skip(text, at);
    *phone = op_str_next(&options, ',');
    return device->size > 0 && s_split_options(options, modem);
}

/*  A path, or a name of the modem or the SIM. False: such a name has no such digits. */
static bool s_place(op_str_t device, op_config_modem_t *modem)
{
    op_str_t digits = device, name = op_str_next(&digits, ':');
    if (digits.at && op_str_is(name, "imei"))
        return s_is_digits(digits, 14, OP_IMEI_MAX) &&
               op_str_copy(digits, modem->imei, sizeof modem->imei);
    if (digits.at && op_str_is(name, "iccid"))
        return s_is_digits(digits, 18, OP_ICCID_MAX) &&
               op_str_copy(digits, modem->iccid, sizeof modem->iccid);
    return op_str_copy(device, modem->device, sizeof modem->device);
}

static bool s_same_place(const op_config_modem_t *a, const op_config_modem_t *b)
{
    return strcmp(a->device, b->device) == 0 && strcmp(a->imei, b->imei) == 0 &&
           strcmp(a->iccid, b->iccid) == 0;
}

/*  Is this modem there already, or is there no room for it? */
static int s_modem_fits(const op_config_t *self, const op_config_modem_t *modem,
                        char why[OP_CONFIG_WHY])
{
    char masked[OP_PHONE_MAX + 1];
    for (size_t i = 0; i < self->modem_count; i++) {
        const op_config_modem_t *other = &self->modems[i];
        if (s_same_place(modem, other)) {
            snprintf(why, OP_CONFIG_WHY, "the device %.100s is there twice",
                     *other->device ? other->device
                     : *other->imei ? "imei:"
                                    : "iccid:");
            return -1;
        }
        if (strcmp(modem->phone, other->phone) == 0) {
            snprintf(why, OP_CONFIG_WHY, "the number %s is there twice",
                     op_phone_mask(op_str(modem->phone), masked));
            return -1;
        }
    }
    if (self->modem_count == OP_LINES_MAX) {
        snprintf(why, OP_CONFIG_WHY, "more than %d modems", OP_LINES_MAX);
        return -1;
    }
    return 0;
}

_Static_assert(OP_DEVICE_MAX == 256 && OP_IMEI_MAX == 17 && OP_ICCID_MAX == 22 && OP_PIN_MAX == 8,
               "as the sentences below say");

/*  What was given is not repeated before it is known to be right: a part of it could be a phone
    number in the wrong place, or a PIN. */
int op_config_assign_modem(op_config_t *self, op_str_t text, char why[OP_CONFIG_WHY])
{
    op_config_modem_t modem = {.shared = false};
    op_str_t device, phone;
    const char *sorry = NULL;
    if (!s_split_modem(text, &device, &phone, &modem))
        sorry = "must be DEVICE=E164, with ,shared or ,pin=PIN (4 to 8 digits) or both behind it";
    else if (device.size > OP_DEVICE_MAX || op_str_has_control(device))
        sorry = "the device must have at most 256 bytes, without control characters";
    else if (!s_place(device, &modem))
        sorry = "imei: wants 14 to 17 digits behind it, iccid: 18 to 22";
    else if (!op_phone_valid(phone))
        sorry = "the number must be in E.164 form, like " S_EXAMPLE;
    if (sorry) {
        snprintf(why, OP_CONFIG_WHY, "%s", sorry);
        return -1;
    }
    op_str_copy(phone, modem.phone, sizeof modem.phone);
    if (s_modem_fits(self, &modem, why) != 0)
        return -1;
    self->modems[self->modem_count++] = modem;
    return 0;
}

int op_config_assign_peer(op_config_t *self, op_str_t actor, op_str_t endpoint, uint16_t line,
                          char why[OP_CONFIG_WHY])
{
    if (!op_roles_actor_ok(actor)) {
        snprintf(why, OP_CONFIG_WHY, "no such actor: they are " OP_ROLES_ACTORS);
        return -1;
    }
    if (!op_config_endpoint_ok(endpoint)) {
        snprintf(why, OP_CONFIG_WHY, "must be tcp://IP:PORT or ipc://PATH");
        return -1;
    }
    op_config_peer_t *slot = self->peers;
    while (slot < self->peers + self->peer_count && !op_str_is(actor, slot->actor))
        slot++;
    if (slot == self->peers + OP_PEERS_MAX) {
        snprintf(why, OP_CONFIG_WHY, "more than %d peers", OP_PEERS_MAX);
        return -1;
    }
    self->peer_count += slot == self->peers + self->peer_count;
    op_str_copy(actor, slot->actor, sizeof slot->actor);
    op_str_copy(endpoint, slot->endpoint, sizeof slot->endpoint);
    slot->line = line;
    return 0;
}

/*  ---- The public calls ---- */

void op_config_init(op_config_t *self)
{
    char why[OP_CONFIG_WHY];
    memset(self, 0, sizeof *self);
    for (size_t i = 0; i < op_config_key_count; i++) {
        const op_config_key_t *key = &op_config_keys[i];
        int result = op_config_assign(self, key, op_str(key->standard), why);
        OP_ASSERT(result == 0);
    }
}

int op_config_set(op_config_t *self, const char *setting, char error[OP_CONFIG_ERROR])
{
    char why[OP_CONFIG_WHY];
    op_str_t path = op_str_of(setting, strcspn(setting, "="));
    const op_config_key_t *key = op_config_key(path);
    int shown = path.size < 60 ? (int)path.size : 60;
    if (!setting[path.size])
        return op_config_say(error, "%.*s: a setting is SECTION/KEY=VALUE", shown, setting);
    if (op_str_is(path, "modems/modem"))
        return op_config_say(error, "modems/modem: cannot be set; use --modem");
    if (op_str_starts(path, "peers/"))
        return op_config_add_peer(self, setting + strlen("peers/"), error);
    if (!key)
        return op_config_say(error, "%.*s: no such key", shown, setting);
    if (op_config_assign(self, key, op_str(setting + path.size + 1), why) != 0)
        return op_config_say(error, "%s: %s", key->path, why);
    self->lines[key - op_config_keys] = 0;
    return 0;
}

int op_config_add_modem(op_config_t *self, const char *modem, char error[OP_CONFIG_ERROR])
{
    char why[OP_CONFIG_WHY];
    if (op_config_assign_modem(self, op_str(modem), why) != 0)
        return op_config_say(error, "modems/modem: %s", why);
    return 0;
}

int op_config_add_peer(op_config_t *self, const char *peer, char error[OP_CONFIG_ERROR])
{
    char why[OP_CONFIG_WHY];
    op_str_t actor = op_str_of(peer, strcspn(peer, "="));
    op_str_t endpoint = op_str(peer + actor.size + (peer[actor.size] != 0));
    if (op_config_assign_peer(self, actor, endpoint, 0, why) != 0)
        return op_config_say(error, "peers/%.*s: %s", actor.size < 60 ? (int)actor.size : 60, peer,
                             why);
    return 0;
}

bool op_config_is_live(const char *path)
{
    static const char *const fronts[] = {"limits/", "auth/", "texts/", "link/trust_modems",
                                         "log/level"};
    for (size_t i = 0; i < OP_COUNT(fronts); i++)
        if (op_str_starts(op_str(path), fronts[i]))
            return true;
    return false;
}

void op_config_reference(FILE *file)
{
    fputs(
        "# The configuration of opd: every key, set to its default.\n"
        "#\n"
        "# Sections, and below each, indented by 4 spaces, keys with their values. Behind # is a\n"
        "# comment. What is left out has its default; --set SECTION/KEY=VALUE overrules the "
        "file.\n"
        "# SIGHUP takes what is marked so, and the keys in the folder link/keys; all else needs a "
        "restart.\n",
        file);
    op_str_t section = {"", 0};
    for (size_t i = 0; i < op_config_key_count; i++) {
        const op_config_key_t *key = &op_config_keys[i];
        if (!op_str_equal(section, s_section_of(key))) {
            section = s_section_of(key);
            fprintf(file, "\n%.*s\n", (int)section.size, section.at);
        }
        char wanted[80];
        s_describe(key, wanted, sizeof wanted);
        const char *quote = key->kind == OP_CONFIG_TEXT ? "\"" : "";
        fprintf(file, "    # %s (%s%s)\n    %s = %s%s%s\n", key->sentence, wanted,
                op_config_is_live(key->path) ? "; SIGHUP takes it" : "",
                key->path + section.size + 1, quote, key->standard, quote);
    }
    fputs("\n# Where the actors are that do not run here, one line for each.\n"
          "peers\n"
          "    # ledger = \"tcp://10.0.0.2:7001\"\n"
          "    # modem-berlin = \"ipc:///run/op/berlin\"\n",
          file);
    fputs(
        "\n# One line for each modem: the path of its tty, the SIM's number, and \"shared\" if "
        "the\n"
        "# number is the free one. Paths below /dev/serial/by-id stay when modems change places.\n"
        "# Instead of a path: imei: or iccid: and its digits, found at modem/devices. The SIM's "
        "PIN "
        "may\n"
        "# stand behind the number, as \",pin=1234\".\n"
        "modems\n"
        "    # modem = \"/dev/serial/by-id/usb-FIRST-if02=+14155550100,shared\"\n"
        "    # modem = \"/dev/serial/by-id/usb-SECOND-if02=+14155550101\"\n",
        file);
}
