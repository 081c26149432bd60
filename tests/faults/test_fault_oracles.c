/* SPDX-License-Identifier: MIT */
/*
 * Random programs under random plans of faults: does the reduced search tell what an oracle without
 * any reduction tells? As tests/explore/test_oracles.c.
 *
 * A fault is an operation on the budget, which everybody shares; a crash is one on everything that
 * its process could still do. Every rule of the reduction has to know both. The first tests have
 * one group of faults each, so that a failure says what was forgotten; the last ones mix them, with
 * roles, sites, occurrences and budgets.
 */
#include "../explore/explore_box.h"
#include "compare_accesses.h"
#include "random_plan.h"
#include "random_program.h"

TestSuite(fault_oracles, .timeout = 240);

static unsigned compared;

static void compare(const char *text, uint64_t seed, const struct aw_fault_plan *plan)
{
    struct aw_oracle oracle;
    struct aw_options options;
    char planned[1024];
    box_plan = plan;
    aw_plan_text(plan, planned, sizeof planned);
    if (box_oracle(text, &oracle)) {
        compared++;
        aw_options_default(&options);
        options.plant = seed % 2 ? AW_PLANT_NO_WALKS : 0;
        cr_expect(box_agrees(text, options, &oracle), "seed %" PRIu64 ": %s, %s", seed, text,
                  planned);
        options.plant ^= AW_PLANT_NO_WALKS;
        options.symmetry = seed % 3 == 0;
        options.rules = AW_ALL_RULES & ~(1u << seed % AW_RULE_COUNT);
        cr_expect(box_agrees(text, options, &oracle),
                  "seed %" PRIu64 ", rules %#x, symmetry %d: %s, %s", seed, options.rules,
                  options.symmetry, text, planned);
    }
    aw_oracle_deinit(&oracle);
}

static void compare_group(enum aw_plan_group group, unsigned count)
{
    uint64_t first = 10000 * (uint64_t)group + 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_fault_plan plan;
        aw_plan_of_group(group, 1 + seed % 2, &plan);
        aw_random_program(seed, &aw_random_tiny, text);
        compare(text, seed, &plan);
    }
    cr_expect_gt(compared, count / 2, "%u of %u", compared, count);
}

Test(fault_oracles, agree_on_partial_transfers)
{
    compare_group(AW_PLAN_PARTIAL, 500);
}

Test(fault_oracles, agree_on_failed_transfers)
{
    compare_group(AW_PLAN_TRANSFERS, 400);
}

Test(fault_oracles, agree_on_interrupted_waits)
{
    compare_group(AW_PLAN_INTERRUPTED, 500);
}

Test(fault_oracles, agree_on_failed_calls)
{
    compare_group(AW_PLAN_CALLS, 400);
}

Test(fault_oracles, agree_on_crashes)
{
    compare_group(AW_PLAN_CRASH, 300);
}

Test(fault_oracles, agree_on_sigterm)
{
    compare_group(AW_PLAN_SIGTERM, 200);
}

Test(fault_oracles, agree_on_spurious_wakeups)
{
    compare_group(AW_PLAN_SPURIOUS, 400);
}

Test(fault_oracles, agree_on_points_in_the_code)
{
    compare_group(AW_PLAN_CODE, 300);
}

static bool is_among(const struct aw_outcomes *outcomes, const char *line)
{
    for (uint32_t i = 0; i < outcomes->count; i++)
        if (strcmp(outcomes->lines[i], line) == 0)
            return true;
    return false;
}

/* By the clock, any two operations a millisecond, or an hour, late: whatever comes of it comes
 * about in arbitrary time without a fault, where a delay is somebody else going first. */
static void expect_delays_to_be_covered(uint64_t seed, unsigned *late)
{
    static const int64_t delays_ns[] = {1000000, INT64_C(3600) * 1000000000};
    char text[AW_RANDOM_TEXT];
    struct aw_oracle by_the_clock, delayed, arbitrary;
    struct aw_fault_plan plan = {.count = 1, .budget = 2};
    plan.faults[0] =
        (struct aw_fault){.kind = AW_FAULT_DELAY, .budget = 2, .delay_ns = delays_ns[seed % 2]};
    strcpy(plan.faults[0].point, "allways/delay");
    aw_random_program(seed, &aw_random_tiny, text);
    aw_machine_settings_default(&box_settings);
    box_plan = NULL;
    bool complete = box_oracle(text, &arbitrary);
    box_settings.time = AW_TIME_VIRTUAL;
    complete &= box_oracle(text, &by_the_clock);
    box_plan = &plan;
    complete &= box_oracle(text, &delayed);
    if (complete) {
        compared++;
        *late += delayed.outcomes.count > by_the_clock.outcomes.count;
        for (uint32_t i = 0; i < delayed.outcomes.count; i++)
            cr_expect(is_among(&arbitrary.outcomes, delayed.outcomes.lines[i]),
                      "seed %" PRIu64 ", %s: %s", seed, text, delayed.outcomes.lines[i]);
        cr_expect_eq(delayed.violated & ~arbitrary.violated, 0, "%s", text);
    }
    aw_oracle_deinit(&by_the_clock);
    aw_oracle_deinit(&delayed);
    aw_oracle_deinit(&arbitrary);
}

