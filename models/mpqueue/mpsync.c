/* SPDX-License-Identifier: MIT */
/*
 * mpsync.c - Condition and Event of Lib/multiprocessing/synchronize.py (CPython 3.11), call by
 * call: each acquire(False) there is one sem_trywait here, each acquire() one sem_wait.
 */
#include "mpsync.h"

#include <errno.h>
#include <stdlib.h>

#include "mpqueue_internal.h"

struct mpcondition {
    sem_t *lock, *sleeping_count, *woken_count, *wait_semaphore;
};

struct mpevent {
    struct mpcondition *condition;
    sem_t *flag;
};

/* ---- Condition ---- */

static MPQ_STEP struct mpcondition *complete(struct mpcondition *condition)
{
    if (condition->lock && condition->sleeping_count && condition->woken_count &&
        condition->wait_semaphore)
        return condition;
    int saved = errno;
    mpcondition_destroy(condition);
    errno = saved;
    return NULL;
}

struct mpcondition *mpcondition_create(void)
{
    struct mpcondition *condition = calloc(1, sizeof *condition);
    if (!condition)
        return NULL;
    condition->lock = mpq_semaphore_create("lock", 1);
    condition->sleeping_count = mpq_semaphore_create("sleeping", 0);
    condition->woken_count = mpq_semaphore_create("woken", 0);
    condition->wait_semaphore = mpq_semaphore_create("wait", 0);
    return complete(condition);
}

struct mpcondition *mpcondition_attach(const char *lock, const char *sleeping_count,
                                       const char *woken_count, const char *wait_semaphore)
{
    struct mpcondition *condition = calloc(1, sizeof *condition);
    if (!condition)
        return NULL;
    condition->lock = mpq_semaphore_open(lock);
    condition->sleeping_count = mpq_semaphore_open(sleeping_count);
    condition->woken_count = mpq_semaphore_open(woken_count);
    condition->wait_semaphore = mpq_semaphore_open(wait_semaphore);
    return complete(condition);
}

void mpcondition_destroy(struct mpcondition *condition)
{
    if (!condition)
        return;
    mpq_semaphore_close(condition->lock);
    mpq_semaphore_close(condition->sleeping_count);
    mpq_semaphore_close(condition->woken_count);
    mpq_semaphore_close(condition->wait_semaphore);
    free(condition);
}

int mpcondition_acquire(struct mpcondition *condition)
{
    return mpq_acquire(condition->lock);
}

int mpcondition_release(struct mpcondition *condition)
{
    return mpq_release(condition->lock);
}

static MPQ_STEP int fall_asleep(struct mpcondition *condition)
{
    int status = mpq_release(condition->sleeping_count);
    return status ? status : mpq_release(condition->lock);
}

static MPQ_STEP int wake_up(struct mpcondition *condition, int status)
{
    int woken = mpq_release(condition->woken_count);
    if (!woken)
        woken = mpq_acquire(condition->lock);
    return woken ? woken : status;
}

int mpcondition_wait(struct mpcondition *condition)
{
    int status = fall_asleep(condition);
    if (status)
        return status;
    return wake_up(condition, mpq_acquire(condition->wait_semaphore));
}

int mpcondition_wait_timed(struct mpcondition *condition, int64_t timeout_ns)
{
    int64_t deadline_ns = mpq_deadline_after(timeout_ns);
    int status = fall_asleep(condition);
    if (status)
        return status;
    return wake_up(condition, mpq_timed_acquire(condition->wait_semaphore, deadline_ns, MPQ_EMPTY));
}

/* Takes away those whose time ran out since the last notify: `while woken_count.acquire(False)`. */
static MPQ_STEP int forget_woken(struct mpcondition *condition)
{
    int status;
    while ((status = mpq_try_acquire(condition->woken_count, MPQ_EMPTY)) == MPQ_OK) {
        status = mpq_try_acquire(condition->sleeping_count, MPQ_TOO_MANY);
        if (status)
            return status;
    }
    return status == MPQ_EMPTY ? MPQ_OK : status;
}

