/* SPDX-License-Identifier: MIT */
/*
 * getopt.c - getopt, getopt_long, getopt_long_only, with glibc's behaviour and messages.
 *
 * argv is permuted while it is scanned: the operands met so far are the run [operands_begin,
 * operands_end), and whenever options were scanned behind that run, the run and the options change
 * places. "+" in front of the option letters stops at the first operand, "-" returns operands as
 * the argument of option 1. POSIXLY_CORRECT is not looked at. Setting optind to 0 starts again.
 */
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

char *optarg;
int optind = 1, opterr = 1, optopt = '?';

static int wrong_option; /* glibc sets optopt to the last one in every call, right or wrong */

static char *rest; /* of the cluster of letters, or of the long option, under way */
static int operands_begin, operands_end;
static int started;

/* What one call was given. */
struct call {
    int argc;
    char **argv;
    const char *letters; /* without the prefix */
    char prefix;         /* '+', '-' or 0 */
    int loud;
    const struct option *options; /* NULL: no long ones */
    int *index;
    int single_dash; /* getopt_long_only */
};

static int is_operand(const char *word)
{
    return word[0] != '-' || word[1] == '\0';
}

static void reverse(char **words, int first, int last)
{
    while (first < --last) {
        char *word = words[first];

        words[first++] = words[last];
        words[last] = word;
    }
}

/* Moves the operands behind the options that were scanned after them. */
static void move_operands(char **argv)
{
    reverse(argv, operands_begin, operands_end);
    reverse(argv, operands_end, optind);
    reverse(argv, operands_begin, optind);
    operands_begin += optind - operands_end;
    operands_end = optind;
}

static int missing_argument(const struct call *call)
{
    return call->letters[0] == ':' ? ':' : '?';
}

/* An abbreviation is ambiguous when it fits options that differ; getopt_long_only does not look
 * whether they do. */
static int differ(const struct call *call, const struct option *one, const struct option *other)
{
    return call->single_dash || one->has_arg != other->has_arg || one->flag != other->flag ||
           one->val != other->val;
}

static void report_ambiguous(const struct call *call, const char *dashes, size_t length,
                             const struct option *found)
{
    printf_to(2, "%s: option '%s%s' is ambiguous; possibilities:", call->argv[0], dashes, rest);
    for (const struct option *option = call->options; option->name != NULL; option++)
        if (strncmp(option->name, rest, length) == 0 &&
            (option == found || (option > found && differ(call, found, option))))
            printf_to(2, " '%s%s'", dashes, option->name);
    printf_to(2, "\n");
}

/* The option that `rest` names. NULL: none or several; *several tells which. */
static const struct option *find_option(const struct call *call, const char *dashes, size_t length,
                                        int *several)
{
    const struct option *found = NULL;

    *several = 0;
    for (const struct option *option = call->options; option->name != NULL; option++)
        if (strncmp(option->name, rest, length) == 0 && option->name[length] == '\0')
            return option;
    for (const struct option *option = call->options; option->name != NULL; option++) {
        if (strncmp(option->name, rest, length) != 0)
            continue;
        if (found == NULL)
            found = option;
        else if (differ(call, found, option))
            *several = 1;
    }
    if (!*several)
        return found;
    if (call->loud)
        report_ambiguous(call, dashes, length, found);
    return NULL;
}

/* `rest` is a long option. -1: it is none, and may be a cluster of letters. */
static int scan_long(const struct call *call, const char *dashes, int may_be_letters)
{
    const struct option *option;
    size_t length = 0;
    int several;
    char *end;

    while (rest[length] != '\0' && rest[length] != '=')
        length++;
    end = rest + length;
    option = find_option(call, dashes, length, &several);
    if (option == NULL) {
        if (!several && may_be_letters && call->argv[optind][1] != '-' &&
            strchr(call->letters, rest[0]) != NULL)
            return -1;
        if (!several && call->loud)
            printf_to(2, "%s: unrecognized option '%s%s'\n", call->argv[0], dashes, rest);
        rest = NULL;
        optind++;
        wrong_option = 0;
        return '?';
    }

    optind++;
    rest = NULL;
    if (*end == '=' && option->has_arg == no_argument) {
        if (call->loud)
            printf_to(2, "%s: option '%s%s' doesn't allow an argument\n", call->argv[0], dashes,
                      option->name);
        wrong_option = option->val;
        return '?';
    }
    if (*end == '=') {
        optarg = end + 1;
    } else if (option->has_arg == required_argument) {
        if (optind >= call->argc) {
            if (call->loud)
                printf_to(2, "%s: option '%s%s' requires an argument\n", call->argv[0], dashes,
                          option->name);
            wrong_option = option->val;
            return missing_argument(call);
        }
        optarg = call->argv[optind++];
    }
    if (call->index != NULL)
        *call->index = (int)(option - call->options);
    if (option->flag == NULL)
        return option->val;
    *option->flag = option->val;
    return 0;
}

