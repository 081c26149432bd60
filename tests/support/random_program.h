/* SPDX-License-Identifier: MIT */
/*
 * random_program.h - seeded random programs for models/random/random.c, and what is left of one
 * that fails.
 *
 * A program is a line of text; random.c has its grammar. A seed gives the same program for ever, on
 * every machine: a failing test prints text and seed, and either is enough to see it again.
 *
 * Pure chance seldom writes a program in which a reduction could go wrong, so each begins with one
 * of some dozens of shapes that are known to be delicate (a semaphore that is only posted until
 * somebody tests it, a pipe under a lock, a last reference dropped by an exit, twins ...), with
 * its numbers drawn, statements strewn in and statements missing.
 *
 * Depends on the C library alone: no explorer, no machine.
 */
#ifndef AW_TESTS_SUPPORT_RANDOM_PROGRAM_H
#define AW_TESTS_SUPPORT_RANDOM_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { AW_RANDOM_TEXT = 512 }; /* room for any program, with its final zero */

/* Upper bounds. */
struct aw_random_sizes {
    int operations; /* visible operations of all threads together, as aw_random_measure counts */
    int processes;  /* the root included */
    int threads;    /* of one process, its first included */
};

/* For oracles that visit every state: some hundreds, some thousands of states. The last two for
 * those that interleave every access of programs whose threads share memory. */
extern const struct aw_random_sizes aw_random_tiny, aw_random_small;
extern const struct aw_random_sizes aw_random_few_accesses, aw_random_accesses;

/* Writes the program of that seed. */
void aw_random_program(uint64_t seed, const struct aw_random_sizes *sizes,
                       char text[AW_RANDOM_TEXT]);

/* The same, of a program whose threads share memory. */
void aw_random_shared(uint64_t seed, const struct aw_random_sizes *sizes,
                      char text[AW_RANDOM_TEXT]);

/* Which shape it began with, for messages. */
const char *aw_random_shape(uint64_t seed);
const char *aw_random_shared_shape(uint64_t seed);

/* The same as the bounds: what a program comes to when every block is done. The creation of pipes
 * and semaphores is not counted (nothing happens beside it). A spinning loop counts as three. */
void aw_random_measure(const char *text, struct aw_random_sizes *measured);

/* Makes a failing program smaller while `fails` says that it still fails: drops statements, blocks,
 * bodies and objects, lowers numbers. Returns how many such steps were made; no single further step
 * keeps it failing. `fails` has to be a function of the text. */
int aw_random_shrink(char text[AW_RANDOM_TEXT], bool (*fails)(void *context, const char *text),
                     void *context);

#endif
