/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_process.c - what happens to the queues of a process at fork and at exit.
 *
 * Python's util.register_after_fork and its registry of finalizers, as far as queues use them: one
 * list of the process's queues, one pthread_atfork handler, one atexit handler.
 *
 * fork: the child has a copy of everything but the feeder thread. Each queue is put back to how
 * create left it, and every inherited object, node and frame is freed: they are the parent's to
 * send. Afterwards the queue in the child is the same bytes whatever the parent's feeder was doing.
 * There is no handler before the fork: Python's fork does not wait for the queue's lock either. The
 * feeder orders its stores (MPQ_FORK_ORDER) so that a fork between them finds every pointer either
 * valid or cleared.
 *
 * exit: first QUIT is sent to every feeder (exit priority 10), then every feeder is joined (-5). A
 * child has no feeder, so that its exit does nothing, unless it has put something itself.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t queues_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mpqueue *queues; /* newest first */
static bool handlers_registered;

static MPQ_STEP void free_buffer(struct mpqueue *queue)
{
    while (queue->first) {
        struct mpq_node *node = queue->first;
        queue->first = node->next;
        if (node == &queue->quit_node)
            continue;
        mpq_free_object(queue, node->object);
        free(node);
    }
    queue->last = NULL;
}

void mpq_reset(struct mpqueue *queue)
{
    free_buffer(queue);
    mpq_sending_clear(queue);
    mpq_take_back(queue);
    memset(&queue->quit_node, 0, sizeof queue->quit_node);
    queue->notempty_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    queue->notempty = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    queue->started_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    queue->started_cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    memset(&queue->feeder, 0, sizeof queue->feeder);
    queue->started = false;
    queue->feeder_started = false;
    queue->feeder_joined = false;
    queue->join_cancelled = false;
    queue->closed = false;
    queue->quit_sent = false;
    queue->exiting = false;
}

static void after_fork_in_child(void)
{
    queues_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    for (struct mpqueue *queue = queues; queue; queue = queue->next_queue) {
        queue->created_here = false;
        mpq_reset(queue);
    }
}

static void at_exit(void)
{
    for (struct mpqueue *queue = queues; queue; queue = queue->next_queue)
        mpq_send_quit(queue, true);
    for (struct mpqueue *queue = queues; queue; queue = queue->next_queue)
        mpq_join(queue);
}

static MPQ_STEP int register_handlers(void)
{
    if (handlers_registered)
        return 0;
    int error = pthread_atfork(NULL, NULL, after_fork_in_child);
    if (error)
        return error;
    if (atexit(at_exit))
        return ENOMEM;
    handlers_registered = true;
    return 0;
}

int mpq_register(struct mpqueue *queue)
{
    pthread_mutex_lock(&queues_lock);
    int error = register_handlers();
    if (!error) {
        queue->next_queue = queues;
        queues = queue;
    }
    pthread_mutex_unlock(&queues_lock);
    return error;
}

void mpq_unregister(struct mpqueue *queue)
{
    pthread_mutex_lock(&queues_lock);
    for (struct mpqueue **link = &queues; *link; link = &(*link)->next_queue)
        if (*link == queue) {
            *link = queue->next_queue;
            break;
        }
    queue->next_queue = NULL;
    pthread_mutex_unlock(&queues_lock);
}
