/* SPDX-License-Identifier: MIT */
/*
 * The table of fault points, the lengths of partial transfers, the words for a fault, and libfiu
 * inside the checker.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef FIU_ENABLE
#define FIU_ENABLE 1
#endif
#include <fiu-control.h>
#include <fiu.h>

#include "adapter.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* --- The table ------------------------------------------------------------------------------- */

Test(points, names_are_unique_and_found)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(aw_fault_point_find(points[i].name), &points[i], "%s", points[i].name);
        cr_expect(aw_fault_point_reserved(points[i].name), "%s", points[i].name);
        cr_expect_lt(strlen(points[i].name), AW_FAULT_NAME);
        cr_expect_neq(points[i].where[0], '\0');
        cr_expect_neq(points[i].meaning[0], '\0');
    }
    cr_expect_null(aw_fault_point_find("posix/io/rw"));
    cr_expect_null(aw_fault_point_find("posix/io/rw/write/"));
    cr_expect_null(aw_fault_point_find(""));
    cr_expect_not(aw_fault_point_reserved("mpqueue/feeder/wake"));
    cr_expect_not(aw_fault_point_reserved("posix"));
}

Test(points, the_default_of_each_is_legal_and_only_calls_have_errnos)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count; i++) {
        const struct aw_fault_point *point = &points[i];
        int errnos = 0;
        cr_expect(aw_fault_point_takes(point, point->kind), "%s", point->name);
        while (errnos < AW_FAULT_MAX_ERRNOS && point->errnos[errnos] != 0)
            errnos++;
        cr_expect_lt(errnos, AW_FAULT_MAX_ERRNOS, "%s: no 0 at the end", point->name);
        cr_expect_eq(point->kind == AW_FAULT_ERRNO, errnos > 0, "%s", point->name);
        for (int k = 0; k < errnos; k++) {
            const char *name = aw_fault_errno_name(point->errnos[k]);
            cr_expect(aw_fault_point_gives(point, point->errnos[k]));
            cr_assert_not_null(name);
            cr_expect_eq(aw_fault_errno_by_name(name), point->errnos[k]);
            for (int other = 0; other < k; other++)
                cr_expect_neq(point->errnos[other], point->errnos[k], "%s", point->name);
        }
        cr_expect_not(aw_fault_point_gives(point, 0), "%s", point->name);
        cr_expect_not(aw_fault_point_gives(point, EDOM), "%s", point->name);
    }
}

/* A call that can be cut short can fail as well, and its two points are of the same call. */
Test(points, each_reduce_belongs_to_a_call)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count; i++) {
        char call[AW_FAULT_NAME];
        const char *end = strstr(points[i].name, "/reduce");
        cr_expect_eq(end != NULL, points[i].kind == AW_FAULT_PARTIAL, "%s", points[i].name);
        if (end == NULL)
            continue;
        snprintf(call, sizeof call, "%.*s", (int)(end - points[i].name), points[i].name);
        const struct aw_fault_point *other = aw_fault_point_find(call);
        cr_assert_not_null(other, "%s", call);
        cr_expect_str_eq(other->where, points[i].where);
    }
}

Test(points, which_kinds_fit)
{
    static const struct {
        const char *point;
        const char *kinds; /* in the order of the table of kinds */
    } fits[] = {
        {"posix/io/rw/write", "errno delay "},
        {"posix/io/rw/write/reduce", "partial "},
        {"libc/mm/malloc", "errno delay "},
        {"allways/sem/wait", "errno delay "},
        {"allways/crash", "crash "},
        {"allways/sigterm", "sigterm "},
        {"allways/spurious", "spurious "},
        {"allways/delay", "delay "},
        {"mpqueue/feeder/wake", "delay fail "},
    };
    for (size_t i = 0; i < COUNT_OF(fits); i++) {
        char kinds[100] = "";
        for (int kind = 0; kind < AW_FAULT_KIND_COUNT; kind++)
            if (aw_fault_point_takes(aw_fault_point_find(fits[i].point), (enum aw_fault_kind)kind))
                sprintf(kinds + strlen(kinds), "%s ", aw_fault_kind_name((enum aw_fault_kind)kind));
        cr_expect_str_eq(kinds, fits[i].kinds, "%s takes %s", fits[i].point, kinds);
    }
}

