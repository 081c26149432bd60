/* SPDX-License-Identifier: MIT */
/*
 * The keys `faults`, `fault_budget` and `schedule`: the plan that they come to, and every message
 * about a wrong one, to the letter.
 */
#include "scenario_box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One fault on line 5, its first key in column 11. */
#define FAULT(keys) GOOD "faults: [{" keys "}]\n"

/* --- What a plan comes to -------------------------------------------------------------------- */

Test(plan, every_key_of_a_fault_is_read)
{
    struct aw_scenario *scenario =
        parse(GOOD "faults:\n"
                   "  - point: posix/io/rw/write\n"
                   "    kind: errno\n"
                   "    errno: [EPIPE, EINTR]\n"
                   "    role: feeder\n"
                   "    site: mpqueue/send.c:120\n"
                   "    occurrences: 2-5\n"
                   "    budget: 3\n"
                   "  - {point: posix/io/rw/read/reduce, lengths: [7, 1, 3]}\n"
                   "  - {point: mpqueue/feeder/serialise, value: [22, 5], occurrences: 4}\n"
                   "  - {point: mpqueue/feeder/wake, delay: 250 ms, site: feeder_main}\n"
                   "fault_budget: 4\n"
                   "schedule: {favour: [feeder, worker]}\n");
    const struct aw_case *one = &scenario->cases[0];
    const struct aw_fault *fault = one->faults.faults;

    cr_assert_eq(one->faults.count, 4);
    cr_expect_eq(one->faults.budget, 4);
    cr_expect_eq(fault[0].kind, AW_FAULT_ERRNO);
    cr_expect_str_eq(fault[0].point, "posix/io/rw/write");
    cr_assert_eq(fault[0].value_count, 2);
    cr_expect_eq(fault[0].values[0], EPIPE);
    cr_expect_eq(fault[0].values[1], EINTR);
    cr_expect_str_eq(fault[0].role, "feeder");
    cr_expect_str_eq(fault[0].site, "mpqueue/send.c:120");
    cr_expect_eq(fault[0].first, 2);
    cr_expect_eq(fault[0].last, 5);
    cr_expect_eq(fault[0].budget, 3);
    cr_expect_eq(fault[0].line, 6);
    cr_expect_eq(fault[0].column, 5);

    cr_expect_eq(fault[1].kind, AW_FAULT_PARTIAL);
    cr_expect_eq(fault[1].lengths, AW_LENGTHS_LISTED);
    cr_assert_eq(fault[1].value_count, 3);
    cr_expect_eq(fault[1].values[0], 1);
    cr_expect_eq(fault[1].values[1], 3);
    cr_expect_eq(fault[1].values[2], 7);
    cr_expect_eq(fault[1].budget, 1);
    cr_expect_eq(fault[1].first, 0);
    cr_expect_eq(fault[1].last, 0);
    cr_expect_str_eq(fault[1].role, "");
    cr_expect_str_eq(fault[1].site, "");

    cr_expect_eq(fault[2].kind, AW_FAULT_FAIL);
    cr_assert_eq(fault[2].value_count, 2);
    cr_expect_eq(fault[2].values[0], 22);
    cr_expect_eq(fault[2].values[1], 5);
    cr_expect_eq(fault[2].first, 4);
    cr_expect_eq(fault[2].last, 4);

    cr_expect_eq(fault[3].kind, AW_FAULT_DELAY);
    cr_expect_eq(fault[3].delay_ns, 250000000);
    cr_expect_eq(fault[3].value_count, 0);
    cr_expect_str_eq(fault[3].site, "feeder_main");

    cr_assert_eq(one->favour_count, 2);
    cr_expect_str_eq(one->favour[0], "feeder");
    cr_expect_str_eq(one->favour[1], "worker");
    aw_scenario_free(scenario);
}

static struct aw_fault only_fault(const char *text)
{
    struct aw_scenario *scenario = parse(text);
    cr_assert_eq(scenario->cases[0].faults.count, 1);
    cr_assert_eq(scenario->cases[0].faults.budget, scenario->cases[0].faults.faults[0].budget);
    struct aw_fault fault = scenario->cases[0].faults.faults[0];
    aw_scenario_free(scenario);
    return fault;
}

