/* SPDX-License-Identifier: MIT */
/*
 * search.c - the breadth-first search over canonical states.
 *
 * Invariants:
 *  1. States are expanded in the order of their numbers; a state with a lower number than the one
 *     being expanded has been expanded (the proviso for cycles relies on it).
 *  2. Every visited state is watched before it is expanded (reduce.h).
 *  3. The search is complete when all states are expanded and no restart was asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/internal.h"
#include "explore/search.h"

enum { BATCH = 32, EDGE_BYTES_LOG = 37 };

static uint64_t peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

bool aw_explorer_goes_on(const struct aw_outcome *outcomes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (outcomes[i].faults == 0)
            return true;
    return false;
}

static bool is_favoured(const struct aw_explorer *explorer, const struct aw_local *local,
                        uint32_t index)
{
    const struct aw_thread *thread = &aw_local_threads(local)[index];
    for (unsigned i = 0; i < explorer->options->favour_count; i++)
        if (thread->status == AW_THREAD_PARKED &&
            aw_machine_has_role(explorer->machine, local, thread, explorer->options->favour[i]))
            return true;
    return false;
}

void aw_explorer_restrict(const struct aw_explorer *explorer, const struct aw_state *state,
                          struct aw_outcome *outcomes, struct aw_restriction *restriction)
{
    restriction->active = false;
    if (explorer->options->favour_count == 0)
        return;
    const struct aw_layout *layout = aw_machine_layout(explorer->machine, state);
    for (uint32_t p = 0; p < layout->process_count && !restriction->active; p++) {
        uint32_t id = state->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(explorer->machine, id)->thread_count;
        for (uint32_t t = 0; t < threads && !restriction->active; t++) {
            const struct aw_local *local = aw_machine_local(explorer->machine, id);
            if (!is_favoured(explorer, local, t))
                continue;
            unsigned count = aw_machine_outcomes(explorer->machine, state, p, t, outcomes);
            restriction->active = aw_explorer_goes_on(outcomes, count);
        }
    }
}

bool aw_explorer_may_move(const struct aw_explorer *explorer, const struct aw_state *state,
                          const struct aw_restriction *restriction, uint32_t process,
                          uint32_t thread)
{
    if (!restriction->active)
        return true;
    const struct aw_local *local =
        aw_machine_local(explorer->machine, state->words[AW_WORD_FIRST + process]);
    return is_favoured(explorer, local, thread);
}

bool aw_explorer_alive(const struct aw_explorer *explorer, const struct aw_state *state)
{
    const struct aw_layout *layout = aw_machine_layout(explorer->machine, state);
    for (uint32_t p = 0; p < layout->process_count; p++)
        if (!aw_machine_local(explorer->machine, state->words[AW_WORD_FIRST + p])->zombie)
            return true;
    return false;
}

/* Does a process leave by exit() with children that it has not waited for? A function of its own
 * history: only its own forks and waits change it. */
static bool leaves_children(const struct aw_explorer *explorer, const struct aw_state *state,
                            uint32_t process, uint32_t thread)
{
    const struct aw_local *local =
        aw_machine_local(explorer->machine, state->words[AW_WORD_FIRST + process]);
    const struct aw_op *op = &aw_local_threads(local)[thread].op;
    if (op->kind != AW_OP_EXIT || op->extra == 0)
        return false;
    const struct aw_layout *layout = aw_machine_layout(explorer->machine, state);
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (layout->processes[i].parent == layout->processes[process].pid)
            return true;
    return false;
}

/* Does the first process end by itself, with another status than 0? */
static bool main_fails(const struct aw_explorer *explorer, const struct aw_state *state,
                       uint32_t process, const struct aw_outcome *how)
{
    return how->effect == AW_EFFECT_EXIT && WIFEXITED((int)how->detail) &&
           WEXITSTATUS((int)how->detail) != 0 &&
           aw_machine_layout(explorer->machine, state)->processes[process].pid == AW_ROOT_PID;
}

/* The same for a move in its parts: outcomes have just been written field by field, and copying one
 * would wait for all of it. */
