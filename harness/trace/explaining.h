/* SPDX-License-Identifier: MIT */
/*
 * explaining.h - the parts of explain.h, internal to this folder.
 *
 *   explain.c         the paragraph of each property, and how all of it is laid out
 *   explain_lost.c    items that are lost, got twice or out of order, and where they were
 *   explain_wait.c    deadlocks: who waits for whom
 *   explain_wrong.c   crashes, errors, findings, data races
 *   explain_course.c  the cycle, the critical step, and the schedule that passes
 *   explain_words.c   names, places and ends
 *
 * What is returned is in the memory of the trace.
 */
#ifndef AW_TRACE_EXPLAINING_H
#define AW_TRACE_EXPLAINING_H

#include "trace/explain.h"

/* A text that grows. */
struct aw_explain_text {
    const struct aw_trace *trace;
    const char *words;
};

void aw_explain_say(struct aw_explain_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "main.feeder"; of a step, its thread. */
const char *aw_explain_thread(const struct aw_trace *trace, uint32_t process, uint32_t slot);
const char *aw_explain_who(const struct aw_trace *trace, uint32_t step);
/* "pipe 0", "rlock" */
const char *aw_explain_object(const struct aw_trace *trace, const char *name);
/* " (poll_once, mpqueue.c:381)"; "" without a file. */
const char *aw_explain_source(const struct aw_trace *trace, const char *function, const char *file,
                              int line);
/* "mutex_lock rlock" */
const char *aw_explain_operation(const struct aw_trace *trace, const char *operation,
                                 const char *object);

/* The end of a process and its step, and "left at step 12 with status 1"; NULL if it has not ended.
 */
const struct aw_trace_event *aw_explain_end(const struct aw_trace *trace, uint32_t process,
                                            uint32_t *step);
const char *aw_explain_ended(const struct aw_trace *trace, const struct aw_trace_event *end,
                             uint32_t step);

/* The index of the first lost item from `from` on; the count of items when there is none. */
uint32_t aw_explain_next_lost(const struct aw_trace_items *items, uint32_t from);
/* Where the lost items were after a step, and what the pipes held. */
void aw_explain_places(struct aw_explain_text *text, const struct aw_trace_items *items,
                       uint32_t step);
void aw_explain_pipes(struct aw_explain_text *text, uint32_t step);

/* Reasons: why the trace violates what it does. */
void aw_explain_lost(struct aw_explain_text *text, const struct aw_trace_items *items);
void aw_explain_twice(struct aw_explain_text *text, const struct aw_trace_items *items);
void aw_explain_order(struct aw_explain_text *text);
void aw_explain_deadlock(struct aw_explain_text *text, const struct aw_trace_items *items);
void aw_explain_forever(struct aw_explain_text *text);
void aw_explain_wrong(struct aw_explain_text *text);
void aw_explain_failed(struct aw_explain_text *text);

#endif
