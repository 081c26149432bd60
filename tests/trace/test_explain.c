/* SPDX-License-Identifier: MIT */
/* Why a trace fails: the paragraph, the critical step, the histories of items. */
#include "trace_box.h"

#include "trace/explain.h"
#include "trace/walk.h"

static const struct program lost_wakeup = {"build/models/classics/lost_wakeup.so",
                                           "lost_wakeup wrong", 0, AW_TIME_ARBITRARY};

/* Explores, records, and finds the critical step within `states`. */
static void find_critical(const struct program *program, uint64_t states, struct aw_trace *trace)
{
    struct aw_options options;
    aw_options_default(&options);
    if (program->properties != 0)
        options.properties = program->properties;
    find(program, trace);
    struct aw_schedule schedule = {.choices = calloc(trace->step_count, sizeof(struct aw_choice)),
                                   .count = trace->step_count,
                                   .loop = trace->loop};
    for (uint32_t i = 0; i < trace->step_count; i++)
        schedule.choices[i] = trace->steps[i].choice;
    struct aw_machine *machine = create(program);
    aw_machine_set_exact_pipes(machine, trace->exact_pipes);
    aw_trace_find_critical(machine, &options, states, trace);
    aw_machine_destroy(machine);
}

Test(explain, the_critical_step_of_the_smallest_loss_is_the_poll_that_finds_nothing)
{
    struct aw_trace trace;
    find_critical(&smallest, AW_CRITICAL_STATES, &trace);
    cr_assert_eq(trace.critical.kind, AW_CRITICAL_STEP);
    cr_expect_str_eq(trace.steps[trace.critical.step].operation, "poll");
    cr_expect_str_eq(trace.steps[trace.critical.step].result, "nothing");
    cr_expect_str_eq(trace.critical.passing[0].who, "main.feeder");
    aw_trace_free(&trace);
}

/* The schedule that passes is one of the machine's own: carried out, everybody ends and every item
 * is got. */
Test(explain, the_schedule_that_passes_does_pass)
{
    struct aw_trace trace, passing;
    struct aw_error error;
    struct aw_options options;
    struct aw_critical critical;
    find(&smallest, &trace);
    struct aw_schedule schedule = {.choices = calloc(trace.step_count, sizeof(struct aw_choice)),
                                   .count = trace.step_count,
                                   .loop = UINT32_MAX};
    for (uint32_t i = 0; i < trace.step_count; i++)
        schedule.choices[i] = trace.steps[i].choice;
    aw_options_default(&options);
    options.properties = smallest.properties;
    struct aw_machine *machine = create(&smallest);
    aw_critical_find(machine, &options, &schedule, AW_CRITICAL_STATES, &critical);
    aw_machine_destroy(machine);
    cr_assert_eq(critical.kind, AW_CRITICAL_STEP);
    for (uint32_t i = 0; i < critical.branch; i++)
        cr_expect(memcmp(&critical.passing.choices[i], &schedule.choices[i],
                         sizeof *schedule.choices) == 0);
    cr_expect(memcmp(&critical.passing.choices[critical.branch], &schedule.choices[critical.branch],
                     sizeof *schedule.choices) != 0);
    machine = create(&smallest);
    aw_trace_init(&passing);
    cr_assert_eq(aw_trace_record(machine, &critical.passing, false, &passing, &error), 0);
    aw_machine_destroy(machine);
    cr_expect_eq(passing.at_end_count, 0);
    struct aw_trace_items items;
    aw_trace_items(&passing, &items);
    cr_assert_eq(items.count, 1);
    const struct aw_trace_item *item = &items.items[0];
    cr_expect(item->put < item->taken && item->taken < item->written &&
              item->written < item->read && item->read <= item->got);
    cr_expect_str_eq(item->taken_by, "main.feeder");
    cr_expect_str_eq(item->got_by, "worker 1");
    cr_expect_eq(item->bytes, 20);
    cr_expect_str_eq(aw_trace_item_place(&passing, &items, item, item->put),
                     "in the buffer of main, not yet written to a pipe");
    cr_expect_str_eq(aw_trace_item_place(&passing, &items, item, item->taken),
                     "being serialised by main.feeder, not yet written");
    cr_expect_str_eq(aw_trace_item_place(&passing, &items, item, item->written), "in pipe 0");
    cr_expect_str_eq(aw_trace_item_place(&passing, &items, item, item->read),
                     "being read by worker 1");
    cr_expect_str_eq(aw_trace_item_place(&passing, &items, item, item->got), "got by worker 1");
    aw_trace_items_free(&items);
    aw_trace_free(&passing);
    aw_trace_free(&trace);
}