Test(plan, the_point_decides_what_is_not_stated)
{
    struct aw_fault fault = only_fault(FAULT("point: posix/proc/fork"));
    cr_expect_eq(fault.kind, AW_FAULT_ERRNO);
    cr_expect_eq(fault.value_count, 1);
    cr_expect_eq(fault.values[0], EAGAIN);
    cr_expect_eq(fault.budget, 1);

    fault = only_fault(FAULT("point: posix/io/rw/write/reduce"));
    cr_expect_eq(fault.kind, AW_FAULT_PARTIAL);
    cr_expect_eq(fault.lengths, AW_LENGTHS_EVERY);
    cr_expect_eq(fault.value_count, 0);

    fault = only_fault(FAULT("point: my/point"));
    cr_expect_eq(fault.kind, AW_FAULT_FAIL);
    cr_expect_eq(fault.value_count, 1);
    cr_expect_eq(fault.values[0], 1);

    fault = only_fault(FAULT("point: posix/io/rw/write, delay: 3 s"));
    cr_expect_eq(fault.kind, AW_FAULT_DELAY);
    cr_expect_eq(fault.delay_ns, INT64_C(3000000000));
    fault = only_fault(FAULT("point: allways/delay, delay: 10us"));
    cr_expect_eq(fault.kind, AW_FAULT_DELAY);
    cr_expect_eq(fault.delay_ns, 10000);
}

Test(plan, the_kind_decides_the_point_of_what_may_strike_anywhere)
{
    static const struct {
        const char *text;
        enum aw_fault_kind kind;
        const char *point;
    } kinds[] = {
        {FAULT("kind: crash"), AW_FAULT_CRASH, "allways/crash"},
        {FAULT("kind: sigterm"), AW_FAULT_SIGTERM, "allways/sigterm"},
        {FAULT("kind: spurious"), AW_FAULT_SPURIOUS, "allways/spurious"},
        {FAULT("point: allways/crash"), AW_FAULT_CRASH, "allways/crash"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct aw_fault fault = only_fault(kinds[i].text);
        cr_expect_eq(fault.kind, kinds[i].kind);
        cr_expect_str_eq(fault.point, kinds[i].point);
        cr_expect_eq(fault.value_count, 0);
    }
}

Test(plan, lengths_are_every_the_meaningful_or_some)
{
    struct aw_fault fault = only_fault(FAULT("point: posix/io/rw/write/reduce, lengths: every"));
    cr_expect_eq(fault.lengths, AW_LENGTHS_EVERY);
    fault = only_fault(FAULT("point: posix/io/rw/write/reduce, lengths: meaningful"));
    cr_expect_eq(fault.lengths, AW_LENGTHS_MEANINGFUL);
    cr_expect_eq(fault.value_count, 0);
    fault = only_fault(FAULT("point: posix/io/rw/write/reduce, lengths: 4"));
    cr_expect_eq(fault.lengths, AW_LENGTHS_LISTED);
    cr_expect_eq(fault.value_count, 1);
    cr_expect_eq(fault.values[0], 4);
}

Test(plan, every_point_of_the_table_can_be_planned)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count; i++) {
        char text[300];
        snprintf(text, sizeof text, GOOD "faults: [{point: %s%s}]\n", points[i].name,
                 points[i].kind == AW_FAULT_DELAY ? ", delay: 1 ms" : "");
        cr_expect_eq(only_fault(text).kind, points[i].kind, "%s", points[i].name);
        for (int k = 0; k < AW_FAULT_MAX_ERRNOS && points[i].errnos[k] != 0; k++) {
            snprintf(text, sizeof text, GOOD "faults: [{point: %s, errno: %s}]\n", points[i].name,
                     aw_fault_errno_name(points[i].errnos[k]));
            cr_expect_eq(only_fault(text).values[0], points[i].errnos[k]);
        }
    }
}

