/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "explore/automaton.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/internal.h"

enum { NAME = 96, MAX_HANDLES = 256, MAX_MUTEXES = 64 };

struct learner {
    struct aw_machine *machine;
    struct aw_automaton *automaton;
    const char *process;
    struct aw_visited visited;
    struct aw_symmetry symmetry;
    char names[MAX_HANDLES][NAME];   /* of objects, by handle */
    uint64_t addresses[MAX_MUTEXES]; /* of mutexes and conditions, in the order of appearance */
    uint32_t address_count;
    bool named, fills_up;
    struct aw_outcome outcomes[AW_MAX_OUTCOMES];
};

static char *copy(const char *text)
{
    return aw_string_copy(text ? text : "");
}

/* Names. */

static void process_name(const struct learner *learner, const struct aw_state *state, uint32_t p,
                         char name[NAME])
{
    const struct aw_layout *layout = aw_machine_layout(learner->machine, state);
    const struct aw_local *local =
        aw_machine_local(learner->machine, state->words[AW_WORD_FIRST + p]);
    uint32_t size;
    if (local->worker) {
        snprintf(name, NAME, "worker");
        return;
    }
    uint32_t role = local->thread_count > 0 ? aw_local_threads(local)[0].role : 0;
    if (role != 0) {
        const char *text = aw_machine_payload(learner->machine, role - 1, &size);
        snprintf(name, NAME, "%.*s", (int)strnlen(text, size), text);
        return;
    }
    snprintf(name, NAME, "%s", layout->processes[p].pid == AW_ROOT_PID ? "main" : "child");
}

static void thread_name(const struct learner *learner, const char *process,
                        const struct aw_local *local, uint32_t t, char name[2 * NAME])
{
    const struct aw_thread *thread = &aw_local_threads(local)[t];
    uint32_t size;
    if (t == 0)
        snprintf(name, 2 * NAME, "%s", process);
    else if (thread->role != 0) {
        const char *text = aw_machine_payload(learner->machine, thread->role - 1, &size);
        snprintf(name, 2 * NAME, "%s.%.*s", process, (int)strnlen(text, size), text);
    } else
        snprintf(name, 2 * NAME, "%s.thread", process);
}

