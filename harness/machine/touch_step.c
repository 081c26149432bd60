/* SPDX-License-Identifier: MIT */
/*
 * touch_step.c - the pages of mappings, and the single instructions of program code that touch them
 * (touch.h). Linux, x86-64: the error code of a page fault and the trap flag (Intel SDM volume
 * 3, 4.7 and 17.3.1.4), the frame of a signal (arch/x86/include/uapi/asm/sigcontext.h).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/shared.h"
#include "machine/touch.h"

enum {
    ARMED = AW_RANGES_MAX,
    PAGES = 6,
    SCALAR = 8,
    LEGACY = 416,
    SOFTWARE = 464,
    FRAME = 16 << 10
};
enum { TRAP_FLAG = 0x100, FAULT_WRITES = 2, WIDEST = 64 };
enum { UPPER_AT = 576, UPPER_BYTES = 256, UPPER_STATE = 4, STATES_AT = 512 }; /* of %ymm */

struct armed {
    uint64_t address, size;
    uint32_t kind;
    uint8_t *bytes;
    uint64_t capacity;
    bool read, written;
    bool changed; /* it was written at all, since it was armed */
};

/* As aw_cpu: what the signal handler works on. */
static struct {
    struct armed armed[ARMED];
    unsigned armed_count;
    /* The instruction that is executed alone. */
    enum { IDLE, FIRST, SECOND } phase;
    uint64_t pages[PAGES];
    unsigned page_count;
    bool reads, writes;
    gregset_t before, after;
    uint8_t registers_before[FRAME], registers_after[FRAME];
    uint8_t content[PAGES][AW_PAGE];
    /* For the machine's own accesses. */
    uint64_t open_start[ARMED], open_end[ARMED];
    struct {
        uint64_t address, size;
    } held[ARMED];
    unsigned open_count;
    uint8_t *stores;
    uint64_t store_bytes, store_capacity;
    bool reserved;
    bool broken; /* an instruction did more than it may */
} touch;

static void reserve(void)
{
    if (touch.reserved)
        return;
    void *area = mmap((void *)AW_SHARED_BASE, AW_SHARED_COUNT * AW_SHARED_STRIDE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    AW_CHECK(area == (void *)AW_SHARED_BASE);
    touch.reserved = true;
}

void aw_touch_deinit(void)
{
    if (touch.reserved)
        munmap((void *)AW_SHARED_BASE, AW_SHARED_COUNT * AW_SHARED_STRIDE);
    touch.reserved = false;
    for (unsigned i = 0; i < ARMED; i++)
        free(touch.armed[i].bytes);
    free(touch.stores);
    memset(&touch, 0, sizeof touch);
}

/* The machine's own accesses. */

void aw_touch_open(uint64_t address, uint64_t size)
{
    reserve();
    AW_CHECK(touch.open_count < ARMED);
    uint64_t start = address / AW_PAGE * AW_PAGE;
    uint64_t end = (address + size + AW_PAGE - 1) / AW_PAGE * AW_PAGE;
    AW_CHECK(mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) == 0);
    touch.held[touch.open_count].address = address;
    touch.held[touch.open_count].size = size;
    touch.open_start[touch.open_count] = start;
    touch.open_end[touch.open_count++] = end;
}

void aw_touch_close(void)
{
    for (unsigned i = 0; i < touch.open_count; i++)
        AW_CHECK(mprotect((void *)touch.open_start[i], touch.open_end[i] - touch.open_start[i],
                          PROT_NONE) == 0);
    touch.open_count = 0;
}

bool aw_touch_holds(uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < touch.open_count; i++)
        if (address >= touch.held[i].address && size <= touch.held[i].size &&
            address - touch.held[i].address <= touch.held[i].size - size)
            return true;
    return false;
}

