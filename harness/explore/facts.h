/* SPDX-License-Identifier: MIT */
/*
 * facts.h - between facts.c, which watches, and reduce.c, which concludes.
 */
#ifndef AW_EXPLORE_FACTS_H
#define AW_EXPLORE_FACTS_H

#include "base/map.h"
#include "explore/reduce.h"

#define NOBODY ((uint64_t)0)
#define MANY UINT64_MAX
#define BELIEVABLE_INITIAL ((uint32_t)1 << 30)

struct object_facts {
    uint64_t user;      /* semaphore: who was ever parked at it */
    uint64_t end[2];    /* pipe: who was ever parked at a read or write of that end */
    uint64_t closer[2]; /* who was ever parked at a close of it in a process with several threads */
    uint64_t excused[2]; /* who dropped a last reference, being the only user of the other end */
    uint64_t guard;      /* handles held by all who were parked at the read end */
    bool tested, awaited, overflow, misposted;
    bool spanned, polled, last[2];
};

/* A condition variable. Everybody who waits names `mutex`, and everybody parked at an operation on
 * the condition holds it: then nobody else is at one while a thread is. */
struct condition_facts {
    uint64_t address, mutex;
    bool loose; /* it is not so, or somebody waits with a time limit */
};

/* A thread parked at a signal before the mutex of the condition was known. */
struct early_signal {
    uint64_t address;
    uint32_t local, thread;
};

struct mutex_facts {
    uint64_t user;
    bool tried;
};

struct local_facts {
    uint32_t watched_as; /* the process as which its static facts were taken in last, 0 = none */
    uint8_t live;        /* threads that are parked */
    uint8_t dynamic;     /* some thread is at an operation that is watched in every state */
    uint8_t exits;       /* at one where it also matters which process it is */
};

struct aw_reduce {
    struct aw_machine *machine;
    unsigned rules;
    bool blind; /* planted bug: does not see tests of semaphores */
    bool early; /* planted bug: takes accesses to memory alone */
    bool symmetry, exact_pipes;
    struct object_facts *objects;
    uint32_t object_count;
    struct mutex_facts *mutexes;
    uint32_t mutex_count, mutex_capacity;
    struct aw_map mutex_map;
    struct local_facts *locals;
    uint32_t local_capacity;
    struct aw_map watched_map; /* (local, process) -> its static facts are taken in */
    struct condition_facts *conditions;
    uint32_t condition_count, condition_capacity;
    struct early_signal *signals;
    uint32_t signal_count, signal_capacity;
    struct aw_map own_map; /* (local, next local) -> does the step change its own thread only */
    uint64_t names_user;
    uint64_t forker; /* who was parked at a fork in a process with several threads */
    uint32_t fork_limit;
    bool sleepers_move; /* spurious wake-ups are in the plan */
    bool exits_entangled, killed, clock_read, main_leaves;
    bool orphaned; /* somebody was parked at an exit with children not waited for */
    bool wait_polled, status_known, statuses_differ;
    uint32_t status;
    uint64_t waiter;
    bool changed;
};

/* Facts of an object by its handle. Valid until facts of a handle above 63 are asked for the first
 * time. */
struct object_facts *aw_facts_object(struct aw_reduce *reduce, uint32_t handle);

/* Facts of a mutex, an unnamed semaphore, or a condition by its address in the image. */
struct mutex_facts *aw_facts_mutex(struct aw_reduce *reduce, uint64_t address);
struct condition_facts *aw_facts_condition(struct aw_reduce *reduce, uint64_t address);

/* Who a thread is, or MANY where it may be renamed. */
uint64_t aw_facts_identity(const struct aw_reduce *reduce, uint32_t pid, uint32_t slot);

/* The object with that handle in a state, or NULL. */
const void *aw_facts_object_at(const struct aw_reduce *reduce, const struct aw_state *state,
                               const struct aw_layout *layout, uint32_t handle);

#endif
