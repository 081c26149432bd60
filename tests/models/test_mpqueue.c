/* SPDX-License-Identifier: MIT */
/*
 * test_mpqueue.c - the queue against its contract (models/mpqueue/mpqueue.h), on the real kernel
 * with real processes. What it does under all schedules is the checker's business; here each
 * function is shown to do what its comment says, in the situations of CPython's issues where one
 * can be arranged without luck.
 */
#include "queue_box.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(mpqueue, .timeout = 60, .init = ignore_sigpipe);

/* ---- put and get ---- */

Test(mpqueue, items_come_in_the_order_of_the_puts)
{
    struct mpqueue *queue = make(0);
    for (int i = 0; i < 100; i++)
        put(queue, i);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(get_value(queue), i);
    mpqueue_destroy(queue);
}

static int gets_in_order(struct mpqueue *queue)
{
    for (int i = 0; i < 1000; i++)
        if (get_value(queue) != i)
            return 1;
    return 0;
}

Test(mpqueue, another_process_gets_them_in_order)
{
    struct mpqueue *queue = make(0);
    pid_t pid = spawn(gets_in_order, queue);
    for (int i = 0; i < 1000; i++)
        put(queue, i);
    cr_assert_eq(reap(pid, PATIENCE_MS), 0);
    mpqueue_destroy(queue);
}

Test(mpqueue, what_is_on_the_pipe_is_cpythons_frame)
{
    struct mpqueue *queue = make(0);
    unsigned char wire[9] = {0};
    cr_assert_eq(mpqueue_put(queue, mpqueue_bytes_create("hello", 5)), MPQ_OK);
    await_pipe(queue);
    cr_assert_eq(read(mpqueue_reader_fd(queue), wire, sizeof wire), 9);
    cr_assert_arr_eq(wire, "\0\0\0\5hello", 9);
    mpqueue_destroy(queue);
}

Test(mpqueue, bytes_of_any_size_come_back)
{
    struct mpqueue *queue = make(0);
    static const size_t sizes[] = {0, 1, 4092, 4093, 16384, 16385, 29770, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *object = NULL;
        struct mpqueue_bytes *sent = mpqueue_bytes_create(NULL, sizes[i]);
        memset(sent->data, 'a' + (int)i, sizes[i]);
        cr_assert_eq(mpqueue_put(queue, sent), MPQ_OK);
        cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
        struct mpqueue_bytes *got = object;
        cr_assert_eq(got->size, sizes[i]);
        for (size_t k = 0; k < got->size; k++)
            cr_assert_eq(got->data[k], 'a' + i);
        free(got);
    }
    mpqueue_destroy(queue);
}

Test(mpqueue, put_serialises_nothing_the_feeder_does)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, false, -1);
    void *object = NULL;
    cr_assert_eq(mpqueue_put(queue, gated(7)), MPQ_OK);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
    cr_assert_eq(gated_value(object), 7);
    mpqueue_destroy(queue);
    cr_assert_not(pthread_equal(gate.dumped_by, pthread_self()));
    cr_assert_eq(gate.freed, 1);
}

/* Issue 67770: the item sits with the feeder. */
Test(mpqueue, a_nonblocking_get_says_empty_although_something_was_put)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, true, -1);
    void *object = NULL;
    cr_assert_eq(mpqueue_put(queue, gated(1)), MPQ_OK);
    gate_await(&gate);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EMPTY);
    cr_assert_eq(mpqueue_get_timed(queue, &object, 20 * MS), MPQ_EMPTY);
    cr_assert_eq(qsize(queue), 1);
    cr_assert(is_empty(queue), "qsize() > 0 with empty() true is legal");
    gate_let_pass(&gate);
    await_pipe(queue);
    cr_assert_not(is_empty(queue));
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_OK);
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
}

static int gets_one(struct mpqueue *queue)
{
    return get_value(queue);
}

/* Waits until another process holds the lock for reading. */
static void await_rlock_held(struct mpqueue *queue)
{
    int value = 1;
    for (double end = seconds() + PATIENCE_MS / 1e3; value && seconds() < end; sleep_ms(1))
        sem_getvalue(queue->rlock, &value);
    cr_assert_eq(value, 0);
}

/* Issue 87302: a consumer that only waits holds rlock. */
Test(mpqueue, a_nonblocking_get_says_empty_while_another_process_holds_rlock)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    pid_t pid = spawn(gets_one, queue);
    await_rlock_held(queue);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EMPTY);
    cr_assert_eq(mpqueue_get_timed(queue, &object, 20 * MS), MPQ_EMPTY);
    put(queue, 42);
    cr_assert_eq(reap(pid, PATIENCE_MS), 42);
    mpqueue_destroy(queue);
}

/* Issues 73168, 74780: data are ready, but rlock takes all the time. */
Test(mpqueue, a_timed_get_says_empty_without_a_look_when_rlock_takes_all_the_time)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    put(queue, 1);
    await_pipe(queue);
    sem_wait(queue->rlock);
    cr_assert_eq(mpqueue_get_timed(queue, &object, 20 * MS), MPQ_EMPTY);
    sem_post(queue->rlock);
    cr_assert_eq(mpqueue_get_timed(queue, &object, 0), MPQ_OK);
    free(object);
    mpqueue_destroy(queue);
}

static int gets_nowait(struct mpqueue *queue)
{
    void *object = NULL;
    return -mpqueue_get_nowait(queue, &object);
}

static int gets_timed(struct mpqueue *queue)
{
    void *object = NULL;
    return -mpqueue_get_timed(queue, &object, 10 * MS);
}

