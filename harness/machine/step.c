/* SPDX-License-Identifier: MIT */
/*
 * step.c - steps: what carrying out an outcome does to a state. Object, layout and world change as
 * the outcome says; then the process takes its edge (edge.c).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "machine/internal.h"
#include "machine/kernel.h"
#include "machine/shared.h"
#include "machine/touch.h"

static uint32_t zombie(struct aw_machine *machine, uint32_t status)
{
    struct aw_local local;
    memset(&local, 0, sizeof local);
    local.zombie = 1;
    local.status = (int32_t)status;
    bool is_new;
    uint32_t id = aw_intern_add(&machine->locals, &local, sizeof local, &is_new);
    if (is_new) {
        machine->work.head = local;
        aw_local_described(machine, id);
    }
    return id;
}

/* Process `index` ends. Its zombie children are waited for by init, the others become orphans. */
static void end_process(struct aw_machine *machine, struct aw_state *next, uint32_t index,
                        uint32_t status, struct aw_step *step)
{
    const struct aw_local *local = aw_local_get(machine, next->words[AW_WORD_FIRST + index]);
    step->ended_workers += local->worker;
    uint32_t before = next->words[AW_WORD_FIRST + index];
    aw_shared_abandon(machine, next, local, UINT32_MAX);
    next->words[AW_WORD_FIRST + index] = zombie(machine, status);
    aw_state_update_references(machine, next, before, AW_INTERN_NONE);

    const struct aw_layout *layout = aw_layout_of(machine, next);
    uint32_t pid = layout->processes[index].pid;
    bool orphan = layout->processes[index].parent == AW_INIT_PID && pid != AW_ROOT_PID;
    for (uint32_t i = layout->process_count; i-- > 0;) {
        if (layout->processes[i].parent != pid)
            continue;
        if (aw_local_get(machine, next->words[AW_WORD_FIRST + i])->zombie) {
            aw_state_remove_process(machine, next, i);
            if (step->self_index != AW_INTERN_NONE && step->self_index > i)
                step->self_index--;
            index -= index > i;
        } else {
            struct aw_layout changed = *layout;
            changed.processes[i].parent = AW_INIT_PID;
            next->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &changed);
        }
        layout = aw_layout_of(machine, next);
    }
    if (orphan) {
        aw_state_remove_process(machine, next, index);
        if (step->self_index == index)
            step->self_index = AW_INTERN_NONE;
        else if (step->self_index != AW_INTERN_NONE && step->self_index > index)
            step->self_index--;
    }
}

static void create_pipe(struct aw_machine *machine, struct aw_state *next, uint32_t handle,
                        bool nonblocking)
{
    struct aw_pipe pipe;
    memset(&pipe, 0, sizeof pipe);
    struct aw_pipe_limits limits = {.page_size = machine->settings.pipe_page_size,
                                    .slot_count = machine->settings.pipe_slots};
    aw_pipe_init(&pipe, limits, machine->exact_pipes);
    pipe.read_nonblocking = pipe.write_nonblocking = nonblocking;
    pipe.joined = !pipe.exact && handle < 64 && (machine->joined_pipes >> handle & 1) != 0;
    aw_state_add_object(machine, next, handle, AW_OBJECT_PIPE,
                        aw_intern_put(&machine->objects, &pipe, pipe.size));
}

/* Who waits at a condition or barrier in a mapping goes on, in its own process. */
static void wake(struct aw_machine *machine, struct aw_state *next, const struct aw_op *by,
                 const struct aw_outcome *outcome)
{
    bool barrier = by->kind == AW_OP_BARRIER_WAIT;
    enum aw_op_kind asleep = barrier ? AW_OP_BARRIER_SLEEP : AW_OP_COND_SLEEP;
    uint32_t processes = aw_layout_of(machine, next)->process_count;
    for (uint32_t p = 0; p < processes; p++) {
        uint32_t *word = &next->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_local_get(machine, *word)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            const struct aw_thread *thread = &aw_local_threads(aw_local_get(machine, *word))[t];
            bool meant = outcome->target == p && outcome->detail == t;
            if (!aw_shared_waits(thread, asleep, by->address) ||
                (!barrier && !meant && outcome->target != AW_WAKE_ALL))
                continue;
            struct aw_op op = thread->op;
            op.kind = barrier ? AW_OP_BARRIER_LEAVE : AW_OP_COND_RELOCK;
            op.flags = barrier ? 0 : AW_OP_SHARED;
            op.deadline = 0;
            op.extra = 0;
            if (barrier) {
                op.address = 0;
                op.extra = meant ? (uint64_t)PTHREAD_BARRIER_SERIAL_THREAD : 0;
            }
            *word = aw_edge_with_op(machine, *word, t, &op);
        }
    }
}

/* The thread ends; what it holds in shared mappings is left to others. */
static void abandon(struct aw_machine *machine, struct aw_state *next, uint32_t local,
                    unsigned thread, uint32_t answer)
{
    const struct aw_answer *given = aw_intern_get(&machine->answers, answer);
    const struct aw_local *was = aw_local_get(machine, local);
    if (given->action != AW_ACT_DELAY)
        aw_shared_abandon(machine, next, was, aw_local_threads(was)[thread].slot);
}

