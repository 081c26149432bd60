/* SPDX-License-Identifier: MIT */
/*
 * intern.h - content to small id: every distinct byte string is stored once and named by a number.
 *
 * Two strings get the same id exactly when their bytes are the same: the hash (XXH3) only finds
 * candidates, the contents decide. Ids are dense, count from 0 in the order of first appearance, and
 * never change; the bytes never move and are aligned to 8. Owned by the table until deinit.
 */
#ifndef AW_BASE_INTERN_H
#define AW_BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aw_intern_entry {
    const void *bytes;
    uint32_t size;
    uint32_t hash;
};

struct aw_intern {
    struct aw_intern_entry *entries;
    uint32_t count, capacity;
    uint32_t *table; /* id + 1, 0 = free */
    uint32_t table_mask;
    uint8_t *block; /* the block being filled */
    size_t block_left;
    void **blocks;
    uint32_t block_count, block_capacity;
    uint64_t allocated; /* bytes taken from the host, for memory limits */

    /* A planted bug for the tests of the tests: keep so many bits of the hash and believe it. */
    unsigned plant_hash_bits;
};

#define AW_INTERN_NONE UINT32_MAX

void aw_intern_init(struct aw_intern *intern);
void aw_intern_deinit(struct aw_intern *intern);

/* The id of `size` bytes, entering them if they are new. Stops the process when the host has no
 * memory left: limits are watched by the explorer, well before. */
uint32_t aw_intern_put(struct aw_intern *intern, const void *bytes, uint32_t size);

/* The same, and tells whether it was new. */
uint32_t aw_intern_add(struct aw_intern *intern, const void *bytes, uint32_t size, bool *is_new);

/* The id of bytes that were entered, or AW_INTERN_NONE. */
uint32_t aw_intern_find(const struct aw_intern *intern, const void *bytes, uint32_t size);

static inline const void *aw_intern_get(const struct aw_intern *intern, uint32_t id)
{
    return intern->entries[id].bytes;
}

static inline uint32_t aw_intern_size(const struct aw_intern *intern, uint32_t id)
{
    return intern->entries[id].size;
}

#endif
