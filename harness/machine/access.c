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
#include "machine/shared.h"
#include "machine/touch.h"
#include "machine/live.h"

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
_Static_assert(offsetof(struct aw_gate, functions) == 8 && offsetof(struct aw_gate, imports) == 2056 &&
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
static uint64_t above(uint64_t place) { return place + 8; }

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

/* Visible bytes. */

static const uint64_t *page_bits(const struct aw_machine *machine, uint64_t address)
{
    const struct aw_accesses *a = &machine->accesses;
    uint32_t page = a->page_count == 0 ? AW_MAP_NONE : aw_map_get(&a->pages, address / AW_PAGE, 0);
    return page == AW_MAP_NONE ? NULL : a->bits[page];
}

bool aw_access_is_visible(const struct aw_machine *machine, uint64_t address, uint64_t size)
{
    if (machine->accesses.every && !aw_is_shared(address)) {
        enum aw_access_place place = aw_access_place(machine, address);
        for (int i = 0; i < 2; i++)
            if (address >= machine->accesses.spared[i] && address < machine->accesses.spared_end[i])
                return false;
        if (place != AW_PLACE_OWN_STACK && place != AW_PLACE_RUNTIME && place != AW_PLACE_CONSTANT)
            return true; /* of the own stack, what another thread was seen at: below */
    }
    return aw_access_is_marked(machine, address, size);
}

bool aw_access_is_marked(const struct aw_machine *machine, uint64_t address, uint64_t size)
{
    if (aw_is_shared(address)) /* touch.h */
        return false;
    for (uint64_t at = address; at < address + size;) {
        const uint64_t *bits = page_bits(machine, at);
        uint64_t end = (at / AW_PAGE + 1) * AW_PAGE;
        end = end < address + size ? end : address + size;
        if (bits != NULL)
            for (; at < end; at++)
                if ((bits[at % AW_PAGE / 64] >> at % 64 & 1) != 0)
                    return true;
        at = end;
    }
    return false;
}

static void make_visible(struct aw_machine *machine, const struct aw_range *range)
{
    struct aw_accesses *a = &machine->accesses;
    for (uint64_t at = range->address; at < range->address + range->size; at++) {
        uint32_t page = aw_map_get(&a->pages, at / AW_PAGE, 0);
        if (page == AW_MAP_NONE) {
            if (a->page_count == a->page_capacity) {
                a->page_capacity = a->page_capacity ? 2 * a->page_capacity : 16;
                a->bits = aw_reallocate(a->bits, a->page_capacity, sizeof *a->bits);
            }
            page = a->page_count++;
            memset(a->bits[page], 0, sizeof a->bits[page]);
            aw_map_put(&a->pages, at / AW_PAGE, 0, page);
        }
        a->bits[page][at % AW_PAGE / 64] |= (uint64_t)1 << at % 64;
    }
}

void aw_access_pend(struct aw_machine *machine, uint64_t address, uint64_t size)
{
    struct aw_accesses *a = &machine->accesses;
    if (address < AW_WINDOW || address + size > AW_WINDOW_END)
        return; /* a bad pointer: whoever uses it crashes */
    if (a->pending_count == a->pending_capacity) {
        a->pending_capacity = a->pending_capacity ? 2 * a->pending_capacity : 64;
        a->pending = aw_reallocate(a->pending, a->pending_capacity, sizeof *a->pending);
    }
    a->pending[a->pending_count++] = (struct aw_range){address, size, 0};
}

bool aw_machine_settle(struct aw_machine *machine)
{
    struct aw_accesses *a = &machine->accesses;
    if (aw_machine_is_settled(machine))
        return false;
    if (machine->sites.stacks_wanted)
        aw_sites_watch_stacks(machine);
    for (uint32_t i = 0; i < a->pending_count; i++)
        make_visible(machine, &a->pending[i]);
    a->pending_count = 0;
    aw_edges_forget(machine);
    return true;
}

bool aw_machine_is_settled(const struct aw_machine *machine)
{
    return machine->accesses.pending_count == 0 && !machine->sites.stacks_wanted;
}

bool aw_machine_fills_visible(const struct aw_machine *machine, const struct aw_op *op)
{
    if (machine->accesses.page_count == 0)
        return false;
    switch (op->kind) {
    case AW_OP_READ: {
        if (op->payload == AW_INTERN_NONE)
            return aw_access_is_visible(machine, op->address, op->argument);
        const struct iovec *vector = aw_intern_get(&machine->payloads, op->payload);
        for (uint64_t i = 0; i < op->extra; i++)
            if (aw_access_is_visible(machine, (uint64_t)vector[i].iov_base, vector[i].iov_len))
                return true;
        return false;
    }
    case AW_OP_POLL:
        return aw_access_is_visible(machine, op->address, op->argument * sizeof(struct pollfd));
    case AW_OP_SEM_GETVALUE:
    case AW_OP_USEM_GETVALUE:
        return aw_access_is_visible(machine, op->extra, sizeof(int));
    case AW_OP_CREATE:
    case AW_OP_JOIN:
        return aw_access_is_visible(machine, op->address, sizeof(uint64_t));
    case AW_OP_WAIT:
        return aw_access_is_visible(machine, op->address, sizeof(int));
    default: /* the others are never taken alone */
        return false;
    }
}

bool aw_machine_spare(struct aw_machine *machine, const char *variable)
{
    struct aw_accesses *a = &machine->accesses;
    uint64_t address = aw_module_symbol(machine->program, variable), end = address, offset;
    const char *name = variable;
    if (address == 0)
        return false;
    while (name != NULL && strcmp(name, variable) == 0)
        name = aw_module_variable_at(machine->program, ++end, &offset);
    a->spared[0] = address;
    a->spared_end[0] = end;
    a->spared[1] = AW_ARGS_BASE;
    a->spared_end[1] = AW_ARGS_BASE + machine->args_bytes;
    return true;
}

void aw_machine_set_every_access(struct aw_machine *machine, bool on)
{
    if (machine->accesses.every == on)
        return;
    machine->accesses.every = on;
    aw_edges_forget(machine);
}

bool aw_machine_weak_orders(const struct aw_machine *machine)
{
    return machine->accesses.weak_orders;
}

bool aw_machine_runtime_shared(const struct aw_machine *machine)
{
    return machine->accesses.runtime_state;
}

void aw_machine_plant_accesses(struct aw_machine *machine, unsigned plant)
{
    machine->accesses.plant = plant;
}

bool aw_machine_set_visible(struct aw_machine *machine, const char *text)
{
    while (*text != '\0') {
        char *end;
        uint64_t offset = strtoull(text, &end, 16);
        if (*end != '+' || !isxdigit((unsigned char)*text) || !isxdigit((unsigned char)end[1]))
            return false;
        uint64_t size = strtoull(end + 1, &end, 16);
        if ((*end != ' ' && *end != '\0') || offset >= AW_WINDOW_END - AW_WINDOW || size == 0 ||
            size > AW_WINDOW_END - AW_WINDOW - offset)
            return false;
        make_visible(machine, &(struct aw_range){AW_WINDOW + offset, size, 0});
        text = *end == ' ' ? end + 1 : end;
    }
    aw_edges_forget(machine);
    return true;
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

char *aw_machine_visible(const struct aw_machine *machine)
{
    const struct aw_accesses *a = &machine->accesses;
    uint64_t *pages = aw_allocate(a->page_count + 1ul, sizeof *pages);
    uint32_t count = 0;
    for (uint32_t s = 0; s <= a->pages.mask; s++)
        if (a->pages.slots[s].value != 0)
            pages[count++] = a->pages.slots[s].key * AW_PAGE;
    qsort(pages, count, sizeof *pages, compare_addresses);
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    AW_CHECK(stream != NULL);
    uint64_t start = 0, end = 0;
    for (uint32_t p = 0; p <= count; p++) {
        const uint64_t *bits = p < count ? page_bits(machine, pages[p]) : NULL;
        for (uint64_t at = 0; at < AW_PAGE && p < count; at++) {
            if ((bits[at / 64] >> at % 64 & 1) == 0)
                continue;
            if (pages[p] + at != end) {
                if (end > start)
                    fprintf(stream, "%llx+%llx ", (unsigned long long)(start - AW_WINDOW),
                            (unsigned long long)(end - start));
                start = pages[p] + at;
            }
            end = pages[p] + at + 1;
        }
    }
    if (end > start)
        fprintf(stream, "%llx+%llx", (unsigned long long)(start - AW_WINDOW),
                (unsigned long long)(end - start));
    fclose(stream);
    free(pages);
    return text;
}

const char *aw_machine_uninstrumented(struct aw_machine *machine)
{
    return aw_module_uninstrumented(machine->program);
}

void aw_access_name(struct aw_machine *machine, uint64_t address, char *text, uint32_t size)
{
    const struct aw_module *program = machine->program;
    uint64_t offset = 0;
    const char *name = address >= program->start && address < program->end
                           ? aw_module_variable_at(program, address, &offset)
                           : NULL;
    if (name != NULL && offset == 0)
        snprintf(text, size, "%s", name);
    else if (name != NULL)
        snprintf(text, size, "%s, byte %llu", name, (unsigned long long)offset);
    else if (address >= AW_STACK_BASE)
        snprintf(text, size, "a variable on the stack of thread %u",
                 (unsigned)((address - AW_STACK_BASE) / AW_STACK_STRIDE));
    else if (address >= AW_HEAP_BASE)
        snprintf(text, size, "a heap block of thread %u",
                 (unsigned)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE));
    else
        snprintf(text, size, "memory");
}

/* Recording. */

/* Looks at one access; returns 1 when program code has to be left for it. */
static uint32_t look(uint64_t address, uint32_t size, uint32_t kind, uint64_t pc)
{
    struct aw_machine *machine = owner;
    uint32_t size_kind = size << 8 | kind;
    if ((machine->accesses.plant & AW_PLANT_BLIND) != 0 && size == 4 && kind == AW_ACCESS_WRITE)
        return 0;
    struct known *k = &known[(address ^ address >> 12 ^ (uint64_t)size_kind << 3) % KNOWN];
    if (k->run == run_number && k->address == address && k->size_kind == size_kind) {
        if (k->visible)
            return 1;
        /* A loop on one atomic or volatile variable that nobody else was seen to use. */
        if ((kind & (AW_ACCESS_ATOMIC | AW_ACCESS_VOLATILE)) != 0 && ++k->count == SPINS &&
            spun_size == 0) {
            spun_at = address;
            spun_size = size;
            return 1;
        }
        return 0;
    }
    bool visible = aw_access_is_visible(machine, address, size);
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
    dead = (struct aw_dead_access){.address = address, .size = size, .pc = pc, .kind = kind, .who = who};
    return true;
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
        /* One that parks is judged when it happens. */
        if (several && look(args[0], (uint32_t)size, hook->kind, pc))
            return 1;
        return refused(args[0], size, hook->kind, pc, NULL, low);
    }
    if ((several || aw_gate.mappings) && aw_hook_is_weak(hook, args))
        owner->accesses.weak_orders = true;
    struct aw_range ranges[AW_RANGES_MAX];
    unsigned count = hook->footprint(owner, args, ranges);
    for (unsigned i = 0; i < count && several; i++)
        if (ranges[i].size > 0 && aw_access_is_visible(owner, ranges[i].address, ranges[i].size))
            return 1; /* recorded once it has happened */
    for (unsigned i = 0; i < count; i++) {
        if (ranges[i].size == 0)
            continue;
        if (several && look(ranges[i].address, (uint32_t)ranges[i].size, ranges[i].kind, pc))
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
    if ((kind & AW_ACCESS_COMES) == 0 &&
        refused(address, size, kind, pc, machine->run_who, above(machine->run_sp + AW_CPU_FRAME)))
        aw_access_refuse(machine);
    record(address, size, kind, pc);
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
    aw_map_init(&a->pages);
}

void aw_access_deinit(struct aw_machine *machine)
{
    struct aw_accesses *a = &machine->accesses;
    aw_intern_deinit(&a->classes);
    aw_map_deinit(&a->seen);
    aw_map_deinit(&a->granules);
    aw_map_deinit(&a->pages);
    free(a->entries);
    free(a->bits);
    free(a->pending);
}

void aw_access_begin(struct aw_machine *machine)
{
    owner = machine;
    run_number++;
    record_count = 0;
    spun_size = 0;
    aw_gate.active = aw_gate.full = aw_gate.records = aw_gate.mappings = 0;
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
            aw_access_place(machine, records[i].address) != AW_PLACE_RUNTIME &&
            aw_access_place(machine, records[i].address) != AW_PLACE_CONSTANT)
            aw_access_pend(machine, records[i].address, records[i].size);
}

