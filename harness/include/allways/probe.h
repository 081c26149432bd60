/* SPDX-License-Identifier: MIT */
/*
 * probe.h - annotations that a program under test may carry.
 *
 * A probe says what happened in the program's own terms: an item was put, an item was got, a
 * worker began. Inside the machine a probe becomes an annotation of the transition in which it
 * is executed; it is never a visible operation, so that adding one changes no interleaving.
 * Natively every probe is a call through a weak symbol that nobody defines: one predictable
 * branch, no link dependency.
 *
 * Items are named by (producer, number). `producer` is a small integer chosen by the program
 * (0 when there is only one). `number` counts from 1 for each producer, in the order of the puts;
 * 0 means "an item without a number": it is counted, but not told apart from the others.
 *
 * Audience: authors of programs under test. Needs nothing but a C compiler.
 */
#ifndef ALLWAYS_PROBE_H
#define ALLWAYS_PROBE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of probe. The values are part of the format of traces: append only. */
enum aw_probe_kind {
    AW_PROBE_PUT = 1,     /* a = producer, b = number: an item was handed to the queue          */
    AW_PROBE_GOT = 2,     /* a = producer, b = number: an item was received by this process     */
    AW_PROBE_WORKERS = 3, /* a = how many workers the program will start in all                 */
    AW_PROBE_WORKER = 4,  /* this process is a worker from now on, until it ends                */
    AW_PROBE_ROLE = 5,    /* text = what to call this thread in traces ("feeder")               */
    AW_PROBE_NOTE = 6,    /* text, a, b = a remark for the trace                                */
    AW_PROBE_ERROR = 7,   /* text, a = an error that the program detected (judged by no-error)  */
    AW_PROBE_TAKEN = 8,   /* a = producer, b = number: an item left its buffer, to be serialised */
};

/* The one entry point; the machine supplies it. Text must be a string that outlives the call. */
extern void aw_probe(int kind, uint64_t a, uint64_t b, const char *text) __attribute__((weak));

static inline void aw_probe_emit(int kind, uint64_t a, uint64_t b, const char *text)
{
    if (aw_probe)
        aw_probe(kind, a, b, text);
}

/* An item was put: call it where the program considers the put done, before or after the lock is
 * released does not matter, but always after the last operation that may block or fail. */
static inline void aw_put(uint64_t producer, uint64_t number)
{
    aw_probe_emit(AW_PROBE_PUT, producer, number, 0);
}

/* An item was received by the calling process. */
static inline void aw_got(uint64_t producer, uint64_t number)
{
    aw_probe_emit(AW_PROBE_GOT, producer, number, 0);
}

/* An item was taken out of its buffer: the calling thread serialises it, and what the thread writes
 * to pipes from now on, until it takes another one, is that item. For the histories of items in traces
 * only; nothing is judged by it. */
static inline void aw_taken(uint64_t producer, uint64_t number)
{
    aw_probe_emit(AW_PROBE_TAKEN, producer, number, 0);
}

/* The program will start `count` workers in all. `drained` is judged once so many have ended. */
static inline void aw_workers(uint64_t count)
{
    aw_probe_emit(AW_PROBE_WORKERS, count, 0, 0);
}

/* The calling process is a worker. */
static inline void aw_worker(void)
{
    aw_probe_emit(AW_PROBE_WORKER, 0, 0, 0);
}

/* Names the calling thread in traces. */
static inline void aw_role(const char *name)
{
    aw_probe_emit(AW_PROBE_ROLE, 0, 0, name);
}

/* Leaves a remark in the trace: "left at Empty". */
static inline void aw_note(const char *text)
{
    aw_probe_emit(AW_PROBE_NOTE, 0, 0, text);
}

/* Reports an error that the program found itself, such as an end of file inside a message. */
static inline void aw_error(const char *text, int errnum)
{
    aw_probe_emit(AW_PROBE_ERROR, (uint64_t)(int64_t)errnum, 0, text);
}

#ifdef __cplusplus
}
#endif

#endif
