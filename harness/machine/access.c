/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "machine/access.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "machine/cpu.h"
#include "machine/internal.h"
#include "machine/live.h"
#include "machine/shared.h"
#include "machine/touch.h"

/* Of the run at hand. `known` finds an access that was recorded already: direct-mapped, so that one
 * that was pushed out is recorded twice, which does no harm. */
enum { RECORDS = 1 << 20, KNOWN = 1 << 12, SPINS = 256 };

struct known {
    uint64_t address;
    uint32_t size_kind, run;
    uint32_t count; /* how often, for reads that may be spinning */
    uint32_t visible;
};

struct aw_gate aw_gate;
_Static_assert(offsetof(struct aw_gate, functions) == 8 &&
                   offsetof(struct aw_gate, imports) == 2056 &&
                   offsetof(struct aw_gate, sp) == 3080,
               "access_gate.S");
static struct known known[KNOWN];
static uint32_t run_number;
static struct aw_access *records;
static volatile uint32_t record_count;
static struct aw_machine *owner; /* whose code runs */
static volatile uint64_t spun_at, spun_size;
static struct aw_dead_access dead; /* of an access that the gate has refused; size 0: none */

static uint64_t start_sp; /* of the thread when the run began */

/* Where the live stack of code begins that has called with its return address at `place`. */
static uint64_t above(uint64_t place)
{
    return place + 8;
}

enum aw_access_place aw_access_place(const struct aw_machine *machine, uint64_t address)
{
    if (address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_SLOTS * AW_STACK_STRIDE)
        return (address - AW_STACK_BASE) / AW_STACK_STRIDE == machine->run_slot
                   ? AW_PLACE_OWN_STACK
                   : AW_PLACE_OTHER_STACK;
    if (address >= AW_HEAP_BASE && address < AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE)
        return AW_PLACE_HEAP;
    if (machine->runtime != NULL && address >= machine->runtime->data_start &&
        address < machine->runtime->data_end)
        return AW_PLACE_RUNTIME;
    if (aw_image_contains(&machine->image, address, 1))
        return AW_PLACE_GLOBAL;
    return aw_user_valid(machine, address, 1) ? AW_PLACE_CONSTANT : AW_PLACE_OUTSIDE;
}

/* Looks at one access; returns 1 when program code has to be left for it. */
static uint32_t look(uint64_t address, uint32_t size, uint32_t kind, uint64_t pc)
{
    struct aw_machine *machine = owner;
    if (aw_gate.section && aw_access_place(machine, address) == AW_PLACE_RUNTIME)
        kind |= AW_ACCESS_ATOMIC | AW_ACCESS_INSIDE;
    uint32_t size_kind = size << 8 | kind;
    if ((machine->accesses.plant & AW_PLANT_BLIND) != 0 && size == 4 && kind == AW_ACCESS_WRITE)
        return 0;
    struct known *k = &known[(address ^ address >> 12 ^ (uint64_t)size_kind << 3) % KNOWN];
    if (k->run == run_number && k->address == address && k->size_kind == size_kind) {
        if (k->visible)
            return 1;
        /* A loop on one atomic or volatile variable that nobody else was seen to use. */
        if ((kind & (AW_ACCESS_ATOMIC | AW_ACCESS_VOLATILE)) != 0 &&
            (kind & AW_ACCESS_INSIDE) == 0 && ++k->count == SPINS && spun_size == 0) {
            spun_at = address;
            spun_size = size;
            return 1;
        }
        return 0;
    }
    bool visible = (kind & AW_ACCESS_INSIDE) == 0 && aw_access_is_visible(machine, address, size);
    if (!visible) {
        if (record_count == RECORDS) {
            aw_gate.full = 1;
            return 1;
        }
        records[record_count] = (struct aw_access){address, size, kind, pc};
        record_count = record_count + 1;
    }
    *k = (struct known){address, size_kind, run_number, 0, visible};
    return visible;
}

