/* SPDX-License-Identifier: MIT */
/*
 * random.c - runs a small concurrent program that it gets as text in argv[1].
 *
 * Tests generate thousands of programs (tests/support/random_program.h) and check each in several
 * ways; an interpreter spares them a compiler run for each. Grammar:
 *
 *   program    KINDS : SEMS : PIPES / BODY / BODY ...        nnn:01--2:1/F1w02a/r02
 *   KINDS      three letters, one for each mutex: n normal, r recursive, e errorcheck, o robust,
 *              p shared between processes, s robust and shared. With a shared mutex 0 the conditions,
 *              the read-write lock and the barrier are shared, too, and so is what a shared mutex
 *              guards: they are in mappings
 *   SEMS       five initial values 0..9, or - for none: 0..2 named, 3 and 4 unnamed
 *   PIPES      0, 1 or 2
 *   BODY       statements; body 0 is run by main. Blanks are ignored.
 *
 *   statement  what it does                    (m mutex, c condition, s semaphore, p pipe,
 *                                               e end: r or w, k digit 1..9, b body)
 *   Lm Um      lock, unlock                    a U that would be undefined is passed over
 *   Km         trylock
 *   Zm         pthread_mutex_consistent
 *   I W D E    a read-write lock: read, write, try to read, try to write
 *   M          gives it back (passed over if not held)
 *   X          waits at a barrier for two threads of the process
 *   +m  =m     writes, observes the variable that mutex m guards (only if m is held)
 *   Ccm        waits on condition c            (if m is held once)
 *   Pcm        waits on c while m's variable is 0 (the same)
 *   Gc Bc      signal, broadcast
 *   Ss Ys Vs   wait, trywait, post
 *   Ns         getvalue
 *   wpk rpk    writes, reads up to k bytes
 *   Rpk        reads until k bytes are there
 *   ope Ope    polls an end without waiting, until ready
 *   tp         polls the read end, with a time-out
 *   q Q        polls both read ends without waiting, until one is ready
 *   npe bpe    O_NONBLOCK on, off
 *   cpe        closes an end
 *   Fb fb      forks a child that runs body b; f remembers its pid
 *   a h        wait for any child; the same without blocking
 *   A H k      for the oldest child remembered: wait, the same without blocking; k: SIGTERM
 *   i          ignores SIGPIPE
 *   Tb J       starts a thread that runs body b; joins the oldest that is not joined yet
 *   x          the process exits
 *   y z g      sched_yield, nanosleep, getpid
 *   < > % ...  accesses to memory that threads share: random_memory.c
 *   sb         as T, and gives the thread the address of a variable on the own stack (place 9); who
 *              has done that joins all its threads before it ends
 *   mb         as T, and it is the new thread that has to join the oldest of the others (passed
 *              over if there is none, or after s)
 *   p          detaches the oldest thread (the same)
 *   vm         unlocks a mutex that others hold (passed over if not normal, or held)
 *   lm es up   spins: until trylock, trywait, poll for reading succeeds (forgets the failures)
 *   *k( )      does the block k times
 *   ?( ) !( )  does the block if the accumulator is odd, even
 *   Km( ) Ys( ) ope( ) tp( )   with a block: does it if the answer was yes
 *
 * A body starts bodies with higher numbers only, so that every program has finitely many states.
 *
 * Observations. Each thread has an accumulator of six bits, and folds into it whatever an operation
 * answered: whether a trylock succeeded, which bytes were read, what a child's status was. A thread
 * hands it to who joins it, a process exits with that of its first thread: another observation,
 * mostly another exit status. Bytes written tell the writer's body, not its pid.
 *
 * No data races but those of random_memory.c: all other state of a thread is on its own stack, but
 * for the guarded variables, which are touched only with their mutex held. A forked child goes on
 * at the same depth of the stack with all of that cleared, so that siblings which run the same body
 * are in equal states. What threads only read, the text and the tables that main fills in before
 * there are any, is in the arguments and in `random_tables`: an oracle that interleaves every
 * access is told to spare these.
 *
 * A second argument N turns a question about outcomes into one about a property: the root process
 * gets an item twice when it exits with N, so that exactly-once is violated exactly when it can.
 *
 * Before each statement is a fault point, random/statement, whose failure is observed.
 *
 * Programs may deadlock, be killed by SIGPIPE, or spin for ever. A text that is no program exits
 * with 100.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#define FIU_ENABLE 1
#include <fiu.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allways/probe.h"
#include "random.h"

struct tables random_tables = {.asked_for = NO_PROGRAM};
static pthread_mutex_t mutexes[MUTEXES];
static int guarded[MUTEXES]; /* under the mutex of the same number */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_cond_t conditions[CONDITIONS] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};

