/* SPDX-License-Identifier: MIT */
/*
 * faults.h - between kernel.c and faults.c: adding the outcomes of injected faults.
 */
#ifndef AW_MACHINE_FAULTS_H
#define AW_MACHINE_FAULTS_H

#include "machine/internal.h"

/* The operation whose outcomes are being listed. */
struct aw_fault_question {
    const struct aw_local *local;
    uint32_t local_id;
    unsigned thread; /* index */
    const struct aw_thread *thread_entry;
    const struct aw_op *op;
    uint32_t world;  /* id */
    uint32_t object; /* of a transfer: the pipe, and where its word is */
    uint16_t position;
    uint32_t transfer; /* bytes that the transfer could move now; 0 = it is none */
    int64_t now;
};

/* Adds to the `count` outcomes without faults; returns how many there are then. */
unsigned aw_faults_add(struct aw_machine *machine, const struct aw_fault_question *question,
                       struct aw_outcome *outcomes, unsigned count);

/* Is there an operation that the point of the table belongs to? */
bool aw_faults_has_op(const char *point);

/* kernel.c: a read or write of at most `limit` bytes. */
struct aw_object_move aw_kernel_transfer(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, uint32_t limit);

#endif
