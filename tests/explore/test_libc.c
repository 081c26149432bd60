/* SPDX-License-Identifier: MIT */
/*
 * Threads that share state of libc: every order of their calls is gone through, without a bound;
 * what the manual calls unsafe is a data race; and who shares nothing pays nothing.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_accesses.h"
#include "shell.h"

TestSuite(libc, .init = shell_open, .fini = shell_close, .timeout = 60);

/* A program of two threads: main, between create and join, and another one. */
struct program {
    const char *globals, *first; /* what main does before there are two */
    const char *mains, *others;
    const char *end; /* what main does behind the join */
};

static void compile(const struct program *p)
{
    char text[3000];
    snprintf(text, sizeof text,
             "#define _GNU_SOURCE\n#include <assert.h>\n#include <getopt.h>\n"
             "#include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include "
             "<stdlib.h>\n#include <string.h>\n"
             "#include <sys/wait.h>\n#include <unistd.h>\n%s\n"
             "static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;\n"
             "static void *other(void *unused) { (void)unused; %s return NULL; }\n"
             "int main(void) { pthread_t id; (void)mutex; %s\n"
             "pthread_create(&id, NULL, other, NULL);\n%s\n"
             "pthread_join(id, NULL); %s return 0; }\n",
             p->globals ? p->globals : "", p->others, p->first ? p->first : "", p->mains,
             p->end ? p->end : "");
    shell_write("p.c", text);
    cr_assert_eq(shell("$AW cc $T/p.c -o $T/p.so"), 0, "%s", shell_said);
}

static int check(const struct program *p)
{
    compile(p);
    return shell("$AW check --trace-dir $T $T/p.so");
}

static void expect(const struct program *p, int wanted, const char *said)
{
    int status = check(p);
    cr_expect_eq(status, wanted, "%s / %s: %s", p->mains, p->others, shell_said);
    cr_expect(strstr(shell_said, said) != NULL, "%s / %s: no \"%s\" in: %s", p->mains, p->others,
              said, shell_said);
}

/* Plainly: without a bound, and without an assumption. */
static void proved(struct program p)
{
    expect(&p, 0,
           "proved\n  no-deadlock     holds\n  no-crash        holds\n  terminates      holds\n"
           "  no-data-race    holds\n  no-memory-error holds\n");
    cr_expect(strstr(shell_said, "assum") == NULL, "%s", shell_said);
}

static void fails(struct program p)
{
    expect(&p, 1, "violated no-crash");
}

static void races(const char *variable, struct program p)
{
    char said[200];
    snprintf(said, sizeof said, "data race on %s: ", variable);
    expect(&p, 1, said);
}

/* The number of states of the last check. */
static unsigned long states(struct program p)
{
    expect(&p, 0, "proved\n");
    const char *line = strstr(shell_said, " states");
    cr_assert(line != NULL);
    while (line > shell_said && strchr("0123456789,", line[-1]) != NULL)
        line--;
    return strtoul(line, NULL, 10);
}

/* --- what glibc has a lock for -----------------------------------------------------------------
 */

#define SEEN "static int seen[2];"

Test(libc, random_numbers_come_in_either_order)
{
    proved((struct program){SEEN, NULL, "seen[0] = rand();", "seen[1] = rand();",
                            "assert(seen[0] != seen[1]);"});
    fails((struct program){SEEN, NULL, "seen[0] = rand();", "seen[1] = rand();",
                           "assert(seen[0] < seen[1]);"});
    fails((struct program){SEEN, NULL, "seen[0] = rand();", "seen[1] = rand();",
                           "assert(seen[0] > seen[1]);"});
    /* Nobody sees half a seed: what comes is the first number of one of them. */
    proved((struct program){SEEN, NULL, "srand(2);", "srand(3);",
                            "seen[0] = rand(); srand(2); seen[1] = rand();\n"
                            "if (seen[0] != seen[1]) { srand(3); seen[1] = rand(); }\n"
                            "assert(seen[0] == seen[1]);"});
    fails((struct program){SEEN, NULL, "srand(2);", "srand(3);",
                           "seen[0] = rand(); srand(2); assert(seen[0] == rand());"});
    fails((struct program){SEEN, NULL, "srand(2);", "srandom(3);",
                           "seen[0] = random(); srandom(3); assert(seen[0] == random());"});
}

#define ORDER                                                                                      \
    "static int order; static void one(void) { order = order * 10 + 1; }\n"                        \
    "static void two(void) { order = order * 10 + 2; }\n"

