/* SPDX-License-Identifier: MIT */
/*
 * look_then_act.c - what sem_getvalue said is no longer true when one acts on it.
 *
 * One ticket, two processes that take it if there is one and never give it back. `wrong` looks with
 * sem_getvalue and then waits. `right` looks and takes in one step, with sem_trywait. Each process
 * exits with 1 when it got the ticket.
 *
 * wrong: no-deadlock fails. Shortest schedule: both look, then both wait.
 */
#include <assert.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

static int get_ticket(sem_t *tickets, int wrong)
{
    int value;
    if (!wrong)
        return sem_trywait(tickets) == 0;
    sem_getvalue(tickets, &value);
    return value > 0 && sem_wait(tickets) == 0;
}

int main(int argc, char **argv)
{
    int wrong = is_wrong(argc, argv), status, sold = 0;
    sem_t *tickets = sem_open("/allways-tickets", O_CREAT | O_EXCL, 0600, 1);

    must(tickets != SEM_FAILED);
    sem_unlink("/allways-tickets");
    for (volatile int i = 0; i < 2; i++) {
        if (fork_nameless()) {
            i = 0;
            _exit(get_ticket(tickets, wrong));
        }
    }
    while (wait(&status) > 0)
        sold += WEXITSTATUS(status);
    assert(sold == 1);
    return 0;
}
