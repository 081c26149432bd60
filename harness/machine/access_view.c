/* SPDX-License-Identifier: MIT */
/* access_view.c - what an access at which a thread is parked is called. */
#include <string.h>

#include "machine/heap.h"
#include "machine/internal.h"

/* "__tsan_atomic32_fetch_add" -> "fetch_add"; "__tsan_unaligned_write8" -> "write". */
static const char *short_name(const struct aw_hook *hook)
{
    static const char *const names[] = {
        "compare_exchange_strong",
        "compare_exchange_weak",
        "compare_exchange_val",
        "fetch_add",
        "fetch_sub",
        "fetch_and",
        "fetch_or",
        "fetch_xor",
        "fetch_nand",
        "exchange",
        "load",
        "store",
        "read",
        "write",
    };
    if (strncmp(hook->name, "__tsan_", 7) != 0)
        return hook->name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(hook->name, names[i]) != NULL)
            return names[i];
    return (hook->kind & AW_ACCESS_WRITE) != 0 ? "write" : "read";
}

/* A call: what is said of it at its accesses. */
static const char *call_name(const char *name)
{
    static const char *const names[][2] = {
        {"write", "read by write"}, {"writev", "read by writev"}, {"readv", "read by readv"},
        {"poll", "read by poll"},   {"__aw_vsnprintf", "printf"}, {"__aw_log", "output"},
        {"__aw_strtod", "strtod"},  {"__aw_raise", "raise"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i][0]) == 0)
            return names[i][1];
    return name;
}

void aw_machine_access_view(const struct aw_machine *machine, const struct aw_op *op,
                            struct aw_access_view *view)
{
    const struct aw_pending_call *call = aw_intern_get(&machine->payloads, op->payload);
    uint32_t kind = (uint32_t)(op->argument >> 32);
    *view = (struct aw_access_view){
        .name = (kind & AW_ACCESS_WRITE) != 0 ? "write" : "read",
        .address = op->address,
        .size = (uint32_t)op->argument,
        .is_new = (kind & AW_ACCESS_COMES) != 0,
    };
    if (call->import == AW_ACCESS_FILLED)
        return;
    const struct aw_hook *hook = machine->imports[call->import].hook;
    if (hook == NULL) {
        view->name = call_name(machine->imports[call->import].name);
        return;
    }
    if (aw_hook_is_section(hook)) { /* a function with a lock of libc's, as a whole */
        view->name = "use";
        view->is_section = true;
        return;
    }
    view->name = short_name(hook);
    view->is_one = hook->footprint == NULL && hook->size != 0;
    if ((kind & AW_ACCESS_ATOMIC) == 0)
        return;
    unsigned wide = hook->size == 16, at = 1;
    view->is_atomic = true;
    view->is_exchange = strstr(view->name, "compare_exchange") != NULL;
    view->is_store = strcmp(view->name, "store") == 0;
    view->has_operand = (kind & AW_ACCESS_WRITE) != 0;
    if (view->is_exchange)
        at = strstr(view->name, "_val") != NULL ? 2 + wide : 2;
    view->operand = call->args[at];
    view->operand_high = wide ? call->args[at + 1] : 0;
    if (hook->size < 8)
        view->operand &= ((uint64_t)1 << 8 * hook->size) - 1;
}

const char *aw_machine_variable(const struct aw_machine *machine, uint64_t address,
                                uint64_t *offset, const char **owner)
{
    const struct aw_module *const modules[] = {machine->program, machine->runtime};
    *owner = "";
    for (int i = 0; i < 2; i++) {
        if (address < modules[i]->start || address >= modules[i]->end)
            continue;
        const char *name = aw_module_variable_at(modules[i], address, offset);
        if (i == 1 && name != NULL && aw_module_symbol(machine->runtime, name) == 0)
            *owner = "libc's ";
        return name;
    }
    return NULL;
}

int aw_machine_stack_of(uint64_t address)
{
    return address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_SLOTS * AW_STACK_STRIDE
               ? (int)((address - AW_STACK_BASE) / AW_STACK_STRIDE)
               : -1;
}

bool aw_machine_on_heap(uint64_t address)
{
    return address >= AW_HEAP_BASE && address < AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE;
}

bool aw_machine_peek(struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                     void *buffer, uint32_t size)
{
    aw_image_load(&machine->image, aw_local_chunks(local), local->chunk_count);
    if (!aw_user_valid(machine, address, size))
        return false;
    memcpy(buffer, (const void *)address, size);
    return true;
}

uint64_t aw_machine_block_at(struct aw_machine *machine, const struct aw_local *local,
                             uint64_t address)
{
    if (!aw_machine_on_heap(address))
        return 0;
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    aw_image_load(&machine->image, aw_local_chunks(local), local->chunk_count);
    if (!machine->image.slots[slot].mapped || address >= machine->image.slots[slot].heap_high)
        return 0;
    const void *arena = (const void *)aw_heap_of(slot), *block = NULL;
    uint64_t size, tag;
    while ((block = aw_arena_next(arena, machine->settings.heap_bytes, block, &size, &tag)) != NULL)
        if (address >= (uint64_t)block && address - (uint64_t)block < size)
            return (uint64_t)block;
    return 0;
}
