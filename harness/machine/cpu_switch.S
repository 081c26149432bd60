/* SPDX-License-Identifier: MIT */
/* cpu_switch.S - the switch between host and program code; see cpu.h. Offsets are those of struct aw_cpu. */

        .text
        .globl  aw_cpu_enter
        .type   aw_cpu_enter, @function
aw_cpu_enter:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        leaq    aw_cpu(%rip), %r10
        movq    %rsp, 0(%r10)
        movq    8(%r10), %rsp
        movq    %rdi, %rax
        movq    224(%r10), %rdx
        movb    $1, 193(%r10)
        movb    $1, 192(%r10)
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        /* Nothing of the host may be seen by the program: caller-saved registers are zero. */
        xorl    %ecx, %ecx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %r11d, %r11d
        pxor    %xmm0, %xmm0
        pxor    %xmm1, %xmm1
        pxor    %xmm2, %xmm2
        pxor    %xmm3, %xmm3
        pxor    %xmm4, %xmm4
        pxor    %xmm5, %xmm5
        pxor    %xmm6, %xmm6
        pxor    %xmm7, %xmm7
        pxor    %xmm8, %xmm8
        pxor    %xmm9, %xmm9
        pxor    %xmm10, %xmm10
        pxor    %xmm11, %xmm11
        pxor    %xmm12, %xmm12
        pxor    %xmm13, %xmm13
        pxor    %xmm14, %xmm14
        pxor    %xmm15, %xmm15
        ret
        .size   aw_cpu_enter, .-aw_cpu_enter

/* r11d = number of the import; the stack is the program's, its return address on top. */
        .globl  aw_cpu_leave
        .type   aw_cpu_leave, @function
aw_cpu_leave:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        movl    $0, 4(%rsp)
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        leaq    aw_cpu(%rip), %r10
        movb    $0, 192(%r10)
        movb    $0, 193(%r10)
        movq    %rdi, 16(%r10)
        movq    %rsi, 24(%r10)
        movq    %rdx, 32(%r10)
        movq    %rcx, 40(%r10)
        movq    %r8, 48(%r10)
        movq    %r9, 56(%r10)
        movups  %xmm0, 64(%r10)
        movups  %xmm1, 80(%r10)
        movups  %xmm2, 96(%r10)
        movups  %xmm3, 112(%r10)
        movups  %xmm4, 128(%r10)
        movups  %xmm5, 144(%r10)
        movups  %xmm6, 160(%r10)
        movups  %xmm7, 176(%r10)
        movq    %rsp, 8(%r10)
        movl    %r11d, %eax
leave_to_host:
        movq    0(%r10), %rsp
        cld
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   aw_cpu_leave, .-aw_cpu_leave

        .globl  aw_cpu_abandon
        .type   aw_cpu_abandon, @function
aw_cpu_abandon:
        leaq    aw_cpu(%rip), %r10
        movb    $0, 192(%r10)
        movb    $0, 193(%r10)
        movl    $-1, %eax
        jmp     leave_to_host
        .size   aw_cpu_abandon, .-aw_cpu_abandon

        .section .rodata
        .globl  aw_cpu_start_code, aw_cpu_start_code_end
aw_cpu_start_code:
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %r8
        popq    %r9
        popq    %rax
        jmp     *%rax
aw_cpu_start_code_end:

        .section .note.GNU-stack,"",@progbits
