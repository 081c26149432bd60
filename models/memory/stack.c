/* SPDX-License-Identifier: MIT */
/*
 * stack.c - a stack without locks: stack reused|freed|counted|hazard
 *
 * A thread that pops reads the top and what lies below it, and exchanges the one for the other if
 * the top is still the same. The same pointer need not be the same stack: `reused` pushes a node
 * again that another thread is about to pop (the ABA problem). `freed` gives a node back that
 * another still looks at. `counted` has a count beside the pointer, exchanged together in 16 bytes;
 * with `hazard` a thread says which node it looks at, and nobody frees that. Treiber 1986, "Systems
 * programming: coping with parallelism"; Michael 2004, "Hazard pointers: safe memory reclamation
 * for lock-free objects".
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
    _Atomic(struct node *) below;
    int held; /* by the thread that popped it */
};

struct counted {
    struct node *node;
    uintptr_t count;
};

enum { THREADS = 2 };

static _Atomic(struct node *) top;
static _Atomic(struct counted) counted_top;
static _Atomic(struct node *) hazards[THREADS];
static struct node *kept[THREADS]; /* popped, and not to be freed yet */
static const char *how;

static int is(const char *name)
{
    return strcmp(how, name) == 0;
}

static void push(struct node *node)
{
    if (is("counted")) {
        struct counted old = atomic_load(&counted_top), new;
        do {
            atomic_store(&node->below, old.node);
            new = (struct counted){node, old.count + 1};
        } while (!atomic_compare_exchange_weak(&counted_top, &old, new));
        return;
    }
    struct node *old = atomic_load(&top);
    do
        atomic_store(&node->below, old);
    while (!atomic_compare_exchange_weak(&top, &old, node));
}

static struct node *pop_counted(void)
{
    struct counted old = atomic_load(&counted_top), new;
    do {
        if (old.node == NULL)
            return NULL;
        new = (struct counted){atomic_load(&old.node->below), old.count + 1};
    } while (!atomic_compare_exchange_weak(&counted_top, &old, new));
    return old.node;
}

/* What `top` points to, and nobody frees it until the hazard is taken back. */
static struct node *look(int me)
{
    struct node *seen = atomic_load(&top);
    if (!is("hazard"))
        return seen;
    for (;;) {
        atomic_store(&hazards[me], seen);
        struct node *again = atomic_load(&top);
        if (again == seen)
            return seen;
        seen = again;
    }
}

static struct node *pop(int me)
{
    if (is("counted"))
        return pop_counted();
    struct node *old, *below;
    do {
        old = look(me);
        if (old == NULL)
            break;
        below = atomic_load(&old->below);
    } while (!atomic_compare_exchange_strong(&top, &old, below));
    if (is("hazard"))
        atomic_store(&hazards[me], NULL);
    return old;
}

static void give_back(struct node *node, int me)
{
    if (is("hazard") && atomic_load(&hazards[1 - me]) == node)
        kept[me] = node; /* main frees it when all have ended */
    else
        free(node);
}

/* Pops one. */
static void *slow(void *unused)
{
    struct node *one = pop(0);
    if (one != NULL) {
        assert(!one->held);
        one->held = 1;
    }
    if (one != NULL && !is("reused") && !is("counted"))
        give_back(one, 0);
    return unused;
}

/* Pops two, and pushes the first of them again. */
static void *fast(void *unused)
{
    struct node *one = pop(1), *two = pop(1);
    if (two != NULL)
        two->held = 1;
    if (is("reused") || is("counted")) {
        if (one != NULL)
            push(one);
        return unused;
    }
    if (one != NULL)
        give_back(one, 1);
    if (two != NULL)
        give_back(two, 1);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    how = argc > 1 ? argv[1] : "counted";
    for (int i = 0; i < 2; i++)
        push(calloc(1, sizeof(struct node)));
    pthread_create(&threads[0], NULL, slow, NULL);
    pthread_create(&threads[1], NULL, fast, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        free(kept[i]);
    for (struct node *node = pop(0); node != NULL; node = pop(0))
        assert(!node->held);
    return 0;
}
