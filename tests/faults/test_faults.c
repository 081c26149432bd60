/* SPDX-License-Identifier: MIT */
/*
 * Plans of faults in small programs: executions enumerated by hand.
 *
 * Programs are texts of models/random/random.c. `w03` writes three bytes to pipe 0 by one call,
 * which may be cut to 1 or to 2 bytes; `z` sleeps; a point random/statement is before each
 * statement.
 */
#include <errno.h>

#include "../explore/explore_box.h"

static struct aw_fault_plan plan;

static void no_plan(void)
{
    memset(&plan, 0, sizeof plan);
    box_plan = &plan;
    aw_machine_settings_default(&box_settings);
}

TestSuite(faults, .init = no_plan, .timeout = 60);

static struct aw_fault *add(const char *point, enum aw_fault_kind kind, int value, uint32_t budget)
{
    struct aw_fault *fault = &plan.faults[plan.count++];
    fault->kind = kind;
    fault->lengths = AW_LENGTHS_EVERY;
    fault->budget = budget;
    snprintf(fault->point, sizeof fault->point, "%s", point);
    if (value != 0)
        fault->values[fault->value_count++] = value;
    return fault;
}

static struct aw_fault *cut_writes(uint32_t budget)
{
    return add("posix/io/rw/write/reduce", AW_FAULT_PARTIAL, 0, budget);
}

static struct aw_fault *interrupt(const char *point, uint32_t budget)
{
    return add(point, AW_FAULT_ERRNO, EINTR, budget);
}

static struct aw_result result;

static void explore(const char *program, const char *arguments, unsigned properties)
{
    struct aw_options options;
    char copy[512], *argv[32], *rest = NULL;
    int count = 0;
    aw_result_deinit(&result);
    snprintf(copy, sizeof copy, "%s", arguments);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count] = NULL;
    struct aw_machine *machine = box_machine(program, argv);
    aw_options_default(&options);
    options.properties = properties;
    options.count = true;
    box_explore(machine, &options, &result);
    aw_machine_destroy(machine);
}

/* How many executions `text` has with so many faults, which the enumeration without memory, too,
 * has to come to. */
static uint64_t executions(const char *text, uint32_t budget)
{
    struct aw_oracle oracle;
    char arguments[300];
    plan.budget = budget;
    snprintf(arguments, sizeof arguments, "random %s", text);
    explore(RANDOM, arguments, AW_PROPERTY_BIT(AW_NO_CRASH));
    cr_assert_not_null(result.interleavings, "%s: %s", text, result.message);
    uint64_t count = strtoull(result.interleavings, NULL, 10);
    struct aw_machine *machine = box_random(text);
    aw_oracle_enumerate(machine, JUDGED, 100000, &oracle);
    cr_expect(oracle.complete);
    cr_expect_eq(oracle.interleavings, count, "%s, budget %u: enumerated %lu, counted %lu", text,
                 budget, oracle.interleavings, count);
    aw_oracle_deinit(&oracle);
    aw_machine_destroy(machine);
    return count;
}

/* ---- budgets ---- */

Test(faults, one_write_has_an_execution_for_each_length)
{
    cut_writes(2);
    cr_expect_eq(executions("nnn:-----:1/w03", 0), 1);
    cr_expect_eq(executions("nnn:-----:1/w03", 1), 3, "3 bytes, 1, 2");
    cr_expect_eq(executions("nnn:-----:1/w03", 2), 3, "the rest is not sent by this program");
    cr_expect_eq(executions("nnn:-----:1/w01", 1), 1, "one byte cannot be cut");
}

Test(faults, two_writes_share_the_budget)
{
    cut_writes(2);
    cr_expect_eq(executions("nnn:-----:1/w03w03", 0), 1);
    cr_expect_eq(executions("nnn:-----:1/w03w03", 1), 1 + 2 + 2, "none, the first, the second");
    cr_expect_eq(executions("nnn:-----:1/w03w03", 2), 3 * 3);
}

