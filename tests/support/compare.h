/* SPDX-License-Identifier: MIT */
/*
 * compare.h - one program, several explorers: do they agree?
 */
#ifndef AW_TESTS_SUPPORT_COMPARE_H
#define AW_TESTS_SUPPORT_COMPARE_H

#include <stddef.h>

#include "explore/explore.h"

struct aw_comparison {
    bool agrees;
    bool compared;       /* the oracle came to an end within its limit */
    uint64_t states;     /* of the reduced search */
    uint64_t all_states; /* of the oracle */
    uint64_t outcomes;
    char what[2048]; /* the first difference */
};

/* Explores `program` with `argv` with all reductions (and whatever `plant` says), and with the
 * oracle that remembers states; with `enumerate`, also with the one that remembers nothing, and
 * counts interleavings. `plan`: the faults that may strike; NULL: none. */
void aw_compare(const char *program, char *const *argv, const struct aw_fault_plan *plan,
                unsigned plant, unsigned rules, bool enumerate, uint64_t limit,
                struct aw_comparison *comparison);

/* What comparisons share. A new machine, under a plan of faults (NULL: none); it ends the process
 * where there can be none. Options of a search that goes through the whole graph and executes every step
 * again, so that those that were put together (machine/reuse.h) are compared as well. The properties
 * that a search found violated, as a set of AW_PROPERTY_BIT. */
struct aw_machine *aw_compare_machine(const char *program, char *const *argv,
                                      const struct aw_fault_plan *plan);
void aw_compare_options(unsigned properties, struct aw_options *options);
unsigned aw_compare_violated(const struct aw_result *result);

#endif
