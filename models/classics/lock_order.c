/* SPDX-License-Identifier: MIT */
/*
 * lock_order.c - two threads, two locks, two orders.
 *
 * Each thread moves one unit between two accounts and holds both locks while it does. `right`: both
 * take the locks in the same order. `wrong`: each takes the account it pays from first.
 *
 * wrong: no-deadlock fails. Shortest schedule: each thread takes its first lock.
 */
#include <pthread.h>

#include "classics.h"

static struct account {
    pthread_mutex_t mutex;
    int balance;
} accounts[2] = {{PTHREAD_MUTEX_INITIALIZER, 1}, {PTHREAD_MUTEX_INITIALIZER, 1}};

static int wrong;

static void *pay_from(void *argument)
{
    struct account *from = argument, *to = from == &accounts[0] ? &accounts[1] : &accounts[0];
    struct account *first = wrong ? from : &accounts[0];
    struct account *second = first == from ? to : from;

    pthread_mutex_lock(&first->mutex);
    pthread_mutex_lock(&second->mutex);
    from->balance--;
    to->balance++;
    pthread_mutex_unlock(&second->mutex);
    pthread_mutex_unlock(&first->mutex);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];

    wrong = is_wrong(argc, argv);
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, pay_from, &accounts[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return accounts[0].balance == 1 && accounts[1].balance == 1 ? 0 : 1;
}
