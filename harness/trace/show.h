/* SPDX-License-Identifier: MIT */
/* show.h - what the two texts of a trace share, internal to this folder. */
#ifndef AW_TRACE_SHOW_H
#define AW_TRACE_SHOW_H

#include "trace/trace.h"

const char *aw_trace_errno_name(int error);

#endif
