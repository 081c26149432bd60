/* SPDX-License-Identifier: MIT */
/*
 * sites.h - every instruction of program code that touches memory is held against what the compiler
 * said of it.
 *
 * gcc's -fsanitize=thread calls a hook before each access that it instruments, and leaves some out:
 * an aggregate passed by value is read, and one that a function returns is written, without a word;
 * so is whatever inline assembly does. An access that nobody sees is a wrong proof.
 *
 * So a breakpoint (int3) stands on each such instruction, a *site*. When it is hit, the addresses of
 * the instruction are worked out and looked for among the accesses that hooks announced in this run:
 *
 *   announced            the site is trusted and its breakpoint taken away: whether an access is
 *                        announced was decided when it was compiled. A hook speaks for one site: what
 *                        another site makes of the same announcement is not announced;
 *   not announced        the breakpoint stays, and each time the access is recorded here, as the hook
 *                        would have done. Where it has to be an operation (its bytes are visible), no
 *                        thread can be parked: the check stops by name, with the line.
 *
 * Sites without a breakpoint: constants at constant addresses, and addresses by the stack pointer or by
 * the frame pointer: a thread's own stack. The latter get one as soon as a thread is seen on another
 * one's stack, where a structure lies by the debug information: only such are passed as a whole. And
 * gcc's own function among the destructors: what it remembers is nobody else's business.
 *
 * One more kind of instruction has a breakpoint for good, in code that is not instrumented too: what
 * asks the processor for something that the machine does not know (rdtsc, rdrand ...), or changes what
 * the host's thread needs (its segments, rights to memory, flags). It stops the check by name, as a
 * call does that is not modelled.
 *
 * Instructions are read by Zydis; Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
 */
#ifndef AW_MACHINE_SITES_H
#define AW_MACHINE_SITES_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "base/error.h"

struct aw_machine;
struct aw_module;

enum { AW_ANNOUNCED = 4, AW_SITE_MODULES = 2 };

/* The site that belongs to a call of a hook, with its part of what is announced there. */
struct aw_site_claim {
    uint32_t site; /* its offset in the text + 1; 0 = none yet */
    uint32_t offset, size;
};

/* The text of a module, whose bytes are [start, end). */
struct aw_site_text {
    const struct aw_module *module;
    uint64_t start, end;
    bool complete;                   /* all of it was read */
    uint8_t *writable;               /* the same bytes, where they can be written */
    uint8_t *state;                  /* of each byte: what is known of the site that begins there */
    uint8_t *original;               /* and the byte that its breakpoint has replaced */
    uint16_t *copy;                  /* and the number of its copy + 1 */
    struct aw_site_claim *claims[2]; /* by return address of the hook's call: reads, writes */
};

struct aw_sites {
    struct aw_site_text texts[AW_SITE_MODULES];
    unsigned text_count;
    uint32_t armed; /* breakpoints that are set */
    uint8_t
        *alone; /* 1 in the process that set them: children of a fork share the writable bytes */
    /* Instructions whose breakpoint stays run elsewhere: a copy, and a jump back. */
    uint8_t *copies;  /* where they can be written */
    uint64_t *copied; /* the site of each copy */
    uint32_t copy_count;
    /* The last accesses that hooks announced in this run. */
    struct {
        uint64_t address, size, pc;
        uint32_t kind;
    } announced[AW_ANNOUNCED];
    uint32_t announced_count;
    bool stacks_wanted; /* a thread was seen on another one's stack */
    bool stacks_watched;
    /* The access that ended the run. */
    uint64_t pc, address, size;
    uint32_t kind;     /* of enum aw_access_kind; 0: no access ended it */
    const char *input; /* the instruction that ended it, if it asked for what is not modelled */
    bool by_segment;   /* by the register fs or gs */
};

/* Sets the breakpoints of a module. Fails when it is instrumented and its text cannot be read as code. */
int aw_sites_add(struct aw_machine *machine, const struct aw_module *module,
                 struct aw_error *error);
void aw_sites_deinit(struct aw_machine *machine);

/* Structures on stacks are watched as well, from the next run on. What was learned before is to be
 * forgotten. */
void aw_sites_watch_stacks(struct aw_machine *machine);

/* Takes all breakpoints away, for who looks at the program by a debugger, which has its own. */
void aw_sites_clear(struct aw_machine *machine);

/* A run begins: nothing is announced. */
void aw_sites_begin(struct aw_machine *machine);
/* A hook, called from before `pc`, announces an access. */
void aw_sites_announce(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
                       uint64_t pc);

enum aw_site_answer {
    AW_SITE_NONE, /* the signal is the program's own */
    AW_SITE_GO,   /* go on where the context now says */
    AW_SITE_LEAVE, /* the run ends: an access that is not announced would be an operation, or `input` */
};
/* SIGTRAP in program code. Called from the signal handler: allocates nothing. */
enum aw_site_answer aw_sites_trap(struct aw_machine *machine, ucontext_t *context);
/* The place in the text that an address in a copy stands for; other addresses are their own. */
uint64_t aw_sites_place(const struct aw_machine *machine, uint64_t pc);

#endif
