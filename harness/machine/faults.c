/* SPDX-License-Identifier: MIT */
/*
 * faults.c - the plan of faults inside the machine: a fault is one more outcome of an operation.
 *
 * Two kinds of place. A fault at a call (a partial write, an EINTR, a crash) is an outcome of the
 * operation that the thread is parked at. A fault at a point in program code (fiu_fail, malloc) is
 * met after an operation, while code runs: the step is executed without it first, and notes each
 * point of the plan that it meets; each of them opens one more outcome, "the same answer, and the
 * k-th point fails", which may meet further points in turn.
 *
 * Budgets and occurrences are counted in the world, so that they are part of the state. With the
 * plan's budget at 0 nothing here has any effect.
 *
 * A list of outcomes that does not hold all of them ends in a stop of the machine: an alternative
 * that was left out must not look like a proof without it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "machine/faults.h"
#include "machine/internal.h"

/* Which operation a point of the table belongs to. `variant`: 1 readv, writev and waitpid only, 0
 * the plain call only, -1 either. */
static const struct {
    const char *point;
    enum aw_op_kind op;
    int variant;
} places[] = {
    {"posix/io/rw/write", AW_OP_WRITE, 0},
    {"posix/io/rw/write/reduce", AW_OP_WRITE, 0},
    {"posix/io/rw/writev", AW_OP_WRITE, 1},
    {"posix/io/rw/writev/reduce", AW_OP_WRITE, 1},
    {"posix/io/rw/read", AW_OP_READ, 0},
    {"posix/io/rw/read/reduce", AW_OP_READ, 0},
    {"posix/io/rw/readv", AW_OP_READ, 1},
    {"posix/io/rw/readv/reduce", AW_OP_READ, 1},
    {"posix/io/oc/close", AW_OP_CLOSE, -1},
    {"posix/proc/fork", AW_OP_FORK, -1},
    {"posix/proc/wait", AW_OP_WAIT, 0},
    {"posix/proc/waitpid", AW_OP_WAIT, 1},
    {"posix/proc/kill", AW_OP_KILL, -1},
    {"allways/sem/wait", AW_OP_SEM_WAIT, -1},
    {"allways/sem/wait", AW_OP_USEM_WAIT, -1},
    {"allways/sem/timedwait", AW_OP_SEM_TIMEDWAIT, -1},
    {"allways/sem/timedwait", AW_OP_USEM_TIMEDWAIT, -1},
    {"allways/sem/trywait", AW_OP_SEM_TRYWAIT, -1},
    {"allways/sem/trywait", AW_OP_USEM_TRYWAIT, -1},
    {"allways/sem/open", AW_OP_SEM_OPEN, -1},
    {"allways/thread/create", AW_OP_CREATE, -1},
    {"allways/pipe", AW_OP_PIPE, -1},
    {"posix/io/net/poll", AW_OP_POLL, -1},
    {"allways/sleep", AW_OP_SLEEP, -1},
};

static bool is_at_call(const struct aw_fault *fault)
{
    return fault->kind == AW_FAULT_CRASH || fault->kind == AW_FAULT_SIGTERM ||
           fault->kind == AW_FAULT_SPURIOUS || aw_faults_has_op(fault->point) ||
           strcmp(fault->point, "allways/delay") == 0;
}

bool aw_faults_has_op(const char *point)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].point, point) == 0)
            return true;
    return false;
}

/* Is the operation one that the fault is for? */
static bool fits(const struct aw_fault *fault, const struct aw_op *op)
{
    if (fault->kind == AW_FAULT_CRASH || fault->kind == AW_FAULT_SIGTERM)
        return true;
    if (fault->kind == AW_FAULT_SPURIOUS)
        return op->kind == AW_OP_COND_SLEEP;
    if (strcmp(fault->point, "allways/delay") == 0)
        return op->kind != AW_OP_COND_SLEEP && op->kind != AW_OP_BARRIER_SLEEP;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].op == op->kind && strcmp(places[i].point, fault->point) == 0)
            return places[i].variant < 0 || places[i].variant == (op->extra != 0);
    return false;
}

