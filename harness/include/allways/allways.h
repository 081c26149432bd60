/* SPDX-License-Identifier: MIT */
/*
 * allways.h - checking a program from a test of one's own (liballways).
 *
 *     struct aw_verify_result *result = aw_verify(&(struct aw_verify_request){
 *         .program = "build/queue.so", .properties = "drained no-deadlock"});
 *     cr_assert(result->passed, "%s", result->text);
 *     aw_verify_free(result);
 *
 * What is checked is a program that `allways cc` has compiled, or a scenario file with all of its
 * cases. What comes out are verdicts, and for a violation the explained schedule.
 *
 * Ownership: the result and everything in it belong to the caller until aw_verify_free. Nothing of
 * the request is kept. Strings are never NULL unless it says so here.
 *
 * Errors: a file that cannot be read, a program that cannot be loaded, a wrong request: `error`
 * says what, `passed` is false. A finding about the program is a verdict and never an error.
 * Without memory the process is aborted.
 *
 * Threads: aw_verify may be called from any thread and by several at a time. Each case is checked
 * in a process of its own, forked for it, which shares nothing with the caller: signal handlers,
 * memory and descriptors stay as they are. SIGCHLD should not be ignored, and nobody else should
 * wait for any child meanwhile (wait, waitpid(-1)).
 *
 * Linking: `pkg-config --cflags --libs allways`. The runtime object is found, in this order, as
 * `runtime` of the request, by the environment's ALLWAYS_RUNTIME, in the folder allways/ beside
 * liballways.so, and where `make install` has put it.
 */
#ifndef ALLWAYS_ALLWAYS_H
#define ALLWAYS_ALLWAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum aw_verify_verdict {
    AW_VERIFY_PROVED,       /* complete, within the bounds and assumptions that are listed */
    AW_VERIFY_VIOLATED,     /* a schedule breaks a property */
    AW_VERIFY_INCONCLUSIVE, /* a limit was reached, or something is not modelled */
    AW_VERIFY_VACUOUS,      /* it holds, but nothing put it to the test */
    AW_VERIFY_UNCONTROLLED, /* the same choices gave another outcome */
};

/* All zero but for `program` or `scenario`. */
struct aw_verify_request {
    const char *scenario;    /* path of a scenario file; or NULL, and then: */
    const char *program;     /* path of a program */
    const char *const *args; /* its arguments after argv[0], NULL at the end; or NULL */
    const char *const *env;  /* "NAME=value", NULL at the end; or NULL: an empty environment */
    const char *properties;  /* names, between blanks or commas; NULL: no-deadlock, no-crash and
                                terminates. no-data-race and no-memory-error are always judged */

    const char *filter;    /* of a scenario: only cases whose name contains it; or NULL */
    uint64_t max_states;   /* in place of the usual or the scenario's limit; 0: as it is */
    double max_seconds;    /* the same */
    const char *trace_dir; /* where traces are kept; NULL: they are not */
    const char *runtime;   /* path of runtime.so; NULL: it is found */
};

struct aw_verify_property {
    const char *name, *state; /* "holds", "violated", "undecided" or "not exercised" */
};

/* What came out of one case. */
struct aw_verify_case {
    const char *name;
    enum aw_verify_verdict verdict;
    bool passed;          /* as the scenario expects; of a program: proved */
    bool bounded;         /* proved, or a property holds, within a bound of the assumptions */
    const char *violated; /* the property that the schedule breaks, or NULL */
    const char *message;  /* what was found, or which limit was reached; or "" */
    const struct aw_verify_property *properties; /* that were asked for */
    size_t property_count;
    const char *const *assumptions;
    size_t assumption_count;
    uint64_t states, transitions;
    double seconds;

    const char
        *explanation;  /* the schedule in the program's terms, and every step; "" without one */
    const char *trace; /* path of the trace file, or NULL */
    uint32_t steps, preemptions, faults; /* of the schedule */
    bool minimal;                        /* it is proved minimal */
};

struct aw_verify_result {
    bool passed;       /* without an error, and every case has */
    const char *error; /* or NULL */
    const struct aw_verify_case *cases;
    size_t count;
    const char *text; /* all of it, for a person: of cases that have not passed, why */
};

/* Checks. Never NULL. */
struct aw_verify_result *aw_verify(const struct aw_verify_request *request);

/* NULL is fine. */
void aw_verify_free(struct aw_verify_result *result);

/* "proved", "violated", ... */
const char *aw_verify_verdict_name(enum aw_verify_verdict verdict);

/* "0.1.0" */
const char *aw_verify_version(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
