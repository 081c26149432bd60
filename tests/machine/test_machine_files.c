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
