/* SPDX-License-Identifier: MIT */
/*
 * edges.c - what an execution of program code costs.
 *
 * usage: edges RUNTIME reduced|full PROPERTIES PROGRAM [ARGUMENT]...
 *
 * Explores (`full`: without symmetry and reduction) and prints one line: nanoseconds spent on first
 * executions of program code, and their number; nanoseconds and number of the re-executions of
 * every learned step. PROPERTIES is a number of AW_PROPERTY_BIT()s.
 *
 * First executions are timed from outside: the linker sends the explorer's calls of the functions
 * that learn through the ones below (--wrap), and the time of a call counts when code ran in it. So
 * it is all that a first execution takes: putting the process in place, running, interning what
 * came out, remembering the edge, and touching memory for the first time. The clock itself, read
 * twice, is in it as well.
 *
 * Re-executions do the same work without room to be made for what is new: what is left of the cost
 * once the machine has warmed up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "explore/explore.h"

/* What the linker wraps: the functions by which the explorer learns. */
#define LEARNERS(X)                                                                                \
    X(uint32_t, aw_edge_get,                                                                       \
      (struct aw_machine * machine, uint32_t local, unsigned thread, uint32_t answer),             \
      (machine, local, thread, answer))                                                            \
    X(uint32_t, aw_machine_next_local,                                                             \
      (struct aw_machine * machine, uint32_t local, unsigned thread, uint32_t answer),             \
      (machine, local, thread, answer))                                                            \
    X(bool, aw_machine_poll_is_idle,                                                               \
      (struct aw_machine * machine, uint32_t local, unsigned thread), (machine, local, thread))

static uint64_t first_ns, first_count;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t executions(const struct aw_machine *machine)
{
    struct aw_machine_counts counts;
    aw_machine_counts(machine, &counts);
    return counts.code_runs;
}

#define X(type, name, parameters, arguments)                                                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        uint64_t before = executions(machine), start = now();                                      \
        type result = __real_##name arguments;                                                     \
        uint64_t end = now(), count = executions(machine) - before;                                \
        if (count > 0) {                                                                           \
            first_ns += end - start;                                                               \
            first_count += count;                                                                  \
        }                                                                                          \
        return result;                                                                             \
    }
LEARNERS(X)
#undef X

static void explore(struct aw_machine *machine, bool full, unsigned properties)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    aw_options_default(&options);
    options.properties = properties;
    options.minimal = false;
    if (full) {
        options.symmetry = false;
        options.rules = 0;
    }
    if (aw_explore(machine, &options, &result, &error) != 0) {
        fprintf(stderr, "edges: %s\n", error.message);
        exit(2);
    }
    /* Steps that are asked again whether a pid matters are executed elsewhere: a few. */
    if (result.verdict != AW_PROVED || result.code_runs < first_count ||
        result.code_runs - first_count > result.code_runs / 10) {
        fprintf(stderr, "edges: %s; %llu executions, %llu of them were timed\n",
                aw_verdict_name(result.verdict), (unsigned long long)result.code_runs,
                (unsigned long long)first_count);
        exit(2);
    }
    aw_result_deinit(&result);
}

/* Every learned step once more, in the order of discovery. */
static void again(struct aw_machine *machine)
{
    struct aw_machine_counts counts;
    aw_machine_counts(machine, &counts);
    uint64_t start = now();
    for (uint64_t edge = 1; edge <= counts.edges; edge++)
        if (!aw_machine_recheck(machine, (uint32_t)edge)) {
            fprintf(stderr, "edges: step %llu had another result\n", (unsigned long long)edge);
            exit(2);
        }
    uint64_t end = now();
    printf("%llu %llu %llu %llu\n", (unsigned long long)first_ns, (unsigned long long)first_count,
           (unsigned long long)(end - start),
           (unsigned long long)(executions(machine) - counts.code_runs));
}

int main(int argc, char **argv)
{
    static char *no_environment[] = {NULL};
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_error error;
    if (argc < 5) {
        fprintf(stderr, "usage: edges RUNTIME reduced|full PROPERTIES PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    aw_machine_settings_default(&settings);
    if (aw_machine_create(argv[4], argv[1], argv + 4, no_environment, &settings, &machine,
                          &error) != 0) {
        fprintf(stderr, "edges: %s\n", error.message);
        return 2;
    }
    explore(machine, argv[2][0] == 'f', (unsigned)strtoul(argv[3], NULL, 0));
    again(machine);
    aw_machine_destroy(machine);
    return 0;
}
