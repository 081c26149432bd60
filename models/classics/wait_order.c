/* SPDX-License-Identifier: MIT */
/*
 * wait_order.c - wait() reports whichever child has ended.
 *
 * Two children exit with 1 and 2. `right` asks for each by its pid. `wrong` calls wait() twice and
 * takes the first answer to be the first child's.
 *
 * wrong: no-crash fails (the assertion). Shortest schedule: the second child ends first.
 */
#include <assert.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classics.h"

int main(int argc, char **argv)
{
    int wrong = is_wrong(argc, argv), status;
    pid_t children[2];

    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        must(children[i] >= 0);
        if (children[i] == 0)
            _exit(i + 1);
    }
    for (int i = 0; i < 2; i++) {
        pid_t pid = wrong ? wait(&status) : waitpid(children[i], &status, 0);
        must(pid > 0);
        assert(WEXITSTATUS(status) == i + 1);
    }
    return 0;
}
