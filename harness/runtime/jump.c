/* SPDX-License-Identifier: MIT */
/*
 * jump.c - setjmp and longjmp, and what the macros pthread_cleanup_push and pthread_cleanup_pop
 * call.
 *
 * A buffer holds the six registers that a function keeps, the stack pointer and the place to go on
 * at, in that order. Signal masks do not exist, so that there is none to be kept. The buffer is
 * written and read by C code too, so that these accesses are seen like all others.
 *
 * Each thread has a list of the cleanups that it is inside of, newest first, linked through the
 * padding of the buffers on its stack. pthread_exit goes through it: it jumps to the newest, which
 * runs its routine and calls __pthread_unwind_next, and after the last the thread ends. Nobody is
 * ever cancelled: pthread_cancel has no model, and the state and type of cancellation are only
 * kept.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

#undef setjmp
#undef _setjmp
#undef __sigsetjmp

void __aw_jump(const void *buffer, int value) __attribute__((noreturn));
void __aw_jump_clear(void *buffer) __attribute__((used, noipa));

#pragma GCC visibility push(hidden)
extern __typeof__(__aw_jump) __aw_jump;
extern __typeof__(__aw_jump_clear) __aw_jump_clear;
#pragma GCC visibility pop

enum { REGISTERS = 8 };

void __longjmp_chk(struct __jmp_buf_tag buffer[1], int value) __attribute__((noreturn));
void __pthread_register_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_unwind_next(__pthread_unwind_buf_t *buffer) __attribute__((noreturn));

__asm__(".globl setjmp, _setjmp, __sigsetjmp\n"
        ".type setjmp, @function\n.type _setjmp, @function\n.type __sigsetjmp, @function\n"
        "setjmp:\n_setjmp:\n__sigsetjmp:\n"
        "pushq %rdi\ncall __aw_jump_clear\npopq %rdi\n"
        "movq %rbx, (%rdi)\nmovq %rbp, 8(%rdi)\nmovq %r12, 16(%rdi)\nmovq %r13, 24(%rdi)\n"
        "movq %r14, 32(%rdi)\nmovq %r15, 40(%rdi)\n"
        "leaq 8(%rsp), %rdx\nmovq %rdx, 48(%rdi)\n"
        "movq (%rsp), %rdx\nmovq %rdx, 56(%rdi)\n"
        "xorl %eax, %eax\nret\n"
        ".size setjmp, . - setjmp\n"
        ".hidden __aw_jump\n.type __aw_jump, @function\n"
        "__aw_jump:\n"
        "movl %esi, %eax\n"
        "movq (%rdi), %rbx\nmovq 8(%rdi), %rbp\nmovq 16(%rdi), %r12\nmovq 24(%rdi), %r13\n"
        "movq 32(%rdi), %r14\nmovq 40(%rdi), %r15\n"
        "movq 48(%rdi), %rsp\njmp *56(%rdi)\n"
        ".size __aw_jump, . - __aw_jump\n");

void __aw_jump_clear(void *buffer)
{
    memset(buffer, 0, REGISTERS * sizeof(long));
}

void longjmp(struct __jmp_buf_tag buffer[1], int value)
{
    long registers[REGISTERS];

    memcpy(registers, buffer, sizeof registers);
    __aw_jump(registers, value == 0 ? 1 : value);
}

void siglongjmp(struct __jmp_buf_tag buffer[1], int value)
{
    longjmp(buffer, value);
}

void _longjmp(struct __jmp_buf_tag buffer[1], int value)
{
    longjmp(buffer, value);
}

void __longjmp_chk(struct __jmp_buf_tag buffer[1], int value)
{
    longjmp(buffer, value);
}

static struct row {
    __pthread_unwind_buf_t *newest;
    void *result; /* of a thread that is on its way out */
    int state, type;
} own_cleanups[AW_THREADS_MAX];

void __pthread_register_cancel(__pthread_unwind_buf_t *buffer)
{
    struct row *row = &own_cleanups[__aw_self()];

    buffer->__pad[0] = row->newest;
    row->newest = buffer;
}

void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer)
{
    own_cleanups[__aw_self()].newest = buffer->__pad[0];
}

void cleanups_run(void *result)
{
    struct row *row = &own_cleanups[__aw_self()];
    __pthread_unwind_buf_t *newest = row->newest;

    if (newest == NULL)
        return;
    row->result = result;
    row->newest = newest->__pad[0];
    __aw_jump(newest->__cancel_jmp_buf, 1);
}

void __pthread_unwind_next(__pthread_unwind_buf_t *buffer)
{
    struct row *row = &own_cleanups[__aw_self()];
    void *result = row->result;

    (void)buffer;
    row->result = NULL;
    pthread_exit(result);
}

static int is_used(const struct row *row)
{
    return row->newest != NULL || row->result != NULL || row->state != 0 || row->type != 0;
}

/* What nobody used is not written: its page stays as it was loaded. */
void cleanups_thread_ends(void)
{
    struct row *row = &own_cleanups[__aw_self()];

    if (is_used(row))
        *row = (struct row){0};
}

void cleanups_after_fork(unsigned before)
{
    struct row mine = own_cleanups[before];

    if (is_blank(own_cleanups, sizeof own_cleanups))
        return;
    for (unsigned i = 0; i < AW_THREADS_MAX; i++)
        if (is_used(&own_cleanups[i]))
            own_cleanups[i] = (struct row){0};
    if (is_used(&mine))
        own_cleanups[__aw_self()] = mine;
}

int pthread_setcancelstate(int state, int *before)
{
    struct row *row = &own_cleanups[__aw_self()];

    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    if (before != NULL)
        *before = row->state;
    if (row->state != state)
        row->state = state;
    return 0;
}

int pthread_setcanceltype(int type, int *before)
{
    struct row *row = &own_cleanups[__aw_self()];

    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (before != NULL)
        *before = row->type;
    if (row->type != type)
        row->type = type;
    return 0;
}

void pthread_testcancel(void) {}
