/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - outcomes and steps: what the kernel objects answer, and what a step does to a state.
 *
 *   aw_machine_outcomes  which ways a parked operation can go on        (reads the state)
 *   aw_machine_step      object, layout and world after it; then the process's edge (edge.c)
 *
 * What an object does under an operation depends on the object and the operation alone, so it is
 * computed once for each pair (struct aw_object_move). The references of processes to pipe ends are
 * kept in the pipes, and are brought up to date by comparing descriptor tables before and after.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "machine/faults.h"
#include "machine/internal.h"
#include "machine/layouts.h"

/* Layouts and worlds. */

uint32_t aw_layout_put(struct aw_machine *machine, const struct aw_layout *layout)
{
    struct aw_layout clean;
    memset(&clean, 0, sizeof clean);
    clean.process_count = layout->process_count;
    clean.object_count = layout->object_count;
    memcpy(clean.processes, layout->processes,
           layout->process_count * sizeof *layout->processes);
    memcpy(clean.objects, layout->objects, layout->object_count * sizeof *layout->objects);
    return aw_intern_put(&machine->layouts, &clean, sizeof clean);
}

uint32_t aw_world_put(struct aw_machine *machine, const struct aw_world *world)
{
    return aw_intern_put(&machine->worlds, world,
                         (uint32_t)(offsetof(struct aw_world, names) +
                                    world->name_count * sizeof *world->names));
}

static void world_get(const struct aw_machine *machine, uint32_t id, struct aw_world *world)
{
    memcpy(world, aw_intern_get(&machine->worlds, id), aw_intern_size(&machine->worlds, id));
}

const struct aw_layout *aw_machine_layout_by_id(const struct aw_machine *machine, uint32_t id)
{
    return aw_intern_get(&machine->layouts, id);
}

uint32_t aw_machine_layout_id(struct aw_machine *machine, const struct aw_layout *layout)
{
    return aw_layout_put(machine, layout);
}

const struct aw_layout *aw_machine_layout(const struct aw_machine *machine,
                                          const struct aw_state *state)
{
    return aw_intern_get(&machine->layouts, state->words[AW_WORD_LAYOUT]);
}

const struct aw_world *aw_machine_world(const struct aw_machine *machine,
                                        const struct aw_state *state)
{
    return aw_intern_get(&machine->worlds, state->words[AW_WORD_WORLD]);
}

uint32_t aw_machine_position(const struct aw_layout *layout, uint32_t handle)
{
    for (uint32_t i = 0; i < layout->object_count; i++)
        if (layout->objects[i].handle == handle)
            return AW_WORD_FIRST + layout->process_count + i;
    return 0;
}

static int process_by_pid(const struct aw_layout *layout, uint32_t pid)
{
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (layout->processes[i].pid == pid)
            return (int)i;
    return -1;
}

/* The handle of `creator`'s object with `ordinal`. */
static uint32_t handle_put(struct aw_machine *machine, uint32_t creator, uint32_t ordinal)
{
    for (uint32_t i = 0; i < machine->handle_count; i++)
        if (machine->handles[i].creator == creator && machine->handles[i].ordinal == ordinal)
            return i;
    if (machine->handle_count == machine->handle_capacity) {
        machine->handle_capacity = machine->handle_capacity ? 2 * machine->handle_capacity : 32;
        machine->handles =
            aw_reallocate(machine->handles, machine->handle_capacity, sizeof *machine->handles);
    }
    machine->handles[machine->handle_count] = (struct aw_handle){creator, ordinal};
    return machine->handle_count++;
}

/* The handle for a new object of `creator`: the lowest ordinal that it has free. */
static uint32_t new_handle(struct aw_machine *machine, const struct aw_layout *layout,
                           uint32_t creator)
{
    for (uint32_t ordinal = 0;; ordinal++) {
        uint32_t handle = handle_put(machine, creator, ordinal);
        if (aw_machine_position(layout, handle) == 0)
            return handle;
    }
}

static bool object_before(const struct aw_machine *machine, uint32_t one, uint32_t other)
{
    struct aw_handle a = machine->handles[one], b = machine->handles[other];
    return a.creator != b.creator ? a.creator < b.creator : a.ordinal < b.ordinal;
}

/* Inserts a word at `position`. */
static void insert_word(struct aw_state *state, uint32_t position, uint32_t word)
{
    AW_CHECK(state->count < AW_STATE_WORDS);
    memmove(&state->words[position + 1], &state->words[position],
            (state->count - position) * sizeof *state->words);
    state->words[position] = word;
    state->count++;
}

static void remove_word(struct aw_state *state, uint32_t position)
{
    state->count--;
    memmove(&state->words[position], &state->words[position + 1],
            (state->count - position) * sizeof *state->words);
}

static void add_object(struct aw_machine *machine, struct aw_state *state, uint32_t handle,
                       enum aw_object_kind kind, uint32_t object)
{
    struct aw_layout layout = *aw_machine_layout(machine, state);
    uint32_t i = 0;
    while (i < layout.object_count &&
           object_before(machine, layout.objects[i].handle, handle))
        i++;
    memmove(&layout.objects[i + 1], &layout.objects[i],
            (layout.object_count - i) * sizeof *layout.objects);
    layout.objects[i] = (struct aw_layout_object){handle, kind};
    layout.object_count++;
    insert_word(state, AW_WORD_FIRST + layout.process_count + i, object);
    state->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &layout);
}

