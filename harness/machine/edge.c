/* SPDX-License-Identifier: MIT */
/*
 * edge.c - processes learned as automata: the C code runs once for each distinct step.
 *
 * An edge is keyed by everything that the step depends on: the local state (image, threads,
 * descriptors ...), the thread, and the complete answer to its operation, output bytes included.
 * Keys are compared whole, never by hash. A fork is one edge with two results.
 *
 * Result codes that name a process (wait, and fork once a child is gone) are abstracted while
 * symmetry is on: the step is executed with each pid that a sibling can have, and when the results
 * are the same bytes the pid cannot matter.
 */
#include <allways/probe.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "machine/internal.h"
#include "machine/shared.h"
#include "machine/touch.h"

uint32_t aw_answer_put(struct aw_machine *machine, const struct aw_answer *answer)
{
    return aw_intern_put(&machine->answers, answer, sizeof *answer);
}

void aw_edge_reset(struct aw_machine *machine)
{
    machine->event_count = 0;
    machine->event_flags = 0;
}

static uint32_t save_events(struct aw_machine *machine)
{
    if (machine->event_count == 0)
        return AW_INTERN_NONE;
    return aw_intern_put(&machine->events, machine->event_buffer,
                         machine->event_count * (uint32_t)sizeof *machine->event_buffer);
}

static uint32_t op_key(struct aw_machine *machine, const struct aw_op *op, bool write_end)
{
    struct {
        uint32_t kind, payload, progress, write_end, slept, zero;
        uint64_t argument, extra;
    } key;
    memset(&key, 0, sizeof key);
    key.kind = op->kind;
    key.write_end = write_end;
    if (op->kind == AW_OP_READ) {
        key.argument = op->argument;
    } else if (op->kind == AW_OP_WRITE) {
        key.payload = op->payload;
        key.progress = op->progress;
        key.argument = op->argument;
        key.slept = (op->flags & AW_OP_SLEPT) != 0;
    } else if (op->kind == AW_OP_PIPE_CONTROL) {
        key.argument = op->argument;
        key.extra = op->extra;
    } else if (op->kind == AW_OP_FTRUNCATE) {
        key.argument = op->argument;
    } else if ((op->flags & AW_OP_SHARED) != 0) { /* write_end: the thread holds the mutex */
        key.payload = op->payload;
        key.argument = op->address;
        key.extra = op->kind == AW_OP_SHARED_PUT        ? op->argument
                    : op->kind == AW_OP_MUTEX_TIMEDLOCK ? op->extra
                                                        : 0;
    }
    return aw_intern_put(&machine->op_keys, &key, sizeof key);
}

static void room_for_info(struct aw_machine *machine, uint32_t id)
{
    if (id < machine->info_capacity)
        return;
    uint32_t old = machine->info_capacity;
    machine->info_capacity = old ? 2 * old : 256;
    machine->infos = aw_reallocate(machine->infos, machine->info_capacity, sizeof *machine->infos);
    memset(machine->infos + old, 0, (machine->info_capacity - old) * sizeof *machine->infos);
}

static struct aw_thread_info *new_infos(struct aw_machine *machine, uint32_t count)
{
    enum { HEADER = 16 }; /* of the host's malloc */
    machine->info_bytes += count * sizeof(struct aw_thread_info) + HEADER;
    return aw_allocate(count, sizeof(struct aw_thread_info));
}

void aw_local_described_as(struct aw_machine *machine, uint32_t id, uint32_t other, unsigned thread)
{
    uint32_t count = aw_local_get(machine, id)->thread_count;
    room_for_info(machine, id);
    struct aw_thread_info *infos = new_infos(machine, count);
    memcpy(infos, machine->infos[other].threads, count * sizeof *infos);
    for (uint32_t i = 0; i < count; i++)
        infos[i].last_answer = infos[i].last_edge = 0;
    infos[thread] = (struct aw_thread_info){
        .kind = AW_OP_ACCESS,
        .op_class = AW_ON_IMAGE,
        .outcomes = 1,
        .handle = AW_INTERN_NONE,
        .flags = aw_local_threads(aw_local_get(machine, id))[thread].op.flags,
        .sigpipe_ignored = infos[thread].sigpipe_ignored,
    };
    machine->infos[id].threads = infos;
    machine->infos[id].thread_count = count;
    machine->infos[id].names = machine->infos[other].names;
}

