/* SPDX-License-Identifier: MIT */
/*
 * test_tracking.c - memory that threads hand over (machine/access_track.c): what is ordered is no operation,
 * what is not is a data race, with and without the reduction, and whether or not it is tracked first.
 */
#include "machine_box.h"

static struct aw_result search(const char *name, bool tracking, unsigned rules)
{
    struct aw_options options;
    aw_options_default(&options);
    options.tracking = tracking;
    options.rules = rules;
    return box_search("tracking", name, options);
}

/* Race-free: proved with fewer states, or as many. */
static void is_ordered(const char *name)
{
    for (int reduced = 0; reduced < 2; reduced++) {
        unsigned rules = reduced ? AW_ALL_RULES : 0;
        struct aw_result with = search(name, true, rules), without = search(name, false, rules);
        cr_expect_eq(with.verdict, AW_PROVED, "%s: %s", name, with.message);
        cr_expect_eq(without.verdict, AW_PROVED, "%s: %s", name, without.message);
        cr_expect(with.states < without.states, "%s: %llu states, without %llu", name,
                  (unsigned long long)with.states, (unsigned long long)without.states);
        aw_result_deinit(&with);
        aw_result_deinit(&without);
    }
}

static void races(const char *name)
{
    for (int way = 0; way < 4; way++) {
        struct aw_result result = search(name, way % 2, way < 2 ? AW_ALL_RULES : 0);
        cr_expect_eq(result.verdict, AW_VIOLATED, "%s", name);
        cr_expect_eq(result.violated, AW_NO_DATA_RACE, "%s", name);
        aw_result_deinit(&result);
    }
}

Test(tracking, semaphores_hand_over)
{
    is_ordered("buffer");
    cr_expect_str_eq(box_all("tracking", "buffer"), "exit 3");
    races("looks_back");
}

Test(tracking, what_is_behind_an_unlock_is_not_protected)
{
    races("behind");
}

/* The thread that is raced against has nothing to do with the one in between. */
Test(tracking, a_third_thread_orders_what_was_before_only)
{
    races("through_a_third");
}

Test(tracking, a_queue_under_a_mutex_hands_over)
{
    is_ordered("queue");
    cr_expect_str_eq(box_all("tracking", "queue"), "exit 2");
    races("queue_again");
}

Test(tracking, atomics_publish)
{
    is_ordered("published");
    cr_expect_str_eq(box_all("tracking", "published"), "exit 0");
    races("unpublished");
}

Test(tracking, barriers_separate_phases)
{
    is_ordered("phases");
    cr_expect_str_eq(box_all("tracking", "phases"), "exit 21");
}

Test(tracking, read_write_locks)
{
    is_ordered("readers");
    cr_expect_str_eq(box_all("tracking", "readers"), "exit 1; exit 2");
    races("reader_writes");
}

Test(tracking, a_write_that_sleeps_goes_on_reading)
{
    races("sleeping_write");
}

Test(tracking, pipes_hand_over)
{
    is_ordered("through_pipe");
    cr_expect_str_eq(box_all("tracking", "through_pipe"), "exit 6");
    races("before_data");
}
