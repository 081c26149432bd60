/* SPDX-License-Identifier: MIT */
/*
 * access_parked.c - calls and hooks whose accesses are operations: where a thread parks, and how it
 * goes on from there.
 */
#define _GNU_SOURCE
#include <string.h>

#include "machine/cpu.h"
#include "machine/internal.h"
#include "machine/shared.h"
#include "machine/touch.h"

static const struct aw_hook *hook_of(const struct aw_machine *machine, uint32_t import)
{
    return machine->imports[import].hook;
}

/* Parked at bytes of another thread's stack: they are its owner's accesses as well from now on. */
static void give_away(struct aw_machine *machine, const struct aw_range *range)
{
    if (aw_access_place(machine, range->address) != AW_PLACE_OTHER_STACK)
        return;
    for (uint64_t at = range->address; at < range->address + range->size; at++)
        if (!aw_access_is_marked(machine, at, 1))
            aw_access_pend(machine, at, 1);
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
        aw_reuse_parks(machine, &machine->imports[import]);
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
               : aw_ranges_cut(ranges, machine->imports[import].footprint(machine, args, ranges));
}

/* A bad pointer makes no footprint: the call itself will tell. *fault: the address, or 0. */
static unsigned ranges_of(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                          struct aw_range *ranges, uint64_t *fault)
{
    *fault = 0;
    if (sigsetjmp(machine->guard, 0) != 0) {
        machine->guarded = false;
        *fault = aw_cpu.fault_address;
        return 0;
    }
    machine->guarded = true;
    unsigned count = unguarded_ranges(machine, import, args, ranges);
    machine->guarded = false;
    aw_reuse_footprint(machine, &machine->imports[import], args);
    return count;
}

static enum aw_call_result too_many(struct aw_machine *machine, uint32_t import)
{
    return aw_stop_call(machine, AW_STOP_LIMIT, "%s with more than %d pieces of memory",
                        machine->imports[import].name, AW_RANGES_MAX);
}

/* Parks at what a call touches in mappings, if it does. */
static enum aw_call_result touches(struct aw_machine *machine, uint32_t import,
                                   const uint64_t *args, const struct aw_range *ranges,
                                   unsigned count, uint64_t fault)
{
    const struct aw_hook *hook = hook_of(machine, import);
    if (!aw_shared_has_mapping(&machine->work))
        return AW_CALL_RETURN;
    if (hook == NULL)
        return aw_touch_park_call(machine, import, args, ranges, count, fault);
    return aw_touch_concerns(hook, args) ? aw_touch_park(machine, import, args) : AW_CALL_RETURN;
}

bool aw_access_stays(struct aw_machine *machine, struct aw_thread *thread, int how)
{
    if (how == AW_CALL_STOP) {
        thread->op = (struct aw_op){.kind = AW_OP_FATAL, .fd = 9, .payload = AW_INTERN_NONE};
        thread->sp = aw_stack_top(thread->slot);
    } else {
        thread->op = machine->parked;
    }
    return false;
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

int aw_access_call(struct aw_machine *machine, uint32_t import, const uint64_t *args,
                   uint64_t *result)
{
    struct aw_range ranges[AW_RANGES_MAX];
    const struct aw_hook *hook = hook_of(machine, import);
    if (aw_access_spins())
        return aw_stop_call(machine, AW_STOP_RUNAWAY,
                            "a loop on a variable that another thread is to change");
    if (aw_access_refuse(machine))
        return AW_CALL_STOP;
    bool choice = hook != NULL && aw_hook_is_weak_exchange(hook);
    if (choice && aw_hook_is_weak(hook, args))
        machine->accesses.weak_orders = true;
    uint64_t pc = aw_run_call_site(machine), fault;
    unsigned count = ranges_of(machine, import, args, ranges, &fault);
    if (count > AW_RANGES_MAX)
        return too_many(machine, import);
    bool records = aw_gate.records;
    if (!records && touches(machine, import, args, ranges, count, fault) == AW_CALL_PARK)
        return AW_CALL_PARK;
    if ((records || choice) && aw_access_park(machine, import, args, ranges, count, 0))
        return AW_CALL_PARK;
    if (records && touches(machine, import, args, ranges, count, fault) == AW_CALL_PARK)
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

const struct aw_range *aw_access_filled(const struct aw_machine *machine, const struct aw_op *op,
                                        uint32_t *count)
{
    const struct aw_pending_fill *fill = aw_intern_get(&machine->payloads, op->payload);
    *count = (aw_intern_size(&machine->payloads, op->payload) - (uint32_t)sizeof *fill) /
             (uint32_t)sizeof fill->ranges[0];
    return fill->ranges;
}

static void park_at_filled(const struct aw_machine *machine, struct aw_thread *thread,
                           uint32_t payload, uint64_t pc, uint32_t index)
{
    struct aw_op op = {
        .kind = AW_OP_ACCESS, .fd = -1, .payload = payload, .progress = index, .pc = pc};
    uint32_t count;
    const struct aw_range range = aw_access_filled(machine, &op, &count)[index];
    op.address = range.address;
    op.argument = range.size | (uint64_t)range.kind << 32;
    op.flags = aw_is_shared(range.address) ? AW_OP_SHARED : 0;
    thread->op = op;
}

void aw_access_park_filled(struct aw_machine *machine, struct aw_thread *thread, uint64_t pc,
                           uint64_t result)
{
    struct aw_pending_fill head = {.call = {.args = {result}, .import = AW_ACCESS_FILLED}};
    uint32_t bytes = machine->filled_count * (uint32_t)sizeof *machine->filled;
    uint8_t *payload = aw_scratch(machine, (uint32_t)sizeof head + bytes);
    memcpy(payload, &head, sizeof head);
    memcpy(payload + sizeof head, machine->filled, bytes);
    park_at_filled(machine, thread,
                   aw_intern_put(&machine->payloads, payload, (uint32_t)sizeof head + bytes), pc,
                   0);
}

bool aw_access_finish_filled(struct aw_machine *machine, struct aw_thread *thread, uint64_t *result)
{
    uint32_t count, next = thread->op.progress + 1;
    aw_access_filled(machine, &thread->op, &count);
    if (next < count) {
        park_at_filled(machine, thread, thread->op.payload, thread->op.pc, next);
        return false;
    }
    const struct aw_pending_call *call = aw_intern_get(&machine->payloads, thread->op.payload);
    *result = call->args[0];
    return true;
}

bool aw_access_finish(struct aw_machine *machine, int index, bool spurious, uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    const struct aw_pending_call call =
        *(const struct aw_pending_call *)aw_intern_get(&machine->payloads, op.payload);
    struct aw_range ranges[AW_RANGES_MAX];
    if (call.import == AW_ACCESS_FILLED)
        return aw_access_finish_filled(machine, thread, result);
    uint64_t fault;
    unsigned count = ranges_of(machine, call.import, call.args, ranges, &fault);
    aw_cpu.sp = thread->sp;
    if (count > AW_RANGES_MAX)
        return aw_access_stays(machine, thread, too_many(machine, call.import));
    if (aw_access_park(machine, call.import, call.args, ranges, count, op.progress + 1)) {
        thread->op = machine->parked;
        return false;
    }
    const struct aw_hook *hook = hook_of(machine, call.import);
    if (touches(machine, call.import, call.args, ranges, count, fault) == AW_CALL_PARK) {
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
    aw_reuse_call(machine, &machine->imports[call.import]);
    enum aw_call_result how = machine->imports[call.import].call(machine, call.args, result);
    return how == AW_CALL_RETURN || aw_access_stays(machine, thread, how);
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
