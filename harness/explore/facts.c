/* SPDX-License-Identifier: MIT */
/*
 * facts.c - the facts about a program that the reduction believes, and how they are watched. What
 * follows from them is in reduce.c.
 *
 * Who is who: a thread is identified by (pid, slot). Under symmetry the children of a process are
 * renamed freely, so that a pid identifies nobody but the root; the threads of all other processes
 * count as "many". A slot that is used again by a later thread is the same identity: the later
 * thread is created by the one that joined the earlier, so the two never run at the same time.
 *
 * The argument behind each fact has the same shape. Suppose the full graph has an execution that
 * ends in the first breach, by thread q parked at operation o. Along it, all facts hold, so the
 * ample operation a (of p) that the search took at some state commutes with all steps up to p's own
 * next one. Taking a first leads, by the same steps, to a state in which q is parked at o as before
 * (a is not q's), and what has to be shown is that the breach is still one there: it must not
 * depend on anything that an ample operation can change in the direction of "no breach". The
 * breaches, each under the name of its fact:
 *
 * tested: A trywait, timed wait or getvalue is parked at the semaphore: no state involved.
 *
 * tried: The same for mutexes and unnamed semaphores; or an unlock, or a call that marks it
 *   consistent, is parked by somebody who does not hold it.
 *
 * overflow: A post is parked while the value is the maximum. Ample posts only raise the
 *   value; ample waits (never empty) are for semaphores that begin below 2^30 only, which
 *   no feasible execution takes to 2^31 - 1.
 *
 * awaited: A wait is parked while the value is 0. While the fact is believed, posts are not
 *   ample, so ample operations only lower the value. If p and q are both parked at a wait
 *   with value 1, p's being taken leaves q at value 0: a breach all the same.
 *
 * user: More than one thread has been *parked* at the object (counting executed operations
 *   would be wrong: the second user may be blocked for ever).
 *
 * guard: A binary semaphore that every thread parked at the read end holds; it is a lock
 *   only while each post of it comes from its holder (`misposted`). What a thread holds is
 *   its own history.
 *
 * writer, spans: One thread only is ever parked at a write or close of its own process's
 *   descriptor; no read asks for more than is left of the write that it starts in, no poll
 *   and no non-blocking read: then nobody can tell whether a later write has happened. A
 *   read is parked at the oldest write; later writes do not change that, and an ample read
 *   is its own thread's. An answer of poll that changes nothing is no access: whether it
 *   does is tried out when the thread is parked there (its code runs with each possible
 *   answer).
 *
 * closer: In a process with several threads one of them is parked at a close of that end,
 *   or at a dup onto it: another one's read or write of it fails afterwards. No state
 *   involved.
 *
 * last: A thread is parked at a close or exit that drops the last reference to an end whose
 *   other end somebody holds. References are dropped early at most, which makes somebody
 *   the last all the sooner; a fork adds references only for ends that the forking process
 *   holds itself. But who held the *other* end may be gone early, too. If the last of them
 *   went while this end was held, that was a breach of its own; if this process holds the
 *   other end itself, it was none: then only a process that is alone in the world,
 *   everybody else having been waited for, drops a last reference unseen. (Nobody waits for
 *   an orphan: `orphaned`.)
 *
 * conditions: Every thread parked at an operation on the condition holds its mutex, so that
 *   while one is, nobody else can be; sleepers move only when woken. Holding is the
 *   thread's own history.
 *
 * forks, exits: fork reads, exit destroys, all memory of a process: in a process with
 *   several threads, nothing is ample until it has forked as often as a process with
 *   several threads was ever seen about to fork, and never if one was ever parked at its
 *   exit with a sibling not yet joined. Ample operations of siblings do not move the thread
 *   that is parked at the fork or exit. A detached thread is never joined. Two exceptions
 *   for forks. The only thread that ever forks is not concurrent with its own forks. And a
 *   step that changes nothing but its own thread's stack, thread-local storage and entry is
 *   not seen by a fork of a sibling, because the child has none of these; in a program
 *   without data races the step changes the same places whatever the siblings have done
 *   meanwhile.
 *
 * killed: A kill is parked: its target may vanish at any time, so nothing is ample at all.
 *
 * waits: wait() for any child takes what is there, like a semaphore, as long as all
 *   processes end with the same status and only one thread of a process waits; exits are
 *   releases for it as long as nobody asks with WNOHANG.
 *
 * names: More than one thread has been parked at an operation on the names of semaphores
 *   and shared memory: as `user`.
 *
 * clock: Nobody reads the clock: then time-outs and sleeps do not touch it.
 *
 * Budgets of faults are no fact, but they need an argument. Where an operation of p is ample, all
 * its outcomes are taken, those included in which a fault strikes at it or in the code after it.
 * Each of them, looked at as an operation of its own, is as independent of the others' as the plain
 * one: it transfers less, fails without effect, or leads p's own code elsewhere. (Crashes and
 * signals are not: `killed`. Nor are spurious wake-ups: `sleepers_move`.) What they share with
 * faults of others is the budget, and using that up commutes: suppose that an execution has steps w
 * of others first, then a fault f at p. All that it has spent at its end covers f and the faults in
 * w in any order, so that f, then w is an execution as well, to the same state. In an execution in
 * which p does not move, its plain outcome, which spends nothing, goes first. Counting occurrences
 * does not commute (who comes second may be struck, who comes first not), so an operation that is a
 * counted occurrence for some fault that can still strike is never ample. aw_machine_spends_only
 * tells, for every outcome.
 *
 * Capacity of pipes would be one more fact, but a breach of it can be hidden (a read makes room).
 * So pipe operations are ample only for pipes that are plain byte queues, for which pipe.c proves
 * that capacity has played no part in any order; otherwise the search runs with exact pipes.
 */