Test(plan, values_take_parameters)
{
    struct aw_scenario *scenario =
        parse(GOOD "faults:\n"
                   "  - {point: 'posix/io/rw/${call}/reduce', lengths: '${lengths}',\n"
                   "     role: '${role}', budget: '${budget}', occurrences: '1-${budget}'}\n"
                   "  - {point: my/point, delay: '${delay} ms', site: '${role}.c:${budget}'}\n"
                   "fault_budget: ${budget}\n"
                   "schedule: {favour: ['${role}']}\n"
                   "matrix: {call: [read, write], lengths: [every, 3], role: [feeder],\n"
                   "         budget: [1, 2], delay: [5]}\n");
    cr_assert_eq(scenario->count, 8);
    const struct aw_case *last = &scenario->cases[7];
    const struct aw_fault *fault = last->faults.faults;
    cr_expect_str_eq(fault[0].point, "posix/io/rw/write/reduce");
    cr_expect_eq(fault[0].lengths, AW_LENGTHS_LISTED);
    cr_expect_eq(fault[0].values[0], 3);
    cr_expect_str_eq(fault[0].role, "feeder");
    cr_expect_eq(fault[0].budget, 2);
    cr_expect_eq(fault[0].last, 2);
    cr_expect_eq(fault[1].delay_ns, 5000000);
    cr_expect_str_eq(fault[1].site, "feeder.c:2");
    cr_expect_eq(last->faults.budget, 2);
    cr_expect_str_eq(last->favour[0], "feeder");
    cr_expect_str_eq(scenario->cases[0].faults.faults[0].point, "posix/io/rw/read/reduce");
    cr_expect_eq(scenario->cases[0].faults.budget, 1);
    aw_scenario_free(scenario);
}

Test(plan, a_budget_may_be_0_for_none_at_all)
{
    struct aw_fault fault = only_fault(FAULT("kind: crash, budget: 0"));
    cr_expect_eq(fault.budget, 0);
    struct aw_scenario *scenario =
        parse(GOOD "faults: [{kind: crash, budget: 2}, {kind: sigterm}]\nfault_budget: 0\n");
    cr_expect_eq(scenario->cases[0].faults.count, 2);
    cr_expect_eq(scenario->cases[0].faults.budget, 0);
    aw_scenario_free(scenario);
}

/* --- What is refused ------------------------------------------------------------------------- */

Test(wrong_plan, points)
{
    wrong(FAULT("point: posix/io/rw/wirte"),
          "s.yaml:5:18: unknown fault point \"posix/io/rw/wirte\", did you mean "
          "\"posix/io/rw/write\"? expected one of posix/io/rw/write, posix/io/rw/write/reduce, "
          "posix/io/rw/writev, posix/io/rw/writev/reduce, posix/io/rw/read, "
          "posix/io/rw/read/reduce, posix/io/rw/readv, posix/io/rw/readv/reduce, "
          "posix/io/oc/close, posix/io/net/poll, posix/proc/fork, posix/proc/wait, "
          "posix/proc/waitpid, posix/proc/kill");
    wrong(FAULT("point: libc/mm/mmap"),
          "s.yaml:5:18: unknown fault point \"libc/mm/mmap\"; expected one of libc/mm/malloc, "
          "libc/mm/calloc, libc/mm/realloc");
    wrong(FAULT("point: allways/earthquake"),
          "s.yaml:5:18: unknown fault point \"allways/earthquake\"; expected one of "
          "allways/sem/wait, allways/sem/timedwait, allways/sem/trywait, allways/sem/open, "
          "allways/thread/create, allways/pipe, allways/sleep, allways/spurious, allways/delay, "
          "allways/sigterm, allways/crash");
    /* A name without a known beginning is the program's, but not when it is a slip of the pen. */
    wrong(FAULT("point: lib/mm/malloc"),
          "s.yaml:5:18: unknown fault point \"lib/mm/malloc\", did you mean \"libc/mm/malloc\"? "
          "expected one of libc/mm/malloc, libc/mm/calloc, libc/mm/realloc");
    wrong(FAULT("point: 'posix/io/*'"),
          "s.yaml:5:18: faults.point: expected a name of at most 95 letters, digits, '_', '-', "
          "'.', with '/' between, found \"posix/io/*\"");
    wrong(FAULT("point: my/point/"),
          "s.yaml:5:18: faults.point: expected a name of at most 95 letters, digits, '_', '-', "
          "'.', with '/' between, found \"my/point/\"");
    wrong(FAULT("point:"), "s.yaml:5:11: faults.point: expected a text, found nothing");
    wrong(FAULT("budget: 1"), "s.yaml:5:10: faults: expected a 'point': only crash, sigterm and "
                              "spurious know theirs");
    wrong(FAULT("kind: delay, delay: 1 s"),
          "s.yaml:5:10: faults: expected a 'point': only crash, sigterm and spurious know theirs; "
          "of the kind delay: allways/delay, or one of the program's own, as in "
          "fiu_fail(\"my/point\")");
    wrong(FAULT("kind: partial"),
          "s.yaml:5:10: faults: expected a 'point': only crash, sigterm and spurious know theirs; "
          "of the kind partial: posix/io/rw/write/reduce, posix/io/rw/writev/reduce, "
          "posix/io/rw/read/reduce, posix/io/rw/readv/reduce");
}

