/* SPDX-License-Identifier: MIT */
/*
 * crash.c - the ways in which a program falls over, on one schedule out of two.
 *
 * Arguments: abort, assert, null, divide, stack, kill or runaway. The child posts a semaphore; the
 * parent falls over only if it finds it posted, so that a single run tells little.
 *
 * no-crash fails for all but `runaway`, which never comes to another visible operation: that is
 * inconclusive, since nobody can tell a long computation from an endless one. Shortest schedule:
 * the child posts before the parent looks.
 */
#include <assert.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static volatile int zero, sink, deepest = -1;
static int *volatile nowhere;

static __attribute__((noinline)) int recurse(int depth)
{
    volatile char room[1024];
    room[depth % 1024] = (char)depth;
    return depth == deepest ? 0 : recurse(depth + 1) + room[depth % 1024];
}

static void fall_over(const char *how)
{
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "assert") == 0)
        assert(!"found the semaphore posted");
    if (strcmp(how, "null") == 0)
        *nowhere = 1;
    if (strcmp(how, "divide") == 0)
        sink = 7 / zero;
    if (strcmp(how, "stack") == 0)
        sink = recurse(0);
    if (strcmp(how, "kill") == 0)
        raise(SIGKILL);
    if (strcmp(how, "runaway") == 0)
        for (;;)
            sink++;
}

int main(int argc, char **argv)
{
    sem_t *semaphore = sem_open("/allways-crash", O_CREAT | O_EXCL, 0600, 0);
    must(semaphore != SEM_FAILED);
    sem_unlink("/allways-crash");
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        sem_post(semaphore);
        _exit(0);
    }
    if (argc > 1 && sem_trywait(semaphore) == 0)
        fall_over(argv[1]);
    wait(NULL);
    return 0;
}
