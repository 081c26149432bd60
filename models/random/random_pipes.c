/* SPDX-License-Identifier: MIT */
/* random_pipes.c - statements on pipes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

static void do_write(struct context *context, int fd, int length)
{
    char bytes[10] = {0};
    for (int i = 0; i < length; i++)
        bytes[i] = (char)(context->body * 10 + i + 1);
    ssize_t result = write(fd, bytes, (size_t)length);
    fold(context, result < 0 ? 10 + (errno == EPIPE) : (int)result);
}

static ssize_t read_some(struct context *context, int fd, int length)
{
    char bytes[10] = {0};
    ssize_t result = read(fd, bytes, (size_t)length);
    fold(context, result < 0 ? 10 : (int)result);
    for (ssize_t i = 0; i < result; i++)
        fold(context, bytes[i]);
    return result;
}

static int poll_ends(struct pollfd *set, int count, int timeout)
{
    int ready = poll(set, (nfds_t)count, timeout), seen = ready > 0;
    for (int i = 0; i < count; i++) {
        int revents = set[i].revents;
        seen = seen * 16 + ((revents & POLLIN) != 0) + 2 * ((revents & POLLOUT) != 0) +
               4 * ((revents & POLLHUP) != 0) + 8 * ((revents & (POLLERR | POLLNVAL)) != 0);
    }
    return seen;
}

static STEP int poll_end(int p, int is_write, int timeout)
{
    struct pollfd set = {.fd = random_tables.pipes[p][is_write],
                         .events = is_write ? POLLOUT : POLLIN};
    return poll_ends(&set, 1, timeout);
}

STEP int poll_both(int timeout)
{
    struct pollfd set[PIPES] = {{0}};
    for (int p = 0; p < random_tables.pipe_count; p++)
        set[p] = (struct pollfd){.fd = random_tables.pipes[p][0], .events = POLLIN};
    return poll_ends(set, random_tables.pipe_count, timeout);
}

static void set_nonblocking(int fd, int on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

STEP void do_transfer(struct context *context, char what)
{
    int p = next_index(context, PIPES), length = next_index(context, 10);
    if (p >= random_tables.pipe_count)
        return;
    if (what == 'w')
        do_write(context, random_tables.pipes[p][1], length);
    else if (what == 'r')
        read_some(context, random_tables.pipes[p][0], length);
    else
        while (length > 0) {
            ssize_t result = read_some(context, random_tables.pipes[p][0], length);
            if (result <= 0)
                break;
            length -= (int)result;
        }
}

STEP void do_end(struct context *context, char what)
{
    int p = next_index(context, PIPES);
    int is_write = what == 't' || what == 'u' ? 0 : next_end(context), seen = 0;
    int exists = p < random_tables.pipe_count;
    switch (what) {
    case 'n':
    case 'b':
        if (exists)
            set_nonblocking(random_tables.pipes[p][is_write], what == 'n');
        return;
    case 'c':
        if (exists)
            fold(context, close(random_tables.pipes[p][is_write]) != 0);
        return;
    case 'u':
        while (exists && poll_end(p, 0, 0) == 0)
            sched_yield();
        return;
    default:
        if (exists) {
            seen = poll_end(p, is_write, what == 'o' ? 0 : what == 't' ? 1 : -1);
            fold(context, seen);
        }
        branch_if_any(context, seen != 0);
        return;
    }
}
