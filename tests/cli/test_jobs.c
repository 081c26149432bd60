/* SPDX-License-Identifier: MIT */
/*
 * Several cases at a time: what comes out is the same as with one at a time, and a child that dies
 * costs its own case alone. The executable is $AW_BIN, or build/allways.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/allways-jobs-XXXXXX";
static char out[1 << 20], err[1 << 16]; /* of the last command */

static void open_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(jobs, .init = open_folder, .fini = remove_folder, .timeout = 120);

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void read_back(const char *name, char *buffer, size_t size)
{
    FILE *file = fopen(in_folder(name), "r");
    cr_assert_not_null(file);
    buffer[fread(buffer, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* The article's repair: a moment with 8 items and 4 workers, minutes with 64 and 16. */
static void scenario(const char *name, const char *numbers, const char *more)
{
    char file[64];
    snprintf(file, sizeof file, "%s.yaml", name);
    FILE *to = fopen(in_folder(file), "w");
    cr_assert_not_null(to);
    fprintf(to,
            "name: %s\nabout: a test\nprogram: build/models/article.so\n"
            "args: %s --size 4 --protocol sentinel-per-worker --numbered\n%s",
            name, numbers, more);
    fclose(to);
}

#define SMALL "--items 2 --workers 2"
#define LARGE "--items 200 --workers 40"
#define PROVED "expect: {verdict: proved}\n"

/* `allways run --trace-dir FOLDER ARGUMENTS FOLDER` */
static pid_t start(const char *arguments)
{
    char command[512];
    const char *binary = getenv("AW_BIN");
    snprintf(command, sizeof command, "exec %s run --trace-dir %s %s %s",
             binary ? binary : "build/allways", folder, arguments, folder);
    int to_out = open(in_folder("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int to_err = open(in_folder("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = fork();
    if (child == 0) {
        dup2(to_out, 1);
        dup2(to_err, 2);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(to_out);
    close(to_err);
    return child;
}

static int finish(pid_t child)
{
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    read_back("out", out, sizeof out);
    read_back("err", err, sizeof err);
    return WEXITSTATUS(status);
}

/* Until the command has said so. */
static void wait_for(const char *text)
{
    for (int tries = 0; tries < 600; tries++, usleep(50000)) {
        read_back("out", out, sizeof out);
        if (strstr(out, text) != NULL)
            return;
    }
    cr_assert_fail("never said \"%s\"", text);
}

/* Blanks out "12.34 s". */
static void hide_times(char *text)
{
    for (char *s = strstr(text, " s"); s != NULL; s = strstr(s + 1, " s"))
        for (char *c = s - 1; c >= text && strchr("0123456789. ", *c) != NULL; c--)
            *c = '#';
}

/* The first child of `parent`, once it has exactly `count` of them; 0 when that does not come. */
static pid_t child_of(pid_t parent, int count)
{
    char path[64], pids[256];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    for (int tries = 0; tries < 400; tries++, usleep(25000)) {
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        pids[fread(pids, 1, sizeof pids - 1, file)] = '\0';
        fclose(file);
        int found = 0;
        pid_t first = 0;
        for (char *at = pids, *end; strtol(at, &end, 10) > 0; at = end) {
            if (found++ == 0)
                first = (pid_t)strtol(at, NULL, 10);
        }
        if (found == count)
            return first;
    }
    return 0;
}

Test(jobs, change_neither_the_order_nor_what_is_said)
{
    static char table[1 << 20];
    scenario("a", SMALL, PROVED);
    scenario("b", "--items 8 --workers 4", PROVED);
    scenario("c", SMALL, "properties: [drained]\nexpect: {verdict: violated, property: drained}\n");
    scenario("d", SMALL, "program-is-not: known\n");
    cr_expect_eq(finish(start("--jobs 3")), 2, "%s%s", out, err);
    cr_expect_str_eq(out, "", "a wrong file: nothing is run");
    scenario("d", "--items 2 --workers ${n}",
             "matrix: {n: [1, 2, 3]}\nfaults: [{kind: crash, role: worker}]\n"
             "properties: [no-deadlock]\n"
             "expect: [{when: {n: 1}, verdict: proved},\n"
             "  {verdict: violated, property: no-deadlock}]\n");
    cr_expect_eq(finish(start("--jobs 1")), 1, "%s%s", out, err);
    hide_times(out);
    strcpy(table, out);
    cr_expect_not_null(strstr(table, "\nFAIL c "), "%s", table);
    cr_expect_not_null(strstr(table, "\nok   d[n=3] "), "%s", table);
    cr_expect_eq(finish(start("--jobs 3")), 1, "%s%s", out, err);
    hide_times(out);
    cr_expect_str_eq(out, table);
    cr_expect_eq(finish(start("--jobs 64")), 1);
    hide_times(out);
    cr_expect_str_eq(out, table);
}

Test(jobs, json_has_all_that_one_process_knows)
{
    json_error_t reason;
    scenario("a", SMALL, "count: true\n" PROVED);
    scenario("b", SMALL,
             "faults: [{kind: crash, role: worker}]\nproperties: [no-deadlock]\n"
             "expect: {verdict: violated, property: no-deadlock}\n");
    json_t *results[2];
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(finish(start(i == 0 ? "--format json --jobs 1" : "--format json --jobs 2")),
                     0);
        cr_expect_str_eq(err, "");
        json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, &reason);
        cr_assert_not_null(root, "%s in\n%s", reason.text, out);
        results[i] = json_object_get(root, "results");
        cr_assert_eq(json_array_size(results[i]), 2);
        for (size_t k = 0; k < 2; k++) {
            json_t *one = json_array_get(results[i], k);
            cr_expect_gt(json_integer_value(json_object_get(one, "peak_memory_bytes")), 0);
            json_object_del(one, "peak_memory_bytes");
            json_object_del(one, "seconds");
        }
    }
    cr_expect(json_equal(results[0], results[1]));
    cr_expect(json_is_string(json_object_get(json_array_get(results[1], 0), "interleavings")));
}

Test(jobs, a_child_that_dies_costs_its_own_case)
{
    scenario("a", SMALL, PROVED);
    scenario("b", SMALL, PROVED);
    scenario("c", LARGE, PROVED);
    pid_t child = start("--jobs 2");
    wait_for("\nok   b ");
    pid_t victim = child_of(child, 1); /* a and b are over, c goes on */
    cr_assert_neq(victim, 0);
    kill(victim, SIGKILL);
    cr_expect_eq(finish(child), 2, "%s%s", out, err);
    cr_expect_not_null(strstr(err, "allways c: the process that checked it was ended by signal 9"),
                       "%s", err);
    cr_expect_not_null(strstr(out, "\n2 cases: 2 as expected, 0 not, 1 more could not be run\n"),
                       "%s", out);
}

Test(jobs, messages_of_cases_that_cannot_be_run_stand_in_their_order)
{
    FILE *file;
    for (char name = 'a'; name <= 'd'; name++) {
        char path[16];
        snprintf(path, sizeof path, "%c.yaml", name);
        file = fopen(in_folder(path), "w");
        fprintf(file, "name: %c\nabout: x\nprogram: ./none.so\n" PROVED, name);
        fclose(file);
    }
    cr_expect_eq(finish(start("--jobs 4")), 2);
    const char *at = err;
    for (char name = 'a'; name <= 'd'; name++) {
        char words[32];
        snprintf(words, sizeof words, "allways run: %c: ", name);
        at = strstr(at, words);
        cr_assert_not_null(at, "%c in\n%s", name, err);
    }
    cr_expect_not_null(strstr(out, ", 4 more could not be run\n"), "%s", out);
}

Test(jobs, an_interrupt_ends_all_and_shows_what_there_is)
{
    scenario("a", SMALL, PROVED);
    scenario("b", LARGE, PROVED);
    scenario("c", LARGE, PROVED);
    scenario("d", LARGE, PROVED);
    pid_t child = start("--jobs 2");
    wait_for("\nok   a ");
    cr_assert_neq(child_of(child, 2), 0);
    usleep(300000); /* both are searching */
    kill(child, SIGINT);
    cr_expect_eq(finish(child), 3, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "\nok   a "), "%s", out);
    cr_expect_not_null(strstr(out, "\nFAIL b         inconclusive "), "%s", out);
    cr_expect_not_null(strstr(out, "\nFAIL c         inconclusive "), "%s", out);
    cr_expect_null(strstr(out, "\nFAIL d "), "%s", out);
    cr_expect_not_null(strstr(out, "; interrupted\n"), "%s", out);
}

Test(jobs, numbers_that_are_none)
{
    scenario("a", SMALL, PROVED);
    cr_expect_eq(finish(start("--jobs 0")), 2);
    cr_expect_str_eq(err, "allways run: --jobs: expected a number from 1 to 256, found \"0\"\n");
    cr_expect_eq(finish(start("--jobs all")), 2);
}
