/* SPDX-License-Identifier: MIT */
/*
 * test_family.c - the rest of the queue family, natively: the checks of models/contract (which
 * scenarios/mpqueue runs in the machine), the pool's protocols that are right, and the port against
 * CPython's own queue.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(family, .timeout = 120);

enum { OUTPUT_MAX = 4096 };

/* Runs a command under a time limit; its exit status and the beginning of what it prints. */
static int run(const char *command, char output[OUTPUT_MAX])
{
    char limited[1024];
    snprintf(limited, sizeof limited, "timeout -k 5 60 %s 2>&1", command);
    FILE *pipe = popen(limited, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(output, 1, OUTPUT_MAX - 1, pipe);
    output[size] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(family, every_check_of_the_contract_holds_natively)
{
    char names[OUTPUT_MAX], output[OUTPUT_MAX], command[256];
    int count = 0;
    cr_assert_eq(run("build/native/contract --list", names), 0, "%s", names);
    for (char *rest = names, *name; (name = strsep(&rest, "\n"));) {
        if (!*name)
            continue;
        snprintf(command, sizeof command, "build/native/contract %s", name);
        cr_expect_eq(run(command, output), 0, "%s: %s", name, output);
        count++;
    }
    cr_assert_geq(count, 20);
}

Test(family, every_function_of_the_queue_family_has_a_check_in_the_contract)
{
    char output[OUTPUT_MAX];
    cr_assert_eq(run("sh -c 'grep -ohE \"\\b(mpqueue|mpcondition|mpevent|mpsimple)_[a-z_]+[(]\" "
                     "models/mpqueue/mpqueue.h models/mpqueue/mpsync.h models/mpqueue/mpsimple.h | "
                     "sort -u | while read name; do grep -qF \"$name\" models/contract/*.c || "
                     "echo \"$name\"; done'",
                     output),
                 0);
    cr_assert_str_eq(output, "");
}

Test(family, the_scenario_has_every_group_of_the_contract)
{
    char output[OUTPUT_MAX];
    cr_assert_eq(
        run("sh -c 'build/native/contract --groups | while read name; do grep -qx \"    - $name\" "
            "scenarios/mpqueue/contract.yaml || echo $name; done'",
            output),
        0);
    cr_assert_str_eq(output, "");
}

/* A bound on the clock would cut the checks behind a time-out, which would then pass unseen. */
Test(family, the_clock_cuts_no_check_of_the_contract)
{
    char output[OUTPUT_MAX];
    cr_assert_eq(run("build/allways run --no-canary scenarios/mpqueue/contract.yaml", output), 0,
                 "%s", output);
    cr_assert_not_null(strstr(output, "proved"), "%s", output);
    cr_assert_null(strstr(output, "executions end where a time-out"), "%s", output);
}

Test(family, a_pool_says_what_is_wrong_with_its_arguments)
{
    static const char *const wrong[][2] = {
        {"", "--protocol"},
        {"--protocol no-such", "--protocol no-such: expected one of those that --help lists"},
        {"--protocol sentinels --items x", "--items x: expected a number from 0 to 4096"},
        {"--protocol sentinels --workers 0", "--workers 0: expected a number from 1 to 64"},
        {"--protocol sentinels --profile 3.11", "--profile 3.11: expected cpython-2.6"},
        {"--protocol sentinels --itms 3", "--itms : expected an option that --help lists"},
        {"--protocol join-then-drain", "--producers 0: expected at least 1"},
        {"--protocol executor --producers 2", "expected 0 for this protocol"},
        {"--protocol simple-sentinels --put-timeout 5", "a SimpleQueue is never Full"},
    };
    char output[OUTPUT_MAX], command[256];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(command, sizeof command, "build/native/pool %s", wrong[i][0]);
        cr_expect_eq(run(command, output), 2, "%s", command);
        cr_expect_not_null(strstr(output, wrong[i][1]), "%s: %s", command, output);
    }
}

Test(family, protocols_that_are_right_end_natively)
{
    static const char *const right[] = {
        "sentinels --items 20 --workers 3 --size 20000",
        "sentinels --items 20 --workers 3 --maxsize 2 --workers-first",
        "relayed-sentinel --items 20 --workers 3",
        "counted-sentinels --items 10 --workers 3 --producers 3",
        "task-done --items 20 --workers 3",
        "event-before-get --flush --items 20 --workers 3",
        "drain-then-join --items 10 --producers 2 --size 20000",
        "executor --items 20 --workers 3 --maxsize 4 --workers-first",
        "simple-sentinels --items 20 --workers 3",
    };
    char output[OUTPUT_MAX], command[256];
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        snprintf(command, sizeof command, "build/native/pool --protocol %s", right[i]);
        cr_expect_eq(run(command, output), 0, "%s: %s", command, output);
    }
}

Test(family, the_port_and_cpython_share_a_queue_byte_for_byte_and_lock_for_lock)
{
    char output[OUTPUT_MAX];
    if (run("python3 -c 'import sys, multiprocessing.synchronize; sys.exit(sys.version_info < (3, "
            "8))'",
            output) != 0)
        cr_skip_test("no python3 (3.6 or later) with multiprocessing here");
    cr_assert_eq(
        run("python3 tests/fixtures/cpython/cpython_queue.py build/native/cpython_peer", output), 0,
        "%s", output);
    cr_assert_not_null(strstr(output, "ok\n"), "%s", output);
}
