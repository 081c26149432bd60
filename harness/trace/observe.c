/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "trace/observe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "allways/probe.h"
#include "base/check.h"
#include "base/intern.h"
#include "base/memory.h"
#include "machine/pipe.h"

enum private_kind { MUTEX, CONDITION, SEMAPHORE, PRIVATE_KINDS };

static const char *const private_names[PRIVATE_KINDS] = {"mutex", "condition", "semaphore"};

/* Everything about the operation that a step carries out. */
struct act {
    struct aw_observer *observer;
    struct aw_trace *trace;
    struct aw_walk *walk;
    const struct aw_walk_state *at; /* the state before it */
    uint32_t process;               /* number */
    unsigned index;                 /* in the layout */
    unsigned thread;                /* index in the process */
    uint32_t slot;
    const struct aw_local *local;
    const struct aw_op *op;
    uint32_t step; /* index */
};

static struct act act_of(struct aw_observer *observer, const struct aw_walk_state *at,
                         unsigned index, unsigned thread, uint32_t step)
{
    struct act act = {.observer = observer,
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

static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);
    return name != NULL ? name : "unknown error";
}

static const char *signal_text(struct aw_trace *trace, int number)
{
    const char *name = sigabbrev_np(number);
    return name != NULL ? aw_trace_text(trace, "SIG%s", name)
                        : aw_trace_text(trace, "signal %d", number);
}

static const char *status_text(struct aw_trace *trace, int status)
{
    return WIFSIGNALED(status) ? signal_text(trace, WTERMSIG(status))
                               : aw_trace_text(trace, "status %d", WEXITSTATUS(status));
}

/* Tables that were given may be of another program: what is not in them still has a name. */
static const char *process_name(struct aw_trace *trace, uint32_t number)
{
    return number < trace->process_count ? trace->processes[number].name
                                         : aw_trace_text(trace, "process %u", number + 1);
}

static const char *pid_name(struct act *act, uint32_t pid)
{
    if (pid == AW_INIT_PID)
        return "init";
    uint32_t number = aw_walk_by_pid(act->at, pid);
    return number == AW_TRACE_NONE ? aw_trace_text(act->trace, "no process")
                                   : process_name(act->trace, number);
}

static const char *thread_name(struct aw_trace *trace, uint32_t process, uint32_t slot)
{
    char buffer[256];
    if (process >= trace->process_count)
        return aw_trace_text(trace, "process %u.thread %u", process + 1, slot);
    return aw_trace_text(trace, "%s",
                         aw_trace_thread_name(trace, process, slot, buffer, sizeof buffer));
}

/* Of a thread as its own process calls it: "feeder", "thread 3"; the main one as the process. */
static const char *sibling_name(struct act *act, uint32_t slot)
{
    const char *name = thread_name(act->trace, act->process, slot);
    const char *process = process_name(act->trace, act->process);
    size_t length = strlen(process);
    return strncmp(name, process, length) == 0 && name[length] == '.' ? name + length + 1 : name;
}

static const char *object_name(struct act *act, uint32_t number)
{
    return number < act->trace->object_count ? act->trace->objects[number].name
                                             : aw_trace_text(act->trace, "object %u", number);
}

static const char *handle_name(struct act *act, uint32_t handle)
{
    uint32_t number = aw_walk_object(act->at, handle);
    return number == AW_TRACE_NONE ? "an object that is gone" : object_name(act, number);
}

static const char *fd_name(struct act *act, int fd, bool ends)
{
    const struct aw_fd *entry = fd < 0 ? NULL : aw_local_fd(act->local, fd);
    if (entry == NULL || entry->kind == AW_FD_CONSOLE)
        return aw_trace_text(act->trace, "descriptor %d", fd);
    return aw_trace_text(act->trace, "%s%s", handle_name(act, entry->handle),
                         !ends                             ? ""
                         : entry->kind == AW_FD_PIPE_WRITE ? " (write end)"
                                                           : " (read end)");
}

/* What lies in memory. */

static struct aw_memory *memory_of(struct aw_observer *observer, uint32_t process)
{
    return process < observer->trace->process_count ? &observer->memories[process] : NULL;
}

