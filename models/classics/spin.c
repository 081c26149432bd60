/* SPDX-License-Identifier: MIT */
/*
 * spin.c - three ways to wait for a lock, and what fairness makes of each.
 *
 * A guest wants a lock that the owner uses.
 *   once      the owner takes it once; the guest spins on trylock. It can spin for ever only while
 *             the owner, who could move, never does: unfair, so `terminates` holds.
 *   blocking  the owner takes it again and again until the guest has been in; the guest blocks. It
 *             can wait for ever although the lock is free infinitely often: weakly fair, not
 *             strongly. `terminates` holds, starvation is possible.
 *   trylock   the owner as before; the guest spins on trylock and always comes at the wrong time.
 *             Both move infinitely often: the strongest fairness of a scheduler does not help, and
 *             `terminates` fails with a livelock. Cycle: the owner locks, the guest tries in vain,
 *             the owner unlocks.
 */
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int guest_was_in; /* under the mutex */
static int once, blocking;

static void *owner(void *argument)
{
    int done;
    do {
        pthread_mutex_lock(&mutex);
        done = guest_was_in || once;
        pthread_mutex_unlock(&mutex);
    } while (!done);
    return argument;
}

static void *guest(void *argument)
{
    if (blocking)
        pthread_mutex_lock(&mutex);
    else
        while (pthread_mutex_trylock(&mutex) != 0)
            ;
    guest_was_in = 1;
    pthread_mutex_unlock(&mutex);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];

    once = variant_is(argc, argv, "once");
    blocking = variant_is(argc, argv, "blocking");
    if (!once && !blocking && !variant_is(argc, argv, "trylock"))
        return 2;
    must(pthread_create(&threads[0], NULL, owner, NULL) == 0);
    must(pthread_create(&threads[1], NULL, guest, NULL) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