static int is_shared(int m)
{
    return random_tables.kinds[m] == 'p' || random_tables.kinds[m] == 's';
}
static sem_t unnamed[SEMAPHORES - NAMED];

_Noreturn void no_program(void)
{
    _exit(NO_PROGRAM);
}

static _Noreturn void exit_process(const struct context *context)
{
    if (!random_tables.is_child && context->accumulator == random_tables.asked_for) {
        aw_put(0, 1);
        aw_got(0, 1);
        aw_got(0, 1);
    }
    _exit((int)context->accumulator);
}

void fold(struct context *context, int value)
{
    context->accumulator = (context->accumulator * 5 + (unsigned)value * 7 + 1) & 63;
}

/* ---- reading the text ---- */

static STEP char next_char(struct context *context)
{
    while (*context->at == ' ')
        context->at++;
    return *context->at == '\0' || *context->at == '/' ? '\0' : *context->at++;
}

/* A digit below `limit`. */
int next_index(struct context *context, int limit)
{
    int digit = next_char(context) - '0';
    if (digit < 0 || digit >= limit)
        no_program();
    return digit;
}

static int next_end(struct context *context)
{
    char end = next_char(context);
    if (end != 'r' && end != 'w')
        no_program();
    return end == 'w';
}

static void enter(struct context *context, int times)
{
    if (next_char(context) != '(' || context->depth == DEPTH)
        no_program();
    context->loops[context->depth].begin = times > 1 ? context->at : NULL;
    context->loops[context->depth].left = times;
    context->depth++;
}

static void leave(struct context *context)
{
    if (context->depth == 0)
        no_program();
    struct loop *loop = &context->loops[context->depth - 1];
    if (--loop->left > 0)
        context->at = loop->begin;
    else
        *loop = (struct loop){0}, context->depth--;
}

static void pass_over(struct context *context)
{
    if (next_char(context) != '(')
        no_program();
    for (int open = 1; open > 0;) {
        char c = next_char(context);
        if (c == '\0')
            no_program();
        open += (c == '(') - (c == ')');
    }
}

static void branch(struct context *context, int yes)
{
    if (yes)
        enter(context, 1);
    else
        pass_over(context);
}

/* A block that may follow an operation which answers yes or no. */
void branch_if_any(struct context *context, int yes)
{
    while (*context->at == ' ')
        context->at++;
    if (*context->at == '(')
        branch(context, yes);
}

/* ---- mutexes and conditions ---- */

static STEP void do_mutex(struct context *context, char what)
{
    int m = next_index(context, MUTEXES), result;
    if (context->foreign >> m & 1) {
        if (what == 'K')
            branch_if_any(context, 0);
        return;
    }
    switch (what) {
    case 'Z':
        fold(context, pthread_mutex_consistent(random_tables.mutex_of[m]) != 0);
        return;
    case 'v':
        if (random_tables.kinds[m] == 'n' && context->held[m] == 0)
            fold(context, pthread_mutex_unlock(random_tables.mutex_of[m]) != 0);
        return;
    case 'U':
        if ((random_tables.kinds[m] == 'n' || random_tables.kinds[m] == 'p') &&
            context->held[m] == 0)
            return;
        result = pthread_mutex_unlock(random_tables.mutex_of[m]);
        if (result == 0)
            context->held[m]--;
        fold(context, result != 0);
        return;
    case 'L':
        result = pthread_mutex_lock(random_tables.mutex_of[m]);
        break;
    case 'K':
        result = pthread_mutex_trylock(random_tables.mutex_of[m]);
        break;
    default:
        while ((result = pthread_mutex_trylock(random_tables.mutex_of[m])) == EBUSY)
            sched_yield();
        break;
    }
    if (result == 0 || result == EOWNERDEAD)
        context->held[m]++;
    fold(context, result == 0                 ? 0
                  : result == EBUSY           ? 1
                  : result == EOWNERDEAD      ? 3
                  : result == ENOTRECOVERABLE ? 4
                                              : 2);
    if (what == 'K')
        branch_if_any(context, result == 0);
}

