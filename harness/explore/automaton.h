/* SPDX-License-Identifier: MIT */
/*
 * automaton.h - what a process does, as it was seen: the protocol that the code really follows.
 *
 * All states are visited, without partial-order reduction, up to a limit. A node is a place where a
 * thread of the chosen processes was parked: operation, object, source line. Local states at the
 * same place are one node, so the automaton may also accept what no execution does; every edge was
 * taken.
 */
#ifndef AW_EXPLORE_AUTOMATON_H
#define AW_EXPLORE_AUTOMATON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "machine/machine.h"

enum { AW_AUTOMATON_START, AW_AUTOMATON_PLACE, AW_AUTOMATON_END };

struct aw_automaton_node {
    int kind;
    char *thread; /* "worker", "main.feeder" */
    char *operation, *object, *function, *file;
    int line;
    bool entry; /* a process of that name begins here */
};

struct aw_automaton_edge {
    uint32_t from, to;
    char *answer;
    bool fault;
};

struct aw_automaton {
    struct aw_automaton_node *nodes;
    struct aw_automaton_edge *edges; /* each once, in the order in which they were seen */
    uint32_t node_count, edge_count;
    uint64_t states;
    bool complete;     /* every state was visited */
    char *processes;   /* names of all processes that there were, "main, worker" */
    char stopped[128]; /* why not complete */
};

/* `process`: "main", "worker", the role of a main thread, or "child". A machine of which nothing
 * was asked yet. */
void aw_automaton_learn(struct aw_machine *machine, const char *process, uint64_t states,
                        struct aw_automaton *automaton);
void aw_automaton_free(struct aw_automaton *automaton);

#endif
