/*  recording_file.h - the sink of a recording that goes into a file */

#ifndef OP_ACTORS_RECORDING_FILE_H
#define OP_ACTORS_RECORDING_FILE_H

#include "actors/recording.h"
#include "transport/trace_file.h"

/*  The file is borrowed and outlives every recording that uses the sink. */
op_recording_sink_t op_recording_to_file(op_trace_file_t *file);

#endif
