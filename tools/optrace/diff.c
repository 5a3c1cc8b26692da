#include "tools/optrace/optrace.h"

#include <stdio.h>
#include <string.h>

static bool s_same(const op_tape_event_t *a, const op_tape_event_t *b)
{
    return a->what == b->what && a->at == b->at && a->type == b->type &&
           memcmp(&a->entropy, &b->entropy, sizeof a->entropy) == 0 &&
           op_str_equal(a->bytes, b->bytes);
}

/*  The actor's next event from *at on; NULL at its end. */
static const op_tape_event_t *s_next(const op_tape_t *tape, size_t actor, size_t *at)
{
    while (*at < tape->event_count) {
        const op_tape_event_t *event = &tape->events[(*at)++];
        if (event->actor == actor)
            return event;
    }
    return NULL;
}

static void s_side(const op_tape_t *tape, const op_tape_event_t *event, char side, op_print_t how,
                   op_buf_t *text)
{
    op_buf_printf(text, "  %c ", side);
    if (event)
        op_optrace_event(tape, event, how, text);
    else
        op_buf_add_str(text, OP_STR("ends here"));
    op_buf_add_byte(text, '\n');
}

static const char *s_what_differs(const op_tape_event_t *a, const op_tape_event_t *b)
{
    if (!a || !b)
        return "one goes on";
    if (a->what != b->what)
        return "other things happen";
    if (a->type != b->type || !op_str_equal(a->bytes, b->bytes))
        return "other octets";
    return a->at != b->at ? "at another time" : "with other entropy";
}

static bool s_rows_same(const op_tape_actor_t *a, const op_tape_actor_t *b)
{
    bool same = a->row_count == b->row_count;
    for (size_t i = 0; same && i < a->row_count; i++)
        same = op_str_equal(a->rows[i].key, b->rows[i].key) &&
               op_str_equal(a->rows[i].value, b->rows[i].value);
    return same;
}

/*  Rows alone can differ where all events are the same: one build did other things with them. */
static void s_compare_ends(const op_tape_actor_t *a, const op_tape_actor_t *b, op_buf_t *text)
{
    if (a->ended != b->ended)
        op_buf_printf(text, "%s: only the %s has a clean end\n", a->name,
                      a->ended ? "first" : "second");
    else if (a->ended && (a->rows_at_end != b->rows_at_end ||
                          memcmp(&a->digest, &b->digest, sizeof a->digest) != 0))
        op_buf_printf(text, "%s: ends with other rows (%llu and %llu)\n", a->name,
                      (unsigned long long)a->rows_at_end, (unsigned long long)b->rows_at_end);
}

/*  Compares one life with its counterpart. */
static void s_compare(const op_tape_t *left, size_t a, const op_tape_t *right, size_t b,
                      op_print_t how, op_buf_t *text)
{
    const char *name = left->actors[a].name;
    if (!s_rows_same(&left->actors[a], &right->actors[b]))
        op_buf_printf(text, "%s: starts from other rows (%zu and %zu)\n", name,
                      left->actors[a].row_count, right->actors[b].row_count);
    size_t left_at = 0, right_at = 0;
    for (size_t count = 1;; count++) {
        const op_tape_event_t *one = s_next(left, a, &left_at);
        const op_tape_event_t *other = s_next(right, b, &right_at);
        if (!one && !other)
            break;
        if (one && other && s_same(one, other))
            continue;
        op_buf_printf(text, "%s: event %zu: %s\n", name, count, s_what_differs(one, other));
        s_side(left, one, '<', how, text);
        s_side(right, other, '>', how, text);
        return;
    }
    s_compare_ends(&left->actors[a], &right->actors[b], text);
}

/*  The n-th life of that name: OP_TAPE_NONE when there are fewer. */
static size_t s_life(const op_tape_t *tape, const char *name, size_t n)
{
    for (size_t i = 0; i < tape->actor_count; i++)
        if (strcmp(tape->actors[i].name, name) == 0 && n-- == 0)
            return i;
    return OP_TAPE_NONE;
}

static size_t s_life_number(const op_tape_t *tape, size_t actor)
{
    size_t n = 0;
    for (size_t i = 0; i < actor; i++)
        n += strcmp(tape->actors[i].name, tape->actors[actor].name) == 0;
    return n;
}

op_optrace_exit_t op_optrace_diff(const op_optrace_options_t *options)
{
    op_optrace_t left = {.file_count = 0}, right = {.file_count = 0};
    if (op_optrace_read(&left, options->files[0], options->lenient) != 0 ||
        op_optrace_read(&right, options->files[1], options->lenient) != 0) {
        op_optrace_close(&left);
        op_optrace_close(&right);
        return OP_OPTRACE_BAD;
    }
    op_buf_t text = {0};
    bool same = true;
    for (size_t i = 0; i < left.tape.actor_count; i++) {
        const char *name = left.tape.actors[i].name;
        size_t other = s_life(&right.tape, name, s_life_number(&left.tape, i));
        op_buf_clear(&text);
        if (other == OP_TAPE_NONE)
            op_buf_printf(&text, "%s: only in the first\n", name);
        else
            s_compare(&left.tape, i, &right.tape, other, options->how, &text);
        same &= text.size == 0;
        fwrite(text.at, 1, text.size, stdout);
    }
    for (size_t i = 0; i < right.tape.actor_count; i++) {
        const char *name = right.tape.actors[i].name;
        if (s_life(&left.tape, name, s_life_number(&right.tape, i)) == OP_TAPE_NONE) {
            printf("%s: only in the second\n", name);
            same = false;
        }
    }
    if (same)
        printf("the same: %zu events\n", left.tape.event_count);
    op_buf_free(&text);
    op_optrace_close(&left);
    op_optrace_close(&right);
    return same ? OP_OPTRACE_OK : OP_OPTRACE_DIFFERS;
}
