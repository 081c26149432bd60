/* SPDX-License-Identifier: MIT */
/*
 * Traces of executions with injected faults: the plan is in the trace, each step says what struck
 * it, and a replay needs nothing else.
 */
#include <errno.h>

#include "trace_box.h"

TestSuite(trace_faults, .timeout = 60);

static struct aw_fault_plan plan;

static struct aw_fault *add(const char *point, enum aw_fault_kind kind, int value)
{
    struct aw_fault *fault = &plan.faults[plan.count++];
    fault->kind = kind;
    fault->budget = 1;
    fault->lengths = AW_LENGTHS_EVERY;
    snprintf(fault->point, sizeof fault->point, "%s", point);
    if (value != 0)
        fault->values[fault->value_count++] = value;
    plan.budget++;
    return fault;
}

/* As find(), with the plan. */
static void find_under(const struct program *program, struct aw_trace *trace)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = create(program);
    cr_assert_eq(aw_machine_set_faults(machine, &plan, &error), 0);
    aw_options_default(&options);
    options.properties = program->properties;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0);
    aw_machine_destroy(machine);
    cr_assert_eq(result.verdict, AW_VIOLATED, "%s", result.message);
    machine = create(program);
    cr_assert_eq(aw_machine_set_faults(machine, &plan, &error), 0);
    aw_trace_init(trace);
    cr_assert_eq(aw_trace_record(machine, &result.schedule, result.exact_pipes, trace, &error), 0);
    aw_machine_destroy(machine);
    trace->program = program->path;
    trace->argv = split(program->arguments);
    trace->env = no_environment;
    trace->verdict = result.verdict;
    trace->property = (int)result.violated;
    trace->faults = result.faults;
    aw_result_deinit(&result);
}

#define ARTICLE "build/models/article-faults.so"
#define ARGUMENTS "article --size 4 --numbered --items 2 --workers 2 --protocol "

static const struct program hangs = {ARTICLE, ARGUMENTS "sentinel-per-worker",
                                     AW_PROPERTY_BIT(AW_NO_DEADLOCK), AW_TIME_ARBITRARY};
static const struct program fails = {ARTICLE, ARGUMENTS "sentinel-per-worker",
                                     AW_PROPERTY_BIT(AW_NO_ERROR), AW_TIME_ARBITRARY};

/* Written, read and written again: the same bytes; and it reproduces. */
static void survives(struct aw_trace *trace)
{
    struct aw_trace again;
    struct aw_error error;
    char heard[4096];
    json_t *root = aw_trace_to_json(trace);
    int status = aw_trace_from_json(root, "t", &again, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    json_t *second = aw_trace_to_json(&again);
    cr_expect(json_equal(root, second));
    cr_expect_eq(memcmp(&again.plan, &plan, sizeof plan), 0, "the plan is in the trace");
    cr_expect_eq(replay(&again, heard), 0, "%s", heard);
    cr_expect_str_eq(heard, "");
    json_decref(root);
    json_decref(second);
    aw_trace_free(&again);
}

static uint32_t step_of_fault(const struct aw_trace *trace)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < trace->step_count; i++)
        if (trace->steps[i].fault_count > 0) {
            cr_assert_eq(found, UINT32_MAX, "one fault");
            found = i;
        }
    cr_assert_neq(found, UINT32_MAX);
    return found;
}

Test(trace_faults, a_crash_leaves_an_orphaned_lock)
{
    struct aw_trace trace;
    char text[256];
    snprintf(add("allways/crash", AW_FAULT_CRASH, 0)->role, 32, "worker");
    find_under(&hangs, &trace);
    uint32_t step = step_of_fault(&trace);
    cr_expect_str_eq(trace.steps[step].result, "SIGKILL");
    aw_trace_fault_text(&trace, trace.steps[step].faults, text, sizeof text);
    cr_expect_str_eq(text, "crash (SIGKILL)");
    bool orphaned = false;
    for (uint32_t i = 0; i < trace.at_end_count; i++) {
        snprintf(text, sizeof text,
                 "worker 1 took it at step %u and was killed at step %u by an injected fault: the "
                 "lock is orphaned",
                 step, step + 1);
        if (strcmp(trace.at_end[i].object, "/mpqueue.rlock.0") == 0) {
            cr_expect_str_eq(trace.at_end[i].holder, text);
            orphaned = true;
        }
    }
    cr_expect(orphaned);
    char *story = told(&trace, aw_trace_show_story);
    cr_expect_not_null(
        strstr(story, "fault: crash (SIGKILL), in worker 1's read pipe 0: SIGKILL\n"), "%s", story);
    free(story);
    survives(&trace);
    aw_trace_free(&trace);
}