/* Describes the threads of machine->work, whose image is in place, for the local state `id`. */
void aw_local_described(struct aw_machine *machine, uint32_t id)
{
    const struct aw_process *work = &machine->work;
    room_for_info(machine, id);
    struct aw_thread_info *infos = new_infos(machine, work->head.thread_count);
    bool names = false;
    for (int i = 0; i < work->head.thread_count; i++) {
        const struct aw_thread *thread = &work->threads[i];
        struct aw_thread_info *info = &infos[i];
        info->handle = info->own = AW_INTERN_NONE;
        if (thread->status != AW_THREAD_PARKED)
            continue;
        info->kind = thread->op.kind;
        info->flags = thread->op.flags;
        info->sigpipe_ignored = (work->head.ignored & aw_signal_bit(SIGPIPE)) != 0;
        names |= thread->op.kind == AW_OP_WAIT && thread->op.fd > 0;
        info->op_class = (uint8_t)aw_op_class_of(&thread->op);
        if (info->op_class == AW_ON_IMAGE) {
            info->outcomes = (uint8_t)aw_image_outcomes(machine, work, i, &info->owner);
        } else if (thread->op.kind == AW_OP_FTRUNCATE || thread->op.kind == AW_OP_FSTAT) {
            const struct aw_fd *fd = aw_process_fd(&machine->work, thread->op.fd);
            if (fd != NULL && aw_fd_is_memory(fd)) {
                info->handle = fd->handle;
                info->write_end = fd->kind == AW_FD_MEMORY_READ;
                info->op_key = op_key(machine, &thread->op, info->write_end);
            }
        } else if (info->op_class == AW_ON_MEMORY) {
            bool mine = false;
            bool waits = thread->op.kind == AW_OP_COND_WAIT || thread->op.kind == AW_OP_COND_RELOCK;
            uint64_t lock = waits ? thread->op.argument : thread->op.address;
            for (uint32_t k = 0; k < work->head.lock_count; k++)
                mine |= work->locks[k].address == lock && work->locks[k].slot == thread->slot;
            info->handle = aw_shared_handle(thread->op.address);
            info->write_end = mine;
            info->op_key = op_key(machine, &thread->op, mine);
        } else if (info->op_class == AW_ON_SEM) {
            info->handle = (uint32_t)thread->op.argument;
            info->op_key = op_key(machine, &thread->op, false);
        } else if (info->op_class == AW_ON_PIPE || thread->op.kind == AW_OP_CLOSE) {
            const struct aw_fd *fd = aw_process_fd(&machine->work, thread->op.fd);
            bool wrong_end =
                fd != NULL && ((thread->op.kind == AW_OP_READ && fd->kind == AW_FD_PIPE_WRITE) ||
                               (thread->op.kind == AW_OP_WRITE && fd->kind == AW_FD_PIPE_READ));
            if (fd != NULL && aw_fd_is_pipe(fd) && !wrong_end) {
                info->handle = fd->handle;
                info->write_end = fd->kind == AW_FD_PIPE_WRITE;
                info->op_key = op_key(machine, &thread->op, info->write_end);
            }
        }
    }
    machine->infos[id].threads = infos;
    machine->infos[id].thread_count = work->head.thread_count;
    machine->infos[id].names = names;
}

uint32_t aw_edge_save_local(struct aw_machine *machine)
{
    aw_image_save(&machine->image);
    uint32_t size =
        aw_process_pack(&machine->work, machine->image.current, machine->image.current_count,
                        &machine->pack_buffer, &machine->pack_capacity);
    bool is_new;
    uint32_t id = aw_intern_add(&machine->locals, machine->pack_buffer, size, &is_new);
    if (is_new)
        aw_local_described(machine, id);
    if (machine->work.head.thread_count > 1)
        machine->threads_seen = true;
    return id;
}

