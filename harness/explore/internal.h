/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the parts of the explorer share.
 */
#ifndef AW_EXPLORE_INTERNAL_H
#define AW_EXPLORE_INTERNAL_H

#include "explore/explore.h"
#include "explore/monitor.h"
#include "explore/reduce.h"
#include "explore/symmetry.h"
#include "explore/visited.h"

/* Why a search ended before it was complete. */
enum aw_end {
    AW_END_COMPLETE,
    AW_END_VIOLATION,
    AW_END_RESTART, /* an assumption broke */
    AW_END_STOP,    /* the machine cannot go on: result->message */
    AW_END_LIMIT,   /* result->message */
};

/* Edges of the search graph, as far as somebody needs them. */
struct aw_graph {
    uint32_t *targets;
    uint64_t *starts; /* of state s: starts[s] .. starts[s + 1] */
    uint64_t count;
    size_t targets_bytes, starts_bytes; /* reserved */
};

/* One exploration: what all phases use. */
struct aw_explorer {
    struct aw_machine *machine;
    const struct aw_options *options;
    struct aw_result *result;
    struct aw_monitor monitor;
    double started;

    bool symmetry, exact_pipes;
    bool clock_bounded;    /* reading the clock was bounded */
    bool main_failed;      /* main ended with another status than 0 */
    uint64_t ticks;        /* calls of aw_explorer_tick */
    uint64_t memory_bytes; /* of the phase at work */
    double last_progress;
    void (*on_terminal)(void *context, const struct aw_state *state, const char *monitor);
    void (*on_state)(void *context, const struct aw_state *state);
    void (*on_restart)(void *context);
    void *terminal_context;
    struct aw_progress progress;
};

/* A transition of a state: who, and how. */
struct aw_move {
    uint32_t process, thread, outcome; /* indices */
    struct aw_outcome how;
    struct aw_step step;
    unsigned violated; /* AW_PROPERTY_BITs */
    bool preempts;     /* filled in by minimal.c only */
};

/* Seconds since some fixed time. */
double aw_clock(void);

/* To be called once for each state expanded: progress and limits. False when the search must end;
 * result->message then says why. */
bool aw_explorer_tick(struct aw_explorer *explorer, const struct aw_visited *visited,
                      uint64_t queued);

/* Carries out an outcome: machine, monitor, and the properties judged on single steps. */
void aw_explorer_step(struct aw_explorer *explorer, const struct aw_state *state,
                      struct aw_move *move, struct aw_state *next);

/* Is there an outcome without a fault? Faults are never owed: where only they are left, the execution
 * may as well end. */
bool aw_explorer_goes_on(const struct aw_outcome *outcomes, unsigned count);

/* A constraint on schedules: while a favoured thread can move, only favoured threads do. */
struct aw_restriction {
    bool active;
};
/* `outcomes` is scratch space for AW_MAX_OUTCOMES. */
void aw_explorer_restrict(const struct aw_explorer *explorer, const struct aw_state *state,
                          struct aw_outcome *outcomes, struct aw_restriction *restriction);
bool aw_explorer_may_move(const struct aw_explorer *explorer, const struct aw_state *state,
                          const struct aw_restriction *restriction, uint32_t process,
                          uint32_t thread);

/* Does the state have processes that are not zombies? */
bool aw_explorer_alive(const struct aw_explorer *explorer, const struct aw_state *state);

/* Properties violated in a state without transitions. */
unsigned aw_explorer_final(struct aw_explorer *explorer, const struct aw_state *state);

/* The reason of a machine stop, from the events of the step or the outcome itself. */
void aw_explorer_stop_message(struct aw_explorer *explorer, const struct aw_state *before,
                              const struct aw_move *move);

/* search.c */
struct aw_search {
    struct aw_explorer *explorer;
    struct aw_visited visited;
    struct aw_symmetry symmetry;
    struct aw_reduce *reduce; /* NULL: no partial-order reduction */
    struct aw_graph graph;
    bool keep_edges;
    bool back_edge; /* some edge leads to a state not younger than its source */
    uint64_t transitions;
    unsigned violated;       /* all properties found violated so far */
    enum aw_property first;  /* the first of them */
    uint32_t violation_from; /* state before the violating step; AW_NO_STATE: the state itself */
    uint32_t violation_to;
    uint32_t stop_from;   /* the same for a stop */
    bool capacity, named; /* reasons for a restart */
    uint32_t ample_states;
    bool walk_first; /* look for broken assumptions on random walks first */
    /* Called for every state without transitions; may be NULL. */
    void (*on_terminal)(void *context, const struct aw_state *state, const char *monitor);
    void (*on_state)(void *context, const struct aw_state *state);
    void *terminal_context;
};

/* schedule.c: the concrete schedule along a path of canonical states. `path` begins with state 0.
 * `property` (or -1) is violated by the last step or in the last state; with `final`, one more step
 * is looked for that stops the machine. Optionally `same_thread[i]`: step i continues the thread of
 * step i - 1; and `last[i]`: the thread that step i is by, as canonical index << 16 | thread of state
 * i, or AW_NO_STATE. Choices name processes as a machine without symmetry does. Returns false when no
 * schedule was found (a bug of ours, or nondeterminism). */
bool aw_schedule_find(struct aw_explorer *explorer, struct aw_visited *visited,
                      struct aw_symmetry *symmetry, const uint32_t *path, uint32_t count,
                      const uint8_t *same_thread, const uint32_t *last, int property, bool stops,
                      struct aw_schedule *schedule);
/* The path to `state` by the parents in `visited`; the caller frees *path. */
uint32_t aw_schedule_path(const struct aw_visited *visited, uint32_t state, uint32_t **path);
void aw_schedule_add(struct aw_schedule *schedule, uint32_t *capacity, struct aw_choice choice);
/* Could the thread go on in that state? To leave it then is a preemption; a time-out that expires, a
 * fault and a yield are no going on. `outcomes` is scratch space for AW_MAX_OUTCOMES. */
bool aw_explorer_could_go_on(const struct aw_explorer *explorer, const struct aw_state *state,
                             uint32_t process, uint32_t thread, struct aw_outcome *outcomes);
/* Fills in the faults and preemptions of result->schedule, by carrying it out. */
void aw_schedule_cost(struct aw_explorer *explorer);

/* minimal.c: replaces result->schedule by the shortest one; sets result->minimal, or else
 * result->not_minimal. */
void aw_minimal(struct aw_explorer *explorer, int property);

/* cycles.c */
enum aw_termination {
    AW_TERM_ALWAYS,
    AW_TERM_STARVATION,
    AW_TERM_LIVELOCK,
    AW_TERM_TIMED,
    AW_TERM_UNDECIDED
};
bool aw_graph_is_acyclic(const struct aw_graph *graph, uint32_t states);
/* Decides termination on the full graph; a livelock is left in result->schedule. */
/* *causes: it is owed to operations that do not fail without cause for ever. */
enum aw_termination aw_termination(struct aw_explorer *explorer, bool *causes);

/* unmet.c: does a fault of the plan never strike, or does no thread have a favoured role? Then
 * result->message says which, and what there is in its place. Only after a complete search. */
bool aw_unmet(const struct aw_explorer *explorer);
/* A favoured role that no thread was seen to have so far, or NULL. */
const char *aw_unmet_role(const struct aw_explorer *explorer);

/* count.c: result->interleavings. */
void aw_count_interleavings(struct aw_explorer *explorer);

#endif