static bool refused(uint64_t address, uint64_t size, uint32_t kind, uint64_t pc, const char *who,
                    uint64_t low)
{
    if (aw_live(address, size, low))
        return false;
    dead = (struct aw_dead_access){
        .address = address, .size = size, .pc = pc, .kind = kind, .who = who};
    return true;
}

/* How much of an access is taken down: of one to what does not live, which ends the process, the
 * beginning says enough, and a length that is wrong may be any. */
static uint32_t taken(uint64_t address, uint64_t size, uint64_t low)
{
    enum { BEGINNING = 4096 };
    return size > BEGINNING && !aw_live(address, size, low) ? BEGINNING : (uint32_t)size;
}

uint32_t aw_gate_look(uint32_t number, const uint64_t *args, uint64_t pc)
{
    const struct aw_hook *hook = &aw_hooks[number];
    bool several = aw_gate.records;
    uint64_t low = above(aw_gate.sp);
    if (aw_gate.mappings) {
        aw_touch_call();
        if (aw_touch_concerns(hook, args))
            return 1;
    }
    if (aw_gate.announcing && hook->footprint == NULL)
        aw_sites_announce(owner, args[0], hook->size != 0 ? hook->size : args[1], hook->kind, pc);
    if (hook->footprint == NULL) {
        uint64_t size = hook->size != 0 ? hook->size : args[1];
        if (size == 0)
            return 0;
        if (size > AW_RANGE_BYTES_MAX)
            size = AW_RANGE_BYTES_MAX;
        /* One that parks is judged when it happens. */
        if (several && look(args[0], taken(args[0], size, low), hook->kind, pc))
            return 1;
        return refused(args[0], size, hook->kind, pc, NULL, low);
    }
    if ((several || aw_gate.mappings) && aw_hook_is_weak(hook, args))
        owner->accesses.weak_orders = true;
    struct aw_range ranges[AW_RANGES_MAX];
    unsigned count = aw_hook_ranges(owner, hook, args, ranges);
    for (unsigned i = 0; i < count && several; i++)
        if (ranges[i].size > 0 && aw_access_is_visible(owner, ranges[i].address, ranges[i].size))
            return 1; /* recorded once it has happened */
    for (unsigned i = 0; i < count; i++) {
        if (ranges[i].size == 0)
            continue;
        if (several && look(ranges[i].address, taken(ranges[i].address, ranges[i].size, low),
                            ranges[i].kind, pc))
            return 1;
        if (refused(ranges[i].address, ranges[i].size, ranges[i].kind, pc, aw_hook_who(hook), low))
            return 1;
    }
    return 0;
}

bool aw_access_refuse(struct aw_machine *machine)
{
    if (dead.size == 0)
        return false;
    if (!machine->refused)
        aw_live_tell(machine, &dead);
    return machine->refused = true;
}

bool aw_access_judge(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
                     const char *who)
{
    if (!refused(address, size, kind, aw_run_call_site(machine), who,
                 above(machine->run_sp + AW_CPU_FRAME)))
        return true;
    aw_access_refuse(machine);
    return false;
}

/* Takes an access down. */
static void record(uint64_t address, uint64_t size, uint32_t kind, uint64_t pc)
{
    if (record_count == RECORDS)
        aw_gate.full = 1;
    else
        records[record_count++] = (struct aw_access){address, (uint32_t)size, kind, pc};
}

void aw_access(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
               uint64_t pc)
{
    if (size == 0)
        return;
    uint64_t low = above(machine->run_sp + AW_CPU_FRAME);
    if ((kind & AW_ACCESS_COMES) == 0 && refused(address, size, kind, pc, machine->run_who, low))
        aw_access_refuse(machine);
    record(address, taken(address, size, low), kind, pc);
}

bool aw_access_unannounced(uint64_t address, uint64_t size, uint32_t kind, uint64_t pc, uint64_t sp)
{
    enum { RED_ZONE = 128 }; /* of a function that calls nothing: System V x86-64 ABI, 3.2.2 */
    if (refused(address, size, kind, pc, NULL, sp - RED_ZONE))
        return false;
    if (aw_gate.records)
        record(address, size, kind, pc);
    return true;
}

