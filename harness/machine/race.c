/* SPDX-License-Identifier: MIT */
/*
 * race.c - data races on shared mappings: a state in which two threads, of one process or of two,
 * are parked at conflicting accesses to a byte of one: at least one of them writes, and not both
 * are atomic.
 *
 * It is judged on every state, since nobody else can judge it: what a string function is about to
 * touch depends on the mapping's content. All accesses to mappings are operations and none is ever
 * taken early, so two threads that can be at such accesses at the same time are seen there
 * (access_facts.c, the last paragraph). Operations on semaphores and mutexes in a mapping are
 * atomic accesses; initialising and destroying one is a plain write.
 */
#include <stdio.h>
#include <string.h>

#include "machine/shared.h"
#include "machine/touch.h"

/* The ranges in mappings that the parked thread is about to touch. */
static unsigned ranges_of(struct aw_machine *machine, const struct aw_state *state,
                          unsigned process, unsigned thread, struct aw_range *ranges)
{
    const struct aw_local *local = aw_local_get(machine, state->words[AW_WORD_FIRST + process]);
    const struct aw_op *op = &aw_local_threads(local)[thread].op;
    if (op->kind == AW_OP_ACCESS)
        return aw_touch_ranges(machine, state, process, thread, ranges);
    if (aw_op_reads(op, &ranges[0]))
        return 1;
    ranges[0] = ranges[1] = (struct aw_range){op->address, AW_LOCK_BYTES,
                                              AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
    if (op->kind == AW_OP_COND_SLEEP || op->kind == AW_OP_BARRIER_SLEEP)
        return 0; /* asleep */
    ranges[1].address = op->argument;
    if (op->kind == AW_OP_COND_WAIT)
        return 2;
    if (op->kind == AW_OP_COND_RELOCK) {
        ranges[0] = ranges[1];
        return 1;
    }
    if (aw_op_target(op).kind == AW_TARGET_SEMAPHORE)
        ranges[0].size = AW_CONDITION_BYTES;
    if (op->kind == AW_OP_SHARED_PUT)
        ranges[0] = (struct aw_range){op->address, aw_intern_size(&machine->payloads, op->payload),
                                      AW_ACCESS_WRITE};
    return (op->flags & AW_OP_SHARED) != 0 ? 1 : 0;
}

static bool collide(const struct aw_range *one, const struct aw_range *other)
{
    return one->address < other->address + other->size &&
           other->address < one->address + one->size &&
           ((one->kind | other->kind) & AW_ACCESS_WRITE) != 0 &&
           (one->kind & other->kind & AW_ACCESS_ATOMIC) == 0;
}

struct parked {
    uint8_t process, thread;
    unsigned count;
    struct aw_range ranges[AW_RANGES_MAX + 1];
};

static const struct aw_range *collision(const struct parked *one, const struct parked *other)
{
    for (unsigned i = 0; i < one->count; i++)
        for (unsigned j = 0; j < other->count; j++)
            if (collide(&one->ranges[i], &other->ranges[j]))
                return one->ranges[i].address > other->ranges[j].address ? &one->ranges[i]
                                                                         : &other->ranges[j];
    return NULL;
}

static void park(struct aw_machine *machine, const struct aw_state *state, unsigned process,
                 unsigned thread, struct parked *parked)
{
    parked->process = (uint8_t)process;
    parked->thread = (uint8_t)thread;
    parked->count = ranges_of(machine, state, process, thread, parked->ranges);
}

/* A write that sleeps half-way reads what it was given later. */
static bool is_concerned(const struct aw_thread_info *info, const struct aw_op *op)
{
    struct aw_range range;
    return info->kind != AW_OP_NONE && (info->op_class == AW_ON_MEMORY ||
                                        (aw_op_reads(op, &range) && aw_is_shared(range.address)));
}

bool aw_machine_find_race(struct aw_machine *machine, const struct aw_state *state,
                          struct aw_race *race)
{
    static struct parked *parked;
    static unsigned capacity;
    unsigned count = 0;
    uint32_t processes = aw_layout_of(machine, state)->process_count;
    for (uint32_t p = 0; p < processes; p++) {
        uint32_t id = state->words[AW_WORD_FIRST + p];
        uint32_t threads = aw_local_get(machine, id)->thread_count;
        for (uint32_t t = 0; t < threads; t++) {
            if (!is_concerned(&machine->infos[id].threads[t],
                              &aw_local_threads(aw_local_get(machine, id))[t].op))
                continue;
            if (count == capacity) {
                capacity = capacity ? 2 * capacity : 16;
                parked = aw_reallocate(parked, capacity, sizeof *parked);
            }
            park(machine, state, p, t, &parked[count]);
            for (unsigned i = 0; i < count; i++) {
                if (collision(&parked[i], &parked[count]) == NULL)
                    continue;
                *race = (struct aw_race){{parked[i].process, (uint8_t)p},
                                         {parked[i].thread, (uint8_t)t}};
                return true;
            }
            count++;
        }
    }
    return false;
}

/* What the thread is about to do, with its process in place. */
static void describe(struct aw_machine *machine, const struct aw_state *state,
                     const struct parked *parked, struct aw_range range, char *text, size_t size)
{
    const struct aw_local *local =
        aw_local_get(machine, state->words[AW_WORD_FIRST + parked->process]);
    aw_image_load(&machine->image, aw_local_chunks(local), local->chunk_count);
    aw_access_describe(machine, &aw_local_threads(local)[parked->thread], range, text, size);
}

/* The range of `parked` that has the byte. */
static struct aw_range at_byte(const struct parked *parked, uint64_t address)
{
    for (unsigned i = 0; i < parked->count; i++)
        if (address >= parked->ranges[i].address &&
            address - parked->ranges[i].address < parked->ranges[i].size)
            return parked->ranges[i];
    return parked->ranges[0];
}

void aw_machine_race_text(struct aw_machine *machine, const struct aw_state *state,
                          const struct aw_race *race, const char *const names[2],
                          const char *mapping, char *text, uint32_t size)
{
    struct parked one, other;
    char first[300], last[300];
    park(machine, state, race->process[0], race->thread[0], &one);
    park(machine, state, race->process[1], race->thread[1], &other);
    const struct aw_range *both = collision(&one, &other);
    AW_CHECK(both != NULL);
    uint64_t byte = both->address;
    describe(machine, state, &one, at_byte(&one, byte), first, sizeof first);
    describe(machine, state, &other, at_byte(&other, byte), last, sizeof last);
    snprintf(text, size, "data race on %s, byte %llu: %s by %s; and %s by %s", mapping,
             (unsigned long long)((byte - AW_SHARED_BASE) % AW_SHARED_STRIDE), first, names[0],
             last, names[1]);
}

uint32_t aw_machine_race_handle(struct aw_machine *machine, const struct aw_state *state,
                                const struct aw_race *race)
{
    struct parked one, other;
    park(machine, state, race->process[0], race->thread[0], &one);
    park(machine, state, race->process[1], race->thread[1], &other);
    const struct aw_range *both = collision(&one, &other);
    AW_CHECK(both != NULL);
    return aw_shared_handle(both->address);
}
