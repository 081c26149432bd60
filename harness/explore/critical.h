/* SPDX-License-Identifier: MIT */
/*
 * critical.h - where a counterexample became one: the step after which no continuation is good, and
 * the nearest schedule that passes.
 *
 * A continuation of a prefix is good when it comes to an end without violating one of the
 * properties on the way or there. It injects no further faults: they are never owed. If a prefix
 * has a good continuation, so has every shorter one, so there is one *critical step*: the last
 * prefix that still has one ends just before it.
 */
#ifndef AW_EXPLORE_CRITICAL_H
#define AW_EXPLORE_CRITICAL_H

#include <stdbool.h>
#include <stdint.h>

#include "explore/choice.h"

struct aw_machine;
struct aw_options;

/* The texts are part of the format of traces. */
#define AW_CRITICALS(X)                                                                            \
    X(AW_CRITICAL_UNKNOWN, "unknown") /* was not looked for */                                     \
    X(AW_CRITICAL_STEP, "step")       /* `step` is it; `passing` leaves the schedule there */      \
    X(AW_CRITICAL_NEVER, "never")     /* no schedule at all is good */                             \
    X(AW_CRITICAL_OPEN, "open")       /* even after the last step a good end can be reached */     \
    X(AW_CRITICAL_BOUNDED,                                                                         \
      "bounded") /* the limit was hit: it is not after `step`; `passing`, if */                    \
                 /* there is one, leaves at `branch`, maybe earlier */

enum aw_critical_kind {
#define X(name, text) name,
    AW_CRITICALS(X)
#undef X
        AW_CRITICAL_KINDS
};

const char *aw_critical_name(enum aw_critical_kind kind);

enum {
    AW_CRITICAL_STATES = 100000,    /* the usual limit */
    AW_CRITICAL_SHORTEST_SHARE = 4, /* a part of it is for finding the shortest way */
};

struct aw_critical {
    enum aw_critical_kind kind;
    uint32_t step;              /* index in the schedule */
    uint32_t branch;            /* the first choice of `passing` that differs */
    uint64_t states;            /* that were looked at */
    struct aw_schedule passing; /* whole; the caller frees its choices. count 0: none */
    bool shortest;              /* of those that leave the schedule there, none is shorter */
};

/*
 * `schedule` was found in a machine like this one with `properties` (and `favour`), exact_pipes as
 * the machine is set now. Symmetry and reduction are not used; at most `states` states are expanded
 * for the main search, as many again to bracket the step when that was not enough, and a quarter of
 * them to find the shortest way to a good end. A schedule that cannot be followed gives
 * AW_CRITICAL_UNKNOWN.
 */
void aw_critical_find(struct aw_machine *machine, const struct aw_options *options,
                      const struct aw_schedule *schedule, uint64_t states,
                      struct aw_critical *critical);

#endif
