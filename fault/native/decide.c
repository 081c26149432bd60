/* SPDX-License-Identifier: MIT */
/*
 * decide.c - yes or no, and with which value: pure functions of their arguments.
 *
 * How eager a fault is differs from run to run: its probability is drawn for (seed, run, fault)
 * among 1, 1/2, 1/4 ... 1/64, so that some runs are struck at their first occurrences and some at
 * late ones. One fixed probability would spend a budget of 1 near the start nearly always.
 *
 * The mixing function is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
 */
#include "native/job.h"

enum { EAGERNESS = 7 };
enum purpose { FOR_EAGERNESS = 1, FOR_DECISION, FOR_VALUE };

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash += word + UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = mix(hash, (unsigned char)*text);
    return mix(hash, 0);
}

uint64_t aw_native_who(const char *role, const char *label)
{
    return mix_text(mix_text(0, role), label);
}

static uint64_t start(const struct aw_native_job *job, uint32_t fault, enum purpose purpose)
{
    return mix(mix(mix(mix(0, job->seed), job->run), fault), (uint64_t)purpose);
}

static double probability(const struct aw_native_job *job, uint32_t fault)
{
    if (job->probability >= 0)
        return job->probability;
    return 1.0 / (double)(UINT64_C(1) << start(job, fault, FOR_EAGERNESS) % EAGERNESS);
}

bool aw_native_strikes(const struct aw_native_job *job, uint32_t fault, uint64_t who,
                       uint32_t occurrence)
{
    uint64_t hash = mix(mix(start(job, fault, FOR_DECISION), who), occurrence);
    return (double)(hash >> 11) * 0x1p-53 < probability(job, fault);
}

static int64_t choose_length(const struct aw_fault *fault, uint64_t hash, uint64_t transfer)
{
    enum { PIPE_PAGE = 4096 };
    uint32_t lengths[AW_FAULT_MAX_VALUES];
    if (transfer > UINT32_MAX)
        transfer = UINT32_MAX;
    if (fault->lengths == AW_LENGTHS_EVERY)
        return transfer < 2 ? 0 : 1 + (int64_t)(hash % (transfer - 1));
    uint32_t count =
        aw_fault_lengths_of(fault, (uint32_t)transfer, PIPE_PAGE, lengths, AW_FAULT_MAX_VALUES);
    return count == 0 ? 0 : lengths[hash % count];
}

int64_t aw_native_value(const struct aw_native_job *job, uint32_t fault, uint64_t who,
                        uint32_t occurrence, uint64_t transfer)
{
    const struct aw_fault *entry = &job->plan.faults[fault];
    uint64_t hash = mix(mix(start(job, fault, FOR_VALUE), who), occurrence);
    if (entry->kind == AW_FAULT_PARTIAL)
        return choose_length(entry, hash, transfer);
    if (entry->kind == AW_FAULT_ERRNO || entry->kind == AW_FAULT_FAIL) {
        if (entry->value_count > 0)
            return entry->values[hash % entry->value_count];
        const struct aw_fault_point *point = aw_fault_point_find(entry->point);
        return entry->kind == AW_FAULT_ERRNO && point != NULL ? point->errnos[0] : 1;
    }
    return 1;
}
