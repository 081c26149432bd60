/* SPDX-License-Identifier: MIT */
/*
 * What `allways run` says while it works: on a terminal one line that is written over, and gone at
 * the end; anywhere else a line from time to time. Cases that take minutes are interrupted as soon
 * as something was said. The executable is $AW_BIN, or build/allways.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell.h"

enum { COLUMNS = 60, PATIENCE_MILLISECONDS = 60000 };
#define REWIND "\r\033[K"

static char said[1 << 16]; /* on stderr, so far */
static size_t said_size;

static void scenario(const char *name, const char *numbers)
{
    char file[64], text[512];
    snprintf(file, sizeof file, "%s.yaml", name);
    snprintf(text, sizeof text,
             "name: %s\nabout: a test\nprogram: build/models/article.so\n"
             "args: %s --size 4 --protocol sentinel-per-worker --numbered\n"
             "expect: {verdict: proved}\n",
             name, numbers);
    shell_write(file, text);
}

static void open_folder(void)
{
    shell_open();
    said_size = 0;
    said[0] = '\0';
    scenario("a", "--items 2 --workers 2");
    scenario("b", "--items 200 --workers 40");
    scenario("c-with-a-name-that-is-longer-than-half-of-this-line", "--items 200 --workers 40");
}

TestSuite(progress, .init = open_folder, .fini = shell_close, .timeout = 120);

/* `allways run JOBS FOLDER` with its stderr there; its stdout goes to FOLDER/out. */
static pid_t start(const char *jobs, int to)
{
    pid_t child = fork();
    if (child == 0) {
        char command[256];
        dup2(to, STDERR_FILENO);
        close(to);
        snprintf(command, sizeof command,
                 "exec $AW run --no-canary --trace-dir $T --jobs %s $T >$T/out </dev/null", jobs);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(to);
    return child;
}

/* Reads on; false at the end, which a terminal tells by EIO. */
static bool read_on(int from)
{
    struct pollfd wait = {from, POLLIN, 0};
    cr_assert_gt(poll(&wait, 1, PATIENCE_MILLISECONDS), 0, "nothing came after \"%s\"", said);
    ssize_t count = read(from, said + said_size, sizeof said - 1 - said_size);
    if (count <= 0)
        return false;
    said_size += (size_t)count;
    said[said_size] = '\0';
    return true;
}

static bool is_said(const char *words, int times)
{
    const char *at = said;
    for (; times > 0 && (at = strstr(at, words)) != NULL; times--)
        at++;
    return times == 0;
}

static void interrupt_after(const char *words, int times, pid_t child, int from)
{
    int status;
    while (!is_said(words, times))
        cr_assert(read_on(from), "\"%s\" has no \"%s\"", said, words);
    kill(child, SIGINT);
    while (read_on(from))
        ;
    close(from);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%s", said);
}

static pid_t start_on_terminal(const char *jobs, int *from)
{
    struct winsize size = {.ws_row = 24, .ws_col = COLUMNS};
    int to;
    cr_assert_eq(openpty(from, &to, NULL, NULL, &size), 0);
    fcntl(*from, F_SETFD, FD_CLOEXEC);
    return start(jobs, to);
}

Test(progress, is_one_line_on_a_terminal_that_is_gone_at_the_end)
{
    int from, lines = 0;
    pid_t child = start_on_terminal("2", &from);
    interrupt_after("1/3 cases", 2, child, from); /* a has ended, b and c go on */
    char *rest = said, *piece;
    cr_expect_eq(strncmp(said, REWIND, strlen(REWIND)), 0, "%s", said);
    while ((piece = strstr(rest, REWIND)) != NULL) {
        rest = piece + strlen(REWIND);
        size_t length = strcspn(rest, "\r\n");
        cr_expect_lt(length, COLUMNS, "%.*s", (int)length, rest);
        lines += length > 0 && strncmp(rest + 1, "/3 cases, ", 10) == 0;
        if (length > 0)
            cr_expect_eq(rest[length], '\r', "no line end behind \"%.*s\"", (int)length, rest);
    }
    cr_expect_gt(lines, 1, "it was written over: %s", said);
    cr_expect_str_empty(rest, "erased last");
}

Test(progress, is_a_line_from_time_to_time_elsewhere)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = start("2", ends[1]);
    interrupt_after(" s)\n", 1, child, ends[0]);
    cr_expect_null(strchr(said, '\r'));
    cr_expect_null(strchr(said, '\033'));
    cr_expect_eq(strncmp(said, "1/3 cases, 1 as expected, 0 not: ", 33), 0, "%s", said);
    cr_expect_not_null(strstr(said, " states, "), "%s", said);
}

Test(progress, names_the_case_where_there_is_one_at_a_time)
{
    int from;
    pid_t child = start_on_terminal("1", &from);
    interrupt_after(REWIND "b: ", 1, child, from);
    cr_expect_null(strchr(said, '\n'), "%s", said);
    cr_expect_not_null(strstr(said, " states"), "%s", said);
    cr_expect_str_eq(said + said_size - strlen(REWIND), REWIND);
}
