/* SPDX-License-Identifier: MIT */
/*
 * explore.c - one exploration from its options to its verdict: the search with its restarts, then
 * termination, the shortest counterexample, the count, and the check that nothing else decided.
 */
#include "explore/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/search.h"

void aw_options_default(struct aw_options *options)
{
    *options = (struct aw_options){.properties = AW_DEFAULT_PROPERTIES,
                                   .symmetry = true,
                                   .rules = AW_ALL_RULES,
                                   .learning = true,
                                   .minimal = true,
                                   .tracking = true,
                                   .reuse = true,
                                   .control = 64};
    aw_limits_default(&options->limits);
}

void aw_result_parts(struct aw_result *result, aw_part_visitor *visit, void *context)
{
    visit(context, (void **)&result->interleavings, AW_PART_STRING);
    visit(context, (void **)&result->visible, AW_PART_STRING);
    visit(context, (void **)&result->schedule.choices,
          result->schedule.count * sizeof *result->schedule.choices);
    for (unsigned i = 0; i < result->assumption_count; i++)
        visit(context, (void **)&result->assumptions[i], AW_PART_STRING);
}

static void free_part(void *context, void **part, size_t size)
{
    (void)context;
    (void)size;
    free(*part);
}

void aw_result_deinit(struct aw_result *result)
{
    aw_result_parts(result, free_part, NULL);
    memset(result, 0, sizeof *result);
}

static void assume(struct aw_result *result, const char *text)
{
    if (result->assumption_count < AW_MAX_NOTES)
        result->assumptions[result->assumption_count++] = aw_string_copy(text);
}

static void note_assumptions(const struct aw_explorer *explorer)
{
    const struct aw_machine_settings *settings = aw_machine_get_settings(explorer->machine);
    struct aw_result *result = explorer->result;
    char text[400];
    if (settings->init == AW_INIT_PATTERN && aw_machine_zeroed(explorer->machine) != NULL) {
        snprintf(text, sizeof text,
                 "automatic variables that nobody has written are zero in %s, which was compiled "
                 "so; `allways cc ... -ftrivial-auto-var-init=pattern` gives them the pattern",
                 aw_machine_zeroed(explorer->machine));
        assume(result, text);
    }
    if (aw_machine_weak_orders(explorer->machine))
        assume(result,
               "checked under sequential consistency: the program asks for weaker orders of "
               "atomic operations");
    if (aw_machine_forked_beside(explorer->machine))
        assume(result,
               "fork beside other threads: it copies memory while every other thread is between "
               "two operations, never in the midst of one");
    char place[200];
    if (aw_machine_unlocked_unheld(explorer->machine, place, sizeof place)) {
        snprintf(text, sizeof text,
                 "a mutex is unlocked by a thread that does not hold it%s: glibc lets it, POSIX "
                 "leaves open what happens",
                 place);
        assume(result, text);
    }
    if (aw_machine_killed_another(explorer->machine))
        assume(result, "a process that another one kills has ended when kill returns");
    if (aw_machine_clock_was_read(explorer->machine)) {
        if (settings->time == AW_TIME_VIRTUAL)
            assume(result, "virtual time: code takes no time, the clock moves only when nobody can "
                           "run");
        else {
            snprintf(text, sizeof text, "bounded: the clock is found moved at most %u time%s",
                     settings->clock_advances, settings->clock_advances == 1 ? "" : "s");
            assume(result, text);
        }
    } else if (settings->time == AW_TIME_VIRTUAL) {
        assume(result, "virtual time: the clock moves only when nobody can run");
    }
    if (explorer->clock_bounded)
        assume(result, "bounded: executions end where a time-out would need the clock to move once "
                       "more");
    const struct aw_fault_plan *plan = aw_machine_faults(explorer->machine);
    if (plan->count > 0 && plan->budget == 0) {
        assume(result, "bounded: no fault of the plan is injected, its budget is 0");
    } else if (plan->count > 0) {
        snprintf(text, sizeof text, "bounded: at most %u injected fault%s in an execution",
                 plan->budget, plan->budget == 1 ? "" : "s");
        assume(result, text);
    }
    if (explorer->options->favour_count > 0)
        assume(result, "bounded: only schedules in which the favoured threads move whenever they "
                       "can");
    const char *role = aw_unmet_role(explorer);
    if (role != NULL) {
        snprintf(text, sizeof text, "the schedule favours %s, a role that no thread had so far",
                 role);
        assume(result, text);
    }
}

