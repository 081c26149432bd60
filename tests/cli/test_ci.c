/* SPDX-License-Identifier: MIT */
/*
 * What a CI system relies on: the canary, shards, budgets, the cache, running failed cases again,
 * interrupts, and disks that are full.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"

#define ARTICLE(protocol, items, workers)                                                          \
    "program: build/models/article.so\nargs: --items " items " --workers " workers                 \
    " --size 4 --protocol " protocol " --numbered\nproperties: [drained, no-crash]\n"

/* One that is proved, one whose violation is expected, a matrix of eight; and, apart, one that is
 * not as expected. */
static void open_scenarios(void)
{
    shell_open();
    cr_assert_eq(shell("mkdir $T/s"), 0);
    shell_write("s/good.yaml", "name: good\nabout: a test\nexpect: {verdict: proved}\n" ARTICLE(
                                   "sentinel-per-worker", "1", "1"));
    shell_write(
        "s/bad.yaml",
        "name: bad\nabout: a test\nexpect: {verdict: violated, property: drained}\n" ARTICLE(
            "nonblocking-empty", "1", "1"));
    shell_write(
        "s/many.yaml",
        "name: many\nabout: a test\nmatrix: {items: [1, 2, 3, 4], workers: [1, 2]}\n"
        "expect: {verdict: proved}\n" ARTICLE("sentinel-per-worker", "${items}", "${workers}"));
    shell_write("wrong.yaml", "name: wrong\nabout: a test\nexpect: {verdict: proved}\n" ARTICLE(
                                  "nonblocking-empty", "1", "1"));
}

TestSuite(ci, .init = open_scenarios, .fini = shell_close, .timeout = 120);

#define RUN "$AW run --trace-dir $T/traces "

static void expect(int status, int wanted, const char *words)
{
    cr_expect_eq(status, wanted, "status %d, expected %d:\n%s", status, wanted, shell_said);
    cr_expect(strstr(shell_said, words) != NULL, "no \"%s\" in:\n%s", words, shell_said);
}

static void expect_not(const char *words)
{
    cr_expect(strstr(shell_said, words) == NULL, "\"%s\" in:\n%s", words, shell_said);
}

/* --- The canary ------------------------------------------------------------------------------- */

Test(ci, a_canary_that_is_not_caught_fails_the_run)
{
    expect(shell(RUN "$T/s"), 0, "10 cases: 10 as expected");
    expect_not("canary");
    setenv("ALLWAYS_CANARY", "build/models/classics/lost_wakeup.so",
           1); /* nothing is wrong there */
    expect(shell(RUN "$T/s"), 2, "THE CANARY WAS NOT CAUGHT");
    expect(shell(RUN "--format tap $T/s"), 2, "not ok 11 - canary");
    expect(shell(RUN "--no-canary $T/s"), 0, "10 cases: 10 as expected");
    expect(shell(RUN "$T/s/good.yaml"), 0, "1 case: 1 as expected");
    setenv("ALLWAYS_CANARY", "/nowhere/canary.so", 1);
    expect(shell(RUN "$T/s"), 2, "/nowhere/canary.so is not there");
}

Test(ci, the_canary_is_wrong_and_its_repair_is_right)
{
    expect(shell("$AW check --trace-dir $T --property drained build/canary.so"), 1,
           "violated drained");
    expect(shell("$AW check --trace-dir $T --property drained build/canary.so -- right"), 0,
           "proved");
    expect(shell(RUN "--states 20 $T/s"), 3,
           "10 cases"); /* limits of the run are not the canary's */
    expect_not("CANARY");
    expect(shell(RUN "--no-reduction --no-symmetry $T/s"), 0, "10 as expected");
}

/* --- Which cases ------------------------------------------------------------------------------ */

Test(ci, shards_are_disjoint_and_together_everything)
{
    expect(shell("for n in 1 2 3 7 10 13; do rm -f $T/names; i=1; while [ $i -le $n ]; do "
                 "$AW run --trace-dir $T/traces --no-canary --shard $i/$n --format tap $T/s | "
                 "sed -n 's/^ok [0-9]* - \\(.*\\): .*/\\1/p' >>$T/names; i=$((i + 1)); done; "
                 "[ $(wc -l <$T/names) = 10 ] && [ $(sort -u $T/names | wc -l) = 10 ] || echo $n; "
                 "done"),
           0, "");
    cr_expect_str_eq(shell_said, "");
    expect(shell(RUN "--shard 3/2 $T/s"), 2, "--shard: expected I/N");
    expect(shell(RUN "--shard 0/2 $T/s"), 2, "--shard: expected I/N");
    expect(shell(RUN "--shard 1 $T/s"), 2, "--shard: expected I/N");
}

