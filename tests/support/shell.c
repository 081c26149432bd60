/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "shell.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char shell_said[1 << 18];
static char folder[] = "/tmp/allways-test-XXXXXX";

void shell_open(void)
{
    char path[PATH_MAX];
    const char *binary = getenv("AW_BIN");
    cr_assert_not_null(mkdtemp(folder));
    setenv("T", folder, 1);
    cr_assert_not_null(realpath(binary ? binary : "build/allways", path));
    setenv("AW", path, 1);
    unsetenv("GITHUB_STEP_SUMMARY");
}

void shell_close(void)
{
    cr_expect_eq(shell("rm -rf \"$T\""), 0, "%s", shell_said);
}

int shell(const char *command, ...)
{
    char *text, *whole;
    va_list args;
    va_start(args, command);
    cr_assert(vasprintf(&text, command, args) >= 0);
    va_end(args);
    cr_assert(asprintf(&whole, "{ %s\n} 2>&1", text) >= 0);
    fflush(NULL);
    FILE *output = popen(whole, "r");
    cr_assert_not_null(output);
    shell_said[fread(shell_said, 1, sizeof shell_said - 1, output)] = '\0';
    while (fgetc(output) != EOF)
        ;
    int status = pclose(output);
    free(text);
    free(whole);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int shell_has(const char *program)
{
    return shell("command -v %s", program) == 0;
}

void shell_write(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}
