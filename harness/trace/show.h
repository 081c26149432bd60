/* SPDX-License-Identifier: MIT */
/* show.h - what the two texts of a trace share, internal to this folder. */
#ifndef AW_TRACE_SHOW_H
#define AW_TRACE_SHOW_H

#include "trace/trace.h"

const char *aw_trace_errno_name(int error);

/* What happened, without who: "put item 1". */
void aw_trace_say_event(const struct aw_trace_event *event, char *buffer, size_t size);

/* A line, broken at spaces into lines of at most 100 columns; those after the first begin at
 * `hanging`. */
void aw_trace_wrap(FILE *out, int indent, int hanging, const char *words);
/* The same, where `column` columns are printed already. */
void aw_trace_wrap_from(FILE *out, int column, int hanging, const char *words);

#endif
