/* SPDX-License-Identifier: MIT */
#include "race_clocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machine/shared.h"
#include "machine/touch.h"

/* ---- sets of pairs ---- */

enum { WRITES = 1, ATOMIC = 2 };

struct one {
    uint32_t pc, kind;
};

struct pair {
    uint64_t address;
    struct one one, other;
};

void aw_races_init(struct aw_races *races)
{
    aw_intern_init(&races->pairs);
}

void aw_races_deinit(struct aw_races *races)
{
    aw_intern_deinit(&races->pairs);
}

static bool in_conflict(uint32_t one, uint32_t other)
{
    return ((one | other) & WRITES) != 0 && (one & other & ATOMIC) == 0;
}

static void add(struct aw_races *races, uint64_t address, struct one one, struct one other)
{
    bool swapped = one.pc > other.pc || (one.pc == other.pc && one.kind > other.kind);
    struct pair pair = {address, swapped ? other : one, swapped ? one : other};
    aw_intern_put(&races->pairs, &pair, sizeof pair);
}

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {"read", "write", "atomic read", "atomic write"};
    return names[kind];
}

bool aw_races_within(const struct aw_races *some, const struct aw_races *all, char *text,
                     size_t size)
{
    for (uint32_t i = 0; i < some->pairs.count; i++) {
        const struct pair *pair = aw_intern_get(&some->pairs, i);
        bool found = false;
        for (uint32_t j = 0; j < all->pairs.count && !found; j++)
            found = memcmp(pair, aw_intern_get(&all->pairs, j), sizeof *pair) == 0;
        if (!found) {
            snprintf(text, size, "byte %" PRIx64 ": %s at %x and %s at %x", pair->address,
                     kind_name(pair->one.kind), pair->one.pc, kind_name(pair->other.kind),
                     pair->other.pc);
            return false;
        }
    }
    return true;
}

/* Bytes that a thread is parked at. */
struct parked {
    uint64_t begin, end;
    struct one one;
    bool reads;
};
enum { PARKED_MAX = AW_RANGES_MAX + 1 };

/* One range; or several, of a call that touches mappings. Returns how many. */
static unsigned parked_at(struct aw_machine *machine, const struct aw_state *state,
                          uint32_t process, uint32_t thread, struct parked *parked)
{
    const struct aw_local *local = aw_machine_local(machine, state->words[AW_WORD_FIRST + process]);
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    struct aw_range ranges[PARKED_MAX];
    unsigned count = 1;
    if (t->status != AW_THREAD_PARKED || t->op.kind != AW_OP_ACCESS)
        return 0;
    uint32_t pc = (uint32_t)t->op.pc;
    if ((t->op.flags & AW_OP_SHARED) != 0)
        count = aw_touch_ranges(machine, state, process, thread, ranges);
    else
        ranges[0] = (struct aw_range){t->op.address, (uint32_t)t->op.argument,
                                      (uint32_t)(t->op.argument >> 32)};
    for (unsigned i = 0; i < count; i++) {
        uint32_t kind = ranges[i].kind;
        parked[i] = (struct parked){
            .begin = ranges[i].address,
            .end = ranges[i].address + ranges[i].size,
            .one = {pc, ((kind & AW_ACCESS_WRITE) ? WRITES : 0) |
                            ((kind & AW_ACCESS_ATOMIC) ? ATOMIC : 0)},
            .reads = (kind & AW_ACCESS_READ) != 0,
        };
    }
    return count;
}

static void meet(struct aw_races *races, const struct parked *one, const struct parked *other,
                 bool of_one_process)
{
    for (uint64_t at = one->begin; at < one->end; at++)
        if (at >= other->begin && at < other->end && (of_one_process || aw_is_shared(at)) &&
            in_conflict(one->one.kind, other->one.kind))
            add(races, at, one->one, other->one);
}

