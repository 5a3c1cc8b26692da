/*  opsimulate.c - runs simulated worlds (tests/simulation/sim.h) and says what became of them

    One line a seed; a bad seed says what was broken, when, and what was said last, and is run once
    more for its trace: the last minutes of it, as a file for optrace. Exit 0: all
    good, 1: a bad one, 2: bad arguments. The build with deliberate bugs in it (base/plant.h) is
    opsimulate_planted. */

#include "base/instant.h"
#include "base/plant.h"
#include "tests/simulation/sim.h"
#include "tools/optrace/optrace.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char s_usage[] =
    "usage: opsimulate [options]\n"
    "\n"
    "  --seed N       the first seed (1)\n"
    "  --hours H      hours of life with faults in each world (1)\n"
    "  --faults LIST  all (the default): a seed takes about half of the kinds; none; or names "
    "with\n"
    "                 commas between them: each of these is in every world (those of hosts only\n"
    "                 where there are several); help lists them\n"
    "  --runs K       so many seeds, one after another (1)\n"
    "  --report       at the end, how often each kind of fault happened, and what operators did\n"
    "  --quiet        no line for a good seed\n"
    "  --until-bad    no more seeds after a bad one\n"
    "  --traces DIR   write DIR/seed-N.trace for a bad seed: its last minutes (.); none: do not\n"
    "  --plant NAME   with this deliberate bug (opsimulate_planted only)\n"
    "\n"
    "opsimulate --plants lists the deliberate bugs.\n";

static const struct {
    const char *name, *sentence;
} s_plants[] = {
#define PLANT_ROW(NAME, name, sentence) {name, sentence},
    OP_PLANTS(PLANT_ROW)
#undef PLANT_ROW
};

typedef struct {
    sim_options_t options;
    uint64_t runs;
    bool report, quiet, until_bad;
    const char *traces; /* NULL: no traces */
} arguments_t;

#ifdef OP_PLANT_BUILD
op_plant_t op_plant;
#endif

static bool s_plant(const char *name)
{
#ifdef OP_PLANT_BUILD
    for (size_t i = 0; name && i < OP_COUNT(s_plants); i++)
        if (strcmp(name, s_plants[i].name) == 0)
            op_plant = (op_plant_t)(i + 1);
    return op_plant != OP_PLANT_NONE;
#else
    (void)name;
    return false;
#endif
}

static int s_list_plants(void)
{
    for (size_t i = 0; i < OP_COUNT(s_plants); i++)
        printf("%s\t%s\n", s_plants[i].name, s_plants[i].sentence);
    return 0;
}

/*  A failed assertion ends the program: the seed must be told all the same. */
static char s_last_words[80];

static void s_aborted(int number)
{
    (void)number;
    if (write(STDOUT_FILENO, s_last_words, strlen(s_last_words)) < 0)
        _exit(1);
    _exit(1);
}

static int s_list_faults(void)
{
    for (size_t i = 0; i < SIM_FAULT_END; i++)
        printf("%-18s %s\n", sim_fault_name((sim_fault_t)i), sim_fault_sentence((sim_fault_t)i));
    return 0;
}

/*  Says what is wrong with an argument. */
static int s_bad(const char *name, const char *format, ...) OP_PRINTF(2, 3);
static int s_bad(const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "opsimulate: %s", name);
    vfprintf(stderr, format, list);
    fputs("; see --help\n", stderr);
    va_end(list);
    return 0;
}

static int s_take_number(const char *name, const char *value, uint64_t least, uint64_t most,
                         uint64_t *number)
{
    if (op_str_to_u64(op_str(value), most, number) && *number >= least)
        return 2;
    return s_bad(name, ": \"%s\" is no number from %llu to %llu", value, (unsigned long long)least,
                 (unsigned long long)most);
}

static int s_take_faults(arguments_t *self, const char *name, const char *value)
{
    op_str_t unknown;
    if (sim_faults_parse(value, &self->options.faults, &unknown))
        return 2;
    return s_bad(name, ": there is no fault \"%.*s\"; --faults help lists them", (int)unknown.size,
                 unknown.at);
}

/*  Takes one argument and its value, if it has one: how many words, or 0 when it is bad. */
static int s_argument(arguments_t *self, const char *name, const char *value)
{
    uint64_t hours = 0;
    int used;
    if (strcmp(name, "--report") == 0)
        return self->report = true;
    if (strcmp(name, "--until-bad") == 0)
        return self->until_bad = true;
    if (strcmp(name, "--quiet") == 0)
        return self->quiet = true;
    static const char *const valued[] = {"--plant", "--traces", "--seed",
                                         "--runs",  "--faults", "--hours"};
    bool known = false;
    for (size_t i = 0; i < OP_COUNT(valued); i++)
        known |= strcmp(name, valued[i]) == 0;
    if (!known)
        return s_bad(name, ": there is no such option");
    if (!value)
        return s_bad(name, " takes a value");
    if (strcmp(name, "--plant") == 0)
        return s_plant(value) ? 2 : s_bad(name, ": this build has no bug \"%s\"", value);
    if (strcmp(name, "--traces") == 0) {
        self->traces = strcmp(value, "none") == 0 ? NULL : value;
        return 2;
    }
    if (strcmp(name, "--seed") == 0)
        return s_take_number(name, value, 0, INT64_MAX, &self->options.seed);
    if (strcmp(name, "--runs") == 0)
        return s_take_number(name, value, 1, INT64_MAX, &self->runs);
    if (strcmp(name, "--faults") == 0)
        return s_take_faults(self, name, value);
    used = s_take_number(name, value, 1, 10000, &hours);
    self->options.span = (int64_t)hours * OP_HOUR_MS;
    return used;
}

