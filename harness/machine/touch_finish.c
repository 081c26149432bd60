/* SPDX-License-Identifier: MIT */
/*
 * touch_finish.c - what an answered access to a mapping does: the code goes on with armed bytes, or the
 * machine carries out the call (touch.h). And what a step has stored.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cpu.h"
#include "machine/kernel.h"
#include "machine/shared.h"
#include "machine/touching.h"

/* Each range of an answer, with its bytes (NULL: not given). */
static const struct aw_touched *next_range(const uint8_t **place, const uint8_t *end,
                                           const uint8_t **bytes)
{
    if (*place == end)
        return NULL;
    const struct aw_touched *range = (const struct aw_touched *)*place;
    *place += sizeof *range;
    *bytes = NULL;
    if ((range->kind & AW_TOUCH_GIVEN) != 0) {
        *bytes = *place;
        *place += (range->size + 7) / 8 * 8;
    }
    return range;
}

static bool ends(struct aw_machine *machine, struct aw_thread *thread, uint32_t kind, uint32_t what,
                 uint64_t a, const char *text)
{
    aw_run_event(machine, kind, what, a, thread->op.pc, text, (uint32_t)strlen(text));
    thread->op = (struct aw_op){.kind = AW_OP_FATAL,
                                .fd = kind == AW_EVENT_STOP ? SIGKILL : (int32_t)a,
                                .payload = AW_INTERN_NONE};
    thread->sp = aw_stack_top(thread->slot);
    aw_image_clear_below(&machine->image, thread->slot, thread->sp);
    return false;
}

/* The bytes outside of mappings that the call touches, judged and recorded; false if
 * some of them are visible. */
static bool record_others(struct aw_machine *machine, const struct aw_pending_touch *call,
                          uint64_t pc)
{
    struct aw_range ranges[AW_RANGES_MAX];
    const struct aw_hook *hook = aw_touch_hook(machine, call);
    unsigned count = aw_touch_footprint(machine, call, ranges);
    machine->run_who = hook != NULL ? aw_hook_who(hook) : machine->imports[call->import].name;
    for (unsigned i = 0; i < count; i++) {
        if (aw_is_shared(ranges[i].address))
            continue;
        if ((hook != NULL ? !aw_touch_is_fixed(hook) : call->untold) &&
            machine->work.head.thread_count > 1 &&
            aw_access_is_visible(machine, ranges[i].address, ranges[i].size))
            return false;
        aw_access(machine, ranges[i].address, ranges[i].size, ranges[i].kind, pc);
    }
    machine->run_who = NULL;
    return true;
}

/* One of the machine's calls. */
static enum aw_call_result carry_out(struct aw_machine *machine,
                                     const struct aw_pending_touch *call, uint64_t *result)
{
    const char *name = machine->imports[call->import].name;
    machine->shared_touched = false;
    enum aw_call_result how = machine->imports[call->import].call(machine, call->args, result);
    return machine->shared_touched ? aw_stop_touched(machine, name) : how;
}

/* The machine carries out the call: its bytes are in place. True when it returns *result; otherwise its
 * thread stays. */
static bool perform(struct aw_machine *machine, struct aw_thread *thread,
                    const struct aw_pending_touch *call, const uint8_t *place, const uint8_t *end,
                    bool spurious, uint64_t *result)
{
    const struct aw_hook *hook = aw_touch_hook(machine, call);
    const uint8_t *at, *bytes;
    const struct aw_touched *range;
    volatile bool seen = true;
    volatile enum aw_call_result how = AW_CALL_RETURN;
    for (at = place; (range = next_range(&at, end, &bytes)) != NULL;) {
        aw_touch_open(range->address, range->size);
        if (bytes != NULL)
            memcpy((void *)range->address, bytes, range->size);
    }
    if (sigsetjmp(machine->guard, 0) != 0) {
        machine->guarded = false;
        aw_touch_close();
        return ends(machine, thread, AW_EVENT_CRASH, 0, SIGSEGV, "SIGSEGV: bad access");
    }
    machine->guarded = true;
    seen = record_others(machine, call, thread->op.pc);
    if (seen && !machine->refused && hook != NULL)
        *result = aw_hook_perform(hook, call->args, spurious, &machine->result_high);
    machine->guarded = false;
    if (seen && !machine->refused && hook == NULL) {
        aw_cpu.sp = thread->sp;
        how = carry_out(machine, call, result);
    }
    for (at = place; (range = next_range(&at, end, &bytes)) != NULL;)
        if ((range->kind & AW_ACCESS_WRITE) != 0 &&
            (bytes == NULL || memcmp((const void *)range->address, bytes, range->size) != 0))
            aw_touch_store(range->address, range->size, (const void *)range->address);
    aw_touch_close();
    if (seen)
        return how == AW_CALL_RETURN || aw_access_stays(machine, thread, how);
    return ends(
        machine, thread, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0,
        "a function on strings in a shared mapping and in memory that threads share without "
        "a lock is not modelled");
}

bool aw_touch_finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
                     uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_pending_call *pending = aw_intern_get(&machine->payloads, thread->op.payload);
    if (pending->import == AW_ACCESS_FILLED)
        return aw_access_finish_filled(machine, thread, result);
    const struct aw_pending_touch call = *(const struct aw_pending_touch *)pending;
    const uint8_t *place = NULL, *end = NULL, *bytes;
    *result = 0;
    switch ((enum aw_touch_how)answer->detail) {
    case AW_TOUCH_BUS:
        return ends(machine, thread, AW_EVENT_CRASH, 0, SIGBUS,
                    "SIGBUS: an access behind the end of a shared memory object");
    case AW_TOUCH_FAULT:
        return ends(machine, thread, AW_EVENT_CRASH, 0, SIGSEGV, "SIGSEGV: bad access");
    case AW_TOUCH_CALL:
        return ends(machine, thread, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0,
                    "a call with memory behind the end of a shared memory object, or with too many "
                    "pieces of it, is not modelled");
    case AW_TOUCH_TAIL:
        return ends(machine, thread, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0,
                    "an access behind the end of a shared memory object, in its last page, is not "
                    "modelled");
    default:
        break;
    }
    if (answer->output != AW_INTERN_NONE) {
        place = aw_intern_get(&machine->payloads, answer->output);
        end = place + aw_intern_size(&machine->payloads, answer->output);
    }
    if (!aw_touch_is_told(aw_touch_hook(machine, &call)))
        return perform(machine, thread, &call, place, end, answer->detail == AW_TOUCH_SPURIOUS,
                       result);
    for (const struct aw_touched *range; (range = next_range(&place, end, &bytes)) != NULL;)
        aw_touch_arm(range, bytes);
    return true;
}

void aw_touch_apply(struct aw_machine *machine, struct aw_state *state, uint32_t stores)
{
    uint32_t size = aw_intern_size(&machine->payloads, stores);
    for (uint32_t at = 0; at < size;) {
        const struct aw_store *store =
            (const struct aw_store *)((const uint8_t *)aw_intern_get(&machine->payloads, stores) +
                                      at);
        uint32_t position = aw_machine_position(aw_machine_layout(machine, state),
                                                aw_shared_handle(store->address));
        AW_CHECK(position != 0);
        state->words[position] = aw_memory_put(machine, state->words[position], store->address,
                                               store + 1, (uint32_t)store->size);
        at += (uint32_t)(sizeof *store + (store->size + 7) / 8 * 8);
    }
}
