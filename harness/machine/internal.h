/* SPDX-License-Identifier: MIT */
/*
 * internal.h - the machine's own structure, shared by the files of this folder only.
 *
 *   machine.c    life cycle, looking into states
 *   bind.c       imports: which function of the machine or of libc serves which name
 *   run.c        running program code up to its next visible operation; signals, CPU-time bound
 *   calls_*.c    the imports themselves, run when program code calls them
 *   op.c         the table of visible operations, and which object in memory one is on
 *   locks.c      mutexes, read-write locks and barriers as values
 *   finish*.c    what an answered operation does to its process before its code goes on
 *   edge.c       edges: executing a step of a process once, and remembering it
 *   reuse*.c     steps that are put together from what was learned in another state
 *   process.c    a process besides its memory, packed and unpacked
 *   layout.c     which processes and objects a state has
 *   objects.c    what semaphores and pipes do under operations
 *   pipe_store.c how pipes are kept
 *   kernel*.c    outcomes: which ways a parked operation can go on
 *   faults.c     outcomes of injected faults
 *   step.c       what an outcome does to a state
 *   shared.c     what shared mappings do under operations
 *   touch*.c     program code at the bytes of shared mappings
 *   race.c       data races on them
 *   fills.c      what a parked operation will fill in
 *   access*.c    accesses of threads to the memory of their process, and races there
 *   live*.c      accesses to blocks and frames that do not live
 *   sites.c      accesses that the compiler's calls do not tell
 *
 * With headers of their own, and nothing of this one: loader*.c, image.c, heap.c, pipe.c, cpu.c.
 */
#ifndef AW_MACHINE_INTERNAL_H
#define AW_MACHINE_INTERNAL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/intern.h"
#include "base/map.h"
#include "base/memory.h"
#include "machine/access.h"
#include "machine/image.h"
#include "machine/loader.h"
#include "machine/locks.h"
#include "machine/machine.h"
#include "machine/met.h"
#include "machine/pipe.h"
#include "machine/reuse.h"
#include "machine/sites.h"

/* What a local state says about one of its threads without looking into the image again. */
struct aw_thread_info {
    uint8_t kind;     /* enum aw_op_kind; AW_OP_NONE for an ended thread */
    uint8_t op_class; /* enum aw_op_class */
    uint8_t outcomes; /* AW_ON_IMAGE: how many, not counting expiry; 0 = blocked */
    uint8_t write_end;
    uint32_t handle; /* of the named semaphore or pipe, or AW_INTERN_NONE */
    uint32_t op_key; /* id in op_keys: all that an object's answer depends on */
    uint32_t owner;  /* AW_ON_IMAGE locks: slot + 1 of the holder */
    uint8_t flags;   /* AW_OP_* of the operation */
    bool sigpipe_ignored;
    uint32_t last_answer, last_edge; /* the step that was taken last; 0: none (step.c) */
    uint32_t own; /* its own part (reuse.c), or AW_INTERN_NONE: not asked for yet */
    uint32_t last_object, last_move; /* the object that was met last, and the move + 1 */
};

struct aw_local_info {
    struct aw_thread_info *threads; /* thread_count of them */
    uint32_t thread_count;
    bool names; /* one of them is parked at an operation that names a child */
};

/* What an object does under an operation. */
struct aw_object_move {
    uint32_t object; /* afterwards */
    uint32_t answer; /* AW_INTERN_NONE: blocked */
    uint8_t stop;    /* enum aw_stop */
};

enum aw_call_result {
    AW_CALL_RETURN, /* the call is over; *result is its value */
    AW_CALL_PARK,   /* a visible operation: it is in machine->parked */
    AW_CALL_STOP,   /* the machine cannot go on; an event says why */
};

struct aw_machine;
typedef enum aw_call_result aw_call(struct aw_machine *machine, const uint64_t *args,
                                    uint64_t *result);

struct aw_import {
    const char *name; /* owned by machine->names when it is not a literal */
    aw_call *call;    /* NULL: not modelled, or a hook */
    const struct aw_hook *hook;
    aw_footprint *footprint; /* NULL: touches no memory before it is an operation */
    bool unseen;             /* nobody knows what it touches */
    uint8_t plain;           /* enum aw_plain */
};

struct aw_machine {
    struct aw_machine_settings settings;
    struct aw_module *program, *runtime;
    struct aw_image image;

