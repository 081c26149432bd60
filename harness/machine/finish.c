/* SPDX-License-Identifier: MIT */
/*
 * finish.c - what an answered operation does to its own process, before the code goes on
 * (finish.h).
 *
 * For operations on kernel objects the answer says it all; those on objects of the image happen
 * when they are carried out (finish_locks.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "machine/calls.h"
#include "machine/finish.h"
#include "machine/heap.h"
#include "machine/shared.h"
#include "machine/touch.h"

/* Errors that a program meets in its normal course: not findings. */
static bool expected_error(int error)
{
    return error == EAGAIN || error == EINTR || error == ETIMEDOUT || error == ECHILD ||
           error == EBUSY || error == EEXIST || error == ENOENT || error == ESRCH ||
           error == EOWNERDEAD;
}

void aw_finish_note_error(struct aw_machine *machine, const struct aw_op *op, int error)
{
    if (expected_error(error))
        return;
    const char *name = aw_op_name(op->kind);
    aw_run_event(machine, AW_EVENT_ERROR, 0, (uint64_t)error, op->pc, name, (uint32_t)strlen(name));
}

void aw_finish_fill(struct aw_machine *machine, const struct aw_op *op, uint64_t address,
                    const void *bytes, uint64_t size)
{
    if (size == 0)
        return;
    bool shared = aw_is_shared(address);
    if (shared) {
        aw_touch_store(address, size, bytes);
    } else {
        memcpy((void *)address, bytes, size);
        aw_access(machine, address, size, AW_ACCESS_WRITE, op->pc);
    }
    if (!shared &&
        (machine->work.head.thread_count < 2 || !aw_access_is_visible(machine, address, size)))
        return;
    if (machine->filled_count == machine->filled_capacity) {
        machine->filled_capacity = machine->filled_capacity ? 2 * machine->filled_capacity : 16;
        machine->filled =
            aw_reallocate(machine->filled, machine->filled_capacity, sizeof *machine->filled);
    }
    struct aw_range *range = &machine->filled[machine->filled_count++];
    memset(range, 0, sizeof *range);
    range->address = address;
    range->size = size;
    range->kind = AW_ACCESS_WRITE;
}

bool aw_finish_limit(struct aw_machine *machine, const struct aw_op *op, const char *text)
{
    aw_run_event(machine, AW_EVENT_STOP, AW_STOP_LIMIT, 0, op->pc, text, (uint32_t)strlen(text));
    return false;
}

/* Pipes and descriptors. */

static void finish_read(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer)
{
    if (answer->output == AW_INTERN_NONE)
        return;
    uint32_t length = aw_intern_size(&machine->payloads, answer->output);
    const uint8_t *bytes = aw_intern_get(&machine->payloads, answer->output);
    if (op->payload == AW_INTERN_NONE) {
        aw_finish_fill(machine, op, op->address, bytes, length);
        return;
    }
    const struct iovec *vector = aw_intern_get(&machine->payloads, op->payload);
    for (uint64_t i = 0; i < op->extra && length > 0; i++) {
        uint32_t part = vector[i].iov_len < length ? (uint32_t)vector[i].iov_len : length;
        aw_finish_fill(machine, op, (uint64_t)vector[i].iov_base, bytes, part);
        bytes += part;
        length -= part;
    }
}

static bool finish_pipe(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer, uint64_t *result)
{
    if (answer->result != 0)
        return true;
    struct aw_fd end = {.kind = AW_FD_PIPE_READ,
                        .close_on_exec = (op->argument & O_CLOEXEC) != 0,
                        .handle = answer->detail,
                        .origin = aw_origin(&machine->work, op->pc)};
    int fds[2];
    fds[0] = aw_process_add_fd(&machine->work, 0, end);
    end.kind = AW_FD_PIPE_WRITE;
    fds[1] = fds[0] < 0 ? -1 : aw_process_add_fd(&machine->work, 0, end);
    AW_CHECK(fds[1] >= 0); /* kernel.c has refused it otherwise */
    aw_finish_fill(machine, op, op->address, fds, sizeof fds);
    *result = 0;
    return true;
}

