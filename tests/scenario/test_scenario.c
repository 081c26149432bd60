/* SPDX-License-Identifier: MIT */
/*
 * Scenario files: what a right one comes to, and what is said about a wrong one, to the letter.
 * The scenarios of the repository are read from the working folder, which is the repository's.
 */
#define _GNU_SOURCE
#include "scenario/scenario.h"

#include "keep_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario/matrix.h"
#include "scenario/schema.h"
#include "scenario/yaml.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The shortest scenario that is right, without its expectation; and with it. */
#define HEAD "name: n\nabout: a\nprogram: p.so\n"
#define PROVED "expect: {verdict: proved}\n"
#define GOOD HEAD PROVED

static struct aw_scenario *parse(const char *text)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    keep_fixture(text, "");
    int code = aw_scenario_parse("s.yaml", text, strlen(text), &scenario, &error);
    cr_assert_eq(code, 0, "%d:%d: %s\nin:\n%s", error.line, error.column, error.message, text);
    cr_assert_not_null(scenario);
    return scenario;
}

static void wrong(const char *text, const char *message)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    char found[1400];
    keep_fixture(text, message);
    int code = aw_scenario_parse("s.yaml", text, strlen(text), &scenario, &error);
    cr_assert_eq(code, AW_E_FORMAT, "not found to be wrong:\n%s", text);
    cr_assert_null(scenario);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, message, "found:    %s\nexpected: %s\nin:\n%s", found, message, text);
}

/* --- What a right file comes to -------------------------------------------------------------- */

Test(scenario, the_shortest_file_gets_every_default)
{
    struct aw_scenario *scenario = parse(GOOD);
    struct aw_machine_settings machine;
    struct aw_limits limits;
    aw_machine_settings_default(&machine);
    aw_limits_default(&limits);

    cr_assert_eq(scenario->count, 1);
    const struct aw_case *one = &scenario->cases[0];
    cr_expect_str_eq(one->name, "n");
    cr_expect_str_eq(one->about, "a");
    cr_expect_str_eq(one->program, "p.so");
    cr_expect_eq(one->argc, 1);
    cr_expect_str_eq(one->argv[0], "p");
    cr_expect_null(one->argv[1]);
    cr_expect_null(one->env[0]);
    cr_expect_eq(one->machine.pipe_page_size, machine.pipe_page_size);
    cr_expect_eq(one->machine.pipe_slots, machine.pipe_slots);
    cr_expect_eq(one->machine.heap_bytes, machine.heap_bytes);
    cr_expect_eq(one->machine.stack_bytes, machine.stack_bytes);
    cr_expect_eq(one->machine.time, machine.time);
    cr_expect_eq(one->machine.clock_advances, machine.clock_advances);
    cr_expect_eq(one->machine.run_milliseconds, machine.run_milliseconds);
    cr_expect_eq(one->machine.partial_writes, machine.partial_writes);
    cr_expect_eq(one->limits.states, limits.states);
    cr_expect_eq(one->limits.memory_bytes, limits.memory_bytes);
    cr_expect_eq(one->limits.seconds, limits.seconds);
    cr_expect_eq(one->properties, AW_DEFAULT_PROPERTIES);
    cr_expect_eq(one->count, false);
    cr_expect_eq(one->expect.verdict, AW_PROVED);
    cr_expect_eq(one->expect.property, -1);
    cr_expect_eq(one->expect.states, 0);
    cr_expect_eq(one->expect.transitions, 0);
    cr_expect_null(one->expect.interleavings);
    cr_expect_eq(one->faults.count, 0);
    cr_expect_eq(one->faults.budget, 0);
    cr_expect_eq(one->favour_count, 0);
    cr_expect_eq(one->parameter_count, 0);
    cr_expect_str_eq(one->file, "s.yaml");
    cr_expect_eq(one->line, 4);
    aw_scenario_free(scenario);
}

