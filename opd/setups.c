#include "opd/setups.h"

op_rate_setup_t op_opd_rate_setup(const op_config_t *config)
{
    return (op_rate_setup_t){.start_phone_30s = config->limits_start_phone_30s,
                             .start_phone_hour = config->limits_start_phone_hour,
                             .start_phone_day = config->limits_start_phone_day,
                             .start_address_hour = config->limits_start_address_hour,
                             .console_minute = config->limits_console_minute,
                             .send_second = config->limits_send_second,
                             .send_minute = config->limits_send_minute,
                             .read_minute = config->limits_read_minute,
                             .address_minute = config->limits_address_minute};
}

op_auth_setup_t op_opd_auth_setup(const op_config_t *config)
{
    return (op_auth_setup_t){.code_ttl_ms = config->auth_code_ttl_s * 1000,
                             .session_ttl_ms = config->auth_session_ttl_s * 1000,
                             .tries = config->limits_wrong_codes,
                             .wrong_per_day = config->limits_wrong_codes_day,
                             .keys_max = config->limits_keys};
}

op_ledger_setup_t op_opd_ledger_setup(const op_config_t *config, const op_opd_links_t *links)
{
    const char *trusted = config->link_trust_modems ? links->modems : links->modem_here;
    return (op_ledger_setup_t){.prefixes = op_str(config->texts_prefixes),
                               .region = op_str(config->texts_region),
                               .day_free = config->limits_day_free,
                               .day_paid = config->limits_day_paid,
                               .queue_max = config->limits_queue,
                               .text_ttl_ms = config->texts_ttl_s * 1000,
                               .modems = op_str(links->modems),
                               .trusted = op_str(trusted)};
}