/* Parked accesses. */

static const struct aw_hook *hook_of(const struct aw_machine *machine, uint32_t import)
{
    return machine->imports[import].hook;
}

/* Parked at bytes of another thread's stack: they are its owner's accesses as well from now on. */
static void give_away(struct aw_machine *machine, const struct aw_range *range)
{
    if (aw_access_place(machine, range->address) != AW_PLACE_OTHER_STACK)
        return;
    for (uint64_t at = range->address; at < range->address + range->size; at++) {
        const uint64_t *bits = page_bits(machine, at);
        if (bits == NULL || (bits[at % AW_PAGE / 64] >> at % 64 & 1) == 0)
            aw_access_pend(machine, at, 1);
    }
}

bool aw_access_park(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                    const struct aw_range *ranges, unsigned count, unsigned from)
{
    const struct aw_hook *hook = hook_of(machine, import);
    bool choice = hook != NULL && aw_hook_is_weak_exchange(hook);
    for (unsigned i = from; i < count; i++) {
        if (ranges[i].size == 0 ||
            (!aw_access_is_visible(machine, ranges[i].address, ranges[i].size) &&
             (!choice || (ranges[i].kind & AW_ACCESS_ATOMIC) == 0 ||
              aw_is_shared(ranges[i].address))))
            continue;
        struct aw_pending_call call = {.import = import};
        memcpy(call.args, args, sizeof call.args);
        if (machine->accesses.every)
            give_away(machine, &ranges[i]);
        struct aw_op *op = aw_park(machine, AW_OP_ACCESS);
        op->address = ranges[i].address;
        op->argument = ranges[i].size | (uint64_t)ranges[i].kind << 32;
        op->progress = i;
        op->payload = aw_intern_put(&machine->payloads, &call, sizeof call);
        return true;
    }
    return false;
}

