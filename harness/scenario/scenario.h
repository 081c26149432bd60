/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - scenario files: which program, in which machine, and what is expected of it.
 *
 * A scenario is a YAML file of one screen (docs/scenario-format.md explains it field by field). A
 * file without `matrix` is one case; one with `matrix` is one case for each combination of the
 * parameters, in the order of the file: the last parameter changes fastest. A case is complete:
 * every default is filled in and every ${name} is replaced, so that who runs it reads no YAML.
 *
 * What always holds of a loaded scenario:
 *  1. there is at least one case, and no two cases have the same name;
 *  2. `properties` is not empty; for an expected `violated`, expect.property is one of them;
 *  3. the numbers are in the ranges of docs/scenario-format.md;
 *  4. a wrong file gives no scenario but `file:line:column: message`, which says what was expected.
 *     The first mistake is reported; a misspelt word comes with the nearest known one.
 *
 * Loading runs nothing and opens only the scenario file; whether the program exists is for who
 * runs it to find out.
 *
 *   yaml        text -> tree of nodes with places; the only file that knows libfyaml
 *   schema      node -> text, number, size, word of a list; the messages for what is wrong
 *   matrix      the parameters: combinations, ${name}, `when` and `exclude`
 *   scenario.c  tree -> cases; its keys are read by expect.c, program.c, bounds.c and
 *               faults.c (loading.h)
 *   find.c      folders -> scenario files
 *   memory      what a scenario owns, freed in one go
 */
#ifndef AW_SCENARIO_SCENARIO_H
#define AW_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "explore/verdict.h"
#include "machine/settings.h"
#include "plan.h"

/* Combinations that one matrix may have, before `exclude`. */
#define AW_SCENARIO_MAX_CASES 10000

/* One parameter of a case, as in the brackets of its name. */
struct aw_parameter {
    const char *name, *value;
};

/* What the file says will come out. A count that is not stated is not compared. */
struct aw_expectation {
    enum aw_verdict verdict;
    int property;              /* enum aw_property when the verdict is AW_VIOLATED, else -1 */
    uint64_t states;           /* 0 = not stated */
    uint64_t transitions;      /* 0 = not stated */
    const char *interleavings; /* decimal, without leading zeros: may be beyond 64 bits; or NULL */
};

struct aw_case {
    const char *name;  /* "NAME", or "NAME[items=3,workers=2]" */
    const char *about; /* one or two lines, no final newline */

    /* To be opened from the working folder: `program` of the file, or, where that starts with ./
     * or ../, the same below the folder of the scenario file. */
    const char *program;
    int argc;    /* argv[0] is the program's file name without ".so" */
    char **argv; /* NULL at the end */
    char **env; /* "NAME=value", in the order of the file, NULL at the end: the whole environment */

    struct aw_machine_settings machine;
    struct aw_limits limits;
    unsigned properties; /* AW_PROPERTY_BIT of each that is checked */
    bool count;          /* count the interleavings as well */

    struct aw_fault_plan faults; /* count 0 without `faults` */
    const char *const *favour;   /* `schedule.favour`: roles that go first whenever they can */
    int favour_count;

    const char *const *traces; /* `traces`: files, as `program`; carried out before the search */
    int trace_count;

    struct aw_expectation expect;

    int parameter_count;
    const struct aw_parameter *parameters; /* in the order of the file */

    const char *file; /* the path that the scenario was loaded from */
    int line;         /* where its expectation stands in that file, 1-based */
};

/* Owns every string and array of its cases. */
struct aw_scenario {
    const char *file;
    const char *name;
    const char *about;
    int line, column; /* of the name */
    struct aw_case *cases;
    int count;
    struct aw_scenario_memory *memory;
};

/* Reads `path` and expands it into all of its cases. On failure *out is NULL. */
int aw_scenario_load(const char *path, struct aw_scenario **out, struct aw_error *error);

/* The same from `size` bytes of text; `path` is the name for messages and for ./ programs. */
int aw_scenario_parse(const char *path, const char *text, size_t size, struct aw_scenario **out,
                      struct aw_error *error);

/* NULL is fine. */
void aw_scenario_free(struct aw_scenario *scenario);

/* Reports the first scenario whose name another one before it has: reports and traces go by the
 * name of a case. 0, or AW_E_FORMAT at the place of the second name. */
int aw_scenario_check_names(struct aw_scenario *const *scenarios, int count,
                            struct aw_error *error);

/* Sets one number of `machine` from what is typed for its key, by the rule of scenario files. false:
 * it is no such number, and what was expected is in `expected`. */
bool aw_machine_setting_parse(struct aw_machine_settings *machine, const char *key,
                              const char *text, char *expected, size_t size);

/* Scenario files, each once, in the order in which they are run. */
struct aw_scenario_files {
    char **paths;
    int count;
};

/*
 * Finds the scenario files of a command line. A file is taken as it is, whatever its name. A
 * folder gives every *.yaml and *.yml below it, in the byte order of the names (files and folders
 * of one folder together); what starts with a dot is passed over, links to folders are not
 * followed. A path that does not exist, and a folder without any scenario, are AW_E_USAGE. A file
 * that is met twice stays at its first place.
 */
int aw_scenario_find(const char *const *paths, int count, struct aw_scenario_files *out,
                     struct aw_error *error);

void aw_scenario_files_deinit(struct aw_scenario_files *files);

#endif