Test(fault_oracles, arbitrary_time_covers_delays_of_any_length)
{
    unsigned late = 0;
    for (uint64_t seed = 130001; seed <= 131300; seed++)
        expect_delays_to_be_covered(seed, &late);
    cr_expect_gt(compared, 300);
    cr_expect_gt(late, 5, "delays make a difference by the clock: %u", late);
}

static void compare_mixed(uint64_t first, unsigned count, const struct aw_random_sizes *sizes)
{
    for (uint64_t seed = first; seed < first + count; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_fault_plan plan;
        aw_plan_random(seed, &plan);
        aw_random_program(seed, sizes, text);
        compare(text, seed, &plan);
    }
    cr_expect_gt(compared, count / 2, "%u of %u", compared, count);
}

/* Taking a counted occurrence early decides whom a fault strikes. */
Test(fault_oracles, tell_when_counted_occurrences_are_taken_alone)
{
    for (uint64_t seed = 100001; seed <= 103000; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_fault_plan plan;
        struct aw_oracle oracle;
        struct aw_options options;
        aw_plan_random(seed, &plan);
        aw_random_program(seed, &aw_random_tiny, text);
        box_plan = &plan;
        aw_options_default(&options);
        options.plant = AW_PLANT_COUNTED | AW_PLANT_NO_WALKS;
        bool caught = box_oracle(text, &oracle) && !box_agrees(text, options, &oracle);
        aw_oracle_deinit(&oracle);
        if (caught)
            return;
    }
    cr_assert_fail("the planted bug was not found");
}

Test(fault_oracles, agree_on_mixed_plans)
{
    compare_mixed(100001, 700, &aw_random_tiny);
}

Test(fault_oracles, agree_on_mixed_plans_in_larger_programs)
{
    compare_mixed(110001, 150, &aw_random_small);
}

/* A crash between two accesses to memory that no one else looks at is one before the next
 * operation; a lock that was not taken, because the wait for it was interrupted, guards nothing. */
Test(fault_oracles, agree_where_threads_share_memory)
{
    static const enum aw_plan_group groups[] = {AW_PLAN_CRASH, AW_PLAN_CODE,    AW_PLAN_INTERRUPTED,
                                                AW_PLAN_CALLS, AW_PLAN_SIGTERM, AW_PLAN_SPURIOUS};
    unsigned whole = 0, racy = 0;
    for (uint64_t seed = 140001; seed <= 140100; seed++) {
        char text[AW_RANDOM_TEXT], planned[1024];
        char *argv[] = {"random", text, NULL};
        struct aw_fault_plan plan;
        struct aw_options options;
        struct aw_access_comparison c;
        aw_plan_of_group(groups[seed % (sizeof groups / sizeof *groups)], 1 + seed % 2, &plan);
        aw_compare_accesses_options(seed, &options);
        aw_random_shared(seed, &aw_random_few_accesses, text);
        aw_compare_accesses_faulty(RANDOM, argv, &plan, &options, 0, seed, 3000, &c);
        cr_expect(c.agrees, "seed %" PRIu64 ": %s\n  %s\n  %s", seed, text,
                  aw_plan_text(&plan, planned, sizeof planned), c.what);
        whole += c.decided && (c.enumerated || c.searched);
        racy += c.races > 0;
    }
    cr_expect_gt(whole, 50, "%u", whole);
    cr_expect(racy > 10 && racy < 90, "%u with races", racy);
}

Test(fault_oracles, agree_when_pipes_are_small)
{
    aw_machine_settings_default(&box_settings);
    box_settings.pipe_page_size = 2;
    box_settings.pipe_slots = 2;
    compare_mixed(120001, 300, &aw_random_tiny);
}