int aw_machine_set_faults(struct aw_machine *machine, const struct aw_fault_plan *plan,
                          struct aw_error *error)
{
    AW_CHECK(plan->count <= AW_FAULT_MAX);
    aw_fault_adapter_close(&machine->plan);
    memset(&machine->plan, 0, sizeof machine->plan);
    int status = aw_fault_adapter_open(plan, error);
    if (status != 0)
        return status;
    machine->plan = *plan;
    machine->has_faults = plan->count > 0 && plan->budget > 0;
    machine->has_points = false;
    for (uint32_t i = 0; i < plan->count && machine->has_faults; i++)
        machine->has_points |= !is_at_call(&plan->faults[i]);
    return 0;
}

const struct aw_fault_plan *aw_machine_faults(const struct aw_machine *machine)
{
    return &machine->plan;
}

uint32_t aw_machine_faults_reached(const struct aw_machine *machine)
{
    return machine->faults_reached;
}

uint32_t aw_machine_faults_struck(const struct aw_machine *machine)
{
    return machine->faults_struck;
}

static bool site_matches(struct aw_machine *machine, const char *site, uint64_t pc)
{
    const char *function, *file;
    int line;
    aw_machine_place(machine, pc, &function, &file, &line);
    if (function != NULL && strcmp(function, site) == 0)
        return true;
    if (file == NULL)
        return false;
    const char *base = strrchr(file, '/'), *colon = strrchr(site, ':');
    base = base == NULL ? file : base + 1;
    size_t length = colon == NULL ? strlen(site) : (size_t)(colon - site);
    bool same = (strlen(base) == length && strncmp(base, site, length) == 0) ||
                (strlen(file) == length && strncmp(file, site, length) == 0);
    return same && (colon == NULL || atoi(colon + 1) == line);
}

bool aw_fault_concerns(struct aw_machine *machine, uint32_t index, const struct aw_local *local,
                       const struct aw_thread *thread, uint64_t pc)
{
    const struct aw_fault *fault = &machine->plan.faults[index];
    if ((fault->role[0] == '\0' || aw_machine_has_role(machine, local, thread, fault->role)) &&
        (fault->site[0] == '\0' || site_matches(machine, fault->site, pc)))
        return true;
    aw_met_elsewhere(&machine->met, index, pc);
    return false;
}

int aw_fault_point_met(struct aw_machine *machine, const char *name, int64_t *delay_ns)
{
    *delay_ns = 0;
    if (!machine->has_points)
        return 0;
    if (!aw_fault_point_reserved(name))
        aw_met_name(&machine->met.points, name, (unsigned)strlen(name));
    for (uint32_t i = 0; i < machine->plan.count; i++) {
        const struct aw_fault *fault = &machine->plan.faults[i];
        if (strcmp(fault->point, name) != 0 || is_at_call(fault) ||
            !aw_fault_concerns(machine, i, &machine->work.head, aw_run_self(machine),
                               aw_run_call_site(machine)))
            continue;
        machine->faults_reached |= 1u << i;
        if (fault->kind == AW_FAULT_DELAY && machine->settings.time == AW_TIME_ARBITRARY) {
            machine->faults_struck |= 1u << i;
            continue; /* somebody else going first is what a delay is: every interleaving has it */
        }
        uint32_t ordinal = machine->point_count++;
        aw_run_event(machine, AW_EVENT_POINT, i, ordinal, 0, NULL, 0);
        for (uint32_t k = 0; k < machine->point_fault_count; k++) {
            const struct aw_point_fault *chosen = &machine->point_faults[k];
            if (chosen->ordinal != ordinal || (chosen->child != 0) != machine->in_child)
                continue;
            if (fault->kind == AW_FAULT_DELAY) {
                *delay_ns = fault->delay_ns;
                return 0;
            }
            int value = aw_fault_ask(name, chosen->value, NULL);
            AW_CHECK(value == chosen->value);
            return value;
        }
    }
    return 0;
}

