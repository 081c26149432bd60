/* SPDX-License-Identifier: MIT */
#include "machine/locks.h"

#include <errno.h>

/* Mutexes. */

static int kind_of(const struct aw_user_mutex *mutex)
{
    return mutex->kind & AW_MUTEX_KIND;
}

bool aw_mutex_is_robust(const struct aw_user_mutex *mutex)
{
    return (mutex->kind & AW_MUTEX_ROBUST) != 0;
}

bool aw_mutex_is_held_by(const struct aw_user_mutex *mutex, uint32_t who)
{
    return mutex->locked && mutex->owner == (int32_t)who;
}

static bool is_lost(const struct aw_user_mutex *mutex)
{
    return aw_mutex_is_robust(mutex) && mutex->state == AW_ROBUST_LOST;
}

bool aw_mutex_answers(const struct aw_user_mutex *mutex, uint32_t who)
{
    return !mutex->locked || is_lost(mutex) ||
           (aw_mutex_is_held_by(mutex, who) &&
            (kind_of(mutex) == AW_MUTEX_RECURSIVE || kind_of(mutex) == AW_MUTEX_ERRORCHECK));
}

int aw_mutex_lock(struct aw_user_mutex *mutex, uint32_t who)
{
    if (is_lost(mutex))
        return ENOTRECOVERABLE;
    if (mutex->locked) {
        if (kind_of(mutex) == AW_MUTEX_ERRORCHECK)
            return EDEADLK;
        if (mutex->count == UINT32_MAX)
            return EAGAIN;
        mutex->count++;
        return 0;
    }
    mutex->locked = 1;
    mutex->owner = (int32_t)who;
    mutex->count = kind_of(mutex) == AW_MUTEX_RECURSIVE;
    return aw_mutex_is_robust(mutex) && mutex->state == AW_ROBUST_INCONSISTENT ? EOWNERDEAD : 0;
}

int aw_mutex_trylock(struct aw_user_mutex *mutex, uint32_t who)
{
    if (!mutex->locked || is_lost(mutex) ||
        (aw_mutex_is_held_by(mutex, who) &&
         (kind_of(mutex) == AW_MUTEX_RECURSIVE ||
          (kind_of(mutex) == AW_MUTEX_ERRORCHECK && aw_mutex_is_robust(mutex))))) /* EDEADLK */
        return aw_mutex_lock(mutex, who);
    return EBUSY;
}

bool aw_mutex_trusts(const struct aw_user_mutex *mutex)
{
    return kind_of(mutex) != AW_MUTEX_RECURSIVE && kind_of(mutex) != AW_MUTEX_ERRORCHECK &&
           !aw_mutex_is_robust(mutex);
}

int aw_mutex_unlock(struct aw_user_mutex *mutex, uint32_t who)
{
    if (!aw_mutex_trusts(mutex) && !aw_mutex_is_held_by(mutex, who))
        return EPERM;
    if (kind_of(mutex) == AW_MUTEX_RECURSIVE && --mutex->count > 0)
        return 0;
    mutex->locked = 0;
    mutex->owner = 0;
    mutex->count = 0;
    if (aw_mutex_is_robust(mutex) && mutex->state == AW_ROBUST_INCONSISTENT)
        mutex->state = AW_ROBUST_LOST;
    return 0;
}

int aw_mutex_consistent(struct aw_user_mutex *mutex)
{
    if (!aw_mutex_is_robust(mutex) || !mutex->locked || mutex->state != AW_ROBUST_INCONSISTENT)
        return EINVAL;
    mutex->state = AW_ROBUST_SOUND;
    return 0;
}

void aw_mutex_abandon(struct aw_user_mutex *mutex)
{
    mutex->locked = 0;
    mutex->owner = 0;
    mutex->count = 0;
    mutex->state = AW_ROBUST_INCONSISTENT;
}

/* Read-write locks. */

bool aw_rwlock_answers(const struct aw_user_rwlock *lock, uint32_t who, bool write)
{
    return lock->writer == who || (lock->writer == 0 && (!write || lock->readers == 0));
}

int aw_rwlock_lock(struct aw_user_rwlock *lock, uint32_t who, bool write)
{
    if (lock->writer == who)
        return EDEADLK;
    if (write)
        lock->writer = who;
    else
        lock->readers++;
    return 0;
}

int aw_rwlock_trylock(struct aw_user_rwlock *lock, uint32_t who, bool write)
{
    if (lock->writer != 0 || (write && lock->readers > 0))
        return EBUSY;
    return aw_rwlock_lock(lock, who, write);
}

bool aw_rwlock_unlock(struct aw_user_rwlock *lock, uint32_t who)
{
    if (lock->writer == who)
        lock->writer = 0;
    else if (lock->readers > 0)
        lock->readers--;
    else
        return false;
    return true;
}
