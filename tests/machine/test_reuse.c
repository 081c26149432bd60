/* SPDX-License-Identifier: MIT */
/*
 * test_reuse.c - steps that are put together from what was learned in other states of a process: they are
 * what executing them gives, and there are many.
 */
#include "machine_box.h"

static struct aw_result search(const char *name, bool reuse)
{
    struct aw_options options;
    aw_options_default(&options);
    options.whole_graph = true;
    options.symmetry = false;
    options.rules = 0;
    options.reuse = reuse;
    return box_search("reuse", name, options);
}

/* With and without it the graph is the same; so many in a hundred steps are executed, at most. */
static void saves(const char *name, unsigned percent)
{
    struct aw_result with = search(name, true), without = search(name, false);
    cr_expect_eq(with.states, without.states, "%s", name);
    cr_expect_eq(with.transitions, without.transitions, "%s", name);
    cr_expect_eq(with.verdict, without.verdict, "%s", name);
    cr_expect(with.code_runs * 100 <= without.code_runs * percent, "%s: %llu of %llu", name,
              (unsigned long long)with.code_runs, (unsigned long long)without.code_runs);
    aw_result_deinit(&with);
    aw_result_deinit(&without);
}

Test(reuse, atomic_operations)
{
    saves("atomics", 50);
    cr_expect_str_eq(box_all("reuse", "atomics"), "exit 9");
}

Test(reuse, what_was_read_decides)
{
    saves("values", 55);
    cr_expect_str_eq(box_all("reuse", "values"), "exit 2; exit 3; exit 4");
}

Test(reuse, blocks_that_come_and_go)
{
    saves("blocks", 50);
    cr_expect_str_eq(box_all("reuse", "blocks"), "exit 3");
}

/* The pointer and its bytes are the same; the block is not. */
Test(reuse, an_access_is_judged_by_the_block_that_is_there)
{
    search("others", true);
    cr_expect_str_eq(box_all("reuse", "others"),
                     "exit 1; memory: out of bounds: read of 1 byte; signal 6");
}

Test(reuse, semaphores)
{
    saves("semaphores", 45);
    cr_expect_str_eq(box_all("reuse", "semaphores"), "exit 6");
}

Test(reuse, what_is_printed)
{
    saves("prints_all", 55);
    cr_expect_str_eq(box_all("reuse", "prints_all"), "exit 0");
}

Test(reuse, where_it_is_printed)
{
    search("closes", true);
    cr_expect_str_eq(
        box_all("reuse", "closes"),
        "stop: close of descriptor 1, the console, where other threads may print, is not "
        "modelled in closes");
}

/* Its accesses are not told: it may read anything. */
Test(reuse, nothing_without_instrumentation)
{
    struct aw_result result[2];
    char program[] = "build/models/article-plain.so";
    if (access(program, R_OK) != 0)
        cr_skip("no such program");
    for (int reuse = 0; reuse < 2; reuse++) {
        struct aw_machine_settings settings;
        struct aw_machine *machine;
        struct aw_options options;
        struct aw_error error;
        char *argv[] = {program, "--items", "2", "--workers", "2", "--size", "4", NULL};
        static char *const none[] = {NULL};
        aw_machine_settings_default(&settings);
        aw_options_default(&options);
        options.reuse = reuse;
        cr_assert_eq(
            aw_machine_create(program, box_runtime(), argv, none, &settings, &machine, &error), 0,
            "%s", error.message);
        cr_assert_eq(aw_explore(machine, &options, &result[reuse], &error), 0, "%s", error.message);
        aw_machine_destroy(machine);
    }
    cr_expect_eq(result[0].code_runs, result[1].code_runs);
    aw_result_deinit(&result[0]);
    aw_result_deinit(&result[1]);
}
