/* SPDX-License-Identifier: MIT */
#include "compare_accesses.h"

#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "every_access.h"

struct collector {
    struct aw_machine *machine;
    struct aw_outcomes outcomes;
    struct aw_races parked;
};

static void on_terminal(void *context, const struct aw_state *state, const char *monitor)
{
    struct collector *collector = context;
    char line[4096];
    (void)monitor;
    aw_outcome_describe(collector->machine, state, line, sizeof line);
    aw_outcomes_add(&collector->outcomes, line);
}

static void on_state(void *context, const struct aw_state *state)
{
    struct collector *collector = context;
    aw_races_parked(&collector->parked, collector->machine, state);
}

static void on_restart(void *context)
{
    struct collector *collector = context;
    aw_outcomes_deinit(&collector->outcomes);
    aw_races_deinit(&collector->parked);
    aw_races_init(&collector->parked);
}

static struct aw_machine *make(const char *program, char *const *argv,
                               const struct aw_fault_plan *plan)
{
    struct aw_machine *machine = aw_compare_machine(program, argv, plan);
    aw_machine_spare(machine, "random_tables"); /* of models/random/random.c; others have none */
    return machine;
}

static void differ(struct aw_access_comparison *c, const char *what, const char *detail)
{
    if (c->agrees)
        snprintf(c->what, sizeof c->what, "%s: %s", what, detail);
    c->agrees = false;
}

/* A line of `some` that is not in `all`, or NULL. */
static const char *beyond(const struct aw_outcomes *some, const struct aw_outcomes *all)
{
    for (uint32_t i = 0, j = 0; i < some->count; i++) {
        while (j < all->count && strcmp(all->lines[j], some->lines[i]) < 0)
            j++;
        if (j == all->count || strcmp(all->lines[j], some->lines[i]) != 0)
            return some->lines[i];
    }
    return NULL;
}

static void compare_outcomes(struct aw_access_comparison *c, const struct aw_outcomes *checker,
                             const struct aw_outcomes *oracle, bool whole)
{
    const char *line = c->assumes_forks ? NULL : beyond(oracle, checker);
    if (line != NULL)
        differ(c, "an outcome that the checker does not have", line);
    line = whole ? beyond(checker, oracle) : NULL;
    if (line != NULL)
        differ(c, "an outcome that only the checker has", line);
}

/* Everything of `some` has to be in `all`. */
static void compare_races(struct aw_access_comparison *c, const char *some_name,
                          const struct aw_races *some, const char *all_name,
                          const struct aw_races *all)
{
    char text[200], what[200];
    if (aw_races_within(some, all, text, sizeof text))
        return;
    snprintf(what, sizeof what, "a race that %s finds and %s does not", some_name, all_name);
    differ(c, what, text);
}

void aw_compare_accesses_options(uint64_t seed, struct aw_options *options)
{
    aw_options_default(options);
    options->plant = seed % 2 ? AW_PLANT_NO_WALKS : 0;
    options->symmetry = seed % 3 != 0;
    options->tracking = seed % 4 != 0;
    if (seed % 5 == 1)
        options->rules &= ~(1u << seed / 5 % AW_RULE_COUNT);
    else if (seed % 7 == 0)
        options->rules = 0;
}

static unsigned violated_by(const struct aw_every *every)
{
    return (every->crashed ? AW_PROPERTY_BIT(AW_NO_CRASH) : 0) |
           (every->parked.pairs.count > 0 ? AW_PROPERTY_BIT(AW_NO_DATA_RACE) : 0) |
           (aw_every_deadlocks(every) ? AW_PROPERTY_BIT(AW_NO_DEADLOCK) : 0);
}

void aw_compare_accesses(const char *program, char *const *argv, const struct aw_options *asked,
                         unsigned plant, uint64_t seed, uint64_t steps,
                         struct aw_access_comparison *c)
{
    aw_compare_accesses_faulty(program, argv, NULL, asked, plant, seed, steps, c);
}

void aw_compare_accesses_faulty(const char *program, char *const *argv,
                                const struct aw_fault_plan *plan, const struct aw_options *asked,
                                unsigned plant, uint64_t seed, uint64_t steps,
                                struct aw_access_comparison *c)
{
    const unsigned judged = AW_PROPERTY_BIT(AW_NO_DEADLOCK) | AW_PROPERTY_BIT(AW_NO_CRASH) |
                            AW_PROPERTY_BIT(AW_NO_DATA_RACE);
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_every every;
    struct collector collector = {0};
    struct aw_observer observer = {on_terminal, on_restart, &collector, on_state};
    memset(c, 0, sizeof *c);
    c->agrees = true;
    aw_races_init(&collector.parked);

    struct aw_machine *machine = make(program, argv, plan);
    aw_machine_plant_accesses(machine, plant);
    collector.machine = machine;
    aw_compare_options(judged, &options);
    options.plant = asked->plant;
    options.tracking = asked->tracking;
    options.rules = asked->rules;
    options.symmetry = asked->symmetry;
    options.limits.states = 200000;
    aw_explore_observed(machine, &options, &observer, &result, &error);
    unsigned violated = aw_compare_violated(&result);
    c->checker_states = result.states;
    c->verdict = result.verdict;
    c->decided = result.properties[AW_NO_DEADLOCK] != AW_UNDECIDED;
    c->outcomes = collector.outcomes.count;
    c->races = collector.parked.pairs.count;
    if (result.verdict == AW_UNCONTROLLED)
        differ(c, "uncontrolled", result.message);
    bool idle = plan != NULL && result.verdict == AW_VACUOUS; /* a fault that cannot strike */
    if ((result.verdict == AW_PROVED || idle) != (violated == 0 && c->decided))
        differ(c, "the verdict is not what the properties say", result.message);
    c->assumes_forks = aw_machine_forked_beside(machine);
    aw_machine_destroy(machine);

    machine = make(program, argv, plan);
    aw_every_enumerate(machine, steps, &every);
    c->enumerated = every.complete;
    c->executions = every.executions;
    if (every.complete && plan == NULL) {
        compare_races(c, "the enumerator", &every.parked, "the detector", &every.unordered);
        compare_races(c, "the detector", &every.unordered, "the enumerator", &every.parked);
    } else if (!every.complete) {
        aw_every_deinit(&every);
        aw_every_walk(machine, seed, 20, &every);
        if (c->decided && !c->assumes_forks && plan == NULL)
            compare_races(c, "the detector", &every.unordered, "the checker", &collector.parked);
        aw_every_deinit(&every);
        aw_every_search(machine, steps, &every);
        c->searched = every.complete;
        c->states = every.states;
    }
    if (c->decided) {
        bool whole = c->enumerated || c->searched;
        compare_outcomes(c, &collector.outcomes, &every.outcomes, whole);
        if (!c->assumes_forks)
            compare_races(c, "the oracle", &every.parked, "the checker", &collector.parked);
        if (whole)
            compare_races(c, "the checker", &collector.parked, "the oracle", &every.parked);
        violated &= judged; /* an error of memory may come of a race; the oracle does not look */
        if (whole && !c->assumes_forks && violated != violated_by(&every)) {
            char text[80];
            snprintf(text, sizeof text, "%#x, oracle %#x", violated, violated_by(&every));
            differ(c, "violated properties", text);
        }
    }
    aw_machine_destroy(machine);
    aw_every_deinit(&every);
    aw_outcomes_deinit(&collector.outcomes);
    aw_races_deinit(&collector.parked);
    aw_result_deinit(&result);
}