static unsigned unguarded_ranges(const struct aw_machine *machine, uint32_t import,
                                 const uint64_t *args, struct aw_range *ranges)
{
    const struct aw_hook *hook = hook_of(machine, import);
    if (hook != NULL)
        return aw_hook_ranges(machine, hook, args, ranges);
    return machine->imports[import].footprint == NULL
               ? 0
               : machine->imports[import].footprint(machine, args, ranges);
}

/* A bad pointer makes no footprint: the call itself will tell. */
static unsigned ranges_of(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                          struct aw_range *ranges)
{
    if (sigsetjmp(machine->guard, 0) != 0) {
        machine->guarded = false;
        return 0;
    }
    machine->guarded = true;
    unsigned count = unguarded_ranges(machine, import, args, ranges);
    machine->guarded = false;
    return count;
}

/* Carries out a hook on the host; false when it was given a bad pointer. */
static bool perform(struct aw_machine *machine, const struct aw_hook *hook, const uint64_t *args,
                    bool spurious, uint64_t *result, uint64_t *high)
{
    if (sigsetjmp(machine->guard, 0) != 0) {
        machine->guarded = false;
        machine->shared_touched |= aw_is_shared(aw_cpu.fault_address);
        return false;
    }
    machine->guarded = true;
    *result = aw_hook_perform(hook, args, spurious, high);
    machine->guarded = false;
    return true;
}

