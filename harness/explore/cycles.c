/* SPDX-License-Identifier: MIT */
/*
 * cycles.c - termination: is there an infinite execution, and is it one that fairness allows?
 *
 * If the graph is acyclic there is none. Otherwise the cycles are judged on a graph without
 * partial-order reduction and without symmetry (renaming would let one thread's step answer for
 * another's). Strong fairness for each thread: a thread that is enabled infinitely often moves
 * infinitely often. An infinite execution ends up going round in a strongly connected component
 * and may visit all of it, so a fair one exists exactly if some strongly connected set of states
 * has, for each thread that is enabled in one of its states, an edge of that thread inside: where a
 * thread enabled somewhere never moves, the states in which it is enabled are taken out, and what
 * is left is decomposed again (Emerson and Lei 1987; Lichtenstein and Pnueli 1985). Components are
 * found by Tarjan's algorithm (1972), without recursion.
 *
 * A set is only weakly fair if each thread that is enabled in *all* of its states moves: then
 * starvation is possible, which a strongly fair scheduler excludes. Faults are never owed, so they
 * enable nobody; expiries of time-outs are edges like others, but a cycle that needs one says
 * nothing about real time and is decided with virtual time only. Nor is it owed that an operation
 * fails without cause again and again (compare_exchange_weak): such edges are on no cycle, and where
 * one with them would have been a livelock the verdict says what it assumes.
 *
 * Faults that struck are counted in the state and never forgotten, so that each component has its
 * number of them. They are judged in that order: a livelock is one of the fewest faults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/moves.h"

enum { MAX_ACTORS = 64 };

struct edge {
    uint32_t target;
    uint8_t actor;
    uint8_t expiry, spurious; /* on a cycle only if such edges count */
    uint16_t outcome;
};

struct full {
    struct aw_explorer *explorer;
    struct aw_visited visited;
    struct edge *edges;
    uint64_t edge_count, edge_capacity;
    uint64_t *starts, start_capacity;
    uint64_t *enabled; /* by state: actors that are enabled */
    uint16_t *faults;  /* by state: how many struck on the way there */
    struct aw_choice actors[MAX_ACTORS];
    unsigned actor_count;
    bool expiries;  /* edges of expiries count */
    bool spurious;  /* edges of failures without cause count */
    uint32_t *part; /* by state: the set it belongs to at present, 0 = none */
    uint32_t next_part;
    struct tarjan *tarjan;
    bool stopped; /* a limit was reached */
};

bool aw_graph_is_acyclic(const struct aw_graph *graph, uint32_t states)
{
    uint32_t *degree = aw_allocate(states, sizeof *degree);
    uint32_t *order = aw_allocate(states, sizeof *order);
    uint32_t filled = 0;
    for (uint64_t e = 0; e < graph->count; e++)
        degree[graph->targets[e]]++;
    for (uint32_t s = 0; s < states; s++)
        if (degree[s] == 0)
            order[filled++] = s;
    for (uint32_t i = 0; i < filled; i++)
        for (uint64_t e = graph->starts[order[i]]; e < graph->starts[order[i] + 1]; e++)
            if (--degree[graph->targets[e]] == 0)
                order[filled++] = graph->targets[e];
    free(degree);
    free(order);
    return filled == states;
}

static int actor_of(struct full *full, uint32_t pid, uint16_t slot)
{
    for (unsigned i = 0; i < full->actor_count; i++)
        if (full->actors[i].pid == pid && full->actors[i].slot == slot)
            return (int)i;
    if (full->actor_count == MAX_ACTORS)
        return -1;
    full->actors[full->actor_count] = (struct aw_choice){.pid = pid, .slot = slot};
    return (int)full->actor_count++;
}

static void add_edge(struct full *full, const struct aw_state *next, uint32_t from,
                     struct edge edge)
{
    bool is_new;
    edge.target = aw_visited_add(&full->visited, next->words, next->count,
                                 aw_visited_hash(next->words, next->count), from, &is_new);
    if (full->edge_count == full->edge_capacity) {
        full->edge_capacity = full->edge_capacity ? 2 * full->edge_capacity : 4096;
        full->edges = aw_reallocate(full->edges, full->edge_capacity, sizeof *full->edges);
    }
    full->edges[full->edge_count++] = edge;
}