Test(faults, each_fault_has_a_budget_of_its_own_beside_that_of_all)
{
    /* For each write: whole, 1 byte, 2 bytes, EINTR. */
    cut_writes(1);
    interrupt("posix/io/rw/write", 1);
    cr_expect_eq(executions("nnn:-----:1/w03w03", 0), 1);
    cr_expect_eq(executions("nnn:-----:1/w03w03", 1), 1 + 2 * 3, "one of three at one of two");
    cr_expect_eq(executions("nnn:-----:1/w03w03", 2), 1 + 2 * 3 + 2 * 2, "and one of each kind");
    plan.faults[0].budget = 2;
    cr_expect_eq(executions("nnn:-----:1/w03w03", 2), 1 + 2 * 3 + 2 * 2 + 2 * 2,
                 "both cut as well");
}

Test(faults, try_again_is_said_only_where_nobody_waits)
{
    add("posix/io/rw/write", AW_FAULT_ERRNO, EAGAIN, 1);
    cr_expect_eq(executions("nnn:-----:1/w01", 1), 1);
    cr_expect_eq(result.verdict, AW_VACUOUS, "it cannot strike");
    cr_expect_eq(executions("nnn:-----:1/n0ww01", 1), 2);
    no_plan();
    add("posix/io/rw/read", AW_FAULT_ERRNO, EAGAIN, 1);
    cr_expect_eq(executions("nnn:-----:1/n0ww01r01", 1), 1, "the other end");
    cr_expect_eq(executions("nnn:-----:1/n0rw01r01", 1), 2);
}

/* A pipe of 4 bytes: the longer writes sleep, whole or cut. Whatever the reader does, a write of 6
 * bytes that may be cut to `length` comes to what a whole one comes to, or one of that length. */
Test(faults, a_cut_write_that_has_to_sleep_comes_to_its_length)
{
    static const char *const readers[] = {"r09", "r01r09", "r03r01r09", "R07", "S0r02r09"};
    for (uint32_t length = 1; length < 6; length++)
        for (size_t r = 0; r < sizeof readers / sizeof *readers; r++) {
            struct aw_oracle cut, whole, shorter;
            char text[3][64];
            for (int i = 0; i < 3; i++)
                snprintf(text[i], sizeof text[i], "nnn:0----:1/F1w0%uV0a/c0w%s", i < 2 ? 6 : length,
                         readers[r]);
            no_plan();
            box_settings.pipe_page_size = 2;
            box_settings.pipe_slots = 2;
            cr_assert(box_oracle(text[1], &whole));
            cr_assert(box_oracle(text[2], &shorter));
            struct aw_fault *fault = cut_writes(1);
            fault->lengths = AW_LENGTHS_LISTED;
            fault->values[fault->value_count++] = length;
            plan.budget = 1;
            cr_assert(box_oracle(text[0], &cut));
            for (uint32_t i = 0; i < whole.outcomes.count; i++)
                aw_outcomes_add(&shorter.outcomes, whole.outcomes.lines[i]);
            cr_expect(aw_outcomes_equal(&cut.outcomes, &shorter.outcomes), "length %u, %s: %u, %u",
                      length, readers[r], cut.outcomes.count, shorter.outcomes.count);
            aw_oracle_deinit(&cut);
            aw_oracle_deinit(&whole);
            aw_oracle_deinit(&shorter);
        }
}

/* Two threads are about to close the same descriptor. Main's close comes before, between or after
 * the other thread's start, close and exit: 4 orders. The second of them finds nothing to close,
 * and can be struck all the same. */
Test(faults, a_close_of_what_another_thread_has_closed_can_fail_otherwise)
{
    interrupt("posix/io/oc/close", 1);
    cr_expect_eq(executions("nnn:-----:1/T1c0wJ/c0w", 0), 4);
    cr_expect_eq(executions("nnn:-----:1/T1c0wJ/c0w", 1), 4 * 3, "none, the first, the second");
}

