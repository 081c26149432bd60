/* SPDX-License-Identifier: MIT */
/* pool_options.c - the command line: numbers, flags, a protocol and a profile, by table. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool.h"

enum { SIZE_MIN = 4, SIZE_LIMIT = 100000000, MS_MAX = 3600000 };

struct number {
    const char *name;
    size_t field;
    int minimum, maximum, standard;
    const char *about;
};

#define FIELD(name) offsetof(struct pool, name)

static const struct number numbers[] = {
    {"--items", FIELD(items), 0, POOL_ITEMS_MAX, 4, "items that each producer puts"},
    {"--workers", FIELD(workers), 1, POOL_WORKERS_MAX, 2, "worker processes"},
    {"--producers", FIELD(producers), 0, POOL_PRODUCERS_MAX, 0,
     "processes that put; 0: the parent"},
    {"--maxsize", FIELD(maxsize), 0, 1000000, 0, "bound of the queue; 0: none"},
    {"--size", FIELD(size), SIZE_MIN, SIZE_LIMIT, 16, "bytes of a serialised item"},
    {"--sentinels", FIELD(sentinels), 0, 1000, 0, "how many are sent; 0: as the protocol says"},
    {"--stop-at", FIELD(stop_at), 0, 1000, 0, "at which one a worker stops; 0: the same"},
    {"--get-timeout", FIELD(timeout_ms), 0, MS_MAX, 2000, "ms that a get with a time-out waits"},
    {"--put-timeout", FIELD(put_timeout_ms), 0, MS_MAX, 0,
     "ms that a put waits for room, and nobody looks whether it was Full; 0: without end"},
    {"--put-delay", FIELD(put_ms), 0, MS_MAX, 0, "ms before each put"},
    {"--work", FIELD(work_ms), 0, MS_MAX, 0, "ms that a worker works on an item"},
};

struct flag {
    const char *name;
    size_t field;
    const char *about;
};

static const struct flag flags[] = {
    {"--workers-first", FIELD(workers_first), "workers are started before anything is put"},
    {"--join-producers", FIELD(join_producers), "the parent waits for the producers first"},
    {"--flush", FIELD(flush), "the parent calls close() and join_thread() before it goes on"},
    {"--cancel-join", FIELD(cancel_join), "whoever puts calls cancel_join_thread() at its end"},
    {"--os-exit", FIELD(os_exit), "whoever puts ends by _exit"},
    {"--one-each", FIELD(one_each), "a worker takes one item and leaves"},
    {"--drop-full", FIELD(drop_full), "put(block=False), and nobody looks whether it was Full"},
    {"--forget", FIELD(forget), "nobody calls task_done() for the first item"},
};

enum { NUMBERS = sizeof numbers / sizeof *numbers, FLAGS = sizeof flags / sizeof *flags };

static int *field_at(struct pool *pool, size_t field)
{
    return (int *)(void *)((char *)pool + field);
}

static STEP void print_usage(void)
{
    printf("usage: pool --protocol P [OPTION]...\n"
           "A pool of workers on a multiprocessing queue, and one way to stop it.\n\n"
           "protocols:\n");
    for (const struct protocol *protocol = pool_protocols; protocol->name; protocol++)
        printf("  %-18s %s\n", protocol->name, protocol->about);
    printf("\noptions:\n");
    for (int i = 0; i < NUMBERS; i++)
        printf("  %-14s N  %s (%d)\n", numbers[i].name, numbers[i].about, numbers[i].standard);
    for (int i = 0; i < FLAGS; i++)
        printf("  %-17s%s\n", flags[i].name, flags[i].about);
    printf("  --profile P      whose queue: cpython-2.6, -2.7, -3.7 or -3.11 (cpython-3.11)\n");
}

static STEP int wrong(const char *option, const char *text, const char *expected)
{
    dprintf(STDERR_FILENO, "pool: %s %s: expected %s\n", option, text ? text : "", expected);
    return -1;
}

static STEP int parse_number(const struct number *number, const char *text, struct pool *pool)
{
    int value = 0;
    const char *digit = text ? text : "";
    for (; *digit >= '0' && *digit <= '9' && value <= number->maximum; digit++)
        value = 10 * value + (*digit - '0');
    if (!text || digit == text || *digit || value < number->minimum || value > number->maximum) {
        dprintf(STDERR_FILENO, "pool: %s %s: expected a number from %d to %d\n", number->name,
                text ? text : "", number->minimum, number->maximum);
        return -1;
    }
    *field_at(pool, number->field) = value;
    return 0;
}

static STEP int parse_protocol(const char *text, struct pool *pool)
{
    for (const struct protocol *protocol = pool_protocols; text && protocol->name; protocol++)
        if (strcmp(text, protocol->name) == 0) {
            pool->protocol = protocol;
            return 0;
        }
    return wrong("--protocol", text, "one of those that --help lists");
}

static STEP int parse_profile(const char *text, struct pool *pool)
{
    pool->profile = text ? mpqueue_profile_by_name(text) : -1;
    return pool->profile < 0
               ? wrong("--profile", text, "cpython-2.6, cpython-2.7, cpython-3.7 or cpython-3.11")
               : 0;
}

/* How many arguments were taken, or -1. */
static STEP int parse_one(char **argument, struct pool *pool)
{
    for (int i = 0; i < NUMBERS; i++)
        if (strcmp(*argument, numbers[i].name) == 0)
            return parse_number(&numbers[i], argument[1], pool) ? -1 : 2;
    for (int i = 0; i < FLAGS; i++)
        if (strcmp(*argument, flags[i].name) == 0) {
            *field_at(pool, flags[i].field) = 1;
            return 1;
        }
    if (strcmp(*argument, "--protocol") == 0)
        return parse_protocol(argument[1], pool) ? -1 : 2;
    if (strcmp(*argument, "--profile") == 0)
        return parse_profile(argument[1], pool) ? -1 : 2;
    return wrong(*argument, NULL, "an option that --help lists");
}

/* What cannot go together. */
static STEP int check(const struct pool *pool)
{
    if (!pool->protocol)
        return wrong("--protocol", NULL, "one of those that --help lists");
    if (!pool->protocol->turn && pool->producers == 0)
        return wrong("--producers", "0", "at least 1 for this protocol");
    if (pool->protocol->simple && (pool->drop_full || pool->put_timeout_ms))
        return wrong(pool->drop_full ? "--drop-full" : "--put-timeout", NULL,
                     "another protocol: a SimpleQueue is never Full");
    if (pool->protocol->finish == finish_executor && pool->producers > 0)
        return wrong("--producers", NULL, "0 for this protocol");
    return 0;
}

int pool_parse(int argc, char **argv, struct pool *pool)
{
    for (int i = 0; i < NUMBERS; i++)
        *field_at(pool, numbers[i].field) = numbers[i].standard;
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage();
            return 1;
        }
        int taken = parse_one(&argv[i], pool);
        if (taken < 0)
            return -1;
        i += taken;
    }
    return check(pool);
}
