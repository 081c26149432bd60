/* SPDX-License-Identifier: MIT */
/*
 * job.c - the text form of a job:
 *
 *   allways-native 1
 *   seed 42
 *   run 7
 *   probability 0.25                 below 0: drawn
 *   budget 3
 *   fault KIND POINT                 and what belongs to it, up to the next fault:
 *   role feeder
 *   occurrences 2 5
 *   lengths 2                        enum aw_fault_lengths
 *   values 1 2 3
 *   delay 10000000
 *   limit 2                          its own budget
 *   site 4096 4100 8192 8200         address ranges, relative
 *
 * Words are separated by spaces; a name that has one would be a point that cannot be.
 */
#define _GNU_SOURCE
#include "native/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void write_fault(FILE *out, const struct aw_fault *fault,
                        const struct aw_native_ranges *site)
{
    fprintf(out, "fault %s %s\n", aw_fault_kind_name(fault->kind), fault->point);
    if (fault->role[0] != '\0')
        fprintf(out, "role %s\n", fault->role);
    if (fault->first != 0)
        fprintf(out, "occurrences %" PRIu32 " %" PRIu32 "\n", fault->first, fault->last);
    if (fault->kind == AW_FAULT_PARTIAL)
        fprintf(out, "lengths %d\n", (int)fault->lengths);
    if (fault->value_count > 0) {
        fprintf(out, "values");
        for (uint32_t i = 0; i < fault->value_count; i++)
            fprintf(out, " %" PRId64, fault->values[i]);
        fprintf(out, "\n");
    }
    if (fault->kind == AW_FAULT_DELAY)
        fprintf(out, "delay %" PRId64 "\n", fault->delay_ns);
    fprintf(out, "limit %" PRIu32 "\n", fault->budget);
    if (fault->site[0] != '\0') {
        fprintf(out, "site");
        for (uint32_t i = 0; i < site->count; i++)
            fprintf(out, " %" PRIu64 " %" PRIu64, site->ranges[i].low, site->ranges[i].high);
        fprintf(out, "\n");
    }
}

char *aw_native_job_write(const struct aw_native_job *job)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    fprintf(out, "allways-native 1\nseed %" PRIu64 "\nrun %" PRIu64 "\nprobability %.17g\n",
            job->seed, job->run, job->probability);
    fprintf(out, "budget %" PRIu32 "\n", job->plan.budget);
    for (uint32_t i = 0; i < job->plan.count; i++)
        write_fault(out, &job->plan.faults[i], &job->sites[i]);
    fclose(out);
    return text;
}

/* ---- reading ---- */

struct reader {
    struct aw_native_job *job;
    struct aw_fault *fault; /* the one that lines belong to, or NULL */
    struct aw_native_ranges *site;
};

/* The next number of the line; false at its end. */
static bool next_signed(char **rest, int64_t *number)
{
    char *end;
    *number = strtoll(*rest, &end, 10);
    if (end == *rest)
        return false;
    *rest = end;
    return true;
}

static bool next_number(char **rest, uint64_t *number)
{
    char *end;
    *number = strtoull(*rest, &end, 10);
    if (end == *rest)
        return false;
    *rest = end;
    return true;
}

