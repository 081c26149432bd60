/* SPDX-License-Identifier: MIT */
/*
 * The command line from outside: a child process, its two outputs, and its exit status. The
 * executable is $AW_BIN, or build/allways; the working folder is the repository's.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/allways-cli-XXXXXX";
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

TestSuite(cli, .init = open_folder, .fini = remove_folder, .timeout = 120);

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void read_back(const char *name, char *buffer, size_t size)
{
    FILE *file = fopen(in_folder(name), "r");
    cr_assert_not_null(file);
    buffer[fread(buffer, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Starts it; the words are split at spaces, and @ stands for the folder. */
static pid_t start(const char *words)
{
    char *text = NULL, *argv[64], *rest = NULL;
    size_t size;
    int count = 0;
    FILE *filled = open_memstream(&text, &size);
    for (; *words != '\0'; words++)
        if (*words == '@')
            fputs(folder, filled);
        else
            fputc(*words, filled);
    fclose(filled);
    const char *binary = getenv("AW_BIN");
    argv[count++] = (char *)(binary ? binary : "build/allways");
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count] = NULL;
    pid_t child = fork();
    if (child == 0) {
        int to = open(in_folder("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(to, 1);
        to = open(in_folder("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(to, 2);
        execv(argv[0], argv);
        _exit(127);
    }
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

static int run(const char *words)
{
    return finish(start(words));
}

static void expect(const char *words, int status, const char *message)
{
    int found = run(words);
    cr_expect_eq(found, status, "%s: status %d\n%s%s", words, found, out, err);
    cr_expect_str_eq(err, message, "%s:\n%s", words, err);
}

#define ARTICLE "build/models/article.so"
#define BAD " -- --items 1 --workers 1 --size 4 --protocol nonblocking-empty --numbered"
#define GOOD " -- --items 1 --workers 1 --size 4 --protocol sentinel-per-worker --numbered"

/* A scenario of the article's program. */
static void scenario(const char *file, const char *name, const char *protocol, const char *rest)
{
    /* Large enough for a limit to be met: limits are looked at now and then. */
    char text[1024];
    snprintf(text, sizeof text,
             "name: %s\nabout: a test\nprogram: " ARTICLE "\n"
             "args: --items %s --size 4 --protocol %s --numbered\n"
             "properties: [drained, no-crash]\n%s",
             name, strcmp(protocol, "nonblocking-empty") == 0 ? "1 --workers 1" : "8 --workers 4",
             protocol, rest);
    write_file(file, text);
}

/* --- Usage ------------------------------------------------------------------------------------ */

Test(cli, version_and_help)
{
    cr_expect_eq(run("--version"), 0);
    cr_expect_str_eq(out, "allways " AW_VERSION "\n");
    cr_expect_eq(run(""), 2);
    cr_expect_str_eq(out, "");
    cr_expect_eq(strncmp(err, "usage: allways COMMAND", 22), 0);
    cr_expect_eq(run("help"), 0);
    cr_expect_eq(strncmp(out, "usage: allways COMMAND", 22), 0);
    static const char *const commands[] = {"run",  "check",    "cc",  "replay",
                                           "show", "validate", "help"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char words[64], usage[64];
        snprintf(words, sizeof words, "help %s", commands[i]);
        snprintf(usage, sizeof usage, "usage: allways %s", commands[i]);
        cr_expect_eq(run(words), 0);
        cr_expect_eq(strncmp(out, usage, strlen(usage)), 0, "%s", out);
        snprintf(words, sizeof words, "%s --help", commands[i]);
        cr_expect_eq(run(words), 0, "%s", words);
        cr_expect_eq(strncmp(out, "usage: allways ", 15), 0, "%s: %s", words, out);
    }
}

Test(cli, wrong_words_come_with_the_nearest_right_one)
{
    expect("rnu", 2, "allways: unknown command \"rnu\", did you mean \"run\"?\n");
    expect("frobnicate", 2, "allways: unknown command \"frobnicate\"; `allways help` lists them\n");
    expect("help chekc", 2, "allways: unknown command \"chekc\", did you mean \"check\"?\n");
    expect("--verbose", 2,
           "allways: unknown option --verbose; `allways help` lists the commands\n");
    expect("run --fromat json", 2,
           "allways run: unknown option --fromat, did you mean --format?\n");
    expect("run --frobnicate", 2,
           "allways run: unknown option --frobnicate; `allways help run` lists them\n");
    expect("run -x", 2, "allways run: unknown option -x; `allways help run` lists them\n");
    expect("run --format", 2, "allways run: --format needs an argument\n");
    expect("run --count=3", 2, "allways run: --count takes no argument\n");
    expect("run --no-r local", 2, "allways run: --no-r may mean several options\n");
    expect("run --format xml", 2,
           "allways run: --format: expected tty, json, junit, tap, sarif or "
           "github, found \"xml\"\n");
    expect("run --no-rule writr", 2,
           "allways run: --no-rule: unknown rule \"writr\", did you mean \"writer\"?\n");
    expect("run --states many", 2,
           "allways run: --states: expected a number from 0 to "
           "1000000000000, found \"many\"\n");
    expect("run --memory 3X", 2,
           "allways run: --memory: expected a size from 0 to 70368744177664 "
           "bytes, such as 64KiB, found \"3X\"\n");
    expect("run --seconds soon", 2,
           "allways run: --seconds: expected a number of seconds, found \"soon\"\n");
    expect("check", 2, "allways check: which program? allways check PROGRAM.so\n");
    expect("check a.so b.so", 2,
           "allways check: one program at a time, found \"a.so\" and \"b.so\"; the program's "
           "arguments follow after --\n");
    expect("check --property drain a.so", 2,
           "allways check: --property: unknown property \"drain\", did you mean \"drained\"?\n");
    expect("check --time real a.so", 2,
           "allways check: --time: expected arbitrary or virtual, found \"real\"\n");
    expect("check --env X a.so", 2, "allways check: --env: expected NAME=VALUE, found \"X\"\n");
    expect("check --pipe-slots 0 a.so", 2,
           "allways check: --pipe-slots: expected a whole number from 1 to 1024, found \"0\"\n");
    expect("check --heap 5000 a.so", 2,
           "allways check: --heap: expected a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in "
           "steps of 4 KiB, found \"5000\"\n");
    expect("check --stack 16MiB a.so", 2,
           "allways check: --stack: expected a size (B, KiB, MiB, GiB) from 16 KiB to 8 MiB in "
           "steps of 4 KiB, found \"16MiB\"\n");
    expect("replay", 2, "allways replay: one trace is needed: allways replay TRACE\n");
    expect("replay --step 3 a.trace", 2,
           "allways replay: --step says where --debug stops, and means nothing without it\n");
    expect("run --trace-dir=", 2, "allways run: --trace-dir: expected a folder, found nothing\n");
    expect("run --cache=", 2, "allways run: --cache: expected a folder, found nothing\n");
    expect("show a b", 2, "allways show: one trace is needed: allways show TRACE\n");
    expect("validate", 2, "allways validate: which files? allways validate PATH...\n");
    expect("cc -DX", 2, "allways cc: no source file: allways cc FILE.c... -o PROGRAM.so\n");
}

Test(cli, files_that_are_not_there)
{
    cr_expect_eq(run("run @/none.yaml"), 2);
    cr_expect_neq(err[0], '\0');
    cr_expect_eq(run("check @/none.so"), 2);
    cr_expect_neq(err[0], '\0');
    cr_expect_eq(run("show @/none.trace"), 2);
    cr_expect_not_null(strstr(err, "none.trace: No such file or directory"));
    cr_expect_eq(run("replay @/none.trace"), 2);
    cr_expect_eq(run("validate @/none.yaml"), 2);
    setenv("ALLWAYS_RUNTIME", "/no/such/runtime.so", 1);
    cr_expect_eq(run("check " ARTICLE GOOD), 2);
    unsetenv("ALLWAYS_RUNTIME");
}

/* --- Verdicts --------------------------------------------------------------------------------- */

Test(cli, check_writes_a_trace_that_replays_and_shows)
{
    cr_expect_eq(run("check --trace-dir @/deep/er --property drained " ARTICLE BAD), 1, "%s%s", out,
                 err);
    cr_expect_eq(strncmp(out, "violated drained\n", 17), 0, "%s", out);
    cr_expect_not_null(strstr(out, "main puts item 1\n"));
    cr_expect_eq(run("replay @/deep/er/article.trace"), 0);
    cr_expect_not_null(strstr(out, "article.trace: reproduces, "));
    cr_expect_eq(run("show @/deep/er/article.trace"), 0);
    cr_expect_eq(strncmp(out, "violated: drained   article\n", 28), 0, "%s", out);
    cr_expect_eq(run("check --trace-dir @ --property drained " ARTICLE GOOD), 0, "%s%s", out, err);
    cr_expect_eq(strncmp(out, "proved\n", 7), 0, "%s", out);
    cr_expect_neq(access(in_folder("article.trace"), F_OK), 0);
}

Test(cli, a_counterexample_that_is_not_proved_minimal_says_so)
{
    cr_expect_eq(run("check --trace-dir @ --minimal-states 200 build/models/classics/"
                     "bounded_buffer.so -- if"),
                 1);
    cr_expect_not_null(strstr(out, "faults, not proved minimal: a shorter one was looked for in "
                                   "200 states (--minimal-states)\n"),
                       "%s", out);
    run("show @/bounded_buffer.trace");
    cr_expect_not_null(strstr(out, "not proved minimal: a shorter schedule may do\n"), "%s", out);
    cr_expect_eq(run("check --trace-dir @ --minimal-states 0 build/models/classics/"
                     "bounded_buffer.so -- if"),
                 1); /* 0: without a limit */
    cr_expect_null(strstr(out, "not proved minimal"), "%s", out);
    run("show @/bounded_buffer.trace");
    cr_expect_null(strstr(out, "not proved minimal"), "%s", out);
}

Test(cli, check_without_a_word_looks_for_deadlock_crash_and_livelock)
{
    cr_expect_eq(run("check --trace-dir @ build/models/classics/philosophers.so -- wrong 2"), 1);
    cr_expect_eq(strncmp(out, "violated no-deadlock\n", 21), 0, "%s", out);
    cr_expect_eq(run("check --trace-dir @ build/models/classics/philosophers.so -- right 2"), 0);
    cr_expect_not_null(strstr(out, "terminates      holds\n"), "%s", out);
}

Test(cli, run_compares_verdicts_with_expectations)
{
    scenario("bad.yaml", "bad", "nonblocking-empty",
             "expect: {verdict: violated, property: drained}\n");
    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --trace-dir @ @"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "\nok   bad "), "%s", out);
    cr_expect_not_null(strstr(out, "\nok   good "), "%s", out);
    cr_expect_not_null(strstr(out, "\n2 cases: 2 as expected, 0 not\n"), "%s", out);
    cr_expect_eq(access(in_folder("bad.trace"), R_OK), 0);
    cr_expect_eq(run("run --trace-dir @ --filter goo @"), 0);
    cr_expect_not_null(strstr(out, "\n1 case: "), "%s", out);
    cr_expect_eq(run("run --trace-dir @ --filter nothing @"), 2);
    cr_expect_str_eq(err, "allways run: no case's name contains \"nothing\"\n");

    scenario("good.yaml", "good", "sentinel-per-worker",
             "expect: {verdict: violated, property: drained}\n");
    cr_expect_eq(run("run --trace-dir @ @"), 1);
    cr_expect_not_null(strstr(out, "\nFAIL good "), "%s", out);

    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: proved, states: 7}\n");
    cr_expect_eq(run("run --trace-dir @ @"), 1);
    cr_expect_not_null(strstr(out, "not as expected: states: expected 7, found "), "%s", out);
    cr_expect_eq(run("run --trace-dir @ --no-reduction @"), 0, "another search, other numbers");
}

Test(cli, run_tells_undecided_from_unmet)
{
    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --trace-dir @ --states 5000 @"), 3, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "\nFAIL good      inconclusive "), "%s", out);
    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: inconclusive}\n");
    cr_expect_eq(run("run --trace-dir @ --states 5000 @"), 0, "%s%s", out, err);
    scenario("bad.yaml", "bad", "nonblocking-empty", "expect: {verdict: proved}\n");
    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --trace-dir @ --states 5000 @"), 1, "1 comes before 3\n%s%s", out, err);
    write_file("worse.yaml", "name: worse\nabout: a test\nprogram: ./none.so\n"
                             "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --trace-dir @ --states 5000 @"), 2, "2 comes before 1\n%s%s", out, err);
    cr_expect_not_null(strstr(out, "\nFAIL bad "), "the others are run all the same\n%s", out);
    cr_expect_not_null(strstr(out, ", 1 more could not be run\n"), "%s", out);
    write_file("worst.yaml", "name: [");
    cr_expect_eq(run("run --trace-dir @ @"), 2);
    cr_expect_str_eq(out, "", "nothing is run");
}

Test(cli, run_names_the_thread_that_cannot_go_on)
{
    cr_expect_eq(run("run --trace-dir @ scenarios/classics/crash-runaway.yaml "
                     "scenarios/classics/unmodelled-fopen.yaml"),
                 0, "%s%s", out, err);
    cr_expect_not_null(
        strstr(out, "\n  no visible operation within 100 ms of CPU time: the bound on code "
                    "between two operations; at models/classics/crash.c:47 (main)\n"
                    "  main cannot go on\n"),
        "%s", out);
    write_file("runaway.c", "#include <pthread.h>\n"
                            "static void *spin(void *unused) { for (;;) ; return unused; }\n"
                            "int main(void) { pthread_t t; pthread_create(&t, 0, spin, 0);\n"
                            "    return pthread_join(t, 0); }\n");
    write_file("runaway.yaml",
               "name: runaway\nabout: a test\nprogram: ./runaway.so\n"
               "machine: {run_milliseconds: 50}\nexpect: {verdict: inconclusive}\n");
    cr_expect_eq(run("cc @/runaway.c -o @/runaway.so"), 0, "%s%s", out, err);
    cr_expect_eq(run("run --trace-dir @ @/runaway.yaml"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "/runaway.c:2 (spin)\n  main.thread 1 cannot go on\n"), "%s",
                       out);
    cr_expect_eq(run("check --trace-dir @ --run-milliseconds 50 @/runaway.so"), 3);
    char *told = strstr(out, "main.thread 1 cannot go on");
    cr_assert_not_null(told, "%s", out);
    cr_expect_null(strstr(told + 1, "main.thread 1 cannot go on"), "it is said once: %s", out);
}

/* Runs a scenario of the article with a plan; its trace reproduces. */
static void run_with_faults(const char *name, const char *program, const char *more, int expected)
{
    char text[2048], words[128];
    snprintf(words, sizeof words, "%s.yaml", name);
    snprintf(text, sizeof text,
             "name: %s\nabout: x\nprogram: build/models/%s.so\n"
             "args: --items 2 --workers 2 --size 4 --protocol sentinel-per-worker --numbered\n%s",
             name, program, more);
    write_file(words, text);
    snprintf(words, sizeof words, "run --trace-dir @ @/%s.yaml", name);
    cr_expect_eq(run(words), expected, "%s%s", out, err);
}

Test(cli, a_scenario_runs_with_its_faults)
{
    run_with_faults("proved", "article",
                    "faults: [{point: posix/io/rw/write/reduce, budget: 1}]\n"
                    "properties: [drained]\nexpect: {verdict: proved}\n",
                    0);
    cr_expect_not_null(strstr(out, "  - bounded: at most 1 injected fault in an execution\n"), "%s",
                       out);
    run_with_faults("killed", "article",
                    "faults: [{kind: crash, role: worker}]\n"
                    "properties: [no-deadlock]\n"
                    "expect: {verdict: violated, property: no-deadlock}\n",
                    0);
    cr_expect_not_null(strstr(out, "steps, 0 preemptions, 1 fault\n"), "%s", out);
    cr_expect_not_null(strstr(out, "  worker 2 waits for ever: sem_wait rlock; worker 1 took it at "
                                   "step "),
                       "%s", out);
    cr_expect_not_null(strstr(out, " by an injected fault: the lock is orphaned\n"), "%s", out);
    cr_expect_eq(run("show @/killed.trace"), 0);
    cr_expect_not_null(strstr(out, "fault: crash (SIGKILL), in worker 1's "), "%s", out);
    cr_expect_not_null(strstr(out, "worker 2 waits for ever: sem_wait rlock\n"
                                   "    worker 1 took it at step "),
                       "%s", out);
    cr_expect_not_null(strstr(out, " by an injected fault: the lock is orphaned\n"), "%s", out);
    cr_expect_not_null(strstr(out, "*** fault: crash (SIGKILL)\n"), "%s", out);
    cr_expect_eq(run("replay @/killed.trace"), 0, "%s%s", out, err);
}

Test(cli, an_error_that_the_program_reports_is_at_the_line_that_reports_it)
{
    run_with_faults("memory", "article",
                    "faults: [{point: libc/mm/malloc, site: append_object}]\n"
                    "properties: [no-error]\n"
                    "expect: {verdict: violated, property: no-error}\n",
                    0);
    cr_expect_not_null(strstr(out, "  main: put failed, at failed models/pool/article.c:"), "%s",
                       out);
    run_with_faults("thread", "article",
                    "faults: [{point: allways/thread/create}]\n"
                    "properties: [no-error]\n"
                    "expect: {verdict: violated, property: no-error}\n",
                    0);
    cr_expect_not_null(strstr(out, "  main: put failed, at failed models/pool/article.c:"),
                       "and not what is left behind at the exit after it: %s", out);
}

Test(cli, a_fault_that_never_strikes_proves_nothing)
{
    run_with_faults("role", "article",
                    "faults: [{point: posix/io/rw/write/reduce, role: nobody}]\n"
                    "properties: [drained]\nexpect: {verdict: proved}\n",
                    3);
    cr_expect_not_null(
        strstr(out, "no execution reaches the fault point posix/io/rw/write/reduce in nobody: no "
                    "thread has that role; roles are main, feeder, worker\n"),
        "%s", out);
    run_with_faults("length", "article",
                    "faults: [{point: posix/io/rw/write/reduce, lengths: 5000}]\n"
                    "properties: [drained]\nexpect: {verdict: proved}\n",
                    3);
    cr_expect_not_null(strstr(out, "no execution reaches a case in which the fault could strike at "
                                   "posix/io/rw/write/reduce\n"),
                       "%s", out);
}

Test(cli, a_plan_with_budget_0_is_a_bound_that_is_said)
{
    run_with_faults("zero", "article",
                    "faults: [{point: posix/io/rw/write, budget: 0}]\n"
                    "properties: [drained]\nexpect: {verdict: proved}\n",
                    0);
    cr_expect_not_null(strstr(out, " proved, bounded "), "%s", out);
    cr_expect_not_null(
        strstr(out, "  - bounded: no fault of the plan is injected, its budget is 0\n"), "%s", out);
}

Test(cli, favoured_roles_are_said_with_the_verdict)
{
    run_with_faults("favoured", "article",
                    "schedule: {favour: [feeder]}\n"
                    "properties: [drained]\nexpect: {verdict: proved}\n",
                    0);
    cr_expect_not_null(strstr(out, "only schedules in which the favoured threads move"), "%s", out);
}

Test(cli, json_is_all_there_is_on_stdout)
{
    json_error_t reason;
    scenario("bad.yaml", "bad", "nonblocking-empty",
             "expect: {verdict: violated, property: drained}\n");
    scenario("good.yaml", "good", "sentinel-per-worker", "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --format json --count --trace-dir @ @"), 0, "%s%s", out, err);
    cr_expect_str_eq(err, "");
    json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, &reason);
    cr_assert_not_null(root, "%s in\n%s", reason.text, out);
    json_t *bad = json_array_get(json_object_get(root, "results"), 0);
    json_t *good = json_array_get(json_object_get(root, "results"), 1);
    cr_expect_eq(json_object_size(bad), 17);
    cr_expect_str_eq(json_string_value(json_object_get(bad, "scenario")), "bad");
    cr_expect_str_eq(json_string_value(json_object_get(bad, "verdict")), "violated");
    cr_expect_str_eq(json_string_value(json_object_get(bad, "expected")), "violated drained");
    cr_expect(json_is_true(json_object_get(bad, "met")));
    cr_expect_str_eq(json_string_value(json_object_get(bad, "trace")), in_folder("bad.trace"));
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(bad, "properties"), "drained")),
        "violated");
    cr_expect_str_eq(json_string_value(json_object_get(good, "verdict")), "proved");
    cr_expect(json_is_null(json_object_get(good, "trace")));
    cr_expect_gt(json_integer_value(json_object_get(good, "states")), 0);
    cr_expect(json_is_array(json_object_get(good, "assumptions")));
    const char *count = json_string_value(json_object_get(good, "interleavings"));
    cr_assert_not_null(count);
    cr_expect_eq(strspn(count, "0123456789"), strlen(count));
    cr_expect_eq(run("check --format json --trace-dir @ --property drained " ARTICLE BAD), 1);
    root = json_loads(out, JSON_REJECT_DUPLICATES, &reason);
    cr_assert_not_null(root, "%s in\n%s", reason.text, out);
    cr_expect_eq(json_array_size(json_object_get(root, "results")), 1);
}

