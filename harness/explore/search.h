/* SPDX-License-Identifier: MIT */
/*
 * search.h - one breadth-first search: with or without symmetry, with or without reduction.
 */
#ifndef AW_EXPLORE_SEARCH_H
#define AW_EXPLORE_SEARCH_H

#include "explore/internal.h"

void aw_search_init(struct aw_search *search, struct aw_explorer *explorer, bool symmetry,
                    struct aw_reduce *reduce, bool keep_edges);
void aw_search_deinit(struct aw_search *search);

/* Runs to the end. The first violation is in search->violation_from and _to. */
enum aw_end aw_search_run(struct aw_search *search);

/* pilot.c: random walks before the search; what they find broken is no longer assumed. `outcomes` is
 * scratch space for AW_MAX_OUTCOMES. False when a limit was reached. */
bool aw_search_pilot(struct aw_search *search, struct aw_outcome *outcomes);

#endif
