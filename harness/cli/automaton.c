/* SPDX-License-Identifier: MIT */
/* automaton.c - allways automaton: what a process of a scenario does, as a picture. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "view/automaton.h"

enum { STATES = 200000 };

struct request {
    const char *process, *name, *to;
    bool svg;
    uint64_t states;
};

/* Graphviz draws: `dot` reads from the pipe that the text is written to. */
static int write_svg(const struct aw_automaton *automaton, const char *title, FILE *out)
{
    fflush(out);
    if (system("command -v dot >/dev/null 2>&1") != 0)
        return aw_complain("automaton", "--format svg: dot is not installed (Debian's package "
                                        "graphviz); --format dot needs nothing");
    int saved = dup(STDOUT_FILENO);
    if (saved < 0 || dup2(fileno(out), STDOUT_FILENO) < 0)
        return aw_complain("automaton", "%s", strerror(errno));
    FILE *dot = popen("dot -Tsvg", "we");
    int status = dot == NULL ? -1 : aw_view_dot(automaton, title, dot);
    if (dot != NULL && pclose(dot) != 0)
        status = -1;
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return status == 0 ? AW_EXIT_OK : aw_complain("automaton", "dot has failed");
}

static int draw(const struct request *request, const struct aw_case *one,
                const struct aw_automaton *automaton)
{
    char title[400];
    snprintf(title, sizeof title, "%s of %s, %llu states", request->process, one->name,
             (unsigned long long)automaton->states);
    FILE *out = request->to == NULL ? stdout : fopen(request->to, "we");
    if (out == NULL)
        return aw_complain("automaton", "%s: cannot be written: %s", request->to, strerror(errno));
    int status = AW_EXIT_OK;
    if (request->svg)
        status = write_svg(automaton, title, out);
    else
        aw_view_dot(automaton, title, out);
    errno = 0;
    bool failed = (fflush(out) != 0) | (ferror(out) != 0);
    if (request->to != NULL)
        failed |= fclose(out) != 0;
    if (failed && status == AW_EXIT_OK)
        status =
            aw_complain("automaton", "%s: cannot be written: %s",
                        request->to ? request->to : "the output", strerror(errno ? errno : EIO));
    if (status != AW_EXIT_OK && request->to != NULL)
        unlink(request->to);
    return status;
}

static int of_case(const struct request *request, const struct aw_case *one, const char *runtime)
{
    struct aw_machine *machine;
    struct aw_automaton automaton;
    struct aw_error error;
    if (aw_machine_create(one->program, runtime, one->argv, one->env, &one->machine, &machine,
                          &error) != 0)
        return aw_complain_error("automaton", &error);
    if (one->faults.count > 0 && aw_machine_set_faults(machine, &one->faults, &error) != 0) {
        aw_machine_destroy(machine);
        return aw_complain_error("automaton", &error);
    }
    aw_automaton_learn(machine, request->process, request->states, &automaton);
    int status = AW_EXIT_OK;
    if (automaton.node_count == 0)
        status = aw_complain("automaton", "--process: no process is called \"%s\"; there are: %s",
                             request->process, automaton.processes);
    else
        status = draw(request, one, &automaton);
    if (!automaton.complete && status == AW_EXIT_OK)
        fprintf(stderr, "allways automaton: not complete: %s (%llu states)\n", automaton.stopped,
                (unsigned long long)automaton.states);
    aw_automaton_free(&automaton);
    aw_machine_destroy(machine);
    return status;
}

static int of_file(const struct request *request, const char *path, const char *runtime)
{
    struct aw_scenario *scenario;
    struct aw_error error;
    if (aw_scenario_load(path, &scenario, &error) != 0)
        return aw_complain_error("automaton", &error);
    const struct aw_case *chosen = NULL;
    for (int i = 0; i < scenario->count && chosen == NULL; i++)
        if (request->name == NULL || strstr(scenario->cases[i].name, request->name) != NULL)
            chosen = &scenario->cases[i];
    int status = chosen != NULL
                     ? of_case(request, chosen, runtime)
                     : aw_complain("automaton", "no case's name contains \"%s\"", request->name);
    aw_scenario_free(scenario);
    return status;
}

int aw_command_automaton(int argc, char **argv)
{
    enum { OPT_PROCESS = AW_OPT_OWN, OPT_FORMAT, OPT_CASE, OPT_STATES, OPT_OUTPUT = 'o' };
    static const struct option options[] = {{"process", required_argument, NULL, OPT_PROCESS},
                                            {"format", required_argument, NULL, OPT_FORMAT},
                                            {"case", required_argument, NULL, OPT_CASE},
                                            {"states", required_argument, NULL, OPT_STATES},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"help", no_argument, NULL, AW_OPTION_HELP},
                                            {0}};
    struct request request = {.process = "main", .states = STATES};
    int option;
    while ((option = aw_next_option(argc, argv, options)) != -1)
        switch (option) {
        case AW_OPTION_HELP:
            return aw_command_help(2, (char *[]){"help", "automaton", NULL});
        case OPT_PROCESS:
            request.process = optarg;
            break;
        case OPT_FORMAT:
            request.svg = strcmp(optarg, "svg") == 0;
            if (!request.svg && strcmp(optarg, "dot") != 0)
                return aw_complain("automaton", "--format: expected dot or svg, found \"%s\"",
                                   optarg);
            break;
        case OPT_CASE:
            request.name = optarg;
            break;
        case OPT_STATES:
            if (!aw_parse_number("automaton", "states", optarg, 1, 1000000000, &request.states))
                return AW_EXIT_WRONG;
            break;
        case OPT_OUTPUT:
            request.to = optarg;
            break;
        default:
            return AW_EXIT_WRONG;
        }
    if (optind + 1 != argc)
        return aw_complain("automaton", "one scenario is needed: allways automaton SCENARIO.yaml");
    const char *runtime = aw_runtime_path(argv[0]);
    return runtime == NULL ? AW_EXIT_WRONG : of_file(&request, argv[optind], runtime);
}