static void remove_object(struct aw_machine *machine, struct aw_state *state, uint32_t position)
{
    struct aw_layout layout = *aw_machine_layout(machine, state);
    uint32_t i = position - AW_WORD_FIRST - layout.process_count;
    layout.object_count--;
    memmove(&layout.objects[i], &layout.objects[i + 1],
            (layout.object_count - i) * sizeof *layout.objects);
    remove_word(state, position);
    state->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &layout);
}

/* Changes of layouts that repeat: (layout, process index, which) -> layout. */
static uint32_t layout_move(const struct aw_machine *machine, uint32_t layout, uint32_t which,
                            uint32_t argument)
{
    return aw_map_get(&machine->layout_map, layout | (uint64_t)which << 32, argument);
}

static void layout_moved(struct aw_machine *machine, uint32_t layout, uint32_t which,
                         uint32_t argument, uint32_t to)
{
    aw_map_put(&machine->layout_map, layout | (uint64_t)which << 32, argument, to);
}

enum { LAYOUT_REMOVE = 1, LAYOUT_ADD };

/* Takes process `index` out of the state. */
static void remove_process(struct aw_machine *machine, struct aw_state *state, uint32_t index)
{
    uint32_t before = state->words[AW_WORD_LAYOUT];
    uint32_t after = layout_move(machine, before, LAYOUT_REMOVE, index);
    if (after == AW_MAP_NONE) {
        struct aw_layout layout = *aw_machine_layout(machine, state);
        layout.process_count--;
        memmove(&layout.processes[index], &layout.processes[index + 1],
                (layout.process_count - index) * sizeof *layout.processes);
        after = aw_layout_put(machine, &layout);
        layout_moved(machine, before, LAYOUT_REMOVE, index, after);
    }
    state->words[AW_WORD_LAYOUT] = after;
    remove_word(state, AW_WORD_FIRST + index);
}

/* The pid of the next child of process `index`, or 0 when it has too many. Where pids are seen by
 * the program, they are not used again before they have to be, as on Linux. */
static uint32_t next_pid(const struct aw_machine *machine, const struct aw_state *state,
                         uint32_t index)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    uint32_t parent = layout->processes[index].pid;
    if (parent > UINT32_MAX / 128 || layout->process_count == AW_MAX_PROCESSES)
        return 0;
    uint32_t forks = aw_local_get(machine, state->words[AW_WORD_FIRST + index])->forks;
    if (!machine->symmetry && forks < 63 && process_by_pid(layout, parent * 64 + forks + 1) < 0)
        return parent * 64 + forks + 1;
    for (uint32_t k = 1; k < 64; k++)
        if (process_by_pid(layout, parent * 64 + k) < 0)
            return parent * 64 + k;
    return 0;
}

/* Inserts a child of process `index` with that pid; returns its index. */
static uint32_t add_process(struct aw_machine *machine, struct aw_state *state, uint32_t index,
                            uint32_t pid, uint32_t local)
{
    uint32_t before = state->words[AW_WORD_LAYOUT];
    const struct aw_layout *old = aw_machine_layout(machine, state);
    uint32_t place = 0;
    while (place < old->process_count && old->processes[place].pid < pid)
        place++;
    uint32_t after = layout_move(machine, before, LAYOUT_ADD, pid);
    if (after == AW_MAP_NONE) {
        struct aw_layout layout = *old;
        memmove(&layout.processes[place + 1], &layout.processes[place],
                (layout.process_count - place) * sizeof *layout.processes);
        layout.processes[place] =
            (struct aw_layout_process){pid, layout.processes[index].pid};
        layout.process_count++;
        after = aw_layout_put(machine, &layout);
        layout_moved(machine, before, LAYOUT_ADD, pid, after);
    }
    state->words[AW_WORD_LAYOUT] = after;
    insert_word(state, AW_WORD_FIRST + place, local);
    return place;
}

/* References to pipe ends. */

/* The pipe `object` with `readers` and `writers` more of them. */
static uint32_t with_references(struct aw_machine *machine, uint32_t object, int readers,
                                int writers)
{
    uint32_t change = (uint32_t)(readers + 4096) << 16 | (uint32_t)(writers + 4096);
    uint32_t known = aw_map_get(&machine->reference_map, object, change);
    if (known != AW_MAP_NONE)
        return known;
    uint32_t size = aw_intern_size(&machine->objects, object);
    struct aw_pipe *pipe = (struct aw_pipe *)aw_scratch(machine, size);
    memcpy(pipe, aw_intern_get(&machine->objects, object), size);
    pipe->readers = (uint16_t)(pipe->readers + readers);
    pipe->writers = (uint16_t)(pipe->writers + writers);
    uint32_t result = aw_intern_put(&machine->objects, pipe, size);
    aw_map_put(&machine->reference_map, object, change, result);
    return result;
}

/* Adds `sign` times the references of `local` to the pipes of `state`. */
static void count_references(const struct aw_layout *layout, const struct aw_local *local,
                             int sign, int (*changes)[2])
{
    const struct aw_fd *fds = aw_local_fds(local);
    for (uint32_t i = 0; i < local->fd_count; i++) {
        if (fds[i].kind == AW_FD_CONSOLE)
            continue;
        uint32_t position = aw_machine_position(layout, fds[i].handle);
        AW_CHECK(position != 0);
        changes[position - AW_WORD_FIRST - layout->process_count]
               [fds[i].kind == AW_FD_PIPE_WRITE] += sign;
    }
}

