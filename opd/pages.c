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

enum { NUMBERS = 15, OTHERS = 5 };

typedef struct {
    op_pages_fact_t at[NUMBERS + OTHERS];
    size_t count;
    char texts[NUMBERS][24], code[40], session[40];
} s_facts_t;

static void s_add(s_facts_t *self, const char *name, const char *value)
{
    self->at[self->count++] = (op_pages_fact_t){name, value};
}

/*  The facts point into *self. */
static void s_look(s_facts_t *self, const op_config_t *config)
{
    const s_number_t numbers[NUMBERS] = {
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
    self->count = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        snprintf(self->texts[i], sizeof self->texts[i], "%llu",
                 (unsigned long long)numbers[i].number);
        s_add(self, numbers[i].name, self->texts[i]);
    }
    s_duration(config->auth_code_ttl_s, self->code);
    s_duration(config->auth_session_ttl_s, self->session);
    s_add(self, "code_ttl", self->code);
    s_add(self, "session_ttl", self->session);
    s_add(self, "shared_number", "(this server has no shared number now)");
    s_add(self, "prefixes", *config->texts_prefixes ? config->texts_prefixes : "any country code");
    bool clear = config->webhook_allow_http || op_opd_simulated(config);
    s_add(self, "webhook_schemes", clear ? "https or http" : "https");
}

op_pages_t *op_opd_pages_new(const op_config_t *config)
{
    s_facts_t facts;
    char fallback[80];
    s_look(&facts, config);
    snprintf(fallback, sizeof fallback, "http://%s", config->http_listen);
    return op_pages_new(&(op_pages_options_t){.base_url = config->http_public_url,
                                              .fallback = fallback,
                                              .behind_tls = config->http_tls_in_front,
                                              .facts = facts.at,
                                              .fact_count = facts.count});
}

void op_opd_pages_reload(op_pages_t *self, const op_config_t *config)
{
    s_facts_t facts;
    s_look(&facts, config);
    op_pages_learn(self, facts.at, facts.count);
}
