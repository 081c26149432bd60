/* SPDX-License-Identifier: MIT */
/*
 * json.h - what the file of a trace and its view in JSON write alike.
 */
#ifndef AW_TRACE_JSON_H
#define AW_TRACE_JSON_H

#include "base/json.h"
#include "trace/trace.h"

/* The index of a step; they count from 1, as everywhere for people. AW_TRACE_NONE is null. */
static inline json_t *aw_trace_json_step(uint32_t index)
{
    return index == AW_TRACE_NONE ? json_null() : aw_json_number(index + 1ul);
}

/* Where in the source something is. */
static inline void aw_trace_json_place(json_t *object, const char *function, const char *file,
                                       int line)
{
    aw_json_set(object, "function", json_string(function));
    aw_json_set(object, "file", json_string(file));
    aw_json_set(object, "line", aw_json_number((uint64_t)line));
}

/* Who found what in which scenario. */
static inline void aw_trace_json_finding(json_t *root, const struct aw_trace *trace)
{
    aw_json_set(root, "allways", json_string(trace->version));
    aw_json_set(root, "scenario", json_string(trace->scenario));
    aw_json_set(root, "verdict", json_string(aw_verdict_name(trace->verdict)));
    aw_json_set(root, "property",
                trace->property < 0
                    ? json_null()
                    : json_string(aw_property_name((enum aw_property)trace->property)));
    aw_json_set(root, "message", json_string(trace->message));
}

#endif