void aw_races_parked(struct aw_races *races, struct aw_machine *machine,
                     const struct aw_state *state)
{
    struct parked all[AW_CLOCK_UNITS * 2][PARKED_MAX];
    uint32_t process_of[AW_CLOCK_UNITS * 2];
    unsigned counts[AW_CLOCK_UNITS * 2], units = 0;
    uint32_t processes = aw_machine_layout(machine, state)->process_count;
    for (uint32_t p = 0; p < processes; p++) {
        uint32_t threads = aw_machine_local(machine, state->words[AW_WORD_FIRST + p])->thread_count;
        for (uint32_t t = 0; t < threads && units < AW_CLOCK_UNITS * 2; t++) {
            process_of[units] = p;
            counts[units] = parked_at(machine, state, p, t, all[units]);
            for (unsigned u = 0; u < units; u++)
                for (unsigned i = 0; i < counts[u]; i++)
                    for (unsigned j = 0; j < counts[units]; j++)
                        meet(races, &all[u][i], &all[units][j], process_of[u] == p);
            units += counts[units] > 0;
        }
    }
}

/* ---- clocks ---- */

static void join(struct aw_clock *clock, const struct aw_clock *more)
{
    for (int i = 0; i < AW_CLOCK_UNITS; i++)
        if (more->at[i] > clock->at[i])
            clock->at[i] = more->at[i];
}

static struct aw_clock_unit *unit_of(struct aw_clocks *clocks, uint32_t pid, uint32_t slot)
{
    for (uint32_t i = 0; i < clocks->unit_count; i++)
        if (clocks->units[i].alive && clocks->units[i].pid == pid && clocks->units[i].slot == slot)
            return &clocks->units[i];
    return NULL;
}

static struct aw_clock_unit *new_unit(struct aw_clocks *clocks, uint32_t pid, uint32_t slot)
{
    if (clocks->unit_count == AW_CLOCK_UNITS) {
        clocks->full = 1;
        return NULL;
    }
    struct aw_clock_unit *unit = &clocks->units[clocks->unit_count++];
    *unit = (struct aw_clock_unit){.pid = pid, .slot = (uint16_t)slot, .alive = 1};
    return unit;
}

/* What clocks are kept for, besides bytes. */
enum sort {
    OF_MUTEX,   /* in one process, by address */
    OF_SEM,     /* the same */
    OF_WAITING, /* conditions, read-write locks, barriers of a process: taken as one */
    OF_THREADS, /* ends of threads and detaching, in one process */
    OF_PROCESS, /* descriptors, dispositions, children of one process */
    OF_KERNEL,  /* a pipe, a named semaphore, a mapping, by its handle */
    OF_MEETING, /* barriers in mappings: taken as one */
    OF_WORLD,   /* what processes see of each other */
};

static struct aw_clock *clock_of(struct aw_clocks *clocks, enum sort sort, uint32_t pid,
                                 uint64_t id)
{
    for (uint32_t i = 0; i < clocks->object_count; i++)
        if (clocks->objects[i].sort == (uint32_t)sort && clocks->objects[i].pid == pid &&
            clocks->objects[i].id == id)
            return &clocks->objects[i].clock;
    if (clocks->object_count == AW_CLOCK_OBJECTS) {
        static struct aw_clock spare;
        clocks->full = 1;
        return &spare;
    }
    struct aw_clock_object *object = &clocks->objects[clocks->object_count++];
    *object = (struct aw_clock_object){.sort = sort, .pid = pid, .id = id};
    return &object->clock;
}

/* After everything before on it, before everything after on it. */
static void in_line(struct aw_clock *mine, struct aw_clock *object)
{
    join(mine, object);
    join(object, mine);
}

/* ---- accesses ---- */

static struct aw_clock_byte *byte_of(struct aw_clocks *clocks, uint32_t pid, uint64_t address)
{
    if (aw_is_shared(address))
        pid = 0; /* the same for all */
    for (uint32_t i = 0; i < clocks->byte_count; i++)
        if (clocks->bytes[i].address == address && clocks->bytes[i].pid == pid)
            return &clocks->bytes[i];
    if (clocks->byte_count == AW_CLOCK_BYTES) {
        clocks->full = 1;
        return NULL;
    }
    struct aw_clock_byte *byte = &clocks->bytes[clocks->byte_count++];
    memset(byte, 0, sizeof *byte);
    byte->address = address;
    byte->pid = pid;
    return byte;
}

static void judge(const struct aw_clocks *clocks, const struct aw_clock_byte *byte,
                  const struct aw_clock_unit *unit, struct one mine, struct aw_races *races)
{
    for (uint32_t u = 0; u < clocks->unit_count; u++)
        for (uint32_t kind = 0; kind < 4; kind++)
            if (&clocks->units[u] != unit && in_conflict(kind, mine.kind) &&
                byte->when[u][kind] > unit->clock.at[u])
                add(races, byte->address, (struct one){byte->pc[u][kind], kind}, mine);
}