/* Re-executes a sample of what was learned, or all: the same step must have the same result. */
static bool controlled(struct aw_machine *machine, uint64_t sample)
{
    struct aw_machine_counts counts;
    aw_machine_counts(machine, &counts);
    if (sample < counts.edges / 1000 && sample != 0)
        sample = counts.edges / 1000;
    uint64_t stride = sample == 0 ? 1 : counts.edges / sample + 1;
    for (uint64_t edge = 1; edge <= counts.edges; edge += stride)
        if (!aw_machine_recheck(machine, (uint32_t)edge))
            return false;
    return true;
}

static const char *lost_or_hangs(enum aw_property property)
{
    switch (property) {
    case AW_NO_DEADLOCK:
        return "deadlock: nobody can move, and not everybody has ended";
    case AW_NO_CRASH:
        return "crash: a fatal signal, a failed assertion or an abort";
    case AW_TERMINATES:
        return "livelock: an execution goes on for ever although every thread gets its turns";
    case AW_DRAINED:
        return "items were lost: the last worker has ended, and not every item that was put was "
               "got";
    case AW_EXACTLY_ONCE:
        return "an item was got twice, or not at all";
    case AW_FIFO:
        return "a consumer got items of one producer out of order";
    case AW_NO_DATA_RACE:
        return "data race: two threads or processes are at conflicting accesses at the same time";
    case AW_NO_MEMORY_ERROR:
        return "memory error: an access to memory that is not in an object that lives";
    case AW_NO_ERROR:
        return "an error: a call failed that should not, or the program reported one";
    case AW_NO_LEAK:
        return "leak: what the program has made is left at the end: memory, a descriptor, a child "
               "that nobody waited for, or the name of a semaphore";
    case AW_SUCCEEDS:
        return "failure: main ends with another status than 0";
    default:
        return "";
    }
}

/* Sets schedule and message for the first violation of a search. */
static void take_violation(struct aw_search *search)
{
    struct aw_explorer *explorer = search->explorer;
    struct aw_result *result = explorer->result;
    enum aw_property property = search->first;
    result->violated = property;
    snprintf(result->message, sizeof result->message, "%s", lost_or_hangs(property));
    uint32_t *path, count;
    bool in_state = search->violation_from == AW_NO_STATE;
    count = aw_schedule_path(&search->visited,
                             in_state ? search->violation_to : search->violation_from, &path);
    if (!in_state) {
        path = aw_reallocate(path, count + 1ul, sizeof *path);
        path[count++] = search->violation_to;
    }
    result->has_schedule =
        aw_schedule_find(explorer, &search->visited, &search->symmetry, path, count, NULL, NULL,
                         in_state ? -1 : (int)property, false, &result->schedule);
    free(path);
}

static void take_stop(struct aw_search *search)
{
    struct aw_explorer *explorer = search->explorer;
    uint32_t *path;
    uint32_t count = aw_schedule_path(&search->visited, search->stop_from, &path);
    explorer->result->has_schedule =
        aw_schedule_find(explorer, &search->visited, &search->symmetry, path, count, NULL, NULL, -1,
                         true, &explorer->result->schedule);
    free(path);
}

