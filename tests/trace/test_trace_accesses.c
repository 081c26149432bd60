/* SPDX-License-Identifier: MIT */
/* Accesses to memory in traces: what they do, to which variable, with which value. */
#include "trace_box.h"

static const struct aw_trace_step *step_of(const struct aw_trace *trace, const char *operation,
                                           const char *object, const char *result)
{
    for (uint32_t i = 0; i < trace->step_count; i++)
        if (strcmp(trace->steps[i].operation, operation) == 0 &&
            strcmp(trace->steps[i].object, object) == 0 &&
            strcmp(trace->steps[i].result, result) == 0)
            return &trace->steps[i];
    return NULL;
}

static void find_in(const char *path, const char *arguments, struct aw_trace *trace)
{
    struct program program = {path, arguments, 0, AW_TIME_ARBITRARY};
    find(&program, trace);
}

Test(trace_accesses, an_atomic_operation_names_variable_and_value)
{
    struct aw_trace trace;
    find_in("build/models/memory/counter.so", "counter split", &trace);
    cr_expect_not_null(step_of(&trace, "load", "counter", "0"));
    cr_expect_not_null(step_of(&trace, "store", "counter", "1"));
    aw_trace_free(&trace);
}

Test(trace_accesses, plain_ones_have_the_value_that_was_read_or_written)
{
    struct aw_trace trace;
    find_in("build/models/memory/lock.so", "lock torn", &trace);
    cr_expect_not_null(step_of(&trace, "read", "inside", "0"));
    aw_trace_free(&trace);
    find_in("build/models/memory/lifetime.so", "lifetime returned", &trace);
    cr_expect_not_null(step_of(&trace, "write", "variable 1 of main", "6144"));
    aw_trace_free(&trace);
    find_in("build/models/memory/lock.so", "lock unlinked", &trace);
    /* What lies on a stack is told by whose it is. */
    cr_expect_not_null(step_of(&trace, "exchange", "tail, &variable 1 of thread 1", "0"));
    aw_trace_free(&trace);
}

Test(trace_accesses, pointers_are_told_by_what_they_point_to)
{
    struct aw_trace trace;
    find_in("build/models/memory/stack.so", "stack reused", &trace);
    cr_expect_not_null(step_of(&trace, "load", "top", "&block 2"));
    cr_expect_not_null(step_of(&trace, "load", "block 2", "&block 1"));
    cr_expect_not_null(step_of(&trace, "compare_exchange_strong", "top, &block 1", "done"));
    aw_trace_free(&trace);
}

Test(trace_accesses, halves_are_two_variables_and_a_whole_one_is_one)
{
    struct aw_trace trace;
    find_in("build/models/memory/pair.so", "pair halves", &trace);
    cr_expect_not_null(step_of(&trace, "store", "halves", "1"));
    cr_expect_not_null(step_of(&trace, "store", "halves+8", "-1"));
    aw_trace_free(&trace);
}

Test(trace_accesses, those_to_mappings_have_values_too)
{
    struct aw_trace trace;
    find_in("build/models/memory/processes.so", "processes split", &trace);
    cr_expect_not_null(step_of(&trace, "load", "mapping 0+76", "0"));
    cr_expect_not_null(step_of(&trace, "store", "mapping 0+76", "1"));
    cr_expect_not_null(step_of(&trace, "read", "mapping 0+72", "0"));
    aw_trace_free(&trace);
}

Test(trace_accesses, a_race_inside_the_runtime_names_the_function_that_was_called)
{
    struct aw_trace trace;
    bool named = false;
    find_in("build/models/memory/future.so", "future outside", &trace);
    for (uint32_t i = 0; i < trace.step_count; i++)
        for (uint32_t k = 0; k < trace.steps[i].event_count; k++)
            named |= strstr(trace.steps[i].events[k].text,
                            "pthread_cond_destroy of 48 bytes at ") != NULL;
    cr_expect(named);
    aw_trace_free(&trace);
}
