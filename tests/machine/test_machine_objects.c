/* SPDX-License-Identifier: MIT */
/*
 * Objects of synchronisation that are freed, destroyed or initialised while somebody is at them: a
 * data race, also where the reduction would take the operation on the object alone.
 */
#include "machine_box.h"

static enum aw_verdict explore(const char *name, bool reduced, enum aw_property *violated)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("objects", name);
    aw_options_default(&options);
    if (!reduced)
        options.rules = 0;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    enum aw_verdict verdict = result.verdict;
    *violated = result.violated;
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
    return verdict;
}

static void races(const char *name)
{
    for (int reduced = 0; reduced < 2; reduced++) {
        enum aw_property violated;
        cr_expect_eq(explore(name, reduced, &violated), AW_VIOLATED, "%s %d", name, reduced);
        cr_expect_eq(violated, AW_NO_DATA_RACE, "%s %d", name, reduced);
    }
}

static void is_right(const char *name)
{
    for (int reduced = 0; reduced < 2; reduced++) {
        enum aw_property violated;
        cr_expect_eq(explore(name, reduced, &violated), AW_PROVED, "%s %d", name, reduced);
    }
}

Test(objects, a_mutex_is_freed_before_it_is_unlocked)
{
    races("free_before_unlock");
}

Test(objects, a_mutex_is_initialised_before_it_is_unlocked)
{
    races("init_before_unlock");
}

Test(objects, a_mutex_is_initialised_before_it_is_marked_consistent)
{
    races("init_before_consistent");
}

Test(objects, a_semaphore_is_destroyed_before_it_is_posted)
{
    races("destroy_before_post");
}

Test(objects, a_condition_is_destroyed_before_it_is_signalled)
{
    races("destroy_before_signal");
}

Test(objects, a_read_write_lock_is_destroyed_before_it_is_unlocked)
{
    races("destroy_before_read_unlock");
}

Test(objects, a_condition_is_freed_before_it_is_signalled)
{
    races("free_before_signal");
}

Test(objects, a_barrier_is_destroyed_while_somebody_waits)
{
    races("destroy_before_meeting");
}

Test(objects, what_everybody_has_done_with_may_be_freed)
{
    is_right("free_after_signal");
    is_right("free_after_post");
    is_right("destroy_after_meeting");
}