static struct aw_private *private_at(struct act *act, enum private_kind kind, uint64_t address)
{
    struct aw_memory *memory = memory_of(act->observer, act->process);
    uint32_t number = 1;
    if (memory == NULL)
        return NULL;
    for (uint32_t i = 0; i < memory->count; i++) {
        if (memory->things[i].kind != kind)
            continue;
        if (memory->things[i].address == address)
            return &memory->things[i];
        number++;
    }
    if (memory->count == memory->capacity) {
        memory->capacity = memory->capacity ? 2 * memory->capacity : 8;
        memory->things = aw_reallocate(memory->things, memory->capacity, sizeof *memory->things);
    }
    memory->things[memory->count] =
        (struct aw_private){.address = address, .kind = kind, .number = number};
    return &memory->things[memory->count++];
}

static const char *private_name(struct act *act, enum private_kind kind, uint64_t address)
{
    const struct aw_private *thing = private_at(act, kind, address);
    return aw_trace_text(act->trace, "%s %u", private_names[kind], thing ? thing->number : 0);
}

/* The mutex that an operation takes or gives back, or 0. */
static uint64_t mutex_of(const struct aw_op *op)
{
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
        return op->address;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_RELOCK:
        return op->argument;
    default:
        return 0;
    }
}

static void take_mutex(struct act *act, uint64_t address)
{
    struct aw_private *mutex = private_at(act, MUTEX, address);
    if (mutex == NULL)
        return;
    if (mutex->holder != act->slot + 1)
        *mutex = (struct aw_private){mutex->address, mutex->kind,  mutex->number,
                                     act->slot + 1,  mutex->depth, act->step};
    mutex->depth++;
}

static void give_mutex(struct act *act, uint64_t address)
{
    struct aw_private *mutex = private_at(act, MUTEX, address);
    if (mutex != NULL && mutex->depth > 0 && --mutex->depth == 0)
        mutex->holder = 0;
}

static struct aw_holder *holder_of(struct act *act, uint32_t object)
{
    const struct aw_trace *trace = act->trace;
    return object < trace->object_count && trace->objects[object].kind == AW_OBJECT_SEM &&
                   trace->objects[object].initial == 1
               ? &act->observer->holders[object]
               : NULL;
}

/* Follows who holds what; the step has been taken. */
static void follow(struct act *act, bool done)
{
    const struct aw_op *op = act->op;
    bool unused;
    struct aw_holder *holder;
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_COND_RELOCK:
        if (done)
            take_mutex(act, mutex_of(op));
        return;
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_COND_WAIT:
        give_mutex(act, mutex_of(op));
        return;
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT:
    case AW_OP_SEM_POST:
        holder = holder_of(
            act, aw_walk_object(
                     act->at, aw_machine_op_handle(act->walk->machine,
                                                   act->at->state.words[AW_WORD_FIRST + act->index],
                                                   act->thread, &unused)));
        if (holder != NULL && done)
            *holder =
                (struct aw_holder){op->kind != AW_OP_SEM_POST, act->process, act->slot, act->step};
        return;
    default:
        return;
    }
}

static void copy_memory(struct aw_observer *observer, uint32_t from, uint32_t to)
{
    struct aw_memory *source = memory_of(observer, from), *copy = memory_of(observer, to);
    if (source == NULL || copy == NULL || copy->things != NULL || source->count == 0)
        return;
    *copy = *source;
    copy->things = aw_allocate(source->capacity, sizeof *copy->things);
    memcpy(copy->things, source->things, source->count * sizeof *copy->things);
}

