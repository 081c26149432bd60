/* SPDX-License-Identifier: MIT */
#include "machine/op.h"

static const struct {
    const char *name;
    enum aw_op_class class;
} table[AW_OP_KINDS] = {[AW_OP_NONE] = {"nothing", AW_ON_NOTHING},
#define X(op, text, on) [op] = {text, on},
                        AW_OPS(X)
#undef X
};

const char *aw_op_name(enum aw_op_kind kind)
{
    return table[kind].name;
}

enum aw_op_class aw_op_class(enum aw_op_kind kind)
{
    return table[kind].class;
}

struct aw_op_target aw_op_target(const struct aw_op *op)
{
    switch ((enum aw_op_kind)op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_MUTEX_CONSISTENT:
        return (struct aw_op_target){AW_TARGET_MUTEX, AW_LOCK_BYTES, op->address};
    case AW_OP_COND_RELOCK:
        return (struct aw_op_target){AW_TARGET_MUTEX, AW_LOCK_BYTES, op->argument};
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST:
        return (struct aw_op_target){AW_TARGET_CONDITION, AW_CONDITION_BYTES, op->address};
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_TIMEDWAIT:
    case AW_OP_USEM_POST:
    case AW_OP_USEM_GETVALUE:
        return (struct aw_op_target){AW_TARGET_SEMAPHORE, AW_CONDITION_BYTES, op->address};
    case AW_OP_RWLOCK_RDLOCK:
    case AW_OP_RWLOCK_TRYRDLOCK:
    case AW_OP_RWLOCK_TIMEDRDLOCK:
    case AW_OP_RWLOCK_WRLOCK:
    case AW_OP_RWLOCK_TRYWRLOCK:
    case AW_OP_RWLOCK_TIMEDWRLOCK:
    case AW_OP_RWLOCK_UNLOCK:
        return (struct aw_op_target){AW_TARGET_RWLOCK, AW_LOCK_BYTES, op->address};
    case AW_OP_BARRIER_WAIT:
    case AW_OP_BARRIER_SLEEP:
        return (struct aw_op_target){AW_TARGET_BARRIER, AW_LOCK_BYTES, op->address};
    default:
        return (struct aw_op_target){AW_TARGET_NONE};
    }
}