Test(explain, says_why_a_worker_left_too_early)
{
    struct aw_trace trace;
    struct aw_trace_items items;
    find_critical(&smallest, AW_CRITICAL_STATES, &trace);
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    cr_expect_not_null(
        strstr(why, "worker 1 left at step 29 although item 1 had been put and not got."), "%s",
        why);
    cr_expect_not_null(strstr(why, "at step 27 its poll pipe 0 answered \"nothing\""), "%s", why);
    cr_expect_not_null(
        strstr(why, "At that moment item 1 was in the buffer of main, not yet written to a pipe; "
                    "pipe 0 held 0 bytes."),
        "%s", why);
    aw_trace_items_free(&items);
    aw_trace_free(&trace);
}

/* Why a program fails, as text that lives as long as *trace. */
static const char *why_of(const struct program *program, struct aw_trace *trace)
{
    struct aw_trace_items items;
    find(program, trace);
    aw_trace_items(trace, &items);
    const char *why = aw_trace_why(trace, &items);
    aw_trace_items_free(&items);
    return why;
}

Test(explain, a_worker_that_leaves_before_anything_is_put_has_left_nothing_behind)
{
    static const struct program relayed = {
        "build/models/pool.so",
        "pool --protocol relayed-sentinel --items 1 --workers 1 --producers 2",
        AW_PROPERTY_BIT(AW_DRAINED), AW_TIME_ARBITRARY};
    struct aw_trace trace;
    const char *why = why_of(&relayed, &trace);
    uint32_t left = 0, put = 0;
    for (uint32_t i = 0; i < trace.step_count; i++)
        for (uint32_t k = 0; k < trace.steps[i].event_count; k++) {
            if (trace.steps[i].events[k].kind == AW_TRACE_PUT)
                put = i + 1;
            if (trace.steps[i].events[k].kind == AW_TRACE_END)
                left = i + 1;
        }
    cr_assert_lt(left, put);
    cr_expect_not_null(strstr(why, aw_trace_text(&trace,
                                                 "worker 1 left at step %u, before item 1 "
                                                 "was put (step %u).",
                                                 left, put)),
                       "%s", why);
    cr_expect_null(strstr(why, "had been put"), "%s", why);
    /* ... and what it got came from another process: not the end of its own thread. */
    cr_expect_null(strstr(why, "join"), "%s", why);
    cr_expect_not_null(strstr(why, " The last thing it got: 5 bytes of pipe 0 (steps "), "%s", why);
    cr_expect_not_null(strstr(why, ", written by main.feeder at step "), "%s", why);
    cr_expect_not_null(strstr(why, "; they belong to no item; the program says \"gets None\"."),
                       "%s", why);
    aw_trace_free(&trace);
}

Test(explain, a_worker_that_asked_nothing_is_not_said_to_have_seen_what_another_did)
{
    static const struct program getter = {"build/models/classics/not_a_worker.so",
                                          "not_a_worker getter", AW_PROPERTY_BIT(AW_DRAINED),
                                          AW_TIME_ARBITRARY};
    struct aw_trace trace;
    const char *why = why_of(&getter, &trace);
    cr_expect_null(strstr(why, "start"), "%s", why);
    cr_expect_null(strstr(why, "not been put yet"), "%s", why);
    aw_trace_free(&trace);
}

Test(explain, a_feeder_without_work_is_idle_and_no_lost_wake_up)
{
    static const struct program one_sentinel = {
        "build/models/pool.so", "pool --protocol one-sentinel --items 1 --workers 2",
        AW_PROPERTY_BIT(AW_NO_DEADLOCK), AW_TIME_ARBITRARY};
    struct aw_trace trace;
    const char *why = why_of(&one_sentinel, &trace);
    cr_expect_null(strstr(why, "too early"), "%s", why);
    cr_expect_not_null(strstr(why, " main.feeder is idle: it sleeps on condition 2 since step "),
                       "%s", why);
    cr_expect_not_null(strstr(why, " until somebody signals it."), "%s", why);
    cr_expect_not_null(strstr(why, " Its only write ends left are in main and worker 2, which wait "
                                   "themselves: neither data nor the end of file can come."),
                       "%s", why);
    aw_trace_free(&trace);
}

