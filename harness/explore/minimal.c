/* SPDX-License-Identifier: MIT */
/*
 * minimal.c - the shortest counterexample: fewest faults, then fewest preemptions, then fewest
 * steps.
 *
 * A second search, without partial-order reduction. A node is a canonical state together with the
 * thread that moved last; the cost of a path is the triple (faults, preemptions, steps). Each edge
 * adds to it whatever came before, so the first path by which a node leaves the queue is best for
 * everything after it (Dijkstra 1959, with costs ordered lexicographically). A preemption is
 * leaving a thread that could have gone on, other than at a yield (Musuvathi and Qadeer 2007).
 *
 * The schedule that the first search has found bounds what is looked at: no path that costs more
 * than a violation that is known already.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/moves.h"

#define NO_THREAD UINT32_MAX

struct entry {
    uint64_t cost; /* faults << 48 | preemptions << 32 | steps */
    uint32_t node;
    uint32_t from;
    uint32_t how; /* 1: same thread as before, 2: the property is violated by this step */
};

struct heap {
    struct entry *entries;
    uint64_t count, capacity;
};

struct minimal {
    struct aw_explorer *explorer;
    struct aw_visited nodes; /* words of the state, then the last thread */
    struct aw_symmetry symmetry;
    struct heap heap;
    uint8_t *done;  /* by node: settled */
    uint32_t *from; /* by node: the node before, and below `how` */
    uint8_t *how;
    uint64_t *cost;
    uint32_t capacity;
    uint64_t bound; /* the cost of a violation that is known: nothing above it is looked at */
    int property;
    bool named, fills_up; /* reasons to begin again: a process was named, a pipe may fill up */
};

static bool before(const struct entry *a, const struct entry *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->node < b->node;
}

static void push(struct heap *heap, struct entry entry)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? 2 * heap->capacity : 1024;
        heap->entries = aw_reallocate(heap->entries, heap->capacity, sizeof *heap->entries);
    }
    uint64_t i = heap->count++;
    while (i > 0 && before(&entry, &heap->entries[(i - 1) / 2])) {
        heap->entries[i] = heap->entries[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap->entries[i] = entry;
}

static struct entry pop(struct heap *heap)
{
    struct entry top = heap->entries[0], last = heap->entries[--heap->count];
    uint64_t i = 0;
    for (;;) {
        uint64_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!before(&heap->entries[child], &last))
            break;
        heap->entries[i] = heap->entries[child];
        i = child;
    }
    if (heap->count > 0)
        heap->entries[i] = last;
    return top;
}

static uint32_t node_of(struct minimal *m, const struct aw_state *state, uint32_t last)
{
    uint32_t words[AW_STATE_WORDS + 1];
    bool is_new;
    memcpy(words, state->words, state->count * sizeof *words);
    words[state->count] = last;
    uint32_t node = aw_visited_add(&m->nodes, words, state->count + 1,
                                   aw_visited_hash(words, state->count + 1), AW_NO_STATE, &is_new);
    if (node >= m->capacity) {
        uint32_t old = m->capacity;
        m->capacity = old ? 2 * old : 1024;
        m->done = aw_reallocate(m->done, m->capacity, sizeof *m->done);
        m->from = aw_reallocate(m->from, m->capacity, sizeof *m->from);
        m->how = aw_reallocate(m->how, m->capacity, sizeof *m->how);
        m->cost = aw_reallocate(m->cost, m->capacity, sizeof *m->cost);
        for (uint32_t i = old; i < m->capacity; i++) {
            m->done[i] = 0;
            m->cost[i] = UINT64_MAX;
        }
    }
    return node;
}

static void relax(struct minimal *m, uint32_t node, uint64_t cost, uint32_t from, uint32_t how)
{
    if (m->done[node] || (m->cost[node] <= cost && (how & 2) == 0))
        return;
    m->cost[node] = cost;
    push(&m->heap, (struct entry){cost, node, from, how});
}

/* The last thread of the new state: process position << 16 | thread index. */
static uint32_t last_thread(struct minimal *m, const struct aw_state *next, uint32_t process,
                            uint16_t slot)
{
    if (process == AW_INTERN_NONE)
        return NO_THREAD;
    const struct aw_local *local =
        aw_machine_local(m->explorer->machine, next->words[AW_WORD_FIRST + process]);
    for (uint32_t t = 0; t < local->thread_count; t++)
        if (aw_local_threads(local)[t].slot == slot &&
            aw_local_threads(local)[t].status == AW_THREAD_PARKED)
            return process << 16 | t;
    return NO_THREAD;
}

