/* SPDX-License-Identifier: MIT */
/*
 * The shortest counterexample, against brute force: a graph of concrete states and last threads,
 * without symmetry and without reduction, in which costs are lowered until none can be (no heap, no
 * canonical forms, no skipped siblings: nothing of minimal.c). The schedule is carried out as well,
 * and its cost added up by the definition: faults, then preemptions, then steps.
 */
#include "base/intern.h"
#include "base/memory.h"
#include "explore/internal.h"
#include "explore_box.h"
#include "random_plan.h"
#include "random_program.h"

enum { NODES_MAX = 20000 };

struct cost {
    uint32_t faults, preemptions, steps;
};

static bool less(struct cost a, struct cost b)
{
    if (a.faults != b.faults)
        return a.faults < b.faults;
    if (a.preemptions != b.preemptions)
        return a.preemptions < b.preemptions;
    return a.steps < b.steps;
}

static const struct cost never = {UINT32_MAX, 0, 0};

struct brute {
    struct aw_explorer explorer;
    struct aw_options options;
    struct aw_result result;
    struct aw_intern nodes; /* pid and slot of the last thread, then the words of the state */
    struct cost *costs;
    uint32_t *queue;
    bool *queued;
    uint32_t head, tail;
    int property;
    struct cost best;
};

static void brute_begin(struct brute *b, struct aw_machine *machine, unsigned properties,
                        int property, bool exact_pipes)
{
    memset(b, 0, sizeof *b);
    aw_options_default(&b->options);
    b->options.properties = properties;
    b->explorer.machine = machine;
    b->explorer.options = &b->options;
    b->explorer.result = &b->result;
    b->property = property;
    b->best = never;
    aw_monitor_init(&b->explorer.monitor, machine, properties);
    aw_machine_set_learning(machine, true);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, exact_pipes);
}

static void reach(struct brute *b, const struct aw_state *state, uint32_t pid, uint32_t slot,
                  struct cost cost)
{
    uint32_t words[AW_STATE_WORDS + 2] = {pid, slot};
    memcpy(words + 2, state->words, state->count * sizeof *words);
    uint32_t node = aw_intern_put(&b->nodes, words, (state->count + 2) * (uint32_t)sizeof *words);
    if (node >= NODES_MAX || !less(cost, b->costs[node]))
        return;
    b->costs[node] = cost;
    if (!b->queued[node]) {
        b->queued[node] = true;
        b->queue[b->tail++ % NODES_MAX] = node;
    }
}

/* Could this thread go on? A time-out that expires is nobody's going on, and a yield invites. */
static bool goes_on(struct aw_machine *machine, const struct aw_state *state, uint32_t pid,
                    uint32_t slot, struct aw_outcome *outcomes)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    for (uint32_t p = 0; p < layout->process_count; p++) {
        if (layout->processes[p].pid != pid)
            continue;
        const struct aw_local *local = aw_machine_local(machine, state->words[AW_WORD_FIRST + p]);
        for (uint32_t t = 0; t < local->thread_count; t++)
            if (aw_local_threads(local)[t].slot == slot)
                return aw_local_threads(local)[t].op.kind != AW_OP_YIELD &&
                       aw_machine_outcomes(machine, state, p, t, outcomes) > 0 &&
                       !outcomes[0].expiry && outcomes[0].faults == 0;
    }
    return false;
}

static void settle(struct brute *b, struct cost cost)
{
    if (less(cost, b->best))
        b->best = cost;
}

