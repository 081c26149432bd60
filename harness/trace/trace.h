/* SPDX-License-Identifier: MIT */
/*
 * trace.h - one execution, as a person can read it and a machine can do it again.
 *
 * A trace is a header (which program, in which machine, what was found), a list of choices, and
 * what was observed at each of them. No address is ever in it: what lies in a process's memory is
 * numbered by first appearance in that process. Processes have names of their own ("worker 2")
 * because pids are reused once they have been waited for.
 *
 *   record.c   a schedule -> what is observed, step by step
 *   observe.c  one step -> words: events, levels, who lives at the end
 *   act.c      its operation: object and result        held.c  mutexes, and who holds them
 *   walk.c     following a schedule: which process and which object is which
 *   write.c    trace -> JSON file        read.c  JSON file -> trace, strictly
 *   replay.c   the execution again, in a new machine, compared with the trace
 *   stop.c     the execution up to a step, for a debugger
 *   show.c     text: headline, table       summary.c  what happened, in a few lines
 *   items.c    the history of each item    explain.c  why it failed, in sentences
 *
 * What always holds of a trace that was recorded or read: every process, object and loop index in
 * it is in range; strings are never NULL unless a comment says so; names are unique.
 */
#ifndef AW_TRACE_TRACE_H
#define AW_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "explore/choice.h"
#include "explore/critical.h"
#include "explore/verdict.h"
#include "machine/machine.h"

/* Of the file. A change that older readers would misread raises it. */
enum { AW_TRACE_FORMAT = 2 };

/* In place of an index: no process (the clock), no object, no loop. */
#define AW_TRACE_NONE UINT32_MAX

/* What happened in program code. The texts are part of the format: append only. */
/*      name                   text           what `a`, `b` and `text` are                       */
#define AW_TRACE_EVENTS(X)                                                                         \
    X(AW_TRACE_PUT, "put")         /* producer, number */                                          \
    X(AW_TRACE_GOT, "got")         /* producer, number */                                          \
    X(AW_TRACE_WORKERS, "workers") /* how many there will be */                                    \
    X(AW_TRACE_WORKER, "worker")   /* the process is a worker from now on */                       \
    X(AW_TRACE_ROLE, "role")       /* text: of the thread */                                       \
    X(AW_TRACE_NOTE, "note")       /* a, b, text: the program's remark */                          \
    X(AW_TRACE_ERROR, "error")     /* errno, text: an error that the program reports */            \
    X(AW_TRACE_FAILED, "failed")   /* errno, text: a call that failed unexpectedly */              \
    X(AW_TRACE_LOG, "log")         /* descriptor, text: what was printed */                        \
    X(AW_TRACE_CRASH, "crash")     /* signal, text */                                              \
    X(AW_TRACE_STOP, "stop")       /* enum aw_stop, text: the machine cannot go on */              \
    X(AW_TRACE_END, "end")         /* wait status: the process has ended; text: "worker" or "" */  \
    X(AW_TRACE_TAKEN, "taken")     /* producer, number: left its buffer, is being serialised */    \
    X(AW_TRACE_FINDING,                                                                            \
      "finding") /* text: what the machine has found wrong with accesses to memory */

enum aw_trace_event_kind {
#define X(name, text) name,
    AW_TRACE_EVENTS(X)
#undef X
        AW_TRACE_EVENT_KINDS
};

struct aw_trace_event {
    enum aw_trace_event_kind kind;
    uint32_t process; /* in which it happened: after fork, that may be the child */
    uint64_t a, b;
    const char *text;
    const char *place; /* "function file:line" of a crash or stop, or "" */
};

/* A fault of the plan, and the value that it had: a length, an errno ... */
struct aw_trace_fault {
    uint32_t fault; /* index in the plan */
    int64_t value;
};

/* How full an object is: bytes unread in a pipe, value of a semaphore. */
struct aw_trace_level {
    uint32_t object;
    uint64_t level;
};

