/* SPDX-License-Identifier: MIT */
/*
 * Termination: cycles that a fair scheduler leaves, and cycles that it does not.
 */
#include "explore_box.h"

#define SPIN "build/models/classics/spin.so"
#define POLITE "build/models/classics/polite_threads.so"

static enum aw_verdict explore(const char *program, const char *argument, unsigned plant,
                               unsigned rules, struct aw_result *result)
{
    char copy[64];
    char *argv[] = {"program", copy, NULL};
    struct aw_options options;
    snprintf(copy, sizeof copy, "%s", argument);
    struct aw_machine *machine = box_machine(program, argv);
    aw_options_default(&options);
    options.plant = plant;
    options.rules = rules;
    box_explore(machine, &options, result);
    aw_machine_destroy(machine);
    return result->verdict;
}

static bool assumes(const struct aw_result *result, const char *what)
{
    for (unsigned i = 0; i < result->assumption_count; i++)
        if (strstr(result->assumptions[i], what) != NULL)
            return true;
    return false;
}

static enum aw_verdict verdict(const char *program, const char *argument, unsigned plant)
{
    struct aw_result result;
    enum aw_verdict found = explore(program, argument, plant, AW_ALL_RULES, &result);
    aw_result_deinit(&result);
    return found;
}

/* The schedule goes round: behind its last choice the state is that before choice `loop`. */
static void check_lasso(const char *program, const char *argument, const struct aw_result *result)
{
    char copy[64];
    char *argv[] = {"program", copy, NULL};
    static struct aw_outcome outcomes[AW_MAX_OUTCOMES];
    struct aw_state state, next, first = {0};
    struct aw_step step;
    snprintf(copy, sizeof copy, "%s", argument);
    cr_assert(result->has_schedule);
    cr_assert_lt(result->schedule.loop, result->schedule.count);
    struct aw_machine *machine = box_machine(program, argv);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, result->exact_pipes);
    if (result->visible != NULL)
        cr_assert(aw_machine_set_visible(machine, result->visible));
    aw_machine_initial(machine, &state);
    uint64_t moved = 0, enabled = 0; /* in the cycle, by process index * 8 + thread */
    for (uint32_t i = 0; i < result->schedule.count; i++) {
        struct aw_choice choice = result->schedule.choices[i];
        const struct aw_layout *layout = aw_machine_layout(machine, &state);
        uint32_t process = UINT32_MAX, thread = UINT32_MAX;
        if (i == result->schedule.loop)
            first = state;
        for (uint32_t p = 0; p < layout->process_count; p++) {
            const struct aw_local *local =
                aw_machine_local(machine, state.words[AW_WORD_FIRST + p]);
            for (uint32_t t = 0; t < local->thread_count; t++) {
                if (i >= result->schedule.loop &&
                    aw_machine_outcomes(machine, &state, p, t, outcomes) > 0)
                    enabled |= (uint64_t)1 << (p * 8 + t);
                if (layout->processes[p].pid == choice.pid &&
                    aw_local_threads(local)[t].slot == choice.slot)
                    process = p, thread = t;
            }
        }
        cr_assert_neq(process, UINT32_MAX);
        if (i >= result->schedule.loop)
            moved |= (uint64_t)1 << (process * 8 + thread);
        cr_assert_gt(aw_machine_outcomes(machine, &state, process, thread, outcomes),
                     choice.outcome);
        aw_machine_step(machine, &state, process, thread, &outcomes[choice.outcome], &next, &step);
        state = next;
    }
    cr_expect_eq(state.count, first.count);
    cr_expect_arr_eq(state.words, first.words, state.count * sizeof *state.words);
    cr_expect_eq(enabled & ~moved, 0, "a thread that could move in the cycle does not");
    aw_machine_destroy(machine);
}

static void is_livelock(const char *program, const char *argument)
{
    struct aw_result result;
    for (int reduced = 0; reduced < 2; reduced++) {
        cr_expect_eq(explore(program, argument, 0, reduced ? AW_ALL_RULES : 0, &result),
                     AW_VIOLATED);
        cr_expect_eq(result.violated, AW_TERMINATES);
        check_lasso(program, argument, &result);
        aw_result_deinit(&result);
    }
}

