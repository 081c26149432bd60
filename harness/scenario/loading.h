/* SPDX-License-Identifier: MIT */
/*
 * loading.h - one scenario file on its way to cases; for the files of this folder only.
 *
 * There are two passes. The first reads what belongs to the file as a whole (name, matrix,
 * exclude, properties, expectations). The second reads the rest once for each combination of the
 * matrix, with the parameters replaced: that way a value is judged by what it comes to.
 */
#ifndef AW_SCENARIO_LOADING_H
#define AW_SCENARIO_LOADING_H

#include <stdbool.h>

#include "scenario/matrix.h"
#include "scenario/memory.h"
#include "scenario/scenario.h"
#include "scenario/schema.h"
#include "scenario/yaml.h"

#define AW_COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* One entry of `expect`. */
struct aw_entry {
    const struct aw_yaml *node;
    const struct aw_yaml *when; /* NULL: fits every case */
    struct aw_expectation expect;
    bool used;
};

struct aw_loading {
    struct aw_reading reading; /* without a case */
    struct aw_scenario *scenario;
    struct aw_yaml *root;
    struct aw_matrix matrix;
    unsigned properties;
    bool count, count_stated;
    struct aw_entry *entries;
    int entry_count;
    bool *excluded; /* of each combination */
};

extern const struct aw_words aw_property_words;

int aw_loading_no_memory(const struct aw_loading *loading);

/* First pass. `properties`, `count` and the matrix are read already. */
int aw_read_expect(struct aw_loading *loading);

/* Second pass; the reading is that of the case. aw_read_program comes before aw_read_args. */
int aw_read_program(const struct aw_loading *loading, const struct aw_reading *reading,
                    struct aw_case *one);
int aw_read_args(const struct aw_loading *loading, const struct aw_reading *reading,
                 struct aw_case *one);
int aw_read_env(const struct aw_loading *loading, const struct aw_reading *reading,
                struct aw_case *one);
int aw_read_machine(const struct aw_loading *loading, const struct aw_reading *reading,
                    struct aw_case *one);
int aw_read_limits(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one);

int aw_read_faults(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one);
int aw_read_traces(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one);
int aw_read_schedule(const struct aw_loading *loading, const struct aw_reading *reading,
                     struct aw_case *one);

/* The first entry of `expect` that fits the case. */
int aw_choose_expectation(struct aw_loading *loading, const struct aw_reading *reading,
                          struct aw_case *one);

/* After all cases: an entry that none came to is a mistake. */
int aw_check_expectations_used(const struct aw_loading *loading);

#endif