static unsigned take(struct aw_explorer *explorer, const struct aw_state *state, uint32_t process,
                     uint32_t thread, const struct aw_outcome *how, struct aw_state *next,
                     struct aw_step *step)
{
    unsigned violated = 0;
    aw_machine_step(explorer->machine, state, process, thread, how, next, step);
    if ((step->flags & AW_EDGE_PROBE) != 0 || step->ended_workers > 0)
        violated = aw_monitor_step(&explorer->monitor, next, step);
    if (step->flags & AW_EDGE_CRASH)
        violated |= AW_PROPERTY_BIT(AW_NO_CRASH);
    if (step->flags & AW_EDGE_ERROR)
        violated |= AW_PROPERTY_BIT(AW_NO_ERROR);
    if ((step->flags & AW_EDGE_LEAK) ||
        (how->effect == AW_EFFECT_EXIT && leaves_children(explorer, state, process, thread)))
        violated |= AW_PROPERTY_BIT(AW_NO_LEAK);
    if (main_fails(explorer, state, process, how)) {
        violated |= AW_PROPERTY_BIT(AW_SUCCEEDS);
        explorer->main_failed = true;
    }
    if (step->flags & AW_EDGE_RACE)
        violated |= AW_PROPERTY_BIT(AW_NO_DATA_RACE);
    if (step->flags & AW_EDGE_MEMORY)
        violated |= AW_PROPERTY_BIT(AW_NO_MEMORY_ERROR);
    return violated & explorer->options->properties;
}

void aw_explorer_step(struct aw_explorer *explorer, const struct aw_state *state,
                      struct aw_move *move, struct aw_state *next)
{
    move->violated =
        take(explorer, state, move->process, move->thread, &move->how, next, &move->step);
}

unsigned aw_explorer_final(struct aw_explorer *explorer, const struct aw_state *state)
{
    bool alive = aw_explorer_alive(explorer, state);
    unsigned violated = aw_monitor_final(&explorer->monitor, state, !alive);
    if (!alive && aw_machine_world(explorer->machine, state)->name_count > 0)
        violated |= AW_PROPERTY_BIT(AW_NO_LEAK);
    /* A thread whose time-out the bound on the clock keeps from expiring is not deadlocked. */
    if (alive) {
        const struct aw_layout *layout = aw_machine_layout(explorer->machine, state);
        bool timed = false;
        for (uint32_t p = 0; p < layout->process_count; p++) {
            const struct aw_local *local =
                aw_machine_local(explorer->machine, state->words[AW_WORD_FIRST + p]);
            for (uint32_t t = 0; t < local->thread_count; t++)
                timed |= aw_local_threads(local)[t].status == AW_THREAD_PARKED &&
                         (aw_local_threads(local)[t].op.flags & AW_OP_TIMED) != 0;
        }
        if (timed)
            explorer->clock_bounded = true;
        else
            violated |= AW_PROPERTY_BIT(AW_NO_DEADLOCK);
    }
    return violated & explorer->options->properties;
}

static const struct aw_event *find_event(const struct aw_explorer *explorer, uint32_t events,
                                         uint32_t kind)
{
    uint32_t count;
    const struct aw_event *list = aw_machine_events(explorer->machine, events, &count);
    for (uint32_t i = 0; i < count; i++)
        if (list[i].kind == kind)
            return &list[i];
    return NULL;
}

