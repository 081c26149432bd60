/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/check.h"

static const char *formatted(const struct aw_error *error)
{
    static char buffer[2000];
    aw_error_format(error, buffer, sizeof buffer);
    return buffer;
}

Test(error, a_message_without_a_place)
{
    struct aw_error error;
    cr_expect_eq(aw_fail(&error, AW_E_IO, "no %s in %d", "luck", 3), AW_E_IO);
    cr_expect_eq(error.code, AW_E_IO);
    cr_expect_eq(error.line, 0);
    cr_expect_str_eq(formatted(&error), "no luck in 3");
}

Test(error, file_line_and_column_stand_before_the_message)
{
    struct aw_error error;
    cr_expect_eq(aw_fail_at(&error, AW_E_FORMAT, "a.yaml", 3, 14, "expected %s", "a list"),
                 AW_E_FORMAT);
    cr_expect_str_eq(formatted(&error), "a.yaml:3:14: expected a list");
    aw_fail_at(&error, AW_E_FORMAT, "a.yaml", 0, 0, "it is empty");
    cr_expect_str_eq(formatted(&error), "a.yaml: it is empty");
}

Test(error, nobody_need_listen)
{
    cr_expect_eq(aw_fail(NULL, AW_E_USAGE, "x"), AW_E_USAGE);
    cr_expect_eq(aw_fail_at(NULL, AW_E_USAGE, "f", 1, 1, "x"), AW_E_USAGE);
}

Test(error, what_is_too_long_is_cut_and_ends)
{
    static char text[5000];
    struct aw_error error;
    memset(text, 'x', sizeof text - 1);
    aw_fail_at(&error, AW_E_IO, text, 1, 1, "%s", text);
    cr_expect_eq(strlen(error.file), sizeof error.file - 1);
    cr_expect_eq(strlen(error.message), sizeof error.message - 1);
    char small[10];
    aw_error_format(&error, small, sizeof small);
    cr_expect_str_eq(small, "xxxxxxxxx");
}

Test(error, every_code_has_a_text)
{
#define X(name, value, text) cr_expect_str_eq(aw_error_text(name), text);
    AW_ERRORS(X)
#undef X
    cr_expect_str_eq(aw_error_text(0), "success");
    cr_expect_str_eq(aw_error_text(-99), "unknown error");
}

Test(check, a_broken_invariant_ends_the_process, .signal = SIGABRT)
{
    AW_CHECK(1 + 1 == 3);
}

Test(check, an_intact_one_does_not)
{
    AW_CHECK(1 + 1 == 2);
}
