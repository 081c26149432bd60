/* SPDX-License-Identifier: MIT */
/*
 * act_memory.c - what an access to a shared mapping read and wrote (machine/touch.h), "3 becomes 4",
 * and who is woken there.
 */
#include <string.h>

#include "base/intern.h"
#include "machine/shared.h"
#include "machine/touch.h"
#include "trace/act.h"

enum { NUMBER = 8 };

/* The bytes of a number, or how many there are. */
static const char *value(struct aw_trace *trace, const void *bytes, uint64_t size)
{
    int64_t number = 0;
    if (bytes == NULL || (size != 1 && size != 2 && size != 4 && size != NUMBER))
        return aw_trace_text(trace, "%llu byte%s", (unsigned long long)size, size == 1 ? "" : "s");
    memcpy(&number, bytes, size);
    number = number << (64 - 8 * size) >> (64 - 8 * size);
    return aw_trace_text(trace, "%lld", (long long)number);
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

/* What was read, written, or "3 becomes 4". */
static const char *range_text(struct aw_act *act, const struct aw_touched *range, const void *given)
{
    const void *now = (range->kind & AW_ACCESS_WRITE) != 0 ? stored(act, range) : NULL;
    const char *before = value(act->trace, given, range->size);
    if (now == NULL)
        return before;
    const char *after = value(act->trace, now, range->size);
    if ((range->kind & AW_ACCESS_READ) == 0 || strcmp(before, after) == 0)
        return after;
    return aw_trace_text(act->trace, "%s becomes %s", before, after);
}

/* Threads that slept there before the step and do not any more. */
static const char *woken(struct aw_act *act, enum aw_op_kind asleep)
{
    const struct aw_walk_state *before = &act->walk->before, *at = &act->walk->at;
    const char *text = "";
    for (uint32_t p = 0; p < before->layout->process_count; p++) {
        const struct aw_local *was = aw_walk_local(act->walk, before, p);
        int index = aw_walk_index(at, before->processes[p]);
        for (uint32_t t = 0; t < was->thread_count && index >= 0; t++) {
            const struct aw_thread *thread = &aw_local_threads(was)[t];
            const struct aw_thread *now =
                aw_act_thread_in(aw_walk_local(act->walk, at, (unsigned)index), thread->slot);
            if (!aw_shared_waits(thread, asleep, act->op->address) ||
                (now != NULL && aw_shared_waits(now, asleep, act->op->address)))
                continue;
            text = aw_trace_text(act->trace, "%s%s%s", text, text[0] ? ", " : "wakes ",
                                 aw_act_thread(act->trace, before->processes[p], thread->slot));
        }
    }
    return text;
}

const char *aw_act_waited(struct aw_act *act, const struct aw_answer *answer)
{
    switch (act->op->kind) {
    case AW_OP_COND_WAIT:
        return "asleep";
    case AW_OP_COND_SLEEP:
        return "ETIMEDOUT";
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST: {
        const char *text = woken(act, AW_OP_COND_SLEEP);
        return text[0] != '\0' ? text : "nobody waits";
    }
    case AW_OP_BARRIER_WAIT:
        return answer->detail == AW_BARRIER_SLEEPS   ? "waits"
               : answer->detail == AW_BARRIER_SERIAL ? "all are there, serial"
                                                     : "all are there";
    default:
        return "0";
    }
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
    if (answer->output == AW_INTERN_NONE) /* an answer has filled it in before */
        return answer->detail == AW_TOUCH_DONE
                   ? value(act->trace, NULL, (uint32_t)act->op->argument)
                   : "nothing";
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
