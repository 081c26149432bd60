/* SPDX-License-Identifier: MIT */
/*
 * format.h - what the writer and the reader of trace files have in common, internal to this folder.
 *
 * The file is one JSON object. Its last member is a checksum of all the others: a trace says what
 * was seen, so that one which was changed afterwards is refused rather than replayed. The checksum
 * is XXH3 over the object without it, compact, with sorted keys, in hexadecimal.
 */
#ifndef AW_TRACE_FORMAT_H
#define AW_TRACE_FORMAT_H

#include <jansson.h>
#include <stdint.h>

#include "trace/trace.h"

/* Of `root` without its member "checksum". `text` has room for 17 characters. */
void aw_trace_checksum(const json_t *root, char text[17]);

/* The whole file as a JSON object, with its checksum; and back. `file` is for messages. */
json_t *aw_trace_to_json(const struct aw_trace *trace);
int aw_trace_from_json(const json_t *root, const char *file, struct aw_trace *trace,
                       struct aw_error *error);

#endif
