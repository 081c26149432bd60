/* SPDX-License-Identifier: MIT */
/*
 * reduce.h - partial-order reduction by watched assumptions.
 *
 * An operation that is independent of everything that others can do before it is an ample set of
 * its own (Peled 1993; Godefroid 1996, persistent sets): take it alone. What makes it so is a fact
 * about the whole program that nobody declares: "nobody ever tests this semaphore". Each fact is
 * assumed until a breach is seen; then it is dropped for good and the search starts again.
 *
 *  - A breach is looked for on every thread parked in every visited state, whether it is enabled or
 *    expanded or not (aw_reduce_watch).
 *  - Executing an ample operation earlier must not make a breach disappear: argued at each fact in
 *    facts.c.
 *  - Proviso for cycles: an ample successor that has been expanded already makes the state be
 *    expanded fully (search.c).
 *  - No ample operation is visible: properties are judged on single steps of one process, or are
 *    stable predicates (monitor.h).
 */
#ifndef AW_EXPLORE_REDUCE_H
#define AW_EXPLORE_REDUCE_H

#include "explore/explore.h"

struct aw_reduce;

struct aw_reduce *aw_reduce_create(struct aw_machine *machine, const struct aw_options *options);
void aw_reduce_destroy(struct aw_reduce *reduce);

/* Facts are kept over restarts; what depends on the search (symmetry, exact pipes) is set here. */
void aw_reduce_begin(struct aw_reduce *reduce, bool symmetry, bool exact_pipes);

/* Bit h: nothing will be concluded any more from where the writes to pipe h began. */
uint64_t aw_reduce_joined_pipes(const struct aw_reduce *reduce);

/* Watches `state`. Returns true when a fact was dropped by it. */
bool aw_reduce_watch(struct aw_reduce *reduce, const struct aw_state *state);

enum aw_ample {
    AW_AMPLE_NO,
    AW_AMPLE_YES,
    AW_AMPLE_IF_OWN, /* provided that aw_reduce_own of its step */
};

/* May the operation of this thread, if it is enabled and has one outcome only, be taken alone? */
enum aw_ample aw_reduce_ample(struct aw_reduce *reduce, const struct aw_state *state,
                              uint32_t process, uint32_t thread);

/* Does the step from one local state to the other change nothing but the thread in `slot`? */
bool aw_reduce_own(struct aw_reduce *reduce, uint32_t from, uint32_t to, uint32_t slot);

#endif
