/* SPDX-License-Identifier: MIT */
/*
 * run.c - running program code from one visible operation to the next.
 *
 * A run ends in one of three ways: the code calls an import that parks it; a signal handler ends it
 * (the program crashed, or used up its CPU time); or the machine cannot go on (AW_EVENT_STOP). In
 * the last two the thread is parked at a fatal signal, so that every process is always parked.
 *
 * System calls made by program code itself are caught by syscall user dispatch (Linux 5.11,
 * Documentation/admin-guide/syscall-user-dispatch.rst): only addresses above the window may enter
 * the kernel, so nothing needs to be switched on the way in and out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <ucontext.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "machine/cpu.h"
#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/shared.h"
#include "machine/touch.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif

enum { TICK_MICROSECONDS = 20000, ALTERNATE_STACK = 64 << 10 };

/* The machine whose code may be running: what signal handlers look at. */
static struct aw_machine *volatile running;
static volatile uint32_t run_serial, tick_serial, ticks;
static char dispatch_selector = 1;
static bool host_ready;

struct aw_thread *aw_run_self(struct aw_machine *machine)
{
    int index = aw_process_thread(&machine->work, machine->run_slot);
    AW_CHECK(index >= 0);
    return &machine->work.threads[index];
}

static void leave_from_handler(ucontext_t *context, int signal, uint64_t address)
{
    aw_cpu.signal = signal;
    aw_cpu.fault_address = address;
    aw_cpu.fault_pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    aw_cpu.sp = aw_gate.sp != 0 ? aw_gate.sp : (uint64_t)context->uc_mcontext.gregs[REG_RSP];
    aw_gate.sp = 0;
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)aw_cpu_abandon;
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)(0x400 | 0x100);
}

static void on_fault(int signal, siginfo_t *info, void *opaque)
{
    struct aw_machine *machine = running;
    ucontext_t *context = opaque;
    /* For an address that is not canonical the processor gives none. */
    bool known = info->si_code != SI_KERNEL || signal != SIGSEGV;
    uint64_t address = known ? (uint64_t)info->si_addr : UINT64_MAX;
    if (machine != NULL && signal == SIGSEGV && aw_image_fault(&machine->image, address))
        return;
    if (machine != NULL && aw_cpu.inside && aw_touch_signal(signal, address, context))
        return;
    if (machine != NULL && aw_cpu.inside) {
        if (signal == SIGTRAP && aw_sites_trap(machine, context) == AW_SITE_GO)
            return;
        leave_from_handler(context, signal, address);
        return;
    }
    if (machine != NULL && machine->guarded) {
        aw_cpu.signal = signal;
        aw_cpu.fault_address = address;
        aw_cpu.fault_pc = 0;
        siglongjmp(machine->guard, 1);
    }
    /* Our own bug: die of it, visibly. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
}

static void on_tick(int signal, siginfo_t *info, void *opaque)
{
    (void)info;
    struct aw_machine *machine = running;
    if (machine == NULL || run_serial != tick_serial) {
        tick_serial = run_serial;
        ticks = 0;
        return;
    }
    if (!aw_cpu.inside)
        return;
    ticks++;
    if ((uint64_t)ticks * TICK_MICROSECONDS >= machine->settings.run_milliseconds * 1000ul)
        leave_from_handler(opaque, signal, 0);
}

int aw_run_host_init(struct aw_error *error)
{
    if (host_ready)
        return 0;
    void *stack =
        mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        return aw_fail(error, AW_E_SYSTEM, "no memory for the signal stack: %s", strerror(errno));
    stack_t alternate = {.ss_sp = stack, .ss_size = ALTERNATE_STACK};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER};
    action.sa_sigaction = on_fault;
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    int failed = sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        failed |= sigaction(faults[i], &action, NULL);
    action.sa_sigaction = on_tick;
    failed |= sigaction(SIGVTALRM, &action, NULL);
    if (failed)
        return aw_fail(error, AW_E_SYSTEM, "signal handlers cannot be set: %s", strerror(errno));
    /* A fence, not a foundation: kernels before 5.11 do without. All the host's libraries lie on one
     * side of the window: above it, or below, with a stack that is unlimited. */
    bool below = (uint64_t)(uintptr_t)prctl < AW_WINDOW;
    uint64_t start = below ? AW_PAGE : AW_WINDOW_END;
    uint64_t end = below ? AW_WINDOW : (uint64_t)1 << 47;
    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, end - start, &dispatch_selector);
    host_ready = true;
    return 0;
}

