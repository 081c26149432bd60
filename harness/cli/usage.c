/* SPDX-License-Identifier: MIT */
/* usage.c - the commands and what is to be said about them. */
#include <stdio.h>
#include <string.h>

#include "cli/cc.h"
#include "cli/cli.h"

#define SEARCH_HELP                                                                                \
    "What comes out:\n"                                                                            \
    "  --format NAME[=FILE] tty (default), json, junit, tap, sarif, github; to stdout, or to "     \
    "FILE;\n"                                                                                      \
    "                       may be repeated with files\n"                                          \
    "  --trace-dir DIR      where traces are written (traces)\n"                                   \
    "  --allow VERDICT      inconclusive or vacuous: exit status 0 in place of 3\n"                \
    "\n"                                                                                           \
    "How to search:\n"                                                                             \
    "  --whole-graph        go on after the first violation\n"                                     \
    "  --count              count the interleavings as well\n"                                     \
    "  --no-minimal         do not look for the shortest counterexample\n"                         \
    "  --minimal-states N   look for it in N states (200000, or four times as many as it took "    \
    "to\n"                                                                                         \
    "                       find one, if that is more); 0: without a limit\n"                      \
    "  --no-symmetry        tell equal siblings apart\n"                                           \
    "  --no-reduction       no partial-order reduction\n"                                          \
    "  --no-rule NAME       without one of its rules: local, release, private, never-empty,\n"     \
    "                       exit, guarded, writer, wait, faults; may be repeated\n"                \
    "  --no-tracking        interleave every access to memory that threads hand over\n"            \
    "  --no-reuse           execute every step of a thread, in place of using again what "         \
    "another\n"                                                                                    \
    "                       state of its process has taught\n"                                     \
    "  --control N          steps that are executed again in the end, and have to be the same: "   \
    "at\n"                                                                                         \
    "                       least N (64), and one in a thousand; 0: all\n"                         \
    "\n"                                                                                           \
    "How far (instead of what the scenario says; 0: without a limit):\n"                           \
    "  --states N           states\n"                                                              \
    "  --memory SIZE        memory: 512MiB, 4GiB\n"                                                \
    "  --seconds S          time\n"

#define STATUS_HELP                                                                                \
    "\n"                                                                                           \
    "Exit status: 0 every expectation is met; 1 one is not; 2 wrong usage, file or program;\n"     \
    "3 inconclusive, vacuous or uncontrolled. Of several 2, then 1, then 3.\n"

