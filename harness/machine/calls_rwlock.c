/* SPDX-License-Identifier: MIT */
/*
 * calls_rwlock.c - read-write locks and barriers: all of these park. What they come to: locks.h.
 *
 * The timed forms look at their time at once, as glibc does, whether they have to wait or not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <time.h>

#include "machine/calls.h"

static enum aw_call_result timed(struct aw_machine *machine, enum aw_op_kind kind, uint64_t address,
                                 uint64_t time, int clock, uint64_t *result)
{
    enum aw_call_result how = aw_call_park_at(machine, kind, address);
    if (machine->parked.kind == kind && ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) ||
                                         !aw_call_deadline(machine, time, clock))) {
        *result = EINVAL;
        return AW_CALL_RETURN;
    }
    return how;
}

#define PLAIN(name, kind)                                                                          \
    enum aw_call_result name(struct aw_machine *machine, const uint64_t *args, uint64_t *result)   \
    {                                                                                              \
        (void)result;                                                                              \
        return aw_call_park_at(machine, kind, args[0]);                                            \
    }

PLAIN(aw_call_rwlock_rdlock, AW_OP_RWLOCK_RDLOCK)
PLAIN(aw_call_rwlock_tryrdlock, AW_OP_RWLOCK_TRYRDLOCK)
PLAIN(aw_call_rwlock_wrlock, AW_OP_RWLOCK_WRLOCK)
PLAIN(aw_call_rwlock_trywrlock, AW_OP_RWLOCK_TRYWRLOCK)
PLAIN(aw_call_rwlock_unlock, AW_OP_RWLOCK_UNLOCK)
PLAIN(aw_call_barrier_wait, AW_OP_BARRIER_WAIT)

enum aw_call_result aw_call_rwlock_timedrdlock(struct aw_machine *machine, const uint64_t *args,
                                               uint64_t *result)
{
    return timed(machine, AW_OP_RWLOCK_TIMEDRDLOCK, args[0], args[1], CLOCK_REALTIME, result);
}

enum aw_call_result aw_call_rwlock_clockrdlock(struct aw_machine *machine, const uint64_t *args,
                                               uint64_t *result)
{
    return timed(machine, AW_OP_RWLOCK_TIMEDRDLOCK, args[0], args[2], (int)args[1], result);
}

enum aw_call_result aw_call_rwlock_timedwrlock(struct aw_machine *machine, const uint64_t *args,
                                               uint64_t *result)
{
    return timed(machine, AW_OP_RWLOCK_TIMEDWRLOCK, args[0], args[1], CLOCK_REALTIME, result);
}

enum aw_call_result aw_call_rwlock_clockwrlock(struct aw_machine *machine, const uint64_t *args,
                                               uint64_t *result)
{
    return timed(machine, AW_OP_RWLOCK_TIMEDWRLOCK, args[0], args[2], (int)args[1], result);
}
