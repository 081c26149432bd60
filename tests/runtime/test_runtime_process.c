/* SPDX-License-Identifier: MIT */
/* How a process starts, forks and ends. */
#define _GNU_SOURCE
#include "runtime_box.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The end of a process */

static void say_a(void)
{
    report("a ");
}

static void say_b_and_register(void)
{
    report("b ");
    RT(atexit)(say_a);
}

static void say_status(int status, void *argument)
{
    char text[64];

    snprintf(text, sizeof text, "%s:%d ", (char *)argument, status);
    report(text);
}

static void say_argument(void *argument)
{
    report(argument);
    RT(exit)(4);
}

static void register_and_exit(void)
{
    RT(atexit)(say_a);
    RT(on_exit)(say_status, (void *)"on");
    ((int (*)(void (*)(void *), void *, void *))symbol("__cxa_atexit"))(say_argument,
                                                                        (void *)"cxa ", NULL);
    RT(atexit)(say_b_and_register);
    for (int i = 0; i < 70; i++)
        RT(on_exit)(say_status, (void *)(i % 35 == 0 ? "block" : ""));
    RT(exit)(3);
}

Test(runtime, exit_runs_handlers_in_reverse_order)
{
    char expected[2048] = "", *got = in_child(register_and_exit);

    for (int i = 69; i >= 0; i--)
        strcat(expected, i % 35 == 0 ? "block:3 " : ":3 ");
    strcat(expected, "b a cxa on:4 a 4");
    cr_assert_str_eq(got, expected);
}

static void construct(int argc, char **argv, char **envp)
{
    report(argv[argc - 1]);
    report(envp[0]);
    RT(atexit)(say_a);
}

static int program_main(int argc, char **argv, char **envp)
{
    (void)argc;
    report(" main ");
    report(RT(environ) == envp ? "env " : "");
    report(*(char **)symbol("__progname"));
    report(argv[0]);
    return 5;
}

typedef void start_function(int (*)(int, char **, char **), int, char **, char **,
                            void (**)(int, char **, char **), unsigned long);

static void start_a_program(void)
{
    static char *argv[] = {(char *)"/some/prog", (char *)"last ", NULL};
    static char *envp[] = {(char *)"X=1", NULL};
    static void (*init[])(int, char **, char **) = {construct, construct};

    ((start_function *)symbol("__aw_start"))(program_main, 2, argv, envp, init, 2);
}

static void start_with_destructors(void)
{
    has_destructors = true;
    start_a_program();
}

Test(runtime, destructors_run_after_the_exit_handlers)
{
    cr_assert_str_eq(in_child(start_with_destructors),
                     "last X=1last X=1 main env prog/some/proga a  first second5");
}

Test(runtime, start_runs_constructors_main_and_exit)
{
    cr_assert_str_eq(in_child(start_a_program), "last X=1last X=1 main env prog/some/proga a 5");
}

static int failing_main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    ((void (*)(const char *, const char *, unsigned, const char *))symbol("__assert_fail"))(
        "1 < 0", "file.c", 12, "main");
    return 0;
}

static void start_a_failing_program(void)
{
    static char *argv[] = {(char *)"/some/prog", NULL};

    ((start_function *)symbol("__aw_start"))(failing_main, 1, argv, argv + 1, NULL, 0);
}

Test(runtime, a_failed_assertion_prints_glibcs_message)
{
    cr_assert_str_eq(in_child(start_a_failing_program),
                     "prog: file.c:12: main: Assertion `1 < 0' failed.\n"
                     "assert 1 < 0 file.c 12 main 135");
}

/* Forking */

#define HANDLER(name)                                                                              \
    static void name(void)                                                                         \
    {                                                                                              \
        report(#name " ");                                                                         \
    }
HANDLER(prepare1)
HANDLER(prepare2)
HANDLER(parent1)
HANDLER(parent2)
HANDLER(child1)
HANDLER(child2)

typedef int register_atfork_function(void (*)(void), void (*)(void), void (*)(void), void *);

static void fork_with_handlers(void)
{
    int status;
    pid_t pid;

    ((register_atfork_function *)symbol("__register_atfork"))(prepare1, parent1, child1, NULL);
    for (int i = 0; i < 20; i++)
        ((register_atfork_function *)symbol("pthread_atfork"))(NULL, NULL, NULL, NULL);
    ((register_atfork_function *)symbol("pthread_atfork"))(prepare2, parent2, child2, NULL);
    pid = RT(fork)();
    if (pid == 0)
        _exit(0);
    waitpid(pid, &status, 0);
    _exit(6);
}

Test(runtime, fork_runs_its_handlers_in_order)
{
    char *got = in_child(fork_with_handlers);

    /* The two processes report into one pipe; each in its own order. */
    cr_assert_eq(strncmp(got, "prepare2 prepare1 ", 18), 0, "%s", got);
    cr_assert_not_null(strstr(got, "parent1 "));
    cr_assert_lt(strstr(got, "parent1 "), strstr(got, "parent2 "));
    cr_assert_lt(strstr(got, "child1 "), strstr(got, "child2 "));
    cr_assert_eq(strlen(got), 18 + 16 + 14 + 1);
}
