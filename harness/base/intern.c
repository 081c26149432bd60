/* SPDX-License-Identifier: MIT */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "base/memory.h"

enum { FIRST_TABLE = 64, BLOCK_BYTES = 1 << 18, FIRST_BLOCK_BYTES = 1 << 12 };

void aw_intern_init(struct aw_intern *intern)
{
    memset(intern, 0, sizeof *intern);
    intern->table_mask = FIRST_TABLE - 1;
    intern->table = aw_table_allocate(FIRST_TABLE * sizeof *intern->table);
}

void aw_intern_deinit(struct aw_intern *intern)
{
    for (uint32_t i = 0; i < intern->block_count; i++)
        free(intern->blocks[i]);
    free(intern->blocks);
    free(intern->entries);
    aw_table_free(intern->table, (intern->table_mask + 1ul) * sizeof *intern->table);
    memset(intern, 0, sizeof *intern);
}

static void *store(struct aw_intern *intern, const void *bytes, uint32_t size)
{
    size_t need = size > 0 ? (size + 7ul) & ~7ul : 8; /* nothing has a place, too */
    if (need > intern->block_left) {
        size_t usual = intern->block_count == 0 ? FIRST_BLOCK_BYTES : BLOCK_BYTES;
        size_t block = need > usual / 4 && need > FIRST_BLOCK_BYTES ? need : usual;
        if (block < need)
            block = need;
        if (intern->block_count == intern->block_capacity) {
            intern->block_capacity = intern->block_capacity ? 2 * intern->block_capacity : 16;
            intern->blocks =
                aw_reallocate(intern->blocks, intern->block_capacity, sizeof *intern->blocks);
        }
        uint8_t *fresh = aw_reallocate(NULL, block, 1);
        intern->blocks[intern->block_count++] = fresh;
        intern->allocated += block;
        if (block == need) { /* a block of its own; go on filling the present one */
            memcpy(fresh, bytes, size);
            memset(fresh + size, 0, need - size);
            return fresh;
        }
        intern->block = fresh;
        intern->block_left = block;
    }
    uint8_t *place = intern->block;
    memcpy(place, bytes, size);
    memset(place + size, 0, need - size);
    intern->block += need;
    intern->block_left -= need;
    return place;
}

static void grow_table(struct aw_intern *intern)
{
    uint32_t old_size = intern->table_mask + 1;
    uint32_t size = old_size * 2;
    aw_table_free(intern->table, old_size * sizeof *intern->table);
    intern->table = aw_table_allocate(size * sizeof *intern->table);
    intern->table_mask = size - 1;
    intern->allocated += old_size * sizeof *intern->table;
    for (uint32_t id = 0; id < intern->count; id++) {
        uint32_t i = intern->entries[id].hash & intern->table_mask;
        while (intern->table[i])
            i = (i + 1) & intern->table_mask;
        intern->table[i] = id + 1;
    }
}

static uint32_t hash_of(const struct aw_intern *intern, const void *bytes, uint32_t size)
{
    uint32_t hash = (uint32_t)XXH3_64bits(bytes, size);
    return intern->plant_hash_bits ? hash & ((1u << intern->plant_hash_bits) - 1) : hash;
}

/* Where the bytes are in the table, or the free place where they belong. */
static uint32_t seek(const struct aw_intern *intern, const void *bytes, uint32_t size,
                     uint32_t hash)
{
    uint32_t i = hash & intern->table_mask;
    for (; intern->table[i]; i = (i + 1) & intern->table_mask) {
        const struct aw_intern_entry *entry = &intern->entries[intern->table[i] - 1];
        if (entry->hash == hash &&
            (intern->plant_hash_bits ||
             (entry->size == size && memcmp(entry->bytes, bytes, size) == 0)))
            break;
    }
    return i;
}

uint32_t aw_intern_find(const struct aw_intern *intern, const void *bytes, uint32_t size)
{
    if (size == 0)
        bytes = "";
    uint32_t place = intern->table[seek(intern, bytes, size, hash_of(intern, bytes, size))];
    return place == 0 ? AW_INTERN_NONE : place - 1;
}

uint32_t aw_intern_add(struct aw_intern *intern, const void *bytes, uint32_t size, bool *is_new)
{
    if (size == 0)
        bytes = ""; /* it may be NULL, which memcmp and memcpy do not take */
    uint32_t hash = hash_of(intern, bytes, size), i = seek(intern, bytes, size, hash);
    if (intern->table[i]) {
        *is_new = false;
        return intern->table[i] - 1;
    }
    AW_CHECK(intern->count < AW_INTERN_NONE - 1);
    if (intern->count == intern->capacity) {
        uint32_t old = intern->capacity;
        intern->capacity = old ? 2 * old : 64;
        intern->entries = aw_reallocate(intern->entries, intern->capacity, sizeof *intern->entries);
        intern->allocated += (intern->capacity - old) * sizeof *intern->entries;
    }
    uint32_t id = intern->count++;
    intern->entries[id] = (struct aw_intern_entry){store(intern, bytes, size), size, hash};
    intern->table[i] = id + 1;
    if (intern->count * 2ul > intern->table_mask)
        grow_table(intern);
    *is_new = true;
    return id;
}

uint32_t aw_intern_put(struct aw_intern *intern, const void *bytes, uint32_t size)
{
    bool is_new;
    return aw_intern_add(intern, bytes, size, &is_new);
}
