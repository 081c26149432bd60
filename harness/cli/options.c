/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "scenario/schema.h"

int aw_complain(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "allways %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return AW_EXIT_WRONG;
}

int aw_complain_error(const char *command, const struct aw_error *error)
{
    char message[1400];
    aw_error_format(error, message, sizeof message);
    if (error->file[0] != '\0') /* as compilers do, so that editors find the place */
        fprintf(stderr, "%s\n", message);
    else
        aw_complain(command, "%s", message);
    return AW_EXIT_WRONG;
}

const char *aw_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    int length = (int)strlen(word), best_distance = (length + 2) / 3 + 1;
    if (best_distance > length)
        best_distance = length;
    for (; *words != NULL; words++) {
        int distance = aw_edit_distance(word, *words);
        if (distance < best_distance) {
            best = *words;
            best_distance = distance;
        }
    }
    return best;
}

static void unknown_option(const char *command, const char *word, const struct option *options)
{
    const char *names[64];
    char name[64];
    int count = 0;
    while (*word == '-')
        word++;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    for (; options->name != NULL && count < 63; options++)
        names[count++] = options->name;
    names[count] = NULL;
    const char *near = aw_nearest(name, names);
    if (near != NULL)
        aw_complain(command, "unknown option --%s, did you mean --%s?", name, near);
    else
        aw_complain(command, "unknown option --%s; `allways help %s` lists them", name, command);
}

/* getopt_long leaves the offending word before optind, but for single letters inside a word. */
int aw_next_option(int argc, char **argv, const struct option *options)
{
    bool output = false; /* -o FILE, where a command has it */
    for (const struct option *known = options; known->name != NULL; known++)
        output |= known->val == 'o';
    opterr = 0;
    int option = getopt_long(argc, argv, output ? ":ho:" : ":h", options, NULL);
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    if (option == ':') {
        aw_complain(argv[0], "%s needs an argument", word);
        return AW_OPTION_WRONG;
    }
    if (option != '?')
        return option;
    int matches = 0;
    for (const struct option *known = options; known->name != NULL; known++) {
        matches += strncmp(word, "--", 2) == 0 &&
                   strncmp(known->name, word + 2, strcspn(word + 2, "=")) == 0;
        if (optopt != 0 && known->val == optopt) {
            aw_complain(argv[0], "--%s takes no argument", known->name);
            return AW_OPTION_WRONG;
        }
    }
    if (optopt > 0 && optopt < 128)
        aw_complain(argv[0], "unknown option -%c; `allways help %s` lists them", optopt, argv[0]);
    else if (matches > 1)
        aw_complain(argv[0], "%s may mean several options", word);
    else
        unknown_option(argv[0], word, options);
    return AW_OPTION_WRONG;
}

/* Digits from `text`; NULL when there are none or too many. */
static const char *digits(const char *text, uint64_t *number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 ? end : NULL;
}

bool aw_parse_number(const char *command, const char *option, const char *text, uint64_t minimum,
                     uint64_t maximum, uint64_t *number)
{
    const char *rest = digits(text, number);
    if (rest != NULL && *rest == '\0' && *number >= minimum && *number <= maximum)
        return true;
    aw_complain(command, "--%s: expected a number from %llu to %llu, found \"%s\"", option,
                (unsigned long long)minimum, (unsigned long long)maximum, text);
    return false;
}

bool aw_parse_size(const char *command, const char *option, const char *text, uint64_t minimum,
                   uint64_t maximum, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    const char *rest = digits(text, bytes);
    if (rest != NULL) {
        unsigned shift = 0;
        rest += strspn(rest, " ");
        const char *unit = *rest == 'k' ? units : *rest != '\0' ? strchr(units, *rest) : NULL;
        if (unit != NULL) {
            shift = 10 * (unsigned)(unit - units + 1);
            rest += rest[1] == 'i' && rest[2] == 'B' ? 3 : rest[1] == 'B' ? 2 : 1;
        } else if (*rest == 'B') {
            rest++;
        }
        if (*rest == '\0' && *bytes <= UINT64_MAX >> shift) {
            *bytes <<= shift;
            if (*bytes >= minimum && *bytes <= maximum)
                return true;
        }
    }
    aw_complain(command,
                "--%s: expected a size from %llu to %llu bytes, such as 64KiB, found "
                "\"%s\"",
                option, (unsigned long long)minimum, (unsigned long long)maximum, text);
    return false;
}

bool aw_parse_folder(const char *command, const char *option, const char *text)
{
    if (text[0] != '\0')
        return true;
    aw_complain(command, "--%s: expected a folder, found nothing", option);
    return false;
}
