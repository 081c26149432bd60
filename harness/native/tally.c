/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "native/native.h"

void aw_native_count(struct aw_native_tally *tally, const struct aw_native_outcome *outcome)
{
    if (outcome->end == AW_NATIVE_INTERRUPTED)
        return;
    tally->runs++;
    tally->passed += outcome->passed;
    tally->drained += outcome->end == AW_NATIVE_ENDED && outcome->gots >= outcome->puts;
    tally->hung += outcome->end == AW_NATIVE_HUNG;
    tally->errors += outcome->error;
    if (outcome->puts > outcome->gots) {
        tally->losing++;
        tally->lost += outcome->puts - outcome->gots;
    }
    for (int i = 0; i < AW_FAULT_MAX; i++) {
        tally->met[i] += outcome->met[i];
        tally->injected[i] += outcome->injected[i];
        tally->faults += outcome->injected[i];
    }
    tally->seconds += outcome->seconds;
}

static double percent(const struct aw_native_tally *tally, uint64_t part)
{
    return tally->runs > 0 ? 100.0 * (double)part / (double)tally->runs : 0;
}

void aw_native_table_head(FILE *out, int width)
{
    fprintf(out, "%-*s  %7s %14s %14s %7s %8s %6s %6s %8s %9s\n", width, "scenario", "runs",
            "passed", "drained", "losing", "lost", "hung", "errors", "faults", "time");
}

void aw_native_table_row(FILE *out, int width, const char *name,
                         const struct aw_native_tally *tally)
{
    fprintf(out,
            "%-*s  %7" PRIu64 " %7" PRIu64 " %5.1f%% %7" PRIu64 " %5.1f%% %7" PRIu64 " %8" PRIu64
            " %6" PRIu64 " %6" PRIu64 " %8" PRIu64 " %7.1f s\n",
            width, name, tally->runs, tally->passed, percent(tally, tally->passed), tally->drained,
            percent(tally, tally->drained), tally->losing, tally->lost, tally->hung, tally->errors,
            tally->faults, tally->seconds);
}

void aw_native_table_legend(FILE *out)
{
    fputs("passed: the program says so, or ended without an error; drained: ended, and every item\n"
          "that was put was got; losing, lost: runs with items that nobody got, and those items;\n"
          "hung: killed at the time limit; errors: runs in which the program told of one, or a\n"
          "process failed by itself; faults: injected\n",
          out);
}

static const char *lengths(const struct aw_fault *fault)
{
    return fault->lengths == AW_LENGTHS_EVERY        ? " transfer of any length"
           : fault->lengths == AW_LENGTHS_MEANINGFUL ? " transfer of a meaningful length"
                                                     : "";
}

/* What the fault is, before a value is chosen. */
static void describe(FILE *out, const struct aw_fault *fault)
{
    char text[256];
    bool open = (fault->kind == AW_FAULT_PARTIAL && fault->lengths != AW_LENGTHS_LISTED) ||
                fault->value_count > 1;
    if (open)
        fprintf(out, "%s%s at %s", aw_fault_kind_name(fault->kind),
                fault->kind == AW_FAULT_PARTIAL ? lengths(fault) : "", fault->point);
    else {
        aw_fault_describe(fault, fault->value_count == 1 ? fault->values[0] : 1, text, sizeof text);
        fputs(text, out);
    }
    if (fault->role[0] != '\0')
        fprintf(out, ", role %s", fault->role);
    if (fault->site[0] != '\0')
        fprintf(out, ", in %s", fault->site);
    if (fault->first != 0)
        fprintf(out, ", occurrences %u to %u", fault->first, fault->last);
    fprintf(out, ", at most %u", fault->budget);
}

void aw_native_table_faults(FILE *out, const struct aw_fault_plan *plan,
                            const struct aw_native_tally *tally)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        fprintf(out, "  fault %u: ", i + 1);
        describe(out, &plan->faults[i]);
        if (tally->met[i] == 0)
            fprintf(out, ": never met\n");
        else
            fprintf(out, ": met %llu times, injected %llu times\n",
                    (unsigned long long)tally->met[i], (unsigned long long)tally->injected[i]);
    }
}
