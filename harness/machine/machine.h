/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the deterministic machine, as the explorer sees it.
 *
 * A machine holds one program and answers two questions about a state: which outcomes has the
 * operation at which a thread is parked, and which state follows from one of them. It remembers
 * every step of program code that it has executed (an *edge*: local state, thread, answer -> local
 * state), so that the C code runs once for each distinct step.
 *
 * Life cycle: aw_machine_create, aw_machine_initial, then outcomes and steps in any order. States
 * are the caller's; the ids in them live as long as the machine. One machine exists at a time in a
 * host process, because its memory is at a fixed address; creating a second one is an error.
 */
#ifndef AW_MACHINE_MACHINE_H
#define AW_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "machine/op.h"
#include "machine/process.h"
#include "machine/settings.h"
#include "machine/state.h"
#include "plan.h"

struct aw_machine;

/* What happened in program code after an operation, in order. */
enum aw_event_kind {
    AW_EVENT_PROBE, /* what = enum aw_probe_kind; a, b, text */
    AW_EVENT_LOG,   /* a = descriptor, text = what was printed */
    AW_EVENT_CRASH, /* a = signal; b = address of the instruction; text = what happened */
    AW_EVENT_ERROR, /* a = errno; text = the call that failed */
    AW_EVENT_POINT, /* what = index of a fault in the plan, whose point was met; a = how manieth */
    AW_EVENT_LEAK,  /* b = address of the call that made what is left; text = what it is */
    AW_EVENT_RACE,  /* text = what two threads are about to do at once */
    AW_EVENT_MEMORY, /* what = enum aw_told; a = address that is touched, b = of the access; text = what
                        is wrong with it */
    AW_EVENT_STOP, /* what = enum aw_stop; text = why the machine cannot go on; b = address */
};

/* What the text of AW_EVENT_MEMORY does not say about a block that an earlier step has freed. */
enum aw_told { AW_TOLD_ALL, AW_TOLD_BLOCK /* not who freed it */, AW_TOLD_NOTHING };

enum aw_stop {
    AW_STOP_UNMODELLED = 1, /* a function or use that the machine does not model */
    AW_STOP_RUNAWAY,        /* no visible operation within the CPU-time bound */
    AW_STOP_LIMIT,          /* a table of the machine is full */
    AW_STOP_SLEEPER, /* a descriptor is closed, or made non-blocking, while a thread sleeps in it */
    AW_STOP_CAPACITY, /* a pipe may fill up: search again with aw_machine_set_exact_pipes */
    AW_STOP_PRIVATE,  /* an object in a shared mapping is not process-shared */
    AW_STOP_OUTCOMES, /* an operation has more outcomes than AW_MAX_OUTCOMES */
};

struct aw_event {
    uint32_t kind;
    uint32_t what;
    uint64_t a, b;
    uint32_t text; /* payload id, or AW_INTERN_NONE */
    uint32_t zero;
};

enum {
    AW_EDGE_CRASH = 1,
    AW_EDGE_ERROR = 2,
    AW_EDGE_STOP = 4,
    AW_EDGE_PROBE = 8,
    AW_EDGE_LEAK = 16,
    AW_EDGE_RACE = 32,
    AW_EDGE_MEMORY = 64
};

/* A block that a step has freed: where it lay, and the return addresses of the calls that freed and
 * allocated it (0: unknown). */
struct aw_freed {
    uint64_t start, size, pc, allocated;
};

/* A learned step of a process. */
struct aw_edge {
    uint32_t next;         /* local id */
    uint32_t child;        /* fork: the child's local id, else AW_INTERN_NONE */
    uint32_t events;       /* id of an array of struct aw_event, or AW_INTERN_NONE */
    uint32_t child_events; /* fork: what happened in the child */
    uint32_t footprint; /* payload id of an array of struct aw_access: what the code touched; none
                              while the process has one thread */
    uint32_t stores; /* payload id of what the code stored in shared mappings (touch.h); or none */
    uint32_t freed;  /* payload id of an array of struct aw_freed; or none */
    int64_t result;  /* what the call gave to the code; for sem_getvalue, the value */
    uint8_t flags, child_flags;
    uint8_t pid_matters; /* the result was a pid, and another one would have led elsewhere */
    uint8_t zero;
};

