/* SPDX-License-Identifier: MIT */
/* touching.h - what touch.c and touch_finish.c share. */
#ifndef AW_MACHINE_TOUCHING_H
#define AW_MACHINE_TOUCHING_H

#include "machine/touch.h"

/* A parked access: the call, and what was told of before it and is not written yet. */
struct aw_pending_touch {
    uint64_t args[6];
    uint32_t import;
    uint32_t untold; /* what it touches could not be told without the mappings' bytes */
    struct aw_range before;
};

_Static_assert(sizeof(struct aw_pending_touch) == 80, "no padding but that of the range");

/* Does code go on to the access itself, with armed bytes? */
static inline bool aw_touch_is_told(const struct aw_hook *hook)
{
    return hook != NULL && hook->footprint == NULL;
}

static inline const struct aw_hook *aw_touch_hook(const struct aw_machine *machine,
                                                  const struct aw_pending_touch *call)
{
    return machine->imports[call->import].hook; /* NULL: one of the machine's calls */
}

/* Does what it touches depend on nothing but its arguments? */
static inline bool aw_touch_is_fixed(const struct aw_hook *hook)
{
    return hook != NULL && aw_hook_is_fixed(hook);
}

static inline unsigned aw_touch_footprint(struct aw_machine *machine,
                                          const struct aw_pending_touch *call,
                                          struct aw_range *ranges)
{
    const struct aw_hook *hook = aw_touch_hook(machine, call);
    return hook != NULL ? aw_hook_ranges(machine, hook, call->args, ranges)
                        : machine->imports[call->import].footprint(machine, call->args, ranges);
}

#endif
