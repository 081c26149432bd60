/* SPDX-License-Identifier: MIT */
/*
 * unmodelled.c - a program may link what the machine has no model of, and even call it.
 *
 * Arguments: socketpair, fopen or unreached. A thread posts a semaphore; main calls the function
 * only if it finds the semaphore posted. Reached: the check stops with the function's name and the
 * schedule that leads there (inconclusive: nothing is known about what comes after). Not reached:
 * the check is complete, and the function does not matter.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "classics.h"

static sem_t semaphore;

static void *post(void *argument)
{
    sem_post(&semaphore);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int ends[2], found;

    sem_init(&semaphore, 0, 0);
    must(pthread_create(&thread, NULL, post, NULL) == 0);
    found = sem_trywait(&semaphore) == 0;
    if (found && variant_is(argc, argv, "socketpair"))
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    if (found && variant_is(argc, argv, "fopen")) {
        FILE *file = fopen("/dev/null", "w");
        must(file != NULL);
        fclose(file);
    }
    pthread_join(thread, NULL);
    return found;
}
