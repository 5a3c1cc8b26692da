#include "http/descriptor.h"

#include "http/body.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <linux/tcp.h> /* the C library's own tcp_info ends before the octets */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

static bool s_split(const struct sockaddr_storage *address, char text[INET6_ADDRSTRLEN], int *port)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        *port = ntohs(in.sin_port);
        return inet_ntop(AF_INET, &in.sin_addr, text, INET6_ADDRSTRLEN) != NULL;
    }
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        *port = ntohs(in6.sin6_port);
        return inet_ntop(AF_INET6, &in6.sin6_addr, text, INET6_ADDRSTRLEN) != NULL;
    }
    return false;
}

/*  False ends the walk. */
typedef bool s_look_t(void *arg, int fd);

/*  Looks at each descriptor of the process; without `look`, only counts. */
static size_t s_walk(s_look_t *look, void *arg)
{
    size_t count = 0;
    bool more = true;
    DIR *own = opendir("/proc/self/fd");
    if (!own)
        return 0;
    for (struct dirent *entry; more && (entry = readdir(own)) != NULL;) {
        uint64_t fd;
        if (!op_str_to_u64(op_str(entry->d_name), INT32_MAX, &fd))
            continue;
        count++;
        more = !look || look(arg, (int)fd);
    }
    closedir(own);
    return count;
}

typedef struct {
    op_descriptor_visit_t *visit;
    void *arg;
} s_visit_t;

static bool s_visit(void *arg, int fd)
{
    s_visit_t *self = arg;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char peer[INET6_ADDRSTRLEN], own[INET6_ADDRSTRLEN];
    int peer_port, own_port;
    if (getpeername(fd, (struct sockaddr *)&address, &size) || !s_split(&address, peer, &peer_port))
        return true;
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) || !s_split(&address, own, &own_port))
        return true;
    return self->visit(self->arg, fd, peer, peer_port, own_port);
}

void op_descriptors_visit(op_descriptor_visit_t *visit, void *arg)
{
    s_visit_t self = {visit, arg};
    (void)s_walk(s_visit, &self);
}

typedef struct {
    const char *address;
    int fd;
} s_listening_t;

static bool s_listens(void *arg, int fd)
{
    s_listening_t *self = arg;
    struct sockaddr_storage address;
    socklen_t size = sizeof address, flag_size = sizeof(int);
    char own[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
    int listens = 0, port;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_size) || !listens ||
        getsockname(fd, (struct sockaddr *)&address, &size) || !s_split(&address, own, &port))
        return true;
    snprintf(text, sizeof text, address.ss_family == AF_INET6 ? "[%s]:%d" : "%s:%d", own, port);
    if (strcmp(text, self->address) != 0)
        return true;
    self->fd = fd;
    return false;
}

int op_descriptor_listening(const char *address)
{
    s_listening_t self = {address, -1};
    (void)s_walk(s_listens, &self);
    return self.fd;
}

size_t op_descriptors_room(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t soft = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = soft;
    }
    size_t all = limit.rlim_cur < INT32_MAX ? (size_t)limit.rlim_cur : INT32_MAX;
    size_t spare = all / 4 < 32 ? 32 : all / 4 > 512 ? 512 : all / 4;
    size_t used = s_walk(NULL, NULL) + spare;
    return used < all ? all - used : 0;
}

typedef struct {
    const struct mg_request_info *info;
    int fd;
} s_search_t;

static bool s_is_sought(void *arg, int fd, const char *peer, int peer_port, int own_port)
{
    s_search_t *search = arg;
    const struct mg_request_info *info = search->info;
    if (peer_port != info->remote_port || own_port != info->server_port ||
        strcmp(peer, info->remote_addr) != 0)
        return true;
    search->fd = fd;
    return false;
}

int op_descriptor_of(const struct mg_connection *connection)
{
    s_search_t search = {.info = mg_get_request_info(connection), .fd = -1};
    op_descriptors_visit(s_is_sought, &search);
    return search.fd;
}

uint64_t op_descriptor_received(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

/*  What the peer sends, within the limits. */
typedef struct {
    int fd;
    int64_t end_ms;
    size_t taken;
    char piece[4096];
} s_rest_t;

static s_rest_t s_rest(int fd)
{
    return (s_rest_t){.fd = fd, .end_ms = op_http_now_ms() + OP_LINGER_MS};
}

/*  Waits for the next piece of it; 0: that was all. */
static size_t s_next(s_rest_t *self)
{
    struct pollfd more = {.fd = self->fd, .events = POLLIN};
    int64_t left = self->end_ms - op_http_now_ms();
    if (self->taken >= OP_LINGER_OCTETS || left <= 0 || poll(&more, 1, (int)left) <= 0)
        return 0;
    ssize_t got = recv(self->fd, self->piece, sizeof self->piece, MSG_DONTWAIT);
    if (got <= 0)
        return 0;
    self->taken += (size_t)got;
    return (size_t)got;
}

bool op_descriptor_ends_request_line(int fd)
{
    static const char version[] = "HTTP/1.1\r"; /* or 1.0 */
    enum { SIZE = sizeof version - 1 };
    char tail[SIZE] = "";
    s_rest_t rest = s_rest(fd);
    size_t size;
    while ((size = s_next(&rest)) > 0)
        for (size_t i = 0; i < size; i++) {
            if (rest.piece[i] == '\n')
                return memcmp(tail, version, SIZE - 2) == 0 && tail[SIZE - 1] == '\r';
            memmove(tail, tail + 1, SIZE - 1);
            tail[SIZE - 1] = rest.piece[i];
        }
    return false;
}

void op_descriptor_linger(int fd)
{
    if (shutdown(fd, SHUT_WR) != 0)
        return;
    s_rest_t rest = s_rest(fd);
    while (s_next(&rest) > 0)
        ;
}
