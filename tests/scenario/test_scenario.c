/* SPDX-License-Identifier: MIT */
/* Scenario files: what a right one comes to. */
#define _GNU_SOURCE
#include "scenario_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/matrix.h"

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
    static const char *const argv[] = {"p",  "--title", "two 1 'words'", "", "xy z\"", "a b",
                                       "\\", "1"};
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

Test(scenario, anchors_and_aliases_are_understood)
{
    struct aw_scenario *scenario = parse("name: &n same\nabout: *n\nprogram: *n\n"
                                         "properties: &p [fifo]\n" PROVED "args: *p\n");
    cr_expect_str_eq(scenario->cases[0].about, "same");
    cr_expect_str_eq(scenario->cases[0].argv[1], "fifo");
    aw_scenario_free(scenario);
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
