/* SPDX-License-Identifier: MIT */
/*
 * queue_box.h - queues of numbers on the real kernel, children that work on them, and a codec that
 * can be held up and made to fail.
 */
#ifndef AW_TESTS_QUEUE_BOX_H
#define AW_TESTS_QUEUE_BOX_H

#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpqueue_internal.h"

enum { MS = 1000000, PATIENCE_MS = 20000, HANG_MS = 300 };

static inline void ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void sleep_ms(int ms)
{
    poll(NULL, 0, ms);
}

typedef int child_main(struct mpqueue *queue);

/* Forks; the child's status is what `run` returns. */
static inline pid_t spawn(child_main *run, struct mpqueue *queue)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(queue));
    cr_assert_gt(pid, 0);
    return pid;
}

/* The exit status of a child; -1 when it has not ended in time and was killed. */
static inline int reap(pid_t pid, int patience_ms)
{
    int status = 0;
    for (double end = seconds() + patience_ms / 1e3; seconds() < end; sleep_ms(2))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static inline struct mpqueue *make(int maxsize)
{
    struct mpqueue_options options = {.maxsize = maxsize};
    struct mpqueue *queue = mpqueue_create(&options);
    cr_assert_not_null(queue);
    return queue;
}

static inline struct mpqueue_bytes *number(int value)
{
    return mpqueue_bytes_create(&value, sizeof value);
}

static inline void put(struct mpqueue *queue, int value)
{
    cr_assert_eq(mpqueue_put(queue, number(value)), MPQ_OK);
}

static inline void put_zeros(struct mpqueue *queue, size_t size)
{
    cr_assert_eq(mpqueue_put(queue, mpqueue_bytes_create(NULL, size)), MPQ_OK);
}

/* The number in a received object, which is freed; -1 for none. */
static inline int value_of(void *object)
{
    int value = -1;
    struct mpqueue_bytes *bytes = object;
    if (bytes && bytes->size == sizeof value)
        memcpy(&value, bytes->data, sizeof value);
    free(bytes);
    return value;
}

static inline int get_value(struct mpqueue *queue)
{
    void *object = NULL;
    return mpqueue_get(queue, &object) ? -1 : value_of(object);
}

static inline int qsize(struct mpqueue *queue)
{
    int count = -1;
    cr_assert_eq(mpqueue_qsize(queue, &count), MPQ_OK);
    return count;
}

static inline bool is_empty(struct mpqueue *queue)
{
    bool empty = false;
    cr_assert_eq(mpqueue_empty(queue, &empty), MPQ_OK);
    return empty;
}

static inline void await_pipe(struct mpqueue *queue)
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

static inline int gate_dump(void *context, const void *object, unsigned char **bytes, size_t *size)
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

static inline int gate_load(void *context, const unsigned char *bytes, size_t size, void **object)
{
    int value;
    (void)context;
    if (size != sizeof value)
        return EBADMSG;
    memcpy(&value, bytes, sizeof value);
    *object = (void *)(uintptr_t)(value + 1);
    return 0;
}

static inline void gate_free(void *context, void *object)
{
    struct gate *gate = context;
    (void)object;
    gate->freed++;
}

static inline void gate_failed(void *context, int errnum, const void *object)
{
    struct gate *gate = context;
    gate->failures++;
    gate->last_error = errnum;
    gate->object_given = object != NULL;
}

static const struct mpqueue_codec gate_codec = {
    .dump = gate_dump, .load = gate_load, .free_object = gate_free, .failed = gate_failed};

static inline struct mpqueue *make_gated(struct gate *gate, int maxsize, bool holds, int fails_at)
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

static inline void gate_await(struct gate *gate)
{
    char byte;
    cr_assert_eq(read(gate->entered[0], &byte, 1), 1);
}

static inline void gate_let_pass(struct gate *gate)
{
    cr_assert_eq(write(gate->closed_pipe[1], "x", 1), 1);
}

static inline void *gated(int value)
{
    return (void *)(uintptr_t)(value + 1);
}

static inline int gated_value(void *object)
{
    return (int)(uintptr_t)object - 1;
}

#endif
