/* SPDX-License-Identifier: MIT */
/*
 * polite_threads.c - two threads that yield to each other for ever.
 *
 * Each needs two locks. `wrong`: each takes its own and *tries* the other's; when that fails it
 * gives its own back and starts again. Nobody ever blocks, so there is no deadlock; but they can go
 * through the same steps again and again, both moving, neither getting anywhere. `right`: both
 * begin with the same lock.
 *
 * wrong: terminates fails, with a fair cycle (a livelock): both lock, both try in vain, both
 * unlock.
 */
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static int wrong;

static void *take_both(void *argument)
{
    pthread_mutex_t *first = argument;
    if (!wrong)
        first = &locks[0];
    pthread_mutex_t *second = first == &locks[0] ? &locks[1] : &locks[0];

    for (;;) {
        pthread_mutex_lock(first);
        if (pthread_mutex_trylock(second) == 0)
            break;
        pthread_mutex_unlock(first); /* after you */
    }
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];

    wrong = is_wrong(argc, argv);
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, take_both, &locks[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
