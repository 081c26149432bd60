/* SPDX-License-Identifier: MIT */
/*
 * Reports: when an expectation is met, what the exit status is, and what is printed.
 */
#define _GNU_SOURCE
#include "report/report.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static struct aw_report report;

static struct aw_report_case *enter(const char *name, enum aw_verdict expected, int property,
                                    enum aw_verdict found, int violated)
{
    struct aw_report_case *one = aw_report_add(&report, name);
    one->expect.verdict = expected;
    one->expect.property = property;
    one->properties = AW_DEFAULT_PROPERTIES | AW_PROPERTY_BIT(AW_DRAINED);
    one->result.verdict = found;
    one->compare_search = true;
    if (found == AW_VIOLATED) {
        one->result.violated = (enum aw_property)violated;
        one->result.properties[violated] = AW_IS_VIOLATED;
    }
    aw_report_judge(one);
    return one;
}

static int status_of(enum aw_verdict expected, enum aw_verdict found)
{
    aw_report_init(&report);
    enter("one", expected, -1, found, AW_NO_CRASH);
    int status = aw_report_status(&report);
    aw_report_deinit(&report);
    return status;
}

Test(report, the_exit_status_tells_unmet_from_undecided)
{
    cr_expect_eq(status_of(AW_PROVED, AW_PROVED), 0);
    cr_expect_eq(status_of(AW_VIOLATED, AW_VIOLATED), 0);
    cr_expect_eq(status_of(AW_INCONCLUSIVE, AW_INCONCLUSIVE), 0);
    cr_expect_eq(status_of(AW_VACUOUS, AW_VACUOUS), 0);
    cr_expect_eq(status_of(AW_PROVED, AW_VIOLATED), 1);
    cr_expect_eq(status_of(AW_VIOLATED, AW_PROVED), 1);
    cr_expect_eq(status_of(AW_INCONCLUSIVE, AW_PROVED), 1);
    cr_expect_eq(status_of(AW_PROVED, AW_INCONCLUSIVE), 3);
    cr_expect_eq(status_of(AW_PROVED, AW_VACUOUS), 3);
    cr_expect_eq(status_of(AW_VIOLATED, AW_UNCONTROLLED), 3);
}

Test(report, of_several_statuses_2_comes_first_then_1_then_3)
{
    aw_report_init(&report);
    cr_expect_eq(aw_report_status(&report), 0);
    enter("a", AW_PROVED, -1, AW_INCONCLUSIVE, 0);
    cr_expect_eq(aw_report_status(&report), 3);
    enter("b", AW_PROVED, -1, AW_VIOLATED, AW_DRAINED);
    cr_expect_eq(aw_report_status(&report), 1);
    report.errors = 1;
    cr_expect_eq(aw_report_status(&report), 2);
    aw_report_deinit(&report);

    enter("c", AW_PROVED, -1, AW_PROVED, 0);
    report.interrupted = true;
    cr_expect_eq(aw_report_status(&report), 3, "what was not run is not known");
    aw_report_deinit(&report);
}

Test(report, of_several_violated_properties_the_expected_one_is_named)
{
    char words[96];
    struct aw_report_case *one = enter("a", AW_VIOLATED, AW_DRAINED, AW_VIOLATED, AW_NO_CRASH);
    cr_expect_str_eq(aw_report_words(one, words, sizeof words), "violated no-crash");
    one->result.properties[AW_DRAINED] = AW_IS_VIOLATED;
    cr_expect_str_eq(aw_report_words(one, words, sizeof words), "violated drained");
    aw_report_deinit(&report);
}

Test(report, the_property_has_to_be_the_expected_one)
{
    struct aw_report_case *one = enter("a", AW_VIOLATED, AW_DRAINED, AW_VIOLATED, AW_NO_CRASH);
    cr_expect_not(one->met);
    cr_expect_str_eq(one->unmet, "expected violated drained, found violated no-crash");
    one->result.properties[AW_DRAINED] = AW_IS_VIOLATED; /* both, in the whole graph */
    aw_report_judge(one);
    cr_expect(one->met);
    aw_report_deinit(&report);
}

Test(report, stated_counts_are_compared)
{
    struct aw_report_case *one = enter("a", AW_PROVED, -1, AW_PROVED, 0);
    one->expect.states = 10;
    one->expect.transitions = 12;
    one->expect.interleavings = aw_string_copy("123456789012345678901234567890");
    one->result.states = 10;
    one->result.transitions = 11;
    aw_report_judge(one);
    cr_expect_not(one->met);
    cr_expect_str_eq(one->unmet, "transitions: expected 12, found 11; interleavings: expected "
                                 "123456789012345678901234567890, found none counted");
    one->compare_search = false; /* another search has other numbers */
    one->result.interleavings = aw_string_copy("123456789012345678901234567890");
    aw_report_judge(one);
    cr_expect(one->met, "%s", one->unmet);
    cr_expect_eq(aw_report_status(&report), 0);
    aw_report_deinit(&report);
}