/* What the operation acts on. */
static const char *object_text(struct act *act)
{
    const struct aw_op *op = act->op;
    uint32_t size;
    bool write_end;
    switch ((enum aw_op_kind)op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
        return private_name(act, MUTEX, op->address);
    case AW_OP_COND_RELOCK:
        return private_name(act, MUTEX, op->argument);
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST:
        return private_name(act, CONDITION, op->address);
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_TIMEDWAIT:
    case AW_OP_USEM_POST:
    case AW_OP_USEM_GETVALUE:
        return private_name(act, SEMAPHORE, op->address);
    case AW_OP_JOIN:
    case AW_OP_DETACH:
        return sibling_name(act, (uint32_t)op->fd);
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT:
    case AW_OP_SEM_POST:
    case AW_OP_SEM_GETVALUE:
        return handle_name(act,
                           aw_machine_op_handle(act->walk->machine,
                                                act->at->state.words[AW_WORD_FIRST + act->index],
                                                act->thread, &write_end));
    case AW_OP_READ:
    case AW_OP_WRITE:
        return fd_name(act, op->fd, false);
    case AW_OP_PIPE_CONTROL:
    case AW_OP_CLOSE:
    case AW_OP_DUP:
        return fd_name(act, op->fd, true);
    case AW_OP_POLL: {
        const struct pollfd *set = aw_machine_payload(act->walk->machine, op->payload, &size);
        const char *text = "";
        for (uint64_t i = 0; i < op->argument; i++)
            text = aw_trace_text(act->trace, "%s%s%s", text, i > 0 ? ", " : "",
                                 fd_name(act, set[i].fd, false));
        return text;
    }
    case AW_OP_KILL:
        return pid_name(act, (uint32_t)op->argument);
    case AW_OP_SIGNAL:
    case AW_OP_FATAL:
        return signal_text(act->trace, op->fd);
    case AW_OP_WAIT:
        return op->fd > 0 ? pid_name(act, (uint32_t)op->fd) : "";
    case AW_OP_SEM_OPEN:
    case AW_OP_SEM_UNLINK: {
        const char *name = aw_machine_payload(act->walk->machine, op->payload, &size);
        return aw_trace_bytes(act->trace, name, strnlen(name, size));
    }
    default:
        return "";
    }
}

/* What it came to. */

static const struct aw_thread *thread_after(const struct act *act, const struct aw_local **local)
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

static const struct aw_thread *thread_in(const struct aw_local *local, uint32_t slot)
{
    const struct aw_thread *threads = aw_local_threads(local);
    for (uint32_t i = 0; i < local->thread_count; i++)
        if (threads[i].slot == slot)
            return &threads[i];
    return NULL;
}

static const char *woken_text(struct act *act, uint32_t choice, bool all)
{
    const struct aw_thread *threads = aw_local_threads(act->local);
    const char *text = NULL;
    for (uint32_t i = 0; i < act->local->thread_count; i++) {
        if (threads[i].status != AW_THREAD_PARKED || threads[i].op.kind != AW_OP_COND_SLEEP ||
            threads[i].op.address != act->op->address)
            continue;
        if (all || choice-- == 0)
            text = aw_trace_text(act->trace, "%s %s", text ? text : "wakes",
                                 sibling_name(act, threads[i].slot));
    }
    return text ? text : "nobody waits";
}

static const char *created_text(struct act *act, const struct aw_local *after)
{
    const struct aw_thread *threads = aw_local_threads(after);
    for (uint32_t i = 0; i < after->thread_count; i++) {
        const struct aw_thread *old = thread_in(act->local, threads[i].slot);
        if (old == NULL)
            return sibling_name(act, threads[i].slot);
    }
    return "0";
}

static const char *image_result(struct act *act, const struct aw_answer *answer)
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
        return op->extra == 0 ? "0" : error_name((int)op->extra);
    case AW_OP_COND_SIGNAL:
        return woken_text(act, answer->detail, false);
    case AW_OP_COND_BROADCAST:
        return woken_text(act, 0, true);
    case AW_OP_CREATE:
        return after != NULL ? created_text(act, after) : "0";
    case AW_OP_MUTEX_TRYLOCK: {
        const struct aw_private *mutex = private_at(act, MUTEX, op->address);
        return mutex != NULL && mutex->holder != 0 && mutex->holder != act->slot + 1 ? "EBUSY"
                                                                                     : "0";
    }
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_GETVALUE:
        return "?"; /* it is in the image, and the machine does not say */
    default:
        return "0";
    }
}

static const char *poll_result(struct act *act, const struct aw_answer *answer)
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
                                 fd_name(act, set[i].fd, false));
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

