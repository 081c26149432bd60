/* SPDX-License-Identifier: MIT */
/*
 * Every format of reports over the same cases, tests/golden/reports/: as expected and not, bounded,
 * undecided, and one that cannot be run. What is written is in tests/golden/reports.FORMAT, and
 * `make golden` writes it anew; golden.sed takes out what no two runs have in common.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"

TestSuite(golden, .init = shell_open, .fini = shell_close, .timeout = 120);

#define CASES                                                                                      \
    "--no-canary --jobs 1 --trace-dir build/golden/reports --format github=$T/github "             \
    "--format json=$T/json --format junit=$T/junit --format sarif=$T/sarif --format tap=$T/tap "   \
    "--format tty=$T/tty tests/golden/reports"

Test(golden, reports_are_what_the_golden_files_say)
{
    static const char *const formats[] = {"github",  "json", "junit", "sarif",
                                          "summary", "tap",  "tty"};
    cr_expect_eq(shell("export GITHUB_STEP_SUMMARY=$T/summary; $AW run " CASES), 2, "%s",
                 shell_said);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        cr_expect_eq(shell("sed -E -f tests/report/golden.sed $T/%s >$T/masked", formats[i]), 0,
                     "%s", shell_said);
        if (getenv("AW_GOLDEN") != NULL)
            shell("cp $T/masked tests/golden/reports.%s", formats[i]);
        cr_expect_eq(shell("diff tests/golden/reports.%s $T/masked", formats[i]), 0,
                     "%s (`make golden` writes it anew):\n%s", formats[i], shell_said);
    }
}
