/* SPDX-License-Identifier: MIT */
/* The queue and the life of processes: close, join and exit, fork, sentinels for workers. */
#include "queue_box.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(mpqueue, .timeout = 60, .init = ignore_sigpipe);

/* ---- close, join, exit ---- */

Test(mpqueue, nothing_can_be_put_or_got_after_close)
{
    struct mpqueue *queue = make(0);
    void *object = number(1);
    bool empty;
    mpqueue_close(queue);
    mpqueue_close(queue);
    cr_assert_eq(mpqueue_put(queue, object), MPQ_CLOSED);
    cr_assert_eq(mpqueue_put_nowait(queue, object), MPQ_CLOSED);
    cr_assert_eq(mpqueue_put_timed(queue, object, MS), MPQ_CLOSED);
    free(object);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_CLOSED);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_CLOSED);
    cr_assert_eq(mpqueue_get_timed(queue, &object, MS), MPQ_CLOSED);
    cr_assert_eq(mpqueue_empty(queue, &empty), MPQ_CLOSED);
    mpqueue_destroy(queue);
}

Test(mpqueue, join_thread_wants_close_first)
{
    struct mpqueue *queue = make(0);
    put(queue, 1);
    cr_assert_eq(mpqueue_join_thread(queue), MPQ_NOT_CLOSED);
    mpqueue_close(queue);
    cr_assert_eq(mpqueue_join_thread(queue), MPQ_OK);
    cr_assert_eq(mpqueue_join_thread(queue), MPQ_OK);
    cr_assert_eq(mpqueue_reader_fd(queue), -1, "the feeder closes both ends");
    cr_assert_eq(mpqueue_writer_fd(queue), -1);
    mpqueue_destroy(queue);
}

static int puts_closes_joins(struct mpqueue *queue)
{
    for (int i = 0; i < 100; i++)
        if (mpqueue_put(queue, number(i)))
            return 1;
    mpqueue_close(queue);
    return mpqueue_join_thread(queue);
}

Test(mpqueue, join_thread_flushes)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    cr_assert_eq(reap(spawn(puts_closes_joins, queue), PATIENCE_MS), 0);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_OK);
        cr_assert_eq(value_of(object), i);
    }
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EMPTY);
    mpqueue_destroy(queue);
}

static int puts_and_exits(struct mpqueue *queue)
{
    for (int i = 0; i < 10; i++)
        if (mpqueue_put(queue, number(i)))
            return 1;
    exit(0);
}

Test(mpqueue, exit_flushes)
{
    struct mpqueue *queue = make(0);
    cr_assert_eq(reap(spawn(puts_and_exits, queue), PATIENCE_MS), 0);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(get_value(queue), i);
    mpqueue_destroy(queue);
}

static int puts_too_much_and_exits(struct mpqueue *queue)
{
    if (mpqueue_put(queue, mpqueue_bytes_create(NULL, 200000)))
        return 1;
    exit(0);
}

static int puts_too_much_cancels_and_exits(struct mpqueue *queue)
{
    mpqueue_cancel_join_thread(queue);
    return puts_too_much_and_exits(queue);
}

static int closes_cancelled_and_destroys(struct mpqueue *queue)
{
    if (mpqueue_put(queue, mpqueue_bytes_create(NULL, 200000)))
        return 1;
    mpqueue_cancel_join_thread(queue);
    mpqueue_close(queue);
    if (mpqueue_join_thread(queue))
        return 2;
    mpqueue_destroy(queue);
    exit(0);
}

/* Issues 78321, 85927, 73983. */
Test(mpqueue, exit_waits_for_ever_when_the_pipe_is_full_unless_cancelled)
{
    struct mpqueue *queue = make(0);
    cr_assert_eq(reap(spawn(puts_too_much_and_exits, queue), HANG_MS), -1);
    mpqueue_destroy(queue);
    queue = make(0);
    cr_assert_eq(reap(spawn(puts_too_much_cancels_and_exits, queue), PATIENCE_MS), 0);
    mpqueue_destroy(queue);
    queue = make(0);
    cr_assert_eq(reap(spawn(closes_cancelled_and_destroys, queue), PATIENCE_MS), 0);
    mpqueue_destroy(queue);
}

/* ---- fork ---- */

/* The queue as it was before its first put, but that a child has not created it: for a child to
 * compare itself with. */
static struct mpqueue as_created;

static int is_as_created(struct mpqueue *queue)
{
    return memcmp(queue, &as_created, sizeof as_created) != 0;
}

