/* SPDX-License-Identifier: MIT */
/*
 * soak.c - compares the explorer with the oracles on random programs: soak [FIRST [COUNT
 * [tiny|small|few-accesses|accesses [PLANT [random]]]]]. With "random", each under a random plan of
 * faults. With accesses, the threads of the programs share memory, and the oracles interleave every
 * access. Prints each program on which they differ, made as small as it still differs; exit status
 * 1 then.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "compare_accesses.h"
#include "random_plan.h"
#include "random_program.h"

static struct aw_fault_plan plan; /* no faults: none */
static unsigned plant;            /* enum aw_plant: does the comparison have teeth? */

static bool differs(void *context, const char *text)
{
    char copy[AW_RANDOM_TEXT];
    char *argv[] = {"random", copy, NULL};
    struct aw_comparison comparison;
    (void)context;
    snprintf(copy, sizeof copy, "%s", text);
    aw_compare("build/models/random.so", argv, plan.count > 0 ? &plan : NULL, plant, AW_ALL_RULES,
               false, 200000, &comparison);
    return !comparison.agrees;
}

static uint64_t seed_at_hand;

static void compare_accesses(const char *text, struct aw_access_comparison *comparison)
{
    char copy[AW_RANDOM_TEXT];
    char *argv[] = {"random", copy, NULL};
    struct aw_options options;
    aw_compare_accesses_options(seed_at_hand, &options);
    options.plant |= plant;
    snprintf(copy, sizeof copy, "%s", text);
    aw_compare_accesses_faulty("build/models/random.so", argv, plan.count > 0 ? &plan : NULL,
                               &options, 0, seed_at_hand, 20000, comparison);
}

static bool accesses_differ(void *context, const char *text)
{
    struct aw_access_comparison comparison;
    (void)context;
    compare_accesses(text, &comparison);
    return !comparison.agrees;
}

/* Kinds of faults that do not count occurrences of accesses. */
static void plan_for_accesses(uint64_t seed)
{
    static const enum aw_plan_group groups[] = {AW_PLAN_CRASH, AW_PLAN_CODE,    AW_PLAN_INTERRUPTED,
                                                AW_PLAN_CALLS, AW_PLAN_SIGTERM, AW_PLAN_SPURIOUS};
    aw_plan_of_group(groups[seed % (sizeof groups / sizeof *groups)], 1 + seed % 2, &plan);
}

static int soak_accesses(uint64_t first, uint64_t count, const struct aw_random_sizes *sizes,
                         bool plans)
{
    uint64_t failed = 0, enumerated = 0, searched = 0, executions = 0, states = 0, racy = 0;
    for (uint64_t seed = first; seed < first + count && failed < 20; seed++) {
        char text[AW_RANDOM_TEXT];
        struct aw_access_comparison comparison;
        seed_at_hand = seed;
        if (plans)
            plan_for_accesses(seed);
        aw_random_shared(seed, sizes, text);
        compare_accesses(text, &comparison);
        enumerated += comparison.enumerated;
        searched += comparison.searched;
        executions += comparison.executions;
        states += comparison.states;
        racy += comparison.races > 0;
        if (!comparison.agrees) {
            failed++;
            printf("seed %" PRIu64 " (%s): %s\n  program: %s\n", seed, aw_random_shared_shape(seed),
                   comparison.what, text);
            if (aw_random_shrink(text, accesses_differ, NULL))
                printf("  smaller: %s\n", text);
            fflush(stdout);
        }
    }
    printf("%" PRIu64 " programs, %" PRIu64 " with races; every access: %" PRIu64
           " enumerated (%" PRIu64 " executions), %" PRIu64 " searched (%" PRIu64
           " states); %" PRIu64 " differ\n",
           count, racy, enumerated, executions, searched, states, failed);
    return failed > 0;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
    plant = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
    bool small = argc > 3 && strcmp(argv[3], "small") == 0;
    bool plans = argc > 5 && strcmp(argv[5], "random") == 0;
    if (argc > 3 && strstr(argv[3], "accesses") != NULL)
        return soak_accesses(
            first, count, argv[3][0] == 'f' ? &aw_random_few_accesses : &aw_random_accesses, plans);
    uint64_t failed = 0, compared = 0, states = 0, all_states = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        char text[AW_RANDOM_TEXT];
        char *args[] = {"random", text, NULL};
        struct aw_comparison comparison;
        if (plans)
            aw_plan_random(seed, &plan);
        aw_random_program(seed, small ? &aw_random_small : &aw_random_tiny, text);
        aw_compare("build/models/random.so", args, plan.count > 0 ? &plan : NULL, plant,
                   AW_ALL_RULES, !small, 200000, &comparison);
        compared += comparison.compared;
        states += comparison.states;
        all_states += comparison.all_states;
        if (!comparison.agrees) {
            failed++;
            printf("seed %" PRIu64 " (%s): %s\n  program: %s\n", seed, aw_random_shape(seed),
                   comparison.what, text);
            if (plans) {
                char planned[1024];
                printf("  plan: %s\n", aw_plan_text(&plan, planned, sizeof planned));
            }
            if (aw_random_shrink(text, differs, NULL))
                printf("  smaller: %s\n", text);
            fflush(stdout);
            if (failed > 20)
                break;
        }
    }
    printf("%" PRIu64 " programs, %" PRIu64 " compared, %" PRIu64 " differ; %" PRIu64
           " states instead of %" PRIu64 "\n",
           count, compared, failed, states, all_states);
    return failed > 0;
}
