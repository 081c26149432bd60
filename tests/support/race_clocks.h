/* SPDX-License-Identifier: MIT */
/*
 * race_clocks.h - a detector of data races by vector clocks, run beside an execution.
 *
 * What a race is. docs/semantics.md: two threads of a process, or of two at bytes of a shared
 * mapping, are parked, in one reachable state, at accesses to a common byte, at least one a write,
 * not both atomic. What the detector looks for: two such accesses in one execution that are not
 * ordered by happens-before. Over all executions that interleave every access these are the same
 * pairs:
 *
 * - Parked together, then in a race: carry out one right after the other. An order between them
 * would need a chain through something in between, and there is nothing. (So too many edges do no
 * harm, as long as every edge comes from an earlier operation.)
 * - In a race, then parked together: let a of thread i be before b of thread j, unordered. Carry
 * out only what happens before a or before b, in the order of the execution. Each of these
 * operations finds what it found before, because the last thing that could have made a difference
 * to it is before it by an edge, and so among them. Then i comes to a and stays there, and j comes
 * to b. (So no edge may be missing: of everything that an operation's answer depends on, the last
 * change has an edge to it.)
 *
 * The edges, besides the order within a thread: a read takes in the clock of the last write to each
 * of its bytes, plain or atomic, once the race is judged (a later, ordered consequence of a race is
 * no race of its own). sem_post -> all that look at the semaphore; mutex, condition, read-write
 * lock, barrier, pipe: each operation -> the next ones on it; create -> start; end -> join;
 * everything in the process -> a child of fork; end -> wait; a killed process -> kill; what changes descriptors or processes
 * -> what looks at them. Mazurkiewicz 1986 (traces); Pozniansky and Schuster 2003 (Djit+: a full
 * clock for each location, since a read is compared with all writers and a write with all readers).
 *
 * Shares nothing with access_facts.c: no locks, no granules, no discipline.
 */
#ifndef AW_TESTS_SUPPORT_RACE_CLOCKS_H
#define AW_TESTS_SUPPORT_RACE_CLOCKS_H

#include "base/intern.h"
#include "machine/machine.h"

/* A set of pairs of accesses: a byte, and for both the instruction, written or not, atomic or not.
 * Which processes and threads they were by is not told apart. */
struct aw_races {
    struct aw_intern pairs;
};
void aw_races_init(struct aw_races *races);
void aw_races_deinit(struct aw_races *races);
/* Is every pair of `some` in `all`? If not, `text` names one. */
bool aw_races_within(const struct aw_races *some, const struct aw_races *all, char *text,
                     size_t size);
/* The pairs that threads are parked at in this state. */
void aw_races_parked(struct aw_races *races, struct aw_machine *machine,
                     const struct aw_state *state);

enum { AW_CLOCK_UNITS = 10, AW_CLOCK_OBJECTS = 32, AW_CLOCK_BYTES = 160 };

struct aw_clock {
    uint16_t at[AW_CLOCK_UNITS];
};

/* A thread, alive or not. */
struct aw_clock_unit {
    uint32_t pid;
    uint16_t slot;
    uint16_t alive;
    uint64_t read; /* of a copy in two steps: what it reads, read again when it writes */
    uint32_t read_size;
    struct aw_clock clock;
};

struct aw_clock_object {
    uint32_t sort, pid;
    uint64_t id;
    struct aw_clock clock;
};

/* The last access of each kind (bit 0: a write, bit 1: atomic) by each thread. */
struct aw_clock_byte {
    uint64_t address;
    uint32_t pid;
    struct aw_clock written; /* of the last writer, when it wrote */
    uint16_t when[AW_CLOCK_UNITS][4];
    uint32_t pc[AW_CLOCK_UNITS][4];
};

/* Plain data, to be copied where executions part. */
struct aw_clocks {
    uint32_t unit_count, object_count, byte_count;
    uint32_t full; /* something did not fit: says nothing from there on */
    struct aw_clock_unit units[AW_CLOCK_UNITS];
    struct aw_clock_object objects[AW_CLOCK_OBJECTS];
    struct aw_clock_byte bytes[AW_CLOCK_BYTES];
};

void aw_clocks_begin(struct aw_clocks *clocks, struct aw_machine *machine,
                     const struct aw_state *first);
void aw_clocks_copy(struct aw_clocks *to, const struct aw_clocks *from);

/* Thread `thread` of process `process` has taken a step from `before` to `after`. */
void aw_clocks_step(struct aw_clocks *clocks, struct aw_machine *machine,
                    const struct aw_state *before, uint32_t process, uint32_t thread,
                    const struct aw_state *after, struct aw_races *races);

#endif
