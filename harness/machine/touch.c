/* SPDX-License-Identifier: MIT */
/* touch.c - accesses to mappings at which threads are parked: which bytes, and the answers (touch.h). */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cpu.h"
#include "machine/kernel.h"
#include "machine/shared.h"
#include "machine/touching.h"

bool aw_touch_concerns(const struct aw_hook *hook, const uint64_t *args)
{
    unsigned pointers = aw_hook_pointers(hook);
    for (unsigned i = 0; pointers >> i != 0; i++)
        if ((pointers >> i & 1) != 0 && aw_is_shared(args[i]))
            return true;
    return false;
}

static unsigned only_shared(struct aw_range *ranges, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++)
        if (aw_is_shared(ranges[i].address) && ranges[i].size > 0)
            ranges[kept++] = ranges[i];
    return kept;
}

static enum aw_call_result bad_access(struct aw_machine *machine)
{
    return aw_crash_call(machine, SIGSEGV, "SIGSEGV: bad access");
}

static enum aw_call_result park_at(struct aw_machine *machine, const struct aw_pending_touch *call,
                                   uint64_t address, uint64_t size, uint32_t kind)
{
    struct aw_op *op = aw_park(machine, AW_OP_ACCESS);
    op->flags |= AW_OP_SHARED;
    op->address = address;
    op->argument = size | (uint64_t)kind << 32;
    op->payload = aw_intern_put(&machine->payloads, call, sizeof *call);
    return AW_CALL_PARK;
}

enum aw_call_result aw_touch_park(struct aw_machine *machine, uint32_t import, const uint64_t *args)
{
    const struct aw_hook *hook = machine->imports[import].hook;
    struct aw_range ranges[AW_RANGES_MAX];
    uint32_t kind = 0;
    uint64_t first = 0, size = 0;
    if (aw_hook_is_fixed(hook)) {
        unsigned count = only_shared(ranges, aw_hook_ranges(machine, hook, args, ranges));
        if (count == 0)
            return AW_CALL_RETURN;
        for (unsigned i = 0; i < count; i++) {
            if (!aw_shared_is_mapped(&machine->work, ranges[i].address, ranges[i].size,
                                     (ranges[i].kind & AW_ACCESS_WRITE) != 0))
                return bad_access(machine);
            kind |= ranges[i].kind;
        }
        first = ranges[count - 1].address;
        size = ranges[count - 1].size;
    } else {
        unsigned pointers = aw_hook_pointers(hook);
        for (unsigned i = 0; pointers >> i != 0; i++)
            if ((pointers >> i & 1) != 0 && aw_is_shared(args[i])) {
                if (!aw_shared_is_mapped(&machine->work, args[i], 1, false))
                    return bad_access(machine);
                first = args[i];
            }
    }
    struct aw_pending_touch call;
    memset(&call, 0, sizeof call);
    call.import = import;
    memcpy(call.args, args, sizeof call.args);
    if (aw_touch_is_told(hook))
        memset(&call.args[2], 0, 4 * sizeof *call.args);
    if (!aw_touch_is_told(hook) || !aw_touch_unwritten(&call.before))
        memset(&call.before, 0, sizeof call.before);
    return park_at(machine, &call, first, size, kind);
}

enum aw_call_result aw_touch_park_call(struct aw_machine *machine, uint32_t import,
                                       const uint64_t *args, const struct aw_range *ranges,
                                       unsigned count, uint64_t fault)
{
    struct aw_range all = {.address = aw_is_shared(fault) ? fault : 0};
    for (unsigned i = 0; i < count; i++) {
        if (!aw_is_shared(ranges[i].address) || ranges[i].size == 0)
            continue;
        if (!aw_shared_is_mapped(&machine->work, ranges[i].address, ranges[i].size,
                                 (ranges[i].kind & AW_ACCESS_WRITE) != 0))
            return AW_CALL_RETURN;
        if (all.address == 0) {
            all.address = ranges[i].address;
            all.size = ranges[i].size;
        }
        all.kind |= ranges[i].kind;
    }
    if (!aw_shared_is_mapped(&machine->work, all.address, 1, false))
        return AW_CALL_RETURN;
    struct aw_pending_touch call;
    memset(&call, 0, sizeof call);
    call.import = import;
    memcpy(call.args, args, sizeof call.args);
    call.untold = fault != 0;
    return park_at(machine, &call, all.address, all.size, all.kind);
}

static const struct aw_fd *mapping_at(const struct aw_local *local, uint64_t address)
{
    for (uint32_t i = 0; i < local->fd_count; i++)
        if (aw_local_fds(local)[i].kind == AW_FD_MAPPING &&
            aw_local_fds(local)[i].handle == aw_shared_handle(address))
            return &aw_local_fds(local)[i];
    return NULL;
}

