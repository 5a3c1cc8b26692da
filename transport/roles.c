#include "transport/roles.h"

#include <string.h>

/*  ---- classes ---- */

const char *const op_roles_classes[OP_ROLES_CLASSES] = {"http",    "rate",   "auth",
                                                        "webhook", "ledger", "modem"};

op_str_t op_roles_class(op_str_t actor)
{
    const char *dash = actor.size ? memchr(actor.at, '-', actor.size) : NULL;
    return op_str_of(actor.at, dash ? (size_t)(dash - actor.at) : actor.size);
}

static bool s_may_be_several(op_str_t class)
{
    return op_str_is(class, "http") || op_str_is(class, "modem");
}

bool op_roles_actor_ok(op_str_t name)
{
    op_str_t class = op_roles_class(name);
    if (name.size > OP_ACTOR_NAME_MAX || name.size == class.size + 1)
        return false;
    for (size_t i = class.size + 1; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    for (size_t i = 0; i < OP_ROLES_CLASSES; i++)
        if (op_str_is(class, op_roles_classes[i]))
            return name.size == class.size || s_may_be_several(class);
    return false;
}

/*  ---- tells, acks and notes ---- */

static const struct {
    op_frame_kind_t kind;
    const char *from, *to;
    const op_type_t *type;
} s_rows[] = {
#define TELL(from, to, message) {OP_FRAME_TELL, #from, #to, &op_##message##_type},
#define NOTE(from, to, message) {OP_FRAME_NOTE, #from, #to, &op_##message##_type},
#include "transport/roles.def"
#undef TELL
#undef NOTE
};

static bool s_row_is(size_t row, op_frame_kind_t kind, op_str_t from, op_str_t to)
{
    return s_rows[row].kind == kind && op_str_is(from, s_rows[row].from) &&
           op_str_is(to, s_rows[row].to);
}

static bool s_says(op_frame_kind_t kind, op_str_t from, op_str_t to, uint64_t type)
{
    for (size_t i = 0; i < OP_COUNT(s_rows); i++)
        if (s_row_is(i, kind, from, to) && s_rows[i].type->number == type)
            return true;
    return false;
}

/*  Are there any of the kind from here to there? */
static bool s_any(op_frame_kind_t kind, op_str_t from, op_str_t to)
{
    for (size_t i = 0; i < OP_COUNT(s_rows); i++)
        if (s_row_is(i, kind, from, to))
            return true;
    return false;
}

/*  ---- requests and replies ---- */

/*  The class of who passes a request on to the step at this place of an itinerary. */
static const char *s_before(op_str_t steps, size_t place)
{
    return place ? op_step_actor((uint8_t)steps.at[place - 1]) : "http";
}

/*  Is the slip the rest of an itinerary that has come to an actor of this class? */
static bool s_is_rest(op_str_t from, op_str_t slip, op_roles_itinerary_t *itinerary)
{
    op_str_t steps;
    for (size_t i = 0; itinerary(i, &steps); i++) {
        if (slip.size == 0 || slip.size > steps.size)
            continue;
        size_t place = steps.size - slip.size;
        if (op_str_is(from, s_before(steps, place)) &&
            op_str_equal(slip, op_str_of(steps.at + place, slip.size)))
            return true;
    }
    return false;
}

/*  Does an itinerary lead to an actor of the class: from one of this class or, for NULL, from
    any? That it takes steps is not enough: those of the operator come from its own process. */
static bool s_is_led_to(op_str_t to, const char *from, op_roles_itinerary_t *itinerary)
{
    op_str_t steps;
    for (size_t i = 0; itinerary(i, &steps); i++)
        for (size_t place = 0; place < steps.size; place++)
            if (op_str_is(to, op_step_actor((uint8_t)steps.at[place])) &&
                (!from || strcmp(from, s_before(steps, place)) == 0))
                return true;
    return false;
}

/*  What an http knows of who asks: a credential, an address, and how the call is to be known again.
    All else is for those to say whom the request then comes to. */
static bool s_is_unknown_yet(op_context_t context)
{
    context.credential = (op_hash_t){{0}};
    context.once = (op_hash_t){{0}};
    context.address = (op_str_t){0};
    for (size_t i = 0; i < op_context_type.field_count; i++)
        if (!op_field_is_default(&op_context_type.fields[i], &context))
            return false;
    return true;
}

static bool s_request(const op_envelope_t *frame, op_str_t from, op_str_t to,
                      op_roles_itinerary_t *itinerary)
{
    if (!op_roles_actor_ok(frame->origin) || !op_str_is(op_roles_class(frame->origin), "http") ||
        !s_is_rest(from, frame->slip, itinerary) ||
        !op_str_is(to, op_step_actor((uint8_t)frame->slip.at[0])))
        return false;
    return !op_str_is(from, "http") ||
           (op_str_equal(frame->from, frame->origin) && s_is_unknown_yet(frame->context));
}

/*  ---- all of them ---- */

bool op_roles_allow(const op_envelope_t *frame, op_roles_itinerary_t *itinerary)
{
    op_str_t from = op_roles_class(frame->from), to = op_roles_class(frame->to);
    op_frame_kind_t kind = (op_frame_kind_t)frame->kind;
    switch (kind) {
    case OP_FRAME_REQUEST:
        return s_request(frame, from, to, itinerary);
    case OP_FRAME_REPLY:
        return op_str_is(to, "http") && s_is_led_to(from, NULL, itinerary);
    case OP_FRAME_ACK:
        return s_any(OP_FRAME_TELL, to, from);
    case OP_FRAME_RESUME:
        return s_any(OP_FRAME_TELL, from, to);
    case OP_FRAME_TELL:
    case OP_FRAME_NOTE:
        return s_says(kind, from, to, frame->type);
    }
    return false;
}

bool op_roles_speak(const char *from, const char *to, op_roles_itinerary_t *itinerary)
{
    op_str_t here = op_str(from), there = op_str(to);
    return s_any(OP_FRAME_TELL, here, there) || s_any(OP_FRAME_TELL, there, here) ||
           s_any(OP_FRAME_NOTE, here, there) || s_is_led_to(there, from, itinerary) ||
           (strcmp(to, "http") == 0 && s_is_led_to(here, NULL, itinerary));
}

bool op_roles_apply(const op_envelope_t *frame)
{
    return op_roles_actor_ok(frame->from) && op_roles_actor_ok(frame->to) &&
           !op_str_equal(frame->from, frame->to);
}
