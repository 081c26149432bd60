/* SPDX-License-Identifier: MIT */
/*
 * The native twin on real processes: the programs of fixture.c under plans made by hand. What
 * was built is taken from the folder of $AW_BIN, or build/; the working folder is the repository's.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/native.h"

TestSuite(native, .timeout = 120);

static struct aw_native_job job;
static struct aw_native_outcome outcome;
static char *env[] = {(char[]){"GIVEN=1"}, NULL};

static const char *in_build(const char *name)
{
    static char paths[3][512];
    static int next;
    const char *binary = getenv("AW_BIN"), *slash = binary ? strrchr(binary, '/') : NULL;
    char *path = paths[next++ % 3];
    snprintf(path, sizeof paths[0], "%.*s/%s", slash ? (int)(slash - binary) : 5,
             slash ? binary : "build", name);
    return path;
}

/* A plan of one fault, always a yes, with room for all. */
static struct aw_fault *plan(enum aw_fault_kind kind, const char *point)
{
    memset(&job, 0, sizeof job);
    job.seed = 1;
    job.run = 1;
    job.probability = 1;
    job.plan.count = 1;
    job.plan.budget = 1000;
    struct aw_fault *fault = &job.plan.faults[0];
    fault->kind = kind;
    fault->budget = 1000;
    snprintf(fault->point, sizeof fault->point, "%.95s", point);
    return fault;
}

static void set_values(struct aw_fault *fault, int64_t value)
{
    fault->value_count = 1;
    fault->values[0] = value;
    fault->lengths = AW_LENGTHS_LISTED;
}

/* Runs the fixture's program of that name; `more` may be NULL. */
static void run_with(const char *name, const char *more, double limit)
{
    char *argv[] = {(char *)"fixture", (char *)name, (char *)more, NULL};
    struct aw_native_program program = {in_build("tests/native/fixture"), argv, env};
    struct aw_native_settings settings = {
        .preload = in_build("allways-preload.so"), .limit_seconds = limit, .show_output = true};
    struct aw_error error = {0};
    aw_native_outcome_deinit(&outcome);
    int status = aw_native_run(&program, &job, &settings, &outcome, &error);
    cr_assert_eq(status, 0, "%s: %s", name, error.message);
}

/* The exit status of the fixture's program. */
static int run(const char *name)
{
    run_with(name, NULL, 20);
    cr_assert_eq(outcome.end, AW_NATIVE_ENDED, "%s hung", name);
    return WIFEXITED(outcome.status) ? WEXITSTATUS(outcome.status) : -WTERMSIG(outcome.status);
}

/* ---- each kind, once ---- */

Test(native, without_a_plan_nothing_happens)
{
    static const char *const names[] = {"write", "read",       "vectors",     "close",    "poll",
                                        "pipe",  "fork",       "wait",        "kill",     "thread",
                                        "sleep", "semaphores", "allocations", "sem_open", "dies",
                                        "point", "environment"};
    memset(&job, 0, sizeof job);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(run(names[i]), strcmp(names[i], "vectors") == 0 ? 32 : 0, "%s", names[i]);
}

