/* SPDX-License-Identifier: MIT */
/* Text in and out of programs: what a case prints is compared with what it prints natively. */
#include "machine_box.h"

static char *const environment[] = {"NAME=value", NULL};

Test(text, printed_and_written_output_is_the_log_in_order)
{
    static char log[65536], native[65536];
    cr_expect_str_eq(box_run("text", "output", 0, log, sizeof log), "exit 0");
    box_native("text", "output", native, sizeof native);
    cr_expect_str_eq(log, native);
}

Test(text, constructors_run_before_main_in_order_of_priority)
{
    box_same("text", "constructors");
}

Test(text, destructors_run_after_the_handlers_of_exit_and_not_at_all_after_underscore_exit)
{
    box_same("text", "destructors");
    box_same("text", "no_destructors");
}

Test(text, the_environment_is_the_scenarios)
{
    box_env = environment;
    box_same("text", "environment");
}

Test(text, getopt_long_permutes_and_abbreviates)
{
    box_same("text", "options");
}

Test(text, numbers_characters_and_sorting)
{
    box_same("text", "numbers");
}
