/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "trace/act.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/intern.h"
#include "machine/shared.h"

struct aw_act aw_act_of(struct aw_observer *observer, const struct aw_walk_state *at,
                        unsigned index, unsigned thread, uint32_t step)
{
    struct aw_act act = {.observer = observer,
                         .trace = observer->trace,
                         .walk = &observer->walk,
                         .at = at,
                         .process = at->processes[index],
                         .index = index,
                         .thread = thread,
                         .step = step};
    act.local = aw_walk_local(act.walk, at, index);
    const struct aw_thread *of = &aw_local_threads(act.local)[thread];
    act.slot = of->slot;
    act.op = &of->op;
    return act;
}

/* Names. */

const char *aw_act_error_name(int error)
{
    const char *name = strerrorname_np(error);
    return name != NULL ? name : "unknown error";
}

static const char *aw_act_signal(struct aw_trace *trace, int number)
{
    const char *name = sigabbrev_np(number);
    return name != NULL ? aw_trace_text(trace, "SIG%s", name)
                        : aw_trace_text(trace, "signal %d", number);
}

static const char *aw_act_status(struct aw_trace *trace, int status)
{
    return WIFSIGNALED(status) ? aw_act_signal(trace, WTERMSIG(status))
                               : aw_trace_text(trace, "status %d", WEXITSTATUS(status));
}

/* Tables that were given may be of another program: what is not in them still has a name. */
static const char *aw_act_process(struct aw_trace *trace, uint32_t number)
{
    return number < trace->process_count ? trace->processes[number].name
                                         : aw_trace_text(trace, "process %u", number + 1);
}

static const char *aw_act_pid(struct aw_act *act, uint32_t pid)
{
    if (pid == AW_INIT_PID)
        return "init";
    uint32_t number = aw_walk_by_pid(act->at, pid);
    return number == AW_TRACE_NONE ? aw_trace_text(act->trace, "no process")
                                   : aw_act_process(act->trace, number);
}

const char *aw_act_thread(struct aw_trace *trace, uint32_t process, uint32_t slot)
{
    char buffer[256];
    if (process >= trace->process_count)
        return aw_trace_text(trace, "process %u.thread %u", process + 1, slot);
    return aw_trace_text(trace, "%s",
                         aw_trace_thread_name(trace, process, slot, buffer, sizeof buffer));
}

/* Of a thread as its own process calls it: "feeder", "thread 3"; the main one as the process. */
const char *aw_act_sibling(struct aw_act *act, uint32_t slot)
{
    const char *name = aw_act_thread(act->trace, act->process, slot);
    const char *process = aw_act_process(act->trace, act->process);
    size_t length = strlen(process);
    return strncmp(name, process, length) == 0 && name[length] == '.' ? name + length + 1 : name;
}

static const char *aw_act_object_name(struct aw_act *act, uint32_t number)
{
    return number < act->trace->object_count ? act->trace->objects[number].name
                                             : aw_trace_text(act->trace, "object %u", number);
}

static const char *aw_act_handle(struct aw_act *act, uint32_t handle)
{
    uint32_t number = aw_walk_object(act->at, handle);
    return number == AW_TRACE_NONE ? "an object that is gone" : aw_act_object_name(act, number);
}

static const char *aw_act_fd(struct aw_act *act, int fd, bool ends)
{
    const struct aw_fd *entry = fd < 0 ? NULL : aw_local_fd(act->local, fd);
    if (entry == NULL || entry->kind == AW_FD_CONSOLE)
        return aw_trace_text(act->trace, "descriptor %d", fd);
    return aw_trace_text(act->trace, "%s%s", aw_act_handle(act, entry->handle),
                         !ends || !aw_fd_is_pipe(entry)    ? ""
                         : entry->kind == AW_FD_PIPE_WRITE ? " (write end)"
                                                           : " (read end)");
}

const char *aw_act_operation(struct aw_act *act)
{
    return act->op->kind == AW_OP_ACCESS ? aw_act_access_name(act)
                                         : aw_op_name((enum aw_op_kind)act->op->kind);
}

