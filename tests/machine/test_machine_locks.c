/* SPDX-License-Identifier: MIT */
/* Mutexes, condition variables and semaphores in the machine. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(locks, name)                                                                              \
    {                                                                                              \
        box_holds("locks", function);                                                              \
    }

HOLDS(a_normal_mutex_is_unlocked_by_anybody_and_not_destroyed_while_locked, "normal")
HOLDS(a_recursive_mutex_counts_and_belongs_to_its_thread, "recursive")
HOLDS(an_errorcheck_mutex_tells_its_mistakes, "errorcheck")
HOLDS(an_adaptive_mutex_is_a_normal_one, "adaptive")
HOLDS(a_timed_lock_looks_at_the_time_only_when_it_must_wait, "timed_lock")
HOLDS(a_mutex_held_at_fork_is_as_it_was_in_the_child, "held_in_child")
HOLDS(broadcast_wakes_all, "broadcast")
HOLDS(a_timed_wait_checks_its_time_and_its_mutex, "timed_wait_edges")
HOLDS(unnamed_semaphores_count_from_0_to_the_maximum, "unnamed")
HOLDS(named_semaphores_are_shared_by_name_until_unlinked, "named")

Test(locks, a_normal_mutex_locked_twice_is_a_deadlock)
{
    box_expect("locks", "self_deadlock", "deadlock");
}

Test(locks, a_timed_lock_may_get_the_mutex_or_expire)
{
    box_expect("locks", "timed_lock_either", "exit 0; exit 1");
}

Test(locks, signal_wakes_one_and_each_waiter_is_explored)
{
    box_expect("locks", "signal_one", "exit 1; exit 2");
    box_expect("locks", "one_stays_asleep", "deadlock");
}

Test(locks, a_signal_that_nobody_awaits_is_lost)
{
    box_expect("locks", "lost_signal", "deadlock; exit 0");
}

Test(locks, a_timed_wait_is_woken_or_expires_and_holds_the_mutex_again)
{
    box_expect("locks", "timed_wait", "exit 0; exit 1; exit 2");
}

Test(locks, a_timed_wait_for_a_named_semaphore_may_expire)
{
    box_expect("locks", "named_times_out", "exit 0; exit 1");
}

Test(locks, a_named_semaphore_has_one_address_in_a_process)
{
    cr_skip_test("each sem_open gives a sem_t of its own; two of them name the same semaphore");
    box_holds("locks", "same_address");
}
