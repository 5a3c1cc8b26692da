/*  Connections that are no ZeroMQ: they are counted, and it is known whose they were. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "transport/strangers.h"

#include <arpa/inet.h>

enum { DEADLINE_MS = 60000 };

static void test_whose_connection_it_was(void **state)
{
    (void)state;
    op_strangers_t *strangers = op_alloc(sizeof *strangers);
    memset(strangers, 0, sizeof *strangers);
    zsock_t *listener = zsock_new(ZMQ_PULL);
    op_strangers_watch(strangers, listener);
    int port = zsock_bind(listener, "tcp://127.0.0.1:*");
    assert_true(port > 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
    char address[OP_STRANGERS_ADDRESS] = "", wanted[OP_STRANGERS_ADDRESS];
    snprintf(wanted, sizeof wanted, "127.0.0.1:%u", ntohs(own.sin_port));
    zmq_pollitem_t item = {.socket = op_strangers_socket(strangers), .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1); /* it has been accepted */
    assert_int_equal(op_strangers_refused(strangers, address), 0);
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    close(fd);
    size_t refused = 0;
    while (refused == 0 && zmq_poll(&item, 1, DEADLINE_MS) == 1)
        refused = op_strangers_refused(strangers, address);
    assert_int_equal(refused, 1);
    assert_string_equal(address, wanted);
    op_strangers_forget(strangers, listener);
    zsock_destroy(&listener);
    free(strangers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whose_connection_it_was)};
    zsys_handler_set(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
