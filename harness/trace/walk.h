/* SPDX-License-Identifier: MIT */
/*
 * walk.h - following a schedule choice by choice, internal to this folder.
 *
 * The machine names processes by pid and objects by handle, and uses both again once they are free.
 * A walk numbers them for good, in the order in which they come into being.
 */
#ifndef AW_TRACE_WALK_H
#define AW_TRACE_WALK_H

#include "trace/trace.h"

/* A state, and which process and object of the walk each of its own is. */
struct aw_walk_state {
    struct aw_state state;
    const struct aw_layout *layout;
    uint32_t processes[AW_MAX_PROCESSES]; /* numbers, in the order of the layout */
    uint32_t objects[AW_MAX_OBJECTS];
};

struct aw_walk {
    struct aw_machine *machine;
    struct aw_walk_state at, before; /* where it is; where it was before the last step */
    uint32_t process_count, object_count;
    uint32_t steps; /* so far */

    /* Of the step. */
    struct aw_choice choice;
    unsigned process, thread; /* indices in the state before; not used when the clock moved */
    struct aw_outcome outcome;
    uint32_t outcomes;
    bool moved; /* false: the machine stops at this outcome */
    struct aw_step step;
    struct aw_outcome found[AW_MAX_OUTCOMES]; /* scratch */
};

void aw_walk_start(struct aw_walk *walk, struct aw_machine *machine);

/* Takes one choice. AW_E_LIMIT when there is no such choice. */
int aw_walk_step(struct aw_walk *walk, const struct aw_choice *choice, struct aw_error *error);

static inline const struct aw_local *aw_walk_local(const struct aw_walk *walk,
                                                   const struct aw_walk_state *at, unsigned process)
{
    return aw_machine_local(walk->machine, at->state.words[aw_position_of_process(process)]);
}

/* The process's index in a state, or -1; the number of the process with a pid, or AW_TRACE_NONE. */
int aw_walk_index(const struct aw_walk_state *at, uint32_t number);
uint32_t aw_walk_by_pid(const struct aw_walk_state *at, uint32_t pid);

/* The number of the object with a handle, or AW_TRACE_NONE. */
uint32_t aw_walk_object(const struct aw_walk_state *at, uint32_t handle);

#endif
