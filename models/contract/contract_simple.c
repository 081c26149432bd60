/* SPDX-License-Identifier: MIT */
/* contract_simple.c - SimpleQueue. */
#include "contract/contract.h"

static void puts_a_and_b(void *queue)
{
    simple_put_text(queue, "a");
    simple_put_text(queue, "b");
}

static void simple_keeps_order(void)
{
    struct mpsimple *queue = mpsimple_create(NULL);
    assert(queue);
    spawn(puts_a_and_b, queue);
    simple_get_expected(queue, "a");
    simple_get_expected(queue, "b");
    reap();
    mpsimple_destroy(queue);
}

/* No buffer: what was put is seen at once. */
static void simple_empty_is_true_or_false(void)
{
    struct mpsimple *queue = mpsimple_create(NULL);
    bool empty = false;
    assert(queue);
    ok(mpsimple_empty(queue, &empty));
    assert(empty);
    simple_put_text(queue, "a");
    ok(mpsimple_empty(queue, &empty));
    assert(!empty);
    simple_get_expected(queue, "a");
    mpsimple_destroy(queue);
}

static void gets_large(void *queue)
{
    for (int i = 0; i < 4; i++) {
        void *object = NULL;
        ok(mpsimple_get(queue, &object));
        assert(((struct mpqueue_bytes *)object)->size == LARGE);
        free(object);
    }
}

/* Four of them do not fit into a pipe of 64 KiB. */
static void simple_put_waits_for_room(void)
{
    struct mpsimple *queue = mpsimple_create(NULL);
    assert(queue);
    spawn(gets_large, queue);
    for (int i = 0; i < 4; i++) {
        void *object = mpqueue_bytes_create(NULL, LARGE);
        ok(mpsimple_put(queue, object));
        free(object);
    }
    reap();
    mpsimple_destroy(queue);
}

const struct check simple_checks[] = {
    {"simple.keeps-order", simple_keeps_order},
    {"simple.empty-is-true-or-false", simple_empty_is_true_or_false},
    {"simple.put-waits-for-room", simple_put_waits_for_room},
    {NULL, NULL},
};