static STEP void do_rwlock(struct context *context, char what)
{
    int result;
    switch (what) {
    case 'M':
        if (context->rwlocked == 0)
            return;
        pthread_rwlock_unlock(random_tables.rwlock);
        context->rwlocked--;
        return;
    case 'I':
        result = pthread_rwlock_rdlock(random_tables.rwlock);
        break;
    case 'W':
        result = pthread_rwlock_wrlock(random_tables.rwlock);
        break;
    case 'D':
        result = pthread_rwlock_tryrdlock(random_tables.rwlock);
        break;
    default:
        result = pthread_rwlock_trywrlock(random_tables.rwlock);
        break;
    }
    if (result == 0)
        context->rwlocked++;
    fold(context, result == 0 ? 0 : result == EBUSY ? 1 : 2);
    if (what == 'D' || what == 'E')
        branch_if_any(context, result == 0);
}

static void do_guarded(struct context *context, char what)
{
    int m = next_index(context, MUTEXES);
    if (context->held[m] == 0)
        return;
    int *variable = random_tables.guarded_by[m];
    if (what == '+')
        *variable = (*variable * 2 + context->body + 1) & 7;
    else
        fold(context, *variable);
}

static void do_condition(struct context *context, char what)
{
    int c = next_index(context, CONDITIONS), m;
    switch (what) {
    case 'G':
        pthread_cond_signal(random_tables.condition_of[c]);
        return;
    case 'B':
        pthread_cond_broadcast(random_tables.condition_of[c]);
        return;
    }
    m = next_index(context, MUTEXES);
    if (context->held[m] != 1 || is_shared(m) != is_shared(0))
        return;
    int result = 0, *variable = random_tables.guarded_by[m];
    pthread_cond_t *condition = random_tables.condition_of[c];
    if (what == 'C')
        result = pthread_cond_wait(condition, random_tables.mutex_of[m]);
    else
        while (*variable == 0 && result == 0)
            result = pthread_cond_wait(condition, random_tables.mutex_of[m]);
    if (result == ENOTRECOVERABLE) {
        context->held[m] = 0;
        return;
    }
    fold(context, *variable + 8 * (result == EOWNERDEAD));
}

/* ---- semaphores ---- */

static STEP void do_semaphore(struct context *context, char what)
{
    sem_t *semaphore = random_tables.semaphores[next_index(context, SEMAPHORES)];
    int value = 0;
    if (semaphore == NULL) {
        if (what == 'Y')
            branch_if_any(context, 0);
        return;
    }
    switch (what) {
    case 'S':
        sem_wait(semaphore);
        break;
    case 'Y':
        value = sem_trywait(semaphore) == 0;
        fold(context, value);
        branch_if_any(context, value);
        break;
    case 'V':
        sem_post(semaphore);
        break;
    case 'N':
        sem_getvalue(semaphore, &value);
        fold(context, value);
        break;
    default:
        while (sem_trywait(semaphore) != 0)
            sched_yield();
        break;
    }
}

/* ---- pipes ---- */

static void do_write(struct context *context, int fd, int length)
{
    char bytes[10] = {0};
    for (int i = 0; i < length; i++)
        bytes[i] = (char)(context->body * 10 + i + 1);
    ssize_t result = write(fd, bytes, (size_t)length);
    fold(context, result < 0 ? 10 + (errno == EPIPE) : (int)result);
}

