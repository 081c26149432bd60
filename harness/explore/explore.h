/* SPDX-License-Identifier: MIT */
/*
 * explore.h - decides the properties of a program over all of its executions.
 *
 *   search.c     the breadth-first search over canonical states, and its restarts
 *   pilot.c      random walks before it, on which most wrong assumptions break
 *   limits.c     limits, progress and interruption, of all phases
 *   visited.c    the set of visited states
 *   symmetry.c   canonical form of states under renaming of siblings
 *   facts.c      the assumptions about the program, and how they are watched
 *   reduce.c     partial-order reduction: what follows from them
 *   monitor.c    what the properties remember along an execution
 *   cycles.c     termination: cycles of the reduced graph; fairness on the full one
 *   minimal.c    the shortest counterexample
 *   critical.c   the step after which a counterexample cannot be saved
 *   count.c      the number of interleavings
 *   schedule.c   paths of canonical states back to concrete choices
 *   oracle.c     two naive explorers, for tests
 *
 * No mutable globals: everything is in the arguments. A machine serves one exploration at a time.
 */
#ifndef AW_EXPLORE_EXPLORE_H
#define AW_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "explore/choice.h"
#include "explore/verdict.h"
#include "machine/machine.h"

/* Rules of the partial-order reduction, to be switched off one by one (docs/architecture.md). */
/*      name               text                                                              */
#define AW_RULES(X)                                                                                \
    X(AW_RULE_LOCAL, "local")             /* operations on nothing, or private to a process */     \
    X(AW_RULE_RELEASE, "release")         /* releases first */                                     \
    X(AW_RULE_PRIVATE, "private")         /* objects that one thread has ever been parked at */    \
    X(AW_RULE_NEVER_EMPTY, "never-empty") /* waits on a semaphore nobody ever waited for */        \
    X(AW_RULE_EXIT, "exit")               /* exits and closes that drop no last reference */       \
    X(AW_RULE_GUARDED, "guarded")         /* reads under one binary lock */                        \
    X(AW_RULE_WRITER, "writer")           /* writes of a sole writer */                            \
    X(AW_RULE_WAIT, "wait")               /* wait() for children that all end alike */             \
    X(AW_RULE_FAULTS, "faults")           /* operations with all the faults that may strike them */

enum aw_rule {
#define X(name, text) name,
    AW_RULES(X)
#undef X
        AW_RULE_COUNT
};
#define AW_ALL_RULES ((1u << AW_RULE_COUNT) - 1)

/* Planted bugs: the tests of the tests switch them on and expect to be told. */
enum aw_plant {
    AW_PLANT_NO_PROVISO = 1,    /* reduction without its condition for cycles */
    AW_PLANT_UNSEEN_TEST = 2,   /* the watch overlooks trywait and getvalue */
    AW_PLANT_WEAK_FAIRNESS = 4, /* every cycle counts as unfair */
    AW_PLANT_HASH = 8,          /* visited states are told apart by a short hash */
    AW_PLANT_COUNTED = 32,      /* an operation that is a counted occurrence is taken alone */
    AW_PLANT_EARLY_ACCESS = 64, /* an access to memory is taken alone */
    AW_PLANT_NO_WALKS = 16,     /* no bug: no random walks first, which hide bugs of the watches */
};

struct aw_progress {
    uint64_t states, transitions, queued;
    double seconds;
    const char *phase; /* "searching", "minimising", "counting", "checking cycles" */
    uint32_t restarts;
};

struct aw_options {
    unsigned properties; /* AW_PROPERTY_BIT()s */
    struct aw_limits limits;
    bool symmetry;
    unsigned rules; /* bits of enum aw_rule; 0 = no partial-order reduction */
    bool learning;
    unsigned expected;       /* bits: of several that are broken, the one to be shown */
    bool whole_graph;        /* go on after the first violation */
    bool count;              /* count the interleavings as well */
    bool minimal;            /* look for the shortest counterexample */
    uint64_t minimal_states; /* in at most so many states; 0: AW_MINIMAL_STATES, or
                                  AW_MINIMAL_TIMES as many as the search that found one has seen */
    bool tracking;           /* of bytes that are handed over: aw_machine_set_tracking */
    bool reuse;              /* of steps by other states of the process: aw_machine_set_reuse */
    uint64_t control; /* learned steps that are executed again in the end, at least (and one in a
                                  thousand); 0 = all */
    const char *const *favour; /* roles of threads that move whenever they can */
    unsigned favour_count;     /* not 0: no partial-order reduction */
    unsigned plant;            /* enum aw_plant */
    /* Called now and then (about ten times a second); return false to stop the search. May be NULL.
     */
    bool (*progress)(void *context, const struct aw_progress *progress);
    void *context;
};

enum { AW_MINIMAL_STATES = 200000, AW_MINIMAL_TIMES = 4 };

/* All reductions on, default properties, no counting. */
void aw_options_default(struct aw_options *options);

enum { AW_MAX_NOTES = 16 };

struct aw_result {
    enum aw_verdict verdict;
    enum aw_property violated; /* when the verdict is AW_VIOLATED: the one of the counterexample */
    enum aw_property_state properties[AW_PROPERTY_COUNT]; /* of those asked for */
    uint64_t states, transitions, code_runs, restarts;
    char *interleavings; /* decimal, or NULL */
    double seconds;
    uint64_t peak_memory_bytes;
    char message[512]; /* what was found, or which limit was reached; "" when there is nothing to
                          say */
    char *assumptions[AW_MAX_NOTES]; /* what the proof assumes and is bounded by */
    unsigned assumption_count;
    struct aw_schedule schedule; /* leads to what `message` says; count 0 without one */
    bool has_schedule;
    bool stopped;     /* at the first violation: what is undecided was not looked at to the end */
    bool items;       /* the program says what it puts or gets (aw_put, aw_got) */
    bool main_failed; /* in some execution main ends with another status than 0 */
    bool minimal; /* the schedule is proved minimal: fewest faults, then preemptions, then steps */
    char not_minimal[160];        /* the limit that kept it from being proved; "" without one */
    uint32_t faults, preemptions; /* of the schedule */
    char *visible;    /* the accesses to memory that are operations of the schedule (machine.h) */
    bool exact_pipes; /* the schedule is one of a machine with exact pipes (machine.h) */
};

/* Explores the program in `machine`. Returns 0, or an error of ours; a limit is a verdict, not an
 * error. The result must be passed to aw_result_deinit. */
int aw_explore(struct aw_machine *machine, const struct aw_options *options,
               struct aw_result *result, struct aw_error *error);

/* The same, and tells about the states without transitions (deadlocks and ends), for comparing
 * explorations. What was told before a restart is void. */
struct aw_observer {
    /* `monitor`: what the properties remember, as text. */
    void (*on_terminal)(void *context, const struct aw_state *state, const char *monitor);
    void (*on_restart)(void *context);
    void *context;
    void (*on_state)(void *context, const struct aw_state *state); /* each visited one; or NULL */
};
int aw_explore_observed(struct aw_machine *machine, const struct aw_options *options,
                        const struct aw_observer *observer, struct aw_result *result,
                        struct aw_error *error);

void aw_result_deinit(struct aw_result *result);

/* Every piece of memory that a result owns, in a fixed order: where the pointer to it is kept, and
 * its bytes, or AW_PART_STRING for a string; NULL pointers too. The only list of them: what frees,
 * copies or sends a result goes by it. */
#define AW_PART_STRING SIZE_MAX
typedef void aw_part_visitor(void *context, void **part, size_t size);
void aw_result_parts(struct aw_result *result, aw_part_visitor *visit, void *context);

#endif
