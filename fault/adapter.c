/* SPDX-License-Identifier: MIT */
/*
 * Where libfiu keeps things: what the callback writes to *failnum and *failinfo stays in the point
 * until the next call and is what fiu_fail and fiu_failinfo give; returning 0 means "no fault"
 * whatever they hold. A plan may have several faults at one point; libfiu has one registration for
 * a name, and a second would replace the first.
 */
#ifndef FIU_ENABLE
#define FIU_ENABLE 1 /* without it fiu.h defines stubs */
#endif
#include "adapter.h"

#include <fiu-control.h>
#include <fiu.h>
#include <string.h>

/* What the explorer has chosen, between aw_fault_ask and the callback. The checker has one thread;
 * that it is a thread's own keeps tests that run side by side apart. */
static _Thread_local int chosen;

static int report_choice(const char *name, int *failnum, void **failinfo, unsigned int *flags)
{
    (void)name, (void)flags;
    *failnum = chosen;
    *failinfo = (void *)(intptr_t)chosen;
    return chosen != 0;
}

static bool met_before(const struct aw_fault_plan *plan, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (strcmp(plan->faults[i].point, plan->faults[index].point) == 0)
            return true;
    return false;
}

static void disable(const struct aw_fault_plan *plan, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!met_before(plan, i))
            (void)fiu_disable(plan->faults[i].point);
}

int aw_fault_adapter_open(const struct aw_fault_plan *plan, struct aw_error *error)
{
    if (plan->count == 0)
        return 0;
    if (fiu_init(0) < 0)
        return aw_fail(error, AW_E_SYSTEM, "libfiu: fiu_init failed");
    for (uint32_t i = 0; i < plan->count; i++) {
        const char *point = plan->faults[i].point;
        if (met_before(plan, i))
            continue;
        if (fiu_enable_external(point, 1, NULL, 0, report_choice) < 0) {
            disable(plan, i);
            return aw_fail(error, AW_E_SYSTEM, "libfiu: the point %s could not be enabled", point);
        }
    }
    return 0;
}

void aw_fault_adapter_close(const struct aw_fault_plan *plan)
{
    disable(plan, plan->count);
}

int aw_fault_ask(const char *point, int choice, void **info)
{
    chosen = choice;
    int answer = fiu_fail(point);
    chosen = 0;
    if (info != NULL)
        *info = answer != 0 ? fiu_failinfo() : NULL;
    return answer;
}