#include "explore/facts.h"

#include <limits.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "machine/pipe.h"

struct aw_reduce *aw_reduce_create(struct aw_machine *machine, const struct aw_options *options)
{
    struct aw_reduce *reduce = aw_allocate(1, sizeof *reduce);
    reduce->machine = machine;
    reduce->rules = options->rules;
    reduce->blind = (options->plant & AW_PLANT_UNSEEN_TEST) != 0;
    reduce->early = (options->plant & AW_PLANT_EARLY_ACCESS) != 0;
    aw_map_init(&reduce->mutex_map);
    aw_map_init(&reduce->own_map);
    aw_map_init(&reduce->watched_map);
    aw_facts_object(reduce, 63);
    const struct aw_fault_plan *plan = aw_machine_faults(machine);
    for (uint32_t i = 0; i < plan->count && plan->budget > 0; i++) {
        /* A process may vanish at any operation: as if a kill were parked. */
        if (plan->faults[i].kind == AW_FAULT_CRASH || plan->faults[i].kind == AW_FAULT_SIGTERM)
            reduce->killed = true;
        /* Sleepers move by themselves. */
        if (plan->faults[i].kind == AW_FAULT_SPURIOUS)
            reduce->sleepers_move = true;
    }
    return reduce;
}

void aw_reduce_destroy(struct aw_reduce *reduce)
{
    if (reduce == NULL)
        return;
    aw_map_deinit(&reduce->mutex_map);
    aw_map_deinit(&reduce->own_map);
    aw_map_deinit(&reduce->watched_map);
    free(reduce->conditions);
    free(reduce->signals);
    free(reduce->objects);
    free(reduce->mutexes);
    free(reduce->locals);
    free(reduce);
}

void aw_reduce_begin(struct aw_reduce *reduce, bool symmetry, bool exact_pipes)
{
    reduce->symmetry = symmetry;
    reduce->exact_pipes = exact_pipes;
}

/* Valid until facts of a handle above 63 are asked for the first time. */
struct object_facts *aw_facts_object(struct aw_reduce *reduce, uint32_t handle)
{
    if (handle >= reduce->object_count) {
        uint32_t old = reduce->object_count;
        reduce->object_count = 2 * handle + 16;
        reduce->objects =
            aw_reallocate(reduce->objects, reduce->object_count, sizeof *reduce->objects);
        memset(reduce->objects + old, 0, (reduce->object_count - old) * sizeof *reduce->objects);
        for (uint32_t i = old; i < reduce->object_count; i++)
            reduce->objects[i].guard = UINT64_MAX;
    }
    return &reduce->objects[handle];
}

