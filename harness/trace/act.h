/* SPDX-License-Identifier: MIT */
/*
 * act.h - the operation of one step, internal to observing.
 *
 *   act.c   what it is called: its object, its result
 *   act_access.c  the same of an access to memory
 *   held.c  what lies in memory, and who holds what
 */
#ifndef AW_TRACE_ACT_H
#define AW_TRACE_ACT_H

#include "trace/observe.h"

enum aw_private_kind {
    AW_PRIVATE_MUTEX,
    AW_PRIVATE_CONDITION,
    AW_PRIVATE_SEMAPHORE,
    AW_PRIVATE_RWLOCK,
    AW_PRIVATE_BARRIER,
    AW_PRIVATE_BLOCK,
    AW_PRIVATE_LOCAL
};

/* Everything about the operation that a step carries out. */
struct aw_act {
    struct aw_observer *observer;
    struct aw_trace *trace;
    struct aw_walk *walk;
    const struct aw_walk_state *at; /* the state before it */
    uint32_t process;               /* number */
    unsigned index;                 /* in the layout */
    unsigned thread;                /* index in the process */
    uint32_t slot;
    const struct aw_local *local;
    const struct aw_op *op;
    uint32_t step; /* index */
};

struct aw_act aw_act_of(struct aw_observer *observer, const struct aw_walk_state *at,
                        unsigned index, unsigned thread, uint32_t step);

/* What it acts on ("" for nothing), and what it came to. */
const char *aw_act_object(struct aw_act *act);
const char *aw_act_result(struct aw_act *act);

/* An injected delay: the operation has not begun. */
bool aw_act_is_delayed(const struct aw_act *act);

/* "EAGAIN"; a thread as everybody calls it, and as its own process does. */
const char *aw_act_error_name(int error);
const char *aw_act_thread(struct aw_trace *trace, uint32_t process, uint32_t slot);
const char *aw_act_sibling(struct aw_act *act, uint32_t slot);

/* The thread in a slot, or NULL. */
/* act_memory.c: what an access to a shared mapping came to. */
const char *aw_act_touched(struct aw_act *act, const struct aw_answer *answer);
/* Of an operation that waits there, or wakes who does, and that has not failed. */
const char *aw_act_waited(struct aw_act *act, const struct aw_answer *answer);

const struct aw_thread *aw_act_thread_in(const struct aw_local *local, uint32_t slot);

/* What lies at an address of the acting process, and its name: "mutex 2". NULL for a process that
 * the trace does not have. */
struct aw_private *aw_act_private(struct aw_act *act, enum aw_private_kind kind, uint64_t address);
const char *aw_act_private_name(struct aw_act *act, enum aw_private_kind kind, uint64_t address);

/* The nearest thing of the kind at or at most `near` bytes below an address; else the address. */
uint64_t aw_act_private_below(struct aw_act *act, enum aw_private_kind kind, uint64_t address,
                              uint64_t near);

/* Of AW_OP_ACCESS; `result` is what the call gave to the code, `after` the process after the step. */
const char *aw_act_access_name(struct aw_act *act);
const char *aw_act_access_object(struct aw_act *act);
const char *aw_act_access_result(struct aw_act *act, int64_t result, const struct aw_local *after);

/* What the operation is called. */
const char *aw_act_operation(struct aw_act *act);

/* Follows who holds what, after the step; `done`: it got what it asked for. */
void aw_act_follow(struct aw_act *act, bool done);

/* A child goes on with its parent's memory. */
void aw_act_copy_memory(struct aw_observer *observer, uint32_t from, uint32_t to);

/* Who holds what a blocked operation waits for, or "". */
const char *aw_act_holder(struct aw_act *act);
/* What unlocking a mutex came to, when it is no error: "0", or that it was not the caller's. */
const char *aw_act_unlocked(struct aw_act *act);

/* The threads that could end the wait of a blocked operation: the holder of a lock, the thread that
 * is joined, the children, those that hold the other end of a pipe. Fills in waits_for and since.
 */
void aw_act_waits_for(struct aw_act *act, struct aw_trace_waiting *waiting);

#endif
