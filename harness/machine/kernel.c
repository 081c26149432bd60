/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - outcomes: which ways a parked operation can go on. Reads the state, changes nothing.
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
#include "machine/kernel.h"
#include "machine/shared.h"

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
    aw_world_get(machine, id, &next);
    next.now = then;
    next.advances++;
    return aw_world_put(machine, &next);
}

/* Outcomes. */

/* Answers are shared between states; in virtual time they also carry the time. */
static uint32_t timed_answer(struct aw_question *q, uint32_t answer)
{
    if (q->now == 0 || answer == AW_INTERN_NONE)
        return answer;
    struct aw_answer timed = *(const struct aw_answer *)aw_intern_get(&q->machine->answers, answer);
    timed.now = q->now;
    return aw_answer_put(q->machine, &timed);
}

struct aw_outcome *aw_question_add(struct aw_question *q, uint32_t answer)
{
    AW_CHECK(q->count < AW_MAX_OUTCOMES);
    struct aw_outcome *outcome = &q->outcomes[q->count++];
    memset(outcome, 0, sizeof *outcome);
    outcome->answer = timed_answer(q, answer);
    outcome->world = q->state->words[AW_WORD_WORLD];
    return outcome;
}

void aw_question_expiry(struct aw_question *q, uint32_t answer)
{
    if ((q->info->flags & AW_OP_TIMED) == 0)
        return;
    uint32_t world = world_expired(q->machine, q->state->words[AW_WORD_WORLD], q->op->deadline,
                                   (q->op->flags & AW_OP_RELATIVE) != 0);
    if (world == AW_INTERN_NONE)
        return;
    struct aw_outcome *outcome = aw_question_add(q, answer);
    outcome->world = world;
    outcome->expiry = 1;
}

static void on_image(struct aw_question *q)
{
    for (unsigned choice = 0; choice < q->info->outcomes; choice++)
        aw_question_add(q, q->machine->answer_choice[choice]);
    if (q->info->outcomes == 0)
        aw_question_expiry(q, q->machine->answer_expiry);
}

/* Bytes that a read or write could move at once in a fault-free world; 0 when it is blocked. */
static uint32_t transferable(const struct aw_question *q, uint32_t object)
{
    const struct aw_pipe *pipe = aw_intern_get(&q->machine->objects, object);
    if (q->op->kind == AW_OP_READ)
        return q->op->argument < pipe->byte_count ? (uint32_t)q->op->argument : pipe->byte_count;
    return q->op->kind == AW_OP_WRITE && pipe->readers > 0
               ? (uint32_t)q->op->argument - q->op->progress
               : 0;
}

/* Does some thread sleep in a read or write of that end? In the machine it might as well not have
 * called yet; on Linux the two differ once its descriptor is closed or made non-blocking. */
static bool has_sleeper(const struct aw_question *q, uint32_t handle, bool write_end, bool own_only,
                        int fd)
{
    uint32_t position = aw_machine_position(q->layout, handle);
    for (uint32_t p = 0; p < q->layout->process_count; p++) {
        if (own_only && p != q->process)
            continue;
        uint32_t id = q->state->words[AW_WORD_FIRST + p];
        const struct aw_local *local = aw_local_get(q->machine, id);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            struct aw_thread_info *info = &q->machine->infos[id].threads[t];
            const struct aw_op *op = &aw_local_threads(local)[t].op;
            if ((p == q->process && t == q->thread) || info->handle != handle ||
                info->write_end != write_end ||
                (info->kind != AW_OP_READ && info->kind != AW_OP_WRITE) ||
                (own_only && op->fd != fd))
                continue;
            struct aw_object_move move =
                aw_object_move_of(q->machine, q->state->words[position], op, info);
            if (move.answer == AW_INTERN_NONE && move.stop == 0)
                return true;
        }
    }
    return false;
}

