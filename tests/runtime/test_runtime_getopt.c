/* SPDX-License-Identifier: MIT */
/* getopt, getopt_long and getopt_long_only are glibc's. */
#define _GNU_SOURCE
#include "runtime_box.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"alpha", no_argument, NULL, 'a'},      {"alpine", no_argument, NULL, 1001},
    {"beta", required_argument, NULL, 'b'}, {"gamma", optional_argument, NULL, 'c'},
    {"same-one", no_argument, NULL, 1002},  {"same-two", no_argument, NULL, 1002},
    {"flag", no_argument, (int *)-1, 7},    {"x", required_argument, NULL, 1003},
    {"beta-max", no_argument, NULL, 1004},  {NULL, 0, NULL, 0},
};

static const char *const words[] = {
    "-a",      "-b",       "-bval",     "-c",        "-cval",    "-ab",       "-abc",
    "-x",      "-z",       "--",        "-",         "operand",  "other",     "",
    "--alpha", "--al",     "--alp=3",   "--alpha=1", "--beta",   "--beta=2",  "--bet",
    "--beta=", "--gamma",  "--gamma=5", "--same",    "--same-o", "--nothing", "--nothing=1",
    "--flag",  "--fl",     "-alpha",    "-beta",     "-gamma=3", "-fl",       "-W",
    "-Walpha", "-Wbeta=1", "-Wnone",    "-same",     "-xy",      "---",       "-:",
    "-;",      "--x",      "--x=1",     "-azb",      "-W",       "beta",      "gamma=7",
};

static const char *const letter_sets[] = {
    "ab:c::",   "+ab:c::",   "-ab:c::", ":ab:c::", "+:ab:c::", "-:ab:c::",
    "ab:c::W;", ":ab:c::W;", "",        "abcxyz",  "a:b::c",
};

struct observed {
    int answer, index, optind, optopt, flag;
    const char *optarg;
};

typedef int scan_function(int, char *const *, const char *, const struct option *, int *);

static int plain_getopt(int argc, char *const *argv, const char *letters,
                        const struct option *unused, int *index)
{
    (void)unused, (void)index;
    return getopt(argc, argv, letters);
}

static int plain_runtime_getopt(int argc, char *const *argv, const char *letters,
                                const struct option *unused, int *index)
{
    (void)unused, (void)index;
    return RT(getopt)(argc, argv, letters);
}

static void compare_scan(scan_function *ours, scan_function *theirs, int argc, char **argv,
                         const char *letters, bool loud)
{
    char *our_argv[16], *their_argv[16], *messages = NULL;
    struct option our_options[16], their_options[16];
    int our_flag = 0, their_flag = 0, ended = 0;
    size_t size = 0;
    FILE *kept = stderr;

    memcpy(our_argv, argv, sizeof our_argv);
    memcpy(their_argv, argv, sizeof their_argv);
    memcpy(our_options, options, sizeof options);
    memcpy(their_options, options, sizeof options);
    for (int i = 0; options[i].name != NULL; i++) {
        if (options[i].flag != NULL) {
            our_options[i].flag = &our_flag;
            their_options[i].flag = &their_flag;
        }
    }
    forget_log();
    stderr = open_memstream(&messages, &size);
    RT(optind) = optind = 0;
    RT(opterr) = opterr = loud;
    RT(optopt) = optopt = '?';
    for (int calls = 0; calls < 40 && ended < 2; calls++) {
        struct observed our = {.index = -5}, their = {.index = -5};

        our.answer = ours(argc, our_argv, letters, our_options, &our.index);
        their.answer = theirs(argc, their_argv, letters, their_options, &their.index);
        ended += their.answer == -1; /* once more: it must stay at the end */
        our.optind = RT(optind);
        our.optopt = RT(optopt);
        our.optarg = RT(optarg);
        our.flag = our_flag;
        their.optind = optind;
        their.optopt = optopt;
        their.optarg = optarg;
        their.flag = their_flag;
        cr_assert_eq(memcmp(&our, &their, sizeof our), 0,
                     "'%s' call %d: %d %d %d %d %s, glibc %d %d %d %d %s", letters, calls,
                     our.answer, our.index, our.optind, our.optopt, our.optarg, their.answer,
                     their.index, their.optind, their.optopt, their.optarg);
        cr_assert_eq(memcmp(our_argv, their_argv, sizeof our_argv), 0, "permutation");
    }
    fclose(stderr);
    stderr = kept;
    cr_assert_str_eq(logged[2], messages);
    free(messages);
}

static void compare_many(scan_function *ours, scan_function *theirs, uint32_t first_seed)
{
    for (uint32_t run = 0; run < 20000; run++) {
        char *argv[16] = {(char *)"prog"};
        int argc;

        seed = first_seed + run * 7919;
        argc = 1 + (int)draw(8);
        for (int i = 1; i < argc; i++)
            argv[i] = (char *)words[draw(sizeof words / sizeof words[0])];
        compare_scan(ours, theirs, argc, argv,
                     letter_sets[draw(sizeof letter_sets / sizeof letter_sets[0])], draw(4) != 0);
    }
}

Test(runtime, getopt_is_glibcs)
{
    compare_many(plain_runtime_getopt, plain_getopt, 1);
}

Test(runtime, getopt_long_is_glibcs)
{
    compare_many((scan_function *)symbol("getopt_long"), getopt_long, 2);
}

Test(runtime, getopt_long_only_is_glibcs)
{
    compare_many((scan_function *)symbol("getopt_long_only"), getopt_long_only, 3);
}