Test(cli, a_trace_that_was_changed_does_not_replay)
{
    char text[1 << 16];
    run("check --trace-dir @ --property drained " ARTICLE BAD);
    read_back("article.trace", text, sizeof text);
    char *poll = strstr(text, "\"nothing\"");
    cr_assert_not_null(poll);
    memcpy(poll, "\"POLLIN!\"", 9);
    write_file("changed.trace", text);
    cr_expect_eq(run("replay @/changed.trace"), 2);
    cr_expect_not_null(strstr(err, "changed.trace: the trace was changed after"), "%s", err);
    cr_expect_eq(run("show @/changed.trace"), 2);
    for (size_t left = strlen(text) - 2; left > 0; left = left > 97 ? left - 97 : 0) {
        text[left] = '\0';
        write_file("half.trace", text);
        cr_expect_eq(run("replay @/half.trace"), 2);
        cr_expect_not_null(strstr(err, ": the file ends in the middle of the trace\n"), "%s", err);
    }
    write_file("half.trace", "");
    cr_expect_eq(run("show @/half.trace"), 2);
    cr_expect_not_null(strstr(err, "half.trace: the file is empty, and no trace\n"), "%s", err);
}

Test(cli, validate_reads_and_does_not_run)
{
    scenario("a.yaml", "a", "sentinel-per-worker", "expect: {verdict: proved}\n");
    expect("validate @", 0, "");
    cr_expect_str_eq(out, "1 file, 1 case\n");
    scenario("b.yaml", "a", "sentinel-per-worker", "expect: {verdict: proved}\n");
    cr_expect_eq(run("validate @"), 2, "two of one name");
    write_file("b.yaml", "nmae: b\n");
    cr_expect_eq(run("validate @"), 2);
    cr_expect_not_null(strstr(err, "b.yaml:1:1: "), "%s", err);
    cr_expect_eq(run("validate scenarios"), 0, "%s", err);
}

