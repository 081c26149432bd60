/* SPDX-License-Identifier: MIT */
/*
 * symmetry.h - siblings with the same code are interchangeable.
 *
 * The children of one process that are leaves (no children of their own) and have created no kernel
 * object are named by nothing in a state but their place in it: no component holds a pid. Renaming
 * them gives a state with the same future, so each state is replaced by the one in which their local
 * ids are sorted and their pids are the lowest. This fails as soon as the program itself learns a pid;
 * the machine reports that (aw_step.named), and the search starts again without symmetry.
 * (Ip and Dill 1996, "Better verification through symmetry".)
 *
 * Which places may be permuted is a function of the layout alone and is computed once for each.
 */
#ifndef AW_EXPLORE_SYMMETRY_H
#define AW_EXPLORE_SYMMETRY_H

#include "machine/machine.h"

struct aw_symmetry_group {
    uint32_t first, count; /* in aw_symmetry_layout.places */
};

struct aw_symmetry_layout {
    uint8_t known, renumber;
    uint32_t canonical;             /* layout id */
    uint8_t from[AW_MAX_PROCESSES]; /* canonical index -> index, when renumbering */
    uint8_t group_count, place_count;
    uint8_t places[AW_MAX_PROCESSES]; /* indices in the canonical layout */
    struct aw_symmetry_group groups[AW_MAX_PROCESSES / 2];
};

struct aw_symmetry {
    struct aw_machine *machine;
    struct aw_symmetry_layout **layouts; /* by layout id */
    uint32_t capacity;
    bool on;
};

void aw_symmetry_init(struct aw_symmetry *symmetry, struct aw_machine *machine, bool on);
void aw_symmetry_deinit(struct aw_symmetry *symmetry);

/* Replaces `state` by its canonical form. `track` (may be NULL) is a process index of the state and
 * becomes an index of an interchangeable process in the canonical form; AW_INTERN_NONE stays. */
void aw_symmetry_canonical(struct aw_symmetry *symmetry, struct aw_state *state, uint32_t *track);

/* Is process `index` of a canonical state the same, up to renaming, as one before it? Its
 * transitions then lead to the same canonical states. */
bool aw_symmetry_repeats(struct aw_symmetry *symmetry, const struct aw_state *state,
                         uint32_t index);

#endif