/* Runs searches until one is not cut short by a broken assumption. */
static enum aw_end search_to_end(struct aw_explorer *explorer, struct aw_search *search,
                                 struct aw_reduce *reduce)
{
    bool keep_edges = (explorer->options->properties & AW_PROPERTY_BIT(AW_TERMINATES)) != 0;
    bool walk_first = true;
    for (;;) {
        explorer->progress.phase = "searching";
        aw_machine_set_symmetry(explorer->machine, explorer->symmetry);
        aw_machine_set_exact_pipes(explorer->machine, explorer->exact_pipes);
        if (reduce != NULL)
            aw_reduce_begin(reduce, explorer->symmetry, explorer->exact_pipes);
        aw_search_init(search, explorer, explorer->symmetry, reduce, keep_edges);
        search->walk_first = walk_first;
        search->on_terminal = explorer->on_terminal;
        search->on_state = explorer->on_state;
        search->terminal_context = explorer->terminal_context;
        enum aw_end end = aw_search_run(search);
        if (end != AW_END_RESTART)
            return end;
        aw_machine_settle(explorer->machine);
        explorer->result->restarts++;
        explorer->progress.restarts++;
        /* Walks with byte queues for pipes end where capacity matters: what is beyond is new. */
        walk_first = search->capacity;
        if (search->named)
            explorer->symmetry = false;
        if (search->capacity)
            explorer->exact_pipes = true;
        if (explorer->monitor.order_matters)
            reduce = NULL;
        aw_search_deinit(search);
        if (explorer->on_restart != NULL)
            explorer->on_restart(explorer->terminal_context);
    }
}

/* A file of the program whose accesses to memory are not seen, where threads share memory; or NULL.
 */
static const char *shared_unseen(const struct aw_explorer *explorer)
{
    return aw_machine_threads_seen(explorer->machine) ? aw_machine_uninstrumented(explorer->machine)
                                                      : NULL;
}

static void decide_properties(struct aw_explorer *explorer, const struct aw_search *search,
                              enum aw_end end)
{
    struct aw_result *result = explorer->result;
    unsigned exercised = explorer->monitor.exercised;
    bool unseen = shared_unseen(explorer) != NULL;
    for (int property = 0; property < AW_PROPERTY_COUNT; property++) {
        enum aw_property_state *state = &result->properties[property];
        bool needs_probes =
            property == AW_DRAINED || property == AW_EXACTLY_ONCE || property == AW_FIFO;
        if (search->violated & AW_PROPERTY_BIT(property))
            *state = AW_IS_VIOLATED;
        else if (end != AW_END_COMPLETE)
            *state = AW_UNDECIDED;
        else if ((property == AW_EXACTLY_ONCE || property == AW_FIFO) && explorer->monitor.beyond) {
            *state = AW_UNDECIDED;
            if (explorer->options->properties & AW_PROPERTY_BIT(property))
                snprintf(
                    result->message, sizeof result->message,
                    "items are told apart up to number %d and for 16 producers; here there are "
                    "more",
                    AW_ITEM_MAX);
        } else if (property == AW_NO_MEMORY_ERROR &&
                   aw_machine_uninstrumented(explorer->machine) != NULL)
            *state = AW_UNDECIDED; /* only functions of libc and calls were judged */
        else if (unseen)
            *state = AW_UNDECIDED; /* what those accesses may lead to was not gone through */
        else if (needs_probes && (exercised & AW_PROPERTY_BIT(property)) == 0)
            *state = AW_NOT_EXERCISED;
        else
            *state = AW_HOLDS;
    }
}

