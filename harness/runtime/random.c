/* SPDX-License-Identifier: MIT */
/*
 * random.c - rand, random and their seeds, with the numbers that glibc gives.
 *
 * The generator is the additive feedback x[i] = x[i-3] + x[i-31] of BSD's random(3), started by a
 * minimal standard generator; see "How the GLIBC pseudo-random number generator works" (P. Selinger,
 * 2007) for a description. The state is zero until the first use, which seeds it with 1.
 * Threads share one generator; glibc has a lock around each call.
 */
#include <stdint.h>
#include <stdlib.h>

#include "primitives.h"

enum { WORDS = 31, DISTANCE = 3, DISCARDED = 310 };

static struct {
    unsigned position; /* plus 1; 0: not seeded */
    uint32_t words[WORDS];
} rand_state;

static void lock(void)
{
    __aw_section(&rand_state.position, sizeof rand_state.position);
}

static uint32_t next(void)
{
    uint32_t *words = rand_state.words;
    unsigned at = rand_state.position - 1;
    uint32_t value = words[at] += words[(at + WORDS - DISTANCE) % WORDS];

    rand_state.position = (at + 1) % WORDS + 1;
    return value >> 1;
}

static void start(unsigned seed)
{
    int32_t word = seed == 0 ? 1 : (int32_t)seed;

    for (int i = 0; i < WORDS; i++) {
        rand_state.words[i] = (uint32_t)word;
        word = 16807 * (word % 127773) - 2836 * (word / 127773);
        if (word < 0)
            word += 2147483647;
    }
    rand_state.position = DISTANCE + 1;
    for (int i = 0; i < DISCARDED; i++)
        next();
}

void srandom(unsigned seed)
{
    lock();
    start(seed);
    __aw_section_end();
}

long random(void)
{
    uint32_t value;

    lock();
    if (rand_state.position == 0)
        start(1);
    value = next();
    __aw_section_end();
    return value;
}

void srand(unsigned seed)
{
    srandom(seed);
}

int rand(void)
{
    return (int)random();
}

int rand_r(unsigned *seed)
{
    static const unsigned bits[3] = {11, 10, 10};
    unsigned result = 0;

    for (int i = 0; i < 3; i++) {
        *seed = *seed * 1103515245 + 12345;
        result = result << bits[i] | ((*seed >> 16) & ((1u << bits[i]) - 1));
    }
    return (int)result;
}