static void finish_dup(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
{
    struct aw_process *work = &machine->work;
    const struct aw_fd *from = aw_process_fd(work, op->fd);
    AW_CHECK(from != NULL);
    struct aw_fd copy = *from;
    if ((op->extra & 1) && op->argument == (uint64_t)op->fd) {
        *result = op->argument;
        return;
    }
    copy.close_on_exec = (op->extra & 2) != 0;
    copy.origin = aw_origin(work, op->pc);
    if ((op->extra & 1) && aw_process_fd(work, (int)op->argument) != NULL)
        aw_process_remove_fd(work, (int)op->argument);
    *result = (uint64_t)(int64_t)aw_process_add_fd(work, (int)op->argument, copy);
}

static void finish_poll(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer)
{
    struct pollfd *set = (struct pollfd *)op->address;
    const int16_t *revents =
        answer->output == AW_INTERN_NONE ? NULL : aw_intern_get(&machine->payloads, answer->output);
    for (uint64_t i = 0; i < op->argument; i++) {
        int16_t found = revents != NULL ? revents[i] : 0;
        aw_finish_fill(machine, op, (uint64_t)&set[i].revents, &found, sizeof found);
    }
}

/* Time. */

static void finish_clock(struct aw_machine *machine, const struct aw_op *op, int64_t now,
                         uint64_t *result)
{
    int64_t time = now + (op->fd == CLOCK_REALTIME ? AW_REALTIME_START : AW_MONOTONIC_START);
    int64_t seconds = time / 1000000000, rest = time % 1000000000;
    *result = op->extra == 2 ? (uint64_t)seconds : 0;
    if (op->extra == 0)
        aw_finish_fill(machine, op, op->address, &(struct timespec){seconds, rest},
                       sizeof(struct timespec));
    else if (op->extra == 1)
        aw_finish_fill(machine, op, op->address, &(struct timeval){seconds, rest / 1000},
                       sizeof(struct timeval));
    else if (op->address != 0)
        aw_finish_fill(machine, op, op->address, &(time_t){seconds}, sizeof(time_t));
}

static void finish_signal(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
{
    uint64_t *ignored = &machine->work.head.ignored, bit = aw_signal_bit(op->fd);
    uint64_t old = (uint64_t)(*ignored & bit ? SIG_IGN : SIG_DFL);
    /* What raise looks at within a step. */
    aw_access(machine, machine->dispositions + (uint64_t)op->fd, 1,
              AW_ACCESS_SYNC | (op->argument <= 1 ? AW_ACCESS_WRITE : AW_ACCESS_READ), op->pc);
    if (op->argument == 0)
        *ignored &= ~bit;
    else if (op->argument == 1)
        *ignored |= bit;
    if (op->address != 0) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = (void (*)(int))old;
        aw_finish_fill(machine, op, op->address, &action, sizeof action);
    }
    *result = op->extra ? old : 0;
}

/* Semaphores. */

static bool finish_sem_open(struct aw_machine *machine, const struct aw_op *op,
                            const struct aw_answer *answer, uint64_t *result)
{
    if (answer->result < 0) {
        *result = (uint64_t)SEM_FAILED;
        return true;
    }
    struct aw_user_sem *sem =
        aw_arena_alloc_tagged((void *)aw_heap_of(machine->run_slot), machine->settings.heap_bytes,
                              sizeof(sem_t), 16, aw_origin(&machine->work, op->pc));
    if (sem == NULL) {
        const char *text = "the heap of a thread is full (at sem_open); raise machine: heap";
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_LIMIT, 0, op->pc, text,
                     (uint32_t)strlen(text));
        return false;
    }
    *sem = (struct aw_user_sem){.magic = AW_SEM_NAMED, .value = answer->detail};
    *result = (uint64_t)sem;
    return true;
}

