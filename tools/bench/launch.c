/* SPDX-License-Identifier: MIT */
/*
 * launch.c - runs a program as a new process, and says what it took.
 *
 * usage: launch RESULT PROGRAM [ARGUMENT]...
 *
 * Writes one line to the file RESULT: wall-clock nanoseconds from before the fork to after the
 * wait, its peak resident set in KiB, user and system microseconds, and its wait status.
 *
 * A process of its own because Linux hands the peak of whoever calls exec down to the new program:
 * started from an interpreter, every small job would seem to need the interpreter's memory.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: launch RESULT PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    struct rusage usage;
    int status;
    long long start = now();
    pid_t child = vfork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("launch");
        return 2;
    }
    long long end = now();
    FILE *file = fopen(argv[1], "w");
    if (file == NULL) {
        perror(argv[1]);
        return 2;
    }
    fprintf(file, "%lld %ld %lld %lld %d\n", end - start, usage.ru_maxrss,
            usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec,
            usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec, status);
    return fclose(file) == 0 ? 0 : 2;
}
