/* SPDX-License-Identifier: MIT */
/*
 * input.c - the input half of stdio: stdin, which is at its end from the beginning. Streams of
 * one's own do not exist.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "primitives.h"
#include "runtime.h"

#undef getc
#undef getchar

enum { FIRST_SIZE = 120 };

int __uflow(FILE *stream); /* what getc_unlocked and its like become */

static int at_end(const FILE *stream, const char *what)
{
    if (stream != stdin)
        __aw_unmodelled(what);
    return EOF;
}

int fgetc(FILE *stream)
{
    return at_end(stream, "reading a stream other than stdin");
}

int getc(FILE *stream)
{
    return at_end(stream, "reading a stream other than stdin");
}

int __uflow(FILE *stream)
{
    return at_end(stream, "reading a stream other than stdin");
}

int getchar(void)
{
    return EOF;
}

char *fgets(char *restrict line, int size, FILE *restrict stream)
{
    (void)line;
    (void)size;
    at_end(stream, "reading a stream other than stdin");
    return NULL;
}

size_t fread(void *restrict to, size_t size, size_t count, FILE *restrict stream)
{
    (void)to;
    (void)size;
    (void)count;
    at_end(stream, "reading a stream other than stdin");
    return 0;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int delimiter, FILE *restrict stream)
{
    (void)delimiter;
    at_end(stream, "reading a stream other than stdin");
    if (line == NULL || size == NULL) {
        errno = EINVAL;
    } else if (*line == NULL || *size == 0) { /* before anything is read, as in glibc */
        *size = FIRST_SIZE;
        *line = malloc(FIRST_SIZE);
    }
    return -1;
}

extern __typeof__(getdelim) __getdelim __attribute__((alias("getdelim")));

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict stream)
{
    return getdelim(line, size, '\n', stream);
}
