/* SPDX-License-Identifier: MIT */
/*
 * bind.c - which name is served by what.
 *
 * Every import is bound to the runtime, to a hook (what instrumented code calls at each access, and
 * leaf functions of the host's libc: access_hooks.c), or to a stub that leaves program code for one of
 * the machine's calls. A name that nobody serves gets a stub
 * too: it stops the check when it is reached. Stubs are at fixed addresses, so that no address of
 * the host is ever seen by a program.
 *
 * An object file does not say whether a name that is not called but addressed is a function or a
 * variable. When nobody serves it, it gets an address of its own in memory that nobody may touch: a
 * call and an access both fault there, and are told apart by the fault.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/calls.h"
#include "machine/cpu.h"
#include "machine/internal.h"

enum { STUB_BYTES = 32, STUB_AREA = 1 << 20 };

#define TRAP_BASE (AW_STUB_BASE + ((uint64_t)256 << 20))
enum { TRAP_BYTES = 64 << 10, TRAPS = 4096 };

static const struct {
    const char *name;
    aw_call *call;
} calls[] = {
#define X(name, function) {#name, function},
    AW_CALLS(X)
#undef X
};

/* FORTIFY's variants: the additional last argument is a size that the leaf ignores. */
static const char *const fortified[] = {"__memcpy_chk",  "__memmove_chk", "__memset_chk",
                                        "__strcpy_chk",  "__strncpy_chk", "__strcat_chk",
                                        "__strncat_chk", "__stpcpy_chk",  "__mempcpy_chk"};

static uint64_t new_stub(struct aw_machine *machine)
{
    AW_CHECK(machine->stub_next + STUB_BYTES <= AW_STUB_BASE + STUB_AREA);
    uint64_t address = machine->stub_next;
    machine->stub_next += STUB_BYTES;
    return address;
}

/* jmp *8(%rip) past the padding; the target stands in the last eight bytes of the stub. */
static void emit_jump(uint8_t *code, unsigned at, uint64_t target)
{
    unsigned target_at = STUB_BYTES - 8;
    int32_t displacement = (int32_t)(target_at - (at + 6));
    code[at] = 0xff;
    code[at + 1] = 0x25;
    memcpy(code + at + 2, &displacement, sizeof displacement);
    memcpy(code + target_at, &target, sizeof target);
}

static uint32_t new_import(struct aw_machine *machine, const char *name, aw_call *call)
{
    if (machine->import_count == machine->import_capacity) {
        machine->import_capacity = machine->import_capacity ? 2 * machine->import_capacity : 64;
        machine->imports =
            aw_reallocate(machine->imports, machine->import_capacity, sizeof *machine->imports);
    }
    uint32_t number = machine->import_count++;
    machine->imports[number] = (struct aw_import){.name = aw_string_copy(name), .call = call};
    return number;
}

static uint64_t stub(struct aw_machine *machine, uint32_t number, void (*target)(void))
{
    uint64_t address = new_stub(machine);
    uint8_t *code = (uint8_t *)address;
    code[0] = 0x41; /* mov $number, %r11d */
    code[1] = 0xbb;
    memcpy(code + 2, &number, sizeof number);
    emit_jump(code, 6, (uint64_t)(uintptr_t)target);
    return address;
}

static uint64_t call_stub(struct aw_machine *machine, const char *name, aw_call *call)
{
    uint32_t number = new_import(machine, name, call);
    machine->imports[number].plain = (uint8_t)aw_reuse_plain(name);
    machine->imports[number].unseen =
        call != NULL && !aw_access_of_call(name, &machine->imports[number].footprint);
    return stub(machine, number, aw_cpu_leave);
}

static uint64_t hook_stub(struct aw_machine *machine, unsigned hook)
{
    AW_CHECK(hook < sizeof aw_gate.functions / sizeof *aw_gate.functions);
    uint32_t number = new_import(machine, aw_hooks[hook].name, NULL);
    machine->imports[number].hook = &aw_hooks[hook];
    if (aw_hook_is_weak_exchange(&aw_hooks[hook]))
        return stub(machine, number, aw_cpu_leave);
    aw_gate.functions[hook] = aw_hooks[hook].function;
    aw_gate.imports[hook] = number;
    return stub(machine, hook, aw_gate_enter);
}

