/* SPDX-License-Identifier: MIT */
/*
 * access.h - what program code does to memory: every access of instrumented code, of the leaf
 * functions of libc and of the machine's calls passes by here.
 *
 *   access.c        recording a run's accesses
 *   access_visible.c  the visible bytes
 *   access_track.c  bytes that threads hand over in an order
 *   access_parked.c what parks, and goes on
 *   access_race.c   two threads at conflicting accesses, and their texts
 *   access_facts.c  who accesses which bytes under which locks, over the whole program
 *   access_hooks.c  the table of hooked functions and their footprints; atomic operations
 *   access_calls.c  what the machine's calls read and write
 *   access_view.c   what a parked access is called
 *   access_gate.S   the way from program code into a hook and, if it parks, out of program code
 *
 * An access is *invisible*, a part of the step that it lies in, as long as the program keeps to a
 * discipline on its bytes (access_facts.c). When that breaks, the bytes are *tracked*: they remain invisible
 * while each is seen to be ordered with those of other threads (access_track.c). When that breaks, or one of
 * them is atomic, they become *visible*: accesses to them are operations (AW_OP_ACCESS). Each time everything
 * learned before is forgotten.
 *
 * Nothing is recorded while a process has one thread: all that other threads did or will do is
 * ordered with it by join and create.
 *
 * Invariant: hooks may be abandoned by a signal at any instruction, so they allocate nothing and
 * write only to the buffers of the run, which the next run resets.
 */
#ifndef AW_MACHINE_ACCESS_H
#define AW_MACHINE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/map.h"
#include "machine/live.h"

struct aw_machine;
struct aw_op;

enum aw_access_kind {
    AW_ACCESS_READ = 1,
    AW_ACCESS_WRITE = 2,
    AW_ACCESS_ATOMIC = 4, /* with READ, WRITE or both */
    AW_ACCESS_SYNC = 8,   /* by an operation on a synchronisation object, which is visible itself */
    AW_ACCESS_VOLATILE = 16,
    AW_ACCESS_COMES = 32, /* with WRITE: an object begins to live there */
    AW_ACCESS_INSIDE =
        64, /* in a section of the runtime, whose token stands for it: never visible */
};

/* Where an address lies, for those who judge accesses. */
enum aw_access_place {
    AW_PLACE_OWN_STACK,
    AW_PLACE_OTHER_STACK,
    AW_PLACE_HEAP,
    AW_PLACE_GLOBAL,   /* data of the program, its arguments, thread-local storage */
    AW_PLACE_RUNTIME,  /* data of the runtime: state of libc */
    AW_PLACE_CONSTANT, /* text, read-only data */
    AW_PLACE_OUTSIDE,  /* nothing that the program may access */
};
enum aw_access_place aw_access_place(const struct aw_machine *machine, uint64_t address);

/* One access of a run: deduplicated within it. */
struct aw_access {
    uint64_t address;
    uint32_t size;
    uint32_t kind;
    uint64_t pc; /* return address of the first such access */
};

struct aw_range {
    uint64_t address;
    uint64_t size;
    uint32_t kind;
};
enum { AW_RANGES_MAX = 32 };

/* Accesses by the same thread under the same locks, with the same of its own threads about. */
struct aw_access_class {
    uint32_t slot, kind;
    uint32_t locks; /* id of an array of addresses of mutexes, in payloads, + 1; 0 = none */
    uint32_t zero;
    uint64_t children; /* bit i: the i-th thread that it may start exists */
};

struct aw_access_entry {
    uint32_t class, next;
    uint8_t bytes; /* of the eight */
};

/* A set of bytes: pages with one bit a byte. */
struct aw_bytes {
    struct aw_map pages;
    uint64_t (*bits)[64];
    uint32_t page_count, page_capacity;
};
/* Is one of these bytes in it? */
bool aw_bytes_have(const struct aw_bytes *bytes, uint64_t address, uint64_t size);

