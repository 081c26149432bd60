/* SPDX-License-Identifier: MIT */
/* What the shell that it is started from has limited, or not. */
#include <criterion/criterion.h>
#include <string.h>

#include "shell.h"

static void open_program(void)
{
    shell_open();
    shell_write("raw.c",
                "int main(void) { long answer; __asm__ volatile(\"syscall\" : \"=a\"(answer)"
                " : \"a\"(39) : \"rcx\", \"r11\", \"memory\"); return answer < 0; }\n");
    cr_assert_eq(shell("$AW cc $T/raw.c -o $T/raw.so"), 0, "%s", shell_said);
}

TestSuite(host, .init = open_program, .fini = shell_close, .timeout = 120);

static void expect(const char *before, const char *program, int status, const char *words)
{
    int got = shell("%s $AW check --no-minimal --trace-dir $T %s", before, program);
    cr_expect_eq(got, status, "%s: status %d\n%s", before, got, shell_said);
    cr_expect_not_null(strstr(shell_said, words), "%s: %s", before, shell_said);
}

/* Without a limit Linux places all libraries elsewhere: below the memory of the programs. */
Test(host, a_stack_without_limit_makes_no_difference)
{
    if (shell("ulimit -s unlimited") != 0)
        cr_skip_test("the hard limit of the stack cannot be lifted here");
    expect("ulimit -s unlimited;", "build/models/classics/barrier.so", 0, "proved");
    expect("ulimit -s unlimited;", "build/models/classics/crash.so -- null", 1, "violated");
    expect("ulimit -s unlimited;", "$T/raw.so", 3,
           "a system call made without libc is not modelled");
}

Test(host, a_small_stack_is_raised_and_one_that_cannot_be_is_told)
{
    expect("ulimit -S -s 64;", "build/models/classics/barrier.so", 0, "proved");
    expect("ulimit -s 64;", "build/models/classics/barrier.so", 2,
           "allways: the stack is limited to 64 KiB: expected at least 1024 (ulimit -s)");
}
