/* SPDX-License-Identifier: MIT */
/* Sorting, text, numbers, output and the environment are glibc's. */
#define _GNU_SOURCE
#include "runtime_box.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sorting */

struct item {
    int key;
    int place;
    char bulk[60];
};

static int by_key(const void *one, const void *other)
{
    const struct item *a = one, *b = other;

    return (a->key > b->key) - (a->key < b->key);
}

static int by_key_r(const void *one, const void *other, void *sign)
{
    return *(int *)sign * by_key(one, other);
}

static int by_byte(const void *one, const void *other)
{
    return *(const unsigned char *)one - *(const unsigned char *)other;
}

static void fill(struct item *items, unsigned count, uint32_t keys)
{
    memset(items, 0, count * sizeof *items);
    for (unsigned i = 0; i < count; i++) {
        items[i].key = (int)draw(keys);
        items[i].place = (int)i;
    }
}

Test(runtime, qsort_is_stable_like_glibcs)
{
    static struct item ours[600], theirs[600];

    for (uint32_t run = 0; run < 400; run++) {
        unsigned count;
        int sign = -1;

        seed = run;
        count = run < 40 ? run : draw(600);
        fill(ours, count, 1 + draw(run % 2 ? 20 : 10000));
        memcpy(theirs, ours, sizeof ours);
        RT(qsort)(ours, count, sizeof ours[0], by_key);
        qsort(theirs, count, sizeof theirs[0], by_key);
        cr_assert_arr_eq(ours, theirs, sizeof ours);
        RT(qsort_r)(ours, count, sizeof ours[0], by_key_r, &sign);
        qsort_r(theirs, count, sizeof theirs[0], by_key_r, &sign);
        cr_assert_arr_eq(ours, theirs, sizeof ours);
    }
}

Test(runtime, bsearch_finds_what_is_there_and_nothing_else)
{
    unsigned char even[128], key;

    for (int i = 0; i < 128; i++)
        even[i] = (unsigned char)(2 * i);
    for (unsigned count = 0; count <= 128; count++) {
        for (int k = 0; k < 256; k++) {
            key = (unsigned char)k;
            cr_assert_eq(RT(bsearch)(&key, even, count, 1, by_byte),
                         bsearch(&key, even, count, 1, by_byte));
        }
    }
}

/* Text and numbers */

Test(runtime, strtok_is_glibcs)
{
    for (uint32_t run = 0; run < 5000; run++) {
        char ours[32] = {0}, theirs[32] = {0}, again[32] = {0}, *place = NULL, *saved = NULL;
        char copy[32] = {0};
        int length;

        seed = run;
        length = (int)draw(30);
        for (int i = 0; i < length; i++)
            ours[i] = theirs[i] = again[i] = copy[i] = "ab,; "[draw(5)];
        for (int call = 0; call < 20; call++) {
            const char *delimiters = draw(8) == 0 ? "" : draw(2) ? ",; " : ";";
            char *our = RT(strtok)(call == 0 ? ours : NULL, delimiters);
            char *their = strtok(call == 0 ? theirs : NULL, delimiters);
            char *our_r = RT(strtok_r)(call == 0 ? again : NULL, delimiters, &place);

            strtok_r(call == 0 ? copy : NULL, delimiters, &saved);
            cr_assert_eq(place - again, saved - copy, "the place is the caller's to see");
            cr_assert_eq(our == NULL, their == NULL);
            cr_assert_eq(our_r == NULL, their == NULL);
            if (their == NULL)
                break;
            cr_assert_eq(our - ours, their - theirs);
            cr_assert_eq(our_r - again, their - theirs);
            cr_assert_arr_eq(ours, theirs, sizeof ours);
            cr_assert_arr_eq(again, theirs, sizeof ours);
        }
    }
}

Test(runtime, strdup_and_strndup_copy)
{
    char *copy = RT(strdup)("text");

    cr_assert_str_eq(copy, "text");
    free(copy);
    copy = RT(strndup)("text", 2);
    cr_assert_str_eq(copy, "te");
    free(copy);
    copy = RT(strndup)("te", 20);
    cr_assert_str_eq(copy, "te");
    free(copy);
}

