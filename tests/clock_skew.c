/*  clock_skew.c - to be preloaded: a machine whose clock is OP_SKEW_MS ahead */

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*next)(clockid_t, struct timespec *);
    static long long skew;
    if (!next) {
        const char *text = getenv("OP_SKEW_MS");
        skew = text ? atoll(text) : 0;
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int rc = next(clock, now);
    if (rc == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += (time_t)(skew / 1000);
    return rc;
}