static void unpack(struct aw_machine *machine, uint32_t local)
{
    const struct aw_local *from = aw_local_get(machine, local);
    aw_image_load(&machine->image, aw_local_chunks(from), from->chunk_count);
    aw_process_unpack(&machine->work, from);
    machine->event_count = 0;
    machine->event_flags = 0;
}

void aw_edges_forget(struct aw_machine *machine)
{
    aw_map_deinit(&machine->edge_map);
    aw_map_init(&machine->edge_map);
    /* Others remember edges by their numbers; 0 is for what is not remembered. */
    machine->edge_first = machine->edge_count > 0 ? machine->edge_count - 1 : 0;
    aw_reuse_forget(machine);
}

/* Two threads at conflicting accesses: told by the step that leads there. */
static void tell_race(struct aw_machine *machine)
{
    int one, other;
    char text[500];
    if (machine->work.head.thread_count < 2 ||
        !aw_access_race(machine, machine->work.threads, machine->work.head.thread_count, &one,
                        &other))
        return;
    aw_access_race_text(machine, one, other, text, sizeof text);
    aw_run_event(machine, AW_EVENT_RACE, 0, 0, machine->work.threads[one].op.pc, text,
                 (uint32_t)strlen(text));
}

/* The thread remembers what its step has touched, and others may, too. */
static void track(struct aw_machine *machine)
{
    struct aw_process *work = &machine->work;
    int index = aw_process_thread(work, machine->run_slot);
    if (index < 0 || work->threads[index].status != AW_THREAD_PARKED)
        return;
    uint32_t touched = aw_track_end(machine);
    work->threads[index].touched = touched;
    aw_track_conflicts(machine, work->threads, work->head.thread_count, index, touched, true);
}

/* Executes one side of a step. `in_child`: the child's side of a fork. */
static uint32_t execute(struct aw_machine *machine, uint32_t local, unsigned thread,
                        const struct aw_answer *answer, bool in_child, uint32_t *events,
                        uint8_t *flags, uint32_t *footprint, uint32_t *stores)
{
    unpack(machine, local);
    int index = (int)thread;
    uint64_t result = 0;
    machine->run_slot = machine->work.threads[index].slot;
    machine->work.threads[index].touched = 0;
    machine->now = answer->now;
    bool runs = true;
    machine->in_child = in_child;
    machine->leaving = false;
    machine->point_count = 0;
    machine->point_faults = NULL;
    machine->point_fault_count = 0;
    aw_reuse_begin(machine);
    if (answer->faults != 0) {
        machine->point_faults = aw_intern_get(&machine->payloads, answer->faults - 1);
        machine->point_fault_count = aw_intern_size(&machine->payloads, answer->faults - 1) /
                                     (uint32_t)sizeof *machine->point_faults;
    }
    machine->parked =
        (struct aw_op){.payload = AW_INTERN_NONE}; /* where the run before has ended */
    aw_access_begin(machine);
    aw_touch_begin(machine);
    if (in_child)
        aw_finish_fork_child(machine, machine->run_slot);
    else
        runs = aw_finish(machine, index, answer, &result);
    if (!in_child)
        machine->edge_result = (int64_t)result;
    if (machine->value_read)
        machine->edge_result = machine->value;
    machine->value_read = false;
    aw_access_enter(machine);
    if (runs)
        aw_run_thread(machine, result);
    *footprint = aw_access_end(machine);
    *stores = aw_touch_end(machine);
    machine->run_freed =
        machine->freed_count == 0
            ? AW_INTERN_NONE
            : aw_intern_put(&machine->payloads, machine->freed,
                            machine->freed_count * (uint32_t)sizeof *machine->freed);
    track(machine);
    tell_race(machine);
    uint32_t next = aw_edge_save_local(machine);
    *events = save_events(machine);
    *flags = machine->event_flags;
    return next;
}

/* Children of one process have the pids 64 p + 1 .. 64 p + 63 (state.h), the lowest that is free.
 */