/* Adding outcomes. */

struct adder {
    struct aw_machine *machine;
    const struct aw_fault_question *q;
    struct aw_outcome *outcomes;
    unsigned count;
    uint32_t counted; /* bit i: this operation is an occurrence of fault i */
    bool full;        /* there are more outcomes than room */
};

static bool in_range(const struct aw_fault *fault, uint32_t occurrence)
{
    return fault->first == 0 || (occurrence >= fault->first && occurrence <= fault->last);
}

static bool affordable(const struct aw_machine *machine, const struct aw_world *world,
                       uint32_t index)
{
    return world->faults < machine->plan.budget &&
           world->fault_used[index] < machine->plan.faults[index].budget;
}

static void get_world(const struct aw_machine *machine, uint32_t id, struct aw_world *world)
{
    memcpy(world, aw_intern_get(&machine->worlds, id), aw_intern_size(&machine->worlds, id));
}

/* The world after fault `index` was used up once more. Worlds that no later step tells apart are
 * the same: what is left of a fault's own budget is at most what is left of the plan's, and
 * occurrences are not counted for a fault that can strike no more. */
static uint32_t pay(struct aw_machine *machine, uint32_t id, uint32_t index)
{
    const struct aw_fault_plan *plan = &machine->plan;
    struct aw_world world;
    get_world(machine, id, &world);
    world.faults++;
    world.fault_used[index]++;
    uint32_t left = plan->budget - world.faults;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->faults[i].budget > world.fault_used[i] + left)
            world.fault_used[i] = plan->faults[i].budget - left;
        if (!affordable(machine, &world, i))
            world.fault_seen[i] = plan->faults[i].last;
    }
    return aw_world_put(machine, &world);
}

bool aw_machine_spends_only(const struct aw_machine *machine, uint32_t before, uint32_t after)
{
    struct aw_world one, other;
    get_world(machine, before, &one);
    get_world(machine, after, &other);
    for (uint32_t i = 0; i < machine->plan.count; i++) {
        if (other.fault_seen[i] != one.fault_seen[i] &&
            (affordable(machine, &other, i) || other.fault_seen[i] != machine->plan.faults[i].last))
            return false;
        one.fault_seen[i] = other.fault_seen[i];
        one.fault_used[i] = other.fault_used[i];
    }
    one.faults = other.faults;
    return one.name_count == other.name_count &&
           memcmp(&one, &other, aw_intern_size(&machine->worlds, after)) == 0;
}

static struct aw_outcome *add(struct adder *a, uint32_t index, int32_t value, uint32_t world)
{
    AW_CHECK(a->count < AW_MAX_OUTCOMES);
    struct aw_outcome *outcome = &a->outcomes[a->count++];
    memset(outcome, 0, sizeof *outcome);
    outcome->answer = AW_INTERN_NONE;
    outcome->world = pay(a->machine, world, index);
    outcome->faults = 1;
    outcome->fault = (uint8_t)(index + 1);
    outcome->value = value;
    a->machine->faults_struck |= 1u << index;
    return outcome;
}

static bool has_room(struct adder *a)
{
    a->full |= a->count == AW_MAX_OUTCOMES;
    return !a->full;
}

static uint32_t action(struct adder *a, enum aw_action what, uint32_t detail, int64_t result)
{
    struct aw_answer answer = {.action = what,
                               .detail = detail,
                               .result = result,
                               .output = AW_INTERN_NONE,
                               .now = a->q->now};
    return aw_answer_put(a->machine, &answer);
}

/* "Try again" is what a transfer without O_NONBLOCK never says. */
static bool cannot_give(const struct adder *a, int error)
{
    const struct aw_op *op = a->q->op;
    if (error != EAGAIN || (op->kind != AW_OP_READ && op->kind != AW_OP_WRITE))
        return false;
    if (a->q->position == 0)
        return true;
    const struct aw_pipe *pipe = aw_intern_get(&a->machine->objects, a->q->object);
    return !(op->kind == AW_OP_READ ? pipe->read_nonblocking : pipe->write_nonblocking);
}

