/* SPDX-License-Identifier: MIT */
/*
 * locks.h - mutexes, read-write locks and barriers as values: what an attempt does to one.
 *
 * The objects lie in the memory of the process, in glibc's size. `who` names a thread
 * (aw_mutex_owner); the functions know nothing of processes. Answers are error numbers, as those of
 * the pthread functions.
 *
 * Robust mutexes follow glibc 2.36: the owner's death leaves the mutex free and *inconsistent*; the
 * next locker gets it together with EOWNERDEAD; unlocked before pthread_mutex_consistent it is not
 * recoverable, for ever. pthread_mutex_consistent does not ask who calls it.
 *
 * Read-write locks: whoever the state admits gets it. glibc's default prefers readers, so that a
 * waiting writer keeps no reader out; who is first after an unlock is open.
 */
#ifndef AW_MACHINE_LOCKS_H
#define AW_MACHINE_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* glibc's layout of pthread_mutex_t, as far as we use it. */
struct aw_user_mutex {
    int32_t locked;
    uint32_t count;
    int32_t owner;
    uint32_t state; /* robust: enum aw_robust_state */
    int32_t kind;   /* AW_MUTEX_KIND bits, and AW_MUTEX_ROBUST */
};
enum { AW_MUTEX_NORMAL = 0, AW_MUTEX_RECURSIVE = 1, AW_MUTEX_ERRORCHECK = 2 };
enum { AW_MUTEX_KIND = 3, AW_MUTEX_ROBUST = 16, AW_MUTEX_PSHARED = 128 };
enum aw_robust_state { AW_ROBUST_SOUND, AW_ROBUST_INCONSISTENT, AW_ROBUST_LOST };

bool aw_mutex_is_robust(const struct aw_user_mutex *mutex);
bool aw_mutex_is_held_by(const struct aw_user_mutex *mutex, uint32_t who);
/* Would a lock attempt be answered now (taken, counted up, or refused)? */
bool aw_mutex_answers(const struct aw_user_mutex *mutex, uint32_t who);
/* Answers it; EOWNERDEAD means that it was taken. */
int aw_mutex_lock(struct aw_user_mutex *mutex, uint32_t who);
int aw_mutex_trylock(struct aw_user_mutex *mutex, uint32_t who);
int aw_mutex_unlock(struct aw_user_mutex *mutex, uint32_t who);
int aw_mutex_consistent(struct aw_user_mutex *mutex);
/* May a thread that does not hold it unlock it? POSIX leaves open what happens then; glibc lets it. */
bool aw_mutex_trusts(const struct aw_user_mutex *mutex);
/* The thread that holds this robust mutex is gone. */
void aw_mutex_abandon(struct aw_user_mutex *mutex);

/* pthread_rwlock_t: zero when nobody holds it. */
struct aw_user_rwlock {
    uint32_t readers;
    uint32_t writer; /* who, or 0 */
    uint32_t shared; /* AW_MUTEX_PSHARED, or 0 */
};

/* pthread_cond_t: who waits is told by the threads. */
struct aw_user_condition {
    uint32_t monotonic; /* the clock of time-outs */
    uint32_t shared;
};

bool aw_rwlock_answers(const struct aw_user_rwlock *lock, uint32_t who, bool write);
int aw_rwlock_lock(struct aw_user_rwlock *lock, uint32_t who, bool write);
int aw_rwlock_trylock(struct aw_user_rwlock *lock, uint32_t who, bool write);
/* False when nobody holds it, which is undefined. */
bool aw_rwlock_unlock(struct aw_user_rwlock *lock, uint32_t who);

/* pthread_barrier_t: how many it is for, and how many have come. */
struct aw_user_barrier {
    uint32_t count;
    uint32_t arrived;
    uint32_t shared;
};

#endif