/* An access to tracked bytes that a thread remembers. */
struct aw_tracked {
    uint64_t address;
    uint32_t size, kind;
};
#define AW_TRACKED 1 /* in a pending range */

struct aw_accesses {
    /* Facts. */
    struct aw_intern classes;
    struct aw_map seen;     /* (address, size and class) that was taken in */
    struct aw_map granules; /* address / 8 -> first entry + 1 */
    struct aw_access_entry *entries;
    uint32_t entry_count, entry_capacity;
    bool foreign_join;   /* a thread was joined by another than its creator, or is detached */
    bool foreign_unlock; /* a mutex was unlocked, or made anew, by a thread that did not hold it */

    struct aw_bytes visible, tracked;
    bool tracks_nothing; /* what breaks the discipline becomes visible at once */
    /* Bytes that are to become visible, or tracked (kind AW_TRACKED). */
    struct aw_range *pending;
    uint32_t pending_count, pending_capacity;

    bool every; /* for an oracle: all bytes but those of the own stack are visible */
    uint64_t spared[8], spared_end[8]; /* and these */
    unsigned spared_count;
    bool own_spared;  /* those of the runtime that belong to one thread each */
    unsigned plant;   /* enum aw_access_plant */
    bool weak_orders; /* some atomic operation had an order weaker than sequentially consistent */
    bool threads;     /* a process had several threads */
};

void aw_access_init(struct aw_machine *machine);
void aw_access_deinit(struct aw_machine *machine);

/* The run that follows is one of machine->run_slot: forgets the accesses of the last. */
void aw_access_begin(struct aw_machine *machine);
/* The operation is completed, code goes on: sees whether there are several threads. */
void aw_access_enter(struct aw_machine *machine);
/* The run is over: its accesses become facts. Returns the id of its footprint in payloads. */
uint32_t aw_access_end(struct aw_machine *machine);
/* The run did not come to an operation in time: what it read may have to be visible. */
void aw_access_runaway(struct aw_machine *machine);

/* Records an access by the machine on behalf of the running thread. */
void aw_access(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
               uint64_t pc);
/* Is it to something that lives? Otherwise refuses it; `who` is the call that makes it. */
bool aw_access_judge(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
                     const char *who);
/* Was an access not to anything that lives? Then it is told, and the end of the process. */
bool aw_access_refuse(struct aw_machine *machine);
/* The instruction before `pc` makes an access that no hook has announced: taken down. False when it is not
 * to anything that lives. Allocates nothing. */
bool aw_access_unannounced(uint64_t address, uint64_t size, uint32_t kind, uint64_t pc,
                           uint64_t sp);
bool aw_access_is_visible(const struct aw_machine *machine, uint64_t address, uint64_t size);
/* The same, but for aw_machine_set_every_access. */
bool aw_access_is_marked(const struct aw_machine *machine, uint64_t address, uint64_t size);

/* The accesses that a call with these arguments makes; returns how many ranges. More than AW_RANGES_MAX:
 * there are too many, and none is given. */
typedef unsigned aw_footprint(const struct aw_machine *machine, const uint64_t *args,
                              struct aw_range *ranges);

/* No object is as large; longer ranges, of a program whose lengths are wrong, are cut to it. */
#define AW_RANGE_BYTES_MAX ((uint64_t)1 << 30)
static inline unsigned aw_ranges_cut(struct aw_range *ranges, unsigned count)
{
    for (unsigned i = 0; i < count && i < AW_RANGES_MAX; i++) /* more: there are too many */
        if (ranges[i].size > AW_RANGE_BYTES_MAX)
            ranges[i].size = AW_RANGE_BYTES_MAX;
    return count;
}

/* access_calls.c: the footprint of the machine's call `name`: false when there is no entry for it;
 * *footprint is NULL when it touches no memory of the program before it is an operation. */
bool aw_access_of_call(const char *name, aw_footprint **footprint);

