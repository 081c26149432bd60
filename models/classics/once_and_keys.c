/* SPDX-License-Identifier: MIT */
/*
 * once_and_keys.c - pthread_once, thread-specific data with a destructor, and handlers of fork.
 *
 * Two threads initialise a key, whoever comes first, and leave a value behind; its destructor
 * counts. Then main forks: the handlers run in their order (prepare: last registered first; parent
 * and child: first registered first). Every assertion holds on every schedule.
 */
#include <assert.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static int initialised, destroyed; /* destroyed: under the mutex */
static int order[8], marks;

static void count(void *value)
{
    assert(*(int *)value == 1);
    free(value);
    pthread_mutex_lock(&mutex);
    destroyed++;
    pthread_mutex_unlock(&mutex);
}

static void initialise(void)
{
    initialised++;
    must(pthread_key_create(&key, count) == 0);
}

static void *leave_value(void *argument)
{
    pthread_once(&once, initialise);
    assert(initialised == 1);
    assert(pthread_getspecific(key) == NULL);
    int *value = malloc(sizeof *value);
    must(value != NULL);
    *value = 1;
    pthread_setspecific(key, value);
    return argument;
}

static void mark(int what)
{
    order[marks++] = what;
}
static void prepare_first(void)
{
    mark(1);
}
static void prepare_second(void)
{
    mark(2);
}
static void parent_first(void)
{
    mark(3);
}
static void parent_second(void)
{
    mark(4);
}
static void child_first(void)
{
    mark(5);
}
static void child_second(void)
{
    mark(6);
}

static int marked(int a, int b, int c, int d)
{
    return marks == 4 && order[0] == a && order[1] == b && order[2] == c && order[3] == d;
}

int main(void)
{
    pthread_t threads[2];
    int status;

    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, leave_value, NULL) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert(initialised == 1 && destroyed == 2);

    must(pthread_atfork(prepare_first, parent_first, child_first) == 0);
    must(pthread_atfork(prepare_second, parent_second, child_second) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0)
        _exit(marked(2, 1, 5, 6) ? 0 : 1);
    assert(marked(2, 1, 3, 4));
    wait(&status);
    assert(status == 0);
    return 0;
}
