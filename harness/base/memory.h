/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the host's memory for the checker itself. Running out is not recoverable inside the
 * explorer's hot path, so these stop the process with a message; limits end a search long before.
 */
#ifndef AW_BASE_MEMORY_H
#define AW_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zero-filled; never NULL. */
void *aw_allocate(size_t count, size_t size);

/* As realloc of count * size bytes; never NULL; the new part is not cleared. */
void *aw_reallocate(void *pointer, size_t count, size_t size);

/* A copy of a string; never NULL. */
char *aw_string_copy(const char *string);

/* Address space for a zero-filled table that grows in place: *bytes as wanted, or as much less as
 * the host allows (some limit it); memory is taken when it is touched. Freed with munmap. */
void *aw_reserve(size_t *bytes);

/* A zero-filled mapping meant for hash tables (huge pages where the host gives them). */
void *aw_table_allocate(size_t bytes);
void aw_table_free(void *table, size_t bytes);

#endif