Test(report, numbers_are_grouped)
{
    char buffer[32];
    cr_expect_str_eq(aw_grouped(0, buffer), "0");
    cr_expect_str_eq(aw_grouped(999, buffer), "999");
    cr_expect_str_eq(aw_grouped(1000, buffer), "1,000");
    cr_expect_str_eq(aw_grouped(UINT64_MAX, buffer), "18,446,744,073,709,551,615");
}

static void fill(void)
{
    struct aw_report_case *one =
        enter("pool[items=1]", AW_VIOLATED, AW_DRAINED, AW_VIOLATED, AW_DRAINED);
    one->trace = aw_string_copy("traces/pool[items=1].trace");
    one->result.states = 1234;
    one->result.transitions = 2345;
    one->result.code_runs = 99;
    one->result.seconds = 0.25;
    one->result.peak_memory_bytes = 1 << 20;
    one->result.schedule.count = 29;
    one->result.preemptions = 1;
    one->result.assumptions[0] = aw_string_copy("no data races");
    one->result.assumption_count = 1;
    strcpy(one->result.message, "items were lost");
    one->result.properties[AW_NO_DEADLOCK] = AW_UNDECIDED;
    one->result.properties[AW_TERMINATES] = AW_NOT_EXERCISED;
    one = enter("other", AW_PROVED, -1, AW_PROVED, 0);
    one->result.interleavings = aw_string_copy("42");
    one->result.assumptions[0] = aw_string_copy("no data races");
    one->result.assumptions[1] = aw_string_copy("strong fairness");
    one->result.assumption_count = 2;
}

static char *printed(int (*print)(FILE *out))
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    print(out);
    fclose(out);
    return text;
}

static int print_table(FILE *out)
{
    aw_table_head(out, 13);
    for (int i = 0; i < report.count; i++)
        aw_table_row(out, 13, &report.cases[i]);
    aw_table_tail(out, &report);
    return 0;
}

static int print_json(FILE *out)
{
    return aw_report_json(out, &report);
}

Test(report, a_table_says_what_was_found_and_how_to_see_it)
{
    fill();
    cr_expect_str_eq(
        printed(print_table),
        "     scenario       verdict                expected                     states      time"
        "  trace\n"
        "ok   pool[items=1]  violated drained       violated drained              1,234    0.25 s"
        "  traces/pool[items=1].trace\n"
        "ok   other          proved                 proved                            0    0.00 s\n"
        "\n"
        "pool[items=1]\n"
        "  items were lost\n"
        "  29 steps, 1 preemption, 0 faults, not proved minimal\n"
        "  allways show 'traces/pool[items=1].trace'\n"
        "  allways replay 'traces/pool[items=1].trace'\n"
        "\n"
        "other\n"
        "  interleavings: 42\n"
        "\n"
        "assumed\n"
        "  - no data races\n"
        "  - strong fairness\n"
        "\n"
        "2 cases: 2 as expected, 0 not\n");
    aw_report_deinit(&report);
}

Test(report, what_is_not_as_expected_is_said)
{
    enter("a", AW_PROVED, -1, AW_INCONCLUSIVE, 0);
    char *text = printed(print_table);
    cr_expect_not_null(strstr(text, "\nFAIL a "));
    cr_expect_not_null(
        strstr(text, "\na\n  not as expected: expected proved, found inconclusive\n"));
    cr_expect_not_null(strstr(text, "1 case: 0 as expected, 1 not\n"));
    aw_report_deinit(&report);
}

Test(report, expected_violations_are_told_while_they_are_few)
{
    fill();
    enter("third", AW_PROVED, -1, AW_PROVED, 0);
    char *text = printed(print_table);
    cr_expect_not_null(strstr(text, "\npool[items=1]\n  items were lost\n"));
    cr_expect_null(strstr(text, "expected violation"));
    free(text);
    enter("fourth", AW_VIOLATED, -1, AW_VIOLATED, AW_NO_CRASH);
    struct aw_report_case *one = enter("fifth", AW_PROVED, -1, AW_VIOLATED, AW_NO_CRASH);
    strcpy(one->result.message, "crash");
    one = enter("sixth", AW_VACUOUS, -1, AW_VACUOUS, 0);
    strcpy(one->result.message, "no execution reaches it");
    text = printed(print_table);
    cr_expect_null(strstr(text, "\npool[items=1]\n"));
    cr_expect_null(strstr(text, "\nfourth\n"));
    cr_expect_not_null(strstr(text, "\nfifth\n  not as expected"), "%s", text);
    cr_expect_not_null(strstr(text, "\nsixth\n  no execution reaches it\n"), "%s", text);
    cr_expect_not_null(strstr(text, "\n\n2 expected violations: traces in traces/\n"), "%s", text);
    free(text);
    aw_report_deinit(&report);
}

