/* SPDX-License-Identifier: MIT */
/*
 * random.c - rand, random and their seeds, with the numbers that glibc gives.
 *
 * The generator is the additive feedback x[i] = x[i-3] + x[i-31] of BSD's random(3), started by a
 * minimal standard generator; see "How the GLIBC pseudo-random number generator works" (P. Selinger,
 * 2007) for a description. The state is zero until the first use, which seeds it with 1.
 */
#include <stdint.h>
#include <stdlib.h>

enum { WORDS = 31, DISTANCE = 3, DISCARDED = 310 };

static uint32_t words[WORDS];
static unsigned position; /* plus 1; 0: not seeded */

static uint32_t next(void)
{
    unsigned at = position - 1;
    uint32_t value = words[at] += words[(at + WORDS - DISTANCE) % WORDS];

    position = (at + 1) % WORDS + 1;
    return value >> 1;
}

void srandom(unsigned seed)
{
    int32_t word = seed == 0 ? 1 : (int32_t)seed;

    for (int i = 0; i < WORDS; i++) {
        words[i] = (uint32_t)word;
        word = 16807 * (word % 127773) - 2836 * (word / 127773);
        if (word < 0)
            word += 2147483647;
    }
    position = DISTANCE + 1;
    for (int i = 0; i < DISCARDED; i++)
        next();
}

long random(void)
{
    if (position == 0)
        srandom(1);
    return next();
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