const struct aw_command aw_commands[] = {
    {"run", "check scenario files", aw_command_run,
     "usage: allways run [OPTION]... [PATH]...\n"
     "Checks every scenario in the files and folders PATH (scenarios), and compares each verdict\n"
     "with the one that the scenario expects.\n"
     "\n"
     "  --filter TEXT        only cases whose name contains TEXT\n"
     "  --jobs N             cases at a time (one for each processor); 1: in this process\n"
     "  --shard I/N          only every N-th case, from the I-th on: one of N parts\n"
     "  --rerun-failed       only cases that were not as expected in the last run, and new ones\n"
     "  --time-budget S      seconds for all of them together, shared evenly\n"
     "  --cache DIR          do not prove again what was proved of the same program, scenario and\n"
     "                       checker; DIR keeps the proofs\n"
     "  --no-canary          do not check first, where PATH is a folder, that a program known to "
     "be\n"
     "                       wrong is refuted\n"
     "\n" SEARCH_HELP STATUS_HELP},
    {"check", "check one program, without a scenario file", aw_command_check,
     "usage: allways check [OPTION]... PROGRAM.so [OPTION]... [-- ARGUMENT...]\n"
     "Checks a program that `allways cc` has compiled. ARGUMENTs are the program's own.\n"
     "\n"
     "  --property NAME      what is to hold; may be repeated (no-deadlock, no-crash, terminates); "
     "also:\n"
     "                       succeeds (main ends with status 0), no-error, no-leak, drained,\n"
     "                       exactly-once, fifo; no-data-race and no-memory-error are always "
     "judged\n"
     "\n"
     "The machine:\n"
     "  --env NAME=VALUE     a variable of the program's environment, which is empty otherwise\n"
     "  --pipe-slots N       pages that a pipe holds (16)\n"
     "  --pipe-page-size N   bytes of a page, and PIPE_BUF (4096)\n"
     "  --heap SIZE          of each thread (16MiB)\n"
     "  --stack SIZE         of each thread (256KiB)\n"
     "  --time MODE          arbitrary (default): a time-out may expire at any moment; virtual: a\n"
     "                       clock that moves only when nobody can run\n"
     "  --init MODE          zero (default), or pattern: what memory holds before it is written\n"
     "  --clock-advances N   arbitrary time: how often the clock may be found moved (2)\n"
     "  --run-milliseconds N CPU time between two operations (1000)\n"
     "  --partial-writes N   how many writes to pipes may be cut short (0)\n"
     "\n" SEARCH_HELP STATUS_HELP},
    {"cc", "compile a program for the machine", aw_command_cc,
     "usage: allways cc FILE.c... [-o PROGRAM.so] [flags of gcc]\n"
     "Compiles and links a program for the machine: gcc, or $CC, with the flags that it needs.\n"
     "Your own flags come after them. Without -o it is called after the first file: FILE.so.\n"
     "With -c it compiles only, so that a project builds with make CC=\"allways cc\".\n"},
    {"replay", "carry out a trace again and compare", aw_command_replay,
     "usage: allways replay [OPTION]... TRACE\n"
     "Carries out the choices of a trace in a new machine, and compares everything that can be\n"
     "observed. Names the first step that differs.\n"
     "\n"
     "  --debug              stop in gdb before the last step, in the frame of its thread\n"
     "  --step N             before that step instead\n"
     "\n"
     "Exit status: 0 it reproduces; 1 it does not; 2 it cannot be read or carried out.\n"},
    {"show", "print a trace, or make a page or a diagram of it", aw_command_show,
     "usage: allways show [OPTION]... TRACE\n"
     "Says why the schedule of a trace fails, then prints every step.\n"
     "\n"
     "  --format text        for a terminal (default)\n"
     "           json        what there is to be shown, as data (docs/trace-format.md)\n"
     "           html        one page to step through, which needs nothing else\n"
     "           mermaid     a sequence diagram, for a pull request\n"
     "           perfetto    Chrome's trace events, for ui.perfetto.dev\n"
     "  -o, --output FILE    write there\n"},
    {"automaton", "draw what a process does", aw_command_automaton,
     "usage: allways automaton [OPTION]... SCENARIO.yaml\n"
     "Visits the states of a case and draws the automaton of one kind of process: where its "
     "threads\n"
     "wait, and which answer leads from where to where. States at the same source line are one.\n"
     "\n"
     "  --process NAME       main (default), worker, the role of a main thread, or child\n"
     "  --format dot|svg     Graphviz's language (default), or drawn by Graphviz's dot\n"
     "  --case NAME          the first case whose name contains NAME\n"
     "  --states N           how many states to visit (200000); the picture says when it was not "
     "all\n"
     "  -o, --output FILE    write there\n"},
    {"validate", "read scenario files without running them", aw_command_validate,
     "usage: allways validate PATH...\n"
     "Reads scenario files and says what is wrong with them.\n"
     "\n"
     "Exit status: 0 all are right; 2 one is not.\n"},
    {"native", "run scenarios on the real kernel, many times", aw_command_native,
     "usage: allways native [OPTION]... SCENARIO...\n"
     "Runs the natively compiled program of each case (build/models/X.so: build/native/X) under\n"
     "the case's plan of faults, through allways-preload.so. An experiment, not a verdict: which\n"
     "faults strike is drawn from the seed, the interleavings are the kernel's.\n"
     "\n"
     "  --runs N             of each case (100)\n"
     "  --seed S             decides what is injected (from the clock, and printed)\n"
     "  --time-limit S       seconds until a run counts as hung and is killed (10)\n"
     "  --case NAME          this case only, or those whose name contains NAME\n"
     "  --probability P      of a fault at each occurrence, 0 to 1 (1: while its budget lasts;\n"
     "                       drawn for each run and fault from 1, 1/2, 1/4 ... 1/64)\n"
     "  --program PATH       another executable\n"
     "  --log FILE           a line for each injected fault\n"
     "  --output             show what the program prints\n"
     "  --format table|json  for people (default), or one JSON object on stdout\n"
     "\n"
     "Exit status: 0 whatever comes out; 2 wrong usage, file or program.\n"},
    {"help", "print the help of a command", aw_command_help, "usage: allways help [COMMAND]\n"},
};

const int aw_command_count = sizeof aw_commands / sizeof *aw_commands;

void aw_usage_print(FILE *out)
{
    fputs("usage: allways COMMAND [ARGUMENT]...\n"
          "Takes a POSIX C program through every interleaving, and proves or refutes what is to\n"
          "hold of it.\n\n",
          out);
    for (int i = 0; i < aw_command_count; i++)
        fprintf(out, "  %-10s %s\n", aw_commands[i].name, aw_commands[i].about);
    fputs("\n  allways help COMMAND    more about one of them\n"
          "  allways --version       the version\n",
          out);
}

const struct aw_command *aw_command_find(const char *name)
{
    const char *names[sizeof aw_commands / sizeof *aw_commands + 1];
    for (int i = 0; i < aw_command_count; i++) {
        if (strcmp(aw_commands[i].name, name) == 0)
            return &aw_commands[i];
        names[i] = aw_commands[i].name;
    }
    names[aw_command_count] = NULL;
    const char *near = aw_nearest(name, names);
    if (near != NULL)
        fprintf(stderr, "allways: unknown command \"%s\", did you mean \"%s\"?\n", name, near);
    else
        fprintf(stderr, "allways: unknown command \"%s\"; `allways help` lists them\n", name);
    return NULL;
}

int aw_command_help(int argc, char **argv)
{
    if (argc > 2)
        return aw_complain("help", "one command at a time");
    if (argc < 2 || argv[1][0] == '-') {
        aw_usage_print(stdout);
        return AW_EXIT_OK;
    }
    const struct aw_command *command = aw_command_find(argv[1]);
    if (command == NULL)
        return AW_EXIT_WRONG;
    fputs(command->usage, stdout);
    return AW_EXIT_OK;
}

int aw_command_cc(int argc, char **argv)
{
    struct aw_error error;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return aw_command_help(2, (char *[]){"help", "cc", NULL});
    int status = aw_cc(argc - 1, argv + 1, aw_include_path(), &error);
    if (status >= 0)
        return status;
    char message[1400];
    aw_error_format(&error, message, sizeof message);
    fprintf(stderr, "allways %s\n", message);
    return AW_EXIT_WRONG;
}