Test(libc, handlers_of_exit_are_registered_in_either_order)
{
    const char *both = ORDER "static void last(void) { assert(order == 12 || order == 21); }",
               *one_two = ORDER "static void last(void) { assert(order == 12); }",
               *two_one = ORDER "static void last(void) { assert(order == 21); }";
    proved((struct program){both, "atexit(last);", "atexit(one);", "atexit(two);", NULL});
    fails((struct program){one_two, "atexit(last);", "atexit(one);", "atexit(two);", NULL});
    fails((struct program){two_one, "atexit(last);", "atexit(one);", "atexit(two);", NULL});
}

Test(libc, handlers_of_fork_are_registered_in_either_order)
{
    const char *end = "if (fork() == 0) _exit(0); wait(NULL); assert(order %s);";
    const struct {
        const char *condition;
        bool holds;
    } cases[] = {{"== 12 || order == 21", true}, {"== 12", false}, {"== 21", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, end, cases[i].condition);
        struct program p = {ORDER, NULL, "pthread_atfork(NULL, one, NULL);",
                            "pthread_atfork(NULL, two, NULL);", text};
        (cases[i].holds ? proved : fails)(p);
    }
}

/* A fork beside a registration: with the handler or without. */
Test(libc, a_fork_has_the_handlers_of_before)
{
    const char *mains = "int status = 0; if (fork() == 0) _exit(order); wait(&status);",
               *others = "pthread_atfork(one, NULL, NULL);";
    char text[200];
    for (int seen = 0; seen < 2; seen++) {
        snprintf(text, sizeof text, "%s assert(WEXITSTATUS(status) != %d);", mains, seen);
        fails((struct program){ORDER, NULL, text, others, NULL});
    }
}

#define KEYS                                                                                       \
    "static pthread_key_t keys[2]; static int ran; static void run(void *v) { (void)v; ran++; }"

Test(libc, keys_are_made_in_either_order)
{
    const char *mains = "pthread_key_create(&keys[0], NULL);",
               *others = "pthread_key_create(&keys[1], NULL);";
    proved((struct program){KEYS, NULL, mains, others, "assert(keys[0] + keys[1] == 1);"});
    fails((struct program){KEYS, NULL, mains, others, "assert(keys[0] == 0);"});
    fails((struct program){KEYS, NULL, mains, others, "assert(keys[0] == 1);"});
}

/* The thread's value is there when the key goes; the thread may be over by then, or not. */
Test(libc, a_key_that_is_deleted_has_no_destructor)
{
    const char *first = "pthread_key_create(&keys[0], run);",
               *others = "pthread_setspecific(keys[0], keys); pthread_mutex_lock(&mutex);\n"
                         "set = 1; pthread_mutex_unlock(&mutex);",
               *mains = "pthread_mutex_lock(&mutex); int there = set;\n"
                        "pthread_mutex_unlock(&mutex); if (there) pthread_key_delete(keys[0]);";
    proved((struct program){KEYS "static int set;", first, mains, others,
                            "assert(ran <= 1 && (there || ran == 1));"});
    fails((struct program){KEYS "static int set;", first, mains, others,
                           "assert(!there || ran == 1);"});
    fails((struct program){KEYS "static int set;", first, mains, others,
                           "assert(!there || ran == 0);"});
    /* One that is made anew at the same place has no value of the old one. */
    proved((struct program){KEYS, first, "", "pthread_setspecific(keys[0], keys);",
                            "pthread_setspecific(keys[0], keys); pthread_key_delete(keys[0]);\n"
                            "assert(pthread_key_create(&keys[1], run) == 0);\n"
                            "assert(keys[1] == keys[0] && ran == 1);\n"
                            "assert(pthread_getspecific(keys[1]) == NULL);"});
}

/* Between the creation and raise there is no other operation of main's. */
Test(libc, what_raise_does_depends_on_who_is_first)
{
    const char *to_default = "signal(SIGUSR1, SIG_DFL);", *to_ignore = "signal(SIGUSR1, SIG_IGN);";
    fails((struct program){NULL, to_ignore, "raise(SIGUSR1);", to_default, NULL});
    fails((struct program){NULL, NULL, "raise(SIGUSR1);", to_ignore, NULL});
    proved((struct program){NULL, to_ignore, "raise(SIGUSR1);", to_ignore, NULL});
    proved((struct program){NULL, to_ignore, "raise(SIGUSR1);", "signal(SIGUSR2, SIG_DFL);", NULL});
}

/* What another thread has by the time at which the process ends is left behind, even if it gets it
 * after all that main does. */
Test(libc, an_exit_leaves_behind_what_other_threads_have_by_then)
{
    const struct program p = {"#include <semaphore.h>\nstatic sem_t s; void *kept;",
                              "sem_init(&s, 0, 0);", "sem_post(&s); return 0;",
                              "sem_wait(&s); kept = malloc(10); sem_wait(&s);", NULL};
    compile(&p);
    cr_expect_eq(shell("$AW check --trace-dir $T --property no-leak $T/p.so"), 1, "%s", shell_said);
    cr_expect(strstr(shell_said, "leak: a block of 10 bytes that is not freed") != NULL, "%s",
              shell_said);
}

