/*  powerloss.c - cuts the power under OP's store, many times, and looks at what is left

    powerloss --shim FILE --writer FILE [--seed N] [--cuts N] [--loose]
              [--near-logs] [--forget names|logs] [--plant syncs|halves] [--expect-loss]

    A seed is a chain of lives of one database. In each the writer runs until the shim ends it
    at some operation. Then the power is cut (disk.h): what is left is laid out, opened with OP's
    engine and checked, and the next life begins with it; so recovery itself is cut short, too.
    Now and then only the process dies, and the next life begins with all that it had written.

    A database that the engine refuses is a failure, except where the engine says Corruption and the
    model says that there are zeros where bytes had been written (disk_cut), or that nothing kept
    the order of sizes and names (--loose). That is counted, and ends the chain. Such a database is
    then opened by LevelDB without paranoid checks, which drops the damaged end of a log; where
    that works, what is left is checked as any other.

    Exit code 0: as expected. With --expect-loss, that is when something was found to be wrong,
    and 1 when all cuts passed. A failure keeps the disk as it was left, and says where. */

#include "store/leveldb.h"
#include "tests/powerloss/checker.h"
#include "tests/powerloss/life.h"

#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_LIVES = 4 };

typedef struct {
    life_t life;
    disk_order_t order;
    disk_hearing_t hearing;
    unsigned seed, max_cuts;
    bool expect_loss;
    bool near_logs; /* crash only where a log file is new */
    unsigned cuts[DISK_STYLES], refused[DISK_STYLES];
    unsigned all_cuts, all_refused, all_damaged, rescued;
    unsigned deaths; /* of the process alone */
    unsigned ends;   /* lives that ended by themselves */
    unsigned written;
    bool failed; /* something wrong was found */
    bool broken; /* the test itself does not work */
} s_test_t;

static const char *const s_styles[DISK_STYLES] = {
    [DISK_NONE] = "none",   [DISK_ALL] = "all",         [DISK_ORDERED] = "ordered",
    [DISK_ZEROS] = "zeros", [DISK_SCATTER] = "scatter",
};

typedef struct {
    unsigned seed;
    unsigned lives;
    op_random_t random;
    disk_t *disk;
    checker_t expected;
} s_chain_t;

static void s_report(s_test_t *self, const s_chain_t *chain, disk_style_t style,
                     const char *problem)
{
    self->failed = true;
    printf("seed %u, life %u, style %s: %s\n", chain->seed, chain->lives, s_styles[style], problem);
}

static disk_style_t s_style(op_random_t *random)
{
    static const disk_style_t styles[] = {DISK_NONE,    DISK_NONE,    DISK_ALL,   DISK_ORDERED,
                                          DISK_ORDERED, DISK_ORDERED, DISK_ZEROS, DISK_SCATTER};
    return styles[op_random_below(random, OP_COUNT(styles))];
}

/*  Anywhere; or where it is most delicate: the opening, its first steps, and the time after the
    engine has gone to a new log file and before what the old one had is in a table. */
static life_crash_t s_crash(const s_test_t *self, op_random_t *random)
{
    static const struct {
        unsigned logs, operations;
    } upto[] = {{0, 1500}, {0, 1500}, {0, 1500}, {0, 40}, {0, 4}, {12, 30}, {12, 30}, {4, 30}};
    unsigned kind = self->near_logs ? 5 : op_random_below(random, OP_COUNT(upto));
    life_crash_t crash = {.operation = 1 + op_random_below(random, upto[kind].operations)};
    if (upto[kind].logs > 0)
        crash.logs = 1 + op_random_below(random, upto[kind].logs);
    crash.after = op_random_below(random, 2);
    return crash;
}

/*  Does only the process die? More often in its first steps: what it had begun and not synced is
    what the next one takes for done. */
static bool s_power_stays(op_random_t *random, life_crash_t crash)
{
    return op_random_below(random, crash.logs == 0 && crash.operation <= 4 ? 2 : 6) == 0;
}

static op_store_t *s_open(const char *path, char problem[OP_STORE_ERROR_SIZE])
{
    op_leveldb_options_t options = {.write_buffer_bytes = PLAN_WRITE_BUFFER};
    return op_store_leveldb_open(path, &options, problem);
}

/*  LevelDB by itself drops what is damaged of a log, and makes tables of the rest. */
static bool s_rescue(const char *path)
{
    char *error = NULL;
    leveldb_options_t *options = leveldb_options_create();
    leveldb_t *db = leveldb_open(options, path, &error);
    if (db)
        leveldb_close(db);
    leveldb_options_destroy(options);
    bool opened = !error;
    leveldb_free(error);
    return opened;
}

/*  False: the chain ends here. */
static bool s_check(s_test_t *self, s_chain_t *chain, disk_style_t style, bool damaged)
{
    char path[LIFE_PATH_SIZE], problem[OP_STORE_ERROR_SIZE];
    life_database(&self->life, "check", path);
    op_store_t *store = s_open(path, problem);
    const char *reason = store ? NULL : strstr(problem, ": Corruption: ");
    bool refused = reason && (damaged || self->order == DISK_LOOSE);
    if (refused) {
        printf("seed %u, life %u, style %s: refused%s\n", chain->seed, chain->lives,
               s_styles[style], reason);
        self->refused[style]++;
        self->all_refused++;
        if (!s_rescue(path))
            return false;
        self->rescued++;
        store = s_open(path, problem);
    }
    if (!store || checker_check(&chain->expected, store, problem) != 0)
        s_report(self, chain, style, problem);
    op_store_destroy(&store);
    return !self->failed && !refused;
}