Test(points, kinds_and_errnos_have_names)
{
    for (int kind = 0; kind < AW_FAULT_KIND_COUNT; kind++)
        cr_expect_eq(aw_fault_kind_by_name(aw_fault_kind_name((enum aw_fault_kind)kind)), kind);
    cr_expect_eq(aw_fault_kind_by_name("none"), -1);
    cr_expect_eq(aw_fault_errno_by_name("EINTR"), EINTR);
    cr_expect_eq(aw_fault_errno_by_name("EAGAIN"), EAGAIN);
    cr_expect_eq(aw_fault_errno_by_name("4"), 0);
    cr_expect_eq(aw_fault_errno_by_name("EHWPOISON"), EHWPOISON);
    cr_expect_null(aw_fault_errno_name(0));
    cr_expect_null(aw_fault_errno_name(-1));
    cr_expect_null(aw_fault_errno_name(100000));
}

/* --- Lengths --------------------------------------------------------------------------------- */

static const char *lengths_of(const struct aw_fault *fault, uint32_t length, uint32_t pipe_buf)
{
    static char text[400];
    uint32_t list[64], count = aw_fault_lengths_of(fault, length, pipe_buf, list, 64);
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++)
        sprintf(text + strlen(text), "%s%u", i > 0 ? " " : "", list[i]);
    cr_expect_eq(aw_fault_length_count(fault, length, pipe_buf), count);
    return text;
}

Test(lengths, every_is_from_1_to_all_but_one)
{
    struct aw_fault every = {.lengths = AW_LENGTHS_EVERY};
    cr_expect_str_eq(lengths_of(&every, 0, 4096), "");
    cr_expect_str_eq(lengths_of(&every, 1, 4096), "");
    cr_expect_str_eq(lengths_of(&every, 2, 4096), "1");
    cr_expect_str_eq(lengths_of(&every, 5, 4096), "1 2 3 4");
    cr_expect_str_eq(lengths_of(&every, 8, 4096), "1 2 3 4 5 6 7");
}

Test(lengths, the_meaningful_are_each_once_and_below_all)
{
    static const struct {
        uint32_t length, pipe_buf;
        const char *expected;
    } cases[] = {
        {0, 4096, ""},
        {1, 4096, ""},
        {2, 4096, "1"},
        {3, 4096, "1 2"},
        {4, 4096, "1 2 3"},
        {5, 4096, "1 2 3 4"},
        {8, 4096, "1 2 3 4 7"},
        {12, 4096, "1 2 3 4 6 11"},
        {12, 4, "1 2 3 4 5 6 11"}, /* PIPE_BUF among the header */
        {12, 1, "1 2 3 4 6 11"},   /* PIPE_BUF - 1 is no length */
        {4095, 4096, "1 2 3 4 2047 4094"},
        {4096, 4096, "1 2 3 4 2048 4095"},
        {4097, 4096, "1 2 3 4 2048 4095 4096"},
        {4098, 4096, "1 2 3 4 2049 4095 4096 4097"},
        {65540, 4096, "1 2 3 4 4095 4096 4097 32770 65539"},
        {UINT32_MAX, UINT32_MAX, "1 2 3 4 2147483647 4294967294"},
    };
    struct aw_fault meaningful = {.lengths = AW_LENGTHS_MEANINGFUL};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_str_eq(lengths_of(&meaningful, cases[i].length, cases[i].pipe_buf),
                         cases[i].expected, "of %u with PIPE_BUF %u", cases[i].length,
                         cases[i].pipe_buf);
}

Test(lengths, the_listed_are_those_that_leave_something_out)
{
    struct aw_fault listed = {
        .lengths = AW_LENGTHS_LISTED, .value_count = 4, .values = {1, 3, 4, 100}};
    cr_expect_str_eq(lengths_of(&listed, 1, 4096), "");
    cr_expect_str_eq(lengths_of(&listed, 2, 4096), "1");
    cr_expect_str_eq(lengths_of(&listed, 3, 4096), "1");
    cr_expect_str_eq(lengths_of(&listed, 4, 4096), "1 3");
    cr_expect_str_eq(lengths_of(&listed, 5, 4096), "1 3 4");
    cr_expect_str_eq(lengths_of(&listed, 101, 4096), "1 3 4 100");

    struct aw_fault unsorted = {
        .lengths = AW_LENGTHS_LISTED, .value_count = 5, .values = {7, 2, 7, 1, 5}};
    cr_expect_str_eq(lengths_of(&unsorted, 10, 4096), "1 2 5 7");
}