/* A process's descriptors changed from those of `before` to those of `after` (AW_INTERN_NONE: it
 * has none). Pipes that nobody can reach any more vanish. */
static void update_references(struct aw_machine *machine, struct aw_state *state, uint32_t before,
                              uint32_t after)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    int changes[AW_MAX_OBJECTS][2];
    memset(changes, 0, layout->object_count * sizeof *changes);
    if (before != AW_INTERN_NONE)
        count_references(layout, aw_local_get(machine, before), -1, changes);
    if (after != AW_INTERN_NONE)
        count_references(layout, aw_local_get(machine, after), 1, changes);
    uint32_t objects = layout->object_count, first = AW_WORD_FIRST + layout->process_count;
    for (uint32_t i = objects; i-- > 0;) {
        if (changes[i][0] == 0 && changes[i][1] == 0)
            continue;
        uint32_t object = with_references(machine, state->words[first + i], changes[i][0],
                                          changes[i][1]);
        state->words[first + i] = object;
        const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
        if (pipe->readers == 0 && pipe->writers == 0)
            remove_object(machine, state, first + i);
    }
}

/* What objects do under operations. */

static uint32_t plain_answer(struct aw_machine *machine, int64_t result, int error, uint32_t detail,
                             uint32_t output)
{
    struct aw_answer answer = {.result = result,
                               .error = error,
                               .action = AW_ACT_ANSWER,
                               .output = output,
                               .detail = detail};
    return aw_answer_put(machine, &answer);
}

static uint32_t error_answer(struct aw_machine *machine, int error)
{
    return plain_answer(machine, -1, error, 0, AW_INTERN_NONE);
}

static struct aw_object_move sem_move(struct aw_machine *machine, uint32_t object,
                                      const struct aw_op *op)
{
    struct aw_sem sem = *(const struct aw_sem *)aw_intern_get(&machine->objects, object);
    struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
    switch (op->kind) {
    case AW_OP_SEM_POST:
        if (sem.value == SEM_VALUE_MAX) {
            move.answer = error_answer(machine, EOVERFLOW);
            return move;
        }
        sem.value++;
        break;
    case AW_OP_SEM_GETVALUE:
        move.answer = plain_answer(machine, 0, 0, sem.value, AW_INTERN_NONE);
        return move;
    default:
        if (sem.value == 0) {
            move.answer = op->kind == AW_OP_SEM_TRYWAIT ? error_answer(machine, EAGAIN)
                                                        : AW_INTERN_NONE;
            return move;
        }
        sem.value--;
        if (sem.initial == 1)
            move.answer = plain_answer(machine, 0, 0, 1, AW_INTERN_NONE);
        break;
    }
    move.object = aw_intern_put(&machine->objects, &sem, sizeof sem);
    return move;
}

static struct aw_object_move read_move(struct aw_machine *machine, uint32_t object,
                                       const struct aw_op *op)
{
    const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    uint32_t wanted = op->argument < pipe->byte_count ? (uint32_t)op->argument : pipe->byte_count;
    uint8_t *bytes = aw_scratch(machine, pipe->size + wanted + 64);
    struct aw_pipe *out = (struct aw_pipe *)bytes;
    uint8_t *data = bytes + ((pipe->size + 15u) & ~15u);
    struct aw_pipe_result result =
        aw_pipe_read(pipe, data, op->argument > UINT32_MAX ? UINT32_MAX : (uint32_t)op->argument,
                     out);
    if (result.status == AW_PIPE_BLOCKS) {
        if (pipe->read_nonblocking)
            move.answer = error_answer(machine, EAGAIN);
        return move;
    }
    uint32_t output = result.transferred == 0
                          ? AW_INTERN_NONE
                          : aw_intern_put(&machine->payloads, data, result.transferred);
    move.answer = plain_answer(machine, result.transferred, 0, 0, output);
    if (result.transferred > 0)
        move.object = aw_intern_put(&machine->objects, out, out->size);
    return move;
}

static uint32_t action_answer(struct aw_machine *machine, enum aw_action action, uint32_t detail)
{
    struct aw_answer answer = {.action = action, .detail = detail, .output = AW_INTERN_NONE};
    return aw_answer_put(machine, &answer);
}

