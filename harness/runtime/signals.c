/* SPDX-License-Identifier: MIT */
/*
 * signals.c - sets of signals, as values: of the 1,024 bits glibc uses 64. Masks do not exist: what
 * takes a set has no model.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>

#include "primitives.h"

/* What is done with each signal is known to the machine alone; but threads share it. So the machine
 * counts what looks at it and what changes it as accesses to these bytes, which stay zero. */
static char dispositions[NSIG] __attribute__((used));

/* glibc's own two below SIGRTMIN cannot be named. */
static int is_signal(int number)
{
    return number > 0 && number < NSIG && number != 32 && number != 33;
}

static int bad_signal(void)
{
    errno = EINVAL;
    return -1;
}

int sigemptyset(sigset_t *set)
{
    set->__val[0] = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    set->__val[0] = ~(3ul << 31);
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    if (!is_signal(number))
        return bad_signal();
    set->__val[0] |= 1ul << (number - 1);
    return 0;
}

int sigdelset(sigset_t *set, int number)
{
    if (!is_signal(number))
        return bad_signal();
    set->__val[0] &= ~(1ul << (number - 1));
    return 0;
}

int sigismember(const sigset_t *set, int number)
{
    if (number <= 0 || number >= NSIG)
        return bad_signal();
    return (set->__val[0] >> (number - 1) & 1) != 0;
}

int sigisemptyset(const sigset_t *set)
{
    return set->__val[0] == 0;
}