struct aw_trace_step {
    struct aw_choice choice;
    uint32_t outcomes;                       /* how many the operation had */
    uint32_t process;                        /* AW_TRACE_NONE: the clock moved */
    const char *operation, *object, *result; /* object may be "" */
    const char *function, *file;             /* "" when they are not known */
    int line;
    bool expired;                  /* a time-out expired */
    struct aw_trace_fault *faults; /* injected: the one at the call, then those in the code */
    uint32_t fault_count;
    int64_t now; /* virtual clock, nanoseconds since the start */
    struct aw_trace_event *events;
    uint32_t event_count;
    struct aw_trace_level *levels; /* after the step, of every object that there is, by index */
    uint32_t level_count;
};

struct aw_trace_thread {
    uint32_t slot;
    const char *name;
};

struct aw_trace_process {
    const char *name;
    uint32_t pid;
    uint32_t slot; /* of its main thread, which is called as the process is */
    bool worker;
    struct aw_trace_thread *threads; /* the others that have a role */
    uint32_t thread_count;
};

struct aw_trace_object {
    const char *name; /* "pipe 0", or the name that sem_open was given */
    enum aw_object_kind kind;
    uint64_t initial; /* of a semaphore */
};

/* A thread that still lives at the end. */
struct aw_trace_waiting {
    uint32_t process, slot;
    const char *operation, *object, *function, *file;
    int line;
    bool blocked;
    const char *holder; /* who holds what it waits for, or "" */
    /* Blocked: who could end the wait, dead ones included; empty when that cannot be said (a
     * condition, a count), and when nobody can. */
    struct aw_trace_party *waits_for;
    uint32_t waits_for_count;
    uint32_t since; /* of a lock: index of the step at which it was taken; else AW_TRACE_NONE */
};

struct aw_trace_party {
    uint32_t process, slot;
};

/* A step of the schedule that passes, in words. */
struct aw_trace_passing {
    const char *who, *operation, *object, *result, *function, *file;
    int line;
};

/* The step after which nothing helps any more (explore/critical.h). */
struct aw_trace_critical {
    enum aw_critical_kind kind;
    uint32_t step, branch; /* indices; where they mean nothing 0 */
    uint64_t states;
    struct aw_trace_passing *passing; /* from step `branch` on */
    uint32_t passing_count;
    bool shortest; /* `passing`, of those that leave the schedule at `branch` */
};

struct aw_trace {
    const char *version;  /* of allways */
    const char *scenario; /* name of the case, or "" */
    const char *program;
    char **argv, **env; /* NULL at the end */
    struct aw_machine_settings machine;
    bool exact_pipes;
    const char
        *visible; /* accesses to memory that are operations, see aw_machine_visible; NULL: none */
    struct aw_fault_plan plan; /* outcomes are numbered with its faults among them */
    uint64_t digest;           /* of the program and the runtime */

    enum aw_verdict verdict;
    int property; /* enum aw_property when violated, else -1 */
    const char *message;
    uint32_t faults, preemptions;
    bool minimal; /* proved */

    uint32_t loop;    /* index of the first step of the cycle, or AW_TRACE_NONE */
    bool loop_closes; /* after the last step the state was exactly that before step `loop` */

    struct aw_trace_critical critical;

    struct aw_trace_process *processes;
    struct aw_trace_object *objects;
    struct aw_trace_step *steps;
    struct aw_trace_waiting *at_end;
    uint32_t process_count, object_count, step_count, at_end_count;

    struct aw_trace_pool *pool; /* of the strings and small arrays */
};

/* An empty trace, all strings "". */
void aw_trace_init(struct aw_trace *trace);
void aw_trace_free(struct aw_trace *trace);

