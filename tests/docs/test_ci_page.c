/* SPDX-License-Identifier: MIT */
/* What docs/ci.md tells CI systems to run does run, and makes the files that it hands on. */
#include <criterion/criterion.h>

#include "shell.h"

TestSuite(ci_page, .init = shell_open, .fini = shell_close, .timeout = 120);

Test(ci_page, its_commands_run_and_make_what_they_hand_on)
{
    if (shell("python3 -c 'import yaml'") != 0)
        cr_skip_test("python3-yaml is missing");
    cr_expect_eq(shell("python3 tests/docs/ci_page.py $AW"), 0, "%s", shell_said);
    cr_expect_str_eq(shell_said, "7 commands\n");
}
