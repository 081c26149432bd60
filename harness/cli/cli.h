/* SPDX-License-Identifier: MIT */
/*
 * cli.h - the command line, internal to this folder.
 *
 *   main.c      finds the command
 *   usage.c     the table of commands and their help texts
 *   options.c   reading options: getopt_long with messages of our own; numbers and sizes
 *   places.c    where the runtime and the probe header are installed
 *   search.c    the options of a search, and one case searched with a line of progress
 *   outputs.c   --format: which reports are written, and where to
 *   interrupt.c SIGINT and SIGTERM
 *   jobs.c      the cases of a run, several at a time
 *   run.c       allways run; choose.c: which cases; canary.c, cache.c, state.c: its options
 *   identity.c  what the verdict of a case depends on
 *   check.c     allways check
 *   debug.c     allways replay --debug
 *   replay.c    allways replay     show.c      allways show
 *   validate.c  allways validate   cc.c        allways cc
 *   native.c    allways native     automaton.c allways automaton
 *
 * A command is a function from its arguments (argv[0] is its own name) to the exit status. It
 * says itself what is wrong, on stderr; stdout is for results.
 */
#ifndef AW_CLI_CLI_H
#define AW_CLI_CLI_H

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "report/reporter.h"
#include "scenario/scenario.h"
#include "verify/verify.h"

enum {
    AW_EXIT_OK = 0,
    AW_EXIT_UNMET = 1,     /* an expectation was not met; a trace does not reproduce */
    AW_EXIT_WRONG = 2,     /* wrong usage, file or program */
    AW_EXIT_UNDECIDED = 3, /* inconclusive, vacuous or uncontrolled */
};

struct aw_command {
    const char *name, *about;
    int (*main)(int argc, char **argv);
    const char *usage; /* the whole help text */
};

extern const struct aw_command aw_commands[];
extern const int aw_command_count;

int aw_command_run(int argc, char **argv);
int aw_command_check(int argc, char **argv);
int aw_command_cc(int argc, char **argv);
int aw_command_replay(int argc, char **argv);
int aw_command_show(int argc, char **argv);
int aw_command_automaton(int argc, char **argv);
int aw_command_validate(int argc, char **argv);
int aw_command_native(int argc, char **argv);
int aw_command_help(int argc, char **argv);

/* The command with that name; NULL after saying so. */
const struct aw_command *aw_command_find(const char *name);
/* All commands in one page. */
void aw_usage_print(FILE *out);

