/*  repair.c - op_repair_open: see restore.h

    LevelDB says what it drops only in the file LOG of the folder that it opens, a line for each
    piece: "...: PATH/000123.log: dropping 4096 bytes; Corruption: ...". The copy's LOG is therefore
    read after the lenient open. */

#include "store/restore.h"

#include "store/leveldb.h"
#include "store/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 1024 };

static int s_fail(const char *path, char error[256])
{
    snprintf(error, 256, "%.200s: %s", path, strerror(errno));
    return -1;
}

static int s_copy_bytes(int from, int to)
{
    char bytes[64 << 10];
    ssize_t got;
    while ((got = read(from, bytes, sizeof bytes)) > 0)
        for (ssize_t done = 0, wrote; done < got; done += wrote)
            if ((wrote = write(to, bytes + done, (size_t)(got - done))) < 0)
                return -1;
    return got < 0 ? -1 : fsync(to);
}

static int s_copy_file(const char *from, const char *to, char error[256])
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    int rc = out >= 0 && s_copy_bytes(in, out) == 0 ? 0 : s_fail(out >= 0 ? to : from, error);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

/*  The database's own files, without its lock and its diaries. */
static bool s_is_data(const char *name)
{
    return op_partial_is_store(name) && strncmp(name, "LO", 2) != 0;
}

static bool s_is_damage(const char *error)
{
    return strstr(error, "Corruption") != NULL;
}

/*  *newest: the number of the newest log file, 0 without one. */
static int s_copy(const op_partial_t *partial, unsigned long *newest, char error[256])
{
    char from[PATH], to[PATH];
    DIR *list = opendir(partial->dir);
    if (!list)
        return s_fail(partial->dir, error);
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(list));) {
        snprintf(from, sizeof from, "%s/%s", partial->dir, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", partial->path, entry->d_name);
        if (!s_is_data(entry->d_name))
            continue;
        char *end;
        unsigned long number = strtoul(entry->d_name, &end, 10);
        if (strcmp(end, ".log") == 0 && number > *newest)
            *newest = number;
        rc = s_copy_file(from, to, error);
    }
    closedir(list);
    return rc;
}

static int s_too_much(char error[256])
{
    snprintf(error, 256, "more than the end of the newest log is damaged; restore a backup");
    return -1;
}

/*  Opens it and reads all rows. *opens: LevelDB takes its files; then damage is in its tables, which
    a log's end has nothing to do with. */
static int s_read(const char *dir, const op_leveldb_options_t *options, bool *opens,
                  op_check_facts_t *facts, char error[256])
{
    op_store_t *store = op_store_leveldb_open(dir, options, error);
    *opens = store != NULL;
    int rc = store ? op_check_store(store, facts, error) : -1;
    op_store_destroy(&store);
    return rc != 0 && *opens && s_is_damage(error) ? s_too_much(error) : rc;
}

/*  Adds up what was dropped; -1 when it was not of the newest log. */
static int s_dropped(const char *dir, unsigned long newest, uint64_t *bytes, char error[256])
{
    char path[PATH], line[2048], own[32];
    snprintf(path, sizeof path, "%s/LOG", dir);
    snprintf(own, sizeof own, "/%06lu.log: dropping ", newest);
    FILE *diary = fopen(path, "re");
    if (!diary)
        return s_fail(path, error);
    int rc = 0;
    *bytes = 0;
    while (rc == 0 && fgets(line, sizeof line, diary)) {
        const char *at = strstr(line, ": dropping ");
        const char *right = strstr(line, own);
        if (at && !right) {
            rc = s_too_much(error);
        } else if (right) {
            *bytes += strtoull(right + strlen(own), NULL, 10);
        }
    }
    fclose(diary);
    return rc;
}

static int s_open_copy(const op_partial_t *partial, unsigned long newest, op_check_facts_t *facts,
                       uint64_t *dropped, char error[256])
{
    op_leveldb_options_t options = {.lenient = true};
    bool opens;
    if (s_read(partial->path, &options, &opens, facts, error) != 0 ||
        s_dropped(partial->path, newest, dropped, error) != 0)
        return -1;
    return s_read(partial->path, NULL, &opens, facts, error); /* as a server will */
}

/*  1: it opens and is whole; 0: it is refused as damaged; -1: nothing that can be mended here. */
static int s_opens(const char *dir, op_check_facts_t *facts, char error[256])
{
    struct stat there;
    bool opens;
    if (stat(dir, &there) != 0)
        return s_fail(dir, error);
    if (s_read(dir, NULL, &opens, facts, error) == 0)
        return 1;
    return !opens && s_is_damage(error) ? 0 : -1;
}

int op_repair_open(const char *dir, op_check_facts_t *facts, uint64_t *dropped, char error[256])
{
    op_partial_t partial;
    unsigned long newest = 0;
    int opens = s_opens(dir, facts, error);
    if (opens != 0)
        return opens;
    if (op_partial_take_back(dir, error) != 0 || op_partial_begin(&partial, dir, error) != 0)
        return -1;
    int rc = s_copy(&partial, &newest, error);
    if (rc == 0)
        rc = s_open_copy(&partial, newest, facts, dropped, error);
    if (rc == 0)
        rc = op_partial_exchange(&partial, ".damaged", error);
    else
        op_partial_drop(&partial);
    return rc;
}