Test(ci, rerun_failed_leaves_out_what_was_as_expected)
{
    expect(shell(RUN "--rerun-failed $T/s $T/wrong.yaml"), 1, "11 cases: 10 as expected, 1 not");
    expect(shell(RUN "--rerun-failed $T/s $T/wrong.yaml"), 1, "1 case: 0 as expected, 1 not");
    cr_expect(strstr(shell_said, "10 cases not run again") != NULL, "%s", shell_said);
    shell_write("s/new.yaml", "name: new\nabout: a test\nexpect: {verdict: proved}\n" ARTICLE(
                                  "sentinel-per-worker", "1", "1"));
    expect(shell(RUN "--rerun-failed $T/s $T/wrong.yaml"), 1, "2 cases: 1 as expected, 1 not");
    expect(shell(RUN "--rerun-failed $T/s"), 0, "0 cases");
    expect(shell("echo '{' >$T/traces/.last-run.json; " RUN "--rerun-failed $T/s"), 0, "11 cases");
    /* Names are not enough: what has changed since is run. */
    expect(shell(RUN "--rerun-failed $T/s"), 0, "0 cases");
    expect(shell("echo '# remark' >>$T/s/many.yaml; " RUN "--rerun-failed $T/s"), 0, "8 cases");
    expect(shell(RUN "--rerun-failed --no-symmetry $T/s"), 0, "11 cases");
    expect(shell("cp build/models/article.so $T/article.so; sed -i "
                 "s@build/models/article.so@$T/article.so@ $T/s/good.yaml; " RUN "$T/s/good.yaml"),
           0, "1 case: 1 as expected");
    expect(shell(RUN "--rerun-failed $T/s/good.yaml"), 0, "0 cases");
    expect(shell("printf x >>$T/article.so; " RUN "--rerun-failed $T/s/good.yaml"), 0, "1 case");
}

Test(ci, a_time_budget_is_shared_and_what_it_cuts_is_inconclusive)
{
    shell_write("s/a.yaml", "name: large\nabout: a test\nexpect: {verdict: proved}\n" ARTICLE(
                                "sentinel-per-worker", "32", "8"));
    expect(shell(RUN
                 "--jobs 1 --no-reduction --no-symmetry --time-budget 0.2 --no-canary $T/s/a.yaml "
                 "$T/s/good.yaml"),
           3, "its share of the time budget, 0.10 s, was used up");
    expect(shell(RUN "--jobs 1 --time-budget 0.000001 --no-canary --format json $T/s"), 3,
           "not run: the time budget of 1e-06 s was used up");
    cr_expect(strstr(shell_said, "\"verdict\": \"inconclusive\"") != NULL);
    expect(shell(RUN "--time-budget 100 --no-canary $T/s"), 0, "11 as expected");
    expect(shell(RUN "--time-budget no $T/s"), 2, "--time-budget: expected a number of seconds");
}

Test(ci, allowed_verdicts_do_not_change_the_exit_status)
{
    shell_write("vacuous.yaml",
                "name: empty\nabout: a test\nprogram: build/models/classics/lost_wakeup.so\n"
                "properties: [drained]\nexpect: {verdict: proved}\n");
    expect(shell(RUN "$T/vacuous.yaml"), 3, "vacuous");
    expect(shell(RUN "--allow inconclusive $T/vacuous.yaml"), 3, "vacuous");
    expect(shell(RUN "--allow vacuous $T/vacuous.yaml"), 0, "vacuous");
    expect(shell(RUN "--allow inconclusive,vacuous $T/vacuous.yaml"), 0, "vacuous");
    expect(shell(RUN "--allow vacuous $T/vacuous.yaml $T/wrong.yaml"), 1, "vacuous");
    expect(shell(RUN "--allow vacuous --format tap $T/vacuous.yaml"), 0, "# TODO");
    expect(shell(RUN "--allow uncontrolled $T/vacuous.yaml"), 2,
           "--allow: expected inconclusive or vacuous, found \"uncontrolled\"");
    expect(shell("$AW check --trace-dir $T --allow inconclusive --states 5 build/models/article.so "
                 "-- --items 4 --workers 4 --size 4 --protocol sentinel-per-worker"),
           0, "inconclusive");
}