void aw_explorer_stop_message(struct aw_explorer *explorer, const struct aw_state *before,
                              const struct aw_move *move)
{
    struct aw_result *result = explorer->result;
    (void)before;
    const struct aw_event *event = NULL;
    if (move->step.edge != AW_INTERN_NONE && move->how.stop == 0) {
        const struct aw_edge *edge = aw_machine_edge(explorer->machine, move->step.edge);
        event = find_event(explorer, edge->events, AW_EVENT_STOP);
        if (event == NULL)
            event = find_event(explorer, edge->child_events, AW_EVENT_STOP);
    }
    if (event == NULL && move->how.stop == AW_STOP_SLEEPER) {
        snprintf(
            result->message, sizeof result->message,
            "closing a descriptor, or making it non-blocking, while another thread sleeps in a "
            "read or write of it is not modelled");
        return;
    }
    if (event == NULL && move->how.stop == AW_STOP_UNMODELLED) {
        snprintf(
            result->message, sizeof result->message,
            "a thread has made a descriptor one of another kind between another's call and its "
            "execution: not modelled");
        return;
    }
    if (move->how.stop == AW_STOP_PRIVATE) {
        snprintf(
            result->message, sizeof result->message,
            "an object in a shared mapping that is not PTHREAD_PROCESS_SHARED is not modelled");
        return;
    }
    if (move->how.stop == AW_STOP_OUTCOMES) {
        snprintf(result->message, sizeof result->message,
                 "an operation has more than %d outcomes: the plan of faults asks for too many "
                 "lengths or values at once",
                 AW_MAX_OUTCOMES - 1);
        return;
    }
    if (event == NULL) {
        snprintf(result->message, sizeof result->message,
                 "a table of the machine is full (processes, kernel objects or names)");
        return;
    }
    uint32_t size;
    const char *text = aw_machine_payload(explorer->machine, event->text, &size);
    const char *function, *file;
    int line;
    bool known = aw_machine_place(explorer->machine, event->b, &function, &file, &line);
    if (known)
        snprintf(result->message, sizeof result->message, "%.*s; at %s:%d (%s)", (int)size, text,
                 file, line, function ? function : "?");
    else
        snprintf(result->message, sizeof result->message, "%.*s%s%s", (int)size, text,
                 function ? "; in " : "", function ? function : "");
}

void aw_search_init(struct aw_search *search, struct aw_explorer *explorer, bool symmetry,
                    struct aw_reduce *reduce, bool keep_edges)
{
    memset(search, 0, sizeof *search);
    search->explorer = explorer;
    search->reduce = reduce;
    search->keep_edges = keep_edges;
    search->violation_from = search->violation_to = search->stop_from = AW_NO_STATE;
    aw_visited_init(&search->visited);
    search->visited.plant_hash = (explorer->options->plant & AW_PLANT_HASH) != 0;
    aw_symmetry_init(&search->symmetry, explorer->machine, symmetry);
    if (keep_edges) {
        search->graph.targets_bytes = search->graph.starts_bytes = 1ul << EDGE_BYTES_LOG;
        search->graph.targets = aw_reserve(&search->graph.targets_bytes);
        search->graph.starts = aw_reserve(&search->graph.starts_bytes);
    }
}

void aw_search_deinit(struct aw_search *search)
{
    aw_visited_deinit(&search->visited);
    aw_symmetry_deinit(&search->symmetry);
    if (search->graph.targets != NULL) {
        munmap(search->graph.targets, search->graph.targets_bytes);
        munmap(search->graph.starts, search->graph.starts_bytes);
    }
}

/* The property that a step is said to violate. An expected one goes first; what is wrong with
 * memory goes before the crash that it causes. */
static enum aw_property foremost(unsigned violated, unsigned expected)
{
    if ((violated & expected) != 0)
        violated &= expected;
    return (violated & AW_PROPERTY_BIT(AW_NO_MEMORY_ERROR)) != 0
               ? AW_NO_MEMORY_ERROR
               : (enum aw_property)__builtin_ctz(violated);
}

/* Notes the first violation, or the first of an expected property; true when the search has to end.
 */
static bool violation(struct aw_search *search, unsigned violated, uint32_t from, uint32_t to)
{
    unsigned expected = search->explorer->options->expected;
    if (violated == 0)
        return false;
    if (search->violated == 0 ||
        ((violated & expected) != 0 && (search->violated & expected) == 0)) {
        search->first = foremost(violated, expected);
        search->violation_from = from;
        search->violation_to = to;
    }
    search->violated |= violated;
    return !search->explorer->options->whole_graph;
}

/* Successors wait here until what is compared with them is in the cache: those of several states,
 * in their order, unless something has to be known of them first. */
struct batch {
    struct aw_state states[2 * BATCH];
    uint32_t from[2 * BATCH]; /* the state that it is a successor of */
    uint32_t hashes[2 * BATCH];
    unsigned violated[2 * BATCH];
    unsigned count, own; /* those from `own` on are of the state being expanded */
    bool urgent;         /* one of them violates a property */
};

struct expansion {
    struct aw_search *search;
    uint32_t current;
    struct batch *batch;
    bool old_successor; /* some successor has been expanded already */
    enum aw_end end;
};

