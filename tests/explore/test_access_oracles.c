/* SPDX-License-Identifier: MIT */
/*
 * Random programs whose threads share memory: does the checker, which makes visible only what
 * breaks its discipline, tell what explorers tell that interleave every access, and the races that
 * a detector by vector clocks finds beside their executions?
 *
 * Each is explored with all rules, or without one of them or all, with and without symmetry, and
 * every other one without the random walks that hide bugs of the watches. The seeds are fixed;
 * `make soak SIZE=accesses` goes on from where these end.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compare_accesses.h"
#include "random_program.h"

#define RANDOM "build/models/random.so"

static void compare_many(uint64_t first, uint64_t count, const struct aw_random_sizes *sizes,
                         uint64_t steps)
{
    uint64_t whole = 0, racy = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        char text[AW_RANDOM_TEXT];
        char *argv[] = {"random", text, NULL};
        struct aw_access_comparison c;
        struct aw_options options;
        aw_compare_accesses_options(seed, &options);
        aw_random_shared(seed, sizes, text);
        aw_compare_accesses(RANDOM, argv, &options, 0, seed, steps, &c);
        cr_expect(c.agrees, "seed %" PRIu64 " (%s): %s\n  %s", seed, aw_random_shared_shape(seed),
                  text, c.what);
        whole += c.decided && (c.enumerated || c.searched);
        racy += c.races > 0;
    }
    /* The comparison has something to compare. */
    cr_expect_gt(whole, count * 9 / 10);
    cr_expect(racy > count / 5 && racy < count * 4 / 5, "%" PRIu64 " with races", racy);
}

Test(access_oracles, agree_on_few_accesses)
{
    compare_many(1, 750, &aw_random_few_accesses, 10000);
}

Test(access_oracles, agree_on_few_accesses_more)
{
    compare_many(1001, 750, &aw_random_few_accesses, 10000);
}

Test(access_oracles, agree_on_more_accesses)
{
    compare_many(100001, 150, &aw_random_accesses, 5000);
}

/* What the comparison has found. */
static void compare_text(const char *program, uint32_t outcomes)
{
    char text[AW_RANDOM_TEXT];
    char *argv[] = {"random", text, NULL};
    struct aw_access_comparison c;
    struct aw_options options;
    aw_options_default(&options);
    snprintf(text, sizeof text, "%s", program);
    aw_compare_accesses(RANDOM, argv, &options, 0, 1, 10000, &c);
    cr_expect(c.agrees, "%s: %s", text, c.what);
    cr_expect_eq(c.outcomes, outcomes, "%s: %u outcomes", text, c.outcomes);
}

/* Nobody else uses it, so that it breaks no discipline; it may fail all the same. */
Test(access_oracles, a_weak_compare_exchange_on_a_variable_of_one_thread_may_fail)
{
    compare_text("nnn:-----:0/T1J/}11", 2);
    compare_text("nnn:-----:0/}11", 2);
    compare_text("nnn:-----:0/T1L0}11U0J/L0<11U0", 3); /* read before or behind it */
}

/* Nobody else uses the pipe, but what is read goes where another thread looks. */
Test(access_oracles, what_a_read_fills_in_may_be_looked_at_before)
{
    compare_text("nnn:-----:1/T1w01\"01J/<01", 2);
}

/* Main unlocks what its thread has left locked, after the thread is gone and before. */
Test(access_oracles, a_mutex_that_another_thread_unlocks)
{
    compare_text("nnn:-----:0/T1L0%01U0J/v0L0[01", 3);
}

/* What calls read of a mapping and fill in there, in one process or two. */
Test(access_oracles, calls_may_be_given_memory_of_a_mapping)
{
    compare_text("nnn:-----:1/F1w02\"72a<72/>72", 2);
    compare_text("nnn:0----:1/F1w02\"72V0a/S0<72", 1);
    compare_text("nnn:-----:1/F1'72>72a/r02>72", 1);
    compare_text("nnn:-----:1/T1w02\"72J/<72", 2);
    compare_text("nnn:0----:0/F1j07<74a/V0", 2);
    compare_text("nnn:-----:1/F1@07<78a/w01", 2);
    compare_text("nnn:-----:1/F1@07a/w01<78", 5);
    compare_text("nnn:---0-:0/T1j30<01(%01)/%01", 2);
}

/* Two numbers are handed out in either order; a seed comes before, between or behind. Of the six
 * orders of two seeds and two numbers the two in which each gets the first of its own seed are one
 * outcome. */
Test(access_oracles, state_of_libc_is_interleaved)
{
    compare_text("nnn:-----:0/T1`1J/`1", 2);
    compare_text("nnn:-----:0/T1`2`1J/`3`1", 5);
    compare_text("nnn:-----:0/T1`2`1J/`1", 3);
    compare_text("nnn:-----:0/T1L0`1U0J/L0`1U0", 2);
    compare_text("nnn:-----:0/T1`4J/`4", 2);
    compare_text("nnn:-----:0/`4T1`5J/`5", 1);
    compare_text("nnn:-----:0/T1`6J/`7", 2);
    compare_text("nnn:-----:0/T1L0`6U0J/L0`7U0", 2);
    compare_text("nnn:-----:0/T1F2Ja/`1/`1", 2);
}

