/* SPDX-License-Identifier: MIT */
#include "scenario/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    max_align_t bytes[];
};

struct aw_scenario_memory {
    struct block *blocks;
};

struct aw_scenario_memory *aw_memory_create(void)
{
    return calloc(1, sizeof(struct aw_scenario_memory));
}

void aw_memory_destroy(struct aw_scenario_memory *memory)
{
    if (memory == NULL)
        return;
    for (struct block *block = memory->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(memory);
}

void *aw_memory_alloc(struct aw_scenario_memory *memory, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size)
        return NULL;
    struct block *block = calloc(1, sizeof *block + count * size);
    if (block == NULL)
        return NULL;
    block->next = memory->blocks;
    memory->blocks = block;
    return block->bytes;
}

char *aw_memory_text(struct aw_scenario_memory *memory, const char *text, size_t length)
{
    char *copy = aw_memory_alloc(memory, length + 1, 1);
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *aw_memory_format(struct aw_scenario_memory *memory, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : aw_memory_alloc(memory, (size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
