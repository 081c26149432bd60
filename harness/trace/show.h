/* SPDX-License-Identifier: MIT */
/* show.h - what the two texts of a trace share, internal to this folder. */
#ifndef AW_TRACE_SHOW_H
#define AW_TRACE_SHOW_H

#include "trace/trace.h"

enum { AW_TRACE_COLUMNS = 100 }; /* no line is longer, but for words that are */

const char *aw_trace_errno_name(int error);

/* What happened, without who: "put item 1". */
void aw_trace_say_event(const struct aw_trace_event *event, char *buffer, size_t size);

/* An empty line and a heading. */
void aw_trace_heading(FILE *out, const char *words);

/* Begins a colour ("1;31", "0" ends it), on a terminal only, and not where NO_COLOR is set. */
void aw_trace_colour(FILE *out, const char *code);

/* A line, broken at spaces into lines of at most 100 columns; those after the first begin at
 * `hanging`. */
void aw_trace_wrap(FILE *out, int indent, int hanging, const char *words);
/* The same, where `column` columns are printed already. */
void aw_trace_wrap_from(FILE *out, int column, int hanging, const char *words);

#endif