/* Hooks: functions of program code that run in place (access_hooks.c). */
struct aw_hook {
    const char *name;
    void *function;          /* what it does when nothing parks; NULL: nothing */
    aw_footprint *footprint; /* NULL: `size` bytes (0: the second argument) at the first argument */
    uint32_t size, kind;
    uint8_t operation; /* of an atomic one */
};
extern const struct aw_hook aw_hooks[];
extern const unsigned aw_hook_count;
int aw_hook_by_name(const char *name);
/* Does the operation ask for an order weaker than sequentially consistent? */
bool aw_hook_is_weak(const struct aw_hook *hook, const uint64_t *args);
unsigned aw_hook_ranges(const struct aw_machine *machine, const struct aw_hook *hook,
                        const uint64_t *args, struct aw_range *ranges);
/* What the hook does, on the host: its result, and the upper half of one of 16 bytes. */
uint64_t aw_hook_perform(const struct aw_hook *hook, const uint64_t *args, bool spurious,
                         uint64_t *high);
/* Bit i: argument i points to what it touches. */
unsigned aw_hook_pointers(const struct aw_hook *hook);
/* Does its footprint depend on its arguments alone? Otherwise it depends on strings in memory. */
bool aw_hook_is_fixed(const struct aw_hook *hook);
/* A weak compare-exchange is an operation wherever it is, visible or not: whether it fails is a
 * choice. With these values, may it fail where the strong form would not? */
bool aw_hook_is_weak_exchange(const struct aw_hook *hook);
/* The function of libc that it is, NULL for what the compiler has put in. */
const char *aw_hook_who(const struct aw_hook *hook);
/* Does its footprint depend on the bytes there? */
bool aw_hook_looks(const struct aw_hook *hook);
bool aw_hook_may_fail(const struct aw_hook *hook, const uint64_t *args);
/* A function of libc under a lock of its own, as a whole: runtime/primitives.h. */
bool aw_hook_is_section(const struct aw_hook *hook);

struct aw_thread;
/* In place of the call: parks where one of its accesses is visible, else records them and makes it. */
int aw_access_call(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                   uint64_t *result);

/* A call that is carried out later did not return: where its thread stays. False. */
bool aw_access_stays(struct aw_machine *machine, struct aw_thread *thread, int how);

/* Parks at the first visible range of a call, beginning with number `from`; false when there is
 * none. `call` is the import. */
bool aw_access_park(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                    const struct aw_range *ranges, unsigned count, unsigned from);
void aw_access_pend(struct aw_machine *machine, uint64_t address, uint64_t size);
/* The bytes are to be tracked. */
void aw_access_pend_tracked(struct aw_machine *machine, uint64_t address, uint64_t size);
/* The run goes round in a loop on one variable that nobody was seen to change. */
bool aw_access_spins(void);
const struct aw_access *aw_access_records(uint32_t *count);

/* access_track.c */
/* The run is over: what the thread is to remember of it, as id + 1 in payloads, or 0. */
uint32_t aw_track_end(struct aw_machine *machine);
/* The thread with index `mover` has touched that: is it in conflict with what another one remembers? With
 * `pends` the bytes are to become visible. */
bool aw_track_conflicts(struct aw_machine *machine, const struct aw_thread *threads, int count,
                        int mover, uint32_t touched, bool pends);

/* access_facts.c */
enum { AW_LOCKS_MAX = 16 };
void aw_facts_take(struct aw_machine *machine, const struct aw_access *records, uint32_t count);
void aw_facts_locks(struct aw_machine *machine); /* of the running thread: machine->run_locks */
/* Which of the thread's own children there are: bit i is the i-th that it may start. */
struct aw_thread;
uint64_t aw_facts_children(const struct aw_thread *threads, int count, uint32_t slot);
void aw_facts_foreign_join(struct aw_machine *machine);
void aw_facts_foreign_unlock(struct aw_machine *machine);
/* The thread is about to end; its robust mutexes are given up already. */
void aw_facts_ends(struct aw_machine *machine, const struct aw_thread *thread);
/* Has the thread locked the mutex and not unlocked it, whatever the mutex says by now? */
bool aw_facts_lists(const struct aw_machine *machine, const struct aw_thread *thread,
                    uint64_t mutex);
