/* SPDX-License-Identifier: MIT */
/* Threads in the machine, and what belongs to one of them. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(threads, name)                                                                            \
    {                                                                                              \
        box_holds("threads", function);                                                            \
    }

HOLDS(join_gives_the_result_of_return_and_of_pthread_exit, "results")
HOLDS(a_thread_that_joins_itself_is_told, "self")
HOLDS(a_detached_thread_cannot_be_joined, "detached")
HOLDS(each_thread_has_its_own_errno_and_storage_and_fork_copies_the_callers, "locals")
HOLDS(once_runs_once_and_everybody_waits_for_it, "once")
HOLDS(keys_are_per_thread_and_destructors_run_again_for_values_set_again, "keys")
HOLDS(atfork_handlers_run_in_the_order_of_posix, "at_fork")
HOLDS(a_thread_may_be_joined_by_another_than_its_creator, "nested")
HOLDS(what_a_thread_allocated_outlives_it, "inherited_block")

Test(threads, a_joined_thread_is_unknown)
{
    box_expect("threads", "gone", "exit 0");
}

Test(threads, of_two_that_join_each_other_one_is_told)
{
    box_expect("threads", "each_other", "exit 1; exit 2");
}

Test(threads, the_last_thread_ends_the_process_with_exit_0_and_its_handlers)
{
    box_expect("threads", "main_leaves", "exit 7");
    box_holds("threads", "last_of_one");
}

Test(threads, main_may_leave_and_be_joined)
{
    box_expect("threads", "main_joined", "exit 4");
}

Test(threads, exit_and_return_from_main_end_all_threads)
{
    box_expect("threads", "exit_ends_all", "exit 5");
    box_expect("threads", "return_ends_all", "exit 6");
}

Test(threads, a_descriptor_that_another_thread_opens_may_be_there_in_time)
{
    box_expect("threads", "late_descriptor", "exit 1; exit 2");
}

static uint64_t states_of(const char *name)
{
    struct aw_machine *machine = box_machine("threads", name);
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    aw_options_default(&options);
    options.rules = 0;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0);
    cr_assert_eq(result.verdict, AW_PROVED);
    uint64_t states = result.states;
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
    return states;
}

Test(threads, what_is_over_tells_no_states_apart_after_exit)
{
    cr_assert_eq(states_of("rubbish"), states_of("no_rubbish"));
}

Test(threads, the_host_leaves_nothing_on_the_stack_of_a_program)
{
    box_expect("threads", "strangers", "exit 0");
}
