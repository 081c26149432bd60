/* SPDX-License-Identifier: MIT */
/*
 * canary.c - a program that is known to be wrong, and checked with every run of a folder: a checker
 * that does not find its mistake is not to be believed about anything else.
 *
 * The parent starts two workers and puts two items into a pipe; a worker takes items as long as
 * poll() sees any, and leaves when it does not. A worker that looks before the parent has written
 * leaves early, and the items stay in the pipe. It takes processes that are alike, a lock, a pipe
 * and a schedule other than the first one to see it.
 *
 * canary [right]: with `right` the workers wait for the end of the pipe, and nothing is lost.
 */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allways/probe.h"

enum { WORKERS = 2, ITEMS = 2 };

static int ends[2];
static sem_t *lock;

static int take(int wait_for_end)
{
    unsigned char item = 0;
    struct pollfd poll_for = {.fd = ends[0], .events = POLLIN};
    sem_wait(lock);
    ssize_t count = 0;
    if (wait_for_end || poll(&poll_for, 1, 0) > 0)
        count = read(ends[0], &item, 1);
    sem_post(lock);
    if (count == 1)
        aw_got(0, item);
    return count == 1;
}

int main(int argc, char **argv)
{
    int right = argc > 1 && strcmp(argv[1], "right") == 0;
    lock = sem_open("/canary", O_CREAT, 0600, 1);
    if (lock == SEM_FAILED || pipe(ends) != 0)
        return 1;
    aw_workers(WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (child > 0)
            continue;
        aw_worker();
        close(ends[1]);
        while (take(right))
            ;
        exit(0);
    }
    close(ends[0]);
    for (unsigned char item = 1; item <= ITEMS; item++)
        if (write(ends[1], &item, 1) == 1)
            aw_put(0, item);
    close(ends[1]);
    while (wait(NULL) > 0)
        ;
    return 0;
}
