/* SPDX-License-Identifier: MIT */
/*
 * reference.c - an object that its last user frees: reference right|plain|twice|late
 *
 * The one whose decrement gave 0 frees, and nobody touches the object after his own. `plain`
 * decrements without an atomic operation; `twice` decrements and then looks at the count again,
 * where both may see 0; `late` still uses the object when it has given its reference up.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct object {
    atomic_int references;
    int plain_references;
    int value;
};

static struct object *object;
static const char *how;

static void drop(struct object *mine)
{
    if (strcmp(how, "plain") == 0) {
        if (--mine->plain_references == 0)
            free(mine);
    } else if (strcmp(how, "twice") == 0) {
        atomic_fetch_sub(&mine->references, 1);
        if (atomic_load(&mine->references) == 0)
            free(mine);
    } else {
        if (atomic_fetch_sub(&mine->references, 1) == 1)
            free(mine);
    }
}

static void *use(void *unused)
{
    struct object *mine = object;
    if (strcmp(how, "late") == 0) {
        drop(mine);
        assert(mine->value == 42);
    } else {
        assert(mine->value == 42);
        drop(mine);
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    how = argc > 1 ? argv[1] : "right";
    object = malloc(sizeof *object);
    atomic_init(&object->references, 2);
    object->plain_references = 2;
    object->value = 42;
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, use, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
