/* SPDX-License-Identifier: MIT */
/*
 * items.c - a queue of one-byte items in a pipe, and three ways to spoil it.
 *
 * The probes of allways/probe.h say what was put and what was got; the properties drained,
 * exactly-once and fifo are judged by them. One worker process, two items.
 *
 *   right    the worker reads until the end of the file
 *   empty    the worker leaves as soon as the pipe is empty: drained fails. Shortest schedule: the
 *            worker looks before the parent writes
 *   twice    the parent sends the first item again unless it sees an acknowledgement: exactly-once
 *            fails. Shortest schedule: the worker takes the item, the parent looks before the
 *            acknowledgement is written
 *   swapped  two threads draw a number under a lock but write after it: fifo fails. Shortest
 *            schedule: the thread with number 1 is overtaken by the one with number 2
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allways/probe.h"
#include "classics.h"

static int items[2], acks[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char drawn; /* under the mutex */

static void send_item(char number)
{
    must(write(items[1], &number, 1) == 1);
}

static int ready(int fd)
{
    struct pollfd set = {.fd = fd, .events = POLLIN};
    return poll(&set, 1, 0) == 1;
}

static void work(int leaves_when_empty)
{
    char number;
    aw_worker();
    close(items[1]);
    close(acks[0]);
    while (!leaves_when_empty || ready(items[0])) {
        if (read(items[0], &number, 1) != 1)
            break;
        aw_got(0, (uint64_t)number);
        must(write(acks[1], &number, 1) == 1);
    }
    _exit(0);
}

static void *draw_and_send(void *argument)
{
    pthread_mutex_lock(&mutex);
    char number = ++drawn;
    aw_put(0, (uint64_t)number);
    pthread_mutex_unlock(&mutex);
    send_item(number);
    return argument;
}

int main(int argc, char **argv)
{
    int swapped = variant_is(argc, argv, "swapped"), twice = variant_is(argc, argv, "twice");
    pthread_t threads[2];

    must(pipe(items) == 0 && pipe(acks) == 0);
    aw_workers(1);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0)
        work(variant_is(argc, argv, "empty"));
    /* items[0] and acks[1] stay open here: nobody is to die of SIGPIPE. */
    if (swapped) {
        for (int i = 0; i < 2; i++)
            must(pthread_create(&threads[i], NULL, draw_and_send, NULL) == 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
    } else {
        for (char number = 1; number <= 2; number++) {
            aw_put(0, (uint64_t)number);
            send_item(number);
            if (twice && number == 1 && !ready(acks[0]))
                send_item(number);
        }
    }
    close(items[1]);
    wait(NULL);
    return 0;
}
