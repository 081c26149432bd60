/* SPDX-License-Identifier: MIT */
/*
 * pair.c - two words that belong together: pair whole|halves
 *
 * whole writes and reads them in one operation of 16 bytes; halves are two atomic words, and a
 * reader sees one of before and one of after.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct pair {
    long one, other;
};

static _Atomic(struct pair) whole;
static atomic_long halves[2];
static int is_whole;

static void *change(void *unused)
{
    for (long value = 1; value <= 2; value++) {
        if (is_whole) {
            atomic_store(&whole, ((struct pair){value, -value}));
        } else {
            atomic_store(&halves[0], value);
            atomic_store(&halves[1], -value);
        }
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t writer;
    is_whole = argc < 2 || strcmp(argv[1], "whole") == 0;
    pthread_create(&writer, NULL, change, NULL);
    struct pair seen;
    if (is_whole)
        seen = atomic_load(&whole);
    else
        seen = (struct pair){atomic_load(&halves[0]), atomic_load(&halves[1])};
    assert(seen.one == -seen.other);
    return pthread_join(writer, NULL);
}
