/* SPDX-License-Identifier: MIT */
/*
 * access_track.c - bytes that threads hand over: their use is ordered by no common lock (access_facts.c), and
 * perhaps by something else - a semaphore, a pipe, a condition, a queue under a mutex, an atomic flag.
 *
 * Such bytes are *tracked*. Accesses to them remain a part of the step that they lie in, but a thread
 * remembers, until it moves on from its next operation, which tracked bytes its last step has touched
 * (aw_thread.touched, a part of the state). When a step touches what another thread remembers, or what the
 * operation that it is parked at is to touch, and one of the two writes, nothing orders them: the bytes become
 * visible, and the search begins again. When no step of the whole search does, every access is ordered, and it
 * was enough to interleave operations.
 *
 * Why. Let every access be a step of its own, and take a shortest execution that comes to a state in which two
 * threads are at conflicting accesses to a tracked byte: T at a, in the code behind its operation p, and U at
 * b, behind q; let p be before q. What T does behind p is in no conflict with what the others do until then
 * (else there would be a shorter one), so it may all be done at p: there is a path of whole steps, on which T
 * steps from p on, some others follow but not T, and then U steps from q on, and touches what T remembers. The
 * other way round, such a path says that T could have waited before a until U is at b. (This is the data race
 * of adjacent conflicting accesses: Boehm and Adve, "Foundations of the C++ concurrency memory model", 2008;
 * that it is enough to interleave operations where there is none: Adve and Hill, "Weak ordering - a new
 * definition", 1990, with locks and atomics as synchronisation.)
 * (Where b is the operation itself, at its object, U has only to come to it.)
 *
 * Why the reduction does not hide it. Of a thread that remembers something no operation is taken alone, and none
 * that is to touch tracked bytes itself (reduce.c). Take a shortest path to where a step touches what another thread remembers, and let the search
 * take an operation of V alone in its first state. If V moves on the path, its first step can be put in front:
 * the operation is independent, and if its code were in conflict with that of a step before it, then that step
 * would touch what V now remembers, and the path was not shortest. If it does not, the path can be gone behind
 * it. V is not the thread that remembers already. So what is left to go is shorter, or as long.
 */
#include <stdlib.h>
#include <string.h>

#include "machine/internal.h"

enum { MOST = 1024 }; /* ranges that a thread remembers */

static int by_place(const void *a, const void *b)
{
    const struct aw_tracked *one = a, *other = b;
    if (one->address != other->address)
        return one->address < other->address ? -1 : 1;
    if (one->size != other->size)
        return one->size < other->size ? -1 : 1;
    return (one->kind > other->kind) - (one->kind < other->kind);
}

void aw_machine_set_tracking(struct aw_machine *machine, bool on)
{
    machine->accesses.tracks_nothing = !on;
}

uint32_t aw_track_end(struct aw_machine *machine)
{
    static struct aw_tracked touched[MOST];
    uint32_t count, kept = 0;
    if (machine->accesses.tracked.page_count == 0 || machine->accesses.every ||
        (machine->accesses.plant & AW_PLANT_BLIND_TRACKS) != 0 ||
        machine->work.head.thread_count < 2)
        return 0;
    const struct aw_access *records = aw_access_records(&count);
    for (uint32_t i = 0; i < count; i++) {
        if ((records[i].kind & AW_ACCESS_SYNC) != 0 || /* that was its operation */
            !aw_bytes_have(&machine->accesses.tracked, records[i].address, records[i].size))
            continue;
        if (kept == MOST) { /* too much to remember */
            aw_access_pend(machine, records[i].address, records[i].size);
            continue;
        }
        touched[kept++] = (struct aw_tracked){
            .address = records[i].address,
            .size = records[i].size,
            .kind = records[i].kind & (AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC)};
    }
    if (kept == 0)
        return 0;
    qsort(touched, kept, sizeof *touched, by_place);
    uint32_t different = 1;
    for (uint32_t i = 1; i < kept; i++)
        if (by_place(&touched[i], &touched[different - 1]) != 0)
            touched[different++] = touched[i];
    return aw_intern_put(&machine->payloads, touched, different * (uint32_t)sizeof *touched) + 1;
}

/* Are two accesses in conflict at a tracked byte? With `pends` all such bytes are to become visible. */
static bool conflict(struct aw_machine *machine, const struct aw_tracked *a,
                     const struct aw_tracked *b, bool pends)
{
    uint64_t low = a->address > b->address ? a->address : b->address;
    uint64_t a_end = a->address + a->size, b_end = b->address + b->size;
    uint64_t high = a_end < b_end ? a_end : b_end;
    bool found = false;
    if (((a->kind | b->kind) & AW_ACCESS_WRITE) == 0 || (a->kind & b->kind & AW_ACCESS_ATOMIC) != 0)
        return false;
    for (uint64_t at = low; at < high && (pends || !found); at++) {
        if (!aw_bytes_have(&machine->accesses.tracked, at, 1) ||
            aw_access_is_visible(machine, at, 1))
            continue;
        found = true;
        if (pends)
            aw_access_pend(machine, at, 1);
    }
    return found;
}

static const struct aw_tracked *remembered(const struct aw_machine *machine, uint32_t touched,
                                           uint32_t *count)
{
    *count = 0;
    if (touched == 0)
        return NULL;
    *count = aw_intern_size(&machine->payloads, touched - 1) / (uint32_t)sizeof(struct aw_tracked);
    return aw_intern_get(&machine->payloads, touched - 1);
}

static bool conflicts(struct aw_machine *machine, uint32_t one, uint32_t other, bool pends)
{
    uint32_t a_count, b_count;
    const struct aw_tracked *a = remembered(machine, one, &a_count),
                            *b = remembered(machine, other, &b_count);
    bool found = false;
    for (uint32_t i = 0; i < a_count; i++)
        for (uint32_t j = 0; j < b_count; j++)
            found |= conflict(machine, &a[i], &b[j], pends);
    return found;
}

/* With what the operation is about to touch, or touches as long as it lasts: its object, the bytes that a
 * write sends. */
static bool conflicts_with(struct aw_machine *machine, uint32_t touched,
                           const struct aw_thread *thread, bool pends)
{
    uint32_t count;
    struct aw_range range;
    const struct aw_tracked *mine = remembered(machine, touched, &count);
    bool found = false;
    if (count == 0 || !aw_access_of(thread, &range))
        return false;
    const struct aw_tracked his = {range.address, (uint32_t)range.size, range.kind};
    for (uint32_t i = 0; i < count; i++)
        found |= conflict(machine, &mine[i], &his, pends);
    return found;
}

bool aw_track_conflicts(struct aw_machine *machine, const struct aw_thread *threads, int count,
                        int mover, uint32_t touched, bool pends)
{
    bool found = false;
    for (int i = 0; i < count && machine->accesses.tracked.page_count > 0; i++)
        if (i != mover)
            found |= conflicts(machine, touched, threads[i].touched, pends) ||
                     conflicts_with(machine, touched, &threads[i], pends) ||
                     conflicts_with(machine, threads[i].touched, &threads[mover], pends);
    return found;
}
