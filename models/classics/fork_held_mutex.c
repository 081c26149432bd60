/* SPDX-License-Identifier: MIT */
/*
 * fork_held_mutex.c - fork copies a locked mutex, but not the thread that would unlock it.
 *
 * main forks while another thread uses a mutex; the child uses the mutex too. `right` registers
 * handlers with pthread_atfork, so that the fork happens with the mutex in the forking thread's
 * hands.
 *
 * wrong: no-deadlock fails. Shortest schedule: the thread locks; main forks; the child locks for
 * ever, and main waits for the child.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(void)
{
    pthread_mutex_lock(&mutex);
}
static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static void *use(void *argument)
{
    lock();
    unlock();
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    if (!is_wrong(argc, argv))
        must(pthread_atfork(lock, unlock, unlock) == 0);
    must(pthread_create(&thread, NULL, use, NULL) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        use(NULL);
        _exit(0);
    }
    wait(NULL);
    pthread_join(thread, NULL);
    return 0;
}
