/* SPDX-License-Identifier: MIT */
/*
 * critical.c - from the end of a counterexample backwards.
 *
 * A depth-first search looks for a good end from each prefix in turn, the longest first. When it
 * fails, everything that it has seen has no good end, and the next prefix need not look there
 * again: all searches share one set of states, and together they cost what the last of them costs.
 * When it succeeds, the path on its stack is a schedule that passes. A breadth-first search from
 * where it leaves the counterexample then looks for the shortest such path, and no further than
 * that one goes. In both, the thread that moved last goes on first: of equal ways the one is taken
 * that stays with a thread as long as it can, and is easy to read.
 *
 * That the shared set may be kept: a search that fails has expanded all it has entered, and no path
 * from there leads to a good end. One that hits its limit has not; its set is thrown away.
 */
#include "explore/critical.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/memory.h"
#include "explore/internal.h"

const char *aw_critical_name(enum aw_critical_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        AW_CRITICALS(X)
#undef X
    };
    return names[kind];
}

struct successor {
    struct aw_choice choice;
    uint32_t state;
};

/* A state on the stack, and its successors in seeker.successors. */
struct frame {
    uint32_t first, count, next;
};

enum found { FOUND_NONE, FOUND_GOOD, FOUND_LIMIT };

struct seeker {
    struct aw_explorer explorer;
    struct aw_result result;
    struct aw_machine *machine;
    struct aw_intern states;
    uint8_t *entered; /* by state */
    uint32_t entered_capacity;
    uint64_t left; /* states that may still be expanded */
    bool stopped;  /* a step could not be taken: nothing is known about what follows */
    struct frame *frames;
    uint32_t frame_count, frame_capacity;
    struct successor *successors;
    uint32_t successor_count, successor_capacity;
    struct aw_outcome outcomes[AW_MAX_OUTCOMES];
};

static uint32_t id_of(struct seeker *seeker, const struct aw_state *state)
{
    uint32_t id =
        aw_intern_put(&seeker->states, state->words, state->count * (uint32_t)sizeof *state->words);
    if (id >= seeker->entered_capacity) {
        uint32_t old = seeker->entered_capacity;
        seeker->entered_capacity = old ? 2 * old : 1024;
        seeker->entered =
            aw_reallocate(seeker->entered, seeker->entered_capacity, sizeof *seeker->entered);
        memset(seeker->entered + old, 0, seeker->entered_capacity - old);
    }
    return id;
}

static void state_of(const struct seeker *seeker, uint32_t id, struct aw_state *state)
{
    uint32_t bytes = aw_intern_size(&seeker->states, id);
    state->count = bytes / (uint32_t)sizeof *state->words;
    memcpy(state->words, aw_intern_get(&seeker->states, id), bytes);
}

static void add_successor(struct seeker *seeker, struct aw_choice choice, uint32_t state)
{
    if (seeker->successor_count == seeker->successor_capacity) {
        seeker->successor_capacity =
            seeker->successor_capacity ? 2 * seeker->successor_capacity : 1024;
        seeker->successors = aw_reallocate(seeker->successors, seeker->successor_capacity,
                                           sizeof *seeker->successors);
    }
    seeker->successors[seeker->successor_count++] = (struct successor){choice, state};
}

/* The steps of one thread. True when it has one that is no fault. */
static bool add_thread(struct seeker *seeker, const struct aw_state *state, uint32_t process,
                       uint32_t thread)
{
    uint32_t pid = aw_machine_layout(seeker->machine, state)->processes[process].pid;
    const struct aw_local *local =
        aw_machine_local(seeker->machine, state->words[AW_WORD_FIRST + process]);
    uint16_t slot = aw_local_threads(local)[thread].slot;
    unsigned count = aw_machine_outcomes(seeker->machine, state, process, thread, seeker->outcomes);
    bool goes_on = aw_explorer_goes_on(seeker->outcomes, count);
    for (unsigned i = 0; i < count; i++) {
        if (seeker->outcomes[i].faults != 0)
            continue;
        struct aw_state next;
        struct aw_move move = {
            .process = process, .thread = thread, .outcome = i, .how = seeker->outcomes[i]};
        if (move.how.stop == 0)
            aw_explorer_step(&seeker->explorer, state, &move, &next);
        if (move.how.stop != 0 || (move.step.flags & AW_EDGE_STOP) != 0)
            seeker->stopped = true;
        else if (move.violated == 0)
            add_successor(seeker, (struct aw_choice){pid, slot, (uint16_t)i}, id_of(seeker, &next));
    }
    return goes_on;
}

