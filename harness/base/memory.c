/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr,
            "allways: the host has no memory left (%zu more bytes were asked for); lower the "
            "memory limit of the scenario\n",
            bytes);
    exit(3);
}

void *aw_allocate(size_t count, size_t size)
{
    void *pointer = calloc(count ? count : 1, size);
    if (pointer == NULL)
        out_of_memory(count * size);
    return pointer;
}

void *aw_reallocate(void *pointer, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(SIZE_MAX);
    void *result = realloc(pointer, bytes ? bytes : 1);
    if (result == NULL)
        out_of_memory(bytes);
    return result;
}

char *aw_string_copy(const char *string)
{
    char *copy = strdup(string);
    if (copy == NULL)
        out_of_memory(strlen(string) + 1);
    return copy;
}

/* Below this, a mapping of its own costs more than it gains. */
enum { MAPPING_MIN = 1 << 21 };

void *aw_reserve(size_t *bytes)
{
    /* A huge page is zeroed whole at its first touch, which costs a small search more than it
     * saves: the beginning has small ones, whatever the host would give by itself. */
    enum { LEAST = 1 << 20, SMALL = 1 << 19 };
    for (; *bytes >= LEAST; *bytes /= 2) {
        void *place = mmap(NULL, *bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place != MAP_FAILED) {
            madvise(place, SMALL, MADV_NOHUGEPAGE); /* a host without ignores it */
            madvise((char *)place + SMALL, *bytes - SMALL, MADV_HUGEPAGE); /* fewer faults */
            return place;
        }
    }
    out_of_memory(*bytes);
}

void *aw_table_allocate(size_t bytes)
{
    if (bytes < MAPPING_MIN)
        return aw_allocate(bytes, 1);
    void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED)
        out_of_memory(bytes);
    madvise(table, bytes, MADV_HUGEPAGE);
    return table;
}

void aw_table_free(void *table, size_t bytes)
{
    if (table == NULL)
        return;
    if (bytes < MAPPING_MIN)
        free(table);
    else
        munmap(table, bytes);
}
