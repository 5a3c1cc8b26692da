/*  Reading octet by octet costs two system calls each: nothing for the usual few hundred octets,
    which mostly sit in civetweb's buffer already, but a tenth of a second for 64 KiB. So for larger
    bodies FIONREAD on the descriptor says how much can be asked for without waiting. */

#include "http/body.h"

#include "http/descriptor.h"

#include <civetweb.h>
#include <sys/ioctl.h>
#include <time.h>

enum {
    OP_HTTP_BODY_SMALL = 2048,
    OP_HTTP_BODY_PIECE = 16 * 1024,
    OP_HTTP_BODY_PROBE = 16 /* octets between two looks, while the kernel has none */
};

int64_t op_http_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
    int fd = size > OP_HTTP_BODY_SMALL ? op_descriptor_of(connection) : -1;
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
