/* SPDX-License-Identifier: MIT */
/*
 * debug.c - allways replay --debug: gdb, stopped before a step of a trace, in the frame of the
 * thread that is to take it.
 *
 * gdb runs `allways replay --stop-before N TRACE`, which calls aw_debug_parked with the process in
 * place. There the registers are set to those of the parked thread, so that its stack is what gdb
 * shows. `go` sets them back, lets the operation be carried out, and stops in the code after it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "machine/window.h"
#include "trace/trace.h"

enum { MAX_ARGS = 32 };

static const char *const registers[][2] = {{"rsp", "sp"},  {"rbp", "bp"},  {"rbx", "bx"},
                                           {"r12", "r12"}, {"r13", "r13"}, {"r14", "r14"},
                                           {"r15", "r15"}, {"pc", "pc"}};

/* A path in a gdb command: quotes are gdb's. */
static bool plain(const char *path)
{
    return strpbrk(path, "\"\n") == NULL;
}

static void write_script(FILE *out, const struct aw_trace *trace, uint32_t step,
                         const char *runtime)
{
    char name[256];
    const struct aw_trace_step *of = &trace->steps[step];
    fputs("set confirm off\nset pagination off\nset print thread-events off\n"
          "set debuginfod enabled off\nhandle SIGSEGV SIGBUS SIGSYS SIGALRM SIGVTALRM SIGPROF "
          "nostop noprint pass\n"
          "break aw_debug_parked\nrun\n",
          out);
    fprintf(out, "add-symbol-file \"%s\" -o 0x%llx\n", trace->program,
            (unsigned long long)AW_PROGRAM_BASE);
    fprintf(out, "add-symbol-file \"%s\" -o 0x%llx\n", runtime,
            (unsigned long long)AW_RUNTIME_BASE);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        fprintf(out, "set $aw_%s = $%s\n", registers[i][0], registers[i][0]);
    fputs("define go\n", out);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        fprintf(out, "  set $%s = $aw_%s\n", registers[i][0], registers[i][0]);
    fputs("  tbreak *aw_debug_at.pc\n  continue\nend\n"
          "document go\nCarry out the operation, and stop in the code after it.\nend\n",
          out);
    /* The values are read before the registers change where gdb looks. */
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        fprintf(out, "set $at_%s = aw_debug_at.%s\n", registers[i][0], registers[i][1]);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        fprintf(out, "set $%s = $at_%s\n", registers[i][0], registers[i][0]);
    fputs("set $pc = $pc - 1\n", out); /* inside the call, for its line */
    aw_trace_thread_name(trace, of->process, of->choice.slot, name, sizeof name);
    fprintf(out, "echo \\nbefore step %u of %u: %s, %s %s -> %s\\n\n", step + 1, trace->step_count,
            name, of->operation, of->object, of->result);
    fputs("echo `go` carries out the operation and stops in the code after it\\n\\n\nbacktrace\n",
          out);
}

int aw_cli_debug(const struct aw_trace *trace, const char *path, uint32_t step, const char *runtime)
{
    char script[] = "/tmp/allways-gdb-XXXXXX", number[16], self[4096];
    if (system("command -v gdb >/dev/null 2>&1") != 0)
        return aw_complain("replay", "--debug: gdb is not installed (Debian's package gdb)");
    if (trace->steps[step].process == AW_TRACE_NONE)
        return aw_complain("replay", "--debug: at step %u the clock moves, and no thread",
                           step + 1);
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !plain(trace->program) || !plain(runtime))
        return aw_complain("replay", "--debug: a path that gdb cannot be told");
    self[length] = '\0';
    int fd = mkstemp(script);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL)
        return aw_complain("replay", "--debug: %s cannot be written", script);
    write_script(out, trace, step, runtime);
    fprintf(out, "shell rm -f %s\n", script);
    if (fclose(out) != 0)
        return aw_complain("replay", "--debug: %s cannot be written", script);
    snprintf(number, sizeof number, "%u", step + 1);
    char *args[MAX_ARGS] = {"gdb", "-q", "-nx", "-x", script};
    int at = 5;
    args[at++] = "--args";
    args[at++] = self;
    args[at++] = "replay";
    args[at++] = "--stop-before";
    args[at++] = number;
    args[at++] = (char *)path;
    setenv("ALLWAYS_RUNTIME", runtime, 1);
    execvp("gdb", args);
    return aw_complain("replay", "--debug: gdb cannot be started");
}
