/* SPDX-License-Identifier: MIT */
/* search.c - the options of a search, and a case searched with a line of progress. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

void aw_cli_search_init(struct aw_cli_search *search, const char *command)
{
    *search = (struct aw_cli_search){.command = command};
    aw_verify_settings_default(&search->verify);
}

static bool drop_rule(struct aw_cli_search *search, const char *name)
{
    static const char *const rules[] = {
#define X(rule, text) text,
        AW_RULES(X)
#undef X
            NULL};
    for (int i = 0; i < AW_RULE_COUNT; i++)
        if (strcmp(rules[i], name) == 0) {
            search->verify.rules &= ~(1u << i);
            return true;
        }
    const char *near = aw_nearest(name, rules);
    aw_complain(search->command, "--no-rule: unknown rule \"%s\"%s%s%s", name,
                near ? ", did you mean \"" : "; `allways help` with this command lists them",
                near ? near : "", near ? "\"?" : "");
    return false;
}

/* "inconclusive,vacuous": what an exit status of 0 may cover. `uncontrolled` never. */
static bool take_allow(struct aw_cli_search *search, const char *list)
{
    while (*list != '\0') {
        char name[32];
        size_t length = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        int verdict = aw_verdict_by_name(name);
        if (verdict != AW_INCONCLUSIVE && verdict != AW_VACUOUS) {
            aw_complain(search->command, "--allow: expected inconclusive or vacuous, found \"%s\"",
                        name);
            return false;
        }
        search->allowed |= 1u << verdict;
        list += length + (list[length] == ',');
    }
    return true;
}

static bool take_seconds(struct aw_cli_search *search, const char *text)
{
    char *end;
    search->verify.has_seconds = true;
    search->verify.limits.seconds = strtod(text, &end);
    if (end != text && *end == '\0' && search->verify.limits.seconds >= 0 &&
        search->verify.limits.seconds < 1e9)
        return true;
    aw_complain(search->command, "--seconds: expected a number of seconds, found \"%s\"", text);
    return false;
}

/* For the cache: a proof holds for the options that it was found with. */
static bool remember(struct aw_cli_search *search, int option, const char *argument)
{
    size_t length = strlen(search->said), room = sizeof search->said - length;
    if (option == AW_OPT_FORMAT || option == AW_OPT_TRACE_DIR || option == AW_OPT_ALLOW ||
        (size_t)snprintf(search->said + length, room, "%d %s;", option,
                         argument != NULL ? argument : "") < room)
        return true;
    aw_complain(search->command, "too many options");
    return false;
}

bool aw_cli_search_take(struct aw_cli_search *search, int option, const char *argument)
{
    if (!remember(search, option, argument))
        return false;
    switch ((enum aw_cli_search_option)option) {
    case AW_OPT_FORMAT:
        return aw_outputs_take(&search->outputs, search->command, argument);
    case AW_OPT_TRACE_DIR:
        search->verify.trace_dir = argument;
        return aw_parse_folder(search->command, "trace-dir", argument);
    case AW_OPT_ALLOW:
        return take_allow(search, argument);
    case AW_OPT_WHOLE_GRAPH:
        return search->verify.whole_graph = true;
    case AW_OPT_COUNT:
        return search->verify.count = true;
    case AW_OPT_NO_SYMMETRY:
        search->verify.symmetry = false;
        return true;
    case AW_OPT_NO_REDUCTION:
        search->verify.rules = 0;
        return true;
    case AW_OPT_NO_RULE:
        return drop_rule(search, argument);
    case AW_OPT_NO_MINIMAL:
        search->verify.minimal = false;
        return true;
    case AW_OPT_MINIMAL_STATES:
        if (!aw_parse_number(search->command, "minimal-states", argument, 0, 1000000000000,
                             &search->verify.minimal_states))
            return false;
        if (search->verify.minimal_states == 0)
            search->verify.minimal_states = UINT64_MAX;
        return true;
    case AW_OPT_NO_TRACKING:
        search->verify.tracking = false;
        return true;
    case AW_OPT_NO_REUSE:
        search->verify.reuse = false;
        return true;
    case AW_OPT_CONTROL:
        return aw_parse_number(search->command, "control", argument, 0, 1000000000000,
                               &search->verify.control);
    case AW_OPT_STATES:
        search->verify.has_states = true;
        return aw_parse_number(search->command, "states", argument, 0, 1000000000000,
                               &search->verify.limits.states);
    case AW_OPT_MEMORY:
        search->verify.has_memory = true;
        return aw_parse_size(search->command, "memory", argument, 0, (uint64_t)1 << 46,
                             &search->verify.limits.memory_bytes);
    case AW_OPT_SECONDS:
        return take_seconds(search, argument);
    default:
        return false;
    }
}

/* What the exploration calls now and then. */
struct watch {
    const struct aw_cli_search *search;
    struct aw_report_progress line;
};

static bool watch(void *context, const char *name, const struct aw_progress *now)
{
    struct watch *watching = context;
    const struct aw_cli_search *search = watching->search;
    if (search->progress != NULL)
        search->progress(search->context, now);
    else
        aw_progress_show(&watching->line, name, now);
    return !aw_interrupted();
}

static void say(void *context, const char *name, const char *line)
{
    const struct watch *watching = context;
    fprintf(stderr, "allways %s: %s: %s\n", watching->search->command, name, line);
}

struct aw_report_case *aw_cli_search_case(const struct aw_cli_search *search,
                                          const struct aw_case *one, struct aw_report *report)
{
    struct aw_verify_settings settings = search->verify;
    struct watch watching = {.search = search};
    struct aw_report_case *entry;
    struct aw_error error;
    bool cached = search->cache != NULL && one->trace_count == 0; /* the key has no traces in it */
    if (cached && (entry = aw_cache_find(search, one, report)) != NULL)
        return entry;
    aw_progress_start(&watching.line, stderr);
    settings.progress = watch;
    settings.say = say;
    settings.context = &watching;
    int status = aw_verify_case(&settings, one, report, &entry, &error);
    aw_progress_end(&watching.line);
    if (status != 0) {
        char said[sizeof error.file + sizeof error.message + 32];
        aw_error_format(&error, said, sizeof said);
        if (entry == NULL)
            aw_report_add_problem(report, one->name, said);
        if (strcmp(search->command, "check") == 0)
            aw_complain(search->command, "%s", said);
        else
            aw_complain(search->command, "%s: %s", one->name, said);
    }
    report->interrupted |= aw_interrupted();
    if (entry != NULL && cached)
        aw_cache_keep(search, one, entry, report);
    return entry;
}
