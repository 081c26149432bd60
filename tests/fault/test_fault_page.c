/* SPDX-License-Identifier: MIT */
/*
 * docs/faults.md is kept true: its tables are made from fault/points.c and fault/points.h, and its
 * scenarios are read. With AW_UPDATE=1 in the environment the tables are written into the page
 * first: read the diff. Run from the repository's folder.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/scenario.h"

static const char page[] = "docs/faults.md";

static char *slurp(void)
{
    enum { ROOM = 1 << 17 };
    FILE *file = fopen(page, "r");
    if (file == NULL)
        cr_skip_test("not started in the repository's folder: no docs/ here");
    char *text = calloc(1, ROOM);
    cr_assert_lt(fread(text, 1, ROOM, file), ROOM);
    fclose(file);
    return text;
}

static void put_kinds(FILE *out)
{
    fputs("| kind | what happens |\n|---|---|\n", out);
#define X(name, text, meaning) fprintf(out, "| `%s` | %s |\n", text, meaning);
    AW_FAULT_KINDS(X)
#undef X
}

static void put_values(FILE *out, const struct aw_fault_point *point)
{
    switch (point->kind) {
    case AW_FAULT_PARTIAL:
        fputs("1 to *n* − 1 bytes", out);
        break;
    case AW_FAULT_DELAY:
        fputs("1 us to 3600 s", out);
        break;
    default:
        for (int i = 0; i < AW_FAULT_MAX_ERRNOS && point->errnos[i] != 0; i++)
            fprintf(out, "%s%s", i > 0 ? ", " : "", aw_fault_errno_name(point->errnos[i]));
    }
}

static void put_points(FILE *out)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    fputs("| point | kind | legal values | where | for the program |\n|---|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "| `%s` | %s | ", points[i].name, aw_fault_kind_name(points[i].kind));
        put_values(out, &points[i]);
        fprintf(out, " | %s | %s |\n", points[i].where, points[i].meaning);
    }
}

/* The text between the comment that begins with `mark` and the next <!-- end -->. */
static char *find_table(char *text, const char *mark, size_t *length)
{
    char *start = strstr(text, mark);
    cr_assert_not_null(start, "%s has no place '%s'", page, mark);
    start = strchr(start, '\n') + 1;
    char *end = strstr(start, "<!-- end -->");
    cr_assert_not_null(end, "%s has no end for '%s'", page, mark);
    *length = (size_t)(end - start);
    return start;
}

static void write_page(const char *text, const char *table, size_t length, const char *made)
{
    FILE *file = fopen(page, "w");
    cr_assert_not_null(file);
    fprintf(file, "%.*s%s%s", (int)(table - text), text, made, table + length);
    cr_assert_eq(fclose(file), 0);
}

static void compare(const char *mark, void (*put)(FILE *))
{
    char *text = slurp(), *made = NULL;
    size_t made_size, length;
    FILE *out = open_memstream(&made, &made_size);
    put(out);
    fclose(out);
    char *table = find_table(text, mark, &length);
    bool same = length == made_size && memcmp(table, made, length) == 0;
    if (!same && getenv("AW_UPDATE") != NULL)
        write_page(text, table, length, made);
    else
        cr_expect(same, "%s is not what the sources say; AW_UPDATE=1 writes the new table:\n%s",
                  page, made);
    free(made);
    free(text);
}

/* One test, so that two updates do not write at the same time. */
Test(fault_page, the_tables_are_those_of_the_sources)
{
    compare("<!-- kinds:", put_kinds);
    compare("<!-- points:", put_points);
}

Test(fault_page, its_scenarios_are_right_and_have_a_plan)
{
    static const char begin[] = "\n```yaml\n", end[] = "\n```\n";
    char *text = slurp();
    int count = 0;
    for (char *block = strstr(text, begin); block != NULL; block = strstr(block, begin), count++) {
        struct aw_scenario *scenario;
        struct aw_error error = {0};
        block += strlen(begin);
        const char *close = strstr(block, end);
        cr_assert_not_null(close);
        cr_assert_eq(aw_scenario_parse(page, block, (size_t)(close + 1 - block), &scenario, &error),
                     0, "line %d of the block: %s", error.line, error.message);
        cr_expect_gt(scenario->cases[0].faults.count, 0);
        cr_expect_gt(scenario->cases[0].faults.budget, 0);
        aw_scenario_free(scenario);
    }
    cr_expect_gt(count, 0);
    free(text);
}
