/* SPDX-License-Identifier: MIT */
/*
 * bounded_buffer.c - one producer, two consumers, a buffer with room for one item.
 *
 * Three variants: `right`; `if`, where a consumer looks once instead of in a loop; and
 * `one-condition`, where everybody sleeps on the same condition variable and one is woken.
 *
 * if: no-crash fails (the assertion in take). Shortest schedule: a consumer sleeps; the producer
 * puts and signals; the other consumer, which never slept, takes the item; the first one wakes up
 * and finds the buffer empty.
 *
 * one-condition: no-deadlock fails. Both consumers sleep; the first put wakes one of them; the
 * producer finds the buffer full and sleeps too; the consumer takes the item, wakes the other
 * *consumer* and leaves; that one finds nothing and sleeps again, beside the producer.
 */
#include <assert.h>
#include <pthread.h>

#include "classics.h"

enum { CONSUMERS = 2, ITEMS = 2, ROOM = 1 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t conditions[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static pthread_cond_t *not_empty = &conditions[0], *not_full = &conditions[1];
static int in_buffer, looks_once;

static void put(void)
{
    pthread_mutex_lock(&mutex);
    while (in_buffer == ROOM)
        pthread_cond_wait(not_full, &mutex);
    in_buffer++;
    pthread_cond_signal(not_empty);
    pthread_mutex_unlock(&mutex);
}

static void take(void)
{
    pthread_mutex_lock(&mutex);
    while (in_buffer == 0) {
        pthread_cond_wait(not_empty, &mutex);
        if (looks_once)
            break;
    }
    assert(in_buffer > 0);
    in_buffer--;
    pthread_cond_signal(not_full);
    pthread_mutex_unlock(&mutex);
}

static void *consume(void *argument)
{
    take();
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t consumers[CONSUMERS];

    looks_once = variant_is(argc, argv, "if");
    if (variant_is(argc, argv, "one-condition"))
        not_full = not_empty;
    for (int i = 0; i < CONSUMERS; i++)
        must(pthread_create(&consumers[i], NULL, consume, NULL) == 0);
    for (int i = 0; i < ITEMS; i++)
        put();
    for (int i = 0; i < CONSUMERS; i++)
        pthread_join(consumers[i], NULL);
    return in_buffer;
}
