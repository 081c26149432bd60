/* SPDX-License-Identifier: MIT */
/*
 * Traces: what is recorded, what is told of it, and that it can be done again.
 */
#include "trace_box.h"

#include <ctype.h>

/* --- What is told ----------------------------------------------------------------------------- */

/*
 * One item, one worker that leaves at Empty:
 *
 *   main    puts item 1 into the feeder's buffer; the feeder does not move any more
 *   worker  takes rlock, polls the pipe (nothing), leaves
 */
Test(trace, the_smallest_counterexample_of_the_queue_is_four_events)
{
    struct aw_trace trace;
    find(&smallest, &trace);
    char *text = told(&trace, aw_trace_show_story), *rest = NULL, *line;
    static const char *const events[] = {
        "main puts item 1", "worker 1 takes rlock",
        "worker 1 \"get: Empty (pipe has nothing)\", after poll pipe 0: nothing",
        "worker 1 leaves"};
    line = strtok_r(text, "\n", &rest);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        cr_assert_not_null(line);
        cr_expect_str_eq(line + strspn(line, " 0123456789"), events[i]);
        line = strtok_r(NULL, "\n", &rest);
    }
    cr_expect_str_eq(line, "  put and not got: 1");
    cr_expect_str_eq(strtok_r(NULL, "\n", &rest), "  unread at the end: pipe 0: 0 bytes");
    cr_expect_null(strtok_r(NULL, "\n", &rest));
}

Test(trace, a_row_has_thread_operation_result_source_and_levels)
{
    struct aw_trace trace;
    find(&smallest, &trace);
    const struct aw_trace_step *poll = NULL;
    for (uint32_t i = 0; i < trace.step_count; i++)
        if (strcmp(trace.steps[i].operation, "poll") == 0)
            poll = &trace.steps[i];
    cr_assert_not_null(poll);
    cr_expect_str_eq(trace.processes[poll->process].name, "worker 1");
    cr_expect_str_eq(poll->object, "pipe 0");
    cr_expect_str_eq(poll->result, "nothing");
    cr_expect_str_eq(poll->function, "poll_once");
    cr_expect_str_eq(poll->file, "models/mpqueue/mpqueue_get.c");
    cr_expect_gt(poll->line, 0);
    cr_assert_eq(poll->event_count, 1);
    cr_expect_eq(poll->events[0].kind, AW_TRACE_NOTE);
    cr_assert_eq(poll->level_count, 4);
    cr_expect_str_eq(trace.objects[poll->levels[1].object].name, "/mpqueue.rlock.0");
    cr_expect_eq(poll->levels[1].level, 0, "the worker holds it");
}

/* No number of twelve or more hexadecimal digits: the window of the machine lies above those. The
 * digest and the checksum are 16 digits, and the value of a semaphore is ten. Which bytes were
 * visible is told by their addresses in the window, the same in every run. */
Test(trace, addresses_never_enter_a_trace)
{
    static const struct program programs[] = {
        smallest,
        {"build/models/classics/crash.so", "crash null", 0, 0},
        {"build/models/classics/philosophers.so", "philosophers wrong 2", 0, 0}};
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        struct aw_trace trace;
        find(&programs[i], &trace);
        json_t *root = aw_trace_to_json(&trace);
        json_object_del(root, "digest");
        json_object_del(root, "checksum");
        json_object_del(json_object_get(root, "machine"), "visible");
        char *text = json_dumps(root, 0);
        size_t run = 0;
        for (const char *c = text; *c != '\0'; c++) {
            run = isxdigit((unsigned char)*c) ? run + 1 : 0;
            cr_assert_lt(run, 12, "%.60s", c > text + 40 ? c - 40 : text);
        }
        cr_expect_null(strstr(text, "0x"));
    }
}

Test(trace, no_line_is_wider_than_a_hundred_columns)
{
    struct aw_trace trace;
    find(&smallest, &trace);
    char *text = told(&trace, aw_trace_show), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        cr_expect_leq(strlen(line), 100, "%s", line);
}

