/* SPDX-License-Identifier: MIT */
/* Keys, pthread_once and attributes; and what has no model. */
#define _GNU_SOURCE
#include "runtime_box.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Threads */

static char order[64];
static pthread_key_t first_key, second_key;
static int rounds;

static void first_ends(void *value)
{
    strcat(order, "1");
    strcat(order, value);
    RT(pthread_setspecific)(second_key, "again"); /* makes a second round */
}

static void second_ends(void *value)
{
    strcat(order, "2");
    strcat(order, value);
}

static void never_ends(void *value)
{
    rounds++;
    RT(pthread_setspecific)(first_key, value);
}

static void *use_keys(void *argument)
{
    cr_assert_null(RT(pthread_getspecific)(first_key));
    RT(pthread_setspecific)(first_key, argument);
    RT(pthread_setspecific)(second_key, "b");
    cr_assert_eq(RT(pthread_getspecific)(first_key), argument);
    return argument;
}

Test(runtime, key_destructors_run_at_the_end_of_a_thread)
{
    pthread_t thread;
    void *result;

    cr_assert_eq(RT(pthread_key_create)(&first_key, first_ends), 0);
    cr_assert_eq(RT(pthread_key_create)(&second_key, second_ends), 0);
    cr_assert_eq(RT(pthread_create)(&thread, NULL, use_keys, (void *)"a"), 0);
    pthread_join(thread, &result);
    cr_assert_str_eq(result, "a");
    cr_assert_str_eq(order, "1a2again");
    cr_assert_null(RT(pthread_getspecific)(first_key));
}

static void *use_one_key(void *argument)
{
    RT(pthread_setspecific)(first_key, argument);
    RT(pthread_exit)(NULL);
    return NULL;
}