Test(cli, cc_finds_the_probe_header)
{
    write_file("p.c", "#include <allways/probe.h>\n"
                      "int main(void) { aw_note(\"hello\"); return 0; }\n");
    cr_expect_eq(run("cc @/p.c -o @/p.so"), 0, "%s", err);
    cr_expect_eq(run("check --trace-dir @ @/p.so"), 0, "%s%s", out, err);
    cr_expect_eq(run("cc @/p.c -o @/p.so -DNONE -include none.h"), 1, "the compiler's own status");
    expect("cc /no/such.c -o @/p.so", 2, "allways cc: /no/such.c: No such file or directory\n");
}

Test(cli, items_of_which_nothing_was_asked_are_noted)
{
    static const char note[] = "\nnote: the program reports items; drained, exactly-once and fifo "
                               "were not asked for (--property; in a scenario: properties)\n";
    write_file("lost.c",
               "#include <allways/probe.h>\n"
               "int main(void) { aw_workers(1); aw_worker(); aw_put(0, 1); return 0; }\n");
    write_file("got.c", "#include <allways/probe.h>\n"
                        "int main(void) { aw_got(0, 1); return 0; }\n");
    write_file("none.c", "#include <allways/probe.h>\n"
                         "int main(void) { aw_workers(1); aw_worker(); return 0; }\n");
    cr_assert_eq(run("cc @/lost.c -o @/lost.so"), 0, "%s", err);
    cr_assert_eq(run("cc @/got.c -o @/got.so"), 0, "%s", err);
    cr_assert_eq(run("cc @/none.c -o @/none.so"), 0, "%s", err);
    cr_expect_eq(run("check --trace-dir @ @/lost.so"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, note), "%s", out);
    cr_expect_eq(run("check --trace-dir @ @/got.so"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, note), "%s", out);
    cr_expect_eq(run("check --trace-dir @ @/none.so"), 0, "%s%s", out, err);
    cr_expect_null(strstr(out, "note:"), "%s", out);
    cr_expect_eq(run("check --trace-dir @ --property no-crash @/lost.so"), 0, "%s%s", out, err);
    cr_expect_null(strstr(out, "note:"), "who names properties has chosen: %s", out);
    cr_expect_eq(run("check --trace-dir @ --property drained @/lost.so"), 1, "%s%s", out, err);
    cr_expect_null(strstr(out, "note:"), "%s", out);

    write_file("lost.yaml", "name: lost\nabout: a test\nprogram: ./lost.so\n"
                            "expect: {verdict: proved}\n");
    for (int times = 0; times < 2; times++) { /* the second time it is cached */
        cr_expect_eq(run("run --cache @/cache --trace-dir @ @/lost.yaml"), 0, "%s%s", out, err);
        cr_expect_not_null(strstr(out, note), "%s", out);
        cr_expect_eq(strstr(out, "  cached") != NULL, times == 1, "%s", out);
    }
    write_file("got.yaml", "name: got\nabout: a test\nprogram: ./got.so\n"
                           "expect: {verdict: proved}\n");
    cr_expect_eq(run("run --trace-dir @ @/got.yaml @/lost.yaml"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "\nnote: the programs of got and of 1 more report items; "),
                       "%s", out);
    cr_expect_eq(run("run --format json --trace-dir @ @/lost.yaml"), 0);
    cr_expect_null(strstr(out, "note"), "%s", out);
}

