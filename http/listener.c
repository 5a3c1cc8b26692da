#include "http/listener.h"

#include "http/descriptor.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool s_parse(const char *listen, char *ports, size_t size)
{
    char host[INET6_ADDRSTRLEN + 2];
    struct in6_addr any;
    uint64_t port;
    const char *colon = strrchr(listen ? listen : "", ':');
    if (!colon || !op_str_to_u64(op_str(colon + 1), 65535, &port) ||
        !op_str_copy(op_str_of(listen, (size_t)(colon - listen)), host, sizeof host))
        return false;
    size_t length = strlen(host);
    bool six = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    if (six) {
        host[length - 1] = 0;
        six = inet_pton(AF_INET6, host + 1, &any) == 1;
        host[length - 1] = ']';
    }
    if (!six && inet_pton(AF_INET, host, &any) != 1)
        return false;
    snprintf(ports, size, "%s:%d", host, (int)port);
    return true;
}

bool op_listener_read(const char *listen, char *ports, size_t ports_size, char *error, size_t size)
{
    if (!s_parse(listen, ports, ports_size)) {
        snprintf(error, size, "listen address must be IP:PORT, like 127.0.0.1:8080");
        return false;
    }
    if (ports[0] == '[' && !mg_check_feature(MG_FEATURES_IPV6)) {
        snprintf(
            error, size,
            "cannot listen on %s: the HTTP library is built without IPv6; an IPv4 address, and "
            "a proxy in front of it, can",
            ports);
        return false;
    }
    return true;
}

const char *op_listener_why_not(const char *ports)
{
    char host[OP_LISTENER_ADDRESS];
    const char *colon = strrchr(ports, ':');
    bool brackets = ports[0] == '[';
    snprintf(host, sizeof host, "%.*s", (int)(colon - ports) - 2 * brackets, ports + brackets);
    struct addrinfo *found, hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                     .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(host, colon + 1, &hints, &found);
    if (rc != 0)
        return gai_strerror(rc);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    errno = 0;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, found->ai_addr, found->ai_addrlen) == 0)
        listen(fd, 1);
    int why = errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return why ? strerror(why) : NULL;
}

bool op_listener_can(const char *listen, bool now, char *error, size_t size)
{
    char ports[OP_LISTENER_ADDRESS];
    if (!op_listener_read(listen, ports, sizeof ports, error, size))
        return false;
    const char *why = now ? op_listener_why_not(ports) : NULL;
    if (why)
        snprintf(error, size, "cannot listen on %s: %s", ports, why);
    return !why;
}

void op_listener_shut(const char *address)
{
    int fd = op_descriptor_listening(address);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}