struct mutex_facts *aw_facts_mutex(struct aw_reduce *reduce, uint64_t address)
{
    uint32_t index = aw_map_get(&reduce->mutex_map, address, 0);
    if (index == AW_MAP_NONE) {
        if (reduce->mutex_count == reduce->mutex_capacity) {
            reduce->mutex_capacity = reduce->mutex_capacity ? 2 * reduce->mutex_capacity : 16;
            reduce->mutexes =
                aw_reallocate(reduce->mutexes, reduce->mutex_capacity, sizeof *reduce->mutexes);
        }
        index = reduce->mutex_count++;
        reduce->mutexes[index] = (struct mutex_facts){0};
        aw_map_put(&reduce->mutex_map, address, 0, index);
    }
    return &reduce->mutexes[index];
}

struct condition_facts *aw_facts_condition(struct aw_reduce *reduce, uint64_t address)
{
    for (uint32_t i = 0; i < reduce->condition_count; i++)
        if (reduce->conditions[i].address == address)
            return &reduce->conditions[i];
    if (reduce->condition_count == reduce->condition_capacity) {
        reduce->condition_capacity =
            reduce->condition_capacity ? 2 * reduce->condition_capacity : 8;
        reduce->conditions = aw_reallocate(reduce->conditions, reduce->condition_capacity,
                                           sizeof *reduce->conditions);
    }
    reduce->conditions[reduce->condition_count] = (struct condition_facts){.address = address};
    return &reduce->conditions[reduce->condition_count++];
}

static struct local_facts *local_facts(struct aw_reduce *reduce, uint32_t local)
{
    if (local >= reduce->local_capacity) {
        uint32_t old = reduce->local_capacity;
        reduce->local_capacity = 2 * local + 256;
        reduce->locals =
            aw_reallocate(reduce->locals, reduce->local_capacity, sizeof *reduce->locals);
        memset(reduce->locals + old, 0, (reduce->local_capacity - old) * sizeof *reduce->locals);
    }
    return &reduce->locals[local];
}

uint64_t aw_facts_identity(const struct aw_reduce *reduce, uint32_t pid, uint32_t slot)
{
    if (reduce->symmetry && pid != AW_ROOT_PID)
        return MANY;
    return ((uint64_t)pid << 16 | slot) + 1;
}

static void set(struct aw_reduce *reduce, bool *fact)
{
    if (!*fact) {
        *fact = true;
        reduce->changed = true;
    }
}

static void loosen(struct aw_reduce *reduce, struct condition_facts *facts, bool breach)
{
    if (breach)
        set(reduce, &facts->loose);
}

static void watch_condition(struct aw_reduce *reduce, uint32_t local, uint32_t thread,
                            const struct aw_thread *t)
{
    const struct aw_op *op = &t->op;
    struct condition_facts *facts = aw_facts_condition(reduce, op->address);
    bool signals = op->kind == AW_OP_COND_SIGNAL || op->kind == AW_OP_COND_BROADCAST;
    if (signals && facts->mutex == 0) {
        if (reduce->signal_count == reduce->signal_capacity) {
            reduce->signal_capacity = reduce->signal_capacity ? 2 * reduce->signal_capacity : 32;
            reduce->signals =
                aw_reallocate(reduce->signals, reduce->signal_capacity, sizeof *reduce->signals);
        }
        reduce->signals[reduce->signal_count++] = (struct early_signal){op->address, local, thread};
        return;
    }
    if (signals) {
        loosen(reduce, facts,
               !aw_machine_holds_mutex(reduce->machine, local, thread, facts->mutex));
        return;
    }
    if (facts->mutex == 0) { /* that nobody waits was believed */
        reduce->changed = true;
        facts->mutex = op->argument;
        for (uint32_t i = 0; i < reduce->signal_count; i++)
            if (reduce->signals[i].address == op->address)
                loosen(reduce, facts,
                       !aw_machine_holds_mutex(reduce->machine, reduce->signals[i].local,
                                               reduce->signals[i].thread, facts->mutex));
    }
    loosen(reduce, facts, facts->mutex != op->argument || (op->flags & AW_OP_TIMED) != 0);
    if (op->kind == AW_OP_COND_WAIT)
        loosen(reduce, facts,
               !aw_machine_holds_mutex(reduce->machine, local, thread, facts->mutex));
}

static void used_by(struct aw_reduce *reduce, uint64_t *user, uint64_t who)
{
    if (*user == who || *user == MANY)
        return;
    /* The first user of an object drops no belief: nothing was ample about it before. */
    if (*user != NOBODY || who == MANY)
        reduce->changed = true;
    *user = *user == NOBODY ? who : MANY;
}

