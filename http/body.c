/*  civetweb does not tell which descriptor a connection has, and reading octet by octet costs two
    system calls each: nothing for the usual few hundred octets, which mostly sit in civetweb's
    buffer already, but a tenth of a second for 64 KiB. So for larger bodies the descriptor is
    looked up among the process's own by the two addresses of the connection, which no other live
    socket shares. FIONREAD on it says how much can be asked for without waiting. */

#include "http/body.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
    OP_HTTP_BODY_SMALL = 2048,
    OP_HTTP_BODY_PIECE = 16 * 1024,
    OP_HTTP_BODY_PROBE = 16 /* octets between two looks, while the kernel has none */
};

int64_t op_http_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool s_split(const struct sockaddr_storage *address, char *text, size_t size, int *port)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        *port = ntohs(in.sin_port);
        return inet_ntop(AF_INET, &in.sin_addr, text, (socklen_t)size) != NULL;
    }
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        *port = ntohs(in6.sin6_port);
        return inet_ntop(AF_INET6, &in6.sin6_addr, text, (socklen_t)size) != NULL;
    }
    return false;
}

static bool s_is_connection(int fd, const struct mg_request_info *info)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN];
    int port = 0;
    if (getpeername(fd, (struct sockaddr *)&address, &size) ||
        !s_split(&address, text, sizeof text, &port) || port != info->remote_port ||
        strcmp(text, info->remote_addr) != 0)
        return false;
    size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           s_split(&address, text, sizeof text, &port) && port == info->server_port;
}

static int s_descriptor(const struct mg_request_info *info)
{
    int found = -1;
    DIR *own = opendir("/proc/self/fd");
    if (!own)
        return -1;
    for (struct dirent *entry = readdir(own); entry && found < 0; entry = readdir(own)) {
        uint64_t fd;
        if (op_str_to_u64(op_str(entry->d_name), INT32_MAX, &fd) && s_is_connection((int)fd, info))
            found = (int)fd;
    }
    closedir(own);
    return found;
}

/*  How many octets mg_read would deliver at once: 1 when nobody knows. */
static size_t s_ready(int fd, uint64_t left)
{
    int waiting = 0;
    if (fd < 0 || ioctl(fd, FIONREAD, &waiting) || waiting < 1)
        return 1;
    size_t ready =
        (size_t)waiting < (size_t)OP_HTTP_BODY_PIECE ? (size_t)waiting : (size_t)OP_HTTP_BODY_PIECE;
    return ready < left ? ready : (size_t)left;
}

op_http_body_t op_http_body_read(struct mg_connection *connection, uint64_t size,
                                 int64_t deadline_ms, op_buf_t *to)
{
    char piece[OP_HTTP_BODY_PIECE];
    int fd = size > OP_HTTP_BODY_SMALL ? s_descriptor(mg_get_request_info(connection)) : -1;
    size_t ask = 1;
    for (unsigned turn = 0; size > 0; turn++) {
        if (op_http_now_ms() > deadline_ms)
            return OP_HTTP_BODY_LATE;
        ask = ask > 1 || turn % OP_HTTP_BODY_PROBE == 0 ? s_ready(fd, size) : 1;
        int got = mg_read(connection, piece, ask);
        if (got < 0)
            return OP_HTTP_BODY_CUT;
        if (got == 0)
            return OP_HTTP_BODY_LATE;
        if (to)
            op_buf_add(to, piece, (size_t)got);
        size -= (uint64_t)got;
    }
    return OP_HTTP_BODY_WHOLE;
}
