/* SPDX-License-Identifier: MIT */
/*
 * random_plan.h - seeded plans of faults for random programs (models/random/random.c).
 */
#ifndef AW_TESTS_SUPPORT_RANDOM_PLAN_H
#define AW_TESTS_SUPPORT_RANDOM_PLAN_H

#include <stdint.h>

#include "plan.h"

/* Groups of points that one test looks at. */
enum aw_plan_group {
    AW_PLAN_PARTIAL,     /* reads and writes cut to every length */
    AW_PLAN_TRANSFERS,   /* reads and writes that fail */
    AW_PLAN_INTERRUPTED, /* EINTR in what waits */
    AW_PLAN_CALLS,       /* close, fork, pthread_create, kill, sleep fail */
    AW_PLAN_CRASH,
    AW_PLAN_SIGTERM,
    AW_PLAN_SPURIOUS,
    AW_PLAN_CODE, /* a point in the program's source */
    AW_PLAN_GROUPS
};

/* Every point of the group, anywhere. */
void aw_plan_of_group(enum aw_plan_group group, uint32_t budget, struct aw_fault_plan *plan);

/* One to three points, with roles, sites, occurrences and budgets. */
void aw_plan_random(uint64_t seed, struct aw_fault_plan *plan);

/* The plan as one line, for messages. */
const char *aw_plan_text(const struct aw_fault_plan *plan, char *buffer, size_t size);

#endif
