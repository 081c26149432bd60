/* SPDX-License-Identifier: MIT */
/* record.h - the two halves of recording, internal to this folder: replay uses the second alone. */
#ifndef AW_TRACE_RECORD_H
#define AW_TRACE_RECORD_H

#include "trace/trace.h"

/* Follows the schedule once, to give everything that comes into being a name: fills in the tables
 * of processes and objects. A choice that does not exist ends it early, and is no error. */
void aw_trace_name(struct aw_machine *machine, const struct aw_schedule *schedule,
                   struct aw_trace *trace);

/* Follows it again and observes, with the names in the trace's tables. */
int aw_trace_observe(struct aw_machine *machine, const struct aw_schedule *schedule,
                     struct aw_trace *trace, struct aw_error *error);

#endif
