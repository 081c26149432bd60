/* SPDX-License-Identifier: MIT */
/* tty.c - the table for people: a line for each case as soon as it is decided, then the rest. */
#include "report/reporter.h"

static void row(FILE *out, int width, const struct aw_report_case *one)
{
    aw_table_row(out, width, one);
    fflush(out);
}

const struct aw_reporter aw_tty_reporter = {
    .name = "tty",
    .about = "lines for people",
    .begin = aw_table_head,
    .row = row,
    .end = aw_table_tail,
};