static const char *call_name(const struct aw_hook *hook)
{
    return (hook->kind & AW_ACCESS_ATOMIC) != 0 ? "an atomic operation" : hook->name;
}

/* The accesses of a call happen. */
static void make(struct aw_machine *machine, uint32_t import, const struct aw_range *ranges,
                 unsigned count, uint64_t pc)
{
    const struct aw_hook *hook = hook_of(machine, import);
    machine->run_who = hook != NULL ? aw_hook_who(hook) : machine->imports[import].name;
    for (unsigned i = 0; i < count && !machine->refused; i++)
        aw_access(machine, ranges[i].address, ranges[i].size, ranges[i].kind, pc);
    machine->run_who = NULL;
}

int aw_access_call(struct aw_machine *machine, uint32_t import,
                                   const uint64_t *args, uint64_t *result)
{
    struct aw_range ranges[AW_RANGES_MAX];
    const struct aw_hook *hook = hook_of(machine, import);
    if (spun_size != 0)
        return aw_stop_call(machine, AW_STOP_RUNAWAY,
                            "a loop on a variable that another thread is to change");
    if (aw_access_refuse(machine))
        return AW_CALL_STOP;
    bool choice = hook != NULL && aw_hook_is_weak_exchange(hook);
    if (choice && aw_hook_is_weak(hook, args))
        machine->accesses.weak_orders = true;
    bool shared = hook != NULL && aw_gate.mappings && aw_touch_concerns(hook, args);
    if (shared && !aw_gate.records && aw_touch_park(machine, import, args) == AW_CALL_PARK)
        return AW_CALL_PARK;
    uint64_t pc = aw_run_call_site(machine);
    unsigned count = ranges_of(machine, import, args, ranges);
    if ((aw_gate.records || choice) && aw_access_park(machine, import, args, ranges, count, 0))
        return AW_CALL_PARK;
    if (shared && aw_gate.records && aw_touch_park(machine, import, args) == AW_CALL_PARK)
        return AW_CALL_PARK;
    make(machine, import, ranges, count, pc);
    if (machine->refused)
        return AW_CALL_STOP;
    if (hook == NULL)
        return machine->imports[import].call(machine, args, result);
    return perform(machine, hook, args, false, result, &aw_cpu.result_high)
               ? AW_CALL_RETURN
               : aw_call_bad_pointer(machine, call_name(hook));
}