static void reads_from(struct aw_clocks *clocks, struct aw_clock_unit *unit, uint64_t from,
                       uint64_t to)
{
    for (uint64_t at = from; at < to && !clocks->full; at++) {
        struct aw_clock_byte *byte = byte_of(clocks, unit->pid, at);
        if (byte != NULL)
            join(&unit->clock, &byte->written);
    }
}

/* `filled`: what is written was there before, with the answer that filled it in. */
static void access_memory(struct aw_clocks *clocks, struct aw_clock_unit *unit,
                          const struct parked *parked, unsigned count, bool goes_on, bool filled,
                          struct aw_races *races)
{
    uint32_t self = (uint32_t)(unit - clocks->units);
    for (unsigned i = 0; i < count; i++)
        for (uint64_t at = parked[i].begin; at < parked[i].end; at++) {
            struct aw_clock_byte *byte = byte_of(clocks, unit->pid, at);
            if (byte == NULL)
                return;
            judge(clocks, byte, unit, parked[i].one, races);
        }
    if (goes_on) /* the bytes are copied now, in one step with the write */
        reads_from(clocks, unit, unit->read, unit->read + unit->read_size);
    else
        unit->read_size = 0;
    for (unsigned i = 0; i < count; i++)
        if (parked[i].reads) {
            reads_from(clocks, unit, parked[i].begin, parked[i].end);
            unit->read = parked[i].begin;
            unit->read_size = (uint32_t)(parked[i].end - parked[i].begin);
        }
    unit->clock.at[self]++;
    for (unsigned i = 0; i < count; i++)
        for (uint64_t at = parked[i].begin; at < parked[i].end; at++) {
            struct aw_clock_byte *byte = byte_of(clocks, unit->pid, at);
            uint32_t kind = parked[i].one.kind;
            byte->when[self][kind] = unit->clock.at[self];
            byte->pc[self][kind] = parked[i].one.pc;
            if ((kind & WRITES) != 0 && !filled)
                byte->written = unit->clock;
        }
}

/* ---- everything else ---- */

static void on_image(struct aw_clocks *clocks, struct aw_clock_unit *unit, const struct aw_op *op)
{
    struct aw_clock *mine = &unit->clock;
    uint32_t pid = unit->pid;
    switch (op->kind) {
    case AW_OP_USEM_POST: /* is answered the same whatever went before */
        join(clock_of(clocks, OF_SEM, pid, op->address), mine);
        return;
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_TIMEDWAIT:
    case AW_OP_USEM_GETVALUE:
        in_line(mine, clock_of(clocks, OF_SEM, pid, op->address));
        return;
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_MUTEX_CONSISTENT:
        join(mine, clock_of(clocks, OF_THREADS, pid, 0)); /* owners die */
        in_line(mine, clock_of(clocks, OF_MUTEX, pid, op->address));
        return;
    case AW_OP_CREATE:
        return;
    case AW_OP_JOIN:
        join(mine, clock_of(clocks, OF_THREADS, pid, 1));
        return;
    case AW_OP_DETACH:
        join(clock_of(clocks, OF_THREADS, pid, 1), mine);
        return;
    case AW_OP_THREAD_EXIT: /* of the holder of a robust mutex, in a mapping or not */
        join(clock_of(clocks, OF_THREADS, pid, 0), mine);
        join(clock_of(clocks, OF_WORLD, 0, 0), mine);
        return;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_RELOCK:
        join(mine, clock_of(clocks, OF_THREADS, pid, 0));
        in_line(mine, clock_of(clocks, OF_MUTEX, pid, op->argument));
        __attribute__((fallthrough));
    default:
        in_line(mine, clock_of(clocks, OF_WAITING, pid, 0));
    }
}

