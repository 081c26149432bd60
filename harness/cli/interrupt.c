/* SPDX-License-Identifier: MIT */
/* interrupt.c - SIGINT and SIGTERM: what is known so far is still told. */
#include <signal.h>
#include <stddef.h>

#include "cli/cli.h"

/* Set by a signal handler: the one mutable global of this folder besides the found places. */
static volatile sig_atomic_t own_flag, *interrupted = &own_flag;

static void on_interrupt(int number)
{
    (void)number;
    *interrupted = 1;
}

void aw_interrupt_share(volatile sig_atomic_t *flag)
{
    *flag = *interrupted;
    interrupted = flag;
}

void aw_interrupt_install(void)
{
    /* On the signal stack: the program under test may be running on one of its own. */
    struct sigaction action = {.sa_handler = on_interrupt,
                               .sa_flags = SA_ONSTACK | SA_RESTART | SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* A file that may not grow any further is an error of write(), to be told. */
    signal(SIGXFSZ, SIG_IGN);
}

bool aw_interrupted(void)
{
    return *interrupted != 0;
}
