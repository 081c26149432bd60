/* SPDX-License-Identifier: MIT */
/*
 * test_access.c - what is known about accesses to memory: that no call and no hook is without a
 * footprint, and that footprints are what the functions touch.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "machine/calls.h"

Test(access, every_call_has_a_footprint)
{
    static const char *const names[] = {
#define X(name, function) #name,
        AW_CALLS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        aw_footprint *footprint;
        cr_expect(aw_access_of_call(names[i], &footprint), "%s", names[i]);
    }
}

static unsigned ranges(const char *name, const uint64_t *args, struct aw_range *found)
{
    int hook = aw_hook_by_name(name);
    cr_assert(hook >= 0, "%s", name);
    return aw_hook_ranges(NULL, &aw_hooks[hook], args, found);
}

Test(access, a_copy_reads_and_writes_its_length)
{
    struct aw_range found[AW_RANGES_MAX];
    char from[8], to[8];
    cr_assert_eq(ranges("memcpy", (uint64_t[6]){(uint64_t)to, (uint64_t)from, 5}, found), 2);
    cr_assert(found[0].address == (uint64_t)from && found[0].size == 5 &&
              found[0].kind == AW_ACCESS_READ);
    cr_assert(found[1].address == (uint64_t)to && found[1].size == 5 &&
              found[1].kind == AW_ACCESS_WRITE);
}

Test(access, strings_are_read_to_their_end_or_to_the_first_difference)
{
    struct aw_range found[AW_RANGES_MAX];
    const char *one = "abcx", *other = "abdx";
    cr_assert_eq(ranges("strlen", (uint64_t[6]){(uint64_t)one}, found), 1);
    cr_assert_eq(found[0].size, 5);
    cr_assert_eq(ranges("strcmp", (uint64_t[6]){(uint64_t)one, (uint64_t)other}, found), 2);
    cr_assert(found[0].size == 3 && found[1].size == 3);
    cr_assert_eq(ranges("strncmp", (uint64_t[6]){(uint64_t)one, (uint64_t)other, 2}, found), 2);
    cr_assert(found[0].size == 2 && found[1].size == 2);
}

Test(access, atomic_operations_do_what_they_say_at_every_size)
{
    uint64_t high;
    unsigned char place[16] __attribute__((aligned(16)));
    static const char *const bits[] = {"8", "16", "32", "64"};
    for (unsigned i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "__tsan_atomic%s_fetch_add", bits[i]);
        const struct aw_hook *hook = &aw_hooks[aw_hook_by_name(name)];
        memset(place, 0xff, sizeof place);
        uint64_t old = aw_hook_perform(hook, (uint64_t[6]){(uint64_t)place, 2, 5}, false, &high);
        cr_assert_eq(old, i == 3 ? UINT64_MAX : ((uint64_t)1 << (8u << i)) - 1, "%s", name);
        cr_assert_eq(place[0], 1);
        cr_assert_eq(place[1], i == 0 ? 0xff : 0); /* not beyond its size */
        cr_assert_eq(place[1u << i], 0xff);
    }
    const struct aw_hook *cas =
        &aw_hooks[aw_hook_by_name("__tsan_atomic128_compare_exchange_strong")];
    unsigned char expected[16];
    memset(place, 7, sizeof place);
    memset(expected, 7, sizeof expected);
    uint64_t args[6] = {(uint64_t)place, (uint64_t)expected, 1, 2, 5, 5};
    cr_assert_eq(aw_hook_perform(cas, args, false, &high), 1);
    cr_assert_eq(((uint64_t *)place)[0], 1);
    cr_assert_eq(((uint64_t *)place)[1], 2);
    cr_assert_eq(aw_hook_perform(cas, args, false, &high), 0); /* and tells what is there */
    cr_assert_eq(memcmp(expected, place, 16), 0);
    cr_assert_not(aw_hook_is_weak(cas, args));
    args[4] = 2;
    cr_assert(aw_hook_is_weak(cas, args));
}