Test(scenario, every_key_is_read)
{
    struct aw_scenario *scenario =
        parse("---\n"
              "name: all.of-it_2\n"
              "about: |\n"
              "  first line\n"
              "  second line\n"
              "program: build/models/x.so\n"
              "args: [-n, 3, 'two words', \"\", $HOME, '$${x}']\n"
              "env: {LANG: C, _A1: 'b c', EMPTY: ''}\n"
              "machine:\n"
              "  pipe_page_size: 64\n"
              "  pipe_slots: 2\n"
              "  heap: 1 MiB\n"
              "  stack: 65536\n"
              "  time: virtual\n"
              "  clock_advances: 0\n"
              "  run_milliseconds: 50\n"
              "  partial_writes: 3\n"
              "  init: pattern\n"
              "limits: {states: 1_000_000, memory: 2GiB, seconds: 1.25}\n"
              "properties: [fifo, drained]\n"
              "count: true\n"
              "expect:\n"
              "  verdict: violated\n"
              "  property: drained\n"
              "  states: 17\n"
              "  transitions: 18\n"
              "  interleavings: 00_123456789012345678901234567890\n"
              "...\n");
    const struct aw_case *one = &scenario->cases[0];
    static const char *const argv[] = {"x", "-n", "3", "two words", "", "$HOME", "${x}"};

    cr_assert_eq(scenario->count, 1);
    cr_expect_str_eq(one->name, "all.of-it_2");
    cr_expect_str_eq(one->about, "first line\nsecond line");
    cr_assert_eq(one->argc, (int)COUNT_OF(argv));
    for (int i = 0; i < one->argc; i++)
        cr_expect_str_eq(one->argv[i], argv[i]);
    cr_expect_null(one->argv[one->argc]);
    cr_expect_str_eq(one->env[0], "LANG=C");
    cr_expect_str_eq(one->env[1], "_A1=b c");
    cr_expect_str_eq(one->env[2], "EMPTY=");
    cr_expect_null(one->env[3]);
    cr_expect_eq(one->machine.pipe_page_size, 64);
    cr_expect_eq(one->machine.pipe_slots, 2);
    cr_expect_eq(one->machine.heap_bytes, 1 << 20);
    cr_expect_eq(one->machine.stack_bytes, 65536);
    cr_expect_eq(one->machine.time, AW_TIME_VIRTUAL);
    cr_expect_eq(one->machine.clock_advances, 0);
    cr_expect_eq(one->machine.run_milliseconds, 50);
    cr_expect_eq(one->machine.partial_writes, 3);
    cr_expect_eq(one->machine.init, AW_INIT_PATTERN);
    cr_expect_eq(one->limits.states, 1000000);
    cr_expect_eq(one->limits.memory_bytes, UINT64_C(2) << 30);
    cr_expect_eq(one->limits.seconds, 1.25);
    cr_expect_eq(one->properties, AW_PROPERTY_BIT(AW_FIFO) | AW_PROPERTY_BIT(AW_DRAINED));
    cr_expect_eq(one->count, true);
    cr_expect_eq(one->expect.verdict, AW_VIOLATED);
    cr_expect_eq(one->expect.property, AW_DRAINED);
    cr_expect_eq(one->expect.states, 17);
    cr_expect_eq(one->expect.transitions, 18);
    cr_expect_str_eq(one->expect.interleavings, "123456789012345678901234567890");
    aw_scenario_free(scenario);
}

Test(scenario, every_verdict_and_property_has_its_name_in_a_file)
{
    for (int i = 0; i < AW_PROPERTY_COUNT; i++) {
        char text[300];
        const char *name = aw_property_name((enum aw_property)i);
        snprintf(text, sizeof text,
                 HEAD "properties: [%s]\nexpect: {verdict: violated, property: %s}\n", name, name);
        struct aw_scenario *scenario = parse(text);
        cr_expect_eq(scenario->cases[0].properties, AW_PROPERTY_BIT(i));
        cr_expect_eq(scenario->cases[0].expect.property, i);
        aw_scenario_free(scenario);
    }
    for (int i = 0; i < AW_VERDICT_COUNT; i++) {
        char text[300];
        if (i == AW_VIOLATED)
            continue;
        snprintf(text, sizeof text, HEAD "expect: {verdict: %s}\n",
                 aw_verdict_name((enum aw_verdict)i));
        struct aw_scenario *scenario = parse(text);
        cr_expect_eq((int)scenario->cases[0].expect.verdict, i);
        aw_scenario_free(scenario);
    }
}

