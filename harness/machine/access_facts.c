/* SPDX-License-Identifier: MIT */
/*
 * access_facts.c - the discipline that lets accesses stay invisible, and how it is watched.
 *
 * For each byte: who accessed it (slot of the thread), how, under which mutexes, and which of the
 * thread's own children existed. Two accesses *conflict* when they are by different threads, one is a
 * write, no mutex was held at both, and they are not ordered by creation: an access by T made while
 * its child U did not exist is before all that U does, or after U was joined. (Only if nobody but its
 * creator ever joins a thread, and none is detached; otherwise that order is not believed. And only if
 * nobody ever takes from a thread what it holds, by unlocking it or by making the mutex anew; otherwise
 * no mutex is believed to exclude anybody, since it can be lost in the midst of its holder's step.)
 * Bytes with a conflict are tracked from then on (access_track.c), or become visible where one of the two is
 * atomic.
 *
 * A mutex that is made anew while it is held is noticed when somebody locks it whose present holder
 * has not unlocked it; a holder that ends without doing so counts as well, since nobody might be left
 * to notice it by. An unlock that would hide it (nobody holds it then) is a conflict with the bytes
 * that were written, so that the two are seen in either order.
 *
 * Why that is enough. Let every access be a step of its own, and take the shortest execution that
 * ends in an access c of a pair in conflict that no explored step has. All accesses before it are
 * both-movers (Lipton 1975): whatever lies between the operation that began the step and the access
 * is by other threads, and touches the byte neither in conflict nor, if a mutex protects it, at all,
 * since the mutex is held in between. So each can be moved up to its operation, steps that other
 * threads have begun can be completed (what they access in addition is in no conflict either, or
 * would be a breach itself), and the step that c lies in is one of the explored graph. Its accesses
 * are taken in when its code runs.
 *
 * Why the reduction does not hide it. An operation that is taken early commutes with the others up
 * to its thread's own next one, so the thread of c comes to the same step with the same mutexes: what
 * it holds is its own history. The set of its children may only be larger, which makes more
 * conflicts: no join of a process with several threads is ever taken early, a detached thread ends
 * all belief in order. The facts are sums over everything that was executed and are never
 * forgotten.
 *
 * What is visible is never taken alone (nor is an operation on a mutex, a condition ... that lies
 * there, since somebody frees it or makes it anew), so two threads that can be at conflicting accesses at the
 * same time are seen there: take the shortest path to such a state; an operation that the search
 * takes first is on it and commutes to its front, or is by a third thread and leaves both parked.
 */
#include <string.h>

#include "machine/internal.h"

/* Among the children of its creator (process.c). */
static uint32_t ordinal_of(uint32_t slot)
{
    return slot < 64 ? slot - 1 : (slot - 64) % 15;
}

uint64_t aw_facts_children(const struct aw_thread *threads, int count, uint32_t slot)
{
    uint64_t children = 0;
    for (int i = 0; i < count; i++) {
        uint32_t other = threads[i].slot;
        if (other != 0 && aw_slot_creator(other) == slot)
            children |= (uint64_t)1 << ordinal_of(other);
    }
    return children;
}

/* The mutexes that the thread locked and that still say so. */
static uint32_t locks_held(struct aw_machine *machine, const struct aw_thread *thread)
{
    if (thread->locks == 0)
        return 0;
    uint32_t count = aw_intern_size(&machine->payloads, thread->locks - 1) / 8, kept = 0;
    const uint64_t *all = aw_intern_get(&machine->payloads, thread->locks - 1);
    uint64_t held[AW_LOCKS_MAX];
    uint32_t who = aw_mutex_owner(&machine->work, thread->slot);
    for (uint32_t i = 0; i < count; i++) {
        const struct aw_user_mutex *mutex = (const struct aw_user_mutex *)all[i];
        if ((machine->accesses.plant & AW_PLANT_KEPT_LOCK) != 0 ||
            (aw_user_valid(machine, all[i], sizeof *mutex) && mutex->locked &&
             mutex->owner == (int32_t)who))
            held[kept++] = all[i];
    }
    return kept == 0 ? 0 : aw_intern_put(&machine->payloads, held, kept * 8) + 1;
}

bool aw_facts_lists(const struct aw_machine *machine, const struct aw_thread *thread,
                    uint64_t mutex)
{
    if (thread->locks == 0)
        return false;
    uint32_t count = aw_intern_size(&machine->payloads, thread->locks - 1) / 8;
    const uint64_t *all = aw_intern_get(&machine->payloads, thread->locks - 1);
    for (uint32_t i = 0; i < count; i++)
        if (all[i] == mutex)
            return true;
    return false;
}

