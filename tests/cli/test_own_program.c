/* SPDX-License-Identifier: MIT */
/*
 * A program as people have it, from `cc` to `show`: what its author is told of a mistake in it. Each
 * program is compiled twice, right and with the mistake in place (-DWRONG).
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/allways-own-XXXXXX";
static char told[1 << 18]; /* by `check`, and after a finding by `show` */

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

TestSuite(own_program, .init = open_folder, .fini = remove_folder, .timeout = 120);

/* Adds what the command says to `told`. */
static int command(const char *words)
{
    const char *binary = getenv("AW_BIN");
    char line[512];
    snprintf(line, sizeof line, "%s %s 2>&1", binary ? binary : "build/allways", words);
    FILE *pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    size_t length = strlen(told);
    told[length + fread(told + length, 1, sizeof told - 1 - length, pipe)] = '\0';
    int status = pclose(pipe);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The exit status of `check`. */
static int check(const char *source, const char *flags, const char *options)
{
    char words[400], path[64];
    snprintf(path, sizeof path, "%s/p.c", folder);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(source, file);
    fclose(file);
    told[0] = '\0';
    snprintf(words, sizeof words, "cc %s %s/p.c -o %s/p.so", flags, folder, folder);
    cr_assert_eq(command(words), 0, "%s", told);
    snprintf(words, sizeof words, "check --trace-dir %s %s %s/p.so", folder, options, folder);
    int status = command(words);
    snprintf(words, sizeof words, "show %s/p.trace", folder);
    if (status == 1)
        cr_expect_eq(command(words), 0);
    return status;
}

static void is_right(const char *source, const char *options)
{
    cr_expect_eq(check(source, "", options), 0, "%s", told);
    cr_expect_eq(strncmp(told, "proved\n", 7), 0, "%s", told);
}

/* Lines are wrapped: a blank is any number of blanks and line ends. */
static bool says(const char *at, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words != ' ' ? *at != *words : *at != ' ' && *at != '\n')
            return false;
        at += *words == ' ' ? strspn(at, " \n") : 1;
    }
    return true;
}

static int times(const char *words)
{
    int count = 0;
    for (const char *at = told; *at != '\0'; at++)
        count +=
            says(at, words) && (words[0] != ' ' || at == told || strchr(" \n", at[-1]) == NULL);
    return count;
}

static void is_told(const char *words)
{
    cr_expect_gt(times(words), 0, "\"%s\" is not in\n%s", words, told);
}

/* Jobs in a list; two workers take and free them. */
static const char pool[] = "#include <assert.h>\n#include <pthread.h>\n#include <stdlib.h>\n"
                           "struct job { struct job *next; int n; } *head;\n"
                           "pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n"
                           "int sum;\n"
                           "void put(int n) {\n"
                           "  struct job *job = malloc(sizeof *job);\n"
                           "  pthread_mutex_lock(&m);\n"
                           "  job->n = n; job->next = head; head = job;\n"
                           "  pthread_mutex_unlock(&m); }\n"
                           "void *work(void *unused) {\n"
                           "  pthread_mutex_lock(&m);\n"
                           "  struct job *job = head;\n"
                           "  head = job->next;\n"
                           "#ifdef WRONG\n"
                           "  free(job);\n"
                           "#endif\n"
                           "  sum += job->n;\n"
                           "#ifndef WRONG\n"
                           "  free(job);\n"
                           "#endif\n"
                           "  pthread_mutex_unlock(&m); return unused; }\n"
                           "int main(void) {\n"
                           "  pthread_t t[2];\n"
                           "  put(1); put(2);\n"
                           "  for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, work, 0);\n"
                           "  pthread_join(t[0], 0); pthread_join(t[1], 0);\n"
                           "  assert(sum == 3); return 0; }\n";

