/* SPDX-License-Identifier: MIT */
/* What the machine does not model ends the check by name, with the function that reached it. */
#include "machine_box.h"

#include <criterion/parameterized.h>

struct unmodelled {
    char function[32];
    char stop[160];
};

ParameterizedTestParameters(unmodelled, ends_the_check_by_name)
{
    static struct unmodelled table[] = {
        {"a_socket", "socket is not modelled"},
        {"a_file", "fopen is not modelled"},
        {"an_open", "open is not modelled"},
        {"a_mapping", "mmap other than MAP_SHARED, whole, of anonymous or shared memory is not "
                      "modelled; for private memory use malloc"},
        {"a_rwlock", "PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP is not modelled"},
        {"a_mask", "sigprocmask is not modelled"},
        {"a_handler", "signal: a handler function for SIGTERM is not modelled (SIG_DFL and SIG_IGN "
                      "are)"},
        {"an_action", "sigaction: a handler function for SIGUSR1 is not modelled (SIG_DFL and "
                      "SIG_IGN are)"},
        {"a_group", "waitpid with pid 0: process groups are not modelled"},
        {"a_stopped_child", "waitpid with options 0x2: only WNOHANG is modelled"},
        {"a_group_kill", "kill with pid 0: process groups are not modelled"},
        {"a_stop", "stopping a process is not modelled"},
        {"a_file_lock", "fcntl with command 6 is not modelled"},
        {"a_descriptor_flag", "fcntl with command 5 is not modelled"},
        {"a_cpu_clock", "clock_gettime of clock 2 is not modelled"},
        {"a_jump", "getcontext is not modelled"},
        {"a_command", "system is not modelled"},
        {"a_popen", "popen is not modelled"},
        {"an_exec", "execl is not modelled"},
        {"a_cancel", "pthread_cancel is not modelled"},
        {"a_protocol",
         "pthread_mutexattr_setprotocol other than PTHREAD_PRIO_NONE is not modelled"},
        {"a_select", "select is not modelled"},
        {"a_syscall", "syscall is not modelled"},
        {"an_alarm", "alarm is not modelled"},
        {"an_input", "ungetc is not modelled"},
        {"a_variable", "the variable 'some_variable' of another library is not modelled: define it "
                       "in the program"},
        {"a_large_variable", "the variable 'some_variable' of another library is not modelled: "
                             "define it in the program"},
        {"a_pointer", "some_function is not modelled"},
        {"raw", "a system call made without libc is not modelled"},
        {"the_time", "the instruction rdtsc is not modelled"},
        {"the_time_and_processor", "the instruction rdtscp is not modelled"},
        {"a_random_number", "the instruction rdrand is not modelled"},
        {"the_thread_pointer", "the instruction mov is not modelled: it uses a segment register"},
        {"another_thread_pointer", "the instruction wrfsbase is not modelled"},
        {"another_segment", "the instruction mov is not modelled"},
        {"other_flags", "the instruction popfq is not modelled"},
        {"redirected", "printing to descriptor 1, which is a pipe, is not modelled: use write"},
        {"printed_when_closed", "printing to descriptor 1, which is closed, is not modelled"},
    };
    return cr_make_param_array(struct unmodelled, table, sizeof table / sizeof *table);
}

ParameterizedTest(struct unmodelled *row, unmodelled, ends_the_check_by_name)
{
    char expected[256];
    snprintf(expected, sizeof expected, "stop: %s in %s", row->stop, row->function);
    box_expect("unmodelled", row->function, expected);
}

Test(unmodelled, ends_the_check_in_a_child_too)
{
    cr_expect_not_null(
        strstr(box_all("unmodelled", "later"), "stop: socket is not modelled in a_socket"));
}

/* The whole way: the verdict, the line and the schedule. */
Test(unmodelled, is_inconclusive_with_the_line_and_the_schedule)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = box_machine("unmodelled", "later");
    aw_options_default(&options);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0);
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE);
    cr_expect_not_null(strstr(result.message, "socket is not modelled"), "%s", result.message);
    cr_expect_not_null(strstr(result.message, "unmodelled.c:"), "%s", result.message);
    cr_expect(result.has_schedule);
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}
