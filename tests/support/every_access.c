/* SPDX-License-Identifier: MIT */
#include "every_access.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DEPTH_MAX = 400, WALK_MAX = 300 };

struct explorer {
    struct aw_machine *machine;
    struct aw_every *every;
    uint64_t left; /* steps */
    unsigned depth;
    struct aw_intern states; /* searching only */
};

static void init(struct aw_every *every)
{
    memset(every, 0, sizeof *every);
    every->complete = true;
    aw_races_init(&every->unordered);
    aw_races_init(&every->parked);
}

void aw_every_deinit(struct aw_every *every)
{
    aw_outcomes_deinit(&every->outcomes);
    aw_races_deinit(&every->unordered);
    aw_races_deinit(&every->parked);
}

static void copy_state(struct aw_state *to, const struct aw_state *from)
{
    to->count = from->count;
    memcpy(to->words, from->words, from->count * sizeof *from->words);
}

static void at_end(struct explorer *e, const struct aw_state *state)
{
    char line[4096];
    aw_outcome_describe(e->machine, state, line, sizeof line);
    aw_outcomes_add(&e->every->outcomes, line);
}

/* Takes a step; false when the machine stopped. */
static bool step(struct explorer *e, const struct aw_state *state, uint32_t process,
                 uint32_t thread, const struct aw_outcome *outcome, struct aw_state *next)
{
    struct aw_step taken;
    e->every->steps++;
    if (outcome->stop != 0)
        return false;
    aw_machine_step(e->machine, state, process, thread, outcome, next, &taken);
    e->every->crashed |= (taken.flags & AW_EDGE_CRASH) != 0;
    return (taken.flags & AW_EDGE_STOP) == 0;
}

typedef void visitor(struct explorer *e, const struct aw_state *state, uint32_t process,
                     uint32_t thread, const struct aw_outcome *outcome, void *context);

/* Every way to go on; returns how many of them are no fault, which is never owed. */
static unsigned successors(struct explorer *e, const struct aw_state *state, visitor *visit,
                           void *context)
{
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    unsigned all = 0;
    uint32_t processes = aw_machine_layout(e->machine, state)->process_count;
    for (uint32_t p = 0; p < processes; p++) {
        uint32_t id = state->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(e->machine, id)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            unsigned count = aw_machine_outcomes(e->machine, state, p, t, outcomes);
            for (unsigned i = 0; i < count; i++) {
                all += outcomes[i].faults == 0;
                visit(e, state, p, t, &outcomes[i], context);
            }
        }
    }
    free(outcomes);
    return all;
}

static void descend(struct explorer *e, const struct aw_state *state,
                    const struct aw_clocks *clocks);

static void deeper(struct explorer *e, const struct aw_state *state, uint32_t process,
                   uint32_t thread, const struct aw_outcome *outcome, void *context)
{
    struct aw_state next;
    if (e->left == 0) {
        e->every->complete = false;
        return;
    }
    e->left--;
    if (!step(e, state, process, thread, outcome, &next)) {
        e->every->complete = false;
        e->left = 0; /* a loop without an operation costs a second of processor time, each time */
        return;
    }
    struct aw_clocks *clocks = malloc(sizeof *clocks);
    aw_clocks_copy(clocks, context);
    aw_clocks_step(clocks, e->machine, state, process, thread, &next, &e->every->unordered);
    if (clocks->full)
        e->every->complete = false;
    descend(e, &next, clocks);
    free(clocks);
}

static void descend(struct explorer *e, const struct aw_state *state,
                    const struct aw_clocks *clocks)
{
    if (e->depth == DEPTH_MAX) {
        e->every->complete = false;
        e->left = 0;
        return;
    }
    e->depth++;
    aw_races_parked(&e->every->parked, e->machine, state);
    if (successors(e, state, deeper, (void *)clocks) == 0) {
        e->every->executions++;
        at_end(e, state);
    }
    e->depth--;
}