Test(own_program, a_use_after_free_is_told_once_with_all_its_places)
{
    is_right(pool, "");
    cr_expect_eq(check(pool, "-DWRONG", ""), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated no-memory-error\n", 25), 0, "%s", told);
    *strstr(told, "violated: ") = '\0'; /* what `check` says */
    cr_expect_eq(times("use after free: read of 4 bytes at "), 1, "%s", told);
    is_told(", allocated at ");
    is_told(", freed at ");
}

/* Jobs are put while a worker waits for one: it frees what it took when it likes. */
static const char blocks[] = "#include <assert.h>\n#include <pthread.h>\n#include <stdlib.h>\n"
                             "struct job { struct job *next; int n; } *head;\n"
                             "pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n"
                             "pthread_cond_t c = PTHREAD_COND_INITIALIZER;\n"
                             "void *work(void *unused) {\n"
                             "  for (int i = 0; i < 2; i++) {\n"
                             "    pthread_mutex_lock(&m);\n"
                             "    while (head == 0) pthread_cond_wait(&c, &m);\n"
                             "    struct job *job = head;\n"
                             "    head = job->next;\n"
                             "    pthread_mutex_unlock(&m);\n"
                             "    assert(job->n != 2); free(job); }\n"
                             "  return unused; }\n"
                             "int main(void) {\n"
                             "  pthread_t t;\n"
                             "  pthread_create(&t, 0, work, 0);\n"
                             "  for (int i = 1; i <= 2; i++) {\n"
                             "    struct job *job = malloc(sizeof *job);\n"
                             "    job->n = i;\n"
                             "    pthread_mutex_lock(&m);\n"
                             "    job->next = head; head = job;\n"
                             "    pthread_cond_signal(&c);\n"
                             "    pthread_mutex_unlock(&m); }\n"
                             "  return pthread_join(t, 0); }\n";

/* A list without locks: what is in its blocks is interleaved. */
static const char list[] = "#include <assert.h>\n#include <pthread.h>\n#include <stdatomic.h>\n"
                           "#include <stdlib.h>\n"
                           "struct node { struct node *next; atomic_int n; };\n"
                           "_Atomic(struct node *) top;\n"
                           "void *push(void *unused) {\n"
                           "  for (int i = 1; i <= 2; i++) {\n"
                           "    struct node *node = malloc(sizeof *node);\n"
                           "    node->next = top; top = node; node->n = i; }\n"
                           "  return unused; }\n"
                           "int main(void) {\n"
                           "  pthread_t t;\n"
                           "  pthread_create(&t, 0, push, 0);\n"
                           "  struct node *node = top;\n"
                           "  if (node) assert(node->n != 2);\n"
                           "  return pthread_join(t, 0); }\n";

Test(own_program, a_block_has_one_name_from_malloc_on)
{
    cr_expect_eq(check(list, "", "--property no-crash"), 1, "%s", told);
    is_told(" malloc block 1 16 bytes ");
    is_told(" store top &block 1 ");
    is_told(" malloc block 2 16 bytes ");
    is_told(" store top &block 2 ");
    is_told(" store block 2+8 2 ");
}

/* Told is the thread that crashed, not the process that it belongs to. */
Test(own_program, a_report_names_the_thread_that_crashed)
{
    char words[200], path[64];
    cr_expect_eq(check(blocks, "", ""), 1, "%s", told);
    is_told(" main.thread 1 crashes: SIGABRT: assertion failed: job->n != 2");
    cr_expect_eq(times("main: SIGABRT"), 0, "%s", told);
    snprintf(path, sizeof path, "%s/p.yaml", folder);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fprintf(file, "name: p\nabout: a test\nprogram: ./p.so\nproperties: [no-crash]\n"
                  "expect: {verdict: violated, property: no-crash}\n");
    fclose(file);
    told[0] = '\0';
    snprintf(words, sizeof words, "run --trace-dir %s %s", folder, path);
    cr_expect_eq(command(words), 0, "%s", told);
    is_told(" main.thread 1: SIGABRT: assertion failed: job->n != 2, at work ");
}

/* The structure that a race is on is told by where it was allocated. */
Test(own_program, a_race_on_a_block_says_where_it_was_allocated)
{
    static const char source[] = "#include <pthread.h>\n#include <stdlib.h>\n"
                                 "struct shared { long id; long count; };\n"
                                 "void *add(void *shared) {\n"
                                 "  ((struct shared *)shared)->count++; return 0; }\n"
                                 "int main(void) {\n"
                                 "  pthread_t t[2];\n"
                                 "  struct shared *shared = calloc(1, sizeof *shared);\n"
                                 "  for (int i = 0; i < 2; i++)\n"
                                 "    pthread_create(&t[i], 0, add, shared);\n"
                                 "  pthread_join(t[0], 0); pthread_join(t[1], 0); }\n";
    cr_expect_eq(check(source, "", ""), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated no-data-race\n", 22), 0, "%s", told);
    is_told("FOUND: data race on byte 8 of a block of 16 bytes, allocated at ");
}

/* One unlock too many: while another thread has the mutex, and when nobody has it. */
Test(own_program, an_unlock_too_many_is_told)
{
    static const char source[] = "#include <pthread.h>\n"
                                 "pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n"
                                 "int n;\n"
                                 "void *add(void *unused) {\n"
                                 "  pthread_mutex_lock(&m); n++;\n"
                                 "  pthread_mutex_unlock(&m); return unused; }\n"
                                 "int main(void) {\n"
                                 "  pthread_t t[2];\n"
                                 "#ifdef ALONE\n"
                                 "  add(0); pthread_mutex_unlock(&m);\n"
                                 "#endif\n"
                                 "  for (int i = 0; i < 2; i++)\n"
                                 "    pthread_create(&t[i], 0, add, 0);\n"
                                 "#ifdef WRONG\n"
                                 "  pthread_mutex_unlock(&m);\n"
                                 "#endif\n"
                                 "  pthread_join(t[0], 0); pthread_join(t[1], 0); return 0; }\n";
    static const char assumed[] = " a mutex is unlocked by a thread that does not hold it (";
    is_right(source, "");
    cr_expect_eq(times(assumed), 0, "%s", told);
    cr_expect_eq(check(source, "-DALONE", ""), 0, "%s", told);
    is_told(assumed);
    is_told("p.c:10): glibc lets it, POSIX leaves open what happens");
    cr_expect_eq(check(source, "-DWRONG", ""), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated no-data-race\n", 22), 0, "%s", told);
    is_told(assumed);
    is_told(" main unlocked mutex 1 (main, p.c:15), which thread 1 held.");
    is_told(" mutex_unlock mutex 1 0 (thread 1 held it) ");
}

/* In a child the thread that forked may give back what it took before: glibc's rule for handlers. */
Test(own_program, what_was_locked_before_a_fork_is_the_childs_to_unlock)
{
    static const char source[] =
        "#include <pthread.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
        "pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n"
        "int main(void) {\n"
        "  pthread_mutex_lock(&m);\n"
        "  if (fork() == 0) { pthread_mutex_unlock(&m); _exit(0); }\n"
        "  pthread_mutex_unlock(&m); wait(0); return 0; }\n";
    is_right(source, "");
    cr_expect_eq(times(" does not hold it "), 0, "%s", told);
}

/* A signal where it takes a broadcast. */
Test(own_program, a_signal_that_wakes_too_few_is_told)
{
    static const char source[] = "#include <pthread.h>\n"
                                 "pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n"
                                 "pthread_cond_t c = PTHREAD_COND_INITIALIZER;\n"
                                 "int go;\n"
                                 "void *wait_for(void *unused) {\n"
                                 "  pthread_mutex_lock(&m);\n"
                                 "  while (!go) pthread_cond_wait(&c, &m);\n"
                                 "  pthread_mutex_unlock(&m); return unused; }\n"
                                 "int main(void) {\n"
                                 "  pthread_t t[2];\n"
                                 "  for (int i = 0; i < 2; i++)\n"
                                 "    pthread_create(&t[i], 0, wait_for, 0);\n"
                                 "  pthread_mutex_lock(&m); go = 1;\n"
                                 "#ifdef WRONG\n"
                                 "  pthread_cond_signal(&c);\n"
                                 "#else\n"
                                 "  pthread_cond_broadcast(&c);\n"
                                 "#endif\n"
                                 "  pthread_mutex_unlock(&m);\n"
                                 "  pthread_join(t[0], 0); pthread_join(t[1], 0); return 0; }\n";
    is_right(source, "");
    cr_expect_eq(check(source, "-DWRONG", ""), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated no-deadlock\n", 21), 0, "%s", told);
    is_told(" by main (main, p.c:15), woke thread ");
    is_told(": a signal wakes one of those that sleep.");
}

/* A test that says by its exit status that it has failed. */
Test(own_program, a_main_that_fails_is_noted_and_found_when_asked_for)
{
    static const char source[] = "#include <pthread.h>\n#include <stdatomic.h>\n"
                                 "atomic_int n;\n"
                                 "void *add(void *unused) {\n"
                                 "#ifdef WRONG\n"
                                 "  int seen = n; n = seen + 1; return unused; }\n"
                                 "#else\n"
                                 "  n++; return unused; }\n"
                                 "#endif\n"
                                 "int main(void) {\n"
                                 "  pthread_t t[2];\n"
                                 "  for (int i = 0; i < 2; i++)\n"
                                 "    pthread_create(&t[i], 0, add, 0);\n"
                                 "  pthread_join(t[0], 0); pthread_join(t[1], 0);\n"
                                 "  return n == 2 ? 0 : 7; }\n";
    static const char note[] = " note: the program ends with another status than 0 in some "
                               "execution; succeeds was not asked for ";
    is_right(source, "--property succeeds");
    is_right(source, "");
    cr_expect_eq(times(note), 0, "%s", told);
    cr_expect_eq(check(source, "-DWRONG", ""), 0, "%s", told);
    is_told(note);
    cr_expect_eq(check(source, "-DWRONG", "--property succeeds"), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated succeeds\n", 18), 0, "%s", told);
    is_told(" failure: main ends with another status than 0 ");
    is_told(
        " why main left at step 14 with status 7. Before that came join thread 2, which answered "
        "\"0\" (main, p.c:14).");
}

/* Of other processes nothing is asked; who exits at once, or is killed, has not returned. */
Test(own_program, the_status_of_a_child_is_not_that_of_main)
{
    static const char source[] = "#include <signal.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
                                 "int main(void) {\n"
                                 "#ifdef KILLED\n"
                                 "  if (fork() == 0) { kill(getppid(), SIGTERM); _exit(3); }\n"
                                 "  wait(0); return 0; }\n"
                                 "#elif defined WRONG\n"
                                 "  _exit(3); }\n"
                                 "#else\n"
                                 "  if (fork() == 0) _exit(3);\n"
                                 "  wait(0); return 0; }\n"
                                 "#endif\n";
    is_right(source, "--property succeeds");
    cr_expect_eq(check(source, "-DKILLED", "--property succeeds"), 0, "%s", told);
    cr_expect_eq(check(source, "-DWRONG", "--property succeeds"), 1, "%s", told);
}

/* What people type before they have read anything. */
Test(own_program, what_is_no_program_is_refused_with_what_to_do)
{
    char words[200];
    check("int main(void) { return 0; }\n", "", "");
    told[0] = '\0';
    snprintf(words, sizeof words, "check %s/p.c", folder);
    cr_expect_eq(command(words), 2);
    is_told("allways check: ");
    is_told("/p.c: C source: compile it first, `allways cc ");
    told[0] = '\0';
    cr_expect_eq(command("check none.so"), 2);
    is_told("allways check: none.so: cannot open the program: No such file or directory; the path "
            "counts from the working folder, ");
}

Test(own_program, a_limit_that_was_reached_says_how_to_go_on)
{
    cr_expect_eq(check(pool, "", "--states 5"), 3, "%s", told);
    is_told(
        " the limit of 5 states was reached: make the case smaller, or raise it (--states; in a "
        "scenario: limits)");
}

/* Where a thread parks that is about to free a block depends on whether another one has freed it: that is a
 * part of what its step has read (machine/reuse.h), although the call is not carried out yet. */
Test(own_program, who_is_about_to_free_looks_at_the_heap)
{
    static const char source[] = "#include <pthread.h>\n#include <stdatomic.h>\n"
                                 "#include <stdlib.h>\n"
                                 "_Atomic(char *) buffer; atomic_int users;\n"
                                 "void *drop(void *unused) {\n"
                                 "  char *p = buffer;\n"
                                 "  if (p) { users++; p[0] = 1; buffer = 0; free(p); }\n"
                                 "  return unused; }\n"
                                 "int main(void) {\n"
                                 "  pthread_t t;\n"
                                 "  buffer = malloc(8);\n"
                                 "  pthread_create(&t, 0, drop, 0);\n"
                                 "  drop(0); return pthread_join(t, 0); }\n";
    cr_expect_eq(check(source, "", "--whole-graph --control 0"), 1, "%s", told);
    cr_expect_eq(strncmp(told, "violated ", 9), 0, "%s", told);
    is_told(" no-memory-error violated ");
}

/* Who keeps a read-write lock, and how many a barrier still waits for. */
Test(own_program, those_that_wait_together_are_told_for_what)
{
    static const char upgrade[] = "#include <pthread.h>\n"
                                  "pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;\n"
                                  "void *load(void *unused) {\n"
                                  "  pthread_rwlock_rdlock(&lock);\n"
                                  "#ifdef WRONG\n"
                                  "  pthread_rwlock_wrlock(&lock);\n"
                                  "  pthread_rwlock_unlock(&lock);\n"
                                  "#endif\n"
                                  "  pthread_rwlock_unlock(&lock); return unused; }\n"
                                  "int main(void) {\n"
                                  "  pthread_t t;\n"
                                  "  pthread_create(&t, 0, load, 0);\n"
                                  "  load(0); return pthread_join(t, 0); }\n";
    static const char barrier[] = "#include <pthread.h>\n"
                                  "pthread_barrier_t barrier;\n"
                                  "void *meet(void *unused) {\n"
                                  "  pthread_barrier_wait(&barrier); return unused; }\n"
                                  "int main(void) {\n"
                                  "  pthread_t t;\n"
                                  "  pthread_barrier_init(&barrier, 0, 3);\n"
                                  "  pthread_create(&t, 0, meet, 0);\n"
                                  "  meet(0); return pthread_join(t, 0); }\n";
    is_right(upgrade, "");
    cr_expect_eq(check(upgrade, "-DWRONG", ""), 1, "%s", told);
    is_told(" main waits for ever: pthread_rwlock_wrlock rwlock 1 ");
    is_told(" waits at rwlock_wrlock rwlock 1 (load, p.c:6): ");
    cr_expect_gt(times(" for reading"), 0, "%s", told);
    cr_expect_eq(check(barrier, "", ""), 1, "%s", told);
    is_told(" waits at barrier_wait (waiting) barrier 1 (meet, p.c:4): 2 of 3 have come.");
}