/* The same for an end of a pipe: who was excused for dropping the last reference to the other end,
 * being the only one to notice, no longer is. */
static void end_used_by(struct aw_reduce *reduce, struct object_facts *facts, bool write_end,
                        uint64_t who)
{
    used_by(reduce, &facts->end[write_end], who);
    if (facts->excused[!write_end] != NOBODY && facts->excused[!write_end] != facts->end[write_end])
        set(reduce, &facts->last[!write_end]);
}

static bool is_sem_test(enum aw_op_kind kind)
{
    return kind == AW_OP_SEM_TRYWAIT || kind == AW_OP_SEM_TIMEDWAIT || kind == AW_OP_SEM_GETVALUE;
}

static void narrow_guard(struct aw_reduce *reduce, struct object_facts *facts, uint64_t held)
{
    if ((facts->guard & held) != facts->guard) {
        facts->guard &= held;
        reduce->changed = true;
    }
}

static void watch_poll(struct aw_reduce *reduce, const struct aw_local *local, uint32_t id,
                       uint32_t thread, uint64_t who)
{
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    const struct aw_op *op = &t->op;
    if (aw_machine_poll_is_idle(reduce->machine, id, thread))
        return; /* the answer does not matter: no access */
    uint32_t size;
    const struct pollfd *set_of = aw_machine_payload(reduce->machine, op->payload, &size);
    for (uint32_t i = 0; i < size / sizeof *set_of; i++) {
        const struct aw_fd *fd = set_of[i].fd < 0 ? NULL : aw_local_fd(local, set_of[i].fd);
        if (fd == NULL || !aw_fd_is_pipe(fd))
            continue;
        struct object_facts *facts = aw_facts_object(reduce, fd->handle);
        set(reduce, &facts->polled);
        end_used_by(reduce, facts, fd->kind == AW_FD_PIPE_WRITE, who);
        if (fd->kind == AW_FD_PIPE_READ)
            narrow_guard(reduce, facts, t->held);
    }
}

static void watch_files(struct aw_reduce *reduce, const struct aw_local *local,
                        const struct aw_op *op, uint64_t who, unsigned live)
{
    if (live > 1 && (op->kind == AW_OP_CLOSE || op->kind == AW_OP_DUP)) {
        int number = op->kind == AW_OP_CLOSE ? op->fd : (int)op->argument;
        const struct aw_fd *fd = aw_local_fd(local, number);
        if (fd != NULL && aw_fd_is_pipe(fd)) {
            uint64_t *closer =
                &aw_facts_object(reduce, fd->handle)->closer[fd->kind == AW_FD_PIPE_WRITE];
            if (*closer == NOBODY) /* that nobody closes was believed */
                reduce->changed = true;
            used_by(reduce, closer, who);
        }
    }
}

static void watch_image(struct aw_reduce *reduce, const struct aw_local *local, uint32_t id,
                        uint32_t thread, uint64_t who)
{
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    const struct aw_op *op = &t->op;
    if (op->kind == AW_OP_MUTEX_LOCK || op->kind == AW_OP_MUTEX_TRYLOCK ||
        op->kind == AW_OP_MUTEX_TIMEDLOCK || op->kind == AW_OP_MUTEX_UNLOCK) {
        struct mutex_facts *m = aw_facts_mutex(reduce, op->address);
        used_by(reduce, &m->user, who);
        /* An unlock by another than the holder has its effect only while it is locked. */
        if (op->kind == AW_OP_MUTEX_TRYLOCK || op->kind == AW_OP_MUTEX_TIMEDLOCK ||
            (op->kind == AW_OP_MUTEX_UNLOCK &&
             !aw_machine_holds_mutex(reduce->machine, id, thread, op->address)))
            set(reduce, &m->tried);
    } else if (op->kind == AW_OP_MUTEX_CONSISTENT) {
        struct mutex_facts *m = aw_facts_mutex(reduce, op->address);
        used_by(reduce, &m->user, who);
        /* glibc does not ask who calls it: by another than the holder, an unlock may be before
         * or after it. */
        if (!aw_machine_holds_mutex(reduce->machine, id, thread, op->address))
            set(reduce, &m->tried);
    } else if (op->kind == AW_OP_COND_WAIT || op->kind == AW_OP_COND_SLEEP ||
               op->kind == AW_OP_COND_RELOCK) {
        used_by(reduce, &aw_facts_mutex(reduce, op->argument)->user, who);
        if (op->kind != AW_OP_COND_RELOCK)
            watch_condition(reduce, id, thread, t);
    } else if (op->kind == AW_OP_COND_SIGNAL || op->kind == AW_OP_COND_BROADCAST) {
        watch_condition(reduce, id, thread, t);
    } else if (op->kind == AW_OP_USEM_WAIT || op->kind == AW_OP_USEM_POST) {
        used_by(reduce, &aw_facts_mutex(reduce, op->address)->user, who);
    } else if (op->kind == AW_OP_USEM_TRYWAIT || op->kind == AW_OP_USEM_TIMEDWAIT ||
               op->kind == AW_OP_USEM_GETVALUE) {
        used_by(reduce, &aw_facts_mutex(reduce, op->address)->user, who);
        if (!reduce->blind)
            set(reduce, &aw_facts_mutex(reduce, op->address)->tried);
    } else if (op->kind == AW_OP_THREAD_EXIT && t->slot == 0) {
        set(reduce, &reduce->main_leaves);
    } else if (op->kind == AW_OP_CREATE && op->argument != 0) {
        set(reduce, &reduce->exits_entangled);
    } else if (op->kind == AW_OP_DETACH) {
        set(reduce, &reduce->exits_entangled);
    }
}