Test(explain, a_lost_wake_up_is_a_signal_sent_too_early)
{
    struct aw_trace trace;
    struct aw_trace_items items;
    find_critical(&lost_wakeup, AW_CRITICAL_STATES, &trace);
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    cr_expect_not_null(strstr(why, "The last signal was sent too early, at step "), "%s", why);
    cr_assert_eq(trace.critical.kind, AW_CRITICAL_STEP);
    cr_expect_str_eq(trace.steps[trace.critical.step].operation, "pthread_mutex_lock");
    aw_trace_items_free(&items);
    aw_trace_free(&trace);
}

Test(explain, threads_that_wait_in_a_circle_are_shown_as_one)
{
    static const struct program lock_order = {"build/models/classics/lock_order.so",
                                              "lock_order wrong", 0, AW_TIME_ARBITRARY};
    struct aw_trace trace;
    find(&lock_order, &trace);
    cr_expect_str_eq(aw_trace_cycle_text(&trace),
                     "main.thread 1 -> main.thread 2 -> main.thread 1");
    aw_trace_free(&trace);
}

Test(explain, a_data_race_names_the_variable_and_both_lines)
{
    static const struct program racy = {"build/models/memory/counter.so", "counter plain", 0,
                                        AW_TIME_ARBITRARY};
    struct aw_trace trace;
    struct aw_trace_items items;
    find(&racy, &trace);
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    cr_expect_not_null(
        strstr(why, "main.thread 1 is about to write `plain` (counter.c:26) and main.thread 2 is "
                    "about to read it (counter.c:26); nothing orders the two."),
        "%s", why);
    /* The finding itself, with the bytes and the function, stands in the table. */
    char *shown = told(&trace, aw_trace_show);
    cr_expect_not_null(strstr(shown, "FOUND: data race on plain: write of 4 bytes at"), "%s",
                       shown);
    cr_expect_not_null(
        strstr(shown, "main.thread 1        about to:  write plain  (run counter.c:26)"), "%s",
        shown);
    free(shown);
    aw_trace_items_free(&items);
    aw_trace_free(&trace);
}

/* A name that the trace does not bear out is not guessed. */
Test(explain, a_race_is_told_by_threads_that_are_at_it_or_not_at_all)
{
    static const struct program racy = {"build/models/memory/counter.so", "counter plain", 0,
                                        AW_TIME_ARBITRARY};
    struct aw_trace trace;
    find_critical(&racy, AW_CRITICAL_STATES, &trace);
    cr_expect_str_eq(aw_trace_race_text(&trace, "out of bounds: write of 4 bytes at a.c:1 (f)"),
                     "");
    cr_expect_str_eq(aw_trace_race_text(&trace,
                                        "data race on plain: write of 4 bytes at a.c:1 (f); "
                                        "and read of 4 bytes at a.c:1 (f)"),
                     "");
    cr_assert_eq(trace.critical.kind, AW_CRITICAL_STEP);
    cr_expect_not_null(strstr(aw_trace_critical_text(&trace),
                              "from here on both accesses come, and nothing orders them."),
                       "%s", aw_trace_critical_text(&trace));
    aw_trace_free(&trace);
}

/* Errors of memory are judged whatever is asked for: no way past one is good that only ends well
 * otherwise. */
Test(explain, what_is_always_judged_is_so_for_the_schedule_that_passes)
{
    static const struct program always = {"build/models/memory/lifetime.so", "lifetime returned",
                                          AW_PROPERTY_BIT(AW_NO_CRASH), AW_TIME_ARBITRARY};
    static const struct program asked = {"build/models/memory/lifetime.so", "lifetime returned", 0,
                                         AW_TIME_ARBITRARY};
    struct aw_trace one, other;
    find_critical(&always, AW_CRITICAL_STATES, &one);
    find_critical(&asked, AW_CRITICAL_STATES, &other);
    cr_expect_eq(one.critical.kind, other.critical.kind);
    cr_expect_eq(one.critical.step, other.critical.step);
    cr_expect_str_eq(aw_trace_critical_text(&one), aw_trace_critical_text(&other));
    aw_trace_free(&one);
    aw_trace_free(&other);
}