/* What the kernel answers to an operation. Interned: answers are named by ids. */
struct aw_answer {
    int64_t result;
    int32_t error;   /* errno when result is -1 */
    uint32_t action; /* how the step completes, enum aw_action */
    uint32_t output; /* payload id of the bytes that go to the program, or AW_INTERN_NONE */
    uint32_t detail; /* chosen waiter, handle, status ... */
    uint32_t faults; /* payload id + 1 of struct aw_point_fault's: points in the code that fail */
    uint32_t zero;
    int64_t now; /* virtual time; 0 in arbitrary time */
};

/* One point in the code after an operation that is to fail. */
struct aw_point_fault {
    uint16_t ordinal; /* among the points of the plan that the code meets */
    uint16_t child;   /* 1: in the child of a fork */
    int32_t value;
};

enum aw_effect {
    AW_EFFECT_NONE,
    AW_EFFECT_OBJECT, /* object `position` becomes `object` */
    AW_EFFECT_FORK,
    AW_EFFECT_EXIT,   /* the process ends with wait status `detail` */
    AW_EFFECT_REAP,   /* process `target` is waited for */
    AW_EFFECT_KILL,   /* process `target` ends with wait status `detail` */
    AW_EFFECT_PIPE,   /* a pipe comes into being */
    AW_EFFECT_SEM,    /* a named semaphore comes into being; `detail` its value */
    AW_EFFECT_MEMORY, /* shared memory of `object` bytes comes into being */
    AW_EFFECT_FILES,  /* the descriptor table of the process changes */
    AW_EFFECT_WAKE,   /* the thread `detail` of process `target` stops waiting at a condition in a
                        mapping, or all do that wait there (AW_WAKE_ALL); at a barrier all do, and that
                        one, or the caller, is told that it is the serial one. And as OBJECT, if there
                        is a position */
};

/* One way in which a parked operation may go on. */
struct aw_outcome {
    uint32_t answer; /* AW_INTERN_NONE: no program step (the process ends) */
    uint32_t world;  /* id of the world after it */
    uint32_t object;
    uint32_t detail;
    uint16_t position; /* word index, 0 = none */
    uint8_t effect;    /* enum aw_effect */
    uint8_t target;    /* process index */
    uint8_t faults;    /* how many faults it costs */
    uint8_t expiry;    /* a time-out expires */
    uint8_t named_pid; /* a process was named: symmetry may not rename it */
    uint8_t stop;      /* a limit of the machine: enum aw_stop */
    uint8_t fault; /* index in the plan + 1 of the fault at the call, or else of the first point of
                      the code that fails (the others are in the answer); 0 = none */
    int32_t value; /* of that fault: length, errno, failure value, signal */
};

enum { AW_WAKE_ALL = 255 };
enum { AW_MAX_OUTCOMES = 512 };

/* Two threads, by their indices in the state, at conflicting accesses to a shared mapping. */
struct aw_race {
    uint8_t process[2], thread[2];
};

/* What a step did besides leading to a new state. */
struct aw_step {
    uint32_t edge;          /* AW_INTERN_NONE when no program code was involved */
    uint32_t ended_workers; /* how many processes marked as workers ended */
    uint32_t child_index;   /* fork: index of the child in the new layout, else AW_INTERN_NONE */
    uint32_t self_index;    /* index of the acting process in the new layout; AW_INTERN_NONE when it
                               is gone */
    uint8_t flags;          /* AW_EDGE_* of the process, and of the child */
    uint8_t named;          /* a process was named by this step */
    bool raced;             /* the new state has a race on a mapping: `race` */
    struct aw_race race;
};

/* Counters for reports. */
struct aw_machine_counts {
    uint64_t code_runs; /* executions of program code: edges learned, and re-executions */
    uint64_t edges;
    uint64_t local_states;
    uint64_t bytes; /* host memory held */
};

/* Loads `program` (a path) with arguments `argv` (NULL-terminated) and environment `env`
 * (NULL-terminated "NAME=value"). `runtime` is the path of the runtime object. */
int aw_machine_create(const char *program, const char *runtime, char *const *argv, char *const *env,
                      const struct aw_machine_settings *settings, struct aw_machine **machine,
                      struct aw_error *error);
void aw_machine_destroy(struct aw_machine *machine);

/* The state in which the root process is parked at its start. */
void aw_machine_initial(struct aw_machine *machine, struct aw_state *state);

/* The outcomes of the operation at which thread `thread` (an index) of process `process` is
 * parked; 0 when it is blocked. In a fixed order: the plain outcome first, faults after it. At most
 * AW_MAX_OUTCOMES. */
