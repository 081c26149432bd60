/* SPDX-License-Identifier: MIT */
/*
 * compare_accesses.h - a program whose threads share memory: does the checker, which interleaves
 * the accesses that break its discipline, tell what naive explorers tell that interleave them all?
 */
#ifndef AW_TESTS_SUPPORT_COMPARE_ACCESSES_H
#define AW_TESTS_SUPPORT_COMPARE_ACCESSES_H

#include "explore/explore.h"

struct aw_access_comparison {
    bool agrees;
    bool enumerated;    /* all executions were gone through, with the detector beside each */
    bool searched;      /* all states were */
    bool decided;       /* the checker was not stopped */
    bool assumes_forks; /* it says that a child of fork is a copy between two operations: then only
                           what it finds is compared, not what it does not */
    uint64_t executions, states; /* of every access */
    uint64_t checker_states;
    enum aw_verdict verdict; /* of the checker */
    uint32_t outcomes, races;
    char what[2048]; /* the first difference */
};

/* Compared are the outcomes, the pairs of accesses that are in a race, and what is violated. Where
 * `steps` do not suffice for all executions, states are searched, with as many steps, and the
 * detector runs beside some executions, chosen by `seed`. `options`: symmetry, rules and plant are
 * used. `plant`: enum aw_access_plant, of the checker. */
void aw_compare_accesses(const char *program, char *const *argv, const struct aw_options *options,
                         unsigned plant, uint64_t seed, uint64_t steps,
                         struct aw_access_comparison *comparison);

/* The same under a plan of faults (NULL: none), without the detector: it takes a call that fails
 * for one that has synchronised. Crashes and their like must not count occurrences, of which there
 * are more where every access is an operation. */
void aw_compare_accesses_faulty(const char *program, char *const *argv,
                                const struct aw_fault_plan *plan, const struct aw_options *options,
                                unsigned plant, uint64_t seed, uint64_t steps,
                                struct aw_access_comparison *comparison);

/* Options that go with a seed: mostly all reductions, and by turns without one of them. */
void aw_compare_accesses_options(uint64_t seed, struct aw_options *options);

#endif
