/* SPDX-License-Identifier: MIT */
/* stop.c - a trace carried out up to a step, for a debugger: see aw_trace_stop. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "machine/parked.h"
#include "trace/walk.h"

struct aw_parked aw_debug_at; /* read by the debugger alone */

void aw_debug_parked(void);
/* A place for a breakpoint. */
__attribute__((noinline)) void aw_debug_parked(void)
{
    __asm__ volatile("" ::: "memory");
}

/* The thread that a choice names, in the state that the walk is at. */
static bool find(const struct aw_walk *walk, const struct aw_choice *choice, uint32_t *local,
                 unsigned *thread)
{
    const struct aw_walk_state *at = &walk->at;
    for (uint32_t p = 0; p < at->layout->process_count; p++) {
        if (at->layout->processes[p].pid != choice->pid)
            continue;
        *local = at->state.words[AW_WORD_FIRST + p];
        const struct aw_local *of = aw_walk_local(walk, at, p);
        for (*thread = 0; *thread < of->thread_count; ++*thread)
            if (aw_local_threads(of)[*thread].slot == choice->slot)
                return true;
    }
    return false;
}

int aw_trace_stop(const struct aw_trace *trace, uint32_t step, const char *runtime,
                  struct aw_error *error)
{
    struct aw_machine *machine;
    int status = aw_machine_create(trace->program, runtime, trace->argv, trace->env,
                                   &trace->machine, &machine, error);
    if (status != 0)
        return status;
    struct aw_walk *walk = aw_allocate(1, sizeof *walk);
    if (trace->plan.count > 0)
        status = aw_machine_set_faults(machine, &trace->plan, error);
    aw_machine_set_learning(machine, false);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, trace->exact_pipes);
    aw_machine_trust_accesses(machine);
    if (status == 0 && trace->visible != NULL && !aw_machine_set_visible(machine, trace->visible))
        status =
            aw_fail(error, AW_E_FORMAT, "machine: visible: expected ADDRESS+SIZE in hexadecimal");
    if (status == 0)
        aw_walk_start(walk, machine);
    for (uint32_t i = 0; i <= step && status == 0; i++) {
        uint32_t local;
        unsigned thread;
        if (i == step && find(walk, &trace->steps[i].choice, &local, &thread)) {
            aw_debug_at = aw_machine_put_in_place(machine, local, thread);
            aw_debug_parked();
        }
        status = aw_walk_step(walk, &trace->steps[i].choice, error);
        if (status == 0 && !walk->moved && i < step)
            status = aw_fail(error, AW_E_LIMIT, "step %u: the machine stops", i + 1);
    }
    free(walk);
    aw_machine_destroy(machine);
    return status;
}
