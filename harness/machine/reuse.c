/* SPDX-License-Identifier: MIT */
/*
 * reuse.c - patterns of plain steps. What they are is in reuse.h.
 *
 * 1. An access to a heap block is judged by the block it lies in. A block is told by its header, which is
 *    zero where none is (heap.c): the header is one of the places looked at.
 * 2. Accesses become facts when code runs (access_facts.c). A step that is put together would add none: the
 *    thread, its own threads and the mutexes that it holds are the same as when the pattern was learned, and
 *    with them what is known of its accesses. Who holds a mutex is told by the mutex: the bytes of those that
 *    the thread has locked are looked at, too.
 * 3. Races are a matter of all threads: they are looked for in each result.
 */
#include "machine/reuse.h"

#include <stdlib.h>
#include <string.h>

#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/shared.h"

enum {
    MOST_READS = 48,   /* places that a pattern looks at */
    MOST_PATCHES = 64, /* pieces that it writes */
    MOST_BYTES = 4096, /* of one access */
    TRIALS = 4096,     /* so many must be worth it: */
    WORTH = 16         /* one in so many */
};
#define ARENA UINT32_MAX /* in place of a size: the blocks of an arena */

/* The part of a process that belongs to one thread; then its chunks. */
struct own {
    uint64_t children;
    uint64_t consoles; /* bit i: descriptor i is one; what is printed goes there */
    uint32_t generation, chunk_count;
    struct aw_thread thread;
};

static const struct aw_image_chunk *own_chunks(const struct own *own)
{
    return (const struct aw_image_chunk *)(own + 1);
}

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
        {"pthread_mutex_lock", AW_PLAIN}, {"pthread_mutex_trylock", AW_PLAIN},
        {"pthread_mutex_unlock", AW_PLAIN}, {"pthread_cond_wait", AW_PLAIN},
        {"pthread_cond_signal", AW_PLAIN}, {"pthread_cond_broadcast", AW_PLAIN},
        {"pthread_rwlock_rdlock", AW_PLAIN}, {"pthread_rwlock_tryrdlock", AW_PLAIN},
        {"pthread_rwlock_wrlock", AW_PLAIN}, {"pthread_rwlock_trywrlock", AW_PLAIN},
        {"pthread_rwlock_unlock", AW_PLAIN}, {"pthread_barrier_wait", AW_PLAIN},
        {"__aw_thread_create", AW_PLAIN}, {"__aw_thread_exit", AW_PLAIN}, {"pthread_join", AW_PLAIN},
        {"pthread_detach", AW_PLAIN}, {"sched_yield", AW_PLAIN},
        /* At a semaphore, of which they look whether it has a name. */
        {"sem_wait", AW_PLAIN}, {"sem_trywait", AW_PLAIN}, {"sem_post", AW_PLAIN},
        /* Functions of the thread. */
        {"pthread_self", AW_PLAIN}, {"__aw_self", AW_PLAIN}, {"__errno_location", AW_PLAIN},
        {"__tls_get_addr", AW_PLAIN}, {"__aw_forget", AW_PLAIN},
        /* What they read is recorded (access_calls.c). */
        {"strtol", AW_PLAIN}, {"strtoll", AW_PLAIN}, {"strtoul", AW_PLAIN}, {"strtoull", AW_PLAIN},
        {"strcasecmp", AW_PLAIN}, {"strncasecmp", AW_PLAIN}, {"__aw_vsnprintf", AW_PLAIN},
        {"__aw_log", AW_PLAIN},
        /* They tell which arena they look at (aw_reuse_arena). */
        {"malloc", AW_PLAIN_WITHOUT_POINTS}, {"calloc", AW_PLAIN_WITHOUT_POINTS},
        {"free", AW_PLAIN_WITHOUT_POINTS}, {"fiu_fail", AW_PLAIN_WITHOUT_POINTS},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].plain;
    return AW_NOT_PLAIN;
}

void aw_machine_set_reuse(struct aw_machine *machine, bool on) { machine->reuse.off = !on; }

void aw_reuse_begin(struct aw_machine *machine)
{
    machine->reuse.plain = true;
    machine->reuse.arena_count = 0;
    machine->reuse.looked = 0;
}

