/* SPDX-License-Identifier: MIT */
#include "base/intern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct aw_intern table;

static void open_table(void)
{
    aw_intern_init(&table);
}
static void close_table(void)
{
    aw_intern_deinit(&table);
}

TestSuite(intern, .init = open_table, .fini = close_table);

Test(intern, equal_contents_are_one_id_and_others_another)
{
    uint32_t one = aw_intern_put(&table, "abc", 3);
    cr_expect_eq(aw_intern_put(&table, "abc", 3), one);
    cr_expect_neq(aw_intern_put(&table, "abd", 3), one);
    cr_expect_neq(aw_intern_put(&table, "ab", 2), one);
    cr_expect_neq(aw_intern_put(&table, "abc", 4), one, "the final zero counts");
    cr_expect_neq(aw_intern_put(&table, "", 0), one);
    cr_expect_eq(aw_intern_put(&table, "x", 0), aw_intern_put(&table, "", 0));
    cr_expect_eq(aw_intern_size(&table, one), 3);
    cr_expect_arr_eq(aw_intern_get(&table, one), "abc", 3);
}

Test(intern, add_tells_what_is_new)
{
    bool is_new;
    uint32_t one = aw_intern_add(&table, "abc", 3, &is_new);
    cr_expect(is_new);
    cr_expect_eq(aw_intern_add(&table, "abc", 3, &is_new), one);
    cr_expect(!is_new);
}

Test(intern, find_enters_nothing)
{
    cr_expect_eq(aw_intern_find(&table, "abc", 3), AW_INTERN_NONE);
    uint32_t one = aw_intern_put(&table, "abc", 3), count = table.count;
    cr_expect_eq(aw_intern_find(&table, "abc", 3), one);
    cr_expect_eq(aw_intern_find(&table, "abd", 3), AW_INTERN_NONE);
    cr_expect_eq(table.count, count);
}

Test(intern, ids_are_dense_and_pointers_stay_while_it_grows)
{
    enum { COUNT = 50000 };
    const void **places = calloc(COUNT, sizeof *places);
    char text[300];
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "%u%*s", i, (int)(i % 200), "");
        cr_assert_eq(aw_intern_put(&table, text, size), i);
        places[i] = aw_intern_get(&table, i);
        cr_assert_eq((uintptr_t)places[i] % 8, 0);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "%u%*s", i, (int)(i % 200), "");
        cr_assert_eq(aw_intern_put(&table, text, size), i);
        cr_assert_eq(aw_intern_get(&table, i), places[i]);
        cr_assert_arr_eq(places[i], text, size);
    }
    cr_expect_eq(table.count, COUNT);
    free(places);
}

Test(intern, large_contents_are_kept_among_small_ones)
{
    enum { LARGE = 1 << 20 };
    char *large = calloc(1, LARGE);
    uint32_t before = aw_intern_put(&table, "before", 6);
    for (int i = 0; i < 5; i++) {
        large[LARGE - 1] = (char)i;
        cr_expect_eq(aw_intern_put(&table, large, LARGE), before + 1 + (uint32_t)i);
    }
    uint32_t after = aw_intern_put(&table, "after", 5);
    cr_expect_arr_eq(aw_intern_get(&table, before), "before", 6);
    cr_expect_arr_eq(aw_intern_get(&table, after), "after", 5);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(((const char *)aw_intern_get(&table, before + 1 + (uint32_t)i))[LARGE - 1], i);
    cr_expect_geq(table.allocated, 5u * LARGE);
    free(large);
}

/* Entries whose stored hash is made that of others: contents still decide. */
Test(intern, contents_decide_where_hashes_collide)
{
    uint32_t one = aw_intern_put(&table, "one", 3), slot = 0;
    while (table.table[slot] != one + 1)
        slot++;
    struct aw_intern_entry kept = table.entries[one];
    table.entries[one] = (struct aw_intern_entry){"two", 3, kept.hash}; /* "two" under its hash */
    bool is_new;
    cr_expect_neq(aw_intern_add(&table, "one", 3, &is_new), one);
    cr_expect(is_new);
    table.entries[one] = (struct aw_intern_entry){"one and more", 12, kept.hash};
    cr_expect_neq(aw_intern_put(&table, "one", 3), one, "a common beginning is not enough");
    table.entries[one] = kept;
    cr_expect_eq(aw_intern_put(&table, "one", 3), one);
}

/* The planted bug believes the hash: then, and only then, different contents are taken for one. */
Test(intern, the_planted_bug_takes_different_contents_for_one)
{
    struct aw_intern wrong;
    aw_intern_init(&wrong);
    wrong.plant_hash_bits = 3;
    for (uint32_t i = 0; i < 1000; i++) {
        aw_intern_put(&wrong, &i, sizeof i);
        cr_assert_eq(aw_intern_put(&table, &i, sizeof i), i);
    }
    cr_expect_leq(wrong.count, 8);
    cr_expect_eq(table.count, 1000);
    aw_intern_deinit(&wrong);
}
