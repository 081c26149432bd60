/* SPDX-License-Identifier: MIT */
/*
 * act_memory.c - what an access to a shared mapping read and wrote (machine/touch.h): "reads 4
 * bytes: 3".
 */
#include <string.h>

#include "base/intern.h"
#include "machine/shared.h"
#include "machine/touch.h"
#include "trace/act.h"

enum { NUMBER = 8 };

/* ": 3" for the bytes of a number, nothing for others. */
static const char *value(struct aw_trace *trace, const void *bytes, uint64_t size)
{
    int64_t number = 0;
    if (size != 1 && size != 2 && size != 4 && size != NUMBER)
        return "";
    memcpy(&number, bytes, size);
    number = number << (64 - 8 * size) >> (64 - 8 * size);
    return aw_trace_text(trace, ": %lld", (long long)number);
}

/* What the step stored of the range, or NULL: nothing other than was there. */
static const void *stored(const struct aw_act *act, const struct aw_touched *range)
{
    const struct aw_machine *machine = act->walk->machine;
    uint32_t edge = act->walk->step.edge, size = 0;
    uint32_t stores =
        edge == AW_INTERN_NONE ? AW_INTERN_NONE : aw_machine_edge(machine, edge)->stores;
    const uint8_t *all =
        stores == AW_INTERN_NONE ? NULL : aw_machine_payload(machine, stores, &size);
    for (uint32_t at = 0; at < size;) {
        const struct aw_store *store = (const struct aw_store *)(all + at);
        if (store->address == range->address && store->size == range->size)
            return store + 1;
        at += (uint32_t)(sizeof *store + (store->size + 7) / 8 * 8);
    }
    return NULL;
}

static const char *range_text(struct aw_act *act, const struct aw_touched *range, const void *given)
{
    struct aw_trace *trace = act->trace;
    const void *now = (range->kind & AW_ACCESS_WRITE) != 0 ? stored(act, range) : NULL;
    const char *atomic = (range->kind & AW_ACCESS_ATOMIC) != 0 ? "atomic: " : "";
    const char *bytes = aw_trace_text(trace, "%u byte%s", range->size, range->size == 1 ? "" : "s");
    if ((range->kind & AW_ACCESS_WRITE) == 0)
        return aw_trace_text(trace, "%sreads %s%s", atomic, bytes,
                             value(trace, given, range->size));
    if (now == NULL && given != NULL)
        return aw_trace_text(trace, "%s%s %s as before%s", atomic,
                             (range->kind & AW_ACCESS_READ) != 0 ? "leaves" : "writes", bytes,
                             value(trace, given, range->size));
    if (now == NULL)
        return aw_trace_text(trace, "%swrites %s", atomic, bytes);
    if ((range->kind & AW_ACCESS_READ) == 0 || value(trace, now, range->size)[0] == '\0')
        return aw_trace_text(trace, "%swrites %s%s", atomic, bytes, value(trace, now, range->size));
    return aw_trace_text(trace, "%s%s%s becomes%s", atomic, bytes, value(trace, given, range->size),
                         value(trace, now, range->size) + 1);
}

const char *aw_act_touched(struct aw_act *act, const struct aw_answer *answer)
{
    const struct aw_machine *machine = act->walk->machine;
    const char *text = "";
    uint32_t size;
    if (answer->detail == AW_TOUCH_BUS)
        return "SIGBUS";
    if (answer->detail == AW_TOUCH_FAULT)
        return "SIGSEGV";
    if (answer->output == AW_INTERN_NONE)
        return "nothing";
    const uint8_t *place = aw_machine_payload(machine, answer->output, &size), *end = place + size;
    while (place < end) {
        const struct aw_touched *range = (const struct aw_touched *)place;
        const void *given = NULL;
        place += sizeof *range;
        if ((range->kind & AW_TOUCH_GIVEN) != 0) {
            given = place;
            place += (range->size + 7) / 8 * 8;
        }
        text = aw_trace_text(act->trace, "%s%s%s", text, text[0] ? ", " : "",
                             range_text(act, range, given));
    }
    return answer->detail == AW_TOUCH_SPURIOUS
               ? aw_trace_text(act->trace, "%s (fails without cause)", text)
               : text;
}
