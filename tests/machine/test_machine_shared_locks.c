/* SPDX-License-Identifier: MIT */
/* Conditions, read-write locks and barriers in shared mappings, against Linux. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(shared_locks, name)                                                                       \
    {                                                                                              \
        box_holds("shared_locks", function);                                                       \
    }

HOLDS(a_signal_wakes_a_process, "signalled")
HOLDS(a_broadcast_wakes_all_processes, "broadcast")
HOLDS(the_dead_are_not_woken, "killed_asleep")
HOLDS(waits_time_out, "times_out")
HOLDS(threads_of_a_process_may_wait_there, "among_threads")
HOLDS(locks_know_readers_and_writers_of_all_processes, "locks")
HOLDS(a_killed_writer_holds_its_lock_for_ever, "writer_killed")
HOLDS(readers_see_all_or_nothing_of_a_writer, "readers_and_writer")
HOLDS(a_barrier_is_passed_together, "barrier")

Test(shared_locks, one_signal_for_two_leaves_one_asleep)
{
    box_expect("shared_locks", "one_of_two", "deadlock; exit 0");
}

Test(shared_locks, a_signal_that_nobody_awaits_is_lost)
{
    box_expect("shared_locks", "lost", "deadlock; exit 0");
}

Test(shared_locks, any_process_may_be_the_serial_one)
{
    box_expect("shared_locks", "serial_one", "exit 0; exit 1");
}

Test(shared_locks, one_that_was_killed_has_come_to_the_barrier_or_not)
{
    box_expect("shared_locks", "killed_at_a_barrier", "deadlock; exit 0");
}

/* With siblings that are interchangeable: which of them was woken is found again. */
Test(shared_locks, a_schedule_says_which_of_two_equal_processes_is_woken)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("shared_locks", "one_of_two");
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    cr_expect_eq(result.verdict, AW_VIOLATED);
    cr_expect_gt(result.schedule.count, 20);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

Test(shared_locks, a_time_out_is_by_the_clock_of_the_condition)
{
    aw_machine_settings_default(&box_settings);
    box_settings.time = AW_TIME_VIRTUAL;
    box_expect("shared_locks", "monotonic", "exit 0");
}

static void stops(const char *function, const char *text)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("shared_locks", function);
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE);
    cr_expect_not_null(strstr(result.message, text), "%s: %s", function, result.message);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

Test(shared_locks, what_is_private_ends_the_check)
{
    const char *text = "an object in a shared mapping that is not PTHREAD_PROCESS_SHARED is not "
                       "modelled";
    stops("a_private_condition", text);
    stops("a_private_lock", text);
    stops("a_private_barrier", text);
    stops("a_private_mutex", "a wait with a condition and a mutex of which only one is in a shared "
                             "mapping is not modelled");
    stops("nobodys_lock", "pthread_rwlock_unlock of a lock that nobody holds is undefined");
}