Test(wrong_plan, kinds)
{
    wrong(FAULT("point: my/point, kind: fial"),
          "s.yaml:5:34: unknown kind of fault \"fial\", did you mean \"fail\"? expected one of "
          "errno, partial, delay, fail, crash, sigterm, spurious");
    wrong(FAULT("point: posix/io/rw/write, kind: partial"),
          "s.yaml:5:43: faults.kind: posix/io/rw/write cannot have the kind partial; expected one "
          "of errno, delay; it is cut short at posix/io/rw/write/reduce");
    wrong(FAULT("point: posix/io/rw/read, kind: sigterm"),
          "s.yaml:5:42: faults.kind: posix/io/rw/read cannot have the kind sigterm; expected one "
          "of errno, delay; sigterm needs no point: 'role', 'site' and 'occurrences' say where");
    wrong(FAULT("point: posix/io/rw/write, kind: eintr"),
          "s.yaml:5:43: faults.kind: eintr is an errno; expected 'errno: EINTR' beside a 'point'");
    wrong(FAULT("point: posix/io/rw/write/reduce, kind: delay, delay: 1 s"),
          "s.yaml:5:50: faults.kind: posix/io/rw/write/reduce cannot have the kind delay; expected "
          "partial");
    wrong(FAULT("point: my/point, kind: errno"),
          "s.yaml:5:34: faults.kind: the program's own point my/point cannot have the kind errno; "
          "expected one of delay, fail");
    wrong(FAULT("point: my/point, kind: crash"),
          "s.yaml:5:34: faults.kind: the program's own point my/point cannot have the kind crash; "
          "expected one of delay, fail; crash needs no point: 'role', 'site' and 'occurrences' say "
          "where");
    wrong(FAULT("point: allways/crash, kind: sigterm"),
          "s.yaml:5:39: faults.kind: allways/crash cannot have the kind sigterm; expected "
          "crash; sigterm needs no point: 'role', 'site' and 'occurrences' say where");
}

Test(wrong_plan, keys_that_belong_to_another_kind)
{
    wrong(FAULT("point: posix/io/rw/write, lengths: every"),
          "s.yaml:5:37: faults.lengths: expected only with the kind partial, found the kind errno "
          "at posix/io/rw/write");
    wrong(FAULT("kind: crash, errno: EINTR"),
          "s.yaml:5:24: faults.errno: expected only with the kind errno, found the kind crash at "
          "allways/crash");
    wrong(FAULT("point: posix/io/rw/write, value: 1"),
          "s.yaml:5:37: faults.value: expected only with the kind fail, found the kind errno at "
          "posix/io/rw/write");
    wrong(FAULT("point: posix/io/rw/write, kind: errno, delay: 1 s"),
          "s.yaml:5:50: faults.delay: expected only with the kind delay, found the kind errno at "
          "posix/io/rw/write");
    wrong(FAULT("point: my/point, value: 1, delay: 1 s"),
          "s.yaml:5:28: faults.value: expected only with the kind fail, found the kind delay at "
          "my/point");
    wrong(FAULT("point: my/point, every: 2"),
          "s.yaml:5:28: unknown key of a fault \"every\"; expected one of point, kind, errno, "
          "lengths, value, delay, role, site, occurrences, budget");
}

