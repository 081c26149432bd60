/* SPDX-License-Identifier: MIT */
/*
 * primitives.h - all that the runtime may call.
 *
 * The runtime is the part of libc that has state or calls back into the program. It is a shared
 * object of its own, loaded like the program under test: its .data and .bss belong to the process
 * image, its code runs on the virtual stack. What it cannot do by itself it asks of the host:
 *
 *   from here        the primitives below, made for the runtime
 *   from libc's own  malloc calloc realloc free memcpy memmove memset memcmp strlen strcmp strncmp
 *   headers          strchr strrchr strtol strtoul __errno_location nanosleep _exit, and for pthread_once
 *                    pthread_mutex_lock/unlock, pthread_cond_wait/broadcast
 *
 * Rules of every file here:
 *   1. Whatever it does is a function of the program's state: no clock, no addresses, no host state.
 *   2. State that is not in use is zero bytes.
 *   3. No thread-local storage. What belongs to one thread is indexed by __aw_self().
 *   4. What glibc does under a lock of its own is a section (below): as a whole one access to its
 *      state. What it does by atomic operations is done so here. What its manual calls unsafe
 *      (MT-Unsafe) accesses its state like any code, so that two threads at it at once are a race.
 *   5. What belongs to one thread has a name that begins with own_.
 */
#ifndef AW_RUNTIME_PRIMITIVES_H
#define AW_RUNTIME_PRIMITIVES_H

#include <stdarg.h>

enum { AW_THREADS_MAX = 1024 };

/* Zeroes the calling thread's stack below its frame: what functions that are over left there. */
void __aw_forget(void);

/*
 * Defines `name`, which never returns, as `body`, entered with rbx and r12 to r15 zero on a stack
 * that is zero below. Nobody will read what the callers kept in those registers, or what is left of
 * functions that are over; but the body would push the one, its frame's padding would show the
 * other, and states that differ in nothing else would be told apart. (rbp stays: by it the callers'
 * frames are found.) `body` takes one argument.
 */
#define AW_ENTRY_OF_NO_RETURN(name, body)                                                          \
    __asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n"                           \
            "xorl %ebx, %ebx\nxorl %r12d, %r12d\nxorl %r13d, %r13d\n"                              \
            "xorl %r14d, %r14d\nxorl %r15d, %r15d\n"                                               \
            "pushq %rdi\ncall __aw_forget@plt\npopq %rdi\njmp " #body "\n"                         \
            ".size " #name ", . - " #name "\n")
#define AW_BODY_OF_NO_RETURN static __attribute__((used, noipa, noreturn)) void

/* Slot of the calling thread, below AW_THREADS_MAX. */
unsigned __aw_self(void);

/*
 * A section: the part of a function that glibc has under a lock. Up to its end nobody else touches
 * the piece of state that `token`, an object in it, stands for; so all of it is one atomic access to
 * the token, which is a visible operation where threads share the state.
 *
 * Inside, the data of the runtime that is touched belongs to that state, and is touched in sections
 * on this token only (or cannot change any more); there is no call, and no access to memory of the
 * program. glibc resets or keeps such locks at a fork; here none is ever held between two
 * operations.
 */
void __aw_section(void *token, unsigned long size);
void __aw_section_end(void);

/* Starts a thread at entry(start, argument). 0 or an errno value. */
int __aw_thread_create(unsigned long *thread, void (*entry)(void *(*)(void *), void *),
                       void *(*start)(void *), void *argument, int detached);

/* Ends the calling thread; returns only when it was the last one of its process. */
void __aw_thread_exit(void *result);

/* The index-th function that the program wants to have run at exit (.fini_array from its end, then
 * DT_FINI), or NULL after the last. */
void (*__aw_destructor(unsigned index))(void);

/* The bare fork, without the handlers of pthread_atfork. */
int __aw_fork(void);

/* Writes an object that lies in a mapping shared by processes (where the runtime cannot); with
 * `unless_locked`, EBUSY when it is a locked mutex. */
int __aw_put(void *object, const void *bytes, unsigned long size, int unless_locked);

/* Where such mappings lie: window.h. */
static inline int aw_in_mapping(const void *object)
{
    return (unsigned long)object - 0x18c000000000ul < 0x1000000000ul;
}

/* The block is the runtime's own: that nobody frees it is no leak. NULL is allowed. */
void __aw_keep(void *block);

/* The process ends in an orderly way: what it leaves behind is judged. _exit follows at once. */
void __aw_leaks(void);

/* Sends a signal to the calling thread. */
int __aw_raise(int number);

/* The program was aborted. */
_Noreturn void __aw_abort(void);

/* An assertion failed; its message is in the log already. */
_Noreturn void __aw_assert(const char *expression, const char *file, unsigned line,
                           const char *function);

/* Ends the check: the program used something that has no model. */
_Noreturn void __aw_unmodelled(const char *what);

/* vsnprintf with the calling thread's errno for %m. */
int __aw_vsnprintf(char *buffer, unsigned long size, const char *format, va_list arguments);

/* strtod, *value being what it returns; the errno value that it sets, or 0. `single`: strtof. */
int __aw_strtod(const char *text, char **end, double *value, int single);

/* Output on descriptor 1 or 2 goes to the log of the transition. */
void __aw_log(int fd, const char *bytes, unsigned long length);

#endif