Test(faults, interleavings_multiply_with_faults)
{
    /* Root: sleep, exit. Child: sleep, exit. C(4, 2) = 6 orders. */
    interrupt("allways/sleep", 2);
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 0), 6);
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 1), 6 * (1 + 2));
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 2), 6 * 2 * 2);
}

Test(faults, a_crash_comes_before_any_operation)
{
    add("allways/crash", AW_FAULT_CRASH, 0, 1);
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 0), 6);
    /* Of two processes: one takes 2 steps; the other dies first (1 step: C(3, 1) = 3 orders) or
     * sleeps and dies (2 steps: 6 orders). Either may be the victim. Before the fork, alone, the
     * root dies at its start or at its fork. */
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 1), 6 + 2 * (3 + 6) + 2);
}

Test(faults, points_in_the_code_have_budgets_too)
{
    /* Three statements, three points; two values. */
    struct aw_fault *fault = add("random/statement", AW_FAULT_FAIL, 3, 2);
    cr_expect_eq(executions("nnn:-----:0/yyy", 0), 1);
    cr_expect_eq(executions("nnn:-----:0/yyy", 1), 1 + 3);
    cr_expect_eq(executions("nnn:-----:0/yyy", 2), 1 + 3 + 3);
    fault->values[fault->value_count++] = 5;
    cr_expect_eq(executions("nnn:-----:0/yyy", 1), 1 + 3 * 2);
    cr_expect_eq(executions("nnn:-----:0/yyy", 2), 1 + 3 * 2 + 3 * 4);
}

Test(faults, a_plan_with_budget_0_changes_no_number)
{
    static const char *const protocols[] = {"nonblocking-empty", "sentinel-per-worker"};
    for (int i = 0; i < 2; i++) {
        char arguments[200];
        uint64_t states, transitions, code_runs;
        unsigned properties = JUDGED | AW_PROPERTY_BIT(AW_TERMINATES);
        snprintf(arguments, sizeof arguments,
                 "article --items 3 --workers 2 --size 4 --numbered --protocol %s", protocols[i]);
        no_plan();
        box_plan = NULL;
        explore("build/models/article-faults.so", arguments, properties);
        states = result.states, transitions = result.transitions, code_runs = result.code_runs;
        char *interleavings = result.interleavings == NULL ? NULL : strdup(result.interleavings);
        box_plan = &plan;
        cut_writes(1);
        interrupt("allways/sem/wait", 1);
        add("allways/crash", AW_FAULT_CRASH, 0, 1);
        add("allways/spurious", AW_FAULT_SPURIOUS, 0, 1);
        add("mpqueue/feeder/serialise", AW_FAULT_FAIL, 1, 1);
        explore("build/models/article-faults.so", arguments, properties);
        cr_expect_eq(result.states, states);
        cr_expect_eq(result.transitions, transitions);
        cr_expect_eq(result.code_runs, code_runs);
        cr_expect_eq(interleavings == NULL, result.interleavings == NULL);
        if (interleavings != NULL && result.interleavings != NULL)
            cr_expect_str_eq(result.interleavings, interleavings);
        free(interleavings);
    }
}

/* ---- where and when ---- */

Test(faults, occurrences_are_counted_over_the_execution)
{
    struct aw_fault *fault = cut_writes(3);
    fault->first = fault->last = 2;
    cr_expect_eq(executions("nnn:-----:1/w03w03w03", 3), 3, "the second write only");
    fault->last = 3;
    cr_expect_eq(executions("nnn:-----:1/w03w03w03", 1), 1 + 2 + 2);
    cr_expect_eq(executions("nnn:-----:1/w03w03w03", 2), 3 * 3);
    fault->first = fault->last = 4;
    cr_expect_eq(executions("nnn:-----:1/w03w03w03", 3), 1, "there is no fourth");
}