/* --- The cache -------------------------------------------------------------------------------- */

#define CACHED RUN "--no-canary --cache $T/cache $T/s"

Test(ci, what_is_proved_is_not_proved_again)
{
    expect(shell(CACHED), 0, "10 as expected");
    expect_not("cached");
    expect(shell(CACHED), 0, "9 cached: proved by an earlier run"); /* a violation never is */
    expect(shell(CACHED " --format json"), 0, "\"cached\": true");
    expect(shell(CACHED " --no-symmetry"), 0, "10 as expected"); /* another search */
    expect_not("cached");
}

Test(ci, a_change_of_program_scenario_or_checker_makes_the_cache_stale)
{
    cr_assert_eq(shell("cp build/models/article.so $T/article.so; sed -i "
                       "s@build/models/article.so@$T/article.so@ $T/s/*"),
                 0);
    expect(shell(CACHED), 0, "10 as expected");
    expect(shell(CACHED), 0, "9 cached");
    cr_assert_eq(shell("printf x >>$T/article.so"), 0);
    expect(shell(CACHED), 0, "10 as expected");
    expect_not("cached");
    expect(shell(CACHED), 0, "9 cached");
    cr_assert_eq(shell("echo '# remark' >>$T/s/good.yaml"), 0);
    expect(shell(CACHED), 0, "8 cached");
    cr_assert_eq(shell("cp $AW $T/allways; printf x >>$T/allways; cp build/runtime.so $T"), 0);
    expect(shell("AW=$T/allways; " CACHED), 0, "10 as expected");
    expect_not("cached");
    cr_assert_eq(shell("cp build/runtime.so $T/other.so; printf x >>$T/other.so"), 0);
    expect(shell("export ALLWAYS_RUNTIME=$T/other.so; " CACHED), 0, "10 as expected");
    expect_not("cached");
}

Test(ci, a_damaged_cache_is_passed_over_with_a_warning)
{
    expect(shell(CACHED), 0, "10 as expected");
    cr_assert_eq(shell("for f in $T/cache/*; do printf '{' >$f; done"), 0);
    expect(shell(CACHED), 0, "is not used: it is damaged");
    expect_not("cached");
    cr_assert_eq(shell("sed -i 's/\"states\": [0-9]*/\"states\": 1/' $T/cache/*"), 0);
    expect(shell(CACHED), 0, "is not used: it is damaged");
    cr_assert_eq(
        shell("set -- $T/cache/*; for f in \"$@\"; do cat $1 >$T/one; cat $T/one >$f; done"), 0);
    expect(shell(CACHED), 0, "is not used: it is about something else");
    expect(shell(RUN "--cache /dev/null/x $T/s/good.yaml"), 2, "/dev/null/x: the folder cannot be");
    expect(shell("ulimit -f 0; " RUN "--cache $T/other $T/s/good.yaml"), 2, "not cached: ");
}

/* --- Interrupts, and full disks --------------------------------------------------------------- */

Test(ci, an_interrupted_run_tells_what_is_known_in_every_report)
{
    shell_write("s/large.yaml", "name: large\nabout: a test\nexpect: {verdict: proved}\n" ARTICLE(
                                    "sentinel-per-worker", "64", "16"));
    static const char *const signals[] = {"INT", "TERM"};
    for (int i = 0; i < 2; i++) {
        /* Not the output of the signal before, which says that `bad` is over as well. */
        expect(shell("rm -f $T/out; " RUN
                     "--no-canary --jobs 1 --no-reduction --no-symmetry --format json=$T/r.json "
                     "--format "
                     "tap=$T/r.tap $T/s/bad.yaml $T/s/large.yaml $T/s/many.yaml >$T/out 2>&1 & "
                     "until grep -qs 'ok   bad' $T/out; do sleep 0.05; done; kill -%s $!; wait $!; "
                     "s=$?; cat $T/out $T/r.tap; ls $T; exit $s",
                     signals[i]),
               3, "; interrupted");
        expect(0, 0, "not run: interrupted");
        expect(0, 0, "ok   bad");
        expect(0, 0, "ok 1 - bad: violated drained");
        expect(0, 0, "not ok 2 - large: inconclusive");
        expect(0, 0, "not ok 10 - many[items=4,workers=2]: inconclusive");
        expect_not(".part");
        expect(shell("python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert "
                     "r[\"interrupted\"] and len(r[\"results\"]) == 10' $T/r.json"),
               0, "");
    }
}