static void s_print(const arguments_t *self, const sim_verdict_t *verdict)
{
    double at = (double)verdict->at / (double)OP_SECOND_MS;
    if (verdict->good && !self->quiet)
        printf("seed %llu good hash %s frames %llu calls %llu unanswered %llu accepted %llu "
               "arrived %llu inbound %llu posts %llu deaths %llu\n",
               (unsigned long long)self->options.seed, verdict->hash,
               (unsigned long long)verdict->frames, (unsigned long long)verdict->requests,
               (unsigned long long)verdict->silences, (unsigned long long)verdict->accepted,
               (unsigned long long)verdict->arrived, (unsigned long long)verdict->inbound,
               (unsigned long long)verdict->posts, (unsigned long long)verdict->deaths);
    if (!verdict->good)
        printf("seed %llu BAD at %.3f s hash %s: %s\n%.*s", (unsigned long long)self->options.seed,
               at, verdict->hash, verdict->wrong, (int)verdict->context.size,
               verdict->context.size ? verdict->context.at : "");
    fflush(stdout);
}

/*  ---- A bad seed's trace ---- */

static bool s_save(const char *path, op_str_t bytes)
{
    FILE *file = fopen(path, "wbx");
    if (!file)
        return false;
    bool good = fwrite(bytes.at, 1, bytes.size, file) == bytes.size;
    return (fclose(file) == 0) && good;
}

/*  Runs the seed once more, recorded, and cuts the recording down to the last minutes of the
    run. */
static void s_write_trace(const arguments_t *self, const sim_verdict_t *bad)
{
    enum { KEEP_MS = 5 * 60 * 1000 };
    char whole[4096], path[4096];
    op_buf_t bytes = {0};
    sim_options_t options = self->options;
    sim_verdict_t again;
    options.trace = &bytes;
    sim_run(&options, &again);
    OP_ASSERT(strcmp(again.hash, bad->hash) == 0); /* a seed is a world */
    snprintf(path, sizeof path, "%s/seed-%llu.trace", self->traces,
             (unsigned long long)self->options.seed);
    snprintf(whole, sizeof whole, "%.4000s.whole", path);
    unlink(whole);
    unlink(path);
    op_optrace_options_t cut = {.files = {whole, path},
                                .file_count = 2,
                                .quiet = true,
                                .from = again.begin + again.at - KEEP_MS};
    if (s_save(whole, op_buf_str(&bytes)) && op_optrace_cut(&cut) == OP_OPTRACE_OK)
        printf("trace: %s\n", path);
    else
        fprintf(stderr, "opsimulate: %s was not written\n", path);
    unlink(whole);
    sim_verdict_free(&again);
    op_buf_free(&bytes);
}

int main(int count, char **words)
{
    arguments_t self = {.options = {.seed = 1, .span = OP_HOUR_MS, .faults = sim_faults_all()},
                        .runs = 1,
                        .traces = "."};
    uint64_t fired[SIM_FAULT_END] = {0}, operated[SIM_VERB_END] = {0}, bad = 0;
    if (count == 2 && strcmp(words[1], "--plants") == 0)
        return s_list_plants();
    if (count == 3 && strcmp(words[1], "--faults") == 0 && strcmp(words[2], "help") == 0)
        return s_list_faults();
    if (count == 2 && strcmp(words[1], "--help") == 0)
        return fputs(s_usage, stdout) < 0;
    signal(SIGABRT, s_aborted);
    for (int i = 1, used; i < count; i += used) {
        used = s_argument(&self, words[i], i + 1 < count ? words[i + 1] : NULL);
        if (used == 0)
            return 2;
    }
    for (uint64_t i = 0; i < self.runs && !(bad && self.until_bad); i++, self.options.seed++) {
        sim_verdict_t verdict;
        snprintf(s_last_words, sizeof s_last_words, "seed %llu BAD: an assertion failed\n",
                 (unsigned long long)self.options.seed);
        sim_run(&self.options, &verdict);
        s_print(&self, &verdict);
        if (!verdict.good && self.traces)
            s_write_trace(&self, &verdict);
        bad += !verdict.good;
        for (size_t f = 0; f < SIM_FAULT_END; f++)
            fired[f] += verdict.fired[f];
        for (size_t v = 0; v < SIM_VERB_END; v++)
            operated[v] += verdict.operated[v];
        sim_verdict_free(&verdict);
    }
    for (size_t f = 0; self.report && f < SIM_FAULT_END; f++)
        printf("%-18s %10llu  %s\n", sim_fault_name((sim_fault_t)f), (unsigned long long)fired[f],
               sim_fault_sentence((sim_fault_t)f));
    for (size_t v = 0; self.report && v < SIM_VERB_END; v++)
        printf("operator: %-14s %4llu  %s\n", sim_verb_name((sim_verb_t)v),
               (unsigned long long)operated[v], sim_verb_sentence((sim_verb_t)v));
    if (self.runs > 1)
        printf("%llu seeds, %llu bad\n", (unsigned long long)self.runs, (unsigned long long)bad);
    return bad ? 1 : 0;
}