void aw_facts_ends(struct aw_machine *machine, const struct aw_thread *thread)
{
    if (locks_held(machine, thread) != 0 && (machine->accesses.plant & AW_PLANT_KEPT_LOCK) == 0)
        aw_facts_foreign_unlock(machine);
}

void aw_locks_change(struct aw_machine *machine, uint32_t slot, uint64_t mutex, bool held)
{
    int index = aw_process_thread(&machine->work, slot);
    if (index < 0)
        return;
    struct aw_thread *thread = &machine->work.threads[index];
    uint64_t list[AW_LOCKS_MAX + 1];
    uint32_t count = 0, kept = 0;
    bool forgets = (machine->accesses.plant & AW_PLANT_KEPT_LOCK) != 0;
    if (thread->locks != 0) {
        count = aw_intern_size(&machine->payloads, thread->locks - 1) / 8;
        memcpy(list, aw_intern_get(&machine->payloads, thread->locks - 1), count * 8ul);
    }
    for (uint32_t i = 0; i < count; i++)
        if (list[i] != mutex || (!held && forgets))
            list[kept++] = list[i];
    for (int i = 0; held && !forgets && i < machine->work.head.thread_count; i++)
        if (i != index && aw_facts_lists(machine, &machine->work.threads[i], mutex))
            aw_facts_foreign_unlock(machine); /* made anew, while that one held it */
    if (held && kept < AW_LOCKS_MAX) {        /* sorted; one that does not fit counts as not held */
        uint32_t at = kept++;
        for (; at > 0 && list[at - 1] > mutex; at--)
            list[at] = list[at - 1];
        list[at] = mutex;
    }
    thread->locks = kept == 0 ? 0 : aw_intern_put(&machine->payloads, list, kept * 8) + 1;
}

static bool common_lock(const struct aw_machine *machine, uint32_t one, uint32_t other)
{
    if (one == 0 || other == 0 || machine->accesses.foreign_unlock)
        return false;
    const uint64_t *a = aw_intern_get(&machine->payloads, one - 1);
    const uint64_t *b = aw_intern_get(&machine->payloads, other - 1);
    uint32_t a_count = aw_intern_size(&machine->payloads, one - 1) / 8;
    uint32_t b_count = aw_intern_size(&machine->payloads, other - 1) / 8;
    for (uint32_t i = 0; i < a_count; i++)
        for (uint32_t j = 0; j < b_count; j++)
            if (a[i] == b[j])
                return true;
    return false;
}

/* Is `one` before or after everything that `other`, a child of its thread, does? */
static bool by_creation(const struct aw_machine *machine, const struct aw_access_class *one,
                        const struct aw_access_class *other)
{
    return other->slot != 0 && aw_slot_creator(other->slot) == one->slot &&
           ((one->children >> ordinal_of(other->slot) & 1) == 0 ||
            (machine->accesses.plant & AW_PLANT_CREATION) != 0);
}

static bool conflict(const struct aw_machine *machine, const struct aw_access_class *one,
                     const struct aw_access_class *other)
{
    return one->slot != other->slot && ((one->kind | other->kind) & AW_ACCESS_WRITE) != 0 &&
           (one->kind & other->kind & AW_ACCESS_SYNC) == 0 &&
           !common_lock(machine, one->locks, other->locks) &&
           (machine->accesses.foreign_join ||
            (!by_creation(machine, one, other) && !by_creation(machine, other, one)));
}

/* The two are in conflict at some of the eight bytes. */
static void breach(struct aw_machine *machine, uint64_t granule, uint8_t bytes,
                   const struct aw_access_class *one, const struct aw_access_class *other)
{
    bool plain = ((one->kind | other->kind) & AW_ACCESS_ATOMIC) == 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t at = granule * 8 + i;
        if ((bytes >> i & 1) == 0 || aw_access_is_visible(machine, at, 1))
            continue;
        if (!plain || machine->accesses.tracks_nothing)
            aw_access_pend(machine, at, 1);
        else if (!aw_bytes_have(&machine->accesses.tracked, at, 1))
            aw_access_pend_tracked(machine, at, 1);
    }
}