/* Enters the first `count` of the batch, which are all of it or all but the last state's. */
static void enter(struct expansion *e, unsigned count)
{
    struct aw_search *search = e->search;
    struct batch *batch = e->batch;
    for (unsigned i = 0; i < count; i++)
        aw_visited_prefetch_record(&search->visited, batch->hashes[i]);
    for (unsigned i = 0; i < count; i++) {
        bool is_new;
        uint32_t from = batch->from[i];
        uint32_t id = aw_visited_add(&search->visited, batch->states[i].words,
                                     batch->states[i].count, batch->hashes[i], from, &is_new);
        if (id <= from)
            e->old_successor = search->back_edge = true;
        if (search->keep_edges)
            search->graph.targets[search->graph.count++] = id;
        if (violation(search, batch->violated[i], from, id) && e->end == AW_END_COMPLETE)
            e->end = AW_END_VIOLATION;
    }
}

static void flush(struct expansion *e)
{
    enter(e, e->batch->count);
    e->batch->count = e->batch->own = 0;
    e->batch->urgent = false;
}

/* The state is expanded; its successors may wait for those of the next one. */
static void finish(struct expansion *e)
{
    const uint64_t limit = e->search->explorer->options->limits.states;
    struct batch *batch = e->batch;
    batch->own = batch->count;
    if (batch->urgent || batch->count >= BATCH || e->current + 1 == e->search->visited.count ||
        (limit > 0 && e->search->visited.count + batch->count > limit))
        flush(e);
}

/* Adds batch->states[batch->count], which is written already, as a successor of the present state.
 */
static void add(struct expansion *e, unsigned violated)
{
    struct batch *batch = e->batch;
    const struct aw_state *next = &batch->states[batch->count];
    batch->from[batch->count] = e->current;
    batch->violated[batch->count] = violated;
    batch->urgent |= violated != 0;
    batch->hashes[batch->count] = aw_visited_hash(next->words, next->count);
    aw_visited_prefetch(&e->search->visited, batch->hashes[batch->count]);
    if (++batch->count - batch->own == BATCH)
        flush(e);
}

/* The machine cannot go on there. */
static bool stop(struct expansion *e, const struct aw_state *state, const struct aw_move *move)
{
    aw_explorer_stop_message(e->search->explorer, state, move);
    e->search->stop_from = e->current;
    e->end = AW_END_STOP;
    return false;
}

/* Enters one successor. False when the search has to end. */
static bool follow(struct expansion *e, const struct aw_state *state, uint32_t process,
                   uint32_t thread, const struct aw_outcome *how)
{
    struct aw_search *search = e->search;
    struct aw_explorer *explorer = search->explorer;
    if (how->stop == AW_STOP_CAPACITY) {
        search->capacity = true;
        e->end = AW_END_RESTART;
        return false;
    }
    if (how->stop != 0)
        return stop(e, state, &(struct aw_move){.how = *how});
    struct aw_state *next = &e->batch->states[e->batch->count];
    struct aw_step step;
    unsigned violated = take(explorer, state, process, thread, how, next, &step);
    search->transitions++;
    if (!aw_machine_is_settled(explorer->machine)) {
        e->end = AW_END_RESTART;
        return false;
    }
    if (step.named && search->symmetry.on) {
        search->named = true;
        e->end = AW_END_RESTART;
        return false;
    }
    if (step.flags & AW_EDGE_STOP)
        return stop(e, state, &(struct aw_move){.how = *how, .step = step});
    if (search->symmetry.on)
        aw_symmetry_canonical(&search->symmetry, next, NULL);
    add(e, violated);
    return e->end == AW_END_COMPLETE;
}

/* One outcome without a fault, or several of waiting, where all zombies are alike and one of them
 * is enough; those with faults are taken together with it (facts.c, "budgets"). */
