/* SPDX-License-Identifier: MIT */
/*
 * process.h - worker processes as Python's multiprocessing.Process makes them (fork), and trials:
 * a whole run of a program as a process that may hang.
 *
 * Workers are siblings that nobody names: their pids are neither kept nor waited for, and a child
 * inherits nothing that says which of them it is. In a model checker all workers are then the same
 * process, and need to be explored in one order only.
 */
#ifndef POOL_PROCESS_H
#define POOL_PROCESS_H

#include <stdbool.h>

/* What a worker does; the result is its exit status. */
typedef int process_main(void *argument);

/* Something to do in the parent before each worker is started; not 0: stop. */
typedef int process_prepare(void *argument);

/* Starts `count` workers, one after another, each after a call of `prepare` (which may be NULL). A
 * worker ends with exit(), so that its exit handlers run, as those of a Python child do. Returns 0,
 * or -1 when prepare said so or fork failed (errno says why): the workers before are running. */
int process_start_workers(int count, process_prepare *prepare, process_main *run, void *argument);

/* Waits until there is no child left. Process.join, for all of them. */
void process_join_all(void);

/* ---- trials: on a real kernel only ---- */

enum { TRIAL_REPORTS = 128 };

struct trial {
    bool hung;                       /* it was killed at the time limit, with all its workers */
    bool failed;                     /* it ended with another status than 0, or by a signal */
    unsigned reports[TRIAL_REPORTS]; /* how often each character was reported */
};

/* Runs `run` in a process of its own, under a time limit, and counts what it and its workers
 * report. Returns 0, or -1 with errno when the trial could not be made. */
int trial_run(process_main *run, void *argument, double limit_seconds, struct trial *trial);

/* Reports one character (below TRIAL_REPORTS) to the trial that this process is part of. Outside
 * trials it does nothing, without any system call. */
void trial_report(char what);

#endif