/* "allways COMMAND: message" on stderr; returns AW_EXIT_WRONG. */
int aw_complain(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
int aw_complain_error(const char *command, const struct aw_error *error);

/* The one of `words` (NULL at the end) that `word` is likely to mean, or NULL. */
const char *aw_nearest(const char *word, const char *const *words);

/* The next option as getopt_long gives it; -1 at the end; AW_OPTION_WRONG after a message. `--help`
 * is in every table as AW_OPTION_HELP. */
enum { AW_OPTION_WRONG = '?', AW_OPTION_HELP = 'h' };
int aw_next_option(int argc, char **argv, const struct option *options);

/* Of an option's argument. False after a message. */
bool aw_parse_number(const char *command, const char *option, const char *text, uint64_t minimum,
                     uint64_t maximum, uint64_t *number);
/* False after a message where it is empty, as an unset variable of the shell leaves it. */
bool aw_parse_folder(const char *command, const char *option, const char *text);
/* Bytes: "512", "64K", "16 MiB", "2GiB". */
bool aw_parse_size(const char *command, const char *option, const char *text, uint64_t minimum,
                   uint64_t maximum, uint64_t *bytes);

/* Path of the runtime, or NULL after a message; the folder with allways/probe.h, or NULL. */
const char *aw_runtime_path(const char *command);
const char *aw_include_path(void);

/* The reports of a run. */
enum { AW_MOST_OUTPUTS = 8 };
struct aw_output {
    const struct aw_reporter *reporter;
    const char *path;    /* NULL: stdout */
    struct aw_file file; /* `out` is stdout without a path */
};
struct aw_outputs {
    struct aw_output list[AW_MOST_OUTPUTS + 1];
    int count;
};

/* The argument of one --format. False after a message. */
bool aw_outputs_take(struct aw_outputs *outputs, const char *command, const char *argument);
/* Begins the files. `tty` takes the place of the table for people, or NULL. False after a message.
 */
bool aw_outputs_open(struct aw_outputs *outputs, const char *command,
                     const struct aw_reporter *tty);
void aw_outputs_begin(struct aw_outputs *outputs, int width);
void aw_outputs_row(struct aw_outputs *outputs, int width, const struct aw_report_case *one);
/* Writes and closes them; what fails is said, and counted in report->errors. */
void aw_outputs_end(struct aw_outputs *outputs, const char *command, struct aw_report *report);

/* What is common to `run` and `check`. */
struct aw_cli_search {
    const char *command;
    struct aw_outputs outputs;
    struct aw_verify_settings verify;
    unsigned allowed;             /* --allow, as in struct aw_report */
    char said[512];               /* the options that change a search, as they were given */
    const struct aw_cache *cache; /* or NULL */

    /* Told how the search goes instead of the line on stderr; may be NULL. */
    void (*progress)(void *context, const struct aw_progress *now);
    void *context;
};

/* Checks the known-bad program; when it is not caught, says so and counts it in the report. */
void aw_canary_check(const struct aw_cli_search *search, struct aw_report *report);

/* What the verdict of a case depends on (identity.c). */
enum { AW_DIGEST_SIZE = 33 };
struct aw_identity {
    char checker[AW_DIGEST_SIZE], runtime[AW_DIGEST_SIZE];
    const char *options; /* the search's */
};
int aw_identity_init(struct aw_identity *identity, const struct aw_cli_search *search,
                     struct aw_error *error);
/* One line that two cases have in common only if all of that is the same; the caller frees it. NULL
 * when the files cannot be read. */
char *aw_identity_key(const struct aw_identity *identity, const struct aw_case *one);
void aw_digest(const void *bytes, size_t size, char text[AW_DIGEST_SIZE]);

/* Cases that were as expected when they were last run (state.c). */
struct aw_run_state;
struct aw_run_state *aw_run_state_load(const char *trace_dir);
/* Was this very case as expected: the same name, of the same bytes? */
bool aw_run_state_has(const struct aw_run_state *state, const struct aw_identity *identity,
                      const struct aw_case *one);
void aw_run_state_free(struct aw_run_state *state); /* NULL is fine */
/* `cases` are those that the report is about. */
int aw_run_state_save(const char *trace_dir, const struct aw_report *report,
                      const struct aw_identity *identity, const struct aw_case *const *cases,
                      int count, struct aw_error *error);

/* Which cases are run. */
struct aw_choice_of_cases {
    const char *filter;                /* or NULL */
    unsigned shard, shard_count;       /* count 0: all */
    const struct aw_run_state *passed; /* to be left out; or NULL */
    const struct aw_identity *identity;

    const struct aw_case **cases; /* to be freed */
    int count;
    int matching; /* the filter */
    int left_out; /* because they were as expected */
};
void aw_choose(struct aw_choice_of_cases *choice, struct aw_scenario *const *scenarios,
               int scenario_count);
bool aw_shard_parse(const char *text, unsigned *index, unsigned *count); /* false after a message */

/* Proofs of earlier runs (cache.c). */
struct aw_cache {
    const char *folder; /* or NULL: no cache */
    const struct aw_identity *identity;
};
/* Makes the folder; an error when it cannot be written into. */
int aw_cache_init(struct aw_cache *cache, const char *folder, const struct aw_identity *identity,
                  struct aw_error *error);
/* With the cache of the search. Enters what is known of a case into the report; NULL when nothing
 * is. */
struct aw_report_case *aw_cache_find(const struct aw_cli_search *search, const struct aw_case *one,
                                     struct aw_report *report);
/* What cannot be kept is an error of the report. */
void aw_cache_keep(const struct aw_cli_search *search, const struct aw_case *one,
                   const struct aw_report_case *entry, struct aw_report *report);

/* Members of a table of struct option. */
enum aw_cli_search_option {
    AW_OPT_FORMAT = 1000,
    AW_OPT_TRACE_DIR,
    AW_OPT_ALLOW,
    AW_OPT_WHOLE_GRAPH,
    AW_OPT_COUNT,
    AW_OPT_NO_SYMMETRY,
    AW_OPT_NO_REDUCTION,
    AW_OPT_NO_RULE,
    AW_OPT_NO_MINIMAL,
    AW_OPT_MINIMAL_STATES,
    AW_OPT_NO_TRACKING,
    AW_OPT_NO_REUSE,
    AW_OPT_CONTROL,
    AW_OPT_STATES,
    AW_OPT_MEMORY,
    AW_OPT_SECONDS,
    AW_OPT_OWN = 2000, /* first one of a command's own */
};
#define AW_SEARCH_OPTIONS                                                                          \
    {"format", required_argument, NULL, AW_OPT_FORMAT},                                            \
        {"trace-dir", required_argument, NULL, AW_OPT_TRACE_DIR},                                  \
        {"allow", required_argument, NULL, AW_OPT_ALLOW},                                          \
        {"whole-graph", no_argument, NULL, AW_OPT_WHOLE_GRAPH},                                    \
        {"count", no_argument, NULL, AW_OPT_COUNT},                                                \
        {"no-symmetry", no_argument, NULL, AW_OPT_NO_SYMMETRY},                                    \
        {"no-reduction", no_argument, NULL, AW_OPT_NO_REDUCTION},                                  \
        {"no-rule", required_argument, NULL, AW_OPT_NO_RULE},                                      \
        {"no-minimal", no_argument, NULL, AW_OPT_NO_MINIMAL},                                      \
        {"minimal-states", required_argument, NULL, AW_OPT_MINIMAL_STATES},                        \
        {"no-tracking", no_argument, NULL, AW_OPT_NO_TRACKING},                                    \
        {"no-reuse", no_argument, NULL, AW_OPT_NO_REUSE},                                          \
        {"control", required_argument, NULL, AW_OPT_CONTROL},                                      \
        {"states", required_argument, NULL, AW_OPT_STATES},                                        \
        {"memory", required_argument, NULL, AW_OPT_MEMORY},                                        \
        {"seconds", required_argument, NULL, AW_OPT_SECONDS},                                      \
    {                                                                                              \
        "help", no_argument, NULL, AW_OPTION_HELP                                                  \
    }

void aw_cli_search_init(struct aw_cli_search *search, const char *command);

/* Takes one of the options above; false after a message. */
bool aw_cli_search_take(struct aw_cli_search *search, int option, const char *argument);

struct aw_trace;
/* gdb, stopped before a step (an index) of the trace; does not return where it can be started. gdb
 * reads its commands from stdin. */
int aw_cli_debug(const struct aw_trace *trace, const char *path, uint32_t step,
                 const char *runtime);

/* Searches one case, writes the trace if there is one, and enters the result into the report; NULL
 * after a message, with report->errors counted. */
struct aw_report_case *aw_cli_search_case(const struct aw_cli_search *search,
                                          const struct aw_case *one, struct aw_report *report);

/* SIGINT or SIGTERM ends the search that is running, and then the run; a second one ends the
 * program. */
void aw_interrupt_install(void);
bool aw_interrupted(void);
/* From now on the interruption is noted there, which may be memory shared with other processes. */
void aw_interrupt_share(volatile sig_atomic_t *flag);

/*
 * Searches `count` cases, at most `jobs` of them at a time, and enters the results into the report
 * in the order of the cases, whoever is ready first; `done` (may be NULL) is called after each.
 *
 * One job is this process itself. With more, each case has a child of its own, which is forked
 * before it has a machine: its peak memory is its own, and when it dies (the bounds of the host's
 * memory, say) that case is one that could not be run, and nothing else is lost. After an
 * interruption no case is begun; those that are running end as inconclusive, and so do those whose
 * turn did not come.
 *
 * A case gets its share of what is left of the budget: as if all that are left took the same time.
 */
struct aw_jobs {
    const struct aw_cli_search *search;
    const struct aw_case *const *cases;
    int count, jobs;
    double budget; /* seconds for all of them together; 0 = none */
    void (*done)(void *context, const struct aw_report_case *entry);
    void *context;
};
void aw_jobs_run(const struct aw_jobs *jobs, struct aw_report *report);

/* The processors that this process may use. */
int aw_jobs_default(void);

#endif