static void watch_process(struct aw_reduce *reduce, const struct aw_local *local,
                          const struct aw_op *op, uint64_t who, unsigned live)
{
    if (op->kind == AW_OP_FORK && local->thread_count > 1) {
        used_by(reduce, &reduce->forker, who);
        if (reduce->fork_limit <= local->forks) {
            reduce->fork_limit = local->forks + 1u;
            reduce->changed = true;
        }
    } else if (op->kind == AW_OP_EXIT || op->kind == AW_OP_FATAL) {
        uint32_t status = op->kind == AW_OP_EXIT ? (uint32_t)op->argument : (uint32_t)op->fd;
        if (local->thread_count > 1)
            set(reduce, &reduce->exits_entangled);
        if (reduce->status_known && reduce->status != status)
            set(reduce, &reduce->statuses_differ);
        reduce->status_known = true;
        reduce->status = status;
    } else if (op->kind == AW_OP_WAIT) {
        if (op->flags & AW_OP_NONBLOCKING)
            set(reduce, &reduce->wait_polled);
        if (live > 1)
            used_by(reduce, &reduce->waiter, who);
    } else if (op->kind == AW_OP_KILL) {
        set(reduce, &reduce->killed);
    }
}

/* The facts that depend on a parked thread alone. */
static void watch_thread(struct aw_reduce *reduce, const struct aw_local *local, uint32_t id,
                         uint32_t thread, uint64_t who, unsigned live)
{
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    const struct aw_op *op = &t->op;
    bool write_end;
    uint32_t handle = aw_machine_op_handle(reduce->machine, id, thread, &write_end);
    struct object_facts *facts = handle == AW_INTERN_NONE ? NULL : aw_facts_object(reduce, handle);
    if (t->detached)
        set(reduce, &reduce->exits_entangled);
    switch (aw_op_class_of(op)) {
    case AW_ON_SEM:
        used_by(reduce, &facts->user, who);
        if (is_sem_test(op->kind) && !reduce->blind)
            set(reduce, &facts->tested);
        if (op->kind == AW_OP_SEM_POST && (handle >= 64 || (t->held >> handle & 1) == 0))
            set(reduce, &facts->misposted);
        break;
    case AW_ON_PIPE:
        if (facts == NULL)
            break;
        if (op->kind == AW_OP_PIPE_CONTROL)
            set(reduce, &facts->polled);
        end_used_by(reduce, facts, write_end, who);
        if (!write_end)
            narrow_guard(reduce, facts, t->held);
        break;
    case AW_ON_POLL:
        watch_poll(reduce, local, id, thread, who);
        break;
    case AW_ON_FILES:
        watch_files(reduce, local, op, who, live);
        break;
    case AW_ON_IMAGE:
        watch_image(reduce, local, id, thread, who);
        break;
    case AW_ON_PROCESS:
        watch_process(reduce, local, op, who, live);
        break;
    case AW_ON_WORLD:
        if (op->kind == AW_OP_CLOCK)
            set(reduce, &reduce->clock_read);
        else
            used_by(reduce, &reduce->names_user, who);
        break;
    default:
        break;
    }
}

