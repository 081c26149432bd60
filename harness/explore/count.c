/* SPDX-License-Identifier: MIT */
/*
 * count.c - the exact number of interleavings: paths from the initial state to a state without
 * transitions.
 *
 * Partial-order reduction is off; under symmetry every concrete transition of the representative
 * counts, so equal siblings are not skipped. On an acyclic graph the number of paths from a state is
 * the sum over its transitions, computed in reverse topological order; with a cycle there is none.
 */
#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "explore/moves.h"

struct counter {
    struct aw_explorer *explorer;
    struct aw_visited visited;
    struct aw_symmetry symmetry;
    uint32_t *targets;
    uint64_t target_count, target_capacity;
    uint64_t *starts;
    uint8_t *ends; /* by state: an execution may end here */
    uint64_t start_capacity;
};

static void add_target(struct counter *c, const struct aw_state *next, uint32_t from)
{
    bool is_new;
    uint32_t id = aw_visited_add(&c->visited, next->words, next->count,
                                 aw_visited_hash(next->words, next->count), from, &is_new);
    if (c->target_count == c->target_capacity) {
        c->target_capacity = c->target_capacity ? 2 * c->target_capacity : 4096;
        c->targets = aw_reallocate(c->targets, c->target_capacity, sizeof *c->targets);
    }
    c->targets[c->target_count++] = id;
}

/* Builds the graph; false when a limit or a stop was met. */
static bool build(struct counter *c)
{
    struct aw_explorer *explorer = c->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    bool is_new, complete = true;
    aw_machine_initial(machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    aw_visited_add(&c->visited, state.words, state.count, aw_visited_hash(state.words, state.count),
                   AW_NO_STATE, &is_new);
    for (uint32_t s = 0; s < c->visited.count && complete; s++) {
        if (s + 2 > c->start_capacity) {
            c->start_capacity = 2 * (s + 2ul);
            c->starts = aw_reallocate(c->starts, c->start_capacity, sizeof *c->starts);
            c->ends = aw_reallocate(c->ends, c->start_capacity, sizeof *c->ends);
        }
        c->starts[s] = c->target_count;
        const uint32_t *words = aw_visited_get(&c->visited, s, &state.count);
        memcpy(state.words, words, state.count * sizeof *words);
        struct aw_moves moves;
        struct aw_move move;
        aw_moves_begin(&moves, explorer, &state, outcomes);
        while (complete && aw_moves_next(&moves, &move)) {
            complete = move.how.stop == 0;
            if (!complete)
                break;
            aw_explorer_step(explorer, &state, &move, &next);
            complete = (move.step.flags & AW_EDGE_STOP) == 0;
            aw_symmetry_canonical(&c->symmetry, &next, NULL);
            add_target(c, &next, s);
        }
        bool advances = complete && aw_moves_advance(&moves, &next);
        if (advances)
            add_target(c, &next, s);
        c->ends[s] = !moves.goes_on && !advances;
        c->starts[s + 1] = c->target_count;
        explorer->memory_bytes = aw_visited_bytes(&c->visited) +
                                 c->target_capacity * sizeof *c->targets +
                                 c->start_capacity * sizeof *c->starts;
        complete = complete && aw_explorer_tick(explorer, &c->visited, c->visited.count - s - 1);
    }
    free(outcomes);
    return complete;
}

/* Orders states so that every edge leads forward; false when there is a cycle (Kahn 1962). */
static bool topological(const struct counter *c, uint32_t *order)
{
    uint32_t states = c->visited.count;
    uint32_t *degree = aw_allocate(states, sizeof *degree);
    for (uint64_t e = 0; e < c->target_count; e++)
        degree[c->targets[e]]++;
    uint32_t filled = 0;
    if (degree[0] == 0)
        order[filled++] = 0;
    for (uint32_t i = 0; i < filled; i++)
        for (uint64_t e = c->starts[order[i]]; e < c->starts[order[i] + 1]; e++)
            if (--degree[c->targets[e]] == 0)
                order[filled++] = c->targets[e];
    free(degree);
    return filled == states;
}

void aw_count_interleavings(struct aw_explorer *explorer)
{
    struct counter c = {.explorer = explorer};
    char message[sizeof explorer->result->message];
    memcpy(message, explorer->result->message, sizeof message);
    explorer->progress.phase = "counting";
    aw_visited_init(&c.visited);
    aw_symmetry_init(&c.symmetry, explorer->machine, explorer->symmetry);
    bool complete = build(&c);
    uint32_t states = c.visited.count;
    uint32_t *order = aw_allocate(states, sizeof *order);
    if (complete && topological(&c, order)) {
        mpz_t *paths = aw_allocate(states, sizeof *paths);
        for (uint32_t i = states; i-- > 0;) {
            uint32_t s = order[i];
            mpz_init_set_ui(paths[s], c.ends[s]);
            for (uint64_t e = c.starts[s]; e < c.starts[s + 1]; e++)
                mpz_add(paths[s], paths[s], paths[c.targets[e]]);
        }
        char *text = mpz_get_str(NULL, 10, paths[0]);
        explorer->result->interleavings = aw_string_copy(text);
        void (*release)(void *, size_t);
        mp_get_memory_functions(NULL, NULL, &release);
        release(text, strlen(text) + 1);
        for (uint32_t s = 0; s < states; s++)
            mpz_clear(paths[s]);
        free(paths);
    }
    memcpy(explorer->result->message, message, sizeof message);
    free(order);
    free(c.targets);
    free(c.starts);
    free(c.ends);
    aw_visited_deinit(&c.visited);
    aw_symmetry_deinit(&c.symmetry);
}
