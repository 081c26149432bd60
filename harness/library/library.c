/* SPDX-License-Identifier: MIT */
/*
 * library.c - aw_verify: a request becomes cases, each case is checked in a child, and what comes
 * back is told in the public terms.
 *
 * A child, because a machine takes over the process it lives in (fixed addresses, handlers of
 * signals, a signal stack), and there can be only one. The child sends one byte, 'r' and a case
 * (aw_report_send) or 'e' and a message; whatever is not whole is an error. Traces come by file,
 * through a folder of their own when the caller wants to keep none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allways/allways.h"
#include "base/memory.h"
#include "library/library.h"
#include "report/reporter.h"
#include "verify/verify.h"

_Static_assert((int)AW_VERIFY_PROVED == AW_PROVED && (int)AW_VERIFY_VIOLATED == AW_VIOLATED &&
                   (int)AW_VERIFY_INCONCLUSIVE == AW_INCONCLUSIVE &&
                   (int)AW_VERIFY_VACUOUS == AW_VACUOUS &&
                   (int)AW_VERIFY_UNCONTROLLED == AW_UNCONTROLLED && AW_VERDICT_COUNT == 5,
               "the public verdicts are those of verdict.h");

/* What a result points into. */
struct whole {
    struct aw_verify_result result; /* first: the caller has its address */
    struct aw_report report;
    char *error, *text;
    struct aw_verify_case *cases;
};

static int fail(struct aw_error *error, int code, const char *what)
{
    return aw_fail(error, code, "%s", what);
}

/* --- The child -------------------------------------------------------------------------------- */

static _Noreturn void be_child(const struct aw_verify_settings *settings, const struct aw_case *one,
                               int to)
{
    FILE *out = fdopen(to, "w");
    struct aw_report report;
    struct aw_report_case *entry;
    struct aw_error error;
    if (out == NULL)
        _exit(1);
    aw_report_init(&report);
    int status = aw_verify_case(settings, one, &report, &entry, &error);
    fputc(status == 0 ? 'r' : 'e', out);
    if (status == 0)
        status = aw_report_send(out, entry);
    else
        fputs(error.message, out);
    _exit(fflush(out) != 0 || status != 0);
}

static char *read_all(int from, size_t *size)
{
    char *bytes = aw_allocate(1, 1);
    ssize_t count;
    *size = 0;
    do {
        bytes = aw_reallocate(bytes, *size + (1 << 14) + 1, 1);
        count = read(from, bytes + *size, 1 << 14);
        if (count > 0)
            *size += (size_t)count;
    } while (count > 0 || (count < 0 && errno == EINTR));
    bytes[*size] = '\0';
    return bytes;
}

/* Enters the case into the report. */
static int check(const struct aw_verify_settings *settings, const struct aw_case *one,
                 struct aw_report *report, struct aw_error *error)
{
    int ends[2], wait_status = 0, status = 0;
    size_t size;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(error, AW_E_SYSTEM, strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        be_child(settings, one, ends[1]);
    }
    close(ends[1]);
    if (child < 0)
        status = fail(error, AW_E_SYSTEM, strerror(errno));
    char *bytes = read_all(ends[0], &size);
    close(ends[0]);
    while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0 && WIFSIGNALED(wait_status))
        status = aw_fail(error, AW_E_SYSTEM, "the process that checked it was ended by signal %d",
                         WTERMSIG(wait_status));
    else if (status == 0 && size > 1 && bytes[0] == 'e')
        status = fail(error, AW_E_PROGRAM, bytes + 1);
    else if (status == 0 && (size == 0 || aw_report_receive(report, bytes + 1, size - 1) == NULL))
        status = fail(error, AW_E_SYSTEM, "the process that checked it gave no whole result");
    free(bytes);
    return status;
}

/* --- The request ------------------------------------------------------------------------------ */

