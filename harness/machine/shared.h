/* SPDX-License-Identifier: MIT */
/*
 * shared.h - memory that processes share: anonymous mappings made before fork, and memory objects
 * (memfd_create, shm_open) that are mapped by their descriptors.
 *
 * It is a kernel object, which lives as long as the machine: its content is a value, as a list of the lines of 64 bytes that are
 * not zero. It is at an address that its handle determines, so that all processes agree; nothing is ever
 * to be touched there on the host, so that an access that does not come by here is noticed and stops the
 * check. Each access to a mapping is one operation on the object (touch.h), and so is each operation on a
 * process-shared semaphore or mutex in it (AW_OP_SHARED).
 *
 * The object holds no process: a mutex in it says that it is locked, not by whom. Which of its threads
 * holds what is part of a process (struct aw_lock), so that siblings stay interchangeable. When a process
 * ends, in whatever way, the robust mutexes that it holds become inconsistent, and the others stay locked.
 */
#ifndef AW_MACHINE_SHARED_H
#define AW_MACHINE_SHARED_H

#include "machine/kernel.h"

enum { AW_SHARED_LINE = 64 };

struct aw_memory_line {
    uint32_t index; /* offset / AW_SHARED_LINE */
    uint8_t bytes[AW_SHARED_LINE];
};

struct aw_mapping {
    uint32_t size; /* in bytes; of an anonymous one, whole pages */
    uint32_t line_count;
    struct aw_memory_line lines[]; /* sorted */
};

static inline bool aw_is_shared(uint64_t address)
{
    return address >= AW_SHARED_BASE &&
           address < AW_SHARED_BASE + AW_SHARED_COUNT * AW_SHARED_STRIDE;
}
static inline uint32_t aw_shared_handle(uint64_t address)
{
    return (uint32_t)((address - AW_SHARED_BASE) / AW_SHARED_STRIDE);
}
static inline uint64_t aw_shared_address(uint32_t handle)
{
    return AW_SHARED_BASE + handle * AW_SHARED_STRIDE;
}

uint32_t aw_memory_size(const struct aw_machine *machine, uint32_t object); /* in bytes */

/* Reads and changes the content of the object with id `object`; the second returns the new id. */
void aw_memory_get(const struct aw_machine *machine, uint32_t object, uint64_t address, void *bytes,
                   uint32_t size);
uint32_t aw_memory_put(struct aw_machine *machine, uint32_t object, uint64_t address,
                       const void *bytes, uint32_t size);

/* With another size: what is behind it is gone, what is new is zero. */
uint32_t aw_memory_resize(struct aw_machine *machine, uint32_t object, uint32_t size);

/* What an operation in a mapping does. `mine`: its thread holds the mutex;
 * of ftruncate: the descriptor is to be read only. The answer's detail tells
 * what becomes of the process's list of locks: enum aw_lock_change. */
enum aw_lock_change { AW_LOCK_SAME, AW_LOCK_TAKEN, AW_LOCK_GIVEN, AW_LOCK_UNDEFINED };
/* With AW_LOCK_GIVEN, of a wait: the condition's time-outs are those of CLOCK_MONOTONIC. */
enum { AW_WAIT_MONOTONIC = 8 };
enum aw_barrier_answer { AW_BARRIER_PASSES, AW_BARRIER_SLEEPS, AW_BARRIER_SERIAL };
struct aw_object_move aw_shared_move(struct aw_machine *machine, uint32_t object,
                                     const struct aw_op *op, bool mine);

/* The process, or its thread in `slot` (UINT32_MAX: all), is gone: what becomes of the mutexes that it
 * held in mappings. `local` as it was before. */
void aw_shared_abandon(struct aw_machine *machine, struct aw_state *state,
                       const struct aw_local *local, uint32_t slot);

/* Operations at conditions and barriers. Does the thread wait at that one? */
bool aw_shared_is_wait(enum aw_op_kind kind);
bool aw_shared_waits(const struct aw_thread *thread, enum aw_op_kind kind, uint64_t address);

/* Is [address, address + size) in a mapping of the process at work? `write`: which it may write to. */
bool aw_shared_is_mapped(const struct aw_process *process, uint64_t address, uint64_t size,
                         bool write);
/* May a process with these descriptors map the object? Where it has done so already, it gets the same
 * address again, so that it has to be the same length and use. */
bool aw_shared_may_map(const struct aw_fd *fds, uint32_t count, uint32_t handle, uint64_t length,
                       bool read_only);
bool aw_shared_has_mapping(const struct aw_process *process);

#endif
