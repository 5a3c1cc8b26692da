/*  config.h - the configuration of a server

    The keys are declared in config.def; op_config_t has one member per key and is a plain value: it
    owns nothing, can be copied and needs no destructor. It is large (about 75 KiB): on the heap or
    in main's frame, not in a thread's.

    Order of precedence: defaults, then files, then --set; what comes later wins. Modems add up.

        op_config_init(&config);
        op_config_load(&config, path, error)             --config
        op_config_set(&config, "log/level=debug", error) --set
        op_config_add_modem(&config, "/dev/ttyUSB2=+14155550100", error)
        op_config_check(&config, itinerary, error)       last

    The file is ZPL (ZeroMQ RFC 4), read by CZMQ's zconfig: sections, and below each, indented by
    four spaces, `key = value`. Values may be quoted ("" or ''); behind '#' outside of quotes is a
    comment. Each key at most once; a section may come in several pieces. Modems have a line each:

        limits
            send_minute = 120
        modems
            modem = "/dev/serial/by-id/usb-Quectel-if02=+14155550100,shared"
            modem = "/dev/serial/by-id/usb-SimTech-if02=+14155550101"

    The actors of other processes have a line each, too (topology.h says what must be there):

        peers
            ledger = "tcp://10.0.0.2:7001"
            modem-berlin = "tcp://10.0.1.2:7001"

    Limits: a file has at most 256 KiB and 4096 lines of 1024 bytes: UTF-8, and of the control
    characters only tab, LF and CR LF.

    Errors: -1, and one line in `error`, without a newline, such as
    `opd.zpl:7: limits/send_second: must be 1 to 1000000000 calls, not "many"`. Then the
    configuration is as it was before the call. Phone numbers are not shown in full. */

#ifndef OP_TRANSPORT_CONFIG_H
#define OP_TRANSPORT_CONFIG_H

#include "transport/roles.h"

#include <stdio.h>

enum {
    OP_CONFIG_ERROR = 256, /* bytes of an error, its NUL included */
    OP_CONFIG_FILE_MAX = 256 << 10,
    OP_CONFIG_LINES_MAX = 4096,
    OP_CONFIG_LINE_MAX = 1024, /* zconfig cuts longer ones */
    OP_CONFIG_ENDPOINT_MAX = 128,
    OP_CONFIG_SOURCE = 84, /* a file's name as errors show it, its NUL included */
    OP_CONFIG_KEYS_MAX = 128,
};

typedef struct {
    char device[OP_DEVICE_MAX + 1]; /* path of the tty; empty: imei or iccid is there */
    char imei[OP_IMEI_MAX + 1];     /* of the modem */
    char iccid[OP_ICCID_MAX + 1];   /* of the SIM */
    char pin[OP_PIN_MAX + 1];       /* of the SIM; empty: it has none, or is open */
    char phone[OP_PHONE_MAX + 1];   /* E.164 */
    bool shared;                    /* the free number that everybody may use */
} op_config_modem_t;

/*  Where an actor of another process is. */
typedef struct {
    char actor[OP_ACTOR_NAME_MAX + 1];
    char endpoint[OP_CONFIG_ENDPOINT_MAX + 1];
    uint16_t line; /* of the file; 0: not from one */
} op_config_peer_t;

typedef struct {
#define OP_CONFIG_MEMBER_U64(name, max)                           uint64_t name;
#define OP_CONFIG_MEMBER_BOOL(name, max)                          bool name;
#define OP_CONFIG_MEMBER_TEXT(name, max)                          char name[(max) + 1];
#define KEY(NAME, path, TYPE, standard, min, max, unit, sentence) OP_CONFIG_MEMBER_##TYPE(NAME, max)
#include "transport/config.def"
#undef OP_CONFIG_MEMBER_U64
#undef OP_CONFIG_MEMBER_BOOL
#undef OP_CONFIG_MEMBER_TEXT
    size_t modem_count;
    op_config_modem_t modems[OP_LINES_MAX];
    uint16_t modem_lines[OP_LINES_MAX]; /* of the file, of each; 0: not from one */
    size_t peer_count;
    op_config_peer_t peers[OP_PEERS_MAX];
    char source[OP_CONFIG_SOURCE];      /* the file read last, for errors that come later */
    uint16_t lines[OP_CONFIG_KEYS_MAX]; /* its line that set each key; 0: it did not */
} op_config_t;

/*  Every key's default, no modem. */
void op_config_init(op_config_t *self);

/*  Reads a regular file over what is already there. */
int op_config_load(op_config_t *self, const char *path, char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  "section/key=value": the value is everything behind the first '=', without quotes. */
int op_config_set(op_config_t *self, const char *setting,
                  char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  "DEVICE=E164", with ",shared" or ",pin=PIN" (4 to 8 digits) or both behind it. DEVICE is the
    path of a tty, or "imei:" and 14 to 17 digits, or "iccid:" and 18 to 22 digits: such a modem is
    looked for at modem/devices. It may contain '='; it has 1 to 256 bytes. No device and no number
    twice; at most OP_LINES_MAX modems. */
int op_config_add_modem(op_config_t *self, const char *modem,
                        char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  "ledger=tcp://10.0.0.2:7001"; a later one of the same actor wins, whoever gave it. At most
    OP_PEERS_MAX. */
int op_config_add_peer(op_config_t *self, const char *peer,
                       char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  What no key can tell alone: a listener that is not loopback needs http/public_listen or
    metrics/public_listen, and no two have the same address; modems are of use only where a modem
    actor runs; real and simulated ones together are at most OP_LINES_MAX; one by IMEI or ICCID
    needs modem/devices; the topology is possible (topology.h). What a file has set is named with
    its line. No modem at all is fine here: such a server starts, and the caller may
    warn. The itineraries are the HTTP API's: they say who has to reach whom. */
int op_config_check(const op_config_t *self, op_roles_itinerary_t *itinerary,
                    char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  What turns out to be wrong with a key later: writes it into `error` as the calls above do, with
    the file and line that set the key. Returns -1. */
int op_config_wrong(const op_config_t *self, const char *path, const char *why,
                    char error[OP_CONFIG_ERROR]);

/*  Can a change of the key ("section/key") be taken while opd runs, by SIGHUP? */
bool op_config_is_live(const char *path);

/*  Writes a file that op_config_load takes and that changes nothing: every key with its sentence,
    bounds, unit and default, and whether it is live. The caller checks the stream for errors. */
void op_config_reference(FILE *file);

#endif
