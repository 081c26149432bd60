/* SPDX-License-Identifier: MIT */
/*
 * rwlock.c - a reader that wants to become a writer.
 *
 * Each thread looks at a table and adds what is missing. `right`: it gives the read lock back, takes
 * the write lock, and looks again. `wrong`: it asks for the write lock while it reads: it waits for
 * itself. `stale`: it does not look again, and the entry is there twice.
 *
 * wrong: no-deadlock fails. stale: no-crash fails (the assertion).
 */
#include <assert.h>
#include <pthread.h>

#include "classics.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int entries, wrong, stale;

static void *look_and_add(void *argument)
{
    (void)argument;
    pthread_rwlock_rdlock(&lock);
    int missing = entries == 0;
    if (!missing || !wrong)
        pthread_rwlock_unlock(&lock);
    if (!missing)
        return NULL;
    pthread_rwlock_wrlock(&lock);
    if (stale || entries == 0)
        entries++;
    pthread_rwlock_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];

    stale = variant_is(argc, argv, "stale");
    wrong = !stale && is_wrong(argc, argv);
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, look_and_add, NULL) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert(entries == 1);
    return 0;
}