static enum aw_private_kind private_kind(enum aw_target_kind kind)
{
    static const enum aw_private_kind kinds[] = {
        [AW_TARGET_MUTEX] = AW_PRIVATE_MUTEX,         [AW_TARGET_CONDITION] = AW_PRIVATE_CONDITION,
        [AW_TARGET_SEMAPHORE] = AW_PRIVATE_SEMAPHORE, [AW_TARGET_RWLOCK] = AW_PRIVATE_RWLOCK,
        [AW_TARGET_BARRIER] = AW_PRIVATE_BARRIER,
    };
    return kinds[kind];
}

/* What the operation acts on. */
const char *aw_act_object(struct aw_act *act)
{
    const struct aw_op *op = act->op;
    uint32_t size;
    bool write_end;
    if ((op->flags & AW_OP_SHARED) != 0)
        return aw_trace_text(
            act->trace, "%s+%llu", aw_act_handle(act, aw_shared_handle(op->address)),
            (unsigned long long)(op->address - aw_shared_address(aw_shared_handle(op->address))));
    const struct aw_op_target target = aw_op_target(op);
    if (target.kind != AW_TARGET_NONE)
        return aw_act_private_name(act, private_kind(target.kind), target.address);
    switch ((enum aw_op_kind)op->kind) {
    case AW_OP_ACCESS:
        return aw_act_access_object(act);
    case AW_OP_JOIN:
    case AW_OP_DETACH:
        return aw_act_sibling(act, (uint32_t)op->fd);
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT:
    case AW_OP_SEM_POST:
    case AW_OP_SEM_GETVALUE:
        return aw_act_handle(act,
                             aw_machine_op_handle(act->walk->machine,
                                                  act->at->state.words[AW_WORD_FIRST + act->index],
                                                  act->thread, &write_end));
    case AW_OP_READ:
    case AW_OP_WRITE:
        return aw_act_fd(act, op->fd, false);
    case AW_OP_MMAP:
        return op->fd < 0 ? "" : aw_act_fd(act, op->fd, false);
    case AW_OP_PIPE_CONTROL:
    case AW_OP_FTRUNCATE:
    case AW_OP_FSTAT:
    case AW_OP_FD_FLAGS:
    case AW_OP_CLOSE:
    case AW_OP_DUP:
        return aw_act_fd(act, op->fd, true);
    case AW_OP_POLL: {
        const struct pollfd *set = aw_machine_payload(act->walk->machine, op->payload, &size);
        const char *text = "";
        for (uint64_t i = 0; i < op->argument; i++)
            text = aw_trace_text(act->trace, "%s%s%s", text, i > 0 ? ", " : "",
                                 aw_act_fd(act, set[i].fd, false));
        return text;
    }
    case AW_OP_KILL:
        return aw_act_pid(act, (uint32_t)op->argument);
    case AW_OP_SIGNAL:
    case AW_OP_FATAL:
        return aw_act_signal(act->trace, op->fd);
    case AW_OP_WAIT:
        return op->fd > 0 ? aw_act_pid(act, (uint32_t)op->fd) : "";
    case AW_OP_SEM_OPEN:
    case AW_OP_SEM_UNLINK:
    case AW_OP_SHM_OPEN:
    case AW_OP_SHM_UNLINK: {
        const char *name = aw_machine_payload(act->walk->machine, op->payload, &size);
        return aw_trace_bytes(act->trace, name, strnlen(name, size));
    }
    default:
        return "";
    }
}

/* What it came to. */

static const struct aw_thread *thread_after(const struct aw_act *act, const struct aw_local **local)
{
    int index = aw_walk_index(&act->walk->at, act->process);
    if (index < 0)
        return NULL;
    *local = aw_walk_local(act->walk, &act->walk->at, (unsigned)index);
    const struct aw_thread *threads = aw_local_threads(*local);
    for (uint32_t i = 0; i < (*local)->thread_count; i++)
        if (threads[i].slot == act->slot)
            return &threads[i];
    return NULL;
}

const struct aw_thread *aw_act_thread_in(const struct aw_local *local, uint32_t slot)
{
    const struct aw_thread *threads = aw_local_threads(local);
    for (uint32_t i = 0; i < local->thread_count; i++)
        if (threads[i].slot == slot)
            return &threads[i];
    return NULL;
}