void aw_touch_store(uint64_t address, uint64_t size, const void *bytes)
{
    uint64_t padded = (size + 7) / 8 * 8, need = sizeof(struct aw_store) + padded;
    if (touch.store_bytes + need > touch.store_capacity) {
        touch.store_capacity = 2 * (touch.store_bytes + need);
        touch.stores = aw_reallocate(touch.stores, touch.store_capacity, 1);
    }
    struct aw_store head = {address, size};
    uint8_t *place = touch.stores + touch.store_bytes;
    memcpy(place, &head, sizeof head);
    memset(place + sizeof head, 0, padded);
    memcpy(place + sizeof head, bytes, size);
    touch.store_bytes += need;
}

/* Bytes that code may touch. */

void aw_touch_arm(const struct aw_touched *range, const void *bytes)
{
    reserve();
    AW_CHECK(touch.armed_count < ARMED);
    struct armed *armed = &touch.armed[touch.armed_count++];
    if (range->size > armed->capacity) {
        armed->bytes = aw_reallocate(armed->bytes, range->size, 1);
        armed->capacity = range->size;
    }
    memcpy(armed->bytes, bytes, range->size);
    armed->address = range->address;
    armed->size = range->size;
    armed->kind = range->kind;
    armed->read = armed->written = armed->changed = false;
}

bool aw_touch_unwritten(struct aw_range *range)
{
    for (unsigned i = 0; i < touch.armed_count; i++) {
        const struct armed *armed = &touch.armed[i];
        if ((armed->kind & AW_ACCESS_WRITE) == 0 || armed->changed || armed->written)
            continue;
        *range =
            (struct aw_range){armed->address, armed->size, armed->kind & ~(uint32_t)AW_TOUCH_GIVEN};
        return true;
    }
    return false;
}

void aw_touch_begin(struct aw_machine *machine)
{
    (void)machine;
    touch.armed_count = 0;
    touch.store_bytes = 0;
    touch.broken = false;
    AW_CHECK(touch.phase == IDLE);
    AW_CHECK(touch.open_count == 0);
}

/* What was used is not used again: the accesses that follow are told of by themselves. */
void aw_touch_call(void)
{
    for (unsigned i = 0; i < touch.armed_count; i++)
        if (touch.armed[i].written ||
            (touch.armed[i].read && (touch.armed[i].kind & AW_ACCESS_WRITE) == 0)) {
            touch.armed[i].kind = 0;
        }
}

/* Single instructions. */

static void protect(uint64_t page, int protection)
{
    if (mprotect((void *)page, AW_PAGE, protection) != 0)
        abort();
}

static void close_pages(void)
{
    for (unsigned i = 0; i < touch.page_count; i++)
        protect(touch.pages[i], PROT_NONE);
    touch.page_count = 0;
    touch.phase = IDLE;
}

/* The pages with `fill` in every byte that is not armed. */
static void fill_pages(uint8_t fill)
{
    for (unsigned i = 0; i < touch.page_count; i++) {
        protect(touch.pages[i], PROT_READ | PROT_WRITE);
        memset((void *)touch.pages[i], fill, AW_PAGE);
    }
    for (unsigned a = 0; a < 2 * touch.armed_count; a++) { /* those that may be written last */
        const struct armed *armed = &touch.armed[a % touch.armed_count];
        if (armed->kind == 0 || ((armed->kind & AW_ACCESS_WRITE) != 0) != (a >= touch.armed_count))
            continue;
        for (unsigned i = 0; i < touch.page_count; i++) {
            uint64_t from = armed->address > touch.pages[i] ? armed->address : touch.pages[i];
            uint64_t to = armed->address + armed->size < touch.pages[i] + AW_PAGE
                              ? armed->address + armed->size
                              : touch.pages[i] + AW_PAGE;
            if (from < to)
                memcpy((void *)from, armed->bytes + (from - armed->address), to - from);
        }
    }
    if (!touch.writes)
        for (unsigned i = 0; i < touch.page_count; i++)
            protect(touch.pages[i], PROT_READ);
}