Test(scenario, sizes_have_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"4194304", 4194304},
        {"4_194_304 B", 4194304},
        {"4096 KiB", UINT64_C(4) << 20},
        {"4MiB", UINT64_C(4) << 20},
        {"8 GiB", UINT64_C(8) << 30},
        {"1 TiB", UINT64_C(1) << 40},
        {"\"4 MiB\"", UINT64_C(4) << 20},
        {"none", 0},
    };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char text[300];
        snprintf(text, sizeof text, GOOD "limits: {memory: %s}\n", sizes[i].text);
        struct aw_scenario *scenario = parse(text);
        cr_expect_eq(scenario->cases[0].limits.memory_bytes, sizes[i].bytes, "%s", sizes[i].text);
        aw_scenario_free(scenario);
    }
}

Test(scenario, a_limit_may_be_none)
{
    struct aw_scenario *scenario =
        parse(GOOD "limits: {states: none, memory: none, seconds: none}\n");
    cr_expect_eq(scenario->cases[0].limits.states, 0);
    cr_expect_eq(scenario->cases[0].limits.memory_bytes, 0);
    cr_expect_eq(scenario->cases[0].limits.seconds, 0);
    aw_scenario_free(scenario);
}

Test(scenario, seconds_have_up_to_three_decimals)
{
    struct aw_scenario *scenario = parse(GOOD "limits: {seconds: 0.125}\n");
    cr_expect_eq(scenario->cases[0].limits.seconds, 0.125);
    aw_scenario_free(scenario);
    wrong(GOOD "limits: {seconds: 0.1255}\n",
          "s.yaml:5:19: limits.seconds: expected a number from 0.001 to 31536000, or none, found "
          "\"0.1255\"");
    wrong(GOOD "limits: {seconds: 1.}\n",
          "s.yaml:5:19: limits.seconds: expected a number from 0.001 to 31536000, or none, found "
          "\"1.\"");
}

Test(scenario, a_capacity_is_a_number_of_slots)
{
    struct aw_scenario *scenario = parse(GOOD "machine: {pipe_page_size: 16, pipe_capacity: 64}\n");
    cr_expect_eq(scenario->cases[0].machine.pipe_page_size, 16);
    cr_expect_eq(scenario->cases[0].machine.pipe_slots, 4);
    aw_scenario_free(scenario);
    scenario = parse(GOOD "machine: {pipe_capacity: 1 MiB}\n");
    cr_expect_eq(scenario->cases[0].machine.pipe_slots, 256);
    aw_scenario_free(scenario);
}

Test(scenario, args_as_one_text_are_split_at_blanks_before_parameters_are_replaced)
{
    struct aw_scenario *scenario = parse(HEAD PROVED "args:\n"
                                                     "  --name ${who}   --x=${who}\n"
                                                     "  last\n"
                                                     "matrix: {who: [two words]}\n");
    static const char *const argv[] = {"p", "--name", "two words", "--x=two words", "last"};
    const struct aw_case *one = &scenario->cases[0];
    cr_assert_eq(one->argc, (int)COUNT_OF(argv));
    for (int i = 0; i < one->argc; i++)
        cr_expect_str_eq(one->argv[i], argv[i]);
    aw_scenario_free(scenario);
}

Test(scenario, args_as_one_text_may_have_quotes)
{
    struct aw_scenario *scenario =
        parse(HEAD PROVED "args: |\n"
                          "  --title \"two ${n} 'words'\" '' x'y z'\"\\\"\" a\\ b '\\' \\${n}\n"
                          "matrix: {n: [1]}\n");
    static const char *const argv[] = {"p",   "--title", "two 1 'words'", "", "xy z\"",
                                       "a b", "\\",      "1"};
    const struct aw_case *one = &scenario->cases[0];
    cr_assert_eq(one->argc, (int)COUNT_OF(argv));
    for (int i = 0; i < one->argc; i++)
        cr_expect_str_eq(one->argv[i], argv[i]);
    aw_scenario_free(scenario);
    wrong(HEAD PROVED "args: it's open\n",
          "s.yaml:5:7: args: a quote is not closed; blanks separate the arguments, '...' and "
          "\"...\" keep them together, and \\ takes a quote as it is");
}