enum { LAST_ORDINAL = 63 };

/* Does the step get a pid that may be another one where siblings are interchanged? wait() does; and
 * fork(), but for the root as long as no child of it is gone.
 *
 * While none is, the children of the root are those with the numbers 1 to n, in whatever order
 * siblings are put, and n is what its local state says. So in all states that differ by an
 * interchange of siblings fork returns the same number, and the root may keep it: that it does is
 * no reason to tell siblings apart. What it can do with it later is: pass it to a call that takes
 * a pid, or compare it with what getpid() says, which names a process (named_pid); or compare it
 * with the result of wait() or of such a later fork(), and that step is tried with all. */
static bool yields_pid(struct aw_machine *machine, uint32_t local, unsigned thread,
                       const struct aw_answer *answer)
{
    const struct aw_local *from = aw_local_get(machine, local);
    uint8_t kind = aw_local_threads(from)[thread].op.kind;
    return answer->result > 0 &&
           (kind == AW_OP_WAIT || (kind == AW_OP_FORK && !aw_fork_is_next(from, answer->result)));
}

/* The result is the pid of a child: is the step another one with the pid that it would have where
 * siblings are interchanged? Each is tried: a program may compare it with anything, but nothing is
 * known of it where all of them lead to the same bytes. Of a grandchild, the pid tells its parent's,
 * so all numbers are tried at each level; where that is too many, it counts as another step. Only
 * those with a number from `first` to `last` in them are tried, none above. */
static bool pid_matters(struct aw_machine *machine, uint32_t local, unsigned thread,
                        const struct aw_answer *answer, const struct aw_edge *edge, uint32_t first,
                        uint32_t last)
{
    enum { MOST = 4096 };
    uint32_t count = 1;
    unsigned levels = 0;
    for (int64_t pid = answer->result; pid > AW_ROOT_PID; pid /= 64, levels++)
        if ((count *= last) > MOST)
            return true;
    struct aw_answer other = *answer;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t events, footprint, stores, left = n;
        uint8_t flags;
        bool is_new = false;
        other.result = AW_ROOT_PID;
        for (unsigned level = 0; level < levels; level++, left /= last) {
            other.result = other.result * 64 + left % last + 1;
            is_new |= left % last + 1 >= first;
        }
        if (!is_new || other.result == answer->result)
            continue;
        uint32_t next =
            execute(machine, local, thread, &other, false, &events, &flags, &footprint, &stores);
        if (next != edge->next || events != edge->events || stores != edge->stores)
            return true;
    }
    return false;
}

static struct aw_edge make(struct aw_machine *machine, uint32_t local, unsigned thread,
                           uint32_t answer_id)
{
    struct aw_answer answer =
        *(const struct aw_answer *)aw_intern_get(&machine->answers, answer_id);
    struct aw_edge edge = {.child = AW_INTERN_NONE, .child_events = AW_INTERN_NONE};
    edge.next = execute(machine, local, thread, &answer, false, &edge.events, &edge.flags,
                        &edge.footprint, &edge.stores);
    edge.freed = machine->run_freed;
    edge.result = machine->edge_result;
    if ((machine->learning || machine->symmetry) && yields_pid(machine, local, thread, &answer))
        /* Asked without symmetry too: the edge may be used with it later. What is not remembered
         * cannot be asked again when there are more children. */
        edge.pid_matters = pid_matters(machine, local, thread, &answer, &edge, 1,
                                       machine->learning ? machine->pid_ordinals : LAST_ORDINAL);
    if (aw_local_threads(aw_local_get(machine, local))[thread].op.kind == AW_OP_FORK &&
        answer.result > 0)
        edge.child = execute(machine, local, thread, &answer, true, &edge.child_events,
                             &edge.child_flags, &(uint32_t){0}, &(uint32_t){0});
    return edge;
}

