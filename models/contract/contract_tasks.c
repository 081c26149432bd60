/* SPDX-License-Identifier: MIT */
/* contract_tasks.c - JoinableQueue. */
#include "contract/contract.h"

static void does_two_tasks(void *queue)
{
    get_expected(queue, "a");
    ok(mpqueue_task_done(queue));
    get_expected(queue, "b");
    ok(mpqueue_task_done(queue));
}

static void join_waits_for_all_tasks(void)
{
    struct mpqueue *queue = queue_of(0, true, MPQ_CPYTHON_3_11);
    ok(mpqueue_put(queue, text("a")));
    ok(mpqueue_put(queue, text("b")));
    spawn(does_two_tasks, queue);
    ok(mpqueue_join(queue));
    int count = -1;
    ok(mpqueue_qsize(queue, &count));
    assert(count == 0); /* nothing is unfinished, so that everything was got */
    ok(mpqueue_join(queue));
    reap();
    mpqueue_destroy(queue);
}

static void join_without_tasks_returns(void)
{
    struct mpqueue *queue = queue_of(0, true, MPQ_CPYTHON_3_11);
    ok(mpqueue_join(queue));
    mpqueue_destroy(queue);
}

static void task_done_too_often(void)
{
    struct mpqueue *queue = queue_of(0, true, MPQ_CPYTHON_3_11);
    assert(mpqueue_task_done(queue) == MPQ_TOO_MANY);
    ok(mpqueue_put(queue, text("a")));
    get_expected(queue, "a");
    ok(mpqueue_task_done(queue));
    assert(mpqueue_task_done(queue) == MPQ_TOO_MANY);
    mpqueue_destroy(queue);
}

static void joins(void *queue)
{
    ok(mpqueue_join(queue));
}

static void everybody_in_join_wakes(void)
{
    struct mpqueue *queue = queue_of(0, true, MPQ_CPYTHON_3_11);
    ok(mpqueue_put(queue, text("a")));
    spawn(joins, queue);
    spawn(joins, queue);
    get_expected(queue, "a");
    ok(mpqueue_task_done(queue));
    reap();
    mpqueue_destroy(queue);
}

static void old_put_counts_too(void)
{
    struct mpqueue *queue = queue_of(0, true, MPQ_CPYTHON_2_6);
    ok(mpqueue_put(queue, text("a")));
    get_expected(queue, "a");
    ok(mpqueue_task_done(queue));
    assert(mpqueue_task_done(queue) == MPQ_TOO_MANY);
    mpqueue_destroy(queue);
}

const struct check tasks_checks[] = {
    {"tasks.join-waits-for-all", join_waits_for_all_tasks},
    {"tasks.join-without-any-returns", join_without_tasks_returns},
    {"tasks.done-too-often", task_done_too_often},
    {"tasks.everybody-in-join-wakes", everybody_in_join_wakes},
    {"tasks.old-put-counts-too", old_put_counts_too},
    {NULL, NULL},
};