Test(lengths, a_list_without_room_has_the_first_ones_and_the_count_tells)
{
    static const enum aw_fault_lengths kinds[] = {AW_LENGTHS_EVERY, AW_LENGTHS_MEANINGFUL};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct aw_fault fault = {.lengths = kinds[i]};
        uint32_t list[4] = {9, 9, 9, 9};
        cr_expect_eq(aw_fault_lengths_of(&fault, 65540, 4, list, 0), 0);
        cr_expect_eq(list[0], 9);
        cr_expect_eq(aw_fault_lengths_of(&fault, 65540, 4, list, 3), 3);
        cr_expect_eq(list[0], 1);
        cr_expect_eq(list[1], 2);
        cr_expect_eq(list[2], 3);
        cr_expect_eq(list[3], 9);
        cr_expect_eq(aw_fault_length_count(&fault, 65540, 4),
                     kinds[i] == AW_LENGTHS_EVERY ? 65539 : 7);
    }
    struct aw_fault listed = {
        .lengths = AW_LENGTHS_LISTED, .value_count = 4, .values = {9, 7, 5, 3}};
    uint32_t two[2];
    cr_expect_eq(aw_fault_lengths_of(&listed, 10, 4, two, 2), 2);
    cr_expect_eq(two[0], 3);
    cr_expect_eq(two[1], 5);
}

/* --- Words ----------------------------------------------------------------------------------- */

Test(describe, each_kind_has_its_line)
{
    static const struct {
        struct aw_fault fault;
        int64_t value;
        const char *text;
    } faults[] = {
        {{.kind = AW_FAULT_PARTIAL, .point = "posix/io/rw/write/reduce"},
         3,
         "partial write of 3 bytes at posix/io/rw/write/reduce"},
        {{.kind = AW_FAULT_PARTIAL, .point = "posix/io/rw/readv/reduce"},
         1,
         "partial readv of 1 byte at posix/io/rw/readv/reduce"},
        {{.kind = AW_FAULT_ERRNO, .point = "posix/io/rw/read"}, EINTR, "EINTR at posix/io/rw/read"},
        {{.kind = AW_FAULT_ERRNO, .point = "posix/io/rw/read"},
         9999,
         "errno 9999 at posix/io/rw/read"},
        {{.kind = AW_FAULT_FAIL, .point = "mpqueue/feeder/serialise"},
         1,
         "failure 1 at mpqueue/feeder/serialise"},
        {{.kind = AW_FAULT_DELAY, .point = "mpqueue/feeder/wake", .delay_ns = 3000000000},
         0,
         "delay of 3 s at mpqueue/feeder/wake"},
        {{.kind = AW_FAULT_DELAY, .point = "posix/io/rw/write", .delay_ns = 1500000},
         0,
         "delay of 1500 us at posix/io/rw/write"},
        {{.kind = AW_FAULT_DELAY, .point = "allways/delay", .delay_ns = 20000000},
         0,
         "delay of 20 ms"},
        {{.kind = AW_FAULT_CRASH, .point = "allways/crash"}, 0, "crash (SIGKILL)"},
        {{.kind = AW_FAULT_SIGTERM, .point = "allways/sigterm"}, 0, "SIGTERM"},
        {{.kind = AW_FAULT_SPURIOUS, .point = "allways/spurious"}, 0, "spurious wake-up"},
    };
    char text[200], tight[8];
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        aw_fault_describe(&faults[i].fault, faults[i].value, text, sizeof text);
        cr_expect_str_eq(text, faults[i].text, "%s", text);
    }
    aw_fault_describe(&faults[0].fault, 3, tight, sizeof tight);
    cr_expect_str_eq(tight, "partial");
}

/* --- libfiu ---------------------------------------------------------------------------------- */

