/* SPDX-License-Identifier: MIT */
/* Calls that are given memory of a shared mapping: as on Linux, and the races that they are in. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(shared_calls, name)                                                                       \
    {                                                                                              \
        box_holds("shared_calls", function);                                                       \
    }

HOLDS(bytes_of_a_mapping_are_written_to_a_pipe, "written")
HOLDS(strings_of_a_mapping_are_printed_and_printed_to, "printed")
HOLDS(numbers_in_a_mapping_are_converted, "converted")
HOLDS(names_lie_in_a_mapping, "named")
HOLDS(times_lie_in_a_mapping, "timed")
HOLDS(clocks_are_read_into_a_mapping, "clocks")
HOLDS(answers_are_filled_into_a_mapping, "filled")
HOLDS(a_set_of_poll_lies_in_a_mapping, "polled")
HOLDS(threads_and_their_results_lie_in_a_mapping, "threads")
HOLDS(the_status_of_a_child_is_filled_into_a_mapping, "waited")
HOLDS(an_array_in_a_mapping_is_sorted_and_searched, "sorted")
HOLDS(strings_reach_over_pages, "long_strings")
HOLDS(what_a_pipe_hands_over_is_no_race, "handed_over")

static void pages(uint32_t size, uint32_t slots)
{
    aw_machine_settings_default(&box_settings);
    box_settings.pipe_page_size = size;
    box_settings.pipe_slots = slots;
}

static unsigned violated(const char *function, char *text, size_t size)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("shared_calls", function);
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    unsigned property = result.verdict == AW_VIOLATED ? 1u << result.violated : 0;
    if (result.verdict == AW_INCONCLUSIVE || result.verdict == AW_UNCONTROLLED)
        property = 1u << 31;
    snprintf(text, size, "%s", result.message);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
    return property;
}

static void expect_race(const char *function)
{
    char message[2000];
    cr_expect_eq(violated(function, message, sizeof message), 1u << AW_NO_DATA_RACE, "%s: %s",
                 function, message);
}

static void expect_none(const char *function)
{
    char message[2000];
    cr_expect_eq(violated(function, message, sizeof message), 0, "%s: %s", function, message);
}

Test(shared_calls, a_write_races_with_who_changes_its_bytes)
{
    expect_race("race_with_a_write");
}

Test(shared_calls, a_read_races_with_who_looks_at_its_bytes)
{
    expect_race("race_with_a_read");
}

Test(shared_calls, who_sleeps_in_a_read_touches_nothing_yet)
{
    expect_none("no_race_with_a_sleeper");
}

Test(shared_calls, printing_races_with_who_changes_the_string)
{
    expect_race("race_with_printf");
}

Test(shared_calls, poll_races_with_who_looks_at_its_answer)
{
    expect_race("race_with_poll");
}

Test(shared_calls, a_value_that_is_filled_in_races_with_who_looks_at_it)
{
    expect_race("race_with_getvalue");
}

Test(shared_calls, a_write_that_sleeps_half_way_still_reads_its_bytes)
{
    pages(1024, 2);
    expect_race("race_with_a_sleeping_write");
    expect_none("no_race_with_what_it_has_written");
}

Test(shared_calls, so_does_one_of_a_thread)
{
    pages(1024, 2);
    expect_race("race_with_a_sleeping_write_of_a_thread");
    expect_none("no_race_with_a_write_that_is_over");
}

Test(shared_calls, several_places_that_threads_share_are_filled_in)
{
    expect_none("several");
    expect_race("race_of_several");
}

Test(shared_calls, arguments_that_a_format_numbers_are_read)
{
    expect_race("race_with_a_numbered_argument");
}

Test(shared_calls, memory_that_is_cut_off_meanwhile_ends_the_check)
{
    char message[2000];
    cr_expect_eq(violated("cut", message, sizeof message), 1u << 31, "%s", message);
}