    /* Imports and their stubs. */
    struct aw_import *imports;
    uint32_t import_count, import_capacity;
    uint8_t *stubs;
    char **traps; /* names of what nobody serves, addressed and not called: bind.c */
    uint32_t trap_count;
    uint64_t stub_next, start_stub;

    /* Interned contents. */
    struct aw_intern locals, objects, layouts, worlds, answers, payloads, events, op_keys;
    struct aw_local_info *infos;
    uint32_t info_capacity;
    uint64_t info_bytes; /* of what they point to */
    struct aw_handle *handles;
    uint32_t handle_count, handle_capacity;

    /* Memory of what was computed. */
    struct aw_edge *edges;
    uint64_t *edge_keys; /* two words an edge: local | thread << 32, answer */
    uint32_t edge_count, edge_capacity;
    uint32_t pid_ordinals;  /* the highest that a child ever had: all up to it are told from none */
    bool pid_mattered;      /* a step taken before turned out to depend on which pid it got */
    uint32_t edge_first;    /* those before it are forgotten */
    struct aw_map edge_map; /* (local | thread << 32, answer) -> edge */
    struct aw_reuse reuse;
    uint64_t dispositions; /* of the runtime: runtime/signals.c */
    struct aw_object_move *moves;
    uint32_t move_count, move_capacity;
    struct aw_map move_map;      /* (object | op key << 32) -> move */
    struct aw_map layout_map;    /* (layout | change << 32, more) -> layout */
    struct aw_map reference_map; /* (object, change of references) -> object */

    /* The process that is being run. */
    struct aw_process work;
    uint32_t run_slot;
    uint32_t run_locks;   /* mutexes that the running thread holds, see struct aw_thread */
    uint64_t result_high; /* second half of the result with which code goes on */
    struct aw_accesses accesses;
    struct aw_sites sites;
    uint64_t run_sp;        /* of the running thread when it left program code */
    const char *run_who;    /* the function whose accesses are made, or NULL */
    bool refused;           /* an access was to nothing that lives: the run is over */
    struct aw_freed *freed; /* by this run */
    uint32_t freed_count, freed_capacity;
    uint32_t run_freed;      /* the same of the run that is over, in payloads */
    struct aw_range *filled; /* by the answer at hand, and visible or in mappings */
    uint32_t filled_count, filled_capacity;
    struct aw_op parked;
    int64_t now; /* virtual time at which the step happens */
    struct aw_event *event_buffer;
    uint32_t event_count, event_capacity;
    uint8_t event_flags;
    uint8_t *pack_buffer;
    uint32_t pack_capacity;
    uint8_t *scratch;
    uint32_t scratch_capacity;
    sigjmp_buf guard; /* host code that touches program memory on behalf of libc */
    volatile bool guarded;

    struct aw_fault_plan plan;
    bool has_faults, has_points; /* a budget above 0; faults that strike inside code */
    uint32_t faults_reached, faults_struck;
    struct aw_met met;
    /* Of the run at hand: */
    const struct aw_point_fault *point_faults;
    uint32_t point_fault_count, point_count;
    bool in_child;
    int64_t edge_result; /* of the call that was completed last */
    bool shared_touched; /* a call was given memory of a shared mapping */
    bool leaving;        /* the code is behind exit(): calls_leaks.c */
    bool value_read;     /* sem_getvalue gave `value` */
    int32_t value;

    uint32_t answer_zero;       /* the answer "0" */
    uint32_t answer_choice[64]; /* "choice k", for operations on the image */
    uint32_t answer_expiry;     /* "timed out" */
    struct aw_state first;
    uint32_t first_local;
    bool learning, symmetry, exact_pipes, started, image_ready;
    bool has_shared; /* some process made a mapping */
    bool clock_was_read, threads_seen, forked_beside, killed_another, unlocked_unheld;
    uint64_t unheld_pc;    /* where, first */
    uint64_t joined_pipes; /* by handle */
    uint64_t args_bytes;
    uint64_t code_runs;
    uint64_t digest;
};

/* Ways in which an answer completes its operation (struct aw_answer.action). */
enum aw_action {
    AW_ACT_ANSWER,   /* `result`, or -1 and `error` */
    AW_ACT_CHOICE,   /* operations on the image: choice `detail` */
    AW_ACT_EXPIRE,   /* the time-out expired */
    AW_ACT_PROGRESS, /* a blocked write moved `detail` more bytes; no code runs. `result`: 0, or
                        it was cut (injected), and is over after so many bytes in all */
    AW_ACT_FATAL,    /* signal `detail` kills the process; no code runs */
    AW_ACT_FAIL,     /* injected: the call fails with errno `detail` */
    AW_ACT_SPURIOUS, /* injected: a condition wait ends without a signal */
    AW_ACT_DELAY,    /* injected, virtual time: the operation waits until `result` first */
};

