/* SPDX-License-Identifier: MIT */
/*
 * broken_pipe.c - writing to somebody who has left.
 *
 * The reader takes one byte of two. `right`: it takes both. `killed`: the writer dies of SIGPIPE.
 * `ignored`: the writer ignores SIGPIPE and gets EPIPE, an error that it swallows.
 *
 * killed: no-crash fails. ignored: no-error fails. Shortest schedule: the reader takes the first
 * byte and leaves before the second is written.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

int main(int argc, char **argv)
{
    int wanted = variant_is(argc, argv, "right") ? 2 : 1, ends[2];

    must(pipe(ends) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        char byte;
        close(ends[1]);
        for (int i = 0; i < wanted; i++)
            must(read(ends[0], &byte, 1) == 1);
        _exit(0);
    }
    close(ends[0]);
    if (variant_is(argc, argv, "ignored"))
        signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++)
        if (write(ends[1], "x", 1) < 0)
            break;
    close(ends[1]);
    wait(NULL);
    return 0;
}