/* Last ones first: the stack of a frame is taken from its end. Returns true when the state is a
 * good end. `last` is the thread that moved last. */
static bool expand(struct seeker *seeker, uint32_t id, struct aw_choice last)
{
    struct aw_state state, next;
    struct aw_restriction restriction;
    struct aw_explorer *explorer = &seeker->explorer;
    state_of(seeker, id, &state);
    aw_explorer_restrict(explorer, &state, seeker->outcomes, &restriction);
    struct frame frame = {.first = seeker->successor_count};
    uint32_t processes = aw_machine_layout(seeker->machine, &state)->process_count;
    bool any = false;
    for (int pass = 0; pass < 2; pass++) /* the thread that moved last, then the others */
        for (uint32_t p = 0; p < processes; p++) {
            uint32_t word = state.words[AW_WORD_FIRST + p];
            uint32_t threads = aw_machine_local(seeker->machine, word)->thread_count;
            for (uint32_t t = 0; t < threads; t++) {
                bool same =
                    aw_machine_layout(seeker->machine, &state)->processes[p].pid == last.pid &&
                    aw_local_threads(aw_machine_local(seeker->machine, word))[t].slot == last.slot;
                if (same == (pass == 0) &&
                    aw_explorer_may_move(explorer, &state, &restriction, p, t))
                    any |= add_thread(seeker, &state, p, t);
            }
        }
    if (!any && aw_machine_advance(seeker->machine, &state, &next)) {
        add_successor(seeker, (struct aw_choice){0}, id_of(seeker, &next));
        any = true;
    }
    frame.count = seeker->successor_count - frame.first;
    if (seeker->frame_count == seeker->frame_capacity) {
        seeker->frame_capacity = seeker->frame_capacity ? 2 * seeker->frame_capacity : 256;
        seeker->frames =
            aw_reallocate(seeker->frames, seeker->frame_capacity, sizeof *seeker->frames);
    }
    seeker->frames[seeker->frame_count++] = frame;
    if (any)
        return false;
    explorer->clock_bounded = false; /* an end that the bound on the clock makes is none */
    return aw_explorer_final(explorer, &state) == 0 && !explorer->clock_bounded;
}

/* Looks for a good end from a state; the path to it is left on the stack. */
static enum found seek(struct seeker *seeker, uint32_t from, struct aw_choice last)
{
    seeker->frame_count = seeker->successor_count = 0;
    if (seeker->entered[from])
        return FOUND_NONE;
    seeker->entered[from] = 1;
    if (expand(seeker, from, last))
        return FOUND_GOOD;
    while (seeker->frame_count > 0) {
        struct frame *top = &seeker->frames[seeker->frame_count - 1];
        if (top->next == top->count) {
            seeker->successor_count = top->first;
            seeker->frame_count--;
            continue;
        }
        struct successor chosen = seeker->successors[top->first + top->next++];
        if (seeker->entered[chosen.state])
            continue;
        if (seeker->left == 0)
            return FOUND_LIMIT;
        seeker->left--;
        seeker->entered[chosen.state] = 1;
        if (expand(seeker, chosen.state, chosen.choice))
            return FOUND_GOOD;
    }
    return seeker->stopped ? FOUND_LIMIT : FOUND_NONE;
}

