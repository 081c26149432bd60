/* SPDX-License-Identifier: MIT */
/*
 * parked.h - a parked thread as a debugger sees it: its process in place, its registers.
 */
#ifndef AW_MACHINE_PARKED_H
#define AW_MACHINE_PARKED_H

#include <stdint.h>

#include "machine/machine.h"

/* As they will be when the call returns at which the thread is parked. */
struct aw_parked {
    uint64_t pc, sp, bp, bx, r12, r13, r14, r15;
};

/* Puts the memory of a process in place, and tells the registers of one of its threads. It stays
 * there until the next step. */
struct aw_parked aw_machine_put_in_place(struct aw_machine *machine, uint32_t local,
                                         unsigned thread);

#endif
