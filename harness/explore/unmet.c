/* SPDX-License-Identifier: MIT */
/*
 * unmet.c - what a plan of faults, or a schedule, names and no execution has: a fault that never
 * strikes was never put to the test, and a constraint on nobody is none. Names are easily misspelt,
 * so that the message says which ones the program has.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explore/internal.h"

__attribute__((format(printf, 2, 3))) static void say(struct aw_result *result, const char *format,
                                                      ...)
{
    size_t length = strlen(result->message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->message + length, sizeof result->message - length, format, arguments);
    va_end(arguments);
}

static void say_roles(const struct aw_explorer *explorer)
{
    const char *role;
    for (unsigned i = 0; (role = aw_machine_role_met(explorer->machine, i)) != NULL; i++)
        say(explorer->result, "%s%s", i > 0 ? ", " : "roles are ", role);
}

static bool has_role(const struct aw_machine *machine, const char *wanted)
{
    const char *role;
    for (unsigned i = 0; (role = aw_machine_role_met(machine, i)) != NULL; i++)
        if (strcmp(role, wanted) == 0)
            return true;
    return false;
}

/* How many leading bytes two names share. */
static size_t shared(const char *one, const char *other)
{
    size_t length = 0;
    while (one[length] != '\0' && one[length] == other[length])
        length++;
    return length;
}

/* Of the points that the program asks about, those that are most like `wanted`. */
static void say_points(const struct aw_explorer *explorer, const char *wanted)
{
    size_t most = 0;
    unsigned said = 0;
    const char *point;
    for (unsigned i = 0; (point = aw_machine_point_met(explorer->machine, i)) != NULL; i++)
        if (shared(point, wanted) > most)
            most = shared(point, wanted);
    for (unsigned i = 0; (point = aw_machine_point_met(explorer->machine, i)) != NULL; i++)
        if (shared(point, wanted) == most)
            say(explorer->result, "%s%s", said++ > 0 ? ", " : ": its code asks about ", point);
    if (said == 0)
        say(explorer->result, ": the program's code asks about no point of its own (fiu_fail)");
}

static void say_places(const struct aw_explorer *explorer, uint32_t fault)
{
    uint64_t pc;
    for (unsigned i = 0; (pc = aw_machine_met_elsewhere(explorer->machine, fault, i)) != 0; i++) {
        const char *function, *file;
        int line;
        (void)aw_machine_place(explorer->machine, pc, &function, &file, &line);
        const char *base = file != NULL ? strrchr(file, '/') : NULL;
        say(explorer->result, "%s%s (%s:%d)", i > 0 ? ", " : ": it is met at ",
            function != NULL ? function : "?",
            base != NULL   ? base + 1
            : file != NULL ? file
                           : "?",
            line);
    }
}

static void say_fault(const struct aw_explorer *explorer, uint32_t index, bool reached)
{
    const struct aw_fault *fault = &aw_machine_faults(explorer->machine)->faults[index];
    bool unknown_role = fault->role[0] != '\0' && !has_role(explorer->machine, fault->role);
    explorer->result->message[0] = '\0';
    say(explorer->result, "no execution reaches %s%s%s%s%s%s",
        reached ? "a case in which the fault could strike at " : "the fault point ", fault->point,
        fault->role[0] ? " in " : "", fault->role, fault->site[0] ? " at " : "", fault->site);
    if (reached)
        return;
    if (unknown_role) {
        say(explorer->result, ": no thread has that role; ");
        say_roles(explorer);
    } else if (aw_machine_met_elsewhere(explorer->machine, index, 0) != 0) {
        say_places(explorer, index);
    } else if (!aw_fault_point_reserved(fault->point)) {
        say_points(explorer, fault->point);
    }
}

const char *aw_unmet_role(const struct aw_explorer *explorer)
{
    for (unsigned i = 0; i < explorer->options->favour_count; i++)
        if (!has_role(explorer->machine, explorer->options->favour[i]))
            return explorer->options->favour[i];
    return NULL;
}

bool aw_unmet(const struct aw_explorer *explorer)
{
    const struct aw_fault_plan *plan = aw_machine_faults(explorer->machine);
    uint32_t reached = aw_machine_faults_reached(explorer->machine);
    uint32_t struck = aw_machine_faults_struck(explorer->machine);
    for (uint32_t i = 0; i < plan->count && plan->budget > 0; i++)
        if ((struck >> i & 1) == 0) {
            say_fault(explorer, i, (reached >> i & 1) != 0);
            return true;
        }
    const char *role = aw_unmet_role(explorer);
    if (role == NULL)
        return false;
    explorer->result->message[0] = '\0';
    say(explorer->result, "no thread has the role %s, which the schedule favours; ", role);
    say_roles(explorer);
    return true;
}
