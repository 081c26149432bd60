/* SPDX-License-Identifier: MIT */
/*
 * exclusion.c - mutual exclusion of two threads by memory alone: exclusion peterson|dekker|late|naive
 *
 * late is Peterson's algorithm with its two stores the wrong way round; naive looks before it sets its
 * flag. Peterson 1981, "Myths about the mutual exclusion problem"; Dekker by Dijkstra 1965.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static atomic_int wants[2], turn;
static int inside; /* guarded by the algorithm */
static const char *how;

static void enter(int me)
{
    int other = 1 - me;
    if (strcmp(how, "dekker") == 0) {
        atomic_store(&wants[me], 1);
        while (atomic_load(&wants[other])) {
            if (atomic_load(&turn) == me)
                continue;
            atomic_store(&wants[me], 0);
            while (atomic_load(&turn) != me)
                continue;
            atomic_store(&wants[me], 1);
        }
        return;
    }
    if (strcmp(how, "naive") == 0) {
        while (atomic_load(&wants[other]))
            continue;
        atomic_store(&wants[me], 1);
        return;
    }
    if (strcmp(how, "late") == 0) {
        atomic_store(&turn, other);
        atomic_store(&wants[me], 1);
    } else {
        atomic_store(&wants[me], 1);
        atomic_store(&turn, other);
    }
    while (atomic_load(&wants[other]) && atomic_load(&turn) == other)
        continue;
}

static void leave(int me)
{
    atomic_store(&turn, 1 - me);
    atomic_store(&wants[me], 0);
}

static void *run(void *argument)
{
    int me = argument != NULL;
    enter(me);
    inside++;
    assert(inside == 1);
    inside--;
    leave(me);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    how = argc > 1 ? argv[1] : "peterson";
    pthread_create(&threads[0], NULL, run, NULL);
    pthread_create(&threads[1], NULL, run, &threads);
    pthread_join(threads[0], NULL);
    return pthread_join(threads[1], NULL);
}