void aw_run_start(struct aw_machine *machine)
{
    struct itimerval tick = {{0, TICK_MICROSECONDS}, {0, TICK_MICROSECONDS}};
    running = machine;
    setitimer(ITIMER_VIRTUAL, &tick, NULL);
}

void aw_run_stop(struct aw_machine *machine)
{
    struct itimerval never = {{0, 0}, {0, 0}};
    AW_CHECK(running == machine);
    setitimer(ITIMER_VIRTUAL, &never, NULL);
    running = NULL;
}

void aw_run_event(struct aw_machine *machine, uint32_t kind, uint32_t what, uint64_t a, uint64_t b,
                  const char *text, uint32_t length)
{
    if (machine->event_count == machine->event_capacity) {
        machine->event_capacity = machine->event_capacity ? 2 * machine->event_capacity : 16;
        machine->event_buffer = aw_reallocate(machine->event_buffer, machine->event_capacity,
                                              sizeof *machine->event_buffer);
    }
    struct aw_event *event = &machine->event_buffer[machine->event_count++];
    *event = (struct aw_event){.kind = kind, .what = what, .a = a, .b = b, .text = AW_INTERN_NONE};
    if (text != NULL)
        event->text = aw_intern_put(&machine->payloads, text, length);
    static const uint8_t flags[] = {
        [AW_EVENT_PROBE] = AW_EDGE_PROBE,
        [AW_EVENT_LOG] = 0,
        [AW_EVENT_CRASH] = AW_EDGE_CRASH,
        [AW_EVENT_ERROR] = AW_EDGE_ERROR,
        [AW_EVENT_LEAK] = AW_EDGE_LEAK,
        [AW_EVENT_STOP] = AW_EDGE_STOP,
        [AW_EVENT_POINT] = 0,
        [AW_EVENT_RACE] = AW_EDGE_RACE,
        [AW_EVENT_MEMORY] = AW_EDGE_MEMORY,
    };
    machine->event_flags |= flags[kind];
}

/* A call is given memory of a shared mapping that was not brought for it (touch.h): noted, and the check
 * stops when the call is over. */
static bool is_brought(const struct aw_machine *machine, uint64_t address, uint64_t length)
{
    if (aw_touch_holds(address, length))
        return true;
    ((struct aw_machine *)machine)->shared_touched = true;
    return false;
}

bool aw_user_valid(const struct aw_machine *machine, uint64_t address, uint64_t length)
{
    uint64_t end;
    if (length == 0)
        return true;
    if (aw_is_shared(address))
        return is_brought(machine, address, length);
    if (__builtin_add_overflow(address, length, &end))
        return false;
    if ((address >= machine->program->start && end <= machine->program->end) ||
        (address >= machine->runtime->start && end <= machine->runtime->end))
        return true;
    return aw_image_contains(&machine->image, address, length);
}

bool aw_user_writable(const struct aw_machine *machine, uint64_t address, uint64_t length)
{
    if (length == 0)
        return true;
    if (aw_is_shared(address))
        return is_brought(machine, address, length);
    return aw_image_contains(&machine->image, address, length);
}

bool aw_user_fillable(const struct aw_machine *machine, uint64_t address, uint64_t length)
{
    return aw_shared_is_mapped(&machine->work, address, length, true) ||
           aw_user_writable(machine, address, length);
}

int64_t aw_user_string(const struct aw_machine *machine, uint64_t address)
{
    for (int64_t length = 0;; length++) {
        if ((length == 0 || (address + (uint64_t)length) % AW_PAGE == 0) &&
            !aw_user_valid(machine, address + (uint64_t)length, 1))
            return -1;
        if (*(const char *)(address + (uint64_t)length) == '\0')
            return length;
    }
}

uint8_t *aw_scratch(struct aw_machine *machine, uint32_t size)
{
    if (size > machine->scratch_capacity) {
        machine->scratch_capacity = 2 * size;
        machine->scratch = aw_reallocate(machine->scratch, machine->scratch_capacity, 1);
    }
    return machine->scratch;
}

