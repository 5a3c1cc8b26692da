#include "opd/trace.h"

#include "transport/clock.h"

#include <sodium.h>
#include <stdio.h>

static void s_add_u64(op_buf_t *text, const char *path, uint64_t value)
{
    op_buf_printf(text, "%s=%llu\n", path, (unsigned long long)value);
}

static void s_add_text(op_buf_t *text, const char *path, const char *value)
{
    op_buf_printf(text, "%s=%s\n", path, value);
}

/*  Of what it says, not of how it is kept: two servers with the same keys have the same one. */
static op_hash_t s_hash(const op_config_t *config)
{
    op_buf_t text = {0};
#define ADD_U64  s_add_u64
#define ADD_BOOL s_add_u64
#define ADD_TEXT s_add_text
#define KEY(NAME, path, TYPE, standard, min, max, unit, sentence)                                  \
    ADD_##TYPE(&text, path, config->NAME);
#include "transport/config.def"
#undef ADD_U64
#undef ADD_BOOL
#undef ADD_TEXT
    for (size_t i = 0; i < config->modem_count; i++)
        op_buf_printf(&text, "%s%s%s=%s,%d\n", config->modems[i].device, config->modems[i].imei,
                      config->modems[i].iccid, config->modems[i].phone, config->modems[i].shared);
    op_hash_t hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const uint8_t *)text.at, text.size, NULL, 0);
    op_buf_free(&text);
    return hash;
}

op_trace_file_t *op_opd_trace_new(const char *path, const op_config_t *config,
                                  char error[OP_TRACE_ERROR])
{
    op_trace_header_t header = {.format = OP_TRACE_FORMAT,
                                .build = OP_STR("opd " OP_VERSION),
                                .configuration = s_hash(config),
                                .started = op_clock_now()};
    op_catalogue_hash(&header.catalogue);
    op_trace_file_options_t options = {.path = path,
                                       .segment_bytes = config->trace_max_mb << 20,
                                       .segments = config->trace_segments};
    char why[OP_TRACE_ERROR];
    op_trace_file_t *file = op_trace_file_new(&options, &header, why);
    if (!file)
        snprintf(error, OP_TRACE_ERROR, "--trace %.240s", why);
    return file;
}
