/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/oracle.h"

struct collector {
    struct aw_machine *machine;
    struct aw_outcomes outcomes;
};

static void on_terminal(void *context, const struct aw_state *state, const char *monitor)
{
    struct collector *collector = context;
    char line[4096];
    aw_outcome_describe(collector->machine, state, line, sizeof line - 128);
    strcat(line, monitor);
    aw_outcomes_add(&collector->outcomes, line);
}

static void on_restart(void *context)
{
    struct collector *collector = context;
    aw_outcomes_deinit(&collector->outcomes);
}

struct aw_machine *aw_compare_machine(const char *program, char *const *argv,
                                      const struct aw_fault_plan *plan)
{
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_error error;
    static char *const env[] = {NULL};
    aw_machine_settings_default(&settings);
    const char *runtime = getenv("ALLWAYS_RUNTIME");
    if (aw_machine_create(program, runtime ? runtime : "build/runtime.so", argv, env, &settings,
                          &machine, &error) != 0 ||
        (plan != NULL && aw_machine_set_faults(machine, plan, &error) != 0)) {
        fprintf(stderr, "%s\n", error.message);
        exit(2);
    }
    return machine;
}

void aw_compare_options(unsigned properties, struct aw_options *options)
{
    aw_options_default(options);
    options->properties = properties;
    options->whole_graph = true;
    options->minimal = false;
    options->control = 0;
}

unsigned aw_compare_violated(const struct aw_result *result)
{
    unsigned violated = 0;
    for (int property = 0; property < AW_PROPERTY_COUNT; property++)
        if (result->properties[property] == AW_IS_VIOLATED)
            violated |= AW_PROPERTY_BIT(property);
    return violated;
}

static void differ(struct aw_comparison *c, const char *what, const struct aw_outcomes *reduced,
                   const struct aw_outcomes *oracle)
{
    c->agrees = false;
    size_t at = (size_t)snprintf(c->what, sizeof c->what, "%s: %u and %u outcomes", what,
                                 reduced->count, oracle->count);
    uint32_t i = 0, j = 0, shown = 0;
    while ((i < reduced->count || j < oracle->count) && shown < 4 && at < sizeof c->what) {
        int order = i == reduced->count  ? 1
                    : j == oracle->count ? -1
                                         : strcmp(reduced->lines[i], oracle->lines[j]);
        if (order == 0) {
            i++;
            j++;
            continue;
        }
        at += (size_t)snprintf(c->what + at, sizeof c->what - at, "\n  %s: %s",
                               order < 0 ? "too many" : "missing",
                               order < 0 ? reduced->lines[i++] : oracle->lines[j++]);
        shown++;
    }
}

void aw_compare(const char *program, char *const *argv, const struct aw_fault_plan *plan,
                unsigned plant, unsigned rules, bool enumerate, uint64_t limit,
                struct aw_comparison *c)
{
    const unsigned judged = AW_PROPERTY_BIT(AW_NO_DEADLOCK) | AW_PROPERTY_BIT(AW_NO_CRASH) |
                            AW_PROPERTY_BIT(AW_EXACTLY_ONCE) | AW_PROPERTY_BIT(AW_NO_ERROR) |
                            AW_PROPERTY_BIT(AW_DRAINED) | AW_PROPERTY_BIT(AW_FIFO) |
                            AW_PROPERTY_BIT(AW_SUCCEEDS);
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct collector collector = {0};
    struct aw_observer observer = {on_terminal, on_restart, &collector, NULL};
    memset(c, 0, sizeof *c);
    c->agrees = true;

    struct aw_machine *machine = aw_compare_machine(program, argv, plan);
    collector.machine = machine;
    aw_compare_options(judged, &options);
    options.plant = plant;
    options.rules = rules;
    options.limits.states = limit;
    options.count = enumerate;
    if (plant & AW_PLANT_HASH)
        aw_machine_plant_hash_bits(machine, 3);
    aw_explore_observed(machine, &options, &observer, &result, &error);
    unsigned violated = aw_compare_violated(&result);
    c->states = result.states;
    bool stopped = result.verdict == AW_INCONCLUSIVE;
    if (result.verdict == AW_UNCONTROLLED) {
        c->agrees = false;
        snprintf(c->what, sizeof c->what, "uncontrolled: %s", result.message);
    }
    /* Where a mutex is no longer believed in (a thread ended with it), accesses are operations. */
    char *visible = aw_machine_visible(machine);
    aw_machine_destroy(machine);

    machine = aw_compare_machine(program, argv, plan);
    struct aw_oracle oracle;
    aw_oracle_search(machine, judged, limit, &oracle);
    c->compared = oracle.complete && !stopped;
    c->all_states = oracle.states;
    c->outcomes = oracle.outcomes.count;
    if (c->compared && c->agrees) {
        if (!aw_outcomes_equal(&collector.outcomes, &oracle.outcomes)) {
            differ(c, "outcomes", &collector.outcomes, &oracle.outcomes);
        } else if (violated != oracle.violated) {
            c->agrees = false;
            snprintf(c->what, sizeof c->what, "violated properties: %#x, oracle %#x", violated,
                     oracle.violated);
        }
    }
    aw_machine_destroy(machine);
    if (enumerate && c->compared && c->agrees) {
        struct aw_oracle naive;
        machine = aw_compare_machine(program, argv, plan);
        aw_machine_set_visible(machine, visible);
        aw_oracle_enumerate(machine, judged, limit * 20, &naive);
        char count[32];
        snprintf(count, sizeof count, "%" PRIu64, naive.interleavings);
        if (naive.complete && !aw_outcomes_equal(&naive.outcomes, &oracle.outcomes)) {
            differ(c, "enumerated outcomes", &oracle.outcomes, &naive.outcomes);
        } else if (naive.complete && result.visible[0] == '\0' && /* accesses are no steps for it */
                   (result.interleavings == NULL || strcmp(result.interleavings, count) != 0)) {
            c->agrees = false;
            snprintf(c->what, sizeof c->what, "interleavings: %s, enumerated %s",
                     result.interleavings ? result.interleavings : "null", count);
        }
        aw_oracle_deinit(&naive);
        aw_machine_destroy(machine);
    }
    free(visible);
    aw_oracle_deinit(&oracle);
    aw_outcomes_deinit(&collector.outcomes);
    aw_result_deinit(&result);
}
