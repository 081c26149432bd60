/* SPDX-License-Identifier: MIT */
/*
 * objects.c - what named semaphores and pipes do under operations.
 *
 * That depends on the object and the operation alone, so it is computed once for each pair
 * (struct aw_object_move).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "machine/faults.h"
#include "machine/internal.h"
#include "machine/kernel.h"
#include "machine/shared.h"

/* What objects do under operations. */

uint32_t aw_answer_plain(struct aw_machine *machine, int64_t result, int error, uint32_t detail,
                         uint32_t output)
{
    struct aw_answer answer = {.result = result,
                               .error = error,
                               .action = AW_ACT_ANSWER,
                               .output = output,
                               .detail = detail};
    return aw_answer_put(machine, &answer);
}

uint32_t aw_answer_error(struct aw_machine *machine, int error)
{
    return aw_answer_plain(machine, -1, error, 0, AW_INTERN_NONE);
}

static struct aw_object_move sem_move(struct aw_machine *machine, uint32_t object,
                                      const struct aw_op *op)
{
    struct aw_sem sem = *(const struct aw_sem *)aw_intern_get(&machine->objects, object);
    struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
    switch (op->kind) {
    case AW_OP_SEM_POST:
        if (sem.value == SEM_VALUE_MAX) {
            move.answer = aw_answer_error(machine, EOVERFLOW);
            return move;
        }
        sem.value++;
        break;
    case AW_OP_SEM_GETVALUE:
        move.answer = aw_answer_plain(machine, 0, 0, sem.value, AW_INTERN_NONE);
        return move;
    default:
        if (sem.value == 0) {
            move.answer =
                op->kind == AW_OP_SEM_TRYWAIT ? aw_answer_error(machine, EAGAIN) : AW_INTERN_NONE;
            return move;
        }
        sem.value--;
        if (sem.initial == 1)
            move.answer = aw_answer_plain(machine, 0, 0, 1, AW_INTERN_NONE);
        break;
    }
    move.object = aw_intern_put(&machine->objects, &sem, sizeof sem);
    return move;
}

static struct aw_object_move read_move(struct aw_machine *machine, uint32_t object,
                                       const struct aw_op *op)
{
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    uint32_t size = (aw_pipe_flat_size(machine, object) + 15u) & ~15u;
    uint8_t *room = aw_scratch(machine, 3 * size); /* the pipe, what it becomes, what is read */
    const struct aw_pipe *pipe = aw_pipe_get(machine, object, (struct aw_pipe *)room);
    struct aw_pipe *out = (struct aw_pipe *)(room + size);
    uint8_t *data = room + 2ul * size;
    struct aw_pipe_result result = aw_pipe_read(
        pipe, data, op->argument > UINT32_MAX ? UINT32_MAX : (uint32_t)op->argument, out);
    if (result.status == AW_PIPE_BLOCKS) {
        if (pipe->read_nonblocking)
            move.answer = aw_answer_error(machine, EAGAIN);
        return move;
    }
    uint32_t output = result.transferred == 0
                          ? AW_INTERN_NONE
                          : aw_intern_put(&machine->payloads, data, result.transferred);
    move.answer = aw_answer_plain(machine, result.transferred, 0, 0, output);
    if (result.transferred > 0)
        move.object = aw_pipe_put(machine, out);
    return move;
}

uint32_t aw_answer_action(struct aw_machine *machine, enum aw_action action, uint32_t detail)
{
    struct aw_answer answer = {.action = action, .detail = detail, .output = AW_INTERN_NONE};
    return aw_answer_put(machine, &answer);
}