Test(trace, a_deadlock_says_who_waits_and_who_holds)
{
    static const struct program program = {"build/models/classics/fork_held_mutex.so",
                                           "fork_held_mutex wrong", 0, 0};
    struct aw_trace trace;
    find(&program, &trace);
    cr_assert_eq(trace.property, AW_NO_DEADLOCK);
    const struct aw_trace_waiting *child = &trace.at_end[trace.at_end_count - 1];
    cr_expect(child->blocked);
    cr_expect_str_eq(trace.processes[child->process].name, "child 1");
    cr_expect_str_eq(child->operation, "pthread_mutex_lock");
    cr_expect_not_null(strstr(child->holder, "thread 1 has held it since step "), "%s",
                       child->holder);
    cr_expect_not_null(strstr(child->holder, "does not exist in this process"));
}

Test(trace, a_livelock_is_a_stem_and_a_cycle)
{
    static const struct program program = {"build/models/classics/polite_threads.so",
                                           "polite_threads wrong", 0, 0};
    struct aw_trace trace;
    find(&program, &trace);
    cr_assert_eq(trace.property, AW_TERMINATES);
    cr_assert_neq(trace.loop, AW_TRACE_NONE);
    cr_expect(trace.loop_closes);
    char *text = told(&trace, aw_trace_show);
    cr_expect_not_null(strstr(text, "are repeated for ever"));
    cr_expect_not_null(strstr(text, "---- back to step "));
}

Test(trace, virtual_time_is_a_step_of_its_own)
{
    static const struct program program = {"build/models/classics/timed_wait.so",
                                           "timed_wait sem 2000 3000", 0, AW_TIME_VIRTUAL};
    struct aw_trace trace;
    char heard[4096];
    find(&program, &trace);
    uint32_t clocks = 0;
    for (uint32_t i = 0; i < trace.step_count; i++)
        if (trace.steps[i].process == AW_TRACE_NONE) {
            clocks++;
            cr_expect_eq(trace.steps[i].choice.pid, 0);
            cr_expect_gt(trace.steps[i].now, 0);
        }
    cr_expect_gt(clocks, 0);
    cr_expect_eq(replay(&trace, heard), 0, "%s", heard);
}

Test(trace, what_is_no_utf_8_is_written_in_digits)
{
    struct aw_trace trace;
    aw_trace_init(&trace);
    cr_expect_str_eq(aw_trace_bytes(&trace, "a\0\xff\xc3\xa4\xc3", 6), "a\\x00\\xff\xc3\xa4\\xc3");
    cr_expect_str_eq(aw_trace_bytes(&trace, "\xed\xa0\x80", 3), "\\xed\\xa0\\x80");
    cr_expect_str_eq(aw_trace_bytes(&trace, "\xc0\x80", 2), "\\xc0\\x80");
    cr_expect_str_eq(aw_trace_bytes(&trace, "", 0), "");
    aw_trace_free(&trace);
}

Test(trace, semaphores_have_short_names_as_long_as_they_differ)
{
    struct aw_trace_object objects[] = {{"/mpqueue.rlock.0", AW_OBJECT_SEM, 1},
                                        {"/other.rlock.1", AW_OBJECT_SEM, 1},
                                        {"/mpqueue.sem.0", AW_OBJECT_SEM, 1},
                                        {"/17", AW_OBJECT_SEM, 1},
                                        {"pipe 0", AW_OBJECT_PIPE, 0}};
    static const char *const shorts[] = {"/mpqueue.rlock.0", "/other.rlock.1", "sem", "/17",
                                         "pipe 0"};
    struct aw_trace trace;
    char buffer[64];
    aw_trace_init(&trace);
    trace.objects = objects;
    trace.object_count = COUNT_OF(objects);
    for (uint32_t i = 0; i < COUNT_OF(objects); i++)
        cr_expect_str_eq(aw_trace_object_short(&trace, i, buffer, sizeof buffer), shorts[i]);
}

/* --- Again ------------------------------------------------------------------------------------ */