static bool may_be_ample(const struct aw_explorer *explorer, const struct aw_state *state,
                         const struct aw_outcome *outcomes, unsigned count)
{
    uint32_t world = state->words[AW_WORD_WORLD];
    bool with_faults = (explorer->options->rules >> AW_RULE_FAULTS & 1) != 0;
    bool plant = (explorer->options->plant & AW_PLANT_COUNTED) != 0;
    if (count == 0 || outcomes[0].expiry || outcomes[0].stop != 0 || outcomes[0].faults > 0 ||
        (outcomes[0].world != world && !plant))
        return false;
    for (unsigned i = 1; i < count; i++) {
        if (outcomes[i].stop != 0 || outcomes[i].expiry)
            return false;
        if (outcomes[i].faults == 0
                ? outcomes[i].effect != AW_EFFECT_REAP
                : !with_faults || (!plant && !aw_machine_spends_only(explorer->machine, world,
                                                                     outcomes[i].world)))
            return false;
    }
    return true;
}

static bool all_own(struct aw_search *search, const struct aw_state *state, uint32_t process,
                    uint32_t thread, const struct aw_outcome *outcomes, unsigned count)
{
    struct aw_machine *machine = search->explorer->machine;
    uint32_t id = state->words[AW_WORD_FIRST + process];
    uint32_t slot = aw_local_threads(aw_machine_local(machine, id))[thread].slot;
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && outcomes[i].faults == 0)
            continue;
        uint32_t next = aw_machine_next_local(machine, id, thread, outcomes[i].answer);
        if (!aw_reduce_own(search->reduce, id, next, slot))
            return false;
    }
    return true;
}

static bool expand_ample(struct expansion *e, const struct aw_state *state,
                         const struct aw_layout *layout, struct aw_outcome *outcomes)
{
    struct aw_search *search = e->search;
    struct aw_machine *machine = search->explorer->machine;
    bool no_proviso = (search->explorer->options->plant & AW_PLANT_NO_PROVISO) != 0;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local = aw_machine_local(machine, state->words[AW_WORD_FIRST + p]);
        if (local->thread_count == 0 || aw_symmetry_repeats(&search->symmetry, state, p))
            continue; /* what was turned down for the one before it is for this one */
        for (uint32_t t = 0; t < local->thread_count; t++) {
            if (aw_local_threads(local)[t].status != AW_THREAD_PARKED)
                continue;
            enum aw_ample ample = aw_reduce_ample(search->reduce, state, p, t);
            if (ample == AW_AMPLE_NO)
                continue;
            unsigned count = aw_machine_outcomes(machine, state, p, t, outcomes);
            if (!may_be_ample(search->explorer, state, outcomes, count))
                continue;
            if (ample == AW_AMPLE_IF_OWN && !all_own(search, state, p, t, outcomes, count))
                continue;
            flush(e);
            uint64_t edges = search->graph.count;
            e->old_successor = false;
            for (unsigned i = 0; i < count; i++)
                if ((i == 0 || outcomes[i].faults > 0) && !follow(e, state, p, t, &outcomes[i]))
                    return true;
            flush(e);
            if (e->end != AW_END_COMPLETE || !e->old_successor || no_proviso) {
                search->ample_states++;
                return true;
            }
            search->graph.count = edges;
            local = aw_machine_local(machine, state->words[AW_WORD_FIRST + p]);
        }
    }
    return false;
}

/* Two zombies that are alike are reaped to the same canonical state. */
static bool repeats_reaping(const struct aw_search *search, const struct aw_state *state,
                            const struct aw_outcome *outcomes, unsigned i)
{
    if (!search->symmetry.on || outcomes[i].effect != AW_EFFECT_REAP || outcomes[i].faults > 0)
        return false;
    for (unsigned j = 0; j < i; j++)
        if (outcomes[j].effect == AW_EFFECT_REAP && outcomes[j].faults == 0 &&
            state->words[AW_WORD_FIRST + outcomes[j].target] ==
                state->words[AW_WORD_FIRST + outcomes[i].target])
            return true;
    return false;
}

