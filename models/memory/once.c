/* SPDX-License-Identifier: MIT */
/*
 * once.c - initialisation at the first use, looked at twice: once atomic|plain
 *
 * plain looks at the pointer without the lock: the classic data race.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int value;
static int *plain;
static _Atomic(int *) shared;
static int is_plain;

static int *get(void)
{
    int *found = is_plain ? plain : atomic_load(&shared);
    if (found != NULL)
        return found;
    pthread_mutex_lock(&mutex);
    found = is_plain ? plain : atomic_load(&shared);
    if (found == NULL) {
        value = 42;
        found = &value;
        if (is_plain)
            plain = found;
        else
            atomic_store(&shared, found);
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

static void *run(void *unused)
{
    assert(*get() == 42);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    is_plain = argc > 1 && strcmp(argv[1], "plain") == 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