static struct armed *armed_at(uint64_t address, bool write)
{
    for (unsigned i = 0; i < touch.armed_count; i++) {
        struct armed *armed = &touch.armed[i];
        bool once = armed->size <= SCALAR;
        if (armed->kind != 0 && address >= armed->address &&
            address - armed->address < armed->size &&
            (!write || (armed->kind & AW_ACCESS_WRITE) != 0) &&
            !(once && (write ? armed->written : armed->read || armed->written)))
            return armed;
    }
    return NULL;
}

/* Of the frame of a signal: how much of the registers is there. */
static size_t frame_size(const ucontext_t *context)
{
    const uint8_t *registers = (const uint8_t *)context->uc_mcontext.fpregs;
    uint32_t magic, size;
    memcpy(&magic, registers + SOFTWARE, sizeof magic);
    memcpy(&size, registers + SOFTWARE + 4, sizeof size);
    return magic == 0x46505853 && size <= FRAME ? size : 512; /* FP_XSTATE_MAGIC1 */
}

static bool open_page(uint64_t address)
{
    uint64_t page = address / AW_PAGE * AW_PAGE;
    for (unsigned i = 0; i < touch.page_count; i++)
        if (touch.pages[i] == page)
            return true;
    if (touch.page_count == PAGES)
        return false;
    touch.pages[touch.page_count++] = page;
    return true;
}

/* An instruction faulted at a mapping. */
static bool touches(uint64_t address, ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    bool write = (registers[REG_ERR] & FAULT_WRITES) != 0;
    struct armed *armed = armed_at(address, write);
    if (armed == NULL || touch.phase == SECOND) /* the first time it did not */
        return false;
    if (touch.phase == IDLE) {
        memcpy(touch.before, registers, sizeof touch.before);
        memcpy(touch.registers_before, context->uc_mcontext.fpregs, frame_size(context));
        touch.reads = touch.writes = false;
        touch.phase = FIRST;
    }
    uint64_t end = armed->address + armed->size;
    end = address + WIDEST < end ? address + WIDEST : end;
    if (!open_page(address) || !open_page(end - 1))
        return false;
    touch.reads |= !write;
    touch.writes |= write;
    fill_pages(0);
    registers[REG_EFL] |= TRAP_FLAG;
    return true;
}

static bool same_upper_halves(const uint8_t *one, const uint8_t *other)
{
    static const uint8_t zeros[UPPER_BYTES];
    const uint8_t *a = (one[STATES_AT] & UPPER_STATE) != 0 ? one + UPPER_AT : zeros;
    const uint8_t *b = (other[STATES_AT] & UPPER_STATE) != 0 ? other + UPPER_AT : zeros;
    return memcmp(a, b, UPPER_BYTES) == 0;
}

static bool same_registers(const ucontext_t *context)
{
    const greg_t *registers = context->uc_mcontext.gregs;
    for (int i = REG_R8; i <= REG_EFL; i++)
        if (registers[i] != touch.after[i])
            return false;
    const uint8_t *now = (const uint8_t *)context->uc_mcontext.fpregs;
    return memcmp(now, touch.registers_after, LEGACY) == 0 &&
           (frame_size(context) < UPPER_AT + UPPER_BYTES ||
            same_upper_halves(now, touch.registers_after));
}

/* The armed range that a byte is in: rather one that may be written, since a range may be there
 * twice. */
static struct armed *range_of(uint64_t address)
{
    struct armed *found = NULL;
    for (unsigned i = 0; i < touch.armed_count; i++) {
        struct armed *armed = &touch.armed[i];
        if (armed->kind == 0 || address < armed->address || address - armed->address >= armed->size)
            continue;
        if (found == NULL || (armed->kind & AW_ACCESS_WRITE) != 0)
            found = armed;
    }
    return found;
}

static bool is_filled(const uint8_t *bytes, uint64_t size, uint8_t fill)
{
    for (uint64_t k = 0; k < size; k++)
        if (bytes[k] != fill)
            return false;
    return true;
}