static const char *dup_result(struct act *act, const struct aw_local *after)
{
    const struct aw_fd *fds = aw_local_fds(after);
    for (uint32_t i = 0; i < after->fd_count; i++)
        if (aw_local_fd(act->local, fds[i].fd) == NULL)
            return aw_trace_text(act->trace, "%u", fds[i].fd);
    return aw_trace_text(act->trace, "%llu", (unsigned long long)act->op->argument);
}

/* Objects that were not there before the step. */
static const char *new_object(struct act *act)
{
    const struct aw_walk_state *after = &act->walk->at;
    for (uint32_t i = 0; i < after->layout->object_count; i++)
        if (aw_walk_object(&act->walk->before, after->layout->objects[i].handle) == AW_TRACE_NONE)
            return object_name(act, after->objects[i]);
    return "0";
}

static const char *answer_result(struct act *act, const struct aw_answer *answer)
{
    struct aw_trace *trace = act->trace;
    const struct aw_op *op = act->op;
    const struct aw_local *after = NULL;
    const struct aw_thread *next = thread_after(act, &after);
    if (next != NULL && next->op.kind == AW_OP_FATAL && answer->error == 0 &&
        answer->detail == (uint32_t)next->op.fd &&
        (op->kind == AW_OP_KILL || op->kind == AW_OP_WRITE) && next->op.pc == op->pc)
        return aw_trace_text(trace, "killed by %s", signal_text(trace, next->op.fd));
    if (answer->result < 0 && answer->error != 0)
        return aw_trace_text(trace, "-1 %s", error_name(answer->error));
    long long result = (long long)answer->result;
    switch (op->kind) {
    case AW_OP_READ:
        return result == 0 && op->argument > 0 ? "end of file" : bytes_text(trace, result, "");
    case AW_OP_WRITE:
        if (next != NULL && next->op.kind == AW_OP_WRITE && next->op.pc == op->pc &&
            (next->op.flags & AW_OP_SLEPT) != 0) {
            uint32_t more = next->op.progress - op->progress;
            return more == 0 ? "blocks"
                             : aw_trace_text(trace, "%u of %llu bytes, goes on", next->op.progress,
                                             (unsigned long long)op->argument);
        }
        return bytes_text(trace, result, act->walk->outcome.faults > 0 ? " (cut short)" : "");
    case AW_OP_PIPE:
        return new_object(act);
    case AW_OP_POLL:
        return poll_result(act, answer);
    case AW_OP_SEM_GETVALUE:
        return aw_trace_text(trace, "value %u", answer->detail);
    case AW_OP_FORK:
        if (act->walk->step.child_index != AW_INTERN_NONE)
            return process_name(trace, act->walk->at.processes[act->walk->step.child_index]);
        break;
    case AW_OP_WAIT:
        if (result > 0)
            return aw_trace_text(trace, "%s: %s", pid_name(act, (uint32_t)result),
                                 status_text(trace, (int)answer->detail));
        return "0 (none has ended)";
    case AW_OP_GETPID:
    case AW_OP_GETPPID:
        return aw_trace_text(trace, "pid of %s", pid_name(act, (uint32_t)result));
    case AW_OP_CLOCK:
        return aw_trace_text(trace, "%.6f s", (double)result / 1e9);
    case AW_OP_DUP:
        if (after != NULL)
            return dup_result(act, after);
        break;
    default:
        break;
    }
    return aw_trace_text(trace, "%lld", result);
}

static const char *result_text(struct act *act)
{
    const struct aw_outcome *outcome = &act->walk->outcome;
    if (!act->walk->moved)
        return outcome->stop == AW_STOP_CAPACITY ? "the machine stops: the pipe may fill up"
                                                 : "the machine stops: a table of it is full";
    if (outcome->effect == AW_EFFECT_EXIT)
        return status_text(act->trace, (int)outcome->detail);
    if (outcome->answer == AW_INTERN_NONE)
        return "";
    const struct aw_answer *answer = aw_machine_answer(act->walk->machine, outcome->answer);
    return aw_op_class(act->op->kind) == AW_ON_IMAGE ? image_result(act, answer)
                                                     : answer_result(act, answer);
}

/* Source places. */