static int report_missing(const struct call *call, char letter)
{
    if (call->loud)
        printf_to(2, "%s: option requires an argument -- '%c'\n", call->argv[0], letter);
    wrong_option = letter;
    return missing_argument(call);
}

static int scan_letter(const struct call *call)
{
    char letter = *rest++;
    const char *entry = strchr(call->letters, letter);

    if (*rest == '\0')
        optind++;
    if (entry == NULL || letter == ':' || letter == ';') {
        if (call->loud)
            printf_to(2, "%s: invalid option -- '%c'\n", call->argv[0], letter);
        wrong_option = letter;
        return '?';
    }
    if (letter == 'W' && entry[1] == ';' && call->options != NULL) {
        if (*rest == '\0') {
            if (optind == call->argc)
                return report_missing(call, letter);
            rest = call->argv[optind];
        }
        return scan_long(call, "-W ", 0);
    }
    if (entry[1] != ':')
        return letter;

    if (*rest != '\0') {
        optarg = rest;
        optind++;
    } else if (entry[2] != ':') {
        if (optind == call->argc) {
            rest = NULL;
            return report_missing(call, letter);
        }
        optarg = call->argv[optind++];
    }
    rest = NULL;
    return letter;
}

/* Moves optind to the next word to look at. -1: there is none; 1: an operand is the answer; 0: the
 * word is an option. */
static int next_word(const struct call *call)
{
    char **argv = call->argv;

    if (operands_end > optind)
        operands_end = optind;
    if (operands_begin > optind)
        operands_begin = optind;
    if (call->prefix == 0) {
        if (operands_begin != operands_end && operands_end != optind)
            move_operands(argv);
        else if (operands_end != optind)
            operands_begin = optind;
        while (optind < call->argc && is_operand(argv[optind]))
            optind++;
        operands_end = optind;
    }
    if (optind != call->argc && strcmp(argv[optind], "--") == 0) {
        optind++;
        if (operands_begin != operands_end && operands_end != optind)
            move_operands(argv);
        else if (operands_begin == operands_end)
            operands_begin = optind;
        operands_end = optind = call->argc;
    }
    if (optind == call->argc) {
        if (operands_begin != operands_end)
            optind = operands_begin;
        return -1;
    }
    if (!is_operand(argv[optind]))
        return 0;
    if (call->prefix == '+')
        return -1;
    optarg = argv[optind++];
    return 1;
}

static int scan(struct call *call)
{
    if (call->argc < 1)
        return -1;
    optarg = NULL;
    if (optind == 0 || !started) {
        if (optind == 0)
            optind = 1;
        operands_begin = operands_end = optind;
        rest = NULL;
        started = 1;
    }
    if (call->letters[0] == '-' || call->letters[0] == '+')
        call->prefix = *call->letters++;
    call->loud = opterr != 0 && call->letters[0] != ':';

    if (rest == NULL || *rest == '\0') {
        const char *word;
        int answer = next_word(call);

        if (answer != 0)
            return answer;
        word = call->argv[optind];
        if (call->options != NULL && word[1] == '-') {
            rest = call->argv[optind] + 2;
            return scan_long(call, "--", call->single_dash);
        }
        rest = call->argv[optind] + 1;
        if (call->options != NULL && call->single_dash &&
            (word[2] != '\0' || strchr(call->letters, word[1]) == NULL)) {
            answer = scan_long(call, "-", 1);
            if (answer != -1)
                return answer;
        }
    }
    return scan_letter(call);
}

static int answer(struct call *call)
{
    int option = scan(call);

    optopt = wrong_option;
    return option;
}

int getopt(int argc, char *const argv[], const char *letters)
{
    struct call call = {.argc = argc, .argv = (char **)argv, .letters = letters};

    return answer(&call);
}

int getopt_long(int argc, char *const argv[], const char *letters, const struct option *options,
                int *index)
{
    struct call call = {.argc = argc,
                        .argv = (char **)argv,
                        .letters = letters,
                        .options = options,
                        .index = index};

    return answer(&call);
}

int getopt_long_only(int argc, char *const argv[], const char *letters,
                     const struct option *options, int *index)
{
    struct call call = {.argc = argc,
                        .argv = (char **)argv,
                        .letters = letters,
                        .options = options,
                        .index = index,
                        .single_dash = 1};

    return answer(&call);
}