/* Runs `explore` until it shows no byte of a stack that is given away and was not known to be. */
static void settle(struct aw_machine *machine, uint64_t limit, struct aw_every *every,
                   void (*explore)(struct explorer *e))
{
    aw_machine_set_learning(machine, false);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, true);
    aw_machine_set_every_access(machine, true);
    for (;;) {
        struct explorer e = {.machine = machine, .every = every, .left = limit};
        init(every);
        explore(&e);
        if (!aw_machine_settle(machine))
            break;
        aw_every_deinit(every);
    }
    aw_machine_set_every_access(machine, false);
    aw_machine_set_learning(machine, true);
}

static void enumerate(struct explorer *e)
{
    struct aw_state state;
    struct aw_clocks *clocks = malloc(sizeof *clocks);
    aw_machine_initial(e->machine, &state);
    aw_clocks_begin(clocks, e->machine, &state);
    descend(e, &state, clocks);
    free(clocks);
}

void aw_every_enumerate(struct aw_machine *machine, uint64_t steps, struct aw_every *every)
{
    settle(machine, steps, every, enumerate);
}

static void remember(struct explorer *e, const struct aw_state *state)
{
    aw_intern_put(&e->states, state->words, state->count * (uint32_t)sizeof *state->words);
}

static void further(struct explorer *e, const struct aw_state *state, uint32_t process,
                    uint32_t thread, const struct aw_outcome *outcome, void *context)
{
    struct aw_state next;
    (void)context;
    if (step(e, state, process, thread, outcome, &next))
        remember(e, &next);
    else
        e->every->complete = false;
}

static void search(struct explorer *e)
{
    struct aw_state state;
    aw_intern_init(&e->states);
    aw_machine_initial(e->machine, &state);
    remember(e, &state);
    for (uint32_t i = 0; i < e->states.count && e->every->complete; i++) {
        uint32_t bytes = aw_intern_size(&e->states, i);
        state.count = bytes / (uint32_t)sizeof *state.words;
        memcpy(state.words, aw_intern_get(&e->states, i), bytes);
        aw_races_parked(&e->every->parked, e->machine, &state);
        if (successors(e, &state, further, NULL) == 0)
            at_end(e, &state);
        if (e->states.count > e->left)
            e->every->complete = false;
    }
    e->every->states = e->states.count;
    aw_intern_deinit(&e->states);
}

void aw_every_search(struct aw_machine *machine, uint64_t states, struct aw_every *every)
{
    settle(machine, states, every, search);
}

/* The seed is in `left`. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u); /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct choice {
    uint64_t *seed;
    unsigned seen;
    uint32_t process, thread;
    struct aw_outcome outcome;
};

static void choose(struct explorer *e, const struct aw_state *state, uint32_t process,
                   uint32_t thread, const struct aw_outcome *outcome, void *context)
{
    struct choice *choice = context;
    (void)e;
    (void)state;
    if (next_random(choice->seed) % ++choice->seen == 0) {
        choice->process = process;
        choice->thread = thread;
        choice->outcome = *outcome;
    }
}

static void walk(struct explorer *e, uint64_t *seed)
{
    struct aw_state state, next;
    struct aw_clocks *clocks = malloc(sizeof *clocks);
    aw_machine_initial(e->machine, &state);
    aw_clocks_begin(clocks, e->machine, &state);
    for (int i = 0; i < WALK_MAX; i++) {
        struct choice choice = {.seed = seed};
        if (successors(e, &state, choose, &choice) == 0) {
            e->every->executions++;
            at_end(e, &state);
            break;
        }
        if (!step(e, &state, choice.process, choice.thread, &choice.outcome, &next)) {
            e->every->complete = false;
            break;
        }
        aw_clocks_step(clocks, e->machine, &state, choice.process, choice.thread, &next,
                       &e->every->unordered);
        copy_state(&state, &next);
    }
    free(clocks);
}

static void walks(struct explorer *e)
{
    uint64_t seed = e->left >> 8;
    for (unsigned i = 0; i < (e->left & 255) && e->every->complete; i++)
        walk(e, &seed);
}

void aw_every_walk(struct aw_machine *machine, uint64_t seed, unsigned count,
                   struct aw_every *every)
{
    settle(machine, seed << 8 | (count & 255), every, walks);
}

bool aw_every_deadlocks(const struct aw_every *every)
{
    for (uint32_t i = 0; i < every->outcomes.count; i++)
        if (strstr(every->outcomes.lines[i], "blocked") != NULL)
            return true;
    return false;
}