static const char *known(struct aw_trace *trace, const char *text)
{
    return text == NULL ? "" : aw_trace_bytes(trace, text, strlen(text));
}

static void place(struct aw_observer *observer, uint64_t pc, const char **function,
                  const char **file, int *line)
{
    const char *at_function = NULL, *at_file = NULL;
    *line = 0;
    aw_machine_place(observer->walk.machine, pc, &at_function, &at_file, line);
    *function = known(observer->trace, at_function);
    *file = known(observer->trace, at_file);
    if (at_file == NULL || *line < 0)
        *line = 0;
}

/* Events. */

static const enum aw_trace_event_kind probe_kinds[] = {
    [AW_PROBE_PUT] = AW_TRACE_PUT,         [AW_PROBE_GOT] = AW_TRACE_GOT,
    [AW_PROBE_WORKERS] = AW_TRACE_WORKERS, [AW_PROBE_WORKER] = AW_TRACE_WORKER,
    [AW_PROBE_ROLE] = AW_TRACE_ROLE,       [AW_PROBE_NOTE] = AW_TRACE_NOTE,
    [AW_PROBE_ERROR] = AW_TRACE_ERROR,
};

static struct aw_trace_event event_of(struct aw_observer *observer, const struct aw_event *from,
                                      uint32_t process)
{
    static const enum aw_trace_event_kind kinds[] = {
        [AW_EVENT_PROBE] = AW_TRACE_NOTE,  [AW_EVENT_LOG] = AW_TRACE_LOG,
        [AW_EVENT_CRASH] = AW_TRACE_CRASH, [AW_EVENT_ERROR] = AW_TRACE_FAILED,
        [AW_EVENT_STOP] = AW_TRACE_STOP,
    };
    AW_CHECK(from->kind < sizeof kinds / sizeof *kinds);
    struct aw_trace_event event = {.kind = kinds[from->kind],
                                   .process = process,
                                   .a = from->a,
                                   .b = from->b,
                                   .text = "",
                                   .place = ""};
    if (from->kind == AW_EVENT_PROBE && from->what > 0 &&
        from->what < sizeof probe_kinds / sizeof *probe_kinds)
        event.kind = probe_kinds[from->what];
    if (from->kind == AW_EVENT_STOP)
        event.a = from->what;
    if (from->text != AW_INTERN_NONE) {
        uint32_t size;
        const void *text = aw_machine_payload(observer->walk.machine, from->text, &size);
        event.text = aw_trace_bytes(observer->trace, text, size);
    }
    if (from->kind != AW_EVENT_PROBE) {
        const char *function, *file;
        int line;
        event.b = 0; /* an address */
        place(observer, from->kind == AW_EVENT_LOG ? 0 : from->b, &function, &file, &line);
        if (function[0] != '\0' || file[0] != '\0')
            event.place = aw_trace_text(observer->trace, "%s%s%s:%d", function,
                                        function[0] ? " " : "", file, line);
    }
    return event;
}

static void add_event(struct aw_observer *observer, struct aw_trace_step *step,
                      struct aw_trace_event event)
{
    /* Powers of two: the count says whether there is room. */
    if ((step->event_count & (step->event_count - 1)) == 0) {
        struct aw_trace_event *more = aw_trace_memory(
            observer->trace, step->event_count ? 2ul * step->event_count : 1, sizeof *more);
        if (step->event_count > 0)
            memcpy(more, step->events, step->event_count * sizeof *more);
        step->events = more;
    }
    step->events[step->event_count++] = event;
}

static void add_events(struct aw_observer *observer, struct aw_trace_step *step, uint32_t events,
                       uint32_t process)
{
    uint32_t count;
    const struct aw_event *from = aw_machine_events(observer->walk.machine, events, &count);
    for (uint32_t i = 0; i < count; i++)
        add_event(observer, step, event_of(observer, &from[i], process));
}

