/* SPDX-License-Identifier: MIT */
/*
 * dead_sleeper.c - a process sleeps on a multiprocessing.Condition, and another notifies it.
 *
 * notify_all() wakes as many as have said that they sleep, and waits until each has said that it is
 * awake. A sleeper that was killed meanwhile never says so (CPython #75158, #123899).
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allways/probe.h"
#include "mpqueue/mpsync.h"

static int sleeper(struct mpcondition *condition)
{
    aw_role("sleeper");
    int status = mpcondition_wait(condition); /* the lock came with the fork */
    return status || mpcondition_release(condition);
}

static int notifier(struct mpcondition *condition)
{
    int status = mpcondition_acquire(condition); /* once the sleeper has fallen asleep */
    if (status == 0)
        status = mpcondition_notify_all(condition);
    return mpcondition_release(condition) || status;
}

int main(void)
{
    struct mpcondition *condition = mpcondition_create();
    if (condition == NULL || mpcondition_acquire(condition))
        return 2;
    pid_t child = fork();
    if (child < 0)
        return 2;
    if (child == 0)
        _exit(sleeper(condition));
    int failed = notifier(condition);
    while (wait(NULL) > 0)
        ;
    mpcondition_destroy(condition);
    return failed;
}
