#include "carrier/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int s_open(int *master, char path[OP_CARRIER_TTY_PATH])
{
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0)
        return -1;
    int failed = ptsname_r(*master, path, OP_CARRIER_TTY_PATH);
    if (failed)
        errno = failed;
    return failed ? -1 : 0;
}

/*  The kernel gives the lowest free number: the last one is taken while another is asked for. */
static int s_open_elsewhere(op_carrier_tty_t *self)
{
    char last[OP_CARRIER_TTY_PATH];
    memcpy(last, self->path, sizeof(last));
    if (s_open(&self->master, self->path) != 0)
        return -1;
    if (strcmp(last, self->path) != 0)
        return 0;
    int taken = self->master;
    int result = s_open(&self->master, self->path);
    close(taken);
    return result;
}

int op_carrier_tty_open(op_carrier_tty_t *self)
{
    struct termios settings;
    if (s_open_elsewhere(self) != 0)
        return -1;
    /*  While no slave is open, the master reads EIO and what is written is lost: hold one. */
    self->slave = open(self->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (self->slave < 0 || tcgetattr(self->slave, &settings) != 0)
        return -1;
    cfmakeraw(&settings);
    return tcsetattr(self->slave, TCSANOW, &settings);
}

int op_carrier_tty_link(op_carrier_tty_t *self, const char *directory, const char *name)
{
    char link[PATH_MAX];
    struct stat old;
    size_t place = 0;
    while (place < OP_CARRIER_TTY_LINKS && self->links[place])
        place++;
    OP_ASSERT(place < OP_CARRIER_TTY_LINKS);
    int size = snprintf(link, sizeof(link), "%s/%s", directory, name);
    if (size < 0 || (size_t)size >= sizeof(link)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (lstat(link, &old) == 0 && S_ISLNK(old.st_mode) && unlink(link) != 0)
        return -1;
    if (symlink(self->path, link) != 0)
        return -1;
    self->links[place] = op_strdup(op_str(link));
    return 0;
}

ssize_t op_carrier_tty_read(op_carrier_tty_t *self, char *bytes, size_t size)
{
    ssize_t got = read(self->master, bytes, size);
    /*  A device forgets with its last close that a driver had it for itself (TIOCEXCL). This one is
        never closed, and the driver that comes after one that was killed need not be root. */
    if (got > 0)
        (void)ioctl(self->slave, TIOCNXCL);
    return got;
}

void op_carrier_tty_close(op_carrier_tty_t *self)
{
    for (size_t i = 0; i < OP_CARRIER_TTY_LINKS; i++) {
        char target[OP_CARRIER_TTY_PATH] = {0};
        char *link = self->links[i];
        /*  Not when another process has put its own link there meanwhile. */
        if (link && readlink(link, target, sizeof(target) - 1) > 0 &&
            strcmp(target, self->path) == 0)
            (void)unlink(link);
        free(link);
        self->links[i] = NULL;
    }
    if (self->slave >= 0)
        close(self->slave);
    if (self->master >= 0)
        close(self->master);
    self->master = self->slave = -1;
}
