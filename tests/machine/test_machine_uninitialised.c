/* SPDX-License-Identifier: MIT */
/* What memory holds that nobody has written: zero, or with `init` the pattern. */
#include "machine_box.h"

#include "machine/cpu.h"

static void with(enum aw_init_mode init)
{
    aw_machine_settings_default(&box_settings);
    box_settings.init = init;
}

/* The case tells apart: "exit 0" zero, "exit 1" the pattern. */
static void expect_both(const char *name)
{
    with(AW_INIT_ZERO);
    box_expect("uninitialised", name, "exit 0");
    with(AW_INIT_PATTERN);
    box_expect("uninitialised", name, "exit 1");
}

Test(uninitialised, a_variable_of_main_holds_the_pattern)
{
    expect_both("of_main");
}
Test(uninitialised, pages_of_the_stack_that_are_new_hold_it)
{
    expect_both("of_new_pages");
}
Test(uninitialised, memory_of_alloca_holds_it)
{
    expect_both("of_alloca");
}
Test(uninitialised, what_a_call_left_is_gone_after_the_next_operation)
{
    expect_both("after_a_call");
}
Test(uninitialised, a_thread_begins_with_it_also_in_the_place_of_one_that_ended)
{
    expect_both("of_a_thread");
}
Test(uninitialised, a_child_has_it_below_what_it_inherits)
{
    expect_both("of_a_child");
}
Test(uninitialised, a_block_of_the_heap_holds_it)
{
    expect_both("of_a_block");
}
Test(uninitialised, what_realloc_adds_holds_it)
{
    expect_both("of_what_realloc_adds");
}

Test(uninitialised, what_is_promised_to_be_zero_is_zero)
{
    with(AW_INIT_PATTERN);
    box_expect("uninitialised", "of_what_is_zero", "exit 0");
}

static struct aw_result explored(enum aw_init_mode init, const char *name)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    with(init);
    struct aw_machine *machine = box_machine("uninitialised", name);
    aw_options_default(&options);
    options.count = true;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    aw_machine_destroy(machine);
    return result;
}

Test(uninitialised, equal_states_are_equal_with_either)
{
    struct aw_result zero = explored(AW_INIT_ZERO, "states");
    struct aw_result pattern = explored(AW_INIT_PATTERN, "states");
    cr_expect_eq(zero.verdict, AW_PROVED, "%s", zero.message);
    cr_expect_eq(pattern.verdict, AW_PROVED, "%s", pattern.message);
    cr_expect_gt(zero.states, 10);
    cr_expect_eq(zero.states, pattern.states);
    cr_expect_eq(zero.transitions, pattern.transitions);
    cr_expect_str_eq(zero.interleavings, pattern.interleavings);
    aw_result_deinit(&zero);
    aw_result_deinit(&pattern);
}

Test(uninitialised, that_the_compiler_makes_variables_zero_is_an_assumption_with_the_pattern)
{
    struct aw_result zero = explored(AW_INIT_ZERO, "states");
    struct aw_result pattern = explored(AW_INIT_PATTERN, "states");
    cr_expect_eq(zero.assumption_count, 0);
    cr_assert_eq(pattern.assumption_count, 1);
    cr_expect_not_null(strstr(pattern.assumptions[0],
                              "zero in tests/fixtures/machine/uninitialised.c, which was compiled"),
                       "%s", pattern.assumptions[0]);
    aw_result_deinit(&zero);
    aw_result_deinit(&pattern);
}

Test(uninitialised, registers_that_a_thread_begins_with_are_filled_but_for_the_frame_pointer)
{
    static _Alignas(16) uint64_t stack[64];
    uint64_t args[6] = {1, 2, 3, 4, 5, 6};
    const uint64_t *frame = (const uint64_t *)(uintptr_t)aw_cpu_first_frame(
        (uint64_t)(uintptr_t)(stack + 64), 0x1000, 0x2000, args, 0xa5);
    for (int i = 1; i <= 5; i++)
        cr_expect_eq(frame[i], UINT64_C(0xa5a5a5a5a5a5a5a5));
    cr_expect_eq(frame[6], 0);
    cr_expect_eq(frame[7], 0x1000);
    cr_expect_eq(frame[8], 1);
    cr_expect_eq(frame[14], 0x2000);
}
