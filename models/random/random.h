/* SPDX-License-Identifier: MIT */
/*
 * random.h - what the two halves of the interpreter share: random.c (text, objects, threads) and
 * random_memory.c (accesses to memory).
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/types.h>

#define STEP __attribute__((noinline))

enum { MUTEXES = 3, CONDITIONS = 2, NAMED = 3, SEMAPHORES = 5, PIPES = 2, DEPTH = 6, STARTED = 4 };
enum { NO_PROGRAM = 100, NO_MEANS = 101 }; /* exit statuses beside the accumulator's 0..63 */

/* What main fills in, and threads read. */
struct tables {
    char kinds[MUTEXES];
    pthread_mutex_t *mutex_of[MUTEXES];
    int *guarded_by[MUTEXES]; /* the variable of each */
    pthread_cond_t *condition_of[CONDITIONS];
    pthread_rwlock_t *rwlock;
    pthread_barrier_t *barrier;
    sem_t *semaphores[SEMAPHORES]; /* NULL: the program has none of that number */
    int pipes[PIPES][2];
    int pipe_count;
    const char *bodies[10];
    int body_count;
    int is_child;
    unsigned asked_for; /* the second argument */
    uint64_t *block;    /* of the heap */
    unsigned char *mapping;
};
extern struct tables random_tables;

struct loop {
    const char *begin; /* of the block, or NULL: a block that is done once */
    int left;
};

/* All that a thread remembers. */
struct context {
    const char *at; /* the next statement */
    int body;
    int is_process; /* its end is the process's end */
    unsigned accumulator;
    unsigned char held[MUTEXES]; /* how often */
    unsigned char rwlocked;      /* how often, to read or to write */
    unsigned char foreign;       /* mutexes held across fork that only the parent may unlock */
    int depth;
    struct loop loops[DEPTH];
    int thread_count, child_count;
    pthread_t threads[STARTED]; /* not joined, oldest first */
    pid_t children[STARTED];    /* remembered and not waited for, oldest first */
    uint64_t *place;            /* place 9: its own variable, or that of who started it; or NULL */
    int gave;                   /* has given the address of its own away */
    uint64_t own;
};

_Noreturn void no_program(void);
void fold(struct context *context, int value);
int next_index(struct context *context, int limit); /* a digit below `limit` */
int next_end(struct context *context);              /* r or w: is it w? */
/* A block that may follow an operation which answers yes or no. */
void branch_if_any(struct context *context, int yes);

static inline int is_shared(int m)
{
    return random_tables.kinds[m] == 'p' || random_tables.kinds[m] == 's';
}

/* Each does the statement `what`, whose letter has been read. */

/* random_locks.c */
STEP void do_mutex(struct context *context, char what);
STEP void do_rwlock(struct context *context, char what);
void do_guarded(struct context *context, char what);
void do_condition(struct context *context, char what);
STEP void do_semaphore(struct context *context, char what);

/* random_pipes.c */
STEP void do_transfer(struct context *context, char what);
STEP void do_end(struct context *context, char what);
STEP int poll_both(int timeout);

/* random_processes.c */
void do_fork(struct context *context, char what);
void do_child(struct context *context, char what);
void do_thread(struct context *context, char what);
void do_join(struct context *context);
void do_detach(struct context *context);
STEP int wait_any(int options);
STEP void start_body(struct context *context, int body, int is_process);

/* What a thread gets (from bit 0 on): the variable that it is given or the thread that it has to
 * join, which of them (48), its body (56). A user-space address has 47 bits. */
enum { GIVEN_PLACE = 1, GIVEN_THREAD = 2 };
void *thread_main(void *argument);

/* random_means.c */
void make_waiting(const char *text);
void make_mutex(int m, char kind);
void make_semaphore(int s, char value);

/* random_memory.c */
void make_memory(const char *text); /* the mapping only where place 7 occurs */
int is_memory(char statement);
void do_memory(struct context *context, char statement);

#endif
