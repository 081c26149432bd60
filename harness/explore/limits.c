/* SPDX-License-Identifier: MIT */
/*
 * limits.c - what every phase asks once for each state: is a limit reached, has somebody
 * interrupted?
 */
#include <stdio.h>
#include <time.h>

#include "explore/internal.h"

enum { TICK_STATES = 64 };

double aw_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool aw_explorer_tick(struct aw_explorer *explorer, const struct aw_visited *visited,
                      uint64_t queued)
{
    const uint64_t states = visited->count;
    const struct aw_limits *limits = &explorer->options->limits;
    struct aw_result *result = explorer->result;
    if (limits->states > 0 && states > limits->states) {
        snprintf(result->message, sizeof result->message,
                 "the limit of %llu states was reached: make the case smaller, or raise it "
                 "(--states; in a scenario: limits)",
                 (unsigned long long)limits->states);
        return false;
    }
    if (aw_visited_is_full(visited)) {
        snprintf(result->message, sizeof result->message,
                 "the address space that the host allows was used up after %llu states",
                 (unsigned long long)states);
        return false;
    }
    if (++explorer->ticks % TICK_STATES != 0)
        return true;
    struct aw_machine_counts counts;
    double now = aw_clock();
    aw_machine_counts(explorer->machine, &counts);
    uint64_t bytes = counts.bytes + explorer->memory_bytes;
    if (limits->memory_bytes > 0 && bytes > limits->memory_bytes) {
        snprintf(result->message, sizeof result->message,
                 "the limit of %llu MiB of memory was reached: make the case smaller, or raise it "
                 "(--memory; in a scenario: limits)",
                 (unsigned long long)(limits->memory_bytes >> 20));
        return false;
    }
    if (limits->seconds > 0 && now - explorer->started > limits->seconds) {
        snprintf(result->message, sizeof result->message, "the limit of %g seconds was reached",
                 limits->seconds);
        return false;
    }
    if (explorer->options->progress != NULL && now - explorer->last_progress > 0.1) {
        explorer->last_progress = now;
        explorer->progress.states = states;
        explorer->progress.queued = queued;
        explorer->progress.seconds = now - explorer->started;
        if (!explorer->options->progress(explorer->options->context, &explorer->progress)) {
            snprintf(result->message, sizeof result->message, "interrupted after %llu states",
                     (unsigned long long)states);
            return false;
        }
    }
    return true;
}