/* Processes that lived before the step and do not any more. */
static void add_ends(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    for (uint32_t i = 0; i < walk->before.layout->process_count; i++) {
        const struct aw_local *before = aw_walk_local(walk, &walk->before, i);
        if (before->zombie)
            continue;
        int index = aw_walk_index(&walk->at, walk->before.processes[i]);
        const struct aw_local *after =
            index < 0 ? NULL : aw_walk_local(walk, &walk->at, (unsigned)index);
        if (after != NULL && !after->zombie)
            continue;
        struct aw_trace_event event = {.kind = AW_TRACE_END,
                                       .process = walk->before.processes[i],
                                       .a = after != NULL ? (uint32_t)after->status
                                                          : walk->outcome.detail,
                                       .text = before->worker ? "worker" : "",
                                       .place = ""};
        add_event(observer, step, event);
    }
}

/* How full everything is after the step. */
static void observe_levels(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    const struct aw_walk_state *at = &walk->at;
    const struct aw_layout *layout = at->layout;
    step->levels = aw_trace_memory(observer->trace, layout->object_count, sizeof *step->levels);
    for (uint32_t i = 0; i < layout->object_count; i++) {
        uint32_t size, word = AW_WORD_FIRST + layout->process_count + i;
        const void *object = aw_machine_object(walk->machine, at->state.words[word], &size);
        struct aw_trace_level level = {.object = at->objects[i]};
        level.level = layout->objects[i].kind == AW_OBJECT_PIPE
                          ? ((const struct aw_pipe *)object)->byte_count
                          : ((const struct aw_sem *)object)->value;
        uint32_t place = step->level_count++;
        for (; place > 0 && step->levels[place - 1].object > level.object; place--)
            step->levels[place] = step->levels[place - 1];
        step->levels[place] = level;
    }
}

static void observe_clock(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_world *world =
        aw_machine_world(observer->walk.machine, &observer->walk.at.state);
    step->process = AW_TRACE_NONE;
    step->operation = "clock";
    step->object = step->function = step->file = "";
    step->result = aw_trace_text(observer->trace, "%.6f s have passed", (double)world->now / 1e9);
}

static void observe_events(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    if (walk->step.edge != AW_INTERN_NONE) {
        const struct aw_edge edge = *aw_machine_edge(walk->machine, walk->step.edge);
        add_events(observer, step, edge.events, step->process);
        if (walk->step.child_index != AW_INTERN_NONE)
            add_events(observer, step, edge.child_events,
                       walk->at.processes[walk->step.child_index]);
    }
    if (step->process != AW_TRACE_NONE)
        add_ends(observer, step);
}

/* Operations on the image are answered inside the process. That one failed is known from the event
 * that the machine makes of it. */
static void correct_result(struct act *act, struct aw_trace_step *step)
{
    if (aw_op_class(act->op->kind) == AW_ON_IMAGE && step->event_count > 0 &&
        step->events[0].kind == AW_TRACE_FAILED &&
        strcmp(step->events[0].text, step->operation) == 0)
        step->result = error_name((int)step->events[0].a);
}

static bool succeeded(const struct aw_trace_step *step)
{
    return !step->expired && strncmp(step->result, "-1", 2) != 0 && step->result[0] != 'E';
}

static void observe_thread(struct aw_observer *observer, struct aw_trace_step *step)
{
    struct aw_walk *walk = &observer->walk;
    struct act act = act_of(observer, &walk->before, walk->process, walk->thread, walk->steps - 1);
    step->process = act.process;
    step->operation = aw_op_name(act.op->kind);
    step->object = object_text(&act);
    step->result = result_text(&act);
    step->expired = walk->outcome.expiry != 0;
    step->faults = walk->outcome.faults;
    place(observer, act.op->pc, &step->function, &step->file, &step->line);
    if (!walk->moved)
        return;
    observe_events(observer, step);
    correct_result(&act, step);
    follow(&act, succeeded(step));
    if (walk->step.child_index != AW_INTERN_NONE)
        copy_memory(observer, act.process, walk->at.processes[walk->step.child_index]);
}

