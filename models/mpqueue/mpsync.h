/* SPDX-License-Identifier: MIT */
/*
 * mpsync.h - Python's multiprocessing.Condition and multiprocessing.Event in C.
 *
 * A port of Lib/multiprocessing/synchronize.py: nothing is shared but named semaphores, so that a
 * condition between processes is a lock and three counters of sleepers,
 *
 *   sleeping_count   how many have begun to wait
 *   woken_count      how many of these have woken since somebody last looked
 *   wait_semaphore   what a sleeper waits for
 *
 * notify waits until those it has woken say so. Whoever is killed between saying that it sleeps and
 * saying that it woke makes the next notify wait for ever.
 *
 * Difference: the lock is not recursive. Python's Condition() has an RLock by default, whose owner
 * takes it once in everything that this family, and the pools on it, do with it. RLock itself,
 * notify(n), wait_for and Event.wait(timeout) are not ported: nothing here needs them.
 *
 * Statuses are those of mpqueue.h. Create, then fork; free in each process with destroy.
 */
#ifndef MPQUEUE_MPSYNC_H
#define MPQUEUE_MPSYNC_H

#include <stdbool.h>
#include <stdint.h>

struct mpcondition;
struct mpevent;

/* NULL with errno set. */
struct mpcondition *mpcondition_create(void);

/* One that another program has made, by the names of its semaphores. NULL with errno set. */
struct mpcondition *mpcondition_attach(const char *lock, const char *sleeping_count,
                                       const char *woken_count, const char *wait_semaphore);

/* NULL is ignored. */
void mpcondition_destroy(struct mpcondition *condition);

/* Its lock: MPQ_OK or MPQ_SYSTEM. */
int mpcondition_acquire(struct mpcondition *condition);
int mpcondition_release(struct mpcondition *condition);

/* The lock is held: gives it back, sleeps until notified, takes it again. Ports Condition.wait().
 */
int mpcondition_wait(struct mpcondition *condition);

/* The same, sleeping at most so long: MPQ_EMPTY when nobody notified. The lock is taken again
 * either way. Ports Condition.wait(timeout). */
int mpcondition_wait_timed(struct mpcondition *condition, int64_t timeout_ns);

/* The lock is held: wakes all that sleep, and waits until they say that they have woken. Ports
 * Condition.notify_all. */
int mpcondition_notify_all(struct mpcondition *condition);

/* A flag that processes may wait for; not set at first. NULL with errno set. */
struct mpevent *mpevent_create(void);
void mpevent_destroy(struct mpevent *event);

/* Event.set, clear, is_set: MPQ_OK or MPQ_SYSTEM. */
int mpevent_set(struct mpevent *event);
int mpevent_clear(struct mpevent *event);
int mpevent_is_set(struct mpevent *event, bool *set);

/* Waits until it is set. Like Python's it waits once: it may come back, with *set false, when the
 * flag was cleared again in between. Ports Event.wait(). */
int mpevent_wait(struct mpevent *event, bool *set);

#endif
