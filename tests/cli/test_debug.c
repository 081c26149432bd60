/* SPDX-License-Identifier: MIT */
/* allways replay --debug: gdb in the frame of the thread that is to take the step. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static int run(char said[16384], const char *command)
{
    char whole[1024];
    const char *named = getenv("AW_BIN");
    snprintf(whole, sizeof whole, "AW=%s; (%s) 2>&1", named ? named : "build/allways", command);
    FILE *output = popen(whole, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, 16383, output)] = '\0';
    while (fgetc(output) != EOF)
        ;
    return WEXITSTATUS(pclose(output));
}

static void make_trace(void)
{
    char said[16384];
    cr_assert_eq(run(said, "$AW run --trace-dir build/golden scenarios/classics/crash-null.yaml"),
                 0, "%s", said);
}

Test(debug, stops_in_the_frame_of_the_failing_thread_and_goes_on, .timeout = 60)
{
    char said[16384];
    if (run(said, "command -v gdb") != 0)
        cr_skip("gdb is not there");
    make_trace();
    run(said, "echo 'info locals' | $AW replay --debug build/golden/crash-null.trace");
    cr_expect_not_null(strstr(said, "before step 7 of 7: main, sem_trywait"), "%s", said);
    cr_expect_not_null(strstr(said, "at models/classics/crash.c:"), "%s", said);
    run(said, "printf 'go\\nnext\\nnext\\n' | $AW replay --debug build/golden/crash-null.trace");
    cr_expect_not_null(strstr(said, "Temporary breakpoint"), "%s", said);
    cr_expect_null(strstr(said, "Cannot access memory"), "%s", said);
}

Test(debug, says_which_steps_there_are)
{
    char said[16384];
    make_trace();
    cr_expect_eq(run(said, "$AW replay --debug --step 8 build/golden/crash-null.trace"), 2);
    cr_expect_not_null(strstr(said, "--step: expected a number from 1 to 7, found 8"), "%s", said);
}