void aw_set_errno(struct aw_machine *machine, uint32_t slot, int error)
{
    (void)machine;
    *(int *)(aw_local_of(slot) + AW_ERRNO_OFFSET) = error;
}

/* Where a thread that has left program code keeps its frame pointer (cpu_switch.S). */
enum { SAVED_RBP = 48 };

/* The return address of the call, in the program rather than in the runtime where possible: the
 * runtime's frames are small, and what lies above them on the stack is the program's. */
uint64_t aw_run_call_site(const struct aw_machine *machine)
{
    uint64_t place = aw_cpu.sp + AW_CPU_FRAME;
    uint64_t pc = *(const uint64_t *)place;
    const struct aw_module *program = machine->program;
    if (pc >= program->text_start && pc < program->text_end)
        return pc;
    uint64_t top = aw_stack_top(machine->run_slot);
    /* The runtime keeps frame pointers: what called it is at the end of their chain. */
    const uint64_t *frame = *(const uint64_t *const *)(aw_cpu.sp + SAVED_RBP);
    while ((uint64_t)frame > place && (uint64_t)frame + 16 <= top && (uint64_t)frame % 8 == 0) {
        if (frame[1] >= program->text_start && frame[1] < program->text_end)
            return frame[1];
        if (frame[0] == 0)
            return pc; /* the program has returned from main, or never begun */
        if (frame[0] <= (uint64_t)frame)
            break;
        frame = (const uint64_t *)frame[0];
    }
    for (unsigned i = 1; i < 128 && place + 8 * i < top; i++) {
        uint64_t word = *(const uint64_t *)(place + 8 * i);
        if (word > program->text_start + 5 && word < program->text_end) {
            const uint8_t *code = (const uint8_t *)word;
            bool is_call = code[-5] == 0xe8 || (code[-6] == 0xff && code[-5] == 0x15) ||
                           (code[-2] == 0xff && (code[-1] & 0x38) == 0x10) ||
                           (code[-3] == 0x41 && code[-2] == 0xff);
            if (is_call)
                return word;
        }
    }
    return pc;
}

struct aw_op *aw_park(struct aw_machine *machine, enum aw_op_kind kind)
{
    AW_CHECK(aw_gate.section == 0 || kind == AW_OP_FATAL); /* nobody may see half of it */
    machine->parked = (struct aw_op){
        .kind = (uint8_t)kind,
        .fd = -1,
        .payload = AW_INTERN_NONE,
        .pc = aw_run_call_site(machine),
    };
    return &machine->parked;
}

enum aw_call_result aw_stop_call(struct aw_machine *machine, enum aw_stop what, const char *format,
                                 ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= (int)sizeof text)
        length = sizeof text - 1;
    aw_run_event(machine, AW_EVENT_STOP, what, 0, aw_run_call_site(machine), text,
                 (uint32_t)length);
    return AW_CALL_STOP;
}

enum aw_call_result aw_stop_touched(struct aw_machine *machine, const char *call)
{
    return aw_stop_call(machine, AW_STOP_UNMODELLED,
                        "%s with memory of a shared mapping is not modelled", call);
}

