/* SPDX-License-Identifier: MIT */
/*
 * reuse.c - which steps are plain, and how the result of one is put together (reuse.h).
 *
 * Races are a matter of all threads: they are looked for in each result.
 */
#include "machine/reuse.h"

#include <stdlib.h>
#include <string.h>

#include "machine/internal.h"
#include "machine/reusing.h"

void aw_reuse_init(struct aw_machine *machine)
{
    struct aw_reuse *reuse = &machine->reuse;
    aw_intern_init(&reuse->owns);
    aw_intern_init(&reuse->values);
    aw_map_init(&reuse->roots);
    aw_map_init(&reuse->children);
    aw_map_init(&reuse->patched);
}

void aw_reuse_deinit(struct aw_machine *machine)
{
    struct aw_reuse *reuse = &machine->reuse;
    aw_intern_deinit(&reuse->owns);
    aw_intern_deinit(&reuse->values);
    aw_map_deinit(&reuse->roots);
    aw_map_deinit(&reuse->children);
    aw_map_deinit(&reuse->patched);
    free(reuse->nodes);
    free(reuse->patterns);
    free(reuse->patches);
}

void aw_reuse_forget(struct aw_machine *machine)
{
    struct aw_reuse *reuse = &machine->reuse;
    aw_map_deinit(&reuse->roots);
    aw_map_deinit(&reuse->children);
    aw_map_deinit(&reuse->patched);
    aw_map_init(&reuse->roots);
    aw_map_init(&reuse->children);
    aw_map_init(&reuse->patched);
    reuse->node_count = reuse->pattern_count = reuse->patch_count = reuse->group_count = 0;
    reuse->tried = reuse->found = 0;
}

uint64_t aw_reuse_bytes(const struct aw_machine *machine)
{
    const struct aw_reuse *reuse = &machine->reuse;
    return reuse->owns.allocated + reuse->values.allocated +
           (reuse->roots.mask + reuse->children.mask + reuse->patched.mask + 3ul) *
               sizeof(struct aw_map_slot) +
           reuse->node_capacity * sizeof *reuse->nodes +
           reuse->pattern_capacity * sizeof *reuse->patterns +
           reuse->patch_capacity * sizeof *reuse->patches;
}

enum aw_plain aw_reuse_plain(const char *call)
{
    static const struct {
        const char *name;
        enum aw_plain plain;
    } calls[] = {
        /* They park at the object that they are given, without looking at it (calls_thread.c). */
        {"pthread_mutex_lock", AW_PLAIN},
        {"pthread_mutex_trylock", AW_PLAIN},
        {"pthread_mutex_unlock", AW_PLAIN},
        {"pthread_cond_wait", AW_PLAIN},
        {"pthread_cond_signal", AW_PLAIN},
        {"pthread_cond_broadcast", AW_PLAIN},
        {"pthread_rwlock_rdlock", AW_PLAIN},
        {"pthread_rwlock_tryrdlock", AW_PLAIN},
        {"pthread_rwlock_wrlock", AW_PLAIN},
        {"pthread_rwlock_trywrlock", AW_PLAIN},
        {"pthread_rwlock_unlock", AW_PLAIN},
        {"pthread_barrier_wait", AW_PLAIN},
        {"__aw_thread_create", AW_PLAIN},
        {"__aw_thread_exit", AW_PLAIN},
        {"pthread_join", AW_PLAIN},
        {"pthread_detach", AW_PLAIN},
        {"sched_yield", AW_PLAIN},
        /* At a semaphore, of which they look whether it has a name. */
        {"sem_wait", AW_PLAIN},
        {"sem_trywait", AW_PLAIN},
        {"sem_post", AW_PLAIN},
        /* Functions of the thread. */
        {"pthread_self", AW_PLAIN},
        {"__aw_self", AW_PLAIN},
        {"__errno_location", AW_PLAIN},
        {"__tls_get_addr", AW_PLAIN},
        {"__aw_forget", AW_PLAIN},
        /* What they read is recorded (access_calls.c). */
        {"strtol", AW_PLAIN},
        {"strtoll", AW_PLAIN},
        {"strtoul", AW_PLAIN},
        {"strtoull", AW_PLAIN},
        {"strcasecmp", AW_PLAIN},
        {"strncasecmp", AW_PLAIN},
        {"__aw_vsnprintf", AW_PLAIN},
        {"__aw_log", AW_PLAIN},
        /* They tell which arena they look at (aw_reuse_arena). */
        {"malloc", AW_PLAIN_ALLOCATES},
        {"calloc", AW_PLAIN_ALLOCATES},
        {"free", AW_PLAIN_FREES},
        /* Its point is in no plan. */
        {"fiu_fail", AW_PLAIN_WITHOUT_POINTS},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].plain;
    return AW_NOT_PLAIN;
}

