/* SPDX-License-Identifier: MIT */
/*
 * access_gate.S - from program code into a hook; see access.h. r11d = number of the hook. While
 * nothing is recorded it is a jump to the hook's function. Otherwise the accesses are looked at
 * first, and where one is visible, program code is left as by any import. Offsets are those of
 * struct aw_gate.
 */
        .text
        .globl  aw_gate_enter
        .type   aw_gate_enter, @function
aw_gate_enter:
        leaq    aw_gate(%rip), %r10
        cmpb    $0, (%r10)
        jne     1f
        movl    %r11d, %r11d
        jmp     *8(%r10,%r11,8)
1:
        pushq   %r11
        pushq   %r9
        pushq   %r8
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        movl    %r11d, %edi
        movq    %rsp, %rsi
        movq    56(%rsp), %rdx
        call    aw_gate_look
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %r8
        popq    %r9
        popq    %r11
        leaq    aw_gate(%rip), %r10
        movl    %r11d, %r11d
        testl   %eax, %eax
        jne     2f
        jmp     *8(%r10,%r11,8)
2:
        movl    2056(%r10,%r11,4), %r11d
        jmp     aw_cpu_leave
        .size   aw_gate_enter, .-aw_gate_enter

        .section .note.GNU-stack,"",@progbits
