/* SPDX-License-Identifier: MIT */
/* Shared memory objects in the machine, against Linux. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(memory_objects, name)                                                                     \
    {                                                                                              \
        box_holds("memory_objects", function);                                                     \
    }

HOLDS(one_that_is_mapped_twice_is_one_memory, "mapped_twice")
HOLDS(grow_and_shrink, "sizes")
HOLDS(have_descriptors_like_others, "descriptors")
HOLDS(wrong_uses_fail_as_on_linux, "wrong_uses")
HOLDS(have_names, "names")
HOLDS(have_other_names_than_semaphores, "two_kinds_of_names")
HOLDS(are_mapped_by_name_after_a_fork, "by_name")

/* A child crashes, here and natively. */
#define CHILD_CRASHES(name, function, text)                                                        \
    Test(memory_objects, name)                                                                     \
    {                                                                                              \
        char log[1000];                                                                            \
        box_expect("memory_objects", function, "crash: " text " in " function "; exit 0");         \
        cr_expect_str_eq(box_native("memory_objects", function, log, sizeof log), "exit 0");       \
    }

CHILD_CRASHES(an_access_behind_their_end_is_a_bus_error, "behind_the_end",
              "SIGBUS: an access behind the end of a shared memory object")
CHILD_CRASHES(may_be_mapped_to_be_read_only, "read_only", "SIGSEGV: bad access")

Test(memory_objects, another_process_finds_a_name_or_its_size_or_neither)
{
    box_expect("memory_objects", "too_early_or_not", "exit 1; exit 2; exit 3");
}

#define STOPS(name, function, text)                                                                \
    Test(memory_objects, name)                                                                     \
    {                                                                                              \
        box_expect("memory_objects", function, "stop: " text " in " function);                     \
    }

STOPS(reading_one_ends_the_check, "read_of_it",
      "read of a shared memory object is not modelled: map it")
STOPS(writing_one_ends_the_check, "write_to_it",
      "write of a shared memory object is not modelled: map it")
STOPS(polling_one_ends_the_check, "poll_of_it",
      "poll of a shared memory object is not modelled: map it")
STOPS(its_flags_end_the_check, "flags_of_it",
      "fcntl with F_GETFL, F_SETFL, F_GETPIPE_SZ or F_SETPIPE_SZ of a shared memory object is not "
      "modelled: map it")
STOPS(seals_end_the_check, "seals", "fcntl with command 1033 is not modelled")
STOPS(huge_pages_end_the_check, "huge",
      "memfd_create with flags other than MFD_CLOEXEC and MFD_ALLOW_SEALING is not modelled")
STOPS(to_write_only_ends_the_check, "written_only",
      "shm_open other than with O_RDWR or O_RDONLY, O_CREAT, O_EXCL and O_TRUNC (to write) is not "
      "modelled")
STOPS(permissions_end_the_check, "forbidden",
      "shm_open of an object that its owner may not read and write is not modelled")
STOPS(
    another_second_mapping_ends_the_check, "mapped_otherwise",
    "a second mapping of the same memory in a process, of another length or to be used otherwise, "
    "is not modelled")
STOPS(taking_away_one_of_two_mappings_ends_the_check, "unmapped_once",
      "munmap of memory that the process has mapped twice is not modelled")
STOPS(a_private_mapping_ends_the_check, "private",
      "mmap other than MAP_SHARED, whole, of anonymous or shared memory is not modelled; for "
      "private memory use malloc")
STOPS(the_status_of_others_ends_the_check, "status_of_a_pipe",
      "fstat other than of shared memory is not modelled")
STOPS(the_rest_of_the_last_page_ends_the_check, "in_the_last_page",
      "an access behind the end of a shared memory object, in its last page, is not modelled")
