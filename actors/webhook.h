/*  webhook.h - the actor that keeps webhooks and delivers events to them

    Requests, by step; a webhook or delivery of another account is not_found:
    webhook.create      webhook_create, number in the context: webhook_created; webhook_exists when
                        the account has one on this number already. The URL was checked at the edge
                        (http/poster.h).
    webhook.list        by_number: webhooks_view.
    webhook.show        by_id: webhook_view.
    webhook.update      webhook_update: webhook_view.
    webhook.rotate      webhook_rotate: webhook_rotated.
    webhook.test        by_id: webhook_tested, when the post has ended: one, under the newest
                        secret, whatever grace there is. At most OP_TESTS_MAX wait; then
                        unavailable.
    webhook.delete      by_id: nothing.
    webhook.deliveries  delivery_list: deliveries_view. A page looks at OP_LOG_ROWS_MAX rows at most:
                        with a filter it may be short, even empty, and still have a next one.
    webhook.replay      by_delivery: delivery_view.
    webhook.find        text_find, the operator's, of any account: the delivery_view of that message's
                        event; search_on where the slice did not hold it; not_found.
    Tells in:  number_event from ledger (something to deliver), lease_ended from ledger;
                        account_erased from auth and itself: all of the account's rows go.
    Notes:     to "poster" post, from it posted.

    Delivery. An event that an enabled webhook wants becomes a delivery, written in the turn that
    took the event. Its first attempt leaves right after the commit; after a failed one it waits for
    30 s, 2 m, 10 m, 1 h, 6 h, 24 h and 24 h, counted from the attempt's end; then it has failed. An
    attempt that was under way when the process died is made again at the next start, with the same
    delivery id: at least once. 2xx is success. 410 ends the delivery and switches the webhook off
    ("gone"). Retry-After with 429 or 503 makes the pause longer, by the next pause at most. So does
    a clock that is set back, by the pause itself at most.

    States of a delivery: pending, delivered, failed (410, or the last attempt), abandoned (its
    webhook was deleted, or the lease has ended). Replay posts it now, under the same id, with the
    schedule from its start; that of a disabled webhook is held like anything else that is pending.

    An endpoint has OP_POSTS_PER_WEBHOOK places at the poster, all together OP_POSTS_MAX; more wait
    in the store, oldest first, without being in the way of another endpoint's.

    A webhook is switched off ("failing") when OP_FAILURES_MAX deliveries in a row went through the
    whole schedule in vain. A success, or its owner's enabling it, begins the count anew. While it
    is disabled, by whomever, new events are not delivered, and what is pending is held; it goes on
    when the webhook is enabled again.

    A webhook whose lease has ended is gone as if it were deleted: it is no longer shown, cannot be
    changed, and what is pending is abandoned. Unseen it still delivers one thing, on the usual
    schedule: message.failed of each text that the release has cancelled.

    All deliveries, held ones too, and what is left of an ended lease are forgotten after 30 days.

    The signature is `t=<seconds>,v1=<hex>`, HMAC-SHA256 under the secret of "<seconds>." and the
    body as posted. After a rotation every post is signed with the new secret; within the grace one
    that is answered 400, 401 or 403 is posted once more at once, signed with the secret before.
    The two are one try of the schedule, with the end of the second, and two attempts in the log.
    One secret is remembered: a second rotation drops the oldest, whatever is left of its grace. */

#ifndef OP_ACTORS_WEBHOOK_H
#define OP_ACTORS_WEBHOOK_H

#include "actors/turn.h"

extern const op_core_class_t op_webhook_class;

enum {
    OP_POSTS_MAX = 1000, /* posts at the poster */
    OP_POSTS_PER_WEBHOOK = 8,
    OP_TESTS_MAX = 16,
    OP_FAILURES_MAX = 50,
    OP_LOG_ROWS_MAX = 1000,
    OP_GRACE_DEFAULT_S = 24 * 60 * 60,
    OP_GRACE_MAX_S = 7 * 24 * 60 * 60,
    OP_SIGNATURE_TEXT = 128
};

/*  The op-signature header's value for a body posted at this instant. */
void op_webhook_sign(op_str_t secret, int64_t now, op_str_t body, char text[OP_SIGNATURE_TEXT]);

#endif
