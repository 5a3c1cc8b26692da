#include "opd/reload.h"

#include "opd/setups.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <string.h>

op_log_level_t op_opd_log_level(const char *name)
{
    return strcmp(name, "debug") == 0     ? OP_LOG_DEBUG
           : strcmp(name, "warning") == 0 ? OP_LOG_WARNING
           : strcmp(name, "error") == 0   ? OP_LOG_ERROR
                                          : OP_LOG_INFO;
}

/*  One key: takes it, or says that it cannot. True: it was taken and is another one. */
static bool s_take(const char *path, void *now, const void *next, size_t size)
{
    if (memcmp(now, next, size) == 0)
        return false;
    if (op_config_is_live(path)) {
        memcpy(now, next, size);
        return true;
    }
    op_log(OP_LOG_WARNING, "opd", "a change needs a restart key=%s", path);
    return false;
}

static bool s_same_peers(const op_config_t *now, const op_config_t *next)
{
    bool same = now->peer_count == next->peer_count;
    for (size_t i = 0; same && i < now->peer_count; i++)
        same = strcmp(now->peers[i].actor, next->peers[i].actor) == 0 &&
               strcmp(now->peers[i].endpoint, next->peers[i].endpoint) == 0;
    return same;
}

static size_t s_take_all(op_config_t *now, const op_config_t *next)
{
    size_t count = 0;
#define KEY(NAME, path, TYPE, standard, min, max, unit, sentence)                                  \
    count += s_take(path, &now->NAME, &next->NAME, sizeof now->NAME);
#include "transport/config.def"
    if (now->modem_count != next->modem_count ||
        memcmp(now->modems, next->modems, sizeof now->modems) != 0)
        op_log(OP_LOG_WARNING, "opd", "a change needs a restart key=%s", "modems");
    if (!s_same_peers(now, next))
        op_log(OP_LOG_WARNING, "opd", "a change needs a restart key=%s", "peers");
    return count;
}

static void s_tell(op_postbox_t *postbox, const op_topology_t *topology, const char *class_name,
                   const op_type_t *type, const void *setup)
{
    const char *actor = op_topology_here(topology, class_name);
    if (!actor)
        return;
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = OP_STR("opd"), .to = op_str(actor)};
    op_buf_t frame = {0};
    op_frame_encode(&note, type, setup, &frame);
    if (!op_postbox_send(postbox, note.to, op_buf_str(&frame)))
        op_log(OP_LOG_ERROR, "opd", "too busy to be told: send SIGHUP again actor=%s", actor);
    op_buf_free(&frame);
}

void op_opd_reload(op_config_t *now, const op_config_t *next, op_opd_links_t *links,
                   op_postbox_t *postbox)
{
    char error[256];
    size_t taken = s_take_all(now, next), keys;
    op_log_threshold(op_opd_log_level(now->log_level));
    op_rate_setup_t rate = op_opd_rate_setup(now);
    op_auth_setup_t auth = op_opd_auth_setup(now);
    op_ledger_setup_t ledger = op_opd_ledger_setup(now, links);
    s_tell(postbox, &links->topology, "rate", &op_rate_setup_type, &rate);
    s_tell(postbox, &links->topology, "auth", &op_auth_setup_type, &auth);
    s_tell(postbox, &links->topology, "ledger", &op_ledger_setup_type, &ledger);
    if (op_opd_links_reload(links, &keys, error) == 0) {
        op_log(OP_LOG_INFO, "opd", "configuration and keys were read again changed=%zu keys=%zu",
               taken, keys);
    } else {
        op_log(OP_LOG_ERROR, "opd", "keys stay as they were reason=%s", error);
        op_log(OP_LOG_INFO, "opd", "the configuration was read again changed=%zu", taken);
    }
}
