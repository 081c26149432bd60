/* SPDX-License-Identifier: MIT */
/*
 * handover.c - a thread hands numbers to two others through a place for one number.
 *
 * With -DBROKEN a woken thread believes that what it waited for is so. With two takers it need not
 * be: the other one may have been quicker.
 */
#include <assert.h>
#include <pthread.h>

enum { NUMBERS = 2, TAKERS = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static int place; /* 0: empty */

static void put(int number)
{
    pthread_mutex_lock(&lock);
    while (place != 0)
        pthread_cond_wait(&emptied, &lock);
    place = number;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
}

static int take(void)
{
    pthread_mutex_lock(&lock);
#ifdef BROKEN
    if (place == 0)
#else
    while (place == 0)
#endif
        pthread_cond_wait(&filled, &lock);
    int number = place;
    place = 0;
    pthread_cond_signal(&emptied);
    pthread_mutex_unlock(&lock);
    return number;
}

static void *taker(void *unused)
{
    int number = take();
    assert(number != 0);
    return unused;
}

int main(void)
{
    pthread_t threads[TAKERS];
    for (int i = 0; i < TAKERS; i++)
        if (pthread_create(&threads[i], NULL, taker, NULL) != 0)
            return 1;
    for (int number = 1; number <= NUMBERS; number++)
        put(number);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