/* Writes at most `limit` bytes of the operation: a limit below what is left is a partial write. */
static struct aw_object_move write_move(struct aw_machine *machine, uint32_t object,
                                        const struct aw_op *op, uint32_t limit,
                                        bool sigpipe_ignored)
{
    const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    uint32_t left = (uint32_t)op->argument - op->progress;
    bool slept = (op->flags & AW_OP_SLEPT) != 0;
    if (limit < left)
        left = limit;
    uint32_t size = (uint32_t)aw_pipe_size_after_write(pipe, left);
    struct aw_pipe *out = (struct aw_pipe *)aw_scratch(machine, size);
    const uint8_t *bytes = (const uint8_t *)aw_intern_get(&machine->payloads, op->payload) +
                           op->progress;
    struct aw_pipe_result result =
        aw_pipe_write(pipe, bytes, left, pipe->write_nonblocking, slept && pipe->exact, out);
    switch (result.status) {
    case AW_PIPE_DONE:
        move.answer = plain_answer(machine, (int64_t)op->progress + result.transferred, 0, 0,
                                   AW_INTERN_NONE);
        break;
    case AW_PIPE_PROGRESS:
        move.answer = action_answer(machine, AW_ACT_PROGRESS, result.transferred);
        break;
    case AW_PIPE_BLOCKS:
        if (pipe->write_nonblocking)
            move.answer = op->progress > 0
                              ? plain_answer(machine, op->progress, 0, 0, AW_INTERN_NONE)
                              : error_answer(machine, EAGAIN);
        else if (!slept) /* the kernel puts it to sleep: from now on it will not merge */
            move.answer = action_answer(machine, AW_ACT_PROGRESS, 0);
        return move;
    case AW_PIPE_BROKEN:
        if (!sigpipe_ignored)
            move.answer = action_answer(machine, AW_ACT_FATAL, SIGPIPE);
        else if (op->progress > 0)
            move.answer = plain_answer(machine, op->progress, 0, 0, AW_INTERN_NONE);
        else
            move.answer = error_answer(machine, EPIPE);
        return move;
    case AW_PIPE_CAPACITY_MATTERS:
        move.stop = AW_STOP_CAPACITY;
        return move;
    }
    if (result.transferred > 0)
        move.object = aw_intern_put(&machine->objects, out, out->size);
    return move;
}

static struct aw_object_move control_move(struct aw_machine *machine, uint32_t object,
                                          const struct aw_op *op, bool write_end)
{
    struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
    uint32_t size = aw_intern_size(&machine->objects, object);
    struct aw_pipe *pipe = (struct aw_pipe *)aw_scratch(machine, 2 * size + 16);
    memcpy(pipe, aw_intern_get(&machine->objects, object), size);
    uint8_t *flag = write_end ? &pipe->write_nonblocking : &pipe->read_nonblocking;
    struct aw_pipe *out = (struct aw_pipe *)((uint8_t *)pipe + ((size + 15) & ~15u));
    int error = 0;
    int64_t capacity;
    switch ((int)op->argument) {
    case F_GETFL:
        move.answer =
            plain_answer(machine, (write_end ? O_WRONLY : O_RDONLY) | (*flag ? O_NONBLOCK : 0), 0,
                         0, AW_INTERN_NONE);
        return move;
    case F_SETFL:
        *flag = (op->extra & O_NONBLOCK) != 0;
        break;
    case F_GETPIPE_SZ:
        capacity = (int64_t)pipe->limits.page_size * pipe->limits.slot_count;
        move.answer = plain_answer(machine, capacity, 0, 0, AW_INTERN_NONE);
        return move;
    case F_SETPIPE_SZ:
        if (!pipe->exact) {
            move.stop = AW_STOP_CAPACITY;
            return move;
        }
        capacity = aw_pipe_resize(pipe, (int64_t)op->extra, out, &error);
        if (capacity < 0) {
            move.answer = error_answer(machine, error);
            return move;
        }
        move.answer = plain_answer(machine, capacity, 0, 0, AW_INTERN_NONE);
        pipe = out;
        break;
    default:
        AW_CHECK(!"fcntl command");
    }
    move.object = aw_intern_put(&machine->objects, pipe, pipe->size);
    return move;
}

static struct aw_object_move object_move(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, const struct aw_thread_info *info,
                                         bool sigpipe_ignored)
{
    uint64_t key = object | (uint64_t)info->op_key << 32;
    uint32_t known = aw_map_get(&machine->move_map, key, sigpipe_ignored);
    if (known != AW_MAP_NONE)
        return machine->moves[known];
    struct aw_object_move move;
    if (info->op_class == AW_ON_SEM)
        move = sem_move(machine, object, op);
    else if (op->kind == AW_OP_READ)
        move = read_move(machine, object, op);
    else if (op->kind == AW_OP_WRITE)
        move = write_move(machine, object, op, UINT32_MAX, sigpipe_ignored);
    else
        move = control_move(machine, object, op, info->write_end);
    if (machine->move_count == machine->move_capacity) {
        machine->move_capacity = machine->move_capacity ? 2 * machine->move_capacity : 256;
        machine->moves =
            aw_reallocate(machine->moves, machine->move_capacity, sizeof *machine->moves);
    }
    machine->moves[machine->move_count] = move;
    aw_map_put(&machine->move_map, key, sigpipe_ignored, machine->move_count++);
    return move;
}

/* Time. */

/* The world after a time-out until `deadline` expired (`relative`: lasted so long), or
 * AW_INTERN_NONE when it cannot have expired yet (virtual time), or would exceed the bound. */
static uint32_t world_expired(struct aw_machine *machine, uint32_t id, int64_t deadline,
                              bool relative)
{
    const struct aw_world *world = aw_intern_get(&machine->worlds, id);
    if (machine->settings.time == AW_TIME_VIRTUAL)
        return world->now >= deadline ? id : AW_INTERN_NONE;
    if (!world->clock_read)
        return id;
    int64_t then = deadline;
    if (relative && __builtin_add_overflow(world->now, deadline, &then))
        then = INT64_MAX;
    if (then <= world->now)
        return id;
    if (world->advances >= machine->settings.clock_advances)
        return AW_INTERN_NONE;
    struct aw_world next;
    world_get(machine, id, &next);
    next.now = then;
    next.advances++;
    return aw_world_put(machine, &next);
}

