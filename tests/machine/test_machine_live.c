/* SPDX-License-Identifier: MIT */
/* Accesses to memory that no object lives in are findings, and no others are. */
#include "machine_box.h"

#define WRONG(name, function, expected)                                                            \
    Test(live, name)                                                                               \
    {                                                                                              \
        box_expect("live", function, "memory: " expected "; signal 6");                            \
    }
#define RIGHT(name, function)                                                                      \
    Test(live, name)                                                                               \
    {                                                                                              \
        box_holds("live", function);                                                               \
    }

WRONG(a_block_is_not_written_after_its_free, "after_free", "use after free: write of 4 bytes")
WRONG(nor_read, "read_after_free", "use after free: read of 4 bytes")
WRONG(nor_by_the_address_that_realloc_has_left, "after_realloc", "use after free: write of 4 bytes")
WRONG(the_byte_after_a_block_is_not_in_it, "past_end", "out of bounds: write of 1 byte")
WRONG(an_access_may_not_cross_the_end, "across_end", "out of bounds: write of 4 bytes")
WRONG(the_byte_before_a_block_is_not_in_it, "before_start", "out of bounds: write of 1 byte")
WRONG(a_block_of_no_bytes_has_none, "no_bytes", "out of bounds: write of 1 byte")
WRONG(memcpy_writes_in_blocks, "by_copy", "out of bounds: write of 11 bytes by memcpy")
WRONG(a_length_below_zero_is_out_of_bounds, "length_below_zero",
      "out of bounds: write of 1 GiB or more by memset")
WRONG(and_one_of_32_bits, "length_of_32_bits", "out of bounds: write of 1 GiB or more by memset")
WRONG(and_one_of_33_bits, "length_of_33_bits", "out of bounds: write of 1 GiB or more by memset")
WRONG(and_one_that_leaves_the_stack, "length_beyond_the_stack",
      "out of bounds: write of 1 GiB or more by memset")
WRONG(strlen_reads_in_blocks, "by_length", "out of bounds: read of 5 bytes by strlen")
WRONG(a_string_that_is_printed_ends_in_its_block, "by_print",
      "out of bounds: read of 5 bytes by strlen")
WRONG(what_arrives_has_room, "by_read", "out of bounds: write of 6 bytes by read")
WRONG(what_is_sent_is_in_a_block, "by_write", "out of bounds: read of 5 bytes by write")
WRONG(what_is_formatted_has_room, "by_format", "out of bounds: write of 5 bytes by __aw_vsnprintf")
WRONG(an_atomic_operation_is_an_access, "by_atomic", "use after free: atomic change of 4 bytes")
WRONG(a_mutex_is_memory, "freed_lock",
      "use of unallocated memory: change of 20 bytes by pthread_mutex_lock")
WRONG(a_semaphore_is_memory, "freed_semaphore", "use after free: read of 8 bytes by sem_post")
WRONG(a_block_that_another_thread_has_freed_is_freed, "freed_by_another",
      "use of unallocated memory: read of 4 bytes")

Test(live, a_block_is_freed_once)
{
    box_expect("live", "free_twice",
               "crash: SIGABRT: free: not an allocated block (freed twice?) in free_twice; "
               "memory: double free: free; signal 6");
}

Test(live, the_inside_of_a_block_is_not_freed)
{
    box_expect("live", "free_inside",
               "crash: SIGABRT: free: not an allocated block (freed twice?) in free_inside; "
               "memory: invalid free: free; signal 6");
}

Test(live, a_use_that_only_some_orders_have_after_the_free_is_found)
{
    box_expect("live", "too_early",
               "exit 0; memory: use of unallocated memory: read of 4 bytes; signal 6");
}

WRONG(an_access_may_not_cross_the_end_of_a_variable, "past_table",
      "out of bounds: write of 8 bytes")
WRONG(between_variables_is_nothing, "past_tail", "out of bounds: write of 4 bytes by memset")
WRONG(a_local_is_gone_when_its_function_has_returned, "after_return",
      "use after return: read of 4 bytes")
WRONG(a_stack_is_gone_with_its_thread, "stack_of_ended", "use after end of thread: read of 4 bytes")
WRONG(a_local_of_another_thread_is_gone_in_the_same_way, "stack_of_another",
      "use after return: read of 4 bytes")

Test(live, the_order_in_which_a_frame_is_gone_is_not_left_out)
{
    box_expect("live", "frame_too_short",
               "exit 0; memory: use after return: write of 4 bytes; signal 6");
}

Test(live, the_order_in_which_a_block_is_not_there_yet_is_not_left_out)
{
    box_expect("live", "block_too_late",
               "exit 0; memory: use of unallocated memory: write of 1 byte; signal 6");
}

RIGHT(objects_may_be_looked_at_in_any_way, "plain_memory")
RIGHT(frames_arrays_and_alloca_live, "stacks")
RIGHT(what_is_lent_to_another_thread_lives, "lent")
RIGHT(a_child_has_the_stack_of_main, "stack_of_main")
RIGHT(a_block_outlives_its_thread, "inherited")

Test(live, the_last_address_is_as_good_a_bad_pointer_as_any)
{
    box_expect("live", "at_the_last_address",
               "crash: SIGSEGV: bad access in at_the_last_address; signal 11");
}
