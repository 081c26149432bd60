/* SPDX-License-Identifier: MIT */
/* Read-write locks, barriers and robust mutexes in the machine, against glibc. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(rwlocks, name)                                                                            \
    {                                                                                              \
        box_holds("rwlocks", function);                                                            \
    }

HOLDS(many_read_or_one_writes_and_the_writer_is_told_of_itself, "readers_and_writers")
HOLDS(attributes_of_a_read_write_lock_are_kept, "rwlock_attributes")
HOLDS(timed_forms_look_at_their_time_at_once, "timed_rwlocks")
HOLDS(a_waiting_writer_keeps_no_reader_out, "reader_passes_writer")
HOLDS(a_barrier_for_one_is_always_full, "barrier_edges")
HOLDS(a_barrier_is_used_again_and_one_thread_is_serial, "barrier_rounds")
HOLDS(a_robust_mutex_tells_of_its_dead_owner, "robust")
HOLDS(a_condition_wait_tells_of_a_dead_owner, "wait_for_the_dead")
HOLDS(what_was_held_before_a_fork_is_held_by_nobody_in_the_child, "robust_in_child")

Test(rwlocks, a_reader_that_wants_to_write_waits_for_itself)
{
    box_expect("rwlocks", "upgrade", "deadlock");
}

Test(rwlocks, unlocking_what_nobody_holds_ends_the_check)
{
    box_expect("rwlocks", "unheld",
               "stop: pthread_rwlock_unlock of a lock that nobody holds is undefined in unheld");
}

Test(rwlocks, writers_come_in_both_orders)
{
    box_expect("rwlocks", "two_writers", "exit 5; exit 7");
}

Test(rwlocks, the_serial_thread_of_a_barrier_is_open)
{
    box_expect("rwlocks", "barrier_serial", "exit 0; exit 1");
}

Test(rwlocks, a_barrier_waits_for_all)
{
    box_expect("rwlocks", "barrier_short", "deadlock");
}

Test(rwlocks, waiting_at_no_barrier_ends_the_check)
{
    box_expect("rwlocks", "no_barrier",
               "stop: pthread_barrier_wait on what is no barrier is not modelled in no_barrier");
}

Test(rwlocks, who_dies_with_an_ordinary_mutex_leaves_it_locked)
{
    box_expect("rwlocks", "stalled", "deadlock");
}

Test(rwlocks, all_lockers_but_the_first_are_told_of_a_dead_owner)
{
    box_expect("rwlocks", "chain", "exit 2");
}