unsigned aw_machine_outcomes(struct aw_machine *machine, const struct aw_state *state,
                             unsigned process, unsigned thread, struct aw_outcome *outcomes);
/* Does somebody access the object of the operation (a mutex, a condition ...) as plain memory, in no
 * order with it: to free, destroy or initialise it? Then the two may race. */
bool aw_machine_op_is_visible(const struct aw_machine *machine, const struct aw_op *op);

/* What an access at which a thread is parked does, for those who show it. */
struct aw_access_view {
    const char *name; /* "load", "fetch_add", "read", "memcpy" ... */
    bool is_atomic;
    bool is_exchange; /* a compare-exchange: its result says whether it was done */
    bool is_store;    /* atomic, without a result */
    bool is_one;      /* a read or write of one value, whole */
    bool is_section;  /* "use": a function of libc under a lock of its own, as a whole */
    bool has_operand; /* of an atomic operation that writes */
    bool is_new;      /* of malloc and its like: the block begins at `address` with this step */
    uint64_t operand, operand_high;
    uint64_t address;
    uint32_t size;
};
void aw_machine_access_view(const struct aw_machine *machine, const struct aw_op *op,
                            struct aw_access_view *view);
/* The variable of the program or of libc at an address, and how far inside it; NULL when there is none.
 * `owner` is "libc's " for one that is hidden in libc, else "". */
const char *aw_machine_variable(const struct aw_machine *machine, uint64_t address,
                                uint64_t *offset, const char **owner);
/* The thread (its slot) whose stack an address lies on, or -1; and is it on the heap? */
int aw_machine_stack_of(uint64_t address);
bool aw_machine_on_heap(uint64_t address);
/* Reads memory of a local state; false where there is none. */
bool aw_machine_peek(struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                     void *buffer, uint32_t size);
/* Where the heap block of a local state begins in which an address lies; 0 when there is none. */
uint64_t aw_machine_block_at(struct aw_machine *machine, const struct aw_local *local,
                             uint64_t address);

/* Does the operation fail without cause in this outcome, as compare_exchange_weak may? */
bool aw_machine_is_spurious(const struct aw_machine *machine, const struct aw_op *op,
                            const struct aw_outcome *outcome);

/* Carries out one of them. `next` may not be `state`. */
void aw_machine_step(struct aw_machine *machine, const struct aw_state *state, unsigned process,
                     unsigned thread, const struct aw_outcome *outcome, struct aw_state *next,
                     struct aw_step *step);

/* Virtual time: when nobody can run, moves the clock to the next deadline. False when there is
 * none. Arbitrary time: false. */
bool aw_machine_advance(struct aw_machine *machine, const struct aw_state *state,
                        struct aw_state *next);

/* Looking into states. */
const struct aw_layout *aw_machine_layout(const struct aw_machine *machine,
                                          const struct aw_state *state);
const struct aw_local *aw_machine_local(const struct aw_machine *machine, uint32_t local);
/* How many threads it has, ended ones too; a zombie has none. */
uint32_t aw_machine_thread_count(const struct aw_machine *machine, uint32_t local);
const struct aw_world *aw_machine_world(const struct aw_machine *machine,
                                        const struct aw_state *state);
const struct aw_edge *aw_machine_edge(const struct aw_machine *machine, uint32_t edge);
const struct aw_event *aw_machine_events(const struct aw_machine *machine, uint32_t events,
                                         uint32_t *count);
const struct aw_answer *aw_machine_answer(const struct aw_machine *machine, uint32_t answer);
const void *aw_machine_payload(const struct aw_machine *machine, uint32_t payload, uint32_t *size);
struct aw_handle aw_machine_handle(const struct aw_machine *machine, uint32_t handle);
const void *aw_machine_object(const struct aw_machine *machine, uint32_t object, uint32_t *size);

/* Word index of the object with that handle, or 0. */
static inline uint32_t aw_machine_position(const struct aw_layout *layout, uint32_t handle)
{
    for (uint32_t i = 0; i < layout->object_count; i++)
        if (layout->objects[i].handle == handle)
            return AW_WORD_FIRST + layout->process_count + i;
    return 0;
}

/* The object that a parked operation acts on: its handle, or AW_INTERN_NONE. For pipe operations
 * *write_end tells which end. */
uint32_t aw_machine_op_handle(const struct aw_machine *machine, uint32_t local, unsigned thread,
                              bool *write_end);

