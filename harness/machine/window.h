/* SPDX-License-Identifier: MIT */
/*
 * window.h - where everything of a virtual process lives: one window of the host's address space,
 * the same for every process and in every run.
 *
 *   WINDOW + 0          the program                       (text, read-only data, data)
 *   WINDOW + 1 GiB      the runtime (harness/runtime)
 *   WINDOW + 2 GiB      stubs: one for each import; code, the same in all processes
 *   WINDOW + 3 GiB      arguments and environment of main
 *   WINDOW + 4 GiB      per thread slot: errno and thread-local storage   (64 KiB each)
 *   WINDOW + 64 GiB     per thread slot: heap arena                       (256 MiB each)
 *   WINDOW + 512 GiB    per thread slot: stack, growing down              (16 MiB each)
 *
 *   WINDOW + 768 GiB    per shared mapping: its addresses, never mapped     (64 MiB each)
 *
 * The window lies above the shadow memory of AddressSanitizer, which ends at 0x10007fff8000, and below
 * 0x200000000000, from where on Criterion's sandbox picks a place for its arena at random: an
 * ordinary test that calls aw_verify must always find the window free.
 *
 * Image chunks are numbered from the window's start, AW_CHUNK bytes each.
 */
#ifndef AW_MACHINE_WINDOW_H
#define AW_MACHINE_WINDOW_H

#include <stdint.h>

#define AW_GIB ((uint64_t)1 << 30)
#define AW_WINDOW ((uint64_t)0x180000000000)
#define AW_PROGRAM_BASE AW_WINDOW
#define AW_RUNTIME_BASE (AW_WINDOW + 1 * AW_GIB)
#define AW_STUB_BASE (AW_WINDOW + 2 * AW_GIB)
#define AW_ARGS_BASE (AW_WINDOW + 3 * AW_GIB)
#define AW_LOCAL_BASE (AW_WINDOW + 4 * AW_GIB)
#define AW_LOCAL_STRIDE ((uint64_t)64 << 10)
#define AW_HEAP_BASE (AW_WINDOW + 64 * AW_GIB)
#define AW_HEAP_STRIDE ((uint64_t)256 << 20)
#define AW_STACK_BASE (AW_WINDOW + 512 * AW_GIB)
#define AW_STACK_STRIDE ((uint64_t)16 << 20)
#define AW_SHARED_BASE (AW_WINDOW + 768 * AW_GIB)
#define AW_SHARED_STRIDE ((uint64_t)64 << 20)
#define AW_SHARED_COUNT 1024u
#define AW_WINDOW_END (AW_WINDOW + 1024 * AW_GIB)

#define AW_PAGE 4096u
#define AW_CHUNK_BITS 9
#define AW_CHUNK (1u << AW_CHUNK_BITS)

/* Thread slots of a process: see aw_slot_child in process.h. */
#define AW_SLOTS 1024u
#define AW_ARGS_BYTES ((uint64_t)1 << 20)

static inline uint64_t aw_local_of(uint32_t slot)
{
    return AW_LOCAL_BASE + slot * AW_LOCAL_STRIDE;
}
static inline uint64_t aw_heap_of(uint32_t slot)
{
    return AW_HEAP_BASE + slot * AW_HEAP_STRIDE;
}
static inline uint64_t aw_stack_top(uint32_t slot)
{
    return AW_STACK_BASE + (slot + 1) * AW_STACK_STRIDE;
}

#endif
