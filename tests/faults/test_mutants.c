/* SPDX-License-Identifier: MIT */
/*
 * Wrong queues (models/mutants), one for each kind of fault. Each has a scenario with two cases:
 * the right queue, and the wrong one under the same plan. That the wrong one is caught, by the
 * right property, is what the scenario says; here it is also shown that it takes the fault.
 */
#include <criterion/criterion.h>
#include <errno.h>
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

static void explore(const struct aw_case *one, uint32_t budget, struct aw_result *result)
{
    struct aw_machine *machine;
    struct aw_options options;
    struct aw_error error;
    struct aw_fault_plan plan = one->faults;
    plan.budget = budget;
    cr_assert_eq(aw_machine_create(one->program, runtime_path(), one->argv, one->env, &one->machine,
                                   &machine, &error),
                 0, "%s", error.message);
    cr_assert_eq(aw_machine_set_faults(machine, &plan, &error), 0, "%s", error.message);
    aw_options_default(&options);
    options.properties = one->properties;
    options.favour = one->favour;
    options.favour_count = (unsigned)one->favour_count;
    cr_assert_eq(aw_explore(machine, &options, result, &error), 0, "%s", error.message);
    aw_machine_destroy(machine);
}

/* The kinds and errnos by which a wrong queue was caught. */
static unsigned mutants, kinds;
static bool errnos[200];

static void caught_by(const struct aw_fault *fault)
{
    kinds |= 1u << fault->kind;
    for (uint32_t i = 0; fault->kind == AW_FAULT_ERRNO && i < fault->value_count; i++)
        errnos[fault->values[i]] = true;
}

static void check_mutant(const struct aw_case *one)
{
    struct aw_result result;
    explore(one, one->faults.budget, &result);
    cr_expect_eq(result.verdict, AW_VIOLATED, "%s: %s", one->name, result.message);
    cr_expect_eq((int)result.violated, one->expect.property, "%s: %s", one->name, result.message);
    cr_expect_gt(result.faults, 0, "%s: no fault is needed", one->name);
    cr_expect(result.minimal || result.violated == AW_TERMINATES, "%s", one->name);
    aw_result_deinit(&result);
    explore(one, 0, &result);
    cr_expect_eq(result.verdict, AW_PROVED, "%s, without a fault: %s", one->name, result.message);
    aw_result_deinit(&result);
    cr_assert_eq(one->faults.count, 1);
    caught_by(&one->faults.faults[0]);
    mutants++;
}

/* What the right queue may come to: it is right, it says what it lost, or the fault cannot be. */
static void check_right(const struct aw_case *one)
{
    struct aw_result result;
    explore(one, one->faults.budget, &result);
    cr_expect_eq(result.verdict, one->expect.verdict, "%s: %s", one->name, result.message);
    if (result.verdict == AW_VIOLATED)
        cr_expect_eq(result.violated, AW_NO_ERROR, "%s: %s", one->name, result.message);
    aw_result_deinit(&result);
}

static void check(const struct aw_scenario *scenario)
{
    cr_assert_eq(scenario->count, 2, "%s", scenario->cases[0].name);
    cr_expect_str_eq(scenario->cases[0].program, "build/models/mutants/right.so");
    check_right(&scenario->cases[0]);
    check_mutant(&scenario->cases[1]);
}

Test(mutants, are_caught_by_the_right_property_and_only_with_their_fault)
{
    static const char *const folder[] = {"scenarios/faults/mutants"};
    static const int every_errno[] = {EINTR, EAGAIN, ENOMEM, EPIPE, ENOSPC};
    struct aw_scenario_files files;
    struct aw_error error;
    cr_assert_eq(aw_scenario_find(folder, 1, &files, &error), 0, "%s", error.message);
    for (int i = 0; i < files.count; i++) {
        struct aw_scenario *scenario;
        cr_assert_eq(aw_scenario_load(files.paths[i], &scenario, &error), 0, "%s", error.message);
        check(scenario);
        aw_scenario_free(scenario);
    }
    aw_scenario_files_deinit(&files);
    cr_expect_eq(kinds, (1u << AW_FAULT_KIND_COUNT) - 1, "a mutant for each kind: %#x", kinds);
    for (size_t i = 0; i < sizeof every_errno / sizeof *every_errno; i++)
        cr_expect(errnos[every_errno[i]], "no mutant for %s", aw_fault_errno_name(every_errno[i]));
    glob_t patches;
    cr_assert_eq(glob("models/mutants/*.patch", 0, NULL, &patches), 0);
    cr_expect_eq(mutants, patches.gl_pathc, "each mutant has its scenario");
    globfree(&patches);
}
