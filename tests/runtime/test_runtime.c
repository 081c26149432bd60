/* SPDX-License-Identifier: MIT */
/*
 * test_runtime.c - the runtime compared with the C library that it stands in for.
 *
 * runtime.so ($AW_RUNTIME, else build/runtime.so) is opened in a namespace of its own
 * (RTLD_LOCAL, RTLD_DEEPBIND); its primitives are the functions below, exported by this executable
 * (-rdynamic), the rest of its imports come from libc. Each function is then called twice, here and
 * there, on the same seeded inputs.
 *
 * exit, fork and abort run in a child process that writes what happens to a pipe.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/primitives.h"

/* The runtime tells of each of its accesses to memory; here nobody listens. */
#define SILENT(name)                                                                               \
    void __tsan_##name(void);                                                                      \
    void __tsan_##name(void) {}
SILENT(init)
SILENT(read1)
SILENT(read2)
SILENT(read4)
SILENT(read8)
SILENT(read16)
SILENT(write1)
SILENT(write2)
SILENT(write4)
SILENT(write8)
SILENT(write16)
SILENT(read_range)
SILENT(write_range)

int __tsan_atomic32_exchange(volatile int *place, int value, int order);
int __tsan_atomic32_exchange(volatile int *place, int value, int order)
{
    (void)order;
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}

void __tsan_atomic32_store(volatile int *place, int value, int order);
void __tsan_atomic32_store(volatile int *place, int value, int order)
{
    (void)order;
    __atomic_store_n(place, value, __ATOMIC_SEQ_CST);
}

/* The primitives */

static char logged[3][65536]; /* by descriptor */
static size_t logged_length[3];
static int report_fd = -1; /* in a child: where to say what happened */
static __thread unsigned self_slot;
static unsigned next_slot = 1;

struct started {
    void (*entry)(void *(*)(void *), void *);
    void *(*start)(void *);
    void *argument;
    unsigned slot;
};

static void report(const char *text)
{
    cr_assert_eq(write(report_fd, text, strlen(text)), (ssize_t)strlen(text));
}

unsigned __aw_self(void)
{
    return self_slot;
}

static void *run_started(void *argument)
{
    struct started started = *(struct started *)argument;

    free(argument);
    self_slot = started.slot;
    started.entry(started.start, started.argument);
    return NULL;
}

int __aw_thread_create(unsigned long *thread, void (*entry)(void *(*)(void *), void *),
                       void *(*start)(void *), void *argument, int detached)
{
    struct started *started = malloc(sizeof *started);

    cr_assert_eq(detached, 0);
    *started = (struct started){entry, start, argument, next_slot++};
    return pthread_create(thread, NULL, run_started, started);
}

void __aw_thread_exit(void *result)
{
    pthread_exit(result);
}

int __aw_fork(void)
{
    return fork();
}

int __aw_raise(int number)
{
    return number + 1000;
}

static void first_destructor(void)
{
    report(" first");
}

static void second_destructor(void)
{
    report(" second");
}

static bool has_destructors;

int __aw_put(void *object, const void *bytes, unsigned long size, int unless_locked)
{
    (void)unless_locked;
    memcpy(object, bytes, size);
    return 0;
}

void __aw_keep(void *block)
{
    (void)block;
}

void __aw_leaks(void)
{
}

void __aw_forget(void)
{
}

void (*__aw_destructor(unsigned index))(void)
{
    if (!has_destructors)
        return NULL;
    return index == 0 ? first_destructor : index == 1 ? second_destructor : NULL;
}

void __aw_abort(void)
{
    report("abort ");
    _exit(134);
}

void __aw_assert(const char *expression, const char *file, unsigned line, const char *function)
{
    char text[256];

    snprintf(text, sizeof text, "assert %s %s %u %s ", expression, file, line, function);
    report(logged[2]);
    report(text);
    _exit(135);
}

void __aw_unmodelled(const char *what)
{
    report("unmodelled ");
    report(what);
    _exit(136);
}

int __aw_strtod(const char *text, char **end, double *value, int single)
{
    errno = 0;
    *value = single ? (double)strtof(text, end) : strtod(text, end);
    return errno;
}

int __aw_vsnprintf(char *buffer, unsigned long size, const char *format, va_list arguments)
{
    return vsnprintf(buffer, size, format, arguments);
}

