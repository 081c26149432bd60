/* SPDX-License-Identifier: MIT */
/*
 * run.c - one run. The program is the leader of a process group of its own. Its children become
 * ours when it dies before them (PR_SET_CHILD_SUBREAPER), so that the run is over when the group
 * has no member left, and a worker that outlives a killed parent is waited for like the others.
 *
 * Waiting is for SIGCHLD, which is blocked meanwhile, with the time limit as the time-out. At the
 * limit the group is killed and collected.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "native/native.h"

enum { HIGH_FD = 500, OUR_VARIABLES = 3 };

struct run {
    const struct aw_native_program *program;
    const struct aw_native_settings *settings;
    struct aw_native_shared *shared;
    int fd; /* of the memory */
    pid_t leader;
    int status; /* of the leader */
    bool bad_end;
    double deadline;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the beginning ---- */

static int make_shared(struct run *run, const struct aw_native_job *job, struct aw_error *error)
{
    size_t size = sizeof *run->shared;
    run->fd = memfd_create("allways-native", MFD_CLOEXEC);
    if (run->fd < 0 || ftruncate(run->fd, (off_t)size) != 0)
        return aw_fail(error, AW_E_SYSTEM, "memory for a run: %s", strerror(errno));
    run->shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, run->fd, 0);
    if (run->shared == MAP_FAILED) {
        run->shared = NULL;
        return aw_fail(error, AW_E_SYSTEM, "memory for a run: %s", strerror(errno));
    }
    atomic_store(&run->shared->budget, job->plan.budget);
    for (uint32_t i = 0; i < job->plan.count; i++)
        atomic_store(&run->shared->budgets[i], job->plan.faults[i].budget);
    return 0;
}

/* "NAME=value" in new memory. */
static char *variable(const char *name, const char *value)
{
    char *text = NULL;
    if (asprintf(&text, "%s=%s", name, value) < 0)
        abort();
    return text;
}

/* The program's environment, and what the preload library needs; the latter comes last. */
static char **make_environment(const struct run *run, const char *job, char **own[OUR_VARIABLES])
{
    int count = 0;
    char number[16];
    while (run->program->env != NULL && run->program->env[count] != NULL)
        count++;
    char **env = aw_allocate((size_t)count + OUR_VARIABLES + 1, sizeof *env);
    for (int i = 0; i < count; i++)
        env[i] = run->program->env[i];
    for (int i = 0; i < OUR_VARIABLES; i++)
        own[i] = &env[count + i];
    snprintf(number, sizeof number, "%d", HIGH_FD);
    *own[0] = variable("LD_PRELOAD", run->settings->preload);
    *own[1] = variable(AW_NATIVE_JOB_VARIABLE, job);
    *own[2] = variable(AW_NATIVE_FD_VARIABLE, number);
    return env;
}

static void redirect(const struct run *run)
{
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    if (!run->settings->show_output) {
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
    }
    if (nothing > STDERR_FILENO)
        close(nothing);
}

/* In the child. What went wrong is told through `failure`, which exec closes. */
static _Noreturn void become_the_program(const struct run *run, char **env, int failure)
{
    struct rlimit no_core = {0, 0};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_CORE, &no_core);
    setpgid(0, 0);
    redirect(run);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); /* nothing of ours is the program's */
    dup2(run->fd, HIGH_FD); /* out of the way of the descriptors that the program will open */
    execve(run->program->path, run->program->argv, env);
    int number = errno;
    while (write(failure, &number, sizeof number) < 0 && errno == EINTR)
        ;
    _exit(127);
}

static int start(struct run *run, const struct aw_native_job *job, struct aw_error *error)
{
    int failure[2], number = 0;
    char **own[OUR_VARIABLES], *text = aw_native_job_write(job);
    if (text == NULL || pipe2(failure, O_CLOEXEC) != 0) {
        free(text);
        return aw_fail(error, AW_E_SYSTEM, "a run cannot be started: %s", strerror(errno));
    }
    char **env = make_environment(run, text, own);
    run->leader = fork();
    if (run->leader == 0)
        become_the_program(run, env, failure[1]);
    close(failure[1]);
    if (run->leader > 0) {
        setpgid(run->leader, run->leader); /* in both, so that it holds whoever comes first */
        while (read(failure[0], &number, sizeof number) < 0 && errno == EINTR)
            ;
    }
    close(failure[0]);
    for (int i = 0; i < OUR_VARIABLES; i++)
        free(*own[i]);
    free(env);
    free(text);
    if (run->leader < 0)
        return aw_fail(error, AW_E_SYSTEM, "a run cannot be started: %s", strerror(errno));
    if (number == 0)
        return 0;
    waitpid(run->leader, NULL, 0);
    return aw_fail(error, AW_E_PROGRAM, "%s: %s", run->program->path, strerror(number));
}

/* ---- the end ---- */