Test(cli, what_was_not_compiled_for_it_holds_nothing_of_threads)
{
    static const char *const properties[] = {"no-deadlock", "no-crash", "terminates",
                                             "no-data-race", "no-memory-error"};
    json_error_t reason;
    char command[512];
    write_file("race.c", "#include <pthread.h>\n"
                         "static int x;\n"
                         "static void *add(void *none) { x++; return none; }\n"
                         "int main(void) {\n"
                         "    pthread_t thread;\n"
                         "    pthread_create(&thread, NULL, add, NULL);\n"
                         "    x++;\n"
                         "    return pthread_join(thread, NULL);\n"
                         "}\n");
    snprintf(command, sizeof command,
             "gcc -O1 -g -fPIC -U_FORTIFY_SOURCE -fno-stack-protector -fcf-protection=none -shared "
             "-nodefaultlibs -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack %s -o %s",
             in_folder("race.c"), in_folder("race.so"));
    cr_assert_eq(system(command), 0);
    cr_expect_eq(run("check --trace-dir @ @/race.so"), 3, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "  no-data-race    undecided\n"), "%s", out);
    cr_expect_null(strstr(out, " holds"), "%s", out);
    cr_expect_not_null(strstr(out, "race.c; build it with `allways cc`"), "%s", out);
    cr_expect_eq(run("check --format json --trace-dir @ @/race.so"), 3, "%s", err);
    json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, &reason);
    cr_assert_not_null(root, "%s in\n%s", reason.text, out);
    json_t *found =
        json_object_get(json_array_get(json_object_get(root, "results"), 0), "properties");
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        cr_expect_str_eq(json_string_value(json_object_get(found, properties[i])), "undecided");
    json_decref(root);
    cr_expect_eq(run("cc @/race.c -o @/race.so"), 0, "%s", err);
    cr_expect_eq(run("check --trace-dir @ @/race.so"), 1, "the same, seen: %s%s", out, err);
    cr_expect_eq(strncmp(out, "violated no-data-race\n", 22), 0, "%s", out);
}