/* --- what the manual calls unsafe --------------------------------------------------------------
 */

#define TEXTS "static char a[4] = \"x y\", b[4] = \"u v\";"

Test(libc, unsafe_functions_race)
{
    races("libc's strtok_place",
          (struct program){TEXTS, NULL, "strtok(a, \" \");", "strtok(b, \" \");", NULL});
    races("environ",
          (struct program){NULL, NULL, "getenv(\"A\");", "setenv(\"B\", \"1\", 1);", NULL});
    races("environ", (struct program){NULL, NULL, "setenv(\"A\", \"1\", 1);", "clearenv();", NULL});
    races("environ", (struct program){NULL, NULL, "environ = NULL;", "getenv(\"A\");", NULL});
    races("optarg", (struct program){"static char *words[] = {\"p\", \"-x\", NULL};", NULL,
                                     "getopt(2, words, \"x\");", "getopt(2, words, \"x\");", NULL});
    races("optind", (struct program){"static char *words[] = {\"p\", NULL};", NULL,
                                     "getopt(1, words, \"x\");", "optind = 1;", NULL});
    races("libc's exit_running", (struct program){NULL, NULL, "exit(0);", "exit(0);", NULL});
    races("libc's exit_running", (struct program){NULL, NULL, "return 0;", "exit(0);", NULL});
    /* A key that is used while it may be deleted. */
    races("libc's key_values", (struct program){KEYS, "pthread_key_create(&keys[0], NULL);",
                                                "pthread_setspecific(keys[0], keys);",
                                                "pthread_key_delete(keys[0]);", NULL});
}

/* What was said, without the ends of its lines. */
static void squeeze(void)
{
    char *to = shell_said;
    for (const char *from = shell_said; *from != '\0'; from++)
        if (*from == '\n')
            *to++ = ' ';
        else if (*from != ' ' || (to > shell_said && to[-1] != ' '))
            *to++ = *from;
    *to = '\0';
}

Test(libc, a_race_is_told_by_the_function_and_the_line_that_calls_it)
{
    char said[300];
    check(&(struct program){TEXTS, NULL, "strtok(a, \" \");", "strtok(b, \" \");", NULL});
    squeeze();
    snprintf(said, sizeof said,
             "data race on libc's strtok_place: strtok of 8 bytes at %s/p.c:16 (main); and strtok "
             "of 8 bytes at %s/p.c:13 (other) ",
             getenv("T"), getenv("T"));
    cr_expect(strstr(shell_said, said) != NULL, "%s", shell_said);
    check(&(struct program){NULL, NULL, "return 0;", "exit(0);", NULL});
    squeeze();
    snprintf(said, sizeof said,
             "data race on libc's exit_running: exit of 4 bytes after main; and exit of 4 bytes at "
             "%s/p.c:13 (other) ",
             getenv("T"));
    cr_expect(strstr(shell_said, said) != NULL, "%s", shell_said);
}

Test(libc, a_trace_names_what_is_used)
{
    fails((struct program){SEEN, NULL, "seen[0] = rand();", "seen[1] = rand();",
                           "assert(seen[0] > seen[1]);"});
    cr_assert_eq(shell("$AW show $T/p.trace"), 0);
    cr_expect(strstr(shell_said, "use libc's rand_state done") != NULL, "%s", shell_said);
    fails((struct program){KEYS, NULL, "pthread_key_create(&keys[0], NULL);",
                           "pthread_key_create(&keys[1], NULL);", "assert(keys[0] == 0);"});
    cr_assert_eq(shell("$AW show $T/p.trace"), 0);
    cr_expect(strstr(shell_said, "compare_exchange_strong libc's keys, 1") != NULL, "%s",
              shell_said);
}

Test(libc, unsafe_functions_in_order_are_none)
{
#define LOCKED(call) "pthread_mutex_lock(&mutex); " call " pthread_mutex_unlock(&mutex);"
    proved((struct program){TEXTS, NULL, LOCKED("strtok(a, \" \");"), LOCKED("strtok(b, \" \");"),
                            NULL});
    proved((struct program){NULL, "setenv(\"A\", \"1\", 1);", LOCKED("setenv(\"A\", \"2\", 1);"),
                            LOCKED("assert(getenv(\"A\")[0] > '0');"), "clearenv();"});
    fails((struct program){NULL, "setenv(\"A\", \"1\", 1);", LOCKED("setenv(\"A\", \"2\", 1);"),
                           LOCKED("assert(getenv(\"A\")[0] == '1');"), NULL});
    proved((struct program){NULL, "setenv(\"A\", \"1\", 1);", "getenv(\"A\");", "getenv(\"A\");",
                            NULL});
    /* Each thread has a text of its own. */
    proved((struct program){NULL, NULL,
                            "assert(strcmp(strerror(4000), \"Unknown error 4000\") == 0);",
                            "assert(strcmp(strerror(5000), \"Unknown error 5000\") == 0);", NULL});
}

