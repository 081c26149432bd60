/* SPDX-License-Identifier: MIT */
/*
 * test_process.c - worker processes and trials (models/pool/process.h) on the real kernel.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/process.h"

TestSuite(process, .timeout = 20);

static int reports_w(void *argument)
{
    (void)argument;
    trial_report('w');
    _exit(0);
}

static int reports_p(void *argument)
{
    (void)argument;
    trial_report('p');
    return 0;
}

static int refuses_the_third(void *argument)
{
    int *calls = argument;
    return ++*calls == 3;
}

static int starts_three(void *argument)
{
    int failed = process_start_workers(3, reports_p, reports_w, argument);
    process_join_all();
    _exit(failed);
}

static int starts_until_refused(void *argument)
{
    int calls = 0;
    (void)argument;
    int failed = process_start_workers(5, refuses_the_third, reports_w, &calls);
    process_join_all();
    _exit(failed == -1 && calls == 3 && wait(NULL) == -1 && errno == ECHILD ? 0 : 1);
}

static int waits_for_ever(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return 0;
}

static int hangs_with_workers(void *argument)
{
    process_start_workers(2, NULL, waits_for_ever, argument);
    trial_report('h');
    process_join_all();
    _exit(0);
}

static int fails(void *argument)
{
    (void)argument;
    _exit(3);
}

Test(process, each_worker_is_started_after_its_preparation)
{
    struct trial trial;
    cr_assert_eq(trial_run(starts_three, NULL, 10, &trial), 0);
    cr_assert_not(trial.hung);
    cr_assert_not(trial.failed);
    cr_assert_eq(trial.reports['p'], 3);
    cr_assert_eq(trial.reports['w'], 3);
}

Test(process, a_failed_preparation_stops_the_starting)
{
    struct trial trial;
    cr_assert_eq(trial_run(starts_until_refused, NULL, 10, &trial), 0);
    cr_assert_not(trial.failed);
    cr_assert_eq(trial.reports['w'], 2);
}

Test(process, a_trial_that_hangs_is_killed_with_its_workers)
{
    struct trial trial;
    /* On a busy machine it may take longer until it reports. */
    double limit = 0.2;
    do {
        cr_assert_eq(trial_run(hangs_with_workers, NULL, limit, &trial), 0);
        cr_assert(trial.hung);
        cr_assert_not(trial.failed);
        limit *= 4;
    } while (trial.reports['h'] == 0 && limit < 20);
    cr_assert_eq(trial.reports['h'], 1);
}

Test(process, a_trial_that_fails_says_so)
{
    struct trial trial;
    cr_assert_eq(trial_run(fails, NULL, 10, &trial), 0);
    cr_assert(trial.failed);
    cr_assert_not(trial.hung);
}

Test(process, a_report_outside_a_trial_does_nothing)
{
    trial_report('x');
}
