/*  The runtime: a port in its actor's thread. */

#include "tests/runtime_fixture.h"

typedef struct {
    bool asked;
    op_serial_opened_t note;
} fake_port_t;

static atomic_int s_ports_destroyed;

static size_t s_port_fds(void *self, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    (void)fds;
    (void)max;
    if (((fake_port_t *)self)->asked)
        *timeout_ms = 0;
    return 0;
}

static void s_port_work(void *self, const struct pollfd *fds, size_t count)
{
    (void)self;
    (void)fds;
    (void)count;
}

static bool s_port_next(void *self_at, const op_type_t **type, const void **body)
{
    fake_port_t *self = self_at;
    if (!self->asked)
        return false;
    self->asked = false;
    *type = &op_serial_opened_type;
    *body = &self->note;
    return true;
}

static void s_port_take(void *self_at, const op_type_t *type, const void *body)
{
    fake_port_t *self = self_at;
    OP_ASSERT(type == &op_serial_open_type);
    self->note.line = ((const op_serial_open_t *)body)->line;
    self->asked = true;
}

static void s_port_destroy(void *self)
{
    atomic_fetch_add(&s_ports_destroyed, 1);
    free(self);
}

static op_port_t s_port(void)
{
    fake_port_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    return (op_port_t){.name = "serial",
                       .self = self,
                       .fds = s_port_fds,
                       .work = s_port_work,
                       .next = s_port_next,
                       .take = s_port_take,
                       .destroy = s_port_destroy};
}

static void test_a_port(void **state)
{
    (void)state;
    op_port_t port = s_port();
    atomic_store(&s_ports_destroyed, 0);
    s_start(&s_auth, 0, &port);
    s_wait_for_count(TO_AUTH, 7); /* the core's note at START, and the port's answer */
    op_runtime_destroy(&s_runtime);
    assert_int_equal(atomic_load(&s_ports_destroyed), 1);

    char error[256] = "";
    s_runtime = op_runtime_new();
    atomic_store(&s_write_at_start, true);
    op_store_memory_fail_after(s_stores[0], 0);
    port = s_port();
    assert_int_equal(op_runtime_start(s_runtime, &s_auth, "auth", s_stores[0], &op_nothing_type,
                                      &s_nothing, &port, error),
                     -1);
    op_runtime_destroy(&s_runtime);
    assert_int_equal(atomic_load(&s_ports_destroyed), 2); /* also when the start fails */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