static const char *program_of(const char *path, const char *program, char *buffer, size_t size)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    char text[300];
    snprintf(text, sizeof text, "name: n\nabout: a\nprogram: %s\n" PROVED, program);
    cr_assert_eq(aw_scenario_parse(path, text, strlen(text), &scenario, &error), 0, "%s",
                 error.message);
    snprintf(buffer, size, "%s %s", scenario->cases[0].program, scenario->cases[0].argv[0]);
    aw_scenario_free(scenario);
    return buffer;
}

Test(scenario, a_program_is_relative_to_the_working_folder_and_with_a_dot_to_the_file)
{
    char b[200];
    cr_expect_str_eq(program_of("a/b/s.yaml", "build/p.so", b, sizeof b), "build/p.so p");
    cr_expect_str_eq(program_of("a/b/s.yaml", "./p.so", b, sizeof b), "a/b/p.so p");
    cr_expect_str_eq(program_of("a/b/s.yaml", "../p", b, sizeof b), "a/b/../p p");
    cr_expect_str_eq(program_of("a/b/s.yaml", "/lib/p.so", b, sizeof b), "/lib/p.so p");
    cr_expect_str_eq(program_of("/s.yaml", "./p.so", b, sizeof b), "/p.so p");
    cr_expect_str_eq(program_of("s.yaml", "./p.so", b, sizeof b), "./p.so p");
    cr_expect_str_eq(program_of("s.yaml", "../p.so", b, sizeof b), "../p.so p");
    cr_expect_str_eq(program_of("s.yaml", ".so", b, sizeof b), ".so .so");
}

/* --- Matrices -------------------------------------------------------------------------------- */

Test(matrix, the_cases_are_the_full_product_in_the_order_of_the_file)
{
    static const char *const names[] = {
        "n[b=1,a=x]", "n[b=1,a=y]", "n[b=2,a=x]", "n[b=2,a=y]", "n[b=3,a=x]", "n[b=3,a=y]",
    };
    struct aw_scenario *scenario = parse(GOOD "args: \"${a}${b} $${a}\"\n"
                                              "matrix: {b: [1, 2, 3], a: [x, y]}\n");
    cr_assert_eq(scenario->count, (int)COUNT_OF(names));
    for (int i = 0; i < scenario->count; i++)
        cr_expect_str_eq(scenario->cases[i].name, names[i]);
    const struct aw_case *fourth = &scenario->cases[3];
    cr_expect_str_eq(fourth->argv[1], "y2");
    cr_expect_str_eq(fourth->argv[2], "${a}");
    cr_assert_eq(fourth->parameter_count, 2);
    cr_expect_str_eq(fourth->parameters[0].name, "b");
    cr_expect_str_eq(fourth->parameters[0].value, "2");
    cr_expect_str_eq(fourth->parameters[1].name, "a");
    cr_expect_str_eq(fourth->parameters[1].value, "y");
    aw_scenario_free(scenario);
}

Test(matrix, parameters_stand_in_program_env_machine_and_limits)
{
    struct aw_scenario *scenario =
        parse("name: n\nabout: a\nprogram: build/${p}.so\n" PROVED "env: {P: \"is ${p}\"}\n"
              "machine:\n  pipe_page_size: ${page}\n  time: ${time}\n  heap: ${page} KiB\n"
              "limits: {states: \"${page}000\", seconds: \"${page}.5\"}\n"
              "matrix: {p: [one, two], page: [4, 8], time: [virtual]}\n");
    cr_assert_eq(scenario->count, 4);
    const struct aw_case *last = &scenario->cases[3];
    cr_expect_str_eq(last->name, "n[p=two,page=8,time=virtual]");
    cr_expect_str_eq(last->program, "build/two.so");
    cr_expect_str_eq(last->argv[0], "two");
    cr_expect_str_eq(last->env[0], "P=is two");
    cr_expect_eq(last->machine.pipe_page_size, 8);
    cr_expect_eq(last->machine.heap_bytes, 8192);
    cr_expect_eq(last->machine.time, AW_TIME_VIRTUAL);
    cr_expect_eq(last->limits.states, 8000);
    cr_expect_eq(last->limits.seconds, 8.5);
    cr_expect_eq(scenario->cases[0].machine.pipe_page_size, 4);
    aw_scenario_free(scenario);
}

