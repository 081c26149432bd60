/* SPDX-License-Identifier: MIT */
/*
 * test_mpqueue.c - the queue against its contract (models/mpqueue/mpqueue.h), on the real kernel
 * with real processes. What it does under all schedules is the checker's business; here each
 * function is shown to do what its comment says, in the situations of CPython's issues where one
 * can be arranged without luck.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpqueue_internal.h"

enum { MS = 1000000, PATIENCE_MS = 20000, HANG_MS = 300 };

static void ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

TestSuite(mpqueue, .timeout = 60, .init = ignore_sigpipe);
TestSuite(mpqueue_frame, .timeout = 30, .init = ignore_sigpipe);

/* ---- helpers ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_ms(int ms)
{
    poll(NULL, 0, ms);
}

typedef int child_main(struct mpqueue *queue);

/* Forks; the child's status is what `run` returns. */
static pid_t spawn(child_main *run, struct mpqueue *queue)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(queue));
    cr_assert_gt(pid, 0);
    return pid;
}

/* The exit status of a child; -1 when it has not ended in time and was killed. */
static int reap(pid_t pid, int patience_ms)
{
    int status = 0;
    for (double end = seconds() + patience_ms / 1e3; seconds() < end; sleep_ms(2))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static struct mpqueue *make(int maxsize)
{
    struct mpqueue_options options = {.maxsize = maxsize};
    struct mpqueue *queue = mpqueue_create(&options);
    cr_assert_not_null(queue);
    return queue;
}

static struct mpqueue_bytes *number(int value)
{
    return mpqueue_bytes_create(&value, sizeof value);
}

static void put(struct mpqueue *queue, int value)
{
    cr_assert_eq(mpqueue_put(queue, number(value)), MPQ_OK);
}

static void put_zeros(struct mpqueue *queue, size_t size)
{
    cr_assert_eq(mpqueue_put(queue, mpqueue_bytes_create(NULL, size)), MPQ_OK);
}

/* The number in a received object, which is freed; -1 for none. */
static int value_of(void *object)
{
    int value = -1;
    struct mpqueue_bytes *bytes = object;
    if (bytes && bytes->size == sizeof value)
        memcpy(&value, bytes->data, sizeof value);
    free(bytes);
    return value;
}

static int get_value(struct mpqueue *queue)
{
    void *object = NULL;
    return mpqueue_get(queue, &object) ? -1 : value_of(object);
}

static int qsize(struct mpqueue *queue)
{
    int count = -1;
    cr_assert_eq(mpqueue_qsize(queue, &count), MPQ_OK);
    return count;
}

static bool is_empty(struct mpqueue *queue)
{
    bool empty = false;
    cr_assert_eq(mpqueue_empty(queue, &empty), MPQ_OK);
    return empty;
}

static void await_pipe(struct mpqueue *queue)
{
    struct pollfd reader = {.fd = mpqueue_reader_fd(queue), .events = POLLIN};
    cr_assert_eq(poll(&reader, 1, PATIENCE_MS), 1);
}

/* A codec of numbers whose dump can be held up and made to fail. Objects are (number + 1) as a
 * pointer. */
struct gate {
    int closed_pipe[2]; /* dump reads a byte from here first, when it is open */
    int entered[2];     /* and writes one here before */
    bool holds;
    int fails_at; /* this number cannot be serialised */
    int failures; /* how often `failed` was called; read after the feeder was joined */
    int last_error;
    bool object_given;
    pthread_t dumped_by;
    int freed;
};

static int gate_dump(void *context, const void *object, unsigned char **bytes, size_t *size)
{
    struct gate *gate = context;
    int value = (int)(uintptr_t)object - 1;
    char byte = 'x';
    gate->dumped_by = pthread_self();
    if (gate->holds) {
        if (write(gate->entered[1], &byte, 1) != 1 || read(gate->closed_pipe[0], &byte, 1) != 1)
            return EIO;
    }
    if (value == gate->fails_at)
        return EINVAL;
    *bytes = malloc(sizeof value);
    if (!*bytes)
        return ENOMEM;
    memcpy(*bytes, &value, sizeof value);
    *size = sizeof value;
    return 0;
}

static int gate_load(void *context, const unsigned char *bytes, size_t size, void **object)
{
    int value;
    (void)context;
    if (size != sizeof value)
        return EBADMSG;
    memcpy(&value, bytes, sizeof value);
    *object = (void *)(uintptr_t)(value + 1);
    return 0;
}

static void gate_free(void *context, void *object)
{
    struct gate *gate = context;
    (void)object;
    gate->freed++;
}

static void gate_failed(void *context, int errnum, const void *object)
{
    struct gate *gate = context;
    gate->failures++;
    gate->last_error = errnum;
    gate->object_given = object != NULL;
}

static const struct mpqueue_codec gate_codec = {
    .dump = gate_dump, .load = gate_load, .free_object = gate_free, .failed = gate_failed};

static struct mpqueue *make_gated(struct gate *gate, int maxsize, bool holds, int fails_at)
{
    memset(gate, 0, sizeof *gate);
    gate->holds = holds;
    gate->fails_at = fails_at;
    cr_assert_eq(pipe(gate->closed_pipe), 0);
    cr_assert_eq(pipe(gate->entered), 0);
    struct mpqueue_options options = {.maxsize = maxsize, .codec = &gate_codec, .context = gate};
    struct mpqueue *queue = mpqueue_create(&options);
    cr_assert_not_null(queue);
    return queue;
}

static void gate_await(struct gate *gate)
{
    char byte;
    cr_assert_eq(read(gate->entered[0], &byte, 1), 1);
}

static void gate_let_pass(struct gate *gate)
{
    cr_assert_eq(write(gate->closed_pipe[1], "x", 1), 1);
}

static void *gated(int value)
{
    return (void *)(uintptr_t)(value + 1);
}

static int gated_value(void *object)
{
    return (int)(uintptr_t)object - 1;
}

/* ---- frames: a SOCK_SEQPACKET socket keeps the boundaries of the writes ---- */

static void socket_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
}

