/* SPDX-License-Identifier: MIT */
/*
 * state.h - a state of the machine: a vector of component ids, and the small components that are
 * not processes.
 *
 *   words[0]  layout: which processes and kernel objects there are, and in which order
 *   words[1]  world: the clock, the names of semaphores, the faults used
 *   words[2]  monitor: what the properties remember (kept by the explorer, opaque here)
 *   then one local id for each process, then one object id for each kernel object
 *
 * Ids name interned contents, so two states are the same exactly when their words are. Components
 * hold no identity of a process: only the layout does.
 */
#ifndef AW_MACHINE_STATE_H
#define AW_MACHINE_STATE_H

#include <stdint.h>

#include "plan.h"

enum { AW_MAX_PROCESSES = 64, AW_MAX_OBJECTS = 120, AW_STATE_WORDS = 192 };

enum { AW_WORD_LAYOUT, AW_WORD_WORLD, AW_WORD_MONITOR, AW_WORD_FIRST };

struct aw_state {
    uint32_t count;
    uint32_t words[AW_STATE_WORDS];
};

/* Pids are functions of history: the root is AW_ROOT_PID, the child with ordinal k (1..63, the lowest
 * that the parent has free) of p is p * 64 + k. A parent of AW_INIT_PID means: orphaned. */
enum { AW_INIT_PID = 1, AW_ROOT_PID = 2 };

struct aw_layout_process {
    uint32_t pid;
    uint32_t parent;
};

/*      enum              text, as traces have it */
#define AW_OBJECTS(X)                                                                              \
    X(AW_OBJECT_PIPE, "pipe")                                                                      \
    X(AW_OBJECT_SEM, "semaphore")                                                                  \
    X(AW_OBJECT_MEMORY, "mapping")

enum aw_object_kind {
    AW_OBJECT_NONE,
#define X(name, text) name,
    AW_OBJECTS(X)
#undef X
        AW_OBJECT_KINDS
};

const char *aw_object_kind_name(enum aw_object_kind kind);

struct aw_layout_object {
    uint32_t handle; /* see aw_machine.handles */
    uint32_t kind;
};

/* Sorted: processes by pid, objects by creator and ordinal. */
struct aw_layout {
    uint32_t process_count, object_count;
    struct aw_layout_process processes[AW_MAX_PROCESSES];
    struct aw_layout_object objects[AW_MAX_OBJECTS];
};

/* An object's name within the machine: who created it, and its ordinal among the creator's. */
struct aw_handle {
    uint32_t creator; /* pid */
    uint32_t ordinal;
};

struct aw_sem {
    uint32_t value;
    uint32_t initial;
};

enum { AW_MAX_NAMES = 64 };

struct aw_world_name {
    uint32_t text; /* payload id */
    uint32_t handle;
};

struct aw_world {
    int64_t now;                       /* nanoseconds since the start */
    uint32_t advances;                 /* arbitrary time: how often the clock was found moved */
    uint32_t clock_read;               /* 1 once somebody read it */
    uint32_t faults;                   /* used so far, of the plan's budget */
    uint32_t fault_used[AW_FAULT_MAX]; /* of each fault's own budget */
    uint32_t fault_seen[AW_FAULT_MAX]; /* occurrences so far, for faults that count them */
    uint32_t name_count;
    struct aw_world_name names[AW_MAX_NAMES]; /* interned up to name_count, sorted by text */
};

static inline uint32_t aw_position_of_process(uint32_t index)
{
    return AW_WORD_FIRST + index;
}

#endif
