/*  modem.h - the actor that carries texts: one core for all lines of a host

    Tells in:  text_send and text_cancel from ledger, text_send from auth.
    Tells out: text_outcome to whoever sent the text; text_reported, text_received and line_state to
               ledger.
    Requests, the operator's: modem.queued, queued_find: queued_view, or not_found;
    modem.quarantine,
               quarantine_list: quarantine_view, newest first; modem.lines: lines_health, how each
               line is and why.
    Notes:     to "serial" serial_open, serial_close, serial_bytes and serial_watch; from it
               serial_opened, serial_closed, serial_bytes, serial_found and serial_gone.

    Outbound. A text waits in its line's queue, login codes before all else. Its parts are submitted
    one at a time: the row says "in the air" durably before AT+CMGS is written, and says how many
    parts the network has taken durably before the next one. A part that was in the air when the
    process died, or whose answer did not come, is in doubt. It is settled when the line has been
    drained: by the late answer or error if one came from the modem that has the part, else by
    policy: a login code (or every text, with resend_unknown) is sent again; any other is held for
    ten minutes, out of the queue's way, for a status report that proves it, and ends as
    unknown_outcome if none comes. A part that the network has confirmed is never sent again. What
    each error means is one table (modem/cms_error.h). Sending and receiving take turns; on a quick
    modem a turn has many commands, so that the outcome of a text and the mark of the next are one
    commit. While a part is in doubt, its line waits `send_timeout_ms` more for the answer, with its
    tty open.

    A text that was refused for now is paused, five times at most; a paused one blocks nobody.

    Status reports (modem_report.c) are told to the ledger, which shows delivered_at or
    undelivered_at beside a status that stays: a text that has failed as unknown_outcome stays
    failed, with the time at which it was delivered after all.

    Inbound. A stored message is read, its PDU is durable, and only then the slot is deleted; the
    identity of a message (SIM, sender, service centre time, header, content) tells a second reading
    from a second message. Both memories, SM and ME, are searched, and SR for reports. Parts of a
    long text are kept raw and joined when all are there; after ten minutes the text is told as far
    as it has come, and when the rest comes within a week, whole, under the same group. A class 0
    text is a text. Of a message without a readable time stamp the slot stands for the stamp until
    it is emptied; one that was handed out so is known for ten minutes. What is handed out while the
    line is set up is taken, too: reports at once, texts when it is known whose SIM it is. What is
    no text for a reader, or cannot be decoded, is kept in quarantine for 90 days.

    A sender is told in E.164 form where the network says it so, or as a national number of the
    line's own country (op_phone_complete); as it is where it is a short code or a name; and as
    OP_SENDER_UNKNOWN where there is none.

    A line: open the tty, drain, run the setup script (modem_setup.c), list what is stored, then
    serve; look after SIM, network and memory every check_ms. What goes wrong is climbed as a ladder
    (modem_line.c): a line is up again at most ten minutes after its modem works. One that says
    nothing of texts, twice in a row, has failed too. A line whose texts the network bars, three
    and none taken between, receives, sends nothing for ten minutes at a time, and tells the ledger
    that it is not up. What is wrong with a line that is up all the same is in its health. Its modem is whichever has its SIM
    (modem_device.c); devices that nobody holds are asked who they are (modem_probe.c) while a line
    is without its modem. */

#ifndef OP_ACTORS_MODEM_H
#define OP_ACTORS_MODEM_H

#include "actors/turn.h"

#define OP_SENDER_UNKNOWN "unknown"

extern const op_core_class_t op_modem_class;

#endif