/* Which status says that the call failed with its point's first errno. */
Test(native, every_point_of_the_table_that_has_errnos_can_fail)
{
    static const struct {
        char point[40], name[16];
        int more; /* the fixture adds that to 100 + errno */
    } cases[] = {
        {"posix/io/rw/write", "write", 0},
        {"posix/io/rw/read", "read", 0},
        {"posix/io/rw/writev", "vectors", 0},
        {"posix/io/rw/readv", "vectors", 0},
        {"posix/io/oc/close", "close", 0},
        {"posix/io/net/poll", "poll", 0},
        {"posix/proc/fork", "fork", 0},
        {"posix/proc/wait", "wait", 0},
        {"posix/proc/waitpid", "fork", -1},
        {"posix/proc/kill", "kill", 0},
        {"libc/mm/malloc", "allocations", 0},
        {"libc/mm/calloc", "allocations", 1},
        {"libc/mm/realloc", "allocations", 2},
        {"allways/sem/wait", "semaphores", 0},
        {"allways/sem/trywait", "semaphores", 1},
        {"allways/sem/timedwait", "semaphores", 2},
        {"allways/sem/open", "sem_open", 0},
        {"allways/thread/create", "thread", 0},
        {"allways/pipe", "pipe", 0},
        {"allways/sleep", "sleep", 0},
    };
    size_t count, with_errnos = 0;
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count; i++)
        with_errnos += points[i].kind == AW_FAULT_ERRNO;
    cr_expect_eq(with_errnos, sizeof cases / sizeof *cases, "a point is not tested");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct aw_fault_point *point = aw_fault_point_find(cases[i].point);
        cr_assert_not_null(point, "%s", cases[i].point);
        for (int k = 0; k < AW_FAULT_MAX_ERRNOS && point->errnos[k] != 0; k++) {
            struct aw_fault *fault = plan(AW_FAULT_ERRNO, cases[i].point);
            set_values(fault, point->errnos[k]);
            int status = run(cases[i].name);
            int expected = cases[i].more < 0 ? 1 : 100 + point->errnos[k] + cases[i].more;
            if (point->errnos[k] == EAGAIN && strncmp(cases[i].point, "posix/io/", 9) == 0)
                continue; /* only where O_NONBLOCK is set, see below */
            cr_expect_eq(status, expected, "%s with %d: status %d", cases[i].point,
                         point->errnos[k], status);
            cr_expect_eq(outcome.injected[0], 1, "%s: %u injected", cases[i].point,
                         outcome.injected[0]);
        }
    }
}

Test(native, try_again_is_for_descriptors_that_do_not_block)
{
    static const char points[][24] = {"posix/io/rw/write", "posix/io/rw/read", "posix/io/rw/writev",
                                      "posix/io/rw/readv"};
    for (int i = 0; i < 4; i++) {
        set_values(plan(AW_FAULT_ERRNO, points[i]), EAGAIN);
        cr_expect_eq(run(i < 2 ? (i ? "read" : "write") : "vectors"), i < 2 ? 0 : 32, "%s",
                     points[i]);
        cr_expect_eq(outcome.injected[0], 0, "%s", points[i]);
        cr_expect_gt(outcome.met[0], 0, "%s", points[i]);
    }
    set_values(plan(AW_FAULT_ERRNO, "posix/io/rw/write"), EAGAIN);
    cr_expect_eq(run("nonblocking"), 100 + EAGAIN);
    cr_expect_eq(outcome.injected[0], 1);
}