static bool is_dynamic(enum aw_op_kind kind)
{
    return kind == AW_OP_SEM_WAIT || kind == AW_OP_SEM_POST || kind == AW_OP_READ ||
           kind == AW_OP_CLOSE || kind == AW_OP_DUP || kind == AW_OP_EXIT || kind == AW_OP_FATAL;
}

static void watch_local(struct aw_reduce *reduce, uint32_t id, uint32_t pid)
{
    const struct aw_local *local = aw_machine_local(reduce->machine, id);
    const struct aw_thread *threads = aw_local_threads(local);
    struct local_facts *facts = local_facts(reduce, id);
    unsigned live = 0;
    for (uint32_t t = 0; t < local->thread_count; t++)
        live += threads[t].status == AW_THREAD_PARKED;
    facts->live = (uint8_t)live;
    for (uint32_t t = 0; t < local->thread_count; t++) {
        if (threads[t].status != AW_THREAD_PARKED)
            continue;
        watch_thread(reduce, local, id, t, aw_facts_identity(reduce, pid, threads[t].slot), live);
        facts = local_facts(reduce, id);
        facts->dynamic |= is_dynamic(threads[t].op.kind);
        facts->exits |= threads[t].op.kind == AW_OP_EXIT || threads[t].op.kind == AW_OP_FATAL;
    }
}

const void *aw_facts_object_at(const struct aw_reduce *reduce, const struct aw_state *state,
                               const struct aw_layout *layout, uint32_t handle)
{
    uint32_t position = aw_machine_position(layout, handle), size;
    if (position == 0)
        return NULL;
    return aw_machine_object(reduce->machine, state->words[position], &size);
}

/* References that process `local` has to an end of the pipe. */
static int own_references(const struct aw_local *local, uint32_t handle, bool write_end)
{
    const struct aw_fd *fds = aw_local_fds(local);
    int count = 0;
    for (uint32_t i = 0; i < local->fd_count; i++)
        count += fds[i].kind == (write_end ? AW_FD_PIPE_WRITE : AW_FD_PIPE_READ) &&
                 fds[i].handle == handle;
    return count;
}

/* Dropping `mine` of the references to an end: is it the last one, with somebody at the other (or
 * only this process, when others may have been there)? */
static void watch_drop(struct aw_reduce *reduce, const struct aw_layout *layout,
                       const struct aw_pipe *pipe, uint32_t handle, bool write_end, int mine,
                       int mine_other)
{
    int refs = write_end ? pipe->writers : pipe->readers;
    int others = write_end ? pipe->readers : pipe->writers;
    bool alone = layout->process_count == 1 && !reduce->orphaned;
    if (mine > 0 && refs == mine && others > (alone ? mine_other : 0))
        set(reduce, &aw_facts_object(reduce, handle)->last[write_end]);
}

static void watch_exit(struct aw_reduce *reduce, const struct aw_state *state,
                       const struct aw_layout *layout, const struct aw_local *local, uint32_t pid)
{
    for (uint32_t p = 0; p < layout->process_count; p++)
        if (layout->processes[p].parent == pid)
            set(reduce, &reduce->orphaned);
    const struct aw_fd *fds = aw_local_fds(local);
    for (uint32_t i = 0; i < local->fd_count; i++) {
        if (!aw_fd_is_pipe(&fds[i]))
            continue;
        const struct aw_pipe *pipe = aw_facts_object_at(reduce, state, layout, fds[i].handle);
        bool write_end = fds[i].kind == AW_FD_PIPE_WRITE;
        watch_drop(reduce, layout, pipe, fds[i].handle, write_end,
                   own_references(local, fds[i].handle, write_end),
                   own_references(local, fds[i].handle, !write_end));
    }
}