/* Outcomes. */

struct question {
    struct aw_machine *machine;
    const struct aw_state *state;
    const struct aw_layout *layout;
    const struct aw_local *local;
    const struct aw_thread_info *info;
    const struct aw_op *op;
    unsigned process, thread;
    int64_t now; /* part of every answer in virtual time */
    struct aw_outcome *outcomes;
    unsigned count;
};

/* Answers are shared between states; in virtual time they also carry the time. */
static uint32_t timed_answer(struct question *q, uint32_t answer)
{
    if (q->now == 0 || answer == AW_INTERN_NONE)
        return answer;
    struct aw_answer timed =
        *(const struct aw_answer *)aw_intern_get(&q->machine->answers, answer);
    timed.now = q->now;
    return aw_answer_put(q->machine, &timed);
}

static struct aw_outcome *add(struct question *q, uint32_t answer)
{
    AW_CHECK(q->count < AW_MAX_OUTCOMES);
    struct aw_outcome *outcome = &q->outcomes[q->count++];
    memset(outcome, 0, sizeof *outcome);
    outcome->answer = timed_answer(q, answer);
    outcome->world = q->state->words[AW_WORD_WORLD];
    return outcome;
}

/* Adds the expiry of a blocked operation's time-out, where it has one. */
static void add_expiry(struct question *q, uint32_t answer)
{
    if ((q->op->flags & AW_OP_TIMED) == 0)
        return;
    uint32_t world = world_expired(q->machine, q->state->words[AW_WORD_WORLD], q->op->deadline,
                                   (q->op->flags & AW_OP_RELATIVE) != 0);
    if (world == AW_INTERN_NONE)
        return;
    struct aw_outcome *outcome = add(q, answer);
    outcome->world = world;
    outcome->expiry = 1;
}

static void on_image(struct question *q)
{
    for (unsigned choice = 0; choice < q->info->outcomes; choice++)
        add(q, q->machine->answer_choice[choice]);
    if (q->info->outcomes == 0)
        add_expiry(q, q->machine->answer_expiry);
}

static bool sigpipe_ignored(const struct aw_local *local)
{
    return (local->ignored & aw_signal_bit(SIGPIPE)) != 0;
}

/* Bytes that a read or write could move at once in a fault-free world; 0 when it is blocked. */
static uint32_t transferable(const struct question *q, uint32_t object)
{
    const struct aw_pipe *pipe = aw_intern_get(&q->machine->objects, object);
    if (q->op->kind == AW_OP_READ)
        return q->op->argument < pipe->byte_count ? (uint32_t)q->op->argument : pipe->byte_count;
    return q->op->kind == AW_OP_WRITE && pipe->readers > 0
               ? (uint32_t)q->op->argument - q->op->progress
               : 0;
}

struct aw_object_move aw_kernel_transfer(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, uint32_t limit)
{
    if (op->kind == AW_OP_WRITE)
        return write_move(machine, object, op, limit, true);
    struct aw_op shorter = *op;
    shorter.argument = limit;
    return read_move(machine, object, &shorter);
}

static void on_object(struct question *q)
{
    if (q->info->handle == AW_INTERN_NONE) {
        add(q, error_answer(q->machine, EBADF));
        return;
    }
    uint32_t position = aw_machine_position(q->layout, q->info->handle);
    AW_CHECK(position != 0);
    uint32_t object = q->state->words[position];
    struct aw_object_move move =
        object_move(q->machine, object, q->op, q->info, sigpipe_ignored(q->local));
    if (move.answer == AW_INTERN_NONE && move.stop == 0) {
        add_expiry(q, error_answer(q->machine, ETIMEDOUT));
        return;
    }
    struct aw_outcome *outcome = add(q, move.answer);
    outcome->effect = AW_EFFECT_OBJECT;
    outcome->position = (uint16_t)position;
    outcome->object = move.object;
    outcome->stop = move.stop;
}

static void on_poll(struct question *q)
{
    const struct pollfd *set = aw_intern_get(&q->machine->payloads, q->op->payload);
    int16_t revents[AW_MAX_FDS];
    int64_t ready = 0;
    uint32_t count = (uint32_t)q->op->argument;
    for (uint32_t i = 0; i < count; i++) {
        revents[i] = 0;
        const struct aw_fd *fd = set[i].fd < 0 ? NULL : aw_local_fd(q->local, set[i].fd);
        if (fd != NULL && fd->kind != AW_FD_CONSOLE) {
            uint32_t position = aw_machine_position(q->layout, fd->handle);
            int all = aw_pipe_poll(
                aw_intern_get(&q->machine->objects, q->state->words[position]),
                fd->kind == AW_FD_PIPE_READ);
            all |= (all & POLLIN ? POLLRDNORM : 0) | (all & POLLOUT ? POLLWRNORM : 0);
            revents[i] = (int16_t)(all & (set[i].events | POLLERR | POLLHUP));
        } else if (set[i].fd >= 0) {
            revents[i] = POLLNVAL;
        }
        ready += revents[i] != 0;
    }
    if (ready == 0 && (q->op->flags & AW_OP_NONBLOCKING) == 0) {
        add_expiry(q, q->machine->answer_zero);
        return;
    }
    uint32_t output =
        ready == 0 ? AW_INTERN_NONE
                   : aw_intern_put(&q->machine->payloads, revents,
                                   count * (uint32_t)sizeof *revents);
    add(q, plain_answer(q->machine, ready, 0, 0, output));
}