static void on_object(struct aw_question *q)
{
    if (q->info->handle == AW_INTERN_NONE) { /* another thread may have changed the descriptor */
        const struct aw_fd *fd = aw_local_fd(q->local, q->op->fd);
        bool wrong = fd == NULL || aw_fd_is_pipe(fd); /* not open, or the wrong end */
        if (!wrong || (fd != NULL && q->op->kind == AW_OP_FSTAT))
            aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_UNMODELLED;
        else
            aw_question_add(
                q, aw_answer_error(q->machine,
                                   fd != NULL && q->op->kind == AW_OP_FTRUNCATE ? EINVAL : EBADF));
        return;
    }
    uint32_t position = aw_machine_position(q->layout, q->info->handle);
    AW_CHECK(position != 0);
    uint32_t object = q->state->words[position];
    struct aw_object_move move = aw_object_move_of(q->machine, object, q->op, q->info);
    if (move.answer == AW_INTERN_NONE && move.stop == 0) {
        if ((q->info->flags & AW_OP_TIMED) != 0) /* else no answer needs to be made */
            aw_question_expiry(q, q->info->op_class == AW_ON_MEMORY &&
                                          aw_op_target(q->op).kind != AW_TARGET_SEMAPHORE
                                      ? aw_answer_plain(q->machine, ETIMEDOUT, 0, 0, AW_INTERN_NONE)
                                      : aw_answer_error(q->machine, ETIMEDOUT));
        return;
    }
    struct aw_outcome *outcome = aw_question_add(q, move.answer);
    outcome->effect = AW_EFFECT_OBJECT;
    outcome->position = (uint16_t)position;
    outcome->object = move.object;
    outcome->stop = move.stop;
    if (q->info->kind == AW_OP_PIPE_CONTROL && q->op->argument == F_SETFL &&
        (q->op->extra & O_NONBLOCK) != 0 &&
        has_sleeper(q, q->info->handle, q->info->write_end, false, -1))
        outcome->stop = AW_STOP_SLEEPER;
}

static void on_poll(struct aw_question *q)
{
    const struct pollfd *set = aw_intern_get(&q->machine->payloads, q->op->payload);
    int16_t revents[AW_MAX_FDS];
    int64_t ready = 0;
    uint32_t count = (uint32_t)q->op->argument;
    for (uint32_t i = 0; i < count; i++) {
        revents[i] = 0;
        const struct aw_fd *fd = set[i].fd < 0 ? NULL : aw_local_fd(q->local, set[i].fd);
        if (fd != NULL && !aw_fd_is_pipe(fd)) {
            q->count = 0;
            aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_UNMODELLED;
            return;
        }
        if (fd != NULL) {
            uint32_t position = aw_machine_position(q->layout, fd->handle);
            int all = aw_pipe_poll(aw_intern_get(&q->machine->objects, q->state->words[position]),
                                   fd->kind == AW_FD_PIPE_READ);
            all |= (all & POLLIN ? POLLRDNORM : 0) | (all & POLLOUT ? POLLWRNORM : 0);
            revents[i] = (int16_t)(all & (set[i].events | POLLERR | POLLHUP));
        } else if (set[i].fd >= 0) {
            revents[i] = POLLNVAL;
        }
        ready += revents[i] != 0;
    }
    if (ready == 0 && (q->op->flags & AW_OP_NONBLOCKING) == 0) {
        aw_question_expiry(q, q->machine->answer_zero);
        return;
    }
    uint32_t output = ready == 0 ? AW_INTERN_NONE
                                 : aw_intern_put(&q->machine->payloads, revents,
                                                 count * (uint32_t)sizeof *revents);
    aw_question_add(q, aw_answer_plain(q->machine, ready, 0, 0, output));
}

/* close, dup. */
static void on_close(struct aw_question *q)
{
    if (aw_local_fd(q->local, q->op->fd) == NULL) {
        aw_question_add(q, aw_answer_error(q->machine, EBADF));
        return;
    }
    if (q->op->kind == AW_OP_DUP && q->local->fd_count == AW_MAX_FDS &&
        ((q->op->extra & 1) == 0 || aw_local_fd(q->local, (int)q->op->argument) == NULL)) {
        aw_question_add(q, aw_answer_error(q->machine, EMFILE));
        return;
    }
    int gone = q->op->kind == AW_OP_CLOSE ? q->op->fd
               : (q->op->extra & 1) != 0  ? (int)q->op->argument
                                          : -1;
    struct aw_outcome *outcome = aw_question_add(q, q->machine->answer_zero);
    outcome->effect = AW_EFFECT_FILES;
    if (q->op->kind == AW_OP_DUP && gone == q->op->fd)
        return;
    const struct aw_fd *fd = gone < 0 ? NULL : aw_local_fd(q->local, gone);
    if (fd != NULL && fd->kind == AW_FD_CONSOLE && q->local->thread_count > 1)
        outcome->stop = AW_STOP_UNMODELLED; /* others may print there: calls_file.c */
    if (fd != NULL && aw_fd_is_pipe(fd) &&
        has_sleeper(q, fd->handle, fd->kind == AW_FD_PIPE_WRITE, true, gone))
        outcome->stop = AW_STOP_SLEEPER;
}

