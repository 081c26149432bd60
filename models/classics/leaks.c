/* SPDX-License-Identifier: MIT */
/*
 * leaks.c - what is left behind at the end.
 *
 * Two threads make a table each time they find none; one is kept and freed in the end. `memory`: the
 * one that comes second forgets to free its own, so that only some schedules leak. The other mistakes leak
 * on every schedule: `descriptor` (the read end of a pipe), `child` (nobody waits for it), `name` (a semaphore
 * that is never unlinked), `semaphore` (one that is not closed). `right` gives everything back; `abrupt`
 * leaves by _exit, where nothing is judged; `inherited`: the child leaves by exit with what its parent made.
 *
 * memory, descriptor, child, name, semaphore: no-leak fails.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>

#include "classics.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *table;
static int forgets;

static void *make_table(void *argument)
{
    pthread_mutex_lock(&mutex);
    int missing = table == NULL;
    pthread_mutex_unlock(&mutex);
    if (!missing)
        return argument;
    char *mine = malloc(64);
    must(mine != NULL);
    pthread_mutex_lock(&mutex);
    if (table == NULL) {
        table = mine;
        mine = NULL;
    }
    pthread_mutex_unlock(&mutex);
    if (!forgets)
        free(mine);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    int ends[2];

    forgets = variant_is(argc, argv, "memory");
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, make_table, NULL) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);

    must(pipe(ends) == 0);
    close(ends[1]);
    sem_t *semaphore = sem_open("/leaks", O_CREAT | O_EXCL, 0600, 1);
    must(semaphore != SEM_FAILED);
    if (!variant_is(argc, argv, "name"))
        sem_unlink("/leaks");
    if (fork_nameless()) {
        if (variant_is(argc, argv, "inherited"))
            exit(0);
        _exit(0);
    }
    if (variant_is(argc, argv, "abrupt")) {
        wait(NULL);
        _exit(0);
    }
    if (!variant_is(argc, argv, "child"))
        wait(NULL);
    if (!variant_is(argc, argv, "descriptor"))
        close(ends[0]);
    if (!variant_is(argc, argv, "semaphore"))
        sem_close(semaphore);
    free(table);
    return 0;
}
