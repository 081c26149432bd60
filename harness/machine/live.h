/* SPDX-License-Identifier: MIT */
/*
 * live.h - what program code may touch: the bytes of objects that live now.
 *
 * Judged for each access that passes by (access.h), to the byte, and never more than what is known:
 *
 *   heap      inside one block that is allocated
 *   stack     of the running thread: from its stack pointer up; of another thread: from where that one
 *             is parked up; of a thread that has ended: nothing
 *   globals   in .data and .bss: inside one object of the symbol table; elsewhere in the program: not
 *             across the end of one
 *   the rest  whatever is mapped (arguments, thread-local storage of a thread that lives, text); what is
 *             not mapped is left to the processor, and is a crash
 *
 * So nothing is found that is not wrong. What is missed: an overflow that lands in another live object of
 * the same kind, a dangling pointer into memory that is in use again.
 *
 *   live.c       the judgement
 *   live_text.c  a finding in words
 */
#ifndef AW_MACHINE_LIVE_H
#define AW_MACHINE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aw_machine;

/* Before the first run of a machine: reads its symbol table. */
void aw_live_open(struct aw_machine *machine);
void aw_live_close(void);

/* Blocks or threads have come or gone; the running thread's slot is machine->run_slot. */
void aw_live_changed(const struct aw_machine *machine);

/* May the running thread touch [address, address + size)? Its live stack begins at `low`. May be abandoned
 * at any instruction. */
bool aw_live(uint64_t address, uint64_t size, uint64_t low);

/* Where the live heap block begins in which an address lies; 0: there is none, or it is not known. */
uint64_t aw_live_block(uint64_t address);

/* A finding about an access for which aw_live said no: an event of the run. `who`: the function that makes
 * it, NULL for the program's own code. */
struct aw_dead_access {
    uint64_t address, size, pc;
    uint32_t kind; /* enum aw_access_kind */
    const char *who;
};
void aw_live_tell(struct aw_machine *machine, const struct aw_dead_access *access);

/* "byte 8 of a block of 16 bytes, allocated at ..."; false where the heap has no block. */
bool aw_live_block_name(struct aw_machine *machine, uint64_t address, char *text, size_t room);

/* A call like free that is given what is no block. */
void aw_live_tell_block(struct aw_machine *machine, const char *call, uint64_t address,
                        bool corrupt);

/* A block was freed by the call that returns to `pc`: remembered for those who tell of its use. */
struct aw_arena_block;
void aw_live_freed(struct aw_machine *machine, const struct aw_arena_block *block, uint64_t pc);

#endif