static void add_errnos(struct adder *a, uint32_t index, uint32_t world)
{
    const struct aw_fault *fault = &a->machine->plan.faults[index];
    for (uint32_t v = 0; v < fault->value_count && has_room(a); v++) {
        int error = (int)fault->values[v];
        if (cannot_give(a, error))
            continue;
        AW_CHECK(aw_fault_ask(fault->point, error, NULL) == error);
        uint32_t progress = a->q->op->kind == AW_OP_WRITE ? a->q->op->progress : 0;
        uint32_t answer;
        if (progress > 0) { /* interrupted after progress: the short count */
            struct aw_answer plain = {
                .result = progress, .output = AW_INTERN_NONE, .now = a->q->now};
            answer = aw_answer_put(a->machine, &plain);
        } else {
            answer = action(a, AW_ACT_FAIL, (uint32_t)error, 0);
        }
        struct aw_outcome *outcome = add(a, index, error, world);
        outcome->answer = answer;
        if (a->q->op->kind == AW_OP_CLOSE && aw_local_fd(a->q->local, a->q->op->fd) != NULL)
            /* Linux closes all the same: close(2) */
            outcome->effect = AW_EFFECT_FILES;
    }
}

static void add_partials(struct adder *a, uint32_t index, uint32_t world)
{
    const struct aw_fault *fault = &a->machine->plan.faults[index];
    const struct aw_op *op = a->q->op;
    if (op->progress > 0 || a->q->transfer < 2)
        return;
    uint32_t lengths[AW_MAX_OUTCOMES], pipe_buf = a->machine->settings.pipe_page_size;
    uint32_t count =
        aw_fault_lengths_of(fault, a->q->transfer, pipe_buf, lengths, AW_MAX_OUTCOMES - a->count);
    a->full |= count < aw_fault_length_count(fault, a->q->transfer, pipe_buf);
    for (uint32_t i = 0; i < count; i++) {
        struct aw_object_move move = aw_kernel_transfer(a->machine, a->q->object, op, lengths[i]);
        if (move.answer == AW_INTERN_NONE || move.object == a->q->object)
            continue;
        AW_CHECK(aw_fault_ask(fault->point, (int)lengths[i], NULL) == (int)lengths[i]);
        struct aw_outcome *outcome = add(a, index, (int32_t)lengths[i], world);
        struct aw_answer answer =
            *(const struct aw_answer *)aw_intern_get(&a->machine->answers, move.answer);
        answer.now = a->q->now;
        if (answer.action == AW_ACT_PROGRESS) /* no room for all of it yet: it sleeps, and is cut */
            answer.result = lengths[i];
        outcome->answer = aw_answer_put(a->machine, &answer);
        outcome->effect = AW_EFFECT_OBJECT;
        outcome->position = a->q->position;
        outcome->object = move.object;
        outcome->stop = move.stop;
    }
}

static void add_death(struct adder *a, uint32_t index, int signal, uint32_t world)
{
    const struct aw_fault *fault = &a->machine->plan.faults[index];
    AW_CHECK(aw_fault_ask(fault->point, 1, NULL) == 1);
    if (!has_room(a))
        return;
    struct aw_outcome *outcome = add(a, index, signal, world);
    outcome->effect = AW_EFFECT_EXIT;
    outcome->detail = (uint32_t)signal;
}