/* bind.c */
aw_resolve aw_bind_import;
void aw_bind_init(struct aw_machine *machine);
void aw_bind_seal(struct aw_machine *machine); /* stubs are complete */
void aw_bind_deinit(struct aw_machine *machine);
/* The name whose trap the address lies in, or NULL. */
const char *aw_bind_trapped(const struct aw_machine *machine, uint64_t address);

/* run.c */
int aw_run_host_init(struct aw_error *error); /* signal handlers, once a process */
/* Runs the thread in machine->run_slot from `result` on to its next visible operation, which it is
 * then parked at. */
void aw_run_thread(struct aw_machine *machine, uint64_t result);
void aw_run_start(struct aw_machine *machine);
void aw_run_stop(struct aw_machine *machine);
/* The return address of the call that is being served, in the program where possible. */
uint64_t aw_run_call_site(const struct aw_machine *machine);
struct aw_thread *aw_run_self(struct aw_machine *machine);
void aw_run_event(struct aw_machine *machine, uint32_t kind, uint32_t what, uint64_t a, uint64_t b,
                  const char *text, uint32_t length);

/* Program memory as calls see it. */
bool aw_user_valid(const struct aw_machine *machine, uint64_t address, uint64_t length);
bool aw_user_writable(const struct aw_machine *machine, uint64_t address, uint64_t length);
/* May an answer fill it in later? Also in a shared mapping. */
bool aw_user_fillable(const struct aw_machine *machine, uint64_t address, uint64_t length);
/* Length of a string, or -1 when it leaves valid memory. */
int64_t aw_user_string(const struct aw_machine *machine, uint64_t address);
void aw_set_errno(struct aw_machine *machine, uint32_t slot, int error);
uint8_t *aw_scratch(struct aw_machine *machine, uint32_t size);

/* The program crashes in a call that was given a bad pointer: what follows when the guard was needed. */
enum aw_call_result aw_call_bad_pointer(struct aw_machine *machine, const char *call);

/* Parks at an operation; the rest of the fields are zero, payload none. */
struct aw_op *aw_park(struct aw_machine *machine, enum aw_op_kind kind);
enum aw_call_result aw_stop_call(struct aw_machine *machine, enum aw_stop what, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));
enum aw_call_result aw_stop_touched(struct aw_machine *machine, const char *call);
/* The program would die here: says why and parks at the signal. */
enum aw_call_result aw_crash_call(struct aw_machine *machine, int signal, const char *text);
/* A call that fails at once: -1 and errno. */
enum aw_call_result aw_call_error(struct aw_machine *machine, uint64_t *result, int error,
                                  const char *call);

/* Makes a thread of machine->work: memory, thread-local storage, first frame. */
int aw_thread_start(struct aw_machine *machine, uint32_t slot, uint64_t function,
                    const uint64_t args[6], struct aw_error *error);

/* faults.c */
/* Does fault `index` of the plan concern this thread of the process, at the call that returns to
 * `pc`, where its point was met? */
bool aw_fault_concerns(struct aw_machine *machine, uint32_t index, const struct aw_local *local,
                       const struct aw_thread *thread, uint64_t pc);
/* A point in program code was met: the value with which it is to fail, or 0. Sets *delay_ns for a
 * delay. */
int aw_fault_point_met(struct aw_machine *machine, const char *name, int64_t *delay_ns);

/* finish.c */
/* Completes the operation of thread `index` with `answer`. True when its code goes on with *result;
 * false when it stays parked (at what machine->work now says). */
bool aw_finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
               uint64_t *result);
/* Outcomes of an operation on the image; the image is in place. */
unsigned aw_image_outcomes(const struct aw_machine *machine, const struct aw_process *process,
                           int index, uint32_t *owner);
/* What is left of a process in which only the thread in `slot` lives on: after fork, in the child. */
void aw_finish_fork_child(struct aw_machine *machine, uint32_t slot);

/* fills.c */
/* What the operation reads of its process's memory as long as a thread is parked at it. */
bool aw_op_reads(const struct aw_op *op, struct aw_range *range);
/* May its answer fill in bytes of a mapping behind the end of the object? */
bool aw_op_fills_beyond(const struct aw_machine *machine, const struct aw_state *state,
                        const struct aw_local *local, const struct aw_op *op);