Test(matrix, exclude_leaves_cases_out)
{
    struct aw_scenario *scenario =
        parse(GOOD "args: \"${a} ${b}\"\nmatrix: {a: [1, 2, 3], b: [1, 2, 3]}\n"
                   "exclude:\n  - {a: 1, b: [2, 3]}\n  - {a: [1, 2], b: 3}\n  - {b: 1}\n");
    cr_assert_eq(scenario->count, 3);
    cr_expect_str_eq(scenario->cases[0].name, "n[a=2,b=2]");
    cr_expect_str_eq(scenario->cases[1].name, "n[a=3,b=2]");
    cr_expect_str_eq(scenario->cases[2].name, "n[a=3,b=3]");
    aw_scenario_free(scenario);
}

Test(matrix, an_expectation_is_the_first_that_fits)
{
    struct aw_scenario *scenario = parse(HEAD "args: ${w} ${i}\n"
                                              "matrix: {w: [1, 2], i: [1, 2]}\n"
                                              "properties: [drained, fifo]\n"
                                              "expect:\n"
                                              "  - when: {w: 1, i: [2]}\n"
                                              "    verdict: proved\n"
                                              "    states: 12\n"
                                              "    interleavings: 70\n"
                                              "  - when: {w: [1]}\n"
                                              "    verdict: proved\n"
                                              "    states: 11\n"
                                              "  - {verdict: violated, property: fifo}\n");
    cr_assert_eq(scenario->count, 4);
    cr_expect_eq(scenario->cases[0].expect.states, 11);
    cr_expect_eq(scenario->cases[0].line, 12);
    cr_expect_eq(scenario->cases[0].count, false);
    cr_expect_eq(scenario->cases[1].expect.states, 12);
    cr_expect_eq(scenario->cases[1].line, 8);
    cr_expect_eq(scenario->cases[1].count, true, "a stated number is counted");
    cr_expect_eq(scenario->cases[2].expect.property, AW_FIFO);
    cr_expect_eq(scenario->cases[3].expect.verdict, AW_VIOLATED);
    cr_expect_eq(scenario->cases[3].line, 15);
    aw_scenario_free(scenario);
}

Test(matrix, ten_thousand_cases_are_allowed_and_one_more_is_not)
{
    char text[1000] = GOOD "args: \"${a}${b}${c}${d}\"\nmatrix:\n";
    for (char c = 'a'; c <= 'd'; c++)
        sprintf(text + strlen(text), "  %c: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n", c);
    struct aw_scenario *scenario = parse(text);
    cr_expect_eq(scenario->count, 10000);
    cr_expect_str_eq(scenario->cases[1234].name, "n[a=1,b=2,c=3,d=4]");
    aw_scenario_free(scenario);
    strcpy(strstr(text, "9]\n  d"), "9, x]\n  d: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n");
    wrong(text, "s.yaml:6:1: matrix: expected at most 10000 cases, found 10 x 10 x 11 x 10");
}

Test(matrix, many_large_parameters_do_not_overflow)
{
    char *text = malloc(60000);
    strcpy(text, GOOD "matrix:\n");
    for (char c = 'a'; c <= 'h'; c++) {
        sprintf(text + strlen(text), "  %c: [0", c);
        for (int i = 1; i < 1000; i++)
            sprintf(text + strlen(text), ",%d", i);
        strcat(text, "]\n");
    }
    wrong(text, "s.yaml:5:1: matrix: expected at most 10000 cases, found 1000 x 1000 x 1000 x 1000 "
                "x 1000 x 1000 x 1000 x 1000");
    free(text);
}