/* The local state after the step that `answer` leads to. */
uint32_t aw_machine_next_local(struct aw_machine *machine, uint32_t local, unsigned thread,
                               uint32_t answer);

/* The thread is parked at a poll without time-out of one read end: is the step the same, but for
 * remarks and output, whatever poll answers? */
bool aw_machine_poll_is_idle(struct aw_machine *machine, uint32_t local, unsigned thread);

/* Does the thread hold the mutex at that address of its process? */
bool aw_machine_holds_mutex(const struct aw_machine *machine, uint32_t local, unsigned thread,
                            uint64_t mutex);

/* The same local state with other fifo monitors. */
uint32_t aw_machine_with_monitors(struct aw_machine *machine, uint32_t local,
                                  const struct aw_fifo_monitor *monitors, uint32_t count);

/* The faults that may strike; copied. Before aw_machine_initial. Without it there are none. */
int aw_machine_set_faults(struct aw_machine *machine, const struct aw_fault_plan *plan,
                          struct aw_error *error);
const struct aw_fault_plan *aw_machine_faults(const struct aw_machine *machine);

/* Bit i: the point of fault i was met in some execution; fault i has struck there. A delay strikes
 * in arbitrary time whenever its point is met. */
uint32_t aw_machine_faults_reached(const struct aw_machine *machine);
uint32_t aw_machine_faults_struck(const struct aw_machine *machine);

/* Does the thread have that role? The names that the program gives with aw_role, "main" for the first
 * thread of the root process, and "worker" for any thread of a worker. */
bool aw_machine_has_role(const struct aw_machine *machine, const struct aw_local *local,
                         const struct aw_thread *thread, const char *role);

/* For messages: the roles that threads had so far; the program's own points that its code has asked
 * about (while a plan has some); and the call sites at which the point of a fault was met, but not
 * in its role and at its site. NULL, or 0, behind the last. */
const char *aw_machine_role_met(const struct aw_machine *machine, unsigned index);
const char *aw_machine_point_met(const struct aw_machine *machine, unsigned index);
uint64_t aw_machine_met_elsewhere(const struct aw_machine *machine, unsigned fault, unsigned index);

/* Do the two worlds differ in what is left of budgets only (and in occurrences of faults that can
 * strike no more, which follow from it)? */
bool aw_machine_spends_only(const struct aw_machine *machine, uint32_t before, uint32_t after);

/* Switches: learning on (default) or off (every step executes program code again); `unlearned` ids
 * stay valid. Whether pids are abstracted for symmetry: see aw_machine_step. */
void aw_machine_set_learning(struct aw_machine *machine, bool on);
bool aw_machine_learns(const struct aw_machine *machine);
/* Steps that were learned serve in all states of their process that agree on what they read (on, the
 * default), or only where they were learned. */
void aw_machine_set_reuse(struct aw_machine *machine, bool on);
void aw_machine_set_symmetry(struct aw_machine *machine, bool on);

/* Pipes begin as plain byte queues; once capacity may matter, everything is done again with
 * Linux's page slots (pipe.h). Takes effect for states made from aw_machine_initial on. */
void aw_machine_set_exact_pipes(struct aw_machine *machine, bool on);

/* Executes a learned edge again and compares; false when the result differs (nondeterminism). The
 * edge is named by its number, 0 .. counts.edges - 1. */
bool aw_machine_recheck(struct aw_machine *machine, uint32_t edge);

/* Bit h: the pipe with handle h need not keep the boundaries of its writes, which only one rule of
 * the reduction looks at. As aw_machine_set_exact_pipes. */
void aw_machine_set_joined_pipes(struct aw_machine *machine, uint64_t handles);

/* Accesses to memory (access.h). Bytes whose use by several threads is ordered by no lock become
 * visible: settling does that, and forgets what was learned, so that the search has to start again.
 * False when there was nothing to settle. */
bool aw_machine_is_settled(const struct aw_machine *machine);
bool aw_machine_settle(struct aw_machine *machine);

/* The visible bytes as text, "OFFSET+SIZE ..." in hexadecimal, from the beginning of the window
 * (window.h): a schedule is one for them. The caller frees it. Making them visible from the start, false when the text is none. */
char *aw_machine_visible(const struct aw_machine *machine);
bool aw_machine_set_visible(struct aw_machine *machine, const char *text);

/* May the operation's answer fill in bytes that are visible? Then it is an access, too. */
bool aw_machine_fills_visible(const struct aw_machine *machine, const struct aw_op *op);
/* Does it fill in, or read as long as it lasts, memory of a shared mapping? */
bool aw_machine_touches_mapping(const struct aw_machine *machine, const struct aw_op *op);

