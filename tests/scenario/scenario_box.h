/* SPDX-License-Identifier: MIT */
/*
 * scenario_box.h - loading scenario files that a test holds as text. With $AW_FIXTURES every one is
 * kept (keep_fixture.h).
 */
#ifndef AW_TESTS_SCENARIO_BOX_H
#define AW_TESTS_SCENARIO_BOX_H

#include "scenario/scenario.h"

#include "keep_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The shortest scenario that is right, without its expectation; and with it. */
#define HEAD "name: n\nabout: a\nprogram: p.so\n"
#define PROVED "expect: {verdict: proved}\n"
#define GOOD HEAD PROVED

static inline struct aw_scenario *parse(const char *text)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    keep_fixture(text, "");
    int code = aw_scenario_parse("s.yaml", text, strlen(text), &scenario, &error);
    cr_assert_eq(code, 0, "%d:%d: %s\nin:\n%s", error.line, error.column, error.message, text);
    cr_assert_not_null(scenario);
    return scenario;
}

static inline void wrong(const char *text, const char *message)
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

#endif
