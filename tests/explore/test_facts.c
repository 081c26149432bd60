/* SPDX-License-Identifier: MIT */
/*
 * Each assumption of the partial-order reduction is broken on purpose: the fact has to be dropped,
 * so that outcomes and verdicts are those of an oracle without reduction.
 *
 * Most of these programs were found by taking conditions out of reduce.c one by one: each is one on
 * which such a mutant of the explorer lost an outcome. They are explored without the random walks
 * that would find most breaches first; with all rules, without each one, with and without symmetry.
 */
#include "explore_box.h"

struct fact {
    char broken[72];
    char text[64];
};

static const struct fact facts[] = {
    /* Semaphores. */
    {"somebody tests it by trywait", "nnn:0----:1/F2Y0K0Haaa/S0/V0V0"},
    {"somebody tests it by getvalue", "nnn:0----:0/*2(F1)aN0/V0"},
    {"somebody waits while it is empty", "nnn:2----:0/F1F2S0V0/S0S0V0/S0S0V0V0"},
    {"it is empty for an instant only", "nnn:2----:0/F1F1S0aa/S0S0V0"},
    {"a second user of it", "nnn:2----:0/F1F2S0V0/S0S0V0/S0S0V0V0"},
    {"the same for unnamed ones: tested", "nnn:---00:0/T2V3qJJ/S3iyV4/Y4(V3)N3"},
    {"the same for unnamed ones: a second user", "nnn:---01:0/T1T2V3JJ/S3V4/Y3"},
    /* Locks around a pipe's read end. */
    {"somebody else posts the lock", "nnn:1----:1/F1F2w01w08aaV0/S0U0r01a/V0S0r05V0"},
    {"a read outside the lock", "nnn:1----:1/F1F2w08aa/S0t0(c0w)O0wr05V0/r01"},
    {"a poll outside the lock", "nnn:1----:1/F1w01qu0aa/S0r01r03V0/o0rS0r05V0U0"},
    {"a child does not hold what its parent held at the fork", "nnn:1----:1/w02S0F1r01a/r01"},
    {"who has posted no longer holds", "nnn:1----:1/F1w02S0V0r01a/S0r01V0"},
    {"a read that cannot be satisfied in full", "nnn:-----:1/F1F2R04aa/w03/w01hw05"},
    /* The sole writer of a pipe. */
    {"a read across two writes", "nnn:1----:1/F1F2w02w08aa/S0r03V0/r02"},
    {"a poll", "nnn:-----:1/F1c0wo0rQo0rAa/U0w03"},
    {"a poll of which one answer only matters", "nnn:-----:1/F1w05w01o0r()a/n0rr01Jr06P00"},
    {"a second writer", "nnn:-----:1/iF1w02w03a/w02r02"},
    {"readers who leave", "nnn:-----:1/iF1c0rw08!()Hw08/r03=0L1"},
    {"a second thread closes the descriptor", "enr:1121-:2/F1T2c0wJaF2C00/Y3J/w06JG0/c1rr13"},
    /* Last references. */
    {"dropped by an exit", "nnn:-----:1/P00F1c0rw02w01a/c0w"},
    {"dropped by a close", "nnn:0----:1/F1c0wO0rr02V0a/w08c0rc0wS0"},
    {"dropped while somebody who might notice has gone early", "nnn:-----:1/iF1c0rw08T1w06/c0wr02"},
    {"the same, and nobody waits for him", "nnn:0----:1/F1F2N0/c0rw01/c0rc0wV0"},
    {"the same, seen by a poll", "nnn:-----:1/F1r05c0wo0rK1(o0r(U1))a/B0L0w02"},
    {"the same, by an orphan", "nnn:0----:1/F1N0aN0/F2c0rc0wV0/c0rw01"},
    /* Mutexes and conditions. */
    {"somebody tries the mutex", "nnn:-----:0/T1aL0K1(+0U1)U0J/L1K0(+1U0)U1"},
    {"a second user of it", "nnn:-----:0/T1L0?()P00U0HJ/L0+0U0q"},
    {"a signal without the mutex", "nnn:-----:0/T1L0C00U0J/z+0G0U0"},
    {"a signal before the mutex is known", "nnn:-----:0/T1+0G1U0L1J/L0+0G0C10U0"},
    {"a condition whose mutex is tried", "nnn:-----:0/T1L0P00U0J/K0()L0U0"},
    {"one condition, two mutexes", "nnn:-----:0/T1T2L0C00U0JJ/L0G0U0/L1G0C01U1"},
    {"several sleepers: the choice is not taken alone", "nnn:-----:0/T1T1L0+0G0JJ/L0P00JhU0"},
    /* Forks and exits of processes with threads. */
    {"a fork while a sibling runs", "nnn:---0-:1/T1F2c0rJa/V3/S3w08"},
    {"two threads that fork", "nnn:-----:0/T1F2L0+0U0J/L0+0U0F2a/L0=0U0"},
    {"an exit while a sibling runs", "nnn:2----:0/HyJyAT1A/Y0h/JV0"},
    {"a close beside a sibling", "nnn:---0-:1/T1c0rJa/Y3V3ao0rK0/S3w02"},
    /* Processes. */
    {"one is killed", "nnn:0---0:1/f1kA/V0w06"},
    {"children end in different ways", "nnn:1----:1/F1F2w02w08aa/S0r03V0/r02"},
    {"somebody asks whether a child has ended", "nnn:0----:0/*2(F1)hhS0aa/H+1J"},
    {"waiting for what is not there yet", "nnn:---0-:1/T1F2Ja/aY3/S3w05"},
    {"two threads wait for one child", "nnn:-----:0/F1T2aJ//a"},
    /* Who is who. */
    {"siblings are several users", "nnn:1----:1/F1F2w06w02aa/S0Jr01V0/r06"},
    {"siblings in equal states are several users without symmetry, too",
     "nnn:1----:1/f1f1w03AA/Y0(r01)"},
    {"a pid that matters", "nnn:1----:1/f1f1AA/Y0(r01)"},
    {"siblings with children of their own are not interchangeable",
     "nnn:0----:0/F1F1aaN0/F2Y0(V0)a/V0"},
    {"equal siblings, unequal ones", "nnn:-----:1/F1F2R04aa/w03/w01hw05"},
    /* Cycles. */
    {"going round does not put off what others would do", "nnn:---0-:1/T1e3Jar02/V3q/"},
};

Test(facts, are_dropped_when_broken)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct aw_oracle oracle;
        struct aw_options options;
        cr_assert(box_oracle(facts[i].text, &oracle), "%s: too large", facts[i].text);
        for (int rule = 0; rule <= AW_RULE_COUNT; rule++)
            for (int symmetry = 0; symmetry < 2; symmetry++) {
                aw_options_default(&options);
                options.plant = AW_PLANT_NO_WALKS;
                options.symmetry = symmetry;
                options.rules = AW_ALL_RULES & ~(1u << rule);
                cr_expect(box_agrees(facts[i].text, options, &oracle),
                          "%s: %s, rules %#x, symmetry %d", facts[i].broken, facts[i].text,
                          options.rules, symmetry);
            }
        aw_oracle_deinit(&oracle);
    }
}

/* With the walks as well: they watch, and nothing else. */
Test(facts, are_dropped_by_random_walks_too)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct aw_oracle oracle;
        struct aw_options options;
        cr_assert(box_oracle(facts[i].text, &oracle));
        aw_options_default(&options);
        cr_expect(box_agrees(facts[i].text, options, &oracle), "%s: %s", facts[i].broken,
                  facts[i].text);
        aw_oracle_deinit(&oracle);
    }
}
