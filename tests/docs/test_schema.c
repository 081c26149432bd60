/* SPDX-License-Identifier: MIT */
/*
 * The schema for editors says what the loader does: tools/schema.py makes it from the loader's own
 * tables, and compares it with every file that the loader's tests try.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const loader_tests[] = {"test_scenario", "test_scenario_wrong",
                                           "test_scenario_files", "test_scenario_faults"};

Test(schema, agrees_with_the_loader, .timeout = 120)
{
    char command[2048], said[1 << 14], build[200] = "build";
    const char *binary = getenv("AW_BIN");
    if (binary != NULL && strrchr(binary, '/') != NULL)
        snprintf(build, sizeof build, "%.*s", (int)(strrchr(binary, '/') - binary), binary);
    size_t length = (size_t)snprintf(command, sizeof command, "python3 tools/schema.py check");
    for (size_t i = 0; i < sizeof loader_tests / sizeof *loader_tests; i++)
        length += (size_t)snprintf(command + length, sizeof command - length,
                                   " %s/tests/scenario/%s", build, loader_tests[i]);
    cr_assert_lt(length + sizeof " 2>&1", sizeof command);
    strcat(command, " 2>&1");
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, sizeof said - 1, output)] = '\0';
    while (fgetc(output) != EOF)
        ;
    int status = pclose(output);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", said);
}