int aw_observe_step(struct aw_observer *observer, const struct aw_choice *choice,
                    struct aw_trace_step *step, struct aw_error *error)
{
    struct aw_walk *walk = &observer->walk;
    memset(step, 0, sizeof *step);
    int status = aw_walk_step(walk, choice, error);
    if (status != 0)
        return status;
    step->choice = *choice;
    step->outcomes = walk->outcomes;
    if (choice->pid == 0)
        observe_clock(observer, step);
    else
        observe_thread(observer, step);
    observe_levels(observer, step);
    step->now = aw_machine_world(walk->machine, &walk->at.state)->now;
    return 0;
}

/* The end. */

static const char *holder_text(struct act *act)
{
    const struct aw_op *op = act->op;
    struct aw_trace *trace = act->trace;
    bool unused;
    if (op->kind == AW_OP_MUTEX_LOCK || op->kind == AW_OP_MUTEX_TIMEDLOCK ||
        op->kind == AW_OP_COND_RELOCK) {
        const struct aw_private *mutex = private_at(act, MUTEX, mutex_of(op));
        if (mutex == NULL || mutex->holder == 0)
            return "";
        uint32_t slot = mutex->holder - 1;
        return aw_trace_text(
            trace, "%s has held it since step %u%s",
            slot == act->slot ? "it itself" : sibling_name(act, slot), mutex->since + 1,
            thread_in(act->local, slot) == NULL ? ", and does not exist in this process (any more)"
                                                : "");
    }
    if (op->kind == AW_OP_SEM_WAIT || op->kind == AW_OP_SEM_TIMEDWAIT) {
        uint32_t object = aw_walk_object(
            act->at, aw_machine_op_handle(act->walk->machine,
                                          act->at->state.words[AW_WORD_FIRST + act->index],
                                          act->thread, &unused));
        const struct aw_holder *holder = holder_of(act, object);
        if (holder == NULL || !holder->held)
            return "";
        int index = aw_walk_index(act->at, holder->process);
        bool ended = index < 0 || aw_walk_local(act->walk, act->at, (unsigned)index)->zombie;
        return aw_trace_text(trace, "%s took it at step %u%s",
                             thread_name(trace, holder->process, holder->slot), holder->since + 1,
                             ended ? " and has ended" : "");
    }
    return "";
}

void aw_observe_at_end(struct aw_observer *observer)
{
    struct aw_walk *walk = &observer->walk;
    const struct aw_walk_state *at = &walk->at;
    struct aw_trace *trace = observer->trace;
    uint32_t capacity = 0;
    trace->at_end_count = 0;
    for (uint32_t i = 0; i < at->layout->process_count; i++)
        capacity += aw_walk_local(walk, at, i)->thread_count;
    trace->at_end = aw_reallocate(trace->at_end, capacity ? capacity : 1, sizeof *trace->at_end);
    for (uint32_t i = 0; i < at->layout->process_count; i++) {
        const struct aw_local *local = aw_walk_local(walk, at, i);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            if (local->zombie || aw_local_threads(local)[t].status != AW_THREAD_PARKED)
                continue;
            struct act act = act_of(observer, at, i, t, walk->steps);
            struct aw_trace_waiting *waiting = &trace->at_end[trace->at_end_count++];
            *waiting = (struct aw_trace_waiting){.process = act.process,
                                                 .slot = act.slot,
                                                 .operation = aw_op_name(act.op->kind),
                                                 .object = object_text(&act),
                                                 .holder = ""};
            waiting->blocked =
                aw_machine_outcomes(walk->machine, &at->state, i, t, walk->found) == 0;
            if (waiting->blocked)
                waiting->holder = holder_text(&act);
            place(observer, act.op->pc, &waiting->function, &waiting->file, &waiting->line);
        }
    }
}

void aw_observe_start(struct aw_observer *observer, struct aw_trace *trace,
                      struct aw_machine *machine)
{
    memset(observer, 0, sizeof *observer);
    observer->trace = trace;
    observer->memories = aw_allocate(trace->process_count + 1ul, sizeof *observer->memories);
    observer->holders = aw_allocate(trace->object_count + 1ul, sizeof *observer->holders);
    aw_walk_start(&observer->walk, machine);
}

void aw_observe_end(struct aw_observer *observer)
{
    for (uint32_t i = 0; i < observer->trace->process_count; i++)
        free(observer->memories[i].things);
    free(observer->memories);
    free(observer->holders);
}
