/* SPDX-License-Identifier: MIT */
/*
 * processes.c - processes that share memory: processes plain|mutex|robust|semaphore|atomic|split|flag|idle [PROCESSES [TIMES]]
 *
 * All but flag and idle count together. plain is a data race between processes; split reads and writes
 * atomically, but not both at once, and loses counts. A process that is killed keeps a mutex for ever, and
 * gives a robust one up; each that lives on has been counted. With flag a child waits, spinning, for a message of
 * its parent; with idle the flag is no atomic variable.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <allways/probe.h>

struct shared {
    pthread_mutex_t mutex;
    sem_t semaphore;
    int plain;
    atomic_int counter;
    volatile int idle;
    atomic_bool flag;
    char message[16];
};
static struct shared *shared;

static void make(int robust)
{
    pthread_mutexattr_t attributes;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(shared != MAP_FAILED);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutex_init(&shared->mutex, &attributes);
    sem_init(&shared->semaphore, 1, 1);
}

static void count(const char *how)
{
    if (strcmp(how, "plain") == 0) {
        shared->plain++;
    } else if (strcmp(how, "mutex") == 0) {
        pthread_mutex_lock(&shared->mutex);
        shared->plain++;
        pthread_mutex_unlock(&shared->mutex);
    } else if (strcmp(how, "robust") == 0) {
        if (pthread_mutex_lock(&shared->mutex) == EOWNERDEAD)
            pthread_mutex_consistent(&shared->mutex);
        shared->plain++;
        pthread_mutex_unlock(&shared->mutex);
    } else if (strcmp(how, "semaphore") == 0) {
        sem_wait(&shared->semaphore);
        shared->plain++;
        sem_post(&shared->semaphore);
    } else if (strcmp(how, "split") == 0) {
        atomic_store(&shared->counter, atomic_load(&shared->counter) + 1);
    } else {
        atomic_fetch_add(&shared->counter, 1);
    }
}

static void tell(void)
{
    if (fork() == 0) {
        while (!atomic_load(&shared->flag))
            continue;
        assert(strcmp(shared->message, "ready") == 0);
        _exit(0);
    }
    strcpy(shared->message, "ready");
    atomic_store(&shared->flag, true);
}

static void tell_idly(void)
{
    if (fork() == 0) {
        while (!shared->idle)
            continue;
        _exit(0);
    }
    shared->idle = 1;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "plain";
    int number = argc > 2 ? atoi(argv[2]) : 2, times = argc > 3 ? atoi(argv[3]) : 1, status;
    int killed = 0;
    make(strcmp(how, "robust") == 0 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
    if (strcmp(how, "flag") == 0 || strcmp(how, "idle") == 0) {
        number = 0;
        (strcmp(how, "flag") == 0 ? tell : tell_idly)();
    }
    for (int i = 0; i < number; i++)
        if (fork() == 0) {
            aw_worker();
            for (int k = 0; k < times; k++)
                count(how);
            _exit(0);
        }
    while (wait(&status) > 0) {
        assert(status == 0 || WIFSIGNALED(status));
        killed += status != 0;
    }
    int counted = shared->plain + shared->counter;
    assert(counted <= number * times && counted >= (number - killed) * times);
    return 0;
}
