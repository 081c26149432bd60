/* SPDX-License-Identifier: MIT */
/*
 * test_access.c - what is known about accesses to memory: that no call and no hook is without a
 * footprint, and that footprints are what the functions touch.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/calls.h"
#include "machine/machine.h"

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

Test(access, a_comparison_of_bytes_reads_them_all)
{
    struct aw_range found[AW_RANGES_MAX];
    const char *one = "abcx", *other = "abdx";
    cr_assert_eq(ranges("memcmp", (uint64_t[6]){(uint64_t)one, (uint64_t)other, 4}, found), 2);
    cr_assert(found[0].size == 4 && found[1].size == 4);
    cr_assert(found[0].kind == AW_ACCESS_READ && found[1].kind == AW_ACCESS_READ);
    cr_assert_eq(ranges("memchr", (uint64_t[6]){(uint64_t)one, 'b', 4}, found), 1);
    cr_assert_eq(found[0].size, 2);
}

Test(access, comparisons_without_case_end_as_those_with_it)
{
    struct aw_range found[AW_RANGES_MAX];
    char one[4] = {'a', 'B', 'c', 'x'}, other[4] = {'A', 'b', 'd', 'x'}; /* without an end */
    aw_footprint *footprint;
    cr_assert(aw_access_of_call("strncasecmp", &footprint));
    uint64_t args[6] = {(uint64_t)one, (uint64_t)other, 2};
    cr_assert_eq(footprint(NULL, args, found), 2);
    cr_assert(found[0].size == 2 && found[1].size == 2);
    args[2] = 4;
    footprint(NULL, args, found);
    cr_assert(found[0].size == 3 && found[1].size == 3);
    cr_assert(aw_access_of_call("strcasecmp", &footprint));
    footprint(NULL, (uint64_t[6]){(uint64_t) "Ab", (uint64_t) "aB"}, found);
    cr_assert(found[0].size == 3 && found[1].size == 3);
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

/* ---- what gcc may call ---- */

static FILE *shell(const char *command)
{
    fflush(NULL);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    return pipe;
}

/* The names of all hooks are strings in the compiler proper. */
Test(access, every_hook_that_gcc_knows_is_served)
{
    char name[200];
    unsigned count = 0;
    FILE *names =
        shell("grep -ao '__tsan_[a-zA-Z0-9_]*' \"$(gcc -print-prog-name=cc1)\" | sort -u");
    for (; fscanf(names, "%199s", name) == 1; count++)
        cr_expect_geq(aw_hook_by_name(name), 0, "%s", name);
    cr_expect_eq(pclose(names), 0);
    cr_expect_gt(count, 80);
}

/* No atomic operation is left an instruction of the program, at any level of optimization: the
 * forms that the compiler has special code for. */
Test(access, gcc_makes_every_atomic_operation_a_call)
{
    static const char source[] =
        "_Atomic int x; _Atomic unsigned char c; int p; _Bool b; __int128 w; _Atomic double d;"
        "int bit_set(void) { return __atomic_fetch_or(&p, 1, 5) & 1; }"
        "int bit_clear(void) { return __atomic_fetch_and(&p, ~2, 5) & 2; }"
        "int bit_flip(void) { return __atomic_fetch_xor(&p, 4, 5) & 4; }"
        "int is_zero(void) { return __atomic_sub_fetch(&p, 1, 5) == 0; }"
        "int is_negative(void) { return __atomic_add_fetch(&p, 1, 0) < 0; }"
        "int old(void) { return __sync_fetch_and_add(&p, 1) + __sync_val_compare_and_swap(&p, 1, "
        "2) +"
        " __sync_lock_test_and_set(&p, 1) + __sync_bool_compare_and_swap(&p, 1, 2); }"
        "void release(void) { __sync_lock_release(&p); __sync_synchronize(); }"
        "_Bool flag(void) { return __atomic_test_and_set(&b, 5); }"
        "void clear(void) { __atomic_clear(&b, 5); x++; c |= 1; x = 5; d += 1; }"
        "__int128 wide(void) { return __sync_val_compare_and_swap(&w, 1, 2); }"
        "int weak(int *e) { return __atomic_compare_exchange_n(&p, e, 3, 1, 2, 0); }"
        "void nand(void) { __atomic_nand_fetch(&p, 3, 5); }";
    static const char *const options[] = {
        "-O0 -fsanitize=thread", "-O1 -fsanitize=thread", "-O2 -fsanitize=thread",
        "-O3 -fsanitize=thread", "-Os -fsanitize=thread", "-O2", /* not instrumented: many */
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char command[4096], line[200] = "";
        snprintf(command, sizeof command,
                 "gcc -std=gnu17 %s -fPIC -mcx16 -S -o - -x c - <<'END' | "
                 "grep -E '^\\s*(lock|xchg.*\\(|mfence|cmpxchg)'\n%s\nEND\n",
                 options[i], source);
        FILE *found = shell(command);
        bool any = fgets(line, sizeof line, found) != NULL;
        cr_expect_eq(any, strstr(options[i], "thread") == NULL, "%s: %s", options[i], line);
        pclose(found);
    }
}

Test(access, a_hook_that_is_not_served_is_refused_by_name)
{
    char folder[] = "/tmp/aw-hook-XXXXXX", command[512], path[64];
    static char *const none[] = {NULL};
    char *argv[] = {"unserved", NULL};
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_error error;
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/unserved.so", folder);
    snprintf(command, sizeof command,
             "gcc -fPIC -shared -nodefaultlibs -Wl,-z,now -x c -o %s - <<'END'\n"
             "void __tsan_acquire(void *);\n"
             "int main(void) { int x; __tsan_acquire(&x); return 0; }\nEND\n",
             path);
    cr_assert_eq(pclose(shell(command)), 0);
    aw_machine_settings_default(&settings);
    const char *runtime = getenv("ALLWAYS_RUNTIME");
    cr_expect_eq(aw_machine_create(path, runtime ? runtime : "build/runtime.so", argv, none,
                                   &settings, &machine, &error),
                 AW_E_PROGRAM);
    cr_expect(strstr(error.message, "__tsan_acquire is not served") != NULL, "%s", error.message);
    snprintf(command, sizeof command, "rm -r %s", folder);
    pclose(shell(command));
}
