/*  The process's own figures, from /proc and the system's accounts. What cannot be read is left
    out. */

#include "transport/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void s_put(op_metrics_t *self, op_metric_t metric, int64_t value)
{
    op_metrics_put(self, metric, value, (op_str_t){0}, (op_str_t){0});
}

static int64_t s_micros(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void s_put_memory(op_metrics_t *self)
{
    unsigned long long mapped, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return;
    if (fscanf(file, "%llu %llu", &mapped, &resident) == 2) {
        int64_t page = sysconf(_SC_PAGESIZE);
        s_put(self, OP_METRIC_PROCESS_VIRTUAL, (int64_t)mapped * page);
        s_put(self, OP_METRIC_PROCESS_MEMORY, (int64_t)resident * page);
    }
    fclose(file);
}

static void s_put_entries(op_metrics_t *self, op_metric_t metric, const char *path, int64_t less)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    int64_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    s_put(self, metric, count - less);
}

void op_metrics_put_process(op_metrics_t *self)
{
    struct rusage used;
    struct rlimit files;
    if (getrusage(RUSAGE_SELF, &used) == 0)
        s_put(self, OP_METRIC_PROCESS_CPU, s_micros(used.ru_utime) + s_micros(used.ru_stime));
    s_put_memory(self);
    s_put_entries(self, OP_METRIC_PROCESS_FDS, "/proc/self/fd", 1); /* its own */
    s_put_entries(self, OP_METRIC_PROCESS_THREADS, "/proc/self/task", 0);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        s_put(self, OP_METRIC_PROCESS_FDS_MAX, (int64_t)files.rlim_cur);
}
