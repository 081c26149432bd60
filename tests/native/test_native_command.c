/* SPDX-License-Identifier: MIT */
/*
 * `allways native` from outside: exit statuses, the seed, the table, an interruption. The
 * executable is $AW_BIN, or build/allways; the working folder is the repository's.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/allways-native-XXXXXX";
static char said[1 << 16]; /* by the last command, on both outputs */

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

TestSuite(native_command, .init = open_folder, .fini = remove_folder, .timeout = 60);

static const char *binary(void)
{
    const char *given = getenv("AW_BIN");
    return given ? given : "build/allways";
}

/* A scenario whose program is one of fixture.c. */
static void write_scenario(const char *args, const char *faults)
{
    char path[64];
    snprintf(path, sizeof path, "%s/s.yaml", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file,
            "name: fixture\nabout: A test.\nprogram: build/models/article.so\nargs: %s\n"
            "expect: {verdict: proved}\n%s",
            args, faults);
    fclose(file);
}

static const char cut_writes[] = "faults:\n  - point: posix/io/rw/write/reduce\n"
                                 "    lengths: every\n    budget: 100\nfault_budget: 100\n";

/* The exit status of `allways native` with the fixture as the program. */
static int native(const char *options)
{
    char command[1024];
    const char *slash = strrchr(binary(), '/');
    snprintf(command, sizeof command,
             "%s native --program %.*s/tests/native/fixture %s/s.yaml %s 2>&1", binary(),
             (int)(slash - binary()), binary(), folder, options);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, sizeof said - 1, output)] = '\0';
    int status = pclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_log(char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/log", folder);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

Test(native_command, the_seed_is_printed_and_decides)
{
    static char first[1 << 16], again[1 << 16], other[1 << 16];
    char options[128];
    write_scenario("roles", cut_writes);
    snprintf(options, sizeof options, "--runs 8 --probability 0.2 --log %s/log", folder);
    cr_expect_eq(native(options), 0, "%s", said);
    unsigned long long seed;
    cr_assert_eq(sscanf(said, "seed %llu,", &seed), 1, "%s", said);
    read_log(first, sizeof first);
    cr_expect_not_null(strstr(first, "run 8, thread 0/1 (left), its occurrence "), "%s", first);
    snprintf(options, sizeof options, "--runs 8 --probability 0.2 --log %s/log --seed %llu", folder,
             seed);
    cr_expect_eq(native(options), 0);
    read_log(again, sizeof again);
    cr_expect_str_eq(first, again);
    snprintf(options, sizeof options, "--runs 8 --probability 0.2 --log %s/log --seed %llu", folder,
             seed + 1);
    cr_expect_eq(native(options), 0);
    read_log(other, sizeof other);
    cr_expect_str_neq(first, other);
}

Test(native_command, losses_errors_and_hangs_are_no_failure_of_the_experiment)
{
    static const char counted[][16] = {"runs", "passed", "drained", "losing",
                                       "lost", "hung",   "errors",  "faults"};
    static const struct {
        char args[16];
        int counts[8];
    } cases[] = {
        {"items 5", {3, 0, 0, 3, 6, 0, 0, 0}},        {"items 2", {3, 3, 0, 3, 6, 0, 0, 0}},
        {"error", {3, 0, 3, 0, 0, 0, 3, 0}},          {"child-fails", {3, 0, 3, 0, 0, 0, 3, 0}},
        {"hang /dev/null", {3, 0, 0, 0, 0, 3, 0, 0}}, {"write", {3, 0, 3, 0, 0, 0, 3, 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_scenario(cases[i].args, strcmp(cases[i].args, "write") == 0 ? cut_writes : "");
        bool hangs = strncmp(cases[i].args, "hang", 4) == 0; /* the others must not, however slow */
        cr_expect_eq(native(hangs ? "--runs 3 --probability 1 --time-limit 0.3 --format json"
                                  : "--runs 3 --probability 1 --time-limit 15 --format json"),
                     0, "%s", said);
        json_t *all = json_loads(said, 0, NULL);
        json_t *one = json_array_get(json_object_get(all, "native"), 0);
        cr_assert_not_null(one, "%s", said);
        for (int k = 0; k < 8; k++)
            cr_expect_eq(json_integer_value(json_object_get(one, counted[k])), cases[i].counts[k],
                         "%s of %s: %s", counted[k], cases[i].args, said);
        json_decref(all);
    }
}

Test(native_command, what_was_never_met_is_said)
{
    write_scenario("write", "faults:\n  - point: fixture/nowhere\n    kind: fail\n"
                            "fault_budget: 1\n");
    cr_expect_eq(native("--runs 2"), 0);
    cr_expect_not_null(strstr(said, "fixture/nowhere"), "%s", said);
    cr_expect_not_null(strstr(said, "never met"), "%s", said);
}

Test(native_command, fiu_runs_command_line_is_printed_or_the_reason_why_not)
{
    write_scenario("write", cut_writes);
    cr_expect_eq(native("--runs 1 --probability 0.5"), 0);
    cr_expect_not_null(strstr(said, "fiu-run -f '' -x -c 'enable_random "
                                    "name=posix/io/rw/write/reduce,probability=0.5' "),
                       "%s", said);
    write_scenario("write",
                   "faults:\n  - kind: crash\n    point: allways/crash\nfault_budget: 1\n");
    cr_expect_eq(native("--runs 1"), 0);
    cr_expect_not_null(strstr(said, "not for fiu-run: fault 1 is of a kind that it lacks"), "%s",
                       said);
}

Test(native_command, a_wrong_word_ends_with_2)
{
    write_scenario("write", "");
    cr_expect_eq(native("--runs 0"), 2);
    cr_expect_eq(native("--seed x"), 2);
    cr_expect_eq(native("--time-limit -1"), 2);
    cr_expect_eq(native("--probability 2"), 2);
    cr_expect_eq(native("--case nothing"), 2);
    cr_expect_not_null(strstr(said, "no case's name contains \"nothing\""), "%s", said);
    cr_expect_eq(native("--format xml"), 2);
    cr_expect_eq(native("/nowhere.yaml"), 2);
    cr_expect_eq(native("--program /nowhere/program"), 2);
    cr_expect_not_null(strstr(said, "/nowhere/program cannot be run: No such file"), "%s", said);
    write_scenario("write", "faults:\n  - point: posix/io/rw/write\n    errno: EINTR\n"
                            "    site: nobody\nfault_budget: 1\n");
    cr_expect_eq(native(""), 2);
    cr_expect_not_null(strstr(said, "nothing in it is at the site \"nobody\""), "%s", said);
}

/* Ctrl-C: the run's processes are killed, the table is printed. */
Test(native_command, an_interrupted_experiment_leaves_nobody)
{
    char args[128], path[64], fixture[512], scenario[64];
    struct timespec moment = {.tv_nsec = 10000000};
    const char *slash = strrchr(binary(), '/');
    snprintf(path, sizeof path, "%s/pids", folder);
    snprintf(args, sizeof args, "hang %s", path);
    snprintf(scenario, sizeof scenario, "%s/s.yaml", folder);
    snprintf(fixture, sizeof fixture, "%.*s/tests/native/fixture", (int)(slash - binary()),
             binary());
    write_scenario(args, "");
    pid_t pid = fork();
    if (pid == 0) {
        dup2(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO), STDOUT_FILENO);
        execl(binary(), "allways", "native", "--program", fixture, scenario, "--time-limit", "50",
              NULL);
        _exit(127);
    }
    long pids[4];
    int count = 0;
    for (int i = 0; i < 2000 && count < 3; i++) {
        FILE *file = fopen(path, "r");
        nanosleep(&moment, NULL);
        for (count = 0; file != NULL && count < 4 && fscanf(file, "%ld", &pids[count]) == 1;)
            count++;
        if (file != NULL)
            fclose(file);
    }
    cr_assert_eq(count, 3);
    kill(pid, SIGINT);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT, "%d", status);
    for (int i = 0; i < count; i++)
        cr_expect(kill((pid_t)pids[i], 0) != 0 && errno == ESRCH, "%ld is alive", pids[i]);
}
