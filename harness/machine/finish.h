/* SPDX-License-Identifier: MIT */
/*
 * finish.h - between the files that complete an answered operation: finish.c, finish_locks.c,
 * finish_threads.c, finish_shared.c. The image is in place and machine->work is unpacked. Those
 * that return bool: true when the thread's code goes on with *result, false when it stays parked.
 */
#ifndef AW_MACHINE_FINISH_H
#define AW_MACHINE_FINISH_H

#include "machine/internal.h"

/* finish.c */
/* An errno that no program meets in its normal course is an event. */
void aw_finish_note_error(struct aw_machine *machine, const struct aw_op *op, int error);
/* Fills in bytes of the program, in a shared mapping or not. */
void aw_finish_fill(struct aw_machine *machine, const struct aw_op *op, uint64_t address,
                    const void *bytes, uint64_t size);
/* A table of the machine is full: false. */
bool aw_finish_limit(struct aw_machine *machine, const struct aw_op *op, const char *text);

/* finish_locks.c */
bool aw_finish_on_image(struct aw_machine *machine, int index, const struct aw_answer *answer,
                        uint64_t *result);
/* The thread sleeps at a condition no more: it is to lock its mutex, and then be told `result`. */
void aw_finish_wake(struct aw_thread *thread, int result);
/* The thread in `slot` ends: the robust mutexes that it holds are free, and inconsistent. */
void aw_finish_abandon(struct aw_machine *machine, uint32_t slot);

/* finish_threads.c */
bool aw_finish_create(struct aw_machine *machine, const struct aw_op *op, uint64_t *result);
/* What a join is told at once: 0 when it has to wait for the thread's end, or can have it. */
int aw_finish_join_error(const struct aw_process *process, int index);
uint64_t aw_finish_join(struct aw_machine *machine, int index, const struct aw_op *op);
uint64_t aw_finish_detach(struct aw_machine *machine, const struct aw_op *op);
/* True when it was the last thread of the process: its code then goes on to exit(0). */
bool aw_finish_thread_exit(struct aw_machine *machine, int index);

/* finish_shared.c */
bool aw_finish_on_mapping(struct aw_machine *machine, int index, const struct aw_answer *answer,
                          uint64_t *result);

#endif