Test(faults, an_occurrence_at_which_another_fault_struck_is_one)
{
    cut_writes(1);
    struct aw_fault *fault = interrupt("posix/io/rw/write", 1);
    fault->first = fault->last = 2;
    /* None; one of two writes cut to one of two lengths; the second one interrupted; the first one
     * cut and the second one interrupted. */
    cr_expect_eq(executions("nnn:-----:1/w03w03", 2), 1 + 4 + 1 + 2);
    /* The order in the plan does not matter. */
    struct aw_fault first = plan.faults[0];
    plan.faults[0] = plan.faults[1];
    plan.faults[1] = first;
    cr_expect_eq(executions("nnn:-----:1/w03w03", 2), 1 + 4 + 1 + 2);
}

Test(faults, occurrences_of_points_in_the_code_are_counted)
{
    struct aw_fault *fault = add("random/statement", AW_FAULT_FAIL, 3, 3);
    fault->first = fault->last = 2;
    cr_expect_eq(executions("nnn:-----:0/yyy", 3), 2, "the second one fails, or none");
    fault->last = 3;
    cr_expect_eq(executions("nnn:-----:0/yyy", 3), 4);
}

Test(faults, a_role_is_that_of_the_thread)
{
    struct aw_fault *fault = interrupt("allways/sleep", 2);
    snprintf(fault->role, sizeof fault->role, "main");
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 2), 6 * 2, "the root's sleep only");
    snprintf(fault->role, sizeof fault->role, "nobody");
    cr_expect_eq(executions("nnn:-----:0/F1z/z", 2), 6);
}

Test(faults, a_site_is_a_file_a_line_or_a_function)
{
    static const struct {
        const char *site;
        int executions;
    } sites[] = {
        {"", 3}, {"random_pipes.c", 3}, {"other.c", 1}, {"random_pipes.c:1", 1}, {"main", 1}};
    struct aw_fault *fault = cut_writes(1);
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        snprintf(fault->site, sizeof fault->site, "%s", sites[i].site);
        cr_expect_eq(executions("nnn:-----:1/w03", 1), sites[i].executions, "%s", sites[i].site);
    }
}

/* Root: sleep, exit. Child: sleep, exit. 6 orders, and 1 when the root moves whenever it can. */
Test(faults, a_favoured_role_is_one_that_a_thread_has)
{
    static const char *const favoured[] = {"main", "nobody"};
    struct aw_options options;
    for (int i = 0; i < 2; i++) {
        aw_result_deinit(&result);
        aw_options_default(&options);
        options.properties = AW_PROPERTY_BIT(AW_NO_CRASH);
        options.count = true;
        options.favour = &favoured[i];
        options.favour_count = 1;
        struct aw_machine *machine = box_random("nnn:-----:0/F1z/z");
        box_explore(machine, &options, &result);
        aw_machine_destroy(machine);
        cr_expect_str_eq(result.interleavings, i == 0 ? "1" : "6");
        cr_expect_eq(result.verdict, i == 0 ? AW_PROVED : AW_VACUOUS);
    }
    cr_expect_str_eq(result.message,
                     "no thread has the role nobody, which the schedule favours; roles are main");
}

/* ---- verdicts ---- */

#define SENTINELS "article --items 2 --workers 2 --size 4 --numbered --protocol sentinel-per-worker"
#define EMPTY "article --items 2 --workers 2 --size 4 --numbered --protocol nonblocking-empty"

static void expect_vacuous(const char *message)
{
    plan.budget = 1;
    explore(ARTICLE, SENTINELS, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.verdict, AW_VACUOUS, "not vacuous: %s", message);
    cr_expect_str_eq(result.message, message);
    no_plan();
}