Test(trace_faults, a_failed_call_has_its_errno)
{
    struct aw_trace trace;
    add("posix/io/rw/write", AW_FAULT_ERRNO, EPIPE);
    find_under(&fails, &trace);
    const struct aw_trace_step *step = &trace.steps[step_of_fault(&trace)];
    cr_expect_str_eq(step->operation, "write");
    cr_expect_str_eq(step->result, "-1 EPIPE");
    cr_expect_eq(step->faults[0].value, EPIPE);
    char *table = told(&trace, aw_trace_show);
    cr_expect_not_null(strstr(table, "-1 EPIPE (fault)"), "%s", table);
    cr_expect_not_null(strstr(table, "*** fault: EPIPE at posix/io/rw/write\n"), "%s", table);
    free(table);
    survives(&trace);
    aw_trace_free(&trace);
}

Test(trace_faults, a_thread_that_was_not_started_is_told)
{
    struct aw_trace trace;
    add("allways/thread/create", AW_FAULT_ERRNO, EAGAIN);
    find_under(&fails, &trace);
    const struct aw_trace_step *step = &trace.steps[step_of_fault(&trace)];
    cr_expect_str_eq(step->operation, "pthread_create");
    cr_expect_str_eq(step->result, "EAGAIN");
    survives(&trace);
    aw_trace_free(&trace);
}

Test(trace_faults, a_point_in_the_code_strikes_after_the_operation)
{
    struct aw_trace trace;
    add("mpqueue/feeder/serialise", AW_FAULT_FAIL, 7);
    find_under(&fails, &trace);
    const struct aw_trace_step *step = &trace.steps[step_of_fault(&trace)];
    cr_expect_str_eq(step->operation, "pthread_mutex_unlock");
    cr_expect_str_eq(step->result, "0", "the operation itself was none the worse");
    cr_expect_eq(step->faults[0].value, 7);
    cr_expect(aw_trace_fault_in_code(&trace, &step->faults[0]));
    char *story = told(&trace, aw_trace_show_story);
    cr_expect_not_null(strstr(story, "fault: failure 7 at mpqueue/feeder/serialise, after "
                                     "main.feeder's pthread_mutex_unlock"),
                       "%s", story);
    free(story);
    survives(&trace);
    aw_trace_free(&trace);
}

Test(trace_faults, several_faults_of_one_step_are_all_told)
{
    /* The wait of the root is interrupted, and the statement after it fails: two faults in one
     * step. */
    static const struct program twice = {"build/models/random.so", "random nnn:-----:0/F1ayyy/z",
                                         AW_PROPERTY_BIT(AW_NO_DEADLOCK), AW_TIME_ARBITRARY};
    struct aw_error error;
    struct aw_trace trace;
    struct aw_choice choices[64];
    struct aw_schedule schedule = {.choices = choices, .loop = UINT32_MAX};
    struct aw_outcome *outcomes = calloc(AW_MAX_OUTCOMES, sizeof *outcomes);
    struct aw_state state, next;
    struct aw_step step;
    add("posix/proc/waitpid", AW_FAULT_ERRNO, EINTR);
    add("random/statement", AW_FAULT_FAIL, 3);
    struct aw_machine *machine = create(&twice);
    cr_assert_eq(aw_machine_set_faults(machine, &plan, &error), 0);
    aw_machine_set_symmetry(machine, false);
    aw_machine_initial(machine, &state);
    /* The root goes on for as long as it can, and takes the outcome with most faults. */
    for (;;) {
        unsigned count = aw_machine_outcomes(machine, &state, 0, 0, outcomes), best = 0;
        if (count == 0 || outcomes[0].effect == AW_EFFECT_EXIT)
            break;
        for (unsigned i = 1; i < count; i++)
            if (outcomes[i].faults > outcomes[best].faults && outcomes[i].faults == 2)
                best = i;
        choices[schedule.count++] = (struct aw_choice){
            aw_machine_layout(machine, &state)->processes[0].pid, 0, (uint16_t)best};
        aw_machine_step(machine, &state, 0, 0, &outcomes[best], &next, &step);
        state = next;
    }
    aw_machine_destroy(machine);
    machine = create(&twice);
    cr_assert_eq(aw_machine_set_faults(machine, &plan, &error), 0);
    aw_trace_init(&trace);
    cr_assert_eq(aw_trace_record(machine, &schedule, false, &trace, &error), 0, "%s",
                 error.message);
    aw_machine_destroy(machine);
    trace.program = twice.path;
    trace.argv = split(twice.arguments);
    trace.env = no_environment;
    const struct aw_trace_step *struck = NULL;
    for (uint32_t i = 0; i < trace.step_count; i++)
        if (trace.steps[i].fault_count == 2)
            struck = &trace.steps[i];
    cr_assert_not_null(struck);
    cr_expect_str_eq(struck->result, "-1 EINTR");
    cr_expect_eq(struck->faults[0].fault, 0);
    cr_expect_eq(struck->faults[0].value, EINTR);
    cr_expect_eq(struck->faults[1].fault, 1);
    cr_expect_eq(struck->faults[1].value, 3);
    survives(&trace);
    aw_trace_free(&trace);
    free(outcomes);
}

