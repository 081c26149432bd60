/* SPDX-License-Identifier: MIT */
/*
 * canary.c - the known-bad program (harness/canary/canary.c) that is checked with every run of a
 * folder. It is searched as the run's own cases are, but within the usual limits, and is not among
 * the results; when it is not caught, the run has failed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"

/* Beside the runtime; ALLWAYS_CANARY may name another one. */
static char *find(const char *runtime)
{
    const char *given = getenv("ALLWAYS_CANARY"), *slash = strrchr(runtime, '/');
    if (given != NULL && given[0] != '\0')
        return aw_string_copy(given);
    size_t folder = slash != NULL ? (size_t)(slash - runtime) + 1 : 0;
    char *path = aw_allocate(folder + sizeof "canary.so", 1);
    memcpy(path, runtime, folder);
    strcpy(path + folder, "canary.so");
    return path;
}

/* "" when it was caught, else what happened instead. */
static void check(const struct aw_cli_search *search, const char *program, char *said, size_t size)
{
    char *argv[] = {"canary", NULL}, *env[] = {NULL};
    struct aw_case canary = {.name = "canary",
                             .about = "",
                             .program = program,
                             .argc = 1,
                             .argv = argv,
                             .env = env,
                             .properties = AW_PROPERTY_BIT(AW_DRAINED),
                             .expect = {.verdict = AW_VIOLATED, .property = AW_DRAINED}};
    struct aw_verify_settings settings = search->verify;
    struct aw_report report;
    struct aw_report_case *entry;
    struct aw_error error;
    aw_machine_settings_default(&canary.machine);
    aw_limits_default(&canary.limits);
    settings.trace_dir = NULL;
    settings.has_states = settings.has_memory = settings.has_seconds = false;
    settings.count = false;
    aw_report_init(&report);
    said[0] = '\0';
    if (aw_verify_case(&settings, &canary, &report, &entry, &error) != 0)
        snprintf(said, size, "%s", error.message);
    else if (!entry->met)
        snprintf(said, size, "%s%s%s", entry->unmet, entry->result.message[0] ? ": " : "",
                 entry->result.message);
    aw_report_deinit(&report);
}

void aw_canary_check(const struct aw_cli_search *search, struct aw_report *report)
{
    char said[1100], message[1400];
    char *program = find(search->verify.runtime);
    if (access(program, R_OK) != 0)
        snprintf(said, sizeof said, "%s is not there", program);
    else
        check(search, program, said, sizeof said);
    if (said[0] != '\0') {
        snprintf(message, sizeof message,
                 "THE CANARY WAS NOT CAUGHT: a program that is known to lose items was not refuted "
                 "(%s). Nothing that this run proves is to be believed; --no-canary leaves it out",
                 said);
        aw_complain(search->command, "%s", message);
        aw_report_add_problem(report, "canary", message);
    }
    free(program);
}
