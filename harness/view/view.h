/* SPDX-License-Identifier: MIT */
/*
 * view.h - a trace for other eyes than a terminal's. Each view is a function from a trace to a
 * file; all of them say what trace/explain.h and trace/items.h found, and compute nothing of their
 * own.
 *
 *   json.c      what there is to be shown, as data (docs/trace-format.md)
 *   html.c      one page that needs nothing else: page.html, page.css and page.js around that data
 *   mermaid.c   a sequence diagram for a pull request
 *   perfetto.c  Chrome's trace event format, for ui.perfetto.dev
 *   page.S      the parts of the page, embedded
 */
#ifndef AW_VIEW_VIEW_H
#define AW_VIEW_VIEW_H

#include <jansson.h>

#include "trace/items.h"

/* Of the JSON. A change that older readers would misread raises it. */
enum { AW_VIEW_FORMAT = 1 };

/* `path` is that of the trace file, for the command that replays it. 0, or AW_E_IO. Sources are
 * read where the trace says that they are; what cannot be read is left out. */
int aw_view_json(const struct aw_trace *trace, const char *path, FILE *out);
int aw_view_html(const struct aw_trace *trace, const char *path, FILE *out);
int aw_view_mermaid(const struct aw_trace *trace, const char *path, FILE *out);
int aw_view_perfetto(const struct aw_trace *trace, const char *path, FILE *out);

/* The data of the JSON view; the caller drops it. */
json_t *aw_view_data(const struct aw_trace *trace, const char *path);

/* The lanes of a trace: its threads in the order of processes and slots. */
struct aw_view_lane {
    uint32_t process, slot;
    uint32_t first, last; /* steps; last is AW_TRACE_NONE for those that live at the end */
};
struct aw_view_lanes {
    struct aw_view_lane *lanes;
    uint32_t count;
};
void aw_view_lanes(const struct aw_trace *trace, struct aw_view_lanes *lanes);
void aw_view_lanes_free(struct aw_view_lanes *lanes);
/* The lane's index; lanes->count when there is none. */
uint32_t aw_view_lane(const struct aw_view_lanes *lanes, uint32_t process, uint32_t slot);

/* "poll pipe 0" */
const char *aw_view_operation(const struct aw_trace *trace, const struct aw_trace_step *step);

#endif
