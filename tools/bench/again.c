/* SPDX-License-Identifier: MIT */
/*
 * again.c - how fast the whole graph of a program is searched, first and with its steps learned.
 *
 * usage: again RUNTIME TIMES PROPERTIES PROGRAM [ARGUMENT]...
 *
 * Explores without symmetry and reduction: once, and then TIMES times in the same machine, which has
 * learned every step. Prints one line: transitions, states, executions of program code and
 * nanoseconds of the first exploration, and the median of the nanoseconds of the others, in which no
 * program code runs but what is executed again as a control. Loading the program is not in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore/explore.h"

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t explore(struct aw_machine *machine, unsigned properties, struct aw_result *result)
{
    struct aw_options options;
    struct aw_error error;
    aw_options_default(&options);
    options.properties = properties;
    options.minimal = false;
    options.symmetry = false;
    options.rules = 0;
    uint64_t start = now();
    if (aw_explore(machine, &options, result, &error) != 0) {
        fprintf(stderr, "again: %s\n", error.message);
        exit(2);
    }
    uint64_t end = now();
    if (result->verdict != AW_PROVED) {
        fprintf(stderr, "again: %s\n", aw_verdict_name(result->verdict));
        exit(2);
    }
    return end - start;
}

static int compare(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

int main(int argc, char **argv)
{
    static char *no_environment[] = {NULL};
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_result first, later;
    struct aw_error error;
    unsigned times = argc < 5 ? 0 : (unsigned)strtoul(argv[2], NULL, 10);
    if (times == 0) {
        fprintf(stderr, "usage: again RUNTIME TIMES PROPERTIES PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    unsigned properties = (unsigned)strtoul(argv[3], NULL, 0);
    aw_machine_settings_default(&settings);
    if (aw_machine_create(argv[4], argv[1], argv + 4, no_environment, &settings, &machine,
                          &error) != 0) {
        fprintf(stderr, "again: %s\n", error.message);
        return 2;
    }
    uint64_t first_ns = explore(machine, properties, &first);
    uint64_t *all = calloc(times, sizeof *all);
    for (unsigned i = 0; i < times; i++) {
        all[i] = explore(machine, properties, &later);
        if (later.states != first.states || later.transitions != first.transitions) {
            fprintf(stderr, "again: another graph\n");
            return 2;
        }
        aw_result_deinit(&later);
    }
    qsort(all, times, sizeof *all, compare);
    printf("%llu %llu %llu %llu %llu\n", (unsigned long long)first.transitions,
           (unsigned long long)first.states, (unsigned long long)first.code_runs,
           (unsigned long long)first_ns, (unsigned long long)all[times / 2]);
    aw_result_deinit(&first);
    aw_machine_destroy(machine);
    free(all);
    return 0;
}