Test(scenario, a_sweep_leaves_its_base_one_parameter_at_a_time)
{
    struct aw_scenario *scenario = parse(GOOD "args: ${p} ${n} ${w}\n"
                                              "matrix: {p: [a, b]}\n"
                                              "sweep: {n: [2, 1, 4], w: [2, 8]}\n"
                                              "exclude: [{p: b, n: 4}]\n");
    static const char *const names[] = {
        "n[p=a,n=2,w=2]", "n[p=a,n=2,w=8]", "n[p=a,n=1,w=2]", "n[p=a,n=4,w=2]",
        "n[p=b,n=2,w=2]", "n[p=b,n=2,w=8]", "n[p=b,n=1,w=2]",
    };
    cr_assert_eq(scenario->count, (int)COUNT_OF(names));
    for (int i = 0; i < scenario->count; i++)
        cr_expect_str_eq(scenario->cases[i].name, names[i]);
    aw_scenario_free(scenario);
    scenario = parse(GOOD "args: ${n}\nsweep: {n: [2, 1, 4]}\n");
    cr_expect_eq(scenario->count, 3, "without a matrix");
    aw_scenario_free(scenario);
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

/* --- What is said about a wrong file --------------------------------------------------------- */

#define TOP_KEYS                                                                                   \
    "name, about, program, args, env, machine, limits, properties, count, expect, matrix, "        \
    "sweep, exclude, faults, fault_budget, schedule, traces"
#define PROPERTY_NAMES                                                                             \
    "no-deadlock, no-crash, terminates, drained, exactly-once, fifo, no-error, no-leak, no-data-race, no-memory-error"

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

Test(scenario, anchors_and_aliases_are_understood)
{
    struct aw_scenario *scenario = parse("name: &n same\nabout: *n\nprogram: *n\n"
                                         "properties: &p [fifo]\n" PROVED "args: *p\n");
    cr_expect_str_eq(scenario->cases[0].about, "same");
    cr_expect_str_eq(scenario->cases[0].argv[1], "fifo");
    aw_scenario_free(scenario);
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

/* --- Files and folders ----------------------------------------------------------------------- */

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/aw-scenario-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

TestSuite(files, .init = make_folder, .fini = remove_folder);

Test(files, a_folder_gives_its_scenarios_sorted_and_each_once)
{
    static const char *const expected[] = {"d/c.yml",  "d/B.yaml",   "d/a-1.yaml",
                                           "d/a.yaml", "d/b/x.yaml", "odd.txt"};
    const char *paths[] = {"d/c.yml", "d//", "odd.txt", "d/b", "./d/a.yaml"};
    struct aw_scenario_files files;
    struct aw_error error = {0};

    mkdir("d", 0700);
    mkdir("d/b", 0700);
    mkdir("d/empty", 0700);
    mkdir("d/.hidden", 0700);
    mkdir("d/looks.yaml", 0700);
    put_file("d/.hidden/h.yaml", "");
    put_file("d/.h.yaml", "");
    put_file("d/a.yaml", "");
    put_file("d/a-1.yaml", "");
    put_file("d/B.yaml", "");
    put_file("d/c.yml", "");
    put_file("d/notes.txt", "");
    put_file("d/b/x.yaml", "");
    put_file("odd.txt", "");
    cr_assert_eq(symlink("..", "d/loop"), 0);
    cr_assert_eq(symlink("a.yaml", "d/z.yaml"), 0);

    cr_assert_eq(aw_scenario_find(paths, COUNT_OF(paths), &files, &error), 0, "%s", error.message);
    cr_assert_eq(files.count, (int)COUNT_OF(expected));
    for (int i = 0; i < files.count; i++)
        cr_expect_str_eq(files.paths[i], expected[i]);
    aw_scenario_files_deinit(&files);
}

static void cannot_find(const char *path, const char *message)
{
    struct aw_scenario_files files;
    struct aw_error error = {0};
    char found[1400];
    cr_expect_eq(aw_scenario_find(&path, 1, &files, &error), AW_E_USAGE);
    cr_expect_eq(files.count, 0);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, message);
}

Test(files, a_path_that_leads_to_no_scenario_is_an_error)
{
    mkdir("empty", 0700);
    mkdir("empty/below", 0700);
    put_file("empty/below/notes.txt", "");
    cannot_find("none.yaml", "none.yaml: No such file or directory: expected a scenario file or a "
                             "folder of them");
    cannot_find("empty", "empty: no scenario in this folder: expected *.yaml or *.yml files");
}

Test(files, a_file_is_loaded_from_disk)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    put_file("s.yaml", GOOD);
    cr_assert_eq(aw_scenario_load("s.yaml", &scenario, &error), 0);
    cr_expect_str_eq(scenario->name, "n");
    aw_scenario_free(scenario);
    cr_expect_eq(aw_scenario_load("t.yaml", &scenario, &error), AW_E_IO);
    cr_expect_null(scenario);
    cr_expect_str_eq(error.file, "t.yaml");
    cr_expect_str_eq(error.message, "No such file or directory");
    cr_expect_eq(aw_scenario_load(".", &scenario, &error), AW_E_IO);
    cr_expect_str_eq(error.message, "Is a directory");
    aw_scenario_free(NULL);
}