void aw_access_park_filled(struct aw_machine *machine, struct aw_thread *thread, uint64_t pc,
                           uint64_t result)
{
    struct aw_pending_call call = {.args = {result}, .import = AW_ACCESS_FILLED};
    thread->op = (struct aw_op){
        .kind = AW_OP_ACCESS,
        .fd = -1,
        .address = machine->filled.address,
        .argument = machine->filled.size | (uint64_t)machine->filled.kind << 32,
        .payload = aw_intern_put(&machine->payloads, &call, sizeof call),
        .pc = pc,
    };
}

bool aw_access_finish(struct aw_machine *machine, int index, bool spurious, uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    const struct aw_pending_call call =
        *(const struct aw_pending_call *)aw_intern_get(&machine->payloads, op.payload);
    struct aw_range ranges[AW_RANGES_MAX];
    if (call.import == AW_ACCESS_FILLED) {
        *result = call.args[0];
        return true;
    }
    unsigned count = ranges_of(machine, call.import, call.args, ranges);
    aw_cpu.sp = thread->sp;
    if (aw_access_park(machine, call.import, call.args, ranges, count, op.progress + 1)) {
        thread->op = machine->parked;
        return false;
    }
    const struct aw_hook *hook = hook_of(machine, call.import);
    if (hook != NULL && aw_touch_concerns(hook, call.args) &&
        aw_touch_park(machine, call.import, call.args) == AW_CALL_PARK) {
        thread->op = machine->parked;
        return false;
    }
    make(machine, call.import, ranges, count, op.pc);
    if (machine->refused)
        return false;
    if (hook != NULL) {
        if (hook->footprint == NULL)
            aw_sites_announce(machine, call.args[0], hook->size != 0 ? hook->size : call.args[1],
                              hook->kind, *(const uint64_t *)(thread->sp + AW_CPU_FRAME));
        if (perform(machine, hook, call.args, spurious, result, &machine->result_high))
            return true;
        aw_call_bad_pointer(machine, call_name(hook));
        thread->op = machine->parked;
        return false;
    }
    enum aw_call_result how = machine->imports[call.import].call(machine, call.args, result);
    if (how == AW_CALL_RETURN)
        return true;
    if (how == AW_CALL_STOP) {
        thread->op = (struct aw_op){.kind = AW_OP_FATAL, .fd = 9, .payload = AW_INTERN_NONE};
        thread->sp = aw_stack_top(thread->slot);
    } else {
        thread->op = machine->parked;
    }
    return false;
}

