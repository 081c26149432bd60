/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <criterion/criterion.h>

Test(map, what_was_put_is_found_and_nothing_else)
{
    struct aw_map map;
    aw_map_init(&map);
    cr_expect_eq(aw_map_get(&map, 0, 0), AW_MAP_NONE);
    aw_map_put(&map, 0, 0, 0);
    aw_map_put(&map, UINT64_MAX, UINT32_MAX, UINT32_MAX - 1);
    cr_expect_eq(aw_map_get(&map, 0, 0), 0);
    cr_expect_eq(aw_map_get(&map, UINT64_MAX, UINT32_MAX), UINT32_MAX - 1);
    cr_expect_eq(aw_map_get(&map, UINT64_MAX, 0), AW_MAP_NONE);
    cr_expect_eq(aw_map_get(&map, 0, 1), AW_MAP_NONE);
    cr_expect_eq(map.count, 2);
    aw_map_deinit(&map);
}

Test(map, it_grows_and_keeps_everything)
{
    struct aw_map map;
    aw_map_init(&map);
    for (uint32_t i = 0; i < 100000; i++)
        aw_map_put(&map, (uint64_t)i << 32 | (i & 7), i % 3, i);
    for (uint32_t i = 0; i < 100000; i++) {
        cr_assert_eq(aw_map_get(&map, (uint64_t)i << 32 | (i & 7), i % 3), i);
        cr_assert_eq(aw_map_get(&map, (uint64_t)i << 32 | (i & 7), 3), AW_MAP_NONE);
    }
    aw_map_deinit(&map);
}

/* Keys with one hash: key - more * golden ratio is the same for all of them. */
Test(map, keys_decide_where_hashes_collide)
{
    struct aw_map map;
    aw_map_init(&map);
    for (uint32_t i = 0; i < 100; i++) {
        uint64_t key = 5 - (uint64_t)i * 0x9e3779b97f4a7c15u;
        cr_assert_eq(aw_map_hash(key, i), aw_map_hash(5, 0), "the test knows the hash");
        cr_assert_eq(aw_map_get(&map, key, i), AW_MAP_NONE);
        aw_map_put(&map, key, i, i);
    }
    for (uint32_t i = 0; i < 100; i++)
        cr_assert_eq(aw_map_get(&map, 5 - (uint64_t)i * 0x9e3779b97f4a7c15u, i), i);
    aw_map_deinit(&map);
}
