/* SPDX-License-Identifier: MIT */
/* Items that cannot be serialised or loaded, pipes without a reader, ends of file. */
#include "queue_box.h"

#include <errno.h>
#include <unistd.h>

TestSuite(mpqueue, .timeout = 60, .init = ignore_sigpipe);

/* PR 1683: the feeder survives. */
Test(mpqueue, an_item_that_cannot_be_serialised_is_reported_and_the_next_arrives)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 1, false, 1);
    void *object = NULL;
    cr_assert_eq(mpqueue_put(queue, gated(1)), MPQ_OK);
    cr_assert_eq(mpqueue_put(queue, gated(2)), MPQ_OK, "the slot was given back");
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
    cr_assert_eq(gated_value(object), 2);
    cr_assert_eq(qsize(queue), 0);
    mpqueue_destroy(queue);
    cr_assert_eq(gate.failures, 1);
    cr_assert_eq(gate.last_error, EINVAL);
    cr_assert(gate.object_given);
    cr_assert_eq(gate.freed, 2);
}

static void close_reader(struct mpqueue *queue)
{
    close(queue->reader_fd);
    queue->reader_fd = -1;
}

Test(mpqueue, without_a_reader_each_item_is_one_epipe_and_the_feeder_lives_on)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 1, false, -1);
    close_reader(queue);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(mpqueue_put(queue, gated(i)), MPQ_OK);
    mpqueue_close(queue);
    cr_assert_eq(mpqueue_join_thread(queue), MPQ_OK);
    cr_assert_eq(gate.failures, 3);
    cr_assert_eq(gate.last_error, EPIPE);
    cr_assert_not(gate.object_given);
    mpqueue_destroy(queue);
}

Test(mpqueue, an_ignored_epipe_ends_the_feeder_silently)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, false, -1);
    queue->options.ignore_epipe = true;
    close_reader(queue);
    cr_assert_eq(mpqueue_put(queue, gated(0)), MPQ_OK);
    cr_assert_eq(mpqueue_put(queue, gated(1)), MPQ_OK);
    mpqueue_close(queue);
    cr_assert_eq(mpqueue_join_thread(queue), MPQ_OK);
    cr_assert_eq(gate.failures, 0);
    mpqueue_destroy(queue);
}

Test(mpqueue, end_of_file_releases_rlock)
{
    struct mpqueue *queue = make(0);
    void *object = NULL;
    cr_assert_eq(write(mpqueue_writer_fd(queue), "\0\0\0\2a", 5), 5);
    close(queue->writer_fd);
    queue->writer_fd = -1;
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_TRUNCATED);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_EOF);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EOF);
    cr_assert_eq(mpqueue_get_timed(queue, &object, MS), MPQ_EOF);
    mpqueue_destroy(queue);
}

Test(mpqueue, a_message_that_does_not_load_is_lost)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, false, -1);
    void *object = NULL;
    sem_wait(queue->sem); /* as put would */
    cr_assert_eq(write(mpqueue_writer_fd(queue), "\0\0\0\1a", 5), 5);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_BAD_MESSAGE);
    cr_assert_eq(mpqueue_get_nowait(queue, &object), MPQ_EMPTY);
    mpqueue_destroy(queue);
}

Test(mpqueue, null_is_an_object_but_not_bytes)
{
    struct gate gate;
    struct mpqueue *queue = make_gated(&gate, 0, false, -2);
    void *object = gated(1);
    cr_assert_eq(mpqueue_put(queue, NULL), MPQ_OK);
    cr_assert_eq(mpqueue_get(queue, &object), MPQ_OK);
    cr_assert_null(object);
    mpqueue_destroy(queue);
    cr_assert_eq(gate.freed, 0);
    cr_assert_eq(mpqueue_bytes_codec.dump(NULL, NULL, NULL, NULL), EINVAL);
}
