/* SPDX-License-Identifier: MIT */
/*
 * contract.c - what mpqueue.h, mpsync.h and mpsimple.h promise, one check at a time, with real
 * processes. The same checks run natively and, through every interleaving, in the machine: each
 * asserts, and forks what it needs.
 *
 *   contract CHECK       runs it: exit status 0, or an assertion fails
 *   contract GROUP       runs all whose names begin with "GROUP.", one after the other
 *   contract --list      their names
 *   contract --groups    the groups
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpsimple.h"
#include "mpqueue/mpsync.h"

enum { MS = 1000000, LARGE = 20000 };

#define STEP __attribute__((noinline))

/* ---- helpers ---- */

static void ok(int status)
{
    assert(status == MPQ_OK);
}

static struct mpqueue *queue_of(int maxsize, bool joinable, enum mpqueue_profile profile)
{
    struct mpqueue_options options = {.maxsize = maxsize, .joinable = joinable, .profile = profile};
    struct mpqueue *queue = mpqueue_create(&options);
    assert(queue);
    return queue;
}

static void *text(const char *letters)
{
    return mpqueue_bytes_create(letters, strlen(letters));
}

static STEP void expect(void *object, const char *letters)
{
    struct mpqueue_bytes *bytes = object;
    assert(bytes && bytes->size == strlen(letters));
    assert(memcmp(bytes->data, letters, bytes->size) == 0);
    free(bytes);
}

static STEP void get_expected(struct mpqueue *queue, const char *letters)
{
    void *object = NULL;
    ok(mpqueue_get(queue, &object));
    expect(object, letters);
}

static STEP void simple_put_text(struct mpsimple *queue, const char *letters)
{
    void *object = text(letters);
    ok(mpsimple_put(queue, object));
    free(object);
}

static STEP void simple_get_expected(struct mpsimple *queue, const char *letters)
{
    void *object = NULL;
    ok(mpsimple_get(queue, &object));
    expect(object, letters);
}

typedef void child_main(void *argument);

static STEP void spawn(child_main *run, void *argument)
{
    pid_t pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        run(argument);
        exit(0);
    }
}

