/* SPDX-License-Identifier: MIT */
/*
 * litmus.c - the classic small tests of memory models, with sequentially consistent atomics. The
 * exit status tells what was read, one bit or digit for each reading, so that the set of statuses
 * is the set of outcomes. Usage: litmus sb|mp|lb|corr|iriw|add|cas
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int x, y, reads[8]; /* `reads`: each written by one thread, before it is joined */
static int plain;

#define THREAD(name, body)                                                                         \
    static void *name(void *unused)                                                                \
    {                                                                                              \
        body;                                                                                      \
        return unused;                                                                             \
    }

THREAD(sb_0, x = 1; reads[0] = y)
THREAD(sb_1, y = 1; reads[1] = x)
THREAD(lb_0, reads[0] = x; y = 1)
THREAD(lb_1, reads[1] = y; x = 1)
THREAD(write_x, x = 1)
THREAD(write_y, y = 1)
THREAD(read_x_y, reads[0] = x; reads[1] = y)
THREAD(read_y_x, reads[2] = y; reads[3] = x)
THREAD(read_x_x, reads[0] = x; reads[1] = x)
THREAD(send, plain = 1; x = 1)
THREAD(receive, if (x) reads[0] = 1 + plain)
THREAD(add_twice, x++; x++)
static void *claim(void *unused)
{
    int nobody = 0;
    if (atomic_compare_exchange_weak(&x, &nobody, 1))
        reads[0]++;
    return unused;
}

static const struct {
    const char *name;
    void *(*threads[4])(void *);
} tests[] = {
    {"sb", {sb_0, sb_1}},
    {"mp", {send, receive}},
    {"lb", {lb_0, lb_1}},
    {"corr", {write_x, read_x_x}},
    {"iriw", {write_x, write_y, read_x_y, read_y_x}},
    {"add", {add_twice, add_twice}},
    {"cas", {claim, claim}},
};

int main(int argc, char **argv)
{
    for (unsigned t = 0; argc > 1 && t < sizeof tests / sizeof *tests; t++) {
        pthread_t threads[4];
        int count = 0, status = 0;
        if (strcmp(tests[t].name, argv[1]) != 0)
            continue;
        for (; count < 4 && tests[t].threads[count] != NULL; count++)
            if (pthread_create(&threads[count], NULL, tests[t].threads[count], NULL) != 0)
                return 100;
        while (count > 0)
            pthread_join(threads[--count], NULL);
        if (strcmp(argv[1], "add") == 0)
            return x;
        for (int i = 3; i >= 0; i--)
            status = status * (strcmp(argv[1], "mp") == 0 ? 3 : 2) + reads[i];
        return status;
    }
    return 100;
}
