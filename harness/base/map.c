/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <string.h>

#include "base/memory.h"

enum { FIRST = 64 };

void aw_map_init(struct aw_map *map)
{
    map->slots = aw_table_allocate(FIRST * sizeof *map->slots);
    map->mask = FIRST - 1;
    map->count = 0;
}

void aw_map_deinit(struct aw_map *map)
{
    aw_table_free(map->slots, (map->mask + 1ul) * sizeof *map->slots);
    memset(map, 0, sizeof *map);
}

static void enter(struct aw_map *map, uint64_t key, uint32_t more, uint32_t value)
{
    uint32_t i = aw_map_hash(key, more) & map->mask;
    while (map->slots[i].value)
        i = (i + 1) & map->mask;
    map->slots[i] = (struct aw_map_slot){key, value + 1, more};
}

void aw_map_put(struct aw_map *map, uint64_t key, uint32_t more, uint32_t value)
{
    if (2ul * (map->count + 1) > map->mask) {
        struct aw_map old = *map;
        map->mask = 2 * old.mask + 1;
        map->slots = aw_table_allocate((map->mask + 1ul) * sizeof *map->slots);
        for (uint32_t i = 0; i <= old.mask; i++)
            if (old.slots[i].value)
                enter(map, old.slots[i].key, old.slots[i].more, old.slots[i].value - 1);
        aw_table_free(old.slots, (old.mask + 1ul) * sizeof *old.slots);
    }
    enter(map, key, more, value);
    map->count++;
}
