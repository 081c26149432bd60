/* SPDX-License-Identifier: MIT */
/*
 * Processes in the machine: fork, wait, exit, kill, SIGPIPE. Where a case holds, it holds natively
 * as well.
 */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(processes, name)                                                                          \
    {                                                                                              \
        box_holds("processes", function);                                                          \
    }

HOLDS(fork_copies_memory, "memory")
HOLDS(fork_copies_descriptors, "descriptors")
HOLDS(only_the_forking_thread_lives_in_the_child, "only_the_forker")
HOLDS(any_thread_may_fork_and_is_the_last_one_in_the_child, "any_thread")
HOLDS(wait_tells_exit_status_and_signal, "statuses")
HOLDS(waitpid_waits_for_the_one_that_is_named, "one_by_name")
HOLDS(waitpid_with_wnohang_answers_0_while_the_child_lives, "without_waiting")
HOLDS(only_children_can_be_waited_for, "strangers")
HOLDS(exit_handlers_run_in_reverse_order_and_in_children_too, "handlers")
HOLDS(exit_within_an_exit_handler_goes_on_with_the_rest, "exit_in_handler")
HOLDS(kill_with_0_finds_the_living_and_zombies, "kill_zero")
HOLDS(a_zombie_goes_with_its_parent, "zombie_orphan")
HOLDS(what_a_killed_process_held_open_is_closed, "kill_closes")
HOLDS(pids_are_what_fork_said_and_are_not_used_again_at_once, "pids")

Test(processes, wait_may_find_either_child_first)
{
    box_expect("processes", "either", "exit 1; exit 2");
}

Test(processes, an_orphan_has_init_for_its_parent_and_is_not_waited_for)
{
    box_expect("processes", "orphan", "exit 1; exit 2");
}

Test(processes, a_process_may_end_before_its_children)
{
    box_expect("processes", "root_leaves_children", "exit 0");
}

Test(processes, a_signal_to_oneself_is_a_crash)
{
    box_expect("processes", "killed_by_itself",
               "crash: killed by a signal that it sent to itself in killed_by_itself; signal 15");
}

Test(processes, a_process_may_be_killed_by_another)
{
    box_expect("processes", "killed_by_child", "signal 9");
}

static bool assumes_kills_at_once(const char *name)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("processes", name);
    bool found = false;
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    for (unsigned i = 0; i < result.assumption_count; i++)
        found |= strstr(result.assumptions[i], "has ended when kill returns") != NULL;
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
    return found;
}

Test(processes, that_a_kill_is_over_at_once_is_an_assumption)
{
    cr_expect(assumes_kills_at_once("kill_closes"));
    cr_expect(!assumes_kills_at_once("kill_zero"), "nobody is killed");
    cr_expect(!assumes_kills_at_once("killed_by_itself"));
}

Test(processes, init_cannot_be_killed)
{
    box_expect("processes", "init_is_not_ours", "exit 1");
}

Test(processes, sigpipe_kills_unless_it_is_ignored)
{
    box_expect("processes", "sigpipe",
               "crash: killed by SIGPIPE: a write to a pipe that nobody reads in sigpipe; exit 0");
}

Test(processes, sigpipe_also_meets_a_write_that_was_blocked)
{
    box_expect("processes", "sigpipe_later",
               "crash: killed by SIGPIPE: a write to a pipe that nobody reads in sigpipe_later; "
               "exit 0");
}

Test(processes, ignoring_sigchld_is_a_stop)
{
    box_expect("processes", "sigchld_ignored",
               "stop: signal: SIG_IGN for SIGCHLD is not modelled (children would vanish without "
               "being waited for) in sigchld_ignored");
    box_expect("processes", "sigchld_nowait",
               "stop: sigaction with SA_NOCLDWAIT is not modelled in sigchld_nowait");
}

Test(processes, ignored_signals_are_ignored_by_children_too_sigkill_never)
{
    box_expect("processes", "ignored_signals",
               "crash: killed by a signal that it sent to itself in ignored_signals; exit 0");
}

/* One execution is enough: the main thread first, as long as it can. */
static void stops(const char *name, const char *expected)
{
    static char log[8192];
    const char *end = box_run("processes", name, 0, log, sizeof log);
    cr_expect(strncmp(end, expected, strlen(expected)) == 0, "%s: %s", name, end);
}

Test(limits, more_of_anything_than_there_is_room_for_is_a_stop)
{
    stops("many_processes", "stop: limit 3");
    stops("many_threads", "stop: a thread has more than the threads of its own");
    stops("nested_threads", "stop: a thread has more than the threads of its own");
    stops("many_names", "stop: limit 3");
}

Test(limits, a_heap_that_is_full_at_sem_open_is_a_stop)
{
    aw_machine_settings_default(&box_settings);
    box_settings.heap_bytes = 8192;
    stops("full_heap_at_sem_open", "stop: the heap of a thread is full");
}

/* The first two siblings are alike to the program, the third is not. */
Test(processes, a_comparison_that_one_sibling_only_passes_tells_siblings_apart)
{
    box_expect("processes", "first_is_the_last", "exit 0; exit 1");
}

Test(processes, a_wait_for_one_child_tells_siblings_apart_while_it_is_blocked)
{
    box_expect("processes", "kept_name", "deadlock; exit 0");
    box_expect("processes", "known_name", "deadlock; exit 0");
}

Test(processes, a_pid_that_is_kept_tells_siblings_apart_where_it_is_compared)
{
    box_expect("processes", "kept_and_compared", "exit 0; exit 1");
    box_expect("processes", "kept_later", "exit 0; exit 1");
}

Test(processes, the_pid_of_a_grandchild_tells_its_parent_from_the_siblings)
{
    box_expect("processes", "grandchild_made", "exit 0; exit 1");
    box_expect("processes", "grandchild_waited_for", "exit 0; exit 1");
}

/* Is the graph with symmetry the one without it? No walks: they would find out first. */
static bool without_siblings(const char *name)
{
    struct aw_machine *machine = box_machine("processes", name);
    struct aw_options options;
    struct aw_result with, without;
    struct aw_error error;
    aw_options_default(&options);
    options.plant = AW_PLANT_NO_WALKS;
    options.rules = 0;
    options.whole_graph = true;
    options.minimal = false;
    cr_assert_eq(aw_explore(machine, &options, &with, &error), 0);
    options.symmetry = false;
    cr_assert_eq(aw_explore(machine, &options, &without, &error), 0);
    cr_assert_eq(with.verdict, without.verdict);
    bool same = with.states == without.states;
    aw_result_deinit(&with);
    aw_result_deinit(&without);
    aw_machine_destroy(machine);
    return same;
}

Test(processes, a_name_that_is_used_or_compared_tells_siblings_apart_a_kept_one_does_not)
{
    cr_assert(without_siblings("kept_name"));
    cr_assert(without_siblings("known_name"));
    cr_assert(without_siblings("kept_and_compared"));
    cr_assert(without_siblings("kept_later"));
    cr_assert_not(without_siblings("kept_for_nothing"));
}