/* Memory that lives as long as the trace. */
const char *aw_trace_text(const struct aw_trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void *aw_trace_memory(const struct aw_trace *trace, size_t count, size_t size);
char **aw_trace_strings(struct aw_trace *trace, char *const *strings);

/* A copy of `size` bytes as a UTF-8 string: what is not UTF-8, and zero bytes, become \xNN. */
const char *aw_trace_bytes(const struct aw_trace *trace, const void *bytes, size_t size);

/*
 * Executes `schedule` from the initial state of `machine` and records what is observed, the
 * machine's settings, faults and digest too; the rest of the header is the caller's. Switches
 * symmetry off: pids are real ones from then on. `exact_pipes` is what the schedule was made with
 * (settings of the machine that the caller made have to agree: it is set here).
 *
 * AW_E_LIMIT when a choice of the schedule does not exist, or when a pipe's capacity matters
 * and exact_pipes is off; the trace then has the steps before it, and *error the reason.
 */
int aw_trace_record(struct aw_machine *machine, const struct aw_schedule *schedule,
                    bool exact_pipes, struct aw_trace *trace, struct aw_error *error);

/* Finds the critical step of a trace whose schedule was recorded in `machine`, and enters it with
 * the schedule that passes. `states` as in aw_critical_find. */
void aw_trace_find_critical(struct aw_machine *machine, const struct aw_options *options,
                            uint64_t states, struct aw_trace *trace);

/* Writes `path`: into a temporary file beside it, which then takes its name. */
int aw_trace_write(const struct aw_trace *trace, const char *path, struct aw_error *error);

/* Reads it. A trace that was changed by hand, cut off, or written in another format is refused:
 * `file: step 12: ...`. On failure *trace is empty. */
int aw_trace_read(const char *path, struct aw_trace *trace, struct aw_error *error);

typedef void aw_trace_report(void *context, const char *line);

/*
 * Executes the trace again in a machine of its own, without learning, and compares every
 * observation. 0: it reproduces. 1: it does not; `report` is told the first difference. When
 * the program is not the same any more, `report` is told so first, and places in the source
 * are not compared. Negative: it could not be done.
 */
int aw_trace_replay(const struct aw_trace *trace, const char *runtime, aw_trace_report *report,
                    void *context, struct aw_error *error);

/*
 * Carries out the steps before `step` (an index), puts the process of that step in place, with the
 * registers of its thread in aw_debug_at, and calls aw_debug_parked: where a debugger stops. Then
 * carries out the step. Compares nothing.
 */
int aw_trace_stop(const struct aw_trace *trace, uint32_t step, const char *runtime,
                  struct aw_error *error);

/* The whole trace as text. */
void aw_trace_show(const struct aw_trace *trace, FILE *out);

/* "violated: drained   NAME", the message, and the story. */
void aw_trace_show_summary(const struct aw_trace *trace, FILE *out);
/* Of a deadlock: who waits for ever for what, and who has it, or died with it, in one line. Of several
 * the one that says most; "" when nobody waits. */
void aw_trace_say_wait(const struct aw_trace *trace, char *buffer, size_t size);

/* What led to it, in the program's own terms. */
void aw_trace_show_story(const struct aw_trace *trace, FILE *out);

/* The name of a thread: "main", "main.feeder", "worker 2.thread 1". */
const char *aw_trace_thread_name(const struct aw_trace *trace, uint32_t process, uint32_t slot,
                                 char *buffer, size_t size);

/* A fault of a step in words; whether it struck in the code after the operation. */
const char *aw_trace_fault_text(const struct aw_trace *trace, const struct aw_trace_fault *fault,
                                char *buffer, size_t size);
bool aw_trace_fault_in_code(const struct aw_trace *trace, const struct aw_trace_fault *fault);

/* Who an event is of: the thread of the step, or, after fork and at ends, a process. */
const char *aw_trace_actor(const struct aw_trace *trace, const struct aw_trace_step *step,
                           const struct aw_trace_event *event, char *buffer, size_t size);

const char *aw_trace_event_name(enum aw_trace_event_kind kind);

/* A short name for a table: the part of a semaphore's name that tells it apart. */
const char *aw_trace_object_short(const struct aw_trace *trace, uint32_t object, char *buffer,
                                  size_t size);

#endif