static void on_kernel(struct aw_clocks *clocks, struct aw_clock_unit *unit, const struct aw_op *op,
                      uint32_t handle)
{
    struct aw_clock *mine = &unit->clock;
    struct aw_clock *process = clock_of(clocks, OF_PROCESS, unit->pid, 0);
    struct aw_clock *world = clock_of(clocks, OF_WORLD, 0, 0);
    enum aw_op_class class = aw_op_class_of(op);
    if (class != AW_ON_SEM) {
        join(mine, process);
        join(mine, world);
    }
    if (class == AW_ON_SEM && op->kind == AW_OP_SEM_POST)
        join(clock_of(clocks, OF_KERNEL, 0, handle), mine);
    else if (handle != AW_INTERN_NONE)
        in_line(mine, clock_of(clocks, OF_KERNEL, 0, handle));
    if (class == AW_ON_MEMORY && (op->kind == AW_OP_COND_WAIT || op->kind == AW_OP_COND_RELOCK))
        in_line(mine, clock_of(clocks, OF_KERNEL, 0, aw_shared_handle(op->argument)));
    if (class == AW_ON_MEMORY && op->kind == AW_OP_BARRIER_WAIT)
        join(clock_of(clocks, OF_MEETING, 0, 0), mine);
    if (class == AW_ON_POLL)
        for (uint32_t i = 0; i < clocks->object_count; i++)
            if (clocks->objects[i].sort == OF_KERNEL)
                join(mine, &clocks->objects[i].clock);
    if (class == AW_ON_FILES || class == AW_ON_PROCESS || class == AW_ON_WORLD) {
        join(process, mine);
        join(world, mine);
    }
}

/* ---- steps ---- */

static bool has_process(const struct aw_layout *layout, uint32_t pid, uint32_t *index)
{
    for (uint32_t p = 0; p < layout->process_count; p++)
        if (layout->processes[p].pid == pid) {
            *index = p;
            return true;
        }
    return false;
}

static bool is_filled(struct aw_machine *machine, const struct aw_op *op)
{
    uint32_t size;
    const struct aw_pending_call *call = aw_machine_payload(machine, op->payload, &size);
    return call->import == AW_ACCESS_FILLED;
}

/* A call that fills in memory has done so when its thread is parked at that access: who reads the
 * bytes before its next step has them from here. */
static void filled(struct aw_clocks *clocks, struct aw_machine *machine, struct aw_clock_unit *unit,
                   const struct aw_state *after)
{
    uint32_t index, size;
    if (!has_process(aw_machine_layout(machine, after), unit->pid, &index))
        return;
    const struct aw_local *local = aw_machine_local(machine, after->words[AW_WORD_FIRST + index]);
    for (uint32_t t = 0; t < local->thread_count; t++) {
        const struct aw_op *op = &aw_local_threads(local)[t].op;
        if (aw_local_threads(local)[t].slot != unit->slot || op->kind != AW_OP_ACCESS)
            continue;
        if (!is_filled(machine, op))
            continue;
        const struct aw_pending_fill *fill = aw_machine_payload(machine, op->payload, &size);
        uint32_t count = (size - (uint32_t)sizeof *fill) / (uint32_t)sizeof fill->ranges[0];
        for (uint32_t k = op->progress; k < count; k++)
            for (uint64_t i = 0; i < fill->ranges[k].size; i++) {
                struct aw_clock_byte *byte =
                    byte_of(clocks, unit->pid, fill->ranges[k].address + i);
                if (byte != NULL)
                    byte->written = unit->clock;
            }
    }
}

static bool has_thread(const struct aw_local *local, uint32_t slot)
{
    for (uint32_t t = 0; t < local->thread_count; t++)
        if (aw_local_threads(local)[t].slot == slot)
            return true;
    return false;
}

/* Whoever is gone: a thread by join or its own end, a process by its end. */
static void bury(struct aw_clocks *clocks, struct aw_machine *machine, const struct aw_state *after,
                 struct aw_clock_unit *unit, const struct aw_op *op)
{
    const struct aw_layout *layout = aw_machine_layout(machine, after);
    for (uint32_t i = 0; i < clocks->unit_count; i++) {
        struct aw_clock_unit *gone = &clocks->units[i];
        uint32_t index;
        if (!gone->alive ||
            (has_process(layout, gone->pid, &index) &&
             has_thread(aw_machine_local(machine, after->words[AW_WORD_FIRST + index]),
                        gone->slot)))
            continue;
        gone->alive = 0;
        if (op->kind == AW_OP_JOIN && gone->pid == unit->pid)
            join(&unit->clock, &gone->clock);
        else if (op->kind != AW_OP_THREAD_EXIT) /* the process has ended: wait finds it here */
            join(clock_of(clocks, OF_WORLD, 0, 0), &gone->clock);
        if (op->kind == AW_OP_KILL) /* whom it has killed does nothing afterwards */
            join(&unit->clock, &gone->clock);
    }
}

