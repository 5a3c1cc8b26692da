/*  limits.h - every bound in OP that is not configuration, and how they relate

    Sizes are in bytes, times in milliseconds, unless the name says otherwise. */

#ifndef OP_BASE_LIMITS_H
#define OP_BASE_LIMITS_H

#include "base/phone.h"

enum {
    /* Texts (the HTTP contract; 3GPP TS 23.040 bounds a part at 140 octets). */
    OP_BODY_CHARACTERS_MAX = 1600,            /* code points */
    OP_BODY_MAX = OP_BODY_CHARACTERS_MAX * 4, /* as UTF-8 */
    OP_INBOUND_MAX = 255 * 160 * 4,           /* the longest joined inbound text, as UTF-8 */
    OP_PEER_MAX = 64,                         /* a sender: E.164, a short code, or letters */

    OP_MODEM_ERROR_MAX = 24, /* "cms_error 500" */

    /* Messages between actors. */
    OP_ACTOR_NAME_MAX = 32,
    OP_FRAME_MAX = 1 << 20, /* one message; also ZMQ_MAXMSGSIZE */
    OP_REQUEST_ID_MAX = 64, /* characters of X-Request-Id */
    OP_ADDRESS_MAX = 46,    /* a client's IP address as text */
    OP_MEMBER_MAX = 64,     /* the name of a member of a message, in a refusal */
    OP_SENTENCE_MAX = 200,  /* why something failed, for people */
    OP_SLIP_MAX = 8,        /* steps of an itinerary */
    OP_LIST_MAX = 1000,     /* items in an answer without pages */
    OP_PROXIES_MAX = 16,    /* networks of trusted proxies */
    OP_WEBHOOKS_MAX = 300,  /* of one account */
    OP_PAGE_MAX = 100,      /* items on a page */
    OP_PAGE_DEFAULT = 20,
    OP_BACKUP_PART_MAX = 1 << 18, /* of a backup, in one message */

    /* Modems. */
    OP_LINES_MAX = 256,  /* of one modem actor */
    OP_DEVICE_MAX = 256, /* the path of a tty, or a pattern of such */
    OP_IMEI_MAX = 17,    /* 15 digits, some modems say 14 or add the software version */
    OP_ICCID_MAX = 22,   /* ITU-T E.118: 19 or 20; padded ones are longer */
    OP_IMSI_MAX = 15,    /* digits (TS 23.003 2.2) */
    OP_PIN_MAX = 8,      /* digits of a SIM's PIN (TS 31.101 9.5.1) */

    /* A turn (actors/actor.h). */
    OP_TURN_MESSAGES_MAX = 256,
    OP_TURN_GATHER_MS = 5, /* between the commits of turns that nobody waits for (runtime.h) */
    OP_PEERS_MAX = 64,     /* actors that one actor exchanges tells with */
    OP_TELL_WINDOW = 512,  /* tells in flight to one peer */
    OP_TELL_RESEND_MS = 1000,
    OP_TELL_ERASE_MS = 1000, /* how long an acknowledged tell waits for a commit to vanish with */
    OP_TELL_HOLD_MS = 100,   /* how long a tell without effect waits for one to be acknowledged */
    OP_OUTBOX_MAX = 100000,  /* tells that wait for one peer; then nothing new is begun (actor.h) */
    OP_FULL_RETRY_S = 60,    /* Retry-After where that refuses a request */
    OP_MAILBOX_HWM = 1000,   /* frames, at each end of a link */
    OP_KEY_MAX = 256,        /* a key of the store */

    /* From an actor's wish to have the store compacted (actors/compactor.h): what follows from an
       erasure, in other actors and outboxes, is then done. And between two times. */
    OP_COMPACT_DELAY_MS = 10000,
    OP_COMPACT_PAUSE_MS = 60000,

    /* Waits. */
    OP_REQUEST_DEADLINE_MS = 5000, /* then the client gets 503 */
    OP_START_DEADLINE_MS = 10000,  /* an actor reports READY or FAILED by then */
    OP_DRAIN_DEADLINE_MS = 10000,  /* from SIGTERM to giving up on work in flight */

    /* Links between processes (transport/links.h). */
    OP_PROTOCOL = 1,              /* of frames and handshake; another one is refused */
    OP_LINK_HELLO_MS = 500,       /* between two hellos */
    OP_LINK_SILENCE_MS = 3000,    /* without a hello: the link is down */
    OP_LINK_CONNECT_MS = 2000,    /* for TCP to connect */
    OP_LINK_RETRY_MS = 100,       /* the first pause before connecting again ... */
    OP_LINK_RETRY_MAX_MS = 1000,  /* ... and the longest: it doubles */
    OP_LINK_HANDSHAKE_MS = 3000,  /* for a connection to show who it is */
    OP_LINK_CLOCK_SLACK_MS = 100, /* a clock that is this near is not corrected */

    /* HTTP. */
    OP_URL_MAX = 2048,
    OP_NAME_CHARACTERS_MAX = 100, /* the name of an API key */
    OP_NAME_MAX = OP_NAME_CHARACTERS_MAX * 4,
    OP_ANSWER_MAX = 256, /* what is kept of the body of a webhook receiver's answer */
    OP_CURSOR_MAX = 200,
    OP_ATTEMPTS_MAX = 8, /* that a delivery's log shows: as many as the schedule has tries */
};

_Static_assert(OP_TELL_WINDOW <= OP_MAILBOX_HWM, "a window of tells fits a mailbox");
_Static_assert(OP_TELL_HOLD_MS * 2 < OP_TELL_RESEND_MS, "what is held is not told again");
_Static_assert(OP_LINK_SILENCE_MS >= 4 * OP_LINK_HELLO_MS, "a lost hello does not cut a link");
_Static_assert(OP_LINK_CONNECT_MS + OP_LINK_RETRY_MAX_MS + 2 * OP_LINK_HELLO_MS <= 5000,
               "a link is up 5 s after its network");
_Static_assert(OP_TURN_MESSAGES_MAX <= OP_MAILBOX_HWM, "a turn empties at most a mailbox");
_Static_assert((int)OP_PHONE_MAX <= (int)OP_PEER_MAX, "a phone is a peer");
_Static_assert(OP_INBOUND_MAX + 4096 < OP_FRAME_MAX, "the longest text fits a frame");
_Static_assert(OP_PAGE_MAX *(OP_BODY_MAX + 512) < OP_FRAME_MAX, "a page of own texts fits a frame");
_Static_assert(OP_WEBHOOKS_MAX *(OP_URL_MAX + 512) < OP_FRAME_MAX, "all webhooks fit a frame");
_Static_assert(OP_PAGE_MAX *(OP_ATTEMPTS_MAX *(OP_ANSWER_MAX * 3 + 300) + 200) < OP_FRAME_MAX,
               "a page of deliveries fits a frame");
_Static_assert(OP_PAGE_DEFAULT <= OP_PAGE_MAX, "the default page is a legal page");

#endif
