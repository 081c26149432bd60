/* SPDX-License-Identifier: MIT */
/*
 * timed_wait.c - is the time-out long enough?
 *
 * Arguments: poll|sem PATIENCE_MS DELAY_MS. The child sleeps DELAY_MS and then writes to a pipe
 * (posts a semaphore); the parent waits for PATIENCE_MS at most and asserts that it did not give
 * up.
 *
 * In arbitrary time nobody promises anything about speed: the time-out may expire whenever the
 * parent is blocked, and no-crash fails however long the patience is. In virtual time code takes no
 * time and the question has an answer: it holds exactly when the patience is longer than the delay.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "classics.h"

static void sleep_ms(int duration)
{
    struct timespec time = {duration / 1000, duration % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static int poll_for(int fd, int patience)
{
    struct pollfd set = {.fd = fd, .events = POLLIN};
    return poll(&set, 1, patience) == 1;
}

static int wait_for(sem_t *semaphore, int patience)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += patience / 1000;
    end.tv_nsec += patience % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    int result = sem_timedwait(semaphore, &end);
    assert(result == 0 || errno == ETIMEDOUT);
    return result == 0;
}

int main(int argc, char **argv)
{
    int use_poll = variant_is(argc, argv, "poll");
    int patience = argc > 2 ? atoi(argv[2]) : 0, delay = argc > 3 ? atoi(argv[3]) : 0;
    int ends[2];
    sem_t *semaphore = sem_open("/allways-timed", O_CREAT | O_EXCL, 0600, 0);

    must(semaphore != SEM_FAILED && pipe(ends) == 0);
    sem_unlink("/allways-timed");
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        sleep_ms(delay);
        if (use_poll)
            must(write(ends[1], "x", 1) == 1);
        else
            sem_post(semaphore);
        _exit(0);
    }
    int in_time = use_poll ? poll_for(ends[0], patience) : wait_for(semaphore, patience);
    assert(in_time);
    wait(NULL);
    return 0;
}