Test(explain, a_finding_that_is_no_signal_is_not_shown_as_one)
{
    static const struct program early = {"build/models/memory/lifetime.so", "lifetime returned", 0,
                                         AW_TIME_ARBITRARY};
    struct aw_trace trace;
    find(&early, &trace);
    char *shown = told(&trace, aw_trace_show);
    cr_expect_null(strstr(shown, "SIGABRT"), "%s", shown);
    cr_expect_not_null(strstr(shown, "main.thread 1        found:     use after return\n"), "%s",
                       shown);
    free(shown);
    aw_trace_free(&trace);
}

Test(explain, what_is_cut_in_a_table_says_so)
{
    static const struct program wide = {
        "build/models/pool.so",
        "pool --protocol relayed-sentinel --items 1 --workers 1 --producers 2",
        AW_PROPERTY_BIT(AW_DRAINED), AW_TIME_ARBITRARY};
    struct aw_trace trace;
    find(&wide, &trace);
    char *shown = told(&trace, aw_trace_show);
    cr_expect_not_null(strstr(shown, "…ue_semaphore.c:86 "), "%s", shown);
    cr_expect_null(strstr(shown, " eue_semaphore.c"), "%s", shown);
    free(shown);
    aw_trace_free(&trace);
}

Test(explain, a_use_after_free_says_which_step_has_freed)
{
    static const struct program early = {"build/models/memory/lifetime.so", "lifetime early", 0,
                                         AW_TIME_ARBITRARY};
    struct aw_trace trace;
    struct aw_trace_items items;
    find(&early, &trace);
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    cr_expect_not_null(strstr(why,
                              "use after free: write of 4 bytes at models/memory/lifetime.c:32 "
                              "(fill): byte "),
                       "%s", why);
    cr_expect_not_null(strstr(why, " of a block of 12 bytes, allocated at "
                                   "models/memory/lifetime.c:66 (main), freed at "
                                   "models/memory/lifetime.c:71 (main)"),
                       "%s", why);
    aw_trace_items_free(&items);
    aw_trace_free(&trace);
}

Test(explain, a_limit_is_said_and_never_passes_for_an_answer)
{
    struct aw_trace trace;
    find_critical(&smallest, 2, &trace);
    cr_assert_eq(trace.critical.kind, AW_CRITICAL_BOUNDED);
    cr_expect_not_null(strstr(aw_trace_critical_text(&trace), "gave up after"));
    aw_trace_free(&trace);
}

/* In a cycle every state may still lead to an end. */
Test(explain, a_livelock_may_be_left_at_every_step)
{
    static const struct program polite = {"build/models/classics/polite_threads.so",
                                          "polite_threads wrong", 0, AW_TIME_ARBITRARY};
    struct aw_trace trace;
    find_critical(&polite, AW_CRITICAL_STATES, &trace);
    cr_expect_eq(trace.critical.kind, AW_CRITICAL_OPEN);
    aw_trace_free(&trace);
}

/* Walks at random, without faults, from where a prefix of the trace leads; how many
 * steps it has in all if it ends well, else 0. */
