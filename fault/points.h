/* SPDX-License-Identifier: MIT */
/*
 * points.h - the table of fault points: what can go wrong, where, and how.
 *
 * Names are libfiu's own where libfiu has the point (preload/posix/modules of libfiu 1.1:
 * posix/io/rw/write and so on), ours (allways/...) where it has none, and the program's for points
 * in its source (fiu_fail("mpqueue/feeder/wake")). All go through libfiu in both worlds.
 *
 * To add a point: a line here, and, for a call of the machine, the operation it belongs to.
 */
#ifndef AW_FAULT_POINTS_H
#define AW_FAULT_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a fault does. */
/*      enum                  text                 meaning                                        */
#define AW_FAULT_KINDS(X)                                                                          \
    X(AW_FAULT_ERRNO, "errno", "the call fails with an errno that it may give")                    \
    X(AW_FAULT_PARTIAL, "partial", "a transfer moves fewer bytes than it could")                   \
    X(AW_FAULT_DELAY, "delay", "the thread sleeps there")                                          \
    X(AW_FAULT_FAIL, "fail", "a point in the program's source reports a failure value")            \
    X(AW_FAULT_CRASH, "crash", "the process is killed (SIGKILL)")                                  \
    X(AW_FAULT_SIGTERM, "sigterm", "the process gets a SIGTERM")                                   \
    X(AW_FAULT_SPURIOUS, "spurious", "a condition wait returns without a signal")

enum aw_fault_kind {
#define X(name, text, meaning) name,
    AW_FAULT_KINDS(X)
#undef X
        AW_FAULT_KIND_COUNT
};

enum { AW_FAULT_MAX_ERRNOS = 12 };

struct aw_fault_point {
    const char *name;
    enum aw_fault_kind kind;         /* the kind that the point is for */
    int errnos[AW_FAULT_MAX_ERRNOS]; /* AW_FAULT_ERRNO: legal ones, 0 at the end; the first is the
                                        default */
    const char *where;               /* which calls */
    const char *meaning;             /* for the program */
};

/* The point with that name, or NULL (then it may still be a point of the program's own). */
const struct aw_fault_point *aw_fault_point_find(const char *name);

/* All of them, for documentation and for suggestions. */
const struct aw_fault_point *aw_fault_points(size_t *count);

/* Is the name in a part of the name space that belongs to the table (posix/, libc/, linux/,
 * allways/)? Then it is no point of the program's own. */
bool aw_fault_point_reserved(const char *name);

/* May a fault of that kind be put at the point (NULL: one of the program's own)? A point of the
 * program takes fail and delay; a call that may fail takes errno and delay; any other point takes
 * its own kind alone. Where crash, sigterm, spurious or a delay anywhere strike is for the role and
 * the site to say. */
bool aw_fault_point_takes(const struct aw_fault_point *point, enum aw_fault_kind kind);

/* May the call at the point fail with that errno? */
bool aw_fault_point_gives(const struct aw_fault_point *point, int error);

/* "EINTR", or NULL; and back, or 0. */
const char *aw_fault_errno_name(int error);
int aw_fault_errno_by_name(const char *name);

const char *aw_fault_kind_name(enum aw_fault_kind kind);
int aw_fault_kind_by_name(const char *name); /* or -1 */

#endif