static void add_at_call(struct adder *a, uint32_t index, uint32_t world)
{
    const struct aw_fault *fault = &a->machine->plan.faults[index];
    const struct aw_op *op = a->q->op;
    switch (fault->kind) {
    case AW_FAULT_ERRNO:
        add_errnos(a, index, world);
        break;
    case AW_FAULT_PARTIAL:
        add_partials(a, index, world);
        break;
    case AW_FAULT_CRASH:
        add_death(a, index, SIGKILL, world);
        break;
    case AW_FAULT_SIGTERM:
        if ((a->q->local->ignored & aw_signal_bit(SIGTERM)) == 0)
            add_death(a, index, SIGTERM, world);
        else
            a->machine->faults_struck |= 1u << index; /* to no effect */
        break;
    case AW_FAULT_SPURIOUS:
        AW_CHECK(aw_fault_ask(fault->point, 1, NULL) == 1);
        if (has_room(a))
            add(a, index, 1, world)->answer = action(a, AW_ACT_SPURIOUS, 0, 0);
        break;
    case AW_FAULT_DELAY:
        if (a->machine->settings.time == AW_TIME_ARBITRARY)
            a->machine->faults_struck |= 1u << index; /* every interleaving has it */
        else if ((op->flags & AW_OP_TIMED) == 0 && has_room(a))
            add(a, index, 1, world)->answer =
                action(a, AW_ACT_DELAY, 0, a->q->now + fault->delay_ns);
        break;
    default:
        break;
    }
}

/* The edge of an outcome; false when there is none. */
static bool edge_of(struct adder *a, const struct aw_outcome *outcome, struct aw_edge *edge)
{
    if (outcome->answer == AW_INTERN_NONE || outcome->stop != 0)
        return false;
    uint32_t number = aw_edge_get(a->machine, a->q->local_id, a->q->thread, outcome->answer);
    *edge = a->machine->edges[number]; /* where they lie may have changed */
    return true;
}

/* Adds what outcome `base` becomes when one more point of its code fails: that of `event`. */
static void add_failing(struct adder *a, const struct aw_outcome *base,
                        const struct aw_event *event, struct aw_point_fault chosen[64],
                        uint32_t known, bool child)
{
    struct aw_machine *machine = a->machine;
    const struct aw_fault *fault = &machine->plan.faults[event->what];
    struct aw_answer failing =
        *(const struct aw_answer *)aw_intern_get(&machine->answers, base->answer);
    uint32_t values = fault->value_count == 0 ? 1 : fault->value_count;
    for (uint32_t v = 0; v < values && has_room(a); v++) {
        int32_t value = fault->value_count == 0 ? 1 : (int32_t)fault->values[v];
        chosen[known] = (struct aw_point_fault){(uint16_t)event->a, child, value};
        failing.faults =
            1 + aw_intern_put(&machine->payloads, chosen, (known + 1) * (uint32_t)sizeof *chosen);
        struct aw_outcome *outcome = &a->outcomes[a->count++];
        *outcome = *base;
        outcome->answer = aw_answer_put(machine, &failing);
        outcome->world = pay(machine, base->world, event->what);
        outcome->faults = (uint8_t)(base->faults + 1);
        if (base->fault == 0) {
            outcome->fault = (uint8_t)(event->what + 1);
            outcome->value = value;
        }
        machine->faults_struck |= 1u << event->what;
    }
}

/* Does the point come after the last one that fails already? Then it makes a set of points that is
 * not in the list yet. */
static bool is_later(const struct aw_point_fault *chosen, uint32_t known, uint16_t ordinal,
                     bool child)
{
    return known == 0 || chosen[known - 1].child < child ||
           (chosen[known - 1].child == child && chosen[known - 1].ordinal < ordinal);
}

/* Adds, for each outcome, those that it added included, the ones in which one more point of its
 * code fails. */
static void add_points(struct adder *a)
{
    struct aw_machine *machine = a->machine;
    struct aw_world world;
    struct aw_edge edge;
    for (unsigned o = 0; o < a->count; o++) {
        struct aw_outcome base = a->outcomes[o];
        if (!edge_of(a, &base, &edge))
            continue;
        get_world(machine, base.world, &world);
        struct aw_point_fault chosen[64];
        uint32_t known = 0, met[AW_FAULT_MAX] = {0};
        const struct aw_answer *answer = aw_intern_get(&machine->answers, base.answer);
        if (answer->faults != 0) {
            known = aw_intern_size(&machine->payloads, answer->faults - 1) / sizeof *chosen;
            memcpy(chosen, aw_intern_get(&machine->payloads, answer->faults - 1),
                   known * sizeof *chosen);
        }
        for (int child = 0; child < 2; child++) {
            uint32_t count, events = child ? edge.child_events : edge.events;
            for (uint32_t e = 0; aw_machine_events(machine, events, &count), e < count; e++) {
                struct aw_event event = aw_machine_events(machine, events, &count)[e];
                if (event.kind != AW_EVENT_POINT)
                    continue;
                met[event.what]++;
                if (!is_later(chosen, known, (uint16_t)event.a, child) || known == 63 ||
                    !affordable(machine, &world, event.what) ||
                    !in_range(&machine->plan.faults[event.what],
                              world.fault_seen[event.what] + met[event.what]))
                    continue;
                add_failing(a, &base, &event, chosen, known, child);
            }
        }
    }
}

