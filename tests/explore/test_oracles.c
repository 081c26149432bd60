/* SPDX-License-Identifier: MIT */
/*
 * Random programs: does the reduced search tell what an oracle without any reduction tells?
 *
 * Each program is explored with all rules, with and without symmetry, and with some rules only, by
 * turns. Half of the explorations go without the random walks that precede a search: these find
 * most broken assumptions, and so hide a watch that would miss one. The seeds are fixed; `make
 * soak` goes on from where these end.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore_box.h"
#include "random_program.h"

static void compare(const char *text, uint64_t seed)
{
    struct aw_oracle oracle;
    struct aw_options options;
    if (box_oracle(text, &oracle)) {
        aw_options_default(&options);
        options.plant = seed % 2 ? AW_PLANT_NO_WALKS : 0;
        cr_expect(box_agrees(text, options, &oracle), "seed %" PRIu64 ": %s", seed, text);
        options.plant ^= AW_PLANT_NO_WALKS;
        options.symmetry = seed % 3 == 0;
        options.rules = seed % 5 == 0 ? AW_ALL_RULES : AW_ALL_RULES & ~(1u << seed % AW_RULE_COUNT);
        cr_expect(box_agrees(text, options, &oracle),
                  "seed %" PRIu64 ", rules %#x, symmetry %d: %s", seed, options.rules,
                  options.symmetry, text);
    }
    aw_oracle_deinit(&oracle);
}

static void compare_many(uint64_t first, uint64_t count, const struct aw_random_sizes *sizes)
{
    for (uint64_t seed = first; seed < first + count; seed++) {
        char text[AW_RANDOM_TEXT];
        aw_random_program(seed, sizes, text);
        compare(text, seed);
    }
}

Test(oracles, agree_on_tiny_programs)
{
    compare_many(1, 2500, &aw_random_tiny);
}

Test(oracles, agree_on_small_programs)
{
    compare_many(100001, 700, &aw_random_small);
}

Test(oracles, agree_when_pipes_are_small)
{
    aw_machine_settings_default(&box_settings);
    box_settings.pipe_page_size = 2;
    box_settings.pipe_slots = 2;
    compare_many(200001, 500, &aw_random_tiny);
}

Test(oracles, agree_when_writes_are_cut_short)
{
    aw_machine_settings_default(&box_settings);
    box_settings.partial_writes = 1;
    compare_many(300001, 400, &aw_random_tiny);
}

/* The oracles have teeth. */
static bool is_caught(unsigned plant)
{
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_oracle oracle;
        struct aw_options options;
        aw_random_program(seed, &aw_random_small, text);
        aw_options_default(&options);
        options.plant = plant | AW_PLANT_NO_WALKS;
        bool caught = box_oracle(text, &oracle) && !box_agrees(text, options, &oracle);
        aw_oracle_deinit(&oracle);
        if (caught)
            return true;
    }
    return false;
}

Test(oracles, catch_a_reduction_without_proviso)
{
    cr_expect(is_caught(AW_PLANT_NO_PROVISO));
}

Test(oracles, catch_a_watch_that_overlooks_tests)
{
    cr_expect(is_caught(AW_PLANT_UNSEEN_TEST));
}

Test(oracles, catch_states_told_apart_by_a_hash)
{
    /* States that are taken for others lead to impossible ones: a check of our own may tell, too. */
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(is_caught(AW_PLANT_HASH) ? 0 : 1);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
              (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}