Test(mpqueue, impatient_gets_block_on_an_incomplete_frame)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    cr_assert_eq(write(mpqueue_writer_fd(queue), "\0", 1), 1);
    pid_t pid = spawn(gets_nowait, queue);
    await_rlock_held(queue);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EMPTY);
    cr_assert_eq(reap(pid, HANG_MS), -1);
    int value = 1;
    sem_getvalue(queue->rlock, &value);
    cr_assert_eq(value, 0, "a dead holder never releases");
    sem_post(queue->rlock);
    cr_assert_eq(write(mpqueue_writer_fd(queue), "\0", 1), 1);
    cr_assert_eq(reap(spawn(gets_timed, queue), HANG_MS), -1);
    mpqueue_destroy(queue);
}

Test(mpqueue, a_timed_get_waits_as_long_as_it_says)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    double start = seconds();
    cr_assert_eq(mpqueue_get_timed(queue, &object, 100 * MS), MPQ_EMPTY);
    cr_assert_geq(seconds() - start, 0.095);
    cr_assert_eq(mpqueue_get_timed(queue, &object, -100 * (int64_t)MS), MPQ_EMPTY);
    mpqueue_destroy(queue);
}

static int puts_later(struct mpqueue *queue)
{
    sleep_ms(50);
    if (mpqueue_put(queue, number(5)))
        return 1;
    mpqueue_close(queue);
    return mpqueue_join_thread(queue);
}

Test(mpqueue, a_timed_get_takes_what_comes_in_time)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    pid_t pid = spawn(puts_later, queue);
    cr_assert_eq(mpqueue_get_timed(queue, &object, INT64_MAX), MPQ_OK);
    cr_assert_eq(value_of(object), 5);
    cr_assert_eq(reap(pid, PATIENCE_MS), 0);
    mpqueue_destroy(queue);
}

/* ---- bounds ---- */

Test(mpqueue, a_bounded_queue_is_full_until_a_get)
{
    struct mpqueue *queue = make(2);
    struct mpqueue_bytes *third = number(3);
    bool full = true;
    cr_assert_eq(mpqueue_full(queue, &full), MPQ_OK);
    cr_assert_not(full);
    put(queue, 1);
    put(queue, 2);
    cr_assert_eq(mpqueue_full(queue, &full), MPQ_OK);
    cr_assert(full);
    cr_assert_eq(mpqueue_put_nowait(queue, third), MPQ_FULL);
    double start = seconds();
    cr_assert_eq(mpqueue_put_timed(queue, third, 50 * MS), MPQ_FULL);
    cr_assert_geq(seconds() - start, 0.045);
    cr_assert_eq(qsize(queue), 2);
    cr_assert_eq(get_value(queue), 1);
    cr_assert_eq(mpqueue_put_nowait(queue, third), MPQ_OK);
    cr_assert_eq(get_value(queue), 2);
    cr_assert_eq(get_value(queue), 3);
    mpqueue_destroy(queue);
}

static int puts_three(struct mpqueue *queue)
{
    for (int i = 0; i < 3; i++)
        if (mpqueue_put(queue, number(i)))
            return 1;
    mpqueue_close(queue);
    return mpqueue_join_thread(queue);
}

Test(mpqueue, a_blocking_put_waits_for_room)
{
    struct mpqueue *queue = make(1);
    pid_t pid = spawn(puts_three, queue);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(get_value(queue), i);
    cr_assert_eq(reap(pid, PATIENCE_MS), 0);
    mpqueue_destroy(queue);
}

Test(mpqueue, a_slot_too_many_is_refused)
{
    for (int maxsize = 0; maxsize <= 1; maxsize++) {
        struct mpqueue *queue = make(maxsize);
        void *object = NULL;
        cr_assert_eq(write(mpqueue_writer_fd(queue), "\0\0\0\1a", 5), 5);
        cr_assert_eq(mpqueue_get(queue, &object), MPQ_TOO_MANY);
        cr_assert_null(object);
        mpqueue_destroy(queue);
    }
}

Test(mpqueue, qsize_counts_an_unbounded_queue_too)
{
    struct mpqueue *queue = make(0);
    cr_assert_eq(qsize(queue), 0);
    put(queue, 1);
    put(queue, 2);
    cr_assert_eq(qsize(queue), 2);
    mpqueue_destroy(queue);
}

/* ---- threads ---- */

static void *puts_many(void *argument)
{
    for (int i = 0; i < 500; i++)
        if (mpqueue_put(argument, number(1)))
            return argument;
    return NULL;
}

static void *gets_many(void *argument)
{
    for (int i = 0; i < 500; i++)
        if (get_value(argument) != 1)
            return argument;
    return NULL;
}

Test(mpqueue, threads_may_put_and_get_at_once)
{
    struct mpqueue *queue = make(10);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, i % 2 ? gets_many : puts_many, queue), 0);
    for (int i = 0; i < 4; i++) {
        void *result = queue;
        pthread_join(threads[i], &result);
        cr_assert_null(result);
    }
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
}

/* ---- odds and ends ---- */

Test(mpqueue, each_status_has_a_text)
{
    for (int status = MPQ_SYSTEM; status <= MPQ_OK; status++)
        cr_assert_str_neq(mpqueue_status_text(status), mpqueue_status_text(1));
    cr_assert_str_eq(mpqueue_status_text(MPQ_EMPTY), "nothing could be got now");
}

Test(mpqueue, queues_do_not_share_anything)
{
    struct mpqueue *one = make(0), *two = mpqueue_create(NULL), *three = make(1);
    put(one, 1);
    put(two, 2);
    put(three, 3);
    mpqueue_destroy(NULL);
    cr_assert_eq(get_value(two), 2);
    mpqueue_destroy(two);
    cr_assert_eq(get_value(three), 3);
    cr_assert_eq(get_value(one), 1);
    mpqueue_destroy(one);
    mpqueue_destroy(three);
}
