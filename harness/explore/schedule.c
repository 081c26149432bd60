/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - from a path of canonical states to a concrete schedule.
 *
 * A search under symmetry knows only that some renaming of the next state follows. Two executions
 * go forward together: one over the canonical states of the path, where the step to the next one is
 * looked for (in the fixed order of processes, threads and outcomes), and a concrete one without
 * symmetry, which takes the same step by the process that answers to the canonical one. Who answers
 * to whom is kept as a renaming of pids. (It is not enough to look for a concrete step whose
 * canonical result is right: which of two equal siblings moves matters once one of them has children
 * of its own, or is an orphan, and can no longer be renamed.)
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/moves.h"

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
        schedule->choices = aw_reallocate(schedule->choices, *capacity, sizeof *schedule->choices);
    }
    schedule->choices[schedule->count++] = choice;
}

struct finder {
    struct aw_explorer *explorer;
    struct aw_visited *visited;
    struct aw_symmetry *symmetry;
    struct aw_schedule *schedule;
    uint32_t capacity;
    struct aw_state canonical, state;
    uint32_t pids[AW_MAX_PROCESSES]; /* by canonical index: the concrete pid */
    uint32_t last;                   /* canonical index << 16 | thread that moved last */
    struct aw_outcome outcomes[AW_MAX_OUTCOMES];
};

struct wanted {
    uint32_t target;   /* canonical state, or AW_NO_STATE: any */
    uint32_t last;     /* who has to have moved, as in `finder.last`, or AW_NO_STATE: anybody */
    unsigned violated; /* bits that the step has to violate */
    bool stops;        /* the step has to stop the machine */
    int same_thread;   /* 1: the thread of the last choice, 0: another, -1: any */
};

static void copy_state(struct aw_state *to, const struct aw_state *from)
{
    to->count = from->count;
    memcpy(to->words, from->words, from->count * sizeof *from->words);
}

static uint32_t index_of(const struct aw_machine *machine, const struct aw_state *state,
                         uint32_t pid)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    uint32_t i = 0;
    while (i < layout->process_count && layout->processes[i].pid != pid)
        i++;
    return i < layout->process_count ? i : AW_INTERN_NONE;
}

static uint32_t pid_at(const struct aw_machine *machine, const struct aw_state *state,
                       uint32_t index)
{
    return aw_machine_layout(machine, state)->processes[index].pid;
}

/* Index << 16 | thread, or AW_NO_STATE. */
static uint32_t thread_at(const struct aw_machine *machine, const struct aw_state *state,
                          uint32_t index, uint16_t slot)
{
    if (index == AW_INTERN_NONE)
        return AW_NO_STATE;
    const struct aw_local *local = aw_machine_local(machine, state->words[AW_WORD_FIRST + index]);
    for (uint32_t t = 0; t < local->thread_count; t++)
        if (aw_local_threads(local)[t].slot == slot &&
            aw_local_threads(local)[t].status == AW_THREAD_PARKED)
            return index << 16 | t;
    return AW_NO_STATE;
}

static bool is_target(const struct finder *finder, const struct aw_state *canonical,
                      uint32_t target)
{
    if (target == AW_NO_STATE)
        return true;
    uint32_t count;
    const uint32_t *words = aw_visited_get(finder->visited, target, &count);
    return count == canonical->count && memcmp(words, canonical->words, count * sizeof *words) == 0;
}

/* Carries the renaming `pids` of `next` (by index) over to its canonical form: `self` first, because
 * of several equal ones the lowest place is the one that is tracked. */
static void rename_pids(struct finder *finder, const struct aw_state *next, uint32_t self,
                        const uint32_t *pids)
{
    const struct aw_machine *machine = finder->explorer->machine;
    const struct aw_layout *layout = aw_machine_layout(machine, &finder->canonical);
    uint32_t count = layout->process_count, places[AW_MAX_PROCESSES];
    bool lowest[AW_MAX_PROCESSES] = {false}, taken[AW_MAX_PROCESSES] = {false};
    for (uint32_t i = 0; i < count; i++) {
        struct aw_state copy;
        copy_state(&copy, next);
        places[i] = i;
        aw_symmetry_canonical(finder->symmetry, &copy, &places[i]);
        lowest[places[i]] = true;
    }
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = self == AW_INTERN_NONE ? n : n == 0 ? self : n <= self ? n - 1 : n;
        uint32_t place = places[i];
        while (taken[place]) { /* an equal sibling further on */
            do
                place++;
            while (place < count &&
                   (lowest[place] ||
                    layout->processes[place].parent != layout->processes[places[i]].parent ||
                    finder->canonical.words[AW_WORD_FIRST + place] !=
                        finder->canonical.words[AW_WORD_FIRST + places[i]]));
            AW_CHECK(place < count);
        }
        taken[place] = true;
        finder->pids[place] = pids[i];
    }
}

/* Does the outcome choose one of several processes? */
static bool chooses(const struct aw_outcome *outcome)
{
    return outcome->effect == AW_EFFECT_REAP ||
           (outcome->effect == AW_EFFECT_WAKE && outcome->target != AW_WAKE_ALL);
}

