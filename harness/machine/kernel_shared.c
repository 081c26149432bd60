/* SPDX-License-Identifier: MIT */
/*
 * kernel_shared.c - outcomes of operations on memory that processes share (kernel.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "machine/kernel.h"
#include "machine/shared.h"
#include "machine/touch.h"

void aw_question_access(struct aw_question *q)
{
    uint32_t answers[2];
    unsigned count = aw_touch_answers(q->machine, q->state, q->process, q->thread, answers);
    for (unsigned i = 0; i < count; i++)
        aw_question_add(q, answers[i]);
}

void aw_question_mmap(struct aw_question *q)
{
    const struct aw_fd *fd = aw_local_fd(q->local, q->op->fd);
    if (fd == NULL) {
        aw_question_add(q, aw_answer_error(q->machine, EBADF));
        return;
    }
    if (fd->kind == AW_FD_MEMORY_READ && !q->op->extra)
        aw_question_add(q, aw_answer_error(q->machine, EACCES));
    else if (!aw_fd_is_memory(fd) ||
             !aw_shared_may_map(aw_local_fds(q->local), q->local->fd_count, fd->handle,
                                q->op->argument, q->op->extra != 0))
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_UNMODELLED;
    else if (q->local->fd_count == AW_MAX_FDS)
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    else
        aw_question_add(q, aw_answer_plain(q->machine, 0, 0, fd->handle, AW_INTERN_NONE));
}

void aw_question_shm_open(struct aw_question *q, struct aw_world *world, uint32_t exists)
{
    int flags = q->op->fd;
    bool found = exists != AW_INTERN_NONE;
    if (q->local->fd_count == AW_MAX_FDS) {
        aw_question_add(q, aw_answer_error(q->machine, EMFILE));
    } else if (found && (flags & O_CREAT) && (flags & O_EXCL)) {
        aw_question_add(q, aw_answer_error(q->machine, EEXIST));
    } else if (found) {
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, exists, AW_INTERN_NONE));
        if ((flags & O_TRUNC) == 0)
            return;
        uint32_t position = aw_machine_position(q->layout, exists);
        outcome->effect = AW_EFFECT_OBJECT;
        outcome->position = (uint16_t)position;
        outcome->object = aw_memory_resize(q->machine, q->state->words[position], 0);
    } else if ((flags & O_CREAT) == 0) {
        aw_question_add(q, aw_answer_error(q->machine, ENOENT));
    } else if (q->layout->object_count == AW_MAX_OBJECTS || world->name_count == AW_MAX_NAMES) {
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    } else {
        uint32_t handle = aw_question_new_name(q, world);
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, handle, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_MEMORY;
        outcome->detail = handle;
        outcome->world = aw_world_put(q->machine, world);
        if (handle >= AW_SHARED_COUNT)
            outcome->stop = AW_STOP_LIMIT;
    }
}

/* Waiting in a mapping: conditions and barriers. Who waits is told by the threads themselves, in
 * whatever process; the object says how many have come to a barrier, also of those that were killed
 * since. */

static uint32_t position_of(const struct aw_question *q, uint64_t address)
{
    return aw_machine_position(q->layout, aw_shared_handle(address));
}

/* Reads an object that has to be process-shared; false when the operation ends otherwise. */
static bool object_at(struct aw_question *q, void *bytes, uint32_t size, const uint32_t *shared)
{
    uint32_t object = q->state->words[position_of(q, q->op->address)];
    uint64_t offset = q->op->address - aw_shared_address(aw_shared_handle(q->op->address));
    if (offset + size > aw_memory_size(q->machine, object)) {
        aw_question_add(q, aw_answer_action(q->machine, AW_ACT_FATAL, SIGBUS));
        return false;
    }
    aw_memory_get(q->machine, object, q->op->address, bytes, size);
    if ((*shared & AW_MUTEX_PSHARED) != 0)
        return true;
    aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_PRIVATE;
    return false;
}

/* What locking or unlocking its mutex comes to for a wait. */
static struct aw_object_move mutex_of_wait(struct aw_question *q, enum aw_op_kind kind)
{
    struct aw_op op = {
        .kind = (uint8_t)kind, .flags = AW_OP_SHARED, .address = q->op->argument, .pc = q->op->pc};
    return aw_shared_move(q->machine, q->state->words[position_of(q, op.address)], &op,
                          q->info->write_end != 0);
}