/* --- held against explorers that interleave every access ----------------------------------------
 */

static void compare(uint32_t outcomes, struct program p)
{
    char path[100];
    char *argv[] = {"p", NULL};
    struct aw_access_comparison c;
    struct aw_options options;
    compile(&p);
    aw_options_default(&options);
    snprintf(path, sizeof path, "%s/p.so", getenv("T"));
    aw_compare_accesses(path, argv, &options, 0, 1, 20000, &c);
    cr_expect(c.agrees && c.decided, "%s / %s: %s", p.mains, p.others, c.what);
    cr_expect(c.enumerated || c.searched, "%s / %s", p.mains, p.others);
    cr_expect_eq(c.outcomes, outcomes, "%s / %s: %u outcomes", p.mains, p.others, c.outcomes);
}

Test(libc, oracles_agree)
{
    compare(2, (struct program){SEEN, NULL, "seen[0] = rand();", "seen[1] = rand();",
                                "_exit(seen[0] < seen[1]);"});
    compare(2, (struct program){ORDER "static void last(void) { _exit(order); }", "atexit(last);",
                                "atexit(one);", "atexit(two);", NULL});
    compare(2, (struct program){ORDER, NULL, "pthread_atfork(NULL, one, NULL);",
                                "pthread_atfork(NULL, two, NULL);",
                                "if (fork() == 0) _exit(0); wait(NULL); _exit(order);"});
    compare(2, (struct program){KEYS, NULL, "pthread_key_create(&keys[0], NULL);",
                                "pthread_key_create(&keys[1], NULL);", "_exit((int)keys[0]);"});
    /* Deleted while the thread ends: before its value is looked at, or behind. */
    compare(2, (struct program){
                   KEYS "static int set;", "pthread_key_create(&keys[0], run);",
                   LOCKED("int there = set;") "if (there) pthread_key_delete(keys[0]);",
                   "pthread_setspecific(keys[0], keys);" LOCKED("set = 1;"), "_exit(ran);"});
    compare(2,
            (struct program){NULL, "setenv(\"A\", \"1\", 1);", LOCKED("setenv(\"A\", \"2\", 1);"),
                             LOCKED("if (getenv(\"A\")[0] == '1') _exit(1);"), NULL});
    compare(1, (struct program){NULL, NULL, "exit(0);", "exit(0);", NULL});
}

/* --- what it costs ------------------------------------------------------------------------------
 */

Test(libc, what_is_not_shared_costs_nothing)
{
    unsigned long none = states((struct program){NULL, NULL, "", "", NULL});
    cr_expect_eq(none, states((struct program){NULL, NULL, "rand(); rand();", "", "rand();"}));
    cr_expect_eq(none, states((struct program){NULL, "rand();", "", "rand(); rand();", NULL}));
    cr_expect_eq(none, states((struct program){NULL, NULL, "rand();",
                                               "getenv(\"A\"); atexit(abort);", "_exit(0);"}));
    cr_expect_eq(
        none, states((struct program){"static void none(void) {}", "atexit(none);", "", "", NULL}));
    cr_expect_lt(none, states((struct program){NULL, NULL, "rand();", "rand();", NULL}));
    unsigned long locked = states((struct program){NULL, NULL, LOCKED(""), LOCKED(""), NULL});
    cr_expect_eq(locked,
                 states((struct program){NULL, NULL, LOCKED("rand();"), LOCKED("rand();"), NULL}));
    unsigned long keys =
        states((struct program){KEYS, "pthread_key_create(&keys[0], run);", "", "", NULL});
    cr_expect_eq(keys, states((struct program){KEYS, "pthread_key_create(&keys[0], run);",
                                               "pthread_setspecific(keys[0], keys);",
                                               "pthread_setspecific(keys[0], keys);\n"
                                               "assert(pthread_getspecific(keys[0]) == keys);",
                                               NULL}));
}

Test(libc, printing_costs_nothing)
{
    unsigned long none = states((struct program){NULL, NULL, "", "", NULL});
    cr_expect_eq(
        none, states((struct program){NULL, NULL, "puts(\"a\"); printf(\"%d\\n\", 1);",
                                      "puts(\"a\"); perror(\"b\"); fputs(\"c\", stderr);", NULL}));
}
