/* SPDX-License-Identifier: MIT */
/*
 * The queue and its workers, at sizes that an oracle without learning, symmetry and reduction can
 * visit whole; and the smallest counterexample, step by step.
 */
#include "explore_box.h"

static struct aw_machine *article(int items, int workers, const char *protocol)
{
    char i[8], w[8], p[32];
    char *argv[] = {"article",    "--items", i,   "--workers", w, "--size", "4", "--protocol", p,
                    "--numbered", "--runs",  "1", NULL};
    snprintf(i, sizeof i, "%d", items);
    snprintf(w, sizeof w, "%d", workers);
    snprintf(p, sizeof p, "%s", protocol);
    return box_machine(ARTICLE, argv);
}

static const char *const lossy = "nonblocking-empty", *const right = "sentinel-per-worker";

static void agree(int items, int workers, const char *protocol)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_oracle oracle;
    struct box_outcomes outcomes = {.machine = article(items, workers, protocol)};
    struct aw_observer observer = {box_terminal, box_restart, &outcomes, NULL};
    aw_options_default(&options);
    options.properties = JUDGED;
    options.whole_graph = true;
    options.minimal = false;
    aw_explore_observed(outcomes.machine, &options, &observer, &result, &error);
    aw_machine_destroy(outcomes.machine);
    struct aw_machine *machine = article(items, workers, protocol);
    aw_oracle_search(machine, JUDGED, 2000000, &oracle);
    aw_machine_destroy(machine);
    cr_expect(oracle.complete);
    cr_expect_eq(box_violated(&result), oracle.violated,
                 "%d items, %d workers, %s: %#x, oracle %#x", items, workers, protocol,
                 box_violated(&result), oracle.violated);
    cr_expect(aw_outcomes_equal(&outcomes.set, &oracle.outcomes),
              "%d items, %d workers, %s: %u outcomes, oracle %u", items, workers, protocol,
              outcomes.set.count, oracle.outcomes.count);
    cr_expect_eq((oracle.violated & AW_PROPERTY_BIT(AW_DRAINED)) != 0, protocol == lossy);
    aw_outcomes_deinit(&outcomes.set);
    aw_oracle_deinit(&oracle);
    aw_result_deinit(&result);
}

Test(queue, agrees_with_the_oracle_on_one_item_and_one_worker)
{
    agree(1, 1, lossy);
    agree(1, 1, right);
}

Test(queue, agrees_with_the_oracle_on_two_items)
{
    agree(2, 1, lossy);
    agree(2, 1, right);
}

Test(queue, agrees_with_the_oracle_on_two_items_and_two_workers)
{
    agree(2, 2, lossy);
    agree(2, 2, right);
}

Test(queue, agrees_with_the_oracle_on_two_workers)
{
    agree(1, 2, lossy);
    agree(1, 2, right);
}

static void explore(int items, int workers, const char *protocol, unsigned rules, bool symmetry,
                    unsigned plant, bool minimal, struct aw_result *result)
{
    struct aw_options options;
    struct aw_machine *machine = article(items, workers, protocol);
    aw_options_default(&options);
    options.properties = JUDGED & ~AW_PROPERTY_BIT(AW_EXACTLY_ONCE);
    options.rules = rules;
    options.symmetry = symmetry;
    options.plant = plant;
    options.minimal = minimal;
    box_explore(machine, &options, result);
    aw_machine_destroy(machine);
}

Test(queue, has_the_same_verdict_without_any_one_rule)
{
    for (int rule = -1; rule <= AW_RULE_COUNT; rule++)
        for (int lost = 0; lost < 2; lost++) {
            struct aw_result result;
            unsigned rules = rule < 0                ? AW_ALL_RULES
                             : rule == AW_RULE_COUNT ? 0
                                                     : AW_ALL_RULES & ~(1u << rule);
            for (int symmetry = 0; symmetry < 2; symmetry++) {
                explore(2, 2, lost ? lossy : right, rules, symmetry, AW_PLANT_NO_WALKS, false,
                        &result);
                cr_expect_eq(result.verdict, lost ? AW_VIOLATED : AW_PROVED,
                             "rules %#x, symmetry %d: %s", rules, symmetry,
                             aw_verdict_name(result.verdict));
                aw_result_deinit(&result);
            }
        }
}

Test(queue, is_explored_the_same_way_twice)
{
    struct aw_result once, again;
    explore(4, 3, right, AW_ALL_RULES, true, 0, false, &once);
    explore(4, 3, right, AW_ALL_RULES, true, 0, false, &again);
    cr_expect_eq(once.states, again.states);
    cr_expect_eq(once.transitions, again.transitions);
    cr_expect_eq(once.code_runs, again.code_runs);
    cr_expect_eq(once.restarts, again.restarts);
    aw_result_deinit(&once);
    aw_result_deinit(&again);
}