uint32_t aw_edge_get(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer)
{
    uint64_t key = local | (uint64_t)thread << 32;
    if (machine->learning) {
        uint32_t known = aw_map_get(&machine->edge_map, key, answer);
        if (known != AW_MAP_NONE)
            return known;
    }
    struct aw_edge edge;
    if (!machine->learning || !aw_reuse_find(machine, local, thread, answer, &edge)) {
        edge = make(machine, local, thread, answer);
        if (machine->learning)
            aw_reuse_learn(machine, local, thread, answer, &edge);
    }
    if (!machine->learning && machine->edge_count > 0) {
        machine->edges[0] = edge; /* number 0 is for what is not to be remembered */
        return 0;
    }
    if (machine->edge_count == machine->edge_capacity) {
        machine->edge_capacity = machine->edge_capacity ? 2 * machine->edge_capacity : 256;
        machine->edges =
            aw_reallocate(machine->edges, machine->edge_capacity, sizeof *machine->edges);
        machine->edge_keys = aw_reallocate(machine->edge_keys, 2ul * machine->edge_capacity,
                                           sizeof *machine->edge_keys);
    }
    if (machine->edge_count == 0) {
        memset(&machine->edges[0], 0, sizeof machine->edges[0]);
        memset(machine->edge_keys, 0, 2 * sizeof *machine->edge_keys);
        machine->edge_count = 1;
        if (!machine->learning) {
            machine->edges[0] = edge;
            return 0;
        }
    }
    uint32_t number = machine->edge_count++;
    machine->edges[number] = edge;
    machine->edge_keys[2ul * number] = key;
    machine->edge_keys[2ul * number + 1] = answer;
    aw_map_put(&machine->edge_map, key, answer, number);
    return number;
}

void aw_edge_cover_pid(struct aw_machine *machine, uint32_t pid)
{
    uint32_t first = machine->pid_ordinals + 1, last = pid % 64;
    if (last < first)
        return;
    machine->pid_ordinals = last;
    for (uint32_t number = machine->edge_first + 1; number < machine->edge_count; number++) {
        uint64_t key = machine->edge_keys[2ul * number];
        uint32_t local = (uint32_t)key, thread = (uint32_t)(key >> 32);
        struct aw_answer answer = *(const struct aw_answer *)aw_intern_get(
            &machine->answers, (uint32_t)machine->edge_keys[2ul * number + 1]);
        struct aw_edge edge = machine->edges[number];
        if (edge.pid_matters || !yields_pid(machine, local, thread, &answer) ||
            !pid_matters(machine, local, thread, &answer, &edge, first, last))
            continue;
        machine->edges[number].pid_matters = true;
        machine->pid_mattered = true;
    }
}

bool aw_machine_recheck(struct aw_machine *machine, uint32_t number)
{
    if (number <= machine->edge_first || number >= machine->edge_count)
        return true;
    uint64_t key = machine->edge_keys[2ul * number];
    struct aw_edge known = machine->edges[number];
    if ((known.flags | known.child_flags) & AW_EDGE_STOP)
        return true; /* where it was stopped may depend on the timer; nothing follows it */
    struct aw_edge again = make(machine, (uint32_t)key, (unsigned)(key >> 32),
                                (uint32_t)machine->edge_keys[2ul * number + 1]);
    return again.next == known.next && again.child == known.child && again.events == known.events &&
           again.stores == known.stores && again.footprint == known.footprint &&
           again.freed == known.freed && again.child_events == known.child_events;
}

/* machine->work with the memory of `from`. */
static uint32_t put_work(struct aw_machine *machine, const struct aw_local *from)
{
    uint32_t size = aw_process_pack(&machine->work, aw_local_chunks(from), from->chunk_count,
                                    &machine->pack_buffer, &machine->pack_capacity);
    bool is_new;
    uint32_t id = aw_intern_add(&machine->locals, machine->pack_buffer, size, &is_new);
    if (is_new) {
        aw_image_load(&machine->image, aw_local_chunks(aw_local_get(machine, id)),
                      aw_local_get(machine, id)->chunk_count);
        aw_local_described(machine, id);
    }
    return id;
}