/* All children have ended, and well. */
static STEP void reap(void)
{
    int status = 0;
    while (wait(&status) > 0 || errno == EINTR)
        assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

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

/* ---- JoinableQueue ---- */

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

/* ---- Condition and Event ---- */

struct turn {
    struct mpcondition *condition;
    struct mpsimple *begun;
};

static void waits_once(void *argument)
{
    struct turn *turn = argument;
    ok(mpcondition_acquire(turn->condition));
    simple_put_text(turn->begun, "w"); /* under the lock: whoever takes it next finds a sleeper */
    ok(mpcondition_wait(turn->condition));
    ok(mpcondition_release(turn->condition));
}

static STEP void await_begun(struct turn *turn)
{
    simple_get_expected(turn->begun, "w");
}

static void notify_all_wakes_all(void)
{
    struct turn turn = {mpcondition_create(), mpsimple_create(NULL)};
    assert(turn.condition && turn.begun);
    spawn(waits_once, &turn);
    spawn(waits_once, &turn);
    await_begun(&turn);
    await_begun(&turn);
    ok(mpcondition_acquire(turn.condition));
    ok(mpcondition_notify_all(turn.condition));
    ok(mpcondition_release(turn.condition));
    reap();
    mpcondition_destroy(turn.condition);
    mpsimple_destroy(turn.begun);
}

static void notify_without_waiters(void)
{
    struct mpcondition *condition = mpcondition_create();
    assert(condition);
    ok(mpcondition_acquire(condition));
    ok(mpcondition_notify_all(condition));
    ok(mpcondition_notify_all(condition));
    ok(mpcondition_release(condition));
    mpcondition_destroy(condition);
}

/* What a time-out leaves in the counters, the next notify takes away. */
static void wait_times_out(void)
{
    struct mpcondition *condition = mpcondition_create();
    assert(condition);
    ok(mpcondition_acquire(condition));
    assert(mpcondition_wait_timed(condition, MS) == MPQ_EMPTY);
    assert(mpcondition_wait_timed(condition, MS) == MPQ_EMPTY);
    ok(mpcondition_notify_all(condition));
    assert(mpcondition_wait_timed(condition, MS) == MPQ_EMPTY);
    ok(mpcondition_release(condition));
    mpcondition_destroy(condition);
}

static void waits_a_while(void *condition)
{
    ok(mpcondition_acquire(condition));
    int status = mpcondition_wait_timed(condition, MS);
    assert(status == MPQ_OK || status == MPQ_EMPTY);
    ok(mpcondition_release(condition));
}

/* The sleeper may be counted by notify_all and time out before it is woken: what was meant for it
 * must not wake the next one. */
static void no_wake_up_is_left_over(void)
{
    struct mpcondition *condition = mpcondition_create();
    assert(condition);
    spawn(waits_a_while, condition);
    ok(mpcondition_acquire(condition));
    ok(mpcondition_notify_all(condition));
    ok(mpcondition_release(condition));
    reap();
    ok(mpcondition_acquire(condition));
    assert(mpcondition_wait_timed(condition, MS) == MPQ_EMPTY);
    ok(mpcondition_release(condition));
    mpcondition_destroy(condition);
}

static void waits_and_comes_and_goes(void *argument)
{
    struct turn *turn = argument;
    ok(mpcondition_acquire(turn->condition));
    simple_put_text(turn->begun, "w");
    ok(mpcondition_wait(turn->condition));
    simple_put_text(turn->begun, "in");
    simple_put_text(turn->begun, "out");
    ok(mpcondition_release(turn->condition));
}

/* Who has woken has the lock again. */
static void the_woken_hold_the_lock(void)
{
    struct turn turn = {mpcondition_create(), mpsimple_create(NULL)};
    assert(turn.condition && turn.begun);
    spawn(waits_and_comes_and_goes, &turn);
    spawn(waits_and_comes_and_goes, &turn);
    await_begun(&turn);
    await_begun(&turn);
    ok(mpcondition_acquire(turn.condition));
    ok(mpcondition_notify_all(turn.condition));
    ok(mpcondition_release(turn.condition));
    for (int i = 0; i < 2; i++) {
        simple_get_expected(turn.begun, "in");
        simple_get_expected(turn.begun, "out");
    }
    reap();
    mpcondition_destroy(turn.condition);
    mpsimple_destroy(turn.begun);
}

static void sets(void *event)
{
    ok(mpevent_set(event));
}

static void event_is_waited_for(void)
{
    struct mpevent *event = mpevent_create();
    bool set = true;
    assert(event);
    ok(mpevent_is_set(event, &set));
    assert(!set);
    spawn(sets, event);
    ok(mpevent_wait(event, &set));
    assert(set);
    ok(mpevent_wait(event, &set)); /* at once, and it stays set */
    assert(set);
    reap();
    mpevent_destroy(event);
}

static void event_is_cleared(void)
{
    struct mpevent *event = mpevent_create();
    bool set = false;
    assert(event);
    ok(mpevent_set(event));
    ok(mpevent_set(event)); /* no counter: once cleared, it is */
    ok(mpevent_is_set(event, &set));
    assert(set);
    ok(mpevent_clear(event));
    ok(mpevent_is_set(event, &set));
    assert(!set);
    ok(mpevent_clear(event));
    ok(mpevent_is_set(event, &set));
    assert(!set);
    mpevent_destroy(event);
}

/* ---- SimpleQueue ---- */

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

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"queue.full", full_queue},
    {"queue.put-waits-for-a-slot", put_waits_for_a_slot},
    {"queue.put-waits-so-long", put_waits_so_long},
    {"tasks.join-waits-for-all", join_waits_for_all_tasks},
    {"tasks.join-without-any-returns", join_without_tasks_returns},
    {"tasks.done-too-often", task_done_too_often},
    {"tasks.everybody-in-join-wakes", everybody_in_join_wakes},
    {"tasks.old-put-counts-too", old_put_counts_too},
    {"condition.notify-all-wakes-all", notify_all_wakes_all},
    {"condition.notify-without-waiters", notify_without_waiters},
    {"condition.wait-times-out", wait_times_out},
    {"condition.no-wake-up-is-left-over", no_wake_up_is_left_over},
    {"condition.the-woken-hold-the-lock", the_woken_hold_the_lock},
    {"event.is-waited-for", event_is_waited_for},
    {"event.is-cleared", event_is_cleared},
    {"simple.keeps-order", simple_keeps_order},
    {"simple.empty-is-true-or-false", simple_empty_is_true_or_false},
    {"simple.put-waits-for-room", simple_put_waits_for_room},
    {"profile.names", profiles_have_names},
    {"profile.close-and-the-reader", close_and_the_reader},
    {"profile.all-carry", all_versions_carry},
};

enum { CHECKS = sizeof checks / sizeof *checks };

static size_t group_length(const char *name)
{
    return strcspn(name, ".");
}

static bool begins_group(int i)
{
    size_t length = group_length(checks[i].name);
    return i == 0 || strncmp(checks[i].name, checks[i - 1].name, length + 1) != 0;
}

static bool is_asked_for(const char *what, const char *name)
{
    size_t length = group_length(name);
    return strcmp(what, name) == 0 || (strlen(what) == length && strncmp(what, name, length) == 0);
}

static int list(bool groups)
{
    for (int i = 0; i < CHECKS; i++)
        if (!groups)
            printf("%s\n", checks[i].name);
        else if (begins_group(i))
            printf("%.*s\n", (int)group_length(checks[i].name), checks[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    int ran = 0;
    signal(SIGPIPE, SIG_IGN);
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "--list") == 0 || strcmp(argv[1], "--groups") == 0)
        return list(strcmp(argv[1], "--groups") == 0);
    for (int i = 0; i < CHECKS; i++)
        if (is_asked_for(argv[1], checks[i].name)) {
            checks[i].run();
            ran++;
        }
    return ran > 0 ? 0 : 2;
}