static int take_properties(const char *names, unsigned *properties, struct aw_error *error)
{
    static const char between[] = " ,\t\n";
    *properties = 0;
    for (names += strspn(names, between); *names != '\0'; names += strspn(names, between)) {
        char name[64];
        size_t length = strcspn(names, between);
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        int property = aw_property_by_name(name);
        if (property < 0)
            return aw_fail(error, AW_E_USAGE, "there is no property \"%s\"", name);
        *properties |= AW_PROPERTY_BIT(property);
        names += length;
    }
    return *properties != 0 ? 0 : fail(error, AW_E_USAGE, "no property was asked for");
}

static int check_program(const struct aw_verify_request *request,
                         const struct aw_verify_settings *settings, struct aw_report *report,
                         struct aw_error *error)
{
    static char *const none[] = {NULL};
    struct aw_case one = {.about = "",
                          .program = request->program,
                          .properties = AW_DEFAULT_PROPERTIES,
                          .env = request->env != NULL ? (char **)request->env : (char **)none,
                          .expect = {.verdict = AW_PROVED, .property = -1}};
    int status = 0, count = 0;
    aw_machine_settings_default(&one.machine);
    aw_limits_default(&one.limits);
    if (request->properties != NULL)
        status = take_properties(request->properties, &one.properties, error);
    if (status != 0)
        return status;
    const char *slash = strrchr(request->program, '/');
    char *name = aw_string_copy(slash != NULL ? slash + 1 : request->program);
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".so") == 0)
        name[length - 3] = '\0';
    while (request->args != NULL && request->args[count] != NULL)
        count++;
    one.argv = aw_allocate((size_t)count + 2, sizeof *one.argv);
    one.argv[0] = name;
    for (int i = 0; i < count; i++)
        one.argv[i + 1] = (char *)request->args[i];
    one.argc = count + 1;
    one.name = name;
    status = check(settings, &one, report, error);
    free(one.argv);
    free(name);
    return status;
}

