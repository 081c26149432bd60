/* SPDX-License-Identifier: MIT */
/*
 * full_pipe.c - waiting for a child that waits for us to read.
 *
 * Arguments: wait-first|read-first BYTES. The child writes BYTES to a pipe in one call and exits;
 * the parent waits for it and reads. `wait-first` is the well-known mistake with the output of a
 * subprocess: it works as long as the output fits into the pipe (65,536 bytes on Linux).
 *
 * wait-first with more than that: no-deadlock fails, on every schedule.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static char bytes[1 << 17];

static int read_all(int fd)
{
    ssize_t got;
    int sum = 0;
    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        sum += (int)got;
    return sum;
}

int main(int argc, char **argv)
{
    int waits_first = variant_is(argc, argv, "wait-first");
    int size = argc > 2 ? atoi(argv[2]) : 0, ends[2];

    if (size < 1 || size > (int)sizeof bytes)
        return 2;
    must(pipe(ends) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        must(write(ends[1], bytes, (size_t)size) == size);
        _exit(0);
    }
    close(ends[1]);
    if (waits_first)
        wait(NULL);
    int got = read_all(ends[0]);
    if (!waits_first)
        wait(NULL);
    return got == size ? 0 : 1;
}
