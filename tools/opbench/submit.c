#include "tools/opbench/submit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*  "bench" to +14155550100: TS 23.040 9.2.2.2, the service centre left to the SIM. */
static const char S_COMMAND[] = "AT+CMGS=18\r";
static const char S_PDU[] = "0001000B914151550501F0000005E2B27B8C06\x1a";

typedef enum { WANT_SETUP, WANT_PROMPT, WANT_ANSWER, WANT_JOURNAL } s_want_t;

typedef struct {
    const char *path;
    int file;
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
    return s_say(tty, "ATE0;+CMGF=0\r", WANT_SETUP);
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
    switch (tty->want) {
    case WANT_PROMPT:
        return strstr(tty->heard, "> ") ? s_say(tty, S_PDU, WANT_ANSWER) : 0;
    case WANT_SETUP:
    case WANT_ANSWER:
        if (!strstr(tty->heard, "OK\r\n"))
            return 0;
        result->sent += tty->want == WANT_ANSWER;
        tty->want = WANT_JOURNAL;
        return 0;
    case WANT_JOURNAL: /* nothing was asked */
        break;
    }
    return s_fail(tty, "speaks unasked");
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

int op_bench_submit(char **paths, size_t count, const char *journal_path, double seconds,
                    op_bench_submit_t *result)
{
    OP_ASSERT(count >= 1 && count <= OP_BENCH_TTYS_MAX);
    s_tty_t ttys[OP_BENCH_TTYS_MAX];
    size_t opened = 0;
    int failed = 0, journal = -1;
    *result = (op_bench_submit_t){0};
    if (journal_path) {
        journal = open(journal_path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        failed = journal < 0;
        if (failed)
            fprintf(stderr, "opbench: %s: cannot be opened\n", journal_path);
    }
    while (opened < count && !failed) {
        ttys[opened] = (s_tty_t){.path = paths[opened], .file = -1};
        failed = s_open(&ttys[opened++]);
    }
    if (!failed)
        failed = s_loop(ttys, count, journal, seconds, result);
    while (opened-- > 0)
        if (ttys[opened].file >= 0)
            close(ttys[opened].file);
    if (journal >= 0)
        close(journal);
    return failed;
}