static void take_passing(const struct seeker *seeker, const struct aw_schedule *schedule,
                         uint32_t branch, struct aw_critical *critical)
{
    uint32_t count = branch + seeker->frame_count - 1;
    struct aw_choice *choices = aw_allocate(count + 1ul, sizeof *choices);
    memcpy(choices, schedule->choices, branch * sizeof *choices);
    for (uint32_t i = 0; i + 1 < seeker->frame_count; i++) {
        const struct frame *frame = &seeker->frames[i];
        choices[branch + i] = seeker->successors[frame->first + frame->next - 1].choice;
    }
    critical->branch = branch;
    critical->passing = (struct aw_schedule){choices, count, UINT32_MAX};
}

/* Forgets which states were entered, and may expand so many again. */
static void begin_again(struct seeker *seeker, uint64_t states)
{
    memset(seeker->entered, 0, seeker->entered_capacity);
    seeker->left = states;
    seeker->stopped = false;
}

/* A state that the breadth-first search has come to. */
struct node {
    uint32_t state, parent, depth;
    struct aw_choice choice; /* by which */
};

static void take_shorter(const struct aw_schedule *schedule, uint32_t branch,
                         const struct node *nodes, uint32_t end, struct aw_critical *critical)
{
    uint32_t count = branch + nodes[end].depth;
    struct aw_choice *choices = aw_allocate(count + 1ul, sizeof *choices);
    memcpy(choices, schedule->choices, branch * sizeof *choices);
    for (uint32_t at = end; nodes[at].depth > 0; at = nodes[at].parent)
        choices[branch + nodes[at].depth - 1] = nodes[at].choice;
    free(critical->passing.choices);
    critical->passing = (struct aw_schedule){choices, count, UINT32_MAX};
}

/* Puts the shortest continuation from `branch` in place of the one that was found. */
static void shorten(struct seeker *seeker, const struct aw_schedule *schedule, uint32_t from,
                    struct aw_choice last, uint64_t states, struct aw_critical *critical)
{
    uint32_t branch = critical->branch, count = 1, capacity = 1024, length;
    struct node *nodes = aw_allocate(capacity, sizeof *nodes);
    begin_again(seeker, states);
    length = critical->passing.count - branch;
    nodes[0] = (struct node){.state = from, .choice = last};
    seeker->entered[from] = 1;
    critical->shortest = true;
    for (uint32_t head = 0; head < count && nodes[head].depth < length; head++) {
        if (seeker->left-- == 0) {
            critical->shortest = false;
            break;
        }
        seeker->frame_count = seeker->successor_count = 0;
        if (expand(seeker, nodes[head].state, nodes[head].choice)) {
            take_shorter(schedule, branch, nodes, head, critical);
            break;
        }
        for (uint32_t i = 0; i < seeker->successor_count; i++) {
            struct successor next = seeker->successors[i];
            if (seeker->entered[next.state])
                continue;
            seeker->entered[next.state] = 1;
            if (count == capacity) {
                capacity *= 2;
                nodes = aw_reallocate(nodes, capacity, sizeof *nodes);
            }
            nodes[count++] = (struct node){next.state, head, nodes[head].depth + 1, next.choice};
        }
    }
    critical->shortest &= !seeker->stopped;
    free(nodes);
}

/* The states along the schedule: ids[i] is the one before choice i. False when it does not exist.
 */
static bool follow(struct seeker *seeker, const struct aw_schedule *schedule, uint32_t *ids)
{
    struct aw_state state, next;
    aw_machine_initial(seeker->machine, &state);
    state.words[AW_WORD_MONITOR] = aw_monitor_first(&seeker->explorer.monitor);
    ids[0] = id_of(seeker, &state);
    for (uint32_t i = 0; i < schedule->count; i++) {
        const struct aw_choice *choice = &schedule->choices[i];
        const struct aw_layout *layout = aw_machine_layout(seeker->machine, &state);
        uint32_t process = 0, thread = 0;
        if (choice->pid == 0) {
            if (!aw_machine_advance(seeker->machine, &state, &next))
                return false;
        } else {
            while (process < layout->process_count && layout->processes[process].pid != choice->pid)
                process++;
            if (process == layout->process_count)
                return false;
            const struct aw_local *local =
                aw_machine_local(seeker->machine, state.words[AW_WORD_FIRST + process]);
            while (thread < local->thread_count &&
                   aw_local_threads(local)[thread].slot != choice->slot)
                thread++;
            if (thread == local->thread_count)
                return false;
            unsigned count =
                aw_machine_outcomes(seeker->machine, &state, process, thread, seeker->outcomes);
            if (choice->outcome >= count || seeker->outcomes[choice->outcome].stop != 0)
                return false;
            struct aw_move move = {.process = process,
                                   .thread = thread,
                                   .outcome = choice->outcome,
                                   .how = seeker->outcomes[choice->outcome]};
            aw_explorer_step(&seeker->explorer, &state, &move, &next);
        }
        state = next;
        ids[i + 1] = id_of(seeker, &state);
    }
    return true;
}

