/* SPDX-License-Identifier: MIT */
/*
 * matrix.h - the parameters of a scenario: their combinations, the ${name} that stand for them,
 * and the patterns of `when` and `exclude` that pick some of the combinations.
 *
 * There are two kinds: those of `matrix` go through all combinations, those of `sweep` leave their
 * first value one at a time only. Of all combinations some are cases, then (aw_matrix_is_case).
 *
 * A combination is an array of one index per parameter. They are counted like the digits of a
 * number: the last parameter of the file changes fastest.
 */
#ifndef AW_SCENARIO_MATRIX_H
#define AW_SCENARIO_MATRIX_H

#include <stdbool.h>

#include "scenario/schema.h"
#include "scenario/yaml.h"

enum { AW_MATRIX_MAX_PARAMETERS = 8, AW_MATRIX_MAX_VALUE = 64 };

struct aw_matrix_parameter {
    const char *name;
    const struct aw_yaml *key; /* where it stands */
    const char **values;
    int count;
    bool used;  /* some ${name} stands for it */
    bool swept; /* of `sweep`: its first value is the base case's */
};

struct aw_matrix {
    struct aw_matrix_parameter parameters[AW_MATRIX_MAX_PARAMETERS];
    int count;        /* 0 without `matrix` and `sweep` */
    int combinations; /* 1 without parameters; at most AW_SCENARIO_MAX_CASES */
};

/* Reads `matrix:` and `sweep:`, either of which may be NULL. */
int aw_matrix_read(const struct aw_reading *reading, const struct aw_yaml *product,
                   const struct aw_yaml *sweep, struct aw_matrix *matrix);

/* Is the combination a case: does at most one parameter of `sweep` have another value than its
 * first? */
bool aw_matrix_is_case(const struct aw_matrix *matrix, const int *chosen);

/* The combination with that number, into chosen[matrix->count]. */
void aw_matrix_choose(const struct aw_matrix *matrix, int combination, int *chosen);

/* "NAME[items=3,workers=2]", or NAME without parameters; NULL when there is no memory. */
const char *aw_matrix_case_name(const struct aw_matrix *matrix, const int *chosen, const char *name,
                                struct aw_scenario_memory *memory);

/* Replaces ${name} in the `length` bytes at `text`, which are a part of the node's text, for the
 * case of the reading; $${ gives ${. Marks the parameters as used. */
int aw_matrix_replace(const struct aw_reading *reading, const struct aw_yaml *node,
                      const char *text, size_t length, const char **out);

/* Checks a pattern, such as {items: 3, workers: [1, 2]}: known parameters, known values. */
int aw_matrix_check_pattern(const struct aw_reading *reading, const struct aw_matrix *matrix,
                            const struct aw_yaml *pattern, const char *where);

/* Does the combination fit a pattern that was checked. */
bool aw_matrix_fits(const struct aw_matrix *matrix, const struct aw_yaml *pattern,
                    const int *chosen);

/* A parameter that no ${name} stands for would give the same case again and again: a mistake. */
int aw_matrix_check_used(const struct aw_reading *reading, const struct aw_matrix *matrix);

#endif