Test(cli, reads_of_what_nobody_wrote_show_with_the_pattern)
{
    write_file(
        "read.c",
        "#include <alloca.h>\n"
        "#include <assert.h>\n"
        "#include <stdlib.h>\n"
        "static __attribute__((noinline)) int local(void) { volatile int x[4]; return x[2]; }\n"
        "static __attribute__((noinline)) int room(int n) {\n"
        "    volatile int *x = alloca(n);\n"
        "    return x[2];\n"
        "}\n"
        "int main(int argc, char **argv) {\n"
        "    int *block = malloc(16), found = block[1];\n"
        "    free(block);\n"
        "    assert((argc == 1 ? local() : argv[1][0] == 'r' ? room(64) : found) == 0);\n"
        "}\n");
    cr_assert_eq(run("cc -w @/read.c -o @/read.so"), 0, "%s", err);
    cr_expect_eq(run("check --trace-dir @ @/read.so -- room"), 0, "%s%s", out, err);
    cr_expect_eq(run("check --trace-dir @ --init pattern @/read.so -- room"), 1, "%s%s", out, err);
    cr_expect_eq(run("replay @/read.trace"), 0, "%s%s", out, err);
    cr_expect_eq(run("check --trace-dir @ @/read.so -- block"), 0, "%s%s", out, err);
    cr_expect_eq(run("check --trace-dir @ --init pattern @/read.so -- block"), 1, "%s%s", out, err);
    /* The variable is zero by the compiler, and the verdict says what to do about it. */
    cr_expect_eq(run("check --trace-dir @ --init pattern @/read.so"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, "-ftrivial-auto-var-init=pattern"), "%s", out);
    cr_assert_eq(run("cc -w @/read.c -o @/read.so -ftrivial-auto-var-init=pattern"), 0, "%s", err);
    cr_expect_eq(run("check --trace-dir @ --init pattern @/read.so"), 1, "%s%s", out, err);
    cr_expect_null(strstr(out, "-ftrivial-auto-var-init=pattern"), "%s", out);
}

