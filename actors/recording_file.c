#include "actors/recording_file.h"

static uint64_t s_actor(void *file, const char *name, const char *class)
{
    return op_trace_file_actor(file, name, class);
}

static void s_write(void *file, op_str_t records, bool state)
{
    op_trace_file_write(file, records, state);
}

static void s_stop(void *file, const char *reason)
{
    op_trace_file_stop(file, reason);
}

static bool s_stopped(void *file)
{
    return op_trace_file_stopped(file);
}

op_recording_sink_t op_recording_to_file(op_trace_file_t *file)
{
    return (op_recording_sink_t){file, s_actor, s_write, s_stop, s_stopped};
}