/* Counts the occurrences of an outcome in its world: the operation, unless it is merely put off,
 * and the points that its code meets. */
static void count_occurrences(struct adder *a, struct aw_outcome *outcome)
{
    struct aw_machine *machine = a->machine;
    uint32_t met[AW_FAULT_MAX] = {0};
    struct aw_edge edge;
    bool changed = false;
    const struct aw_answer *answer = outcome->answer == AW_INTERN_NONE
                                         ? NULL
                                         : aw_intern_get(&machine->answers, outcome->answer);
    for (uint32_t i = 0; i < machine->plan.count; i++)
        met[i] = (a->counted >> i & 1) != 0 && (answer == NULL || answer->action != AW_ACT_DELAY);
    if (machine->has_points && edge_of(a, outcome, &edge))
        for (int child = 0; child < 2; child++) {
            uint32_t count;
            const struct aw_event *events =
                aw_machine_events(machine, child ? edge.child_events : edge.events, &count);
            for (uint32_t e = 0; e < count; e++)
                if (events[e].kind == AW_EVENT_POINT)
                    met[events[e].what]++;
        }
    struct aw_world world;
    get_world(machine, outcome->world, &world);
    for (uint32_t i = 0; i < machine->plan.count; i++) {
        uint32_t left = machine->plan.faults[i].last - world.fault_seen[i];
        world.fault_seen[i] += met[i] < left ? met[i] : left;
        changed |= met[i] > 0 && left > 0;
    }
    if (changed)
        outcome->world = aw_world_put(machine, &world);
}

unsigned aw_faults_add(struct aw_machine *machine, const struct aw_fault_question *q,
                       struct aw_outcome *outcomes, unsigned count)
{
    struct adder a = {.machine = machine, .q = q, .outcomes = outcomes, .count = count};
    struct aw_world world;
    get_world(machine, q->world, &world);
    bool counts = false;
    bool first_try = q->op->progress == 0 && (q->op->flags & AW_OP_SLEPT) == 0;
    for (uint32_t i = 0; i < machine->plan.count; i++) {
        const struct aw_fault *fault = &machine->plan.faults[i];
        counts |= fault->first != 0;
        if (!is_at_call(fault) || !fits(fault, q->op) ||
            !aw_fault_concerns(machine, i, q->local, q->thread_entry, q->op->pc))
            continue;
        machine->faults_reached |= 1u << i;
        if (affordable(machine, &world, i) && in_range(fault, world.fault_seen[i] + 1) &&
            (q->op->flags & AW_OP_DELAYED) == 0)
            add_at_call(&a, i, q->world);
        if (fault->first != 0 && first_try)
            a.counted |= 1u << i;
    }
    if (machine->has_points)
        add_points(&a);
    for (unsigned o = 0; o < a.count && counts; o++)
        count_occurrences(&a, &a.outcomes[o]);
    if (a.full) {
        if (a.count == AW_MAX_OUTCOMES)
            a.count--;
        memset(&outcomes[a.count], 0, sizeof *outcomes);
        outcomes[a.count].answer = AW_INTERN_NONE;
        outcomes[a.count].world = q->world;
        outcomes[a.count++].stop = AW_STOP_OUTCOMES;
    }
    return a.count;
}