static void on_files(struct aw_question *q)
{
    switch (q->op->kind) {
    case AW_OP_MMAP:
        if (q->op->fd >= 0) {
            aw_question_mmap(q);
            return;
        }
        __attribute__((fallthrough));
    case AW_OP_MEMFD: {
        if (q->op->kind == AW_OP_MEMFD && q->local->fd_count == AW_MAX_FDS) {
            aw_question_add(q, aw_answer_error(q->machine, EMFILE));
            return;
        }
        uint32_t handle =
            aw_layout_new_handle(q->machine, q->layout, q->layout->processes[q->process].pid);
        if (q->layout->object_count == AW_MAX_OBJECTS || handle >= AW_SHARED_COUNT ||
            q->local->fd_count == AW_MAX_FDS) {
            aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
            return;
        }
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, handle, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_MEMORY;
        outcome->detail = handle;
        outcome->object = q->op->kind == AW_OP_MMAP ? (uint32_t)q->op->argument : 0;
        return;
    }
    case AW_OP_PIPE:
        if (q->local->fd_count + 2 > AW_MAX_FDS) {
            aw_question_add(q, aw_answer_error(q->machine, EMFILE));
            return;
        }
        if (q->layout->object_count == AW_MAX_OBJECTS) {
            aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
            return;
        }
        {
            uint32_t handle =
                aw_layout_new_handle(q->machine, q->layout, q->layout->processes[q->process].pid);
            struct aw_outcome *outcome =
                aw_question_add(q, aw_answer_plain(q->machine, 0, 0, handle, AW_INTERN_NONE));
            outcome->effect = AW_EFFECT_PIPE;
            outcome->detail = handle;
        }
        return;
    case AW_OP_FD_FLAGS:
        aw_question_add(q, aw_local_fd(q->local, q->op->fd) != NULL
                               ? q->machine->answer_zero
                               : aw_answer_error(q->machine, EBADF));
        return;
    default:
        on_close(q);
        return;
    }
}

static void on_wait(struct aw_question *q)
{
    uint32_t self = q->layout->processes[q->process].pid;
    bool children = false;
    unsigned before = q->count;
    for (uint32_t i = 0; i < q->layout->process_count; i++) {
        const struct aw_layout_process *child = &q->layout->processes[i];
        if (child->parent != self || (q->op->fd > 0 && child->pid != (uint32_t)q->op->fd))
            continue;
        children = true;
        const struct aw_local *local = aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + i]);
        if (!local->zombie)
            continue;
        uint32_t pid = q->machine->symmetry ? self * 64 + 1 : child->pid;
        struct aw_outcome *outcome = aw_question_add(
            q, aw_answer_plain(q->machine, pid, 0, (uint32_t)local->status, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_REAP;
        outcome->target = (uint8_t)i;
        outcome->named_pid = q->op->fd > 0;
    }
    if (q->count > before)
        return;
    if (!children)
        aw_question_add(q, aw_answer_error(q->machine, ECHILD));
    else if (q->op->flags & AW_OP_NONBLOCKING)
        aw_question_add(q, q->machine->answer_zero);
    if (q->count > before && q->op->fd > 0)
        q->outcomes[before].named_pid = 1;
}

static bool ignored_by_default(int signal)
{
    return signal == 0 || signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
           signal == SIGCONT;
}

