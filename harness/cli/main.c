/* SPDX-License-Identifier: MIT */
/* main.c - finds the command. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
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
