/* SPDX-License-Identifier: MIT */
/* Kept traces (`traces:` of a scenario): carried out before any search. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int run(char said[8192], const char *format, ...) __attribute__((format(printf, 2, 3)));

static int run(char said[8192], const char *format, ...)
{
    char arguments[1024], command[1400];
    const char *named = getenv("AW_BIN");
    va_list args;
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    snprintf(command, sizeof command, "%s %s 2>&1", named ? named : "build/allways", arguments);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, 8191, output)] = '\0';
    return WEXITSTATUS(pclose(output));
}

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* A program that waits without a condition, or with one; its trace in FOLDER/kept.trace. */
static const char source[] =
    "#include <pthread.h>\n#include <stdlib.h>\n"
    "static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\n"
    "static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;\n"
    "%s\nstatic int ready;\n"
    "static void *%s(void *unused)\n{\n"
    "    pthread_mutex_lock(&lock);\n    ready = 1;\n"
    "    pthread_cond_signal(&changed);\n    pthread_mutex_unlock(&lock);\n"
    "    return unused;\n}\n"
    "int main(void)\n{\n    pthread_t thread;\n"
    "    pthread_create(&thread, NULL, %s, NULL);\n"
    "    pthread_mutex_lock(&lock);\n    %s\n"
    "        pthread_cond_wait(&changed, &lock);\n"
    "    pthread_mutex_unlock(&lock);\n"
    "    return pthread_join(thread, NULL);\n}\n";

static void compile(const char *comment, const char *name, const char *loop)
{
    char text[2048], said[8192];
    snprintf(text, sizeof text, source, comment, name, name, loop);
    put("p.c", text);
    cr_assert_eq(run(said, "cc %s/p.c -o %s/p.so", folder, folder), 0, "%s", said);
}

static void make(void)
{
    char said[8192], text[1024];
    snprintf(folder, sizeof folder, "/tmp/allways-kept-%d", (int)getpid());
    snprintf(text, sizeof text, "mkdir -p %s", folder);
    cr_assert_eq(system(text), 0);
    compile("", "helper", "");
    snprintf(text, sizeof text,
             "name: kept\nabout: waits\nprogram: %s/p.so\nexpect: {verdict: violated, property: "
             "no-deadlock}\n",
             folder);
    put("first.yaml", text);
    snprintf(text, sizeof text,
             "name: kept\nabout: waits\nprogram: %s/p.so\ntraces: [./kept.trace]\n"
             "expect: {verdict: proved}\n",
             folder);
    put("kept.yaml", text);
    cr_assert_eq(run(said, "run --trace-dir %s %s/first.yaml", folder, folder), 0, "%s", said);
}

static void clean(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(kept, .init = make, .fini = clean);

Test(kept, a_trace_that_reproduces_decides_without_a_search)
{
    char said[8192];
    cr_expect_eq(run(said, "run --format json %s/kept.yaml", folder), 1);
    cr_expect_not_null(strstr(said, "\"verdict\": \"violated\""), "%s", said);
    cr_expect_not_null(strstr(said, "\"states\": 0"), "%s", said);
    cr_expect_not_null(strstr(said, "kept.trace reproduces"), "%s", said);
}

Test(kept, a_trace_survives_code_that_merely_moved)
{
    char said[8192];
    compile("/* a line\n   and another */", "renamed", "");
    cr_expect_eq(run(said, "run %s/kept.yaml", folder), 1);
    cr_expect_not_null(strstr(said, "kept.trace reproduces"), "%s", said);
    cr_expect_eq(run(said, "replay %s/kept.trace", folder), 0);
    cr_expect_not_null(strstr(said, "is not the one that the trace was recorded"), "%s", said);
}

Test(kept, a_trace_that_was_fixed_is_said_and_the_search_decides)
{
    char said[8192];
    compile("", "helper", "while (!ready)");
    cr_expect_eq(run(said, "run %s/kept.yaml", folder), 0, "%s", said);
    cr_expect_not_null(strstr(said, "no longer reproduces (the program has changed"), "%s", said);
    cr_expect_not_null(strstr(said, "ok   kept"), "%s", said);
    cr_expect_eq(run(said, "replay %s/kept.trace", folder), 1);
    cr_expect_not_null(strstr(said, " steps agree"), "%s", said);
}

Test(kept, a_trace_of_something_else_is_an_error)
{
    char said[8192], text[512];
    snprintf(text, sizeof text,
             "name: kept\nabout: waits\nprogram: %s/p.so\nargs: other\ntraces: [./kept.trace]\n"
             "expect: {verdict: proved}\n",
             folder);
    put("other.yaml", text);
    cr_expect_eq(run(said, "run %s/other.yaml", folder), 2, "%s", said);
    cr_expect_not_null(strstr(said, "a trace of another program or other arguments"), "%s", said);
    put("kept.trace", "{\"format\": 2");
    cr_expect_eq(run(said, "run %s/kept.yaml", folder), 2, "%s", said);
    cr_expect_not_null(strstr(said, "the file ends in the middle of the trace"), "%s", said);
}

/* Cut off or changed anywhere: a clear error from each command, never a crash. */
Test(kept, a_trace_that_was_damaged_anywhere_is_refused)
{
    char path[128], damaged[128], said[8192], command[256];
    snprintf(path, sizeof path, "%s/kept.trace", folder);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    ssize_t length = getdelim(&text, &size, '\0', file);
    fclose(file);
    cr_assert_gt(length, 1000);
    snprintf(damaged, sizeof damaged, "%s/damaged.trace", folder);
    unsigned random = 12345;
    for (int i = 0; i < 60; i++) {
        random = random * 1103515245 + 12345;
        size_t at = (random >> 8) % (size_t)length;
        file = fopen(damaged, "we");
        if (i % 2 == 0) {
            fwrite(text, 1, at, file);
        } else {
            fwrite(text, 1, at, file);
            fputc(text[at] == 'x' ? 'y' : 'x', file);
            fwrite(text + at + 1, 1, (size_t)length - at - 1, file);
        }
        fclose(file);
        snprintf(command, sizeof command, "%s --format html %s", "show", damaged);
        cr_expect_eq(run(said, "%s", command), 2, "byte %zu: %s", at, said);
        cr_expect_not_null(strstr(said, "damaged.trace"), "%s", said);
        cr_expect_eq(run(said, "replay %s", damaged), 2, "byte %zu: %s", at, said);
    }
    free(text);
}
