/* SPDX-License-Identifier: MIT */
/*
 * flag.c - data behind a flag: flag atomic|volatile|plain|never
 *
 * The consumer spins. volatile orders nothing and is a data race; with `never` nobody sets the flag,
 * and the spinning goes on for ever.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static int data;
static atomic_int atomic_flag_set;
static volatile int volatile_flag;
static int plain_flag;
static const char *how;

static void *produce(void *unused)
{
    data = 42;
    if (strcmp(how, "volatile") == 0)
        volatile_flag = 1;
    else if (strcmp(how, "plain") == 0)
        plain_flag = 1;
    else if (strcmp(how, "atomic") == 0)
        atomic_store(&atomic_flag_set, 1);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t producer;
    how = argc > 1 ? argv[1] : "atomic";
    pthread_create(&producer, NULL, produce, NULL);
    if (strcmp(how, "volatile") == 0) {
        while (!volatile_flag)
            continue;
    } else if (strcmp(how, "plain") == 0) {
        if (!plain_flag)
            return pthread_join(producer, NULL);
    } else {
        while (!atomic_load(&atomic_flag_set))
            continue;
    }
    assert(data == 42);
    return pthread_join(producer, NULL);
}
