/* SPDX-License-Identifier: MIT */
/*
 * process.h - what the machine knows about one virtual process besides its memory: threads and the
 * operations they are parked at, descriptors, signal dispositions, monitors.
 *
 * Two forms. struct aw_process is the working form, with room to change. A *local state* is the
 * packed form: struct aw_local, then its arrays; interned by content, and named by a local id. It
 * holds no identity of its own process (no pid), so that siblings in the same condition have the
 * same id.
 */
#ifndef AW_MACHINE_PROCESS_H
#define AW_MACHINE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/image.h"
#include "machine/op.h"

enum { AW_MAX_THREADS = 64, AW_MAX_FDS = 128, AW_MAX_MONITORS = 32, AW_MAX_LOCKS = 64 };

enum aw_thread_status { AW_THREAD_PARKED, AW_THREAD_ENDED /* and not joined */ };

struct aw_thread {
    uint16_t slot;
    uint8_t status;
    uint8_t detached;
    uint32_t role;   /* payload id of its name + 1, 0 = none */
    uint64_t sp;     /* virtual stack pointer, 0 when ended */
    uint64_t result; /* of an ended thread */
    uint64_t
        held; /* bit h: it took the binary semaphore with handle h < 64 and has not posted it */
    uint32_t locks; /* mutexes that it locked: payload id + 1 of their sorted addresses, 0 = none */
    uint32_t touched; /* tracked bytes that its last step has touched: payload id + 1 of an array of
                         struct aw_tracked, 0 = none */
    struct aw_op op;
};

enum aw_fd_kind {
    AW_FD_CONSOLE,
    AW_FD_PIPE_READ,
    AW_FD_PIPE_WRITE,
    AW_FD_MEMORY,      /* a shared memory object */
    AW_FD_MEMORY_READ, /* the same, to be read only */
    AW_FD_MAPPING      /* no descriptor: a shared mapping of the process */
};
enum { AW_FIRST_MAPPING = 0x8000 };

struct aw_fd {
    uint16_t fd;
    uint8_t kind;
    uint8_t close_on_exec; /* of a mapping: it may only be read */
    uint32_t handle;       /* of the pipe or memory */
    uint64_t origin;       /* aw_origin */
    uint64_t length;       /* of a mapping, in bytes */
};

static inline bool aw_fd_is_pipe(const struct aw_fd *fd)
{
    return fd->kind == AW_FD_PIPE_READ || fd->kind == AW_FD_PIPE_WRITE;
}
static inline bool aw_fd_is_memory(const struct aw_fd *fd)
{
    return fd->kind == AW_FD_MEMORY || fd->kind == AW_FD_MEMORY_READ;
}

/* fifo: a consumer that gets an item of `producer` with a number up to `threshold` which is still
 * outstanding sees it out of order. Entries with threshold 0 do not exist. */
struct aw_fifo_monitor {
    uint32_t producer;
    uint32_t threshold;
};

/* A lock whose owner's death matters: a robust mutex that a thread holds. */
struct aw_lock {
    uint64_t address;
    uint32_t slot;      /* of the thread */
    uint32_t is_rwlock; /* held to write; otherwise a mutex */
};

struct aw_local {
    uint8_t zombie;
    uint8_t worker;
    uint8_t forks; /* so far, saturating at 255 */
    uint8_t
        generation; /* forks between the root and it: who held a mutex before a fork is nobody now */
    uint16_t thread_count, fd_count;
    uint32_t monitor_count, chunk_count;
    int32_t status; /* of a zombie, as wait(2) tells it */
    uint32_t lock_count;
    uint64_t ignored; /* aw_signal_bit of each signal that is ignored */
    /* struct aw_thread threads[]; struct aw_fd fds[]; struct aw_fifo_monitor monitors[];
     * struct aw_lock locks[]; struct aw_image_chunk chunks[]; */
};

struct aw_process {
    struct aw_local head;                     /* the counts in it are those of the arrays below */
    struct aw_thread threads[AW_MAX_THREADS]; /* sorted by slot */
    struct aw_fd fds[AW_MAX_FDS];             /* sorted by fd */
    struct aw_fifo_monitor monitors[AW_MAX_MONITORS];
    struct aw_lock locks[AW_MAX_LOCKS]; /* sorted by address */
};

static inline uint64_t aw_signal_bit(int signal)
{
    return (uint64_t)1 << (signal - 1);
}

static inline const struct aw_thread *aw_local_threads(const struct aw_local *local)
{
    return (const struct aw_thread *)(local + 1);
}

static inline const struct aw_fd *aw_local_fds(const struct aw_local *local)
{
    return (const struct aw_fd *)(aw_local_threads(local) + local->thread_count);
}

static inline const struct aw_fifo_monitor *aw_local_monitors(const struct aw_local *local)
{
    return (const struct aw_fifo_monitor *)(aw_local_fds(local) + local->fd_count);
}

static inline const struct aw_lock *aw_local_locks(const struct aw_local *local)
{
    return (const struct aw_lock *)(aw_local_monitors(local) + local->monitor_count);
}

static inline const struct aw_image_chunk *aw_local_chunks(const struct aw_local *local)
{
    return (const struct aw_image_chunk *)(aw_local_locks(local) + local->lock_count);
}

/* Unpacks everything but the chunks. */
void aw_process_unpack(struct aw_process *process, const struct aw_local *local);

/* Packs `process` with `chunks` into `buffer`, which is grown as needed; returns the size. */
uint32_t aw_process_pack(const struct aw_process *process, const struct aw_image_chunk *chunks,
                         uint32_t chunk_count, uint8_t **buffer, uint32_t *capacity);

/* Index of the thread in `slot`, or -1. */
int aw_process_thread(const struct aw_process *process, uint32_t slot);

/* The descriptor, or NULL. */
struct aw_fd *aw_process_fd(struct aw_process *process, int fd);
const struct aw_fd *aw_local_fd(const struct aw_local *local, int fd);

/* Enters a descriptor with the lowest free number that is at least `from`; -1 when the table is
 * full. */
int aw_process_add_fd(struct aw_process *process, int from, struct aw_fd entry);
void aw_process_remove_fd(struct aw_process *process, int fd);

/* The lock at `address` is held by the thread in `slot`, or by nobody any more (no effect when it is
 * not known). False when there are too many. */
bool aw_process_add_lock(struct aw_process *process, uint64_t address, uint32_t slot,
                         bool is_rwlock);
void aw_process_remove_lock(struct aw_process *process, uint64_t address);

/* Enters a thread (zeroed but for its slot) and returns its index; -1 when there is no room. */
int aw_process_add_thread(struct aw_process *process, uint32_t slot);
void aw_process_remove_thread(struct aw_process *process, int index);

/* The slot of the thread that starts threads in `slot` (not 0). */
static inline uint32_t aw_slot_creator(uint32_t slot)
{
    return slot < 64 ? 0 : (slot - 64) / 15 + 1;
}

/* The slot of the next thread that `creator` starts: a function of the creator's own history (its
 * slot and which of its own threads are not joined yet), never of what other threads do. -1 when
 * the creator has no slot left. */
int aw_process_next_slot(const struct aw_process *process, uint32_t creator);

#endif
