/* SPDX-License-Identifier: MIT */
/*
 * calls_libc.c - calls that are over at once: memory, text, what the runtime needs, probes. They
 * see and change only the calling process, so none of them is a visible operation.
 */
#define _GNU_SOURCE
#include <allways/probe.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine/calls.h"
#include "machine/cpu.h"
#include "machine/heap.h"
#include "machine/live.h"

/* Memory. */

/* `point`: libfiu's name of the call, at which an allocation may be made to fail; `fill`: the block is
 * not promised to be zero. */
static enum aw_call_result allocate(struct aw_machine *machine, const char *point, uint64_t size,
                                    uint64_t align, bool fill, uint64_t *result)
{
    int64_t delay_ns;
    int error = aw_fault_point_met(machine, point, &delay_ns);
    if (error != 0) {
        aw_set_errno(machine, machine->run_slot, error);
        return AW_CALL_RETURN;
    }
    uint64_t capacity = machine->settings.heap_bytes;
    aw_reuse_arena(machine, machine->run_slot);
    void *block =
        aw_arena_alloc_tagged((void *)aw_heap_of(machine->run_slot), capacity, size, align,
                              aw_origin(&machine->work, aw_run_call_site(machine)));
    if (block == NULL) {
        uint64_t none;
        if (aw_arena_block_size((void *)aw_heap_of(machine->run_slot), capacity, NULL, &none) ==
            AW_HEAP_CORRUPT)
            return aw_crash_call(machine, SIGABRT, "SIGABRT: malloc: the heap was overwritten");
        if (size < capacity / 2)
            return aw_stop_call(machine, AW_STOP_LIMIT,
                                "the heap of a thread is full (%llu KiB); raise machine: heap",
                                (unsigned long long)(capacity >> 10));
        aw_set_errno(machine, machine->run_slot, ENOMEM);
    }
    aw_live_changed(machine);
    if (block != NULL && fill && aw_fresh_byte(&machine->settings) != 0)
        memset(block, aw_fresh_byte(&machine->settings), size);
    *result = (uint64_t)block;
    return AW_CALL_RETURN;
}

