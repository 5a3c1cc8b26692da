/*  webhook.h - the actor that keeps webhooks and delivers events to them

    Requests, by step:
    webhook.create   webhook_create, number in the context: webhook_created; webhook_exists when the
                     account has one on this number already. The URL was checked at the edge
                     (http/poster.h).
    webhook.list     by_number: webhooks_view.
    webhook.delete   by_id: nothing, or not_found.
    Tells in:  number_event from ledger (something to deliver), lease_ended from ledger (its webhook
    dies).
    Notes:     to "poster" post, from it posted.

    An event that a webhook wants becomes a delivery, written in the turn that took the event. Its
    first attempt leaves right after the commit. A delivery whose attempt was under way when the
    process died is posted again at the next start, with the same delivery id: at least once.

    The signature is `t=<seconds>,v1=<hex>`, HMAC-SHA256 under the secret of "<seconds>." and the
    body as posted. */

#ifndef OP_ACTORS_WEBHOOK_H
#define OP_ACTORS_WEBHOOK_H

#include "actors/turn.h"

extern const op_core_class_t op_webhook_class;

enum { OP_SIGNATURE_TEXT = 128 };

/*  The op-signature header's value for a body posted at this instant. */
void op_webhook_sign(op_str_t secret, int64_t now, op_str_t body, char text[OP_SIGNATURE_TEXT]);

#endif