Test(files, two_scenarios_of_one_name_are_an_error)
{
    struct aw_scenario *three[3];
    struct aw_error error = {0};
    char found[1400];
    static const char *const texts[] = {GOOD, "# m\nname: m\nabout: a\nprogram: p\n" PROVED,
                                        "# n\n# n\n" GOOD};
    for (int i = 0; i < 3; i++) {
        char path[20];
        snprintf(path, sizeof path, "%d.yaml", i);
        cr_assert_eq(aw_scenario_parse(path, texts[i], strlen(texts[i]), &three[i], &error), 0);
    }
    cr_expect_eq(aw_scenario_check_names(three, 2, &error), 0);
    cr_expect_eq(aw_scenario_check_names(three, 0, &error), 0);
    cr_expect_eq(aw_scenario_check_names(three, 3, &error), AW_E_FORMAT);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, "2.yaml:3:7: name: \"n\" again: it is the name of 0.yaml:1 already");
    for (int i = 0; i < 3; i++)
        aw_scenario_free(three[i]);
}

Test(repository, every_scenario_is_right_and_has_a_name_of_its_own)
{
    const char *path = "scenarios";
    struct aw_scenario *scenarios[1000];
    struct aw_scenario_files files;
    struct aw_error error = {0};

    if (access(path, R_OK) != 0)
        cr_skip_test("not started in the repository's folder: no scenarios/ here");
    cr_assert_eq(aw_scenario_find(&path, 1, &files, &error), 0, "%s", error.message);
    cr_assert_leq(files.count, 1000);
    for (int i = 0; i < files.count; i++)
        cr_assert_eq(aw_scenario_load(files.paths[i], &scenarios[i], &error), 0, "%s:%d:%d: %s",
                     error.file, error.line, error.column, error.message);
    cr_expect_eq(aw_scenario_check_names(scenarios, files.count, &error), 0, "%s:%d:%d: %s",
                 error.file, error.line, error.column, error.message);
    for (int i = 0; i < files.count; i++)
        aw_scenario_free(scenarios[i]);
    aw_scenario_files_deinit(&files);
}

/* The content of a file, to be freed; NULL when it cannot be read. */
static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 1 << 16);
    cr_assert_lt(fread(text, 1, 1 << 16, file), 1 << 16);
    fclose(file);
    return text;
}

Test(repository, the_sample_in_the_documentation_is_the_real_file)
{
    char *page = slurp("docs/scenario-format.md");
    char *sample = slurp("scenarios/article/sentinel-per-worker-matrix.yaml");
    if (page == NULL || sample == NULL)
        cr_skip_test("not started in the repository's folder: no docs/ here");
    cr_expect_not_null(strstr(page, sample));
    free(page);
    free(sample);
}

/* --- Whatever the bytes, an answer ----------------------------------------------------------- */