static void on_kill(struct aw_question *q)
{
    int target = aw_layout_process_by_pid(q->layout, (uint32_t)q->op->argument), signal = q->op->fd;
    struct aw_outcome *outcome;
    if (target < 0) {
        int error = q->op->argument == AW_INIT_PID ? EPERM : ESRCH;
        outcome = aw_question_add(q, aw_answer_error(q->machine, error));
    } else {
        const struct aw_local *local =
            aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + (uint32_t)target]);
        bool lives = !local->zombie && !ignored_by_default(signal) &&
                     (local->ignored & aw_signal_bit(signal)) == 0;
        if (lives && (unsigned)target == q->process) {
            outcome =
                aw_question_add(q, aw_answer_action(q->machine, AW_ACT_FATAL, (uint32_t)signal));
        } else {
            outcome = aw_question_add(q, q->machine->answer_zero);
            if (lives) {
                outcome->effect = AW_EFFECT_KILL;
                outcome->target = (uint8_t)target;
                outcome->detail = (uint32_t)signal;
            }
        }
    }
    outcome->named_pid = q->op->argument != AW_ROOT_PID;
}

/* What fork() returns for the child `pid`. With symmetry it is abstracted (edge.c), but not as long
 * as all children that the process ever had are there: then it is the next number. */
static uint32_t fork_result(const struct aw_question *q, uint32_t pid)
{
    uint32_t self = q->layout->processes[q->process].pid;
    return q->machine->symmetry && !aw_fork_is_next(q->local, pid) ? self * 64 + 1 : pid;
}