static ssize_t read_some(struct context *context, int fd, int length)
{
    char bytes[10] = {0};
    ssize_t result = read(fd, bytes, (size_t)length);
    fold(context, result < 0 ? 10 : (int)result);
    for (ssize_t i = 0; i < result; i++)
        fold(context, bytes[i]);
    return result;
}

static int poll_ends(struct pollfd *set, int count, int timeout)
{
    int ready = poll(set, (nfds_t)count, timeout), seen = ready > 0;
    for (int i = 0; i < count; i++) {
        int revents = set[i].revents;
        seen = seen * 16 + ((revents & POLLIN) != 0) + 2 * ((revents & POLLOUT) != 0) +
               4 * ((revents & POLLHUP) != 0) + 8 * ((revents & (POLLERR | POLLNVAL)) != 0);
    }
    return seen;
}

static STEP int poll_end(int p, int is_write, int timeout)
{
    struct pollfd set = {.fd = random_tables.pipes[p][is_write],
                         .events = is_write ? POLLOUT : POLLIN};
    return poll_ends(&set, 1, timeout);
}

static STEP int poll_both(int timeout)
{
    struct pollfd set[PIPES] = {{0}};
    for (int p = 0; p < random_tables.pipe_count; p++)
        set[p] = (struct pollfd){.fd = random_tables.pipes[p][0], .events = POLLIN};
    return poll_ends(set, random_tables.pipe_count, timeout);
}

static void set_nonblocking(int fd, int on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static STEP void do_transfer(struct context *context, char what)
{
    int p = next_index(context, PIPES), length = next_index(context, 10);
    if (p >= random_tables.pipe_count)
        return;
    if (what == 'w')
        do_write(context, random_tables.pipes[p][1], length);
    else if (what == 'r')
        read_some(context, random_tables.pipes[p][0], length);
    else
        while (length > 0) {
            ssize_t result = read_some(context, random_tables.pipes[p][0], length);
            if (result <= 0)
                break;
            length -= (int)result;
        }
}

static STEP void do_end(struct context *context, char what)
{
    int p = next_index(context, PIPES);
    int is_write = what == 't' || what == 'u' ? 0 : next_end(context), seen = 0;
    int exists = p < random_tables.pipe_count;
    switch (what) {
    case 'n':
    case 'b':
        if (exists)
            set_nonblocking(random_tables.pipes[p][is_write], what == 'n');
        return;
    case 'c':
        if (exists)
            fold(context, close(random_tables.pipes[p][is_write]) != 0);
        return;
    case 'u':
        while (exists && poll_end(p, 0, 0) == 0)
            sched_yield();
        return;
    default:
        if (exists) {
            seen = poll_end(p, is_write, what == 'o' ? 0 : what == 't' ? 1 : -1);
            fold(context, seen);
        }
        branch_if_any(context, seen != 0);
        return;
    }
}

/* ---- processes and threads ---- */

static STEP void start_body(struct context *context, int body, int is_process)
{
    context->at = random_tables.bodies[body];
    context->body = body;
    context->is_process = is_process;
}

/* 1 in the child. The pid leaves no trace in the parent. */
static STEP int fork_nameless(void)
{
    pid_t pid = fork();
    if (pid < 0)
        _exit(NO_MEANS);
    return pid == 0;
}

static STEP pid_t fork_named(void)
{
    pid_t pid = fork();
    if (pid < 0)
        _exit(NO_MEANS);
    return pid;
}

/* The child knows nothing of its parent but the mutexes that it may unlock. */
static STEP void become(struct context *context, int body)
{
    struct context child = {.foreign = context->foreign};
    for (int m = 0; m < MUTEXES; m++) {
        if (is_shared(m))
            continue; /* the parent's */
        if (context->held[m] > 0 && random_tables.kinds[m] != 'n')
            child.foreign |= (unsigned char)(1 << m);
        else
            child.held[m] = context->held[m];
    }
    *context = child;
    random_tables.is_child = 1;
    start_body(context, body, 1);
}

static STEP int higher_body(struct context *context)
{
    int body = next_index(context, random_tables.body_count);
    if (body <= context->body)
        no_program();
    return body;
}

static void do_fork(struct context *context, char what)
{
    int body = higher_body(context);
    if (what == 'F') {
        if (fork_nameless())
            become(context, body);
        return;
    }
    if (context->child_count == STARTED)
        no_program();
    pid_t pid = fork_named();
    if (pid == 0)
        become(context, body);
    else
        context->children[context->child_count++] = pid;
}

static int status_seen(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 16 + WTERMSIG(status);
}

/* Nobody asks which child it was. */
static STEP int wait_any(int options)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, options);
    return pid > 0 ? 2 + status_seen(status) : pid < 0;
}