void aw_machine_set_reuse(struct aw_machine *machine, bool on)
{
    machine->reuse.off = !on;
}

void aw_reuse_begin(struct aw_machine *machine)
{
    machine->reuse.plain = true;
    machine->reuse.arena_count = 0;
    machine->reuse.looked = 0;
}

void aw_reuse_call(struct aw_machine *machine, const struct aw_import *import)
{
    machine->reuse.plain &= import->hook != NULL || import->plain == AW_PLAIN ||
                            (import->plain != AW_NOT_PLAIN && !machine->has_points);
}

void aw_reuse_arena(struct aw_machine *machine, uint32_t slot)
{
    struct aw_reuse *reuse = &machine->reuse;
    uint32_t at;
    for (uint32_t i = 0; i < reuse->arena_count; i++)
        if (reuse->arenas[i].slot == slot)
            return; /* known already as it was before the step */
    aw_access_records(&at);
    if (reuse->arena_count == AW_REUSE_ARENAS)
        reuse->plain = false;
    else
        reuse->arenas[reuse->arena_count++] = (struct aw_reuse_arena){slot, at};
}

/* Where a call parks depends on what its footprint has looked at, also when it is not carried out yet. */
void aw_reuse_footprint(struct aw_machine *machine, const struct aw_import *import,
                        const uint64_t *args)
{
    aw_reuse_call(machine, import);
    if (import->plain == AW_PLAIN_ALLOCATES)
        aw_reuse_arena(machine, machine->run_slot);
    else if (import->plain == AW_PLAIN_FREES && aw_machine_on_heap(args[0]))
        aw_reuse_arena(machine, aw_reuse_arena_of(args[0]));
}

/* Lengths of strings were looked at, and are no accesses yet. */
void aw_reuse_parks(struct aw_machine *machine, const struct aw_import *import)
{
    bool on_heap = import->plain == AW_PLAIN_ALLOCATES || import->plain == AW_PLAIN_FREES;
    machine->reuse.plain &=
        import->hook == NULL ? import->footprint == NULL || on_heap : !aw_hook_looks(import->hook);
}

void aw_reuse_sem(struct aw_machine *machine, uint64_t address)
{
    machine->reuse.plain &= machine->reuse.looked == 0;
    machine->reuse.looked = address;
}

void aw_reuse_print(struct aw_machine *machine, int fd)
{
    machine->reuse.plain &= fd < 64;
}

/* Are there accesses that nobody tells of? */
static bool unseen(struct aw_machine *machine)
{
    struct aw_reuse *reuse = &machine->reuse;
    if (!reuse->asked) {
        reuse->asked = true;
        reuse->unseen = aw_machine_uninstrumented(machine) != NULL;
    }
    return reuse->unseen;
}

static bool is_worth_it(const struct aw_reuse *reuse)
{
    enum { TRIALS = 4096, SHARE = 16 };
    return reuse->tried < TRIALS || reuse->found >= reuse->tried / SHARE;
}

static bool is_last(const struct aw_local *from, const struct aw_thread *thread)
{
    for (int i = 0; i < from->thread_count; i++)
        if (&aw_local_threads(from)[i] != thread &&
            aw_local_threads(from)[i].status == AW_THREAD_PARKED)
            return false;
    return true;
}

bool aw_reuse_may(struct aw_machine *machine, const struct aw_local *from,
                  const struct aw_thread *thread, const struct aw_answer *answer)
{
    if (from->thread_count < 2 || thread->status != AW_THREAD_PARKED ||
        (thread->op.flags & AW_OP_SHARED) != 0 || answer->faults != 0 ||
        answer->output != AW_INTERN_NONE || machine->reuse.off || machine->accesses.every ||
        !is_worth_it(&machine->reuse) || unseen(machine))
        return false;
    switch (thread->op.kind) {
    case AW_OP_ACCESS:
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_COND_WAIT:
    case AW_OP_COND_RELOCK:
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TRYWAIT:
    case AW_OP_USEM_POST:
        if (answer->action != AW_ACT_CHOICE)
            return false;
        break;
    case AW_OP_THREAD_EXIT: /* not the last one, and not with a robust mutex */
        if (answer->action != AW_ACT_CHOICE || from->lock_count > 0 || is_last(from, thread))
            return false;
        break;
    case AW_OP_START:
    case AW_OP_YIELD:
        if (answer->action != AW_ACT_ANSWER || answer->error != 0)
            return false;
        break;
    default:
        return false;
    }
    for (int i = from->fd_count; i-- > 0;)
        if (aw_local_fds(from)[i].kind == AW_FD_MAPPING)
            return false;
    return true;
}

