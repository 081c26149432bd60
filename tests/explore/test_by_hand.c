/* SPDX-License-Identifier: MIT */
/*
 * Interleavings counted by hand. Each program is small enough for the number to follow from a line
 * of combinatorics, and the same number has to come from --count (paths in a graph, with and
 * without symmetry) and from the oracle that remembers nothing.
 *
 * What is counted: one step for each visible operation. A forked child begins right behind its
 * fork, without a step of its own; a started thread begins with a step "start". Every process ends
 * with a step "exit", every thread but the first with a step "pthread_exit".
 */
#include "explore_box.h"

struct example {
    char text[48];
    char count[16];
};

static void check(const struct example *example)
{
    struct aw_machine *machine = box_random(example->text);
    struct aw_options options;
    struct aw_result result;
    struct aw_oracle oracle;
    char enumerated[24];
    for (int symmetry = 0; symmetry < 2; symmetry++) {
        aw_options_default(&options);
        options.properties = AW_PROPERTY_BIT(AW_NO_CRASH);
        options.count = true;
        options.symmetry = symmetry;
        box_explore(machine, &options, &result);
        cr_assert_not_null(result.interleavings, "%s", example->text);
        cr_expect_str_eq(result.interleavings, example->count, "%s: counted %s, by hand %s",
                         example->text, result.interleavings, example->count);
        aw_result_deinit(&result);
    }
    aw_oracle_enumerate(machine, AW_PROPERTY_BIT(AW_NO_CRASH), 1000000, &oracle);
    cr_expect(oracle.complete);
    snprintf(enumerated, sizeof enumerated, "%" PRIu64, oracle.interleavings);
    cr_expect_str_eq(enumerated, example->count, "%s: enumerated %s, by hand %s", example->text,
                     enumerated, example->count);
    aw_oracle_deinit(&oracle);
    aw_machine_destroy(machine);
}

#define BY_HAND(name, text, count)                                                                 \
    Test(by_hand, name)                                                                            \
    {                                                                                              \
        static const struct example example = {text, count};                                       \
        check(&example);                                                                           \
    }

/* Nobody else: one way. */
BY_HAND(one_process, "nnn:-----:0/yyy", "1")

/* Parent: fork, then y and exit; child: y, exit. Two sequences of two steps: C(4, 2) = 6. */
BY_HAND(a_fork, "nnn:-----:0/F1y/y", "6")

/* Parent: wait, exit; child: y, exit. The wait is enabled after the child's exit only: one way. */
BY_HAND(a_wait_orders, "nnn:-----:0/F1a/y", "1")

/* Parent: y, wait, exit; child: y, exit. The parent's y goes before, between or behind the two
 * steps of the child, and the wait behind all: C(3, 1) = 3. */
BY_HAND(a_wait_orders_the_rest, "nnn:-----:0/F1ya/y", "3")

/* Two equal children with one step each (exit), and nobody waits. The order of F F x is given; e2
 * is before or behind x (2 ways); e1 then has a place among what follows the first fork, F, x and
 * e2 in their order: 4 places. 2 * 4 = 8. Equal siblings are two, not one. */
BY_HAND(equal_siblings_are_two, "nnn:-----:0/F1F1/", "8")

/* The same, and the parent waits for both; each wait chooses among those that have exited and are
 * not yet waited for. e1 before the second fork: behind it come e2 and a a. a first: it takes child
 * 1, then e2, then a:
 *     1. e2 first: the first a chooses (2), the second cannot: 2. Together 3.
 *   e1 and e2 behind it: one of the two is first (2), and what remains is as above (3): 6.
 * 3 + 6 = 9. */
BY_HAND(waits_choose_among_zombies, "nnn:-----:0/F1F1aa/", "9")

/* Semaphore 0 at 1: parent S V, child S V, each then exits. Whoever takes it first gives it back
 * before the other may take it. The parent first: S V, then its x among the child's S V x: C(4, 1)
 * =
 * 4. The child first: 4 as well. */
BY_HAND(a_binary_semaphore, "nnn:1----:0/F1S0V0/S0V0", "8")

/* The same with 0 to begin with: nobody ever moves. One way, a deadlock. */
BY_HAND(a_semaphore_that_stays_empty, "nnn:0----:0/F1S0V0/S0V0", "1")

/* Parent w, exit; child r, exit. The read is behind the write, and so is the parent's exit: its
 * place among r and the child's exit: C(3, 1) = 3. */
BY_HAND(a_pipe, "nnn:-----:1/F1w01/r01", "3")

/* Main: create, join, exit; thread: start, y, pthread_exit. The join waits for the end: one way. */
BY_HAND(a_thread, "nnn:-----:0/T1J/y", "1")

/* Main: create, L, U, join, exit; thread: start, L, U, pthread_exit. Main's L U among the thread's
 * s L U e: C(6, 2) = 15 shuffles. Place main's L and U by how many steps of the thread are before
 * them, i <= j. The thread has the lock behind its second step up to its third: main's L at i = 2
 * is impossible (j = 2, 3, 4: 3 shuffles), and so is i <= 1 with j >= 2, where the thread locks
 * inside main's pair (2 * 3 = 6). 15 - 3 - 6 = 6. */
BY_HAND(a_mutex, "nnn:-----:0/T1L0U0J/L0U0", "6")

/* Read-write locks. Main: I, M, join, exit; thread: start, I, M, pthread_exit. Readers keep nobody
 * out, the join is behind the thread's end: C(6, 2) = 15. */
BY_HAND(readers, "nnn:-----:0/T1IMJ/IM", "15")

/* Main's W M lies before the thread's W, with start before, between or behind: 3; or behind its M,
 * with the thread's end before, between or behind: 3. */
BY_HAND(writers, "nnn:-----:0/T1WMJ/WM", "6")

/* A barrier for two. Main first: it and start in two orders, the thread's X with either as the serial
 * one, main's leaving and the thread's end in two orders: 8. The thread first: one order, two serial
 * ones; its leaving, its end, the join: 2. */
BY_HAND(a_barrier, "nnn:-----:0/T1XJ/X", "10")

/* The thread ends with the robust mutex. Main's L U before its L, with start before, between or behind:
 * 3; or behind its end: 1. */
BY_HAND(a_robust_mutex, "onn:-----:0/T1L0U0J/L0", "4")
