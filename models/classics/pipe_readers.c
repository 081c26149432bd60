/* SPDX-License-Identifier: MIT */
/*
 * pipe_readers.c - several readers share a pipe until it ends.
 *
 * Arguments: READERS BYTES (up to 8 and 32). Each reader takes one byte at a time and exits with
 * their number. The parent asserts that the numbers add up: no byte is lost, none is read twice,
 * whoever gets it. Holds on every schedule.
 */
#include <assert.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static int read_all(int fd)
{
    char byte;
    int count = 0;
    while (read(fd, &byte, 1) == 1)
        count++;
    return count;
}

int main(int argc, char **argv)
{
    int readers = argc > 1 ? atoi(argv[1]) : 0, bytes = argc > 2 ? atoi(argv[2]) : 0;
    int ends[2], status, sum = 0;

    if (readers < 1 || readers > 8 || bytes < 0 || bytes > 32)
        return 2;
    must(pipe(ends) == 0);
    for (volatile int i = 0; i < readers; i++) { /* volatile: in memory, where it is cleared */
        if (fork_nameless()) {
            i = 0; /* nothing in a child says which one it is: siblings are interchangeable */
            close(ends[1]);
            _exit(read_all(ends[0]));
        }
    }
    close(ends[0]);
    for (int i = 0; i < bytes; i++)
        must(write(ends[1], "x", 1) == 1);
    close(ends[1]);
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    assert(sum == bytes);
    return 0;
}
