/* SPDX-License-Identifier: MIT */
/*
 * fiu_run.c - a plan in the words of fiu-run (libfiu's own command, with its preload libraries). It
 * knows points and probabilities: no roles, no call sites, no occurrences, no budgets, and its cut
 * transfers have lengths of its own choice.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/native.h"

static bool is_libfius(const char *point)
{
    return strncmp(point, "posix/", 6) == 0 || strncmp(point, "libc/", 5) == 0;
}

static bool can_say(const struct aw_fault *fault, uint32_t number, char *why, size_t size)
{
    const char *what = NULL;
    if (fault->kind != AW_FAULT_ERRNO && fault->kind != AW_FAULT_PARTIAL)
        what = "is of a kind that it lacks";
    else if (!is_libfius(fault->point))
        what = "is at a point that is not libfiu's";
    else if (fault->role[0] != '\0')
        what = "names a role";
    else if (fault->site[0] != '\0')
        what = "names a call site";
    else if (fault->first != 0)
        what = "names occurrences";
    else if (fault->value_count > 1 && fault->kind == AW_FAULT_ERRNO)
        what = "has several errnos";
    if (what != NULL)
        snprintf(why, size, "fault %u %s", number, what);
    return what == NULL;
}

/* A word of a command line, quoted where a shell would take it apart. */
static void put_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./=,:+@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    fputc('\'', out);
}

static void put_fault(FILE *out, const struct aw_fault *fault, double probability)
{
    fprintf(out, " -c '");
    if (probability >= 1)
        fprintf(out, "enable name=%s", fault->point);
    else
        fprintf(out, "enable_random name=%s,probability=%g", fault->point, probability);
    if (fault->kind == AW_FAULT_ERRNO) { /* the preload library takes failinfo for an errno */
        const struct aw_fault_point *point = aw_fault_point_find(fault->point);
        int number = fault->value_count == 1 ? (int)fault->values[0]
                     : point != NULL         ? point->errnos[0]
                                             : 0;
        fprintf(out, ",failinfo=%d", number);
    }
    fprintf(out, "'");
}

char *aw_native_fiu_run(const struct aw_native_program *program, const struct aw_fault_plan *plan,
                        double probability, char *why, size_t size)
{
    char *text = NULL;
    size_t length;
    if (plan->count == 0 || plan->budget == 0) {
        snprintf(why, size, "there is no fault in the plan");
        return NULL;
    }
    for (uint32_t i = 0; i < plan->count; i++)
        if (!can_say(&plan->faults[i], i + 1, why, size))
            return NULL;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    if (program->env != NULL && program->env[0] != NULL) {
        fputs("env ", out);
        for (int i = 0; program->env[i] != NULL; i++) {
            put_word(out, program->env[i]);
            fputc(' ', out);
        }
    }
    fputs("fiu-run -f '' -x", out);
    for (uint32_t i = 0; i < plan->count; i++)
        put_fault(out, &plan->faults[i], probability);
    fputc(' ', out);
    put_word(out, program->path);
    for (int i = 1; program->argv[0] != NULL && program->argv[i] != NULL; i++) {
        fputc(' ', out);
        put_word(out, program->argv[i]);
    }
    fclose(out);
    return text;
}
