/* SPDX-License-Identifier: MIT */
/* Blocks that a schedule has freed so far: for findings about their use. A freed block leaves no bytes in
 * a state, so only who follows the whole schedule knows. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "trace/observe.h"

static void add(struct aw_memory *memory, const struct aw_freed *freed, uint32_t count)
{
    if (memory->freed_count + count > memory->freed_capacity) {
        memory->freed_capacity = 2 * (memory->freed_count + count);
        memory->freed = aw_reallocate(memory->freed, memory->freed_capacity, sizeof *memory->freed);
    }
    memcpy(memory->freed + memory->freed_count, freed, count * sizeof *freed);
    memory->freed_count += count;
}

void aw_observe_freed(struct aw_observer *observer, uint32_t process, const struct aw_edge *edge)
{
    uint32_t size;
    if (edge->freed == AW_INTERN_NONE || process >= observer->trace->process_count)
        return;
    const struct aw_freed *freed = aw_machine_payload(observer->walk.machine, edge->freed, &size);
    add(&observer->memories[process], freed, size / (uint32_t)sizeof *freed);
}

void aw_observe_freed_copy(struct aw_observer *observer, uint32_t parent, uint32_t child)
{
    if (child < observer->trace->process_count && observer->memories[parent].freed_count > 0)
        add(&observer->memories[child], observer->memories[parent].freed,
            observer->memories[parent].freed_count);
}

static const char *place(struct aw_observer *observer, const char *what, uint64_t pc)
{
    const char *function, *file;
    int line;
    if (pc == 0 || !aw_machine_place(observer->walk.machine, pc, &function, &file, &line))
        return "";
    return aw_trace_text(observer->trace, ", %s at %s:%d (%s)", what, file, line,
                         function ? function : "?");
}

const char *aw_observe_freed_text(struct aw_observer *observer, uint32_t process,
                                  const struct aw_event *event, const char *text)
{
    if (process >= observer->trace->process_count)
        return text;
    const struct aw_memory *memory = &observer->memories[process];
    for (uint32_t i = memory->freed_count; i-- > 0 && event->what != AW_TOLD_ALL;) {
        const struct aw_freed *freed = &memory->freed[i];
        if (event->a < freed->start || event->a - freed->start >= (freed->size ? freed->size : 1))
            continue;
        if (event->what == AW_TOLD_BLOCK)
            return aw_trace_text(observer->trace, "%s%s", text,
                                 place(observer, "freed", freed->pc));
        static const char unknown[] = "use of unallocated memory";
        const char *where = strstr(text, ": memory of the heap");
        bool is_use = where != NULL && strncmp(text, unknown, sizeof unknown - 1) == 0;
        if (is_use)
            text = aw_trace_text(observer->trace, "use after free%.*s",
                                 (int)(where - text) - (int)sizeof unknown + 1,
                                 text + sizeof unknown - 1);
        return aw_trace_text(observer->trace, "%s%s byte %llu of a block of %llu byte%s%s%s", text,
                             is_use ? ":" : ";", (unsigned long long)(event->a - freed->start),
                             (unsigned long long)freed->size, freed->size == 1 ? "" : "s",
                             place(observer, "allocated", freed->allocated),
                             place(observer, "freed", freed->pc));
    }
    return text;
}