/* Writes at most `limit` bytes of the operation: a limit below what is left is a partial write. */
static struct aw_object_move write_move(struct aw_machine *machine, uint32_t object,
                                        const struct aw_op *op, uint32_t limit,
                                        bool sigpipe_ignored)
{
    uint32_t old_size = (aw_pipe_flat_size(machine, object) + 15u) & ~15u;
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    uint32_t left = (uint32_t)op->argument - op->progress;
    bool slept = (op->flags & AW_OP_SLEPT) != 0;
    if (limit < left)
        left = limit;
    uint32_t size =
        (uint32_t)aw_pipe_size_after_write(aw_intern_get(&machine->objects, object), left);
    uint8_t *room = aw_scratch(machine, old_size + size);
    const struct aw_pipe *pipe = aw_pipe_get(machine, object, (struct aw_pipe *)room);
    struct aw_pipe *out = (struct aw_pipe *)(room + old_size);
    const uint8_t *bytes =
        (const uint8_t *)aw_intern_get(&machine->payloads, op->payload) + op->progress;
    struct aw_pipe_result result =
        aw_pipe_write(pipe, bytes, left, pipe->write_nonblocking, slept && pipe->exact, out);
    switch (result.status) {
    case AW_PIPE_DONE:
        move.answer = aw_answer_plain(machine, (int64_t)op->progress + result.transferred, 0, 0,
                                      AW_INTERN_NONE);
        break;
    case AW_PIPE_PROGRESS:
        move.answer = aw_answer_action(machine, AW_ACT_PROGRESS, result.transferred);
        break;
    case AW_PIPE_BLOCKS:
        if (pipe->write_nonblocking)
            move.answer = op->progress > 0
                              ? aw_answer_plain(machine, op->progress, 0, 0, AW_INTERN_NONE)
                              : aw_answer_error(machine, EAGAIN);
        else if (!slept) /* the kernel puts it to sleep: from now on it will not merge */
            move.answer = aw_answer_action(machine, AW_ACT_PROGRESS, 0);
        return move;
    case AW_PIPE_BROKEN:
        if (!sigpipe_ignored)
            move.answer = aw_answer_action(machine, AW_ACT_FATAL, SIGPIPE);
        else if (op->progress > 0)
            move.answer = aw_answer_plain(machine, op->progress, 0, 0, AW_INTERN_NONE);
        else
            move.answer = aw_answer_error(machine, EPIPE);
        return move;
    case AW_PIPE_CAPACITY_MATTERS:
        move.stop = AW_STOP_CAPACITY;
        return move;
    }
    if (result.transferred > 0)
        move.object = aw_pipe_put(machine, out);
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
            aw_answer_plain(machine, (write_end ? O_WRONLY : O_RDONLY) | (*flag ? O_NONBLOCK : 0),
                            0, 0, AW_INTERN_NONE);
        return move;
    case F_SETFL:
        *flag = (op->extra & O_NONBLOCK) != 0;
        break;
    case F_GETPIPE_SZ:
        capacity = (int64_t)pipe->limits.page_size * pipe->limits.slot_count;
        move.answer = aw_answer_plain(machine, capacity, 0, 0, AW_INTERN_NONE);
        return move;
    case F_SETPIPE_SZ:
        if (!pipe->exact) {
            move.stop = AW_STOP_CAPACITY;
            return move;
        }
        capacity = aw_pipe_resize(pipe, (int64_t)op->extra, out, &error);
        if (capacity < 0) {
            move.answer = aw_answer_error(machine, error);
            return move;
        }
        move.answer = aw_answer_plain(machine, capacity, 0, 0, AW_INTERN_NONE);
        pipe = out;
        break;
    default:
        AW_CHECK(!"fcntl command");
    }
    move.object = aw_intern_put(&machine->objects, pipe, pipe->size);
    return move;
}

struct aw_object_move aw_object_move_new(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, const struct aw_thread_info *info)
{
    uint64_t key = object | (uint64_t)info->op_key << 32;
    struct aw_object_move move;
    if (info->op_class == AW_ON_SEM)
        move = sem_move(machine, object, op);
    else if (info->op_class == AW_ON_MEMORY)
        move = aw_shared_move(machine, object, op, info->write_end);
    else if (op->kind == AW_OP_READ)
        move = read_move(machine, object, op);
    else if (op->kind == AW_OP_WRITE)
        move = write_move(machine, object, op, UINT32_MAX, info->sigpipe_ignored);
    else
        move = control_move(machine, object, op, info->write_end);
    if (machine->move_count == machine->move_capacity) {
        machine->move_capacity = machine->move_capacity ? 2 * machine->move_capacity : 256;
        machine->moves =
            aw_reallocate(machine->moves, machine->move_capacity, sizeof *machine->moves);
    }
    machine->moves[machine->move_count] = move;
    aw_map_put(&machine->move_map, key, info->sigpipe_ignored, machine->move_count++);
    return move;
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
