/* SPDX-License-Identifier: MIT */
/*
 * Wrong queues (models/mutants), one for each kind of fault. That each is caught, by the right
 * property, and not without faults, is what its scenario says; the scenarios are run here, and the
 * right queue under the same plan, which has to be proved: otherwise a scenario that refutes
 * everybody would pass for one that catches something.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "explore/explore.h"
#include "scenario/scenario.h"

static const char *runtime_path(void)
{
    const char *given = getenv("ALLWAYS_RUNTIME");
    return given != NULL ? given : "build/runtime.so";
}

static void explore(const struct aw_case *one, const char *program, struct aw_result *result)
{
    struct aw_machine *machine;
    struct aw_options options;
    struct aw_error error;
    cr_assert_eq(aw_machine_create(program, runtime_path(), one->argv, one->env, &one->machine,
                                   &machine, &error),
                 0, "%s", error.message);
    cr_assert_eq(aw_machine_set_faults(machine, &one->faults, &error), 0, "%s", error.message);
    aw_options_default(&options);
    options.properties = one->properties;
    options.favour = one->favour;
    options.favour_count = (unsigned)one->favour_count;
    cr_assert_eq(aw_explore(machine, &options, result, &error), 0, "%s", error.message);
    aw_machine_destroy(machine);
}

/* Nobody can do the work of a worker that was never started: the right program loses the items as
 * well, but says so. */
static bool is_lost_anyway(const struct aw_case *one)
{
    return strstr(one->name, "fork-unchecked") != NULL;
}

static unsigned mutants;

static void check(const struct aw_case *one)
{
    struct aw_result result;
    explore(one, one->program, &result);
    cr_expect_eq(result.verdict, one->expect.verdict, "%s: %s", one->name, result.message);
    if (one->expect.verdict == AW_VIOLATED) {
        mutants++;
        cr_expect_eq((int)result.violated, one->expect.property, "%s: %s", one->name,
                     result.message);
        cr_expect_gt(result.faults, 0, "%s: no fault is needed", one->name);
        cr_expect(result.minimal);
    } else {
        cr_expect_eq(one->faults.budget, 0);
    }
    aw_result_deinit(&result);

    explore(one, "build/models/article-faults.so", &result);
    if (is_lost_anyway(one) && one->faults.budget > 0)
        cr_expect_eq(result.violated, AW_NO_ERROR, "%s, not mutated: %s", one->name,
                     result.message);
    else
        cr_expect_eq(result.verdict, AW_PROVED, "%s, not mutated: %s", one->name, result.message);
    aw_result_deinit(&result);
}

Test(mutants, are_caught_by_the_right_property_and_only_with_their_fault)
{
    static const char *const folder[] = {"scenarios/faults/mutants"};
    struct aw_scenario_files files;
    struct aw_error error;
    cr_assert_eq(aw_scenario_find(folder, 1, &files, &error), 0, "%s", error.message);
    for (int i = 0; i < files.count; i++) {
        struct aw_scenario *scenario;
        cr_assert_eq(aw_scenario_load(files.paths[i], &scenario, &error), 0, "%s", error.message);
        for (int k = 0; k < scenario->count; k++)
            check(&scenario->cases[k]);
        aw_scenario_free(scenario);
    }
    aw_scenario_files_deinit(&files);
    glob_t patches;
    cr_assert_eq(glob("models/mutants/*.patch", 0, NULL, &patches), 0);
    cr_expect_eq(mutants, patches.gl_pathc, "each mutant has its scenario");
    globfree(&patches);
}