Test(ci, a_full_disk_is_an_error_and_leaves_no_half_file)
{
    expect(shell(RUN "$T/s/good.yaml >/dev/full"), 2, "stdout: cannot be written: No space left");
    expect(shell("$AW check --trace-dir $T build/models/classics/lost_wakeup.so >/dev/full"), 2,
           "stdout: cannot be written: No space left");
    expect(shell(RUN "--format junit=/dev/full $T/s/good.yaml"), 2,
           "/dev/full: cannot be written: No space left");
    expect(shell("ulimit -f 1; " RUN "--format json=$T/r.json $T/s/bad.yaml"), 2,
           "traces/bad.trace: cannot be written: File too large");
    expect(2, 2, "FAIL bad ");
    expect(2, 2, "not as expected: its trace was not written: ");
    expect(shell("ls -A $T/traces"), 0, "");
    expect_not(".part");
    expect_not("bad.trace");
    expect(shell("ulimit -f 1; " RUN "--format sarif=$T/r.sarif $T/s/good.yaml"), 2,
           "r.sarif: cannot be written: File too large");
    expect(shell("ls -A $T"), 0, "");
    expect_not("sarif");
    expect(shell(RUN "--format json=/nowhere/r.json $T/s/good.yaml"), 2,
           "/nowhere/r.json: cannot be written: No such file");
}

Test(ci, a_full_file_system_is_told_too)
{
    if (shell("unshare -m sh -c 'mount -t tmpfs -o size=8k none /mnt'") != 0)
        cr_skip_test("no file system can be mounted here");
    expect(shell("unshare -m sh -c 'mount -t tmpfs -o size=8k none $T/s/../full 2>/dev/null || "
                 "mkdir $T/full && mount -t tmpfs -o size=8k none $T/full; $AW run --trace-dir "
                 "$T/full $T/s/bad.yaml; s=$?; ls -A $T/full; exit $s'"),
           2, "full/bad.trace: cannot be written: No space left");
    expect_not(".part");
}

/* --- Bounded, and whole schedules twice ------------------------------------------------------- */

Test(ci, a_bounded_proof_is_called_so_everywhere)
{
    const char *scenario = "scenarios/faults/sentinel-eintr.yaml";
    expect(shell(RUN "%s", scenario), 0, "proved, bounded");
    expect(shell(RUN "--format json %s", scenario), 0, "\"bounded\": true");
    expect(shell(RUN "--format tap %s", scenario), 0, "bounded: true");
    expect(shell(RUN "--format junit %s", scenario), 0, "verdict: proved, bounded");
    expect(shell(RUN "--format sarif %s", scenario), 0, "\"bounded\": true");
    expect(shell("$AW check --trace-dir $T --partial-writes 1 build/models/article.so -- --items 1 "
                 "--workers 1 --size 4 --protocol sentinel-per-worker"),
           0, "proved, bounded\n  no-deadlock     holds, bounded\n");
    expect(shell("export GITHUB_STEP_SUMMARY=$T/summary; " RUN
                 "--format github %s >/dev/null; cat $T/summary",
                 scenario),
           0, "proved, bounded");
}

/* Beside a violation too: what was looked at under at most one fault does not simply hold. */
Test(ci, what_holds_beside_a_violation_is_bounded_too)
{
    const char *check = "$AW check --trace-dir $T --partial-writes 1 --property no-deadlock "
                        "--property drained %s build/models/article.so -- --items 1 --workers 1 "
                        "--size 4 --numbered --protocol nonblocking-empty";
    expect(shell(check, "--whole-graph"), 1,
           "violated drained\n  no-deadlock     holds, bounded\n  drained         violated\n");
    expect(shell(check, "--whole-graph --format json"), 1, "\"bounded\": true");
    expect(shell(check, "--format json"), 1, "\"bounded\": false");
}

Test(ci, one_move_of_the_clock_is_told_as_one)
{
    const char *check = "$AW check --trace-dir $T --clock-advances %d "
                        "build/models/classics/timed_wait.so -- sem 2000 1000";
    expect(shell(check, 1), 1, "- bounded: the clock is found moved at most 1 time\n");
    expect(shell(check, 2), 1, "- bounded: the clock is found moved at most 2 times\n");
}