Test(runtime, random_numbers_are_glibcs)
{
    static const unsigned seeds[] = {0, 1, 2, 42, 0x7fffffff, 0x80000000, 0xffffffff};

    cr_assert_eq(RT(rand)(), 1804289383, "glibc's first, unseeded");
    for (unsigned s = 0; s < sizeof seeds / sizeof seeds[0]; s++) {
        unsigned our = seeds[s], their = seeds[s];

        RT(srand)(seeds[s]);
        srand(seeds[s]);
        for (int i = 0; i < 1000; i++) {
            cr_assert_eq(RT(random)(), random());
            cr_assert_eq(RT(rand_r)(&our), rand_r(&their));
        }
    }
}

Test(runtime, small_numbers_are_glibcs)
{
    static const char *const texts[] = {"0",
                                        "12",
                                        "-12",
                                        " \t\n+7x",
                                        "",
                                        "-",
                                        "--1",
                                        "+-1",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "-9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999",
                                        "2147483648",
                                        "0x10",
                                        "012"};

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert_eq(RT(atoi)(texts[i]), atoi(texts[i]), "%s", texts[i]);
        cr_assert_eq(RT(atol)(texts[i]), atol(texts[i]), "%s", texts[i]);
        cr_assert_eq(RT(atoll)(texts[i]), atoll(texts[i]), "%s", texts[i]);
    }
    cr_assert_eq(RT(abs)(-3), 3);
    cr_assert_eq(RT(div)(-7, 2).rem, -1);
}

Test(runtime, ctype_is_glibcs)
{
    for (int c = -128; c < 256; c++) {
        cr_assert_eq((*RT(__ctype_b_loc)())[c], (*__ctype_b_loc())[c]);
        cr_assert_eq((*RT(__ctype_tolower_loc)())[c], (*__ctype_tolower_loc())[c]);
        cr_assert_eq((*RT(__ctype_toupper_loc)())[c], (*__ctype_toupper_loc())[c]);
        cr_assert_eq(RT(tolower)(c), tolower(c));
        cr_assert_eq(RT(toupper)(c), toupper(c));
#define SAME(name) cr_assert_eq(!RT(name)(c), !(name)(c), #name "(%d)", c)
        SAME(isalnum);
        SAME(isalpha);
        SAME(isblank);
        SAME(iscntrl);
        SAME(isdigit);
        SAME(isgraph);
        SAME(islower);
        SAME(isprint);
        SAME(ispunct);
        SAME(isspace);
        SAME(isupper);
        SAME(isxdigit);
    }
    cr_assert_eq(RT(tolower)(100000), 100000);
}

Test(runtime, error_texts_are_glibcs)
{
    typedef int xpg_function(int, char *, size_t);
    xpg_function *xpg = (xpg_function *)symbol("__xpg_strerror_r");
    xpg_function *their_xpg = (xpg_function *)dlsym(RTLD_DEFAULT, "__xpg_strerror_r");

    for (int number = -2; number < 300; number++) {
        char ours[64] = "", theirs[64] = "";

        cr_assert_str_eq(RT(strerror)(number), strerror(number));
        cr_assert_str_eq(RT(strerror_r)(number, ours, 64), strerror_r(number, theirs, 64));
        for (size_t size = 1; size < 64; size += 9) {
            cr_assert_eq(xpg(number, ours, size), their_xpg(number, theirs, size), "%d", number);
            cr_assert_str_eq(ours, theirs);
        }
    }
    errno = ENOENT;
    RT(perror)("file");
    cr_assert_str_eq(logged[2], "file: No such file or directory\n");
    cr_assert_eq(errno, ENOENT);
}

/* Output */