Test(wrong_plan, errnos)
{
    wrong(FAULT("point: posix/io/rw/write, errno: ESRCH"),
          "s.yaml:5:44: faults.errno: posix/io/rw/write cannot give ESRCH; expected one of EINTR, "
          "EAGAIN, EPIPE, ENOSPC, EIO");
    wrong(FAULT("point: posix/io/rw/write, errno: [EINTR, EPIP]"),
          "s.yaml:5:52: unknown errno of posix/io/rw/write \"EPIP\", did you mean \"EPIPE\"? "
          "expected one of EINTR, EAGAIN, EPIPE, ENOSPC, EIO");
    wrong(FAULT("point: allways/sem/wait, errno: EAGAIN"),
          "s.yaml:5:43: faults.errno: allways/sem/wait cannot give EAGAIN; expected EINTR");
    wrong(FAULT("point: allways/sem/wait, errno: 4"),
          "s.yaml:5:43: unknown errno of allways/sem/wait \"4\"; expected EINTR");
    wrong(FAULT("point: posix/io/rw/write, errno: [EINTR, EINTR]"),
          "s.yaml:5:52: faults.errno: expected each value once, found \"EINTR\" again");
    wrong(FAULT("point: posix/io/rw/write, errno: []"),
          "s.yaml:5:44: faults.errno: expected a list, found an empty list");
    wrong(FAULT("point: posix/io/rw/write, errno: [[EINTR]]"),
          "s.yaml:5:45: faults.errno: expected a text, found a list");
}

Test(wrong_plan, lengths)
{
#define REDUCE "point: posix/io/rw/write/reduce, "
    wrong(FAULT(REDUCE "lengths: 0"), "s.yaml:5:53: faults.lengths: expected a whole number from 1 "
                                      "to 67108864, found \"0\"");
    wrong(FAULT(REDUCE "lengths: [1, 0]"),
          "s.yaml:5:57: faults.lengths: expected a whole number from 1 to 67108864, found \"0\"");
    wrong(FAULT(REDUCE "lengths: [1, every]"),
          "s.yaml:5:57: faults.lengths: expected a whole number from 1 to 67108864, found "
          "\"every\"");
    wrong(FAULT(REDUCE "lengths: all"),
          "s.yaml:5:53: faults.lengths: expected every, meaningful, or a list of lengths such as "
          "[1, 3], found \"all\"");
    wrong(FAULT(REDUCE "lengths: {a: 1}"),
          "s.yaml:5:53: faults.lengths: expected every, meaningful, or a list of lengths such as "
          "[1, 3], found a map");
    wrong(FAULT(REDUCE "lengths: [3, 1, 3]"),
          "s.yaml:5:60: faults.lengths: expected each value once, found \"3\" again");

    char text[700] = GOOD "faults: [{" REDUCE "lengths: [1";
    for (int i = 2; i <= 65; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", %d", i);
    strcat(text, "]}]\n");
    wrong(text, "s.yaml:5:53: faults.lengths: expected at most 64 values, found 65");
}

Test(wrong_plan, values_and_delays)
{
    wrong(FAULT("point: my/point, value: 0"),
          "s.yaml:5:35: faults.value: expected a whole number from 1 to 2147483647, found \"0\"");
    wrong(FAULT("point: my/point, kind: delay"),
          "s.yaml:5:10: faults: expected a 'delay' for my/point: how long, as in 3 s");
#define DURATION "faults.delay: expected a duration (us, ms, s) from 1 us to 3600 s, found "
    wrong(FAULT("point: my/point, delay: 3"), "s.yaml:5:35: " DURATION "\"3\"");
    wrong(FAULT("point: my/point, delay: 3 min"), "s.yaml:5:35: " DURATION "\"3 min\"");
    wrong(FAULT("point: my/point, delay: 0 s"), "s.yaml:5:35: " DURATION "\"0 s\"");
    wrong(FAULT("point: my/point, delay: 3601 s"), "s.yaml:5:35: " DURATION "\"3601 s\"");
    wrong(FAULT("point: my/point, delay: 99999999999999999999 s"),
          "s.yaml:5:35: " DURATION "\"99999999999999999999 s\"");
}

