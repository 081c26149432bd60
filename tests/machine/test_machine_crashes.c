/* SPDX-License-Identifier: MIT */
/* The heap, and programs that crash or run on: findings with a source line, never the end of the
 * checker. */
#include "machine_box.h"

#define HOLDS(name, function)                                                                      \
    Test(memory, name)                                                                             \
    {                                                                                              \
        box_holds("memory", function);                                                             \
    }

HOLDS(blocks_keep_their_bytes_and_too_much_is_enomem, "blocks")
HOLDS(blocks_are_aligned_as_asked, "alignment")
HOLDS(a_block_may_be_freed_by_another_thread, "freed_by_another")

Test(memory, freed_memory_is_zero_when_it_comes_back)
{
    box_expect("memory", "reused_is_zero", "exit 0");
}

Test(memory, a_full_heap_is_a_stop)
{
    box_expect("memory", "full",
               "stop: the heap of a thread is full (16384 KiB); raise machine: heap in full");
}

#define CRASH(suite, name, function, expected)                                                     \
    Test(suite, name)                                                                              \
    {                                                                                              \
        box_expect("memory", function, expected);                                                  \
    }

CRASH(memory, a_block_freed_twice_is_a_crash, "double_free",
      "crash: SIGABRT: free: not an allocated block (freed twice?) in double_free; "
      "memory: double free: free; signal 6")
CRASH(memory, freeing_what_malloc_did_not_give_is_a_crash, "foreign_free",
      "crash: SIGABRT: free: not an allocated block (freed twice?) in foreign_free; "
      "memory: invalid free: free; signal 6")
CRASH(memory, freeing_the_middle_of_a_block_is_a_crash, "inner_free",
      "crash: SIGABRT: free: not an allocated block (freed twice?) in inner_free; "
      "memory: invalid free: free; signal 6")
CRASH(memory, reallocating_a_variable_is_a_crash, "foreign_realloc",
      "crash: SIGABRT: realloc: not an allocated block in foreign_realloc; "
      "memory: invalid free: realloc; signal 6")
CRASH(memory, writing_past_a_block_is_found_where_it_is_done, "overrun",
      "memory: out of bounds: write of 64 bytes by memset; signal 6")

CRASH(crashes, a_null_pointer, "null_pointer",
      "crash: SIGSEGV: bad access through a null pointer in null_pointer; signal 11")
CRASH(crashes, a_wild_pointer, "wild_pointer",
      "crash: SIGSEGV: bad access in wild_pointer; signal 11")
CRASH(crashes, a_pointer_that_no_machine_has_is_not_called_null, "impossible_pointer",
      "crash: SIGSEGV: bad access in impossible_pointer; signal 11")
CRASH(crashes, a_write_to_a_constant, "constant_write",
      "crash: SIGSEGV: bad access in constant_write; signal 11")
CRASH(crashes, inside_a_function_of_libc, "in_libc",
      "crash: SIGSEGV: bad access through a null pointer in in_libc; signal 11")
CRASH(crashes, inside_printf, "in_printf",
      "crash: SIGSEGV: printf: bad pointer among the arguments in in_printf; signal 11")
CRASH(crashes, a_copy_of_visible_bytes_to_nowhere, "copy_when_visible",
      "crash: SIGSEGV: bad access through a null pointer in copies_to_nowhere; signal 11")
CRASH(
    crashes, an_atomic_operation_on_nothing, "weak_claim",
    "crash: SIGSEGV: an atomic operation: bad pointer among the arguments in weak_claim; signal 11")
CRASH(crashes, a_division_by_zero, "division",
      "crash: SIGFPE: Floating point exception in division; signal 8")
CRASH(crashes, a_stack_overflow, "overflow",
      "crash: SIGSEGV: stack overflow (the stack has 256 KiB) in deep; signal 11")
CRASH(crashes, a_frame_larger_than_the_stack, "large_frame",
      "crash: SIGSEGV: stack overflow (the stack has 256 KiB) in large_frame; signal 11")
CRASH(crashes, a_stack_overflow_of_a_thread, "overflow_in_thread",
      "crash: SIGSEGV: stack overflow (the stack has 256 KiB) in deep; signal 11")
CRASH(crashes, abort_is_one, "aborts", "crash: SIGABRT: abort() was called in aborts; signal 6")
CRASH(crashes, a_failed_assertion, "asserts",
      "crash: SIGABRT: assertion failed: zero == 1 in asserts; signal 6")
CRASH(crashes, a_raised_signal, "raises",
      "crash: SIGUSR1: raised by the program in raises; signal 10")
CRASH(crashes, an_illegal_instruction, "trap",
      "crash: SIGILL: Illegal instruction in trap; signal 4")
CRASH(crashes, a_call_of_nothing, "wild_call",
      "crash: SIGSEGV: bad access through a null pointer in wild_call; signal 11")
CRASH(crashes, of_a_child_are_found_and_its_parent_goes_on, "in_child",
      "crash: SIGABRT: abort() was called in in_child; exit 6")

#define RUNAWAY(name, function)                                                                    \
    Test(runaways, name, .timeout = 20)                                                            \
    {                                                                                              \
        aw_machine_settings_default(&box_settings);                                                \
        box_settings.run_milliseconds = 100;                                                       \
        box_expect("memory", function,                                                             \
                   "stop: no visible operation within 100 ms of CPU time: the bound on code "      \
                   "between two operations in " function);                                         \
    }

RUNAWAY(a_loop_of_nothing_is_stopped_where_it_is, "endless")
RUNAWAY(a_loop_that_prints_is_stopped_where_it_is, "endless_printing")
RUNAWAY(a_loop_that_allocates_is_stopped_where_it_is, "endless_allocation")
RUNAWAY(a_loop_inside_libc_is_stopped_where_it_is, "endless_libc")

Test(runaways, a_long_computation_is_none)
{
    box_expect("memory", "long_but_finite", "exit 0");
}