static const uint64_t one_fault = (uint64_t)1 << 48, one_preemption = (uint64_t)1 << 32;

/* Expands a settled node. Returns true when the state itself violates the property. */
static bool expand(struct minimal *m, uint32_t node, uint64_t cost, struct aw_outcome *outcomes)
{
    struct aw_explorer *explorer = m->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_state state, next;
    const uint32_t *words = aw_visited_get(&m->nodes, node, &state.count);
    uint32_t last = words[--state.count];
    memcpy(state.words, words, state.count * sizeof *words);
    bool preemptible = last != NO_THREAD && aw_explorer_could_go_on(explorer, &state, last >> 16,
                                                                    last & 0xffff, outcomes);
    struct aw_moves moves;
    struct aw_move move;
    aw_moves_begin(&moves, explorer, &state, outcomes);
    while (aw_moves_next(&moves, &move)) {
        uint32_t p = move.process, t = move.thread;
        /* An equal sibling may be skipped unless the one before it is the thread that moved last.
         */
        if (aw_symmetry_repeats(&m->symmetry, &state, p) &&
            (last == NO_THREAD || (last >> 16 != p && last >> 16 != p - 1))) {
            aw_moves_skip_process(&moves);
            continue;
        }
        if (move.how.stop == AW_STOP_CAPACITY)
            m->fills_up = true;
        if (move.how.stop != 0)
            continue;
        const struct aw_local *local = aw_machine_local(machine, state.words[AW_WORD_FIRST + p]);
        uint16_t slot = aw_local_threads(local)[t].slot;
        bool same = last == (p << 16 | t);
        uint64_t more =
            cost + 1 + move.how.faults * one_fault + (preemptible && !same ? one_preemption : 0);
        if (more > m->bound)
            continue;
        aw_explorer_step(explorer, &state, &move, &next);
        if (move.step.named && m->symmetry.on)
            m->named = true;
        if (move.step.flags & AW_EDGE_STOP)
            continue;
        uint32_t self = move.step.self_index;
        aw_symmetry_canonical(&m->symmetry, &next, &self);
        bool hit = (move.violated >> m->property & 1) != 0;
        uint32_t target = node_of(m, &next, last_thread(m, &next, self, slot));
        if (hit) { /* a node of its own: this very step is wanted */
            target = node_of(m, &next, NO_THREAD - 1);
            m->bound = more;
        }
        relax(m, target, more, node, (same ? 1u : 0u) | (hit ? 2u : 0u));
    }
    if (moves.goes_on)
        return false;
    if (aw_moves_advance(&moves, &next)) {
        relax(m, node_of(m, &next, NO_THREAD), cost + 1, node, 0);
        return false;
    }
    return (aw_explorer_final(explorer, &state) >> m->property & 1) != 0;
}

static void build_schedule(struct minimal *m, uint32_t node, bool by_step, uint64_t cost)
{
    struct aw_explorer *explorer = m->explorer;
    uint32_t count = (uint32_t)(cost & UINT32_MAX) + 1;
    uint32_t *path = aw_allocate(count, sizeof *path);
    uint8_t *same = aw_allocate(count, 1);
    uint32_t *last = aw_allocate(count, sizeof *last);
    uint32_t at = node;
    for (uint32_t i = count; i-- > 0;) {
        path[i] = at;
        same[i] = m->how[at] & 1;
        at = m->from[at];
    }
    /* Nodes carry one word more than states; the finder compares states. */
    struct aw_visited states;
    bool is_new;
    aw_visited_init(&states);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t words;
        const uint32_t *record = aw_visited_get(&m->nodes, path[i], &words);
        last[i] = record[words - 1] == NO_THREAD - 1 ? NO_THREAD : record[words - 1];
        path[i] = aw_visited_add(&states, record, words - 1, aw_visited_hash(record, words - 1),
                                 AW_NO_STATE, &is_new);
    }
    struct aw_schedule schedule = {.loop = UINT32_MAX};
    if (aw_schedule_find(explorer, &states, &m->symmetry, path, count, same, last,
                         by_step ? m->property : -1, false, &schedule)) {
        struct aw_result *result = explorer->result;
        free(result->schedule.choices);
        result->schedule = schedule;
        result->has_schedule = true;
        result->minimal = true;
        result->faults = (uint32_t)(cost >> 48);
        result->preemptions = (uint32_t)(cost >> 32 & 0xffff);
    } else {
        free(schedule.choices);
    }
    aw_visited_deinit(&states);
    free(path);
    free(same);
    free(last);
}