static void on_files(struct question *q)
{
    switch (q->op->kind) {
    case AW_OP_PIPE:
        if (q->local->fd_count + 2 > AW_MAX_FDS) {
            add(q, error_answer(q->machine, EMFILE));
            return;
        }
        if (q->layout->object_count == AW_MAX_OBJECTS) {
            add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
            return;
        }
        {
            uint32_t handle = new_handle(q->machine, q->layout,
                                         q->layout->processes[q->process].pid);
            struct aw_outcome *outcome =
                add(q, plain_answer(q->machine, 0, 0, handle, AW_INTERN_NONE));
            outcome->effect = AW_EFFECT_PIPE;
            outcome->detail = handle;
        }
        return;
    default: /* close, dup */
        if (aw_local_fd(q->local, q->op->fd) == NULL) {
            add(q, error_answer(q->machine, EBADF));
            return;
        }
        if (q->op->kind == AW_OP_DUP && q->local->fd_count == AW_MAX_FDS &&
            ((q->op->extra & 1) == 0 || aw_local_fd(q->local, (int)q->op->argument) == NULL)) {
            add(q, error_answer(q->machine, EMFILE));
            return;
        }
        add(q, q->machine->answer_zero)->effect = AW_EFFECT_FILES;
        return;
    }
}

static void on_wait(struct question *q)
{
    uint32_t self = q->layout->processes[q->process].pid;
    bool children = false;
    unsigned before = q->count;
    for (uint32_t i = 0; i < q->layout->process_count; i++) {
        const struct aw_layout_process *child = &q->layout->processes[i];
        if (child->parent != self || (q->op->fd > 0 && child->pid != (uint32_t)q->op->fd))
            continue;
        children = true;
        const struct aw_local *local =
            aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + i]);
        if (!local->zombie)
            continue;
        uint32_t pid = q->machine->symmetry ? self * 64 + 1 : child->pid;
        struct aw_outcome *outcome = add(
            q, plain_answer(q->machine, pid, 0, (uint32_t)local->status, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_REAP;
        outcome->target = (uint8_t)i;
        outcome->named_pid = q->op->fd > 0;
    }
    if (q->count > before)
        return;
    if (!children)
        add(q, error_answer(q->machine, ECHILD));
    else if (q->op->flags & AW_OP_NONBLOCKING)
        add(q, q->machine->answer_zero);
    if (q->count > before && q->op->fd > 0)
        q->outcomes[before].named_pid = 1;
}

static bool ignored_by_default(int signal)
{
    return signal == 0 || signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
           signal == SIGCONT;
}

static void on_kill(struct question *q)
{
    int target = process_by_pid(q->layout, (uint32_t)q->op->argument), signal = q->op->fd;
    struct aw_outcome *outcome;
    if (target < 0) {
        int error = q->op->argument == AW_INIT_PID ? EPERM : ESRCH;
        outcome = add(q, error_answer(q->machine, error));
    } else {
        const struct aw_local *local =
            aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + (uint32_t)target]);
        bool lives = !local->zombie && !ignored_by_default(signal) &&
                     (local->ignored & aw_signal_bit(signal)) == 0;
        if (lives && (unsigned)target == q->process) {
            outcome = add(q, action_answer(q->machine, AW_ACT_FATAL, (uint32_t)signal));
        } else {
            outcome = add(q, q->machine->answer_zero);
            if (lives) {
                outcome->effect = AW_EFFECT_KILL;
                outcome->target = (uint8_t)target;
                outcome->detail = (uint32_t)signal;
            }
        }
    }
    outcome->named_pid = q->op->argument != AW_ROOT_PID;
}

