/* SPDX-License-Identifier: MIT */
/*
 * uncontrolled.c - a program with an input that the machine does not control.
 *
 * It branches on the processor's time stamp counter, which an instruction reads without any call.
 * Nothing can be proved about it: the same choices lead to different steps. The machine executes a
 * sample of the steps that it has learned again and compares, so the verdict is `uncontrolled`.
 *
 * uncontrolled [calm]: with `calm` the counter is not read, and there is nothing to find.
 */
#include <sched.h>
#include <string.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
    int calm = argc > 1 && strcmp(argv[1], "calm") == 0;
    volatile unsigned long long seen = 0;
    for (int i = 0; i < 4; i++) {
        if (!calm)
            seen = __rdtsc();
        sched_yield();
    }
    return calm ? (int)seen : 0;
}