Test(runtime, key_destructors_stop_after_some_rounds)
{
    pthread_t thread;

    RT(pthread_key_create)(&first_key, never_ends);
    RT(pthread_create)(&thread, NULL, use_one_key, (void *)"x");
    pthread_join(thread, NULL);
    cr_assert_eq(rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
}

Test(runtime, keys_are_checked_and_a_new_key_starts_empty)
{
    pthread_key_t key;

    cr_assert_eq(RT(pthread_setspecific)(3, "x"), EINVAL);
    cr_assert_eq(RT(pthread_key_delete)(3), EINVAL);
    cr_assert_eq(RT(pthread_key_create)(&key, NULL), 0);
    cr_assert_eq(RT(pthread_setspecific)(key, "old"), 0);
    cr_assert_eq(RT(pthread_key_delete)(key), 0);
    cr_assert_eq(RT(pthread_key_create)(&key, NULL), 0);
    cr_assert_null(RT(pthread_getspecific)(key));
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;

static void run_once(void)
{
    struct timespec wait = {.tv_nsec = 20000000};

    nanosleep(&wait, NULL);
    once_count++;
}

static void *call_once(void *argument)
{
    RT(pthread_once)(&once, run_once);
    cr_assert_eq(once_count, 1, "nobody passes before the routine has ended");
    return argument;
}

Test(runtime, once_runs_once_and_everybody_waits_for_it)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        RT(pthread_create)(&threads[i], NULL, call_once, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(once_count, 1);
}

static volatile int blocked;

static void block_for_ever(void)
{
    if (once_count++ == 0) {
        blocked = 1;
        for (;;)
            pause();
    }
}

static void *block_in_once(void *argument)
{
    RT(pthread_once)(&once, block_for_ever);
    return argument;
}

static void fork_while_once_is_running(void)
{
    pthread_t thread;
    int status;
    pid_t pid;

    RT(pthread_create)(&thread, NULL, block_in_once, NULL);
    while (!blocked)
        sched_yield();
    pid = RT(fork)();
    if (pid == 0) {
        RT(pthread_once)(&once, block_for_ever);
        _exit(once_count);
    }
    waitpid(pid, &status, 0);
    _exit(WEXITSTATUS(status));
}

Test(runtime, a_child_runs_again_what_a_lost_thread_was_running_once)
{
    cr_assert_str_eq(in_child(fork_while_once_is_running), "2");
}

/* Attributes */

Test(runtime, attributes_keep_what_they_are_given)
{
    pthread_attr_t attributes;
    pthread_mutexattr_t kinds;
    pthread_mutex_t mutex, zero_mutex;
    pthread_condattr_t clocks;
    pthread_cond_t condition, zero_condition;
    int value;
    size_t size;
    clockid_t clock;

    memset(&zero_mutex, 0, sizeof zero_mutex);
    memset(&zero_condition, 0, sizeof zero_condition);
    RT(pthread_attr_init)(&attributes);
    RT(pthread_attr_getdetachstate)(&attributes, &value);
    cr_assert_eq(value, PTHREAD_CREATE_JOINABLE);
    cr_assert_eq(RT(pthread_attr_setdetachstate)(&attributes, 17), EINVAL);
    cr_assert_eq(RT(pthread_attr_setdetachstate)(&attributes, PTHREAD_CREATE_DETACHED), 0);
    RT(pthread_attr_getdetachstate)(&attributes, &value);
    cr_assert_eq(value, PTHREAD_CREATE_DETACHED);
    cr_assert_eq(RT(pthread_attr_setstacksize)(&attributes, 100), EINVAL);
    cr_assert_eq(RT(pthread_attr_setstacksize)(&attributes, 65536), 0);
    RT(pthread_attr_getstacksize)(&attributes, &size);
    cr_assert_eq(size, 65536);

    RT(pthread_mutexattr_init)(&kinds);
    RT(pthread_mutexattr_gettype)(&kinds, &value);
    cr_assert_eq(value, PTHREAD_MUTEX_DEFAULT);
    for (int kind = 0; kind < 4; kind++) {
        cr_assert_eq(RT(pthread_mutexattr_settype)(&kinds, kind), 0);
        memset(&mutex, 0xff, sizeof mutex);
        RT(pthread_mutex_init)(&mutex, &kinds);
        cr_assert_eq(mutex.__data.__kind, kind);
        mutex.__data.__kind = 0;
        cr_assert_eq(memcmp(&mutex, &zero_mutex, sizeof mutex), 0);
    }
    cr_assert_eq(RT(pthread_mutexattr_settype)(&kinds, 4), EINVAL);
    mutex.__data.__lock = 1;
    cr_assert_eq(RT(pthread_mutex_destroy)(&mutex), EBUSY);

    RT(pthread_condattr_init)(&clocks);
    RT(pthread_condattr_getclock)(&clocks, &clock);
    cr_assert_eq(clock, CLOCK_REALTIME);
    RT(pthread_cond_init)(&condition, &clocks);
    cr_assert_eq(memcmp(&condition, &zero_condition, sizeof condition), 0);
    cr_assert_eq(RT(pthread_condattr_setclock)(&clocks, CLOCK_MONOTONIC), 0);
    RT(pthread_cond_init)(&condition, &clocks);
    cr_assert_eq(*(int *)&condition, 1);
    *(int *)&condition = 0;
    cr_assert_eq(memcmp(&condition, &zero_condition, sizeof condition), 0);
}

static void inherit_priorities(void)
{
    pthread_mutexattr_t kinds;

    RT(pthread_mutexattr_init)(&kinds);
    RT(pthread_mutexattr_setprotocol)(&kinds, PTHREAD_PRIO_INHERIT);
}

static void ask_for_something(void)
{
    RT(sysconf)(_SC_PHYS_PAGES);
}

Test(runtime, what_has_no_model_stops_by_name)
{
    char expected[64];

    cr_assert_str_eq(in_child(inherit_priorities),
                     "unmodelled pthread_mutexattr_setprotocol other than PTHREAD_PRIO_NONE136");
    snprintf(expected, sizeof expected, "unmodelled sysconf(%d)136", _SC_PHYS_PAGES);
    cr_assert_str_eq(in_child(ask_for_something), expected);
    cr_assert_eq(RT(sysconf)(_SC_PAGESIZE), 4096);
    cr_assert_eq(RT(sysconf)(_SC_NPROCESSORS_ONLN), 2);
}