Test(faults, what_never_strikes_is_vacuous)
{
    interrupt("allways/sem/timedwait", 1);
    expect_vacuous("no execution reaches the fault point allways/sem/timedwait");
    snprintf(interrupt("allways/sem/wait", 1)->role, 32, "nobody");
    expect_vacuous("no execution reaches the fault point allways/sem/wait in nobody: no thread has "
                   "that role; roles are main, feeder, worker");
    snprintf(interrupt("posix/io/rw/write", 1)->site, 32, "elsewhere.c");
    expect_vacuous("no execution reaches the fault point posix/io/rw/write at elsewhere.c: it is "
                   "met at send_all (mpqueue_frame.c:48)");
    snprintf(interrupt("posix/io/rw/write", 1)->role, 32, "main");
    expect_vacuous("no execution reaches the fault point posix/io/rw/write in main: it is met at "
                   "send_all (mpqueue_frame.c:48)");
    add("mpqueue/feeder/serialise", AW_FAULT_FAIL, 1, 1);
    expect_vacuous("no execution reaches the fault point mpqueue/feeder/serialise: the program's "
                   "code asks about no point of its own (fiu_fail)");
    struct aw_fault *fault = cut_writes(1);
    fault->lengths = AW_LENGTHS_LISTED;
    fault->values[fault->value_count++] = 5000;
    expect_vacuous("no execution reaches a case in which the fault could strike at "
                   "posix/io/rw/write/reduce");
    fault = interrupt("allways/thread/create", 1);
    fault->first = fault->last = 2;
    expect_vacuous("no execution reaches a case in which the fault could strike at "
                   "allways/thread/create");
    cut_writes(1);
    interrupt("posix/proc/kill", 1);
    expect_vacuous("no execution reaches the fault point posix/proc/kill");
}

Test(faults, a_point_that_is_misspelt_is_told_from_those_that_there_are)
{
    add("mpqueue/feeder/serialize", AW_FAULT_FAIL, 1, 1);
    plan.budget = 1;
    explore("build/models/article-faults.so", SENTINELS, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.verdict, AW_VACUOUS);
    cr_expect_str_eq(result.message,
                     "no execution reaches the fault point mpqueue/feeder/serialize: its code asks "
                     "about mpqueue/feeder/serialise, mpqueue/feeder/serialised");
}

Test(faults, a_delay_strikes_wherever_its_point_is_met_in_arbitrary_time)
{
    add("mpqueue/feeder/wake", AW_FAULT_DELAY, 0, 1)->delay_ns = 3000000000;
    add("allways/delay", AW_FAULT_DELAY, 0, 1)->delay_ns = 1000;
    plan.budget = 2;
    explore("build/models/article-faults.so", SENTINELS, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.verdict, AW_PROVED, "%s", result.message);
    uint64_t states = result.states;
    no_plan();
    explore("build/models/article-faults.so", SENTINELS, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.states, states, "every interleaving has it already");
}

Test(faults, too_many_lengths_are_a_limit_and_no_proof)
{
    cut_writes(1);
    plan.budget = 1;
    explore(ARTICLE, "article --items 1 --workers 1 --size 10000 --protocol sentinel-per-worker",
            AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.verdict, AW_INCONCLUSIVE);
    cr_expect_not_null(strstr(result.message, "more than 511 outcomes"), "%s", result.message);
}