/* Puts the bytes around `address` in place: their page, or (`whole`) all of their mapping. False when
 * the process has none there. */
static bool bring(struct aw_machine *machine, const struct aw_state *state,
                  const struct aw_local *local, uint64_t address, bool whole)
{
    const struct aw_fd *fd = aw_is_shared(address) ? mapping_at(local, address) : NULL;
    if (fd == NULL)
        return false;
    uint32_t object =
        state->words[aw_machine_position(aw_machine_layout(machine, state), fd->handle)];
    uint64_t start = aw_shared_address(fd->handle), size = aw_memory_size(machine, object);
    size = fd->length < size ? fd->length : size;
    uint64_t from = whole ? start : address / AW_PAGE * AW_PAGE;
    if (address - start >= size)
        return false;
    uint64_t count = whole || start + size - from < AW_PAGE ? start + size - from : AW_PAGE;
    aw_touch_open(from, count);
    aw_memory_get(machine, object, from, (void *)from, (uint32_t)count);
    memset((void *)(from + count), 0, (AW_PAGE - count % AW_PAGE) % AW_PAGE);
    return true;
}

/* What the call touches, where its footprint depends on what is there: with the image in place, and of
 * the mappings the pages that it comes to. *fault: the address at which it leaves them, or 0. */
static unsigned measure(struct aw_machine *machine, const struct aw_state *state,
                        const struct aw_local *local, const struct aw_pending_touch *call,
                        struct aw_range *ranges, uint64_t *fault)
{
    enum { PAGES = 16, MOST = 24 }; /* then whole mappings */
    volatile unsigned count = 0, brought = 0;
    aw_image_load(&machine->image, aw_local_chunks(local), local->chunk_count);
    do {
        *fault = 0;
        if (sigsetjmp(machine->guard, 0) == 0) {
            machine->guarded = true;
            count = aw_touch_footprint(machine, call, ranges);
        } else {
            *fault = aw_cpu.fault_address;
        }
        machine->guarded = false;
    } while (*fault != 0 && brought < MOST &&
             bring(machine, state, local, *fault, brought++ >= PAGES));
    aw_touch_close();
    return count;
}

static struct aw_pending_touch call_of(const struct aw_machine *machine,
                                       const struct aw_local *local, unsigned thread)
{
    return *(const struct aw_pending_touch *)aw_intern_get(
        &machine->payloads, aw_local_threads(local)[thread].op.payload);
}

enum { TOO_MANY = AW_RANGES_MAX + 2 };

static unsigned ranges_of(struct aw_machine *machine, const struct aw_state *state,
                          const struct aw_local *local, const struct aw_pending_touch *call,
                          struct aw_range *ranges, uint64_t *fault)
{
    *fault = 0;
    unsigned count = aw_touch_is_fixed(aw_touch_hook(machine, call))
                         ? aw_touch_footprint(machine, call, ranges)
                         : measure(machine, state, local, call, ranges, fault);
    if (count > AW_RANGES_MAX)
        return TOO_MANY;
    count = only_shared(ranges, count);
    if (call->before.size != 0)
        ranges[count++] = call->before;
    return count;
}

/* One that an answer has made already: which. */
static bool is_filled(const struct aw_machine *machine, const struct aw_local *local,
                      unsigned thread, struct aw_range *range)
{
    const struct aw_op *op = &aw_local_threads(local)[thread].op;
    const struct aw_pending_call *call = aw_intern_get(&machine->payloads, op->payload);
    *range =
        (struct aw_range){op->address, op->argument & UINT32_MAX, (uint32_t)(op->argument >> 32)};
    return call->import == AW_ACCESS_FILLED;
}

static const struct aw_local *local_of(const struct aw_machine *machine,
                                       const struct aw_state *state, unsigned process)
{
    return aw_machine_local(machine, state->words[AW_WORD_FIRST + process]);
}

unsigned aw_touch_ranges(struct aw_machine *machine, const struct aw_state *state, unsigned process,
                         unsigned thread, struct aw_range *ranges)
{
    const struct aw_local *local = local_of(machine, state, process);
    if (is_filled(machine, local, thread, &ranges[0]))
        return 1;
    struct aw_pending_touch call = call_of(machine, local, thread);
    uint64_t fault;
    unsigned count = ranges_of(machine, state, local, &call, ranges, &fault);
    return count == TOO_MANY ? 0 : count;
}