unsigned aw_access_outcomes(const struct aw_machine *machine, const struct aw_op *op)
{
    const struct aw_pending_call *call = aw_intern_get(&machine->payloads, op->payload);
    if (call->import == AW_ACCESS_FILLED)
        return 1;
    const struct aw_hook *hook = hook_of(machine, call->import);
    return hook != NULL && op->progress == 1 && aw_user_valid(machine, call->args[0], hook->size) &&
                   aw_user_valid(machine, call->args[1], hook->size) &&
                   aw_hook_may_fail(hook, call->args)
               ? 2
               : 1;
}

bool aw_machine_is_spurious(const struct aw_machine *machine, const struct aw_op *op,
                            const struct aw_outcome *outcome)
{
    return op->kind == AW_OP_ACCESS && outcome->answer != AW_INTERN_NONE &&
           aw_machine_answer(machine, outcome->answer)->detail == AW_TOUCH_SPURIOUS;
}

/* Races. */

/* The bytes that an operation touches: those of an access, or of its object. */
static bool bytes_of(const struct aw_op *op, struct aw_range *range)
{
    switch (op->kind) {
    case AW_OP_ACCESS:
        *range = (struct aw_range){op->address, op->argument & UINT32_MAX,
                                   (uint32_t)(op->argument >> 32)};
        return true;
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
        *range = (struct aw_range){op->address, 20,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return true;
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_TIMEDWAIT:
    case AW_OP_USEM_POST:
    case AW_OP_USEM_GETVALUE:
        *range = (struct aw_range){op->address, 8,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return true;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP: /* once woken it is no longer there: the condition may be destroyed */
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST:
        *range = (struct aw_range){op->address, 8,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return true;
    case AW_OP_COND_RELOCK:
        *range = (struct aw_range){op->argument, 20,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return true;
    case AW_OP_RWLOCK_RDLOCK:
    case AW_OP_RWLOCK_TRYRDLOCK:
    case AW_OP_RWLOCK_TIMEDRDLOCK:
    case AW_OP_RWLOCK_WRLOCK:
    case AW_OP_RWLOCK_TRYWRLOCK:
    case AW_OP_RWLOCK_TIMEDWRLOCK:
    case AW_OP_RWLOCK_UNLOCK:
    case AW_OP_BARRIER_WAIT:
    case AW_OP_BARRIER_SLEEP:
        *range = (struct aw_range){op->address, 20,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return true;
    default:
        return false;
    }
}

static bool access_of(const struct aw_thread *thread, struct aw_range *range)
{
    /* One in a mapping: race.c. */
    return thread->status == AW_THREAD_PARKED && (thread->op.flags & AW_OP_SHARED) == 0 &&
           bytes_of(&thread->op, range);
}

bool aw_machine_op_is_visible(const struct aw_machine *machine, const struct aw_op *op)
{
    struct aw_range range;
    if (machine->accesses.page_count == 0)
        return false;
    if (op->kind == AW_OP_COND_WAIT && aw_access_is_visible(machine, op->argument, 20))
        return true;
    return bytes_of(op, &range) && aw_access_is_visible(machine, range.address, range.size);
}

bool aw_access_race(const struct aw_machine *machine, int *one, int *other)
{
    const struct aw_process *work = &machine->work;
    struct aw_range a, b;
    for (int i = 0; i < work->head.thread_count; i++) {
        if (!access_of(&work->threads[i], &a))
            continue;
        for (int j = i + 1; j < work->head.thread_count; j++) {
            if (!access_of(&work->threads[j], &b) || a.address >= b.address + b.size ||
                b.address >= a.address + a.size || ((a.kind | b.kind) & AW_ACCESS_WRITE) == 0 ||
                (a.kind & b.kind & AW_ACCESS_ATOMIC) != 0 ||
                ((machine->accesses.plant & AW_PLANT_ONLY_WRITES) != 0 &&
                 (a.kind & b.kind & AW_ACCESS_WRITE) == 0))
                continue;
            *one = i;
            *other = j;
            return true;
        }
    }
    return false;
}

void aw_access_stack(struct aw_machine *machine, uint64_t pc, uint64_t sp, uint32_t slot, char *text,
                     size_t size)
{
    const char *function, *file;
    int line;
    size_t at = 0;
    const uint64_t *frame = sp == 0 ? NULL : *(const uint64_t *const *)(sp + 48);
    uint64_t top = aw_stack_top(slot);
    text[0] = '\0';
    for (int depth = 0; depth < 8 && at < size; depth++) {
        if (aw_machine_place(machine, pc, &function, &file, &line))
            at += (size_t)snprintf(text + at, size - at, "%s %s:%d (%s)",
                                   at == 0 ? " at" : ", called from", file, line,
                                   function ? function : "?");
        if (frame == NULL || (uint64_t)frame < sp || (uint64_t)frame + 16 > top || (uint64_t)frame % 8 != 0)
            break;
        pc = frame[1];
        frame = (const uint64_t *)frame[0];
        if (pc < machine->program->text_start || pc >= machine->program->text_end)
            break;
    }
}

/* "write of 4 bytes at file.c:12 (function), called from ..." by the frame pointers of the stack. */
/* The function of the runtime that the program has called, if the thread is inside of one. */
static const char *runtime_function(struct aw_machine *machine, const struct aw_thread *thread)
{
    const struct aw_module *runtime = machine->runtime;
    uint64_t top = aw_stack_top(thread->slot), outermost = 0;
    uint64_t pc = *(const uint64_t *)(thread->sp + AW_CPU_FRAME);
    const uint64_t *frame = *(const uint64_t *const *)(thread->sp + AW_CPU_FRAME - 8);
    while (runtime != NULL && pc >= runtime->text_start && pc < runtime->text_end) {
        outermost = pc;
        if ((uint64_t)frame <= thread->sp || (uint64_t)frame + 16 > top || (uint64_t)frame % 8 != 0)
            break;
        pc = frame[1];
        frame = (const uint64_t *)frame[0];
    }
    const char *function = NULL, *file;
    int line;
    return outermost != 0 && aw_machine_place(machine, outermost, &function, &file, &line)
               ? function
               : NULL;
}

void aw_access_describe(struct aw_machine *machine, const struct aw_thread *thread,
                        struct aw_range range, char *text, size_t size)
{
    struct aw_access_view view;
    if (thread->op.kind == AW_OP_ACCESS)
        aw_machine_access_view(machine, &thread->op, &view);
    const char *what = thread->op.kind == AW_OP_ACCESS ? view.name : aw_op_name(thread->op.kind);
    const char *caller = thread->op.kind == AW_OP_ACCESS ? runtime_function(machine, thread) : NULL;
    if (caller != NULL)
        what = caller;
    int at = snprintf(text, size, "%s%s of %llu byte%s",
                      thread->op.kind == AW_OP_ACCESS && view.is_atomic ? "atomic " : "", what,
                      (unsigned long long)range.size, range.size == 1 ? "" : "s");
    aw_access_stack(machine, thread->op.pc, thread->sp, thread->slot, text + at, size - (size_t)at);
}

void aw_access_race_text(struct aw_machine *machine, int one, int other, char *text, uint32_t size)
{
    struct aw_range range = {0}, second = {0};
    char first[200], last[200], name[120];
    access_of(&machine->work.threads[one], &range);
    access_of(&machine->work.threads[other], &second);
    struct aw_range mine = range;
    if (second.address > range.address)
        range = second; /* a byte that both touch */
    aw_access_describe(machine, &machine->work.threads[one], mine, first, sizeof first);
    aw_access_describe(machine, &machine->work.threads[other], second, last, sizeof last);
    aw_access_name(machine, range.address, name, sizeof name);
    snprintf(text, size, "data race on %s: %s; and %s", name, first, last);
}
