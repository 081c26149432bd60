/* SPDX-License-Identifier: MIT */
#include "pool/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP __attribute__((noinline))

/* fork without a pid: 1 in the child, 0 in the parent, -1 on failure. */
static STEP int fork_nameless(void)
{
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    return pid == 0;
}

/*
 * The child goes on inside the frame of this loop, and in it only the counter tells one child from
 * the next. It is volatile so that it has one place, in memory, which the child clears. (A compiler
 * would otherwise be free to keep it in a register that some frame below then saves.)
 */
int process_start_workers(int count, process_prepare *prepare, process_main *run, void *argument)
{
    for (volatile int started = 0; started < count; started++) {
        if (prepare && prepare(argument))
            return -1;
        switch (fork_nameless()) {
        case -1:
            return -1;
        case 1:
            started = 0;
            exit(run(argument));
        }
    }
    return 0;
}

void process_join_all(void)
{
    while (wait(NULL) > 0 || errno == EINTR)
        ;
}

/* ---- trials ---- */

static int report_fd = -1; /* write end of the trial's pipe, in the trial and its workers */

/* The process group of the trial being watched, for the signal handler. */
static volatile pid_t watched;

void trial_report(char what)
{
    if (report_fd < 0)
        return;
    while (write(report_fd, &what, 1) < 0 && errno == EINTR)
        ;
}

/* Whoever stops the watcher stops the trial: its processes are in a group of their own. */
static void on_stop(int signal_number)
{
    if (watched > 0)
        kill(-watched, SIGKILL);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int milliseconds_until(double deadline)
{
    double left = (deadline - seconds_now()) * 1e3;
    if (left <= 0)
        return 0;
    return left > INT_MAX / 2 ? INT_MAX / 2 : (int)left + 1;
}

/* Counts the reports that are there. Returns false at the end of file: all processes have ended. */
static bool count_reports(int fd, struct trial *trial)
{
    char what[256];
    ssize_t got = read(fd, what, sizeof what);
    if (got < 0)
        return errno == EINTR;
    for (ssize_t i = 0; i < got; i++)
        if ((unsigned char)what[i] < TRIAL_REPORTS)
            trial->reports[(unsigned char)what[i]]++;
    return got > 0;
}

/* Reads reports until all processes of the trial have ended, or the time is up. */
static void watch(int fd, double deadline, struct trial *trial)
{
    struct pollfd reports = {.fd = fd, .events = POLLIN};
    for (;;) {
        int left_ms = milliseconds_until(deadline);
        int ready = poll(&reports, 1, left_ms);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            trial->hung = true;
            return;
        }
        if (!count_reports(fd, trial))
            return;
    }
}

static _Noreturn void be_the_trial(process_main *run, void *argument, const int ends[2])
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setpgid(0, 0);
    close(ends[0]);
    report_fd = ends[1];
    exit(run(argument));
}

static void finish(pid_t pid, int fd, struct trial *trial)
{
    int status = 0;
    if (trial->hung) {
        kill(-pid, SIGKILL);
        while (count_reports(fd, trial))
            ;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    watched = 0;
    trial->failed = !trial->hung && (!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

int trial_run(process_main *run, void *argument, double limit_seconds, struct trial *trial)
{
    int ends[2];
    memset(trial, 0, sizeof *trial);
    if (pipe(ends))
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        be_the_trial(run, argument, ends);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -1;
    }
    setpgid(pid, pid); /* in both, so that it holds whoever comes first */
    watched = pid;
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    watch(ends[0], seconds_now() + limit_seconds, trial);
    finish(pid, ends[0], trial);
    close(ends[0]);
    return 0;
}
