/* SPDX-License-Identifier: MIT */
/*
 * explain.h - a counterexample in sentences: why, the critical step, the histories of the items.
 *
 * Everything is computed from the trace; what takes a search (the critical step) is in the file.
 * The texts are plain, without line breaks; whoever shows them breaks them.
 */
#ifndef AW_TRACE_EXPLAIN_H
#define AW_TRACE_EXPLAIN_H

#include "trace/items.h"

/* One paragraph: who left, hung or crashed, at which step, what it saw, and where the items were at
 * that moment. "" for a trace that violates nothing. */
const char *aw_trace_why(const struct aw_trace *trace, const struct aw_trace_items *items);

/* What the critical step is, and what another schedule does there; "" when it was not looked for.
 */
const char *aw_trace_critical_text(const struct aw_trace *trace);
const char *aw_trace_passing_text(const struct aw_trace *trace);

/* "main -> worker 2 -> main", if threads wait for each other in a circle; else "". */
const char *aw_trace_cycle_text(const struct aw_trace *trace);

/* Of a finding "data race on ...", who is at the two accesses: "main.thread 1 is about to write
 * `inside` (exclusion.c:60) and main.thread 2 is about to read it (exclusion.c:60)". "" for another
 * finding, and when the threads cannot be told. */
const char *aw_trace_race_text(const struct aw_trace *trace, const char *finding);

/* "put by main at step 24; taken by main.feeder at step 27; ...; never got" */
const char *aw_trace_item_text(const struct aw_trace *trace, const struct aw_trace_item *item);

/* All of it, in lines of at most 100 columns. */
void aw_trace_explain(const struct aw_trace *trace, FILE *out);

#endif
