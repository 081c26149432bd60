/* SPDX-License-Identifier: MIT */
#include "machine/process.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"

void aw_process_unpack(struct aw_process *process, const struct aw_local *local)
{
    process->head = *local;
    memcpy(process->threads, aw_local_threads(local),
           local->thread_count * sizeof *process->threads);
    memcpy(process->fds, aw_local_fds(local), local->fd_count * sizeof *process->fds);
    memcpy(process->monitors, aw_local_monitors(local),
           local->monitor_count * sizeof *process->monitors);
    memcpy(process->locks, aw_local_locks(local), local->lock_count * sizeof *process->locks);
}

static uint8_t *append(uint8_t *place, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(place, bytes, size);
    return place + size;
}

uint32_t aw_process_pack(const struct aw_process *process, const struct aw_image_chunk *chunks,
                         uint32_t chunk_count, uint8_t **buffer, uint32_t *capacity)
{
    struct aw_local head = process->head;
    head.chunk_count = chunk_count;
    size_t size = sizeof head + head.thread_count * sizeof *process->threads +
                  head.fd_count * sizeof *process->fds +
                  head.monitor_count * sizeof *process->monitors +
                  head.lock_count * sizeof *process->locks + chunk_count * sizeof *chunks;
    if (size > *capacity) {
        *capacity = 2 * (uint32_t)size;
        *buffer = aw_reallocate(*buffer, *capacity, 1);
    }
    uint8_t *place = append(*buffer, &head, sizeof head);
    place = append(place, process->threads, head.thread_count * sizeof *process->threads);
    place = append(place, process->fds, head.fd_count * sizeof *process->fds);
    place = append(place, process->monitors, head.monitor_count * sizeof *process->monitors);
    place = append(place, process->locks, head.lock_count * sizeof *process->locks);
    append(place, chunks, chunk_count * sizeof *chunks);
    return (uint32_t)size;
}

int aw_process_thread(const struct aw_process *process, uint32_t slot)
{
    for (int i = 0; i < process->head.thread_count; i++)
        if (process->threads[i].slot == slot)
            return i;
    return -1;
}

struct aw_fd *aw_process_fd(struct aw_process *process, int fd)
{
    if (fd >= AW_FIRST_MAPPING)
        return NULL;
    for (int i = 0; i < process->head.fd_count; i++)
        if (process->fds[i].fd == fd)
            return &process->fds[i];
    return NULL;
}

const struct aw_fd *aw_local_fd(const struct aw_local *local, int fd)
{
    if (fd >= AW_FIRST_MAPPING)
        return NULL;
    const struct aw_fd *fds = aw_local_fds(local);
    for (int i = 0; i < local->fd_count; i++)
        if (fds[i].fd == fd)
            return &fds[i];
    return NULL;
}

int aw_process_add_fd(struct aw_process *process, int from, struct aw_fd entry)
{
    int count = process->head.fd_count, place = 0, fd = from;
    while (place < count && process->fds[place].fd < from)
        place++;
    while (place < count && process->fds[place].fd == fd) {
        place++;
        fd++;
    }
    if (count == AW_MAX_FDS)
        return -1;
    memmove(&process->fds[place + 1], &process->fds[place],
            (size_t)(count - place) * sizeof *process->fds);
    entry.fd = (uint16_t)fd;
    process->fds[place] = entry;
    process->head.fd_count++;
    return fd;
}

void aw_process_remove_fd(struct aw_process *process, int fd)
{
    struct aw_fd *entry = aw_process_fd(process, fd);
    AW_CHECK(entry != NULL);
    int place = (int)(entry - process->fds);
    process->head.fd_count--;
    memmove(entry, entry + 1, (size_t)(process->head.fd_count - place) * sizeof *entry);
}

bool aw_process_add_lock(struct aw_process *process, uint64_t address, uint32_t slot,
                         bool is_rwlock)
{
    uint32_t place = 0;
    while (place < process->head.lock_count && process->locks[place].address < address)
        place++;
    if (place == process->head.lock_count || process->locks[place].address != address) {
        if (process->head.lock_count == AW_MAX_LOCKS)
            return false;
        memmove(&process->locks[place + 1], &process->locks[place],
                (process->head.lock_count - place) * sizeof *process->locks);
        process->head.lock_count++;
    }
    process->locks[place] = (struct aw_lock){address, slot, is_rwlock};
    return true;
}

void aw_process_remove_lock(struct aw_process *process, uint64_t address)
{
    for (uint32_t i = 0; i < process->head.lock_count; i++) {
        if (process->locks[i].address != address)
            continue;
        process->head.lock_count--;
        memmove(&process->locks[i], &process->locks[i + 1],
                (process->head.lock_count - i) * sizeof *process->locks);
        return;
    }
}

int aw_process_add_thread(struct aw_process *process, uint32_t slot)
{
    int count = process->head.thread_count, place = 0;
    if (count == AW_MAX_THREADS)
        return -1;
    while (place < count && process->threads[place].slot < slot)
        place++;
    memmove(&process->threads[place + 1], &process->threads[place],
            (size_t)(count - place) * sizeof *process->threads);
    memset(&process->threads[place], 0, sizeof *process->threads);
    process->threads[place].slot = (uint16_t)slot;
    process->head.thread_count++;
    return place;
}

void aw_process_remove_thread(struct aw_process *process, int index)
{
    process->head.thread_count--;
    memmove(&process->threads[index], &process->threads[index + 1],
            (size_t)(process->head.thread_count - index) * sizeof *process->threads);
}

int aw_process_next_slot(const struct aw_process *process, uint32_t creator)
{
    /* The main thread's children have slots 1..63, those of slot s in 1..63 have 64 + 15 (s - 1)
     * and the 14 after it; deeper than that nobody creates threads. */
    uint32_t first = 1, count = 63;
    if (creator >= 64)
        return -1;
    if (creator > 0) {
        first = 64 + 15 * (creator - 1);
        count = 15;
    }
    for (uint32_t slot = first; slot < first + count; slot++)
        if (aw_process_thread(process, slot) < 0)
            return (int)slot;
    return -1;
}