Test(cli, of_several_broken_properties_the_expected_one_is_told)
{
    json_error_t reason;
    cr_expect_eq(run("run --trace-dir @ scenarios/memory --filter memory-handover-nothing"), 0,
                 "%s%s", out, err);
    cr_expect_not_null(strstr(out, " violated no-data-race  violated no-data-race "), "%s", out);
    cr_expect_not_null(strstr(out, "\n  data race on data: "), "%s", out);
    cr_expect_eq(run("replay @/memory-handover-nothing.trace"), 0, "%s%s", out, err);
    cr_expect_eq(run("show @/memory-handover-nothing.trace"), 0, "%s%s", out, err);
    cr_expect_eq(strncmp(out, "violated: no-data-race ", 23), 0, "%s", out);
    write_file("other.yaml",
               "name: other\nabout: a test\nprogram: build/models/memory/handover.so\n"
               "args: nothing\nexpect: {verdict: violated, property: no-crash}\n");
    cr_expect_eq(run("run --trace-dir @ @/other.yaml"), 0, "%s%s", out, err);
    cr_expect_not_null(strstr(out, " violated no-crash      violated no-crash "), "%s", out);

    cr_expect_eq(run("check --trace-dir @ build/models/memory/handover.so -- nothing"), 1);
    cr_expect_not_null(
        strstr(out, "  no-deadlock     undecided (stopped at the first violation)\n"), "%s", out);
    cr_expect_eq(
        run("check --whole-graph --trace-dir @ build/models/memory/handover.so -- nothing"), 1);
    cr_expect_not_null(strstr(out, "  no-deadlock     holds\n"), "%s", out);
    cr_expect_eq(
        run("check --format json --trace-dir @ build/models/memory/handover.so -- nothing"), 1);
    json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, &reason);
    cr_assert_not_null(root, "%s in\n%s", reason.text, out);
    json_t *found =
        json_object_get(json_array_get(json_object_get(root, "results"), 0), "properties");
    cr_expect_str_eq(json_string_value(json_object_get(found, "no-deadlock")), "undecided");
    json_decref(root);
}