static uint64_t trap(struct aw_machine *machine, const char *name, struct aw_error *error)
{
    if (machine->traps == NULL) {
        void *area = mmap((void *)TRAP_BASE, (size_t)TRAP_BYTES * TRAPS, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        AW_CHECK(area == (void *)TRAP_BASE);
        machine->traps = aw_allocate(TRAPS, sizeof *machine->traps);
    }
    if (machine->trap_count == TRAPS) {
        aw_fail(error, AW_E_LIMIT, "more than %d names that the machine does not model", TRAPS);
        return 0;
    }
    machine->traps[machine->trap_count] = aw_string_copy(name);
    return TRAP_BASE + (uint64_t)TRAP_BYTES * machine->trap_count++;
}

const char *aw_bind_trapped(const struct aw_machine *machine, uint64_t address)
{
    uint64_t number = (address - TRAP_BASE) / TRAP_BYTES;
    return address >= TRAP_BASE && number < machine->trap_count ? machine->traps[number] : NULL;
}

void aw_bind_seal(struct aw_machine *machine)
{
    AW_CHECK(mprotect(machine->stubs, STUB_AREA, PROT_READ | PROT_EXEC) == 0);
}

void aw_bind_init(struct aw_machine *machine)
{
    void *area = mmap((void *)AW_STUB_BASE, STUB_AREA, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    AW_CHECK(area == (void *)AW_STUB_BASE);
    machine->stubs = area;
    machine->stub_next = AW_STUB_BASE;
    machine->start_stub = new_stub(machine);
    size_t length = (size_t)(aw_cpu_start_code_end - aw_cpu_start_code);
    AW_CHECK(length <= STUB_BYTES);
    memcpy((void *)machine->start_stub, aw_cpu_start_code, length);
}

void aw_bind_deinit(struct aw_machine *machine)
{
    for (uint32_t i = 0; i < machine->import_count; i++)
        free((char *)machine->imports[i].name);
    free(machine->imports);
    for (uint32_t i = 0; i < machine->trap_count; i++)
        free(machine->traps[i]);
    if (machine->traps != NULL)
        munmap((void *)TRAP_BASE, (size_t)TRAP_BYTES * TRAPS);
    free(machine->traps);
    if (machine->stubs != NULL)
        munmap(machine->stubs, STUB_AREA);
}

uint64_t aw_bind_import(void *context, const char *name, enum aw_import_kind kind, bool weak,
                        struct aw_error *error)
{
    struct aw_machine *machine = context;
    if (machine->runtime != NULL) {
        uint64_t symbol = aw_module_symbol(machine->runtime, name);
        if (symbol != 0)
            return symbol;
    }
    int hook = aw_hook_by_name(name);
    if (hook >= 0)
        return hook_stub(machine, (unsigned)hook);
    for (size_t i = 0; i < sizeof fortified / sizeof *fortified; i++)
        if (strcmp(fortified[i], name) == 0) {
            char plain[32];
            snprintf(plain, sizeof plain, "%.*s", (int)strlen(name) - 6, name + 2);
            return hook_stub(machine, (unsigned)aw_hook_by_name(plain));
        }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return call_stub(machine, name, calls[i].call);
    if (weak)
        return 0;
    if (strncmp(name, "__tsan_", 7) == 0) {
        aw_fail(
            error, AW_E_PROGRAM,
            "%s is not served: compile the program with gcc's -fsanitize=thread, as `allways cc` "
            "does",
            name);
        return 0;
    }
    if (kind == AW_IMPORT_DATA) {
        aw_fail(error, AW_E_PROGRAM,
                "the variable '%s' of another library cannot be served; define it in the program",
                name);
        return 0;
    }
    if (kind == AW_IMPORT_UNKNOWN)
        return trap(machine, name, error);
    return call_stub(machine, name, NULL);
}
