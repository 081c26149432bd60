/* SPDX-License-Identifier: MIT */
/*
 * contract.h - checks of what mpqueue.h, mpsync.h and mpsimple.h promise, with real processes. The
 * same checks run natively and, through every interleaving, in the machine: each asserts, and forks
 * what it needs.
 *
 *   contract.c           the command line, and what every check needs
 *   contract_queue.c     Queue, and how the versions differ
 *   contract_tasks.c     JoinableQueue
 *   contract_sync.c      Condition, Event
 *   contract_simple.c    SimpleQueue
 */
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpsimple.h"
#include "mpqueue/mpsync.h"

enum { MS = 1000000, LARGE = 20000 };

#define STEP __attribute__((noinline))

struct check {
    const char *name; /* GROUP.WHAT */
    void (*run)(void);
};

/* Each ends with a NULL name. */
extern const struct check queue_checks[], profile_checks[], tasks_checks[], condition_checks[],
    event_checks[], simple_checks[];

/* It is MPQ_OK. */
void ok(int status);

struct mpqueue *queue_of(int maxsize, bool joinable, enum mpqueue_profile profile);

/* Bytes to be put. */
void *text(const char *letters);

/* They are these letters; frees them. */
void expect(void *object, const char *letters);

void get_expected(struct mpqueue *queue, const char *letters);
void simple_put_text(struct mpsimple *queue, const char *letters);
void simple_get_expected(struct mpsimple *queue, const char *letters);

/* A child process that runs it, and exits with 0. */
typedef void child_main(void *argument);
void spawn(child_main *run, void *argument);

/* All children have ended, and well. */
void reap(void);

/* A new named semaphore of this check, whose name goes into `name`. To be unlinked by forget. */
enum { NAME_MAX_SIZE = 48 };
void make_semaphore(char name[NAME_MAX_SIZE], const char *what, unsigned value);
void forget_semaphore(const char *name);

#endif
