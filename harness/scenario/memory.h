/* SPDX-License-Identifier: MIT */
/*
 * memory.h - everything that one scenario owns, freed in one go. Each allocation stays a malloc of
 * its own, so that the sanitizers see its bounds.
 */
#ifndef AW_SCENARIO_MEMORY_H
#define AW_SCENARIO_MEMORY_H

#include <stddef.h>

struct aw_scenario_memory;

/* NULL when there is no memory; so do the others. */
struct aw_scenario_memory *aw_memory_create(void);

/* NULL is fine. */
void aw_memory_destroy(struct aw_scenario_memory *memory);

/* Zero-filled. `count` * `size` may overflow: that is "no memory". */
void *aw_memory_alloc(struct aw_scenario_memory *memory, size_t count, size_t size);

/* A copy of `length` bytes with a NUL behind it. */
char *aw_memory_text(struct aw_scenario_memory *memory, const char *text, size_t length);

char *aw_memory_format(struct aw_scenario_memory *memory, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