Test(mpqueue, in_a_child_the_queue_is_the_same_bytes_whatever_the_feeder_did)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, true, -1);
    memcpy(&as_created, queue, sizeof as_created);
    as_created.created_here = false;
    cr_assert_eq(reap(spawn(is_as_created, queue), PATIENCE_MS), 0, "before the first put");
    cr_assert_eq(mpqueue_put(queue, gated(1)), MPQ_OK);
    cr_assert_eq(mpqueue_put(queue, gated(2)), MPQ_OK);
    gate_await(&gate);
    cr_assert_eq(reap(spawn(is_as_created, queue), PATIENCE_MS), 0, "one being serialised");
    gate_let_pass(&gate);
    gate_await(&gate);
    gate_let_pass(&gate);
    void *object;
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
    cr_assert_eq(reap(spawn(is_as_created, queue), PATIENCE_MS), 0, "all sent");
    sem_wait(queue->wlock);
    cr_assert_eq(mpqueue_put(queue, gated(3)), MPQ_OK);
    gate_await(&gate);
    gate_let_pass(&gate);
    sleep_ms(20);
    cr_assert_eq(reap(spawn(is_as_created, queue), PATIENCE_MS), 0, "one waiting for wlock");
    sem_post(queue->wlock);
    mpqueue_destroy(queue);
}

static int puts_its_own(struct mpqueue *queue)
{
    if (queue->first || queue->feeder_started)
        return 1;
    if (mpqueue_put(queue, number(100)))
        return 2;
    mpqueue_close(queue);
    return mpqueue_join_thread(queue);
}

Test(mpqueue, a_child_has_an_empty_buffer_and_a_feeder_of_its_own)
{
    struct mpqueue *queue = make(0);
    sem_wait(queue->wlock); /* so that what the parent puts stays in its buffer */
    put(queue, 1);
    put(queue, 2);
    pid_t pid = spawn(puts_its_own, queue);
    sem_post(queue->wlock);
    cr_assert_eq(reap(pid, PATIENCE_MS), 0);
    int sum = get_value(queue) + get_value(queue) + get_value(queue);
    cr_assert_eq(sum, 103, "each item once");
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
}

static int gets_after_parents_close(struct mpqueue *queue)
{
    void *object = NULL;
    return mpqueue_get_nowait(queue, &object) == MPQ_EMPTY ? 0 : 1;
}

Test(mpqueue, a_child_is_not_closed)
{
    struct mpqueue *queue = make(0);
    mpqueue_close(queue);
    cr_assert_eq(reap(spawn(gets_after_parents_close, queue), PATIENCE_MS), 0);
    mpqueue_destroy(queue);
}

static int is_reset(struct mpqueue *queue)
{
    return queue->first || queue->last || queue->sending.object || queue->sending.bytes;
}

/* A fork may fall anywhere in what the feeder does. (The child does not exit(): what the feeder had
 * allocated and not yet entered in the queue is a leak there.) */
Test(mpqueue, forks_while_the_feeder_works)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    int sent = 0, got = 0;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 20; i++, sent++)
            put_zeros(queue, (size_t)(i % 2 ? 20 : 600));
        cr_assert_eq(reap(spawn(is_reset, queue), PATIENCE_MS), 0);
        while (mpqueue_get_nowait(queue, &object) == MPQ_OK) {
            free(object);
            got++;
        }
    }
    for (; got < sent; got++) {
        cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
        free(object);
    }
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
}

/* ---- the protocols ---- */

/* worker_good: the status is how many items it got. */
static int works_until_sentinel(struct mpqueue *queue)
{
    for (int count = 0;; count++)
        if (get_value(queue) < 0)
            return count;
}

Test(mpqueue, one_sentinel_per_worker_drains)
{
    enum { WORKERS = 4, ITEMS = 60 };
    struct mpqueue *queue = make(0);
    pid_t pids[WORKERS];
    int got = 0;
    for (int i = 0; i < ITEMS; i++)
        put(queue, i);
    for (int i = 0; i < WORKERS; i++) {
        put_zeros(queue, 1);
        pids[i] = spawn(works_until_sentinel, queue);
    }
    for (int i = 0; i < WORKERS; i++) {
        int status = reap(pids[i], PATIENCE_MS);
        cr_assert_geq(status, 0);
        got += status;
    }
    cr_assert_eq(got, ITEMS);
    cr_assert(is_empty(queue));
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
}
