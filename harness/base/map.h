/* SPDX-License-Identifier: MIT */
/*
 * map.h - a hash map from a 64-bit key to a 32-bit value, for memo tables whose key is the whole
 * truth (no hash is compared in place of a key). Open addressing, linear probing.
 */
#ifndef AW_BASE_MAP_H
#define AW_BASE_MAP_H

#include <stdint.h>

struct aw_map_slot {
    uint64_t key;
    uint32_t value; /* value + 1; 0 = free */
    uint32_t more;  /* the rest of a wider key */
};

struct aw_map {
    struct aw_map_slot *slots;
    uint32_t mask;
    uint32_t count;
};

#define AW_MAP_NONE UINT32_MAX

void aw_map_init(struct aw_map *map);
void aw_map_deinit(struct aw_map *map);

/* Enters key -> value; the key must not be there yet. */
void aw_map_put(struct aw_map *map, uint64_t key, uint32_t more, uint32_t value);

static inline uint32_t aw_map_hash(uint64_t key, uint32_t more)
{
    /* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
    uint64_t z = key + (uint64_t)more * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z ^ (z >> 31));
}

/* The value of (key, more), or AW_MAP_NONE. */
static inline uint32_t aw_map_get(const struct aw_map *map, uint64_t key, uint32_t more)
{
    for (uint32_t i = aw_map_hash(key, more) & map->mask;; i = (i + 1) & map->mask) {
        const struct aw_map_slot *slot = &map->slots[i];
        if (slot->value == 0)
            return AW_MAP_NONE;
        if (slot->key == key && slot->more == more)
            return slot->value - 1;
    }
}

#endif