Test(queue, loses_an_item_in_the_same_number_of_steps_however_it_is_searched)
{
    struct aw_result reduced, whole;
    explore(1, 1, lossy, AW_ALL_RULES, true, 0, true, &reduced);
    explore(1, 1, lossy, 0, false, 0, true, &whole);
    cr_assert_eq(reduced.verdict, AW_VIOLATED);
    cr_assert_eq(whole.verdict, AW_VIOLATED);
    cr_expect_eq(reduced.violated, AW_DRAINED);
    cr_expect(reduced.minimal);
    cr_expect(whole.minimal);
    cr_expect_eq(reduced.schedule.count, whole.schedule.count);
    cr_expect_eq(reduced.preemptions, whole.preemptions);
    cr_expect_eq(reduced.faults, 0);
    aw_result_deinit(&reduced);
    aw_result_deinit(&whole);
}

/*
 * The smallest counterexample, one item and one worker: the worker looks before the feeder has
 * taken the item from the buffer, and leaves. By hand:
 *
 *   main    16  start, signal (SIGPIPE ignored), pipe; open and unlink for each of rlock, wlock and
 *               the bounded semaphore; lock and unlock of the table of things to do at the end;
 * put: the bounded semaphore, the buffer's mutex, the feeder's thread, and the two of waiting until
 * it has begun feeder   4  start; lock, signal, unlock: it has begun main     5  it is awake and
 * unlocks; signal and unlock of the buffer; fork worker   4  get without blocking: rlock, poll,
 * rlock back; exit
 *
 * 29 steps. None can be left out: main's are its program order up to the fork, the feeder's are
 * those that main waits for, the worker's are its whole life. Each thread goes on until it has to
 * wait or has ended, but for the feeder, which is left at the buffer's mutex: main holds it, so
 * that this is no preemption; and main waits for the worker.
 */
static const struct {
    enum aw_op_kind kind;
    char who;
} smallest[] = {
    {AW_OP_START, 'm'},        {AW_OP_SIGNAL, 'm'},       {AW_OP_PIPE, 'm'},
    {AW_OP_SEM_OPEN, 'm'},     {AW_OP_SEM_UNLINK, 'm'},   {AW_OP_SEM_OPEN, 'm'},
    {AW_OP_SEM_UNLINK, 'm'},   {AW_OP_SEM_OPEN, 'm'},     {AW_OP_SEM_UNLINK, 'm'},
    {AW_OP_MUTEX_LOCK, 'm'},   {AW_OP_MUTEX_UNLOCK, 'm'}, {AW_OP_SEM_WAIT, 'm'},
    {AW_OP_MUTEX_LOCK, 'm'},   {AW_OP_CREATE, 'm'},       {AW_OP_MUTEX_LOCK, 'm'},
    {AW_OP_COND_WAIT, 'm'},    {AW_OP_START, 'f'},        {AW_OP_MUTEX_LOCK, 'f'},
    {AW_OP_COND_SIGNAL, 'f'},  {AW_OP_MUTEX_UNLOCK, 'f'}, {AW_OP_COND_RELOCK, 'm'},
    {AW_OP_MUTEX_UNLOCK, 'm'}, {AW_OP_COND_SIGNAL, 'm'},  {AW_OP_MUTEX_UNLOCK, 'm'},
    {AW_OP_FORK, 'm'},         {AW_OP_SEM_TRYWAIT, 'w'},  {AW_OP_POLL, 'w'},
    {AW_OP_SEM_POST, 'w'},     {AW_OP_EXIT, 'w'},
};

Test(queue, loses_an_item_in_the_29_steps_that_were_derived_by_hand)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_machine *machine = article(1, 1, lossy);
    struct aw_state state, next;
    static struct aw_outcome outcomes[AW_MAX_OUTCOMES];
    aw_options_default(&options);
    options.properties = AW_PROPERTY_BIT(AW_DRAINED);
    box_explore(machine, &options, &result);
    cr_assert_eq(result.schedule.count, sizeof smallest / sizeof *smallest);
    cr_expect_eq(result.preemptions, 0);
    aw_machine_set_symmetry(machine, false);
    aw_machine_initial(machine, &state);
    for (uint32_t i = 0; i < result.schedule.count; i++) {
        struct aw_choice choice = result.schedule.choices[i];
        const struct aw_layout *layout = aw_machine_layout(machine, &state);
        uint32_t p = 0, t = 0;
        while (layout->processes[p].pid != choice.pid)
            p++;
        const struct aw_local *local = aw_machine_local(machine, state.words[AW_WORD_FIRST + p]);
        while (aw_local_threads(local)[t].slot != choice.slot)
            t++;
        char who = choice.pid != AW_ROOT_PID ? 'w' : choice.slot != 0 ? 'f' : 'm';
        cr_expect_eq(aw_local_threads(local)[t].op.kind, smallest[i].kind, "step %u is %s", i + 1,
                     aw_op_name(aw_local_threads(local)[t].op.kind));
        cr_expect_eq(who, smallest[i].who, "step %u is by %c", i + 1, who);
        struct aw_step step;
        cr_assert_gt(aw_machine_outcomes(machine, &state, p, t, outcomes), choice.outcome);
        aw_machine_step(machine, &state, p, t, &outcomes[choice.outcome], &next, &step);
        state = next;
    }
    aw_result_deinit(&result);
    aw_machine_destroy(machine);
}