/* --- Ctrl-C ----------------------------------------------------------------------------------- */

Test(cli, an_interrupt_ends_the_run_and_keeps_what_there_is)
{
    json_error_t reason;
    scenario("a.yaml", "a", "nonblocking-empty",
             "expect: {verdict: violated, property: drained}\n");
    write_file("b.yaml", "name: b\nabout: a test\nprogram: " ARTICLE "\n"
                         "args: --items 8 --workers 12 --size 4 --protocol sentinel-per-worker "
                         "--numbered\n"
                         "properties: [drained]\nexpect: {verdict: proved}\n");
    pid_t child =
        start("run --format json --no-symmetry --no-reduction --trace-dir @ --memory 2GiB @");
    for (int i = 0; i < 1000 && access(in_folder("a.trace"), F_OK) != 0; i++)
        usleep(50000);
    usleep(100000); /* its result comes after its trace */
    kill(child, SIGINT);
    cr_expect_eq(finish(child), 3, "%s%s", out, err);
    json_t *root = json_loads(out, 0, &reason);
    cr_assert_not_null(root, "%s in\n%s", reason.text, out);
    json_t *results = json_object_get(root, "results");
    cr_assert_eq(json_array_size(results), 2);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(results, 0), "verdict")),
                     "violated");
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(results, 1), "verdict")),
                     "inconclusive");
}
