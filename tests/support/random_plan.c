/* SPDX-License-Identifier: MIT */
#include "random_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct point {
    const char *name;
    enum aw_fault_kind kind;
    enum aw_plan_group group;
    int first, second; /* errnos or failures; 0: none */
} points[] = {
    {"posix/io/rw/write/reduce", AW_FAULT_PARTIAL, AW_PLAN_PARTIAL, 0, 0},
    {"posix/io/rw/read/reduce", AW_FAULT_PARTIAL, AW_PLAN_PARTIAL, 0, 0},
    {"posix/io/rw/write", AW_FAULT_ERRNO, AW_PLAN_TRANSFERS, EINTR, EPIPE},
    {"posix/io/rw/read", AW_FAULT_ERRNO, AW_PLAN_TRANSFERS, EINTR, EAGAIN},
    {"allways/sem/wait", AW_FAULT_ERRNO, AW_PLAN_INTERRUPTED, EINTR, 0},
    {"allways/sem/trywait", AW_FAULT_ERRNO, AW_PLAN_INTERRUPTED, EINTR, 0},
    {"posix/proc/waitpid", AW_FAULT_ERRNO, AW_PLAN_INTERRUPTED, EINTR, ECHILD},
    {"posix/io/net/poll", AW_FAULT_ERRNO, AW_PLAN_INTERRUPTED, EINTR, 0},
    {"posix/io/oc/close", AW_FAULT_ERRNO, AW_PLAN_CALLS, EIO, 0},
    {"posix/proc/fork", AW_FAULT_ERRNO, AW_PLAN_CALLS, EAGAIN, ENOMEM},
    {"allways/thread/create", AW_FAULT_ERRNO, AW_PLAN_CALLS, EAGAIN, 0},
    {"posix/proc/kill", AW_FAULT_ERRNO, AW_PLAN_CALLS, EPERM, 0},
    {"allways/sleep", AW_FAULT_ERRNO, AW_PLAN_CALLS, EINTR, 0},
    {"allways/crash", AW_FAULT_CRASH, AW_PLAN_CRASH, 0, 0},
    {"allways/sigterm", AW_FAULT_SIGTERM, AW_PLAN_SIGTERM, 0, 0},
    {"allways/spurious", AW_FAULT_SPURIOUS, AW_PLAN_SPURIOUS, 0, 0},
    {"random/statement", AW_FAULT_FAIL, AW_PLAN_CODE, 3, 5},
};
enum { POINTS = sizeof points / sizeof *points };

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

static struct aw_fault fault_at(const struct point *point, uint32_t budget)
{
    struct aw_fault fault = {.kind = point->kind, .lengths = AW_LENGTHS_EVERY, .budget = budget};
    snprintf(fault.point, sizeof fault.point, "%s", point->name);
    if (point->first != 0)
        fault.values[fault.value_count++] = point->first;
    if (point->second != 0)
        fault.values[fault.value_count++] = point->second;
    return fault;
}

static struct aw_fault any_fault(uint64_t *state)
{
    static const char *const roles[] = {"", "", "main", "nobody"};
    static const char *const sites[] = {"random.c", "random_locks.c", "random_pipes.c",
                                        "random_processes.c"};
    const struct point *point = &points[draw(state, POINTS)];
    struct aw_fault fault = fault_at(point, 1 + draw(state, 2));
    snprintf(fault.role, sizeof fault.role, "%s", roles[draw(state, 4)]);
    if (draw(state, 4) == 0)
        snprintf(fault.site, sizeof fault.site, "%s", sites[draw(state, 4)]);
    if (draw(state, 2) == 0 && fault.kind != AW_FAULT_SPURIOUS) {
        fault.first = 1 + draw(state, 3);
        fault.last = fault.first + draw(state, 2);
    }
    return fault;
}

void aw_plan_of_group(enum aw_plan_group group, uint32_t budget, struct aw_fault_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->budget = budget;
    for (int i = 0; i < POINTS; i++)
        if (points[i].group == group)
            plan->faults[plan->count++] = fault_at(&points[i], budget);
}

void aw_plan_random(uint64_t seed, struct aw_fault_plan *plan)
{
    uint64_t state = seed;
    memset(plan, 0, sizeof *plan);
    plan->count = 1 + draw(&state, 3);
    for (uint32_t i = 0; i < plan->count; i++)
        plan->faults[i] = any_fault(&state);
    plan->budget = 1 + draw(&state, 2);
}

const char *aw_plan_text(const struct aw_fault_plan *plan, char *buffer, size_t size)
{
    size_t at = (size_t)snprintf(buffer, size, "budget %u", plan->budget);
    for (uint32_t i = 0; i < plan->count && at < size; i++)
        at += (size_t)snprintf(buffer + at, size - at, "; %s (%u) \"%s\" \"%s\" %u-%u",
                               plan->faults[i].point, plan->faults[i].budget, plan->faults[i].role,
                               plan->faults[i].site, plan->faults[i].first, plan->faults[i].last);
    return buffer;
}
