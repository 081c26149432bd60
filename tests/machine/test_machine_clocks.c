/* SPDX-License-Identifier: MIT */
/* Time in the machine: arbitrary, where anything may take any time, and virtual. */
#include "machine_box.h"

static void virtual_time(void)
{
    aw_machine_settings_default(&box_settings);
    box_settings.time = AW_TIME_VIRTUAL;
}

Test(arbitrary_time, clocks_never_go_back)
{
    box_holds("clocks", "monotone");
}

Test(arbitrary_time, a_clock_may_have_moved_or_not)
{
    box_expect("clocks", "moves", "exit 0; exit 1");
}

Test(arbitrary_time, a_sleep_has_lasted_when_it_is_over)
{
    box_holds("clocks", "sleeps");
}

Test(arbitrary_time, a_delay_is_somebody_else_going_first)
{
    box_expect("clocks", "sleepers", "exit 1; exit 2");
}

Test(arbitrary_time, a_time_limit_may_expire_before_a_shorter_delay_is_over)
{
    box_expect("clocks", "patient", "exit 0; exit 1");
}

Test(arbitrary_time, times_that_are_none_are_told)
{
    box_same("clocks", "wrong");
}

Test(virtual_time, sleepers_wake_in_the_order_of_their_times, .init = virtual_time)
{
    box_expect("clocks", "sleepers", "exit 2");
    box_expect("clocks", "equal_sleepers", "exit 1; exit 2");
}

Test(virtual_time, a_clock_moves_only_when_nobody_can_run, .init = virtual_time)
{
    box_expect("clocks", "moves", "exit 0");
    box_expect("clocks", "sleeps", "exit 0");
    box_expect("clocks", "timed_semaphore", "exit 0");
}

Test(virtual_time, a_limit_and_a_delay_are_compared, .init = virtual_time)
{
    box_expect("clocks", "patient", "exit 1");
    box_expect("clocks", "impatient", "exit 0");
}

Test(virtual_time, the_longest_sleep_is_not_over_at_once, .init = virtual_time)
{
    box_expect("clocks", "for_ever", "deadlock");
}