void __aw_log(int fd, const char *bytes, unsigned long length)
{
    cr_assert(fd == 1 || fd == 2);
    cr_assert_lt(logged_length[fd] + length, sizeof logged[fd]);
    memcpy(logged[fd] + logged_length[fd], bytes, length);
    logged_length[fd] += length;
    logged[fd][logged_length[fd]] = '\0';
}

static void forget_log(void)
{
    memset(logged, 0, sizeof logged);
    memset(logged_length, 0, sizeof logged_length);
}

/* The runtime */

static void *runtime;

static void open_runtime(void)
{
    const char *path = getenv("AW_RUNTIME");

    runtime = dlopen(path != NULL ? path : "build/runtime.so",
                     RTLD_LOCAL | RTLD_NOW | RTLD_DEEPBIND);
    cr_assert_not_null(runtime, "%s", dlerror());
    forget_log();
}

static void *symbol(const char *name)
{
    void *address = dlsym(runtime, name);

    cr_assert_not_null(address, "%s is not there", name);
    cr_assert_neq(address, dlsym(RTLD_DEFAULT, name), "%s is libc's", name);
    return address;
}

/* The runtime's function or object of that name, with the type of libc's. */
#define RT(name) (*(__typeof__(name) *)symbol(#name))

TestSuite(runtime, .init = open_runtime);

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)(seed >> 8) * below) >> 24);
}

/* Runs `body` in a child and returns what it reported; the last word is its exit status. */
static char *in_child(void (*body)(void))
{
    static char text[65536];
    size_t length = 0;
    ssize_t got;
    int ends[2], status;
    pid_t pid;

    cr_assert_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        body();
        report("returned ");
        _exit(99);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof text - length - 32)) > 0)
        length += (size_t)got;
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    snprintf(text + length, 32, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return text;
}

/* getopt */

static const struct option options[] = {
    {"alpha", no_argument, NULL, 'a'},        {"alpine", no_argument, NULL, 1001},
    {"beta", required_argument, NULL, 'b'},   {"gamma", optional_argument, NULL, 'c'},
    {"same-one", no_argument, NULL, 1002},    {"same-two", no_argument, NULL, 1002},
    {"flag", no_argument, (int *)-1, 7},      {"x", required_argument, NULL, 1003},
    {"beta-max", no_argument, NULL, 1004},    {NULL, 0, NULL, 0},
};

static const char *const words[] = {
    "-a",         "-b",        "-bval",      "-c",        "-cval",    "-ab",        "-abc",
    "-x",         "-z",        "--",         "-",         "operand",  "other",      "",
    "--alpha",    "--al",      "--alp=3",    "--alpha=1", "--beta",   "--beta=2",   "--bet",
    "--beta=",    "--gamma",   "--gamma=5",  "--same",    "--same-o", "--nothing",  "--nothing=1",
    "--flag",     "--fl",      "-alpha",     "-beta",     "-gamma=3", "-fl",        "-W",
    "-Walpha",    "-Wbeta=1",  "-Wnone",     "-same",     "-xy",      "---",        "-:",
    "-;",         "--x",       "--x=1",      "-azb",      "-W",       "beta",       "gamma=7",
};