/* Whoever is new: a thread, or a process, which is a copy of all that its parent's threads did. */
static void welcome(struct aw_clocks *clocks, struct aw_machine *machine,
                    const struct aw_state *after, const struct aw_clock_unit *unit)
{
    const struct aw_layout *layout = aw_machine_layout(machine, after);
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local = aw_machine_local(machine, after->words[AW_WORD_FIRST + p]);
        uint32_t pid = layout->processes[p].pid;
        for (uint32_t t = 0; t < local->thread_count; t++) {
            uint32_t slot = aw_local_threads(local)[t].slot;
            struct aw_clock_unit *mine;
            if (unit_of(clocks, pid, slot) != NULL ||
                (mine = new_unit(clocks, pid, slot)) == NULL || unit == NULL)
                continue;
            mine->clock = unit->clock;
            for (uint32_t i = 0; i < clocks->unit_count && pid != unit->pid; i++)
                if (clocks->units[i].pid == unit->pid)
                    join(&mine->clock, &clocks->units[i].clock);
        }
    }
}

/* While a process has one thread its accesses are no steps: what it has read is not known, so all that
 * its ended threads did is before whatever it does. */
static void alone(struct aw_clocks *clocks, struct aw_machine *machine,
                  const struct aw_state *after)
{
    const struct aw_layout *layout = aw_machine_layout(machine, after);
    for (uint32_t p = 0; p < layout->process_count; p++) {
        const struct aw_local *local = aw_machine_local(machine, after->words[AW_WORD_FIRST + p]);
        uint32_t pid = layout->processes[p].pid;
        struct aw_clock_unit *last =
            local->thread_count == 1 ? unit_of(clocks, pid, aw_local_threads(local)[0].slot) : NULL;
        for (uint32_t i = 0; last != NULL && i < clocks->unit_count; i++)
            if (clocks->units[i].pid == pid)
                join(&last->clock, &clocks->units[i].clock);
    }
}

void aw_clocks_begin(struct aw_clocks *clocks, struct aw_machine *machine,
                     const struct aw_state *first)
{
    memset(clocks, 0, sizeof *clocks);
    welcome(clocks, machine, first, NULL);
}

void aw_clocks_copy(struct aw_clocks *to, const struct aw_clocks *from)
{
    memcpy(to, from, offsetof(struct aw_clocks, bytes) + from->byte_count * sizeof from->bytes[0]);
}

void aw_clocks_step(struct aw_clocks *clocks, struct aw_machine *machine,
                    const struct aw_state *before, uint32_t process, uint32_t thread,
                    const struct aw_state *after, struct aw_races *races)
{
    uint32_t local = before->words[AW_WORD_FIRST + process];
    const struct aw_thread *was = &aw_local_threads(aw_machine_local(machine, local))[thread];
    uint32_t pid = aw_machine_layout(machine, before)->processes[process].pid;
    struct aw_clock_unit *unit = unit_of(clocks, pid, was->slot);
    if (clocks->full || unit == NULL) {
        clocks->full = 1;
        return;
    }
    bool write_end;
    enum aw_op_class class = aw_op_class_of(&was->op);
    if (was->op.kind == AW_OP_ACCESS) {
        struct parked parked[PARKED_MAX];
        unsigned count = parked_at(machine, before, process, thread, parked);
        bool filled_in = is_filled(machine, &was->op);
        access_memory(clocks, unit, parked, count, was->op.progress > 0 && !filled_in, filled_in,
                      races);
    } else {
        unit->clock.at[unit - clocks->units]++;
        if (was->op.kind == AW_OP_BARRIER_LEAVE) {
            join(&unit->clock, clock_of(clocks, OF_WAITING, pid, 0));
            join(&unit->clock, clock_of(clocks, OF_MEETING, 0, 0));
        } else if (class == AW_ON_IMAGE)
            on_image(clocks, unit, &was->op);
        else if (class != AW_ON_NOTHING)
            on_kernel(clocks, unit, &was->op,
                      aw_machine_op_handle(machine, local, thread, &write_end));
    }
    filled(clocks, machine, unit, after);
    bury(clocks, machine, after, unit, &was->op);
    welcome(clocks, machine, after, unit);
    alone(clocks, machine, after);
}
