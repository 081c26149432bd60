/* SPDX-License-Identifier: MIT */
/* random_means.c - what main makes before there are any threads: locks, semaphores, pipes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"

static pthread_mutex_t mutexes[MUTEXES];
static int guarded[MUTEXES]; /* under the mutex of the same number */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_cond_t conditions[CONDITIONS] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};

static sem_t unnamed[SEMAPHORES - NAMED];

static void *make_mapping(size_t size)
{
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        _exit(NO_MEANS);
    return mapping;
}

/* Conditions, the read-write lock and the barrier, as far as the text has them; shared where mutex 0
 * is. */
void make_waiting(const char *text)
{
    pthread_condattr_t condition;
    pthread_rwlockattr_t lock;
    pthread_barrierattr_t meeting;
    for (int c = 0; c < CONDITIONS; c++)
        random_tables.condition_of[c] = &conditions[c];
    random_tables.rwlock = &rwlock;
    random_tables.barrier = &barrier;
    pthread_barrierattr_init(&meeting);
    if (is_shared(0) && strpbrk(text, "CPGB") != NULL) {
        pthread_condattr_init(&condition);
        pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
        pthread_cond_t *both = make_mapping(CONDITIONS * sizeof *both);
        for (int c = 0; c < CONDITIONS; c++)
            pthread_cond_init(random_tables.condition_of[c] = &both[c], &condition);
    }
    if (is_shared(0) && strpbrk(text, "IWDE") != NULL) {
        pthread_rwlockattr_init(&lock);
        pthread_rwlockattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
        random_tables.rwlock = make_mapping(sizeof *random_tables.rwlock);
        pthread_rwlock_init(random_tables.rwlock, &lock);
    }
    if (is_shared(0) && strchr(text, 'X') != NULL) {
        pthread_barrierattr_setpshared(&meeting, PTHREAD_PROCESS_SHARED);
        random_tables.barrier = make_mapping(sizeof *random_tables.barrier);
    }
    pthread_barrier_init(random_tables.barrier, &meeting, 2);
}

void make_mutex(int m, char kind)
{
    pthread_mutexattr_t attributes;
    random_tables.kinds[m] = kind;
    random_tables.mutex_of[m] = &mutexes[m];
    random_tables.guarded_by[m] = &guarded[m];
    pthread_mutexattr_init(&attributes);
    if (is_shared(m)) {
        struct {
            pthread_mutex_t mutex;
            int guarded;
        } *both = make_mapping(sizeof *both);
        random_tables.mutex_of[m] = &both->mutex;
        random_tables.guarded_by[m] = &both->guarded;
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    }
    pthread_mutexattr_settype(&attributes, kind == 'n'   ? PTHREAD_MUTEX_NORMAL
                                           : kind == 'r' ? PTHREAD_MUTEX_RECURSIVE
                                           : kind == 'e' ? PTHREAD_MUTEX_ERRORCHECK
                                                         : PTHREAD_MUTEX_NORMAL);
    if (kind == 'o' || kind == 's')
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(random_tables.mutex_of[m], &attributes);
}

/* Another run of this program may have the same name in hand for a moment: try again. */
static sem_t *make_named(int s, unsigned value)
{
    char name[] = "/allways-random-0";
    name[sizeof name - 2] = (char)('0' + s);
    for (int attempt = 0; attempt < 10000; attempt++) {
        sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
        if (semaphore != SEM_FAILED) {
            sem_unlink(name);
            return semaphore;
        }
        sched_yield();
    }
    _exit(NO_MEANS);
}

void make_semaphore(int s, char value)
{
    if (value == '-')
        return;
    if (value < '0' || value > '9')
        no_program();
    if (s < NAMED) {
        random_tables.semaphores[s] = make_named(s, (unsigned)(value - '0'));
    } else {
        random_tables.semaphores[s] = &unnamed[s - NAMED];
        sem_init(random_tables.semaphores[s], 0, (unsigned)(value - '0'));
    }
}
