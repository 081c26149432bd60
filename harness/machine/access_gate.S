/* SPDX-License-Identifier: MIT */
/*
 * access_gate.S - from program code into a hook; see access.h. r11d = number of the hook. While
 * something is recorded, the accesses are looked at first, and where one is visible, program code is
 * left as by any import.
 *
 * All of it happens on the host's stack, which is free below what aw_cpu_enter left there: frames of
 * host code would stay behind below the program's stack pointer, with addresses that differ from one
 * run of the checker to the next, and come to light in the padding of the program's next frames as
 * a difference between states. Offsets are those of struct aw_gate; 0 is aw_cpu.host_sp.
 */
        .text
        .globl  aw_gate_enter
        .type   aw_gate_enter, @function
aw_gate_enter:
        leaq    aw_gate(%rip), %r10
        movl    %r11d, %r11d
        cmpl    $0, (%r10)
        jne     1f
        cmpq    $0, 8(%r10,%r11,8)      /* most hooks do nothing else */
        jne     1f
        ret
1:
        movq    %rsp, %rax
        movq    %rax, 3080(%r10)
        movq    aw_cpu(%rip), %rsp
        pushq   %rax
        pushq   %r11
        cmpl    $0, (%r10)
        jne     3f
2:
        call    *8(%r10,%r11,8)
        popq    %r11
        leaq    aw_gate(%rip), %r10
        movq    $0, 3080(%r10)
        popq    %rsp
        ret
3:
        pushq   %r9
        pushq   %r8
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        movl    %r11d, %edi
        movq    %rsp, %rsi
        movq    (%rax), %rdx
        call    aw_gate_look
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %r8
        popq    %r9
        movq    (%rsp), %r11
        leaq    aw_gate(%rip), %r10
        testl   %eax, %eax
        jne     4f
        cmpq    $0, 8(%r10,%r11,8)
        jne     2b
        movq    $0, 3080(%r10)
        popq    %r11
        popq    %rsp
        ret
4:
        movq    $0, 3080(%r10)
        popq    %r11
        popq    %rsp
        movl    2056(%r10,%r11,4), %r11d
        jmp     aw_cpu_leave
        .size   aw_gate_enter, .-aw_gate_enter

        .section .note.GNU-stack,"",@progbits
