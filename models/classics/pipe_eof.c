/* SPDX-License-Identifier: MIT */
/*
 * pipe_eof.c - a pipe ends when its last write end is closed, the reader's own copy included.
 *
 * The parent writes two bytes and closes the pipe; the child reads until the end of the file and
 * exits with the number of bytes. `wrong`: the child has forgotten to close the write end that it
 * inherited.
 *
 * wrong: no-deadlock fails, on every schedule: after the bytes the child waits for itself.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

int main(int argc, char **argv)
{
    int wrong = is_wrong(argc, argv), ends[2], status;

    must(pipe(ends) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        char byte;
        int count = 0;
        if (!wrong)
            close(ends[1]);
        while (read(ends[0], &byte, 1) == 1)
            count++;
        _exit(count);
    }
    close(ends[0]);
    for (int i = 0; i < 2; i++)
        must(write(ends[1], "x", 1) == 1);
    close(ends[1]);
    wait(&status);
    return status == 2 << 8 ? 0 : 1;
}
