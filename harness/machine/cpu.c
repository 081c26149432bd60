/* SPDX-License-Identifier: MIT */
#include "machine/cpu.h"

#include <stddef.h>
#include <string.h>

struct aw_cpu aw_cpu;

_Static_assert(offsetof(struct aw_cpu, sp) == 8, "cpu_switch.S");
_Static_assert(offsetof(struct aw_cpu, args) == 16, "cpu_switch.S");
_Static_assert(offsetof(struct aw_cpu, vectors) == 64, "cpu_switch.S");
_Static_assert(offsetof(struct aw_cpu, selector) == 192, "cpu_switch.S");
_Static_assert(offsetof(struct aw_cpu, inside) == 193, "cpu_switch.S");
_Static_assert(offsetof(struct aw_cpu, result_high) == 224, "cpu_switch.S");

uint64_t aw_cpu_first_frame(uint64_t top, uint64_t start_stub, uint64_t function,
                            const uint64_t args[6], uint8_t fill)
{
    /* From the top: end marker 0, function, six arguments, start stub, six registers, control
     * words. At the jump to `function` the stack pointer is at the end marker, which stands where a
     * return address would: 8 modulo 16, as the ABI wants at a function's entry. */
    uint64_t frame[16];
    memset(frame, 0, sizeof frame);
    memset(&frame[1], fill, 5 * sizeof frame[0]); /* r15 to r12, rbx */
    frame[0] = 0x1f80 | (uint64_t)0x037f << 32;   /* mxcsr and x87 control word at process start */
    frame[7] = start_stub;
    memcpy(&frame[8], args, 6 * sizeof frame[0]);
    frame[14] = function;
    uint64_t sp = top - 8 - sizeof frame;
    if ((sp + sizeof frame - 8) % 16 != 8)
        sp -= 8;
    memcpy((void *)sp, frame, sizeof frame);
    return sp;
}