static const char *woken_text(struct aw_act *act, uint32_t choice, bool all)
{
    const struct aw_thread *threads = aw_local_threads(act->local);
    const char *text = NULL;
    for (uint32_t i = 0; i < act->local->thread_count; i++) {
        if (threads[i].status != AW_THREAD_PARKED || threads[i].op.kind != AW_OP_COND_SLEEP ||
            threads[i].op.address != act->op->address)
            continue;
        if (all || choice-- == 0)
            text = aw_trace_text(act->trace, "%s %s", text ? text : "wakes",
                                 aw_act_sibling(act, threads[i].slot));
    }
    return text ? text : "nobody waits";
}

static const char *created_text(struct aw_act *act, const struct aw_local *after)
{
    const struct aw_thread *threads = aw_local_threads(after);
    for (uint32_t i = 0; i < after->thread_count; i++) {
        const struct aw_thread *old = aw_act_thread_in(act->local, threads[i].slot);
        if (old == NULL)
            return aw_act_sibling(act, threads[i].slot);
    }
    return "0";
}

/* What an operation on the image gave to the code. */
static long long call_result(const struct aw_act *act)
{
    uint32_t edge = act->walk->step.edge;
    return edge == AW_INTERN_NONE ? 0 : aw_machine_edge(act->walk->machine, edge)->result;
}

static const char *image_result(struct aw_act *act, const struct aw_answer *answer)
{
    const struct aw_op *op = act->op;
    const struct aw_local *after = NULL;
    const struct aw_thread *next = thread_after(act, &after);
    if (act->walk->outcome.expiry)
        return "ETIMEDOUT";
    switch (op->kind) {
    case AW_OP_COND_WAIT:
        return next != NULL && next->op.kind == AW_OP_COND_SLEEP ? "asleep" : "0";
    case AW_OP_COND_RELOCK:
        return call_result(act) == 0 ? "0" : aw_act_error_name((int)call_result(act));
    case AW_OP_COND_SIGNAL:
        return woken_text(act, answer->detail, false);
    case AW_OP_COND_BROADCAST:
        return woken_text(act, 0, true);
    case AW_OP_CREATE:
        return after != NULL ? created_text(act, after) : "0";
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_CONSISTENT:
    case AW_OP_RWLOCK_RDLOCK:
    case AW_OP_RWLOCK_TRYRDLOCK:
    case AW_OP_RWLOCK_TIMEDRDLOCK:
    case AW_OP_RWLOCK_WRLOCK:
    case AW_OP_RWLOCK_TRYWRLOCK:
    case AW_OP_RWLOCK_TIMEDWRLOCK:
    case AW_OP_RWLOCK_UNLOCK:
    case AW_OP_JOIN:
    case AW_OP_DETACH:
        return call_result(act) == 0 ? "0" : aw_act_error_name((int)call_result(act));
    case AW_OP_MUTEX_UNLOCK:
        return call_result(act) == 0 ? aw_act_unlocked(act)
                                     : aw_act_error_name((int)call_result(act));
    case AW_OP_BARRIER_WAIT:
        return next != NULL && next->op.kind == AW_OP_BARRIER_SLEEP ? "waits"
               : call_result(act) == 0                              ? "all are there"
                                                                    : "all are there, serial";
    case AW_OP_ACCESS:
        return aw_act_access_result(act, call_result(act), after);
    case AW_OP_USEM_TRYWAIT:
        return call_result(act) == 0 ? "0" : "-1 EAGAIN";
    case AW_OP_USEM_GETVALUE:
        return aw_trace_text(act->trace, "%lld", call_result(act));
    default:
        return "0";
    }
}

