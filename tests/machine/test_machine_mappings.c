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

#define ACCESS                                                                                     \
    "an access of program code to a shared mapping is not modelled: what lies in one is used by "  \
    "operations on process-shared semaphores and mutexes only"

STOPS(a_store_to_one_ends_the_check, "a_store", ACCESS)
STOPS(a_copy_into_one_ends_the_check, "a_copy", ACCESS)
STOPS(a_read_into_one_ends_the_check, "a_read",
      "read with memory of a shared mapping is not modelled")
STOPS(a_semaphore_in_one_has_to_be_shared, "a_private_semaphore",
      "sem_init without pshared in a shared mapping is not modelled")
STOPS(what_is_unmapped_is_not_used, "unmapped", "sem_post with memory of a shared mapping is not modelled")
STOPS(other_protections_end_the_check, "a_protection",
      "mmap other than MAP_SHARED | MAP_ANONYMOUS to read and write is not modelled; for private "
      "memory use malloc")
