/* SPDX-License-Identifier: MIT */
/*
 * access_calls.c - what the machine's calls read and write of the program's memory, at the time of
 * the call. Every call of calls.h has an entry; one without stops the check when threads make it. What a call fills in when it is
 * answered is recorded then (finish.c). Objects of synchronisation are in finish.c as well.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <printf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>
#include <time.h>

#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/shared.h"

/* clang-format off: tables. */
#define FOOTPRINT(name)                                                                            \
    static unsigned name(const struct aw_machine *machine, const uint64_t *a, struct aw_range *r)  \
    {                                                                                              \
        (void)machine;                                                                             \
        (void)a;                                                                                   \
        unsigned n = 0;
#define END                                                                                        \
    return n;                                                                                      \
    }
#define R(address, bytes)                                                                          \
    r[n++] = (struct aw_range)                                                                     \
    {                                                                                              \
        address, bytes, AW_ACCESS_READ                                                             \
    }
#define W(address, bytes)                                                                          \
    r[n++] = (struct aw_range)                                                                     \
    {                                                                                              \
        address, bytes, AW_ACCESS_WRITE                                                            \
    }

static uint64_t block_size(const struct aw_machine *machine, uint64_t block)
{
    uint64_t size = 0;
    if (block < AW_HEAP_BASE || block >= AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE)
        return 0;
    uint32_t slot = (uint32_t)((block - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    if (!machine->image.slots[slot].mapped || block >= machine->image.slots[slot].heap_high)
        return 0;
    if (aw_arena_block_size((void *)aw_heap_of(slot), machine->settings.heap_bytes, (void *)block,
                            &size) != AW_HEAP_OK)
        return 0;
    return size;
}

static uint64_t string(uint64_t address)
{
    return address == 0 ? 0 : strlen((const char *)address) + 1;
}

/* A block that comes is written, as far as other threads are concerned. */
static unsigned makes(const struct aw_machine *machine, struct aw_range *r, uint64_t size,
                      uint64_t align)
{
    uint64_t block = 0;
    if (machine->work.head.thread_count > 1 && machine->image.slots[machine->run_slot].mapped)
        block = aw_arena_place((const void *)aw_heap_of(machine->run_slot),
                               machine->settings.heap_bytes, size, align < 16 ? 16 : align);
    r[0] = (struct aw_range){block, block != 0 ? size : 0, AW_ACCESS_WRITE | AW_ACCESS_COMES};
    return 1; /* whatever it is: a call that is parked at a range goes on with the next */
}

static bool is_alignment(uint64_t align)
{
    return align != 0 && (align & (align - 1)) == 0;
}

/* A block is given back; what is none (any more) is the call's own finding, and one byte of it stands
 * for it where another thread may be giving it back, too. */
static struct aw_range gives_back(const struct aw_machine *machine, uint64_t block)
{
    uint64_t size = block_size(machine, block);
    if (size == 0 && block >= AW_HEAP_BASE && block < AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE)
        return (struct aw_range){block, 1, AW_ACCESS_WRITE | AW_ACCESS_COMES};
    return (struct aw_range){block, size, AW_ACCESS_WRITE};
}

FOOTPRINT(frees) r[n++] = gives_back(machine, a[0]);
END FOOTPRINT(allocates) n = makes(machine, r, a[0], 16);
END FOOTPRINT(allocates_array)
uint64_t size;
if (!__builtin_mul_overflow(a[0], a[1], &size))
    n = makes(machine, r, size, 16);
END FOOTPRINT(allocates_aligned) if (is_alignment(a[0])) n = makes(machine, r, a[1], a[0]);
END FOOTPRINT(moves) if (a[1] != 0) n = makes(machine, r, a[1], 16);
r[n++] = gives_back(machine, a[0]);
END FOOTPRINT(moves_array)
uint64_t size;
if (!__builtin_mul_overflow(a[1], a[2], &size) && size != 0)
    n = makes(machine, r, size, 16);
r[n++] = gives_back(machine, a[0]);
END FOOTPRINT(allocates_to) if (is_alignment(a[1])) n = makes(machine, r, a[2], a[1]);
W(a[0], 8);
END FOOTPRINT(first_string) R(a[0], string(a[0]));
END FOOTPRINT(fourth_string) R(a[3], string(a[3]));
END
    /* As for strncmp (access_hooks.c), whatever the case: to the first difference or the end. */
    static uint64_t
    until_different(uint64_t one, uint64_t other, uint64_t limit)
{
    const char *a = (const char *)one, *b = (const char *)other;
    uint64_t i = 0;
    while (i < limit) {
        i++;
        if (strncasecmp(&a[i - 1], &b[i - 1], 1) != 0 || a[i - 1] == '\0')
            break;
    }
    return i;
}

FOOTPRINT(compare) uint64_t size = until_different(a[0], a[1], UINT64_MAX);
R(a[0], size);
R(a[1], size);
END FOOTPRINT(compare_bounded)
uint64_t size = until_different(a[0], a[1], a[2]);
R(a[0], size);
R(a[1], size);
END FOOTPRINT(number) R(a[0], string(a[0]));
if (a[1] != 0)
    W(a[1], 8);
END FOOTPRINT(real_number) R(a[0], string(a[0]));
if (a[1] != 0)
    W(a[1], 8);
W(a[2], 8);
END FOOTPRINT(reads_buffer) R(a[1], a[2]);
END
    /* In a mapping it is an operation of its own. */
    FOOTPRINT(raises) if (a[0] > 0 && a[0] < NSIG) r[n++] = (struct aw_range){
        machine->dispositions + a[0], 1, AW_ACCESS_READ | AW_ACCESS_ATOMIC};
END FOOTPRINT(makes_sem) if (!aw_is_shared(a[0])) W(a[0], 32);
END FOOTPRINT(second_time) R(a[1], sizeof(struct timespec));
END FOOTPRINT(third_time) R(a[2], sizeof(struct timespec));
END FOOTPRINT(fourth_time) R(a[3], sizeof(struct timespec));
END FOOTPRINT(first_time) R(a[0], sizeof(struct timespec));
END FOOTPRINT(action) R(a[1], a[1] == 0 ? 0 : 152);
END FOOTPRINT(polls) R(a[0], a[1] * 8);
END
    /* Of one that is too long nothing is read; nor by a vector with a length that is wrong. */
    FOOTPRINT(vector) if (a[2] <= IOV_MAX) R(a[1], a[2] * sizeof(struct iovec));
END FOOTPRINT(writes_vector) const struct iovec *pieces = (const struct iovec *)a[1];
n = vector(machine, a, r);
for (uint64_t i = 0; n > 0 && i < a[2]; i++)
    if ((int64_t)pieces[i].iov_len < 0)
        return n;
for (uint64_t i = 0; n > 0 && i < a[2]; i++) {
    if (n == AW_RANGES_MAX)
        return AW_RANGES_MAX + 1; /* too many */
    R((uint64_t)pieces[i].iov_base, pieces[i].iov_len);
}
END

    /* Does the format number its arguments, as in "%2$s"? */
    static bool
    is_numbered(const char *format)
{
    for (const char *f = format; (f = strchr(f, '%')) != NULL; f++) {
        size_t digits = strspn(++f, "0123456789");
        if (digits > 0 && f[digits] == '$')
            return true;
        if (*f == '\0')
            break;
    }
    return false;
}

/* What such a one reads and writes by its arguments, in their order. Strings are read to their end. */
static unsigned printed_by_number(const char *format, va_list list, struct aw_range *r, unsigned n)
{
    int types[AW_RANGES_MAX];
    size_t count = parse_printf_format(format, AW_RANGES_MAX, types);
    if (count + n > AW_RANGES_MAX)
        return AW_RANGES_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        int type = types[i] & ~PA_FLAG_MASK;
        if ((types[i] & PA_FLAG_PTR) != 0) { /* of %n */
            W((uint64_t)va_arg(list, void *), (types[i] & PA_FLAG_LONG) != 0 ? 8 : 4);
        } else if (type == PA_STRING) {
            const char *text = va_arg(list, const char *);
            if (text != NULL)
                R((uint64_t)text, strlen(text) + 1);
        } else if (type == PA_DOUBLE || type == PA_FLOAT) {
            if ((types[i] & PA_FLAG_LONG_DOUBLE) != 0)
                (void)va_arg(list, long double);
            else
                (void)va_arg(list, double);
        } else {
            (void)va_arg(list, long);
        }
    }
    return n;
}

/* The strings that a printf reads, and what %n writes: the format is walked through, with a copy of the
 * arguments. */
static unsigned printed(const struct aw_machine *machine, const uint64_t *a, struct aw_range *r)
{
    (void)machine;
    unsigned n = 0;
    const char *f = (const char *)a[2];
    R(a[2], string(a[2]));
    if (a[1] > 0) {
        va_list measured;
        memcpy(measured, (const void *)a[3], sizeof measured);
        int length = vsnprintf(NULL, 0, f, measured);
        W(a[0], length >= 0 && (uint64_t)length + 1 < a[1] ? (uint64_t)length + 1 : a[1]);
    }
    va_list list;
    memcpy(list, (const void *)a[3], sizeof list);
    if (is_numbered(f))
        return printed_by_number(f, list, r, n);
    while ((f = strchr(f, '%')) != NULL) {
        long precision = -1;
        unsigned longs = 0, shorts = 0;
        bool is_long_double = false;
        for (f++; *f != '\0' && strchr("-+ #0'I123456789", *f) != NULL; f++)
            continue;
        if (*f == '*') {
            (void)va_arg(list, int);
            f++;
        }
        if (*f == '.') {
            precision = 0;
            f++;
            if (*f == '*') {
                precision = va_arg(list, int);
                f++;
            }
            for (; *f >= '0' && *f <= '9'; f++)
                precision = precision * 10 + (*f - '0');
        }
        for (; *f != '\0' && strchr("hlqjztL", *f) != NULL; f++) {
            longs += *f == 'l' || *f == 'q' || *f == 'j' || *f == 'z' || *f == 't';
            shorts += *f == 'h';
            is_long_double |= *f == 'L';
        }
        if (*f == 's') {
            const char *text = va_arg(list, const char *);
            if (text != NULL && n == AW_RANGES_MAX)
                return AW_RANGES_MAX + 1;
            if (text != NULL)
                R((uint64_t)text,
                  precision < 0 ? strlen(text) + 1 : strnlen(text, (size_t)precision));
        } else if (*f != '\0' && strchr("aAeEfFgG", *f) != NULL) {
            if (is_long_double)
                (void)va_arg(list, long double);
            else
                (void)va_arg(list, double);
        } else if (*f == 'n') {
            if (n == AW_RANGES_MAX)
                return AW_RANGES_MAX + 1;
            W((uint64_t)va_arg(list, void *), longs > 0     ? 8
                                              : shorts == 0 ? 4
                                              : shorts == 1 ? 2
                                                            : 1);
        } else if (*f != '%' && *f != 'm' && *f != '\0') {
            (void)va_arg(list, long);
        }
        if (*f != '\0')
            f++;
    }
    return n;
}

#define NONE NULL
static const struct {
    const char *name;
    aw_footprint *footprint;
} calls[] = {
    {"malloc", allocates},
    {"calloc", allocates_array},
    {"realloc", moves},
    {"reallocarray", moves_array},
    {"free", frees},
    {"aligned_alloc", allocates_aligned},
    {"memalign", allocates_aligned},
    {"posix_memalign", allocates_to},
    {"malloc_usable_size", NONE},
    {"__errno_location", NONE},
    {"__tls_get_addr", NONE},
    {"__aw_vsnprintf", printed},
    {"__aw_log", reads_buffer},
    {"__aw_unmodelled", NONE},
    {"__aw_abort", NONE},
    {"__aw_assert", NONE},
    {"__aw_destructor", NONE},
    {"__aw_raise", raises},
    {"__aw_strtod", real_number},
    {"strtol", number},
    {"strtoll", number},
    {"strtoul", number},
    {"strtoull", number},
    {"strcasecmp", compare},
    {"strncasecmp", compare_bounded},
    {"aw_probe", fourth_string},
    {"fiu_fail", first_string},
    {"fiu_init", NONE},
    {"fiu_failinfo", NONE},
    {"__aw_self", NONE},
    {"__aw_thread_create", NONE},
    {"__aw_thread_exit", NONE},
    {"pthread_self", NONE},
    {"pthread_join", NONE},
    {"pthread_detach", NONE},
    {"pthread_mutex_lock", NONE},
    {"pthread_mutex_trylock", NONE},
    {"pthread_mutex_timedlock", second_time},
    {"pthread_mutex_clocklock", third_time},
    {"pthread_mutex_unlock", NONE},
    {"pthread_mutex_consistent", NONE},
    {"pthread_rwlock_rdlock", NONE},
    {"pthread_rwlock_tryrdlock", NONE},
    {"pthread_rwlock_timedrdlock", second_time},
    {"pthread_rwlock_clockrdlock", third_time},
    {"pthread_rwlock_wrlock", NONE},
    {"pthread_rwlock_trywrlock", NONE},
    {"pthread_rwlock_timedwrlock", second_time},
    {"pthread_rwlock_clockwrlock", third_time},
    {"pthread_rwlock_unlock", NONE},
    {"pthread_barrier_wait", NONE},
    {"__aw_keep", NONE},
    {"__aw_leaks", NONE},
    {"__aw_forget", NONE},
    {"__aw_put", NONE},
    {"mmap", NONE},
    {"mmap64", NONE},
    {"munmap", NONE},
    {"memfd_create", first_string},
    {"shm_open", first_string},
    {"shm_unlink", first_string},
    {"ftruncate", NONE},
    {"ftruncate64", NONE},
    {"fstat", NONE},
    {"fstat64", NONE},
    {"pthread_cond_wait", NONE},
    {"pthread_cond_timedwait", third_time},
    {"pthread_cond_clockwait", fourth_time},
    {"pthread_cond_signal", NONE},
    {"pthread_cond_broadcast", NONE},
    {"sem_init", makes_sem},
    {"sem_destroy", makes_sem},
    {"sem_open", first_string},
    {"sem_close", frees},
    {"sem_unlink", first_string},
    {"sem_wait", NONE},
    {"sem_trywait", NONE},
    {"sem_timedwait", second_time},
    {"sem_clockwait", third_time},
    {"sem_post", NONE},
    {"sem_getvalue", NONE},
    {"pipe", NONE},
    {"pipe2", NONE},
    {"read", NONE},
    {"write", reads_buffer},
    {"readv", vector},
    {"writev", writes_vector},
    {"close", NONE},
    {"dup", NONE},
    {"dup2", NONE},
    {"dup3", NONE},
    {"fcntl", NONE},
    {"fcntl64", NONE},
    {"poll", polls},
    {"__aw_fork", NONE},
    {"_exit", NONE},
    {"_Exit", NONE},
    {"wait", NONE},
    {"waitpid", NONE},
    {"getpid", NONE},
    {"getppid", NONE},
    {"kill", NONE},
    {"signal", NONE},
    {"sigaction", action},
    {"sched_yield", NONE},
    {"nanosleep", first_time},
    {"clock_nanosleep", third_time},
    {"clock_gettime", NONE},
    {"gettimeofday", NONE},
    {"time", NONE},
};

/* clang-format on */

bool aw_access_of_call(const char *name, aw_footprint **footprint)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0) {
            *footprint = calls[i].footprint;
            return true;
        }
    return false;
}
