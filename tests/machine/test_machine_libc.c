/* SPDX-License-Identifier: MIT */
/* Functions of libc that are program code of the runtime: as natively, and in every interleaving.
 */
#include "machine_box.h"

Test(libc, strings_without_state)
{
    box_same("libc", "strings");
}

Test(libc, sscanf_converts_as_glibc_does)
{
    box_same("libc", "scanning");
}

Test(libc, numbers_with_a_point)
{
    box_same("libc", "reals");
}

Test(libc, sets_of_signals_are_values)
{
    box_same("libc", "sets");
}

Test(libc, err_and_error_end_the_process_with_their_status)
{
    box_same("libc", "messages");
}

Test(libc, stdin_is_at_its_end)
{
    static char log[4096];
    cr_expect_str_eq(box_run("libc", "reading", 0, log, sizeof log), "exit 0");
}

Test(libc, longjmp_goes_back)
{
    box_same("libc", "jumping");
}

Test(libc, cleanups_run_when_a_thread_exits_inside_of_them)
{
    box_same("libc", "cleanups");
}

Test(libc, spin_locks_exclude)
{
    cr_expect_str_eq(box_all("libc", "spinning"), "exit 0");
}

Test(libc, c11_threads_are_threads)
{
    cr_expect_str_eq(box_all("libc", "c11"), "exit 0");
}

Test(libc, a_spin_lock_that_is_kept_is_a_livelock)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("libc", "kept_spinning");
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0);
    cr_expect_eq(result.verdict, AW_VIOLATED);
    cr_expect_eq(result.violated, AW_TERMINATES);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}