/* The thread `who` of process `local` is about to close a descriptor. */
static void watch_close(struct aw_reduce *reduce, const struct aw_layout *layout,
                        const struct aw_pipe *pipe, const struct aw_local *local,
                        const struct aw_fd *fd, uint64_t who)
{
    bool write_end = fd->kind == AW_FD_PIPE_WRITE;
    struct object_facts *facts = aw_facts_object(reduce, fd->handle);
    uint64_t other_user = facts->end[!write_end];
    int mine_other = own_references(local, fd->handle, !write_end);
    /* When only its own process holds the other end, and no other thread uses that, nobody can
     * notice. */
    bool alone = who != MANY && (other_user == who || other_user == NOBODY);
    if (alone && facts->excused[write_end] == NOBODY)
        facts->excused[write_end] = who;
    alone = alone && facts->excused[write_end] == who;
    watch_drop(reduce, layout, pipe, fd->handle, write_end, 1, alone ? mine_other : 0);
}

static void watch_dynamic(struct aw_reduce *reduce, const struct aw_state *state,
                          const struct aw_layout *layout, uint32_t id, uint32_t pid)
{
    const struct aw_local *local = aw_machine_local(reduce->machine, id);
    const struct aw_thread *threads = aw_local_threads(local);
    for (uint32_t t = 0; t < local->thread_count; t++) {
        const struct aw_op *op = &threads[t].op;
        if (threads[t].status != AW_THREAD_PARKED || !is_dynamic(op->kind))
            continue;
        if (op->kind == AW_OP_EXIT || op->kind == AW_OP_FATAL) {
            watch_exit(reduce, state, layout, local, pid);
            continue;
        }
        if (op->kind == AW_OP_CLOSE || op->kind == AW_OP_DUP) {
            int number = op->kind == AW_OP_CLOSE ? op->fd : (int)op->argument;
            const struct aw_fd *fd = aw_local_fd(local, number);
            if (fd != NULL && aw_fd_is_pipe(fd))
                watch_close(reduce, layout, aw_facts_object_at(reduce, state, layout, fd->handle),
                            local, fd, aw_facts_identity(reduce, pid, threads[t].slot));
            continue;
        }
        bool write_end;
        uint32_t handle = aw_machine_op_handle(reduce->machine, id, t, &write_end);
        if (handle == AW_INTERN_NONE)
            continue;
        struct object_facts *facts = aw_facts_object(reduce, handle);
        if (op->kind == AW_OP_READ) {
            if (facts->spanned)
                continue;
            const struct aw_pipe *pipe = aw_facts_object_at(reduce, state, layout, handle);
            if (pipe->exact || pipe->joined || pipe->read_nonblocking ||
                (pipe->byte_count > 0 && op->argument > aw_pipe_first_write_left(pipe)))
                set(reduce, &facts->spanned);
            continue;
        }
        if (op->kind == AW_OP_SEM_WAIT ? facts->awaited : facts->overflow)
            continue;
        const struct aw_sem *sem = aw_facts_object_at(reduce, state, layout, handle);
        if (op->kind == AW_OP_SEM_WAIT && (sem->value == 0 || sem->initial > BELIEVABLE_INITIAL))
            set(reduce, &facts->awaited);
        if (op->kind == AW_OP_SEM_POST && sem->value == SEM_VALUE_MAX)
            set(reduce, &facts->overflow);
    }
}

/* The static facts of a local state name the process, and siblings share local states: they are
 * taken in for each process anew, or, under symmetry, for the root and for any other. */
static void watch_static(struct aw_reduce *reduce, uint32_t id, uint32_t pid)
{
    uint32_t process = reduce->symmetry && pid != AW_ROOT_PID ? AW_INIT_PID : pid;
    if (local_facts(reduce, id)->watched_as == process)
        return;
    local_facts(reduce, id)->watched_as = process;
    if (aw_map_get(&reduce->watched_map, id, process) != AW_MAP_NONE)
        return;
    aw_map_put(&reduce->watched_map, id, process, 1);
    watch_local(reduce, id, pid);
}

bool aw_reduce_watch(struct aw_reduce *reduce, const struct aw_state *state)
{
    const struct aw_layout *layout = aw_machine_layout(reduce->machine, state);
    reduce->changed = false;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        uint32_t id = state->words[AW_WORD_FIRST + p];
        /* Siblings in the same condition stand side by side; what holds for one holds for the next.
         */
        bool again = reduce->symmetry && p > 1 && id == state->words[AW_WORD_FIRST + p - 1];
        if (again && !reduce->locals[id].exits)
            continue;
        watch_static(reduce, id, layout->processes[p].pid);
        if (reduce->locals[id].dynamic)
            watch_dynamic(reduce, state, layout, id, layout->processes[p].pid);
    }
    return reduce->changed;
}
