/*  Configuration files. Property: a file is taken or refused; when it is refused, the configuration
    is as it was, and the error is one line of printable text that shows no telephone number; when
    it is taken, what op_config_check says of it is a verdict too, and a setting behind it still
    works.

    The file is one in memory, under its name in /proc. */

#include "tests/fuzz/fuzz.h"

#include "http/routes.h"
#include "transport/config.h"

#include <sys/mman.h>
#include <unistd.h>

static void s_write(int file, const uint8_t *data, size_t size)
{
    FUZZ_CHECK(ftruncate(file, 0) == 0);
    FUZZ_CHECK(pwrite(file, data, size, 0) == (ssize_t)size);
}

/*  One number may be shown: the example that says what numbers look like. */
static void s_check_error(const char *error)
{
    size_t size = strnlen(error, OP_CONFIG_ERROR);
    FUZZ_CHECK(size > 0 && size < OP_CONFIG_ERROR);
    for (size_t i = 0; i < size; i++) {
        FUZZ_CHECK((uint8_t)error[i] >= ' ' && error[i] != 127);
        size_t digits = error[i] == '+' ? strspn(error + i + 1, "0123456789") : 0;
        FUZZ_CHECK(!op_phone_valid(op_str_of(error + i, 1 + digits)) ||
                   strncmp(error + i, "+14155550123", 12) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static op_config_t before, config;
    static char path[64];
    static int file = -1;
    char error[OP_CONFIG_ERROR] = "";
    if (file < 0) {
        op_buf_t text = {0};
        file = memfd_create("fuzz_config", MFD_CLOEXEC);
        FUZZ_CHECK(file >= 0);
        op_buf_printf(&text, "/proc/self/fd/%d", file);
        FUZZ_CHECK(op_str_copy(op_buf_str(&text), path, sizeof path));
        op_buf_free(&text);
    }
    s_write(file, data, size);
    memset(&before, 0, sizeof before);
    op_config_init(&before);
    FUZZ_CHECK(op_config_add_modem(&before, "/dev/ttyUSB0=+14155550199", error) == 0);
    memcpy(&config, &before, sizeof config);
    if (op_config_load(&config, path, error) != 0) {
        s_check_error(error);
        FUZZ_CHECK(memcmp(&config, &before, sizeof config) == 0);
        return 0;
    }
    FUZZ_CHECK(config.modem_count >= 1 && config.modem_count <= OP_LINES_MAX);
    for (size_t i = 0; i < config.modem_count; i++)
        FUZZ_CHECK(op_phone_valid(op_str(config.modems[i].phone)) && config.modems[i].device[0]);
    if (op_config_check(&config, op_route_itinerary, error) != 0)
        s_check_error(error);
    FUZZ_CHECK(op_config_set(&config, "log/level=debug", error) == 0);
    return 0;
}
