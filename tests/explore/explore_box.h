/* SPDX-License-Identifier: MIT */
/*
 * explore_box.h - what the tests of the explorer share: one program, one exploration.
 *
 * Programs are texts of models/random/random.c, or shared objects by their path. A machine is at a
 * fixed address, so that there is one at a time.
 */
#ifndef AW_TESTS_EXPLORE_BOX_H
#define AW_TESTS_EXPLORE_BOX_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/explore.h"
#include "explore/oracle.h"

#define RANDOM "build/models/random.so"
#define ARTICLE "build/models/article.so"

/* All that is judged without looking for cycles. */
#define JUDGED                                                                                     \
    (AW_PROPERTY_BIT(AW_NO_DEADLOCK) | AW_PROPERTY_BIT(AW_NO_CRASH) |                              \
     AW_PROPERTY_BIT(AW_EXACTLY_ONCE) | AW_PROPERTY_BIT(AW_NO_ERROR) |                             \
     AW_PROPERTY_BIT(AW_DRAINED) | AW_PROPERTY_BIT(AW_FIFO))

static struct aw_machine_settings box_settings; /* pipe_slots 0: the defaults */
static const struct aw_fault_plan *box_plan;    /* NULL: no faults */

static struct aw_machine *box_machine(const char *program, char *const *argv)
{
    static char *const env[] = {NULL};
    struct aw_machine_settings settings = box_settings;
    struct aw_machine *machine;
    struct aw_error error;
    const char *runtime = getenv("ALLWAYS_RUNTIME");
    if (settings.pipe_slots == 0)
        aw_machine_settings_default(&settings);
    int status = aw_machine_create(program, runtime ? runtime : "build/runtime.so", argv, env,
                                   &settings, &machine, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    if (box_plan != NULL) {
        status = aw_machine_set_faults(machine, box_plan, &error);
        cr_assert_eq(status, 0, "%s", error.message);
    }
    return machine;
}

/* A machine for the text of a random program. */
static inline struct aw_machine *box_random(const char *text)
{
    char copy[512];
    char *argv[] = {"random", copy, NULL};
    snprintf(copy, sizeof copy, "%s", text);
    return box_machine(RANDOM, argv);
}

struct box_outcomes {
    struct aw_machine *machine;
    struct aw_outcomes set;
};

static inline void box_terminal(void *context, const struct aw_state *state, const char *monitor)
{
    struct box_outcomes *outcomes = context;
    char line[4096];
    aw_outcome_describe(outcomes->machine, state, line, sizeof line - 128);
    strcat(line, monitor);
    aw_outcomes_add(&outcomes->set, line);
}

static inline void box_restart(void *context)
{
    struct box_outcomes *outcomes = context;
    aw_outcomes_deinit(&outcomes->set);
}

static inline unsigned box_violated(const struct aw_result *result)
{
    unsigned violated = 0;
    for (int property = 0; property < AW_PROPERTY_COUNT; property++)
        if (result->properties[property] == AW_IS_VIOLATED)
            violated |= AW_PROPERTY_BIT(property);
    return violated;
}

/* The oracle's view of a random program; false when it is too large. */
static inline bool box_oracle(const char *text, struct aw_oracle *oracle)
{
    struct aw_machine *machine = box_random(text);
    aw_oracle_search(machine, JUDGED, 20000, oracle);
    aw_machine_destroy(machine);
    return oracle->complete;
}

/* Does an exploration with these options (of which the properties are set here) tell the same? */
static inline bool box_agrees(const char *text, struct aw_options options,
                              const struct aw_oracle *oracle)
{
    struct box_outcomes outcomes = {.machine = box_random(text)};
    struct aw_observer observer = {box_terminal, box_restart, &outcomes, NULL};
    struct aw_result result;
    struct aw_error error;
    options.properties = JUDGED;
    options.whole_graph = true;
    options.minimal = false;
    if (options.plant & AW_PLANT_HASH)
        aw_machine_plant_hash_bits(outcomes.machine, 3);
    aw_explore_observed(outcomes.machine, &options, &observer, &result, &error);
    bool agrees = result.verdict != AW_UNCONTROLLED && result.verdict != AW_INCONCLUSIVE &&
                  box_violated(&result) == oracle->violated &&
                  aw_outcomes_equal(&outcomes.set, &oracle->outcomes);
    aw_outcomes_deinit(&outcomes.set);
    aw_result_deinit(&result);
    aw_machine_destroy(outcomes.machine);
    return agrees;
}

static inline void box_explore(struct aw_machine *machine, const struct aw_options *options,
                               struct aw_result *result)
{
    struct aw_error error;
    int status = aw_explore(machine, options, result, &error);
    cr_assert_eq(status, 0);
}

#endif
