/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - entering program code on a virtual stack, and leaving it at the next import.
 *
 * aw_cpu is the one place in the project where state is global: interposition needs to know what
 * runs, and only one virtual thread of one machine runs at a time. A program's call of an import
 * goes through its stub to aw_cpu_leave, which saves the six callee-saved registers and the
 * floating-point control words on the virtual stack (System V x86-64 ABI, section 3.2.1), the
 * arguments here, and returns on the host's stack from aw_cpu_enter. No host code ever runs on a
 * virtual stack: hooks (access.h), those of the leaf functions of string.h too, use the host's.
 */
#ifndef AW_MACHINE_CPU_H
#define AW_MACHINE_CPU_H

#include <stdint.h>

struct aw_cpu {
    uint64_t host_sp;   /*   0 */
    uint64_t sp;        /*   8 the virtual stack pointer, below the saved registers */
    uint64_t args[6];   /*  16 rdi rsi rdx rcx r8 r9 */
    double vectors[16]; /*  64 xmm0..xmm7 */
    uint8_t selector;   /* 192 system call user dispatch: 0 allow, 1 block */
    uint8_t inside;     /* 193 program code is running */
    uint8_t pad[6];
    /* Set by the signal handlers when they end a run. */
    int32_t signal;         /* 200 */
    int32_t stop;           /* 204 enum aw_cpu_stop */
    uint64_t fault_address; /* 208 */
    uint64_t fault_pc;      /* 216 */
    uint64_t result_high;   /* 224 rdx on entry */
};

extern struct aw_cpu aw_cpu;

#define AW_CPU_LEFT UINT32_MAX /* aw_cpu_enter: the run was ended by a signal handler */

/* Resumes the virtual thread whose stack pointer is aw_cpu.sp with `result` in rax. Returns the
 * number of the import that it called next, or AW_CPU_LEFT. */
uint32_t aw_cpu_enter(uint64_t result);

/* Bytes that aw_cpu_leave pushed below the return address of the import's caller. */
#define AW_CPU_FRAME 56u

/* Lays out the first frame of a thread whose stack ends at `top`: entering at the returned stack
 * pointer calls `function` with the six arguments. `start_stub` is the address of a copy of
 * aw_cpu_start_code. The registers that a function keeps for its caller have `fill` in each byte, but
 * for the frame pointer, which is 0 and ends the chain. */
uint64_t aw_cpu_first_frame(uint64_t top, uint64_t start_stub, uint64_t function,
                            const uint64_t args[6], uint8_t fill);

/* Code to be copied to where stubs live, and its length; position-independent. */
extern const uint8_t aw_cpu_start_code[];
extern const uint8_t aw_cpu_start_code_end[];

/* Where stubs jump to, and where signal handlers continue to end a run. */
void aw_cpu_leave(void);
void aw_cpu_abandon(void);

#endif
