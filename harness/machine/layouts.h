/* SPDX-License-Identifier: MIT */
/*
 * layouts.h - layouts by their ids: for who permutes the processes of a state (explore/symmetry.c).
 */
#ifndef AW_MACHINE_LAYOUTS_H
#define AW_MACHINE_LAYOUTS_H

#include "machine/machine.h"

const struct aw_layout *aw_machine_layout_by_id(const struct aw_machine *machine, uint32_t id);

/* The id of a layout, entering it if it is new. Unused places need not be clear. */
uint32_t aw_machine_layout_id(struct aw_machine *machine, const struct aw_layout *layout);

#endif