void aw_reuse_call(struct aw_machine *machine, const struct aw_import *import)
{
    machine->reuse.plain &=
        import->hook != NULL || import->plain == AW_PLAIN ||
        (import->plain == AW_PLAIN_WITHOUT_POINTS && !machine->has_points);
}

void aw_reuse_arena(struct aw_machine *machine, uint32_t slot)
{
    struct aw_reuse *reuse = &machine->reuse;
    uint32_t at;
    aw_access_records(&at);
    if (reuse->arena_count == AW_REUSE_ARENAS)
        reuse->plain = false;
    else
        reuse->arenas[reuse->arena_count++] = (struct aw_reuse_arena){slot, at};
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

static bool is_last(const struct aw_local *from, const struct aw_thread *thread)
{
    for (int i = 0; i < from->thread_count; i++)
        if (&aw_local_threads(from)[i] != thread &&
            aw_local_threads(from)[i].status == AW_THREAD_PARKED)
            return false;
    return true;
}

/* Is the step one of those that may be plain, as far as its operation tells? */
static bool may_be_plain(struct aw_machine *machine, const struct aw_local *from,
                         const struct aw_thread *thread, const struct aw_answer *answer)
{
    if (from->thread_count < 2 || thread->status != AW_THREAD_PARKED ||
        (thread->op.flags & AW_OP_SHARED) != 0 || answer->faults != 0 ||
        answer->output != AW_INTERN_NONE || machine->reuse.off || machine->accesses.every ||
        unseen(machine))
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

/* Chunks of a sorted list with numbers from `low` to below `high`. */
static uint32_t lower_bound(const struct aw_image_chunk *list, uint32_t count, uint32_t index)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (list[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The chunk numbers of what belongs to a slot: [0] errno and thread-local storage, [1] its stack. */
static void own_bounds(uint32_t slot, uint32_t low[2], uint32_t high[2])
{
    low[0] = aw_image_chunk_of(aw_local_of(slot));
    high[0] = low[0] + (uint32_t)(AW_LOCAL_STRIDE / AW_CHUNK);
    high[1] = aw_image_chunk_of(aw_stack_top(slot));
    low[1] = high[1] - (uint32_t)(AW_STACK_STRIDE / AW_CHUNK);
}

static uint32_t own_of(struct aw_machine *machine, uint32_t local, unsigned thread)
{
    struct aw_thread_info *info = &machine->infos[local].threads[thread];
    if (info->own != AW_INTERN_NONE)
        return info->own;
    const struct aw_local *from = aw_local_get(machine, local);
    const struct aw_thread *threads = aw_local_threads(from);
    const struct aw_image_chunk *chunks = aw_local_chunks(from);
    uint32_t low[2], high[2], first[2], last[2];
    own_bounds(threads[thread].slot, low, high);
    uint32_t count = 0;
    for (int i = 0; i < 2; i++) {
        first[i] = lower_bound(chunks, from->chunk_count, low[i]);
        for (last[i] = first[i]; last[i] < from->chunk_count && chunks[last[i]].index < high[i];)
            last[i]++;
        count += last[i] - first[i];
    }
    uint32_t size = (uint32_t)(sizeof(struct own) + count * sizeof *chunks);
    struct own *own = (struct own *)aw_scratch(machine, size);
    memset(own, 0, sizeof *own);
    own->children = aw_facts_children(threads, from->thread_count, threads[thread].slot);
    own->generation = from->generation;
    for (int i = 0; i < from->fd_count; i++)
        if (aw_local_fds(from)[i].kind == AW_FD_CONSOLE && aw_local_fds(from)[i].fd < 64)
            own->consoles |= (uint64_t)1 << aw_local_fds(from)[i].fd;
    own->chunk_count = count;
    own->thread = threads[thread];
    struct aw_image_chunk *to = (struct aw_image_chunk *)(own + 1);
    for (int i = 0; i < 2; i++) {
        memcpy(to, chunks + first[i], (last[i] - first[i]) * sizeof *to);
        to += last[i] - first[i];
    }
    return info->own = aw_intern_put(&machine->reuse.owns, own, size);
}

/* Values. */

static void peek(const struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                 void *bytes, uint32_t size)
{
    aw_image_peek(&machine->image, aw_local_chunks(local), local->chunk_count, address, bytes, size);
}

/* The blocks of an arena: its head and their headers, each after its number (heap.c). All that malloc and
 * free look at. How many bytes, or 0: too many. */
static uint32_t skeleton(const struct aw_machine *machine, const struct aw_local *local, uint32_t slot,
                         uint8_t *bytes)
{
    uint32_t size = 0, offset = 0;
    do {
        if (size + sizeof offset + AW_ARENA_HEADER > MOST_BYTES)
            return 0;
        memcpy(bytes + size, &offset, sizeof offset);
        peek(machine, local, aw_heap_of(slot) + (uint64_t)offset * AW_ARENA_HEADER,
             bytes + size + sizeof offset, AW_ARENA_HEADER);
        memcpy(&offset, bytes + size + sizeof offset, sizeof offset);
        size += (uint32_t)sizeof offset + AW_ARENA_HEADER;
        if (offset >= machine->image.heap_bytes / AW_ARENA_HEADER)
            return 0;
    } while (offset != 0);
    return size;
}

/* What lies at a node's place, as a key. */
static uint64_t value_at(struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                         uint32_t size)
{
    uint64_t value = 0;
    uint8_t bytes[MOST_BYTES];
    if (size <= sizeof value) {
        peek(machine, local, address, &value, size);
        return value;
    }
    if (size == ARENA)
        size = skeleton(machine, local, (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE), bytes);
    else
        peek(machine, local, address, bytes, size);
    return aw_intern_put(&machine->reuse.values, bytes, size);
}

/* Results. */

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

/* Packs the local state that the pattern leads to into machine->pack_buffer; its size. */
static uint32_t pack(struct aw_machine *machine, const struct aw_local *from, unsigned thread,
                     const struct aw_reuse_pattern *pattern)
{
    const struct own *own = aw_intern_get(&machine->reuse.owns, pattern->own);
    const struct aw_reuse_patch *patch = machine->reuse.patches + pattern->patches,
                                *patch_end = patch + pattern->patch_count;
    const struct aw_image_chunk *chunk = aw_local_chunks(from), *chunk_end = chunk + from->chunk_count;
    const struct aw_image_chunk *mine = own_chunks(own), *mine_end = mine + own->chunk_count;
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
    struct aw_image_chunk *out = (struct aw_image_chunk *)(machine->pack_buffer + prefix), *start = out;
    uint32_t low[2], high[2];
    own_bounds(own->thread.slot, low, high);
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
    case AW_OP_COND_SIGNAL: /* depend on what others are at */
    case AW_OP_JOIN:
    case AW_OP_COND_SLEEP:
    case AW_OP_BARRIER_SLEEP:
        return true;
    default:
        for (uint32_t i = 0; i < pattern->patch_count; i++)
            if (patches[i].chunk == aw_image_chunk_of(thread->op.address) ||
                patches[i].chunk == aw_image_chunk_of(thread->op.address + 19) ||
                patches[i].chunk == aw_image_chunk_of(thread->op.argument) ||
                patches[i].chunk == aw_image_chunk_of(thread->op.argument + 19))
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

bool aw_reuse_find(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer,
                   struct aw_edge *edge)
{
    struct aw_reuse *reuse = &machine->reuse;
    const struct aw_local *from = aw_local_get(machine, local);
    if (!may_be_plain(machine, from, &aw_local_threads(from)[thread],
                      aw_intern_get(&machine->answers, answer)))
        return false;
    if (reuse->tried >= TRIALS && reuse->found < reuse->tried / WORTH)
        return false;
    reuse->tried++;
    uint32_t own = own_of(machine, local, thread);
    uint32_t at = aw_map_get(&reuse->roots, own | (uint64_t)answer << 32, 0);
    while (at != AW_MAP_NONE && reuse->nodes[at].size != 0)
        at = aw_map_get(&reuse->children,
                        value_at(machine, from, reuse->nodes[at].address, reuse->nodes[at].size), at);
    if (at == AW_MAP_NONE)
        return false;
    const struct aw_reuse_pattern *pattern = &reuse->patterns[reuse->nodes[at].pattern];
    uint32_t size = pack(machine, from, thread, pattern);
    const struct aw_local *to = (const struct aw_local *)machine->pack_buffer;
    int one, other;
    if (aw_access_race(machine, aw_local_threads(to), to->thread_count, &one, &other))
        return false; /* to be told by the step that is executed */
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

/* Learning. */

struct place {
    uint64_t address;
    uint32_t size;
};

struct draft {
    struct place reads[MOST_READS];
    uint32_t read_count;
    struct aw_reuse_patch patches[MOST_PATCHES];
    uint32_t patch_count;
};

static bool reads(struct draft *draft, uint64_t address, uint64_t size)
{
    if (draft->read_count == MOST_READS || (size > MOST_BYTES && size != ARENA))
        return false;
    for (uint32_t i = 0; i < draft->read_count; i++)
        if (draft->reads[i].address == address && draft->reads[i].size == size)
            return true;
    draft->reads[draft->read_count++] = (struct place){address, (uint32_t)size};
    return true;
}

static bool writes(struct draft *draft, const struct aw_local *after, uint64_t address, uint64_t size,
                   const struct aw_image *image)
{
    const struct aw_image_chunk *chunks = aw_local_chunks(after);
    while (size > 0) {
        uint32_t chunk = aw_image_chunk_of(address), offset = (uint32_t)(address % AW_CHUNK);
        uint32_t part = AW_CHUNK - offset < size ? AW_CHUNK - offset : (uint32_t)size;
        uint32_t at = lower_bound(chunks, after->chunk_count, chunk);
        bool differs = at < after->chunk_count && chunks[at].index == chunk;
        if (draft->patch_count == MOST_PATCHES)
            return false;
        draft->patches[draft->patch_count++] = (struct aw_reuse_patch){
            .chunk = chunk,
            .after = differs ? chunks[at].id : aw_image_baseline(image, chunk),
            .offset = (uint16_t)offset,
            .size = (uint16_t)part,
        };
        address += part;
        size -= part;
    }
    return true;
}

/* The header of the block that an access to the heap lies in. */
static bool reads_header(const struct aw_machine *machine, struct draft *draft, uint64_t address)
{
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    for (uint32_t i = 0; i < machine->reuse.arena_count; i++)
        if (machine->reuse.arenas[i].slot == slot)
            return true; /* with all others */
    uint64_t block = aw_live_block(address);
    return block != 0 && reads(draft, block - AW_ARENA_HEADER, AW_ARENA_HEADER);
}

static bool reads_locks(const struct aw_machine *machine, struct draft *draft, uint32_t locks)
{
    if (locks == 0)
        return true;
    uint32_t count = aw_intern_size(&machine->payloads, locks - 1) / 8;
    const uint64_t *all = aw_intern_get(&machine->payloads, locks - 1);
    for (uint32_t i = 0; i < count; i++)
        if (aw_is_shared(all[i]) || !aw_user_valid(machine, all[i], sizeof(struct aw_user_mutex)) ||
            !reads(draft, all[i], sizeof(struct aw_user_mutex)))
            return false;
    return true;
}

/* The blocks of an arena before the step; and afterwards, in as far as they are others. */
static bool changes_arena(struct aw_machine *machine, struct draft *draft, const struct aw_local *before,
                          const struct aw_local *after, uint32_t slot)
{
    uint8_t were[MOST_BYTES], are[MOST_BYTES];
    const uint32_t step = sizeof(uint32_t) + AW_ARENA_HEADER;
    uint32_t old = skeleton(machine, before, slot, were), new = skeleton(machine, after, slot, are);
    if (old == 0 || new == 0 || !reads(draft, aw_heap_of(slot), ARENA))
        return false;
    for (uint32_t i = 0, j = 0; i < old || j < new;) {
        uint32_t one = UINT32_MAX, other = UINT32_MAX;
        if (i < old)
            memcpy(&one, were + i, sizeof one);
        if (j < new)
            memcpy(&other, are + j, sizeof other);
        uint32_t offset = one < other ? one : other;
        bool same = one == other && memcmp(were + i, are + j, step) == 0;
        if (!same && !writes(draft, after, aw_heap_of(slot) + (uint64_t)offset * AW_ARENA_HEADER,
                             AW_ARENA_HEADER, &machine->image))
            return false;
        i += one == offset ? step : 0;
        j += other == offset ? step : 0;
    }
    return true;
}

/* Everything outside its own part that the step at hand has touched. False when it is too much, or not
 * understood. */
static bool draw(struct aw_machine *machine, struct draft *draft, const struct aw_local *before,
                 const struct aw_local *after, unsigned thread)
{
    const struct aw_reuse *reuse = &machine->reuse;
    const struct aw_thread *mine = &aw_local_threads(before)[thread];
    uint32_t count, arena = 0, low[2], high[2];
    const struct aw_access *records = aw_access_records(&count);
    own_bounds(mine->slot, low, high);
    draft->read_count = draft->patch_count = 0;
    if (!reads_locks(machine, draft, mine->locks))
        return false;
    for (uint32_t i = 0;; i++) {
        for (; arena < reuse->arena_count && reuse->arenas[arena].at <= i; arena++)
            if (!changes_arena(machine, draft, before, after, reuse->arenas[arena].slot))
                return false;
        if (i == count)
            break;
        const struct aw_access *access = &records[i];
        uint32_t first = aw_image_chunk_of(access->address),
                 last = aw_image_chunk_of(access->address + access->size - 1);
        if ((first >= low[0] && last < high[0]) || (first >= low[1] && last < high[1]))
            continue;
        switch (aw_access_place(machine, access->address)) {
        case AW_PLACE_CONSTANT:
            if ((access->kind & AW_ACCESS_WRITE) != 0)
                return false;
            continue;
        case AW_PLACE_HEAP:
            if (!reads_header(machine, draft, access->address))
                return false;
            break;
        case AW_PLACE_GLOBAL:
            if (first >= aw_image_chunk_of(AW_LOCAL_BASE))
                return false; /* another thread's storage */
            break;
        case AW_PLACE_RUNTIME:
            break;
        default:
            return false;
        }
        if ((access->kind & AW_ACCESS_READ) != 0 && !reads(draft, access->address, access->size))
            return false;
        if ((access->kind & AW_ACCESS_WRITE) != 0 &&
            !writes(draft, after, access->address, access->size, &machine->image))
            return false;
    }
    if (reuse->looked != 0 && !reads(draft, reuse->looked, sizeof(struct aw_user_sem)))
        return false;
    return reads_locks(machine, draft, aw_local_threads(after)[thread].locks);
}

static int by_place(const void *a, const void *b)
{
    const struct aw_reuse_patch *one = a, *other = b;
    if (one->chunk != other->chunk)
        return one->chunk < other->chunk ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Appends to an array that grows. */
#define APPEND(array, count, capacity, element)                                                    \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            (capacity) = (capacity) ? 2 * (capacity) : 64;                                         \
            (array) = aw_reallocate(array, capacity, sizeof *(array));                             \
        }                                                                                          \
        (array)[(count)++] = (element);                                                            \
    } while (0)

static uint32_t add_node(struct aw_reuse *reuse, struct aw_reuse_node node)
{
    APPEND(reuse->nodes, reuse->node_count, reuse->node_capacity, node);
    return reuse->node_count - 1;
}

/* Node number `step` of a way through the tree. */
static struct aw_reuse_node node_of(const struct draft *draft, uint32_t step, uint32_t pattern)
{
    if (step == draft->read_count)
        return (struct aw_reuse_node){.pattern = pattern};
    return (struct aw_reuse_node){.address = draft->reads[step].address,
                                  .size = draft->reads[step].size};
}

/* Enters the way that the step has gone. Where the tree has another place to look at, the same values have
 * led to other accesses: the step is not what it is taken for, and nothing is entered. */
static void plant(struct aw_machine *machine, const struct draft *draft, const struct aw_local *before,
                  uint64_t root, uint32_t pattern)
{
    struct aw_reuse *reuse = &machine->reuse;
    uint32_t at = aw_map_get(&reuse->roots, root, 0);
    uint64_t value = 0;
    for (uint32_t step = 0;; step++) {
        struct aw_reuse_node node = node_of(draft, step, pattern);
        uint32_t parent = at;
        if (step > 0) {
            value = value_at(machine, before, draft->reads[step - 1].address, draft->reads[step - 1].size);
            at = aw_map_get(&reuse->children, value, parent);
        }
        if (at == AW_MAP_NONE) {
            at = add_node(reuse, node);
            if (step == 0)
                aw_map_put(&reuse->roots, root, 0, at);
            else
                aw_map_put(&reuse->children, value, parent, at);
        } else if (reuse->nodes[at].size == 0 || reuse->nodes[at].address != node.address ||
                   reuse->nodes[at].size != node.size) {
            return;
        }
        if (step == draft->read_count)
            return;
    }
}

/* An operation on a mutex that concerns other threads as well: their lists of what they hold, or that of the
 * process. */
static bool concerns_others(struct aw_machine *machine, uint32_t local, unsigned thread,
                            const struct aw_op *op)
{
    bool waits = op->kind == AW_OP_COND_WAIT || op->kind == AW_OP_COND_RELOCK;
    if (!waits && op->kind != AW_OP_MUTEX_LOCK && op->kind != AW_OP_MUTEX_TRYLOCK &&
        op->kind != AW_OP_MUTEX_UNLOCK)
        return false;
    struct aw_user_mutex mutex;
    uint64_t address = waits ? op->argument : op->address;
    peek(machine, aw_local_get(machine, local), address, &mutex, sizeof mutex);
    bool gives_up = op->kind == AW_OP_COND_WAIT || op->kind == AW_OP_MUTEX_UNLOCK;
    return aw_mutex_is_robust(&mutex) ||
           (gives_up && !aw_machine_holds_mutex(machine, local, thread, address));
}

void aw_reuse_learn(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer,
                    const struct aw_edge *edge)
{
    struct aw_reuse *reuse = &machine->reuse;
    const struct aw_local *before = aw_local_get(machine, local);
    const struct aw_thread *mine = &aw_local_threads(before)[thread];
    if (!reuse->plain || edge->flags != 0 || edge->stores != AW_INTERN_NONE || edge->pid_matters ||
        edge->child != AW_INTERN_NONE || machine->refused ||
        !may_be_plain(machine, before, mine, aw_intern_get(&machine->answers, answer)) ||
        (reuse->tried >= TRIALS && reuse->found < reuse->tried / WORTH))
        return;
    if (concerns_others(machine, local, thread, &mine->op))
        return;
    const struct aw_local *after = aw_local_get(machine, edge->next);
    if (after->thread_count != before->thread_count)
        return;
    static struct draft draft;
    if (!draw(machine, &draft, before, after, thread))
        return;
    if ((machine->accesses.plant & AW_PLANT_FORGOTTEN_READS) != 0)
        draft.read_count = 0;
    qsort(draft.patches, draft.patch_count, sizeof *draft.patches, by_place);
    struct aw_reuse_pattern pattern = {.own = own_of(machine, edge->next, thread),
                                       .patches = reuse->patch_count,
                                       .patch_count = draft.patch_count,
                                       .events = edge->events,
                                       .footprint = edge->footprint,
                                       .freed = edge->freed,
                                       .result = edge->result};
    for (uint32_t i = 0; i < draft.patch_count; i++) {
        if (i == 0 || draft.patches[i].chunk != draft.patches[i - 1].chunk)
            reuse->group_count++;
        draft.patches[i].group = reuse->group_count;
        APPEND(reuse->patches, reuse->patch_count, reuse->patch_capacity, draft.patches[i]);
    }
    /* Where it was learned it must do what it did there. */
    uint32_t size = pack(machine, before, thread, &pattern);
    if (size != aw_intern_size(&machine->locals, edge->next) ||
        memcmp(machine->pack_buffer, after, size) != 0) {
        reuse->patch_count = pattern.patches;
        return;
    }
    APPEND(reuse->patterns, reuse->pattern_count, reuse->pattern_capacity, pattern);
    plant(machine, &draft, before, own_of(machine, local, thread) | (uint64_t)answer << 32,
          reuse->pattern_count - 1);
}