static void *arena_of(const struct aw_machine *machine, uint64_t block, uint32_t *slot)
{
    if (block < AW_HEAP_BASE || block >= AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE)
        return NULL;
    *slot = (uint32_t)((block - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    if (!machine->image.slots[*slot].mapped || block >= machine->image.slots[*slot].heap_high)
        return NULL;
    return (void *)aw_heap_of(*slot);
}

static enum aw_call_result release(struct aw_machine *machine, uint64_t block, const char *call)
{
    uint32_t slot;
    void *arena = arena_of(machine, block, &slot);
    /* With one thread there is nobody whose frees could be ordered otherwise: heap.h, rule 1. */
    bool by_owner = slot == machine->run_slot || machine->work.head.thread_count == 1;
    struct aw_arena_block about = {0};
    if (arena != NULL) {
        aw_reuse_arena(machine, slot);
        aw_arena_before(arena, machine->settings.heap_bytes, block, &about);
    }
    enum aw_heap_status status =
        arena == NULL ? AW_HEAP_NOT_A_BLOCK
                      : aw_arena_free(arena, machine->settings.heap_bytes, (void *)block, by_owner);
    aw_live_changed(machine);
    if (status == AW_HEAP_OK) {
        aw_live_freed(machine, &about, aw_run_call_site(machine));
        return AW_CALL_RETURN;
    }
    aw_live_tell_block(machine, call, block, status == AW_HEAP_CORRUPT);
    char text[96];
    snprintf(text, sizeof text, "SIGABRT: %s: %s", call,
             status == AW_HEAP_CORRUPT ? "the heap was overwritten"
                                       : "not an allocated block (freed twice?)");
    return aw_crash_call(machine, SIGABRT, text);
}

enum aw_call_result aw_call_malloc(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    return allocate(machine, "libc/mm/malloc", args[0], 16, true, result);
}

enum aw_call_result aw_call_calloc(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    uint64_t size;
    if (__builtin_mul_overflow(args[0], args[1], &size)) {
        aw_set_errno(machine, machine->run_slot, ENOMEM);
        return AW_CALL_RETURN;
    }
    return allocate(machine, "libc/mm/calloc", size, 16, false, result);
}

static enum aw_call_result resize(struct aw_machine *machine, uint64_t block, uint64_t size,
                                  uint64_t *result)
{
    if (block == 0)
        return allocate(machine, "libc/mm/realloc", size, 16, true, result);
    if (size == 0)
        return release(machine, block, "realloc");
    uint32_t slot;
    uint64_t old_size = 0;
    void *arena = arena_of(machine, block, &slot);
    if (arena == NULL || aw_arena_block_size(arena, machine->settings.heap_bytes, (void *)block,
                                             &old_size) != AW_HEAP_OK) {
        aw_live_tell_block(machine, "realloc", block, false);
        return aw_crash_call(machine, SIGABRT, "SIGABRT: realloc: not an allocated block");
    }
    enum aw_call_result how = allocate(machine, "libc/mm/realloc", size, 16, true, result);
    if (how != AW_CALL_RETURN || *result == 0)
        return how;
    memcpy((void *)*result, (void *)block, old_size < size ? old_size : size);
    return release(machine, block, "realloc");
}

enum aw_call_result aw_call_realloc(struct aw_machine *machine, const uint64_t *args,
                                    uint64_t *result)
{
    return resize(machine, args[0], args[1], result);
}

enum aw_call_result aw_call_reallocarray(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    uint64_t size;
    if (__builtin_mul_overflow(args[1], args[2], &size)) {
        aw_set_errno(machine, machine->run_slot, ENOMEM);
        return AW_CALL_RETURN;
    }
    return resize(machine, args[0], size, result);
}

enum aw_call_result aw_call_free(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)result;
    return args[0] == 0 ? AW_CALL_RETURN : release(machine, args[0], "free");
}

enum aw_call_result aw_call_aligned_alloc(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    if (args[0] == 0 || (args[0] & (args[0] - 1)) != 0) {
        aw_set_errno(machine, machine->run_slot, EINVAL);
        return AW_CALL_RETURN;
    }
    return allocate(machine, "libc/mm/malloc", args[1], args[0] < 16 ? 16 : args[0], true, result);
}

enum aw_call_result aw_call_posix_memalign(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    if (args[1] < sizeof(void *) || (args[1] & (args[1] - 1)) != 0) {
        *result = EINVAL;
        return AW_CALL_RETURN;
    }
    uint64_t block = 0;
    enum aw_call_result how =
        allocate(machine, "libc/mm/malloc", args[2], args[1] < 16 ? 16 : args[1], true, &block);
    if (how != AW_CALL_RETURN)
        return how;
    if (!aw_user_writable(machine, args[0], sizeof block))
        return aw_crash_call(machine, SIGSEGV, "SIGSEGV: posix_memalign: bad pointer");
    if (block == 0)
        *result = ENOMEM;
    else
        *(uint64_t *)args[0] = block;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_malloc_usable_size(struct aw_machine *machine, const uint64_t *args,
                                               uint64_t *result)
{
    uint32_t slot;
    void *arena = arena_of(machine, args[0], &slot);
    if (arena != NULL)
        aw_arena_block_size(arena, machine->settings.heap_bytes, (void *)args[0], result);
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_errno_location(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    (void)args;
    *result = aw_local_of(machine->run_slot) + AW_ERRNO_OFFSET;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_tls_get_addr(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    struct {
        uint64_t module, offset;
    } index;
    memcpy(&index, (const void *)args[0], sizeof index);
    *result = aw_local_of(machine->run_slot) + AW_TLS_OFFSET + index.offset;
    return AW_CALL_RETURN;
}

/* Text: libc's own code on the host's stack. A bad pointer inside it is the program's crash. */

enum aw_call_result aw_call_bad_pointer(struct aw_machine *machine, const char *call)
{
    char text[96];
    machine->guarded = false;
    snprintf(text, sizeof text, "SIGSEGV: %s: bad pointer among the arguments", call);
    return aw_crash_call(machine, SIGSEGV, text);
}

enum aw_call_result aw_call_vsnprintf(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    if (sigsetjmp(machine->guard, 0) != 0)
        return aw_call_bad_pointer(machine, "printf");
    machine->guarded = true;
    va_list list;
    memcpy(list, (const void *)args[3], sizeof list);
    errno = *(int *)(aw_local_of(machine->run_slot) + AW_ERRNO_OFFSET);
    *result = (uint64_t)(int64_t)vsnprintf((char *)args[0], args[1], (const char *)args[2], list);
    machine->guarded = false;
    return AW_CALL_RETURN;
}

/* strtol and strtoul differ in one function only; `unsigned_form` chooses. */
static enum aw_call_result to_number(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result, bool unsigned_form)
{
    if (aw_user_string(machine, args[0]) < 0 ||
        (args[1] != 0 && !aw_user_writable(machine, args[1], sizeof(char *))))
        return aw_crash_call(machine, SIGSEGV, "SIGSEGV: strtol: bad pointer");
    int base = (int)args[2];
    if (base < 0 || base == 1 || base > 36) { /* nothing is read, nothing stored */
        aw_set_errno(machine, machine->run_slot, EINVAL);
        return AW_CALL_RETURN;
    }
    char *end;
    errno = 0;
    *result = unsigned_form ? strtoul((const char *)args[0], &end, base)
                            : (uint64_t)strtol((const char *)args[0], &end, base);
    if (errno != 0)
        aw_set_errno(machine, machine->run_slot, errno);
    if (args[1] != 0)
        *(char **)args[1] = end;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_strtol(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    return to_number(machine, args, result, false);
}

enum aw_call_result aw_call_strtoul(struct aw_machine *machine, const uint64_t *args,
                                    uint64_t *result)
{
    return to_number(machine, args, result, true);
}

/* The runtime's strtod and strtof: int (text, end, value, single); what is told is errno. */
enum aw_call_result aw_call_strtod(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    if (aw_user_string(machine, args[0]) < 0 ||
        (args[1] != 0 && !aw_user_writable(machine, args[1], sizeof(char *))) ||
        !aw_user_writable(machine, args[2], sizeof(double)))
        return aw_crash_call(machine, SIGSEGV, "SIGSEGV: strtod: bad pointer");
    char *end;
    errno = 0;
    *(double *)args[2] = args[3] != 0 ? (double)strtof((const char *)args[0], &end)
                                      : strtod((const char *)args[0], &end);
    *result = (uint64_t)errno;
    if (args[1] != 0)
        *(char **)args[1] = end;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_strcasecmp(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    if (sigsetjmp(machine->guard, 0) != 0)
        return aw_call_bad_pointer(machine, "strcasecmp");
    machine->guarded = true;
    *result = (uint64_t)(int64_t)strcasecmp((const char *)args[0], (const char *)args[1]);
    machine->guarded = false;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_strncasecmp(struct aw_machine *machine, const uint64_t *args,
                                        uint64_t *result)
{
    if (sigsetjmp(machine->guard, 0) != 0)
        return aw_call_bad_pointer(machine, "strncasecmp");
    machine->guarded = true;
    *result = (uint64_t)(int64_t)strncasecmp((const char *)args[0], (const char *)args[1], args[2]);
    machine->guarded = false;
    return AW_CALL_RETURN;
}

/* What the runtime needs. */

enum aw_call_result aw_call_log(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)result;
    if (!aw_user_valid(machine, args[1], args[2]))
        return aw_crash_call(machine, SIGSEGV, "SIGSEGV: output from a bad pointer");
    aw_reuse_print(machine, (int)args[0]);
    const struct aw_fd *fd = aw_process_fd(&machine->work, (int)args[0]);
    if (fd == NULL)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "printing to descriptor %d, which is closed, is not modelled",
                            (int)args[0]);
    if (fd->kind !=
        AW_FD_CONSOLE) /* where stdio's buffer is flushed decides what is written when */
        return aw_stop_call(
            machine, AW_STOP_UNMODELLED,
            "printing to descriptor %d, which is a pipe, is not modelled: use write", (int)args[0]);
    aw_run_event(machine, AW_EVENT_LOG, 0, args[0], 0, (const char *)args[1], (uint32_t)args[2]);
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_unmodelled(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    (void)result;
    int64_t length = aw_user_string(machine, args[0]);
    return aw_stop_call(machine, AW_STOP_UNMODELLED, "%.*s is not modelled",
                        length < 0 ? 1 : (int)length, length < 0 ? "?" : (const char *)args[0]);
}

enum aw_call_result aw_call_abort(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    (void)args;
    (void)result;
    return aw_crash_call(machine, SIGABRT, "SIGABRT: abort() was called");
}

enum aw_call_result aw_call_assert(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    (void)result;
    char text[300];
    bool valid = aw_user_string(machine, args[0]) >= 0;
    snprintf(text, sizeof text, "SIGABRT: assertion failed: %s",
             valid ? (const char *)args[0] : "?");
    return aw_crash_call(machine, SIGABRT, text);
}

enum aw_call_result aw_call_forget(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    (void)args;
    (void)result;
    aw_image_clear_below(&machine->image, machine->run_slot, aw_cpu.sp);
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_destructor(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    const struct aw_module *program = machine->program;
    if (args[0] < program->fini_count)
        *result = ((const uint64_t *)program->fini_array)[program->fini_count - 1 - args[0]];
    else if (args[0] == program->fini_count)
        *result = program->fini;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_raise(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    int signal = (int)args[0];
    if (signal < 0 || signal > 64)
        return aw_call_error(machine, result, EINVAL, "raise");
    if (signal == 0 || signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
        signal == SIGCONT || (machine->work.head.ignored & aw_signal_bit(signal)) != 0)
        return AW_CALL_RETURN;
    if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
        return aw_stop_call(machine, AW_STOP_UNMODELLED, "stopping a process is not modelled");
    char text[64];
    const char *name = sigabbrev_np(signal);
    snprintf(text, sizeof text, "SIG%s: raised by the program", name ? name : "RT");
    return aw_crash_call(machine, signal, text);
}

/* Probes. */

enum aw_call_result aw_call_probe(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    (void)result;
    int64_t length = -1;
    if (args[3] != 0) {
        length = aw_user_string(machine, args[3]);
        if (length < 0)
            return aw_crash_call(machine, SIGSEGV, "SIGSEGV: probe: bad pointer");
    }
    switch ((int)args[0]) {
    case AW_PROBE_WORKER:
        machine->work.head.worker = 1;
        aw_met_name(&machine->met.roles, "worker", 6);
        break;
    case AW_PROBE_ROLE:
        if (length >= 0) {
            aw_run_self(machine)->role =
                1 + aw_intern_put(&machine->payloads, (const void *)args[3], (uint32_t)length);
            aw_met_name(&machine->met.roles, (const char *)args[3], (unsigned)length);
        }
        break;
    case AW_PROBE_ERROR:
        aw_run_event(machine, AW_EVENT_ERROR, 0, args[1], *(uint64_t *)(aw_cpu.sp + AW_CPU_FRAME),
                     length >= 0 ? (const char *)args[3] : NULL,
                     length >= 0 ? (uint32_t)length : 0);
        return AW_CALL_RETURN;
    default:
        break;
    }
    aw_run_event(machine, AW_EVENT_PROBE, (uint32_t)args[0], args[1], args[2],
                 length >= 0 ? (const char *)args[3] : NULL, length >= 0 ? (uint32_t)length : 0);
    return AW_CALL_RETURN;
}

/* Fault points in the program's source (libfiu's fiu.h). */

enum aw_call_result aw_call_fiu_fail(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    int64_t length = aw_user_string(machine, args[0]), delay_ns;
    if (length < 0)
        return aw_crash_call(machine, SIGSEGV, "SIGSEGV: fiu_fail: bad pointer");
    *result = (uint64_t)(int64_t)aw_fault_point_met(machine, (const char *)args[0], &delay_ns);
    if (delay_ns == 0)
        return AW_CALL_RETURN;
    struct aw_op *op = aw_park(machine, AW_OP_SLEEP); /* and then 0, as from a point that is off */
    op->flags = AW_OP_TIMED;
    op->deadline = machine->now + delay_ns;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_fiu_none(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    (void)machine;
    (void)args;
    (void)result;
    return AW_CALL_RETURN; /* fiu_init: success; fiu_failinfo: NULL */
}