static struct aw_outcome *add_move(struct aw_question *q, uint64_t address,
                                   const struct aw_object_move *move, uint32_t answer)
{
    struct aw_outcome *outcome = aw_question_add(q, answer);
    outcome->effect = AW_EFFECT_OBJECT;
    outcome->position = (uint16_t)position_of(q, address);
    outcome->object = move->object;
    outcome->stop = move->stop;
    return outcome;
}

static void cond_wait(struct aw_question *q)
{
    struct aw_user_condition condition = {0};
    if (!object_at(q, &condition, sizeof condition, &condition.shared))
        return;
    struct aw_object_move move = mutex_of_wait(q, AW_OP_MUTEX_UNLOCK);
    uint32_t answer = move.answer;
    if (move.stop == 0) {
        const struct aw_answer *of = aw_intern_get(&q->machine->answers, move.answer);
        if (of->action == AW_ACT_ANSWER && of->result == 0)
            answer = aw_answer_plain(q->machine, 0, 0,
                                     of->detail | (condition.monotonic ? AW_WAIT_MONOTONIC : 0),
                                     AW_INTERN_NONE);
    }
    add_move(q, q->op->argument, &move, answer);
}

static void cond_signal(struct aw_question *q)
{
    struct aw_user_condition condition = {0};
    if (!object_at(q, &condition, sizeof condition, &condition.shared))
        return;
    unsigned before = q->count;
    for (uint32_t p = 0; p < q->layout->process_count; p++) {
        const struct aw_local *local = aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + p]);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            if (!aw_shared_waits(&aw_local_threads(local)[t], AW_OP_COND_SLEEP, q->op->address))
                continue;
            struct aw_outcome *outcome = aw_question_add(q, q->machine->answer_zero);
            outcome->effect = AW_EFFECT_WAKE;
            outcome->target = (uint8_t)p;
            outcome->detail = t;
            if (q->op->kind == AW_OP_COND_BROADCAST) {
                outcome->target = AW_WAKE_ALL;
                return;
            }
        }
    }
    if (q->count == before)
        aw_question_add(q, q->machine->answer_zero);
}

static void add_serial(struct aw_question *q, const struct aw_object_move *move,
                       enum aw_barrier_answer caller, uint32_t process, uint32_t thread)
{
    struct aw_outcome *outcome = add_move(
        q, q->op->address, move, aw_answer_plain(q->machine, 0, 0, caller, AW_INTERN_NONE));
    outcome->effect = AW_EFFECT_WAKE;
    outcome->target = (uint8_t)process;
    outcome->detail = thread;
}

static void barrier_wait(struct aw_question *q)
{
    struct aw_user_barrier barrier = {0};
    if (!object_at(q, &barrier, sizeof barrier, &barrier.shared))
        return;
    bool last = barrier.arrived + 1 >= barrier.count;
    barrier.arrived = last ? 0 : barrier.arrived + 1;
    struct aw_object_move move = {
        .object = aw_memory_put(q->machine, q->state->words[position_of(q, q->op->address)],
                                q->op->address, &barrier, sizeof barrier)};
    if (!last) {
        add_move(q, q->op->address, &move,
                 aw_answer_plain(q->machine, 0, 0, AW_BARRIER_SLEEPS, AW_INTERN_NONE));
        return;
    }
    /* Which of them is told that it is the serial one is open (finish_locks.c). */
    add_serial(q, &move, AW_BARRIER_SERIAL, AW_WAKE_ALL, 0);
    for (uint32_t p = 0; p < q->layout->process_count; p++) {
        const struct aw_local *local = aw_local_get(q->machine, q->state->words[AW_WORD_FIRST + p]);
        for (uint32_t t = 0; t < local->thread_count; t++)
            if (aw_shared_waits(&aw_local_threads(local)[t], AW_OP_BARRIER_SLEEP, q->op->address))
                add_serial(q, &move, AW_BARRIER_PASSES, p, t);
    }
}

void aw_question_wait(struct aw_question *q)
{
    struct aw_object_move move;
    switch (q->op->kind) {
    case AW_OP_COND_WAIT:
        cond_wait(q);
        return;
    case AW_OP_COND_SLEEP:
        aw_question_expiry(q, q->machine->answer_zero);
        return;
    case AW_OP_COND_RELOCK:
        move = mutex_of_wait(q, AW_OP_MUTEX_LOCK);
        if (move.answer != AW_INTERN_NONE || move.stop != 0)
            add_move(q, q->op->argument, &move, move.answer);
        return;
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST:
        cond_signal(q);
        return;
    case AW_OP_BARRIER_WAIT:
        barrier_wait(q);
        return;
    default: /* asleep at a barrier */
        return;
    }
}