/* Wakes each sleeper; how many they were. */
static MPQ_STEP int wake_sleepers(struct mpcondition *condition, int *sleepers)
{
    int status;
    while ((status = mpq_try_acquire(condition->sleeping_count, MPQ_EMPTY)) == MPQ_OK) {
        status = mpq_release(condition->wait_semaphore);
        if (status)
            return status;
        ++*sleepers;
    }
    return status == MPQ_EMPTY ? MPQ_OK : status;
}

/* Waits until they say that they have woken, and takes back what those left that timed out. */
static MPQ_STEP int await_woken(struct mpcondition *condition, int sleepers)
{
    int status = MPQ_OK;
    for (int i = 0; i < sleepers && !status; i++)
        status = mpq_acquire(condition->woken_count);
    while (!status)
        status = mpq_try_acquire(condition->wait_semaphore, MPQ_EMPTY);
    return status == MPQ_EMPTY ? MPQ_OK : status;
}

int mpcondition_notify_all(struct mpcondition *condition)
{
    int sleepers = 0;
    /* an AssertionError in Python: a waiter of an earlier notify is still to be woken */
    int status = mpq_try_acquire(condition->wait_semaphore, MPQ_EMPTY);
    if (status != MPQ_EMPTY)
        return status ? status : MPQ_TOO_MANY;
    status = forget_woken(condition);
    if (!status)
        status = wake_sleepers(condition, &sleepers);
    return status || sleepers == 0 ? status : await_woken(condition, sleepers);
}

/* ---- Event ---- */

struct mpevent *mpevent_create(void)
{
    struct mpevent *event = calloc(1, sizeof *event);
    if (!event)
        return NULL;
    event->condition = mpcondition_create();
    event->flag = event->condition ? mpq_semaphore_create("flag", 0) : NULL;
    if (event->flag)
        return event;
    int saved = errno;
    mpevent_destroy(event);
    errno = saved;
    return NULL;
}

void mpevent_destroy(struct mpevent *event)
{
    if (!event)
        return;
    mpcondition_destroy(event->condition);
    mpq_semaphore_close(event->flag);
    free(event);
}

/* Gives the lock back whatever happened under it. */
static MPQ_STEP int leave(struct mpevent *event, int status)
{
    int released = mpcondition_release(event->condition);
    return status ? status : released;
}

/* `if flag.acquire(False): flag.release()`: looks without a change. */
static MPQ_STEP int look(struct mpevent *event, bool *set)
{
    int status = mpq_try_acquire(event->flag, MPQ_EMPTY);
    *set = status == MPQ_OK;
    if (*set)
        status = mpq_release(event->flag);
    return status == MPQ_EMPTY ? MPQ_OK : status;
}

/* Takes the flag down; the lock is held. */
static MPQ_STEP int take_down(struct mpevent *event)
{
    int status = mpq_try_acquire(event->flag, MPQ_EMPTY);
    return status == MPQ_EMPTY ? MPQ_OK : status;
}

static MPQ_STEP int raise_flag(struct mpevent *event)
{
    int status = take_down(event);
    if (!status)
        status = mpq_release(event->flag);
    return status ? status : mpcondition_notify_all(event->condition);
}

int mpevent_set(struct mpevent *event)
{
    int status = mpcondition_acquire(event->condition);
    return status ? status : leave(event, raise_flag(event));
}

int mpevent_clear(struct mpevent *event)
{
    int status = mpcondition_acquire(event->condition);
    return status ? status : leave(event, take_down(event));
}

int mpevent_is_set(struct mpevent *event, bool *set)
{
    int status = mpcondition_acquire(event->condition);
    return status ? status : leave(event, look(event, set));
}

static MPQ_STEP int look_and_wait(struct mpevent *event, bool *set)
{
    int status = look(event, set);
    if (status || *set)
        return status;
    status = mpcondition_wait(event->condition);
    return status ? status : look(event, set);
}

int mpevent_wait(struct mpevent *event, bool *set)
{
    int status = mpcondition_acquire(event->condition);
    return status ? status : leave(event, look_and_wait(event, set));
}