static bool build(struct full *full)
{
    struct aw_explorer *explorer = full->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    bool is_new, complete = true;
    aw_machine_initial(machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    aw_visited_add(&full->visited, state.words, state.count,
                   aw_visited_hash(state.words, state.count), AW_NO_STATE, &is_new);
    for (uint32_t s = 0; s < full->visited.count && complete; s++) {
        if (s + 2 > full->start_capacity) {
            full->start_capacity = 2 * (s + 2ul);
            full->starts = aw_reallocate(full->starts, full->start_capacity, sizeof *full->starts);
            full->enabled =
                aw_reallocate(full->enabled, full->start_capacity, sizeof *full->enabled);
            full->faults = aw_reallocate(full->faults, full->start_capacity, sizeof *full->faults);
        }
        full->starts[s] = full->edge_count;
        full->enabled[s] = 0;
        const uint32_t *words = aw_visited_get(&full->visited, s, &state.count);
        memcpy(state.words, words, state.count * sizeof *words);
        full->faults[s] = (uint16_t)aw_machine_world(machine, &state)->faults;
        struct aw_layout layout = *aw_machine_layout(machine, &state);
        struct aw_moves moves;
        struct aw_move move;
        aw_moves_begin(&moves, explorer, &state, outcomes);
        while (complete && aw_moves_next(&moves, &move)) {
            const struct aw_local *local =
                aw_machine_local(machine, state.words[AW_WORD_FIRST + move.process]);
            const struct aw_thread *thread = &aw_local_threads(local)[move.thread];
            const struct aw_op op = thread->op;
            int actor = actor_of(full, layout.processes[move.process].pid, thread->slot);
            complete = actor >= 0 && move.how.stop == 0;
            if (!complete)
                break;
            /* Faults are never owed, and never on a cycle: each lowers a budget. */
            if (move.how.faults == 0 && (!move.how.expiry || full->expiries))
                full->enabled[s] |= (uint64_t)1 << actor;
            aw_explorer_step(explorer, &state, &move, &next);
            complete = (move.step.flags & AW_EDGE_STOP) == 0;
            add_edge(full, &next, s,
                     (struct edge){.actor = (uint8_t)actor,
                                   .expiry = move.how.expiry,
                                   .spurious = aw_machine_is_spurious(machine, &op, &move.how),
                                   .outcome = (uint16_t)move.outcome});
        }
        if (complete && aw_moves_advance(&moves, &next)) {
            int actor = actor_of(full, 0, 0);
            complete = actor >= 0;
            if (complete) {
                full->enabled[s] = (uint64_t)1 << actor;
                add_edge(full, &next, s, (struct edge){.actor = (uint8_t)actor});
            }
        }
        full->starts[s + 1] = full->edge_count;
        explorer->memory_bytes =
            aw_visited_bytes(&full->visited) + full->edge_capacity * sizeof *full->edges +
            full->start_capacity * (2 * sizeof *full->starts + sizeof *full->faults);
        complete =
            complete && aw_explorer_tick(explorer, &full->visited, full->visited.count - s - 1);
    }
    free(outcomes);
    return complete;
}

static bool inside(const struct full *full, const struct edge *edge, uint32_t part)
{
    return full->part[edge->target] == part && (full->expiries || !edge->expiry) &&
           (full->spurious || !edge->spurious);
}

/* Notes of Tarjan's algorithm, by state. Between two calls of components `index` is all zeros: a
 * call cleans up after itself, so that it costs what its own states cost, not what all states do.
 */
struct tarjan {
    uint32_t *index, *low;
    uint32_t *stack, *call;
    uint64_t *edge;
    uint32_t *fresh; /* new parts, set at the end */
    bool *on_stack;
};

static void tarjan_init(struct tarjan *t, uint32_t states)
{
    *t = (struct tarjan){
        .index = aw_allocate(states, sizeof *t->index),
        .low = aw_allocate(states, sizeof *t->low),
        .stack = aw_allocate(states, sizeof *t->stack),
        .call = aw_allocate(states, sizeof *t->call),
        .edge = aw_allocate(states, sizeof *t->edge),
        .fresh = aw_allocate(states, sizeof *t->fresh),
        .on_stack = aw_allocate(states, sizeof *t->on_stack),
    };
}

static void tarjan_deinit(struct tarjan *t)
{
    free(t->index);
    free(t->low);
    free(t->stack);
    free(t->call);
    free(t->edge);
    free(t->fresh);
    free(t->on_stack);
}

static void tick(struct full *full)
{
    full->stopped =
        full->stopped || !aw_explorer_tick(full->explorer, &full->visited, full->visited.count);
}

/* Tarjan's algorithm on the states of `part` (listed in `states`). Each component with an edge of
 * its own gets a new part number; the others get 0. When a limit stops it, the parts mean nothing.
 */
static void components(struct full *full, const uint32_t *states, uint32_t count, uint32_t part)
{
    uint32_t counter = 0, depth = 0, calls = 0;
    struct tarjan t = *full->tarjan;
    for (uint32_t i = 0; i < count && !full->stopped; i++) {
        if (t.index[states[i]] != 0)
            continue;
        t.call[calls++] = states[i];
        while (calls > 0) {
            uint32_t s = t.call[calls - 1];
            if (t.index[s] == 0) {
                tick(full);
                t.index[s] = t.low[s] = ++counter;
                t.edge[s] = full->starts[s];
                t.stack[depth++] = s;
                t.on_stack[s] = true;
            }
            bool deeper = false;
            for (; t.edge[s] < full->starts[s + 1]; t.edge[s]++) {
                const struct edge *e = &full->edges[t.edge[s]];
                if (!inside(full, e, part))
                    continue;
                if (t.index[e->target] == 0) {
                    t.call[calls++] = e->target;
                    deeper = true;
                    break;
                }
                if (t.on_stack[e->target] && t.low[e->target] < t.low[s])
                    t.low[s] = t.low[e->target];
            }
            if (deeper)
                continue;
            calls--;
            if (calls > 0 && t.low[s] < t.low[t.call[calls - 1]])
                t.low[t.call[calls - 1]] = t.low[s];
            if (t.low[s] != t.index[s])
                continue;
            uint32_t first = depth;
            do
                first--;
            while (t.stack[first] != s);
            bool cyclic = depth - first > 1;
            for (uint64_t e = full->starts[s]; e < full->starts[s + 1] && !cyclic; e++)
                cyclic = full->edges[e].target == s && inside(full, &full->edges[e], part);
            uint32_t number = cyclic ? ++full->next_part : 0;
            while (depth > first) {
                depth--;
                t.fresh[t.stack[depth]] = number;
                t.on_stack[t.stack[depth]] = false;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        full->part[states[i]] = t.fresh[states[i]];
        t.index[states[i]] = 0;
    }
}

/* States gathered by part: those of part first + k are sorted[starts[k]] .. sorted[starts[k + 1]].
 */
struct parts {
    uint32_t first, count;
    uint32_t *starts, *sorted;
};

/* Those of `states` that are in the parts first .. full->next_part. A counting sort. */
static struct parts gather(const struct full *full, const uint32_t *states, uint32_t count,
                           uint32_t first)
{
    struct parts parts = {.first = first, .count = full->next_part + 1 - first};
    parts.starts = aw_allocate(parts.count + 2ul, sizeof *parts.starts);
    parts.sorted = aw_allocate(count + 1ul, sizeof *parts.sorted);
    uint32_t *fill = parts.starts + 1; /* shifted by one: filling moves the starts into place */
    for (uint32_t i = 0; i < count; i++)
        if (full->part[states[i]] >= first && full->part[states[i]] - first + 2 <= parts.count)
            fill[full->part[states[i]] - first + 1]++;
    for (uint32_t k = 1; k < parts.count; k++)
        fill[k] += fill[k - 1];
    for (uint32_t i = 0; i < count; i++)
        if (full->part[states[i]] >= first)
            parts.sorted[fill[full->part[states[i]] - first]++] = states[i];
    return parts;
}

static void parts_deinit(struct parts *parts)
{
    free(parts->starts);
    free(parts->sorted);
}

/* Actors with an edge inside the set, enabled somewhere in it, and enabled everywhere in it. */
static void actors_of(const struct full *full, const uint32_t *states, uint32_t count,
                      uint32_t part, uint64_t *move, uint64_t *some, uint64_t *always)
{
    *move = *some = 0;
    *always = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t s = states[i];
        *some |= full->enabled[s];
        *always &= full->enabled[s];
        for (uint64_t e = full->starts[s]; e < full->starts[s + 1]; e++)
            if (inside(full, &full->edges[e], part))
                *move |= (uint64_t)1 << full->edges[e].actor;
    }
}

static uint32_t fair_part(struct full *full, const uint32_t *states, uint32_t count, uint32_t part,
                          bool plant_weak, bool *weak);

/* The same in the parts that `states` have been decomposed into, from number `first` on. */
static uint32_t fair_among(struct full *full, const uint32_t *states, uint32_t count,
                           uint32_t first, bool plant_weak, bool *weak)
{
    struct parts parts = gather(full, states, count, first);
    uint32_t result = 0;
    for (uint32_t k = 0; k < parts.count && result == 0 && !full->stopped; k++)
        if (parts.starts[k + 1] > parts.starts[k])
            result = fair_part(full, parts.sorted + parts.starts[k],
                               parts.starts[k + 1] - parts.starts[k], first + k, plant_weak, weak);
    parts_deinit(&parts);
    return result;
}

/* Looks for a strongly fair set within `part`; its number, or 0. Sets *weak when a set was met that
 * is only weakly fair. */
static uint32_t fair_part(struct full *full, const uint32_t *states, uint32_t count, uint32_t part,
                          bool plant_weak, bool *weak)
{
    uint64_t move, some, always;
    actors_of(full, states, count, part, &move, &some, &always);
    if (plant_weak)
        return 0; /* planted bug: no cycle is ever fair */
    if ((some & ~move) == 0)
        return part;
    if ((always & ~move) == 0)
        *weak = true;
    /* Take out the states in which a thread that never moves is enabled; decompose the rest. */
    uint32_t *rest = aw_allocate(count, sizeof *rest);
    uint32_t kept = 0;
    uint32_t number = ++full->next_part;
    for (uint32_t i = 0; i < count; i++) {
        bool out = (full->enabled[states[i]] & some & ~move) != 0;
        full->part[states[i]] = out ? 0 : number;
        if (!out)
            rest[kept++] = states[i];
    }
    components(full, rest, kept, number);
    uint32_t result = fair_among(full, rest, kept, number + 1, plant_weak, weak);
    free(rest);
    return result;
}

static void choose(struct full *full, struct aw_schedule *schedule, uint32_t *capacity,
                   const struct edge *edge)
{
    struct aw_choice choice = full->actors[edge->actor];
    choice.outcome = edge->outcome;
    aw_schedule_add(schedule, capacity, choice);
}

/* A path inside `part` from `from` to a state where `wanted` holds, breadth-first; appends it and
 * returns where it ends. wanted: an edge of actor `actor` (taken as the last step), or the state
 * `goal` when actor < 0. */
static uint32_t walk(struct full *full, uint32_t part, uint32_t from, int actor, uint32_t goal,
                     struct aw_schedule *schedule, uint32_t *capacity)
{
    uint32_t all = full->visited.count, head = 0, tail = 0, end = AW_NO_STATE;
    uint32_t *queue = aw_allocate(all, sizeof *queue);
    uint64_t *by = aw_allocate(all, sizeof *by); /* edge + 1 by which it was reached */
    uint32_t *back = aw_allocate(all, sizeof *back);
    uint64_t last_edge = UINT64_MAX;
    queue[tail++] = from;
    by[from] = UINT64_MAX;
    if (actor < 0 && from == goal)
        end = from;
    while (head < tail && end == AW_NO_STATE) {
        uint32_t s = queue[head++];
        for (uint64_t e = full->starts[s]; e < full->starts[s + 1] && end == AW_NO_STATE; e++) {
            const struct edge *edge = &full->edges[e];
            if (!inside(full, edge, part))
                continue;
            if (actor >= 0 && edge->actor == actor) {
                end = s;
                last_edge = e;
            } else if (by[edge->target] == 0) {
                by[edge->target] = e + 1;
                back[edge->target] = s;
                queue[tail++] = edge->target;
                if (actor < 0 && edge->target == goal)
                    end = edge->target;
            }
        }
    }
    AW_CHECK(end != AW_NO_STATE);
    uint32_t length = 0;
    for (uint32_t s = end; s != from; s = back[s])
        queue[length++] = s;
    while (length > 0)
        choose(full, schedule, capacity, &full->edges[by[queue[--length]] - 1]);
    if (actor >= 0) {
        choose(full, schedule, capacity, &full->edges[last_edge]);
        end = full->edges[last_edge].target;
    }
    free(queue);
    free(by);
    free(back);
    return end;
}

/* Stem and cycle of a livelock. */
static void lasso(struct full *full, uint32_t part, const uint32_t *states, uint32_t count)
{
    struct aw_schedule schedule = {.loop = UINT32_MAX};
    uint32_t capacity = 0, *path;
    uint32_t entry = states[0]; /* the one found first: the shortest stem */
    for (uint32_t i = 1; i < count; i++)
        if (states[i] < entry)
            entry = states[i];
    uint32_t length = aw_schedule_path(&full->visited, entry, &path);
    for (uint32_t i = 1; i < length; i++)
        for (uint64_t e = full->starts[path[i - 1]]; e < full->starts[path[i - 1] + 1]; e++)
            if (full->edges[e].target == path[i]) {
                choose(full, &schedule, &capacity, &full->edges[e]);
                break;
            }
    free(path);
    schedule.loop = schedule.count;
    uint64_t move, some, always;
    actors_of(full, states, count, part, &move, &some, &always);
    uint32_t at = entry;
    for (unsigned actor = 0; actor < full->actor_count; actor++)
        if (move >> actor & 1)
            at = walk(full, part, at, (int)actor, 0, &schedule, &capacity);
    walk(full, part, at, -1, entry, &schedule, &capacity);
    free(full->explorer->result->schedule.choices);
    full->explorer->result->schedule = schedule;
}

/* A strongly fair set among the states with so many faults, or 0. `states` is scratch space. */
static uint32_t fair_with(struct full *full, unsigned faults, uint32_t *states, bool *weak)
{
    bool plant = (full->explorer->options->plant & AW_PLANT_WEAK_FAIRNESS) != 0;
    uint32_t count = 0, number = ++full->next_part;
    for (uint32_t s = 0; s < full->visited.count; s++)
        if (full->faults[s] == faults) {
            states[count++] = s;
            full->part[s] = number;
        }
    components(full, states, count, number);
    return fair_among(full, states, count, number + 1, plant, weak);
}

static enum aw_termination judge(struct full *full)
{
    uint32_t all = full->visited.count, fair = 0;
    uint32_t *states = aw_allocate(all, sizeof *states);
    unsigned most = 0;
    bool weak = false;
    full->next_part = 0;
    for (uint32_t s = 0; s < all; s++) {
        full->part[s] = 0;
        most = full->faults[s] > most ? full->faults[s] : most;
    }
    for (unsigned faults = 0; faults <= most && fair == 0 && !full->stopped; faults++)
        fair = fair_with(full, faults, states, &weak);
    if (fair != 0 && !full->stopped) {
        uint32_t count = 0;
        for (uint32_t s = 0; s < all; s++)
            if (full->part[s] == fair)
                states[count++] = s;
        lasso(full, fair, states, count);
    }
    free(states);
    return full->stopped ? AW_TERM_UNDECIDED
           : fair != 0   ? AW_TERM_LIVELOCK
           : weak        ? AW_TERM_STARVATION
                         : AW_TERM_ALWAYS;
}

/* Is there a livelock if an operation may fail without cause for ever? */
static bool needs_causes(struct full *full)
{
    bool any = false;
    for (uint64_t e = 0; e < full->edge_count && !any; e++)
        any = full->edges[e].spurious != 0;
    if (!any)
        return false;
    struct aw_schedule kept = full->explorer->result->schedule;
    full->explorer->result->schedule = (struct aw_schedule){.loop = UINT32_MAX};
    full->spurious = true;
    enum aw_termination verdict = judge(full);
    full->spurious = false;
    free(full->explorer->result->schedule.choices);
    full->explorer->result->schedule = kept;
    return verdict == AW_TERM_LIVELOCK;
}

enum aw_termination aw_termination(struct aw_explorer *explorer, bool *causes)
{
    struct full full = {.explorer = explorer};
    enum aw_termination verdict = AW_TERM_UNDECIDED;
    explorer->progress.phase = "checking cycles";
    aw_machine_set_symmetry(explorer->machine, false);
    aw_visited_init(&full.visited);
    full.expiries = true;
    if (build(&full)) {
        struct tarjan tarjan;
        tarjan_init(&tarjan, full.visited.count);
        full.tarjan = &tarjan;
        full.part = aw_allocate(full.visited.count, sizeof *full.part);
        verdict = judge(&full);
        /* Does it need expiries? In arbitrary time that is no statement about real time. */
        if (verdict == AW_TERM_LIVELOCK) {
            struct aw_schedule with = explorer->result->schedule;
            explorer->result->schedule = (struct aw_schedule){.loop = UINT32_MAX};
            full.expiries = false;
            enum aw_termination without = judge(&full);
            if (without == AW_TERM_LIVELOCK || without == AW_TERM_UNDECIDED) {
                free(with.choices);
                verdict = without;
            } else {
                bool timed = aw_machine_get_settings(explorer->machine)->time == AW_TIME_ARBITRARY;
                bool uses = false;
                for (uint64_t e = 0; e < full.edge_count; e++)
                    uses |= full.edges[e].expiry != 0;
                explorer->result->schedule = with;
                verdict = timed && uses ? AW_TERM_TIMED : AW_TERM_LIVELOCK;
            }
        }
        *causes =
            (verdict == AW_TERM_ALWAYS || verdict == AW_TERM_STARVATION) && needs_causes(&full);
        free(full.part);
        tarjan_deinit(&tarjan);
    }
    aw_machine_set_symmetry(explorer->machine, explorer->symmetry);
    free(full.edges);
    free(full.starts);
    free(full.enabled);
    free(full.faults);
    aw_visited_deinit(&full.visited);
    return verdict;
}
