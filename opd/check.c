#include "opd/check.h"

#include "base/path.h"
#include "carrier/carrier.h"
#include "carrier/sim_families.h"
#include "http/listener.h"
#include "transport/control_wire.h"
#include "transport/curve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  0, or -1 and what is wrong with the key's value. */
typedef int s_check_t(const char *value, char why[256]);

static int s_no(char why[256], const char *value, const char *reason)
{
    snprintf(why, 256, "%.180s: %s", value, reason);
    return -1;
}

static int s_check_file(const char *path, char why[256])
{
    struct stat status;
    if (access(path, R_OK) != 0 || stat(path, &status) != 0)
        return s_no(why, path, strerror(errno));
    return S_ISREG(status.st_mode) ? 0 : s_no(why, path, "not a regular file");
}

static int s_check_folder(const char *path, char why[256])
{
    struct stat status;
    if (stat(path, &status) != 0)
        return s_no(why, path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return s_no(why, path, "not a folder");
    return access(path, W_OK | X_OK) == 0 ? 0 : s_no(why, path, strerror(errno));
}

static int s_check_scenario(const char *files, char why[256])
{
    op_sim_families_t families;
    if (op_sim_families_load(files, &families, why, 256) != 0)
        return -1;
    op_sim_families_free(&families);
    return 0;
}

/*  Its folder may be made when the service starts, but only below /run: RuntimeDirectory= in
    systemd.exec(5). */
static int s_check_socket(const char *path, char why[256])
{
    char folder[OP_PATH_MAX];
    if (op_wire_check(path) == 0 || (errno == ENOENT && strncmp(path, "/run/", 5) == 0))
        return 0;
    return s_no(why, op_path_blame(path, errno, folder), strerror(errno));
}

static int s_check_address(const char *listen, char why[256])
{
    return op_listener_can(listen, false, why, 256) ? 0 : -1;
}

static int s_check_free(const char *listen, char why[256])
{
    return op_listener_can(listen, true, why, 256) ? 0 : -1;
}

/*  Each key that is set, in turn. */
typedef struct {
    const char *path, *value;
    s_check_t *check;
} s_item_t;

static int s_check_all(const op_config_t *config, const s_item_t *items, size_t count,
                       char error[OP_CONFIG_ERROR])
{
    char why[256];
    for (size_t i = 0; i < count; i++)
        if (*items[i].value && items[i].check(items[i].value, why) != 0)
            return op_config_wrong(config, items[i].path, why, error);
    return 0;
}

/*  The simulated carrier's numbers are not in the configuration. */
static int s_check_numbers(const op_config_t *config, char error[OP_CONFIG_ERROR])
{
    char number[OP_PHONE_MAX + 1], masked[OP_PHONE_MAX + 1], why[256];
    for (size_t i = 0; i < config->modem_count; i++)
        for (size_t j = 0; j < config->simulate_modems; j++) {
            op_carrier_number(j, number);
            if (strcmp(config->modems[i].phone, number) != 0)
                continue;
            snprintf(why, sizeof why, "%.150s: its number %s is a simulated modem's",
                     config->modems[i].device, op_phone_mask(op_str(number), masked));
            return op_config_wrong(config, "modems/modem", why, error);
        }
    return 0;
}

int op_opd_check(const op_config_t *config, char error[OP_CONFIG_ERROR])
{
    const s_item_t items[] = {{"http/listen", config->http_listen, s_check_address},
                              {"metrics/listen", config->metrics_listen, s_check_address},
                              {"simulate/listen", config->simulate_listen, s_check_address},
                              {"link/keys", config->link_keys, op_curve_check},
                              {"control/socket", config->control_socket, s_check_socket},
                              {"webhook/ca_file", config->webhook_ca_file, s_check_file},
                              {"simulate/scenario", config->simulate_scenario, s_check_scenario},
                              {"simulate/ttys", config->simulate_ttys, s_check_folder}};
    if (s_check_all(config, items, OP_COUNT(items), error) != 0)
        return -1;
    return s_check_numbers(config, error);
}

int op_opd_check_free(const op_config_t *config, char error[OP_CONFIG_ERROR])
{
    bool http = false;
    for (const char *at = config->actors_run; *at; at += strcspn(at, ",") + (strchr(at, ',') != 0))
        http |= strncmp(at, "http", 4) == 0;
    bool tcp = strncmp(config->link_listen, "tcp://", 6) == 0;
    const s_item_t items[] = {
        {"http/listen", http ? config->http_listen : "", s_check_free},
        {"metrics/listen", config->metrics_listen, s_check_free},
        {"simulate/listen", config->simulate_modems ? config->simulate_listen : "", s_check_free},
        {"link/listen", tcp ? config->link_listen + 6 : "", s_check_free}};
    return s_check_all(config, items, OP_COUNT(items), error);
}
