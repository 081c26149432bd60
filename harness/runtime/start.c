/* SPDX-License-Identifier: MIT */
/*
 * start.c - the beginning and the orderly end of a process.
 *
 * exit() runs the handlers of atexit, on_exit and __cxa_atexit in reverse order of registration.
 * A handler is taken off the list before it is called, so one that registers another, or that
 * calls exit() itself, is continued correctly. An entry that was run is zero again.
 *
 * glibc has a lock around the list, which it does not hold while a handler runs. Two threads that
 * are in exit() at once are a race by its manual (race:exit): both write exit_running.
 *
 * Handlers of shared objects that are unloaded (__cxa_finalize) and destructor functions have no
 * place here: nothing is ever unloaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "primitives.h"

/* POSIX promises 32; glibc has no limit. */
enum { HANDLERS_MAX = 1024 };

enum kind { UNUSED, ATEXIT, ON_EXIT, CXA_ATEXIT };

struct handler {
    enum kind kind;
    void (*function)(void);
    void *argument;
};

static struct {
    unsigned count;
    struct handler all[HANDLERS_MAX];
} exit_handlers;
static volatile int exit_running;

/* Also under the names of <errno.h>; all of them data, like glibc's. */
char *program_invocation_name, *program_invocation_short_name;
extern char *__progname __attribute__((alias("program_invocation_short_name")));
extern char *__progname_full __attribute__((alias("program_invocation_name")));

static void lock(void)
{
    __aw_section(&exit_handlers.count, sizeof exit_handlers.count);
}

static int register_handler(enum kind kind, void (*function)(void), void *argument)
{
    unsigned at;

    lock();
    at = exit_handlers.count;
    if (at < HANDLERS_MAX) {
        exit_handlers.all[at].kind = kind;
        exit_handlers.all[at].function = function;
        exit_handlers.all[at].argument = argument;
        exit_handlers.count = at + 1;
    }
    __aw_section_end();
    if (at == HANDLERS_MAX)
        __aw_unmodelled("atexit: more than 1024 handlers");
    return 0;
}

int atexit(void (*function)(void))
{
    return register_handler(ATEXIT, function, NULL);
}

int on_exit(void (*function)(int, void *), void *argument)
{
    return register_handler(ON_EXIT, (void (*)(void))function, argument);
}

int __cxa_atexit(void (*function)(void *), void *argument, void *object);

int __cxa_atexit(void (*function)(void *), void *argument, void *object)
{
    (void)object;
    return register_handler(CXA_ATEXIT, (void (*)(void))function, argument);
}

void __cxa_finalize(void *object);

void __cxa_finalize(void *object)
{
    (void)object;
}

/* Runs the handler that was registered last; 0: there is none. */
static int run_handler(int status)
{
    enum kind kind = UNUSED;
    void (*function)(void) = NULL;
    void *argument = NULL;

    if (__atomic_load_n(&exit_handlers.count, __ATOMIC_SEQ_CST) > 0) {
        lock();
        if (exit_handlers.count > 0) { /* still */
            struct handler *last = &exit_handlers.all[--exit_handlers.count];

            kind = last->kind;
            function = last->function;
            argument = last->argument;
            last->kind = UNUSED;
            last->function = NULL;
            last->argument = NULL;
        }
        __aw_section_end();
    }
    switch (kind) {
    case ATEXIT:
        function();
        break;
    case ON_EXIT:
        ((void (*)(int, void *))function)(status, argument);
        break;
    case CXA_ATEXIT:
        ((void (*)(void *, int))function)(argument, status);
        break;
    case UNUSED:
        break;
    }
    return kind != UNUSED;
}

AW_BODY_OF_NO_RETURN exit_orderly(int status)
{
    exit_running = 1;
    while (run_handler(status))
        continue;
    /* Then the program's destructor functions. */
    void (*destructor)(void);
    for (unsigned index = 0; (destructor = __aw_destructor(index)) != NULL; index++)
        destructor();
    __aw_leaks();
    _exit(status);
}
AW_ENTRY_OF_NO_RETURN(exit, exit_orderly);

void _Exit(int status)
{
    _exit(status);
}

static void name_program(char *name)
{
    program_invocation_name = name;
    program_invocation_short_name = name;
    for (char *p = name; *p != '\0'; p++)
        if (*p == '/')
            program_invocation_short_name = p + 1;
}

/* Where the machine enters a process: constructors, main, exit. */
void __aw_start(int (*main)(int, char **, char **), int argc, char **argv, char **envp,
                void (**init)(int, char **, char **), unsigned long init_count);

void __aw_start(int (*main)(int, char **, char **), int argc, char **argv, char **envp,
                void (**init)(int, char **, char **), unsigned long init_count)
{
    static char no_name[] = "";

    environ = envp;
    name_program(argc > 0 ? argv[0] : no_name);
    for (unsigned long i = 0; i < init_count; i++)
        init[i](argc, argv, envp);
    exit(main(argc, argv, envp));
}