Test(fairness, a_spin_that_only_an_unfair_scheduler_prolongs_terminates)
{
    struct aw_result result;
    cr_expect_eq(explore(SPIN, "once", 0, AW_ALL_RULES, &result), AW_PROVED);
    cr_expect(assumes(&result, "strong fairness"));
    cr_expect_not(assumes(&result, "starvation"));
    aw_result_deinit(&result);
}

Test(fairness, a_guest_that_blocks_may_starve_under_weak_fairness_only)
{
    struct aw_result result;
    cr_expect_eq(explore(SPIN, "blocking", 0, AW_ALL_RULES, &result), AW_PROVED);
    cr_expect(assumes(&result, "starvation"));
    aw_result_deinit(&result);
}

Test(fairness, a_guest_that_always_comes_at_the_wrong_time_is_a_livelock)
{
    is_livelock(SPIN, "trylock");
}

Test(fairness, polite_threads_are_a_livelock)
{
    is_livelock(POLITE, "wrong");
    cr_expect_eq(verdict(POLITE, "right", 0), AW_PROVED);
}

/* Two processes that hand a byte round for ever would need a loop without end, which random
 * programs do not have; but a process may spin on what never comes. */
Test(fairness, waiting_for_what_never_comes_is_a_livelock)
{
    is_livelock(RANDOM, "nnn:-----:0/L0T1J/l0");  /* the lock is never given back */
    is_livelock(RANDOM, "nnn:0----:0/F1e0/");     /* nobody posts */
    is_livelock(RANDOM, "nnn:-----:1/F1u0a/");    /* nobody writes, and an own write end is open */
    is_livelock(RANDOM, "nnn:0----:0/F1F1aa/e0"); /* twins, both */
}

Test(fairness, waiting_for_what_comes_terminates)
{
    cr_expect_eq(verdict(RANDOM, "nnn:-----:0/T1l0U0J/L0U0", 0), AW_PROVED);
    cr_expect_eq(verdict(RANDOM, "nnn:0----:0/F1e0a/V0", 0), AW_PROVED);
    cr_expect_eq(verdict(RANDOM, "nnn:-----:1/F1u0r01a/w01", 0), AW_PROVED);
    cr_expect_eq(verdict(RANDOM, "nnn:0----:0/F1F1V0V0aa/e0", 0), AW_PROVED);
}

Test(fairness, programs_without_cycles_terminate_without_assuming_fairness)
{
    struct aw_result result;
    cr_expect_eq(explore(RANDOM, "nnn:-----:0/F1ya/y", 0, AW_ALL_RULES, &result), AW_PROVED);
    cr_expect_not(assumes(&result, "fair"));
    aw_result_deinit(&result);
}

/* The tests above have teeth: an analysis that calls every cycle unfair proves what is a livelock.
 */
#define LOCK "build/models/memory/lock.so"

Test(fairness, a_weak_exchange_is_not_owed_that_it_fails_without_cause_for_ever)
{
    struct aw_result result;
    cr_assert_eq(explore("build/models/memory/stack.so", "counted", 0, AW_ALL_RULES, &result),
                 AW_PROVED);
    cr_assert(assumes(&result, "without cause"));
    aw_result_deinit(&result);
}

Test(fairness, an_exchange_that_fails_with_cause_for_ever_is_a_livelock)
{
    struct aw_result result;
    cr_assert_eq(explore(LOCK, "kept", 0, AW_ALL_RULES, &result), AW_VIOLATED);
    cr_assert_eq(result.violated, AW_TERMINATES);
    check_lasso(LOCK, "kept", &result);
    aw_result_deinit(&result);
}

Test(fairness, a_strong_exchange_assumes_nothing_about_causes)
{
    struct aw_result result;
    cr_assert_eq(explore("build/models/memory/deque.so", "right", 0, AW_ALL_RULES, &result),
                 AW_PROVED);
    cr_assert_not(assumes(&result, "without cause"));
    aw_result_deinit(&result);
}

Test(fairness, a_planted_bug_would_be_seen)
{
    cr_expect_eq(verdict(SPIN, "trylock", AW_PLANT_WEAK_FAIRNESS), AW_PROVED);
    cr_expect_eq(verdict(POLITE, "wrong", AW_PLANT_WEAK_FAIRNESS), AW_PROVED);
    cr_expect_eq(verdict(RANDOM, "nnn:0----:0/F1e0/", AW_PLANT_WEAK_FAIRNESS), AW_PROVED);
}
