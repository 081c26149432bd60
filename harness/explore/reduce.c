/* SPDX-License-Identifier: MIT */
/*
 * reduce.c - the rules: which operation may be taken alone, given the facts (facts.c, where each of
 * them has its argument).
 */
#include "explore/facts.h"

#include <fcntl.h>
#include <string.h>

#include "machine/pipe.h"

static bool rule(const struct aw_reduce *reduce, enum aw_rule name)
{
    return (reduce->rules >> name & 1) != 0;
}

/* Is some lock that is known to be one held by everybody at the read end? */
static bool guarded(struct aw_reduce *reduce, const struct object_facts *facts)
{
    if (facts->guard == UINT64_MAX)
        return false;
    for (uint32_t handle = 0; handle < 64; handle++)
        if ((facts->guard >> handle & 1) != 0 && !aw_facts_object(reduce, handle)->misposted)
            return true;
    return false;
}

static bool ample_sem(struct aw_reduce *reduce, const struct aw_state *state,
                      const struct aw_layout *layout, const struct aw_op *op, uint32_t handle,
                      uint64_t who)
{
    const struct object_facts *facts = aw_facts_object(reduce, handle);
    if (rule(reduce, AW_RULE_PRIVATE) && who != MANY && facts->user == who)
        return true;
    if (facts->tested || facts->overflow)
        return false;
    const struct aw_sem *sem = aw_facts_object_at(reduce, state, layout, handle);
    bool never_empty = rule(reduce, AW_RULE_NEVER_EMPTY) && !facts->awaited && sem->initial > 0 &&
                       sem->initial <= BELIEVABLE_INITIAL;
    if (op->kind == AW_OP_SEM_WAIT)
        return never_empty;
    return op->kind == AW_OP_SEM_POST && rule(reduce, AW_RULE_RELEASE) && !never_empty;
}

static bool ample_pipe(struct aw_reduce *reduce, const struct aw_state *state,
                       const struct aw_layout *layout, const struct aw_op *op, uint32_t handle,
                       bool write_end, uint64_t who, unsigned live)
{
    const struct object_facts *facts = aw_facts_object(reduce, handle);
    const struct aw_pipe *pipe = aw_facts_object_at(reduce, state, layout, handle);
    if (pipe->exact || (live > 1 && facts->closer[write_end] != NOBODY &&
                        (facts->closer[write_end] != who || who == MANY)))
        return false;
    if (op->kind == AW_OP_READ)
        return op->argument <= pipe->byte_count &&
               ((rule(reduce, AW_RULE_GUARDED) && guarded(reduce, facts)) ||
                (rule(reduce, AW_RULE_PRIVATE) && who != MANY && facts->end[0] == who));
    return op->kind == AW_OP_WRITE && rule(reduce, AW_RULE_WRITER) && who != MANY &&
           facts->end[1] == who && !facts->spanned && !facts->polled && !facts->last[0] &&
           pipe->readers > 0;
}

static bool drops_are_harmless(struct aw_reduce *reduce, const struct aw_fd *fd)
{
    const struct object_facts *facts = aw_facts_object(reduce, fd->handle);
    return !aw_fd_is_pipe(fd) || !facts->last[fd->kind == AW_FD_PIPE_WRITE];
}

static bool ample_exit(struct aw_reduce *reduce, const struct aw_layout *layout,
                       const struct aw_local *local, uint32_t process)
{
    /* Who holds shared mutexes changes their mapping. */
    if (!rule(reduce, AW_RULE_EXIT) || local->thread_count > 1 || reduce->wait_polled ||
        local->lock_count > 0)
        return false;
    uint32_t pid = layout->processes[process].pid;
    for (uint32_t p = 0; p < layout->process_count; p++)
        if (layout->processes[p].parent == pid)
            return false;
    const struct aw_fd *fds = aw_local_fds(local);
    for (uint32_t i = 0; i < local->fd_count; i++)
        if (!drops_are_harmless(reduce, &fds[i]))
            return false;
    return true;
}

static bool ample_wait(struct aw_reduce *reduce, const struct aw_state *state,
                       const struct aw_layout *layout, const struct aw_op *op, uint32_t process,
                       uint64_t who, unsigned live)
{
    if (!rule(reduce, AW_RULE_WAIT) || !reduce->symmetry || reduce->statuses_differ || op->fd > 0 ||
        (op->flags & AW_OP_NONBLOCKING) != 0 ||
        (live > 1 && (who == MANY || reduce->waiter != who)))
        return false;
    /* Only when there is something to take: that there is no child at all may still change. */
    uint32_t pid = layout->processes[process].pid;
    for (uint32_t p = 0; p < layout->process_count; p++)
        if (layout->processes[p].parent == pid &&
            aw_machine_local(reduce->machine, state->words[AW_WORD_FIRST + p])->zombie)
            return true;
    return live == 1;
}

