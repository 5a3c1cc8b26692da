/*  optrace.h - what the sub-commands of optrace share

    Each sub-command is one function in a file of its own, tools/optrace/NAME.c. It writes what it
    found to stdout, one line about what is wrong to stderr, and returns the exit code. */

#ifndef OP_TOOLS_OPTRACE_OPTRACE_H
#define OP_TOOLS_OPTRACE_OPTRACE_H

#include "actors/tape.h"

typedef enum {
    OP_OPTRACE_OK = 0,      /* the same; found; done */
    OP_OPTRACE_DIFFERS = 1, /* a difference; nothing found */
    OP_OPTRACE_BAD = 2      /* a bad file, or a command line that makes no sense */
} op_optrace_exit_t;

enum { OP_OPTRACE_FILES_MAX = 64 };

/*  The command line behind the sub-command. NULL and 0: not given. */
typedef struct {
    const char *files[OP_OPTRACE_FILES_MAX];
    size_t file_count;
    const char *actor, *message, *phone, *request, *svg;
    int64_t from, to; /* instants, both included */
    unsigned lenient; /* OP_TAPE_TORN, OP_TAPE_GAPS */
    op_print_t how;   /* what is shown of texts and phones */
    bool quiet;       /* cut: not a word about what became of each actor */
} op_optrace_options_t;

/*  ---- file.c ---- */

typedef struct {
    char *path;
    op_str_t bytes;
} op_optrace_file_t;

/*  A trace that was read. Zero-initialise it. Its files are mapped, so they must not become shorter
    meanwhile. */
typedef struct {
    op_tape_t tape;
    op_optrace_file_t *files;
    size_t file_count;
    size_t *order, *cause; /* the events in causal order (actors/tape.h); NULL: not looked for */
} op_optrace_t;

/*  Reads FILE and all that continue it: FILE.1, FILE.2 ... `lenient` is that of op_tape_read. Where
    files are missing the tape has gaps, or with OP_TAPE_TORN alone it ends. What is left out is said
    on stderr. -1: stderr says why; it is to be closed all the same, when nobody looks at its tape
    any more. */
int op_optrace_read(op_optrace_t *self, const char *path, unsigned lenient) OP_MUST_CHECK;
/*  The same, with the events in causal order. -1: it is closed already. */
int op_optrace_open(op_optrace_t *self, const char *path, unsigned lenient) OP_MUST_CHECK;
void op_optrace_close(op_optrace_t *self);

/*  Writes into a file, mode 0600. One that exists is an error, unless `over`: then it is replaced,
    and its mode with it. -1: stderr says why. */
int op_optrace_write(op_str_t bytes, const char *path, bool over) OP_MUST_CHECK;
/*  Writes a tape into a new file. */
int op_optrace_save(const op_tape_t *tape, const char *path) OP_MUST_CHECK;

/*  The index of the actor's latest life, OP_TAPE_NONE. */
size_t op_optrace_actor(const op_tape_t *tape, const char *name);

/*  ---- print.c: events as lines of text ---- */

/*  "2026-05-20T19:14:52.123Z"; `text` takes OP_OPTRACE_INSTANT + 1 bytes. */
enum { OP_OPTRACE_INSTANT = 24 };
void op_optrace_instant(int64_t at, char text[OP_OPTRACE_INSTANT + 1]);

/*  Appends one event in one line: time, actor, what, the frame or setup. */
void op_optrace_event(const op_tape_t *tape, const op_tape_event_t *event, op_print_t how,
                      op_buf_t *line);

/*  Appends all of it, as `optrace print` without options does. */
void op_optrace_listing(const op_optrace_t *trace, const op_optrace_options_t *options,
                        op_buf_t *text, size_t *found);

/*  ---- follow.c ---- */

/*  Marks in marked[event_count] the events that belong to `id`: a message's id, a request's id, or
    any other id that messages carry; or to the correlation number of a request; and what was said
    to the serial port, and by it, while such a text went into the air. Returns how many. */
size_t op_optrace_mark(const op_optrace_t *trace, const char *id, bool *marked);

/*  air.c: the last of these, of the texts whose text_send is marked. */
size_t op_optrace_mark_air(const op_optrace_t *trace, bool *marked);

/*  One arrow of a sequence diagram. Names are borrowed from the trace. */
typedef struct {
    int64_t at;
    op_str_t from, to;
    size_t event;
} op_optrace_arrow_t;

/*  svg.c: the diagram as a picture, without scripts, fonts and colours of its own
    making. */
void op_optrace_svg(const op_tape_t *tape, const op_str_t *names, size_t name_count,
                    const op_optrace_arrow_t *arrows, size_t arrow_count, op_print_t how,
                    op_buf_t *out);

/*  ---- The sub-commands ---- */

op_optrace_exit_t op_optrace_print(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_stats(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_follow(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_cut(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_scrub(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_diff(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_replay(const op_optrace_options_t *options);
op_optrace_exit_t op_optrace_merge(const op_optrace_options_t *options);

#endif
