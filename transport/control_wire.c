#include "transport/control_wire.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*  A path may be longer than sun_path: its folder is opened, and named by its descriptor, which the
    caller closes. -1: errno says why. */
static int s_address(const char *path, struct sockaddr_un *address)
{
    char folder[1024];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, size);
    folder[size] = 0;
    int fd = open(size ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int wanted = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", fd,
                          path + size);
    if (wanted < (int)sizeof address->sun_path)
        return fd;
    close(fd);
    errno = ENAMETOOLONG;
    return -1;
}

void op_control_path(const char *configured, const char *data, char *path, size_t size)
{
    snprintf(path, size, "%s%s", *configured ? configured : data,
             *configured ? "" : "/control.sock");
}

static int s_close(int fd)
{
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

int op_wire_check(const char *path)
{
    struct sockaddr_un address;
    int folder = s_address(path, &address);
    if (folder >= 0)
        close(folder);
    return folder < 0 ? -1 : 0;
}

int op_wire_connect(const char *path)
{
    struct sockaddr_un address;
    int folder = s_address(path, &address);
    if (folder < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fd = s_close(fd);
    (void)s_close(folder);
    return fd;
}

static bool s_clear_stale(const char *path)
{
    struct stat there;
    int fd = op_wire_connect(path);
    if (fd >= 0) {
        close(fd);
        errno = EADDRINUSE;
        return false;
    }
    if (lstat(path, &there) != 0)
        return true;
    if (S_ISSOCK(there.st_mode))
        return unlink(path) == 0;
    errno = EEXIST;
    return false;
}

int op_wire_bind(const char *path)
{
    struct sockaddr_un address;
    if (!s_clear_stale(path))
        return -1;
    int folder = s_address(path, &address);
    if (folder < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* The mode before the name: at no time may anybody else connect. */
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0)
        fd = s_close(fd);
    (void)s_close(folder);
    return fd;
}

void op_wire_patience(int fd, int seconds)
{
    struct timeval time = {.tv_sec = seconds};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static bool s_send_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool op_wire_send(int fd, op_str_t frame)
{
    uint8_t head[4];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = (uint8_t)(frame.size >> 8 * (3 - i));
    return s_send_all(fd, head, sizeof head) && s_send_all(fd, frame.at, frame.size);
}

/*  As op_wire_receive, for so many octets. */
static int s_receive_all(int fd, void *bytes, size_t size)
{
    char *at = bytes;
    size_t left = size;
    while (left) {
        ssize_t got = recv(fd, at, left, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && left == size ? 0 : -1;
        at += got;
        left -= (size_t)got;
    }
    return 1;
}

int op_wire_receive(int fd, op_buf_t *frame)
{
    uint8_t head[4], part[16 << 10];
    int rc = s_receive_all(fd, head, sizeof head);
    if (rc != 1)
        return rc;
    size_t size = 0;
    for (size_t i = 0; i < sizeof head; i++)
        size = size << 8 | head[i];
    if (size > OP_FRAME_MAX)
        return -1;
    op_buf_clear(frame);
    while (size) {
        size_t take = size < sizeof part ? size : sizeof part;
        if (s_receive_all(fd, part, take) != 1)
            return -1;
        op_buf_add(frame, part, take);
        size -= take;
    }
    return 1;
}