/* There is a limit of its own, in states, so that what comes out is the same everywhere: without
 * reduction, a shortest schedule may be hidden among many more states than it took to find one. */
static bool worth_it(const struct minimal *m)
{
    struct aw_result *result = m->explorer->result;
    uint64_t most = m->explorer->options->minimal_states;
    if (most == 0)
        most = result->states > AW_MINIMAL_STATES / AW_MINIMAL_TIMES
                   ? AW_MINIMAL_TIMES * result->states
                   : AW_MINIMAL_STATES;
    if (m->nodes.count <= most)
        return true;
    snprintf(result->message, sizeof result->message,
             "a shorter one was looked for in %llu states (--minimal-states)",
             (unsigned long long)most);
    return false;
}

/* One search. Returns true when it has to be done again: the search for *any* violation ended
 * before it met what this one met, and knows nothing about what comes after a violation. */
static bool search(struct aw_explorer *explorer, int property, uint64_t bound)
{
    struct minimal *m = aw_allocate(1, sizeof *m);
    m->bound = bound;
    explorer->result->not_minimal[0] = '\0';
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    m->explorer = explorer;
    m->property = property;
    aw_visited_init(&m->nodes);
    aw_symmetry_init(&m->symmetry, explorer->machine, explorer->symmetry);
    aw_machine_set_symmetry(explorer->machine, explorer->symmetry);
    aw_machine_set_exact_pipes(explorer->machine, explorer->exact_pipes);
    struct aw_state first;
    aw_machine_initial(explorer->machine, &first);
    first.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    uint32_t root = node_of(m, &first, NO_THREAD);
    relax(m, root, 0, AW_NO_STATE, 0);
    explorer->progress.phase = "minimising";
    aw_machine_set_joined_pipes(explorer->machine, UINT64_MAX);
    while (m->heap.count > 0) {
        struct entry entry = pop(&m->heap);
        if (m->done[entry.node])
            continue;
        m->done[entry.node] = 1;
        m->from[entry.node] = entry.from;
        m->how[entry.node] = (uint8_t)entry.how;
        bool by_step = (entry.how & 2) != 0;
        bool found = by_step || expand(m, entry.node, entry.cost, outcomes);
        if (m->named || m->fills_up)
            break;
        if (found) {
            build_schedule(m, entry.node, by_step, entry.cost);
            break;
        }
        explorer->memory_bytes = aw_visited_bytes(&m->nodes) +
                                 m->heap.capacity * sizeof(struct entry) +
                                 m->capacity * (sizeof *m->from + sizeof *m->cost + 2);
        /* The schedule at hand stays, and is not called minimal. */
        if (!worth_it(m) || !aw_explorer_tick(explorer, &m->nodes, m->heap.count)) {
            snprintf(explorer->result->not_minimal, sizeof explorer->result->not_minimal, "%.159s",
                     explorer->result->message);
            break;
        }
    }
    bool again = m->named || m->fills_up;
    explorer->symmetry = explorer->symmetry && !m->named;
    explorer->exact_pipes = explorer->exact_pipes || m->fills_up;
    aw_visited_deinit(&m->nodes);
    aw_symmetry_deinit(&m->symmetry);
    free(m->heap.entries);
    free(m->done);
    free(m->from);
    free(m->how);
    free(m->cost);
    free(m);
    free(outcomes);
    return again;
}

/* The cost of the schedule at hand. */
static uint64_t cost_at_hand(struct aw_explorer *explorer)
{
    const struct aw_result *result = explorer->result;
    if (!result->has_schedule)
        return UINT64_MAX;
    aw_schedule_cost(explorer);
    return result->faults * one_fault + result->preemptions * one_preemption +
           result->schedule.count;
}

void aw_minimal(struct aw_explorer *explorer, int property)
{
    char message[sizeof explorer->result->message];
    bool exact_pipes = explorer->exact_pipes;
    memcpy(message, explorer->result->message, sizeof message);
    uint64_t bound = cost_at_hand(explorer);
    while (search(explorer, property, bound))
        if (explorer->exact_pipes != exact_pipes)
            bound = UINT64_MAX;     /* a step may be another one with pipes that fill up */
    if (!explorer->result->minimal) /* the schedule at hand is still the one of the first search */
        explorer->exact_pipes = exact_pipes;
    memcpy(explorer->result->message, message, sizeof message);
}