/* Where a range may not be touched: the address of its first byte that may not. */
static enum aw_touch_how fate(const struct aw_machine *machine, const struct aw_state *state,
                              const struct aw_local *local, uint64_t address, uint64_t size,
                              bool write)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    const struct aw_fd *fd = mapping_at(local, address);
    uint64_t offset = (address - AW_SHARED_BASE) % AW_SHARED_STRIDE;
    if (fd == NULL || offset + size > fd->length || (write && fd->close_on_exec))
        return AW_TOUCH_FAULT;
    uint64_t end = aw_memory_size(machine, state->words[aw_machine_position(layout, fd->handle)]);
    if (offset + size <= end)
        return AW_TOUCH_DONE;
    return offset + size > (end + AW_PAGE - 1) / AW_PAGE * AW_PAGE ? AW_TOUCH_BUS : AW_TOUCH_TAIL;
}

/* Bytes of a process, in a mapping or not; false when there are none. */
static bool peek(const struct aw_machine *machine, const struct aw_state *state,
                 const struct aw_local *local, uint64_t address, void *bytes, uint32_t size)
{
    if (aw_is_shared(address)) {
        if (fate(machine, state, local, address, size, false) != AW_TOUCH_DONE)
            return false;
        uint32_t position =
            aw_machine_position(aw_machine_layout(machine, state), aw_shared_handle(address));
        aw_memory_get(machine, state->words[position], address, bytes, size);
        return true;
    }
    if (!aw_image_contains(&machine->image, address, size))
        return false;
    aw_image_peek(&machine->image, aw_local_chunks(local), local->chunk_count, address, bytes,
                  size);
    return true;
}

static uint32_t answer_of(struct aw_machine *machine, enum aw_touch_how how, uint32_t output)
{
    return aw_answer_plain(machine, 0, 0, how, output);
}

unsigned aw_touch_answers(struct aw_machine *machine, const struct aw_state *state,
                          unsigned process, unsigned thread, uint32_t *answers)
{
    static uint8_t *buffer;
    static uint64_t capacity;
    const struct aw_local *local = local_of(machine, state, process);
    struct aw_range ranges[AW_RANGES_MAX + 1];
    if (is_filled(machine, local, thread, &ranges[0])) {
        answers[0] = answer_of(machine, AW_TOUCH_DONE, AW_INTERN_NONE);
        return 1;
    }
    const struct aw_pending_touch call = call_of(machine, local, thread);
    const struct aw_hook *hook = aw_touch_hook(machine, &call);
    uint64_t fault, size = 0;
    unsigned count = ranges_of(machine, state, local, &call, ranges, &fault);
    if (count == TOO_MANY) {
        answers[0] = answer_of(machine, AW_TOUCH_CALL, AW_INTERN_NONE);
        return 1;
    }
    if (fault != 0) {
        enum aw_touch_how how =
            aw_is_shared(fault) ? fate(machine, state, local, fault, 1, false) : AW_TOUCH_FAULT;
        answers[0] =
            answer_of(machine, how == AW_TOUCH_DONE ? AW_TOUCH_FAULT : how, AW_INTERN_NONE);
        return 1;
    }
    for (unsigned i = 0; i < count; i++) {
        enum aw_touch_how how = fate(machine, state, local, ranges[i].address, ranges[i].size,
                                     (ranges[i].kind & AW_ACCESS_WRITE) != 0);
        if (how != AW_TOUCH_DONE) {
            how = hook == NULL ? AW_TOUCH_CALL : how;
            answers[0] = answer_of(machine, how, AW_INTERN_NONE);
            return 1;
        }
        size += sizeof(struct aw_touched) + (ranges[i].size + 7) / 8 * 8;
    }
    if (size > capacity) {
        capacity = 2 * size;
        buffer = aw_reallocate(buffer, capacity, 1);
    }
    uint64_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        struct aw_touched head = {ranges[i].address, (uint32_t)ranges[i].size, ranges[i].kind};
        /* Code may write less than it told of, and a call less than its footprint. */
        if (hook == NULL || aw_touch_is_told(hook) || (ranges[i].kind & AW_ACCESS_READ) != 0)
            head.kind |= AW_TOUCH_GIVEN;
        memcpy(buffer + at, &head, sizeof head);
        at += sizeof head;
        if ((head.kind & AW_TOUCH_GIVEN) == 0)
            continue;
        uint32_t padded = (head.size + 7) / 8 * 8;
        memset(buffer + at, 0, padded);
        peek(machine, state, local, head.address, buffer + at, head.size);
        at += padded;
    }
    uint32_t output = aw_intern_put(&machine->payloads, buffer, (uint32_t)at);
    answers[0] = answer_of(machine, AW_TOUCH_DONE, output);
    uint8_t found[16], expected[16];
    if (hook == NULL || !aw_hook_is_weak_exchange(hook) ||
        !peek(machine, state, local, call.args[0], found, hook->size) ||
        !peek(machine, state, local, call.args[1], expected, hook->size) ||
        memcmp(found, expected, hook->size) != 0)
        return 1;
    answers[1] = answer_of(machine, AW_TOUCH_SPURIOUS, output);
    return 2;
}
