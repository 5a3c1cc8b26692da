#include "opd/pages.h"

#include "opd/simulation.h"

#include <stdio.h>

typedef struct {
    const char *name;
    uint64_t number;
} s_number_t;

/*  "10 minutes", in the largest unit that is exact. */
static void s_duration(uint64_t seconds, char text[40])
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    while (seconds % units[i].seconds)
        i++;
    uint64_t count = seconds / units[i].seconds;
    snprintf(text, 40, "%llu %s%s", (unsigned long long)count, units[i].name,
             count == 1 ? "" : "s");
}

op_pages_t *op_opd_pages_new(const op_config_t *config)
{
    const s_number_t numbers[] = {
        {"start_phone_30s", config->limits_start_phone_30s},
        {"start_phone_hour", config->limits_start_phone_hour},
        {"start_phone_day", config->limits_start_phone_day},
        {"start_address_hour", config->limits_start_address_hour},
        {"wrong_codes", config->limits_wrong_codes},
        {"wrong_codes_day", config->limits_wrong_codes_day},
        {"console_minute", config->limits_console_minute},
        {"send_second", config->limits_send_second},
        {"send_minute", config->limits_send_minute},
        {"day_free", config->limits_day_free},
        {"day_paid", config->limits_day_paid},
        {"read_minute", config->limits_read_minute},
        {"address_minute", config->limits_address_minute},
        {"keys", config->limits_keys},
        {"webhook_timeout_s", (config->webhook_timeout_ms + 999) / 1000},
    };
    enum { OTHERS = 5 };
    op_pages_fact_t facts[OP_COUNT(numbers) + OTHERS];
    char texts[OP_COUNT(numbers)][24], code[40], session[40], fallback[80];
    size_t count = 0;
    for (; count < OP_COUNT(numbers); count++) {
        snprintf(texts[count], sizeof texts[count], "%llu",
                 (unsigned long long)numbers[count].number);
        facts[count] = (op_pages_fact_t){numbers[count].name, texts[count]};
    }
    s_duration(config->auth_code_ttl_s, code);
    s_duration(config->auth_session_ttl_s, session);
    snprintf(fallback, sizeof fallback, "http://%s", config->http_listen);
    facts[count++] = (op_pages_fact_t){"code_ttl", code};
    facts[count++] = (op_pages_fact_t){"session_ttl", session};
    facts[count++] = (op_pages_fact_t){"shared_number", "(this server has no shared number now)"};
    facts[count++] = (op_pages_fact_t){"prefixes", *config->texts_prefixes ? config->texts_prefixes
                                                                           : "any country code"};
    facts[count++] = (op_pages_fact_t){
        "webhook_schemes",
        config->webhook_allow_http || op_opd_simulated(config) ? "https or http" : "https"};
    return op_pages_new(&(op_pages_options_t){.base_url = config->http_public_url,
                                              .fallback = fallback,
                                              .behind_tls = config->http_tls_in_front,
                                              .facts = facts,
                                              .fact_count = count});
}
