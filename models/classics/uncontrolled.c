/* SPDX-License-Identifier: MIT */
/*
 * uncontrolled.c - a program with an input that the machine does not control.
 *
 * It branches on the processor's time stamp counter. The machine stops a check at the instruction
 * that reads it, where it sees one; here it stands in the constant of another instruction, and the
 * code jumps there. Nothing can be proved about such a program: the same choices lead to different
 * steps. The machine executes a sample of the steps that it has learned again and compares, so the
 * verdict is `uncontrolled`.
 *
 * uncontrolled [calm]: with `calm` the counter is not read, and there is nothing to find.
 */
#include <sched.h>
#include <string.h>

/* To who reads the code from its beginning on, 48 b8 and the eight bytes behind it are one
 * instruction: movabs $constant, %rax. */
static unsigned long long counter(void)
{
    unsigned low, high;
    __asm__ volatile("jmp 1f\n\t"
                     ".byte 0x48, 0xb8\n"
                     "1:\trdtsc\n\t"
                     ".fill 6, 1, 0x90"
                     : "=a"(low), "=d"(high));
    return (unsigned long long)high << 32 | low;
}

int main(int argc, char **argv)
{
    int calm = argc > 1 && strcmp(argv[1], "calm") == 0;
    volatile unsigned long long seen = 0;
    for (int i = 0; i < 4; i++) {
        if (!calm)
            seen = counter();
        sched_yield();
    }
    return calm ? (int)seen : 0;
}