enum aw_call_result aw_crash_call(struct aw_machine *machine, int signal, const char *text)
{
    struct aw_op *op = aw_park(machine, AW_OP_FATAL);
    op->fd = signal;
    aw_run_event(machine, AW_EVENT_CRASH, 0, (uint64_t)signal, op->pc, text,
                 (uint32_t)strlen(text));
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_error(struct aw_machine *machine, uint64_t *result, int error,
                                  const char *call)
{
    aw_set_errno(machine, machine->run_slot, error);
    aw_run_event(machine, AW_EVENT_ERROR, 0, (uint64_t)error, aw_run_call_site(machine), call,
                 (uint32_t)strlen(call));
    *result = (uint64_t)-1;
    return AW_CALL_RETURN;
}

int aw_thread_start(struct aw_machine *machine, uint32_t slot, uint64_t function,
                    const uint64_t args[6], struct aw_error *error)
{
    if (aw_image_map_slot(&machine->image, slot, error) != 0)
        return error->code;
    int index = aw_process_add_thread(&machine->work, slot);
    if (index < 0)
        return aw_fail(error, AW_E_LIMIT, "more than %d threads in one process", AW_MAX_THREADS);
    const struct aw_module *program = machine->program;
    if (program->tls_file_size > 0)
        memcpy((void *)(aw_local_of(slot) + AW_TLS_OFFSET), (const void *)program->tls_image,
               program->tls_file_size);
    struct aw_thread *thread = &machine->work.threads[index];
    thread->sp = aw_cpu_first_frame(aw_stack_top(slot), machine->start_stub, function, args,
                                    aw_fresh_byte(&machine->settings));
    thread->op.kind = AW_OP_START;
    thread->op.fd = -1;
    thread->op.payload = AW_INTERN_NONE;
    thread->op.pc = args[0] >= program->text_start && args[0] < program->text_end ? args[0] + 1
                    : args[0] == 0                                                ? 0
                                                                                  : function;
    return 0;
}

static void park_fatal(struct aw_machine *machine, int signal)
{
    machine->parked = (struct aw_op){
        .kind = AW_OP_FATAL,
        .fd = signal,
        .payload = AW_INTERN_NONE,
    };
}

/* Does a call end there? Breakpoints stand on the first byte of some that go through memory. */
static bool is_behind_call(const struct aw_module *program, uint64_t address)
{
    enum { CALL = 0xe8, INDIRECT = 0xff, BREAKPOINT = 0xcc };
    if (address < program->text_start + 7 || address >= program->text_end)
        return false;
    const uint8_t *end = (const uint8_t *)address;
    for (int length = 2; length <= 7; length++) /* ff /2, by a register or an address */
        if ((end[-length] == INDIRECT || end[-length] == BREAKPOINT) &&
            (end[1 - length] >> 3 & 7) == 2)
            return true;
    return end[-5] == CALL;
}

/* A return address in the program at or above the stack pointer: where a leaf function of libc
 * that crashed was called from. Other words may be addresses of code as well. */
static uint64_t program_pc(const struct aw_machine *machine)
{
    const struct aw_module *program = machine->program;
    uint64_t pc = aw_sites_place(machine, aw_cpu.fault_pc);
    if (pc >= program->text_start && pc < program->text_end)
        return pc + 1; /* as return addresses point past their call */
    uint64_t top = aw_stack_top(machine->run_slot);
    for (uint64_t place = (aw_cpu.sp + 7) & ~7ul;
         place >= top - machine->image.stack_bytes && place < top; place += 8) {
        uint64_t word = *(const uint64_t *)place;
        if (is_behind_call(program, word))
            return word;
    }
    return pc >= AW_WINDOW && pc < AW_WINDOW_END ? pc + 1 : 0;
}

static void crashed(struct aw_machine *machine)
{
    int signal = aw_cpu.signal;
    uint64_t address = aw_cpu.fault_address,
             low = aw_stack_top(machine->run_slot) - machine->image.stack_bytes;
    char text[400];
    const char *trapped = signal == SIGSEGV ? aw_bind_trapped(machine, address) : NULL;
    if (trapped != NULL) {
        snprintf(text, sizeof text,
                 aw_cpu.fault_pc == address
                     ? "%s is not modelled"
                     : "the variable '%s' of another library is not modelled: define it in the "
                       "program",
                 trapped);
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, program_pc(machine), text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    if (aw_touch_is_unseen(machine, signal, address)) {
        snprintf(text, sizeof text,
                 "an access to a shared mapping that no instrumentation tells of is not modelled: "
                 "compile its file with `allways cc`, and without assembly there");
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, program_pc(machine), text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    bool overflow = signal == SIGSEGV && address < low && address + AW_STACK_STRIDE / 2 >= low;
    if (signal == SIGVTALRM) {
        aw_access_runaway(machine);
        snprintf(text, sizeof text,
                 "no visible operation within %u ms of CPU time: the bound on code between two "
                 "operations",
                 machine->settings.run_milliseconds);
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_RUNAWAY, 0, program_pc(machine), text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    if (signal == SIGTRAP && machine->sites.input != NULL) {
        snprintf(text, sizeof text, "the instruction %s is not modelled%s", machine->sites.input,
                 machine->sites.by_segment ? ": it uses a segment register" : "");
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, machine->sites.pc, text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    if (signal == SIGTRAP && machine->sites.kind != 0) {
        machine->run_sp = 0;
        if (aw_access_refuse(machine)) {
            park_fatal(machine, SIGABRT);
            return;
        }
        char name[120];
        if (machine->sites.size > 0)
            aw_access_name(machine, machine->sites.address, name, sizeof name);
        else
            snprintf(name, sizeof name, "several places");
        snprintf(text, sizeof text,
                 "the compiler announces no access to %s here (a structure passed or returned by "
                 "value, inline assembly): copy it to a variable of its own",
                 name);
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, machine->sites.pc, text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    if (signal == SIGSYS) {
        snprintf(text, sizeof text, "a system call made without libc is not modelled");
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, program_pc(machine), text,
                     (uint32_t)strlen(text));
        park_fatal(machine, SIGKILL);
        return;
    }
    if (overflow)
        snprintf(text, sizeof text, "SIGSEGV: stack overflow (the stack has %llu KiB)",
                 (unsigned long long)(machine->image.stack_bytes >> 10));
    else if (signal == SIGSEGV || signal == SIGBUS)
        snprintf(text, sizeof text, "SIG%s: bad access%s", sigabbrev_np(signal),
                 address < AW_PAGE ? " through a null pointer" : "");
    else
        snprintf(text, sizeof text, "SIG%s: %s", sigabbrev_np(signal), sigdescr_np(signal));
    aw_run_event(machine, AW_EVENT_CRASH, 0, (uint64_t)signal, program_pc(machine), text,
                 (uint32_t)strlen(text));
    park_fatal(machine, signal);
}

/* A hook that a signal has ended leaves the red zones of its frames on the host's stack. */
static void forget_frames(void)
{
#ifdef __SANITIZE_ADDRESS__
    enum { HOOKS = 64 << 10 };
    char *here = __builtin_frame_address(0);
    __asan_unpoison_memory_region(here - HOOKS, HOOKS);
#endif
}

void aw_run_thread(struct aw_machine *machine, uint64_t result)
{
    uint32_t slot = machine->run_slot;
    aw_cpu.sp = aw_run_self(machine)->sp;
    aw_cpu.result_high = machine->result_high;
    machine->result_high = 0;
    run_serial++;
    machine->code_runs++;
    uint64_t sp = 0;
    for (;;) {
        uint32_t import = aw_cpu_enter(result);
        if (import == AW_CPU_LEFT) {
            forget_frames();
            crashed(machine);
            sp = aw_stack_top(slot);
            break;
        }
        sp = machine->run_sp = aw_cpu.sp;
        result = 0;
        aw_cpu.result_high = 0;
        aw_touch_call();
        aw_reuse_call(machine, &machine->imports[import]);
        enum aw_call_result how;
        uint32_t events = machine->event_count;
        machine->shared_touched = false;
        if (machine->imports[import].unseen && aw_gate.records)
            how =
                aw_stop_call(machine, AW_STOP_UNMODELLED,
                             "%s in a process with several threads is not modelled: what it reads "
                             "and writes is not known",
                             machine->imports[import].name);
        else if (machine->imports[import].hook != NULL ||
                 machine->imports[import].footprint != NULL)
            how = (enum aw_call_result)aw_access_call(machine, import, aw_cpu.args, &result);
        else if (machine->imports[import].call == NULL)
            how = aw_stop_call(machine, AW_STOP_UNMODELLED, "%s is not modelled",
                               machine->imports[import].name);
        else
            how = machine->imports[import].call(machine, aw_cpu.args, &result);
        if (machine->shared_touched) {
            machine->event_count = events;
            machine->event_flags &= (uint8_t) ~(AW_EDGE_CRASH | AW_EDGE_ERROR);
            how = aw_stop_touched(machine, machine->imports[import].name);
        }
        if (how == AW_CALL_RETURN)
            continue;
        if (how == AW_CALL_STOP) {
            park_fatal(machine, machine->refused ? SIGABRT : SIGKILL);
            sp = aw_stack_top(slot);
        }
        break;
    }
    struct aw_thread *thread = aw_run_self(machine);
    thread->sp = sp;
    thread->op = machine->parked;
    aw_image_clear_below(&machine->image, slot, sp);
}
