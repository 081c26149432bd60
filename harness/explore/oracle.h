/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - two naive explorers over the same machine, to hold the real one against.
 *
 * aw_oracle_enumerate remembers nothing: depth-first through every interleaving, every step executed
 * as program code. aw_oracle_search remembers states, and nothing else: no learning, no symmetry, no
 * reduction. Neither shares code with the search but the machine and the monitors. They belong to
 * the tests, and are part of the library so that a program's author may use them on small cases.
 */
#ifndef AW_EXPLORE_ORACLE_H
#define AW_EXPLORE_ORACLE_H

#include "explore/explore.h"

/* A sorted set of lines, each one way to end: for every process its exit status or what its threads
 * are blocked at (sorted, without pids), then the objects, then the monitor. */
struct aw_outcomes {
    char **lines;
    uint32_t count, capacity;
};

void aw_outcomes_add(struct aw_outcomes *outcomes, const char *line);
void aw_outcomes_deinit(struct aw_outcomes *outcomes);
bool aw_outcomes_equal(const struct aw_outcomes *one, const struct aw_outcomes *other);

/* The line of a state without transitions. */
void aw_outcome_describe(struct aw_machine *machine, const struct aw_state *state, char *buffer,
                         size_t size);

struct aw_oracle {
    struct aw_outcomes outcomes;
    uint64_t interleavings; /* enumerate only */
    uint64_t states;        /* search only */
    unsigned violated;      /* AW_PROPERTY_BITs; terminates is not judged */
    bool complete;          /* no limit and no stop was met */
};

/* Gives up after `steps` executed steps. */
void aw_oracle_enumerate(struct aw_machine *machine, unsigned properties, uint64_t steps,
                         struct aw_oracle *oracle);

/* Gives up after `states` states. */
void aw_oracle_search(struct aw_machine *machine, unsigned properties, uint64_t states,
                      struct aw_oracle *oracle);

void aw_oracle_deinit(struct aw_oracle *oracle);

#endif
