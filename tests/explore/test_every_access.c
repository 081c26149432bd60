/* SPDX-License-Identifier: MIT */
/*
 * test_every_access.c - the explorers that interleave every access, held against interleavings,
 * outcomes and races enumerated by hand.
 *
 * Programs are texts of models/random/random.c: main and one thread. What is counted: as in
 * test_by_hand.c, and one step for each access that the two make while both exist. Main's join and
 * exit are behind all steps of the thread, which has s (start) and e (pthread_exit) around its own,
 * so that n steps of main, between pthread_create and the join, and m of the thread, without a lock
 * or a branch, have C(n + m + 2, n) interleavings.
 */
#include "every_access.h"
#include "explore_box.h"

struct example {
    char text[48];
    uint64_t executions, outcomes, races; /* races: pairs of accesses times bytes in common */
};

static void check(const struct example *example)
{
    struct aw_every every, searched;
    struct aw_machine *machine = box_random(example->text);
    char text[200];
    cr_assert(aw_machine_spare(machine, "random_tables"));
    aw_every_enumerate(machine, 1000000, &every);
    cr_expect(every.complete, "%s", example->text);
    cr_expect_eq(every.executions, example->executions, "%s: %lu executions", example->text,
                 every.executions);
    cr_expect_eq(every.outcomes.count, example->outcomes, "%s: %u outcomes", example->text,
                 every.outcomes.count);
    cr_expect_eq(every.unordered.pairs.count, example->races, "%s: %u races", example->text,
                 every.unordered.pairs.count);
    cr_expect(aw_races_within(&every.parked, &every.unordered, text, sizeof text), "%s", text);
    cr_expect(aw_races_within(&every.unordered, &every.parked, text, sizeof text), "%s", text);
    aw_every_search(machine, 1000000, &searched);
    cr_expect(searched.complete);
    cr_expect(aw_outcomes_equal(&every.outcomes, &searched.outcomes), "%s", example->text);
    aw_every_deinit(&every);
    aw_every_deinit(&searched);
    aw_machine_destroy(machine);
}

#define BY_HAND(name, text, executions, outcomes, races)                                           \
    Test(every_access, name)                                                                       \
    {                                                                                              \
        static const struct example example = {text, executions, outcomes, races};                 \
        check(&example);                                                                           \
    }

/* Each writes one byte: C(4, 1). The thread's write is last, or main's. The one pair: write, write.
 */
BY_HAND(a_write_each, "nnn:-----:0/T1>01J<01/>01", 4, 2, 1)

/* Reads conflict with nobody, and are steps nevertheless. */
BY_HAND(a_read_each, "nnn:-----:0/T1<01J/<01", 4, 1, 0)

/* counter++ of a byte, main adding 1, the thread 2: two steps each, C(6, 2) = 15. It ends as 3, or
 * as 1 or 2 where one addition is lost. Both run the same code: the read with the other's write,
 * and both writes. */
BY_HAND(two_increments, "nnn:-----:0/T1%01J<01/%01", 15, 3, 2)

/* The same with atomic additions: one step each. */
BY_HAND(two_atomic_increments, "nnn:-----:0/T1_01J/_01", 4, 2, 0)

/* Two each: C(6, 2). What main sees of them: its two answers are the sums before; the thread's two
 * before, between or behind: with m = 1 and t = 2, main's first answer is 0, 2 or 4, and its second
 * is that plus 1 and whatever of the thread's comes between: (0; 1, 3, 5), (2; 3, 5), (4; 5). Each
 * of the six fixes what the thread sees, which it hands to main by the join. */
BY_HAND(two_by_two_atomic_increments, "nnn:-----:0/T1_01_01J/_01_01", 15, 6, 0)

/* Under a mutex, as a_mutex in test_by_hand.c with the increment in between: the accesses of the
 * two never interleave. Main's L r w U lies before the thread's L, with s before, between or
 * behind: 5; or behind its U, with e before, between or behind: 5. */
BY_HAND(increments_under_a_mutex, "nnn:-----:0/T1L0%01U0J<01/L0%01U0", 10, 1, 0)

/* Different mutexes: L r w U of both in any order, C(4 + 4 + 2, 4) = 210. Outcomes and pairs as
 * without. */
BY_HAND(increments_under_two_mutexes, "nnn:-----:0/T1L0%01U0J<01/L1%01U1", 210, 3, 2)

/* Handed over: main's w V, the thread's S r behind them. s is before, between or behind w V: 3. */
BY_HAND(a_semaphore_hands_over, "nnn:---0-:0/T1>01V3J/S3<01", 3, 1, 0)

/* The same with the post first. V is before S, w anywhere behind V: the thread's s S r e with V
 * before S: V first or behind s. V s: w has 5 places among s S r e; s V: w has 4 among S r e. 9. w
 * before r or not: two outcomes, one pair. */
BY_HAND(a_post_too_early, "nnn:---0-:0/T1V3>01J/S3<01", 9, 2, 1)

/* Message passing: main's w and flag; the thread reads the flag (s f e), and if it is set, the data
 * as well (s f r e). The flag before f: s before, between or behind w and flag: 3. Otherwise w and
 * flag among s f e with flag behind f: C(5, 2) - 3 = 7. The data is read in the first case only:
 * two outcomes, no race. */
BY_HAND(message_passing, "nnn:-----:0/T1>01^81J/&81(<01)", 10, 2, 0)

/* The flag is a plain one: the same executions, and a race on it. Not on the data: whoever reads it
 * has seen the flag. */
BY_HAND(message_passing_by_a_plain_flag, "nnn:-----:0/T1>01>81J/<81(<01)", 10, 2, 1)

/* Store buffering: each writes its own and reads the other's: C(6, 2) = 15; all but "neither sees".
 */