Test(native, partial_transfers_have_the_length_that_was_listed)
{
    set_values(plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce"), 3);
    cr_expect_eq(run("write"), 13);
    set_values(plan(AW_FAULT_PARTIAL, "posix/io/rw/read/reduce"), 5);
    cr_expect_eq(run("read"), 11);
    set_values(plan(AW_FAULT_PARTIAL, "posix/io/rw/writev/reduce"), 6);
    cr_expect_eq(run("vectors"), 10);
    set_values(plan(AW_FAULT_PARTIAL, "posix/io/rw/readv/reduce"), 7);
    cr_expect_eq(run("vectors"), 32 + 9);
}

Test(native, a_length_that_leaves_nothing_out_is_no_fault)
{
    set_values(plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce"), 16);
    cr_expect_eq(run("write"), 0);
    cr_expect_eq(outcome.met[0], 1);
    cr_expect_eq(outcome.injected[0], 0);
}

Test(native, every_length_and_every_meaningful_one_comes_up)
{
    bool seen[16] = {false};
    plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce")->lengths = AW_LENGTHS_EVERY;
    for (uint32_t occurrence = 1; occurrence <= 1000; occurrence++)
        seen[aw_native_value(&job, 0, 7, occurrence, 16)] = true;
    cr_expect_not(seen[0]);
    for (int length = 1; length < 16; length++)
        cr_expect(seen[length], "length %d", length);
    memset(seen, 0, sizeof seen);
    job.plan.faults[0].lengths = AW_LENGTHS_MEANINGFUL; /* 1 2 3 4, 16 / 2, 15 */
    for (uint32_t occurrence = 1; occurrence <= 1000; occurrence++)
        seen[aw_native_value(&job, 0, 7, occurrence, 16)] = true;
    for (int length = 0; length < 16; length++)
        cr_expect_eq(seen[length], (length >= 1 && length <= 4) || length == 8 || length == 15,
                     "length %d", length);
}

Test(native, a_delay_is_slept)
{
    plan(AW_FAULT_DELAY, "posix/io/rw/write")->delay_ns = 60000000;
    cr_expect_eq(run("slow"), 3);
    plan(AW_FAULT_DELAY, "allways/delay")->delay_ns = 60000000;
    cr_expect_eq(run("slow"), 3);
}

Test(native, a_spurious_wakeup_holds_the_mutex)
{
    plan(AW_FAULT_SPURIOUS, "allways/spurious");
    cr_expect_eq(run("cond"), 4); /* and not the time limit of the wait */
}

Test(native, a_crash_kills_the_process_and_is_no_error_of_the_program)
{
    struct aw_fault *fault = plan(AW_FAULT_CRASH, "allways/crash");
    snprintf(fault->role, sizeof fault->role, "worker");
    cr_expect_eq(run("dies"), SIGKILL);
    cr_expect_eq(outcome.injected[0], 1);
    plan(AW_FAULT_CRASH, "allways/crash");
    cr_expect_eq(run("write"), -SIGKILL);
    cr_expect_not(outcome.error);
}

Test(native, a_sigterm_is_sent)
{
    struct aw_fault *fault = plan(AW_FAULT_SIGTERM, "posix/io/rw/write");
    snprintf(fault->role, sizeof fault->role, "worker");
    cr_expect_eq(run("dies"), SIGTERM);
}

Test(native, a_point_in_the_source_fails_with_its_value)
{
    set_values(plan(AW_FAULT_FAIL, "fixture/point"), 77);
    cr_expect_eq(run("point"), 77);
    plan(AW_FAULT_FAIL, "fixture/other");
    cr_expect_eq(run("point"), 0);
    cr_expect_eq(outcome.met[0], 0);
    plan(AW_FAULT_CRASH, "fixture/point");
    cr_expect_eq(run("point"), -SIGKILL);
}

/* ---- who and where ---- */

static void expect_labels(const char *role, const char *label, unsigned count)
{
    struct aw_fault *fault = plan(AW_FAULT_ERRNO, "posix/io/rw/write");
    set_values(fault, EINTR);
    snprintf(fault->role, sizeof fault->role, "%s", role);
    cr_expect_eq(run("roles"), 0);
    cr_expect_eq(outcome.met[0], count, "%s: %u", role, outcome.met[0]);
    cr_expect_eq(outcome.event_count, count, "%s: %u", role, outcome.event_count);
    for (uint32_t i = 0; i < outcome.event_count && label != NULL; i++)
        cr_expect_str_eq(outcome.events[i].label, label, "%s: %s", role, outcome.events[i].label);
}

Test(native, a_role_is_a_name_or_main_or_worker)
{
    expect_labels("left", "0/1", 40);
    expect_labels("right", "0/2", 40);
    expect_labels("main", "0", 40);
    expect_labels("worker", "0.1", 40);
    expect_labels("nobody", NULL, 0);
    expect_labels("", NULL, 160);
}

Test(native, a_site_is_a_function_or_a_file_or_a_line_of_it)
{
    struct aw_error error;
    struct aw_fault *fault = plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce");
    set_values(fault, 1);
    static const struct {
        char site[AW_FAULT_NAME];
        unsigned met;
    } sites[] = {{"write_here", 1}, {"write_there", 2}, {"fixture.c", 3}};
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        snprintf(fault->site, sizeof fault->site, "%.95s", sites[i].site);
        cr_assert_eq(
            aw_native_site(in_build("tests/native/fixture"), fault->site, &job.sites[0], &error), 0,
            "%s", error.message);
        cr_expect_eq(run("sites"), 0);
        cr_expect_eq(outcome.met[0], sites[i].met, "%s: %u", sites[i].site, outcome.met[0]);
        cr_expect_eq(outcome.error, sites[i].met > 1);
    }
    struct aw_native_ranges ranges;
    cr_expect_eq(aw_native_site(in_build("tests/native/fixture"), "write_nowhere", &ranges, &error),
                 AW_E_PROGRAM);
    cr_expect_eq(aw_native_site(in_build("tests/native/fixture"), "fixture.c:1", &ranges, &error),
                 AW_E_PROGRAM);
}

/* ---- budgets and occurrences ---- */

Test(native, a_budget_is_exact_also_between_threads_and_processes)
{
    set_values(plan(AW_FAULT_ERRNO, "posix/io/rw/write"), EINTR);
    job.plan.faults[0].budget = 7;
    run("roles");
    cr_expect_eq(outcome.met[0], 160);
    cr_expect_eq(outcome.injected[0], 7);

    job.plan.faults[1] = job.plan.faults[0];
    job.plan.count = 2;
    job.plan.budget = 9;
    run("roles");
    cr_expect_eq(outcome.injected[0] + outcome.injected[1], 9);
    cr_expect_leq(outcome.injected[0], 7);
    cr_expect_leq(outcome.injected[1], 7);

    job.plan.budget = 0;
    run("roles");
    cr_expect_eq(outcome.event_count, 0);
}

Test(native, occurrences_are_those_of_the_whole_run)
{
    struct aw_fault *fault = plan(AW_FAULT_ERRNO, "posix/io/rw/write");
    set_values(fault, EINTR);
    fault->first = 5;
    fault->last = 8;
    run("many");
    cr_assert_eq(outcome.event_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(outcome.events[i].overall, 5 + i);
    run("roles");
    cr_expect_eq(outcome.event_count, 4);
}

/* ---- the seed ---- */

static bool same_events(const struct aw_native_outcome *a, const struct aw_native_outcome *b)
{
    if (a->event_count != b->event_count)
        return false;
    for (uint32_t i = 0; i < a->event_count; i++)
        if (strcmp(a->events[i].label, b->events[i].label) != 0 ||
            a->events[i].own != b->events[i].own || a->events[i].value != b->events[i].value)
            return false;
    return true;
}

/* Four threads of three processes at once: their order differs from time to time, what strikes
 * them does not. */
Test(native, the_seed_decides_what_is_injected)
{
    struct aw_native_outcome first;
    struct aw_fault *fault = plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce");
    fault->lengths = AW_LENGTHS_EVERY;
    job.probability = 0.3;
    run("roles");
    cr_expect_gt(outcome.event_count, 20);
    cr_expect_lt(outcome.event_count, 80);
    first = outcome;
    outcome = (struct aw_native_outcome){0};
    for (int i = 0; i < 10; i++) {
        run("roles");
        cr_expect(same_events(&first, &outcome), "time %d", i);
    }
    job.seed = 2;
    run("roles");
    cr_expect_not(same_events(&first, &outcome));
    job.seed = 1;
    job.run = 2;
    run("roles");
    cr_expect_not(same_events(&first, &outcome));
    aw_native_outcome_deinit(&first);
}

Test(native, a_drawn_probability_strikes_early_in_some_runs_and_late_in_others)
{
    unsigned first_at[65] = {0};
    plan(AW_FAULT_CRASH, "allways/crash");
    job.probability = -1;
    for (job.run = 1; job.run <= 2000; job.run++) {
        uint32_t occurrence = 1;
        while (occurrence < 64 && !aw_native_strikes(&job, 0, 3, occurrence))
            occurrence++;
        first_at[occurrence]++;
    }
    cr_expect_gt(first_at[1], 400);
    cr_expect_gt(first_at[2], 50);
    cr_expect_gt(first_at[10], 5);
    cr_expect_gt(first_at[64], 50); /* or later */
}

Test(native, a_job_survives_its_text)
{
    struct aw_native_job *back = malloc(sizeof *back);
    struct aw_fault *fault = plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce");
    fault->lengths = AW_LENGTHS_MEANINGFUL;
    snprintf(fault->role, sizeof fault->role, "the feeder");
    snprintf(fault->site, sizeof fault->site, "?");
    fault->first = 3;
    fault->last = 9;
    job.sites[0].count = 2;
    job.sites[0].ranges[1].low = 0xffffffffffff0000;
    job.sites[0].ranges[1].high = 0xffffffffffff0004;
    job.plan.count = 2;
    job.plan.faults[1].kind = AW_FAULT_DELAY;
    memcpy(job.plan.faults[1].point, "a/b", 4);
    job.plan.faults[1].delay_ns = 1234567890123;
    job.plan.faults[1].value_count = 2;
    job.plan.faults[1].values[0] = INT64_MIN;
    job.plan.faults[1].values[1] = INT64_MAX;
    job.seed = UINT64_MAX;
    job.probability = 0.1;
    char *text = aw_native_job_write(&job);
    cr_assert(aw_native_job_read(text, back));
    cr_expect_eq(memcmp(&job, back, sizeof job), 0);
    cr_expect_not(aw_native_job_read("allways-native 2\n", back));
    cr_expect_not(aw_native_job_read("allways-native 1\nseed x\n", back));
    cr_expect_not(aw_native_job_read("allways-native 1\nrole early\n", back));
    free(text);
    free(back);
}

/* ---- runs ---- */

Test(native, a_hung_run_is_killed_with_its_children)
{
    char path[] = "/tmp/allways-native-XXXXXX";
    int fd = mkstemp(path), count = 0;
    long pid;
    cr_assert_geq(fd, 0);
    close(fd);
    memset(&job, 0, sizeof job);
    /* On a busy machine its three processes may need longer to say who they are. */
    for (double limit = 0.5; count < 3 && limit < 40; limit *= 4) {
        cr_assert_eq(truncate(path, 0), 0);
        run_with("hang", path, limit);
        cr_expect_eq(outcome.end, AW_NATIVE_HUNG);
        FILE *pids = fopen(path, "r");
        cr_assert_not_null(pids);
        for (count = 0; fscanf(pids, "%ld", &pid) == 1; count++)
            cr_expect(kill((pid_t)pid, 0) != 0 && errno == ESRCH, "%ld is alive", pid);
        fclose(pids);
    }
    cr_expect_eq(count, 3);
    unlink(path);
}

Test(native, a_run_lasts_until_its_last_process)
{
    memset(&job, 0, sizeof job);
    run("orphan");
    cr_expect_eq(outcome.gots, 1);
    cr_expect_geq(outcome.seconds, 0.09);
    cr_expect(outcome.error, "the orphan's status is 1");
}

Test(native, errors_are_probes_statuses_and_signals)
{
    static const char names[][16] = {"error", "child-fails", "child-aborts", "unknown"};
    memset(&job, 0, sizeof job);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        run(names[i]);
        cr_expect(outcome.error, "%s", names[i]);
        cr_expect_not(outcome.passed, "%s", names[i]);
    }
}

Test(native, a_program_that_is_not_there_is_an_error)
{
    char *argv[] = {(char *)"nothing", NULL};
    struct aw_native_program program = {in_build("native/nothing"), argv, env};
    struct aw_native_settings settings = {.preload = in_build("allways-preload.so"),
                                          .limit_seconds = 5};
    struct aw_error error;
    memset(&job, 0, sizeof job);
    cr_expect_eq(aw_native_run(&program, &job, &settings, &outcome, &error), AW_E_PROGRAM);
    cr_expect_not_null(strstr(error.message, "native/nothing"));
    program.path = in_build("tests/native/fixture");
    settings.preload = "/nowhere/preload.so";
    cr_expect_eq(aw_native_run(&program, &job, &settings, &outcome, &error), AW_E_PROGRAM);
    cr_expect_not_null(strstr(error.message, "was not loaded"), "%s", error.message);
}

/* ---- the table ---- */

Test(native, the_table_adds_up_known_losses)
{
    struct aw_native_tally tally = {0};
    memset(&job, 0, sizeof job);
    for (int number = 1; number <= 6; number++) { /* 1 and 2 pass; 2 of each are lost, 1 of 1 */
        char text[16];
        snprintf(text, sizeof text, "%d", number);
        run_with("items", text, 20);
        aw_native_count(&tally, &outcome);
    }
    run_with("hang", "/dev/null", 0.2);
    aw_native_count(&tally, &outcome);
    run("error");
    aw_native_count(&tally, &outcome);
    outcome.end = AW_NATIVE_INTERRUPTED;
    aw_native_count(&tally, &outcome);
    cr_expect_eq(tally.runs, 8);
    cr_expect_eq(tally.passed, 2);
    cr_expect_eq(tally.drained, 1); /* the one with errors and without items */
    cr_expect_eq(tally.losing, 6);
    cr_expect_eq(tally.lost, 11);
    cr_expect_eq(tally.hung, 1);
    cr_expect_eq(tally.errors, 1);
    tally.seconds = 1.5;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    aw_native_table_row(out, 8, "fixture", &tally);
    fclose(out);
    cr_expect_str_eq(
        text,
        "fixture         8       2  25.0%       1  12.5%       6       11      1      1"
        "        0     1.5 s\n",
        "%s", text);
    free(text);
}

/* ---- fiu-run ---- */

static char *fiu_run(char *const *argv, char *why, size_t size)
{
    struct aw_native_program program = {in_build("tests/native/fixture"), argv, NULL};
    return aw_native_fiu_run(&program, &job.plan, 1, why, size);
}

Test(native, fiu_run_can_say_libfius_own_points_only)
{
    char why[128], *argv[] = {(char *)"fixture", (char *)"a b", NULL}, *line;
    struct aw_fault *fault = plan(AW_FAULT_ERRNO, "posix/io/rw/write");
    set_values(fault, EINTR);
    line = fiu_run(argv, why, sizeof why);
    cr_assert_not_null(line);
    cr_expect(
        strncmp(line, "fiu-run -f '' -x -c 'enable name=posix/io/rw/write,failinfo=4' ", 63) == 0,
        "%s", line);
    cr_expect_not_null(strstr(line, " 'a b'"), "%s", line);
    free(line);
    snprintf(fault->role, sizeof fault->role, "feeder");
    cr_expect_null(fiu_run(argv, why, sizeof why));
    cr_expect_str_eq(why, "fault 1 names a role");
    plan(AW_FAULT_ERRNO, "allways/sem/wait");
    cr_expect_null(fiu_run(argv, why, sizeof why));
    plan(AW_FAULT_CRASH, "posix/io/rw/write");
    cr_expect_null(fiu_run(argv, why, sizeof why));
}

Test(native, what_fiu_run_is_told_does_happen)
{
    char why[128], *argv[] = {(char *)"fixture", (char *)"write", NULL};
    if (system("command -v fiu-run >/dev/null 2>&1") != 0)
        cr_skip("fiu-run is not installed (Debian: fiu-utils)");
    set_values(plan(AW_FAULT_ERRNO, "posix/io/rw/write"), ENOSPC);
    char *line = fiu_run(argv, why, sizeof why);
    cr_assert_not_null(line);
    int status = system(line);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 100 + ENOSPC, "%s: %d", line, status);
    free(line);
    plan(AW_FAULT_PARTIAL, "posix/io/rw/write/reduce")->lengths = AW_LENGTHS_EVERY;
    line = fiu_run(argv, why, sizeof why);
    int shorter = 0; /* its lengths are its own, the whole one among them */
    for (int i = 0; i < 20; i++) {
        status = system(line);
        shorter += WIFEXITED(status) && WEXITSTATUS(status) >= 1 && WEXITSTATUS(status) <= 15;
    }
    cr_expect_gt(shorter, 0, "%s", line);
    free(line);
}

/* ---- paths ---- */

Test(native, the_native_program_stands_beside_the_machines)
{
    static const char cases[][2][48] = {
        {"build/models/article.so", "build/native/article"},
        {"build/models/classics/items.so", "build/native/classics/items"},
        {"models/models/x.so", "models/native/x"},
        {"mymodels/x.so", "mymodels/x"},
        {"./x", "./x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = aw_native_program_path(cases[i][0]);
        cr_expect_str_eq(path, cases[i][1], "%s", path);
        free(path);
    }
}