static void on_process(struct question *q)
{
    struct aw_outcome *outcome;
    uint32_t pid;
    switch (q->op->kind) {
    case AW_OP_FORK:
        pid = next_pid(q->machine, q->state, q->process);
        if (pid == 0) {
            add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
            return;
        }
        if (q->machine->symmetry)
            pid = q->layout->processes[q->process].pid * 64 + 1;
        outcome = add(q, plain_answer(q->machine, pid, 0, 0, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_FORK;
        outcome->detail = next_pid(q->machine, q->state, q->process);
        return;
    case AW_OP_EXIT:
    case AW_OP_FATAL:
        outcome = add(q, AW_INTERN_NONE);
        outcome->effect = AW_EFFECT_EXIT;
        outcome->detail =
            q->op->kind == AW_OP_EXIT ? (uint32_t)q->op->argument : (uint32_t)q->op->fd;
        return;
    case AW_OP_WAIT:
        on_wait(q);
        return;
    case AW_OP_KILL:
        on_kill(q);
        return;
    case AW_OP_GETPPID:
        outcome = add(q, plain_answer(q->machine, q->layout->processes[q->process].parent, 0, 0,
                                      AW_INTERN_NONE));
        outcome->named_pid = q->layout->processes[q->process].parent > AW_ROOT_PID;
        return;
    default:
        add(q, q->machine->answer_zero);
        return;
    }
}

static void add_clock(struct question *q, const struct aw_world *world)
{
    uint32_t answer = plain_answer(q->machine, world->now, 0, 0, AW_INTERN_NONE);
    add(q, answer)->world = aw_world_put(q->machine, world);
}

/* Reading the clock finds it unchanged, just past a deadline in flight, or past all of them. */
static void on_clock(struct question *q)
{
    enum { MANY = 32 };
    static const int64_t day = (int64_t)86400 * 1000000000;
    struct aw_world world;
    world_get(q->machine, q->state->words[AW_WORD_WORLD], &world);
    world.clock_read = 1;
    q->machine->clock_was_read = true;
    add_clock(q, &world);
    if (q->machine->settings.time == AW_TIME_VIRTUAL ||
        world.advances >= q->machine->settings.clock_advances)
        return;
    int64_t deadlines[MANY];
    unsigned count = 0;
    for (uint32_t p = 0; p < q->layout->process_count; p++) {
        const struct aw_local *local =
            aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + p]);
        const struct aw_thread *threads = aw_local_threads(local);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            const struct aw_op *op = &threads[t].op;
            if (threads[t].status != AW_THREAD_PARKED || (op->flags & AW_OP_TIMED) == 0 ||
                (op->flags & AW_OP_RELATIVE) != 0 || op->deadline <= world.now)
                continue;
            unsigned i = 0;
            while (i < count && deadlines[i] != op->deadline)
                i++;
            if (i == count && count < MANY)
                deadlines[count++] = op->deadline;
        }
    }
    world.advances++;
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = i + 1; j < count; j++)
            if (deadlines[j] < deadlines[i]) {
                int64_t swap = deadlines[i];
                deadlines[i] = deadlines[j];
                deadlines[j] = swap;
            }
    int64_t now = world.now, last = now;
    for (unsigned i = 0; i < count; i++) {
        world.now = last = deadlines[i];
        add_clock(q, &world);
    }
    world.now = last + day;
    add_clock(q, &world);
}

