/* SPDX-License-Identifier: MIT */
/*
 * lock.c - locks that spin: lock spin|kept|ticket|torn|mcs|unlinked [THREADS]
 *
 * spin: a flag, exchanged by whoever comes first; with kept the first one leaves and keeps it. The
 * others are fair. ticket: one draws a number and waits until it is served; torn draws it by a load
 * and a store, so that two have the same. mcs: each waits at a flag of its own, in a list; the one
 * who leaves has to wait until a successor that came meanwhile has linked itself, which unlinked
 * does not. Mellor-Crummey and Scott 1991, "Algorithms for scalable synchronization on
 * shared-memory multiprocessors".
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 4 };

struct waiter {
    _Atomic(struct waiter *) next;
    atomic_bool is_waiting;
};

static atomic_bool is_taken;
static atomic_uint next_ticket, served;
static _Atomic(struct waiter *) tail;
static int inside; /* guarded by the lock */
static const char *how;

static unsigned draw(void)
{
    if (strcmp(how, "torn") != 0)
        return atomic_fetch_add(&next_ticket, 1);
    unsigned mine = atomic_load(&next_ticket);
    atomic_store(&next_ticket, mine + 1);
    return mine;
}

static void mcs_enter(struct waiter *me)
{
    atomic_store(&me->next, NULL);
    atomic_store(&me->is_waiting, true);
    struct waiter *before = atomic_exchange(&tail, me);
    if (before == NULL)
        return;
    atomic_store(&before->next, me);
    while (atomic_load(&me->is_waiting))
        continue;
}

static void mcs_leave(struct waiter *me)
{
    struct waiter *next = atomic_load(&me->next), *expected = me;
    if (next == NULL) {
        if (atomic_compare_exchange_strong(&tail, &expected, NULL))
            return;
        if (strcmp(how, "unlinked") == 0)
            return;
        while ((next = atomic_load(&me->next)) == NULL)
            continue;
    }
    atomic_store(&next->is_waiting, false);
}

static void spin_enter(void)
{
    bool expected = false;
    while (!atomic_compare_exchange_weak(&is_taken, &expected, true)) {
        expected = false;
        sched_yield();
    }
}

static void ticket_enter(void)
{
    unsigned mine = draw();
    while (atomic_load(&served) != mine)
        sched_yield();
}

static void *run(void *unused)
{
    struct waiter me = {0};
    bool is_spin = strcmp(how, "spin") == 0 || strcmp(how, "kept") == 0;
    bool is_ticket = strcmp(how, "ticket") == 0 || strcmp(how, "torn") == 0;
    if (is_spin)
        spin_enter();
    else if (is_ticket)
        ticket_enter();
    else
        mcs_enter(&me);
    inside++;
    assert(inside == 1);
    inside--;
    if (strcmp(how, "kept") == 0)
        return unused;
    if (is_spin)
        atomic_store(&is_taken, false);
    else if (is_ticket)
        atomic_fetch_add(&served, 1);
    else
        mcs_leave(&me);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    how = argc > 1 ? argv[1] : "ticket";
    int count = argc > 2 ? atoi(argv[2]) : 2;
    if (count > THREADS_MAX)
        return 2;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
