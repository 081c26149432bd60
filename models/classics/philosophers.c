/* SPDX-License-Identifier: MIT */
/*
 * philosophers.c - N philosophers around a table, N forks, two needed for a meal.
 *
 * Arguments: wrong|right N, with N from 2 to 8. `wrong`: everybody takes the fork to the left
 * first. `right`: the last philosopher takes the right one first, so that there is no circle to
 * wait in.
 *
 * wrong: no-deadlock fails. Shortest schedule: everybody takes the left fork.
 */
#include <pthread.h>
#include <stdint.h>

#include "classics.h"

enum { SEATS = 8 };

static pthread_mutex_t forks[SEATS];
static int seats, wrong;

static void *dine(void *argument)
{
    int seat = (int)(intptr_t)argument;
    int left = seat, right = (seat + 1) % seats;
    int first = left, second = right;

    if (!wrong && seat == seats - 1) {
        first = right;
        second = left;
    }
    pthread_mutex_lock(&forks[first]);
    pthread_mutex_lock(&forks[second]);
    pthread_mutex_unlock(&forks[second]);
    pthread_mutex_unlock(&forks[first]);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t philosophers[SEATS];

    wrong = is_wrong(argc, argv);
    seats = argc > 2 ? atoi(argv[2]) : 0;
    if (seats < 2 || seats > SEATS)
        return 2;
    for (int i = 0; i < seats; i++)
        pthread_mutex_init(&forks[i], NULL);
    for (int i = 0; i < seats; i++)
        must(pthread_create(&philosophers[i], NULL, dine, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < seats; i++)
        pthread_join(philosophers[i], NULL);
    return 0;
}