/* The edge of that step. Most threads get the same answer again and again. */
static uint32_t edge_of(struct aw_machine *machine, uint32_t local, unsigned thread,
                        uint32_t answer)
{
    const struct aw_thread_info *last = &machine->infos[local].threads[thread];
    if (last->last_answer == answer && last->last_edge > machine->edge_first && machine->learning)
        return last->last_edge;
    uint32_t edge = aw_edge_get(machine, local, thread, answer); /* may move machine->infos */
    struct aw_thread_info *info = &machine->infos[local].threads[thread];
    info->last_answer = answer;
    info->last_edge = edge;
    return edge;
}

void aw_machine_step(struct aw_machine *machine, const struct aw_state *state, unsigned process,
                     unsigned thread, const struct aw_outcome *outcome, struct aw_state *next,
                     struct aw_step *step)
{
    *step = (struct aw_step){.edge = AW_INTERN_NONE,
                             .child_index = AW_INTERN_NONE,
                             .self_index = process,
                             .named = outcome->named_pid};
    next->count = state->count;
    memcpy(next->words, state->words, state->count * sizeof *state->words);
    next->words[AW_WORD_WORLD] = outcome->world;
    uint32_t self = AW_WORD_FIRST + process, before = state->words[self];
    if (outcome->effect == AW_EFFECT_EXIT) {
        end_process(machine, next, process, outcome->detail, step);
        return;
    }
    AW_CHECK(outcome->answer != AW_INTERN_NONE);
    if (outcome->effect == AW_EFFECT_FORK)
        aw_edge_cover_pid(machine, outcome->detail);
    step->edge = edge_of(machine, before, thread, outcome->answer);
    const struct aw_edge *edge = &machine->edges[step->edge];
    next->words[self] = edge->next;
    step->flags = edge->flags | edge->child_flags;
    /* Who waits for one child is named by it while that is blocked, too: it may be so only because
     * the child that has ended was put in another's place. */
    step->named |= edge->pid_matters || machine->pid_mattered || machine->infos[edge->next].names ||
                   (edge->child != AW_INTERN_NONE && machine->infos[edge->child].names);
    if (machine->infos[before].threads[thread].kind == AW_OP_THREAD_EXIT)
        abandon(machine, next, before, thread, outcome->answer);
    switch (outcome->effect) {
    case AW_EFFECT_MEMORY: {
        machine->has_shared = true;
        struct aw_mapping memory = {.size = outcome->object};
        aw_state_add_object(machine, next, outcome->detail, AW_OBJECT_MEMORY,
                            aw_intern_put(&machine->objects, &memory, sizeof memory));
        break;
    }
    case AW_EFFECT_OBJECT:
        next->words[outcome->position] = outcome->object;
        break;
    case AW_EFFECT_WAKE:
        if (outcome->position != 0)
            next->words[outcome->position] = outcome->object;
        wake(machine, next, &aw_local_threads(aw_local_get(machine, before))[thread].op, outcome);
        break;
    case AW_EFFECT_FILES:
        aw_state_update_references(machine, next, before, edge->next);
        break;
    case AW_EFFECT_PIPE: {
        const struct aw_op *op = &aw_local_threads(aw_local_get(machine, before))[thread].op;
        create_pipe(machine, next, outcome->detail, (op->argument & O_NONBLOCK) != 0);
        break;
    }
    case AW_EFFECT_SEM: {
        struct aw_sem sem = {.value = outcome->object, .initial = outcome->object};
        aw_state_add_object(machine, next, outcome->detail, AW_OBJECT_SEM,
                            aw_intern_put(&machine->objects, &sem, sizeof sem));
        break;
    }
    case AW_EFFECT_FORK:
        step->child_index =
            aw_state_add_process(machine, next, process, outcome->detail, edge->child);
        if (step->child_index <= process)
            step->self_index++;
        aw_state_update_references(machine, next, AW_INTERN_NONE, edge->child);
        break;
    case AW_EFFECT_REAP:
        aw_state_remove_process(machine, next, outcome->target);
        if (outcome->target < process)
            step->self_index--;
        break;
    case AW_EFFECT_KILL:
        machine->killed_another = true;
        end_process(machine, next, outcome->target, outcome->detail, step);
        break;
    default:
        break;
    }
    uint32_t stores = machine->edges[step->edge].stores;
    if (stores != AW_INTERN_NONE)
        aw_touch_apply(machine, next, stores);
    if (machine->has_shared && aw_machine_find_race(machine, next, &step->race)) {
        step->raced = true;
        step->flags |= AW_EDGE_RACE;
    }
}

bool aw_machine_advance(struct aw_machine *machine, const struct aw_state *state,
                        struct aw_state *next)
{
    if (machine->settings.time != AW_TIME_VIRTUAL)
        return false;
    const struct aw_layout *layout = aw_layout_of(machine, state);
    struct aw_world world;
    aw_world_get(machine, state->words[AW_WORD_WORLD], &world);
    int64_t first = INT64_MAX;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local = aw_local_get(machine, state->words[AW_WORD_FIRST + p]);
        const struct aw_thread *threads = aw_local_threads(local);
        for (uint32_t t = 0; t < local->thread_count; t++)
            if (threads[t].status == AW_THREAD_PARKED &&
                (threads[t].op.flags & (AW_OP_TIMED | AW_OP_DELAYED)) &&
                threads[t].op.deadline > world.now && threads[t].op.deadline < first)
                first = threads[t].op.deadline;
    }
    if (first == INT64_MAX)
        return false;
    world.now = first;
    next->count = state->count;
    memcpy(next->words, state->words, state->count * sizeof *state->words);
    next->words[AW_WORD_WORLD] = aw_world_put(machine, &world);
    return true;
}