uint32_t aw_machine_with_monitors(struct aw_machine *machine, uint32_t local,
                                  const struct aw_fifo_monitor *monitors, uint32_t count)
{
    const struct aw_local *from = aw_local_get(machine, local);
    AW_CHECK(count <= AW_MAX_MONITORS);
    aw_process_unpack(&machine->work, from);
    machine->work.head.monitor_count = count;
    memcpy(machine->work.monitors, monitors, count * sizeof *monitors);
    return put_work(machine, from);
}

uint32_t aw_edge_with_op(struct aw_machine *machine, uint32_t local, unsigned thread,
                         const struct aw_op *op)
{
    const struct aw_local *from = aw_local_get(machine, local);
    aw_process_unpack(&machine->work, from);
    machine->work.threads[thread].op = *op;
    return put_work(machine, from);
}

uint32_t aw_machine_next_local(struct aw_machine *machine, uint32_t local, unsigned thread,
                               uint32_t answer)
{
    uint32_t number = aw_edge_get(machine, local, thread, answer); /* may move machine->edges */
    return machine->edges[number].next;
}

bool aw_machine_holds_mutex(const struct aw_machine *machine, uint32_t local, unsigned thread,
                            uint64_t address)
{
    const struct aw_local *from = aw_local_get(machine, local);
    struct aw_user_mutex mutex;
    aw_image_peek(&machine->image, aw_local_chunks(from), from->chunk_count, address, &mutex,
                  sizeof mutex);
    uint32_t who = (uint32_t)from->generation << 16 | (aw_local_threads(from)[thread].slot + 1u);
    return mutex.locked && mutex.owner == (int32_t)who;
}

/* Do two lists of events differ in nothing but remarks and output? */
static bool same_for_properties(const struct aw_machine *machine, uint32_t one, uint32_t other)
{
    uint32_t counts[2], i = 0, j = 0;
    const struct aw_event *a = aw_machine_events(machine, one, &counts[0]);
    const struct aw_event *b = aw_machine_events(machine, other, &counts[1]);
    for (;;) {
        while (i < counts[0] && (a[i].kind == AW_EVENT_LOG ||
                                 (a[i].kind == AW_EVENT_PROBE && a[i].what == AW_PROBE_NOTE)))
            i++;
        while (j < counts[1] && (b[j].kind == AW_EVENT_LOG ||
                                 (b[j].kind == AW_EVENT_PROBE && b[j].what == AW_PROBE_NOTE)))
            j++;
        if (i == counts[0] || j == counts[1])
            return i == counts[0] && j == counts[1];
        if (memcmp(&a[i++], &b[j++], sizeof *a) != 0)
            return false;
    }
}

bool aw_machine_poll_is_idle(struct aw_machine *machine, uint32_t local, unsigned thread)
{
    const struct aw_op op = aw_local_threads(aw_local_get(machine, local))[thread].op;
    if ((op.flags & AW_OP_NONBLOCKING) == 0 || op.argument != 1)
        return false;
    const struct pollfd *set = aw_intern_get(&machine->payloads, op.payload);
    if ((set->events & (POLLRDNORM | POLLWRNORM)) != 0)
        return false; /* more answers than those below */
    const struct aw_fd *fd =
        set->fd < 0 ? NULL : aw_local_fd(aw_local_get(machine, local), set->fd);
    if (fd == NULL || fd->kind != AW_FD_PIPE_READ)
        return false;
    static const int16_t answers[] = {0, POLLIN, POLLHUP, POLLIN | POLLHUP};
    struct aw_edge first = {0};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct aw_answer answer = {
            .result = answers[i] != 0,
            .output = answers[i] == 0
                          ? AW_INTERN_NONE
                          : aw_intern_put(&machine->payloads, &answers[i], sizeof answers[i])};
        uint32_t number = aw_edge_get(machine, local, thread, aw_answer_put(machine, &answer));
        struct aw_edge edge = machine->edges[number];
        if (i == 0)
            first = edge;
        else if (edge.next != first.next || edge.stores != first.stores ||
                 !same_for_properties(machine, edge.events, first.events))
            return false;
    }
    return true;
}