void aw_access_init(struct aw_machine *machine)
{
    struct aw_accesses *a = &machine->accesses;
    if (records == NULL) {
        records = mmap(NULL, RECORDS * sizeof *records, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        AW_CHECK(records != MAP_FAILED);
    }
    aw_intern_init(&a->classes);
    aw_map_init(&a->seen);
    aw_map_init(&a->granules);
    aw_map_init(&a->visible.pages);
    aw_map_init(&a->tracked.pages);
}

void aw_access_deinit(struct aw_machine *machine)
{
    struct aw_accesses *a = &machine->accesses;
    aw_intern_deinit(&a->classes);
    aw_map_deinit(&a->seen);
    aw_map_deinit(&a->granules);
    aw_map_deinit(&a->visible.pages);
    aw_map_deinit(&a->tracked.pages);
    free(a->entries);
    free(a->visible.bits);
    free(a->tracked.bits);
    free(a->pending);
}

void aw_access_begin(struct aw_machine *machine)
{
    owner = machine;
    run_number++;
    record_count = 0;
    spun_size = 0;
    aw_gate.active = aw_gate.full = aw_gate.records = aw_gate.mappings = aw_gate.section = 0;
    aw_gate.announcing = machine->sites.armed > 0;
    aw_sites_begin(machine);
    dead.size = 0;
    machine->refused = false;
    machine->run_sp = start_sp = aw_run_self(machine)->sp;
    machine->freed_count = 0;
    aw_live_changed(machine);
}

void aw_access_enter(struct aw_machine *machine)
{
    aw_facts_locks(machine);
    aw_live_changed(machine);
    aw_gate.records = machine->work.head.thread_count > 1;
    aw_gate.mappings = aw_shared_has_mapping(&machine->work);
    aw_gate.active = 1;
}

/* The frames that the run has left are written, as far as other threads are concerned. Until some thread
 * is seen at the stack of another one there is nobody to be concerned; then all is done again. */
static void stack_goes(struct aw_machine *machine)
{
    if (!machine->sites.stacks_watched || machine->parked.kind == AW_OP_FATAL)
        return;
    int index = aw_process_thread(&machine->work, machine->run_slot);
    uint64_t top = aw_stack_top(machine->run_slot), end = top;
    uint64_t pc = index >= 0 ? machine->work.threads[index].op.pc : 0;
    if (index >= 0 && machine->work.threads[index].status == AW_THREAD_PARKED)
        end = above(machine->work.threads[index].sp + AW_CPU_FRAME);
    uint64_t start = above(start_sp + AW_CPU_FRAME);
    if (start < end && end <= top)
        record(start, end - start, AW_ACCESS_WRITE, pc);
}

uint32_t aw_access_end(struct aw_machine *machine)
{
    bool several = aw_gate.records;
    aw_gate.active = aw_gate.records = 0;
    if (!several)
        return AW_INTERN_NONE;
    machine->accesses.threads = true;
    if (spun_size != 0)
        aw_access_pend(machine, spun_at, spun_size);
    if (aw_gate.full && machine->parked.kind != AW_OP_FATAL)
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_LIMIT, 0, 0,
                     "more memory accesses between two operations than the machine records", 67);
    stack_goes(machine);
    if (record_count == 0)
        return AW_INTERN_NONE;
    aw_facts_take(machine, records, record_count);
    return aw_intern_put(&machine->payloads, records, record_count * (uint32_t)sizeof *records);
}

const struct aw_access *aw_access_records(uint32_t *count)
{
    *count = record_count;
    return records;
}

void aw_access_runaway(struct aw_machine *machine)
{
    if (!aw_gate.records)
        return;
    for (uint32_t i = 0; i < record_count; i++)
        if ((records[i].kind & AW_ACCESS_READ) != 0 &&
            aw_access_place(machine, records[i].address) != AW_PLACE_OWN_STACK &&
            aw_access_place(machine, records[i].address) != AW_PLACE_CONSTANT)
            aw_access_pend(machine, records[i].address, records[i].size);
}

bool aw_access_spins(void)
{
    return spun_size != 0;
}