/* Takes in what the instruction wrote in a page; false if it did more than it may. */
static bool take_in_page(const uint8_t *first, const uint8_t *second, uint64_t page)
{
    uint64_t from = AW_PAGE, to = 0; /* armed bytes are in between */
    for (unsigned i = 0; i < touch.armed_count; i++) {
        struct armed *armed = &touch.armed[i];
        if (armed->kind == 0 || armed->address >= page + AW_PAGE ||
            armed->address + armed->size <= page)
            continue;
        uint64_t start = armed->address > page ? armed->address - page : 0;
        uint64_t end = armed->address + armed->size - page;
        from = start < from ? start : from;
        end = end < AW_PAGE ? end : AW_PAGE;
        to = end > to ? end : to;
        armed->read |= touch.reads;
        armed->written |= touch.writes && (armed->kind & AW_ACCESS_WRITE) != 0;
    }
    if (from > to)
        return false;
    if (!is_filled(first, from, 0) || !is_filled(second, from, 0xff) ||
        !is_filled(first + to, AW_PAGE - to, 0) || !is_filled(second + to, AW_PAGE - to, 0xff))
        return false;
    for (uint64_t k = from; k < to; k++) {
        struct armed *armed = range_of(page + k);
        if (armed == NULL) {
            if (first[k] != 0 || second[k] != 0xff)
                return false;
            continue;
        }
        uint8_t *byte = &armed->bytes[page + k - armed->address];
        if (first[k] != second[k] || (first[k] != *byte && (armed->kind & AW_ACCESS_WRITE) == 0))
            return false;
        armed->changed |= first[k] != *byte;
        *byte = first[k];
    }
    return true;
}

static bool take_in(void)
{
    for (unsigned i = 0; i < touch.page_count; i++)
        if (!take_in_page(touch.content[i], (const uint8_t *)touch.pages[i], touch.pages[i]))
            return false;
    return true;
}

/* The instruction has been executed. */
static bool executed(ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    if (touch.phase == FIRST) {
        memcpy(touch.after, registers, sizeof touch.after);
        memcpy(touch.registers_after, context->uc_mcontext.fpregs, frame_size(context));
        for (unsigned i = 0; i < touch.page_count; i++)
            memcpy(touch.content[i], (const void *)touch.pages[i], AW_PAGE);
        memcpy(registers, touch.before, sizeof touch.before);
        memcpy(context->uc_mcontext.fpregs, touch.registers_before, frame_size(context));
        registers[REG_EFL] |= TRAP_FLAG;
        fill_pages(0xff);
        touch.phase = SECOND;
        return true;
    }
    bool right = same_registers(context) && take_in();
    touch.broken = !right;
    close_pages();
    registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    return right;
}

bool aw_touch_signal(int signal, uint64_t address, ucontext_t *context)
{
    if (signal == SIGSEGV && aw_is_shared(address)) {
        if (touches(address, context))
            return true;
    } else if (signal == SIGTRAP && touch.phase != IDLE) {
        if (executed(context))
            return true;
    }
    return false;
}

bool aw_touch_is_unseen(const struct aw_machine *machine, int signal, uint64_t address)
{
    if (signal == SIGTRAP)
        return touch.broken;
    return signal == SIGSEGV && aw_shared_is_mapped(&machine->work, address, 1, false);
}

uint32_t aw_touch_end(struct aw_machine *machine)
{
    close_pages(); /* of an instruction that did not come to its end */
    for (unsigned i = 0; i < touch.armed_count; i++)
        if (touch.armed[i].changed)
            aw_touch_store(touch.armed[i].address, touch.armed[i].size, touch.armed[i].bytes);
    touch.armed_count = 0;
    return touch.store_bytes == 0
               ? AW_INTERN_NONE
               : aw_intern_put(&machine->payloads, touch.stores, (uint32_t)touch.store_bytes);
}
