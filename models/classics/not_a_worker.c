/* SPDX-License-Identifier: MIT */
/*
 * not_a_worker.c - probes whose order matters, where a reduction that takes it for granted that it
 * does not would prove too much.
 *
 *   getter   the parent gets its own item back, and is no worker: drained fails. Shortest
 *            schedule: the worker ends between the put and the get
 *   more     two workers, of whom one was announced: drained fails when the first ends early
 *   unseen   a get that no operation orders behind the put: exactly-once holds, because the item
 *            was put, sooner or later
 *   wrong    an item is got that nobody ever puts: exactly-once fails
 */
#include <sys/wait.h>
#include <unistd.h>

#include "allways/probe.h"
#include "classics.h"

static int items[2];

static void send_item(char number)
{
    aw_put(0, (uint64_t)number);
    must(write(items[1], &number, 1) == 1);
}

static void get_item(void)
{
    char number;
    must(read(items[0], &number, 1) == 1);
    aw_got(0, (uint64_t)number);
}

static void start_worker(int gets)
{
    pid_t pid = fork();
    must(pid >= 0);
    if (pid > 0)
        return;
    aw_worker();
    if (gets)
        get_item();
    _exit(0);
}

/* A process with a pipe of its own and one probe behind a write. */
static void probe_alone(int gets, int number)
{
    int own[2];
    must(pipe(own) == 0);
    must(write(own[1], "", 1) == 1);
    if (gets)
        aw_got(0, (uint64_t)number);
    else
        aw_put(0, 1);
}

int main(int argc, char **argv)
{
    int more = variant_is(argc, argv, "more"), wrong = variant_is(argc, argv, "wrong");
    must(pipe(items) == 0);
    if (wrong || variant_is(argc, argv, "unseen")) {
        pid_t pid = fork();
        must(pid >= 0);
        probe_alone(pid == 0, wrong ? 2 : 1);
        if (pid == 0)
            _exit(0);
    } else {
        aw_workers(1);
        start_worker(0);
        if (more)
            start_worker(1);
        send_item(1);
        if (!more)
            get_item();
    }
    while (wait(NULL) > 0)
        ;
    return 0;
}
