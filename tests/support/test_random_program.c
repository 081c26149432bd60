/* SPDX-License-Identifier: MIT */
/* The generator of random programs and the shrinker: the tests of the tests' own tools. */
#include "random_program.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PROGRAMS = 5000 };

static bool fits(const char *text, const struct aw_random_sizes *sizes)
{
    struct aw_random_sizes measured;
    aw_random_measure(text, &measured);
    return measured.operations <= sizes->operations && measured.processes <= sizes->processes &&
           measured.threads <= sizes->threads;
}

Test(random_program, a_seed_gives_the_same_program_for_ever)
{
    char text[AW_RANDOM_TEXT];
    aw_random_program(1, &aw_random_small, text);
    cr_expect_str_eq(text, "nnn:0----:1/F1S0r03a/F2V0/JU1w03o0w");
    aw_random_program(2, &aw_random_small, text);
    cr_expect_str_eq(text, "nnn:1----:1/f1w01c0wAAw02/Y0(r01)");
    cr_expect_str_eq(aw_random_shape(1), "grandchildren");
}

Test(random_program, sizes_are_kept)
{
    char text[AW_RANDOM_TEXT];
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        aw_random_program(seed, &aw_random_tiny, text);
        cr_assert(fits(text, &aw_random_tiny), "seed %lu: %s", seed, text);
        aw_random_program(seed, &aw_random_small, text);
        cr_assert(fits(text, &aw_random_small), "seed %lu: %s", seed, text);
    }
}

Test(random_program, nearly_all_programs_differ_and_have_company)
{
    static char texts[PROGRAMS][AW_RANDOM_TEXT];
    int alone = 0, again = 0;
    for (int i = 0; i < PROGRAMS; i++) {
        struct aw_random_sizes measured;
        aw_random_program((uint64_t)i, &aw_random_small, texts[i]);
        aw_random_measure(texts[i], &measured);
        alone += measured.processes == 1 && measured.threads == 1;
        for (int j = i - 1; j >= 0 && j >= i - 100; j--)
            again += strcmp(texts[i], texts[j]) == 0;
    }
    cr_expect_lt(alone, PROGRAMS / 100);
    cr_expect_lt(again, PROGRAMS / 100);
}

Test(random_program, measuring_multiplies_loops_and_counts_what_is_started)
{
    struct aw_random_sizes measured;
    aw_random_measure("nnn:1----:1/*2(F1)w01aa/S0T2V0J/y", &measured);
    /* Root: 2 forks with an exit each, write, 2 waits, exit. Child: wait, post, join, a thread
     * with its creation, start, yield and end. */
    cr_expect_eq(measured.operations, 2 * 2 + 1 + 2 + 1 + 2 * (3 + 3 + 1));
    cr_expect_eq(measured.processes, 3);
    cr_expect_eq(measured.threads, 2);
}

/* Fails as long as the program forks somebody who writes, and two waits are there. */
static bool forks_a_writer(void *context, const char *text)
{
    const char *body = strchr(text + 12, '/'), *wait = strchr(text, 'a');
    ++*(int *)context;
    return strstr(text, "F1") != NULL && body != NULL && strchr(body, 'w') != NULL &&
           wait != NULL && strchr(wait + 1, 'a') != NULL;
}

Test(random_program, shrinking_leaves_what_is_needed)
{
    char text[AW_RANDOM_TEXT] = "ren:01--2:2/L0U0*2(T2F1?(y))V0aa/S0o0r(w05z)r13/+0=0";
    int calls = 0;
    int steps = aw_random_shrink(text, forks_a_writer, &calls);
    cr_expect_str_eq(text, "nnn:-----:0/F1aa/w01");
    cr_expect_gt(steps, 10);
    cr_expect_gt(calls, steps);
}

static bool always(void *context, const char *text)
{
    (void)context;
    (void)text;
    return true;
}

Test(random_program, shrinking_ends_at_the_empty_program)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        char text[AW_RANDOM_TEXT];
        aw_random_program(seed, &aw_random_small, text);
        aw_random_shrink(text, always, NULL);
        cr_assert_str_eq(text, "nnn:-----:0/", "seed %lu", seed);
    }
}
