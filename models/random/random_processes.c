/* SPDX-License-Identifier: MIT */
/* random_processes.c - statements that start and wait for processes and threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"

STEP void start_body(struct context *context, int body, int is_process)
{
    context->at = random_tables.bodies[body];
    context->body = body;
    context->is_process = is_process;
}

/* 1 in the child. The pid leaves no trace in the parent. */
static STEP int fork_nameless(void)
{
    pid_t pid = fork();
    if (pid < 0)
        _exit(NO_MEANS);
    return pid == 0;
}

static STEP pid_t fork_named(void)
{
    pid_t pid = fork();
    if (pid < 0)
        _exit(NO_MEANS);
    return pid;
}

/* The child knows nothing of its parent but the mutexes that it may unlock. */
static STEP void become(struct context *context, int body)
{
    struct context child = {.foreign = context->foreign};
    for (int m = 0; m < MUTEXES; m++) {
        if (is_shared(m))
            continue; /* the parent's */
        if (context->held[m] > 0 && random_tables.kinds[m] != 'n')
            child.foreign |= (unsigned char)(1 << m);
        else
            child.held[m] = context->held[m];
    }
    *context = child;
    random_tables.is_child = 1;
    start_body(context, body, 1);
}

static STEP int higher_body(struct context *context)
{
    int body = next_index(context, random_tables.body_count);
    if (body <= context->body)
        no_program();
    return body;
}

void do_fork(struct context *context, char what)
{
    int body = higher_body(context);
    if (what == 'F') {
        if (fork_nameless())
            become(context, body);
        return;
    }
    if (context->child_count == STARTED)
        no_program();
    pid_t pid = fork_named();
    if (pid == 0)
        become(context, body);
    else
        context->children[context->child_count++] = pid;
}

static int status_seen(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 16 + WTERMSIG(status);
}

/* Nobody asks which child it was. */
STEP int wait_any(int options)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, options);
    return pid > 0 ? 2 + status_seen(status) : pid < 0;
}

static void forget_child(struct context *context)
{
    context->child_count--;
    memmove(context->children, context->children + 1,
            (size_t)context->child_count * sizeof *context->children);
    context->children[context->child_count] = 0;
}

void do_child(struct context *context, char what)
{
    int status = 0;
    if (context->child_count == 0)
        return;
    if (what == 'k') {
        fold(context, kill(context->children[0], SIGTERM) != 0);
        return;
    }
    pid_t pid = waitpid(context->children[0], &status, what == 'H' ? WNOHANG : 0);
    fold(context, pid > 0 ? 2 + status_seen(status) : pid < 0);
    if (pid != 0)
        forget_child(context);
}

static void *pack(int body, int given, uint64_t value)
{
    return (void *)((uint64_t)body << 56 | (uint64_t)given << 48 | value);
}

static void forget_thread(struct context *context)
{
    context->thread_count--;
    memmove(context->threads, context->threads + 1,
            (size_t)context->thread_count * sizeof *context->threads);
    context->threads[context->thread_count] = 0;
}

void do_thread(struct context *context, char what)
{
    int body = higher_body(context);
    void *argument = pack(body, 0, 0);
    if (context->thread_count == STARTED)
        no_program();
    if (what == 's') {
        context->gave = 1;
        context->place = &context->own;
        argument = pack(body, GIVEN_PLACE, (uint64_t)&context->own);
    } else if (what == 'm') {
        if (context->thread_count == 0 || context->gave)
            return;
        argument = pack(body, GIVEN_THREAD, (uint64_t)context->threads[0]);
        forget_thread(context);
    }
    if (pthread_create(&context->threads[context->thread_count], NULL, thread_main, argument) != 0)
        _exit(NO_MEANS);
    context->thread_count++;
}

void do_join(struct context *context)
{
    void *result = NULL;
    if (context->thread_count == 0)
        return;
    pthread_join(context->threads[0], &result);
    forget_thread(context);
    fold(context, (int)(intptr_t)result);
}

void do_detach(struct context *context)
{
    if (context->thread_count == 0 || context->gave)
        return;
    pthread_detach(context->threads[0]);
    forget_thread(context);
}