static const char *poll_result(struct aw_act *act, const struct aw_answer *answer)
{
    static const struct {
        int bit;
        const char *name;
    } names[] = {{POLLIN, "POLLIN"},
                 {POLLOUT, "POLLOUT"},
                 {POLLERR, "POLLERR"},
                 {POLLHUP, "POLLHUP"},
                 {POLLNVAL, "POLLNVAL"}};
    uint32_t size;
    if (answer->output == AW_INTERN_NONE || answer->result <= 0)
        return act->walk->outcome.expiry ? "nothing (timed out)" : "nothing";
    const struct pollfd *set = aw_machine_payload(act->walk->machine, act->op->payload, &size);
    const int16_t *revents = aw_machine_payload(act->walk->machine, answer->output, &size);
    const char *text = "";
    for (uint64_t i = 0; i < act->op->argument; i++) {
        if (revents[i] == 0)
            continue;
        if (act->op->argument > 1)
            text = aw_trace_text(act->trace, "%s%s%s:", text, text[0] ? "; " : "",
                                 aw_act_fd(act, set[i].fd, false));
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (revents[i] & names[k].bit)
                text = aw_trace_text(act->trace, "%s%s%s", text, text[0] ? " " : "", names[k].name);
    }
    return text;
}

static const char *bytes_text(struct aw_trace *trace, long long count, const char *more)
{
    return aw_trace_text(trace, "%lld byte%s%s", count, count == 1 ? "" : "s", more);
}

/* The fault at the call, or NULL. */
static const struct aw_fault *fault_at_call(const struct aw_act *act)
{
    const struct aw_outcome *outcome = &act->walk->outcome;
    return outcome->fault == 0 ? NULL
                               : &aw_machine_faults(act->walk->machine)->faults[outcome->fault - 1];
}

static bool is_cut(const struct aw_act *act)
{
    const struct aw_fault *fault = fault_at_call(act);
    return fault != NULL && fault->kind == AW_FAULT_PARTIAL;
}

bool aw_act_is_delayed(const struct aw_act *act)
{
    const struct aw_fault *fault = fault_at_call(act);
    return fault != NULL && fault->kind == AW_FAULT_DELAY &&
           (aw_fault_point_reserved(fault->point) && strncmp(fault->point, "libc/", 5) != 0);
}

/* What an answer of a fault at the call comes to, or NULL. */
static const char *injected_result(struct aw_act *act)
{
    const struct aw_outcome *outcome = &act->walk->outcome;
    const struct aw_fault *fault = fault_at_call(act);
    if (fault == NULL || !aw_fault_point_reserved(fault->point) ||
        strncmp(fault->point, "libc/", 5) == 0)
        return NULL;
    switch (fault->kind) {
    case AW_FAULT_ERRNO:
        if (aw_machine_answer(act->walk->machine, outcome->answer)->result > 0)
            return NULL; /* a write that was interrupted after progress */
        return aw_trace_text(act->trace, "%s%s", act->op->kind == AW_OP_CREATE ? "" : "-1 ",
                             aw_act_error_name(outcome->value));
    case AW_FAULT_SPURIOUS:
        return "awake for no reason";
    case AW_FAULT_DELAY:
        return "delayed";
    default:
        return NULL;
    }
}

static const char *dup_result(struct aw_act *act, const struct aw_local *after)
{
    const struct aw_fd *fds = aw_local_fds(after);
    for (uint32_t i = 0; i < after->fd_count; i++)
        if (aw_local_fd(act->local, fds[i].fd) == NULL)
            return aw_trace_text(act->trace, "%u", fds[i].fd);
    return aw_trace_text(act->trace, "%llu", (unsigned long long)act->op->argument);
}

/* Objects that were not there before the step. */
static const char *new_object(struct aw_act *act)
{
    const struct aw_walk_state *after = &act->walk->at;
    for (uint32_t i = 0; i < after->layout->object_count; i++)
        if (aw_walk_object(&act->walk->before, after->layout->objects[i].handle) == AW_TRACE_NONE)
            return aw_act_object_name(act, after->objects[i]);
    return "0";
}

