/* SPDX-License-Identifier: MIT */
/*
 * met.h - what the program was seen to have of what a plan of faults, or a schedule, may name:
 * roles, points of its own, and places at which a fault's point was met, but not in its role and at
 * its site. For messages only: somebody who misspelt a name is told which ones there are. machine.h
 * has what is asked.
 *
 * Program code runs once for each distinct step, and steps are never forgotten here: what any
 * execution has met is met, whichever search came to it.
 */
#ifndef AW_MACHINE_MET_H
#define AW_MACHINE_MET_H

#include <stdint.h>

#include "plan.h"

enum { AW_MET_NAMES = 16, AW_MET_PLACES = 4 };

struct aw_met_names {
    char names[AW_MET_NAMES][AW_FAULT_NAME];
    unsigned count;
};

struct aw_met {
    struct aw_met_names roles, points;
    struct {
        uint64_t pcs[AW_MET_PLACES];
        unsigned count;
    } elsewhere[AW_FAULT_MAX]; /* by fault */
};

/* Notes a name, cut to AW_FAULT_NAME - 1 bytes, once; the first AW_MET_NAMES are kept. */
void aw_met_name(struct aw_met_names *met, const char *name, unsigned length);

/* Notes that the point of a fault was met by the call that returns to `pc`. */
void aw_met_elsewhere(struct aw_met *met, unsigned fault, uint64_t pc);

#endif