Test(trace_faults, another_plan_does_not_reproduce)
{
    struct aw_trace trace;
    char heard[4096];
    add("posix/io/rw/write", AW_FAULT_ERRNO, EPIPE);
    find_under(&fails, &trace);
    trace.plan.budget = 0;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, "differs"), "%s", heard);
    trace.plan = plan;
    trace.plan.faults[0].values[0] = EIO;
    cr_expect_eq(replay(&trace, heard), 1);
    cr_expect_not_null(strstr(heard, "EPIPE at posix/io/rw/write"), "%s", heard);
    cr_expect_not_null(strstr(heard, "EIO at posix/io/rw/write"), "%s", heard);
    aw_trace_free(&trace);
}

static void refused(json_t *root, const char *message)
{
    struct aw_trace trace;
    struct aw_error error = {0};
    char checksum[17], found[1400];
    aw_trace_checksum(root, checksum);
    json_object_set_new(root, "checksum", json_string(checksum));
    cr_assert_eq(aw_trace_from_json(root, "t", &trace, &error), AW_E_FORMAT, "read: %s", message);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, message);
    json_decref(root);
}

static json_t *fault_of(json_t *root, uint32_t step)
{
    json_t *one = json_array_get(json_object_get(root, "steps"), step);
    return json_array_get(json_object_get(one, "faults"), 0);
}

Test(trace_faults, a_wrong_plan_is_refused)
{
    struct aw_trace trace;
    char message[256];
    add("posix/io/rw/write", AW_FAULT_ERRNO, EPIPE);
    find_under(&fails, &trace);
    uint32_t step = step_of_fault(&trace);
    json_t *good = aw_trace_to_json(&trace), *bad;

    bad = json_deep_copy(good);
    json_object_del(bad, "fault_plan");
    refused(bad, "t: fault_plan is missing");

    bad = json_deep_copy(good);
    json_object_set_new(json_array_get(json_object_get(bad, "fault_plan"), 0), "kind",
                        json_string("meteorite"));
    refused(bad, "t: fault 1: kind: expected one of errno, partial, delay, fail, crash, sigterm, "
                 "spurious, found \"meteorite\"");

    bad = json_deep_copy(good);
    json_object_set_new(json_array_get(json_object_get(bad, "fault_plan"), 0), "last",
                        json_integer(-1));
    refused(bad, "t: fault 1: last: expected a number from 0 to 2147483647, found -1");

    bad = json_deep_copy(good);
    json_object_set_new(fault_of(bad, step), "fault", json_integer(2));
    snprintf(message, sizeof message,
             "t: step %u: fault: expected one of the 1 of fault_plan, found 2", step + 1);
    refused(bad, message);

    bad = json_deep_copy(good);
    json_object_set_new(fault_of(bad, step), "value", json_integer(EIO));
    snprintf(message, sizeof message,
             "t: step %u: text: expected \"EIO at posix/io/rw/write\", found \"EPIPE at "
             "posix/io/rw/write\"",
             step + 1);
    refused(bad, message);
    json_decref(good);
    aw_trace_free(&trace);
}
