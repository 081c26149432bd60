/* SPDX-License-Identifier: MIT */
/* contract_sync.c - Condition and Event. */
#include "contract/contract.h"

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

static void sets_and_notifies(void *condition)
{
    ok(mpcondition_acquire(condition));
    ok(mpcondition_notify_all(condition));
    ok(mpcondition_release(condition));
}

static void parts_make_a_condition(void)
{
    char lock[NAME_MAX_SIZE], sleeping[NAME_MAX_SIZE], woken[NAME_MAX_SIZE], wait[NAME_MAX_SIZE];
    make_semaphore(lock, "lock", 1);
    make_semaphore(sleeping, "sleeping", 0);
    make_semaphore(woken, "woken", 0);
    make_semaphore(wait, "wait", 0);
    struct mpcondition *condition = mpcondition_attach(lock, sleeping, woken, wait);
    assert(condition);
    forget_semaphore(lock);
    forget_semaphore(sleeping);
    forget_semaphore(woken);
    forget_semaphore(wait);
    ok(mpcondition_acquire(condition));
    spawn(sets_and_notifies, condition); /* waits for the lock until this one sleeps */
    ok(mpcondition_wait(condition));
    ok(mpcondition_release(condition));
    reap();
    mpcondition_destroy(condition);
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

const struct check condition_checks[] = {
    {"condition.notify-all-wakes-all", notify_all_wakes_all},
    {"condition.notify-without-waiters", notify_without_waiters},
    {"condition.wait-times-out", wait_times_out},
    {"condition.no-wake-up-is-left-over", no_wake_up_is_left_over},
    {"condition.the-woken-hold-the-lock", the_woken_hold_the_lock},
    {"condition.parts-make-a-condition", parts_make_a_condition},
    {NULL, NULL},
};

const struct check event_checks[] = {
    {"event.is-waited-for", event_is_waited_for},
    {"event.is-cleared", event_is_cleared},
    {NULL, NULL},
};
