/* SPDX-License-Identifier: MIT */
/* Threads that share state of libc: every order of their calls is gone through, or the verdict says
 * that it is not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "shell.h"

TestSuite(libc, .init = shell_open, .fini = shell_close, .timeout = 60);

/* Checks a program of two threads: main, between create and join, and another one. */
static int check(const char *globals, const char *other, const char *mains, const char *end)
{
    char text[2000];
    snprintf(text, sizeof text,
             "#define _GNU_SOURCE\n#include <assert.h>\n#include <pthread.h>\n"
             "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n%s\n"
             "static void *other(void *unused) { (void)unused; %s return NULL; }\n"
             "int main(void) { pthread_t id; pthread_create(&id, NULL, other, NULL);\n"
             "%s pthread_join(id, NULL);\n%s return 0; }\n",
             globals, other, mains, end);
    shell_write("p.c", text);
    cr_assert_eq(shell("$AW cc $T/p.c -o $T/p.so"), 0, "%s", shell_said);
    return shell("$AW check --trace-dir $T $T/p.so");
}

static void expect(int status, int wanted, const char *said)
{
    cr_expect_eq(status, wanted, "%s", shell_said);
    cr_expect(strstr(shell_said, said) != NULL, "no \"%s\" in: %s", said, shell_said);
}

Test(libc, orders_that_are_left_out_are_a_bound)
{
    expect(check("", "rand();", "rand();", ""), 0,
           "proved, bounded\n  no-deadlock     holds, bounded\n");
    expect(0, 0, "bounded: functions of libc that keep state which threads share are taken whole");
}