/* Collects who has ended; false when nobody is left. With `block`, until nobody is left. */
static bool collect(struct run *run, bool judged, bool block)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-run->leader, &status, block ? 0 : WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return pid == 0;
        if (pid == run->leader)
            run->status = status;
        run->bad_end |= judged && aw_native_ended_badly(run->shared, pid, status);
    }
}

static enum aw_native_end wait_for_it(struct run *run)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (collect(run, true, false)) {
        double left = run->deadline - seconds_now();
        if (left <= 0)
            return AW_NATIVE_HUNG;
        struct timespec wait = {.tv_sec = (time_t)left,
                                .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
        sigtimedwait(&child, NULL, &wait);
        if (run->settings->interrupted != NULL && run->settings->interrupted())
            return AW_NATIVE_INTERRUPTED;
    }
    return AW_NATIVE_ENDED;
}

static int compare_events(const void *left, const void *right)
{
    const struct aw_native_event *a = left, *b = right;
    int labels = strcmp(a->label, b->label);
    if (labels != 0)
        return labels;
    if (a->fault != b->fault)
        return a->fault < b->fault ? -1 : 1;
    return a->own < b->own ? -1 : a->own > b->own;
}

static bool says_passed(const struct run *run, const struct aw_native_outcome *outcome)
{
    bool said = atomic_load(&run->shared->passed) > 0;
    bool denied = atomic_load(&run->shared->not_passed) > 0;
    if (outcome->end != AW_NATIVE_ENDED)
        return false;
    return said || denied ? said && !denied : !outcome->error;
}

static void judge(const struct run *run, struct aw_native_outcome *outcome)
{
    struct aw_native_shared *shared = run->shared;
    outcome->status = run->status;
    outcome->puts = atomic_load(&shared->puts);
    outcome->gots = atomic_load(&shared->gots);
    outcome->error =
        run->bad_end || atomic_load(&shared->errors) > 0 || atomic_load(&shared->bad_children) > 0;
    outcome->passed = says_passed(run, outcome);
    for (int i = 0; i < AW_FAULT_MAX; i++) {
        outcome->met[i] = atomic_load(&shared->met[i]);
        outcome->injected[i] = atomic_load(&shared->injected[i]);
    }
    outcome->event_count = atomic_load(&shared->event_count);
    if (outcome->event_count > AW_NATIVE_EVENTS)
        outcome->event_count = AW_NATIVE_EVENTS;
    outcome->events = aw_allocate((size_t)outcome->event_count + 1, sizeof *outcome->events);
    memcpy(outcome->events, shared->events, outcome->event_count * sizeof *outcome->events);
    qsort(outcome->events, outcome->event_count, sizeof *outcome->events, compare_events);
}

static int do_run(struct run *run, const struct aw_native_job *job,
                  struct aw_native_outcome *outcome, struct aw_error *error)
{
    int status = make_shared(run, job, error);
    double began = seconds_now();
    run->deadline = began + run->settings->limit_seconds;
    if (status != 0 || (status = start(run, job, error)) != 0)
        return status;
    outcome->end = wait_for_it(run);
    if (outcome->end != AW_NATIVE_ENDED) {
        kill(-run->leader, SIGKILL);
        collect(run, false, true);
    }
    outcome->seconds = seconds_now() - began;
    if (atomic_load(&run->shared->ready) == 0 && outcome->end == AW_NATIVE_ENDED)
        return aw_fail(error, AW_E_PROGRAM, "%s: %s was not loaded into it", run->program->path,
                       run->settings->preload);
    judge(run, outcome);
    return 0;
}

int aw_native_run(const struct aw_native_program *program, const struct aw_native_job *job,
                  const struct aw_native_settings *settings, struct aw_native_outcome *outcome,
                  struct aw_error *error)
{
    struct run run = {.program = program, .settings = settings, .fd = -1};
    sigset_t child, before;
    int subreaper = 0;
    *outcome = (struct aw_native_outcome){0};
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int status = do_run(&run, job, outcome, error);
    prctl(PR_SET_CHILD_SUBREAPER, subreaper);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (run.shared != NULL)
        munmap(run.shared, sizeof *run.shared);
    if (run.fd >= 0)
        close(run.fd);
    return status;
}

void aw_native_outcome_deinit(struct aw_native_outcome *outcome)
{
    free(outcome->events);
    *outcome = (struct aw_native_outcome){0};
}

void aw_native_log(FILE *out, const struct aw_native_job *job,
                   const struct aw_native_outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->event_count; i++) {
        const struct aw_native_event *event = &outcome->events[i];
        char what[256];
        aw_fault_describe(&job->plan.faults[event->fault], event->value, what, sizeof what);
        fprintf(out, "run %llu, thread %s%s%s%s, its occurrence %u of fault %u: %s\n",
                (unsigned long long)job->run, event->label, event->role[0] ? " (" : "", event->role,
                event->role[0] ? ")" : "", event->own, event->fault + 1, what);
    }
}