/* race.c: two threads of the state at conflicting accesses to a mapping. Only where there are mappings
 * (machine->has_shared) can there be any. */
bool aw_machine_find_race(struct aw_machine *machine, const struct aw_state *state,
                          struct aw_race *race);

/* layout.c */
uint32_t aw_layout_put(struct aw_machine *machine, const struct aw_layout *layout);
uint32_t aw_world_put(struct aw_machine *machine, const struct aw_world *world);

/* edge.c */
/* What was learned does not hold any more; ids stay valid. */
void aw_edges_forget(struct aw_machine *machine);
void aw_edge_reset(struct aw_machine *machine);
uint32_t aw_edge_get(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer);
/* Describes the threads of machine->work, whose image is in place, for the local state `id`. */
void aw_local_described(struct aw_machine *machine, uint32_t id);
/* The same where all threads but one are at what they are at in `other`, with the same outcomes, and that
 * one is at an access. */
void aw_local_described_as(struct aw_machine *machine, uint32_t id, uint32_t other,
                           unsigned thread);
uint32_t aw_edge_save_local(struct aw_machine *machine); /* machine->work and the image -> id */
/* The same local state, one of its threads being parked at another operation. */
uint32_t aw_edge_with_op(struct aw_machine *machine, uint32_t local, unsigned thread,
                         const struct aw_op *op);
/* A child gets that pid: if it is a higher one than any before, all learned steps that got a pid are
 * tried with it. */
void aw_edge_cover_pid(struct aw_machine *machine, uint32_t pid);
uint32_t aw_answer_put(struct aw_machine *machine, const struct aw_answer *answer);

static inline const struct aw_layout *aw_layout_of(const struct aw_machine *machine,
                                                   const struct aw_state *state)
{
    return aw_intern_get(&machine->layouts, state->words[AW_WORD_LAYOUT]);
}

static inline const struct aw_local *aw_local_get(const struct aw_machine *machine, uint32_t id)
{
    return aw_intern_get(&machine->locals, id);
}

/* What a heap block or a descriptor remembers of where it came from: the return address of the call
 * in the program (below the window's first 2 GiB), and how many forks before it. 0: not judged. */
static inline uint64_t aw_origin(const struct aw_process *process, uint64_t pc)
{
    uint64_t generation = process->head.generation < 7 ? process->head.generation : 7;
    return pc > AW_WINDOW && pc - AW_WINDOW < 2 * AW_GIB ? generation << 31 | (pc - AW_WINDOW) : 0;
}
static inline uint64_t aw_origin_pc(uint64_t origin)
{
    return origin == 0 ? 0 : AW_WINDOW + (origin & 0x7fffffff);
}
/* Was it made by this process, and not by an ancestor before the fork? */
static inline bool aw_origin_is_own(const struct aw_process *process, uint64_t origin)
{
    return origin != 0 &&
           origin >> 31 == (process->head.generation < 7 ? process->head.generation : 7);
}

/* Does a fork that returns `pid` give the root the number after all that it ever gave a child? With
 * symmetry on, it does exactly as long as no child is gone: numbers are the lowest free then. */
static inline bool aw_fork_is_next(const struct aw_local *local, int64_t pid)
{
    return pid / 64 == AW_ROOT_PID && pid % 64 == local->forks + 1;
}

/* Where a thread keeps its errno, and where its thread-local storage begins. */
enum { AW_ERRNO_OFFSET = 0, AW_TLS_OFFSET = 64 };
enum { AW_TLS_PROGRAM = 1, AW_TLS_RUNTIME = 2 };

/* The unnamed and the named semaphore as the program holds them (sem_t has 32 bytes). */
struct aw_user_sem {
    uint32_t magic;
    uint32_t value; /* unnamed: the value; named: the handle */
};
enum { AW_SEM_UNNAMED = 0x6d657375, AW_SEM_NAMED = 0x6d65736e };

/* Thread ids are new in a child (as glibc's are): what was locked before the fork is held by nobody
 * who lives there. */
static inline uint32_t aw_mutex_owner(const struct aw_process *process, uint32_t slot)
{
    return (uint32_t)process->head.generation << 16 | (slot + 1);
}

/* Clocks start here, so that a program sees plausible times. */
#define AW_REALTIME_START ((int64_t)1600000000 * 1000000000)
#define AW_MONOTONIC_START ((int64_t)1000 * 1000000000)

#endif