/* An injected failure: the call does nothing but fail. Not a finding: what the program makes of it
 * is what matters. */
static void finish_failure(struct aw_machine *machine, const struct aw_thread *thread, int error,
                           uint64_t *result)
{
    enum aw_op_kind kind = thread->op.kind;
    if (kind == AW_OP_CREATE) { /* pthread functions return their error */
        *result = (uint64_t)error;
        return;
    }
    if (kind == AW_OP_CLOSE && aw_process_fd(&machine->work, thread->op.fd) != NULL)
        /* it fails, and closes */
        aw_process_remove_fd(&machine->work, thread->op.fd);
    aw_set_errno(machine, thread->slot, error);
    *result = kind == AW_OP_SEM_OPEN ? (uint64_t)SEM_FAILED : (uint64_t)-1;
}

static bool finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
                   uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    *result = 0;
    if (answer->action == AW_ACT_PROGRESS) {
        thread->op.progress += answer->detail;
        thread->op.flags |= AW_OP_SLEPT;
        if (answer->result > 0)
            thread->op.argument = (uint64_t)answer->result;
        return false;
    }
    if (answer->action == AW_ACT_FATAL) {
        const char *text = "killed by SIGPIPE: a write to a pipe that nobody reads";
        if ((op.flags & AW_OP_SHARED) != 0)
            text = "SIGBUS: an access behind the end of a shared memory object";
        else if (op.kind != AW_OP_WRITE)
            text = "killed by a signal that it sent to itself";
        aw_run_event(machine, AW_EVENT_CRASH, 0, answer->detail, op.pc, text,
                     (uint32_t)strlen(text));
        thread->op = (struct aw_op){.kind = AW_OP_FATAL,
                                    .fd = (int32_t)answer->detail,
                                    .payload = AW_INTERN_NONE,
                                    .pc = op.pc};
        return false;
    }
    if (answer->action == AW_ACT_SPURIOUS) {
        aw_finish_wake(thread, 0);
        return false;
    }
    if (answer->action == AW_ACT_DELAY) {
        thread->op.flags |= AW_OP_DELAYED;
        thread->op.deadline = answer->result;
        return false;
    }
    if (answer->action == AW_ACT_FAIL) {
        finish_failure(machine, thread, (int)answer->detail, result);
        return true;
    }
    if (aw_op_class_of(&op) == AW_ON_MEMORY && answer->action == AW_ACT_ANSWER &&
        answer->result >= 0)
        return aw_finish_on_mapping(machine, index, answer, result);
    if (aw_op_class_of(&op) == AW_ON_IMAGE)
        return aw_finish_on_image(machine, index, answer, result);
    *result = op.kind == AW_OP_BARRIER_LEAVE ? op.extra : (uint64_t)answer->result;
    if (answer->result < 0 && answer->error != 0) {
        aw_set_errno(machine, thread->slot, answer->error);
        aw_finish_note_error(machine, &op, answer->error);
        if (op.kind == AW_OP_SEM_OPEN)
            *result = (uint64_t)SEM_FAILED;
        return true;
    }
    switch (op.kind) {
    case AW_OP_READ:
        finish_read(machine, &op, answer);
        return true;
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT: /* the answer's detail tells a binary semaphore */
        if (answer->detail && op.argument < 64)
            thread->held |= (uint64_t)1 << op.argument;
        return true;
    case AW_OP_SEM_POST:
        if (op.argument < 64)
            thread->held &= ~((uint64_t)1 << op.argument);
        return true;
    case AW_OP_SEM_GETVALUE:
        aw_finish_fill(machine, &op, op.extra, &(int){(int)answer->detail}, sizeof(int));
        return true;
    case AW_OP_MMAP: {
        struct aw_fd mapping = {.kind = AW_FD_MAPPING,
                                .handle = answer->detail,
                                .close_on_exec = op.extra != 0,
                                .origin = aw_origin(&machine->work, op.pc),
                                .length = op.argument};
        AW_CHECK(aw_process_add_fd(&machine->work, AW_FIRST_MAPPING, mapping) >= 0);
        *result = aw_shared_address(answer->detail);
        return true;
    }
    case AW_OP_MEMFD:
    case AW_OP_SHM_OPEN: {
        bool read_only = op.kind == AW_OP_SHM_OPEN && (op.fd & O_ACCMODE) == O_RDONLY;
        struct aw_fd memory = {.kind = read_only ? AW_FD_MEMORY_READ : AW_FD_MEMORY,
                               .close_on_exec = op.kind == AW_OP_SHM_OPEN || op.argument != 0,
                               .handle = answer->detail,
                               .origin = aw_origin(&machine->work, op.pc)};
        int fd = aw_process_add_fd(&machine->work, 0, memory);
        AW_CHECK(fd >= 0); /* kernel.c has refused it otherwise */
        *result = (uint64_t)fd;
        return true;
    }
    case AW_OP_PIPE:
        return finish_pipe(machine, &op, answer, result);
    case AW_OP_FD_FLAGS:
        if ((int)op.argument == F_SETFD)
            aw_process_fd(&machine->work, op.fd)->close_on_exec = (op.extra & FD_CLOEXEC) != 0;
        else
            *result = aw_process_fd(&machine->work, op.fd)->close_on_exec ? FD_CLOEXEC : 0;
        return true;
    case AW_OP_CLOSE:
        aw_process_remove_fd(&machine->work, op.fd);
        return true;
    case AW_OP_DUP:
        finish_dup(machine, &op, result);
        return true;
    case AW_OP_POLL:
        finish_poll(machine, &op, answer);
        return true;
    case AW_OP_WAIT:
        if (op.address != 0 && answer->result > 0)
            aw_finish_fill(machine, &op, op.address, &(int){(int)answer->detail}, sizeof(int));
        return true;
    case AW_OP_FORK:
        if (answer->result > 0 && machine->work.head.forks < UINT8_MAX)
            machine->work.head.forks++;
        for (int i = 0; i < machine->work.head.thread_count; i++)
            machine->forked_beside |=
                i != index && machine->work.threads[i].status == AW_THREAD_PARKED;
        return true;
    case AW_OP_CLOCK:
        finish_clock(machine, &op, answer->result, result);
        return true;
    case AW_OP_LEAVE:
        aw_leaks_judge(machine);
        return true;
    case AW_OP_SIGNAL:
        finish_signal(machine, &op, result);
        return true;
    case AW_OP_SEM_OPEN:
        return finish_sem_open(machine, &op, answer, result);
    default:
        return true;
    }
}

/* What was filled in is visible: the thread parks at those accesses before it goes on, so that whoever
 * is at a conflicting one is seen to be. */
bool aw_finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
               uint64_t *result)
{
    uint32_t slot = machine->work.threads[index].slot;
    uint64_t pc = machine->work.threads[index].op.pc;
    machine->filled_count = 0;
    machine->run_who = aw_op_name((enum aw_op_kind)machine->work.threads[index].op.kind);
    bool runs = finish(machine, index, answer, result);
    machine->run_who = NULL;
    if (machine->refused) {
        struct aw_thread *thread = &machine->work.threads[aw_process_thread(&machine->work, slot)];
        thread->op = (struct aw_op){.kind = AW_OP_FATAL, .fd = SIGABRT, .payload = AW_INTERN_NONE};
        thread->sp = aw_stack_top(slot);
        return false;
    }
    if (!runs || machine->filled_count == 0)
        return runs;
    index = aw_process_thread(&machine->work, slot);
    AW_CHECK(index >= 0);
    aw_access_park_filled(machine, &machine->work.threads[index], pc, *result);
    return false;
}