static void take_granule(struct aw_machine *machine, uint64_t granule, uint8_t bytes,
                         uint32_t class)
{
    struct aw_accesses *a = &machine->accesses;
    uint32_t first = aw_map_get(&a->granules, granule, 0), last = AW_MAP_NONE, same = AW_MAP_NONE;
    struct aw_access_class mine =
        *(const struct aw_access_class *)aw_intern_get(&a->classes, class);
    for (uint32_t i = first; i != AW_MAP_NONE; i = a->entries[i].next) {
        last = i;
        if (a->entries[i].class == class) {
            same = i;
            if ((a->entries[i].bytes & bytes) == bytes)
                return; /* and its conflicts are known */
            continue;
        }
        const struct aw_access_class *his = aw_intern_get(&a->classes, a->entries[i].class);
        if ((a->entries[i].bytes & bytes) != 0 && conflict(machine, &mine, his))
            breach(machine, granule, a->entries[i].bytes & bytes, &mine, his);
    }
    if (same != AW_MAP_NONE) {
        a->entries[same].bytes |= bytes;
        return;
    }
    if (a->entry_count == a->entry_capacity) {
        a->entry_capacity = a->entry_capacity ? 2 * a->entry_capacity : 1024;
        a->entries = aw_reallocate(a->entries, a->entry_capacity, sizeof *a->entries);
    }
    a->entries[a->entry_count] = (struct aw_access_entry){class, AW_MAP_NONE, bytes};
    if (last == AW_MAP_NONE)
        aw_map_put(&a->granules, granule, 0, a->entry_count);
    else
        a->entries[last].next = a->entry_count;
    a->entry_count++;
}

void aw_facts_take(struct aw_machine *machine, const struct aw_access *records, uint32_t count)
{
    struct aw_accesses *a = &machine->accesses;
    struct aw_access_class class = {.slot = machine->run_slot,
                                    .locks = machine->run_locks,
                                    .children = aw_facts_children(machine->work.threads,
                                                                  machine->work.head.thread_count,
                                                                  machine->run_slot)};
    for (uint32_t r = 0; r < count; r++) {
        if ((records[r].kind & AW_ACCESS_INSIDE) != 0 ||
            ((a->plant & AW_PLANT_BLIND_LIBC) != 0 &&
             aw_access_place(machine, records[r].address) == AW_PLACE_RUNTIME))
            continue;
        if (!machine->sites.stacks_watched &&
            aw_access_place(machine, records[r].address) == AW_PLACE_OTHER_STACK)
            machine->sites.stacks_wanted = true;
        class.kind = records[r].kind & ~(uint32_t)(AW_ACCESS_VOLATILE | AW_ACCESS_COMES);
        uint32_t id = aw_intern_put(&a->classes, &class, sizeof class);
        uint64_t key = records[r].address << 12 ^ records[r].size;
        if (records[r].size < 4096) {
            if (aw_map_get(&a->seen, key, id) != AW_MAP_NONE)
                continue;
            aw_map_put(&a->seen, key, id, 1);
        }
        uint64_t at = records[r].address, end = at + records[r].size;
        while (at < end) {
            unsigned from = at % 8, to = end - at < 8 - from ? from + (unsigned)(end - at) : 8;
            take_granule(machine, at / 8, (uint8_t)((1u << to) - (1u << from)), id);
            at += to - from;
        }
    }
}

void aw_facts_locks(struct aw_machine *machine)
{
    int index = aw_process_thread(&machine->work, machine->run_slot);
    machine->run_locks = index < 0 ? 0 : locks_held(machine, &machine->work.threads[index]);
}

/* Something is not believed any more: everything is compared again. */
static void disbelieve(struct aw_machine *machine, bool *what)
{
    const struct aw_accesses *a = &machine->accesses;
    if (*what)
        return;
    *what = true;
    for (uint32_t s = 0; s <= a->granules.mask; s++) {
        const struct aw_map_slot *slot = &a->granules.slots[s];
        if (slot->value == 0)
            continue;
        for (uint32_t i = slot->value - 1; i != AW_MAP_NONE; i = a->entries[i].next)
            for (uint32_t j = a->entries[i].next; j != AW_MAP_NONE; j = a->entries[j].next) {
                const struct aw_access_class *one = aw_intern_get(&a->classes, a->entries[i].class);
                const struct aw_access_class *other =
                    aw_intern_get(&a->classes, a->entries[j].class);
                uint8_t bytes = a->entries[i].bytes & a->entries[j].bytes;
                if (bytes != 0 && conflict(machine, one, other))
                    breach(machine, slot->key, bytes, one, other);
            }
    }
}

void aw_facts_foreign_join(struct aw_machine *machine)
{
    disbelieve(machine, &machine->accesses.foreign_join);
}

void aw_facts_foreign_unlock(struct aw_machine *machine)
{
    disbelieve(machine, &machine->accesses.foreign_unlock);
}
