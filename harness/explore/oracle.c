/* SPDX-License-Identifier: MIT */
#include "explore/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "explore/internal.h"
#include "machine/pipe.h"

void aw_outcomes_add(struct aw_outcomes *outcomes, const char *line)
{
    uint32_t low = 0, high = outcomes->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (strcmp(outcomes->lines[middle], line) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < outcomes->count && strcmp(outcomes->lines[low], line) == 0)
        return;
    if (outcomes->count == outcomes->capacity) {
        outcomes->capacity = outcomes->capacity ? 2 * outcomes->capacity : 32;
        outcomes->lines =
            aw_reallocate(outcomes->lines, outcomes->capacity, sizeof *outcomes->lines);
    }
    memmove(&outcomes->lines[low + 1], &outcomes->lines[low],
            (outcomes->count - low) * sizeof *outcomes->lines);
    outcomes->lines[low] = aw_string_copy(line);
    outcomes->count++;
}

void aw_outcomes_deinit(struct aw_outcomes *outcomes)
{
    for (uint32_t i = 0; i < outcomes->count; i++)
        free(outcomes->lines[i]);
    free(outcomes->lines);
    memset(outcomes, 0, sizeof *outcomes);
}

bool aw_outcomes_equal(const struct aw_outcomes *one, const struct aw_outcomes *other)
{
    if (one->count != other->count)
        return false;
    for (uint32_t i = 0; i < one->count; i++)
        if (strcmp(one->lines[i], other->lines[i]) != 0)
            return false;
    return true;
}

enum { LINE = 256 };

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void describe_process(const struct aw_local *local, char *line)
{
    if (local->zombie) {
        snprintf(line, LINE, "ended %#x", (unsigned)local->status);
        return;
    }
    int at = snprintf(line, LINE, "blocked");
    for (uint32_t t = 0; t < local->thread_count && at < LINE - 40; t++) {
        const struct aw_thread *thread = &aw_local_threads(local)[t];
        if (thread->status == AW_THREAD_PARKED)
            at += snprintf(line + at, (size_t)(LINE - at), " %s:%llx", aw_op_name(thread->op.kind),
                           (unsigned long long)thread->op.pc);
    }
}

void aw_outcome_describe(struct aw_machine *machine, const struct aw_state *state, char *buffer,
                         size_t size)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    char lines[AW_MAX_PROCESSES][LINE];
    size_t at = 0;
    for (uint32_t p = 0; p < layout->process_count; p++)
        describe_process(aw_machine_local(machine, state->words[AW_WORD_FIRST + p]), lines[p]);
    qsort(lines, layout->process_count, LINE, compare_lines);
    for (uint32_t p = 0; p < layout->process_count && at < size; p++)
        at += (size_t)snprintf(buffer + at, size - at, "%s; ", lines[p]);
    for (uint32_t i = 0; i < layout->object_count && at < size; i++) {
        uint32_t bytes;
        const void *object = aw_machine_object(
            machine, state->words[AW_WORD_FIRST + layout->process_count + i], &bytes);
        if (layout->objects[i].kind == AW_OBJECT_SEM)
            at += (size_t)snprintf(buffer + at, size - at, "sem %u; ",
                                   ((const struct aw_sem *)object)->value);
        else if (layout->objects[i].kind == AW_OBJECT_MEMORY)
            at += (size_t)snprintf(buffer + at, size - at, "mapping; ");
        else
            at += (size_t)snprintf(buffer + at, size - at, "pipe %u; ",
                                   ((const struct aw_pipe *)object)->byte_count);
    }
}

void aw_oracle_deinit(struct aw_oracle *oracle)
{
    aw_outcomes_deinit(&oracle->outcomes);
}

struct walker {
    struct aw_explorer explorer;
    struct aw_options options;
    struct aw_result result;
    struct aw_oracle *oracle;
    uint64_t left;
    unsigned depth;
};

enum { MAX_DEPTH = 1000 }; /* a cycle has no end: not complete */

static void begin(struct walker *walker, struct aw_machine *machine, unsigned properties,
                  uint64_t limit, struct aw_oracle *oracle)
{
    memset(walker, 0, sizeof *walker);
    memset(oracle, 0, sizeof *oracle);
    aw_options_default(&walker->options);
    walker->options.properties = properties;
    walker->explorer.machine = machine;
    walker->explorer.options = &walker->options;
    walker->explorer.result = &walker->result;
    walker->oracle = oracle;
    walker->left = limit;
    oracle->complete = true;
    aw_monitor_init(&walker->explorer.monitor, machine, properties);
    aw_machine_set_learning(machine, false);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, true);
}

