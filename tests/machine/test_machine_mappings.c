/* SPDX-License-Identifier: MIT */
/* Shared mappings in the machine, and process-shared objects in them, against Linux. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(mappings, name)                                                                           \
    {                                                                                              \
        box_holds("mappings", function);                                                           \
    }

HOLDS(are_made_of_whole_pages_and_given_back_whole, "edges")
HOLDS(semaphores_in_them_are_one_for_all_processes, "semaphores")
HOLDS(mutexes_in_them_know_their_holder_over_processes, "mutexes")
HOLDS(a_robust_mutex_tells_of_a_process_that_ended_or_was_killed, "robust")
HOLDS(a_robust_mutex_tells_of_a_thread_that_ended, "robust_thread")

HOLDS(plain_accesses_of_all_sizes_are_as_on_linux, "plain_accesses")
HOLDS(functions_on_bytes_and_strings_are_as_on_linux, "leaf_functions")
HOLDS(atomic_operations_are_as_on_linux, "atomics")
HOLDS(what_a_process_wrote_others_see, "over_processes")
HOLDS(memory_may_be_handed_over, "handed_over")
HOLDS(threads_may_use_them, "by_threads")

Test(mappings, atomic_additions_come_in_both_orders)
{
    box_expect("mappings", "counted", "exit 1; exit 2");
}

Test(mappings, a_count_may_be_lost_between_a_read_and_a_write)
{
    box_expect("mappings", "torn", "exit 1; exit 2");
}

#define CRASHES(name, function, text)                                                              \
    Test(mappings, name)                                                                           \
    {                                                                                              \
        box_expect("mappings", function, "crash: " text " in " function "; signal 11");            \
    }

CRASHES(what_is_unmapped_is_not_written, "unmapped_store", "SIGSEGV: bad access")
CRASHES(what_is_behind_one_is_not_read, "behind_it", "SIGSEGV: bad access")
CRASHES(a_string_ends_in_it, "string_without_end", "SIGSEGV: bad access")
CRASHES(a_bad_pointer_is_a_crash, "copied_to_nowhere", "SIGSEGV: bad access")

/* What the search finds wrong. */
static unsigned violated(const char *function, char *text, size_t size)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("mappings", function);
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    unsigned property = result.verdict == AW_VIOLATED ? 1u << result.violated : 0;
    snprintf(text, size, "%s", result.message);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
    return property;
}

#define RACES(name, function, text)                                                                \
    Test(mappings, name)                                                                           \
    {                                                                                              \
        char message[2000];                                                                        \
        cr_expect_eq(violated(function, message, sizeof message), 1u << AW_NO_DATA_RACE, "%s",     \
                     message);                                                                     \
        cr_expect_not_null(strstr(message, text), "%s", message);                                  \
    }

RACES(two_stores_race, "race_of_stores", "data race")
RACES(a_plain_access_and_an_atomic_one_race, "race_with_an_atomic", "data race")
RACES(a_store_into_a_string_races, "race_of_a_string", "data race")
RACES(threads_race_there, "race_of_threads", "data race")
RACES(initialising_a_semaphore_races_with_its_use, "race_with_a_semaphore", "data race")

Test(mappings, reads_and_other_bytes_are_no_race)
{
    char message[2000];
    cr_expect_eq(violated("no_race", message, sizeof message), 0, "%s", message);
}

Test(mappings, an_end_and_a_try_come_in_all_orders)
{
    box_expect("mappings", "robust_or_not_yet", "exit 1; exit 2; exit 3");
}

Test(mappings, an_ordinary_mutex_of_a_killed_process_stays_locked)
{
    box_expect("mappings", "stalled", "deadlock");
}

#define STOPS(name, function, text)                                                                \
    Test(mappings, name)                                                                           \
    {                                                                                              \
        box_expect("mappings", function, "stop: " text " in " function);                           \
    }

#define UNSEEN                                                                                     \
    "an access to a shared mapping that no instrumentation tells of is not modelled: compile its " \
    "file with `allways cc`, and without assembly there"

#define UNSEEN_IN(name, function, place)                                                           \
    Test(mappings, name)                                                                           \
    {                                                                                              \
        box_expect("mappings", function, "stop: " UNSEEN " in " place);                            \
    }

UNSEEN_IN(a_read_that_nothing_tells_of_ends_the_check, "an_unseen_read", "unseen_read")
UNSEEN_IN(a_write_that_nothing_tells_of_ends_the_check, "an_unseen_write", "unseen_write")
UNSEEN_IN(nor_is_one_hidden_by_its_neighbour, "an_unseen_neighbour", "unseen_read")
UNSEEN_IN(assembly_there_ends_the_check, "assembly", "assembly")
UNSEEN_IN(an_instruction_that_reads_more_ends_the_check, "too_wide", "too_wide")

STOPS(a_semaphore_in_one_has_to_be_shared, "a_private_semaphore",
      "sem_init without pshared in a shared mapping is not modelled")
STOPS(what_is_unmapped_is_not_used, "unmapped",
      "sem_post with memory of a shared mapping is not modelled")
STOPS(other_protections_end_the_check, "a_protection",
      "mmap other than MAP_SHARED, whole, of anonymous or shared memory is not modelled; for "
      "private memory use malloc")
