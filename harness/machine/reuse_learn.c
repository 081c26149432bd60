/* SPDX-License-Identifier: MIT */
/*
 * reuse_learn.c - the pattern of a step that was executed (reuse.h).
 *
 * 1. An access to a heap block is judged by the block it lies in. A block is told by its header, which is
 *    zero where none is (heap.c): the header is one of the places looked at. What malloc and free do is told
 *    by all headers of an arena.
 * 2. Accesses become facts when code runs (access_facts.c). A step that is put together would add none: the
 *    thread, its own threads and the mutexes that it holds are the same as when the pattern was learned, and
 *    with them what is known of its accesses. Who holds a mutex is told by the mutex: the bytes of those that
 *    the thread has locked are looked at, too. What is noted of other threads while code runs must be asked for
 *    in each state (aw_reuse_find), as whether somebody lists a mutex that is locked.
 */
#include <stdlib.h>
#include <string.h>

#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/reusing.h"
#include "machine/shared.h"

enum {
    MOST_READS = 48,   /* places that a pattern looks at */
    MOST_PATCHES = 64, /* pieces that it writes */
};

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
    if (draft->read_count == MOST_READS || (size > AW_REUSE_BYTES && size != AW_REUSE_ARENA))
        return false;
    for (uint32_t i = 0; i < draft->read_count; i++)
        if (draft->reads[i].address == address && draft->reads[i].size == size)
            return true;
    draft->reads[draft->read_count++] = (struct place){address, (uint32_t)size};
    return true;
}

static bool writes(struct draft *draft, const struct aw_local *after, uint64_t address,
                   uint64_t size, const struct aw_image *image)
{
    const struct aw_image_chunk *chunks = aw_local_chunks(after);
    while (size > 0) {
        uint32_t chunk = aw_image_chunk_of(address), offset = (uint32_t)(address % AW_CHUNK);
        uint32_t part = AW_CHUNK - offset < size ? AW_CHUNK - offset : (uint32_t)size;
        uint32_t at = aw_image_seek(chunks, after->chunk_count, chunk);
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
    uint32_t slot = aw_reuse_arena_of(address);
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
static bool changes_arena(struct aw_machine *machine, struct draft *draft,
                          const struct aw_local *before, const struct aw_local *after,
                          uint32_t slot)
{
    uint8_t were[AW_REUSE_BYTES], are[AW_REUSE_BYTES];
    const uint32_t step = sizeof(uint32_t) + AW_ARENA_HEADER;
    uint32_t old = aw_reuse_skeleton(machine, before, slot, were),
             new = aw_reuse_skeleton(machine, after, slot, are);
    if (old == 0 || new == 0 || !reads(draft, aw_heap_of(slot), AW_REUSE_ARENA))
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
    aw_reuse_own_bounds(mine->slot, low, high);
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
static void plant(struct aw_machine *machine, const struct draft *draft,
                  const struct aw_local *before, uint64_t root, uint32_t pattern)
{
    struct aw_reuse *reuse = &machine->reuse;
    uint32_t at = aw_map_get(&reuse->roots, root, 0);
    uint64_t value = 0;
    for (uint32_t step = 0;; step++) {
        struct aw_reuse_node node = node_of(draft, step, pattern);
        uint32_t parent = at;
        if (step > 0) {
            aw_reuse_value(machine, before, draft->reads[step - 1].address,
                           draft->reads[step - 1].size, true, &value);
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
    aw_reuse_peek(machine, aw_local_get(machine, local), address, &mutex, sizeof mutex);
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
        !aw_reuse_may(machine, before, mine, aw_intern_get(&machine->answers, answer)))
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
    struct aw_reuse_pattern pattern = {.own = aw_reuse_own(machine, edge->next, thread),
                                       .patches = reuse->patch_count,
                                       .patch_count = draft.patch_count,
                                       .events = edge->events,
                                       .footprint = edge->footprint,
                                       .touched = aw_local_threads(after)[thread].touched,
                                       .freed = edge->freed,
                                       .result = edge->result};
    for (uint32_t i = 0; i < draft.patch_count; i++) {
        if (i == 0 || draft.patches[i].chunk != draft.patches[i - 1].chunk)
            reuse->group_count++;
        draft.patches[i].group = reuse->group_count;
        APPEND(reuse->patches, reuse->patch_count, reuse->patch_capacity, draft.patches[i]);
    }
    /* Where it was learned it must do what it did there. */
    uint32_t size = aw_reuse_pack(machine, before, thread, &pattern);
    if (size != aw_intern_size(&machine->locals, edge->next) ||
        memcmp(machine->pack_buffer, after, size) != 0) {
        reuse->patch_count = pattern.patches;
        return;
    }
    APPEND(reuse->patterns, reuse->pattern_count, reuse->pattern_capacity, pattern);
    plant(machine, &draft, before, aw_reuse_own(machine, local, thread) | (uint64_t)answer << 32,
          reuse->pattern_count - 1);
}
