/* SPDX-License-Identifier: MIT */
/*
 * semaphores.c - Dijkstra's bounded buffer: `free_places` and `items` count, `guard` excludes.
 *
 * `wrong` takes the guard first and then waits for a free place, with the guard in its hands.
 *
 * wrong: no-deadlock fails. Shortest schedule: the producer fills the only place and comes back:
 * it has the guard and waits for a place; the consumer needs the guard to make one.
 */
#include <pthread.h>
#include <semaphore.h>

#include "classics.h"

enum { PLACES = 1, COUNT = 3 };

static sem_t free_places, items, guard;
static int buffer[PLACES], next_in, next_out;
static int wrong;

static void *produce(void *argument)
{
    for (int i = 1; i <= COUNT; i++) {
        sem_wait(wrong ? &guard : &free_places);
        sem_wait(wrong ? &free_places : &guard);
        buffer[next_in++ % PLACES] = i;
        sem_post(&guard);
        sem_post(&items);
    }
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t producer;
    int in_order = 1;

    wrong = is_wrong(argc, argv);
    sem_init(&free_places, 0, PLACES);
    sem_init(&items, 0, 0);
    sem_init(&guard, 0, 1);
    must(pthread_create(&producer, NULL, produce, NULL) == 0);
    for (int i = 1; i <= COUNT; i++) {
        sem_wait(&items);
        sem_wait(&guard);
        in_order &= buffer[next_out++ % PLACES] == i;
        sem_post(&guard);
        sem_post(&free_places);
    }
    pthread_join(producer, NULL);
    return in_order ? 0 : 1;
}
