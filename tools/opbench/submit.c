#include "tools/opbench/submit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*  "bench" to +14155550100: TS 23.040 9.2.2.2, the service centre left to the SIM. The second one
    requests a status report (TP-SRR), which the modem stores and announces. */
static const char S_COMMAND[] = "AT+CMGS=18\r";
static const char S_PDU[] = "0001000B914151550501F0000005E2B27B8C06\x1a";
static const char S_PDU_SRR[] = "0021000B914151550501F0000005E2B27B8C06\x1a";
static const char S_SETUP[] = "ATE0;+CMGF=0\r";
static const char S_SETUP_REPORTS[] = "ATE0;+CMGF=0;+CPMS=\"SM\",\"SM\",\"SM\";+CNMI=2,1,0,2,0\r";

typedef enum { /* what a modem is to say next */
               WANT_SETUP,
               WANT_PROMPT,
               WANT_ANSWER, /* with reports, the announcement of its report as well */
               WANT_REPORT, /* that it was read */
               WANT_DELETED,
               WANT_JOURNAL /* nothing: the next text is to be journaled */
} s_want_t;

typedef struct {
    const char *path;
    int file;
    bool reports;  /* are requested, read and deleted */
    unsigned slot; /* of the report */
    s_want_t want;
    char heard[512];
    size_t size;
} s_tty_t;

static double s_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int s_fail(const s_tty_t *tty, const char *what)
{
    fprintf(stderr, "opbench: %s: %s\n", tty->path, what);
    return -1;
}

/*  Short enough for a tty's buffer to take it whole. */
static int s_say(s_tty_t *tty, const char *text, s_want_t want)
{
    tty->want = want;
    tty->size = 0;
    return write(tty->file, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : s_fail(tty, "write");
}

static int s_open(s_tty_t *tty)
{
    struct termios mode;
    tty->file = open(tty->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty->file < 0 || tcgetattr(tty->file, &mode) != 0)
        return s_fail(tty, "cannot be opened");
    cfmakeraw(&mode);
    if (tcsetattr(tty->file, TCSANOW, &mode) != 0)
        return s_fail(tty, "is no tty");
    return s_say(tty, tty->reports ? S_SETUP_REPORTS : S_SETUP, WANT_SETUP);
}

/*  A command about the slot of the report, like AT+CMGR. */
static int s_say_slot(s_tty_t *tty, const char *command, s_want_t want)
{
    char text[32];
    snprintf(text, sizeof text, "%s=%u\r", command, tty->slot);
    return s_say(tty, text, want);
}

/*  Was the report of this text announced, by a whole line? */
static bool s_announced(s_tty_t *tty)
{
    const char *line = strstr(tty->heard, "+CDSI:");
    return line && strchr(line, '\n') && sscanf(line, "+CDSI: \"SM\",%u", &tty->slot) == 1;
}

/*  The answer came. */
static int s_answered(s_tty_t *tty, op_bench_submit_t *result)
{
    if (tty->want == WANT_ANSWER && tty->reports)
        return s_announced(tty) ? s_say_slot(tty, "AT+CMGR", WANT_REPORT) : 0;
    if (tty->want == WANT_REPORT)
        return s_say_slot(tty, "AT+CMGD", WANT_DELETED);
    result->sent += tty->want != WANT_SETUP;
    tty->want = WANT_JOURNAL;
    return 0;
}

/*  What came, and what follows from it. */
static int s_hear(s_tty_t *tty, op_bench_submit_t *result)
{
    ssize_t size = read(tty->file, tty->heard + tty->size, sizeof tty->heard - 1 - tty->size);
    if (size <= 0)
        return s_fail(tty, "hung up");
    tty->size += (size_t)size;
    tty->heard[tty->size] = '\0';
    if (strstr(tty->heard, "ERROR") || tty->size == sizeof tty->heard - 1)
        return s_fail(tty, "refused");
    if (tty->want == WANT_JOURNAL)
        return s_fail(tty, "speaks unasked");
    if (tty->want == WANT_PROMPT)
        return strstr(tty->heard, "> ") ? s_say(tty, tty->reports ? S_PDU_SRR : S_PDU, WANT_ANSWER)
                                        : 0;
    return strstr(tty->heard, "OK\r\n") ? s_answered(tty, result) : 0;
}

/*  All that have an answer go on: behind one sync, where there is a journal. */
static int s_go_on(s_tty_t *ttys, size_t count, int journal)
{
    char record[512] = {0};
    bool synced = journal < 0;
    for (size_t i = 0; i < count; i++) {
        if (ttys[i].want != WANT_JOURNAL)
            continue;
        if (!synced && (write(journal, record, sizeof record) != (ssize_t)sizeof record ||
                        fdatasync(journal) != 0))
            return s_fail(&ttys[i], "the journal cannot be written");
        synced = true;
        if (s_say(&ttys[i], S_COMMAND, WANT_PROMPT) != 0)
            return -1;
    }
    return 0;
}

static int s_loop(s_tty_t *ttys, size_t count, int journal, double seconds,
                  op_bench_submit_t *result)
{
    struct pollfd polls[OP_BENCH_TTYS_MAX];
    double began = s_now();
    while ((result->seconds = s_now() - began) < seconds) {
        for (size_t i = 0; i < count; i++)
            polls[i] = (struct pollfd){.fd = ttys[i].file, .events = POLLIN};
        if (poll(polls, count, OP_BENCH_SUBMIT_SILENCE_MS) <= 0)
            return s_fail(&ttys[0], "and all others are silent");
        for (size_t i = 0; i < count; i++)
            if (polls[i].revents && s_hear(&ttys[i], result) != 0)
                return -1;
        if (s_go_on(ttys, count, journal) != 0)
            return -1;
    }
    return 0;
}

int op_bench_submit(char **paths, size_t count, const op_bench_submit_options_t *options,
                    op_bench_submit_t *result)
{
    OP_ASSERT(count >= 1 && count <= OP_BENCH_TTYS_MAX);
    s_tty_t ttys[OP_BENCH_TTYS_MAX];
    size_t opened = 0;
    int failed = 0, journal = -1;
    *result = (op_bench_submit_t){0};
    if (options->journal) {
        journal = open(options->journal, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        failed = journal < 0;
        if (failed)
            fprintf(stderr, "opbench: %s: cannot be opened\n", options->journal);
    }
    while (opened < count && !failed) {
        ttys[opened] = (s_tty_t){.path = paths[opened], .file = -1, .reports = options->reports};
        failed = s_open(&ttys[opened++]);
    }
    if (!failed)
        failed = s_loop(ttys, count, journal, options->seconds, result);
    while (opened-- > 0)
        if (ttys[opened].file >= 0)
            close(ttys[opened].file);
    if (journal >= 0)
        close(journal);
    return failed;
}