static void on_names(struct question *q)
{
    struct aw_world world;
    world_get(q->machine, q->state->words[AW_WORD_WORLD], &world);
    uint32_t i = 0;
    while (i < world.name_count && world.names[i].text != q->op->payload)
        i++;
    bool exists = i < world.name_count;
    if (q->op->kind == AW_OP_SEM_UNLINK) {
        if (!exists) {
            add(q, error_answer(q->machine, ENOENT));
            return;
        }
        world.name_count--;
        memmove(&world.names[i], &world.names[i + 1],
                (world.name_count - i) * sizeof *world.names);
        add(q, q->machine->answer_zero)->world = aw_world_put(q->machine, &world);
        return;
    }
    int flags = q->op->fd;
    if (exists && (flags & O_CREAT) && (flags & O_EXCL)) {
        add(q, error_answer(q->machine, EEXIST));
    } else if (exists) {
        add(q, plain_answer(q->machine, 0, 0, world.names[i].handle, AW_INTERN_NONE));
    } else if ((flags & O_CREAT) == 0) {
        add(q, error_answer(q->machine, ENOENT));
    } else if (q->op->argument > SEM_VALUE_MAX) {
        add(q, error_answer(q->machine, EINVAL));
    } else if (q->layout->object_count == AW_MAX_OBJECTS || world.name_count == AW_MAX_NAMES) {
        add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    } else {
        uint32_t handle =
            new_handle(q->machine, q->layout, q->layout->processes[q->process].pid);
        uint32_t place = 0;
        while (place < world.name_count && world.names[place].text < q->op->payload)
            place++;
        memmove(&world.names[place + 1], &world.names[place],
                (world.name_count - place) * sizeof *world.names);
        world.names[place] = (struct aw_world_name){q->op->payload, handle};
        world.name_count++;
        struct aw_outcome *outcome =
            add(q, plain_answer(q->machine, 0, 0, handle, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_SEM;
        outcome->detail = handle;
        outcome->object = (uint32_t)q->op->argument;
        outcome->world = aw_world_put(q->machine, &world);
    }
}

static void on_sleep(struct question *q)
{
    uint32_t before = q->count;
    add_expiry(q, q->machine->answer_zero);
    if (q->count > before)
        q->outcomes[before].expiry = 0; /* that a sleep ends is no surprise */
}

static unsigned with_faults(const struct question *q, uint32_t local_id)
{
    struct aw_fault_question fault = {.local = q->local,
                                      .local_id = local_id,
                                      .thread = q->thread,
                                      .thread_entry = &aw_local_threads(q->local)[q->thread],
                                      .op = q->op,
                                      .world = q->state->words[AW_WORD_WORLD],
                                      .now = q->now};
    if (q->info->op_class == AW_ON_PIPE && q->info->handle != AW_INTERN_NONE) {
        fault.position = (uint16_t)aw_machine_position(q->layout, q->info->handle);
        fault.object = q->state->words[fault.position];
        fault.transfer = transferable(q, fault.object);
    }
    return aw_faults_add(q->machine, &fault, q->outcomes, q->count);
}

unsigned aw_machine_outcomes(struct aw_machine *machine, const struct aw_state *state,
                             unsigned process, unsigned thread, struct aw_outcome *outcomes)
{
    struct question q = {.machine = machine,
                         .state = state,
                         .layout = aw_machine_layout(machine, state),
                         .process = process,
                         .thread = thread,
                         .outcomes = outcomes};
    uint32_t id = state->words[AW_WORD_FIRST + process];
    q.local = aw_local_get(machine, id);
    if (q.local->zombie)
        return 0;
    q.info = &machine->infos[id].threads[thread];
    if (q.info->kind == AW_OP_NONE)
        return 0;
    q.op = &aw_local_threads(q.local)[thread].op;
    if (machine->settings.time == AW_TIME_VIRTUAL)
        q.now = aw_machine_world(machine, state)->now;
    if ((q.op->flags & AW_OP_DELAYED) != 0 && q.op->deadline > q.now)
        return 0;
    switch (q.info->op_class) {
    case AW_ON_IMAGE:
        on_image(&q);
        break;
    case AW_ON_SEM:
    case AW_ON_PIPE:
        on_object(&q);
        break;
    case AW_ON_FILES:
        on_files(&q);
        break;
    case AW_ON_POLL:
        on_poll(&q);
        break;
    case AW_ON_PROCESS:
        on_process(&q);
        break;
    case AW_ON_WORLD:
        if (q.op->kind == AW_OP_CLOCK)
            on_clock(&q);
        else
            on_names(&q);
        break;
    default:
        if (q.op->kind == AW_OP_SLEEP) {
            on_sleep(&q);
        } else if (q.op->kind == AW_OP_GETPID) {
            add(&q, plain_answer(machine, q.layout->processes[process].pid, 0, 0,
                                 AW_INTERN_NONE))
                ->named_pid = q.layout->processes[process].pid != AW_ROOT_PID;
        } else {
            add(&q, machine->answer_zero);
        }
        break;
    }
    return machine->has_faults ? with_faults(&q, id) : q.count;
}

/* Steps. */

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
    next->words[AW_WORD_FIRST + index] = zombie(machine, status);
    update_references(machine, next, before, AW_INTERN_NONE);

    const struct aw_layout *layout = aw_machine_layout(machine, next);
    uint32_t pid = layout->processes[index].pid;
    bool orphan = layout->processes[index].parent == AW_INIT_PID && pid != AW_ROOT_PID;
    for (uint32_t i = layout->process_count; i-- > 0;) {
        if (layout->processes[i].parent != pid)
            continue;
        if (aw_local_get(machine, next->words[AW_WORD_FIRST + i])->zombie) {
            remove_process(machine, next, i);
            if (step->self_index != AW_INTERN_NONE && step->self_index > i)
                step->self_index--;
            index -= index > i;
        } else {
            struct aw_layout changed = *layout;
            changed.processes[i].parent = AW_INIT_PID;
            next->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &changed);
        }
        layout = aw_machine_layout(machine, next);
    }
    if (orphan) {
        remove_process(machine, next, index);
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
    add_object(machine, next, handle, AW_OBJECT_PIPE,
               aw_intern_put(&machine->objects, &pipe, pipe.size));
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
    step->edge = aw_edge_get(machine, before, thread, outcome->answer);
    const struct aw_edge *edge = &machine->edges[step->edge];
    next->words[self] = edge->next;
    step->flags = edge->flags | edge->child_flags;
    step->named |= edge->pid_matters;
    switch (outcome->effect) {
    case AW_EFFECT_OBJECT:
        next->words[outcome->position] = outcome->object;
        break;
    case AW_EFFECT_FILES:
        update_references(machine, next, before, edge->next);
        break;
    case AW_EFFECT_PIPE: {
        const struct aw_op *op = &aw_local_threads(aw_local_get(machine, before))[thread].op;
        create_pipe(machine, next, outcome->detail, (op->argument & O_NONBLOCK) != 0);
        break;
    }
    case AW_EFFECT_SEM: {
        struct aw_sem sem = {.value = outcome->object, .initial = outcome->object};
        add_object(machine, next, outcome->detail, AW_OBJECT_SEM,
                   aw_intern_put(&machine->objects, &sem, sizeof sem));
        break;
    }
    case AW_EFFECT_FORK:
        step->child_index =
            add_process(machine, next, process, outcome->detail, edge->child);
        if (step->child_index <= process)
            step->self_index++;
        update_references(machine, next, AW_INTERN_NONE, edge->child);
        break;
    case AW_EFFECT_REAP:
        remove_process(machine, next, outcome->target);
        if (outcome->target < process)
            step->self_index--;
        break;
    case AW_EFFECT_KILL:
        end_process(machine, next, outcome->target, outcome->detail, step);
        break;
    default:
        break;
    }
}

bool aw_machine_advance(struct aw_machine *machine, const struct aw_state *state,
                        struct aw_state *next)
{
    if (machine->settings.time != AW_TIME_VIRTUAL)
        return false;
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    struct aw_world world;
    world_get(machine, state->words[AW_WORD_WORLD], &world);
    int64_t first = INT64_MAX;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local = aw_local_get(machine, state->words[AW_WORD_FIRST + p]);
        const struct aw_thread *threads = aw_local_threads(local);
        for (uint32_t t = 0; t < local->thread_count; t++)
            if (threads[t].status == AW_THREAD_PARKED && (threads[t].op.flags & (AW_OP_TIMED | AW_OP_DELAYED)) &&
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