static uint32_t walk_ends_well(const struct aw_trace *trace, struct aw_machine *machine,
                               uint32_t prefix, unsigned *random)
{
    struct aw_schedule schedule = {
        .choices = calloc(2000, sizeof(struct aw_choice)), .count = prefix, .loop = UINT32_MAX};
    struct aw_walk *walk = calloc(1, sizeof *walk);
    struct aw_error error;
    for (uint32_t i = 0; i < prefix; i++)
        schedule.choices[i] = trace->steps[i].choice;
    aw_walk_start(walk, machine);
    for (uint32_t i = 0; i < prefix; i++)
        cr_assert_eq(aw_walk_step(walk, &schedule.choices[i], &error), 0);
    for (bool any = true; any && schedule.count < 2000;) {
        struct aw_choice chosen = {0};
        unsigned seen = 0;
        for (uint32_t p = 0; p < walk->at.layout->process_count; p++) {
            const struct aw_local *local = aw_walk_local(walk, &walk->at, p);
            for (uint32_t t = 0; t < local->thread_count; t++) {
                uint16_t slot = aw_local_threads(aw_walk_local(walk, &walk->at, p))[t].slot;
                unsigned count = aw_machine_outcomes(machine, &walk->at.state, p, t, walk->found);
                for (unsigned k = 0; k < count; k++) {
                    *random = *random * 1103515245 + 12345;
                    if ((*random >> 8) % ++seen == 0)
                        chosen = (struct aw_choice){walk->at.layout->processes[p].pid, slot,
                                                    (uint16_t)k};
                }
            }
        }
        any = seen > 0;
        if (any) {
            cr_assert_eq(aw_walk_step(walk, &chosen, &error), 0);
            schedule.choices[schedule.count++] = chosen;
        }
    }
    free(walk);
    struct aw_trace whole;
    aw_trace_init(&whole);
    cr_assert_eq(aw_trace_record(machine, &schedule, trace->exact_pipes, &whole, &error), 0, "%s",
                 error.message);
    struct aw_trace_items items;
    aw_trace_items(&whole, &items);
    bool well = whole.at_end_count == 0;
    for (uint32_t i = 0; i < items.count; i++)
        well &= !aw_trace_item_lost(&items.items[i]);
    uint32_t steps = whole.step_count;
    aw_trace_items_free(&items);
    aw_trace_free(&whole);
    free(schedule.choices);
    return well ? steps : 0;
}

Test(explain, a_leak_is_what_was_left_behind)
{
    static const struct program leaks = {"build/models/classics/leaks.so", "leaks descriptor",
                                         AW_PROPERTY_BIT(AW_NO_LEAK), AW_TIME_ARBITRARY};
    struct aw_trace trace;
    struct aw_trace_items items;
    find_critical(&leaks, AW_CRITICAL_STATES, &trace);
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    cr_expect_not_null(strstr(why,
                              " and left behind: descriptor 3 (the read end of a pipe) that is "
                              "not closed."),
                       "%s", why);
    aw_trace_items_free(&items);
    aw_trace_free(&trace);
}

Test(explain, a_way_that_may_not_be_the_shortest_is_called_so)
{
    struct aw_trace trace, whole;
    find_critical(&smallest, AW_CRITICAL_STATES, &whole);
    cr_expect(whole.critical.shortest);
    cr_expect_not_null(strstr(aw_trace_passing_text(&whole), "(no fewer will do)"), "%s",
                       aw_trace_passing_text(&whole));
    find_critical(&smallest, 200, &trace);
    cr_assert_eq(trace.critical.kind, AW_CRITICAL_STEP);
    cr_expect(!trace.critical.shortest);
    cr_expect_geq(trace.critical.passing_count, whole.critical.passing_count);
    cr_expect_not_null(strstr(aw_trace_passing_text(&trace), "(fewer may do)"), "%s",
                       aw_trace_passing_text(&trace));
    aw_trace_free(&trace);
    aw_trace_free(&whole);
}

/* Differential: what the search says of all continuations is held against random ones. */
Test(explain, no_random_continuation_after_the_critical_step_is_good_and_one_before_it_is)
{
    static const struct program *const programs[] = {&smallest, &lost_wakeup};
    for (int i = 0; i < 2; i++) {
        struct aw_trace trace;
        unsigned random = 1, well = 0;
        find_critical(programs[i], AW_CRITICAL_STATES, &trace);
        cr_assert_eq(trace.critical.kind, AW_CRITICAL_STEP);
        struct aw_machine *machine = create(programs[i]);
        aw_machine_set_symmetry(machine, false);
        const uint32_t passing = trace.critical.branch + trace.critical.passing_count;
        cr_expect(trace.critical.shortest);
        for (int k = 0; k < 100; k++) {
            cr_expect_eq(walk_ends_well(&trace, machine, trace.critical.step + 1, &random), 0);
            uint32_t steps = walk_ends_well(&trace, machine, trace.critical.step, &random);
            well += steps > 0;
            cr_expect(steps == 0 || steps >= passing, "%u steps, and %u are said to be the fewest",
                      steps, passing);
        }
        cr_expect_gt(well, 0u, "of 100 walks from before the critical step some end well");
        aw_machine_destroy(machine);
        aw_trace_free(&trace);
    }
}
