/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - from a path of canonical states to a concrete schedule.
 *
 * A search under symmetry knows only that some renaming of the next state follows. The schedule is
 * found by going forward: from the concrete state at hand, take the first transition (in the fixed
 * order of processes, threads and outcomes) whose canonical result is the next state of the path.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "explore/internal.h"

uint32_t aw_schedule_path(const struct aw_visited *visited, uint32_t state, uint32_t **path)
{
    uint32_t count = 0;
    for (uint32_t s = state; s != AW_NO_STATE; s = visited->parents[s])
        count++;
    *path = aw_allocate(count, sizeof **path);
    uint32_t i = count;
    for (uint32_t s = state; s != AW_NO_STATE; s = visited->parents[s])
        (*path)[--i] = s;
    return count;
}

void aw_schedule_add(struct aw_schedule *schedule, uint32_t *capacity, struct aw_choice choice)
{
    if (schedule->count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 64;
        schedule->choices =
            aw_reallocate(schedule->choices, *capacity, sizeof *schedule->choices);
    }
    schedule->choices[schedule->count++] = choice;
}

struct finder {
    struct aw_explorer *explorer;
    struct aw_visited *visited;
    struct aw_symmetry *symmetry;
    struct aw_schedule *schedule;
    uint32_t capacity;
    struct aw_state state;
    struct aw_choice last;
    struct aw_outcome outcomes[AW_MAX_OUTCOMES];
};

struct wanted {
    uint32_t target;    /* canonical state, or AW_NO_STATE: any */
    unsigned violated;  /* bits that the step has to violate */
    bool stops;         /* the step has to stop the machine */
    int same_thread;    /* 1: the thread of the last choice, 0: another, -1: any */
};

static bool reaches(struct finder *finder, const struct aw_state *next, uint32_t target)
{
    if (target == AW_NO_STATE)
        return true;
    struct aw_state canonical;
    canonical.count = next->count;
    memcpy(canonical.words, next->words, next->count * sizeof *next->words);
    aw_symmetry_canonical(finder->symmetry, &canonical, NULL);
    uint32_t count;
    const uint32_t *words = aw_visited_get(finder->visited, target, &count);
    return count == canonical.count &&
           memcmp(words, canonical.words, count * sizeof *words) == 0;
}

/* Takes one step of the wanted kind; false when there is none. */
static bool take(struct finder *finder, const struct wanted *wanted)
{
    struct aw_explorer *explorer = finder->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_layout layout = *aw_machine_layout(machine, &finder->state);
    struct aw_state next;
    bool any = false;
    for (uint32_t p = 0; p < layout.process_count; p++) {
        uint32_t id = finder->state.words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(machine, id)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            uint16_t slot = aw_local_threads(aw_machine_local(machine, id))[t].slot;
            unsigned count =
                aw_machine_outcomes(machine, &finder->state, p, t, finder->outcomes);
            any |= count > 0;
            bool same = finder->last.pid == layout.processes[p].pid && finder->last.slot == slot;
            if (wanted->same_thread >= 0 && same != (wanted->same_thread == 1))
                continue;
            for (unsigned i = 0; i < count; i++) {
                struct aw_move move = {
                    .process = p, .thread = t, .outcome = i, .how = finder->outcomes[i]};
                struct aw_choice choice = {layout.processes[p].pid, slot, (uint16_t)i};
                if (move.how.stop != 0) {
                    if (!wanted->stops)
                        continue;
                    aw_schedule_add(finder->schedule, &finder->capacity, choice);
                    return true;
                }
                aw_explorer_step(explorer, &finder->state, &move, &next);
                if (((move.step.flags & AW_EDGE_STOP) != 0) != wanted->stops ||
                    (wanted->violated & ~move.violated) != 0 ||
                    !reaches(finder, &next, wanted->target))
                    continue;
                aw_schedule_add(finder->schedule, &finder->capacity, choice);
                finder->last = choice;
                finder->state.count = next.count;
                memcpy(finder->state.words, next.words, next.count * sizeof *next.words);
                return true;
            }
        }
    }
    if (any || !aw_machine_advance(machine, &finder->state, &next) ||
        !reaches(finder, &next, wanted->target))
        return false;
    struct aw_choice advance = {0};
    aw_schedule_add(finder->schedule, &finder->capacity, advance);
    finder->last = advance;
    finder->state = next;
    return true;
}

bool aw_schedule_find(struct aw_explorer *explorer, struct aw_visited *visited,
                      struct aw_symmetry *symmetry, const uint32_t *path, uint32_t count,
                      const uint8_t *same_thread, int property, bool stops,
                      struct aw_schedule *schedule)
{
    struct finder *finder = aw_allocate(1, sizeof *finder);
    finder->explorer = explorer;
    finder->visited = visited;
    finder->symmetry = symmetry;
    finder->schedule = schedule;
    free(schedule->choices);
    *schedule = (struct aw_schedule){.loop = UINT32_MAX};
    aw_machine_initial(explorer->machine, &finder->state);
    finder->state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    bool found = true;
    for (uint32_t i = 1; i < count && found; i++) {
        struct wanted wanted = {.target = path[i],
                                .same_thread = same_thread ? same_thread[i] : -1};
        if (i == count - 1 && property >= 0)
            wanted.violated = AW_PROPERTY_BIT(property);
        found = take(finder, &wanted);
    }
    if (found && stops) {
        struct wanted wanted = {.target = AW_NO_STATE, .stops = true, .same_thread = -1};
        found = take(finder, &wanted);
    }
    free(finder);
    return found;
}
