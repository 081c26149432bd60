/* SPDX-License-Identifier: MIT */
/*
 * reuse.h - a step that was learned in one local state serves in all that agree on what it read.
 *
 * Threads of one process are parts of one local state, so that every step of one of them makes another
 * local state for all the others, in which nothing is known: with n threads nearly each transition would
 * execute code. But what a thread does depends on little of the others. A step is *plain* when it has
 *
 *   read     its own part (its entry, stack, errno and thread-local storage, which of its own threads
 *            exist, where what it prints goes), the answer, and bytes that were recorded as accesses (access.h)
 *   written  its own part, and bytes that were recorded
 *
 * and nothing besides: only certain calls (aw_reuse_plain), no finding, no shared mapping, no memory of another
 * thread's stack. For a plain step a *pattern* is remembered: the own part before, the answer, the bytes
 * read with their values; the own part after, the bytes written. In a local state where own part, answer
 * and bytes are the same the step does the same, and its result is put together without running code.
 *
 * What was read first is a function of own part and answer, what was read next of these and the first
 * value, and so on: the patterns of one own part and answer are a decision tree over the values read.
 *
 * Two things keep this honest. A pattern is only taken when, applied where it was learned, it gives the
 * very result that was executed: what was written without being recorded shows there. And the results are
 * edges like all others, of which a sample is executed and compared (aw_machine_recheck).
 *
 *   reuse.c        which steps are plain; finding a pattern, and putting its result together
 *   reuse_part.c   own parts, and values
 *   reuse_learn.c  patterns
 *
 * The idea is that of partial evaluation by footprints, as in the transition caches of stateful checkers
 * (for instance Visser et al., "Model checking programs", ASE 2003, whose collapsed states share the
 * parts of a state that a transition leaves alone; Holzmann, "State compression in SPIN", 1997).
 */
#ifndef AW_MACHINE_REUSE_H
#define AW_MACHINE_REUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/map.h"

struct aw_machine;
struct aw_edge;
struct aw_import;

/* A place that is looked at; a leaf has size 0. */
struct aw_reuse_node {
    uint64_t address;
    uint32_t size;
    uint32_t pattern; /* of a leaf */
};

/* Bytes of a chunk that a step has written: they are those of chunk `after`. */
struct aw_reuse_patch {
    uint32_t chunk, after;
    uint16_t offset, size;
    uint32_t group; /* the same for all of one chunk, and for this pattern only */
};

struct aw_reuse_pattern {
    uint32_t own; /* afterwards */
    uint32_t patches, patch_count;
    uint32_t events, footprint, freed, touched;
    int64_t result;
};

enum { AW_REUSE_ARENAS = 16 };

struct aw_reuse {
    struct aw_intern owns;   /* own parts */
    struct aw_intern values; /* bytes read, of more than eight */
    struct aw_map roots;     /* (own | answer << 32) -> node */
    struct aw_map children;  /* (value, node) -> node */
    struct aw_map patched;   /* (chunk id | group << 32) -> chunk id */
    struct aw_reuse_node *nodes;
    uint32_t node_count, node_capacity;
    struct aw_reuse_pattern *patterns;
    uint32_t pattern_count, pattern_capacity;
    struct aw_reuse_patch *patches;
    uint32_t patch_count, patch_capacity;
    uint32_t group_count;
    uint64_t tried, found; /* local states in which a pattern was looked for; and was there */
    /* Of the run at hand: nothing has spoken against it; the arenas that calls have looked at, and how many
     * accesses were recorded before; the semaphore that its last call has looked at, or 0. */
    bool plain;
    struct aw_reuse_arena {
        uint32_t slot, at;
    } arenas[AW_REUSE_ARENAS];
    uint32_t arena_count;
    uint64_t looked;
    bool off;
    bool asked, unseen; /* was it asked for files that tell no accesses, and is there one */
};

void aw_reuse_init(struct aw_machine *machine);
void aw_reuse_deinit(struct aw_machine *machine);
/* What was learned does not hold any more. */
void aw_reuse_forget(struct aw_machine *machine);
uint64_t aw_reuse_bytes(const struct aw_machine *machine);

/* May a call be part of a plain step: does it depend on its arguments, the thread and what is recorded alone, and
 * change nothing else? */
enum aw_plain {
    AW_NOT_PLAIN,
    AW_PLAIN,
    /* Where no fault of the plan strikes inside code: */
    AW_PLAIN_WITHOUT_POINTS,
    AW_PLAIN_ALLOCATES, /* from the thread's own arena */
    AW_PLAIN_FREES,     /* to the arena of its first argument */
};
enum aw_plain aw_reuse_plain(const char *call);

/* A run begins; calls an import; a call looks at the blocks of an arena; at a semaphore. */
void aw_reuse_begin(struct aw_machine *machine);
void aw_reuse_call(struct aw_machine *machine, const struct aw_import *import);
void aw_reuse_arena(struct aw_machine *machine, uint32_t slot);
/* The footprint of a call was asked for: what it looked at decides where the thread parks. The thread parks at
 * an access of a call. */
void aw_reuse_footprint(struct aw_machine *machine, const struct aw_import *import,
                        const uint64_t *args);
void aw_reuse_parks(struct aw_machine *machine, const struct aw_import *import);
void aw_reuse_sem(struct aw_machine *machine, uint64_t address);
void aw_reuse_print(struct aw_machine *machine, int fd); /* something is printed there */

/* The step of this thread, put together from a pattern. False when there is none. */
bool aw_reuse_find(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer,
                   struct aw_edge *edge);
/* It was executed just now, and what it did is still in place: a pattern is made of it if it is plain. */
void aw_reuse_learn(struct aw_machine *machine, uint32_t local, unsigned thread, uint32_t answer,
                    const struct aw_edge *edge);

#endif
