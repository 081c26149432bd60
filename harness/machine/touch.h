/* SPDX-License-Identifier: MIT */
/*
 * touch.h - program code at the bytes of shared mappings.
 *
 * The bytes of a mapping are a kernel object (shared.h), not memory of a process; at its addresses
 * the host has pages that nobody may touch. So every access by code faults, unless it is one of
 * these:
 *
 *   told of    gcc's instrumentation calls __tsan_read4 and its like before an access. The thread
 *              parks there (AW_OP_ACCESS, AW_OP_SHARED); the operation brings the bytes, which are
 *              part of its answer and so of the learned step's key; the code goes on with them
 *              *armed*. The instruction that touches them faults, the bytes are put in its page, and
 *              it is executed alone, by the processor's trap flag: twice, with every other byte of
 *              the page zero and then 0xff. If anything differs between the two it depended on what
 *              it was not given, and the check stops. So nothing is read or written that was not
 *              told of.
 *   performed  atomic operations, leaf functions of libc, and the machine's calls that read memory
 *              (write, poll, printf ...): the machine carries them out itself, on the bytes that they
 *              read by their footprint. A call may then be an operation of its own.
 *   filled in  by the answer to a call (read, wait ...; aw_finish_fill): stored with its step. Then the
 *              thread is parked at each of the places, for those who are at the same bytes.
 *
 * What was written is part of the step (struct aw_edge.stores) and goes into the object with it. So
 * a step touches mappings by the operation at its beginning alone. A scalar that was told of may be
 * read and written by one instruction each; what is longer, by those up to the next call or
 * operation. A copy between two mappings (`*p = *q`) is told of twice, first as written: those
 * bytes stay armed over the second operation, which brings both.
 *
 * Invariant: between runs no page of a mapping is open. Signal handlers write to static memory
 * only.
 */
#ifndef AW_MACHINE_TOUCH_H
#define AW_MACHINE_TOUCH_H

#include <ucontext.h>

#include "machine/internal.h"

/* An operation's answer has one of these for each range, each with its bytes after it, if they are
 * given; padded to 8. */
struct aw_touched {
    uint64_t address;
    uint32_t size;
    uint32_t kind; /* enum aw_access_kind, AW_TOUCH_GIVEN */
};
enum { AW_TOUCH_GIVEN = 1 << 8 };

/* What a step has stored: one for each range, with the bytes after it, padded to 8. */
struct aw_store {
    uint64_t address;
    uint64_t size;
};

/* Of the answer to an access: what stands in its detail. */
enum aw_touch_how {
    AW_TOUCH_DONE,
    AW_TOUCH_SPURIOUS, /* a compare-exchange fails without cause */
    AW_TOUCH_BUS,      /* behind the end of the object: SIGBUS */
    AW_TOUCH_FAULT,    /* not mapped: SIGSEGV */
    AW_TOUCH_TAIL,     /* in the object's last page, behind its end */
    AW_TOUCH_CALL,     /* of one of the machine's calls, behind the object's end */
};

/* Does the call have to do with addresses of mappings? */
bool aw_touch_concerns(const struct aw_hook *hook, const uint64_t *args);
/* Parks at it; a bad address is a crash (AW_CALL_PARK, too). AW_CALL_RETURN when it touches nothing
 * there after all, and nothing was done. */
enum aw_call_result aw_touch_park(struct aw_machine *machine, uint32_t import,
                                  const uint64_t *args);

/* The same for one of the machine's calls: its ranges, or the address at which they could not be told.
 * AW_CALL_RETURN, and nothing was done, when they are no memory of mappings that the process has. */
enum aw_call_result aw_touch_park_call(struct aw_machine *machine, uint32_t import,
                                       const uint64_t *args, const struct aw_range *ranges,
                                       unsigned count, uint64_t fault);

/* The ranges in mappings that the parked access touches in this state; those that cannot be told
 * are none. There is room for AW_RANGES_MAX + 1. */
unsigned aw_touch_ranges(struct aw_machine *machine, const struct aw_state *state, unsigned process,
                         unsigned thread, struct aw_range *ranges);

/* The answers to the parked access: 1 or 2 of them. */
unsigned aw_touch_answers(struct aw_machine *machine, const struct aw_state *state,
                          unsigned process, unsigned thread, uint32_t *answers);

/* Goes on from there. True when code goes on with *result; false when it stays parked. */
bool aw_touch_finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
                     uint64_t *result);

/* run.c, access.c, edge.c */
void aw_touch_begin(struct aw_machine *machine); /* of a run */
void aw_touch_call(void);                        /* code has come to a call or hook */
bool aw_touch_signal(int signal, uint64_t address, ucontext_t *context); /* false: not ours */
/* Was what ended the run an access that nothing told of? */
bool aw_touch_is_unseen(const struct aw_machine *machine, int signal, uint64_t address);
/* The run is over: payload id of what was stored, or AW_INTERN_NONE. */
uint32_t aw_touch_end(struct aw_machine *machine);
/* Releases the addresses. */
void aw_touch_deinit(void);

/* touch_step.c, for touch.c. */

/* Code may touch these bytes from now on. */
void aw_touch_arm(const struct aw_touched *range, const void *bytes);
/* The bytes that code was to write and has not. */
bool aw_touch_unwritten(struct aw_range *range);
/* Makes the pages of a range ordinary ones, for the machine's own accesses, and no longer. */
void aw_touch_open(uint64_t address, uint64_t size);
void aw_touch_close(void);
/* Are the bytes among those that were asked for? */
bool aw_touch_holds(uint64_t address, uint64_t size);
void aw_touch_store(uint64_t address, uint64_t size, const void *bytes);

/* step.c: puts what was stored into the objects of the state. */
void aw_touch_apply(struct aw_machine *machine, struct aw_state *state, uint32_t stores);

#endif