/* The process at `target`, and the same thread of it? */
static bool is_choice(const struct aw_outcome *outcome, const struct aw_outcome *how,
                      uint32_t target)
{
    return outcome->effect == how->effect && outcome->target == target &&
           (how->effect == AW_EFFECT_REAP || outcome->detail == how->detail);
}

/* The concrete step that answers to `move` of the canonical state, which finder->outcomes belong to.
 * False when there is none. */
static bool take_concretely(struct finder *finder, const struct aw_move *move, uint16_t slot,
                            struct aw_state *next, uint32_t *child, struct aw_choice *choice)
{
    struct aw_explorer *explorer = finder->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    uint32_t pid = finder->pids[move->process], index = index_of(machine, &finder->state, pid);
    uint32_t who =
        index == AW_INTERN_NONE ? AW_NO_STATE : thread_at(machine, &finder->state, index, slot);
    uint32_t outcome = move->outcome;
    aw_machine_set_symmetry(machine, false);
    unsigned count = who == AW_NO_STATE ? 0
                                        : aw_machine_outcomes(machine, &finder->state, index,
                                                              who & 0xffff, outcomes);
    if (chooses(&move->how)) {
        /* Processes stand in another order; the outcomes of one of them, with and without
         * faults, do not. */
        uint32_t target = index_of(machine, &finder->state, finder->pids[move->how.target]);
        uint32_t rank = 0;
        for (uint32_t i = 0; i < move->outcome; i++)
            rank += is_choice(&finder->outcomes[i], &move->how, move->how.target);
        outcome = 0;
        while (outcome < count &&
               (!is_choice(&outcomes[outcome], &move->how, target) || rank-- > 0))
            outcome++;
    }
    bool found = outcome < count;
    if (found) {
        *choice = (struct aw_choice){pid, slot, (uint16_t)outcome};
        struct aw_move concrete = {
            .process = index, .thread = who & 0xffff, .outcome = outcome, .how = outcomes[outcome]};
        if (outcomes[outcome].stop == 0) {
            aw_explorer_step(explorer, &finder->state, &concrete, next);
            *child = concrete.step.child_index == AW_INTERN_NONE
                         ? 0
                         : pid_at(machine, next, concrete.step.child_index);
        }
    }
    aw_machine_set_symmetry(machine, finder->symmetry->on);
    free(outcomes);
    return found;
}

/* The two executions after a step: `next` of the canonical one, not yet made canonical, and what it
 * has become; `child` is the pid of a new process. */
static void go_on(struct finder *finder, const struct aw_move *move, const struct aw_state *next,
                  const struct aw_state *canonical, const struct aw_state *concrete, uint32_t child)
{
    const struct aw_machine *machine = finder->explorer->machine;
    const struct aw_layout *after = aw_machine_layout(machine, next);
    uint32_t pids[AW_MAX_PROCESSES];
    for (uint32_t j = 0; j < after->process_count; j++) {
        uint32_t before = index_of(machine, &finder->canonical, after->processes[j].pid);
        bool is_child = j == move->step.child_index;
        AW_CHECK(is_child || before != AW_INTERN_NONE);
        pids[j] = is_child ? child : finder->pids[before];
    }
    copy_state(&finder->canonical, canonical);
    copy_state(&finder->state, concrete);
    rename_pids(finder, next, move->step.self_index, pids);
}

/* Takes the step if it is of the wanted kind. */
static bool take_if_wanted(struct finder *finder, const struct wanted *wanted, struct aw_move *move)
{
    struct aw_explorer *explorer = finder->explorer;
    struct aw_machine *machine = explorer->machine;
    struct aw_state next, canonical, concrete;
    struct aw_choice choice;
    uint32_t child = 0;
    const struct aw_local *local =
        aw_machine_local(machine, finder->canonical.words[AW_WORD_FIRST + move->process]);
    uint16_t slot = aw_local_threads(local)[move->thread].slot;
    bool same = finder->last == (move->process << 16 | move->thread);
    if (wanted->same_thread >= 0 && same != (wanted->same_thread == 1))
        return false;
    if (move->how.stop != 0) {
        if (!wanted->stops || !take_concretely(finder, move, slot, &concrete, &child, &choice))
            return false;
        aw_schedule_add(finder->schedule, &finder->capacity, choice);
        return true;
    }
    aw_explorer_step(explorer, &finder->canonical, move, &next);
    if (((move->step.flags & AW_EDGE_STOP) != 0) != wanted->stops ||
        (wanted->violated & ~move->violated) != 0)
        return false;
    uint32_t self = move->step.self_index;
    copy_state(&canonical, &next);
    aw_symmetry_canonical(finder->symmetry, &canonical, &self);
    uint32_t last = thread_at(machine, &canonical, self, slot);
    if (!is_target(finder, &canonical, wanted->target) ||
        (wanted->last != AW_NO_STATE && wanted->last != last) ||
        !take_concretely(finder, move, slot, &concrete, &child, &choice))
        return false;
    aw_schedule_add(finder->schedule, &finder->capacity, choice);
    go_on(finder, move, &next, &canonical, &concrete, child);
    finder->last = last;
    return true;
}

