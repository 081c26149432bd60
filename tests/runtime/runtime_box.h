/* SPDX-License-Identifier: MIT */
/*
 * runtime_box.h - the runtime beside the C library that it stands in for.
 *
 * runtime.so ($AW_RUNTIME, else build/runtime.so) is opened in a namespace of its own
 * (RTLD_LOCAL, RTLD_DEEPBIND); its primitives are the functions below, exported by the test's
 * executable (-rdynamic), the rest of its imports come from libc. Each function is then called
 * twice, here and there, on the same seeded inputs.
 *
 * exit, fork and abort run in a child process that writes what happens to a pipe.
 */
#ifndef AW_TESTS_RUNTIME_BOX_H
#define AW_TESTS_RUNTIME_BOX_H

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/primitives.h"

/* The runtime tells of each of its accesses to memory; here nobody listens. */
#define SILENT(name)                                                                               \
    void __tsan_##name(void);                                                                      \
    void __tsan_##name(void) {}
SILENT(init)
SILENT(read1)
SILENT(read2)
SILENT(read4)
SILENT(read8)
SILENT(read16)
SILENT(write1)
SILENT(write2)
SILENT(write4)
SILENT(write8)
SILENT(write16)
SILENT(read_range)
SILENT(write_range)
SILENT(volatile_read4)
SILENT(volatile_write4)

void __aw_section(void *token, unsigned long size)
{
    (void)token;
    (void)size;
}

void __aw_section_end(void) {}

int __tsan_atomic32_exchange(volatile int *place, int value, int order);
int __tsan_atomic32_exchange(volatile int *place, int value, int order)
{
    (void)order;
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}

void __tsan_atomic32_store(volatile int *place, int value, int order);
void __tsan_atomic32_store(volatile int *place, int value, int order)
{
    (void)order;
    __atomic_store_n(place, value, __ATOMIC_SEQ_CST);
}

int __tsan_atomic32_load(const volatile int *place, int order);
int __tsan_atomic32_load(const volatile int *place, int order)
{
    (void)order;
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);
}

long __tsan_atomic64_load(const volatile long *place, int order);
long __tsan_atomic64_load(const volatile long *place, int order)
{
    (void)order;
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);
}

void __tsan_atomic64_store(volatile long *place, long value, int order);
void __tsan_atomic64_store(volatile long *place, long value, int order)
{
    (void)order;
    __atomic_store_n(place, value, __ATOMIC_SEQ_CST);
}

long __tsan_atomic64_exchange(volatile long *place, long value, int order);
long __tsan_atomic64_exchange(volatile long *place, long value, int order)
{
    (void)order;
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}

int __tsan_atomic64_compare_exchange_strong(volatile long *place, long *expected, long value,
                                            int order, int other);
int __tsan_atomic64_compare_exchange_strong(volatile long *place, long *expected, long value,
                                            int order, int other)
{
    (void)order;
    (void)other;
    return __atomic_compare_exchange_n(place, expected, value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

/* The primitives */

static char logged[3][65536]; /* by descriptor */
static size_t logged_length[3];
static int report_fd = -1; /* in a child: where to say what happened */
static __thread unsigned self_slot;
static unsigned next_slot = 1;

struct started {
    void (*entry)(void *(*)(void *), void *);
    void *(*start)(void *);
    void *argument;
    unsigned slot;
};

static inline void report(const char *text)
{
    cr_assert_eq(write(report_fd, text, strlen(text)), (ssize_t)strlen(text));
}

unsigned __aw_self(void)
{
    return self_slot;
}

static inline void *run_started(void *argument)
{
    struct started started = *(struct started *)argument;

    free(argument);
    self_slot = started.slot;
    started.entry(started.start, started.argument);
    return NULL;
}

int __aw_thread_create(unsigned long *thread, void (*entry)(void *(*)(void *), void *),
                       void *(*start)(void *), void *argument, int detached)
{
    struct started *started = malloc(sizeof *started);

    cr_assert_eq(detached, 0);
    *started = (struct started){entry, start, argument, next_slot++};
    return pthread_create(thread, NULL, run_started, started);
}

void __aw_thread_exit(void *result)
{
    pthread_exit(result);
}

int __aw_fork(void)
{
    return fork();
}

int __aw_raise(int number)
{
    return number + 1000;
}

static inline void first_destructor(void)
{
    report(" first");
}

static inline void second_destructor(void)
{
    report(" second");
}

static bool has_destructors;

int __aw_put(void *object, const void *bytes, unsigned long size, int unless_locked)
{
    (void)unless_locked;
    memcpy(object, bytes, size);
    return 0;
}

void __aw_keep(void *block)
{
    (void)block;
}

void __aw_leaks(void) {}

void __aw_forget(void) {}

void (*__aw_destructor(unsigned index))(void)
{
    if (!has_destructors)
        return NULL;
    return index == 0 ? first_destructor : index == 1 ? second_destructor : NULL;
}

void __aw_abort(void)
{
    report("abort ");
    _exit(134);
}

void __aw_assert(const char *expression, const char *file, unsigned line, const char *function)
{
    char text[256];

    snprintf(text, sizeof text, "assert %s %s %u %s ", expression, file, line, function);
    report(logged[2]);
    report(text);
    _exit(135);
}

void __aw_unmodelled(const char *what)
{
    report("unmodelled ");
    report(what);
    _exit(136);
}

int __aw_strtod(const char *text, char **end, double *value, int single)
{
    errno = 0;
    *value = single ? (double)strtof(text, end) : strtod(text, end);
    return errno;
}

int __aw_vsnprintf(char *buffer, unsigned long size, const char *format, va_list arguments)
{
    return vsnprintf(buffer, size, format, arguments);
}

void __aw_log(int fd, const char *bytes, unsigned long length)
{
    cr_assert(fd == 1 || fd == 2);
    cr_assert_lt(logged_length[fd] + length, sizeof logged[fd]);
    memcpy(logged[fd] + logged_length[fd], bytes, length);
    logged_length[fd] += length;
    logged[fd][logged_length[fd]] = '\0';
}

static inline void forget_log(void)
{
    memset(logged, 0, sizeof logged);
    memset(logged_length, 0, sizeof logged_length);
}

/* The runtime */

static void *runtime;

static inline void open_runtime(void)
{
    const char *path = getenv("AW_RUNTIME");

    runtime =
        dlopen(path != NULL ? path : "build/runtime.so", RTLD_LOCAL | RTLD_NOW | RTLD_DEEPBIND);
    cr_assert_not_null(runtime, "%s", dlerror());
    forget_log();
}

static inline void *symbol(const char *name)
{
    void *address = dlsym(runtime, name);

    cr_assert_not_null(address, "%s is not there", name);
    cr_assert_neq(address, dlsym(RTLD_DEFAULT, name), "%s is libc's", name);
    return address;
}

/* The runtime's function or object of that name, with the type of libc's. */
#define RT(name) (*(__typeof__(name) *)symbol(#name))

TestSuite(runtime, .init = open_runtime);

static uint32_t seed;

static inline uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)(seed >> 8) * below) >> 24);
}

/* Runs `body` in a child and returns what it reported; the last word is its exit status. */
static inline char *in_child(void (*body)(void))
{
    static char text[65536];
    size_t length = 0;
    ssize_t got;
    int ends[2], status;
    pid_t pid;

    cr_assert_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        body();
        report("returned ");
        _exit(99);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof text - length - 32)) > 0)
        length += (size_t)got;
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    snprintf(text + length, 32, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return text;
}

#endif
