/* SPDX-License-Identifier: MIT */
/*
 * thread.c - the parts of a thread's life that run code of the program: its start routine, the
 * cleanups and destructors at its end, and pthread_once.
 *
 * pthread_once: the control word is 0, then RUNNING with the fork generation, then DONE. All of
 * them are looked at under one mutex of the runtime, DONE too: the reader of DONE depends on the
 * thread that wrote it, and only a visible operation lets the explorer see that. The mutex is not
 * held while the routine runs; whoever finds RUNNING waits for the condition. In a forked child
 * nobody else is running anything: mutex and condition start afresh, and RUNNING words that the
 * child inherited are of an older generation and count as 0 (as in glibc).
 *
 * When the last thread of a process ends, POSIX wants exit(0) with its handlers; who is the last is
 * known to the machine alone, so that is its part.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

enum { RUNNING = 1, DONE = 2, GENERATION = 4 };

static pthread_mutex_t once_mutex;
static pthread_cond_t once_finished;
static unsigned once_waiting;    /* threads waiting for once_finished */
static unsigned once_running;    /* routines that are running */
static unsigned once_generation; /* multiple of GENERATION; moves when a fork leaves words behind */

static void thread_entry(void *(*start)(void *), void *argument)
{
    pthread_exit(start(argument));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    int detached = attributes != NULL && thread_attributes_detached(attributes);

    return __aw_thread_create(thread, thread_entry, start, argument, detached);
}

AW_BODY_OF_NO_RETURN thread_ends(void *result)
{
    cleanups_run(result);
    keys_thread_ends();
    cleanups_thread_ends();
    __aw_thread_exit(result);
    exit(0);
}
AW_ENTRY_OF_NO_RETURN(pthread_exit, thread_ends);

int pthread_equal(pthread_t one, pthread_t other)
{
    return one == other;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    (void)thread;
    return strlen(name) > 15 ? ERANGE : 0;
}

int pthread_once(pthread_once_t *control, void (*routine)(void))
{
    unsigned *word = (unsigned *)control;

    pthread_mutex_lock(&once_mutex);
    while (*word == (RUNNING | once_generation)) {
        once_waiting++;
        pthread_cond_wait(&once_finished, &once_mutex);
        once_waiting--;
    }
    if (*word == DONE) {
        pthread_mutex_unlock(&once_mutex);
        return 0;
    }
    *word = RUNNING | once_generation;
    once_running++;
    pthread_mutex_unlock(&once_mutex);

    routine();

    pthread_mutex_lock(&once_mutex);
    *word = DONE;
    if (once_running > 0)
        once_running--;
    if (once_waiting > 0)
        pthread_cond_broadcast(&once_finished);
    pthread_mutex_unlock(&once_mutex);
    return 0;
}

void once_after_fork(void)
{
    memset(&once_mutex, 0, sizeof once_mutex);
    memset(&once_finished, 0, sizeof once_finished);
    once_waiting = 0;
    if (once_running > 0)
        once_generation += GENERATION;
    once_running = 0;
}