static void forget_child(struct context *context)
{
    context->child_count--;
    memmove(context->children, context->children + 1,
            (size_t)context->child_count * sizeof *context->children);
    context->children[context->child_count] = 0;
}

static void do_child(struct context *context, char what)
{
    int status = 0;
    if (context->child_count == 0)
        return;
    if (what == 'k') {
        fold(context, kill(context->children[0], SIGTERM) != 0);
        return;
    }
    pid_t pid = waitpid(context->children[0], &status, what == 'H' ? WNOHANG : 0);
    fold(context, pid > 0 ? 2 + status_seen(status) : pid < 0);
    if (pid != 0)
        forget_child(context);
}

static void *thread_main(void *argument);

/* What a thread gets: its body, and the variable that it is given, or the thread that it has to
 * join. A user-space address has 47 bits. */
enum { GIVEN_PLACE = 1, GIVEN_THREAD = 2 };

static void *pack(int body, int given, uint64_t value)
{
    return (void *)((uint64_t)body << 56 | (uint64_t)given << 48 | value);
}

static void forget_thread(struct context *context)
{
    context->thread_count--;
    memmove(context->threads, context->threads + 1,
            (size_t)context->thread_count * sizeof *context->threads);
    context->threads[context->thread_count] = 0;
}

static void do_thread(struct context *context, char what)
{
    int body = higher_body(context);
    void *argument = pack(body, 0, 0);
    if (context->thread_count == STARTED)
        no_program();
    if (what == 's') {
        context->gave = 1;
        context->place = &context->own;
        argument = pack(body, GIVEN_PLACE, (uint64_t)&context->own);
    } else if (what == 'm') {
        if (context->thread_count == 0 || context->gave)
            return;
        argument = pack(body, GIVEN_THREAD, (uint64_t)context->threads[0]);
        forget_thread(context);
    }
    if (pthread_create(&context->threads[context->thread_count], NULL, thread_main, argument) != 0)
        _exit(NO_MEANS);
    context->thread_count++;
}

static void do_join(struct context *context)
{
    void *result = NULL;
    if (context->thread_count == 0)
        return;
    pthread_join(context->threads[0], &result);
    forget_thread(context);
    fold(context, (int)(intptr_t)result);
}

static void do_detach(struct context *context)
{
    if (context->thread_count == 0 || context->gave)
        return;
    pthread_detach(context->threads[0]);
    forget_thread(context);
}

/* ---- the interpreter ---- */

static void do_alone(struct context *context, char what)
{
    struct timespec moment = {.tv_nsec = 1000};
    switch (what) {
    case 'y':
        sched_yield();
        break;
    case 'z':
        nanosleep(&moment, NULL);
        break;
    case 'g':
        fold(context, getpid() > 0);
        break;
    case 'i':
        signal(SIGPIPE, SIG_IGN);
        break;
    case 'x':
        exit_process(context);
    }
}

/* A fault point before each statement: that it fails is one more observation. */
static STEP void meet_point(struct context *context)
{
    int failure = fiu_fail("random/statement");
    if (failure != 0)
        fold(context, failure);
}

