/* SPDX-License-Identifier: MIT */
/*
 * classics.h - what the small programs here share: which variant was asked for, and a check that
 * is no assertion of theirs.
 *
 * Most of them take one word, `wrong` or `right`, so that the mistake and its repair stand in one
 * file, a few lines apart. A program exits with 2 when it does not know the word.
 */
#ifndef CLASSICS_H
#define CLASSICS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is the program's first argument `word`? */
static inline int variant_is(int argc, char **argv, const char *word)
{
    return argc > 1 && strcmp(argv[1], word) == 0;
}

/* Reads wrong or right; anything else ends the program. */
static inline int is_wrong(int argc, char **argv)
{
    int wrong = variant_is(argc, argv, "wrong");
    if (!wrong && !variant_is(argc, argv, "right")) {
        fprintf(stderr, "usage: %s wrong|right\n", argv[0]);
        exit(2);
    }
    return wrong;
}

/* For calls that fail only when the host is out of something: no part of what is shown. */
static inline void must(int good)
{
    if (!good)
        exit(3);
}

/* fork for children that are all alike: true in the child. The pid leaves no trace in the parent's
 * memory, so that siblings stay interchangeable (a call of its own, because a compiler may keep a
 * value that nobody needs any more). */
static __attribute__((noinline, unused)) int fork_nameless(void)
{
    pid_t pid = fork();
    must(pid >= 0);
    return pid == 0;
}

#endif
