/* SPDX-License-Identifier: MIT */
/*
 * mpsimple.h - Python's multiprocessing.SimpleQueue in C: a pipe with a lock at each end.
 *
 * No buffer, no feeder, no bound, no time-outs: put serialises and writes in the caller, and blocks
 * while the pipe is full; what it has put is in the pipe. Messages are those of mpqueue.h, with the
 * same codec. Ports SimpleQueue in Lib/multiprocessing/queues.py. Create, then fork.
 */
#ifndef MPQUEUE_MPSIMPLE_H
#define MPQUEUE_MPSIMPLE_H

#include "mpqueue/mpqueue.h"

struct mpsimple;

/* `options` as for mpqueue_create; maxsize, joinable and ignore_epipe mean nothing here. NULL with
 * errno set. */
struct mpsimple *mpsimple_create(const struct mpqueue_options *options);

/* Closes both ends in this process and frees everything. NULL is ignored. Ports SimpleQueue.close.
 */
void mpsimple_destroy(struct mpsimple *queue);

/* Sends `object`, which stays the caller's. MPQ_OK, or MPQ_SYSTEM with errno set. Ports put. */
int mpsimple_put(struct mpsimple *queue, const void *object);

/* Receives the next object, waiting without bound, with the errors of mpqueue_get. Ports get. */
int mpsimple_get(struct mpsimple *queue, void **object);

/* Stores whether the pipe has no byte to read. Another process may take what there is before the
 * caller does. Ports empty. */
int mpsimple_empty(struct mpsimple *queue, bool *empty);

#endif
