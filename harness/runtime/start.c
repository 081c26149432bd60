/* SPDX-License-Identifier: MIT */
/*
 * start.c - the beginning and the orderly end of a process.
 *
 * exit() runs the handlers of atexit, on_exit and __cxa_atexit in reverse order of registration.
 * A handler is taken off the list before it is called, so one that registers another, or that
 * calls exit() itself, is continued correctly. The first 32 live in the runtime's data (POSIX
 * promises that many), further ones in blocks of 32 from the caller's heap. An entry that was run
 * is zero again.
 *
 * Handlers of shared objects that are unloaded (__cxa_finalize) and destructor functions have no
 * place here: nothing is ever unloaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "primitives.h"

enum { HANDLERS_PER_BLOCK = 32 };

enum kind { UNUSED, ATEXIT, ON_EXIT, CXA_ATEXIT };

struct handler {
    enum kind kind;
    union {
        void (*plain)(void);
        void (*on_exit)(int, void *);
        void (*cxa)(void *, int);
    } function;
    void *argument;
};

struct block {
    struct block *previous;
    unsigned count;
    struct handler handlers[HANDLERS_PER_BLOCK];
};

static struct block first;
static struct block *last; /* NULL: first */

/* Also under the names of <errno.h>; all of them data, like glibc's. */
char *program_invocation_name, *program_invocation_short_name;
extern char *__progname __attribute__((alias("program_invocation_short_name")));
extern char *__progname_full __attribute__((alias("program_invocation_name")));

static struct handler *new_handler(void)
{
    struct block *block = last == NULL ? &first : last;

    if (block->count == HANDLERS_PER_BLOCK) {
        struct block *more = calloc(1, sizeof *more);

        if (more == NULL)
            return NULL;
        __aw_keep(more);
        more->previous = block;
        last = block = more;
    }
    return &block->handlers[block->count++];
}

static int take_handler(struct handler *taken)
{
    struct block *block = last == NULL ? &first : last;

    while (block->count == 0) {
        if (block == &first)
            return 0;
        last = block->previous == &first ? NULL : block->previous;
        free(block);
        block = last == NULL ? &first : last;
    }
    block->count--;
    *taken = block->handlers[block->count];
    block->handlers[block->count] = (struct handler){0};
    return 1;
}

static int register_handler(struct handler handler)
{
    struct handler *slot = new_handler();

    if (slot == NULL)
        return -1;
    *slot = handler;
    return 0;
}

int atexit(void (*function)(void))
{
    return register_handler((struct handler){.kind = ATEXIT, .function.plain = function});
}

int on_exit(void (*function)(int, void *), void *argument)
{
    return register_handler(
        (struct handler){.kind = ON_EXIT, .function.on_exit = function, .argument = argument});
}

int __cxa_atexit(void (*function)(void *), void *argument, void *object);

int __cxa_atexit(void (*function)(void *), void *argument, void *object)
{
    (void)object;
    return register_handler((struct handler){.kind = CXA_ATEXIT,
                                             .function.cxa = (void (*)(void *, int))(void (*)(void))
                                                 function,
                                             .argument = argument});
}

void __cxa_finalize(void *object);

void __cxa_finalize(void *object)
{
    (void)object;
}

AW_BODY_OF_NO_RETURN exit_orderly(int status)
{
    struct handler handler;

    while (take_handler(&handler)) {
        switch (handler.kind) {
        case ATEXIT:
            handler.function.plain();
            break;
        case ON_EXIT:
            handler.function.on_exit(status, handler.argument);
            break;
        case CXA_ATEXIT:
            handler.function.cxa(handler.argument, status);
            break;
        case UNUSED:
            break;
        }
    }
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