Test(wrong_plan, where_and_when)
{
    wrong(FAULT("kind: crash, role: the feeder"),
          "s.yaml:5:30: faults.role: expected a role: 1 to 31 letters, digits, '_', '-' and '.', "
          "found \"the feeder\"");
    wrong(FAULT("kind: crash, site: 'send.c:'"),
          "s.yaml:5:30: faults.site: expected a call site: file.c:123, file.c, or a function's "
          "name, found \"send.c:\"");
    wrong(FAULT("kind: crash, site: 'send.c:0'"),
          "s.yaml:5:30: faults.site: expected a call site: file.c:123, file.c, or a function's "
          "name, found \"send.c:0\"");
    wrong(FAULT("kind: crash, site: 'send()'"),
          "s.yaml:5:30: faults.site: expected a call site: file.c:123, file.c, or a function's "
          "name, found \"send()\"");
#define OCCURRENCES                                                                                \
    "faults.occurrences: expected a number from 1 to 1000000, or a range of them such as 1-3, "    \
    "found "
    wrong(FAULT("kind: crash, occurrences: 0"), "s.yaml:5:37: " OCCURRENCES "\"0\"");
    wrong(FAULT("kind: crash, occurrences: 3-1"), "s.yaml:5:37: " OCCURRENCES "\"3-1\"");
    wrong(FAULT("kind: crash, occurrences: 2-"), "s.yaml:5:37: " OCCURRENCES "\"2-\"");
    wrong(FAULT("kind: crash, occurrences: 1000001"), "s.yaml:5:37: " OCCURRENCES "\"1000001\"");
    wrong(FAULT("kind: crash, occurrences: 1-2-3"), "s.yaml:5:37: " OCCURRENCES "\"1-2-3\"");
    wrong(FAULT("kind: crash, occurrences: first"), "s.yaml:5:37: " OCCURRENCES "\"first\"");
}

Test(wrong_plan, budgets)
{
    wrong(FAULT("kind: crash, budget: 101"),
          "s.yaml:5:32: faults.budget: expected a whole number from 0 to 100, found \"101\"");
    wrong(FAULT("kind: crash, budget: -1"),
          "s.yaml:5:32: faults.budget: expected a whole number from 0 to 100, found \"-1\"");
    wrong(FAULT("kind: crash") "fault_budget: 101\n",
          "s.yaml:6:15: fault_budget: expected a whole number from 0 to 100, found \"101\"");
    wrong(FAULT("kind: crash, budget: 2") "fault_budget: 3\n",
          "s.yaml:6:15: fault_budget: expected at most 2, the sum of the budgets, found 3");
    wrong(GOOD "faults:\n  - {kind: crash}\n  - {kind: sigterm}\n",
          "s.yaml:5:1: faults: expected a 'fault_budget' beside several faults: how many of them "
          "in one execution, of all together");
    wrong(GOOD "faults:\n  - {kind: crash}\n  - {kind: sigterm, budget: 0}\nfault_budget: 1\n",
          "s.yaml:7:29: faults.budget: expected at least 1; 'fault_budget: 0' is for none at all");
    wrong(GOOD "fault_budget: 1\n", "s.yaml:5:1: fault_budget: expected only beside 'faults'");
    wrong(
        FAULT("kind: crash, budget: '${b}'") "matrix: {b: [1, two]}\n",
        "s.yaml:5:32: faults.budget: expected a whole number from 0 to 100, found \"two\" in case "
        "n[b=two]");
}

Test(wrong_plan, lists)
{
    wrong(GOOD "faults: {kind: crash}\n", "s.yaml:5:9: faults: expected a list, found a map");
    wrong(GOOD "faults: []\n", "s.yaml:5:9: faults: expected a list, found an empty list");
    wrong(GOOD "faults: [crash]\n",
          "s.yaml:5:10: faults: expected a map (key: value), found \"crash\"");
    char text[600] = GOOD "faults: [{kind: crash}";
    for (int i = 1; i < AW_FAULT_MAX + 1; i++)
        strcat(text, ", {kind: crash}");
    strcat(text, "]\nfault_budget: 1\n");
    wrong(text, "s.yaml:5:1: faults: expected at most 12, found 13");
}

Test(wrong_plan, schedules)
{
    wrong(GOOD "schedule: [feeder]\n",
          "s.yaml:5:11: schedule: expected a map (key: value), found a list");
    wrong(GOOD "schedule: {favor: [feeder]}\n", "s.yaml:5:12: unknown key of schedule \"favor\", "
                                                "did you mean \"favour\"? expected favour");
    wrong(GOOD "schedule: {favour: feeder}\n",
          "s.yaml:5:20: schedule.favour: expected a list, found \"feeder\"");
    wrong(GOOD "schedule: {favour: [a, b c]}\n",
          "s.yaml:5:24: schedule.favour: expected a role: 1 to 31 letters, digits, '_', '-' and "
          "'.', found \"b c\"");
    wrong(GOOD "schedule: {favour: [a, b, a]}\n",
          "s.yaml:5:27: schedule.favour: expected each role once, found \"a\" again");
    wrong(GOOD "schedule: {favour: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}\n",
          "s.yaml:5:20: schedule.favour: expected at most 16 roles, found 17");
}