/* A plan with one fault of each kind, and a second one at the first point. */
static const struct aw_fault_plan plan = {
    .count = 8,
    .budget = 1,
    .faults =
        {
            {.kind = AW_FAULT_ERRNO, .point = "posix/io/rw/write"},
            {.kind = AW_FAULT_PARTIAL, .point = "posix/io/rw/write/reduce"},
            {.kind = AW_FAULT_DELAY, .point = "posix/io/rw/write", .delay_ns = 1000},
            {.kind = AW_FAULT_DELAY, .point = "mpqueue/feeder/wake", .delay_ns = 1000},
            {.kind = AW_FAULT_FAIL, .point = "mpqueue/feeder/serialise"},
            {.kind = AW_FAULT_CRASH, .point = "allways/crash"},
            {.kind = AW_FAULT_SIGTERM, .point = "allways/sigterm"},
            {.kind = AW_FAULT_SPURIOUS, .point = "allways/spurious"},
        },
};

static void open_plan(const struct aw_fault_plan *which)
{
    struct aw_error error = {0};
    cr_assert_eq(aw_fault_adapter_open(which, &error), 0, "%s", error.message);
}

Test(adapter, the_choice_comes_back_under_every_kind)
{
    static const int choices[] = {1, EINTR, 65539, INT32_MAX, -1};
    open_plan(&plan);
    for (uint32_t i = 0; i < plan.count; i++)
        for (size_t k = 0; k < COUNT_OF(choices); k++) {
            void *info = NULL;
            cr_expect_eq(aw_fault_ask(plan.faults[i].point, choices[k], &info), choices[k]);
            cr_expect_eq((intptr_t)info, choices[k]);
            cr_expect_eq(aw_fault_ask(plan.faults[i].point, choices[k], NULL), choices[k]);
            /* The choice is for once. */
            cr_expect_eq(aw_fault_ask(plan.faults[i].point, 0, &info), 0);
            cr_expect_null(info);
            cr_expect_eq(fiu_fail(plan.faults[i].point), 0);
        }
    aw_fault_adapter_close(&plan);
}

Test(adapter, points_that_are_not_of_the_plan_answer_0)
{
    static const char *const others[] = {
        "posix/io/rw/read", "posix/io/rw", "posix/io/rw/write/", "mpqueue/feeder/wake2", "*", ""};
    open_plan(&plan);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        void *info = &info;
        cr_expect_eq(aw_fault_ask(others[i], 5, &info), 0, "%s", others[i]);
        cr_expect_null(info);
    }
    aw_fault_adapter_close(&plan);
}

static int nested = -1;

static int ask_inside(const char *name, int *failnum, void **failinfo, unsigned int *flags)
{
    (void)name, (void)failnum, (void)failinfo, (void)flags;
    nested = aw_fault_ask("posix/io/rw/write", 5, NULL);
    return 1;
}

Test(adapter, a_point_that_is_met_inside_a_callback_answers_0)
{
    open_plan(&plan);
    cr_assert_eq(fiu_enable_external("outer", 7, NULL, 0, ask_inside), 0);
    cr_expect_eq(fiu_fail("outer"), 7);
    cr_expect_eq(nested, 0);
    cr_expect_eq(aw_fault_ask("posix/io/rw/write", 5, NULL), 5);
    cr_expect_eq(fiu_disable("outer"), 0);
    aw_fault_adapter_close(&plan);
}

Test(adapter, a_closed_plan_answers_0_and_can_be_opened_again)
{
    for (int round = 0; round < 3; round++) {
        open_plan(&plan);
        cr_expect_eq(aw_fault_ask("allways/crash", 1, NULL), 1);
        aw_fault_adapter_close(&plan);
        for (uint32_t i = 0; i < plan.count; i++)
            cr_expect_eq(aw_fault_ask(plan.faults[i].point, 5, NULL), 0);
    }
}

Test(adapter, an_empty_plan_enables_nothing)
{
    struct aw_fault_plan empty = {0};
    open_plan(&empty);
    cr_expect_eq(aw_fault_ask("posix/io/rw/write", 5, NULL), 0);
    aw_fault_adapter_close(&empty);
}

Test(adapter, the_budget_is_not_its_concern)
{
    struct aw_fault_plan none = plan;
    none.budget = 0;
    open_plan(&none);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(aw_fault_ask("posix/io/rw/write", EIO, NULL), EIO);
    aw_fault_adapter_close(&none);
}