static void end(struct walker *walker)
{
    aw_machine_set_learning(walker->explorer.machine, true);
    aw_monitor_deinit(&walker->explorer.monitor);
}

static void first_state(struct walker *walker, struct aw_state *state)
{
    aw_machine_initial(walker->explorer.machine, state);
    state->words[AW_WORD_MONITOR] = aw_monitor_first(&walker->explorer.monitor);
}

static void at_end(struct walker *walker, const struct aw_state *state)
{
    char line[4096], monitor[128];
    aw_outcome_describe(walker->explorer.machine, state, line, sizeof line - sizeof monitor);
    aw_monitor_describe(&walker->explorer.monitor, state->words[AW_WORD_MONITOR], monitor,
                        sizeof monitor);
    strcat(line, monitor);
    aw_outcomes_add(&walker->oracle->outcomes, line);
    walker->oracle->violated |= aw_explorer_final(&walker->explorer, state);
}

/* Calls `visit` for every successor of `state`; returns how many threads could move without a
 * fault. */
static unsigned successors(struct walker *walker, const struct aw_state *state,
                           void (*visit)(struct walker *, const struct aw_state *, void *),
                           void *context)
{
    struct aw_machine *machine = walker->explorer.machine;
    struct aw_outcome *outcomes = aw_allocate(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state next;
    unsigned all = 0;
    uint32_t processes = aw_machine_layout(machine, state)->process_count;
    for (uint32_t p = 0; p < processes; p++) {
        uint32_t id = state->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(machine, id)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            unsigned count = aw_machine_outcomes(machine, state, p, t, outcomes);
            all += aw_explorer_goes_on(outcomes, count);
            for (unsigned i = 0; i < count; i++) {
                if (walker->left == 0 || outcomes[i].stop != 0) {
                    walker->oracle->complete = false;
                    continue;
                }
                walker->left--;
                struct aw_move move = {.process = p, .thread = t, .outcome = i, .how = outcomes[i]};
                aw_explorer_step(&walker->explorer, state, &move, &next);
                walker->oracle->violated |= move.violated;
                if (move.step.flags & AW_EDGE_STOP)
                    walker->oracle->complete = false;
                else
                    visit(walker, &next, context);
            }
        }
    }
    if (all == 0 && aw_machine_advance(machine, state, &next)) {
        all++;
        visit(walker, &next, context);
    }
    free(outcomes);
    return all;
}

static void descend(struct walker *walker, const struct aw_state *state, void *context)
{
    if (walker->depth == MAX_DEPTH) {
        walker->left = 0;
        walker->oracle->complete = false;
        return;
    }
    walker->depth++;
    struct aw_state *copy = aw_allocate(1, sizeof *copy);
    copy->count = state->count;
    memcpy(copy->words, state->words, state->count * sizeof *state->words);
    if (successors(walker, copy, descend, context) == 0) {
        walker->oracle->interleavings++;
        at_end(walker, copy);
    }
    free(copy);
    walker->depth--;
}

void aw_oracle_enumerate(struct aw_machine *machine, unsigned properties, uint64_t steps,
                         struct aw_oracle *oracle)
{
    struct walker walker;
    struct aw_state state;
    begin(&walker, machine, properties, steps, oracle);
    first_state(&walker, &state);
    descend(&walker, &state, NULL);
    end(&walker);
}

static void remember(struct walker *walker, const struct aw_state *state, void *context)
{
    struct aw_intern *states = context;
    (void)walker;
    aw_intern_put(states, state->words, state->count * (uint32_t)sizeof *state->words);
}

void aw_oracle_search(struct aw_machine *machine, unsigned properties, uint64_t states,
                      struct aw_oracle *oracle)
{
    struct walker walker;
    struct aw_intern known;
    struct aw_state state;
    aw_intern_init(&known);
    begin(&walker, machine, properties, UINT64_MAX, oracle);
    first_state(&walker, &state);
    remember(&walker, &state, &known);
    for (uint32_t i = 0; i < known.count && oracle->complete; i++) {
        uint32_t bytes = aw_intern_size(&known, i);
        state.count = bytes / (uint32_t)sizeof *state.words;
        memcpy(state.words, aw_intern_get(&known, i), bytes);
        if (successors(&walker, &state, remember, &known) == 0)
            at_end(&walker, &state);
        if (known.count > states)
            oracle->complete = false;
    }
    oracle->states = known.count;
    end(&walker);
    aw_intern_deinit(&known);
}
