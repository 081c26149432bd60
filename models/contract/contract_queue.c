/* SPDX-License-Identifier: MIT */
/* contract_queue.c - Queue, bounded and not, and how the versions of CPython differ. */
#include "contract/contract.h"

/* ---- Queue with a bound ---- */

static void full_queue(void)
{
    struct mpqueue *queue = queue_of(1, false, MPQ_CPYTHON_3_11);
    bool full = true;
    ok(mpqueue_full(queue, &full));
    assert(!full);
    ok(mpqueue_put(queue, text("a")));
    ok(mpqueue_full(queue, &full));
    assert(full);
    void *object = text("b");
    assert(mpqueue_put_nowait(queue, object) == MPQ_FULL);
    assert(mpqueue_put_timed(queue, object, MS) == MPQ_FULL);
    free(object);
    get_expected(queue, "a");
    ok(mpqueue_put_nowait(queue, text("c")));
    get_expected(queue, "c");
    mpqueue_destroy(queue);
}

static void gets_two(void *queue)
{
    get_expected(queue, "a");
    get_expected(queue, "b");
}

static void put_waits_for_a_slot(void)
{
    struct mpqueue *queue = queue_of(1, false, MPQ_CPYTHON_3_11);
    spawn(gets_two, queue);
    ok(mpqueue_put(queue, text("a")));
    ok(mpqueue_put(queue, text("b")));
    reap();
    mpqueue_destroy(queue);
}

static void gets_one(void *queue)
{
    get_expected(queue, "a");
}

/* There is room in time, or there is not: Full, and the object is the caller's still. */
static void put_waits_so_long(void)
{
    struct mpqueue *queue = queue_of(1, false, MPQ_CPYTHON_3_11);
    void *object = text("b");
    ok(mpqueue_put(queue, text("a")));
    spawn(gets_one, queue);
    int status = mpqueue_put_timed(queue, object, MS);
    assert(status == MPQ_OK || status == MPQ_FULL);
    if (status == MPQ_OK)
        get_expected(queue, "b");
    else
        expect(object, "b");
    reap();
    mpqueue_destroy(queue);
}

/* What a get says that does not wait: Empty as long as nothing is in the pipe, then the object. */
static void get_nowait_is_empty_or_gets(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    void *object = NULL;
    assert(mpqueue_get_nowait(queue, &object) == MPQ_EMPTY);
    ok(mpqueue_put(queue, text("a")));
    int status = mpqueue_get_nowait(queue, &object);
    assert(status == MPQ_OK || status == MPQ_EMPTY);
    if (status == MPQ_OK)
        expect(object, "a");
    else
        get_expected(queue, "a");
    assert(mpqueue_get_nowait(queue, &object) == MPQ_EMPTY);
    mpqueue_destroy(queue);
}

static void puts_a(void *queue)
{
    ok(mpqueue_put(queue, text("a")));
}

static void get_waits_so_long(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    void *object = NULL;
    spawn(puts_a, queue);
    int status = mpqueue_get_timed(queue, &object, MS);
    assert(status == MPQ_OK || status == MPQ_EMPTY);
    if (status == MPQ_OK)
        expect(object, "a");
    else
        get_expected(queue, "a");
    reap();
    assert(mpqueue_get_timed(queue, &object, -MS) == MPQ_EMPTY);
    mpqueue_destroy(queue);
}

/* A process that has ended by exit() has flushed its buffer. */
static void empty_looks_at_the_pipe(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    bool empty = false;
    int count = -1;
    ok(mpqueue_empty(queue, &empty));
    assert(empty);
    spawn(puts_a, queue);
    reap();
    ok(mpqueue_empty(queue, &empty));
    ok(mpqueue_qsize(queue, &count));
    assert(!empty && count == 1);
    get_expected(queue, "a");
    ok(mpqueue_empty(queue, &empty));
    ok(mpqueue_qsize(queue, &count));
    assert(empty && count == 0);
    mpqueue_destroy(queue);
}

static void closed_is_told(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    void *object = text("a");
    bool empty;
    assert(mpqueue_join_thread(queue) == MPQ_NOT_CLOSED);
    mpqueue_close(queue);
    mpqueue_close(queue);
    ok(mpqueue_join_thread(queue));
    assert(mpqueue_put(queue, object) == MPQ_CLOSED);
    assert(mpqueue_put_nowait(queue, object) == MPQ_CLOSED);
    assert(mpqueue_put_timed(queue, object, MS) == MPQ_CLOSED);
    free(object); /* it stayed ours */
    assert(mpqueue_get(queue, &object) == MPQ_CLOSED);
    assert(mpqueue_get_nowait(queue, &object) == MPQ_CLOSED);
    assert(mpqueue_get_timed(queue, &object, MS) == MPQ_CLOSED);
    assert(mpqueue_empty(queue, &empty) == MPQ_CLOSED);
    mpqueue_destroy(queue);
}

static void ends_without_a_word(void *queue)
{
    ok(mpqueue_put(queue, text("a")));
    mpqueue_close(queue);
    ok(mpqueue_join_thread(queue));
    _exit(0); /* no finalizer: what was put is in the pipe by now, or never */
}

static void join_thread_flushes(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    spawn(ends_without_a_word, queue);
    reap();
    get_expected(queue, "a");
    mpqueue_destroy(queue);
}