static const char *answer_result(struct aw_act *act, const struct aw_answer *answer)
{
    struct aw_trace *trace = act->trace;
    const struct aw_op *op = act->op;
    const struct aw_local *after = NULL;
    const struct aw_thread *next = thread_after(act, &after);
    if (next != NULL && next->op.kind == AW_OP_FATAL && answer->error == 0 &&
        answer->detail == (uint32_t)next->op.fd &&
        (op->kind == AW_OP_KILL || op->kind == AW_OP_WRITE) && next->op.pc == op->pc)
        return aw_trace_text(trace, "killed by %s", aw_act_signal(trace, next->op.fd));
    if (answer->result < 0 && answer->error != 0)
        return aw_trace_text(trace, "-1 %s", aw_act_error_name(answer->error));
    long long result = (long long)answer->result;
    switch (op->kind) {
    case AW_OP_READ:
        return result == 0 && op->argument > 0
                   ? "end of file"
                   : bytes_text(trace, result, is_cut(act) ? " (cut short)" : "");
    case AW_OP_WRITE:
        if (next != NULL && next->op.kind == AW_OP_WRITE && next->op.pc == op->pc &&
            (next->op.flags & AW_OP_SLEPT) != 0) {
            uint32_t more = next->op.progress - op->progress;
            return more == 0 ? "blocks"
                             : aw_trace_text(trace, "%u of %llu bytes, goes on", next->op.progress,
                                             (unsigned long long)op->argument);
        }
        return bytes_text(trace, result, is_cut(act) ? " (cut short)" : "");
    case AW_OP_PIPE:
    case AW_OP_MEMFD:
        return new_object(act);
    case AW_OP_FTRUNCATE:
        return bytes_text(trace, (long long)op->argument, "");
    case AW_OP_FSTAT:
        return bytes_text(trace, (long long)answer->detail, "");
    case AW_OP_POLL:
        return poll_result(act, answer);
    case AW_OP_SEM_GETVALUE:
        return aw_trace_text(trace, "value %u", answer->detail);
    case AW_OP_FORK:
        if (act->walk->step.child_index != AW_INTERN_NONE)
            return aw_act_process(trace, act->walk->at.processes[act->walk->step.child_index]);
        break;
    case AW_OP_WAIT:
        if (result > 0)
            return aw_trace_text(trace, "%s: %s", aw_act_pid(act, (uint32_t)result),
                                 aw_act_status(trace, (int)answer->detail));
        return "0 (none has ended)";
    case AW_OP_GETPID:
    case AW_OP_GETPPID:
        return aw_trace_text(trace, "pid of %s", aw_act_pid(act, (uint32_t)result));
    case AW_OP_CLOCK:
        return aw_trace_text(trace, "%.6f s", (double)result / 1e9);
    case AW_OP_FD_FLAGS:
        return aw_trace_text(trace, "%lld", call_result(act));
    case AW_OP_DUP:
        if (after != NULL)
            return dup_result(act, after);
        break;
    default:
        break;
    }
    return aw_trace_text(trace, "%lld", result);
}

const char *aw_act_result(struct aw_act *act)
{
    const struct aw_outcome *outcome = &act->walk->outcome;
    if (!act->walk->moved)
        return outcome->stop == AW_STOP_CAPACITY   ? "the machine stops: the pipe may fill up"
               : outcome->stop == AW_STOP_OUTCOMES ? "the machine stops: too many outcomes"
                                                   : "the machine stops: a table of it is full";
    if (outcome->effect == AW_EFFECT_EXIT)
        return aw_act_status(act->trace, (int)outcome->detail);
    if (outcome->answer == AW_INTERN_NONE)
        return "";
    const struct aw_answer *answer = aw_machine_answer(act->walk->machine, outcome->answer);
    const char *injected = injected_result(act);
    if (injected != NULL)
        return injected;
    if (aw_op_class_of(act->op) == AW_ON_MEMORY && act->op->kind == AW_OP_ACCESS)
        return aw_act_touched(act, answer);
    if (aw_op_class_of(act->op) == AW_ON_MEMORY && answer->result > 0)
        return aw_act_error_name((int)answer->result);
    if (aw_op_class_of(act->op) == AW_ON_MEMORY && answer->action == AW_ACT_ANSWER &&
        answer->result == 0 && aw_shared_is_wait((enum aw_op_kind)act->op->kind))
        return aw_act_waited(act, answer);
    return aw_op_class_of(act->op) == AW_ON_IMAGE ? image_result(act, answer)
                                                  : answer_result(act, answer);
}