static void note_process(struct aw_automaton *automaton, const char *name)
{
    const char *known = automaton->processes;
    size_t length = strlen(name);
    for (const char *at = known; (at = strstr(at, name)) != NULL; at += length)
        if ((at == known || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return;
    char *more;
    if (asprintf(&more, "%s%s%s", known, known[0] ? ", " : "", name) < 0)
        abort();
    free(automaton->processes);
    automaton->processes = more;
}

/* Names of semaphores stand in the world until they are unlinked. */
static void note_names(struct learner *learner, const struct aw_state *state)
{
    const struct aw_world *world = aw_machine_world(learner->machine, state);
    const struct aw_layout *layout = aw_machine_layout(learner->machine, state);
    uint32_t size;
    for (uint32_t i = 0; i < world->name_count; i++) {
        uint32_t handle = world->names[i].handle;
        if (handle >= MAX_HANDLES || learner->names[handle][0] != '\0')
            continue;
        const char *text = aw_machine_payload(learner->machine, world->names[i].text, &size);
        snprintf(learner->names[handle], NAME, "%.*s", (int)strnlen(text, size), text);
    }
    for (uint32_t i = 0, pipes = 0; i < layout->object_count; i++) {
        uint32_t handle = layout->objects[i].handle;
        bool pipe = layout->objects[i].kind == AW_OBJECT_PIPE;
        if (handle < MAX_HANDLES && learner->names[handle][0] == '\0' && pipe)
            snprintf(learner->names[handle], NAME, "pipe %u", pipes);
        pipes += pipe;
    }
}

static bool is_access(const struct aw_op *op)
{
    return op->kind == AW_OP_ACCESS && (op->flags & AW_OP_SHARED) == 0;
}

/* The variable at which an access is, "" for what has no name. */
static void variable_name(const struct learner *learner, const struct aw_op *op, char name[NAME])
{
    uint64_t offset = 0;
    const char *owner;
    const char *variable = aw_machine_variable(learner->machine, op->address, &offset, &owner);
    if (variable != NULL && offset == 0)
        snprintf(name, NAME, "%s%s", owner, variable);
    else if (variable != NULL)
        snprintf(name, NAME, "%s%s+%" PRIu64, owner, variable, offset);
}

static void object_name(struct learner *learner, uint32_t local, uint32_t thread,
                        const struct aw_op *op, char name[NAME])
{
    bool write_end;
    name[0] = '\0';
    if (is_access(op))
        variable_name(learner, op, name);
    switch (op->kind) {
    case AW_OP_READ:
    case AW_OP_WRITE:
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT:
    case AW_OP_SEM_POST:
    case AW_OP_SEM_GETVALUE: {
        uint32_t handle = aw_machine_op_handle(learner->machine, local, thread, &write_end);
        if (handle < MAX_HANDLES)
            snprintf(name, NAME, "%s", learner->names[handle]);
        return;
    }
    default: {
        const struct aw_op_target target = aw_op_target(op);
        if (target.kind == AW_TARGET_NONE)
            return;
        uint32_t i = 0;
        while (i < learner->address_count && learner->addresses[i] != target.address)
            i++;
        if (i == learner->address_count && i < MAX_MUTEXES)
            learner->addresses[learner->address_count++] = target.address;
        snprintf(name, NAME, "#%u", i + 1);
        return;
    }
    }
}

/* Nodes and edges, each once. */

static uint32_t node_of(struct learner *learner, int kind, const char *thread,
                        const char *operation, const char *object, const char *function,
                        const char *file, int line)
{
    struct aw_automaton *automaton = learner->automaton;
    for (uint32_t i = 0; i < automaton->node_count; i++) {
        const struct aw_automaton_node *node = &automaton->nodes[i];
        if (node->kind == kind && node->line == line && strcmp(node->thread, thread) == 0 &&
            strcmp(node->operation, operation) == 0 && strcmp(node->object, object) == 0 &&
            strcmp(node->file, file) == 0)
            return i;
    }
    automaton->nodes =
        aw_reallocate(automaton->nodes, automaton->node_count + 1ul, sizeof *automaton->nodes);
    automaton->nodes[automaton->node_count] = (struct aw_automaton_node){
        kind,       copy(thread), copy(operation),           copy(object), copy(function),
        copy(file), line,         kind == AW_AUTOMATON_START};
    return automaton->node_count++;
}

static void add_edge(struct learner *learner, uint32_t from, uint32_t to, const char *answer,
                     bool fault)
{
    struct aw_automaton *automaton = learner->automaton;
    for (uint32_t i = 0; i < automaton->edge_count; i++)
        if (automaton->edges[i].from == from && automaton->edges[i].to == to &&
            strcmp(automaton->edges[i].answer, answer) == 0)
            return;
    automaton->edges =
        aw_reallocate(automaton->edges, automaton->edge_count + 1ul, sizeof *automaton->edges);
    automaton->edges[automaton->edge_count++] =
        (struct aw_automaton_edge){from, to, copy(answer), fault};
}

/* Where a thread is parked. */
static uint32_t place_of(struct learner *learner, const char *process, uint32_t local_id,
                         uint32_t t)
{
    char name[2 * NAME], object[NAME];
    const struct aw_local *local = aw_machine_local(learner->machine, local_id);
    const struct aw_op *op = &aw_local_threads(local)[t].op;
    const char *function = NULL, *file = NULL, *operation = aw_op_name(op->kind);
    struct aw_access_view view;
    int line = 0;
    if (is_access(op)) {
        aw_machine_access_view(learner->machine, op, &view);
        operation = view.name;
    }
    thread_name(learner, process, local, t, name);
    object_name(learner, local_id, t, op, object);
    aw_machine_place(learner->machine, op->pc, &function, &file, &line);
    return node_of(learner, op->kind == AW_OP_START ? AW_AUTOMATON_START : AW_AUTOMATON_PLACE, name,
                   operation, object, function ? function : "", file ? file : "", line);
}

/* Atomic operations: whether it was exchanged, or a small value, which is often a flag. */
static void access_answer(const struct learner *learner, const struct aw_op *op, int64_t result,
                          char answer[NAME])
{
    enum { SMALL = 10 };
    struct aw_access_view view;
    aw_machine_access_view(learner->machine, op, &view);
    if (view.is_exchange)
        snprintf(answer, NAME, "%s", result != 0 ? "done" : "differs");
    else if (view.is_atomic && !view.is_store && result >= 0 && result < SMALL)
        snprintf(answer, NAME, "%" PRId64, result);
    else
        snprintf(answer, NAME, "ok");
}

/* What the operation came to, the same word for what the code treats alike. */
static void answer_text(const struct learner *learner, const struct aw_op *op,
                        const struct aw_move *move, char answer[NAME])
{
    const struct aw_outcome *outcome = &move->how;
    answer[0] = '\0';
    if (outcome->effect == AW_EFFECT_EXIT)
        snprintf(answer, NAME, "ends");
    else if (outcome->expiry)
        snprintf(answer, NAME, "timed out");
    else if (outcome->answer != AW_INTERN_NONE) {
        const struct aw_answer *of = aw_machine_answer(learner->machine, outcome->answer);
        int64_t result = of->result;
        if (is_access(op) && move->step.edge != AW_INTERN_NONE)
            access_answer(learner, op, aw_machine_edge(learner->machine, move->step.edge)->result,
                          answer);
        else if (aw_op_class(op->kind) == AW_ON_IMAGE && move->step.edge != AW_INTERN_NONE) {
            int64_t code = aw_machine_edge(learner->machine, move->step.edge)->result;
            const char *error = code > 0 ? strerrorname_np((int)code) : NULL;
            snprintf(answer, NAME, "%s", error ? error : "ok");
        } else if (result < 0)
            snprintf(answer, NAME, "%s", strerrorname_np(of->error) ?: "fails");
        else if (op->kind == AW_OP_READ)
            snprintf(answer, NAME, "%s", result == 0 ? "end of file" : "bytes");
        else if (op->kind == AW_OP_WRITE)
            snprintf(answer, NAME, "%s", result == 0 ? "blocks" : "bytes");
        else if (op->kind == AW_OP_POLL)
            snprintf(answer, NAME, "%s", result == 0 ? "nothing" : "ready");
        else
            snprintf(answer, NAME, "ok");
    }
    if (outcome->faults > 0)
        snprintf(answer + strlen(answer), NAME - strlen(answer), " (fault)");
}

/* The step of a thread of the chosen processes. */
static void note_step(struct learner *learner, const struct aw_state *state,
                      const struct aw_state *next, const struct aw_move *move, const char *name)
{
    char answer[NAME], thread[2 * NAME];
    uint32_t before = state->words[AW_WORD_FIRST + move->process];
    const struct aw_local *local = aw_machine_local(learner->machine, before);
    const struct aw_thread of = aw_local_threads(local)[move->thread];
    uint32_t from = place_of(learner, name, before, move->thread), to = AW_INTERN_NONE;
    answer_text(learner, &of.op, move, answer);
    thread_name(learner, name, aw_machine_local(learner->machine, before), move->thread, thread);
    if (move->step.self_index != AW_INTERN_NONE) {
        uint32_t after = next->words[AW_WORD_FIRST + move->step.self_index];
        char now[NAME];
        const struct aw_local *then = aw_machine_local(learner->machine, after);
        process_name(learner, next, move->step.self_index, now);
        for (uint32_t t = 0; t < then->thread_count && !then->zombie; t++)
            if (aw_local_threads(then)[t].slot == of.slot &&
                aw_local_threads(then)[t].status == AW_THREAD_PARKED) {
                to = place_of(learner, now, after, t);
                break;
            }
    }
    if (to == AW_INTERN_NONE)
        to = node_of(learner, AW_AUTOMATON_END, thread, "", "", "", "", 0);
    add_edge(learner, from, to, answer, move->how.faults > 0);
}

/* A process comes into being, parked where it begins. */
static void note_child(struct learner *learner, const struct aw_state *next, uint32_t index)
{
    char name[NAME];
    process_name(learner, next, index, name);
    if (strcmp(name, learner->process) != 0)
        return;
    uint32_t node = place_of(learner, name, next->words[AW_WORD_FIRST + index], 0);
    learner->automaton->nodes[node].entry = true;
}

static uint32_t visit(struct learner *learner, struct aw_state *state)
{
    bool is_new;
    state->words[AW_WORD_MONITOR] = 0;
    aw_symmetry_canonical(&learner->symmetry, state, NULL);
    return aw_visited_add(&learner->visited, state->words, state->count,
                          aw_visited_hash(state->words, state->count), AW_NO_STATE, &is_new);
}

static void stop(struct learner *learner, const char *why)
{
    learner->automaton->complete = false;
    if (learner->automaton->stopped[0] == '\0')
        snprintf(learner->automaton->stopped, sizeof learner->automaton->stopped, "%s", why);
}

static void expand(struct learner *learner, const struct aw_state *state)
{
    struct aw_machine *machine = learner->machine;
    struct aw_state next;
    bool any = false;
    uint32_t processes = aw_machine_layout(machine, state)->process_count;
    note_names(learner, state);
    for (uint32_t p = 0; p < processes; p++) {
        char name[NAME];
        uint32_t id = state->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_machine_local(machine, id)->thread_count;
        process_name(learner, state, p, name);
        note_process(learner->automaton, name);
        for (uint32_t t = 0; t < threads; t++) {
            unsigned count = aw_machine_outcomes(machine, state, p, t, learner->outcomes);
            any |= aw_explorer_goes_on(learner->outcomes, count);
            for (unsigned i = 0; i < count; i++) {
                struct aw_move move = {
                    .process = p, .thread = t, .outcome = i, .how = learner->outcomes[i]};
                learner->fills_up |= move.how.stop == AW_STOP_CAPACITY;
                if (move.how.stop != 0) {
                    stop(learner, "the machine stops");
                    continue;
                }
                aw_machine_step(machine, state, p, t, &move.how, &next, &move.step);
                learner->named |= move.step.named && learner->symmetry.on;
                if (move.step.flags & AW_EDGE_STOP) {
                    stop(learner, "something that is not modelled is reached");
                    continue;
                }
                if (strcmp(name, learner->process) == 0)
                    note_step(learner, state, &next, &move, name);
                if (move.step.child_index != AW_INTERN_NONE)
                    note_child(learner, &next, move.step.child_index);
                visit(learner, &next);
            }
        }
    }
    if (!any && aw_machine_advance(machine, state, &next))
        visit(learner, &next);
}

static void forget(struct aw_automaton *automaton)
{
    aw_automaton_free(automaton);
    *automaton = (struct aw_automaton){.complete = true, .processes = copy("")};
}

/* One search; true when it has to begin again. */
static bool learn(struct learner *learner, bool symmetry, bool exact, uint64_t states)
{
    struct aw_state state;
    learner->named = learner->fills_up = false;
    learner->address_count = 0;
    memset(learner->names, 0, sizeof learner->names);
    forget(learner->automaton);
    aw_machine_set_symmetry(learner->machine, symmetry);
    aw_machine_set_exact_pipes(learner->machine, exact);
    aw_visited_init(&learner->visited);
    aw_symmetry_init(&learner->symmetry, learner->machine, symmetry);
    aw_machine_initial(learner->machine, &state);
    visit(learner, &state);
    for (uint32_t i = 0; i < learner->visited.count; i++) {
        const uint32_t *words = aw_visited_get(&learner->visited, i, &state.count);
        memcpy(state.words, words, state.count * sizeof *words);
        expand(learner, &state);
        if (learner->named || (learner->fills_up && !exact) ||
            !aw_machine_is_settled(learner->machine))
            break;
        if (learner->visited.count > states) {
            stop(learner, "the limit of states was reached");
            break;
        }
    }
    learner->automaton->states = learner->visited.count;
    aw_symmetry_deinit(&learner->symmetry);
    aw_visited_deinit(&learner->visited);
    /* Accesses that have to be operations: once more, with them. */
    return aw_machine_settle(learner->machine) || learner->named || (learner->fills_up && !exact);
}

void aw_automaton_learn(struct aw_machine *machine, const char *process, uint64_t states,
                        struct aw_automaton *automaton)
{
    struct learner *learner = aw_allocate(1, sizeof *learner);
    bool symmetry = true, exact = false;
    *automaton = (struct aw_automaton){0};
    learner->machine = machine;
    learner->automaton = automaton;
    learner->process = process;
    while (learn(learner, symmetry, exact, states)) {
        symmetry = symmetry && !learner->named;
        exact = exact || learner->fills_up;
    }
    free(learner);
}

void aw_automaton_free(struct aw_automaton *automaton)
{
    for (uint32_t i = 0; i < automaton->node_count; i++) {
        struct aw_automaton_node *node = &automaton->nodes[i];
        free(node->thread);
        free(node->operation);
        free(node->object);
        free(node->function);
        free(node->file);
    }
    for (uint32_t i = 0; i < automaton->edge_count; i++)
        free(automaton->edges[i].answer);
    free(automaton->nodes);
    free(automaton->edges);
    free(automaton->processes);
    memset(automaton, 0, sizeof *automaton);
}