/* Does a step change nothing but its own thread: stack, thread-local storage, its entry? */
static bool is_own(const struct aw_machine *machine, uint32_t from, uint32_t to, uint32_t slot)
{
    const struct aw_local *a = aw_machine_local(machine, from), *b = aw_machine_local(machine, to);
    struct aw_local head = *b;
    head.chunk_count = a->chunk_count;
    if (memcmp(a, &head, sizeof head) != 0 ||
        memcmp(aw_local_fds(a), aw_local_fds(b), a->fd_count * sizeof(struct aw_fd)) != 0 ||
        memcmp(aw_local_locks(a), aw_local_locks(b), a->lock_count * sizeof(struct aw_lock)) != 0)
        return false;
    for (uint32_t t = 0; t < a->thread_count; t++)
        if ((aw_local_threads(a)[t].slot != slot || aw_local_threads(b)[t].slot != slot) &&
            memcmp(&aw_local_threads(a)[t], &aw_local_threads(b)[t], sizeof(struct aw_thread)) != 0)
            return false;
    const struct aw_image_chunk *i = aw_local_chunks(a), *i_end = i + a->chunk_count;
    const struct aw_image_chunk *j = aw_local_chunks(b), *j_end = j + b->chunk_count;
    while (i < i_end || j < j_end) {
        uint32_t index;
        if (j == j_end || (i < i_end && i->index < j->index)) {
            index = (i++)->index;
        } else if (i == i_end || j->index < i->index) {
            index = (j++)->index;
        } else if (i->id == j->id) {
            i++;
            j++;
            continue;
        } else {
            index = (i++)->index;
            j++;
        }
        if (!aw_image_chunk_is_of(index, slot))
            return false;
    }
    return true;
}

bool aw_reduce_own(struct aw_reduce *reduce, uint32_t from, uint32_t to, uint32_t slot)
{
    uint64_t key = from | (uint64_t)to << 32;
    uint32_t known = aw_map_get(&reduce->own_map, key, slot);
    if (known == AW_MAP_NONE) {
        known = is_own(reduce->machine, from, to, slot);
        aw_map_put(&reduce->own_map, key, slot, known);
    }
    return known != 0;
}

/* Operations on objects of the image, in a process with several threads. */
static bool ample_image(struct aw_reduce *reduce, const struct aw_local *local,
                        const struct aw_thread *thread, uint64_t who)
{
    const struct aw_op *op = &thread->op;
    struct mutex_facts *facts;
    /* Whoever frees or destroys the object may have to be met at that while we are at this. */
    if (aw_machine_op_is_visible(reduce->machine, op))
        return op->kind == AW_OP_ACCESS && reduce->early;
    switch (op->kind) {
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_USEM_POST:
        facts = aw_facts_mutex(reduce, op->address);
        return (rule(reduce, AW_RULE_RELEASE) && !facts->tried) ||
               (rule(reduce, AW_RULE_PRIVATE) && who != MANY && facts->user == who);
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_GETVALUE:
        facts = aw_facts_mutex(reduce, op->address);
        return rule(reduce, AW_RULE_PRIVATE) && who != MANY && facts->user == who;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST: {
        const struct condition_facts *c = aw_facts_condition(reduce, op->address);
        return rule(reduce, AW_RULE_GUARDED) && !c->loose && !reduce->sleepers_move &&
               (c->mutex == 0 || !aw_facts_mutex(reduce, c->mutex)->tried);
    }
    case AW_OP_CREATE:
        return rule(reduce, AW_RULE_RELEASE);
    case AW_OP_THREAD_EXIT:
        /* One that holds robust mutexes changes them: others may be trying. */
        return rule(reduce, AW_RULE_RELEASE) && !reduce->main_leaves && thread->slot != 0 &&
               local->lock_count == 0;
    case AW_OP_ACCESS:
        return reduce->early;
    default:
        return false;
    }
}

