/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "view/view.h"

static void lives(struct aw_view_lanes *lanes, uint32_t process, uint32_t slot, uint32_t first,
                  uint32_t last)
{
    uint32_t i = aw_view_lane(lanes, process, slot);
    if (i == lanes->count) {
        lanes->lanes = aw_reallocate(lanes->lanes, lanes->count + 1ul, sizeof *lanes->lanes);
        lanes->lanes[lanes->count++] = (struct aw_view_lane){process, slot, first, last};
    }
    lanes->lanes[i].last = last;
}

static int by_thread(const void *one, const void *other)
{
    const struct aw_view_lane *a = one, *b = other;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

void aw_view_lanes(const struct aw_trace *trace, struct aw_view_lanes *lanes)
{
    memset(lanes, 0, sizeof *lanes);
    for (uint32_t i = 0; i < trace->step_count; i++)
        if (trace->steps[i].process != AW_TRACE_NONE)
            lives(lanes, trace->steps[i].process, trace->steps[i].choice.slot, i, i);
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        lives(lanes, trace->at_end[i].process, trace->at_end[i].slot, trace->step_count,
              AW_TRACE_NONE);
    if (lanes->count > 0)
        qsort(lanes->lanes, lanes->count, sizeof *lanes->lanes, by_thread);
}

void aw_view_lanes_free(struct aw_view_lanes *lanes)
{
    free(lanes->lanes);
    memset(lanes, 0, sizeof *lanes);
}

uint32_t aw_view_lane(const struct aw_view_lanes *lanes, uint32_t process, uint32_t slot)
{
    uint32_t i = 0;
    while (i < lanes->count && (lanes->lanes[i].process != process || lanes->lanes[i].slot != slot))
        i++;
    return i;
}

const char *aw_view_operation(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    const char *operation = step->operation, *object = step->object;
    char name[256];
    if (strncmp(operation, "pthread_", 8) == 0)
        operation += 8;
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, object) == 0)
            object = aw_trace_object_short(trace, i, name, sizeof name);
    return aw_trace_text(trace, "%s%s%s", operation, object[0] ? " " : "", object);
}