Test(trace, fail_save_replay_the_same_observations)
{
    static const struct program programs[] = {
        {"build/models/classics/fork_held_mutex.so", "fork_held_mutex wrong", 0, 0},
        {"build/models/classics/polite_threads.so", "polite_threads wrong", 0, 0},
        {"build/models/classics/crash.so", "crash null", 0, 0}};
    for (size_t i = 0; i <= COUNT_OF(programs); i++) {
        struct aw_trace trace, read;
        struct aw_error error;
        char heard[4096], path[64];
        find(i == 0 ? &smallest : &programs[i - 1], &trace);
        snprintf(path, sizeof path, "/tmp/allways-test-%d.trace", (int)getpid());
        cr_assert_eq(aw_trace_write(&trace, path, &error), 0, "%s", error.message);
        cr_assert_eq(aw_trace_read(path, &read, &error), 0, "%s", error.message);
        unlink(path);
        json_t *one = aw_trace_to_json(&trace), *other = aw_trace_to_json(&read);
        cr_expect(json_equal(one, other));
        cr_expect_eq(replay(&read, heard), 0, "%s", heard);
        cr_expect_str_eq(heard, "");
    }
}

Test(trace, replay_names_the_first_step_that_differs)
{
    struct aw_trace trace;
    char heard[4096];
    find(&smallest, &trace);
    trace.steps[11].result = "-1 EAGAIN";
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_eq(strncmp(heard,
                         "step 12 differs\n  recorded: main: sem_wait /mpqueue.sem.0 -> "
                         "-1 EAGAIN  [",
                         73),
                 0, "%s", heard);
    cr_expect_not_null(strstr(heard, "\n  now:      main: sem_wait /mpqueue.sem.0 -> 0  ["));
}

Test(trace, replay_compares_events_levels_and_the_end)
{
    struct aw_trace trace;
    char heard[4096];
    find(&smallest, &trace);
    struct aw_trace_step *put = NULL;
    for (uint32_t i = 0; i < trace.step_count && put == NULL; i++)
        if (trace.steps[i].event_count > 0 && trace.steps[i].events[0].kind == AW_TRACE_PUT)
            put = &trace.steps[i];
    cr_assert_not_null(put);

    put->events[0].b = 2;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, ", event 1, differs\n  recorded: main: put 0 2\n"
                                     "  now:      main: put 0 1\n"),
                       "%s", heard);
    put->events[0].b = 1;

    put->levels[0].level = 20;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, "recorded: pipe 0 20, /mpqueue"), "%s", heard);
    put->levels[0].level = 0;

    put->outcomes++;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, "ways to go on, differs"), "%s", heard);
    put->outcomes--;

    trace.at_end[0].blocked = !trace.at_end[0].blocked;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_eq(strncmp(heard, "the end differs\n", 16), 0, "%s", heard);
    trace.at_end[0].blocked = !trace.at_end[0].blocked;
    cr_expect_eq(replay(&trace, heard), 0, "%s", heard);
}

Test(trace, a_choice_that_is_no_more_is_named)
{
    struct aw_trace trace;
    char heard[4096];
    find(&smallest, &trace);
    trace.steps[5].choice.slot = 9;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_eq(strncmp(heard, "step 6 differs\n", 15), 0, "%s", heard);
    cr_expect_not_null(strstr(heard, "now:      step 6: the process with pid 2 has no thread 9"),
                       "%s", heard);
    trace.steps[5].choice.slot = 0;
    trace.steps[5].choice.outcome = 3;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, "the operation has no outcome 3, only 1"), "%s", heard);
}

Test(trace, another_program_is_said_first_and_its_lines_are_not_compared)
{
    struct aw_trace trace;
    char heard[4096];
    find(&smallest, &trace);
    trace.digest ^= 1;
    for (uint32_t i = 0; i < trace.step_count; i++)
        trace.steps[i].line += 3;
    for (uint32_t i = 0; i < trace.at_end_count; i++)
        trace.at_end[i].line += 3;
    cr_expect_eq(replay(&trace, heard), 0, "%s", heard);
    cr_expect_eq(strncmp(heard, "the program or the runtime is not the one ", 42), 0, "%s", heard);
    trace.digest ^= 1;
    cr_expect_eq(replay(&trace, heard), 1, "with the same program they are");
    cr_expect_eq(strncmp(heard, "step 1 differs\n", 15), 0, "%s", heard);
}

Test(trace, a_program_that_is_gone_is_an_error)
{
    struct aw_trace trace;
    char heard[4096];
    find(&smallest, &trace);
    trace.program = "build/models/no-such-program.so";
    cr_expect_lt(replay(&trace, heard), 0);
}