/* Four of them do not fit into a pipe of 64 KiB, and nobody reads. */
static void fills_the_pipe_and_exits(void *queue)
{
    for (int i = 0; i < 4; i++)
        ok(mpqueue_put(queue, mpqueue_bytes_create(NULL, LARGE)));
    mpqueue_cancel_join_thread(queue);
}

static void cancelled_feeder_is_not_awaited(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    spawn(fills_the_pipe_and_exits, queue);
    reap();
    mpqueue_destroy(queue);
}

static void reader_closed_breaks_the_pipe(void)
{
    struct mpqueue_options options = {.ignore_epipe = true};
    struct mpqueue *queue = mpqueue_create(&options);
    assert(queue && mpqueue_writer_fd(queue) >= 0);
    mpqueue_close_reader(queue);
    assert(mpqueue_reader_fd(queue) == -1);
    ok(mpqueue_put(queue, text("a")));
    mpqueue_close(queue);
    ok(mpqueue_join_thread(queue)); /* the feeder has met EPIPE, and ended */
    mpqueue_destroy(queue);
}

static void writer_closed_ends_the_file(void)
{
    struct mpqueue *queue = queue_of(0, false, MPQ_CPYTHON_3_11);
    void *object = NULL;
    spawn(puts_a, queue);
    mpqueue_close_writer(queue);
    assert(mpqueue_writer_fd(queue) == -1);
    get_expected(queue, "a");
    assert(mpqueue_get(queue, &object) == MPQ_EOF);
    reap();
    mpqueue_destroy(queue);
}

static void parts_make_a_queue(void)
{
    char rlock[NAME_MAX_SIZE], wlock[NAME_MAX_SIZE], sem[NAME_MAX_SIZE];
    struct mpqueue_options options = {.maxsize = 1};
    struct mpqueue_parts parts = {.rlock = rlock, .wlock = wlock, .sem = sem};
    int ends[2];
    make_semaphore(rlock, "rlock", 1);
    make_semaphore(wlock, "wlock", 1);
    make_semaphore(sem, "sem", 1);
    assert(pipe(ends) == 0);
    parts.reader_fd = ends[0];
    parts.writer_fd = ends[1];
    struct mpqueue *queue = mpqueue_attach(&options, &parts);
    assert(queue && mpqueue_reader_fd(queue) == ends[0] && mpqueue_writer_fd(queue) == ends[1]);
    forget_semaphore(rlock);
    forget_semaphore(wlock);
    forget_semaphore(sem);
    spawn(puts_a, queue);
    get_expected(queue, "a");
    reap();
    mpqueue_destroy(queue);
}

static void statuses_have_texts(void)
{
    assert(strcmp(mpqueue_status_text(MPQ_FULL), "the queue is full") == 0);
    for (int status = MPQ_SYSTEM - 1; status <= MPQ_OK + 1; status++)
        assert(mpqueue_status_text(status));
}

/* ---- profiles ---- */

static void profiles_have_names(void)
{
    for (int i = 0; i < MPQ_PROFILES; i++)
        assert(mpqueue_profile_by_name(mpqueue_profile_name((enum mpqueue_profile)i)) == i);
    assert(mpqueue_profile_by_name("cpython-1.5") == -1);
}

static void close_and_the_reader(void)
{
    for (int i = 0; i < MPQ_PROFILES; i++) {
        struct mpqueue *queue = queue_of(0, false, (enum mpqueue_profile)i);
        mpqueue_close(queue);
        assert((mpqueue_reader_fd(queue) >= 0) == (i == MPQ_CPYTHON_3_11));
        mpqueue_destroy(queue);
    }
}

/* A frame of each way to send, in each version, arrives. */
static void all_versions_carry(void)
{
    static const int sizes[] = {0, 1, 300, 16383, 16384, 16385};
    for (int i = 0; i < MPQ_PROFILES; i++) {
        struct mpqueue *queue = queue_of(0, false, (enum mpqueue_profile)i);
        for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            void *object = NULL;
            ok(mpqueue_put(queue, mpqueue_bytes_create(NULL, (size_t)sizes[k])));
            ok(mpqueue_get(queue, &object));
            assert(((struct mpqueue_bytes *)object)->size == (size_t)sizes[k]);
            free(object);
        }
        mpqueue_destroy(queue);
    }
}

const struct check queue_checks[] = {
    {"queue.full", full_queue},
    {"queue.put-waits-for-a-slot", put_waits_for_a_slot},
    {"queue.put-waits-so-long", put_waits_so_long},
    {"queue.get-nowait-is-empty-or-gets", get_nowait_is_empty_or_gets},
    {"queue.get-waits-so-long", get_waits_so_long},
    {"queue.empty-looks-at-the-pipe", empty_looks_at_the_pipe},
    {"queue.closed-is-told", closed_is_told},
    {"queue.join-thread-flushes", join_thread_flushes},
    {"queue.cancelled-feeder-is-not-awaited", cancelled_feeder_is_not_awaited},
    {"queue.reader-closed-breaks-the-pipe", reader_closed_breaks_the_pipe},
    {"queue.writer-closed-ends-the-file", writer_closed_ends_the_file},
    {"queue.parts-make-a-queue", parts_make_a_queue},
    {"queue.statuses-have-texts", statuses_have_texts},
    {NULL, NULL},
};

const struct check profile_checks[] = {
    {"profile.names", profiles_have_names},
    {"profile.close-and-the-reader", close_and_the_reader},
    {"profile.all-carry", all_versions_carry},
    {NULL, NULL},
};
