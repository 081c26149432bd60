/* SPDX-License-Identifier: MIT */
/*
 * test_small.c - small programs, each with the verdict that reasoning gives it: the second line of
 * every file of tests/fixtures/small begins with it. It has to come out whatever the search leaves
 * out, what is violated has to be carried out again, and so have all steps.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "shell.h"

TestSuite(small, .init = shell_open, .fini = shell_close, .timeout = 300);

static void expected_of(const char *path, char *expected, size_t size)
{
    char line[200];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    cr_assert_not_null(fgets(line, sizeof line, file));
    cr_assert_not_null(fgets(line, sizeof line, file));
    fclose(file);
    size_t length = strcspn(line, ":");
    cr_assert(strncmp(line, "/* ", 3) == 0 && line[length] == ':', "%s: no verdict in line 2",
              path);
    snprintf(expected, size, "%.*s", (int)length - 3, line + 3);
}

/* Every step that was learned comes out the same when it is executed again. */
static void check_steps(const char *path)
{
    char program[200], name[] = "small", *argv[] = {name, NULL};
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    snprintf(program, sizeof program, "%s/small.so", getenv("T"));
    struct aw_machine *machine = aw_compare_machine(program, argv, NULL);
    aw_compare_options(AW_DEFAULT_PROPERTIES, &options);
    options.control = 0;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0);
    cr_expect_neq(result.verdict, AW_UNCONTROLLED, "%s: %s", path, result.message);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}

static void check(const char *path)
{
    static const char *const ways[] = {"", "--no-reduction", "--no-symmetry",
                                       "--no-reduction --no-symmetry --no-minimal"};
    char expected[100];
    expected_of(path, expected, sizeof expected);
    cr_assert_eq(shell("$AW cc %s -o $T/small.so", path), 0, "%s", shell_said);
    check_steps(path);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        shell("$AW check --trace-dir $T %s $T/small.so", ways[i]);
        cr_expect(strncmp(shell_said, expected, strlen(expected)) == 0 &&
                      shell_said[strlen(expected)] == '\n',
                  "%s %s: expected %s\n%s", path, ways[i], expected, shell_said);
        if (strncmp(expected, "violated", 8) == 0) {
            shell("$AW replay $T/small.trace");
            cr_expect_not_null(strstr(shell_said, "reproduces"), "%s: %s", path, shell_said);
        }
    }
}

Test(small, programs_get_the_verdict_that_reasoning_gives_them)
{
    DIR *folder = opendir("tests/fixtures/small");
    cr_assert_not_null(folder);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[400];
        if (strstr(entry->d_name, ".c") == NULL)
            continue;
        snprintf(path, sizeof path, "tests/fixtures/small/%s", entry->d_name);
        check(path);
        count++;
    }
    closedir(folder);
    cr_expect(count >= 2);
}
