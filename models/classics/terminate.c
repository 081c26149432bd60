/* SPDX-License-Identifier: MIT */
/*
 * terminate.c - SIGTERM, and a child that wants to survive it.
 *
 *   default  the child reads from a pipe for ever; SIGTERM ends it, and wait says so
 *   right    the child ignores SIGTERM, then says through a pipe that it does; the parent sends
 *            the signal after that, closes the pipe, and the child exits with 0
 *   wrong    the parent does not wait to be told
 *
 * wrong: no-crash fails (the parent's assertion). Shortest schedule: the signal comes before the
 * child ignores it.
 */
#include <assert.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static void child(int ignores, int from_parent, int to_parent)
{
    char byte;
    if (ignores) {
        signal(SIGTERM, SIG_IGN);
        must(write(to_parent, "r", 1) == 1);
    }
    _exit(read(from_parent, &byte, 1) == 0 ? 0 : 1);
}

int main(int argc, char **argv)
{
    int ignores = !variant_is(argc, argv, "default");
    int is_told = variant_is(argc, argv, "right");
    int down[2], up[2], status;
    char byte;

    must(pipe(down) == 0 && pipe(up) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        close(down[1]);
        close(up[0]);
        child(ignores, down[0], up[1]);
    }
    if (is_told)
        must(read(up[0], &byte, 1) == 1);
    must(kill(pid, SIGTERM) == 0);
    if (ignores)
        close(down[1]);
    must(waitpid(pid, &status, 0) == pid);
    if (ignores)
        assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    else
        assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    return 0;
}
