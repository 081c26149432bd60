/* SPDX-License-Identifier: MIT */
/* Scenario files: what is said about a wrong one, to the letter. */
#define _GNU_SOURCE
#include "scenario_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/schema.h"

#define TOP_KEYS                                                                                   \
    "name, about, program, args, env, machine, limits, properties, count, expect, matrix, "        \
    "sweep, exclude, faults, fault_budget, schedule, traces"
#define PROPERTY_NAMES                                                                             \
    "no-deadlock, no-crash, terminates, drained, exactly-once, fifo, no-error, no-leak, "          \
    "succeeds, "                                                                                   \
    "no-data-race, no-memory-error"

Test(wrong, not_yaml)
{
    wrong("", "s.yaml:1:1: the file is empty: expected a scenario, such as 'name: ...'");
    wrong("# only this\n\n",
          "s.yaml:1:1: the file is empty: expected a scenario, such as 'name: ...'");
    wrong("---\n", "s.yaml:1:1: the file is empty: expected a scenario, such as 'name: ...'");
    wrong("null\n", "s.yaml:1:1: the file is empty: expected a scenario, such as 'name: ...'");
    wrong("a: [1\nb: 2\n", "s.yaml:3:1: not YAML: flow sequence without a closing bracket");
    wrong("name: \"x\n", "s.yaml:1:8: not YAML: double-quoted scalar without closing quote");
    wrong("name: n\xff\n", "s.yaml:1:8: byte 0xff is not UTF-8: expected a text file");
    wrong("name: \xc3\xa9\xc3\n", "s.yaml:1:8: byte 0xc3 is not UTF-8: expected a text file");
    wrong("name: \xed\xa0\x80\n", "s.yaml:1:7: byte 0xed is not UTF-8: expected a text file");
    wrong("\nname: \x01\n", "s.yaml:2:7: control character 0x01: expected a text file");
    wrong("name: \"a\\0b\"\n", "s.yaml:1:7: a text cannot hold the character \\0");
    wrong("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "s.yaml:1:17: more than 16 levels deep");
}

Test(wrong, what_yaml_has_and_a_scenario_does_not)
{
    wrong(GOOD "---\nname: m\n", "s.yaml:5:1: a second document: expected one scenario in a file");
    wrong("name: *other\n", "s.yaml:1:7: alias *other: expected an anchor &other before it");
    wrong(GOOD "args: &a [*a]\n", "s.yaml:5:11: alias *a: expected an anchor &a before it");
    wrong("name: !!str n\n", "s.yaml:1:13: tags (!...) have no meaning in a scenario file");
    wrong("? [a]\n: b\n", "s.yaml:1:3: expected a word as key, found a list");
    wrong(": b\n", "s.yaml:1:1: expected a word as key, found nothing");
    wrong(GOOD "name: m\n", "s.yaml:5:1: key 'name' again: it stands in line 1 already");
    wrong(GOOD "env:\n  A: 1\n  B: 2\n  A: 3\n",
          "s.yaml:8:3: key 'A' again: it stands in line 6 already");
}

Test(wrong, keys)
{
    wrong("[a]\n", "s.yaml:1:1: scenario: expected a map (key: value), found a list");
    wrong("hello\n", "s.yaml:1:1: scenario: expected a map (key: value), found \"hello\"");
    wrong("# c\nabout: a\n", "s.yaml:2:1: expected the key 'name': a scenario has name, about, "
                             "program and expect");
    wrong("name: n\nabout: a\nexpect: {verdict: proved}\n",
          "s.yaml:1:1: expected the key 'program': a scenario has name, about, program and expect");
    wrong(HEAD, "s.yaml:1:1: expected the key 'expect': a scenario has name, about, program and "
                "expect");
    wrong(
        "name: n\nprogam: x\n",
        "s.yaml:2:1: unknown key \"progam\", did you mean \"program\"? expected one of " TOP_KEYS);
    wrong("name: n\nwhatever: x\n",
          "s.yaml:2:1: unknown key \"whatever\"; expected one of " TOP_KEYS);
    wrong(
        GOOD "machine: {pipe_slot: 3}\n",
        "s.yaml:5:11: unknown key of machine \"pipe_slot\", did you mean \"pipe_slots\"? expected "
        "one of pipe_page_size, pipe_slots, pipe_capacity, heap, stack, time, clock_advances, "
        "run_milliseconds, partial_writes, init");
    wrong(GOOD "limits: {sates: 3}\n", "s.yaml:5:10: unknown key of limits \"sates\", did you mean "
                                       "\"states\"? expected one of states, memory, seconds");
    wrong(
        HEAD "expect: {verdcit: proved}\n",
        "s.yaml:4:10: unknown key of expect \"verdcit\", did you mean \"verdict\"? expected one of "
        "verdict, property, states, transitions, interleavings, when");
}

Test(wrong, an_empty_value_is_found_at_its_key)
{
    wrong("name:\nabout: a\nprogram: p\n" PROVED "",
          "s.yaml:1:1: name: expected a text, found nothing");
    wrong("name: n\nabout: ~\nprogram: p\n" PROVED,
          "s.yaml:2:8: about: expected a text, found nothing");
    wrong(GOOD "args:\n", "s.yaml:5:1: args: expected a list of texts, or one text, found nothing");
    wrong(GOOD "args: [a, null]\n", "s.yaml:5:11: args: expected a text, found nothing");
    wrong(GOOD "env:\n", "s.yaml:5:1: env: expected a map (key: value), found nothing");
    wrong(GOOD "env: {}\n", "s.yaml:5:6: env: expected a map (key: value), found an empty map");
    wrong(GOOD "env:\n  A:\n", "s.yaml:6:3: env.A: expected a text, found nothing");
    wrong(GOOD "machine:\n", "s.yaml:5:1: machine: expected a map (key: value), found nothing");
    wrong(GOOD "machine:\n  heap:\n",
          "s.yaml:6:3: machine.heap: expected a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in "
          "steps of 4 KiB, found nothing");
    wrong(GOOD "limits:\n", "s.yaml:5:1: limits: expected a map (key: value), found nothing");
    wrong(GOOD "properties:\n", "s.yaml:5:1: properties: expected a list, found nothing");
    wrong(GOOD "properties: []\n", "s.yaml:5:13: properties: expected a list, found an empty list");
    wrong(GOOD "count:\n", "s.yaml:5:1: count: expected true or false, found nothing");
    wrong(HEAD "expect:\n", "s.yaml:4:1: expect: expected a map (key: value), found nothing");
    wrong(HEAD "expect: []\n",
          "s.yaml:4:9: expect: expected a map (key: value), found an empty list");
    wrong(GOOD "matrix:\n", "s.yaml:5:1: matrix: expected a map (key: value), found nothing");
    wrong(GOOD "matrix:\n  a:\n", "s.yaml:6:3: matrix.a: expected a list, found nothing");
    wrong(GOOD "exclude:\n", "s.yaml:5:1: exclude: expected a list, found nothing");
}

Test(wrong, names_and_texts)
{
    wrong("name: [n]\nabout: a\nprogram: p\n" PROVED,
          "s.yaml:1:7: name: expected a text, found a list");
    wrong("name: a b\nabout: a\nprogram: p\n" PROVED,
          "s.yaml:1:7: name: expected 1 to 64 letters, digits, '-', '_' and '.', a letter or digit "
          "first, found \"a b\"");
    wrong("name: -a\nabout: a\nprogram: p\n" PROVED,
          "s.yaml:1:7: name: expected 1 to 64 letters, digits, '-', '_' and '.', a letter or digit "
          "first, found \"-a\"");
    wrong(
        "name: n\nabout: \" \"\nprogram: p\n" PROVED,
        "s.yaml:2:8: about: expected a line or two on what this is about and why one should care, "
        "found \" \"");
    wrong("name: n\nabout: a\nprogram: \"\"\n" PROVED,
          "s.yaml:3:10: program: expected the path of a shared object, such as "
          "build/models/article.so, found \"\"");
    wrong("name: n\nabout: a\nprogram: build/\n" PROVED,
          "s.yaml:3:10: program: expected the path of a shared object, such as "
          "build/models/article.so, found \"build/\"");
    wrong(GOOD "args: {a: b}\n",
          "s.yaml:5:7: args: expected a list of texts, or one text, found a map");
    wrong(GOOD "args: [a, [b]]\n", "s.yaml:5:11: args: expected a text, found a list");
    wrong(GOOD "env: [A=1]\n", "s.yaml:5:6: env: expected a map (key: value), found a list");
    wrong(GOOD "env: {1A: x}\n", "s.yaml:5:7: env: expected a variable's name (letters, digits and "
                                 "_, no digit first), found \"1A\"");
    wrong(GOOD "env: {A: [x]}\n", "s.yaml:5:10: env.A: expected a text, found a list");
    wrong(GOOD "count: yes\n", "s.yaml:5:8: count: expected true or false, found \"yes\"");
    wrong(GOOD "count: [true]\n", "s.yaml:5:8: count: expected true or false, found a list");
}

Test(wrong, numbers_and_sizes)
{
    wrong(GOOD "machine: {pipe_slots: 0}\n", "s.yaml:5:23: machine.pipe_slots: expected a whole "
                                             "number from 1 to 1024, found \"0\"");
    wrong(GOOD "machine: {pipe_slots: 1025}\n", "s.yaml:5:23: machine.pipe_slots: expected a whole "
                                                "number from 1 to 1024, found \"1025\"");
    wrong(GOOD "machine: {pipe_slots: -1}\n", "s.yaml:5:23: machine.pipe_slots: expected a whole "
                                              "number from 1 to 1024, found \"-1\"");
    wrong(GOOD "machine: {pipe_slots: 1_}\n", "s.yaml:5:23: machine.pipe_slots: expected a whole "
                                              "number from 1 to 1024, found \"1_\"");
    wrong(GOOD "machine: {pipe_slots: 99999999999999999999999}\n",
          "s.yaml:5:23: machine.pipe_slots: expected a whole number from 1 to 1024, found "
          "\"99999999999999999999999\"");
    wrong(GOOD "machine: {pipe_slots: [1]}\n", "s.yaml:5:23: machine.pipe_slots: expected a whole "
                                               "number from 1 to 1024, found a list");
    wrong(GOOD "machine: {heap: 64 KB}\n",
          "s.yaml:5:17: machine.heap: expected a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in "
          "steps of 4 KiB, found \"64 KB\"");
    wrong(GOOD "machine: {heap: 5000}\n",
          "s.yaml:5:17: machine.heap: expected a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in "
          "steps of 4 KiB, found \"5000\"");
    wrong(GOOD "machine: {heap: 99999999999 TiB}\n",
          "s.yaml:5:17: machine.heap: expected a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in "
          "steps of 4 KiB, found \"99999999999 TiB\"");
    wrong(GOOD "machine: {stack: 1 GiB}\n",
          "s.yaml:5:18: machine.stack: expected a size (B, KiB, MiB, GiB) from 16 KiB to 8 MiB in "
          "steps of 4 KiB, found \"1 GiB\"");
    wrong(GOOD "machine: {pipe_page_size: 1.5 KiB}\n",
          "s.yaml:5:27: machine.pipe_page_size: expected a size (B, KiB, MiB, GiB) from 1 B to 64 "
          "KiB, found \"1.5 KiB\"");
    wrong(GOOD "machine: {pipe_slots: 4, pipe_capacity: 4 KiB}\n",
          "s.yaml:5:26: machine.pipe_capacity: expected either this or pipe_slots, found both");
    wrong(
        GOOD "machine: {pipe_page_size: 100, pipe_capacity: 250}\n",
        "s.yaml:5:47: machine.pipe_capacity: expected a size (B, KiB, MiB, GiB) from 100 B to 100 "
        "KiB in steps of 100 B, found \"250\"");
    wrong(GOOD "machine: {time: vitrual}\n", "s.yaml:5:17: unknown time \"vitrual\", did you mean "
                                             "\"virtual\"? expected one of arbitrary, virtual");
    wrong(GOOD "limits: {states: 0}\n",
          "s.yaml:5:18: limits.states: expected a whole number from 1 "
          "to 1000000000000, or none, found \"0\"");
    wrong(GOOD "limits: {memory: lots}\n",
          "s.yaml:5:18: limits.memory: expected a size (B, KiB, MiB, GiB) from 1 MiB to 64 TiB, or "
          "none, found \"lots\"");
}

Test(wrong, properties_and_expectations)
{
    wrong(GOOD "properties: drained\n",
          "s.yaml:5:13: properties: expected a list, found \"drained\"");
    wrong(GOOD "properties: [drain]\n", "s.yaml:5:14: unknown property \"drain\", did you mean "
                                        "\"drained\"? expected one of " PROPERTY_NAMES);
    wrong(GOOD "properties: [happy]\n",
          "s.yaml:5:14: unknown property \"happy\"; expected one of " PROPERTY_NAMES);
    wrong(GOOD "properties: [[fifo]]\n",
          "s.yaml:5:14: properties: expected a property, found a list");
    wrong(GOOD "properties: [fifo, fifo]\n", "s.yaml:5:20: properties: \"fifo\" again");
    wrong(HEAD "expect: proved\n",
          "s.yaml:4:9: expect: expected a map (key: value), found \"proved\"");
    wrong(HEAD "expect: {states: 3}\n", "s.yaml:4:9: expect: expected the key 'verdict'");
    wrong(HEAD "expect: {verdict: prooved}\n", "s.yaml:4:19: unknown verdict \"prooved\", did you "
                                               "mean \"proved\"? expected one of proved, "
                                               "violated, inconclusive, vacuous, uncontrolled");
    wrong(HEAD "expect: {verdict: violated}\n", "s.yaml:4:19: expect: expected a 'property' beside "
                                                "the verdict violated: which one");
    wrong(HEAD "expect: {verdict: violated, property: fifo}\n",
          "s.yaml:4:39: expect.property: \"fifo\" is not checked: expected one of 'properties'");
    wrong(HEAD "expect: {verdict: violated, property: fif}\n",
          "s.yaml:4:39: unknown property \"fif\", did you mean \"fifo\"? expected one "
          "of " PROPERTY_NAMES);
    wrong(HEAD "expect: {verdict: proved, property: no-crash}\n",
          "s.yaml:4:27: expect.property: expected only beside the verdict violated, found proved");
    wrong(HEAD "expect: {verdict: proved, states: few}\n",
          "s.yaml:4:35: expect.states: expected a whole number from 1 to 1000000000000, found "
          "\"few\"");
    wrong(HEAD "expect: {verdict: proved, transitions: 0}\n",
          "s.yaml:4:40: expect.transitions: expected a whole number from 1 to 1000000000000, found "
          "\"0\"");
    wrong(HEAD "expect: {verdict: proved, interleavings: 0}\n",
          "s.yaml:4:42: expect.interleavings: expected a whole number from 1 on (at most 1000 "
          "digits), found \"0\"");
    wrong(HEAD "expect: {verdict: proved, interleavings: 1e9}\n",
          "s.yaml:4:42: expect.interleavings: expected a whole number from 1 on (at most 1000 "
          "digits), found \"1e9\"");
    wrong(HEAD "count: false\nexpect: {verdict: proved, interleavings: 9}\n",
          "s.yaml:5:27: expect.interleavings: expected 'count: true', found false");
}

Test(wrong, parameters)
{
    wrong(GOOD "args: x ${items} y\n",
          "s.yaml:5:9: ${items}: expected a 'matrix' with that parameter");
    wrong(GOOD "args: ['x', \"y${itms}\"]\nmatrix: {items: [1], workers: [1]}\n",
          "s.yaml:5:15: unknown parameter \"itms\", did you mean \"items\"? expected one of items, "
          "workers");
    wrong(GOOD "env:\n  A: 'b ${}'\nmatrix: {items: [1]}\n",
          "s.yaml:6:9: unknown parameter \"\"; expected items");
    wrong(GOOD "args:\n  --items\n  ${itms}\nmatrix: {items: [1]}\n",
          "s.yaml:6:3: unknown parameter \"itms\", did you mean \"items\"? expected items");
    wrong(GOOD "args: --items ${items\nmatrix: {items: [1]}\n",
          "s.yaml:5:15: ${ without }: expected ${name}, or $${ for a plain ${");
    wrong(
        GOOD "args: $${items}\nmatrix: {items: [1]}\n",
        "s.yaml:6:10: matrix.items: expected a ${items} somewhere: without it its values give the "
        "same case");
    wrong(GOOD "machine:\n  pipe_slots: ${s}\nmatrix: {s: [1, many]}\n",
          "s.yaml:6:15: machine.pipe_slots: expected a whole number from 1 to 1024, found \"many\" "
          "in "
          "case n[s=many]");
    wrong(GOOD "machine:\n  time: ${t}\nmatrix: {t: [virtual, real]}\n",
          "s.yaml:6:9: unknown time \"real\"; expected one of arbitrary, virtual");
}

Test(wrong, matrices)
{
    wrong(GOOD "matrix: [1]\n", "s.yaml:5:9: matrix: expected a map (key: value), found a list");
    wrong(GOOD "matrix: {items: 3}\n", "s.yaml:5:17: matrix.items: expected a list, found \"3\"");
    wrong(GOOD "matrix: {items: []}\n",
          "s.yaml:5:17: matrix.items: expected a list, found an empty list");
    wrong(GOOD "matrix: {2x: [1]}\n",
          "s.yaml:5:10: matrix: expected a parameter's name (a letter, then letters, digits, _ and "
          "-, at most 32), found \"2x\"");
    wrong(
        GOOD "matrix: {items: [1, 'a,b']}\n",
        "s.yaml:5:21: matrix.items: expected a value of 1 to 64 characters without any of [ ] = , "
        "/, found \"a,b\"");
    wrong(
        GOOD "matrix: {items: [[1]]}\n",
        "s.yaml:5:18: matrix.items: expected a value of 1 to 64 characters without any of [ ] = , "
        "/, found a list");
    wrong(GOOD "matrix: {items: [1, 2, '1']}\n",
          "s.yaml:5:24: matrix.items: the value \"1\" again: two cases would have the same name");
    wrong(GOOD "matrix: {a: [1], b: [1], c: [1], d: [1], e: [1], f: [1], g: [1], h: [1], i: [1]}\n",
          "s.yaml:5:1: matrix: expected at most 8 parameters, found 9");
}

Test(wrong, when_and_exclude)
{
    wrong(HEAD "expect: {verdict: proved, when: {w: 1}}\n",
          "s.yaml:4:33: when: expected a 'matrix' to pick cases of");
    wrong(GOOD "exclude: [{w: 1}]\n", "s.yaml:5:11: exclude: expected a 'matrix' to pick cases of");
#define MATRIX "args: ${workers}\nmatrix: {workers: [1, 2]}\n"
    wrong(GOOD MATRIX "exclude: {workers: 1}\n",
          "s.yaml:7:10: exclude: expected a list, found a map");
    wrong(GOOD MATRIX "exclude: [1]\n",
          "s.yaml:7:11: exclude: expected a map (key: value), found \"1\"");
    wrong(GOOD MATRIX "exclude: [{worker: 1}]\n", "s.yaml:7:12: unknown key of exclude \"worker\", "
                                                  "did you mean \"workers\"? expected workers");
    wrong(GOOD MATRIX "exclude: [{workers: 3}]\n",
          "s.yaml:7:21: unknown value of workers \"3\"; expected one of 1, 2");
    wrong(
        GOOD MATRIX "exclude: [{workers: []}]\n",
        "s.yaml:7:21: exclude.workers: expected a value or a list of values, found an empty list");
    wrong(GOOD MATRIX "exclude: [{workers: [1, 2]}]\n",
          "s.yaml:7:1: exclude: expected to leave a case");
    wrong(HEAD MATRIX "expect:\n  - {verdict: proved, when: {workers: [[1]]}}\n",
          "s.yaml:7:40: when.workers: expected a value of workers, found a list");
    wrong(
        HEAD MATRIX "expect:\n  - {verdict: proved, when: {workers: 1}}\n",
        "s.yaml:6:1: expect: no 'when' fits the case n[workers=2]: expected an entry for it, or a "
        "last one without 'when'");
    wrong(
        HEAD MATRIX "expect:\n  - {verdict: proved}\n  - {verdict: vacuous, when: {workers: 1}}\n",
        "s.yaml:8:5: expect: no case comes to this entry: the ones before it, or 'exclude', leave "
        "none");
}

Test(wrong, a_long_text_is_cut_in_a_message)
{
    char text[2000] = GOOD "count: ", message[400];
    for (int i = 0; i < 200; i++)
        strcat(text, "\xc3\xa9");
    char shown[200] = "";
    for (int i = 0; i < 46; i++)
        strcat(shown, "\xc3\xa9");
    snprintf(message, sizeof message, "s.yaml:5:8: count: expected true or false, found \"%s...\"",
             shown);
    wrong(text, message);
    wrong(GOOD "count: |\n  two\n  lines\n",
          "s.yaml:6:1: count: expected true or false, found \"two\\nlines\\n\"");
}

Test(wrong, a_large_file)
{
    char *text = malloc(65537);
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    memset(text, '#', 65537);
    cr_expect_eq(aw_scenario_parse("s.yaml", text, 65537, &scenario, &error), AW_E_FORMAT);
    cr_expect_str_eq(error.message, "expected a scenario of at most 64 KiB");
    free(text);
}

Test(schema, the_edit_distance_counts_swaps_as_one)
{
    cr_expect_eq(aw_edit_distance("", ""), 0);
    cr_expect_eq(aw_edit_distance("abc", ""), 3);
    cr_expect_eq(aw_edit_distance("abc", "abc"), 0);
    cr_expect_eq(aw_edit_distance("abc", "acb"), 1);
    cr_expect_eq(aw_edit_distance("kitten", "sitting"), 3);
    cr_expect_eq(aw_edit_distance("ca", "abc"), 3);
}

Test(wrong, sweeps)
{
    wrong(GOOD "sweep: [1]\n", "s.yaml:5:8: sweep: expected a map (key: value), found a list");
    wrong(GOOD "args: ${n}\nsweep: {n: [1]}\n",
          "s.yaml:6:12: sweep.n: expected the base case's value and at least one more");
    wrong(GOOD "args: ${n}\nmatrix: {n: [1, 2]}\nsweep: {n: [1, 2]}\n",
          "s.yaml:7:9: sweep: \"n\" is a parameter of 'matrix' already");
    wrong(GOOD "args: ${n}\nsweep: {n: [1, 1]}\n",
          "s.yaml:6:16: sweep.n: the value \"1\" again: two cases would have the same name");
    wrong(
        HEAD "args: ${n} ${m}\nsweep: {n: [1, 2], m: [1, 2]}\n"
             "expect: [{when: {n: 2, m: 2}, verdict: proved}, {verdict: inconclusive}]\n",
        "s.yaml:6:10: expect: no case comes to this entry: the ones before it, or 'exclude', leave "
        "none");
}