/* Takes one step of the wanted kind; false when there is none. */
static bool take(struct finder *finder, const struct wanted *wanted)
{
    struct aw_state canonical, concrete;
    struct aw_moves moves;
    struct aw_move move;
    aw_moves_begin(&moves, finder->explorer, &finder->canonical, finder->outcomes);
    while (aw_moves_next(&moves, &move))
        if (take_if_wanted(finder, wanted, &move))
            return true;
    if (!aw_moves_advance(&moves, &canonical) || !is_target(finder, &canonical, wanted->target) ||
        !aw_machine_advance(finder->explorer->machine, &finder->state, &concrete))
        return false;
    struct aw_choice advance = {0};
    aw_schedule_add(finder->schedule, &finder->capacity, advance);
    copy_state(&finder->canonical, &canonical);
    copy_state(&finder->state, &concrete);
    finder->last = AW_NO_STATE;
    return true;
}

bool aw_schedule_find(struct aw_explorer *explorer, struct aw_visited *visited,
                      struct aw_symmetry *symmetry, const uint32_t *path, uint32_t count,
                      const uint8_t *same_thread, const uint32_t *last, int property, bool stops,
                      struct aw_schedule *schedule)
{
    struct finder *finder = aw_allocate(1, sizeof *finder);
    finder->explorer = explorer;
    finder->visited = visited;
    finder->symmetry = symmetry;
    finder->schedule = schedule;
    finder->last = AW_NO_STATE;
    finder->pids[0] = AW_ROOT_PID;
    free(schedule->choices);
    *schedule = (struct aw_schedule){.loop = UINT32_MAX};
    aw_machine_set_symmetry(explorer->machine, symmetry->on);
    aw_machine_initial(explorer->machine, &finder->state);
    finder->state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    copy_state(&finder->canonical, &finder->state);
    bool found = true;
    for (uint32_t i = 1; i < count && found; i++) {
        struct wanted wanted = {.target = path[i],
                                .last = last ? last[i] : AW_NO_STATE,
                                .same_thread = same_thread ? same_thread[i] : -1};
        if (i == count - 1 && property >= 0)
            wanted.violated = AW_PROPERTY_BIT(property);
        found = take(finder, &wanted);
    }
    if (found && stops) {
        struct wanted wanted = {
            .target = AW_NO_STATE, .last = AW_NO_STATE, .stops = true, .same_thread = -1};
        found = take(finder, &wanted);
    }
    free(finder);
    return found;
}

bool aw_explorer_could_go_on(const struct aw_explorer *explorer, const struct aw_state *state,
                             uint32_t process, uint32_t thread, struct aw_outcome *outcomes)
{
    const struct aw_local *local =
        aw_machine_local(explorer->machine, state->words[AW_WORD_FIRST + process]);
    if (local->zombie || thread >= local->thread_count ||
        aw_local_threads(local)[thread].op.kind == AW_OP_YIELD)
        return false;
    unsigned count = aw_machine_outcomes(explorer->machine, state, process, thread, outcomes);
    return count > 0 && !outcomes[0].expiry && outcomes[0].faults == 0;
}

/* Where the thread of a choice is in `state`: index << 16 | thread, or AW_NO_STATE. */
static uint32_t thread_of(const struct aw_machine *machine, const struct aw_state *state,
                          const struct aw_choice *choice)
{
    return thread_at(machine, state, index_of(machine, state, choice->pid), choice->slot);
}

void aw_schedule_cost(struct aw_explorer *explorer)
{
    struct aw_machine *machine = explorer->machine;
    struct aw_result *result = explorer->result;
    const struct aw_choice *choices = result->schedule.choices;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    result->faults = result->preemptions = 0;
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, explorer->exact_pipes);
    aw_machine_initial(machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
    for (uint32_t i = 0; i < result->schedule.count; i++) {
        uint32_t who = thread_of(machine, &state, &choices[i]);
        uint32_t last = i == 0 ? AW_NO_STATE : thread_of(machine, &state, &choices[i - 1]);
        result->preemptions +=
            last != AW_NO_STATE && last != who &&
            aw_explorer_could_go_on(explorer, &state, last >> 16, last & 0xffff, outcomes);
        if (who == AW_NO_STATE) { /* nobody: the clock moves */
            if (!aw_machine_advance(machine, &state, &next))
                break;
        } else {
            struct aw_move move = {
                .process = who >> 16, .thread = who & 0xffff, .outcome = choices[i].outcome};
            if (aw_machine_outcomes(machine, &state, move.process, move.thread, outcomes) <=
                choices[i].outcome)
                break;
            move.how = outcomes[choices[i].outcome];
            result->faults += move.how.faults;
            if (move.how.stop != 0)
                break;
            aw_explorer_step(explorer, &state, &move, &next);
        }
        copy_state(&state, &next);
    }
    aw_machine_set_symmetry(machine, explorer->symmetry);
    free(outcomes);
}