static void brute_expand(struct brute *b, uint32_t node)
{
    struct aw_machine *machine = b->explorer.machine;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    struct cost cost = b->costs[node];
    uint32_t words[AW_STATE_WORDS + 2];
    memcpy(words, aw_intern_get(&b->nodes, node), aw_intern_size(&b->nodes, node));
    state.count = aw_intern_size(&b->nodes, node) / (uint32_t)sizeof *words - 2;
    memcpy(state.words, words + 2, state.count * sizeof *words);
    bool preempts = goes_on(machine, &state, words[0], words[1], outcomes), any = false;
    struct aw_layout layout = *aw_machine_layout(machine, &state);
    for (uint32_t p = 0; p < layout.process_count; p++) {
        uint32_t id = state.words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(machine, id)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            uint32_t slot = aw_local_threads(aw_machine_local(machine, id))[t].slot;
            bool same = words[0] == layout.processes[p].pid && words[1] == slot;
            unsigned count = aw_machine_outcomes(machine, &state, p, t, outcomes);
            any |= aw_explorer_goes_on(outcomes, count); /* a fault is never owed */
            for (unsigned i = 0; i < count; i++) {
                struct aw_move move = {.process = p, .thread = t, .outcome = i, .how = outcomes[i]};
                struct cost more = {cost.faults + outcomes[i].faults,
                                    cost.preemptions + (preempts && !same), cost.steps + 1};
                aw_explorer_step(&b->explorer, &state, &move, &next);
                if (move.violated >> b->property & 1)
                    settle(b, more);
                reach(b, &next, layout.processes[p].pid, slot, more);
            }
        }
    }
    if (!any && aw_machine_advance(machine, &state, &next))
        reach(b, &next, 0, 0, (struct cost){cost.faults, cost.preemptions, cost.steps + 1});
    else if (!any && (aw_explorer_final(&b->explorer, &state) >> b->property & 1))
        settle(b, cost);
    free(outcomes);
}

/* The least cost of a violation; false when the graph is too large. */
static bool brute_minimum(struct aw_machine *machine, unsigned properties, int property,
                          bool exact_pipes, struct cost *best)
{
    struct brute *b = aw_allocate(1, sizeof *b);
    struct aw_state state;
    brute_begin(b, machine, properties, property, exact_pipes);
    aw_intern_init(&b->nodes);
    b->costs = aw_allocate(NODES_MAX, sizeof *b->costs);
    b->queue = aw_allocate(NODES_MAX, sizeof *b->queue);
    b->queued = aw_allocate(NODES_MAX, sizeof *b->queued);
    for (int i = 0; i < NODES_MAX; i++)
        b->costs[i] = never;
    aw_machine_initial(machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&b->explorer.monitor);
    reach(b, &state, 0, 0, (struct cost){0});
    while (b->head < b->tail && b->nodes.count < NODES_MAX) {
        uint32_t node = b->queue[b->head++ % NODES_MAX];
        b->queued[node] = false;
        brute_expand(b, node);
    }
    bool complete = b->nodes.count < NODES_MAX;
    *best = b->best;
    aw_intern_deinit(&b->nodes);
    aw_monitor_deinit(&b->explorer.monitor);
    free(b->costs);
    free(b->queue);
    free(b->queued);
    free(b);
    return complete;
}

/* Carries the schedule out. True when it ends in the violation; *cost is what it cost. */
static bool carry_out(struct aw_machine *machine, unsigned properties, int property,
                      const struct aw_result *result, struct cost *cost)
{
    struct brute *b = aw_allocate(1, sizeof *b);
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    bool violated = false, possible = true;
    brute_begin(b, machine, properties, property, result->exact_pipes);
    aw_machine_initial(machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&b->explorer.monitor);
    *cost = (struct cost){0};
    uint32_t pid = 0, slot = 0;
    for (uint32_t i = 0; i < result->schedule.count && possible; i++) {
        struct aw_choice choice = result->schedule.choices[i];
        bool preempts = goes_on(machine, &state, pid, slot, outcomes) &&
                        (choice.pid != pid || choice.slot != slot);
        if (choice.pid == 0) { /* nobody can move, but the clock */
            possible = aw_machine_advance(machine, &state, &next);
            cost->steps++;
            pid = slot = 0;
            state = next;
            continue;
        }
        const struct aw_layout *layout = aw_machine_layout(machine, &state);
        struct aw_move move = {.process = UINT32_MAX, .outcome = choice.outcome};
        for (uint32_t p = 0; p < layout->process_count; p++) {
            const struct aw_local *local =
                aw_machine_local(machine, state.words[AW_WORD_FIRST + p]);
            for (uint32_t t = 0; t < local->thread_count; t++)
                if (layout->processes[p].pid == choice.pid &&
                    aw_local_threads(local)[t].slot == choice.slot)
                    move.process = p, move.thread = t;
        }
        possible = move.process != UINT32_MAX &&
                   aw_machine_outcomes(machine, &state, move.process, move.thread, outcomes) >
                       choice.outcome;
        if (!possible)
            break;
        move.how = outcomes[choice.outcome];
        aw_explorer_step(&b->explorer, &state, &move, &next);
        violated = (move.violated >> property & 1) != 0;
        cost->faults += move.how.faults;
        cost->preemptions += preempts;
        cost->steps++;
        pid = choice.pid;
        slot = choice.slot;
        state = next;
    }
    bool any = false;
    const struct aw_layout *layout = aw_machine_layout(machine, &state);
    for (uint32_t p = 0; p < layout->process_count; p++)
        for (uint32_t t = 0;
             t < aw_machine_local(machine, state.words[AW_WORD_FIRST + p])->thread_count; t++)
            any |=
                aw_explorer_goes_on(outcomes, aw_machine_outcomes(machine, &state, p, t, outcomes));
    if (!any)
        violated |= (aw_explorer_final(&b->explorer, &state) >> property & 1) != 0;
    aw_monitor_deinit(&b->explorer.monitor);
    free(outcomes);
    free(b);
    return possible && violated;
}