/* Chunk `base` with the bytes of the patches of one group, `count` of them. */
static uint32_t patched(struct aw_machine *machine, uint32_t base,
                        const struct aw_reuse_patch *patches, uint32_t count)
{
    struct aw_reuse *reuse = &machine->reuse;
    uint64_t key = base | (uint64_t)patches->group << 32;
    uint32_t known = aw_map_get(&reuse->patched, key, 0);
    if (known != AW_MAP_NONE)
        return known;
    uint8_t bytes[AW_CHUNK];
    memcpy(bytes, aw_intern_get(&machine->image.chunks, base), sizeof bytes);
    for (uint32_t i = 0; i < count; i++)
        memcpy(bytes + patches[i].offset,
               (const uint8_t *)aw_intern_get(&machine->image.chunks, patches[i].after) +
                   patches[i].offset,
               patches[i].size);
    uint32_t id = aw_intern_put(&machine->image.chunks, bytes, sizeof bytes);
    aw_map_put(&reuse->patched, key, 0, id);
    return id;
}

uint32_t aw_reuse_pack(struct aw_machine *machine, const struct aw_local *from, unsigned thread,
                       const struct aw_reuse_pattern *pattern)
{
    const struct aw_reuse_own *own = aw_intern_get(&machine->reuse.owns, pattern->own);
    const struct aw_reuse_patch *patch = machine->reuse.patches + pattern->patches,
                                *patch_end = patch + pattern->patch_count;
    const struct aw_image_chunk *chunk = aw_local_chunks(from),
                                *chunk_end = chunk + from->chunk_count;
    const struct aw_image_chunk *mine = aw_reuse_own_chunks(own),
                                *mine_end = mine + own->chunk_count;
    uint32_t prefix = (uint32_t)((const uint8_t *)chunk - (const uint8_t *)from);
    uint32_t most = prefix + (from->chunk_count + own->chunk_count + pattern->patch_count) *
                                 (uint32_t)sizeof *chunk;
    if (most > machine->pack_capacity) {
        machine->pack_capacity = 2 * most;
        machine->pack_buffer = aw_reallocate(machine->pack_buffer, machine->pack_capacity, 1);
    }
    memcpy(machine->pack_buffer, from, prefix);
    struct aw_local *to = (struct aw_local *)machine->pack_buffer;
    ((struct aw_thread *)(to + 1))[thread] = own->thread;
    ((struct aw_thread *)(to + 1))[thread].touched = pattern->touched;
    struct aw_image_chunk *out = (struct aw_image_chunk *)(machine->pack_buffer + prefix),
                          *start = out;
    uint32_t low[2], high[2];
    aw_reuse_own_bounds(own->thread.slot, low, high);
    for (;;) {
        while (chunk < chunk_end && ((chunk->index >= low[0] && chunk->index < high[0]) ||
                                     (chunk->index >= low[1] && chunk->index < high[1])))
            chunk++;
        uint32_t others = chunk < chunk_end ? chunk->index : UINT32_MAX;
        uint32_t written = patch < patch_end ? patch->chunk : UINT32_MAX;
        uint32_t next = mine < mine_end ? mine->index : UINT32_MAX;
        if (others == UINT32_MAX && written == UINT32_MAX && next == UINT32_MAX)
            break;
        if (next < others && next < written) {
            *out++ = *mine++;
        } else if (others < written) {
            *out++ = *chunk++;
        } else {
            const struct aw_reuse_patch *first = patch;
            while (patch < patch_end && patch->chunk == written)
                patch++;
            uint32_t baseline = aw_image_baseline(&machine->image, written), base = baseline;
            if (others == written)
                base = (chunk++)->id;
            uint32_t id = patched(machine, base, first, (uint32_t)(patch - first));
            if (id != baseline)
                *out++ = (struct aw_image_chunk){written, id};
        }
    }
    to->chunk_count = (uint32_t)(out - start);
    return prefix + to->chunk_count * (uint32_t)sizeof *out;
}

/* Does an object of synchronisation at that address reach into the chunk? */
static bool is_in_chunk(uint64_t address, uint32_t chunk)
{
    return chunk == aw_image_chunk_of(address) ||
           chunk == aw_image_chunk_of(address + AW_LOCK_BYTES - 1);
}

/* Does the thread's operation, which stays, have the same outcomes as before? It does where no byte of its
 * object was written. */
