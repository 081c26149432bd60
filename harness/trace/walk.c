/* SPDX-License-Identifier: MIT */
#include "trace/walk.h"

#include <string.h>

static uint32_t number_of_pid(const struct aw_walk_state *at, uint32_t pid)
{
    for (uint32_t i = 0; i < at->layout->process_count; i++)
        if (at->layout->processes[i].pid == pid)
            return at->processes[i];
    return AW_TRACE_NONE;
}

/* What was there before the step keeps its number; one step never ends a process (an object) and
 * starts another one of the same pid (handle). */
static void number(struct aw_walk *walk)
{
    struct aw_walk_state *at = &walk->at;
    const struct aw_layout *layout = at->layout = aw_machine_layout(walk->machine, &at->state);
    for (uint32_t i = 0; i < layout->process_count; i++) {
        uint32_t known = walk->steps == 0 ? AW_TRACE_NONE
                                          : number_of_pid(&walk->before, layout->processes[i].pid);
        at->processes[i] = known != AW_TRACE_NONE ? known : walk->process_count++;
    }
    for (uint32_t i = 0; i < layout->object_count; i++) {
        uint32_t known = walk->steps == 0
                             ? AW_TRACE_NONE
                             : aw_walk_object(&walk->before, layout->objects[i].handle);
        at->objects[i] = known != AW_TRACE_NONE ? known : walk->object_count++;
    }
}

void aw_walk_start(struct aw_walk *walk, struct aw_machine *machine)
{
    memset(walk, 0, sizeof *walk);
    walk->machine = machine;
    aw_machine_initial(machine, &walk->at.state);
    number(walk);
}

int aw_walk_index(const struct aw_walk_state *at, uint32_t number)
{
    for (uint32_t i = 0; i < at->layout->process_count; i++)
        if (at->processes[i] == number)
            return (int)i;
    return -1;
}

uint32_t aw_walk_by_pid(const struct aw_walk_state *at, uint32_t pid)
{
    return number_of_pid(at, pid);
}

uint32_t aw_walk_object(const struct aw_walk_state *at, uint32_t handle)
{
    for (uint32_t i = 0; i < at->layout->object_count; i++)
        if (at->layout->objects[i].handle == handle)
            return at->objects[i];
    return AW_TRACE_NONE;
}

/* Finds the thread that a choice names. */
static int find_thread(struct aw_walk *walk, struct aw_error *error)
{
    const struct aw_walk_state *at = &walk->before;
    const struct aw_choice *choice = &walk->choice;
    uint32_t process = 0;
    while (process < at->layout->process_count && at->layout->processes[process].pid != choice->pid)
        process++;
    if (process == at->layout->process_count)
        return aw_fail(error, AW_E_LIMIT, "there is no process with pid %u", choice->pid);
    const struct aw_local *local = aw_walk_local(walk, at, process);
    const struct aw_thread *threads = aw_local_threads(local);
    for (uint32_t i = 0; i < local->thread_count; i++)
        if (threads[i].slot == choice->slot) {
            walk->process = process;
            walk->thread = i;
            return 0;
        }
    return aw_fail(error, AW_E_LIMIT, "the process with pid %u has no thread %u%s", choice->pid,
                   choice->slot, local->zombie ? ": it has ended" : "");
}

static int move_clock(struct aw_walk *walk, struct aw_error *error)
{
    walk->step = (struct aw_step){.edge = UINT32_MAX, .child_index = UINT32_MAX};
    walk->outcomes = 1;
    if (!aw_machine_advance(walk->machine, &walk->before.state, &walk->at.state))
        return aw_fail(error, AW_E_LIMIT, "there is no deadline that the clock could move to");
    walk->moved = true;
    return 0;
}

static int move_thread(struct aw_walk *walk, struct aw_error *error)
{
    int status = find_thread(walk, error);
    if (status != 0)
        return status;
    walk->outcomes = aw_machine_outcomes(walk->machine, &walk->before.state, walk->process,
                                         walk->thread, walk->found);
    if (walk->choice.outcome >= walk->outcomes)
        return aw_fail(error, AW_E_LIMIT,
                       walk->outcomes == 0 ? "the thread is blocked"
                                           : "the operation has no outcome %u, only %u",
                       walk->choice.outcome, walk->outcomes);
    walk->outcome = walk->found[walk->choice.outcome];
    walk->moved = walk->outcome.stop == 0;
    if (walk->moved)
        aw_machine_step(walk->machine, &walk->before.state, walk->process, walk->thread,
                        &walk->outcome, &walk->at.state, &walk->step);
    return 0;
}

int aw_walk_step(struct aw_walk *walk, const struct aw_choice *choice, struct aw_error *error)
{
    struct aw_walk_state was = walk->before;
    walk->before = walk->at;
    walk->choice = *choice;
    int status = choice->pid == 0 ? move_clock(walk, error) : move_thread(walk, error);
    if (status != 0) {
        walk->before = was;
        return status;
    }
    walk->steps++;
    if (walk->moved)
        number(walk);
    return 0;
}