static bool s_cut(s_test_t *self, s_chain_t *chain)
{
    disk_style_t style = s_style(&chain->random);
    bool damaged = disk_cut(chain->disk, &chain->random, style);
    checker_cut(&chain->expected);
    self->cuts[style]++;
    self->all_cuts++;
    self->all_damaged += damaged;
    life_lay_out(&self->life, chain->disk, "check");
    bool more = s_check(self, chain, style, damaged);
    if (self->failed)
        life_lay_out(&self->life, chain->disk, "check"); /* the engine has changed it */
    else if (more)
        life_lay_out(&self->life, chain->disk, "live");
    return more;
}

/*  False: the chain ends here. */
static bool s_live(s_test_t *self, s_chain_t *chain)
{
    chain->lives++;
    life_end_t end = {0};
    life_crash_t crash = s_crash(self, &chain->random);
    if (life_run(&self->life, crash, &end) != 0)
        self->broken = true;
    else {
        disk_play(chain->disk, op_buf_str(&end.journal));
        self->written += checker_listen(&chain->expected, op_buf_str(&end.lines));
        self->ends += !end.crashed;
    }
    op_buf_free(&end.lines);
    op_buf_free(&end.journal);
    if (self->broken)
        return false;
    if (s_power_stays(&chain->random, crash)) {
        self->deaths++;
        return true;
    }
    return s_cut(self, chain);
}

static void s_run_chain(s_test_t *self, unsigned seed)
{
    s_chain_t *chain = op_alloc(sizeof *chain);
    *chain = (s_chain_t){.seed = seed, .disk = disk_new(self->order, self->hearing)};
    uint8_t entropy[OP_ENTROPY_SIZE] = {(uint8_t)seed, (uint8_t)(seed >> 8), (uint8_t)(seed >> 16)};
    op_random_seed(&chain->random, entropy);
    life_lay_out(&self->life, chain->disk, "live");
    for (unsigned i = 0; i < S_LIVES && self->all_cuts < self->max_cuts; i++)
        if (!s_live(self, chain))
            break;
    disk_destroy(&chain->disk);
    free(chain);
}

static unsigned s_number(const char *text)
{
    uint64_t value = 0;
    if (!op_str_to_u64(op_str(text), 1000000, &value)) {
        fprintf(stderr, "powerloss: not a number: %s\n", text);
        exit(2);
    }
    return (unsigned)value;
}

static bool s_option(s_test_t *self, const char *name, const char *value)
{
    if (strcmp(name, "--shim") == 0)
        self->life.shim = value;
    else if (strcmp(name, "--writer") == 0)
        self->life.writer = value;
    else if (strcmp(name, "--plant") == 0)
        self->life.plant = value;
    else if (strcmp(name, "--seed") == 0)
        self->seed = s_number(value);
    else if (strcmp(name, "--cuts") == 0)
        self->max_cuts = s_number(value);
    else if (strcmp(name, "--forget") == 0 && strcmp(value, "names") == 0)
        self->hearing = DISK_DEAF_TO_NAMES;
    else if (strcmp(name, "--forget") == 0 && strcmp(value, "logs") == 0)
        self->hearing = DISK_DEAF_TO_LOGS;
    else
        return false;
    return true;
}

static bool s_parse(s_test_t *self, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--expect-loss") == 0)
            self->expect_loss = true;
        else if (strcmp(argv[i], "--near-logs") == 0)
            self->near_logs = true;
        else if (strcmp(argv[i], "--loose") == 0)
            self->order = DISK_LOOSE;
        else if (i + 1 == argc || !s_option(self, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return self->life.shim && self->life.writer;
}

static void s_summary(const s_test_t *self)
{
    printf("cuts=%u acknowledged=%u deaths=%u own_ends=%u damaged=%u refused=%u "
           "rescued=%u\n",
           self->all_cuts, self->written, self->deaths, self->ends, self->all_damaged,
           self->all_refused, self->rescued);
    for (unsigned i = 0; i < DISK_STYLES; i++)
        printf("  %-8s cuts=%u refused=%u\n", s_styles[i], self->cuts[i], self->refused[i]);
}

int main(int argc, char **argv)
{
    s_test_t self = {.seed = 1, .max_cuts = 500};
    if (!s_parse(&self, argc, argv)) {
        fprintf(stderr, "usage: powerloss --shim FILE --writer FILE [--seed N] [--cuts N]\n"
                        "  [--loose] [--near-logs] [--forget names|logs] [--plant syncs|halves] "
                        "[--expect-loss]\n");
        return 2;
    }
    if (life_init(&self.life) != 0)
        return 2;
    for (unsigned seed = self.seed; !self.failed && !self.broken && self.all_cuts < self.max_cuts;
         seed++)
        s_run_chain(&self, seed);
    s_summary(&self);
    if ((self.failed && !self.expect_loss) || self.broken)
        printf("kept: %s\n", self.life.scratch);
    else
        life_clear(&self.life);
    if (self.broken || self.written == 0)
        return 2;
    return self.failed == self.expect_loss ? 0 : 1;
}
