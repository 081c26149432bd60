/* SPDX-License-Identifier: MIT */
/*
 * ring.c - a ring of one producer and one consumer, without locks: ring right|early [ITEMS]
 *
 * early tells of an item before it is in its place.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 2 };

static int places[PLACES];
static atomic_uint head, tail;
static int early, items = 3;

static void *produce(void *unused)
{
    for (int item = 1; item <= items; item++) {
        unsigned at = atomic_load(&tail);
        while (at - atomic_load(&head) == PLACES)
            continue;
        if (early)
            atomic_store(&tail, at + 1);
        places[at % PLACES] = item;
        if (!early)
            atomic_store(&tail, at + 1);
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t producer;
    early = argc > 1 && strcmp(argv[1], "early") == 0;
    items = argc > 2 ? atoi(argv[2]) : 3;
    pthread_create(&producer, NULL, produce, NULL);
    for (int item = 1; item <= items; item++) {
        unsigned at = atomic_load(&head);
        while (at == atomic_load(&tail))
            continue;
        assert(places[at % PLACES] == item);
        atomic_store(&head, at + 1);
    }
    return pthread_join(producer, NULL);
}