static unsigned char packet[70000];

static ssize_t next_packet(int fd)
{
    return recv(fd, packet, sizeof packet, MSG_DONTWAIT);
}

static void send_frame(int fd, size_t size)
{
    unsigned char *frame = NULL, *body = malloc(size + 1);
    memset(body, 'b', size + 1);
    cr_assert_eq(mpq_frame_send(&mpq_behaviours[MPQ_CPYTHON_3_11], fd, body, size, &frame), 0);
    cr_assert_null(frame);
    free(body);
}

Test(mpqueue_frame, header_and_body_are_one_write_up_to_16384)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 16384);
    cr_assert_eq(next_packet(ends[0]), 4 + 16384);
    cr_assert_arr_eq(packet, "\x00\x00\x40\x00", 4);
    cr_assert_eq(packet[4], 'b');
    cr_assert_eq(packet[4 + 16383], 'b');
    cr_assert_eq(next_packet(ends[0]), -1);
}

Test(mpqueue_frame, header_and_body_are_two_writes_from_16385)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 16385);
    cr_assert_eq(next_packet(ends[0]), 4);
    cr_assert_arr_eq(packet, "\x00\x00\x40\x01", 4);
    cr_assert_eq(next_packet(ends[0]), 16385);
    cr_assert_eq(next_packet(ends[0]), -1);
}

Test(mpqueue_frame, an_empty_body_is_a_header_alone)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 0);
    cr_assert_eq(next_packet(ends[0]), 4);
    cr_assert_arr_eq(packet, "\x00\x00\x00\x00", 4);
}

/* Feeds `wire` and an end of file to a receive. */
static int receive_from(const char *wire, size_t length, unsigned char **bytes, size_t *size)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], wire, length), (ssize_t)length);
    close(ends[1]);
    int status = mpq_frame_receive(&mpq_behaviours[MPQ_CPYTHON_3_11], ends[0], bytes, size);
    close(ends[0]);
    return status;
}

Test(mpqueue_frame, receive_gives_the_body)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\0\0\0\3abc", 7, &bytes, &size), MPQ_OK);
    cr_assert_eq(size, 3);
    cr_assert_arr_eq(bytes, "abc", 3);
    free(bytes);
}

Test(mpqueue_frame, minus_one_announces_a_64_bit_size)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\xff\xff\xff\xff\0\0\0\0\0\0\0\2ab", 14, &bytes, &size), MPQ_OK);
    cr_assert_eq(size, 2);
    cr_assert_arr_eq(bytes, "ab", 2);
    free(bytes);
}

Test(mpqueue_frame, other_negative_sizes_are_no_message)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\xff\xff\xff\xfe", 4, &bytes, &size), MPQ_BAD_MESSAGE);
}

/* At a boundary, and after a whole header, it is EOFError in CPython; elsewhere OSError. */
Test(mpqueue_frame, an_end_of_file_is_told_by_its_place)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("", 0, &bytes, &size), MPQ_EOF);
    cr_assert_eq(receive_from("\0\0", 2, &bytes, &size), MPQ_TRUNCATED);
    cr_assert_eq(receive_from("\0\0\0\3", 4, &bytes, &size), MPQ_EOF);
    cr_assert_eq(receive_from("\0\0\0\3ab", 6, &bytes, &size), MPQ_TRUNCATED);
    cr_assert_null(bytes);
}

Test(mpqueue_frame, send_reports_the_errno_of_write)
{
    int ends[2];
    unsigned char *frame = NULL;
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    cr_assert_eq(mpq_frame_send(&mpq_behaviours[MPQ_CPYTHON_3_11], ends[1],
                                (const unsigned char *)"a", 1, &frame),
                 EPIPE);
    cr_assert_null(frame);
}

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

/* ---- errors ---- */

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