/* Bytes that break the discipline are tracked first (on, the default; access_track.c), or become visible at
 * once. Before the first step. */
void aw_machine_set_tracking(struct aw_machine *machine, bool on);

/* For an oracle: every access to memory that may be written is visible, but for those of a thread to
 * its own stack and those of a process with one thread. Bytes of a stack that another thread was parked
 * at are the exception: settling makes them visible for their owner as well. What the compiler does not
 * announce (sites.h) is no operation. */
void aw_machine_set_every_access(struct aw_machine *machine, bool on);

/* For the same: reads of the arguments and of this variable, which no thread writes while there are
 * others, are no operations. False when the program exports none of the name. */
bool aw_machine_spare(struct aw_machine *machine, const char *variable);

/* Some atomic operation had an order weaker than sequentially consistent. */
bool aw_machine_weak_orders(const struct aw_machine *machine);

/* The mapping that a race is on. */
uint32_t aw_machine_race_handle(struct aw_machine *machine, const struct aw_state *state,
                                const struct aw_race *race);

/* One paragraph about a race on a mapping, with the names of the threads' processes and the mapping. */
void aw_machine_race_text(struct aw_machine *machine, const struct aw_state *state,
                          const struct aw_race *race, const char *const names[2],
                          const char *mapping, char *text, uint32_t size);

/* A file of the program whose accesses cannot be seen, or NULL. */
const char *aw_machine_uninstrumented(struct aw_machine *machine);

/* A file of the program whose automatic variables are zero whatever settings.init says, since it was
 * compiled so; or NULL. */
const char *aw_machine_zeroed(struct aw_machine *machine);

/* Planted bugs for the tests of the tests, bits of enum aw_access_plant. */
enum aw_access_plant {
    AW_PLANT_BLIND = 1,            /* plain writes of four bytes are not seen */
    AW_PLANT_KEPT_LOCK = 2,        /* a mutex once locked counts as held after its unlock */
    AW_PLANT_ONLY_WRITES = 4,      /* a read and a write at a time are no race */
    AW_PLANT_CREATION = 8,         /* a thread's accesses count as before those of what it starts */
    AW_PLANT_BLIND_TRACKS = 32,    /* what a thread has touched is forgotten at once */
    AW_PLANT_FORGOTTEN_READS = 16, /* a learned step is used again whatever it read */
    AW_PLANT_BLIND_LIBC = 32,      /* what functions of libc do to their state is not seen */
};
void aw_machine_plant_accesses(struct aw_machine *machine, unsigned plant);

/* Accesses are no longer held against what the compiler announced: for a debugger, which would see the
 * breakpoints. Nothing may be concluded from what such a machine does. */
void aw_machine_trust_accesses(struct aw_machine *machine);

/* For tests: the accesses of the runtime itself are held against what the compiler announced, as those
 * of the program always are (sites.h). Before the first step. */
int aw_machine_watch_runtime(struct aw_machine *machine, struct aw_error *error);

/* Had any process several threads? */
bool aw_machine_threads_seen(const struct aw_machine *machine);

/* Did a thread fork while others of its process lived? The child is a copy taken between two of their
 * operations, never in the midst of a step. */
bool aw_machine_forked_beside(const struct aw_machine *machine);

/* A process killed another one that was alive. */
bool aw_machine_killed_another(const struct aw_machine *machine);

/* Did a thread unlock, or wait with, a mutex that it did not hold, of a kind that lets it? Then `place`
 * gets where, " (queue.c:73)", or "". */
bool aw_machine_unlocked_unheld(struct aw_machine *machine, char *place, size_t size);

/* Did any execution read a clock? */
bool aw_machine_clock_was_read(const struct aw_machine *machine);

void aw_machine_counts(const struct aw_machine *machine, struct aw_machine_counts *counts);
const struct aw_machine_settings *aw_machine_get_settings(const struct aw_machine *machine);

/* Source place and function of an address in the program or the runtime. */
bool aw_machine_place(struct aw_machine *machine, uint64_t pc, const char **function,
                      const char **file, int *line);
uint64_t aw_machine_digest(const struct aw_machine *machine);

/* A planted bug for the tests of the tests, see base/intern.h. Before aw_machine_initial. */
void aw_machine_plant_hash_bits(struct aw_machine *machine, unsigned bits);

#endif
