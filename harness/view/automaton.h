/* SPDX-License-Identifier: MIT */
/* automaton.h - an automaton (explore/automaton.h) as a picture. */
#ifndef AW_VIEW_AUTOMATON_H
#define AW_VIEW_AUTOMATON_H

#include <stdio.h>

#include "explore/automaton.h"

/* In Graphviz's language. 0, or AW_E_IO. */
int aw_view_dot(const struct aw_automaton *automaton, const char *title, FILE *out);

#endif
