#include "opd/notify.h"

#include "transport/log.h"

#include <limits.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

op_notify_t op_notify_new(bool (*look)(void *arg, int64_t deadline_ms), void *arg, int64_t now)
{
    op_notify_t self = {.look = look, .arg = arg};
    uint64_t within_us;
    if (sd_watchdog_enabled(0, &within_us) > 0) {
        self.every_ms = (int64_t)(within_us / 2000);
        if (self.every_ms == 0)
            self.every_ms = 1;
        self.next = now + self.every_ms;
    }
    return self;
}

void op_notify_serving(op_notify_t *self, const char *status)
{
    snprintf(self->status, sizeof self->status, "%s", status);
    sd_notifyf(0, "READY=1\nSTATUS=%s", self->status);
}

void op_notify_reloading(const op_notify_t *self)
{
    struct timespec now;
    if (!*self->status)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* The instant is for managers with Type=notify-reload, systemd 253 and later. */
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the configuration again.",
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void op_notify_reloaded(const op_notify_t *self)
{
    if (*self->status)
        sd_notifyf(0, "READY=1\nSTATUS=%s", self->status);
}

void op_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=Finishing what is under way.");
}

int op_notify_wait_ms(const op_notify_t *self, int64_t now)
{
    if (self->every_ms == 0)
        return -1;
    int64_t left = self->next - now;
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void op_notify_work(op_notify_t *self, int64_t now)
{
    if (self->every_ms == 0 || now < self->next)
        return;
    self->next = now + self->every_ms;
    bool hung = self->hangs;
    self->hangs = !self->look(self->arg, self->every_ms);
    if (self->hangs) {
        op_log(OP_LOG_ERROR, "opd", "an actor hangs: the watchdog is not fed");
        sd_notify(0, "STATUS=An actor hangs: the watchdog is not fed.");
    } else if (hung) {
        op_log(OP_LOG_INFO, "opd", "all actors answer again");
        sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s", self->status);
    } else {
        sd_notify(0, "WATCHDOG=1");
    }
}