static const char *const letter_sets[] = {
    "ab:c::",  "+ab:c::",  "-ab:c::", ":ab:c::", "+:ab:c::", "-:ab:c::",
    "ab:c::W;", ":ab:c::W;", "",      "abcxyz",  "a:b::c",
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
    static const char *const texts[] = {"0",  "12", "-12", " \t\n+7x", "",   "-", "--1", "+-1",
                                        "9223372036854775807", "9223372036854775808",
                                        "-9223372036854775808", "-9223372036854775809",
                                        "99999999999999999999", "2147483648", "0x10", "012"};

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
    static const char *const names[] = {"A", "B", "LONG", "LON", "E", "N0", "N1", "N2", "N3",
                                        "N4", "N5", "N6", "N7", "N8", "N9", "M0", "M1", "M2"};
    enum { NAMES = sizeof names / sizeof names[0] };
    char **kept = environ;

    RT(environ) = start;
    environ = start;
    seed = 11;
    for (int i = 0; i < 3000; i++) {
        char value[8];

        /* Both start from the same array; the first change of each must not show in the other. */
        snprintf(value, sizeof value, "v%d", i % 1000);
        change(i == 0 ? 0 : (int)draw(3), i == 0 ? "B" : names[draw(NAMES)], value,
               (int)draw(2));
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

/* The end of a process */

static void say_a(void)
{
    report("a ");
}

static void say_b_and_register(void)
{
    report("b ");
    RT(atexit)(say_a);
}

static void say_status(int status, void *argument)
{
    char text[64];

    snprintf(text, sizeof text, "%s:%d ", (char *)argument, status);
    report(text);
}

static void say_argument(void *argument)
{
    report(argument);
    RT(exit)(4);
}

static void register_and_exit(void)
{
    RT(atexit)(say_a);
    RT(on_exit)(say_status, (void *)"on");
    ((int (*)(void (*)(void *), void *, void *))symbol("__cxa_atexit"))(say_argument,
                                                                        (void *)"cxa ", NULL);
    RT(atexit)(say_b_and_register);
    for (int i = 0; i < 70; i++)
        RT(on_exit)(say_status, (void *)(i % 35 == 0 ? "block" : ""));
    RT(exit)(3);
}

Test(runtime, exit_runs_handlers_in_reverse_order)
{
    char expected[2048] = "", *got = in_child(register_and_exit);

    for (int i = 69; i >= 0; i--)
        strcat(expected, i % 35 == 0 ? "block:3 " : ":3 ");
    strcat(expected, "b a cxa on:4 a 4");
    cr_assert_str_eq(got, expected);
}

static void construct(int argc, char **argv, char **envp)
{
    report(argv[argc - 1]);
    report(envp[0]);
    RT(atexit)(say_a);
}

static int program_main(int argc, char **argv, char **envp)
{
    (void)argc;
    report(" main ");
    report(RT(environ) == envp ? "env " : "");
    report(*(char **)symbol("__progname"));
    report(argv[0]);
    return 5;
}

typedef void start_function(int (*)(int, char **, char **), int, char **, char **,
                            void (**)(int, char **, char **), unsigned long);

static void start_a_program(void)
{
    static char *argv[] = {(char *)"/some/prog", (char *)"last ", NULL};
    static char *envp[] = {(char *)"X=1", NULL};
    static void (*init[])(int, char **, char **) = {construct, construct};

    ((start_function *)symbol("__aw_start"))(program_main, 2, argv, envp, init, 2);
}

static void start_with_destructors(void)
{
    has_destructors = true;
    start_a_program();
}

Test(runtime, destructors_run_after_the_exit_handlers)
{
    cr_assert_str_eq(in_child(start_with_destructors),
                     "last X=1last X=1 main env prog/some/proga a  first second5");
}

Test(runtime, start_runs_constructors_main_and_exit)
{
    cr_assert_str_eq(in_child(start_a_program),
                     "last X=1last X=1 main env prog/some/proga a 5");
}

static int failing_main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    ((void (*)(const char *, const char *, unsigned, const char *))symbol("__assert_fail"))(
        "1 < 0", "file.c", 12, "main");
    return 0;
}

static void start_a_failing_program(void)
{
    static char *argv[] = {(char *)"/some/prog", NULL};

    ((start_function *)symbol("__aw_start"))(failing_main, 1, argv, argv + 1, NULL, 0);
}

Test(runtime, a_failed_assertion_prints_glibcs_message)
{
    cr_assert_str_eq(in_child(start_a_failing_program),
                     "prog: file.c:12: main: Assertion `1 < 0' failed.\n"
                     "assert 1 < 0 file.c 12 main 135");
}

/* Forking */

#define HANDLER(name)                                                                              \
    static void name(void)                                                                         \
    {                                                                                              \
        report(#name " ");                                                                         \
    }
HANDLER(prepare1)
HANDLER(prepare2)
HANDLER(parent1)
HANDLER(parent2)
HANDLER(child1)
HANDLER(child2)

typedef int register_atfork_function(void (*)(void), void (*)(void), void (*)(void), void *);

static void fork_with_handlers(void)
{
    int status;
    pid_t pid;

    ((register_atfork_function *)symbol("__register_atfork"))(prepare1, parent1, child1, NULL);
    for (int i = 0; i < 20; i++)
        ((register_atfork_function *)symbol("pthread_atfork"))(NULL, NULL, NULL, NULL);
    ((register_atfork_function *)symbol("pthread_atfork"))(prepare2, parent2, child2, NULL);
    pid = RT(fork)();
    if (pid == 0)
        _exit(0);
    waitpid(pid, &status, 0);
    _exit(6);
}

Test(runtime, fork_runs_its_handlers_in_order)
{
    char *got = in_child(fork_with_handlers);

    /* The two processes report into one pipe; each in its own order. */
    cr_assert_eq(strncmp(got, "prepare2 prepare1 ", 18), 0, "%s", got);
    cr_assert_not_null(strstr(got, "parent1 "));
    cr_assert_lt(strstr(got, "parent1 "), strstr(got, "parent2 "));
    cr_assert_lt(strstr(got, "child1 "), strstr(got, "child2 "));
    cr_assert_eq(strlen(got), 18 + 16 + 14 + 1);
}

/* Threads */

static char order[64];
static pthread_key_t first_key, second_key;
static int rounds;

static void first_ends(void *value)
{
    strcat(order, "1");
    strcat(order, value);
    RT(pthread_setspecific)(second_key, "again"); /* makes a second round */
}

static void second_ends(void *value)
{
    strcat(order, "2");
    strcat(order, value);
}

static void never_ends(void *value)
{
    rounds++;
    RT(pthread_setspecific)(first_key, value);
}

static void *use_keys(void *argument)
{
    cr_assert_null(RT(pthread_getspecific)(first_key));
    RT(pthread_setspecific)(first_key, argument);
    RT(pthread_setspecific)(second_key, "b");
    cr_assert_eq(RT(pthread_getspecific)(first_key), argument);
    return argument;
}

Test(runtime, key_destructors_run_at_the_end_of_a_thread)
{
    pthread_t thread;
    void *result;

    cr_assert_eq(RT(pthread_key_create)(&first_key, first_ends), 0);
    cr_assert_eq(RT(pthread_key_create)(&second_key, second_ends), 0);
    cr_assert_eq(RT(pthread_create)(&thread, NULL, use_keys, (void *)"a"), 0);
    pthread_join(thread, &result);
    cr_assert_str_eq(result, "a");
    cr_assert_str_eq(order, "1a2again");
    cr_assert_null(RT(pthread_getspecific)(first_key));
}

static void *use_one_key(void *argument)
{
    RT(pthread_setspecific)(first_key, argument);
    RT(pthread_exit)(NULL);
    return NULL;
}

Test(runtime, key_destructors_stop_after_some_rounds)
{
    pthread_t thread;

    RT(pthread_key_create)(&first_key, never_ends);
    RT(pthread_create)(&thread, NULL, use_one_key, (void *)"x");
    pthread_join(thread, NULL);
    cr_assert_eq(rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
}

Test(runtime, keys_are_checked_and_a_new_key_starts_empty)
{
    pthread_key_t key;

    cr_assert_eq(RT(pthread_setspecific)(3, "x"), EINVAL);
    cr_assert_eq(RT(pthread_key_delete)(3), EINVAL);
    cr_assert_eq(RT(pthread_key_create)(&key, NULL), 0);
    cr_assert_eq(RT(pthread_setspecific)(key, "old"), 0);
    cr_assert_eq(RT(pthread_key_delete)(key), 0);
    cr_assert_eq(RT(pthread_key_create)(&key, NULL), 0);
    cr_assert_null(RT(pthread_getspecific)(key));
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;

static void run_once(void)
{
    struct timespec wait = {.tv_nsec = 20000000};

    nanosleep(&wait, NULL);
    once_count++;
}

static void *call_once(void *argument)
{
    RT(pthread_once)(&once, run_once);
    cr_assert_eq(once_count, 1, "nobody passes before the routine has ended");
    return argument;
}

Test(runtime, once_runs_once_and_everybody_waits_for_it)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        RT(pthread_create)(&threads[i], NULL, call_once, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(once_count, 1);
}

static volatile int blocked;

static void block_for_ever(void)
{
    if (once_count++ == 0) {
        blocked = 1;
        for (;;)
            pause();
    }
}

static void *block_in_once(void *argument)
{
    RT(pthread_once)(&once, block_for_ever);
    return argument;
}

static void fork_while_once_is_running(void)
{
    pthread_t thread;
    int status;
    pid_t pid;

    RT(pthread_create)(&thread, NULL, block_in_once, NULL);
    while (!blocked)
        sched_yield();
    pid = RT(fork)();
    if (pid == 0) {
        RT(pthread_once)(&once, block_for_ever);
        _exit(once_count);
    }
    waitpid(pid, &status, 0);
    _exit(WEXITSTATUS(status));
}

Test(runtime, a_child_runs_again_what_a_lost_thread_was_running_once)
{
    cr_assert_str_eq(in_child(fork_while_once_is_running), "2");
}

/* Attributes */

Test(runtime, attributes_keep_what_they_are_given)
{
    pthread_attr_t attributes;
    pthread_mutexattr_t kinds;
    pthread_mutex_t mutex, zero_mutex;
    pthread_condattr_t clocks;
    pthread_cond_t condition, zero_condition;
    int value;
    size_t size;
    clockid_t clock;

    memset(&zero_mutex, 0, sizeof zero_mutex);
    memset(&zero_condition, 0, sizeof zero_condition);
    RT(pthread_attr_init)(&attributes);
    RT(pthread_attr_getdetachstate)(&attributes, &value);
    cr_assert_eq(value, PTHREAD_CREATE_JOINABLE);
    cr_assert_eq(RT(pthread_attr_setdetachstate)(&attributes, 17), EINVAL);
    cr_assert_eq(RT(pthread_attr_setdetachstate)(&attributes, PTHREAD_CREATE_DETACHED), 0);
    RT(pthread_attr_getdetachstate)(&attributes, &value);
    cr_assert_eq(value, PTHREAD_CREATE_DETACHED);
    cr_assert_eq(RT(pthread_attr_setstacksize)(&attributes, 100), EINVAL);
    cr_assert_eq(RT(pthread_attr_setstacksize)(&attributes, 65536), 0);
    RT(pthread_attr_getstacksize)(&attributes, &size);
    cr_assert_eq(size, 65536);

    RT(pthread_mutexattr_init)(&kinds);
    RT(pthread_mutexattr_gettype)(&kinds, &value);
    cr_assert_eq(value, PTHREAD_MUTEX_DEFAULT);
    for (int kind = 0; kind < 4; kind++) {
        cr_assert_eq(RT(pthread_mutexattr_settype)(&kinds, kind), 0);
        memset(&mutex, 0xff, sizeof mutex);
        RT(pthread_mutex_init)(&mutex, &kinds);
        cr_assert_eq(mutex.__data.__kind, kind);
        mutex.__data.__kind = 0;
        cr_assert_eq(memcmp(&mutex, &zero_mutex, sizeof mutex), 0);
    }
    cr_assert_eq(RT(pthread_mutexattr_settype)(&kinds, 4), EINVAL);
    mutex.__data.__lock = 1;
    cr_assert_eq(RT(pthread_mutex_destroy)(&mutex), EBUSY);

    RT(pthread_condattr_init)(&clocks);
    RT(pthread_condattr_getclock)(&clocks, &clock);
    cr_assert_eq(clock, CLOCK_REALTIME);
    RT(pthread_cond_init)(&condition, &clocks);
    cr_assert_eq(memcmp(&condition, &zero_condition, sizeof condition), 0);
    cr_assert_eq(RT(pthread_condattr_setclock)(&clocks, CLOCK_MONOTONIC), 0);
    RT(pthread_cond_init)(&condition, &clocks);
    cr_assert_eq(*(int *)&condition, 1);
    *(int *)&condition = 0;
    cr_assert_eq(memcmp(&condition, &zero_condition, sizeof condition), 0);
}

static void inherit_priorities(void)
{
    pthread_mutexattr_t kinds;

    RT(pthread_mutexattr_init)(&kinds);
    RT(pthread_mutexattr_setprotocol)(&kinds, PTHREAD_PRIO_INHERIT);
}

static void ask_for_something(void)
{
    RT(sysconf)(_SC_PHYS_PAGES);
}

Test(runtime, what_has_no_model_stops_by_name)
{
    char expected[64];

    cr_assert_str_eq(in_child(inherit_priorities),
                     "unmodelled pthread_mutexattr_setprotocol other than PTHREAD_PRIO_NONE136");
    snprintf(expected, sizeof expected, "unmodelled sysconf(%d)136", _SC_PHYS_PAGES);
    cr_assert_str_eq(in_child(ask_for_something), expected);
    cr_assert_eq(RT(sysconf)(_SC_PAGESIZE), 4096);
    cr_assert_eq(RT(sysconf)(_SC_NPROCESSORS_ONLN), 2);
}