static const char *const seeds[] = {
    GOOD,
    "name: n\nabout: >\n  x\n  y\nprogram: ./p.so\nargs: --items ${items} --workers ${workers}\n"
    "machine:\n  pipe_capacity: 64 KiB\n  heap: 1 MiB\n  time: virtual\nlimits: {states: 1_000, "
    "memory: 2 GiB, seconds: 1.5}\nproperties: [drained, no-crash]\nexpect:\n  - when: {items: "
    "[1, 2]}\n    verdict: violated\n    property: drained\n  - {verdict: proved, states: 12, "
    "interleavings: 1234567}\nmatrix:\n  items: [1, 2, 3]\n  workers: [1, 2]\nexclude:\n  - "
    "{items: "
    "1, workers: 2}\n",
    "---\nname: &x \"n\"\nabout: |-\n  two\n  lines\nprogram: *x\nargs: [a, \"\\x41\\u00e9\", "
    "b]\nenv: {A: "
    "'it''s'}\ncount: true\nexpect: {verdict: vacuous}\n# end\n...\n",
    "name: n\nabout: a\nprogram: p.so\nfaults:\n  - {point: posix/io/rw/write/reduce, lengths: "
    "[1, 3], role: feeder, budget: 2}\n  - point: posix/io/rw/write\n    errno: [EINTR, EPIPE]\n  "
    "  site: send.c:12\n    occurrences: 1-3\n  - {point: my/point, delay: 3 s}\n  - {kind: "
    "crash}\nfault_budget: 2\nschedule: {favour: [feeder]}\nexpect: {verdict: proved}\n",
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Flips, drops, doubles, overwrites and cuts; the same ones in every run. */
static size_t mutate(char *text, size_t size, size_t room, uint64_t *random)
{
    static const char syntax[] = "[]{}:,-&*!|>'\"%@`#?~ \n\t$\\";
    for (int changes = 1 + (int)(next_random(random) % 2); changes > 0 && size > 1; changes--) {
        size_t at = next_random(random) % size;
        size_t length = 1 + next_random(random) % (size - at < 20 ? size - at : 20);
        switch (next_random(random) % 6) {
        case 0:
            text[at] ^= (char)(1 << next_random(random) % 8);
            break;
        case 1:
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
            break;
        case 2:
            if (size + length > room)
                break;
            memmove(text + at + length, text + at, size - at);
            size += length;
            break;
        case 3:
            size = at + 1;
            break;
        default:
            text[at] = syntax[next_random(random) % (sizeof syntax - 1)];
        }
    }
    return size;
}

Test(fuzz, damaged_files_are_loaded_or_refused_with_a_place, .timeout = 120)
{
    int loaded = 0, refused = 0;
    for (size_t i = 0; i < COUNT_OF(seeds); i++)
        aw_scenario_free(parse(seeds[i]));
    for (uint64_t run = 1; run <= 9000; run++) {
        uint64_t random = run * UINT64_C(0x9e3779b97f4a7c15);
        const char *seed = seeds[run % COUNT_OF(seeds)];
        char text[2000];
        size_t size = strlen(seed);
        struct aw_scenario *scenario;
        struct aw_error error = {0};

        memcpy(text, seed, size);
        size = mutate(text, size, sizeof text, &random);
        char *exact = malloc(size); /* so that the sanitizer sees a byte too far */
        memcpy(exact, text, size);
        if (aw_scenario_parse("s.yaml", exact, size, &scenario, &error) == 0) {
            cr_assert_geq(scenario->count, 1);
            cr_assert_neq(scenario->cases[0].properties, 0);
            loaded++;
        } else {
            cr_assert_eq(error.code, AW_E_FORMAT, "run %d: %s", (int)run, error.message);
            cr_assert_gt(error.line, 0);
            cr_assert_gt(error.column, 0);
            cr_assert_neq(error.message[0], '\0');
            cr_assert_null(strchr(error.message, '\n'));
            cr_assert_null(scenario);
            refused++;
        }
        free(exact);
        aw_scenario_free(scenario);
    }
    cr_expect_gt(loaded, 300, "the damage is too great to test anything: %d loaded", loaded);
    cr_expect_gt(refused, 300);
}
