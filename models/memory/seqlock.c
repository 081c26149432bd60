/* SPDX-License-Identifier: MIT */
/*
 * seqlock.c - readers that never keep a writer waiting: seqlock right|unchecked|plain
 *
 * The number is odd while the two values are being written. A reader takes what it read only if the
 * number was even before and is the same after; `unchecked` does not look again. The values have to
 * be atomic all the same, since a reader does read what is being written: with `plain` they are
 * not. Boehm 2012, "Can seqlocks get along with programming language memory models?".
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static atomic_uint number;
static atomic_int values[2];
static int plain[2];
static const char *how;

static void set(int which, int value)
{
    if (strcmp(how, "plain") == 0)
        plain[which] = value;
    else
        atomic_store(&values[which], value);
}

static int get(int which)
{
    return strcmp(how, "plain") == 0 ? plain[which] : atomic_load(&values[which]);
}

static void *write_twice(void *unused)
{
    for (int value = 1; value <= 2; value++) {
        atomic_fetch_add(&number, 1);
        set(0, value);
        set(1, value);
        atomic_fetch_add(&number, 1);
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t writer;
    how = argc > 1 ? argv[1] : "right";
    pthread_create(&writer, NULL, write_twice, NULL);
    unsigned before;
    int one, other;
    do {
        before = atomic_load(&number);
        one = get(0);
        other = get(1);
        if (strcmp(how, "unchecked") == 0 && before % 2 == 0)
            break;
    } while (before % 2 != 0 || atomic_load(&number) != before);
    assert(one == other);
    return pthread_join(writer, NULL);
}