static unsigned compared;

/* Explores `text`; when a property is violated, its schedule has to be the cheapest there is. */
static void check(const char *text, const char *status, unsigned properties)
{
    char copy[AW_RANDOM_TEXT], number[16];
    char *argv[] = {"random", copy, number, NULL};
    snprintf(copy, sizeof copy, "%s", text);
    snprintf(number, sizeof number, "%s", status);
    struct aw_options options;
    struct aw_result result;
    struct cost best, cost;
    aw_options_default(&options);
    options.properties = properties;
    options.limits.states = 5000;
    struct aw_machine *machine = box_machine(RANDOM, argv);
    box_explore(machine, &options, &result);
    int property = (int)result.violated;
    if (result.verdict == AW_VIOLATED &&
        brute_minimum(machine, properties, property, result.exact_pipes, &best)) {
        compared++;
        cr_expect(carry_out(machine, properties, property, &result, &cost),
                  "%s %s: the schedule does not lead to a violation", text, status);
        cr_expect(result.minimal, "%s %s: not called minimal", text, status);
        cr_expect(cost.faults == result.faults && cost.preemptions == result.preemptions,
                  "%s %s: said to have %u faults, %u preemptions; has %u, %u", text, status,
                  result.faults, result.preemptions, cost.faults, cost.preemptions);
        cr_expect(!less(best, cost) && !less(cost, best),
                  "%s %s: %u faults, %u preemptions, %u steps; there is one with %u, %u, %u", text,
                  status, cost.faults, cost.preemptions, cost.steps, best.faults, best.preemptions,
                  best.steps);
    }
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

/* Exit statuses of the root process, as bits. */
static uint64_t statuses_of(const char *text)
{
    struct aw_oracle oracle;
    struct aw_machine *machine = box_random(text);
    uint64_t statuses = 0;
    aw_oracle_search(machine, AW_PROPERTY_BIT(AW_NO_DEADLOCK), 3000, &oracle);
    for (uint32_t i = 0; i < oracle.outcomes.count; i++)
        for (const char *at = oracle.outcomes.lines[i]; (at = strstr(at, "ended 0x")) != NULL;
             at++) {
            unsigned long status = strtoul(at + 8, NULL, 16);
            if ((status & 0xff) == 0 && status >> 8 < 64)
                statuses |= (uint64_t)1 << (status >> 8);
        }
    aw_oracle_deinit(&oracle);
    aw_machine_destroy(machine);
    return statuses;
}

Test(minimal, agrees_with_brute_force_on_what_random_programs_violate)
{
    compared = 0;
    for (uint64_t seed = 1; seed <= 700; seed++) {
        char text[AW_RANDOM_TEXT];
        aw_random_program(seed, &aw_random_tiny, text);
        check(text, "100", JUDGED);
    }
    cr_expect_gt(compared, 200);
}

Test(minimal, agrees_with_brute_force_on_how_an_exit_status_comes_about)
{
    compared = 0;
    for (uint64_t seed = 1; seed <= 250; seed++) {
        char text[AW_RANDOM_TEXT], status[16];
        aw_random_program(seed, &aw_random_tiny, text);
        uint64_t statuses = statuses_of(text);
        for (int i = 0; i < 2 && statuses != 0; i++) { /* the last ones are the rarest */
            int highest = 63 - __builtin_clzll(statuses);
            statuses &= ~((uint64_t)1 << highest);
            snprintf(status, sizeof status, "%d", highest);
            check(text, status, AW_PROPERTY_BIT(AW_EXACTLY_ONCE));
        }
    }
    cr_expect_gt(compared, 150);
}

Test(minimal, agrees_with_brute_force_on_faults_of_every_kind)
{
    compared = 0;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        char text[AW_RANDOM_TEXT], status[16] = "100";
        struct aw_fault_plan plan;
        aw_plan_random(seed, &plan);
        box_plan = &plan;
        aw_random_program(seed, &aw_random_tiny, text);
        uint64_t statuses = seed % 2 ? statuses_of(text) : 0;
        if (statuses != 0)
            snprintf(status, sizeof status, "%d", 63 - __builtin_clzll(statuses));
        check(text, status, statuses != 0 ? AW_PROPERTY_BIT(AW_EXACTLY_ONCE) : JUDGED);
    }
    box_plan = NULL;
    cr_expect_gt(compared, 200);
}

