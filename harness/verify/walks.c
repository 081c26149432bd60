/* SPDX-License-Identifier: MIT */
/*
 * walks.c - whole executions, carried out twice.
 *
 * The explorer executes a sample of learned steps again, each in the machine that learned it. What
 * that cannot see is an input that stays the same as long as the machine lives. So random schedules
 * are recorded in the machine that has searched, where most of their steps come from memory, and
 * replayed in a machine that was made anew and executes every one: a trace has everything that can
 * be observed, and nothing in it may differ.
 *
 * A walk chooses a thread that can move, then one of its outcomes, faults among them, each with the
 * same probability. It ends where nobody can move, where the machine stops, and after MOST steps.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "verify/verify.h"

enum { MOST = 300 };

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct walker {
    struct aw_machine *machine;
    uint64_t random;
    struct aw_state at, next;
    struct aw_schedule schedule;
    struct aw_outcome outcomes[AW_MAX_OUTCOMES], chosen;
};

/* One of the threads that can move, and one of its outcomes; false where there is none. */
static bool choose(struct walker *walker, struct aw_choice *choice, unsigned *process,
                   unsigned *thread)
{
    const struct aw_layout *layout = aw_machine_layout(walker->machine, &walker->at);
    unsigned movable = 0;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local =
            aw_machine_local(walker->machine, walker->at.words[aw_position_of_process(p)]);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            unsigned count =
                aw_machine_outcomes(walker->machine, &walker->at, p, t, walker->outcomes);
            if (count == 0 || next_random(&walker->random) % ++movable != 0)
                continue;
            unsigned outcome = (unsigned)(next_random(&walker->random) % count);
            walker->chosen = walker->outcomes[outcome];
            *process = p;
            *thread = t;
            *choice = (struct aw_choice){.pid = layout->processes[p].pid,
                                         .slot = (uint16_t)aw_local_threads(local)[t].slot,
                                         .outcome = (uint16_t)outcome};
        }
    }
    return movable > 0;
}

static void walk(struct walker *walker)
{
    struct aw_schedule *schedule = &walker->schedule;
    schedule->choices = aw_allocate(MOST, sizeof *schedule->choices);
    schedule->loop = UINT32_MAX;
    aw_machine_initial(walker->machine, &walker->at);
    while (schedule->count < MOST) {
        struct aw_choice *choice = &schedule->choices[schedule->count];
        struct aw_step step = {0};
        unsigned process, thread;
        if (choose(walker, choice, &process, &thread)) {
            if (walker->chosen.stop != 0)
                return;
            aw_machine_step(walker->machine, &walker->at, process, thread, &walker->chosen,
                            &walker->next, &step);
        } else if (aw_machine_advance(walker->machine, &walker->at, &walker->next)) {
            *choice = (struct aw_choice){0};
        } else {
            return;
        }
        if ((step.flags & AW_EDGE_STOP) != 0) /* where it stops may depend on the timer */
            return;
        schedule->count++;
        walker->at = walker->next;
    }
}

struct said {
    char *message;
    size_t size;
};

/* The lines of a replay in one: "step 3 differs; recorded: ...; now: ..." */
static void keep_line(void *context, const char *line)
{
    struct said *said = context;
    size_t length = strlen(said->message);
    snprintf(said->message + length, said->size - length, "%s%s", length > 0 ? "; " : "",
             line + strspn(line, " "));
}

int aw_verify_walks(struct aw_machine *machine, const char *runtime, const struct aw_case *one,
                    bool exact_pipes, uint64_t seed, unsigned count, char *message, size_t size,
                    struct aw_error *error)
{
    struct aw_trace *traces = aw_allocate(count, sizeof *traces);
    struct walker *walker = aw_allocate(1, sizeof *walker);
    int status = 0;
    *walker = (struct walker){.machine = machine, .random = seed};
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, exact_pipes);
    for (unsigned i = 0; i < count; i++) {
        walker->schedule = (struct aw_schedule){0};
        walk(walker);
        aw_trace_init(&traces[i]);
        if (status == 0)
            status = aw_trace_record(machine, &walker->schedule, exact_pipes, &traces[i], error);
        traces[i].program = aw_trace_bytes(&traces[i], one->program, strlen(one->program));
        traces[i].argv = aw_trace_strings(&traces[i], one->argv);
        traces[i].env = aw_trace_strings(&traces[i], one->env);
        free(walker->schedule.choices);
    }
    aw_machine_destroy(machine);
    struct said said = {message, size};
    message[0] = '\0';
    if (status == AW_E_LIMIT) { /* a choice that was there a moment ago */
        keep_line(&said, error->message);
        status = 1;
    }
    for (unsigned i = 0; i < count && status == 0; i++)
        status = aw_trace_replay(&traces[i], runtime, keep_line, &said, error);
    for (unsigned i = 0; i < count; i++)
        aw_trace_free(&traces[i]);
    free(traces);
    free(walker);
    return status;
}
