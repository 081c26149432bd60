/* SPDX-License-Identifier: MIT */
/* allways automaton: the automaton of the smallest worker, known by hand. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static int run(char said[16384], const char *arguments)
{
    char command[1024];
    const char *named = getenv("AW_BIN");
    snprintf(command, sizeof command, "%s automaton %s 2>&1", named ? named : "build/allways",
             arguments);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, 16383, output)] = '\0';
    return WEXITSTATUS(pclose(output));
}

#define ITEMS "scenarios/classics/items-empty.yaml"

/* items.c, empty: poll; if there is nothing, leave; else read and poll again. */
Test(automaton, a_worker_that_looks_before_it_reads)
{
    char said[16384];
    cr_expect_eq(run(said, "--process worker " ITEMS), 0, "%s", said);
    cr_expect_not_null(strstr(said, "label=\"poll\\n"), "%s", said);
    cr_expect_not_null(strstr(said, "label=\"nothing\""), "%s", said);
    cr_expect_not_null(strstr(said, "style=\"rounded,filled,bold\""), "a start: %s", said);
    cr_expect_not_null(strstr(said, "doublecircle"), "an end: %s", said);
    cr_expect_null(strstr(said, "not complete"), "%s", said);
}

/* Accesses that are not ordered are operations, as in every search. */
Test(automaton, accesses_to_memory_are_places)
{
    char said[16384];
    cr_expect_eq(run(said, "scenarios/memory/peterson.yaml"), 0, "%s", said);
    cr_expect_not_null(strstr(said, "label=\"store turn\\n"), "%s", said);
    cr_expect_not_null(strstr(said, "label=\"load wants"), "%s", said);
    cr_expect_not_null(strstr(said, "label=\"1\""), "the flag of the other: %s", said);
}

Test(automaton, a_limit_is_said_in_the_picture_and_beside_it)
{
    char said[16384];
    cr_expect_eq(run(said, "--process main --states 5 " ITEMS), 0, "%s", said);
    cr_expect_not_null(strstr(said, "\\nnot complete: the limit of states was reached"), "%s",
                       said);
    cr_expect_not_null(strstr(said, "allways automaton: not complete"), "%s", said);
}

Test(automaton, mistakes_are_told)
{
    char said[16384];
    cr_expect_eq(run(said, "--process nobody " ITEMS), 2);
    cr_expect_not_null(strstr(said, "no process is called \"nobody\"; there are: main, worker"),
                       "%s", said);
    cr_expect_eq(run(said, "--format png " ITEMS), 2);
    cr_expect_not_null(strstr(said, "expected dot or svg"), "%s", said);
    cr_expect_eq(run(said, "--case nosuch " ITEMS), 2);
}

Test(automaton, graphviz_draws_it)
{
    char said[16384];
    int status = run(said, "--process worker --format svg " ITEMS);
    if (system("command -v dot >/dev/null 2>&1") == 0) {
        cr_expect_eq(status, 0, "%s", said);
        cr_expect_not_null(strstr(said, "<svg"), "%s", said);
    } else {
        cr_expect_eq(status, 2);
        cr_expect_not_null(strstr(said, "dot is not installed"), "%s", said);
    }
}