/* By the clock, where a delay is a sleep, and others can be late for each other. */
Test(minimal, agrees_with_brute_force_on_delays_in_virtual_time)
{
    struct aw_fault_plan plan = {.count = 1, .budget = 2};
    plan.faults[0] = (struct aw_fault){.kind = AW_FAULT_DELAY, .budget = 2, .delay_ns = 1000000};
    strcpy(plan.faults[0].point, "allways/delay");
    box_plan = &plan;
    aw_machine_settings_default(&box_settings);
    box_settings.time = AW_TIME_VIRTUAL;
    compared = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        char text[AW_RANDOM_TEXT], status[16] = "100";
        aw_random_program(seed, &aw_random_tiny, text);
        uint64_t statuses = seed % 2 ? statuses_of(text) : 0;
        if (statuses != 0)
            snprintf(status, sizeof status, "%d", 63 - __builtin_clzll(statuses));
        check(text, status, statuses != 0 ? AW_PROPERTY_BIT(AW_EXACTLY_ONCE) : JUDGED);
    }
    box_plan = NULL;
    cr_expect_gt(compared, 100, "%u", compared);
}

Test(minimal, counts_faults_before_preemptions)
{
    compared = 0;
    aw_machine_settings_default(&box_settings);
    box_settings.partial_writes = 1;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        char text[AW_RANDOM_TEXT];
        aw_random_program(seed, &aw_random_tiny, text);
        if (strchr(text + 12, 'w') != NULL)
            check(text, "100", JUDGED);
    }
    cr_expect_gt(compared, 50);
}

Test(minimal, a_schedule_that_is_not_the_shortest_is_counted_all_the_same)
{
    unsigned with_faults = 0;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_fault_plan plan;
        struct aw_options options;
        struct aw_result result;
        struct cost cost;
        aw_plan_random(seed, &plan);
        box_plan = &plan;
        aw_random_program(seed, &aw_random_tiny, text);
        struct aw_machine *machine = box_random(text);
        aw_options_default(&options);
        options.properties = JUDGED | AW_PROPERTY_BIT(AW_TERMINATES);
        options.limits.states = 5000;
        options.minimal = false;
        box_explore(machine, &options, &result);
        if (result.verdict == AW_VIOLATED) {
            (void)carry_out(machine, options.properties, (int)result.violated, &result, &cost);
            cr_expect(!result.minimal);
            cr_expect_eq(cost.steps, result.schedule.count);
            cr_expect(cost.faults == result.faults && cost.preemptions == result.preemptions,
                      "%s: said to have %u faults, %u preemptions; has %u, %u", text, result.faults,
                      result.preemptions, cost.faults, cost.preemptions);
            with_faults += cost.faults > 0;
        }
        aw_result_deinit(&result);
        aw_machine_destroy(machine);
    }
    box_plan = NULL;
    cr_expect_gt(with_faults, 30, "%u", with_faults);
}
