/* SPDX-License-Identifier: MIT */
/*
 * runtime.h - what one file of the runtime needs of another; nothing of it is exported.
 */
#ifndef AW_RUNTIME_RUNTIME_H
#define AW_RUNTIME_RUNTIME_H

#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#pragma GCC visibility push(hidden)

/* Whether the attributes ask for a detached thread. */
int thread_attributes_detached(const pthread_attr_t *attributes);

/* Runs the key destructors of the calling thread and drops its values. */
void keys_thread_ends(void);

/* In the child: the other threads' values are gone; those of the caller, which had slot `before`
 * in the parent, stay. */
void keys_after_fork(unsigned before);

/* Goes on in the newest cleanup of the calling thread, if it is inside of one; else returns. */
void cleanups_run(void *result);
void cleanups_thread_ends(void);
/* In the child: those of the caller, which had slot `before` in the parent, stay. */
void cleanups_after_fork(unsigned before);

/* In the child: forgets what other threads were doing inside pthread_once. */
void once_after_fork(void);

/* Formats into the log of `fd`; the number of bytes, or -1. */
int print(int fd, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
int printf_to(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* snprintf. */
int format_text(char *buffer, unsigned long size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* glibc's text for an errno value, or NULL. */
const char *errno_text(int number);

#pragma GCC visibility pop

/* Are all bytes zero? Asked of the host at once: a loop over tables that are almost always empty would
 * be most of what a forked child does, since each access of instrumented code is looked at. */
static inline int is_blank(const void *bytes, unsigned long size)
{
    const char *first = bytes;

    return *first == 0 && memcmp(first, first + 1, size - 1) == 0;
}

#endif
