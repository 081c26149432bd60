/* SPDX-License-Identifier: MIT */
/*
 * A limit is inconclusive and says which; never a pass. An exploration leaves nothing behind.
 */
#include "explore_box.h"

static struct aw_machine *article(const char *items, const char *workers)
{
    char i[8], w[8];
    char *argv[] = {"article",
                    "--items",
                    i,
                    "--workers",
                    w,
                    "--size",
                    "4",
                    "--protocol",
                    "sentinel-per-worker",
                    "--numbered",
                    "--runs",
                    "1",
                    NULL};
    snprintf(i, sizeof i, "%s", items);
    snprintf(w, sizeof w, "%s", workers);
    return box_machine(ARTICLE, argv);
}

static void ends_inconclusively(const struct aw_options *options, const char *message)
{
    struct aw_machine *machine = article("8", "4");
    struct aw_result result;
    box_explore(machine, options, &result);
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE, "%s", aw_verdict_name(result.verdict));
    cr_expect_not_null(strstr(result.message, message), "'%s' does not say '%s'", result.message,
                       message);
    for (int property = 0; property < AW_PROPERTY_COUNT; property++)
        if (options->properties & AW_PROPERTY_BIT(property))
            cr_expect_eq(result.properties[property], AW_UNDECIDED);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

Test(limits, of_states)
{
    struct aw_options options;
    aw_options_default(&options);
    options.limits.states = 2000;
    ends_inconclusively(&options, "limit of 2000 states");
}

Test(limits, of_memory)
{
    struct aw_options options;
    aw_options_default(&options);
    options.limits.memory_bytes = (uint64_t)1 << 20;
    ends_inconclusively(&options, "limit of 1 MiB of memory");
}

Test(limits, of_time)
{
    struct aw_options options;
    aw_options_default(&options);
    options.limits.seconds = 1e-6;
    ends_inconclusively(&options, "seconds was reached");
}

Test(limits, hold_on_the_walks_before_the_search_too)
{
    struct aw_machine *machine = article("8", "4");
    struct aw_options options;
    struct aw_result result;
    aw_options_default(&options);
    options.limits.seconds = 1e-6;
    box_explore(machine, &options, &result);
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE);
    cr_expect_leq(result.states, 1);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

static bool stop(void *context, const struct aw_progress *progress)
{
    (*(int *)context)++;
    cr_expect_str_eq(progress->phase, "searching");
    return false;
}

Test(limits, the_progress_callback_interrupts)
{
    struct aw_options options;
    struct aw_result result;
    int calls = 0;
    aw_options_default(&options);
    options.rules = 0;
    options.symmetry = false;
    options.progress = stop;
    options.context = &calls;
    struct aw_machine *machine = article("8", "4");
    box_explore(machine, &options, &result);
    cr_expect_eq(calls, 1);
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE);
    cr_expect_not_null(strstr(result.message, "interrupted"));
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

struct counts {
    uint64_t states, transitions, restarts;
    enum aw_verdict verdict;
};

static struct counts counts_of(struct aw_machine *machine, bool symmetry)
{
    struct aw_options options;
    struct aw_result result;
    aw_options_default(&options);
    options.symmetry = symmetry;
    box_explore(machine, &options, &result);
    struct counts counts = {result.states, result.transitions, result.restarts, result.verdict};
    aw_result_deinit(&result);
    return counts;
}

static void expect_equal(struct counts a, struct counts b)
{
    cr_expect_eq(a.states, b.states, "%" PRIu64 " and %" PRIu64 " states", a.states, b.states);
    cr_expect_eq(a.transitions, b.transitions);
    cr_expect_leq(b.restarts, a.restarts); /* what has become visible stays so */
    cr_expect_eq(a.verdict, b.verdict);
}

Test(limits, explorations_one_after_the_other_do_not_know_of_each_other)
{
    struct aw_machine *machine = article("3", "2");
    struct counts once = counts_of(machine, true);
    counts_of(machine, false);
    struct counts again = counts_of(machine, true);
    expect_equal(once, again);
    aw_machine_destroy(machine);
    machine = box_random("nnn:0----:1/f1f1w02V0AA/S0r01V0");
    counts_of(machine, true);
    aw_machine_destroy(machine);
    machine = article("3", "2");
    expect_equal(once, counts_of(machine, true));
    aw_machine_destroy(machine);
}

/* The search for the shortest counterexample of a buffer that overflows, with a limit of its own.
 */
static void minimise(uint64_t minimal_states, uint64_t states, struct aw_result *result)
{
    char *argv[] = {"bounded_buffer", "if", NULL};
    struct aw_machine *machine = box_machine("build/models/classics/bounded_buffer.so", argv);
    struct aw_options options;
    aw_options_default(&options);
    options.minimal_states = minimal_states;
    options.limits.states = states;
    box_explore(machine, &options, result);
    cr_expect_eq(result->verdict, AW_VIOLATED);
    cr_expect(result->has_schedule);
    cr_expect_not_null(strstr(result->message, "crash"), "'%s'", result->message);
    aw_machine_destroy(machine);
}

Test(limits, of_the_search_for_the_shortest_counterexample_leave_the_one_at_hand)
{
    struct aw_result shortest, cut, again;
    minimise(0, 0, &shortest);
    cr_expect(shortest.minimal);
    cr_expect_str_eq(shortest.not_minimal, "");
    minimise(200, 0, &cut);
    cr_expect_not(cut.minimal);
    cr_expect_str_eq(cut.not_minimal,
                     "a shorter one was looked for in 200 states (--minimal-states)");
    cr_expect_gt(cut.preemptions, shortest.preemptions);
    minimise(200, 0, &again); /* the same every time: it is no limit of time */
    cr_assert_eq(again.schedule.count, cut.schedule.count);
    cr_expect_arr_eq(again.schedule.choices, cut.schedule.choices,
                     cut.schedule.count * sizeof *cut.schedule.choices);
    aw_result_deinit(&shortest);
    aw_result_deinit(&cut);
    aw_result_deinit(&again);
}

Test(limits, that_are_given_hold_for_the_shortest_counterexample_as_well)
{
    struct aw_result first, cut;
    minimise(UINT64_MAX, 0, &first);
    cr_expect(first.minimal);
    minimise(UINT64_MAX, first.states + 1, &cut); /* enough to find one */
    cr_expect_not(cut.minimal);
    cr_expect_not_null(strstr(cut.not_minimal, "the limit of "), "'%s'", cut.not_minimal);
    aw_result_deinit(&first);
    aw_result_deinit(&cut);
}