static void on_process(struct aw_question *q)
{
    struct aw_outcome *outcome;
    uint32_t pid;
    switch (q->op->kind) {
    case AW_OP_FORK:
        pid = aw_state_next_pid(q->machine, q->state, q->process);
        if (pid == 0) {
            aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
            return;
        }
        outcome = aw_question_add(
            q, aw_answer_plain(q->machine, fork_result(q, pid), 0, 0, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_FORK;
        outcome->detail = pid;
        return;
    case AW_OP_EXIT:
    case AW_OP_FATAL:
        outcome = aw_question_add(q, AW_INTERN_NONE);
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
        outcome =
            aw_question_add(q, aw_answer_plain(q->machine, q->layout->processes[q->process].parent,
                                               0, 0, AW_INTERN_NONE));
        outcome->named_pid = q->layout->processes[q->process].parent > AW_ROOT_PID;
        return;
    default:
        aw_question_add(q, q->machine->answer_zero);
        return;
    }
}

static void add_clock(struct aw_question *q, const struct aw_world *world)
{
    uint32_t answer = aw_answer_plain(q->machine, world->now, 0, 0, AW_INTERN_NONE);
    aw_question_add(q, answer)->world = aw_world_put(q->machine, world);
}

/* Reading the clock finds it unchanged, just past a deadline in flight, or past all of them. */
static void on_clock(struct aw_question *q)
{
    enum { MANY = 32 };
    static const int64_t day = (int64_t)86400 * 1000000000;
    struct aw_world world;
    aw_world_get(q->machine, q->state->words[AW_WORD_WORLD], &world);
    world.clock_read = 1;
    q->machine->clock_was_read = true;
    add_clock(q, &world);
    if (q->machine->settings.time == AW_TIME_VIRTUAL ||
        world.advances >= q->machine->settings.clock_advances)
        return;
    int64_t deadlines[MANY];
    unsigned count = 0;
    for (uint32_t p = 0; p < q->layout->process_count; p++) {
        const struct aw_local *local = aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + p]);
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

uint32_t aw_question_new_name(struct aw_question *q, struct aw_world *world)
{
    uint32_t handle =
        aw_layout_new_handle(q->machine, q->layout, q->layout->processes[q->process].pid);
    uint32_t place = 0;
    while (place < world->name_count && world->names[place].text < q->op->payload)
        place++;
    memmove(&world->names[place + 1], &world->names[place],
            (world->name_count - place) * sizeof *world->names);
    world->names[place] = (struct aw_world_name){q->op->payload, handle};
    world->name_count++;
    return handle;
}

static void on_names(struct aw_question *q)
{
    struct aw_world world;
    aw_world_get(q->machine, q->state->words[AW_WORD_WORLD], &world);
    uint32_t i = 0;
    while (i < world.name_count && world.names[i].text != q->op->payload)
        i++;
    bool exists = i < world.name_count;
    if (q->op->kind == AW_OP_SHM_OPEN) {
        aw_question_shm_open(q, &world, exists ? world.names[i].handle : AW_INTERN_NONE);
        return;
    }
    if (q->op->kind == AW_OP_SEM_UNLINK || q->op->kind == AW_OP_SHM_UNLINK) {
        if (!exists) {
            aw_question_add(q, aw_answer_error(q->machine, ENOENT));
            return;
        }
        world.name_count--;
        memmove(&world.names[i], &world.names[i + 1], (world.name_count - i) * sizeof *world.names);
        aw_question_add(q, q->machine->answer_zero)->world = aw_world_put(q->machine, &world);
        return;
    }
    int flags = q->op->fd;
    if (exists && (flags & O_CREAT) && (flags & O_EXCL)) {
        aw_question_add(q, aw_answer_error(q->machine, EEXIST));
    } else if (exists) {
        aw_question_add(q,
                        aw_answer_plain(q->machine, 0, 0, world.names[i].handle, AW_INTERN_NONE));
    } else if ((flags & O_CREAT) == 0) {
        aw_question_add(q, aw_answer_error(q->machine, ENOENT));
    } else if (q->op->argument > SEM_VALUE_MAX) {
        aw_question_add(q, aw_answer_error(q->machine, EINVAL));
    } else if (q->layout->object_count == AW_MAX_OBJECTS || world.name_count == AW_MAX_NAMES) {
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    } else {
        uint32_t handle = aw_question_new_name(q, &world);
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, handle, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_SEM;
        outcome->detail = handle;
        outcome->object = (uint32_t)q->op->argument;
        outcome->world = aw_world_put(q->machine, &world);
    }
}

static void on_sleep(struct aw_question *q)
{
    uint32_t before = q->count;
    aw_question_expiry(q, q->machine->answer_zero);
    if (q->count > before)
        q->outcomes[before].expiry = 0; /* that a sleep ends is no surprise */
}

static unsigned with_faults(const struct aw_question *q, uint32_t local_id)
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
    struct aw_question q = {.machine = machine,
                            .state = state,
                            .layout = aw_layout_of(machine, state),
                            .process = process,
                            .thread = thread,
                            .outcomes = outcomes};
    uint32_t id = state->words[AW_WORD_FIRST + process];
    if (machine->infos[id].thread_count == 0)
        return 0;
    q.info = &machine->infos[id].threads[thread];
    if (q.info->kind == AW_OP_NONE)
        return 0;
    q.local = aw_local_get(machine, id);
    q.op = &aw_local_threads(q.local)[thread].op;
    if (machine->settings.time == AW_TIME_VIRTUAL)
        q.now = aw_machine_world(machine, state)->now;
    if ((q.info->flags & AW_OP_DELAYED) != 0 && q.op->deadline > q.now)
        return 0;
    switch ((enum aw_op_class)q.info->op_class) {
    case AW_ON_IMAGE:
        on_image(&q);
        break;
    case AW_ON_SEM:
    case AW_ON_PIPE:
        on_object(&q);
        break;
    case AW_ON_MEMORY:
        if (q.info->kind == AW_OP_ACCESS)
            aw_question_access(&q);
        else if (aw_shared_is_wait((enum aw_op_kind)q.info->kind))
            aw_question_wait(&q);
        else
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
    case AW_ON_NOTHING:
        if (q.op->kind == AW_OP_SLEEP) {
            on_sleep(&q);
        } else if (q.op->kind == AW_OP_GETPID) {
            aw_question_add(&q, aw_answer_plain(machine, q.layout->processes[process].pid, 0, 0,
                                                AW_INTERN_NONE))
                ->named_pid = q.layout->processes[process].pid != AW_ROOT_PID;
        } else {
            aw_question_add(&q, machine->answer_zero);
        }
        break;
    }
    if (aw_op_fills_beyond(machine, state, q.local, q.op))
        for (unsigned i = 0; i < q.count; i++)
            q.outcomes[i].stop = AW_STOP_UNMODELLED;
    return machine->has_faults ? with_faults(&q, id) : q.count;
}