static void decide_termination(struct aw_explorer *explorer, struct aw_search *search,
                               enum aw_end end)
{
    struct aw_result *result = explorer->result;
    if ((explorer->options->properties & AW_PROPERTY_BIT(AW_TERMINATES)) == 0 ||
        end != AW_END_COMPLETE || !search->back_edge ||
        aw_graph_is_acyclic(&search->graph, search->visited.count))
        return;
    struct aw_schedule before = result->schedule;
    result->schedule = (struct aw_schedule){.loop = UINT32_MAX};
    bool causes = false;
    enum aw_termination verdict = aw_termination(explorer, &causes);
    enum aw_property_state *state = &result->properties[AW_TERMINATES];
    if (verdict == AW_TERM_LIVELOCK) {
        *state = AW_IS_VIOLATED;
        if (search->violated == 0) {
            search->first = AW_TERMINATES;
            result->violated = AW_TERMINATES;
            result->has_schedule = true;
            snprintf(result->message, sizeof result->message, "%s", lost_or_hangs(AW_TERMINATES));
        }
        search->violated |= AW_PROPERTY_BIT(AW_TERMINATES);
    } else if (verdict == AW_TERM_TIMED) {
        *state = AW_UNDECIDED;
        snprintf(result->message, sizeof result->message,
                 "time-dependent livelock: an execution goes on for ever if time-outs expire as "
                 "they like; decide it with time: virtual");
    } else if (verdict == AW_TERM_STARVATION) {
        assume(result, "strong fairness: starvation is possible under a scheduler that is only "
                       "weakly fair");
    } else if (verdict == AW_TERM_UNDECIDED) {
        *state = AW_UNDECIDED;
        if (result->message[0] == '\0')
            snprintf(result->message, sizeof result->message,
                     "the graph has cycles, and is too large without reduction to judge them");
    } else {
        assume(result, "strong fairness: a thread that can move again and again will move");
    }
    if (causes)
        assume(result, "a weak compare-exchange does not fail without cause for ever");
    if (result->schedule.count == 0 && before.choices != NULL) {
        free(result->schedule.choices);
        result->schedule = before;
    } else {
        free(before.choices);
    }
}

static void say_not_exercised(struct aw_result *result, int property)
{
    const char *why = property == AW_DRAINED
                          ? "no execution puts an item (aw_put) and then ends its workers"
                      : property == AW_FIFO ? "no item with a number is got (aw_got)"
                                            : "no item with a number is put (aw_put)";
    snprintf(result->message, sizeof result->message, "%s was never put to the test: %s",
             aw_property_name((enum aw_property)property), why);
}

static enum aw_verdict verdict_of(const struct aw_explorer *explorer, enum aw_end end,
                                  unsigned violated, unsigned asked)
{
    struct aw_result *result = explorer->result;
    if (violated != 0)
        return AW_VIOLATED;
    if (end != AW_END_COMPLETE)
        return AW_INCONCLUSIVE;
    const char *unseen = shared_unseen(explorer);
    if (unseen != NULL) {
        snprintf(result->message, sizeof result->message,
                 "accesses to memory by code that was not compiled with -fsanitize=thread are not "
                 "seen, and threads share memory: %s; build it with `allways cc`",
                 unseen);
        return AW_INCONCLUSIVE;
    }
    int vacuous = -1;
    for (int property = AW_PROPERTY_COUNT; property-- > 0;) {
        if ((explorer->options->properties & AW_PROPERTY_BIT(property)) == 0)
            continue;
        if (result->properties[property] == AW_UNDECIDED && property != AW_NO_MEMORY_ERROR)
            return AW_INCONCLUSIVE;
        if (result->properties[property] == AW_NOT_EXERCISED)
            vacuous = property;
    }
    if (result->properties[AW_NO_MEMORY_ERROR] == AW_UNDECIDED) {
        bool wanted = (asked & AW_PROPERTY_BIT(AW_NO_MEMORY_ERROR)) != 0;
        char text[512];
        snprintf(text, sizeof text,
                 "accesses to memory by code that was not compiled with -fsanitize=thread are not "
                 "judged: %.200s%s",
                 aw_machine_uninstrumented(explorer->machine),
                 wanted ? "; build it with `allways cc`, or ask for other properties than "
                          "no-memory-error"
                        : "");
        if (wanted) {
            snprintf(result->message, sizeof result->message, "%s", text);
            return AW_INCONCLUSIVE;
        }
        assume(result, text);
    }
    if (aw_unmet(explorer))
        return AW_VACUOUS;
    if (vacuous >= 0)
        say_not_exercised(result, vacuous);
    return vacuous >= 0 ? AW_VACUOUS : AW_PROVED;
}

