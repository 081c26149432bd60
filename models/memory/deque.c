/* SPDX-License-Identifier: MIT */
/*
 * deque.c - a deque of jobs whose owner pushes and takes at the bottom while others steal at the
 * top: deque right|careless|reordered [THIEVES [JOBS]]
 *
 * The owner and a thief meet at the last job only, and both have to win it by exchanging `top`.
 * `careless`: the owner takes it without. `reordered`: the owner reads `top` before it has lowered
 * `bottom`, which is also what a processor may do where the fence between them is missing. Chase
 * and Lev 2005, "Dynamic circular work-stealing deque".
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <allways/probe.h>

enum { JOBS_MAX = 8, THIEVES_MAX = 3, NOTHING = 0 };

static atomic_long top, bottom;
static atomic_int jobs[JOBS_MAX];
static int is_careless, is_reordered;

static void push(int job)
{
    long at = atomic_load(&bottom);
    aw_put(0, (unsigned)job);
    atomic_store(&jobs[at], job);
    atomic_store(&bottom, at + 1);
}

static int take(void)
{
    long last = atomic_load(&bottom) - 1, first = 0;
    if (is_reordered)
        first = atomic_load(&top);
    atomic_store(&bottom, last);
    if (!is_reordered)
        first = atomic_load(&top);
    int job = NOTHING;
    if (first <= last) {
        job = atomic_load(&jobs[last]);
        if (first < last || is_careless)
            return job;
        if (!atomic_compare_exchange_strong(&top, &first, first + 1))
            job = NOTHING;
    }
    atomic_store(&bottom, last + 1);
    return job;
}

static int steal(void)
{
    long first = atomic_load(&top);
    if (first >= atomic_load(&bottom))
        return NOTHING;
    int job = atomic_load(&jobs[first]);
    return atomic_compare_exchange_strong(&top, &first, first + 1) ? job : NOTHING;
}

static void work(int job)
{
    if (job != NOTHING)
        aw_got(0, (unsigned)job);
}

static void *be_thief(void *unused)
{
    work(steal());
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THIEVES_MAX];
    is_careless = argc > 1 && strcmp(argv[1], "careless") == 0;
    is_reordered = argc > 1 && strcmp(argv[1], "reordered") == 0;
    int thieves = argc > 2 ? atoi(argv[2]) : 2, count = argc > 3 ? atoi(argv[3]) : 3;
    if (thieves > THIEVES_MAX || count > JOBS_MAX)
        return 2;
    for (int i = 0; i < thieves; i++)
        pthread_create(&threads[i], NULL, be_thief, NULL);
    for (int job = 1; job <= count; job++)
        push(job);
    for (int job = take(); job != NOTHING; job = take())
        work(job);
    for (int i = 0; i < thieves; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