Test(report, json_has_exactly_these_members)
{
    fill();
    json_t *root = json_loads(printed(print_json), JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(root);
    cr_expect_eq(json_object_size(root), 4);
    cr_expect_str_eq(json_string_value(json_object_get(root, "allways")), AW_VERSION);
    json_t *expected = json_loads(
        "[{\"scenario\": \"pool[items=1]\", \"verdict\": \"violated\","
        "  \"expected\": \"violated drained\", \"met\": true, \"states\": 1234,"
        "  \"transitions\": 2345, \"code_runs\": 99, \"interleavings\": null,"
        "  \"assumptions\": [\"no data races\"], \"seconds\": 0.25,"
        "  \"peak_memory_bytes\": 1048576, \"message\": \"items were lost\","
        "  \"trace\": \"traces/pool[items=1].trace\","
        "  \"properties\": {\"no-deadlock\": \"undecided\", \"no-crash\": \"holds\","
        "    \"terminates\": \"not exercised\", \"drained\": \"violated\","
        "    \"no-data-race\": \"holds\", \"no-memory-error\": \"holds\"},"
        "  \"bounded\": false, \"cached\": false, \"run\": true},"
        " {\"scenario\": \"other\", \"verdict\": \"proved\", \"expected\": \"proved\","
        "  \"met\": true, \"states\": 0, \"transitions\": 0, \"code_runs\": 0,"
        "  \"interleavings\": \"42\", \"assumptions\": [\"no data races\", \"strong fairness\"],"
        "  \"seconds\": 0.0, \"peak_memory_bytes\": 0, \"message\": null, \"trace\": null,"
        "  \"properties\": {\"no-deadlock\": \"holds\", \"no-crash\": \"holds\","
        "    \"terminates\": \"holds\", \"drained\": \"holds\", \"no-data-race\": \"holds\", "
        "    \"no-memory-error\": \"holds\"},"
        "  \"bounded\": false, \"cached\": false, \"run\": true}]",
        0, NULL);
    cr_assert_not_null(expected);
    cr_expect(json_equal(json_object_get(root, "results"), expected), "%s",
              json_dumps(root, JSON_INDENT(1)));
    aw_report_deinit(&report);
}

Test(report, a_report_without_results_is_json_too)
{
    json_t *root = json_loads(printed(print_json), 0, NULL);
    cr_expect_eq(json_array_size(json_object_get(root, "results")), 0);
}

Test(report, short_runs_show_no_progress)
{
    struct aw_report_progress progress;
    struct aw_progress now = {.states = 5, .seconds = 0.3, .phase = "searching"};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    aw_progress_start(&progress, out); /* no terminal */
    aw_progress_show(&progress, "a", &now);
    fflush(out);
    cr_expect_eq(size, 0);
    now.seconds = 5.1;
    now.states = 123456;
    now.queued = 7;
    aw_progress_show(&progress, "a", &now);
    now.seconds = 9;
    aw_progress_show(&progress, "a", &now);
    now.seconds = 10.2;
    now.restarts = 2;
    aw_progress_show(&progress, "a", &now);
    aw_progress_end(&progress);
    fflush(out);
    cr_expect_str_eq(text, "a: searching, 123,456 states, 7 to go on from, 5 s\n"
                           "a: searching, 123,456 states, 7 to go on from, restart 2, 10 s\n");
}

Test(report, a_sent_case_is_received_whole_or_not_at_all)
{
    char *bytes;
    size_t size;
    aw_report_init(&report);
    struct aw_report_case *one = enter("a case", AW_PROVED, -1, AW_PROVED, 0);
    one->result.states = 41;
    one->result.assumptions[one->result.assumption_count++] = aw_string_copy("an assumption");
    one->result.schedule.choices = aw_allocate(3, sizeof *one->result.schedule.choices);
    one->result.schedule.count = 3;
    one->result.schedule.choices[2].pid = 7;
    FILE *file = open_memstream(&bytes, &size);
    cr_assert_eq(aw_report_send(file, one), 0);
    fclose(file);
    for (size_t part = 0; part < size; part++)
        cr_assert_null(aw_report_receive(&report, bytes, part), "%zu of %zu", part, size);
    cr_expect_eq(report.count, 1);
    cr_expect(aw_report_sent_met(bytes, size));
    cr_expect_not(aw_report_sent_met(bytes, 1));
    one = aw_report_receive(&report, bytes, size);
    cr_assert_not_null(one);
    cr_expect_eq(report.count, 2);
    cr_expect_str_eq(one->name, "a case");
    cr_expect(one->met);
    cr_expect_null(one->trace);
    cr_expect_eq(one->result.states, 41);
    cr_expect_str_eq(one->result.assumptions[0], "an assumption");
    cr_expect_neq(one->result.assumptions[0], report.cases[0].result.assumptions[0]);
    cr_expect_eq(one->result.schedule.choices[2].pid, 7);
    aw_report_deinit(&report);
    free(bytes);
}