static int check_scenario(const struct aw_verify_request *request,
                          const struct aw_verify_settings *settings, struct aw_report *report,
                          struct aw_error *error)
{
    struct aw_scenario *scenario;
    int status = aw_scenario_load(request->scenario, &scenario, error);
    if (status != 0)
        return status;
    for (int i = 0; i < scenario->count && status == 0; i++)
        if (request->filter == NULL || strstr(scenario->cases[i].name, request->filter) != NULL)
            status = check(settings, &scenario->cases[i], report, error);
    aw_scenario_free(scenario);
    if (status == 0 && report->count == 0)
        status = aw_fail(error, AW_E_USAGE, "%s: no case's name contains \"%s\"", request->scenario,
                         request->filter);
    return status;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

/* --- The result ------------------------------------------------------------------------------- */

static char *explain(const struct aw_report_case *entry)
{
    char *text = NULL;
    size_t size;
    struct aw_trace trace;
    if (!aw_report_trace(entry, &trace))
        return aw_string_copy("");
    FILE *out = open_memstream(&text, &size);
    aw_trace_show(&trace, out);
    fclose(out);
    aw_trace_free(&trace);
    return text;
}

static void tell_case(struct aw_report_case *entry, struct aw_verify_case *told)
{
    const struct aw_result *result = &entry->result;
    struct aw_verify_property *properties = aw_allocate(AW_PROPERTY_COUNT, sizeof *properties);
    *told = (struct aw_verify_case){.name = entry->name,
                                    .verdict = (enum aw_verify_verdict)result->verdict,
                                    .passed = entry->met,
                                    .bounded = aw_report_bounded(entry),
                                    .message = result->message,
                                    .properties = properties,
                                    .assumptions = (const char *const *)result->assumptions,
                                    .assumption_count = result->assumption_count,
                                    .states = result->states,
                                    .transitions = result->transitions,
                                    .seconds = result->seconds,
                                    .explanation = explain(entry),
                                    .trace = entry->trace,
                                    .steps = result->schedule.count,
                                    .preemptions = result->preemptions,
                                    .faults = result->faults,
                                    .minimal = result->minimal};
    if (result->verdict == AW_VIOLATED)
        told->violated = aw_property_name(result->violated);
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        if (entry->properties & AW_PROPERTY_BIT(i))
            properties[told->property_count++] =
                (struct aw_verify_property){aw_property_name((enum aw_property)i),
                                            aw_property_state_name(result->properties[i])};
}

static char *text_of(const struct whole *whole)
{
    char *text, words[96];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (whole->error != NULL)
        fprintf(out, "error: %s\n", whole->error);
    for (int i = 0; i < whole->report.count; i++) {
        const struct aw_report_case *entry = &whole->report.cases[i];
        fprintf(out, "%s: %s\n", entry->name, aw_report_words(entry, words, sizeof words));
        if (!entry->met)
            fprintf(out, "  not as expected: %s\n", entry->unmet);
        if (!entry->met && whole->cases[i].explanation[0] == '\0' &&
            entry->result.message[0] != '\0')
            fprintf(out, "  %s\n", entry->result.message);
        if (!entry->met)
            fprintf(out, "\n%s", whole->cases[i].explanation);
    }
    fclose(out);
    return text;
}

static int run(const struct aw_verify_request *request, struct whole *whole, struct aw_error *error)
{
    struct aw_verify_settings settings;
    char own[] = "/tmp/allways-XXXXXX", *runtime;
    int status;
    aw_verify_settings_default(&settings);
    if ((request->scenario == NULL) == (request->program == NULL))
        return fail(error, AW_E_USAGE, "a request names a scenario or a program, and not both");
    if ((runtime = aw_library_runtime(request->runtime)) == NULL)
        return fail(error, AW_E_USAGE,
                    "runtime.so is not to be found; ALLWAYS_RUNTIME may name it");
    settings.runtime = runtime;
    settings.has_states = request->max_states > 0;
    settings.has_seconds = request->max_seconds > 0;
    settings.limits.states = request->max_states;
    settings.limits.seconds = request->max_seconds;
    settings.trace_dir = request->trace_dir;
    if (settings.trace_dir == NULL && (settings.trace_dir = mkdtemp(own)) == NULL) {
        status = aw_fail(error, AW_E_IO, "%s: %s", own, strerror(errno));
    } else {
        status = request->scenario != NULL
                     ? check_scenario(request, &settings, &whole->report, error)
                     : check_program(request, &settings, &whole->report, error);
        whole->cases = aw_allocate((size_t)whole->report.count + 1, sizeof *whole->cases);
        for (int i = 0; i < whole->report.count; i++)
            tell_case(&whole->report.cases[i], &whole->cases[i]);
        if (request->trace_dir == NULL) {
            nftw(own, remove_one, 8, FTW_DEPTH | FTW_PHYS);
            for (int i = 0; i < whole->report.count; i++)
                whole->cases[i].trace = NULL;
        }
    }
    free(runtime);
    return status;
}

struct aw_verify_result *aw_verify(const struct aw_verify_request *request)
{
    struct whole *whole = aw_allocate(1, sizeof *whole);
    struct aw_error error = {0};
    aw_report_init(&whole->report);
    if (run(request, whole, &error) != 0) {
        whole->error = aw_allocate(1500, 1);
        aw_error_format(&error, whole->error, 1500);
    }
    whole->text = text_of(whole);
    whole->result = (struct aw_verify_result){.passed = whole->error == NULL,
                                              .error = whole->error,
                                              .cases = whole->cases,
                                              .count = (size_t)whole->report.count,
                                              .text = whole->text};
    for (int i = 0; i < whole->report.count; i++)
        whole->result.passed &= whole->cases[i].passed;
    return &whole->result;
}

void aw_verify_free(struct aw_verify_result *result)
{
    struct whole *whole = (struct whole *)result;
    if (whole == NULL)
        return;
    for (int i = 0; i < whole->report.count; i++) {
        free((char *)whole->cases[i].explanation);
        free((struct aw_verify_property *)whole->cases[i].properties);
    }
    free(whole->cases);
    free(whole->error);
    free(whole->text);
    aw_report_deinit(&whole->report);
    free(whole);
}

const char *aw_verify_verdict_name(enum aw_verify_verdict verdict)
{
    return aw_verdict_name((enum aw_verdict)verdict);
}

const char *aw_verify_version(void)
{
    return AW_VERSION;
}
