#include "transport/roles.h"

#include "transport/topology.h"

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

static bool s_said(op_frame_kind_t kind, op_str_t from, op_str_t to, uint64_t type)
{
    for (size_t i = 0; i < OP_COUNT(s_rows); i++)
        if (s_rows[i].kind == kind && op_str_is(from, s_rows[i].from) &&
            op_str_is(to, s_rows[i].to) && s_rows[i].type->number == type)
            return true;
    return false;
}

/*  Are there tells from here to there? */
static bool s_tells(op_str_t from, op_str_t to)
{
    for (size_t i = 0; i < OP_COUNT(s_rows); i++)
        if (s_rows[i].kind == OP_FRAME_TELL && op_str_is(from, s_rows[i].from) &&
            op_str_is(to, s_rows[i].to))
            return true;
    return false;
}

/*  Does any itinerary end with, or could be refused by, an actor of this class? That it takes steps
    is not enough: those of the operator come from its own process. */
static bool s_replies(op_str_t class, op_roles_leads_t *leads)
{
    for (unsigned step = OP_STEP_NONE + 1; step < OP_STEP_END; step++) {
        if (!op_str_is(class, op_step_actor(step)))
            continue;
        bool led = leads(OP_STR("http"), step);
        for (unsigned before = OP_STEP_NONE + 1; !led && before < OP_STEP_END; before++)
            led = leads(op_str(op_step_actor(before)), step);
        if (led)
            return true;
    }
    return false;
}

static bool s_request(const op_envelope_t *frame, op_str_t from, op_str_t to,
                      op_roles_leads_t *leads)
{
    if (frame->slip.size == 0 || !op_str_is(op_topology_class(frame->origin), "http"))
        return false;
    /* Who asks is not known before auth has said so: an http knows a credential and an address. */
    const op_context_t *known = &frame->context;
    if (op_str_is(from, "http") &&
        !(op_id_is_none(known->account) && op_id_is_none(known->session) &&
          op_id_is_none(known->key) && op_id_is_none(known->number) && op_id_is_none(known->lease)))
        return false;
    unsigned step = (uint8_t)frame->slip.at[0];
    const char *actor = op_step_actor(step);
    return actor && op_str_is(to, actor) && leads(from, step) &&
           (!op_str_is(from, "http") || op_str_equal(frame->from, frame->origin));
}

bool op_roles_allow(const op_envelope_t *frame, op_roles_leads_t *leads)
{
    op_str_t from = op_topology_class(frame->from), to = op_topology_class(frame->to);
    op_frame_kind_t kind = (op_frame_kind_t)frame->kind;
    switch (kind) {
    case OP_FRAME_REQUEST:
        return s_request(frame, from, to, leads);
    case OP_FRAME_REPLY:
        return op_str_is(to, "http") && s_replies(from, leads);
    case OP_FRAME_ACK:
        return s_tells(to, from);
    case OP_FRAME_RESUME:
        return s_tells(from, to);
    case OP_FRAME_TELL:
    case OP_FRAME_NOTE:
        return s_said(kind, from, to, frame->type);
    }
    return false;
}