/* Is the operation independent of what others can do, forks and exits of its own process apart? */
static bool is_ample(struct aw_reduce *reduce, const struct aw_state *state, uint32_t process,
                     uint32_t thread)
{
    const struct aw_layout *layout = aw_machine_layout(reduce->machine, state);
    uint32_t id = state->words[AW_WORD_FIRST + process];
    const struct aw_local *local = aw_machine_local(reduce->machine, id);
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    const struct aw_op *op = &t->op;
    unsigned live = reduce->locals[id].live;
    bool alone = live == 1;
    uint64_t who = aw_facts_identity(reduce, layout->processes[process].pid, t->slot);
    switch (aw_op_class_of(op)) {
    case AW_ON_NOTHING:
        return rule(reduce, AW_RULE_LOCAL) && (op->kind != AW_OP_SLEEP || !reduce->clock_read);
    case AW_ON_IMAGE:
        return alone ? rule(reduce, AW_RULE_LOCAL) : ample_image(reduce, local, t, who);
    case AW_ON_SEM:
    case AW_ON_PIPE: {
        bool write_end;
        uint32_t handle = aw_machine_op_handle(reduce->machine, id, thread, &write_end);
        if (handle == AW_INTERN_NONE)
            return false;
        return aw_op_class_of(op) == AW_ON_SEM
                   ? ample_sem(reduce, state, layout, op, handle, who)
                   : ample_pipe(reduce, state, layout, op, handle, write_end, who, live);
    }
    case AW_ON_FILES: {
        if (!alone || !rule(reduce, AW_RULE_LOCAL))
            return false;
        if (op->kind == AW_OP_PIPE || op->kind == AW_OP_MMAP || op->kind == AW_OP_MEMFD ||
            op->kind == AW_OP_FD_FLAGS)
            return true;
        int number = op->kind == AW_OP_CLOSE ? op->fd : (int)op->argument;
        const struct aw_fd *fd = aw_local_fd(local, number);
        return fd == NULL || !aw_fd_is_pipe(fd) ||
               (rule(reduce, AW_RULE_EXIT) && drops_are_harmless(reduce, fd));
    }
    case AW_ON_PROCESS:
        if (op->kind == AW_OP_FORK || op->kind == AW_OP_SIGNAL)
            return alone && local->thread_count == 1 && rule(reduce, AW_RULE_LOCAL);
        if (op->kind == AW_OP_EXIT)
            return ample_exit(reduce, layout, local, process);
        if (op->kind == AW_OP_WAIT)
            return ample_wait(reduce, state, layout, op, process, who, live);
        return false;
    case AW_ON_WORLD:
        /* One that truncates an object changes it, and others may have it mapped. */
        if (op->kind == AW_OP_SHM_OPEN && (op->fd & O_TRUNC) != 0)
            return false;
        return op->kind != AW_OP_CLOCK && rule(reduce, AW_RULE_PRIVATE) && who != MANY &&
               reduce->names_user == who;
    default:
        return false;
    }
}

uint64_t aw_reduce_joined_pipes(const struct aw_reduce *reduce)
{
    uint64_t handles = 0;
    for (uint32_t handle = 0; handle < 64 && handle < reduce->object_count; handle++)
        if (reduce->objects[handle].spanned || reduce->objects[handle].polled)
            handles |= (uint64_t)1 << handle;
    return handles;
}

enum aw_ample aw_reduce_ample(struct aw_reduce *reduce, const struct aw_state *state,
                              uint32_t process, uint32_t thread)
{
    const struct aw_local *local =
        aw_machine_local(reduce->machine, state->words[AW_WORD_FIRST + process]);
    const struct aw_thread *t = &aw_local_threads(local)[thread];
    unsigned live = reduce->locals[state->words[AW_WORD_FIRST + process]].live;
    if (reduce->killed || (live > 1 && reduce->exits_entangled))
        return AW_AMPLE_NO;
    /* Others may be seen to touch what it has touched: machine/access_track.c. */
    if (live > 1 && t->touched != 0 && !reduce->early)
        return AW_AMPLE_NO;
    /* What it fills in may be read before. */
    if ((live > 1 && aw_machine_fills_visible(reduce->machine, &t->op)) ||
        aw_machine_touches_mapping(reduce->machine, &t->op))
        return AW_AMPLE_NO;
    if (!is_ample(reduce, state, process, thread))
        return AW_AMPLE_NO;
    if (live == 1 || local->forks >= reduce->fork_limit)
        return AW_AMPLE_YES;
    uint64_t who = aw_facts_identity(
        reduce, aw_machine_layout(reduce->machine, state)->processes[process].pid, t->slot);
    return who != MANY && who == reduce->forker ? AW_AMPLE_YES : AW_AMPLE_IF_OWN;
}
