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
#define FIU_ENABLE 1
#include <fiu.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allways/probe.h"
#include "random.h"

struct tables random_tables = {.asked_for = NO_PROGRAM};

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

int next_end(struct context *context)
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

void *thread_main(void *argument)
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