static void do_statement(struct context *context, char what)
{
    meet_point(context);
    if (strchr("LUKlZv", what))
        do_mutex(context, what);
    else if (strchr("IWDEM", what))
        do_rwlock(context, what);
    else if (what == 'X')
        fold(context, pthread_barrier_wait(random_tables.barrier) != 0);
    else if (strchr("+=", what))
        do_guarded(context, what);
    else if (strchr("CPGB", what))
        do_condition(context, what);
    else if (strchr("SYVNe", what))
        do_semaphore(context, what);
    else if (strchr("wrR", what))
        do_transfer(context, what);
    else if (strchr("oOtunbc", what))
        do_end(context, what);
    else if (strchr("qQ", what))
        fold(context, poll_both(what == 'q' ? 0 : -1));
    else if (strchr("Ff", what))
        do_fork(context, what);
    else if (strchr("ah", what))
        fold(context, wait_any(what == 'h' ? WNOHANG : 0));
    else if (strchr("AHk", what))
        do_child(context, what);
    else if (strchr("yzgix", what))
        do_alone(context, what);
    else if (strchr("Tsm", what))
        do_thread(context, what);
    else if (what == 'p')
        do_detach(context);
    else if (is_memory(what))
        do_memory(context, what);
    else if (what == 'J')
        do_join(context);
    else if (what == '*')
        enter(context, next_index(context, 10));
    else if (what == '?' || what == '!')
        branch(context, (context->accumulator & 1) == (what == '?'));
    else if (what == ')')
        leave(context);
    else
        no_program();
}

static unsigned run(struct context *context, int body)
{
    char what;
    start_body(context, body, context->is_process);
    while ((what = next_char(context)) != '\0')
        do_statement(context, what);
    if (context->is_process)
        exit_process(context);
    while (context->gave && context->thread_count > 0)
        do_join(context);
    return context->accumulator;
}

static void *thread_main(void *argument)
{
    struct context context = {0};
    uint64_t given = (uint64_t)argument & (((uint64_t)1 << 48) - 1);
    switch ((uint64_t)argument >> 48 & 0xff) {
    case GIVEN_PLACE:
        context.place = (uint64_t *)given;
        break;
    case GIVEN_THREAD:
        context.threads[context.thread_count++] = (pthread_t)given;
        break;
    }
    return (void *)(intptr_t)run(&context, (int)((uint64_t)argument >> 56));
}

/* ---- the beginning ---- */

static void *make_mapping(size_t size)
{
    void *mapping =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        _exit(NO_MEANS);
    return mapping;
}

/* Conditions, the read-write lock and the barrier, as far as the text has them; shared where mutex 0
 * is. */
static void make_waiting(const char *text)
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

static void make_mutex(int m, char kind)
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

static void make_semaphore(int s, char value)
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

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "";
    enum { HEAD = 12 }; /* nnn:-----:0/ */

    if (strlen(text) < HEAD || text[3] != ':' || text[9] != ':' || strspn(text, "nreops") != 3 ||
        text[10] < '0' || text[10] > '0' + PIPES || text[11] != '/') {
        fprintf(stderr, "usage: random PROGRAM [STATUS], such as nnn:1----:1/F1w02a/S0r02V0\n");
        return NO_PROGRAM;
    }
    if (argc > 2)
        random_tables.asked_for = (unsigned)atoi(argv[2]);
    for (const char *at = text + HEAD - 1; at != NULL; at = strchr(at + 1, '/')) {
        if (random_tables.body_count == 10)
            no_program();
        random_tables.bodies[random_tables.body_count++] = at + 1;
    }
    for (int m = 0; m < MUTEXES; m++)
        make_mutex(m, text[m]);
    make_waiting(text + HEAD);
    for (int s = 0; s < SEMAPHORES; s++)
        make_semaphore(s, text[4 + s]);
    random_tables.pipe_count = text[10] - '0';
    for (int p = 0; p < random_tables.pipe_count; p++)
        if (pipe(random_tables.pipes[p]) != 0)
            _exit(NO_MEANS);
    make_memory(text + HEAD);
    struct context context = {.is_process = 1};
    run(&context, 0);
    return NO_MEANS;
}