static void expand(struct expansion *e, const struct aw_state *state, struct aw_outcome *outcomes)
{
    struct aw_search *search = e->search;
    struct aw_machine *machine = search->explorer->machine;
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    if (search->reduce != NULL && expand_ample(e, state, layout, outcomes))
        return;
    bool any = false;
    struct aw_restriction restriction;
    aw_explorer_restrict(search->explorer, state, outcomes, &restriction);
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const uint32_t threads = aw_machine_thread_count(machine, state->words[AW_WORD_FIRST + p]);
        if (threads == 0 || aw_symmetry_repeats(&search->symmetry, state, p))
            continue;
        for (uint32_t t = 0; t < threads; t++) {
            if (restriction.active &&
                !aw_explorer_may_move(search->explorer, state, &restriction, p, t))
                continue;
            unsigned count = aw_machine_outcomes(machine, state, p, t, outcomes);
            any |= aw_explorer_goes_on(outcomes, count);
            for (unsigned i = 0; i < count; i++)
                if (!repeats_reaping(search, state, outcomes, i) &&
                    !follow(e, state, p, t, &outcomes[i]))
                    return;
        }
    }
    if (any) {
        finish(e);
        return;
    }
    flush(e);
    if (aw_machine_advance(machine, state, &e->batch->states[0])) {
        search->transitions++;
        add(e, 0);
        flush(e);
        return;
    }
    unsigned violated = aw_explorer_final(search->explorer, state);
    if (search->on_terminal != NULL) {
        char monitor[128];
        aw_monitor_describe(&search->explorer->monitor, state->words[AW_WORD_MONITOR], monitor,
                            sizeof monitor);
        search->on_terminal(search->terminal_context, state, monitor);
    }
    if (violation(search, violated, AW_NO_STATE, e->current) && e->end == AW_END_COMPLETE)
        e->end = AW_END_VIOLATION;
}

enum aw_end aw_search_run(struct aw_search *search)
{
    struct aw_explorer *explorer = search->explorer;
    struct batch *batch = aw_allocate(1, sizeof *batch);
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct expansion e = {.search = search, .batch = batch, .end = AW_END_COMPLETE};
    struct aw_state state;
    bool is_new;
    if (search->walk_first && (explorer->options->plant & AW_PLANT_NO_WALKS) == 0 &&
        !aw_search_pilot(search, outcomes))
        e.end = AW_END_LIMIT;
    aw_machine_set_joined_pipes(explorer->machine, search->reduce == NULL
                                                       ? UINT64_MAX
                                                       : aw_reduce_joined_pipes(search->reduce));
    aw_machine_initial(explorer->machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    aw_visited_add(&search->visited, state.words, state.count,
                   aw_visited_hash(state.words, state.count), AW_NO_STATE, &is_new);
    for (e.current = 0; e.current < search->visited.count && e.end == AW_END_COMPLETE;
         e.current++) {
        if (search->keep_edges) {
            search->graph.starts[e.current] = search->graph.count + batch->count;
            if ((search->graph.count + AW_MAX_OUTCOMES * 64ul) * sizeof(uint32_t) >
                    search->graph.targets_bytes ||
                (e.current + 2ul) * sizeof(uint64_t) > search->graph.starts_bytes) {
                snprintf(explorer->result->message, sizeof explorer->result->message,
                         "the address space that the host allows was used up by edges");
                e.end = AW_END_LIMIT;
                break;
            }
        }
        const uint32_t *words = aw_visited_get(&search->visited, e.current, &state.count);
        memcpy(state.words, words, state.count * sizeof *words);
        if (search->reduce != NULL && aw_reduce_watch(search->reduce, &state) &&
            search->ample_states > 0) {
            e.end = AW_END_RESTART;
            break;
        }
        if (search->on_state != NULL)
            search->on_state(search->terminal_context, &state);
        expand(&e, &state, outcomes);
        if (search->reduce != NULL && explorer->monitor.order_matters && e.end == AW_END_COMPLETE)
            e.end = AW_END_RESTART; /* without reduction (monitor.h) */
        explorer->memory_bytes = aw_visited_bytes(&search->visited) +
                                 search->graph.count * sizeof *search->graph.targets;
        explorer->progress.transitions = search->transitions;
        if (e.end == AW_END_COMPLETE &&
            !aw_explorer_tick(explorer, &search->visited, search->visited.count - e.current - 1))
            e.end = AW_END_LIMIT;
    }
    enter(&e, batch->own); /* those of states before the one in which it ended */
    if (search->keep_edges)
        search->graph.starts[e.current] = search->graph.count;
    free(outcomes);
    free(batch);
    explorer->result->peak_memory_bytes = peak_memory();
    return e.end;
}
