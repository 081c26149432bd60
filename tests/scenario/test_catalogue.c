/* SPDX-License-Identifier: MIT */
/*
 * scenarios/ as a whole: small enough to be run as a matter of course, and without gaps where a
 * folder promises to have everything.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"

TestSuite(catalogue, .init = shell_open, .fini = shell_close, .timeout = 120);

enum { CASES_MAX = 600 };

/* The command prints the lines that are wrong. */
static void nothing_is_wrong(const char *command)
{
    cr_expect_eq(shell("%s", command), 0, "%s", shell_said);
    cr_expect_str_empty(shell_said);
}

Test(catalogue, has_at_most_600_cases)
{
    cr_assert_eq(shell("$AW validate scenarios"), 0, "%s", shell_said);
    const char *files = strstr(shell_said, " files, ");
    cr_assert_not_null(files, "%s", shell_said);
    long cases = strtol(files + strlen(" files, "), NULL, 10);
    cr_expect_gt(cases, 300);
    cr_expect_leq(cases, CASES_MAX, "%ld", cases);
}

Test(catalogue, every_protocol_of_the_pool_has_a_folder_and_is_swept)
{
    nothing_is_wrong(
        "build/native/pool --help | sed -n '/^protocols:/,/^$/s/^  \\([a-z-]*\\) .*/\\1/p' "
        ">$T/protocols; ls -d scenarios/protocols/*/ | xargs -n 1 basename | sort >$T/a; "
        "sort $T/protocols | diff - $T/a");
    nothing_is_wrong("while read p; do grep -qs '^sweep:' scenarios/protocols/$p/*.yaml "
                     "|| echo $p; done <$T/protocols");
    cr_expect_eq(shell("wc -l <$T/protocols"), 0);
    cr_expect_str_eq(shell_said, "17\n");
}

/* Every number of items with every number of workers. */
Test(catalogue, the_articles_protocols_are_decided_for_all_small_numbers)
{
    static const char *const names[] = {"nonblocking-empty-matrix", "sentinel-per-worker-matrix"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(shell("$AW run --trace-dir $T --format tap scenarios/article/%s.yaml >$T/tap",
                           names[i]),
                     0, "%s", shell_said);
        nothing_is_wrong("for i in 1 2 3 4 5 6 7 8; do for w in 1 2 3 4; do "
                         "grep -q '^ok .*\\[items='$i',workers='$w'\\]' $T/tap || echo $i $w; "
                         "done; done");
        cr_expect_eq(shell("grep -c '^ok' $T/tap"), 0);
        cr_expect_str_eq(shell_said, "32\n", "%s: %s", names[i], shell_said);
    }
}

Test(catalogue, regressions_say_where_the_failure_was_reported)
{
    nothing_is_wrong(
        "grep -L -E '^  [A-Za-z-]+ (#|PR )[0-9]' scenarios/regressions/*.yaml || true");
    static const char *const reports[] = {
        "#87302", "#67770", "#73168", "#74780", "#76563", "#87971",  "#88304",   "#73, #77, #83",
        "#1621",  "#78321", "#85927", "#73983", "#75069", "PR 1683", "PR 31913", "#91185",
        "#94777", "#66587", "#73945", "#78178", "#96995", "#75158",  "#123899",  "#101"};
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        cr_expect_eq(shell("grep -q -F '%s' scenarios/regressions/*.yaml", reports[i]), 0, "%s",
                     reports[i]);
}

/* One version fails, and the next one does not, or the other way round. */
Test(catalogue, every_difference_of_profiles_is_between_two_versions_that_follow_each_other)
{
    nothing_is_wrong(
        "for f in scenarios/profiles/*.yaml; do "
        "grep -q -E '^  profile: \\[(cpython-2.6, cpython-2.7|cpython-2.7, cpython-3.7|"
        "cpython-3.7, cpython-3.11)\\]$' $f && "
        "test $(grep -c 'verdict: proved' $f) -eq 1 && "
        "test $(grep -c 'verdict: violated' $f) -eq 1 || echo $f; done");
    for (int i = 0; i < 3; i++)
        cr_expect_eq(shell("grep -q '%s' scenarios/profiles/*.yaml",
                           ((const char *const[]){"2.6, cpython-2.7", "2.7, cpython-3.7",
                                                  "3.7, cpython-3.11"})[i]),
                     0);
}
