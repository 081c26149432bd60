/* SPDX-License-Identifier: MIT */
/*
 * keys.c - pthread_key_*, pthread_getspecific, pthread_setspecific.
 *
 * keys[k] is 0 when unused, NO_DESTRUCTOR, or the destructor. A thread has a row of values only
 * while one of them is not NULL; the row comes from the thread's own heap arena and goes back to it
 * when the last value becomes NULL or the thread ends, so a thread that used keys leaves no bytes
 * behind. Threads touch no row but their own, except in pthread_key_delete, which clears the key's
 * values everywhere (a key created later at the same index starts with NULL), and after fork.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

/* glibc has 1024; one image carries the table whether it is used or not. */
enum { KEYS_MAX = 128, ROW_STEP = 4 };

#define NO_DESTRUCTOR ((uintptr_t)1)

struct row {
    unsigned size; /* values in it */
    unsigned used; /* values that are not NULL */
    const void *values[];
};

static uintptr_t keys[KEYS_MAX];
static struct row *rows[AW_THREADS_MAX];

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    for (unsigned k = 0; k < KEYS_MAX; k++) {
        if (keys[k] == 0) {
            keys[k] = destructor == NULL ? NO_DESTRUCTOR : (uintptr_t)destructor;
            *key = k;
            return 0;
        }
    }
    __aw_unmodelled("pthread_key_create: more than 128 keys");
}

static void set_value(struct row *row, pthread_key_t key, const void *value)
{
    row->used += (value != NULL) - (row->values[key] != NULL);
    row->values[key] = value;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= KEYS_MAX || keys[key] == 0)
        return EINVAL;
    keys[key] = 0;
    for (unsigned t = 0; t < AW_THREADS_MAX; t++)
        if (rows[t] != NULL && key < rows[t]->size)
            set_value(rows[t], key, NULL); /* an empty row goes with its thread */
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    struct row *row = rows[__aw_self()];

    return row != NULL && key < row->size ? (void *)row->values[key] : NULL;
}

static struct row *row_with(unsigned self, pthread_key_t key)
{
    struct row *row = rows[self], *grown;
    unsigned size = (key / ROW_STEP + 1) * ROW_STEP;

    if (row != NULL && key < row->size)
        return row;
    grown = calloc(1, sizeof *grown + size * sizeof grown->values[0]);
    __aw_keep(grown);
    if (grown == NULL)
        return NULL;
    if (row != NULL) {
        memcpy(grown, row, sizeof *row + row->size * sizeof row->values[0]);
        free(row);
    }
    grown->size = size;
    rows[self] = grown;
    return grown;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    unsigned self = __aw_self();
    struct row *row;

    if (key >= KEYS_MAX || keys[key] == 0)
        return EINVAL;
    if (value == NULL && (rows[self] == NULL || key >= rows[self]->size))
        return 0;
    row = row_with(self, key);
    if (row == NULL)
        return ENOMEM;
    set_value(row, key, value);
    if (row->used == 0) {
        rows[self] = NULL;
        free(row);
    }
    return 0;
}

/* A destructor may set values again; a value is NULL before its destructor is called. */
void keys_thread_ends(void)
{
    unsigned self = __aw_self();

    for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        int called = 0;

        for (pthread_key_t k = 0; rows[self] != NULL && k < rows[self]->size; k++) {
            void *value = (void *)rows[self]->values[k];

            if (value == NULL)
                continue;
            set_value(rows[self], k, NULL);
            if (keys[k] != NO_DESTRUCTOR) {
                ((void (*)(void *))keys[k])(value);
                called = 1;
            }
        }
        if (!called)
            break;
    }
    free(rows[self]);
    rows[self] = NULL;
}

void keys_after_fork(unsigned before)
{
    unsigned self = __aw_self();
    struct row *mine = rows[before];

    if (mine != NULL)
        rows[before] = NULL;
    for (unsigned t = is_blank(rows, sizeof rows) ? AW_THREADS_MAX : 0; t < AW_THREADS_MAX; t++) {
        if (rows[t] != NULL) {
            free(rows[t]);
            rows[t] = NULL;
        }
    }
    if (mine != NULL)
        rows[self] = mine;
}