/* The thread in `slot` has locked or no longer holds the mutex. */
void aw_locks_change(struct aw_machine *machine, uint32_t slot, uint64_t mutex, bool held);
/* Parks at the accesses that an answer made (machine->filled), `result` being what the call gives. */
void aw_access_park_filled(struct aw_machine *machine, struct aw_thread *thread, uint64_t pc,
                           uint64_t result);
/* Goes on from one of them: to the next one (false), or with *result. */
bool aw_access_finish_filled(struct aw_machine *machine, struct aw_thread *thread,
                             uint64_t *result);
/* Goes on from a parked access. True when code goes on with *result; false when it stays parked. */
bool aw_access_finish(struct aw_machine *machine, int index, bool spurious, uint64_t *result);
/* 2 for a compare-exchange that may fail spuriously, else 1. */
unsigned aw_access_outcomes(const struct aw_machine *machine, const struct aw_op *op);

/* The payload of AW_OP_ACCESS: the call that goes on when its visible access has happened. (One in a
 * mapping begins in the same way: touch.c.) */
#define AW_ACCESS_FILLED UINT32_MAX /* accesses that an answer made; args[0] is the result */
struct aw_pending_call {
    uint64_t args[6];
    uint32_t import, zero;
};
/* With AW_ACCESS_FILLED: the thread is parked at each of the ranges, one after the other. */
struct aw_pending_fill {
    struct aw_pending_call call;
    struct aw_range ranges[]; /* without padding that is not zero */
};
/* Those ranges. */
const struct aw_range *aw_access_filled(const struct aw_machine *machine, const struct aw_op *op,
                                        uint32_t *count);

/* The bytes that the thread is about to touch with its operation: those of an access, of a write, or of its
 * object, which count as atomic. False where there are none, or they are in a shared mapping. */
bool aw_access_of(const struct aw_thread *thread, struct aw_range *range);
/* Two threads of a process are parked at conflicting accesses: *one and *other. */
bool aw_access_race(const struct aw_machine *machine, const struct aw_thread *threads, int count,
                    int *one, int *other);
/* " at file.c:12 (function), called from ..." by the frame pointers of a thread that has left program code
 * with that stack pointer; 0: only the place of `pc`. */
void aw_access_stack(struct aw_machine *machine, uint64_t pc, uint64_t sp, uint32_t slot,
                     char *text, size_t size);
/* What lies there: "counter", "stack of thread 1" ... */
void aw_access_name(struct aw_machine *machine, uint64_t address, char *text, uint32_t size);
/* "write of 4 bytes at file.c:12 (function), called from ..."; the thread's process is in place. */
void aw_access_describe(struct aw_machine *machine, const struct aw_thread *thread,
                        struct aw_range range, char *text, size_t size);
/* One paragraph about it. */
void aw_access_race_text(struct aw_machine *machine, int one, int other, char *text, uint32_t size);

/* What the hooks look at. Global, as aw_cpu is, and for the same reason. Offsets: access_gate.S. */
struct aw_gate {
    uint8_t active; /*  0: hooks look at their accesses */
    uint8_t full;
    uint8_t records;    /* the process has several threads */
    uint8_t announcing; /* hooks tell sites.c what they announce */
    uint8_t mappings;   /* the process has shared mappings */
    uint8_t section;    /* the runtime is in a section (runtime/primitives.h) */
    uint8_t pad[2];
    void *functions[256];  /*  8 */
    uint32_t imports[256]; /*  2056 */
    uint64_t sp; /* 3080: the virtual stack pointer while a hook runs on the host's stack, else 0 */
};
extern struct aw_gate aw_gate;
void aw_gate_enter(void); /* where stubs of hooks jump to; r11d = number of the hook */
uint32_t aw_gate_look(uint32_t hook, const uint64_t *args, uint64_t pc);

#endif