int aw_explore_observed(struct aw_machine *machine, const struct aw_options *asked,
                        const struct aw_observer *observer, struct aw_result *result,
                        struct aw_error *error)
{
    /* Whatever else is asked for: with one of these nothing else that is found means much. */
    struct aw_options always = *asked;
    const struct aw_options *options = &always;
    always.properties |= AW_ALWAYS_JUDGED;
    (void)error;
    memset(result, 0, sizeof *result);
    result->schedule.loop = UINT32_MAX;
    struct aw_explorer explorer = {.machine = machine,
                                   .options = options,
                                   .result = result,
                                   .started = aw_clock(),
                                   .symmetry = options->symmetry};
    if (observer != NULL) {
        explorer.on_terminal = observer->on_terminal;
        explorer.on_state = observer->on_state;
        explorer.on_restart = observer->on_restart;
        explorer.terminal_context = observer->context;
    }
    explorer.last_progress = explorer.started;
    aw_monitor_init(&explorer.monitor, machine, options->properties);
    aw_machine_set_learning(machine, options->learning);
    aw_machine_set_tracking(machine, options->tracking);
    aw_machine_set_reuse(machine, options->reuse);
    /* In virtual time the clock is an object that everybody's time-outs read. */
    bool reduce_at_all = options->rules != 0 && options->favour_count == 0 &&
                         aw_machine_get_settings(machine)->time == AW_TIME_ARBITRARY;
    struct aw_reduce *reduce = reduce_at_all ? aw_reduce_create(machine, options) : NULL;
    struct aw_search search;
    enum aw_end end = search_to_end(&explorer, &search, reduce);
    result->states = search.visited.count;
    result->transitions = search.transitions;
    decide_properties(&explorer, &search, end);
    if (search.violated != 0)
        take_violation(&search);
    else if (end == AW_END_STOP)
        take_stop(&search);
    decide_termination(&explorer, &search, end);
    result->verdict = verdict_of(&explorer, end, search.violated, asked->properties);
    note_assumptions(&explorer);
    enum aw_property first = search.first;
    aw_search_deinit(&search);
    if (options->minimal && result->verdict == AW_VIOLATED && first != AW_TERMINATES)
        aw_minimal(&explorer, (int)first);
    else if (result->has_schedule)
        aw_schedule_cost(&explorer);
    if (options->count && end == AW_END_COMPLETE)
        aw_count_interleavings(&explorer);
    /* By the argument of access_facts.c it cannot be. */
    if (!aw_machine_is_settled(machine) && result->verdict != AW_VIOLATED) {
        result->verdict = AW_INCONCLUSIVE;
        snprintf(result->message, sizeof result->message,
                 "accesses to memory were found that the search had not seen");
    }
    struct aw_machine_counts counts;
    aw_machine_counts(machine, &counts);
    result->code_runs = counts.code_runs;
    if (options->learning && !controlled(machine, options->control)) {
        result->verdict = AW_UNCONTROLLED;
        snprintf(result->message, sizeof result->message,
                 "the same step had another result when it was executed again: the program has an "
                 "input that the machine does not control");
    }
    result->seconds = aw_clock() - explorer.started;
    aw_reduce_destroy(reduce);
    result->items = explorer.monitor.items;
    result->main_failed = explorer.main_failed;
    result->stopped = end == AW_END_VIOLATION;
    aw_monitor_deinit(&explorer.monitor);
    result->exact_pipes = explorer.exact_pipes;
    result->visible = aw_machine_visible(machine);
    return 0;
}

int aw_explore(struct aw_machine *machine, const struct aw_options *options,
               struct aw_result *result, struct aw_error *error)
{
    return aw_explore_observed(machine, options, NULL, result, error);
}