static bool next_small(char **rest, uint32_t *number)
{
    uint64_t wide;
    if (!next_number(rest, &wide) || wide > UINT32_MAX)
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool read_fault(struct reader *reader, char *rest)
{
    struct aw_fault_plan *plan = &reader->job->plan;
    char kind[32], point[AW_FAULT_NAME];
    if (plan->count == AW_FAULT_MAX || sscanf(rest, " %31s %95s", kind, point) != 2)
        return false;
    int known = aw_fault_kind_by_name(kind);
    if (known < 0)
        return false;
    reader->fault = &plan->faults[plan->count];
    reader->site = &reader->job->sites[plan->count++];
    reader->fault->kind = (enum aw_fault_kind)known;
    snprintf(reader->fault->point, sizeof reader->fault->point, "%s", point);
    return true;
}

static bool read_values(struct aw_fault *fault, char *rest)
{
    int64_t value;
    while (next_signed(&rest, &value)) {
        if (fault->value_count == AW_FAULT_MAX_VALUES)
            return false;
        fault->values[fault->value_count++] = value;
    }
    return true;
}

/* A site that nothing of the program fits has no range, and still is a site. */
static bool read_site(struct reader *reader, char *rest)
{
    uint64_t low, high;
    memcpy(reader->fault->site, "?", 2);
    while (next_number(&rest, &low)) {
        if (!next_number(&rest, &high) || reader->site->count == AW_NATIVE_RANGES)
            return false;
        reader->site->ranges[reader->site->count].low = low;
        reader->site->ranges[reader->site->count++].high = high;
    }
    return true;
}

static bool read_of_fault(struct reader *reader, const char *key, char *rest)
{
    struct aw_fault *fault = reader->fault;
    uint32_t lengths;
    if (strcmp(key, "role") == 0)
        return sscanf(rest, " %31[^\n]", fault->role) == 1;
    if (strcmp(key, "occurrences") == 0)
        return next_small(&rest, &fault->first) && next_small(&rest, &fault->last);
    if (strcmp(key, "lengths") == 0) {
        if (!next_small(&rest, &lengths) || lengths > AW_LENGTHS_MEANINGFUL)
            return false;
        fault->lengths = (enum aw_fault_lengths)lengths;
        return true;
    }
    if (strcmp(key, "values") == 0)
        return read_values(fault, rest);
    if (strcmp(key, "delay") == 0)
        return next_signed(&rest, &fault->delay_ns);
    if (strcmp(key, "limit") == 0)
        return next_small(&rest, &fault->budget);
    return strcmp(key, "site") == 0 && read_site(reader, rest);
}

static bool read_line(struct reader *reader, const char *key, char *rest)
{
    struct aw_native_job *job = reader->job;
    if (strcmp(key, "fault") == 0)
        return read_fault(reader, rest);
    if (reader->fault != NULL)
        return read_of_fault(reader, key, rest);
    if (strcmp(key, "seed") == 0)
        return next_number(&rest, &job->seed);
    if (strcmp(key, "run") == 0)
        return next_number(&rest, &job->run);
    if (strcmp(key, "probability") == 0)
        return sscanf(rest, "%lf", &job->probability) == 1;
    return strcmp(key, "budget") == 0 && next_small(&rest, &job->plan.budget);
}

bool aw_native_job_read(const char *text, struct aw_native_job *job)
{
    static const char head[] = "allways-native 1\n";
    struct reader reader = {.job = job};
    char *copy, *line, *save = NULL;
    bool right = true;
    memset(job, 0, sizeof *job);
    if (strncmp(text, head, strlen(head)) != 0 || (copy = strdup(text + strlen(head))) == NULL)
        return false;
    for (line = strtok_r(copy, "\n", &save); line != NULL && right;
         line = strtok_r(NULL, "\n", &save)) {
        char *rest = strchr(line, ' ');
        if (rest != NULL)
            *rest++ = '\0';
        else
            rest = line + strlen(line);
        right = read_line(&reader, line, rest);
    }
    free(copy);
    return right;
}

/* ---- ends of processes ---- */

bool aw_native_was_killed(struct aw_native_shared *shared, int pid)
{
    uint32_t count = atomic_load(&shared->killed_count);
    for (uint32_t i = 0; i < count && i < AW_NATIVE_KILLED; i++)
        if (atomic_load(&shared->killed[i]) == pid)
            return true;
    return false;
}

bool aw_native_ended_badly(struct aw_native_shared *shared, int pid, int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) != 0;
    return WIFSIGNALED(status) && !aw_native_was_killed(shared, pid);
}
