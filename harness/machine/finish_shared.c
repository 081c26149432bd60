/* SPDX-License-Identifier: MIT */
/*
 * finish_shared.c - what an operation on shared memory does to its own process: the memory has
 * changed already.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "machine/finish.h"
#include "machine/shared.h"
#include "machine/touch.h"

/* An operation in a shared mapping: the mapping has changed, what is left is the process. */
bool aw_finish_on_mapping(struct aw_machine *machine, int index, const struct aw_answer *answer,
                          uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    uint64_t lock = op.address;
    uint32_t change = answer->detail;
    if (op.kind == AW_OP_ACCESS)
        return aw_touch_finish(machine, index, answer, result);
    *result = (uint64_t)answer->result;
    if (op.kind == AW_OP_FSTAT) {
        struct stat status;
        memset(&status, 0, sizeof status);
        status.st_mode = S_IFREG | S_IRUSR | S_IWUSR;
        status.st_size = answer->detail;
        aw_finish_fill(machine, &op, op.address, &status, sizeof status);
        return true;
    }
    if (op.kind == AW_OP_USEM_GETVALUE) {
        aw_finish_fill(machine, &op, op.extra, &(int){(int)answer->detail}, sizeof(int));
        machine->value_read = true;
        machine->value = (int32_t)answer->detail;
        return true;
    }
    if (answer->result != 0)
        aw_finish_note_error(machine, &op, (int)answer->result);
    switch (op.kind) {
    case AW_OP_BARRIER_WAIT:
        if (answer->detail == AW_BARRIER_SERIAL)
            *result = (uint64_t)PTHREAD_BARRIER_SERIAL_THREAD;
        if (answer->detail == AW_BARRIER_SLEEPS)
            thread->op.kind = AW_OP_BARRIER_SLEEP;
        return answer->detail != AW_BARRIER_SLEEPS;
    case AW_OP_COND_SLEEP: /* its time has expired */
        aw_finish_wake(thread, ETIMEDOUT);
        return false;
    case AW_OP_COND_WAIT:
        if (answer->result != 0)
            return true;
        lock = op.argument;
        change &= ~(uint32_t)AW_WAIT_MONOTONIC;
        thread->op.kind = AW_OP_COND_SLEEP;
        /* Its clock is the condition's: the call has taken it for the other one. */
        if (op.extra != 0 && change != answer->detail)
            thread->op.deadline += AW_REALTIME_START - AW_MONOTONIC_START;
        thread->op.extra = 0;
        break;
    case AW_OP_COND_RELOCK:
        lock = op.argument;
        if (answer->result == 0)
            *result = op.extra;
        break;
    default:
        break;
    }
    if (change == AW_LOCK_UNDEFINED) {
        const char *text = "pthread_rwlock_unlock of a lock that nobody holds is undefined";
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, op.pc, text,
                     (uint32_t)strlen(text));
        return false;
    }
    if (change == AW_LOCK_GIVEN)
        aw_process_remove_lock(&machine->work, lock);
    else if (change == AW_LOCK_TAKEN &&
             !aw_process_add_lock(&machine->work, lock, thread->slot,
                                  aw_op_target(&op).kind == AW_TARGET_RWLOCK))
        return aw_finish_limit(machine, &op,
                               "a process holds more shared locks than the machine keeps (64)");
    return op.kind != AW_OP_COND_WAIT;
}
