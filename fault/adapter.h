/* SPDX-License-Identifier: MIT */
/*
 * adapter.h - libfiu inside the checker: it decides nothing, it asks.
 *
 * Every point of a plan is registered with fiu_enable_external (fiu-control.h). Its callback runs
 * under libfiu's read lock, and a fiu_fail inside it answers 0, so it only reports what the
 * explorer has chosen before: aw_fault_ask sets the choice, calls fiu_fail, and returns what came
 * back.
 */
#ifndef AW_FAULT_ADAPTER_H
#define AW_FAULT_ADAPTER_H

#include "base/error.h"
#include "plan.h"

/* Initialises libfiu (once in a process) and enables the points of `plan`. */
int aw_fault_adapter_open(const struct aw_fault_plan *plan, struct aw_error *error);

/* Disables them again. */
void aw_fault_adapter_close(const struct aw_fault_plan *plan);

/* What fiu_fail(point) answers when the explorer has chosen `choice` (0 = no fault): the choice for
 * an enabled point, 0 for any other. With `info`, what fiu_failinfo() gives afterwards. */
int aw_fault_ask(const char *point, int choice, void **info);

#endif