Test(runtime, formatting_reaches_the_buffer_or_the_log)
{
    char ours[64], theirs[64], *text = NULL;
    static char large[20000], largest[40000];

    cr_assert_eq(RT(snprintf)(ours, 8, "%d-%s-%5.2f", 12, "abc", 3.14159),
                 snprintf(theirs, sizeof theirs, "%d-%s-%5.2f", 12, "abc", 3.14159));
    cr_assert_str_eq(ours, "12-abc-");
    cr_assert_eq(RT(sprintf)(ours, "%x", 255), 2);
    cr_assert_str_eq(ours, "ff");
    cr_assert_eq(RT(asprintf)(&text, "%s %d", "count", 9), 7);
    cr_assert_str_eq(text, "count 9");
    free(text);

    cr_assert_eq(RT(printf)("%s %d\n", "line", 1), 7);
    RT(fprintf)(RT(stdout), "two\n");
    RT(puts)("three");
    RT(fputs)("four", RT(stdout));
    RT(putchar)('\n');
    cr_assert_eq(RT(fwrite)("five\nx", 1, 5, RT(stdout)), 5);
    RT(fprintf)(RT(stderr), "to %s\n", "stderr");
    RT(dprintf)(2, "again\n");
    cr_assert_str_eq(logged[1], "line 1\ntwo\nthree\nfour\nfive\n");
    cr_assert_str_eq(logged[2], "to stderr\nagain\n");

    memset(large, 'l', sizeof large - 1);
    memset(largest, 'L', sizeof largest - 1);
    for (size_t length = 250; length < 260; length++) {
        forget_log();
        cr_assert_eq(RT(printf)("%.*s", (int)length, large), (int)length);
        cr_assert_eq(logged_length[1], length);
    }
    forget_log();
    RT(printf)("%s|%s", large, largest);
    cr_assert_eq(logged_length[1], sizeof large - 1 + sizeof largest);
    cr_assert_eq(memcmp(logged[1] + sizeof large, largest, sizeof largest), 0);
}

Test(runtime, streams_know_their_descriptors)
{
    cr_assert_eq(RT(fileno)(RT(stdin)), 0);
    cr_assert_eq(RT(fileno)(RT(stdout)), 1);
    cr_assert_eq(RT(fileno)(RT(stderr)), 2);
    cr_assert_eq(RT(fflush)(NULL), 0);
    cr_assert_eq(RT(setvbuf)(RT(stdout), NULL, _IONBF, 0), 0);
}

typedef int sprintf_chk_function(char *, int, size_t, const char *, ...);

static void overflow_a_buffer(void)
{
    char buffer[4];

    ((sprintf_chk_function *)symbol("__sprintf_chk"))(buffer, 1, sizeof buffer, "%d", 123);
    report("fits ");
    ((sprintf_chk_function *)symbol("__sprintf_chk"))(buffer, 1, sizeof buffer, "%d", 1234);
}

Test(runtime, a_fortified_overflow_aborts)
{
    cr_assert_str_eq(in_child(overflow_a_buffer), "fits abort 134");
}

/* The environment */

static void change(int act, const char *name, const char *value, int overwrite)
{
    char *entry;

    switch (act) {
    case 0:
        cr_assert_eq(RT(setenv)(name, value, overwrite), setenv(name, value, overwrite));
        break;
    case 1:
        cr_assert_eq(RT(unsetenv)(name), unsetenv(name));
        break;
    default:
        entry = malloc(64);
        snprintf(entry, 64, "%s=%s", name, value);
        cr_assert_eq(RT(putenv)(entry), putenv(strdup(entry)));
        break;
    }
}

Test(runtime, the_environment_is_glibcs)
{
    static char *start[] = {(char *)"A=first", (char *)"LONG=l", (char *)"E=", NULL};
    static const char *const names[] = {"A",  "B",  "LONG", "LON", "E",  "N0", "N1", "N2", "N3",
                                        "N4", "N5", "N6",   "N7",  "N8", "N9", "M0", "M1", "M2"};
    enum { NAMES = sizeof names / sizeof names[0] };
    char **kept = environ;

    RT(environ) = start;
    environ = start;
    seed = 11;
    for (int i = 0; i < 3000; i++) {
        char value[8];

        /* Both start from the same array; the first change of each must not show in the other. */
        snprintf(value, sizeof value, "v%d", i % 1000);
        change(i == 0 ? 0 : (int)draw(3), i == 0 ? "B" : names[draw(NAMES)], value, (int)draw(2));
        for (int n = 0; n < NAMES; n++) {
            const char *ours = RT(getenv)(names[n]), *theirs = getenv(names[n]);

            cr_assert_eq(ours == NULL, theirs == NULL, "%s", names[n]);
            if (theirs != NULL)
                cr_assert_str_eq(ours, theirs);
        }
    }
    errno = 0;
    cr_assert_eq(RT(setenv)("x=y", "", 1), -1);
    cr_assert_eq(errno, EINVAL);
    cr_assert_eq(*(char ***)symbol("__environ"), RT(environ));
    environ = kept;
}