Test(faults, a_counterexample_without_faults_comes_first)
{
    /* The feeder need not be late for a worker to be told Empty, and no fault is needed for it. */
    cut_writes(2);
    add("allways/crash", AW_FAULT_CRASH, 0, 1);
    plan.budget = 2;
    explore(ARTICLE, EMPTY, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.verdict, AW_VIOLATED);
    cr_expect(result.minimal);
    cr_expect_eq(result.faults, 0);
    cr_expect_eq(result.preemptions, 0);
    uint32_t steps = result.schedule.count;
    no_plan();
    explore(ARTICLE, EMPTY, AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(result.schedule.count, steps);
}

/* Main spins for ever on a mutex that it holds: anyway; only if its trywait was interrupted; on one
 * mutex if it was, else on another; if it was, or a child was faster. */
Test(faults, a_livelock_is_one_of_the_fewest_faults)
{
    static const struct {
        const char *text;
        unsigned faults;
    } cases[] = {{"Y0L0l0", 0}, {"Y0L0!(l0)", 1}, {"Y0!(L0l0)L1l1", 0}, {"F2F1a/Y0!(L0l0)/Y0", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "random nnn:11---:0/%s", cases[i].text);
        no_plan();
        interrupt("allways/sem/trywait", 2);
        plan.budget = 2;
        explore(RANDOM, arguments, AW_PROPERTY_BIT(AW_TERMINATES));
        cr_expect_eq(result.verdict, AW_VIOLATED, "%s: %s", cases[i].text, result.message);
        cr_expect_eq(result.violated, AW_TERMINATES);
        cr_expect_eq(result.faults, cases[i].faults, "%s: %u", cases[i].text, result.faults);
    }
}

Test(faults, a_preemption_is_preferred_to_a_fault)
{
    /* The root posts a semaphore and tries to take it back. That fails if the child comes between,
     * which is a preemption, or if the call is interrupted, which is a fault. random.c turns an
     * exit status into a violation; which status it is, is found by trying. */
    unsigned twice = AW_PROPERTY_BIT(AW_EXACTLY_ONCE), found = 0;
    for (int status = 0; status < 64; status++) {
        char arguments[64];
        no_plan();
        snprintf(arguments, sizeof arguments, "random nnn:0----:0/F1V0Y0/S0 %d", status);
        explore(RANDOM, arguments, twice);
        if (result.verdict != AW_VIOLATED || result.preemptions != 1)
            continue;
        uint32_t steps = result.schedule.count;
        interrupt("allways/sem/trywait", 1);
        plan.budget = 1;
        explore(RANDOM, arguments, twice);
        cr_expect(result.minimal);
        cr_expect_eq(result.faults, 0);
        cr_expect_eq(result.preemptions, 1);
        cr_expect_eq(result.schedule.count, steps);
        /* With a child that leaves the semaphore alone, the fault is the only way. */
        snprintf(arguments, sizeof arguments, "random nnn:0----:0/F1V0Y0/z %d", status);
        explore(RANDOM, arguments, twice);
        cr_expect_eq(result.verdict, AW_VIOLATED);
        cr_expect_eq(result.faults, 1);
        cr_expect_eq(result.preemptions, 0);
        found++;
    }
    cr_expect_eq(found, 1);
}

Test(faults, an_ignored_sigterm_is_met_and_harmless)
{
    snprintf(add("allways/sigterm", AW_FAULT_SIGTERM, 0, 1)->site, 32, "terminate.c:27");
    plan.budget = 1;
    explore("build/models/classics/terminate.so", "terminate right", AW_DEFAULT_PROPERTIES);
    cr_expect_eq(result.verdict, AW_PROVED, "%s", result.message);
    plan.faults[0].site[0] = '\0';
    explore("build/models/classics/terminate.so", "terminate right", AW_DEFAULT_PROPERTIES);
    cr_expect_eq(result.verdict, AW_VIOLATED, "before the child ignores it");
    cr_expect_eq(result.faults, 1);
}

Test(faults, lost_items_and_hangs_are_told_apart)
{
    struct aw_fault *fault = add("mpqueue/feeder/serialise", AW_FAULT_FAIL, 1, 1);
    unsigned both = AW_PROPERTY_BIT(AW_DRAINED) | AW_PROPERTY_BIT(AW_NO_DEADLOCK);
    const char *one =
        "article --items 1 --workers 1 --size 4 --numbered --protocol sentinel-per-worker";
    plan.budget = 1;
    fault->first = fault->last = 1; /* the item */
    explore("build/models/article-faults.so", one, both);
    cr_expect_eq(result.verdict, AW_VIOLATED);
    cr_expect_eq(result.violated, AW_DRAINED);
    fault->first = fault->last = 2; /* the sentinel */
    explore("build/models/article-faults.so", one, both);
    cr_expect_eq(result.verdict, AW_VIOLATED);
    cr_expect_eq(result.violated, AW_NO_DEADLOCK);
}
