/* SPDX-License-Identifier: MIT */
/* main.c - finds the command. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"

/* Steps are kept on the stack, and a shell may have limited it below what they take. A limit can be
 * raised up to the hard one, and holds from then on. */
static bool has_stack(void)
{
    enum { NEEDED = 1 << 20 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= NEEDED)
        return true;
    limit.rlim_cur = limit.rlim_max < NEEDED ? limit.rlim_max : NEEDED;
    if (limit.rlim_cur == NEEDED && setrlimit(RLIMIT_STACK, &limit) == 0)
        return true;
    fprintf(stderr, "allways: the stack is limited to %lu KiB: expected at least %d (ulimit -s)\n",
            (unsigned long)limit.rlim_cur / 1024, NEEDED / 1024);
    return false;
}

int main(int argc, char **argv)
{
    if (!has_stack())
        return AW_EXIT_WRONG;
    if (argc < 2) {
        aw_usage_print(stderr);
        return AW_EXIT_WRONG;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0) {
        printf("allways %s\n", AW_VERSION);
        return AW_EXIT_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    if (word[0] == '-') {
        fprintf(stderr, "allways: unknown option %s; `allways help` lists the commands\n", word);
        return AW_EXIT_WRONG;
    }
    const struct aw_command *command = aw_command_find(word);
    return command != NULL ? command->main(argc - 1, argv + 1) : AW_EXIT_WRONG;
}