Test(access_oracles, shared_objects_order_accesses_to_a_mapping)
{
    compare_text("pnn:-----:0/F1L0P00U0<74a/>74L0+0G0U0", 1);
    compare_text("pnn:-----:0/F1I<74Ma/W>74M", 2);
    compare_text("pnn:-----:0/F1>74X<54a/>54X<74", 2);
    compare_text("pnn:-----:0/T1F2L0P00U0<74Ja/>54/>74L0+0B0U0", 1);
}

/* Whom it has killed does nothing afterwards. */
Test(access_oracles, a_kill_is_over_at_once)
{
    compare_text("nnn:-----:0/f1k>71/<71", 1);
}

/* ---- does the comparison have teeth? ---- */

/* A program of one line that shows a planted bug, and how many random programs find it in the first
 * hundreds. */
static void catches(unsigned plant, unsigned search_plant, const char *program)
{
    char text[AW_RANDOM_TEXT];
    char *argv[] = {"random", text, NULL};
    struct aw_access_comparison c;
    struct aw_options options;
    aw_options_default(&options);
    options.plant = search_plant;
    snprintf(text, sizeof text, "%s", program);
    aw_compare_accesses(RANDOM, argv, &options, 0, 1, 10000, &c);
    cr_expect(c.verdict == AW_VIOLATED || search_plant != 0, "%s is wrong", text);
    aw_compare_accesses(RANDOM, argv, &options, plant, 1, 10000, &c);
    cr_expect_eq(c.verdict, AW_PROVED, "%s: the planted bug proves it", text);
    cr_expect_not(c.agrees, "%s: the oracle tells", text);
    for (uint64_t seed = 1; seed < 300; seed++) {
        aw_random_shared(seed, &aw_random_few_accesses, text);
        aw_compare_accesses(RANDOM, argv, &options, plant, seed, 10000, &c);
        if (!c.agrees)
            return;
    }
    cr_expect_fail("no random program tells");
}

Test(access_oracles, catch_accesses_that_are_not_seen)
{
    catches(AW_PLANT_BLIND, 0, "nnn:-----:0/T1>04J/>04");
}

Test(access_oracles, catch_a_discipline_that_forgets_an_unlock)
{
    catches(AW_PLANT_KEPT_LOCK, 0, "nnn:-----:0/T1L0U0>04J/L0>04U0");
}

Test(access_oracles, catch_a_race_that_is_judged_by_writes_alone)
{
    catches(AW_PLANT_ONLY_WRITES, 0, "nnn:-----:0/T1>04J/<04");
}

Test(access_oracles, catch_a_discipline_that_believes_in_creation)
{
    catches(AW_PLANT_CREATION, 0, "nnn:-----:0/T1>04J/>04");
}

Test(access_oracles, catch_a_thread_that_forgets_what_it_has_touched)
{
    catches(AW_PLANT_BLIND_TRACKS, 0, "nnn:-----:0/T1>04J/>04");
}

Test(access_oracles, catch_a_step_that_is_used_again_whatever_it_read)
{
    char text[] = "nnn:-----:0/T1L0>04U0J/L0<04U0";
    char *argv[] = {"random", text, NULL};
    struct aw_access_comparison c;
    struct aw_options options;
    aw_options_default(&options);
    aw_compare_accesses(RANDOM, argv, &options, 0, 1, 10000, &c);
    cr_expect(c.agrees, "%s", c.what);
    cr_expect_eq(c.outcomes, 2, "%u", c.outcomes);
    aw_compare_accesses(RANDOM, argv, &options, AW_PLANT_FORGOTTEN_READS, 1, 10000, &c);
    cr_expect_not(c.agrees, "the steps tell");
    cr_expect_eq(c.outcomes, 1, "an outcome is lost, %u", c.outcomes);
}

/* Its lock left out: the orders of the two calls are not told apart. */
Test(access_oracles, catch_state_of_libc_that_is_not_seen)
{
    char text[AW_RANDOM_TEXT] = "nnn:-----:0/T1`1J/`1";
    char *argv[] = {"random", text, NULL};
    struct aw_access_comparison c;
    struct aw_options options;
    aw_options_default(&options);
    aw_compare_accesses(RANDOM, argv, &options, AW_PLANT_BLIND_LIBC, 1, 10000, &c);
    cr_expect_eq(c.verdict, AW_PROVED);
    cr_expect_not(c.agrees, "the oracle tells");
    cr_expect_eq(c.outcomes, 1, "an outcome is lost, %u", c.outcomes);
    for (uint64_t seed = 1; seed < 1000; seed++) {
        aw_random_shared(seed, &aw_random_few_accesses, text);
        if (strchr(text, '`') == NULL)
            continue;
        aw_compare_accesses(RANDOM, argv, &options, AW_PLANT_BLIND_LIBC, seed, 10000, &c);
        if (!c.agrees)
            return;
    }
    cr_expect_fail("no random program tells");
}

Test(access_oracles, catch_a_reduction_that_takes_accesses_early)
{
    catches(0, AW_PLANT_EARLY_ACCESS, "nnn:-----:0/T1y>04J/>04");
}
