/* SPDX-License-Identifier: MIT */
/*
 * every_access.h - naive explorers that interleave every access to memory.
 *
 * Over the machine alone: no learning, no symmetry, no reduction, and nothing is believed about who
 * accesses what under which locks. Each access to memory that threads may share is a step
 * (aw_machine_set_every_access).
 *
 * Enumerating goes depth-first through all executions, remembers none, and runs a detector of races
 * beside each (race_clocks.h). Searching remembers states, for what has too many executions or
 * cycles; in every state it looks who is parked at what. Walking takes some executions at random.
 */
#ifndef AW_TESTS_SUPPORT_EVERY_ACCESS_H
#define AW_TESTS_SUPPORT_EVERY_ACCESS_H

#include "explore/oracle.h"
#include "race_clocks.h"

struct aw_every {
    struct aw_outcomes outcomes; /* as aw_outcome_describe has them */
    struct aw_races unordered;   /* by the detector; not filled in by searching */
    struct aw_races parked;      /* in one state; not filled in by walking */
    uint64_t executions, states, steps;
    bool crashed;
    bool complete; /* no limit and no stop was met */
};

void aw_every_enumerate(struct aw_machine *machine, uint64_t steps, struct aw_every *every);
void aw_every_search(struct aw_machine *machine, uint64_t states, struct aw_every *every);
/* `count` executions of at most 300 steps. Complete if none met a stop of the machine. */
void aw_every_walk(struct aw_machine *machine, uint64_t seed, unsigned count,
                   struct aw_every *every);
void aw_every_deinit(struct aw_every *every);

/* Does some execution end in a deadlock? */
bool aw_every_deadlocks(const struct aw_every *every);

#endif
