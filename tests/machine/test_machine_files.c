/* SPDX-License-Identifier: MIT */
/* Descriptors in the machine, held against the kernel's answers where there is one outcome. */
#include "machine_box.h"

#define SAME(name, function)                                                                       \
    Test(files, name)                                                                              \
    {                                                                                              \
        box_same("files", function);                                                               \
    }
#define HOLDS(name, function)                                                                      \
    Test(files, name)                                                                              \
    {                                                                                              \
        box_holds("files", function);                                                              \
    }

SAME(descriptors_are_numbered_from_the_lowest_free, "numbers")
SAME(wrong_descriptors_and_pointers_are_told_as_the_kernel_does, "errors")
SAME(vectors_are_gathered_and_scattered, "vectors")
SAME(nonblocking_is_a_property_of_the_open_end, "nonblocking")
SAME(pipes_can_be_resized, "sizes")
SAME(poll_tells_what_each_end_can_do, "polls")
SAME(write_follows_descriptor_1_into_a_pipe_and_back, "redirected")
HOLDS(dup2_closes_what_was_there, "dup2_closes")
HOLDS(a_long_write_goes_on_as_the_pipe_is_emptied, "long_write")

Test(files, a_full_table_of_descriptors_is_emfile)
{
    box_holds("files", "full_table");
}

Test(files, poll_finds_something_or_expires)
{
    box_expect("files", "poll_or_expire", "exit 0; exit 1");
    box_expect("files", "poll_for_ever", "deadlock");
}

Test(files, a_descriptor_may_be_closed_while_another_thread_is_about_to_read)
{
    box_expect("files", "closed_meanwhile", "exit 0; exit 1");
}

Test(files, what_a_descriptor_is_may_be_asked_before_or_after_another_thread_changes_it)
{
    box_expect("files", "asked_meanwhile", "exit 0; exit 1");
    box_expect("files", "marked_meanwhile", "exit 0; exit 1");
    box_expect("files", "opened_meanwhile", "exit 0; exit 1");
    box_expect("files", "onto_itself_meanwhile", "exit 0; exit 1");
}

Test(files, the_console_is_not_closed_or_replaced_where_other_threads_may_print)
{
    box_expect("files", "redirected_meanwhile",
               "stop: dup2 of descriptor 1, the console, where other threads may print, is not "
               "modelled in redirects");
    box_expect("files", "console_closed_meanwhile",
               "stop: close of descriptor 1, the console, where other threads may print, is not "
               "modelled in closes_console");
}

Test(files, a_descriptor_that_becomes_the_console_under_an_operation_is_a_stop)
{
    static const char *const cases[] = {"console_meanwhile", "console_polled_meanwhile"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        box_expect("files", cases[i], "exit 0; stop: limit 1");
}

Test(files, poll_of_the_console_is_a_stop)
{
    box_expect("files", "unread_console",
               "stop: poll of the console (descriptor 0) is not modelled in unread_console");
}

Test(files, pipes_of_packets_and_other_flags_are_stops)
{
    box_expect("files", "packets",
               "stop: pipe2 with O_DIRECT: packet mode is not modelled in packets");
    box_expect(
        "files", "appending",
        "stop: fcntl(F_SETFL) with flags other than O_NONBLOCK is not modelled in appending");
}