/* Some earlier prefix that is seen to have a good end, looked for in longer and longer leaps. */
static void bracket(struct seeker *seeker, const struct aw_schedule *schedule, const uint32_t *ids,
                    uint32_t from, uint64_t states, struct aw_critical *critical)
{
    for (uint32_t leap = 1; from > 0; leap *= 2) {
        from = from > leap ? from - leap : 0;
        struct aw_choice last = {0};
        if (from > 0)
            last = schedule->choices[from - 1];
        begin_again(seeker, states / 8);
        if (seek(seeker, ids[from], last) == FOUND_GOOD) {
            take_passing(seeker, schedule, from, critical);
            shorten(seeker, schedule, ids[from], last, states / AW_CRITICAL_SHORTEST_SHARE,
                    critical);
            return;
        }
    }
}

static void find(struct seeker *seeker, const struct aw_schedule *schedule, const uint32_t *ids,
                 bool cycle, uint64_t states, struct aw_critical *critical)
{
    begin_again(seeker, states);
    for (uint32_t i = schedule->count + (cycle ? 1 : 0); i-- > 0;) {
        struct aw_choice last = {0};
        if (i > 0)
            last = schedule->choices[i - 1];
        enum found found = seek(seeker, ids[i], last);
        critical->step = i;
        critical->states = states - seeker->left;
        if (found == FOUND_GOOD) {
            critical->kind = i == schedule->count ? AW_CRITICAL_OPEN : AW_CRITICAL_STEP;
            take_passing(seeker, schedule, i, critical);
            shorten(seeker, schedule, ids[i], last, states / AW_CRITICAL_SHORTEST_SHARE, critical);
            return;
        }
        if (found == FOUND_LIMIT) {
            critical->kind = AW_CRITICAL_BOUNDED;
            bracket(seeker, schedule, ids, i, states, critical);
            return;
        }
    }
    critical->kind = AW_CRITICAL_NEVER;
}

void aw_critical_find(struct aw_machine *machine, const struct aw_options *options,
                      const struct aw_schedule *schedule, uint64_t states,
                      struct aw_critical *critical)
{
    struct seeker *seeker = aw_allocate(1, sizeof *seeker);
    uint32_t *ids = aw_allocate(schedule->count + 1ul, sizeof *ids);
    struct aw_options always = *options;
    always.properties |= AW_ALWAYS_JUDGED;
    *critical = (struct aw_critical){.kind = AW_CRITICAL_UNKNOWN};
    seeker->machine = machine;
    seeker->explorer =
        (struct aw_explorer){.machine = machine, .options = &always, .result = &seeker->result};
    aw_monitor_init(&seeker->explorer.monitor, machine, always.properties);
    aw_intern_init(&seeker->states);
    aw_machine_set_symmetry(machine, false);
    if (schedule->count > 0 && follow(seeker, schedule, ids))
        find(seeker, schedule, ids, schedule->loop != UINT32_MAX, states, critical);
    aw_intern_deinit(&seeker->states);
    aw_monitor_deinit(&seeker->explorer.monitor);
    free(seeker->entered);
    free(seeker->frames);
    free(seeker->successors);
    free(seeker);
    free(ids);
}
