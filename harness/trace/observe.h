/* SPDX-License-Identifier: MIT */
/*
 * observe.h - one step of a walk in words, internal to this folder.
 *
 * What lies in a process's memory has no name but an address, which must not enter a trace:
 * mutexes, conditions and unnamed semaphores are numbered for each process in the order in which it
 * first uses them; a child goes on with its parent's numbers. Who holds a mutex, or a semaphore
 * that was made with the value 1, is found by following who took it.
 */
#ifndef AW_TRACE_OBSERVE_H
#define AW_TRACE_OBSERVE_H

#include "trace/walk.h"

/* Something in the memory of a process. */
struct aw_private {
    uint64_t address;
    uint32_t kind, number;
    uint32_t holder; /* slot + 1, 0 = nobody */
    uint32_t depth;  /* of a recursive mutex */
    uint32_t since;  /* step */
};

struct aw_memory {
    struct aw_private *things;
    uint32_t count, capacity;
    struct aw_freed *freed; /* all that was freed so far */
    uint32_t freed_count, freed_capacity;
};

struct aw_holder {
    bool held;
    uint32_t process, slot, since;
};

/* How a process came to its end. */
struct aw_ending {
    bool ended, by_fault;
    uint32_t step; /* index */
    uint64_t status;
};

struct aw_observer {
    struct aw_walk walk;
    struct aw_trace *trace;
    struct aw_memory *memories; /* of each process of the trace */
    struct aw_holder *holders;  /* of each object of the trace */
    struct aw_ending *endings;  /* of each process of the trace */
};

/* The trace has its tables of processes and objects. */
void aw_observe_start(struct aw_observer *observer, struct aw_trace *trace,
                      struct aw_machine *machine);
void aw_observe_end(struct aw_observer *observer);

/* Takes a choice, and fills in *step. */
int aw_observe_step(struct aw_observer *observer, const struct aw_choice *choice,
                    struct aw_trace_step *step, struct aw_error *error);

/* freed.c: takes in what the step of a process has freed; a child knows what its parent has freed. */
void aw_observe_freed(struct aw_observer *observer, uint32_t process, const struct aw_edge *edge);
void aw_observe_freed_copy(struct aw_observer *observer, uint32_t parent, uint32_t child);
/* The text of a finding about memory, with where that was freed, which the step that found it did not
 * know. */
const char *aw_observe_freed_text(struct aw_observer *observer, uint32_t process,
                                  const struct aw_event *event, const char *text);

/* Who still lives, and at what: fills in trace->at_end. */
void aw_observe_at_end(struct aw_observer *observer);

#endif