static bool keeps_outcomes(const struct aw_reuse *reuse, const struct aw_reuse_pattern *pattern,
                           const struct aw_thread *thread)
{
    if (thread->status != AW_THREAD_PARKED || aw_op_class_of(&thread->op) != AW_ON_IMAGE)
        return true;
    const struct aw_reuse_patch *patches = reuse->patches + pattern->patches;
    switch (thread->op.kind) {
    case AW_OP_ACCESS:
        return thread->op.progress != 1; /* a weak exchange compares values */
    case AW_OP_COND_SIGNAL:              /* depend on what others are at */
    case AW_OP_JOIN:
    case AW_OP_COND_SLEEP:
    case AW_OP_BARRIER_SLEEP:
        return true;
    default:
        for (uint32_t i = 0; i < pattern->patch_count; i++)
            if (is_in_chunk(thread->op.address, patches[i].chunk) ||
                is_in_chunk(thread->op.argument, patches[i].chunk))
                return false;
        return true;
    }
}

/* Describes the new local state `id`, mostly by what is known of the one before. */
static void describe(struct aw_machine *machine, uint32_t id, uint32_t before, unsigned thread,
                     const struct aw_reuse_pattern *pattern)
{
    const struct aw_local *local = aw_local_get(machine, id);
    const struct aw_thread *threads = aw_local_threads(local);
    bool known = threads[thread].op.kind == AW_OP_ACCESS && threads[thread].op.progress != 1;
    for (unsigned i = 0; i < local->thread_count && known; i++)
        known = i == thread || keeps_outcomes(&machine->reuse, pattern, &threads[i]);
    if (known) {
        aw_local_described_as(machine, id, before, thread);
    } else {
        aw_process_unpack(&machine->work, local);
        aw_image_load(&machine->image, aw_local_chunks(local), local->chunk_count);
        aw_local_described(machine, id);
    }
    for (unsigned i = 0; i < local->thread_count; i++)
        machine->infos[id].threads[i].own =
            i == thread ? pattern->own : machine->infos[before].threads[i].own;
}

/* The thread locks a mutex that was made anew while another one held it: that is noticed by who executes it. */
static bool locks_what_is_held(const struct aw_machine *machine, const struct aw_local *from,
                               unsigned thread)
{
    const struct aw_thread *threads = aw_local_threads(from);
    const struct aw_op *op = &threads[thread].op;
    if (op->kind != AW_OP_MUTEX_LOCK && op->kind != AW_OP_MUTEX_TRYLOCK &&
        op->kind != AW_OP_COND_RELOCK)
        return false;
    for (unsigned i = 0; i < from->thread_count; i++)
        if (i != thread &&
            aw_facts_lists(machine, &threads[i],
                           op->kind == AW_OP_COND_RELOCK ? op->argument : op->address))
            return true;
    return false;
}

bool aw_reuse_find(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer,
                   struct aw_edge *edge)
{
    struct aw_reuse *reuse = &machine->reuse;
    const struct aw_local *from = aw_local_get(machine, local);
    if (!aw_reuse_may(machine, from, &aw_local_threads(from)[thread],
                      aw_intern_get(&machine->answers, answer)))
        return false;
    if (locks_what_is_held(machine, from, thread))
        return false;
    reuse->tried++;
    uint32_t own = aw_reuse_own(machine, local, thread);
    uint32_t at = aw_map_get(&reuse->roots, own | (uint64_t)answer << 32, 0);
    while (at != AW_MAP_NONE && reuse->nodes[at].size != 0) {
        uint64_t value;
        const struct aw_reuse_node *node = &reuse->nodes[at];
        at = aw_reuse_value(machine, from, node->address, node->size, false, &value)
                 ? aw_map_get(&reuse->children, value, at)
                 : AW_MAP_NONE;
    }
    if (at == AW_MAP_NONE)
        return false;
    const struct aw_reuse_pattern *pattern = &reuse->patterns[reuse->nodes[at].pattern];
    uint32_t size = aw_reuse_pack(machine, from, thread, pattern);
    const struct aw_local *to = (const struct aw_local *)machine->pack_buffer;
    int one, other;
    if (aw_access_race(machine, aw_local_threads(to), to->thread_count, &one, &other))
        return false; /* to be told by the step that is executed */
    if (aw_track_conflicts(machine, aw_local_threads(to), to->thread_count, (int)thread,
                           pattern->touched, false))
        return false; /* as well */
    bool is_new;
    uint32_t id = aw_intern_add(&machine->locals, machine->pack_buffer, size, &is_new);
    if (is_new)
        describe(machine, id, local, thread, pattern);
    *edge = (struct aw_edge){.next = id,
                             .child = AW_INTERN_NONE,
                             .events = pattern->events,
                             .child_events = AW_INTERN_NONE,
                             .footprint = pattern->footprint,
                             .stores = AW_INTERN_NONE,
                             .freed = pattern->freed,
                             .result = pattern->result};
    reuse->found++;
    return true;
}