BY_HAND(store_buffering, "nnn:-----:0/T1^01&41J/^41&01", 15, 3, 0)

/* The same with plain accesses: under sequential consistency the same outcomes; two races. */
BY_HAND(store_buffering_plain, "nnn:-----:0/T1>01<41J/>41<01", 15, 3, 2)

/* A strong compare-exchange each of 0: whoever comes first has it. */
BY_HAND(two_claims, "nnn:-----:0/T1{01J/{01", 4, 2, 0)

/* Weak ones. The order of s e and c, C of main and thread: main's first with the thread's s before
 * or behind (2): main's succeeds, and then the thread's fails for good: 2 * 1; or main's fails
 * without cause, and the thread's succeeds or fails: 2 * 2. The thread's first, with its e before
 * or behind main's (2): the same. 2 * (2 + 4) = 12. Either has it, or nobody. */
BY_HAND(two_weak_claims, "nnn:-----:0/T1}01J/}01", 12, 3, 0)

/* Four bytes over one of them: one byte in common, one pair. */
BY_HAND(sizes_overlap, "nnn:-----:0/T1>04J/<21", 4, 2, 1)

/* Neighbours have nothing in common. */
BY_HAND(neighbours, "nnn:-----:0/T1>04J/>44", 4, 1, 0)

/* A copy reads 2 bytes, then writes 2: two steps. Main's two are among the thread's s w e, w a
 * write of what is read: C(5, 2) = 10. 2 bytes, one pair each. */
BY_HAND(a_copy, "nnn:-----:0/T1.402J<42/>02", 10, 2, 2)

/* A variable of main's stack, given away: main's own accesses are steps as well. */
BY_HAND(a_variable_of_the_stack, "nnn:-----:0/s1%91J<91/%91", 15, 3, 2)
BY_HAND(a_variable_of_the_stack_unshared, "nnn:-----:0/s1J%91<91/<91", 1, 1, 0)

/* While there is one thread nothing is a step. */
BY_HAND(one_thread, "nnn:-----:0/%01%04T1J%04/", 1, 1, 0)

/* The child has a copy: its accesses meet nobody's. Main: F, then f and wait; child: w, exit of one
 * thread, which are no steps but the exit. */
BY_HAND(a_child_has_a_copy, "nnn:-----:0/F1%01a/%01", 1, 1, 0)

/* ---- the classic tests of memory models ---- */

/* The set of exit statuses as bits, over all states of every access. */
static uint64_t statuses(const char *test)
{
    char name[8];
    char *argv[] = {"litmus", name, NULL};
    struct aw_every every;
    uint64_t set = 0;
    snprintf(name, sizeof name, "%s", test);
    struct aw_machine *machine = box_machine("build/models/memory/litmus.so", argv);
    aw_every_search(machine, 1000000, &every);
    cr_expect(every.complete);
    cr_expect_eq(every.parked.pairs.count, 0, "%s is free of races", test);
    for (uint32_t i = 0; i < every.outcomes.count; i++) {
        unsigned status;
        cr_assert_eq(sscanf(every.outcomes.lines[i], "ended %x", &status), 1);
        cr_assert_lt(status >> 8, 64);
        set |= (uint64_t)1 << (status >> 8);
    }
    aw_every_deinit(&every);
    aw_machine_destroy(machine);
    return set;
}

Test(every_access, litmus)
{
    /* Not 0: both stores would be behind both loads. */
    cr_expect_eq(statuses("sb"), 1 << 1 | 1 << 2 | 1 << 3);
    /* Not 3: each load would be behind the other's store. */
    cr_expect_eq(statuses("lb"), 1 << 0 | 1 << 1 | 1 << 2);
    /* The flag was not seen, or it was and so was the data (2): never the flag alone (1). */
    cr_expect_eq(statuses("mp"), 1 << 0 | 1 << 2);
    /* Two loads of one place: never first the new value, then the old one (1). */
    cr_expect_eq(statuses("corr"), 1 << 0 | 1 << 2 | 1 << 3);
    /* One reader sees x and not yet y (bits 0, not 1), the other y and not yet x (bits 2, not 3): 5
     * of the 16 is the one that sequential consistency excludes. */
    cr_expect_eq(statuses("iriw"), 0xffff & ~(1 << 5));
    /* No addition is lost. */
    cr_expect_eq(statuses("add"), 1 << 4);
    /* One claims it, or both fail without cause; never both. */
    cr_expect_eq(statuses("cas"), 1 << 0 | 1 << 1);
}

/* The same by the checker, which makes visible what it has to. */
Test(every_access, litmus_by_the_checker)
{
    static const char *const names[] = {"sb", "lb", "mp", "corr", "iriw", "add", "cas"};
    static const unsigned outcomes[] = {3, 3, 2, 3, 15, 1, 2};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[8];
        char *argv[] = {"litmus", name, NULL};
        struct aw_options options;
        struct aw_result result;
        struct aw_error error;
        snprintf(name, sizeof name, "%s", names[i]);
        struct box_outcomes found = {.machine = box_machine("build/models/memory/litmus.so", argv)};
        struct aw_observer observer = {box_terminal, box_restart, &found, NULL};
        aw_options_default(&options);
        options.properties = JUDGED;
        options.whole_graph = true;
        aw_explore_observed(found.machine, &options, &observer, &result, &error);
        cr_expect_eq(found.set.count, outcomes[i], "%s: %u outcomes", name, found.set.count);
        cr_expect_eq(result.properties[AW_NO_DATA_RACE], AW_HOLDS, "%s", name);
        aw_outcomes_deinit(&found.set);
        aw_result_deinit(&result);
        aw_machine_destroy(found.machine);
    }
}
